"""The command ``review-manifest`` on marts made by hand; the closed loop is in tests/pipeline/test_review_loop.py."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.session
import duckdb
import pytest
from click.testing import CliRunner

from publish.cli import cli
from publish.labeling_jobs import FUNCTION_ACCOUNTS, TASK_TYPES, faults, placeholders

DESCRIPTION = {
    "LabelingJobArn": "arn:aws:sagemaker:eu-west-1:111122223333:labeling-job/cats",
    "OutputConfig": {"S3OutputPath": "s3://bucket/out/", "KmsKeyId": ""},
    "RoleArn": "arn:aws:iam::111122223333:role/labeling",
    "HumanTaskConfig": {
        "WorkteamArn": "arn:aws:sagemaker:eu-west-1:111122223333:workteam/private-crowd/cats",
        "UiConfig": {"UiTemplateS3Uri": "s3://bucket/template.html"},
        "TaskTimeLimitInSeconds": 120,
    },
}
METADATA = (
    '{"type":"groundtruth/object-detection","job-name":"labeling-job/boxes","creation-date":"2026-01-01T00:00:00.1"}'
)
TABLES = {
    "dim_labeling_jobs": "job_name, label_attribute_name, task_type, job_kind, workers_per_object bigint, "
    "workteam_name, output_uri, config_json, description_json",
    "dim_label_categories": "job_name, label, category_index bigint, short_display_name",
    "dim_workteams": "workteam_name, workteam_arn",
    "fct_annotations": "job_name, label, is_inherited boolean, object_key, confidence double",
    "fct_object_labels": "object_key, job_name, object_index bigint, source_uri, source_text",
    "fct_object_results": "object_key, job_name, label_attribute_name, value_json, metadata_json, passthrough_json",
    "fct_object_reviews": "audited_object_key, audited_job_name, job_kind, is_accepted boolean, is_targeted boolean",
    "rpt_review_queue": "object_key, job_name, position bigint",
    "rpt_review_errors": "job_name, item_uri, disconfirm_count bigint, audited_job_name",
    "rpt_label_certificates": "job_name, label, basis, audits_needed bigint, is_certified boolean, error_count bigint, "
    "sample_count bigint, error_share_upper double, target_share double",
}
OBJECTS = 12


class Warehouse:
    """A warehouse with one job of each task type, whose objects are all in the queue."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with duckdb.connect(str(path)) as connection:
            for table, columns in TABLES.items():
                typed = (name if " " in name.strip() else f"{name} varchar" for name in columns.split(","))
                connection.execute(f"create table {table} ({', '.join(typed)})")

    def add(self, table: str, *rows: tuple[Any, ...]) -> None:
        """Add rows to a table."""
        with duckdb.connect(str(self.path)) as connection:
            connection.begin()  # else each row is a commit
            connection.executemany(f"insert into {table} values ({', '.join('?' * len(rows[0]))})", rows)
            connection.commit()

    def add_job(self, name: str, task_type: str, kind: str = "label", **known: Any) -> None:
        """Add a job with its objects."""
        self.add(
            "dim_labeling_jobs",
            (
                *(name, "made-ref" if "tracking" in task_type else "made", task_type, kind, known.get("workers", 3)),
                *(None, None, known.get("config"), json.dumps(known.get("description", DESCRIPTION))),
            ),
        )
        keys = [f"{name}/{index}" for index in range(OBJECTS)]
        self.add("fct_object_labels", *((key, name, index, f"s3://in/{index}", None) for index, key in enumerate(keys)))
        self.add(
            "fct_object_results",
            *((key, name, "made", f'{{"annotations":[],"n":{key[-1]}.50}}', METADATA, None) for key in keys),
        )
        self.add("rpt_review_queue", *((key, name, OBJECTS - index) for index, key in enumerate(keys)))
        self.add("rpt_label_certificates", (name, None, "audit", 5, False, 0, 0, None, 0.02))
        self.add("dim_label_categories", (name, "Cat", 0, None), (name, "Dog", 1, "D"))


