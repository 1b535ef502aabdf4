"""Requests for CreateLabelingJob: which functions and screens Ground Truth has for which job, and what is not known.

Documentation: Amazon SageMaker API reference, CreateLabelingJob; developer guide, "Verify and adjust labels".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from publish.service_model import walk

VERIFICATION, ADJUSTMENT, LABELING = "verification", "adjustment", "labeling"
PURPOSES = (VERIFICATION, ADJUSTMENT, LABELING)

NAME_CHARACTERS = 63
LINE_CHARACTERS = 100_000
SEQUENCES_PER_MANIFEST = 10
"""Of video frames."""

AUDIT_ATTRIBUTE = "audit"
"""Attribute with an audit's outcome, one of dbt's var audit_attributes."""
_OUTCOMES = ("ok", "wrong")  # in var review_confirming_values, and not
_VERDICTS = ("good", "bad")

# The accounts of Ground Truth's functions, by region, as the API reference lists them.
FUNCTION_ACCOUNTS = {
    "us-east-1": "432418664414",
    "us-east-2": "266458841044",
    "us-west-2": "081040173940",
    "ca-central-1": "918755190332",
    "eu-west-1": "568282634449",
    "eu-west-2": "487402164563",
    "eu-central-1": "203001061592",
    "ap-northeast-1": "477331159723",
    "ap-northeast-2": "845288260483",
    "ap-south-1": "565803892007",
    "ap-southeast-1": "377565633583",
    "ap-southeast-2": "454466003867",
}
_SCREEN_ACCOUNT = "394669845002"

_TEMPLATES = Path(__file__).parent / "worker_templates"
_ATTRIBUTE_PLACE = "<label attribute>"


@dataclass(frozen=True)
class TaskType:
    """What Ground Truth has for a task type: names of functions after PRE- and ACS-, and of its own screen.

    Attributes:
        labeling, adjustment, verification: functions of such a job; None if Ground Truth has none.
        screen: name of the screen; None if the job needs a worker template.
        template: what our worker templates of the task type are named by; None if there are none.
        has_ref: whether the label attribute names a file, so that its name ends in -ref.
        medium: what a bulk review (deploy/bulk-review) of its classes shows: image, video or text; None if it has none.
    """

    labeling: str | None = None
    adjustment: str | None = None
    verification: str | None = None
    screen: str | None = None
    has_ref: bool = False
    template: str | None = None
    medium: str | None = None

    @property
    def is_audited_by_config(self) -> bool:
        """Whether its label category config says what is verified: sequences and point clouds."""
        return self.verification is not None and self.verification == self.adjustment

    def supports(self, purpose: str) -> bool:
        """Whether there is such a job: one of Ground Truth's own, or a bulk review."""
        return (
            purpose == LABELING
            or (purpose == VERIFICATION and self.medium is not None)
            or {VERIFICATION: self.verification, ADJUSTMENT: self.adjustment}[purpose] is not None
        )


def _audited(name: str, screen: str, has_ref: bool = True) -> TaskType:
    adjustment = f"Adjustment{name}"
    return TaskType(name, adjustment, adjustment, screen, has_ref)


TASK_TYPES = {
    "image-classification": TaskType("ImageMultiClass", template="image-class", medium="image"),
    "image-classification-multilabel": TaskType("ImageMultiClassMultiLabel", template="image-classes", medium="image"),
    "object-detection": TaskType("BoundingBox", "AdjustmentBoundingBox", "VerificationBoundingBox", template="boxes"),
    "semantic-segmentation": TaskType(
        *("SemanticSegmentation", "AdjustmentSemanticSegmentation", "VerificationSemanticSegmentation"),
        has_ref=True,
        template="masks",
    ),
    "text-classification": TaskType("TextMultiClass", template="text-class", medium="text"),
    "text-classification-multilabel": TaskType("TextMultiClassMultiLabel", template="text-classes", medium="text"),
    "text-span": TaskType("NamedEntityRecognition", screen="NamedEntityRecognition"),
    "video-classification": TaskType("VideoMultiClass", template="clip-class", medium="video"),
    "video-object-detection": _audited("VideoObjectDetection", "VideoObjectDetection"),
    "video-object-tracking": _audited("VideoObjectTracking", "VideoObjectTracking"),
    "point_cloud_object_detection": _audited("3DPointCloudObjectDetection", "PointCloudObjectDetection", False),
    "point_cloud_object_tracking": _audited("3DPointCloudObjectTracking", "PointCloudObjectTracking"),
    "point_cloud_single_frame_semantic_segmentation": _audited(
        "3DPointCloudSemanticSegmentation", "PointCloudSemanticSegmentation"
    ),
}
CUSTOM = TaskType()


