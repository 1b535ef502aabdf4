"""Output manifests: what decides which keys are label attributes, and how a file is cut into lines."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.formats.output_manifest import lines
from ingest.formats.parsing import BadFile
from ingest.job_folder import FileKind
from tests.formats.parsed import Row, manifest, warning_of

CLASS = {"class-name": "Heron", "type": "groundtruth/image-classification"}


def objects(line: dict[str, Any], **place: Any) -> list[Row]:
    return manifest(json.dumps(line).encode(), **place)["data_objects"]


def attributes(line: dict[str, Any]) -> list[str | None]:
    return [row.get("label_attribute_name") for row in objects(line)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"a": 1, "a-metadata": CLASS}, ["a"]),
        ({"a-metadata": CLASS, "a": 1}, ["a"]),
        ({"a-metadata": CLASS}, ["a"]),
        ({"a-metadata": {"failure-reason": "expired"}}, ["a"]),
        ({"a": None, "a-metadata": {"failure-reason": "expired"}}, ["a"]),
        ({"a": 1, "a-metadata": {}}, ["a"]),
        ({"a": 1, "b-metadata": CLASS}, ["b"]),
        ({"a": 1}, [None]),
        ({"a-ref": "s3://example-bucket/x.png"}, [None]),
        ({"a-metadata": {"type": "photo"}}, [None]),
        ({"a": None, "a-metadata": {"type": "photo"}}, [None]),
        ({"a": 1, "a-metadata": "groundtruth/image-classification"}, [None]),
        ({"a": 1, "a-metadata": {"confidence": "high"}}, [None]),
        ({"a": 1, "a-metadata": {"type": ["groundtruth/image-classification"]}}, [None]),
        ({"metadata": CLASS}, [None]),
        ({"": 1, "-metadata": CLASS}, [None]),
        ({"source": "x", "source-metadata": CLASS}, [None]),
        ({"source-ref": "x", "source-ref-metadata": CLASS}, [None]),
        ({"b": 1, "b-metadata": CLASS, "a": 2, "a-metadata": CLASS}, ["b", "a"]),
        ({"a": 1, "a-metadata-metadata": CLASS, "a-metadata": CLASS}, ["a"]),
        ({"a": 1, "a-metadata": CLASS, "a-metadata-metadata": CLASS}, ["a"]),
        ({"a-metadata": 1, "a-metadata-metadata": CLASS}, [None]),
    ],
    ids=json.dumps,
)
def test_label_attributes_of_a_line(line: dict[str, Any], expected: list[str | None]) -> None:
    """A *-metadata key is a label attribute's if its sibling, its type or a failure reason says so."""
    assert attributes(line) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("labeling-job/birds", "birds"),
        ("Birds", "Birds"),
        ("labeling-job/labeling-job/x", "labeling-job/x"),
        ("", None),
        (None, None),
    ],
)
def test_job_name(written: str | None, expected: str | None) -> None:
    """The prefix goes, where it is there; the case stays."""
    [row] = objects({"a": 1, "a-metadata": {**CLASS, "job-name": written}})
    assert row.get("source_job_name") == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [("yes", True), ("no", False), ("true", True), ("NO", False), (True, True), ("perhaps", None), (None, None)],
)
def test_human_annotated(written: object, expected: bool | None) -> None:
    [row] = objects({"a": 1, "a-metadata": {**CLASS, "human-annotated": written}})
    assert row.get("is_human_annotated") is expected


def test_a_type_without_prefix_and_case_is_understood() -> None:
    [row] = objects({"a": 1, "a-metadata": {**CLASS, "type": "Image-Classification"}})
    assert (row["task_type"], row["modality"], row["metadata_type"]) == (
        "image-classification",
        "image",
        "Image-Classification",
    )


def test_a_class_without_class_name_is_called_by_its_index() -> None:
    rows = manifest(b'{"a":3,"a-metadata":{"type":"groundtruth/image-classification"}}')
    assert rows["annotations"] == [
        {
            "label_attribute_name": "a",
            "object_index": 0,
            "annotation_index": 0,
            "shape": "class",
            "label": "3",
            "class_id": "3",
        }
    ]
    [data_object] = rows["data_objects"]
    assert (data_object["label"], data_object["class_id"], data_object["label_count"]) == ("3", "3", 1)


def test_a_failed_attribute_of_broken_form_is_not_taken_for_an_unlabeled_line() -> None:
    [row] = objects({"a-metadata": {"failure-reason": "expired", "human-annotated": 1}})
    assert (row["label_attribute_name"], row["failure_reason"]) == ("a", "expired")
    assert "is_human_annotated" not in row