Run = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "marts.duckdb")


@pytest.fixture
def run(warehouse: Warehouse, tmp_path: Path) -> Run:
    """Runs the command: its exit status, and its summary or error."""

    def run(*arguments: str, dest: str = "next") -> tuple[int, dict[str, Any]]:
        job, *options = arguments
        done = CliRunner().invoke(
            cli,
            ["review-manifest", job, str(tmp_path / dest), *options, "--json", "--warehouse", str(warehouse.path)],
        )
        return done.exit_code, json.loads(done.stdout) if done.stdout else {"error": done.stderr}

    return run


def lines(tmp_path: Path, dest: str = "next") -> list[dict[str, Any]]:
    """Lines of the manifest."""
    return [json.loads(line) for line in (tmp_path / dest / "input.manifest").read_text().split("\n")[:-1]]


def made(tmp_path: Path, name: str, dest: str = "next") -> Any:
    """One of the JSON files."""
    return json.loads((tmp_path / dest / name).read_text())


def test_the_worst_are_written_as_ground_truth_wrote_them(warehouse: Warehouse, run: Run, tmp_path: Path) -> None:
    warehouse.add_job("Boxes", "object-detection")
    status, summary = run("Boxes", "--count", "2", "--dest-uri", "s3://bucket/next/")
    assert (status, summary["objects"], summary["listed"], summary["sample"]) == (0, 2, OBJECTS, "worst")
    text = (tmp_path / "next/input.manifest").read_text().splitlines()[0]
    assert '"made":{"annotations":[],"n":1.50},' in text  # the digits are kept
    assert lines(tmp_path)[0] == {
        "source-ref": "s3://in/11",
        "made": {"annotations": [], "n": 1.5},
        "made-metadata": json.loads(METADATA),
        "review-of": "Boxes/11",
        "review-sample": "worst",
    }
    request = made(tmp_path, "create-labeling-job.json")
    assert request["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"] == "s3://bucket/next/input.manifest"
    assert request["LabelAttributeName"] == "Boxes-verification"
    human = request["HumanTaskConfig"]
    assert (
        human["PreHumanTaskLambdaArn"] == "arn:aws:lambda:eu-west-1:568282634449:function:PRE-VerificationBoundingBox"
    )
    assert human["TaskTimeLimitInSeconds"] == 120
    assert "KmsKeyId" not in request["OutputConfig"]
    # Nothing is left to be filled in: what workers see is beside the manifest.
    assert summary["placeholders"] == []
    assert summary["notes"][-1].endswith(
        "upload input.manifest, label-category-config.json, worker-template.liquid.html to s3://bucket/next/."
    )
    assert human["UiConfig"] == {"UiTemplateS3Uri": "s3://bucket/next/worker-template.liquid.html"}
    assert summary["template"] == (tmp_path / "next/worker-template.liquid.html").as_uri()
    assert '{%- assign attribute = "made" -%}' in (tmp_path / "next/worker-template.liquid.html").read_text()
    assert made(tmp_path, "label-category-config.json")["labels"] == [{"label": "good"}, {"label": "bad"}]


def test_a_random_sample_is_drawn_once_and_from_what_no_sample_has(
    warehouse: Warehouse, run: Run, tmp_path: Path
) -> None:
    warehouse.add_job("Boxes", "object-detection")
    warehouse.add(
        "fct_object_reviews",
        *((f"Boxes/{index}", "Boxes", "verification", True, False) for index in range(4)),
        *((f"Boxes/{index}", "Boxes", "verification", False, True) for index in range(4, 8)),
    )
    drawn = []
    for dest, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        status, summary = run("Boxes", "--from", "certificate", "--seed", seed, dest=dest)
        assert (status, summary["objects"], summary["listed"], summary["seed"]) == (0, 5, 8, int(seed))
        drawn.append([line["review-of"] for line in lines(tmp_path, dest)])
        assert {line["review-sample"] for line in lines(tmp_path, dest)} == {"random"}
    assert drawn[0] == drawn[1] != drawn[2]
    assert {*drawn[0]} <= {f"Boxes/{index}" for index in range(4, OBJECTS)}


