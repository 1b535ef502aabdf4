"""Golden answers: both forms, mixed and broken."""

from __future__ import annotations

import json

import pytest

from ingest.formats.parsing import BadFile
from tests.formats.parsed import golden

CLASS = {"class-name": "Heron", "type": "groundtruth/image-classification"}


def test_both_forms_in_one_file() -> None:
    by_source = {"source-ref": "s3://example-bucket/0.jpg", "a": 1, "a-metadata": CLASS}
    data = b'\xef\xbb\xbf{"4":"Egret"}\r\n' + json.dumps(by_source).encode()
    assert golden(data)["golden_labels"] == [
        {"object_index": 4, "annotation_index": 0, "shape": "class", "label": "Egret"},
        {
            "label_attribute_name": "a",
            "source_uri": "s3://example-bucket/0.jpg",
            "annotation_index": 0,
            "shape": "class",
            "label": "Heron",
            "class_id": "1",
        },
    ]


def test_other_keys_of_an_augmented_manifest_are_passed_over() -> None:
    line = {"source": "x", "7": "not an answer", "a": 1, "a-metadata": CLASS, "size": 3}
    rows = golden(json.dumps(line).encode())["golden_labels"]
    assert [(row.get("object_index"), row["source_text"], row["label"]) for row in rows] == [(None, "x", "Heron")]


def by_source(labels: list[str], confidence: float) -> bytes:
    class_map = {str(place): label for place, label in enumerate(labels)}
    metadata = {"type": "groundtruth/image-classification-multilabel", "class-map": class_map}
    metadata["confidence-map"] = dict.fromkeys(class_map, confidence)
    line = {"source-ref": "s3://example-bucket/0.jpg", "a": list(range(len(labels))), "a-metadata": metadata}
    return json.dumps(line).encode()


@pytest.mark.parametrize(
    "data",
    [
        b'{"4":"Egret"}\n{"04":["Egret","Egret"]}',
        by_source(["Egret", "Heron"], 0.5) + b"\n" + by_source(["Heron", "Egret"], 0.9),
        by_source([], 0.5) + b"\n" + by_source([], 0.5),
    ],
)
def test_an_answer_given_again_is_one(data: bytes) -> None:
    once, *_ = data.splitlines()
    assert golden(data) == golden(once)


@pytest.mark.parametrize(
    "data",
    [
        b'{"4":"Egret"}\n{"5":"Heron"}\n{"4":"Heron"}',
        by_source(["Egret"], 0.5) + b"\n\n" + by_source([], 0.5),
        by_source(["Egret"], 0.5) + b"\n\n" + by_source(["Egret", "Heron"], 0.5),
    ],
)
def test_two_answers_for_one_object_are_refused(data: bytes) -> None:
    with pytest.raises(BadFile, match=r"^line 3: another answer than line 1 has for the same data object$"):
        golden(data)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("17", "line 1: Expected `object`, got `int`"),
        ('{"-1":"x"}', "line 1: not an object's index: '-1'"),
        ('{"":"x"}', "line 1: not an object's index: ''"),
        ('{"0":null}', "line 1: Expected `int | str | array`, got `null`"),
        ('{"0":["a",null]}', "line 1: Expected `int | str`, got `null` - at `$[1]`"),
        ('{"0":"x"', "line 1: Input data was truncated"),
        ('{"source":"x","a-metadata":{"failure-reason":"expired"}}', "line 1: labels of type None cannot be compared"),
        ('{"a":1,"a-metadata":{"class-name":"x","type":"groundtruth/image-classification"}}', "no golden label"),
        ("{}", "no golden label"),
        ("", "no golden label"),
    ],
)
def test_what_is_no_golden_answer_is_refused(line: str, error: str) -> None:
    with pytest.raises(BadFile) as found:
        golden(line.encode())
    assert str(found.value).startswith(error)