def test_a_custom_job_keeps_what_is_sound_of_its_metadata() -> None:
    metadata = {"type": "groundtruth/custom", "job-name": "x", "confidence": {"a": 1}, "class-name": 7}
    [row] = objects({"a": {}, "a-metadata": metadata})
    assert (row["task_type"], row["source_job_name"], json.loads(row["metadata_json"])) == ("custom", "x", metadata)
    assert row.keys().isdisjoint({"confidence", "label", "label_count"})


@pytest.mark.parametrize(
    ("name", "metadata", "expected"),
    [
        ("a-ref", {"class-map": {"0": "Car", "1": "Bike"}}, [("0", "Car"), ("1", "Bike")]),
        ("a-ref", {"class_map": {"0": "Car"}}, [("0", "Car")]),
        ("a-ref", {"class-map": {}}, []),
        ("a-ref", {}, []),
        ("a-ref", {"type": "groundtruth/custom", "class-map": ["Car"]}, []),
        ("a", {"class-map": {"0": "Car"}}, []),
    ],
)
def test_class_map_of_a_sequence(name: str, metadata: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """Where the labels are in another file, which has the class index alone, the class map is told."""
    kind = {"type": "groundtruth/video-object-detection", **metadata}
    rows = manifest(json.dumps({name: "s3://example-bucket/x/SeqLabel.json", f"{name}-metadata": kind}).encode())
    found = rows.get("class_labels", [])
    assert [(row["class_id"], row["label"]) for row in found] == expected
    assert all((row["label_attribute_name"], row["object_index"]) == (name, 0) for row in found)


COLOR = {"class-name": "Roof", "hex-color": "#2ca02c", "confidence": 0.5}


@pytest.mark.parametrize(
    ("task_type", "metadata", "expected"),
    [
        ("semantic-segmentation", {"internal-color-map": {"1": COLOR}}, [("1", "Roof", "#2ca02c", 0.5)]),
        ("semantic-segmentation", {"internal-color-map": {"1": {"class-name": "Roof"}}}, [("1", "Roof", None, None)]),
        ("semantic-segmentation", {"internal-color-map": {"1": {"confidence": 0}}}, [("1", "1", None, 0.0)]),
        ("semantic-segmentation", {"internal-color-map": None}, []),
        ("semantic-segmentation", {"class-map": {"1": "Roof"}}, []),
        (
            "point_cloud_single_frame_semantic_segmentation",
            {"color-map": {"1": COLOR}},
            [("1", "Roof", "#2ca02c", 0.5)],
        ),
        ("custom", {"internal-color-map": {"1": COLOR}}, []),
    ],
)
def test_color_map_of_a_segmentation(task_type: str, metadata: dict[str, Any], expected: list[tuple[Any, ...]]) -> None:
    kind = {"type": f"groundtruth/{task_type}", **metadata}
    rows = manifest(json.dumps({"a-ref": "s3://example-bucket/0", "a-ref-metadata": kind}).encode())
    columns = ("class_id", "label", "color", "confidence")
    assert [tuple(row.get(column) for column in columns) for row in rows.get("class_labels", [])] == expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("a-ref", "s3://example-bucket/x/SeqLabel.json", "point_cloud_object_tracking"),
        ("a", {"annotations": []}, "point_cloud_object_detection"),
    ],
)
def test_whether_clouds_are_tracked_is_told_by_where_the_labels_are(name: str, value: Any, expected: str) -> None:
    """Lines of tracking jobs have been seen whose type is that of detection."""
    metadata = {"type": "groundtruth/point_cloud_object_detection"}
    [row] = objects({name: value, f"{name}-metadata": metadata})
    assert (row["task_type"], row["metadata_type"]) == (expected, metadata["type"])


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, None),
        ({"worker-feedback": None}, None),
        ({"worker-feedback": []}, "[]"),
        ({"worker-feedback": [{"comment": "zu groß"}]}, '[{"comment": "zu groß"}]'),
        ({"worker-feedback": "none"}, '"none"'),
    ],
)
def test_feedback_of_workers_is_kept_as_written(fields: dict[str, Any], expected: str | None) -> None:
    line = {"a": 1, "a-metadata": {**CLASS, "type": "groundtruth/label-verification", **fields}}
    [row] = manifest(json.dumps(line, ensure_ascii=False).encode())["data_objects"]
    assert row.get("worker_feedback_json") == expected


def test_a_source_that_is_no_text_passes_through() -> None:
    [row] = manifest(b'{"source":{"s":1},"source-ref":null}')["data_objects"]
    assert row == {"object_index": 0, "passthrough_json": '{"source":{"s":1},"source-ref":null}'}


def test_label_uri_is_only_that_of_an_attribute_ending_in_ref() -> None:
    mask = "s3://example-bucket/0.png"
    kind = {"type": "groundtruth/semantic-segmentation"}
    rows = objects(
        {"a-ref": mask, "a-ref-metadata": kind, "b": mask, "b-metadata": kind, "c-ref": 1, "c-ref-metadata": kind}
    )
    assert [row.get("label_uri") for row in rows] == [mask, None, None]