def test_a_certificate_that_audits_cannot_reach(warehouse: Warehouse, run: Run) -> None:
    warehouse.add_job("Boxes", "object-detection")
    warehouse.add("rpt_label_certificates", ("Other", None, "audit", None, False, 3, 10, 0.6, 0.02))
    warehouse.add("dim_labeling_jobs", ("Other", "made", "object-detection", "label", 1, None, None, None, None))
    status, summary = run("Other", "--from", "certificate")
    assert status == 2
    assert "3 of 10 audited were wrong" in summary["error"]
    status, summary = run("Boxes", "--from", "certificate", "--for", "labeling")
    assert status == 2
    assert "certify nothing" in summary["error"]


@pytest.mark.parametrize("task_type", TASK_TYPES)
@pytest.mark.parametrize("purpose", ["verification", "adjustment", "labeling"])
def test_every_task_type(warehouse: Warehouse, run: Run, tmp_path: Path, task_type: str, purpose: str) -> None:
    warehouse.add_job("Job", task_type)
    warehouse.add("fct_annotations", *(("Job", "Cat", False, f"Job/{index}", None) for index in range(OBJECTS)))
    if task_type.startswith("text-classification"):
        with duckdb.connect(str(warehouse.path)) as connection:
            connection.execute("update fct_object_labels set source_text = source_uri, source_uri = null")
    status, summary = run("Job", "--for", purpose, "--count", "3")
    is_of_classes = "classification" in task_type
    if (purpose == "adjustment" and is_of_classes) or (purpose != "labeling" and task_type == "text-span"):
        assert status == 2
        assert f"has no {purpose} for labels of type {task_type}, only for " in summary["error"]
        assert ("--for verification" in summary["error"]) == is_of_classes
        assert not (tmp_path / "next").exists()
        return
    assert status == 0
    request = made(tmp_path, "create-labeling-job.json")
    assert not faults(request)
    if purpose == "verification" and is_of_classes:
        assert summary["batches"] == len(lines(tmp_path)) == 1
        return
    name = request["HumanTaskConfig"]["PreHumanTaskLambdaArn"].rpartition(":")[2]
    assert name in known_functions()
    # AWS: the attribute names a file for these, but not if its values are verdicts.
    has_ref = re.search("SemanticSegmentation|Video.*Object|Tracking", name) and "PRE-Verification" not in name
    assert request["LabelAttributeName"].endswith("-ref") == bool(has_ref)
    assert all(("made-metadata" in line) == (purpose != "labeling") for line in lines(tmp_path))
    screen = request["HumanTaskConfig"]["UiConfig"]
    is_written = (tmp_path / "next/worker-template.liquid.html").exists()
    if "HumanTaskUiArn" in screen:
        assert not is_written
    elif purpose == "labeling":  # the team's own template
        assert screen == {"UiTemplateS3Uri": "s3://bucket/template.html"}
        assert not is_written
    else:
        assert screen == {"UiTemplateS3Uri": "<S3 URI of worker-template.liquid.html>"}
        assert is_written
    config = made(tmp_path, "label-category-config.json")
    if "video-object" in task_type or "cloud" in task_type:
        assert config.get("auditLabelAttributeName") == (
            None if purpose == "labeling" else "made-ref" if "track" in task_type else "made"
        )
        edits = {label.get("editsAllowed") for label in config["labels"]}
        assert edits == {{"labeling": None, "adjustment": "any", "verification": "none"}[purpose]}
        assert any(one["name"] == "audit" for one in config.get("categoryGlobalAttributes", [])) == (
            purpose == "verification"
        )


