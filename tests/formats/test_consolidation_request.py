"""Consolidation requests: a second source of answers."""

from __future__ import annotations

import hashlib
import json
from functools import partial
from typing import Any

import pytest

from ingest.formats.parsing import BadFile
from ingest.identity import worker_key
from ingest.job_folder import FileKind, FramesFolder
from ingest.lake.redaction import Redaction
from tests.formats.parsed import batches, by_table, parse

ANN, BEN = "private.us-east-1.00000000000000aa", "private.us-east-1.00000000000000bb"
CONTENT = {"crowd-classifier": {"label": "è"}}
FOLDER = "0123456789abcdef0123456789abcdef01234567"
POINTER = {"trackingAnnotations": {"frameData": {"s3Prefix": f"s3://example-bucket/{FOLDER}/"}}}

request = partial(parse, FileKind.CONSOLIDATION_REQUEST, object_folder=None)


def annotation(worker: str = ANN, content: object = CONTENT, **fields: Any) -> dict[str, Any]:
    return {"workerId": worker, "annotationData": {"content": json.dumps(content, ensure_ascii=False)}, **fields}


def entry(object_id: object, *annotations: dict[str, Any]) -> dict[str, Any]:
    return {"datasetObjectId": object_id, "dataObject": {"content": "x"}, "annotations": annotations}


def one(data: object) -> bytes:
    """A request of one answer, with its data."""
    return json.dumps([entry("0", {"workerId": ANN, "annotationData": data})]).encode()


def test_answers_of_all_objects_are_numbered_through() -> None:
    """So that the number of an answer tells it from the file's others."""
    two = annotation(BEN, {"a": {"labels": ["x", "y"]}, "b": "text"})
    rows = request(json.dumps([entry("3", annotation()), entry(11, two, annotation())]).encode(), iteration=2)
    answers = rows["worker_answers"]
    assert [(row["iteration"], row["object_index"], row["answer_index"], row["worker_id"]) for row in answers] == [
        (2, 3, 0, ANN),
        (2, 11, 1, BEN),
        (2, 11, 2, ANN),
    ]
    assert [(row["object_index"], row["answer_index"], row["label"]) for row in rows["worker_annotations"]] == [
        (3, 0, "è"),
        (11, 1, "x"),
        (11, 1, "y"),
        (11, 2, "è"),
    ]
    [attribute] = rows["worker_annotation_attributes"]
    assert (attribute["object_index"], attribute["answer_index"], attribute["attribute_name"]) == (11, 1, "b")


def test_what_a_request_says_of_an_answer() -> None:
    """Neither when it was given nor who the worker is at an identity provider."""
    [row] = request(json.dumps([entry("0", annotation(more=[1]))]).encode())["worker_answers"]
    assert row == {
        "iteration": 1,
        "object_index": 0,
        "answer_index": 0,
        "worker_key": hashlib.md5(ANN.encode()).hexdigest(),
        "worker_id": ANN,
        "workforce": "private",
        "label_count": 1,
        "answer_json": '{"crowd-classifier": {"label": "è"}}',
        "extra_json": '{"more":[1]}',
    }


@pytest.mark.parametrize("wrappings", range(4))
def test_content_is_json_text_that_may_hold_json_text_again(wrappings: int) -> None:
    """Or, though nobody documents it, the answer itself."""
    content: Any = CONTENT
    for _ in range(wrappings):
        content = f" {json.dumps(content)}\n" if isinstance(content, str) else json.dumps(content)
    [row] = request(one({"content": content}))["worker_answers"]
    assert (json.loads(row["answer_json"]), row["label_count"]) == (CONTENT, 1)


@pytest.mark.parametrize("content", ["[1]", "7", ' {"a": 1}\n', "{}", "true"])
def test_an_answer_without_labels_is_an_answer(content: str) -> None:
    [row] = request(one({"content": content}))["worker_answers"]
    assert row["answer_json"] == content.strip()
    assert "label_count" not in row


@pytest.mark.parametrize("content", [{}, {"content": None}, {"content": "null"}], ids=json.dumps)
def test_an_answer_that_is_elsewhere_is_kept_with_its_uri(content: dict[str, Any]) -> None:
    data = {**content, "s3Uri": "s3://example-bucket/big.json"}
    rows = request(json.dumps([entry("0", {"workerId": ANN, "annotationData": data, "more": 1})]).encode())
    [row] = rows["worker_answers"]
    assert json.loads(row["extra_json"]) == {"annotationData": data, "more": 1}
    assert row.keys().isdisjoint({"answer_json", "label_count", "task_type", "payload_folder"})
    assert rows.keys() == {"worker_answers", "consolidation_objects"}


def test_an_answer_that_points_to_its_frames() -> None:
    [row] = request(json.dumps([entry("0", annotation(content=POINTER))]).encode())["worker_answers"]
    assert row["payload_folder"] == FOLDER


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (one({}), r"\[0\]: annotationData has neither content nor s3Uri"),
        (one({"content": None}), r"\[0\]: annotationData has neither content nor s3Uri"),
        (one({"content": "good"}), r"\[0\]: content is no JSON text"),
        (one({"content": ""}), r"\[0\]: content is no JSON text"),
        (one({"content": '{"a":1} x'}), r"\[0\]: content is no JSON text"),
        (one({"content": json.dumps("good")}), r"\[0\]: content is no JSON text"),
        (one(None), r"\[0\]: Expected `object`, got `null`"),
        (json.dumps([entry("0"), entry("x")]).encode(), r"\[1\]: not an object's index: 'x'"),
        (json.dumps([entry(-1)]).encode(), r"\[0\]: not an object's index: '-1'"),
        (json.dumps([entry(None)]).encode(), r"\[0\]: Expected `int \| str`, got `null`"),
        (json.dumps([entry("0", {"annotationData": {}})]).encode(), r"\[0\]: .*`workerId`"),
    ],
    ids=lambda value: value[:70] if isinstance(value, bytes) else None,
)
def test_what_cannot_be_understood_refuses_the_file_and_is_named(data: bytes, error: str) -> None:
    with pytest.raises(BadFile, match=error):
        request(data)


def test_answers_of_forgotten_workers_are_passed_over_and_the_others_keep_their_place() -> None:
    data = json.dumps([entry("4", annotation(ANN, POINTER), annotation(BEN, POINTER))]).encode()
    redacted = Redaction(frozenset({worker_key(ANN)})).apply(batches(FileKind.CONSOLIDATION_REQUEST, data))
    [row] = by_table(redacted.tables)["worker_answers"]
    assert (row["worker_id"], row["answer_index"]) == (BEN, 1)
    assert redacted.frames == {FramesFolder("job", "4", FOLDER)}