class NotSupportedError(OSError):
    """Ground Truth has no such job; the message says what there is instead."""


@dataclass(frozen=True)
class Plan:
    """A job to be made of another job's labels.

    Attributes:
        purpose: verification, adjustment or labeling.
        job_name: of the new job.
        task_type: of the labels.
        earlier_attribute: label attribute that is reviewed.
        labels: classes, in the config's order.
        description: what DescribeLabelingJob says of the earlier job; empty if it is not known.
        config: label category config of the earlier job; empty if it is not known.
        workteam_arn: work team, unless the description has it.
        output_uri: folder that the earlier job wrote to.
        workers_per_object: workers for each object.
        folder_uri: where the files that are written will be; None if it is not known.
    """

    purpose: str
    job_name: str
    task_type: str | None
    earlier_attribute: str | None
    labels: tuple[dict[str, str], ...]
    description: Mapping[str, Any]
    config: Mapping[str, Any]
    workteam_arn: str | None
    output_uri: str | None
    workers_per_object: int
    folder_uri: str | None

    @property
    def task(self) -> TaskType:
        """What Ground Truth has for the task type."""
        return TASK_TYPES.get(self.task_type or "", CUSTOM)

    @property
    def is_bulk_review(self) -> bool:
        """Whether it is a job of deploy/bulk-review: Ground Truth has none to verify classes."""
        return self.purpose == VERIFICATION and self.task.medium is not None

    @property
    def label_attribute(self) -> str:
        """Name of the new label attribute: the job's, as in Ground Truth's console. Never that of the earlier job."""
        is_verdict = self.purpose == VERIFICATION and not self.task.is_audited_by_config
        name = self.job_name.removesuffix("-ref")
        name = f"{name}-ref" if self.task.has_ref and not is_verdict else name
        return name if name != self.earlier_attribute else f"new-{name}"

    @property
    def functions(self) -> str | None:
        """Name of the functions after PRE- and ACS-."""
        return {VERIFICATION: self.task.verification, ADJUSTMENT: self.task.adjustment}.get(
            self.purpose, self.task.labeling
        )

    @property
    def kept_template_uri(self) -> str | None:
        """The earlier job's worker template, if the new job can use it: labels are made anew as they were made then."""
        described = self.description.get("HumanTaskConfig", {})
        is_as_before = self.purpose == LABELING and "-Adjustment" not in described.get("PreHumanTaskLambdaArn", "")
        return described.get("UiConfig", {}).get("UiTemplateS3Uri") if is_as_before else None


def purposes() -> dict[str, list[str]]:
    """What can be done next with labels of each task type."""
    return {name: [purpose for purpose in PURPOSES if task.supports(purpose)] for name, task in TASK_TYPES.items()}


def check_supported(purpose: str, task_type: str | None) -> None:
    """Raises: NotSupportedError: Ground Truth has no such job for the task type."""
    task = TASK_TYPES.get(task_type or "", CUSTOM)
    if task.supports(purpose):
        return
    supported = ", ".join(name for name, other in TASK_TYPES.items() if other.supports(purpose))
    advice = "--for labeling has them labeled again"
    if task.medium:
        advice = f"--for verification asks people whether they are right, and {advice}"
    raise NotSupportedError(
        f"Ground Truth has no {purpose} for labels of type {task_type or 'that is not known'}, only for {supported}: "
        f"{advice}"
    )