def model_text(*path: str) -> str:
    """Documentation of a member of CreateLabelingJob's input."""
    shape: Any = botocore.session.get_session().get_service_model("sagemaker").operation_model("CreateLabelingJob")
    shape = shape.input_shape
    for name in path:
        shape = shape.members[name]
    return str(shape.documentation)


def known_functions() -> set[str]:
    return set(re.findall(r"PRE-\w+", model_text("HumanTaskConfig", "PreHumanTaskLambdaArn")))


def test_accounts_are_those_of_the_api_reference() -> None:
    text = model_text("HumanTaskConfig", "PreHumanTaskLambdaArn")
    found = re.findall(r"arn:aws:lambda:([a-z0-9-]+):(\d+):function:PRE-BoundingBox", text)
    assert dict(found) == FUNCTION_ACCOUNTS


def test_screens_are_those_of_the_api_reference() -> None:
    text = model_text("HumanTaskConfig", "UiConfig", "HumanTaskUiArn")
    found = set(re.findall(r":394669845002:human-task-ui/(\w+)", text))
    assert {task.screen for task in TASK_TYPES.values()} - {None} == found


def test_other_keys_and_texts_are_kept(warehouse: Warehouse, run: Run, tmp_path: Path) -> None:
    warehouse.add_job("Text", "text-classification")
    warehouse.add("fct_object_labels", ("Text/99", "Text", 99, None, 'say "é"\u2028\n{{x}}'))
    warehouse.add(
        "fct_object_results",
        ("Text/99", "Text", "made", "1", METADATA, '{"id":7,"review-of":"Old/1","review-sample":"random"}'),
    )
    warehouse.add("rpt_review_queue", ("Text/99", "Text", 0))
    assert run("Text", "--for", "labeling", "--count", "1")[0] == 0
    assert (tmp_path / "next/input.manifest").read_bytes().count(b"\n") == 1
    assert lines(tmp_path) == [
        {"id": 7, "source": 'say "é"\u2028\n{{x}}', "review-of": "Text/99", "review-sample": "worst"}
    ]


def test_what_cannot_be_in_a_manifest_is_said(warehouse: Warehouse, run: Run, tmp_path: Path) -> None:
    warehouse.add_job("Boxes", "object-detection")
    warehouse.add("rpt_review_queue", ("Boxes/20", "Boxes", -2), ("Boxes/21", "Boxes", -1), ("Boxes/22", "Boxes", 0))
    warehouse.add(
        "fct_object_labels",
        ("Boxes/20", "Boxes", 20, None, None),
        ("Boxes/21", "Boxes", 21, "s3://in/21", None),
        ("Boxes/22", "Boxes", 22, "s3://in/22", None),
    )
    warehouse.add("fct_object_results", ("Boxes/22", "Boxes", "made", f'"{"x" * 100_000}"', METADATA, None))
    status, summary = run("Boxes", "--count", "4")
    assert status == 1
    assert [key for key, _ in summary["left_out"]] == ["Boxes/20", "Boxes/21", "Boxes/22"]
    assert [line["review-of"] for line in lines(tmp_path)] == ["Boxes/11"]


def test_what_was_rejected_and_not_adjusted(warehouse: Warehouse, run: Run, tmp_path: Path) -> None:
    warehouse.add_job("Boxes", "object-detection")
    warehouse.add(
        "fct_object_reviews",
        ("Boxes/1", "Boxes", "verification", False, True),
        ("Boxes/2", "Boxes", "verification", False, True),
        ("Boxes/2", "Boxes", "adjustment", False, True),
        ("Boxes/3", "Boxes", "verification", True, True),
        ("Boxes/4", "Boxes", "audit", False, True),
        ("Boxes/4", "Boxes", "verification", False, True),
    )
    assert run("Boxes", "--from", "errors", "--for", "adjustment")[0] == 0
    assert [(line["review-of"], line["review-sample"]) for line in lines(tmp_path)] == [
        ("Boxes/4", "errors"),
        ("Boxes/1", "errors"),
    ]


