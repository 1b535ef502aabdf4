"""Crowd elements: what each kind of answer gives, whatever its element is named."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from typing import Any

import pytest
from PIL import Image

from ingest.formats.parsing import BadFile
from tests.formats.parsed import Row, answers

FOLDER = "0123456789abcdef0123456789abcdef01234567"
SIZE = {"height": 8, "width": 9}
BOX = {"left": 1, "top": 2, "width": 3, "height": 4, "label": "Car"}
LINE = [{"x": 1, "y": 2}, {"x": 5, "y": 2}, {"x": 5, "y": 5}]
CUBOID = {
    "label": "Car",
    "centerX": 1,
    "centerY": -2.5,
    "centerZ": 0.5,
    "length": 4,
    "width": 2,
    "height": 1.5,
    "roll": 0,
    "pitch": 0.1,
    "yaw": -0.83,
}


def read(content: object) -> tuple[Row, list[Row], list[Row]]:
    """The answer, its labels and its attributes."""
    answer = {"answerContent": content, "submissionTime": "2021-01-02T03:04:05Z", "workerId": "w"}
    rows = answers(json.dumps({"answers": [answer]}).encode())
    [row] = rows["worker_answers"]
    place = {"iteration": 1, "object_index": 0, "answer_index": 0}
    labels, found = rows.get("worker_annotations", []), rows.get("worker_annotation_attributes", [])
    for inner in (*labels, *found):
        assert {name: inner.pop(name) for name in place} == place
    return row, labels, found


def attributes(content: object) -> list[tuple[str, str | None, str | None]]:
    """Scope, name and value."""
    _, _, found = read(content)
    return [(row["scope"], row["attribute_name"], row.get("attribute_value")) for row in found]


def png(*rows: str, colors: Mapping[str, tuple[int, ...]]) -> str:
    """A mask of as many pixels as there are letters, each in the colour of its letter."""
    image = Image.new("RGBA", (len(rows[0]), len(rows)))
    image.putdata([colors[letter] for row in rows for letter in row])
    data = io.BytesIO()
    image.save(data, "PNG")
    return base64.b64encode(data.getvalue()).decode()


COLORS = {"b": (31, 119, 180, 255), "g": (44, 160, 44, 255), "-": (255, 255, 255, 255), " ": (0, 0, 0, 0)}
MASK = png("bbg-", "bb- ", "----", colors=COLORS)
MAPPINGS = {"Roof": {"color": "#1f77b4"}, "Tree": {"color": "#2CA02C"}, "Road": {"color": "#d62728"}}


@pytest.mark.parametrize("name", ["crowd-semantic-segmentation", "annotatedResult"])
def test_a_segmentation_gives_each_class_that_has_pixels(name: str) -> None:
    """The mappings list every class of the template: one that was not painted is no label; nor is a colour of none."""
    content = {"inputImageProperties": SIZE, "labelMappings": MAPPINGS, "labeledImage": {"pngImageData": MASK}}
    row, labels, _ = read({name: content})
    assert row["label_count"] == 2
    assert labels == [
        {
            "element_name": name,
            "annotation_index": 0,
            "shape": "mask",
            "label": "Roof",
            "area": 4,
            "region_share": 4 / 12,
            "geometry_json": '{"size":[3,4],"counts":[0,2,1,2,7]}',
            "extra_json": '{"color":"#1f77b4"}',
        },
        {
            "element_name": name,
            "annotation_index": 1,
            "shape": "mask",
            "label": "Tree",
            "area": 1,
            "region_share": 1 / 12,
            "geometry_json": '{"size":[3,4],"counts":[6,1,5]}',
            "extra_json": '{"color":"#2CA02C"}',
        },
    ]


def test_a_mask_may_have_line_breaks() -> None:
    mask = {"labelMappings": MAPPINGS, "labeledImage": {"pngImageData": MASK[:40] + "\n" + MASK[40:] + "\n"}}
    assert read({"any": mask})[0]["label_count"] == 2


def test_a_segmentation_of_instances_gives_each_instance() -> None:
    """Two of one class have a colour each; one that another was painted over is one still."""
    instances = [
        {"color": "#1f77b4", "label": "Roof"},
        {"color": "#2ca02c", "label": "Roof"},
        {"color": "#d62728", "label": "Tree"},
    ]
    row, labels, _ = read({"any": {"instances": instances, "labeledImage": {"pngImageData": MASK}}})
    assert row["label_count"] == 3
    assert [(label["label"], label["area"], label["region_share"]) for label in labels] == [
        ("Roof", 4, 4 / 12),
        ("Roof", 1, 1 / 12),
        ("Tree", 0, 0.0),
    ]
    assert labels[2]["geometry_json"] == '{"size":[3,4],"counts":[12]}'


@pytest.mark.parametrize(
    "content",
    [
        {"labelMappings": MAPPINGS, "labeledImage": {"pngImageData": "iVBORw0KGgo="}},
        {"labelMappings": MAPPINGS, "labeledImage": {"pngImageData": "not base64"}},
        {"labelMappings": MAPPINGS, "labeledImage": {"pngImageData": "é"}},
        {"labelMappings": MAPPINGS, "labeledImage": {"pngImageData": MASK[:-40]}},
        {"labelMappings": MAPPINGS, "labeledImage": {"pngImageData": None}},
        {"labelMappings": MAPPINGS, "labeledImage": None},
        {"labelMappings": {"Roof": "#1f77b4"}, "labeledImage": {"pngImageData": MASK}},
        {"labelMappings": MAPPINGS},
        {"instances": [{"label": "Roof"}], "labeledImage": {"pngImageData": MASK}},
        {"labeledImage": {"pngImageData": MASK}},
    ],
    ids=lambda content: json.dumps(content)[:80],
)
def test_a_mask_that_cannot_be_read_is_kept_and_counts_no_labels(content: object) -> None:
    row, labels, found = read({"crowd-semantic-segmentation": content})
    assert "label_count" not in row
    assert (labels, found) == ([], [])
    assert json.loads(row["answer_json"]) == {"crowd-semantic-segmentation": content}


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        (
            {"keypoints": [{"label": "Eye", "x": 1, "y": 2.5}]},
            {"shape": "keypoint", "label": "Eye", "vertex_count": 1, "geometry_json": '[{"x":1.0,"y":2.5}]'},
        ),
        (
            {"polygons": [{"label": "Roof", "vertices": LINE}]},
            {
                "shape": "polygon",
                "label": "Roof",
                "vertex_count": 3,
                "area": 6.0,
                "geometry_json": '[{"x":1.0,"y":2.0},{"x":5.0,"y":2.0},{"x":5.0,"y":5.0}]',
            },
        ),
        (
            {"polylines": [{"label": "Lane", "vertices": LINE[:2]}]},
            {
                "shape": "polyline",
                "label": "Lane",
                "vertex_count": 2,
                "geometry_json": '[{"x":1.0,"y":2.0},{"x":5.0,"y":2.0}]',
            },
        ),
        (
            {"lines": [{"label": "sideline", "vertices": LINE[:2]}]},
            {
                "shape": "polyline",
                "label": "sideline",
                "vertex_count": 2,
                "geometry_json": '[{"x":1.0,"y":2.0},{"x":5.0,"y":2.0}]',
            },
        ),
        (
            {"boundingCuboids": [{**CUBOID, "objectName": "Car:1", "score": 1}]},
            {
                "shape": "cuboid",
                "label": "Car",
                "track_name": "Car:1",
                "extra_json": '{"score":1}',
                "center_x": 1.0,
                "center_y": -2.5,
                "center_z": 0.5,
                "cuboid_length": 4.0,
                "cuboid_width": 2.0,
                "cuboid_height": 1.5,
                "roll": 0.0,
                "pitch": 0.1,
                "yaw": -0.83,
            },
        ),
    ],
    ids=lambda value: next(iter(value)),
)
def test_labels_that_are_drawn(element: dict[str, Any], expected: dict[str, Any]) -> None:
    row, labels, _ = read({"any name": {"inputImageProperties": SIZE, **element}})
    assert row["label_count"] == 1
    assert labels == [{"element_name": "any name", "annotation_index": 0, **expected}]


def test_attributes_of_labels_are_those_of_their_label() -> None:
    """Labels are numbered over the elements of an answer, and so are they in its attributes."""
    content = {
        "first": {"labels": ["a", "b"]},
        "boundingBox": {"boundingBoxes": [BOX, {**BOX, "labelCategoryAttributes": {"Moving": True, "Doors": 4}}]},
        "last": {"polygons": [{"label": "x", "vertices": LINE, "labelCategoryAttributes": {"Tags": ["a"]}}]},
    }
    _, labels, found = read(content)
    assert [(row["element_name"], row["annotation_index"]) for row in labels] == [
        *(("first", 0), ("first", 1), ("boundingBox", 2), ("boundingBox", 3)),
        ("last", 4),
    ]
    assert found == [
        {
            "element_name": element,
            "annotation_index": place,
            "scope": "annotation",
            "attribute_name": name,
            "attribute_value": value,
        }
        for element, place, name, value in (
            ("boundingBox", 3, "Moving", "true"),
            ("boundingBox", 3, "Doors", "4"),
            ("last", 4, "Tags", '["a"]'),
        )
    ]


def test_attributes_of_the_frame() -> None:
    content = {"boundingCuboids": {"boundingCuboids": [CUBOID], "frameAttributes": {"weather": "fog", "cars": 2}}}
    assert attributes(content) == [("frame", "weather", "fog"), ("frame", "cars", "2")]


@pytest.mark.parametrize(
    "element",
    [
        {"label": "good"},
        {"labels": ["good", "bad"]},
        {"boundingBoxes": [BOX]},
        {"boundingBoxes": None},
        {"inputImageProperties": SIZE},
        {"polygons": []},
        {"labelMappings": MAPPINGS, "labeledImage": {"pngImageData": MASK}},
    ],
    ids=lambda element: next(iter(element)),
)
def test_what_a_worker_says_of_an_answer_is_kept_whatever_its_form(element: dict[str, Any]) -> None:
    content = {"any": {**element, "workerComment": "too dark", "initialValueModified": False}}
    assert attributes(content) == [
        ("object", "workerComment", "too dark"),
        ("object", "initialValueModified", "false"),
    ]
    assert attributes({"any": {**element, "workerComment": None}}) == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"comment": "good"}, [("comment", "good")]),
        ({"comment": ""}, [("comment", "")]),
        ({"comment": "è\n\u2028🚗"}, [("comment", "è\n\u2028🚗")]),
        ({"slider": 12.50}, [("slider", "12.5")]),
        ({"number": 10**30}, [("number", "1" + "0" * 30)]),
        ({"done": True}, [("done", "true")]),
        ({"nothing": None}, []),
        ({"agree": {"on": True}}, [("agree", "true")]),
        ({"agree": {"yes": True}}, [("agree.yes", "true")]),
        (
            {"image_attributes": {"blurry": True, "exposed": False}},
            [("image_attributes.blurry", "true"), ("image_attributes.exposed", "false")],
        ),
        ({"vote": {"on": True, "off": False}}, [("vote.on", "true"), ("vote.off", "false")]),
        ({"vote": {"label": True}}, [("vote.label", "true")]),
        ({"vote": {}}, []),
        ({"vote": {"on": "yes"}}, []),
        ({"vote": {"on": True, "off": None}}, []),
        ({"questionAndAnswers": [{"question": "why?", "answer": "so"}]}, []),
        ({"textRanking": {"ranks": [{"text": "a", "rank": 1}]}}, []),
        ({"": "good"}, [("", "good")]),
    ],
    ids=json.dumps,
)
def test_fields_of_a_form(content: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """Text as it is; boxes and buttons by their values; what is neither is in the answer's JSON alone."""
    row, labels, found = read(content)
    [(element, _)] = content.items()
    assert found == [
        {"element_name": element, "scope": "object", "attribute_name": name, "attribute_value": value}
        for name, value in expected
    ]
    assert ("label_count" in row, labels) == (False, [])
    assert json.loads(row["answer_json"]) == content


