"""Worker responses: forms of answers, and who gave them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec
import pytest

from ingest.formats.parsing import BadFile
from ingest.identity import worker_key, workforce
from ingest.job_folder import FileKind
from ingest.lake.redaction import Redaction
from tests.formats.parsed import answers, batches, by_table

BOX = {"left": 1, "top": 2, "width": 3, "height": 4, "label": "Car"}


def response(content: object, **fields: object) -> bytes:
    answer = {"answerContent": content, "submissionTime": "2021-01-02T03:04:05.678Z", "workerId": "w", **fields}
    return json.dumps({"answers": [answer]}).encode()


def labels(content: object) -> tuple[int | None, list[Any]]:
    rows = answers(response(content))
    return rows["worker_answers"][0].get("label_count"), [row["label"] for row in rows.get("worker_annotations", [])]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"crowd-image-classifier": {"label": "Car"}}, (1, ["Car"])),
        ({"crowd-image-classifier": {"label": ""}}, (1, [""])),
        ({"crowd-image-classifier": {"label": None}}, (None, [])),
        ({"crowd-image-classifier": {"label": 7}}, (1, ["7"])),
        ({"crowd-classifier-multi-select": {"labels": ["b", "a", "b"]}}, (2, ["b", "a"])),
        ({"crowd-classifier-multi-select": {"labels": None}}, (None, [])),
        ({"boundingBox": {"boundingBoxes": [BOX, BOX]}}, (2, ["Car", "Car"])),
        ({"boundingBox": {"boundingBoxes": []}}, (0, [])),
        ({"boundingBox": {"boundingBoxes": None}}, (0, [])),
        ({"boundingBox": {"inputImageProperties": {"height": 1, "width": 1}}}, (0, [])),
        ({"boundingBox": {"boundingBoxes": [{**BOX, "left": "1"}]}}, (None, [])),
        ({"boundingBox": {"boundingBoxes": [{**BOX, "left": 1e200}]}}, (None, [])),
        ({"anyName": {"boundingBoxes": [BOX]}}, (1, ["Car"])),
        ({"anyName": {"inputImageProperties": {"height": 1, "width": 1}}}, (0, [])),
        ({"anyName": {"inputImageProperties": {"height": 1, "width": 1}, "initialValueModified": True}}, (0, [])),
        ({"anyName": {"inputImageProperties": {"height": 1, "width": 1}, "circles": []}}, (None, [])),
        ({"boundingBox": {}}, (0, [])),
        ({"boundingBox": {"circles": [BOX]}}, (None, [])),
        ({"crowd-entity-annotation": {"entities": None}}, (0, [])),
        ({"crowd-entity-annotation": {"entities": [{"startOffset": 0, "endOffset": 2**63, "label": "x"}]}}, (None, [])),
        ({"polygon": {"polygons": [{"label": "x", "vertices": [{"x": 1, "y": 2}]}]}}, (1, ["x"])),
        ({"polygon": {"polygons": [{"label": "x", "vertices": []}]}}, (None, [])),
        ({"crowdKeypoint": {"keypoints": [{"label": "x", "x": 1, "y": 2}]}}, (1, ["x"])),
        ({"crowdKeypoint": {"keypoints": [{"label": "x", "x": 1}]}}, (None, [])),
        ({"crowdLine": {"lines": [{"label": "x", "vertices": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]}]}}, (1, ["x"])),
        ({"anyName": {"polylines": None}}, (0, [])),
        ({"anyName": {"polygons": [], "lines": 7}}, (None, [])),
        ({"crowd-instance-segmentation": {"instances": [{"label": "x", "color": "#fff"}]}}, (None, [])),
        ({"comment": "good", "colour": {"red": True}}, (None, [])),
        ({"comment": "good", "kind": {"label": "Car"}, "more": {"labels": ["a"]}}, (2, ["Car", "a"])),
        ({}, (None, [])),
        ([], (None, [])),
        (None, (None, [])),
        ("text", (None, [])),
    ],
    ids=json.dumps,
)
def test_labels_of_an_answer(content: object, expected: tuple[int | None, list[Any]]) -> None:
    """An element's form is told by its fields; what has none of the forms is kept, and counts no labels."""
    assert labels(content) == expected