def test_errors_of_a_bulk_review_are_labeled_anew(warehouse: Warehouse, run: Run, tmp_path: Path) -> None:
    warehouse.add_job("Bulk", "custom", "review")
    warehouse.add(
        "rpt_review_errors",
        *(("Bulk", "s3://a", 1, None), ("Bulk", "s3://b", 3, None), ("Bulk", "s3://a", 2, None)),
        ("Other", "s3://c", 9, None),
    )
    status, summary = run("Bulk", "--from", "errors", "--for", "labeling")
    assert status == 0
    assert lines(tmp_path) == [
        {"source-ref": "s3://b", "review-sample": "errors"},
        {"source-ref": "s3://a", "review-sample": "errors"},
    ]
    assert any("PreHumanTaskLambdaArn" in path for path, _ in summary["placeholders"])
    status, summary = run("Bulk", dest="more")
    assert status == 2
    assert "name the job whose labels it judged" in summary["error"]


def test_errors_of_a_review_of_texts_are_texts(warehouse: Warehouse, run: Run, tmp_path: Path) -> None:
    warehouse.add_job("Bulk", "custom", "review")
    text, link = 'say "é"\n{{x}}', "s3://is/a text"
    warehouse.add(
        "fct_object_labels",
        *(
            ("Texts/0", "Texts", 0, None, text),
            ("Texts/1", "Texts", 1, None, text),
            ("Texts/2", "Texts", 2, None, link),
        ),
        ("Other/0", "Other", 0, None, "s3://b"),
    )
    warehouse.add("rpt_review_errors", *(("Bulk", item, 2, "Texts") for item in (text, link, "s3://b")))
    assert run("Bulk", "--from", "errors", "--for", "labeling")[0] == 0
    assert lines(tmp_path) == [
        {"source-ref": "s3://b", "review-sample": "errors"},
        {"source": link, "review-sample": "errors"},
        {"source": text, "review-sample": "errors"},
    ]


def batches(tmp_path: Path) -> dict[str, list[dict[str, Any]]]:
    """Items of the batches, by the uri of the batch, in the order of the manifest."""
    folder = tmp_path / "next/batches"
    uris = [line["source-ref"] for line in lines(tmp_path)]
    assert sorted(uri.rpartition("/")[2] for uri in uris) == sorted(path.name for path in folder.iterdir())
    return {uri: json.loads((folder / uri.rpartition("/")[2]).read_bytes()) for uri in uris}


def test_classes_are_verified_by_a_bulk_review(warehouse: Warehouse, run: Run, tmp_path: Path) -> None:
    warehouse.add_job("Pets", "image-classification")
    warehouse.add(
        "fct_annotations",
        *(("Pets", "Dog" if index % 2 else "Cat", False, f"Pets/{index}", index / 100) for index in range(1, OBJECTS)),
        ("Pets", "Fox", True, "Pets/0", 0.5),
        ("Other", "Fox", False, "Pets/0", 0.5),
    )
    status, summary = run("Pets", "--batch-size", "4", "--dest-uri", "s3://bucket/next/")
    assert status == 1
    assert summary["left_out"] == [["Pets/0", "it has no class to confirm"]]
    assert (summary["objects"], summary["batches"], summary["sample"]) == (OBJECTS - 1, 4, "worst")
    found = batches(tmp_path)
    assert {uri: [item["review-of"] for item in items] for uri, items in found.items()} == {
        "s3://bucket/next/batches/cat-00001.json": ["Pets/2", "Pets/4", "Pets/6", "Pets/8"],
        "s3://bucket/next/batches/cat-00002.json": ["Pets/10"],
        "s3://bucket/next/batches/dog-00001.json": ["Pets/1", "Pets/3", "Pets/5", "Pets/7"],
        "s3://bucket/next/batches/dog-00002.json": ["Pets/9", "Pets/11"],
    }
    assert found["s3://bucket/next/batches/cat-00002.json"] == [
        {
            "s3_image_url": "s3://in/10",
            "label": "Cat",
            "confidence": 0.1,
            "review-of": "Pets/10",
            "review-sample": "worst",
        }
    ]
    request = made(tmp_path, "create-labeling-job.json")
    assert request["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"] == "s3://bucket/next/input.manifest"
    # Nothing of the job that labels: its functions, its role and its output are not those of the review.
    assert {path.removeprefix("create-labeling-job.json: "): what for path, what in summary["placeholders"]} == {
        "OutputConfig.S3OutputPath": "<OutputUri, an output of deploy/bulk-review>",
        "RoleArn": "<JobRoleArn, an output of deploy/bulk-review>",
        "HumanTaskConfig.UiConfig.UiTemplateS3Uri": "<S3 URI of deploy/bulk-review/worker-template.liquid.html>",
        "HumanTaskConfig.PreHumanTaskLambdaArn": "<PreFunctionArn, an output of deploy/bulk-review>",
        "HumanTaskConfig.AnnotationConsolidationConfig.AnnotationConsolidationLambdaArn": (
            "<PostFunctionArn, an output of deploy/bulk-review>"
        ),
    }
    assert request["HumanTaskConfig"]["TaskTimeLimitInSeconds"] == 3600
    assert "LabelCategoryConfigS3Uri" not in request
    assert not (tmp_path / "next/label-category-config.json").exists()
    assert any("--review-batches Pets-verification=DEST/batches" in note for note in summary["notes"])


