"""Frames of workers' answers to sequences: their names and numbers, and the shapes of their labels."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import msgspec
import pytest

from ingest.formats.parsing import BadFile
from ingest.job_folder import FileKind
from tests.formats.parsed import Row, parse

FOLDER = "0123456789abcdef0123456789abcdef01234567"
BOX = {"left": 1, "top": 2, "width": 3, "height": 4, "label": "Car"}
CUBOID = {"centerX": 1, "centerY": 2, "centerZ": 3, "length": 4, "width": 5, "height": 6, "label": "Car"}
POINT = {"x": 1, "y": 2, "label": "Eye"}
LINE = {"vertices": [{"x": 1, "y": 2}, {"x": 3, "y": 4}], "label": "Lane"}

parse_frame = partial(parse, FileKind.WORKER_FRAME, payload_folder=FOLDER)


def frames(*found: Any, holder: str = "trackingAnnotations", **others: Any) -> list[Row]:
    """The frames of a file that holds them as a list."""
    rows = parse_frame(json.dumps({holder: found, **others}).encode())["worker_frames"]
    for row in rows:
        assert (row.pop("iteration"), row.pop("object_index"), row.pop("payload_folder")) == (1, 0, FOLDER)
    return rows


def frame(content: dict[str, Any]) -> tuple[Row, list[tuple[str, str]]]:
    """A frame, and the list and shape of each of its labels, which are told apart by their label."""
    rows = parse_frame(json.dumps({"trackingAnnotations": {"frameNumber": 0, **content}}).encode())
    return rows["worker_frames"][0], [(row["shape"], row["label"]) for row in rows.get("worker_annotations", [])]


@pytest.mark.parametrize(
    ("content", "name", "number"),
    [
        ({"frameNumber": 7, "frame": "frame_0008.jpeg"}, "frame_0008.jpeg", 7),
        ({"frameNumber": "007", "frame": "frame_0008.jpeg"}, "frame_0008.jpeg", 7),
        ({"frame": "frame_0008.jpeg"}, "frame_0008.jpeg", None),
        ({"frameName": "8.pcd"}, "8.pcd", None),
        ({"frameNumber": 2**31 - 1}, "file", 2**31 - 1),
        ({"frame": ""}, "", None),
        ({}, "file", None),
        ({"frame": None, "frameNumber": None}, "file", None),
    ],
    ids=json.dumps,
)
@pytest.mark.parametrize("is_list", [False, True])
def test_name_and_number_of_a_frame(content: dict[str, Any], name: str, number: int | None, is_list: bool) -> None:
    """The number is never made from the name, which may count from 1; a frame without a name has its file's."""
    value = [content] if is_list else content
    [row] = parse_frame(json.dumps({"detectionAnnotations": value}).encode())["worker_frames"]
    assert (row["frame_name"], row.get("frame_index"), row["annotation_count"]) == (name, number, 0)


def test_several_frames_in_a_file() -> None:
    assert frames({"frameName": "1.pcd"}, {"frameName": "2.pcd", "boundingCuboids": [CUBOID]}, {"frameNumber": 3}) == [
        {"frame_name": "1.pcd", "annotation_count": 0},
        {"frame_name": "2.pcd", "annotation_count": 1},
        {"frame_index": 3, "annotation_count": 0},
    ]