def test_the_declared_label_attribute_is_told_with_the_job() -> None:
    rows = manifest(b"", label_attribute="birds")
    assert rows == {"labeling_jobs": [{"label_attribute_name": "birds"}]}


def test_the_last_of_two_equal_keys_counts() -> None:
    rows = manifest(
        b'{"source":"x","source":"y","a":1,"a":2,"a-metadata":{"class-name":"p","type":"groundtruth/custom"}}'
    )
    assert [(row["source_text"], row["value_json"]) for row in rows["data_objects"]] == [("y", "2")]


def test_a_line_of_a_hundred_thousand_characters() -> None:
    """Ground Truth's limit; in blocks of four thousand bytes, as a large file is read."""
    text = "è" * 99_000
    data = json.dumps({"source": text, "a": 1, "a-metadata": CLASS}, ensure_ascii=False).encode() + b"\n"
    blocks = (data[start : start + 4_096] for start in range(0, len(data), 4_096))
    [row] = manifest(blocks)["data_objects"]
    assert row["source_text"] == text


def test_more_lines_than_are_handed_on_at_a_time() -> None:
    metadata = json.dumps(CLASS)
    data = "".join(f'{{"source":"x","a":{number},"a-metadata":{metadata}}}\n' for number in range(5_001))
    rows = manifest(data.encode())
    for table in ("data_objects", "annotations"):
        assert [(row["object_index"], row["class_id"]) for row in rows[table]] == [(n, str(n)) for n in range(5_001)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"\n", [(0, b"")]),
        (b"a", [(0, b"a")]),
        (b"a\n", [(0, b"a")]),
        (b"a\r\n\r\nb", [(0, b"a\r"), (1, b"\r"), (2, b"b")]),
        ("a\u2028b\x0bc\n".encode(), [(0, "a\u2028b\x0bc".encode())]),
    ],
)
def test_lines(data: bytes, expected: list[tuple[int, bytes]]) -> None:
    r"""Only \n ends a line: U+2028 and the like may stand in a JSON text."""
    assert list(lines([data])) == expected


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("1e999", "out of range"),
        ("1e13", "<= 1000000000000.0"),
        ("-1e300", ">= -1000000000000.0"),
        ("1" * 400, "out of range"),
        ('"0.5"', "Expected `float | null`, got `str`"),
        ("true", "Expected `float | null`, got `bool`"),
    ],
)
def test_a_confidence_that_is_no_sensible_number_is_not_known(value: str, part: str) -> None:
    """All else of the line counts."""
    line = _line_of_confidence(value)
    [row] = manifest(line)["data_objects"]
    assert (row["label"], row["class_id"]) == ("x", "1")
    assert "confidence" not in row
    warning = warning_of(FileKind.OUTPUT_MANIFEST, line)
    assert warning is not None
    assert warning.startswith("line 1: a-metadata: ")
    assert part in warning


@pytest.mark.parametrize("value", ["NaN", "Infinity"])
def test_what_is_no_json_is_refused(value: str) -> None:
    with pytest.raises(BadFile, match=r"^line 1: JSON is malformed"):
        manifest(_line_of_confidence(value))


def _line_of_confidence(value: str) -> bytes:
    metadata = '{"type":"groundtruth/image-classification","class-name":"x","confidence":' + value + "}"
    return f'{{"a":1,"a-metadata":{metadata}}}'.encode()


@pytest.mark.parametrize("class_id", [2**63, -(2**63) - 1, 10**30])
def test_a_class_index_may_be_of_any_size(class_id: int) -> None:
    [row] = objects({"a": class_id, "a-metadata": CLASS})
    assert row["class_id"] == str(class_id)


def test_deep_nesting_is_refused_not_fatal() -> None:
    with pytest.raises(RecursionError):
        manifest(b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}")


def test_an_escaped_nul_is_text_like_any_other() -> None:
    [row] = manifest(b'{"source":"a\\u0000b"}')["data_objects"]
    assert row["source_text"] == "a\0b"


def test_a_class_without_a_name_keeps_its_empty_name() -> None:
    """Only one that has no name at all is called by its index."""
    colors = {"1": {"class-name": ""}, "2": {}, "3": {"class-name": 7}}
    metadata = {"type": "groundtruth/semantic-segmentation", "internal-color-map": colors}
    rows = manifest(json.dumps({"a-ref": "s3://example-bucket/x.png", "a-ref-metadata": metadata}).encode())
    assert [(row["class_id"], row["label"]) for row in rows["class_labels"]] == [("1", ""), ("2", "2"), ("3", "7")]