def test_texts_and_sets_of_classes_in_a_bulk_review(warehouse: Warehouse, run: Run, tmp_path: Path) -> None:
    warehouse.add_job("Texts", "text-classification-multilabel")
    text = 'say "é"\u2028\n{{x}}'
    warehouse.add(
        "fct_object_labels",
        *((f"Texts/{index}", "Texts", index, None, text) for index in (20, 21)),
        ("Texts/22", "Texts", 22, None, "nothing"),
    )
    warehouse.add(
        "fct_annotations",
        *(("Texts", label, False, "Texts/20", share) for label, share in (("Price", 0.9), ("Delivery", 0.6))),
        *(("Texts", label, False, "Texts/21", share) for label, share in (("Price", 0.9), ("Delivery", None))),
    )
    warehouse.add("rpt_review_queue", *((f"Texts/{number}", "Texts", number - 30) for number in (20, 21, 22)))
    status, summary = run("Texts", "--count", "4")
    assert status == 1
    # Its text is in a file.
    assert summary["left_out"] == [
        ["Texts/11", "its text is not known: its job has no manifest, or names it otherwise"]
    ]
    assert [item for items in batches(tmp_path).values() for item in items] == [
        {"source": "nothing", "label": "(none)", "review-of": "Texts/22", "review-sample": "worst"},
        {"source": text, "label": "Delivery, Price", "review-of": "Texts/21", "review-sample": "worst"},
        {
            "source": text,
            "label": "Delivery, Price",
            "confidence": 0.6,
            "review-of": "Texts/20",
            "review-sample": "worst",
        },
    ]
    # Where the batches will be is not known.
    assert ["input.manifest: source-ref", "where the batches will be: give --dest-uri"] in summary["placeholders"]


def test_clips_in_a_bulk_review(warehouse: Warehouse, run: Run, tmp_path: Path) -> None:
    warehouse.add_job("Clips", "video-classification", workers=2)
    warehouse.add("fct_annotations", ("Clips", "Busy", False, "Clips/3", None))
    warehouse.add("fct_object_reviews", ("Clips/4", "Clips", "review", True, False))
    status, summary = run("Clips", "--from", "certificate", "--count", "100")
    assert (status, summary["listed"]) == (1, OBJECTS - 1)
    assert [item for items in batches(tmp_path).values() for item in items] == [
        {"s3_video_url": "s3://in/3", "label": "Busy", "review-of": "Clips/3", "review-sample": "random"}
    ]
    assert made(tmp_path, "create-labeling-job.json")["HumanTaskConfig"]["NumberOfHumanWorkersPerDataObject"] == 2