@pytest.mark.parametrize(
    ("found", "error"),
    [
        ([{"frame": "1.jpg"}, {"frame": "1.jpg"}], "frame 1 of the file: duplicate frame"),
        ([{"frameNumber": 1}, {"frameNumber": "01"}], "frame 1 of the file: duplicate frame"),
        ([{"frame": "1.jpg"}, {}], "frame 1 of the file: no frame name and no frame number"),
        ([{"frameNumber": -1}], "frameNumber -1 is out of range"),
        ([{"frameNumber": 2**31}], "frameNumber 2147483648 is out of range"),
        ([{"frameNumber": "one"}], "not an object's index: 'one'"),
        ([{"frameNumber": 1.5}], "frame 0 of the file: Expected"),
        ([{"frame": 7}], r"Expected `str \| null`, got `int` - at `\$.frame`"),
        ([{"frameAttributes": []}], r"at `\$.frameAttributes`"),
        ([7], "frame 0 of the file: Expected `object`"),
        ([{"boundingBoxes": [{**BOX, "left": None}]}], "a box lacks left, top, width or height"),
        ([{"boundingBoxes": [{**BOX, "left": 1e200}]}], r"at `\$.left`"),
        ([{"boundingBoxes": 7}], "frame 0 of the file: Expected `array"),
        ([{"boundingBoxes": [7]}], "frame 0 of the file: Expected `object`"),
        ([{"boundingCuboids": [BOX]}], "a cuboid lacks its centre, length, width or height"),
        ([{"polygons": [{"vertices": []}]}], "a polygon has no place"),
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_a_frame_that_cannot_be_understood_refuses_the_file(found: list[Any], error: str) -> None:
    with pytest.raises(BadFile, match=error):
        frames(*found)


@pytest.mark.parametrize("data", [b"{}", b'{"boundingBoxes":[]}', b'{"tracking-annotations":[]}'])
def test_a_file_that_holds_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(BadFile, match="neither trackingAnnotations nor detectionAnnotations"):
        parse_frame(data)


@pytest.mark.parametrize("data", [b"[]", b"null", b"7", b'{"trackingAnnotations":null}', b'{"trackingAnnotations":7}'])
def test_what_is_no_object_is_refused(data: bytes) -> None:
    with pytest.raises((BadFile, msgspec.ValidationError)):
        parse_frame(data)


@pytest.mark.parametrize(
    ("name", "items", "shape"),
    [
        ("boundingBoxes", [BOX], "box"),
        ("boundingCuboids", [CUBOID], "cuboid"),
        ("keypoints", [POINT], "keypoint"),
        ("polygons", [LINE], "polygon"),
        ("polylines", [LINE], "polyline"),
        ("lines", [LINE], "polyline"),
        # Names that nobody documents.
        ("boxes", [BOX], "box"),
        ("cuboids", [CUBOID], "cuboid"),
        ("points", [POINT], "keypoint"),
        ("polygonAnnotations", [LINE], "polygon"),
        ("boundingPolylines", [LINE], "polyline"),
    ],
)
def test_shape_of_labels(name: str, items: list[dict[str, Any]], shape: str) -> None:
    """Told by the list's name, or else by the fields of its items."""
    row, labels = frame({name: items * 2})
    assert labels == [(shape, items[0]["label"])] * 2
    assert (row["annotation_count"], "extra_json" in row) == (2, False)


@pytest.mark.parametrize(
    ("name", "value", "count"),
    [
        ("shapes", [LINE], None),
        ("circles", [{"x": 1, "radius": 2}], None),
        ("boxes", [BOX, {}], None),
        ("boxes", [BOX, 7], None),
        ("boxes", [7, BOX], None),
        ("boxes", [{**BOX, "left": "1"}], None),
        ("boxes", [], 0),
        ("boxes", None, 0),
        ("boxes", BOX, 0),
        ("tags", ["a", 1], 0),
        ("isEmpty", True, 0),
    ],
    ids=repr,
)
def test_what_is_of_no_known_shape_is_kept(name: str, value: Any, count: int | None) -> None:
    """Where it may be labels, nobody knows how many there are."""
    row, labels = frame({name: value})
    assert labels == []
    assert row.get("annotation_count") == count
    assert json.loads(row["extra_json"]) == {name: value}


def test_what_is_beside_the_frames_is_kept_with_the_first() -> None:
    rows = frames({"frame": "1.jpg", "note": "x"}, {"frame": "2.jpg"}, version=[1])
    assert [json.loads(row["extra_json"]) for row in rows if "extra_json" in row] == [{"version": [1], "note": "x"}]
    assert len(rows) == 2


def test_attributes_of_labels_and_of_the_frame() -> None:
    boxes = [BOX, {**BOX, "objectId": "u", "objectName": "Car:1", "labelCategoryAttributes": {"Moving": True}, "z": 1}]
    content = {
        "frame": "1.jpg",
        "boundingBoxes": boxes,
        "keypoints": [{**POINT, "labelCategoryAttributes": {"Open": "no"}}],
        "frameAttributes": {"weather": "fog"},
    }
    rows = parse_frame(json.dumps({"trackingAnnotations": {"frameNumber": 3, **content}}).encode())
    key = {
        "iteration": 1,
        "object_index": 0,
        "payload_folder": FOLDER,
        "frame_name": "1.jpg",
        "element_name": "trackingAnnotations",
        "frame_index": 3,
    }
    box = {
        "shape": "box",
        "label": "Car",
        "box_left": 1.0,
        "box_top": 2.0,
        "box_width": 3.0,
        "box_height": 4.0,
        "area": 12.0,
    }
    assert rows["worker_annotations"] == [
        {**key, "annotation_index": 0, **box},
        {**key, "annotation_index": 1, **box, "track_id": "u", "track_name": "Car:1", "extra_json": '{"z":1}'},
        {
            **key,
            "annotation_index": 2,
            "shape": "keypoint",
            "label": "Eye",
            "vertex_count": 1,
            "geometry_json": '[{"x":1.0,"y":2.0}]',
        },
    ]
    assert rows["worker_annotation_attributes"] == [
        {**key, "annotation_index": 1, "scope": "annotation", "attribute_name": "Moving", "attribute_value": "true"},
        {**key, "annotation_index": 2, "scope": "annotation", "attribute_name": "Open", "attribute_value": "no"},
        {**key, "scope": "frame", "attribute_name": "weather", "attribute_value": "fog"},
    ]
    assert [row["annotation_count"] for row in rows["worker_frames"]] == [3]


def test_labels_are_numbered_in_the_same_order_whatever_that_of_the_lists() -> None:
    lists = {"zebras": [POINT], "boxes": [BOX], "polygons": [LINE], "boundingBoxes": [BOX]}
    _, labels = frame(lists)
    assert [shape for shape, _ in labels] == ["box", "polygon", "box", "keypoint"]
    assert frame(dict(reversed(lists.items())))[1] == labels


def test_the_class_of_a_label_without_one_is_the_track_s() -> None:
    _, labels = frame({"boundingBoxes": [{**BOX, "label": None, "objectName": "Van:red:1"}]})
    assert labels == [("box", "Van:red")]