def category_config(plan: Plan) -> dict[str, Any] | None:
    """The label category config of the new job; None if it needs none, or nothing is known of its labels."""
    if plan.is_bulk_review:
        return None
    labels: list[dict[str, Any]] = [dict(label) for label in plan.labels]
    if plan.purpose == VERIFICATION and not plan.task.is_audited_by_config:
        return {"document-version": "2018-11-28", "labels": [{"label": verdict} for verdict in _VERDICTS]}
    if not plan.task.is_audited_by_config:
        if not labels:
            return None
        instructions = plan.config.get("instructions")
        if plan.task_type == "text-span" and not instructions:
            instructions = {"shortInstruction": "<instructions>", "fullInstruction": "<instructions>"}
        return {"document-version": "2018-11-28", "labels": labels} | (
            {"instructions": instructions} if instructions else {}
        )
    if not plan.config and not labels:
        return None
    config = dict(plan.config) or {"document-version": "2020-03-01", "labels": labels}
    config.setdefault("annotationType", "<annotation type>")
    if plan.purpose == LABELING:
        config.pop("auditLabelAttributeName", None)
        return config
    is_audit = plan.purpose == VERIFICATION
    edits = "none" if is_audit else "any"
    config["auditLabelAttributeName"] = plan.earlier_attribute
    config["labels"] = [
        label | {"editsAllowed": edits} | _attributes(label, ("categoryAttributes", "attributes"), edits)
        for label in config["labels"]
    ]
    config |= _attributes(config, ("frameAttributes", "categoryGlobalAttributes"), edits)
    if is_audit:
        others = [one for one in config.get("categoryGlobalAttributes", []) if one.get("name") != AUDIT_ATTRIBUTE]
        outcome = {
            "name": AUDIT_ATTRIBUTE,
            "description": "Is the label right?",
            "type": "string",
            "enum": list(_OUTCOMES),
            "isRequired": True,
            "editsAllowed": "any",
        }
        config["categoryGlobalAttributes"] = [*others, outcome]
    return config


def _attributes(of: Mapping[str, Any], lists: tuple[str, ...], edits: str) -> dict[str, Any]:
    return {name: [one | {"editsAllowed": edits} for one in of[name]] for name in lists if of.get(name)}


def worker_template(plan: Plan) -> str | None:
    """The worker template of the new job: Liquid and crowd elements; None if it needs none, or none of these.

    The elements are named as the developer guide names them, which is how Ground Truth's functions find the answers.

    Raises:
        NotSupportedError: a template cannot name the label attribute that is reviewed.
    """
    if plan.task.screen or not plan.task.template or plan.kept_template_uri or plan.is_bulk_review:
        return None
    if plan.purpose == LABELING:
        return (_TEMPLATES / f"{plan.task.template}.liquid.html").read_text(encoding="utf-8")
    text = (_TEMPLATES / f"{plan.task.template}-{plan.purpose}.liquid.html").read_text(encoding="utf-8")
    # Liquid's texts have no escapes.
    if not plan.earlier_attribute or re.search(r"[\"\\{}%\n\r]", plan.earlier_attribute):
        raise NotSupportedError(
            f"the labels are in the label attribute {plan.earlier_attribute!r}, which a worker template cannot name: "
            "rename it in the job's manifest, and load it again"
        )
    return text.replace(_ATTRIBUTE_PLACE, plan.earlier_attribute)


def request(plan: Plan, manifest: str, config: str | None, template: str | None) -> dict[str, Any]:
    """The input of CreateLabelingJob; what is not known is a placeholder, ``<what it is>``.

    Args:
        plan: the job.
        manifest: file name of the input manifest.
        config: file name of the label category config, if there is one.
        template: file name of the worker template, if there is one.
    """
    described = plan.description.get("HumanTaskConfig", {})
    output = plan.description.get("OutputConfig", {})
    team = described.get("WorkteamArn") or plan.workteam_arn
    region = _region(plan.description.get("LabelingJobArn")) or _region(team)
    human: dict[str, Any] = {
        "WorkteamArn": team or "<ARN of the work team>",
        "UiConfig": _screen(plan, region, template),
        "PreHumanTaskLambdaArn": _function(plan, "PRE", region, described.get("PreHumanTaskLambdaArn")),
        "TaskTitle": f"{plan.purpose.capitalize()}: {plan.job_name}"[:128],
        "TaskDescription": "Untick what has the wrong label." if plan.is_bulk_review else _TASKS[plan.purpose],
        "NumberOfHumanWorkersPerDataObject": plan.workers_per_object,
        # A batch of a bulk review takes longer than an object of the earlier job.
        "TaskTimeLimitInSeconds": 3_600
        if plan.is_bulk_review
        else described.get("TaskTimeLimitInSeconds", 28_800 if plan.task.screen else 3_600),
        "TaskAvailabilityLifetimeInSeconds": described.get("TaskAvailabilityLifetimeInSeconds", 864_000),
        "AnnotationConsolidationConfig": {
            "AnnotationConsolidationLambdaArn": _function(
                plan,
                "ACS",
                region,
                described.get("AnnotationConsolidationConfig", {}).get("AnnotationConsolidationLambdaArn"),
            )
        },
    }
    if price := described.get("PublicWorkforceTaskPrice"):
        human["PublicWorkforceTaskPrice"] = price
    made = {
        "LabelingJobName": plan.job_name,
        "LabelAttributeName": plan.label_attribute,
        "InputConfig": {"DataSource": {"S3DataSource": {"ManifestS3Uri": _uri(plan, manifest)}}},
        "OutputConfig": {
            "S3OutputPath": _of_stack("OutputUri")
            if plan.is_bulk_review
            else output.get("S3OutputPath") or _output_path(plan.output_uri)
        }
        | ({"KmsKeyId": output["KmsKeyId"]} if output.get("KmsKeyId") else {}),
        "RoleArn": _of_stack("JobRoleArn")
        if plan.is_bulk_review
        else plan.description.get("RoleArn") or "<ARN of the role that Ground Truth takes>",
        "HumanTaskConfig": human,
    }
    needs_config = plan.functions is not None
    if config or needs_config:
        made["LabelCategoryConfigS3Uri"] = (
            _uri(plan, config) if config else "<S3 URI of a label category config: the job's labels are not known>"
        )
    return made