def test_a_number_is_kept_as_written() -> None:
    answer = b'{"answers":[{"answerContent":{"n":12.50},"submissionTime":"2021-01-02T03:04:05Z","workerId":"w"}]}'
    [row] = answers(answer)["worker_annotation_attributes"]
    assert row["attribute_value"] == "12.50"


@pytest.mark.parametrize(
    ("prefix", "folder"),
    [
        (f"s3://example-bucket/out/job/annotations/worker-response/iteration-1/0/{FOLDER}/", FOLDER),
        (f"s3://example-bucket/out/job/annotations/worker-response/iteration-1/0/{FOLDER}", FOLDER),
        ("s3://example-bucket/out/job/annotations/worker-response/iteration-1/0/elsewhere/", None),
        (f"s3://example-bucket/{FOLDER}0/", None),
        ("", None),
        (None, None),
        ([], None),
    ],
)
@pytest.mark.parametrize("name", ["trackingAnnotations", "any"])
def test_an_answer_that_points_to_its_frames(name: str, prefix: object, folder: str | None) -> None:
    """Its labels are in other files, and are not counted here."""
    row, labels, found = read(
        {name: {"frameData": {"s3Prefix": prefix, "entries": [{"any": 1}, 7]}}, "kind": {"label": "a"}}
    )
    assert row.get("payload_folder") == folder
    assert "label_count" not in row
    assert [label["label"] for label in labels] == ["a"]
    assert found == []


def test_an_answer_that_points_to_two_folders_is_refused() -> None:
    """Which of them its frames are in nobody could tell; twice the same is once."""
    one, other = ({"frameData": {"s3Prefix": f"s3://example-bucket/{digit * 40}/"}} for digit in "ab")
    assert read({"p": one, "q": one})[0]["payload_folder"] == "a" * 40
    with pytest.raises(BadFile, match="answer 0 points to several folders of frames"):
        read({"p": one, "q": other})
