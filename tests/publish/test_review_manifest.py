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
    "fct_annotations": "job_name, label, is_inherited boolean",
    "fct_object_labels": "object_key, job_name, object_index bigint, source_uri, source_text",
    "fct_object_results": "object_key, job_name, label_attribute_name, value_json, metadata_json, passthrough_json",
    "fct_object_reviews": "audited_object_key, audited_job_name, job_kind, is_accepted boolean, is_targeted boolean",
    "rpt_review_queue": "object_key, job_name, position bigint",
    "rpt_review_errors": "job_name, item_uri, disconfirm_count bigint",
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
    status, summary = run("Job", "--for", purpose, "--count", "3")
    if purpose != "labeling" and ("classification" in task_type or task_type == "text-span"):
        assert status == 2
        assert f"has no {purpose} for labels of type {task_type}, only for object-detection" in summary["error"]
        assert not (tmp_path / "next").exists()
        return
    assert status == 0
    request = made(tmp_path, "create-labeling-job.json")
    assert not faults(request)
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
    warehouse.add("rpt_review_errors", ("Bulk", "s3://a", 1), ("Bulk", "s3://b", 3), ("Bulk", "s3://a", 2))
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


def test_what_is_not_known_is_a_placeholder(warehouse: Warehouse, run: Run, tmp_path: Path) -> None:
    warehouse.add_job("Video", "video-object-tracking", description={})
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.execute("delete from dim_label_categories")
    warehouse.add("fct_annotations", ("Video", "Car", False), ("Video", "Car", False), ("Video", "Bus", True))
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