def test_what_is_not_known_is_a_placeholder(warehouse: Warehouse, run: Run, tmp_path: Path) -> None:
    warehouse.add_job("Video", "video-object-tracking", description={})
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.execute("delete from dim_label_categories")
    warehouse.add("fct_annotations", ("Video", "Car", False, "Video/0", None), ("Video", "Bus", True, "Video/0", None))
    status, summary = run("Video", "--for", "adjustment", "--count", "3")
    assert status == 0
    assert {re.split(r"[. ]", path)[-1] for path, _ in summary["placeholders"]} == {
        *("ManifestS3Uri", "S3OutputPath", "RoleArn", "WorkteamArn", "HumanTaskUiArn", "PreHumanTaskLambdaArn"),
        *("AnnotationConsolidationLambdaArn", "LabelCategoryConfigS3Uri", "annotationType"),
    }
    config = made(tmp_path, "label-category-config.json")
    assert [label["label"] for label in config["labels"]] == ["Car"]
    assert any("No label category config" in note for note in summary["notes"])


def test_wrong_uses_say_what_to_do(warehouse: Warehouse, run: Run, tmp_path: Path) -> None:
    warehouse.add_job("Video", "video-object-tracking")
    warehouse.add_job("Boxes", "object-detection")
    for arguments, message in (
        (("None",), "no labeling job None; the marts have Boxes, Video"),
        (("Video",), "give --count 10"),
        (("Boxes", "--from", "errors"), "no review rejected a label of Boxes"),
        (("Boxes", "--name", "a_b"), "LabelingJobName: 'a_b' does not match"),
    ):
        status, summary = run(*arguments)
        assert status == 2, arguments
        assert message in summary["error"]
        assert not (tmp_path / "next/input.manifest").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").touch()
    status, summary = run("Boxes", dest="full")
    assert status == 2
    assert "is not empty" in summary["error"]


def test_a_complete_request_has_no_fault_and_a_wrong_one_has() -> None:
    arn = "arn:aws:lambda:eu-west-1:568282634449:function:PRE-BoundingBox"
    request = {
        "LabelingJobName": "cats",
        "LabelAttributeName": "cats",
        "InputConfig": {"DataSource": {"S3DataSource": {"ManifestS3Uri": "s3://bucket/in"}}},
        "OutputConfig": {"S3OutputPath": "s3://bucket/out/"},
        "RoleArn": "arn:aws:iam::111122223333:role/labeling",
        "HumanTaskConfig": {
            "WorkteamArn": "arn:aws:sagemaker:eu-west-1:111122223333:workteam/private-crowd/cats",
            "UiConfig": {"UiTemplateS3Uri": "s3://bucket/t.html"},
            "PreHumanTaskLambdaArn": arn,
            "TaskTitle": "Cats",
            "TaskDescription": "Cats",
            "NumberOfHumanWorkersPerDataObject": 3,
            "TaskTimeLimitInSeconds": 60,
            "AnnotationConsolidationConfig": {"AnnotationConsolidationLambdaArn": arn},
        },
    }
    assert not faults(request)
    assert not faults(request | {"RoleArn": "<ARN of the role, if anybody knows it>"})
    assert list(placeholders({"a": [{"b": "<c>"}], "d": "e"})) == [("a[0].b", "<c>")]
    wrongs: tuple[dict[str, Any], ...] = (
        {"RoleArn": "labeling"},
        {"LabelingJobName": "x" * 64},
        {"OutputConfig": {}},
        {"HumanTaskConfig": request["HumanTaskConfig"] | {"TaskTimeLimitInSeconds": 1}},  # type: ignore[operator]
        {"HumanTaskConfig": request["HumanTaskConfig"] | {"NumberOfHumanWorkersPerDataObject": "3"}},  # type: ignore[operator]
    )
    for wrong in wrongs:
        assert faults(request | wrong), wrong