def test_labels_of_several_elements_are_numbered_through() -> None:
    rows = answers(response({"p": {"labels": ["a", "b"]}, "q": {"label": "c"}}))["worker_annotations"]
    assert [(row["element_name"], row["annotation_index"], row["label"]) for row in rows] == [
        ("p", 0, "a"),
        ("p", 1, "b"),
        ("q", 2, "c"),
    ]


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        (["crowd-image-classifier"], "image-classification"),
        (["crowd-classifier"], None),
        (["crowd-semantic-segmentation", "comment"], "semantic-segmentation"),
        (["boundingBox", "crowd-entity-annotation"], None),
    ],
)
def test_task_type_is_told_by_the_element_where_it_is_the_only_one(elements: list[str], expected: str | None) -> None:
    [row] = answers(response({name: {} for name in elements}))["worker_answers"]
    assert row.get("task_type") == expected


@pytest.mark.parametrize(
    ("worker_id", "expected"),
    [
        ("private.us-east-1.0000000000000a01", "private"),
        ("public.us-east-1.AAAAAAAAAAAAAAAAAAAAAAAAA1", "public"),
        ("vendor.eu-west-1.x", "vendor"),
        ("a12b3cdefg4h5i67", "unknown"),
        ("private", "unknown"),
        ("robot.us-east-1.x", "unknown"),
        ("", "unknown"),
    ],
)
def test_workforce(worker_id: str, expected: str) -> None:
    assert workforce(worker_id) == expected


def test_worker_key_is_of_the_person_not_of_the_account_where_there_is_an_identity() -> None:
    """One person has several worker ids: another in each region, another in each work team."""
    person = hashlib.md5(b"https://issuer.example\nsub-1").hexdigest()
    assert worker_key("private.us-east-1.1", "https://issuer.example", "sub-1") == person
    assert worker_key("private.eu-west-1.2", "https://issuer.example", "sub-1") == person
    assert worker_key("private.us-east-1.1", "https://issuer.example", "sub-2") != person
    assert (
        worker_key("private.us-east-1.1", "https://issuer.example") == hashlib.md5(b"private.us-east-1.1").hexdigest()
    )
    assert worker_key("private.us-east-1.1", None, "sub-1") == hashlib.md5(b"private.us-east-1.1").hexdigest()


@pytest.mark.parametrize("metadata", [None, {}, {"identityData": None}, {"identityData": {}}, {"more": 1}])
def test_worker_metadata_may_say_nothing(metadata: object) -> None:
    [row] = answers(response({}, workerMetadata=metadata))["worker_answers"]
    assert row["worker_key"] == hashlib.md5(b"w").hexdigest()
    assert row.keys().isdisjoint({"identity_provider", "identity_issuer", "identity_sub"})


def test_answers_of_forgotten_workers_are_passed_over_and_the_others_keep_their_place() -> None:
    two = {"answers": [json.loads(response({"a": {"label": who}}, workerId=who))["answers"][0] for who in ("u", "v")]}
    everyone = answers(json.dumps(two).encode())
    assert [row["worker_id"] for row in everyone["worker_answers"]] == ["u", "v"]
    found = batches(FileKind.WORKER_RESPONSE, json.dumps(two).encode())
    rows = by_table(Redaction(frozenset({worker_key("u")})).apply(found).tables)
    assert rows["worker_answers"] == [row for row in everyone["worker_answers"] if row["worker_id"] == "v"]
    assert rows["worker_annotations"] == [row for row in everyone["worker_annotations"] if row["label"] == "v"]
    assert rows["worker_answers"][0]["answer_index"] == 1


def test_one_broken_answer_refuses_the_file_and_says_which() -> None:
    data = json.loads(response({}))
    data["answers"] += [{**data["answers"][0], "more": 1}, {**data["answers"][0], "workerId": None}]
    with pytest.raises(BadFile, match=r"answers\[2\]: Expected `int | str`, got `null` - at `\$.workerId`"):
        answers(json.dumps(data).encode())


@pytest.mark.parametrize("field", ["acceptanceTime", "submissionTime"])
def test_a_broken_time_is_refused_with_its_field(field: str) -> None:
    with pytest.raises(BadFile, match=f"{field}: not an ISO 8601 time: 'noon'"):
        answers(response({}, **{field: "noon"}))


@pytest.mark.parametrize("seconds", ["1e13", "-1e13", '"1"', "1e999"])
def test_seconds_that_are_no_sensible_number_are_refused(seconds: str) -> None:
    data = response({}, timeSpentInSeconds=0).replace(
        b'"timeSpentInSeconds": 0', f'"timeSpentInSeconds": {seconds}'.encode()
    )
    with pytest.raises((BadFile, msgspec.ValidationError)):
        answers(data)


@pytest.mark.parametrize("folder", ["", "x", "-1", "1.0", "\u0661", "1" * 19, "00", "01"])
def test_a_folder_that_is_no_index_is_refused(folder: str) -> None:
    with pytest.raises(BadFile, match="not an object's index"):
        answers(response({}), object_folder=folder)