_TASKS = {
    VERIFICATION: "Say whether the labels are right.",
    ADJUSTMENT: "Correct the labels.",
    LABELING: "Label the objects.",
}


def _of_stack(output: str) -> str:
    return f"<{output}, an output of deploy/bulk-review>"


def _uri(plan: Plan, name: str) -> str:
    return f"{plan.folder_uri.rstrip('/')}/{name}" if plan.folder_uri else f"<S3 URI of {name}>"


def _output_path(output_uri: str | None) -> str:
    """The path above a job's folder."""
    if output_uri and output_uri.startswith("s3://"):
        return output_uri.rstrip("/").rpartition("/")[0] + "/"
    return "<S3 URI of the folder for the output>"


def _region(arn: str | None) -> str | None:
    match = re.fullmatch(r"arn:aws[a-z-]*:sagemaker:([a-z0-9-]+):.*", arn or "")
    return match[1] if match else None


def _function(plan: Plan, stage: str, region: str | None, earlier: str | None) -> str:
    if plan.is_bulk_review:
        return _of_stack({"PRE": "PreFunctionArn", "ACS": "PostFunctionArn"}[stage])
    if plan.functions is None:
        return earlier or f"<ARN of the {stage} function>"
    name = f"{stage}-{plan.functions}"
    account = FUNCTION_ACCOUNTS.get(region or "")
    return f"arn:aws:lambda:{region}:{account}:function:{name}" if account else f"<ARN of {name} in the job's region>"


def _screen(plan: Plan, region: str | None, template: str | None) -> dict[str, str]:
    if plan.is_bulk_review:
        return {"UiTemplateS3Uri": "<S3 URI of deploy/bulk-review/worker-template.liquid.html>"}
    if plan.task.screen:
        return {
            "HumanTaskUiArn": f"arn:aws:sagemaker:{region}:{_SCREEN_ACCOUNT}:human-task-ui/{plan.task.screen}"
            if region
            else f"<ARN of the human-task-ui {plan.task.screen} in the job's region>"
        }
    return {
        "UiTemplateS3Uri": _uri(plan, template)
        if template
        else plan.kept_template_uri or f"<S3 URI of a worker template for {plan.functions or 'the task'}>"
    }


def placeholders(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Each placeholder of a request or config, with its path."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from placeholders(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from placeholders(item, f"{path}[{number}]")
    elif isinstance(value, str) and re.fullmatch(r"<[^<>]+>", value):
        yield path, value


def faults(made: Mapping[str, Any]) -> list[str]:
    """What is wrong with a request by the model of CreateLabelingJob; placeholders may be any text."""
    operation = "CreateLabelingJob"
    unknown = tuple(f"{operation}.{path}:" for path, _ in placeholders(made))
    return [fault for fault in walk("sagemaker", operation, made) if not fault.startswith(unknown)]


def parsed(text: str | None) -> dict[str, Any]:
    """A JSON object, as a mart has it; empty if there is none."""
    value = json.loads(text) if text else {}
    return value if isinstance(value, dict) else {}
