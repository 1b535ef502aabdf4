"""What holds for every answer, frame and consolidation request: no value is fatal, and nothing is lost or invented."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.formats.parsing import BadFile
from ingest.job_folder import FileKind
from tests.formats.parsed import Row, parse
from tests.formats.test_crowd_elements import COLORS, MASK, png
from tests.load.test_properties import places, values

FOLDER = "0123456789abcdef0123456789abcdef01234567"
VERTICES = [{"x": 0, "y": 0}, {"x": 4, "y": 0}, {"x": 4, "y": 3}]
BOX = {"left": 1, "top": 2.5, "width": 3, "height": 4, "label": "Car", "labelCategoryAttributes": {"Moving": True}}
CUBOID = {
    **dict.fromkeys(("centerX", "centerY", "centerZ", "length", "width", "height", "roll", "pitch", "yaw"), 1.5),
    "label": "Car",
    "objectName": "Car:1",
    "labelCategoryAttributes": {"Parked": "no"},
}
# An answer of every form, with every field that is read.
CONTENTS: list[dict[str, Any]] = [
    {"crowd-image-classifier": {"label": "Heron", "workerComment": "far"}},
    {"crowd-classifier-multi-select": {"labels": ["a", "b"]}},
    {"boundingBox": {"boundingBoxes": [BOX], "initialValueModified": True, "inputImageProperties": {"width": 9}}},
    {"crowd-entity-annotation": {"entities": [{"startOffset": 0, "endOffset": 3, "label": "Maker"}]}},
    {"mask": {"labelMappings": {"Roof": {"color": "#1f77b4"}}, "labeledImage": {"pngImageData": MASK}}},
    {"things": {"instances": [{"color": "#1f77b4", "label": "Hat"}], "labeledImage": {"pngImageData": MASK}}},
    {"eyes": {"keypoints": [{"label": "Left", "x": 1, "y": 2}]}},
    {"face": {"polygons": [{"label": "Face", "vertices": VERTICES}]}},
    {"lanes": {"polylines": [{"vertices": VERTICES}], "lines": [{"label": "x", "vertices": VERTICES[:2]}]}},
    {"boundingCuboids": {"boundingCuboids": [CUBOID], "frameAttributes": {"fog": "no"}}},
    {"trackingAnnotations": {"frameData": {"s3Prefix": f"s3://example-bucket/{FOLDER}/", "entries": []}}},
    {"comment": "good", "consent": {"on": True}, "marks": {"blurry": True, "dark": False}, "age": 7.5},
    {"questionAndAnswers": [{"question": "why?"}], "textRanking": {"ranking": [1]}},
]
FRAME = {
    "frameNumber": 1,
    "frame": "1.jpg",
    "frameAttributes": {"fog": "no"},
    "boundingBoxes": [BOX],
    "polygons": [{"label": "Face", "vertices": VERTICES}],
    "cuboids": [CUBOID],
    "points": [{"x": 1, "y": 2}],
    "zoom": 2,
}


def response(*contents: object) -> dict[str, Any]:
    return {
        "answers": [
            {"answerContent": content, "submissionTime": "2021-01-02T03:04:05Z", "workerId": f"w{number}"}
            for number, content in enumerate(contents)
        ]
    }


def request(*contents: object) -> list[Any]:
    annotations = [
        {"workerId": f"w{number}", "annotationData": {"content": json.dumps(content)}}
        for number, content in enumerate(contents)
    ]
    return [{"datasetObjectId": "0", "dataObject": {"content": "x"}, "annotations": annotations}]


SOUND: list[tuple[FileKind, Any]] = [
    (FileKind.WORKER_RESPONSE, response(*CONTENTS)),
    (FileKind.CONSOLIDATION_REQUEST, request(*CONTENTS)),
    (FileKind.WORKER_FRAME, {"trackingAnnotations": FRAME}),
    (FileKind.WORKER_FRAME, {"detectionAnnotations": [FRAME, {"frameName": "2.jpg"}], "version": 1}),
]


def read(kind: FileKind, document: Any) -> dict[str, list[Row]] | None:
    """The file's rows; None where it is refused, as files may be."""
    try:
        return parse(kind, json.dumps(document).encode(), payload_folder=FOLDER)
    except (BadFile, msgspec.MsgspecError, UnicodeDecodeError):
        return None


@st.composite
def documents_with_one_other_value(draw: st.DrawFn, documents: list[Any]) -> Any:
    """A sound document in which one value is another, or is gone."""
    document = copy.deepcopy(draw(st.sampled_from(documents)))
    *trail, last = draw(st.sampled_from(list(places(document))))
    parent = document
    for key in trail:
        parent = parent[key]
    if draw(st.integers(0, 3)):
        parent[last] = draw(values)
    else:
        del parent[last]
    return document


def sound(value: Any) -> Any:
    """The same without halves of characters: each is U+FFFD."""
    if isinstance(value, dict):
        return {sound(name): sound(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [sound(inner) for inner in value]
    if not isinstance(value, str):
        return value
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def flat(value: Any) -> Iterator[Any]:
    """Every key and value in a document; those within a JSON text too."""
    yield value
    if isinstance(value, dict | list):
        for inner in (*value, *value.values()) if isinstance(value, dict) else value:
            yield from flat(inner)
    elif isinstance(value, str) and value.strip()[:1] in {"{", "[", '"'}:
        try:
            yield from flat(json.loads(value))
        except ValueError:
            return


def check(rows: dict[str, list[Row]], document: Any) -> None:
    """Labels, attributes and frames are the document's, each with the answer or the frame it is of."""
    for row in (row for found in rows.values() for row in found):
        assert all(math.isfinite(value) for value in row.values() if isinstance(value, float))
    answers = {row["answer_index"]: row for row in rows.get("worker_answers", [])}
    frames = {(row.get("frame_name"), row.get("frame_index")): row for row in rows.get("worker_frames", [])}
    assert len(answers) + len(frames) == len(rows.get("worker_answers", [])) + len(rows.get("worker_frames", []))
    labels: dict[Any, list[int]] = {key: [] for key in (*answers, *frames)}
    # A name may be a number.
    texts = {
        sound(value) if isinstance(value, str) else json.dumps(value)
        for value in flat(document)
        if isinstance(value, str | int)
    }
    for row in rows.get("worker_annotations", []):
        key = row["answer_index"] if answers else (row.get("frame_name"), row.get("frame_index"))
        labels[key].append(row["annotation_index"])
        assert row.get("label") is None or row["label"] in texts or f"{row['label']}:" in row.get("track_name", "")
    for key, numbers in labels.items():
        assert numbers == list(range(len(numbers))), "numbered through"
        of_answer = answers.get(key)
        if of_answer is None:
            assert frames[key].get("annotation_count") in (len(numbers), None)
        elif "label_count" in of_answer:
            assert of_answer["label_count"] == len(numbers)
        else:
            assert (
                not numbers
                or "trackingAnnotations" in of_answer["answer_json"]
                or "frameData" in of_answer["answer_json"]
            )
    for row in rows.get("worker_annotation_attributes", []):
        assert row["attribute_name"] in texts or row["attribute_name"].startswith(f"{row['element_name']}.")
        if row["scope"] == "annotation":
            key = row["answer_index"] if answers else (row.get("frame_name"), row.get("frame_index"))
            assert row["annotation_index"] in labels[key]


@pytest.mark.parametrize(("kind", "document"), SOUND, ids=["response", "request", "frame", "frames"])
def test_sound_files_are_read(kind: FileKind, document: Any) -> None:
    rows = read(kind, document)
    assert rows is not None
    check(rows, document)
    shapes = {row["shape"] for row in rows["worker_annotations"]}
    if kind == FileKind.WORKER_FRAME:
        assert shapes == {"box", "polygon", "cuboid", "keypoint"}
    else:
        assert shapes == {"class", "box", "span", "mask", "keypoint", "polygon", "polyline", "cuboid"}
        assert [row.get("label_count") for row in rows["worker_answers"]] == [1, 2, 1, 1, 1, 1, 1, 1, 2, 1] + [None] * 3


@pytest.mark.parametrize(("kind", "document"), SOUND, ids=["response", "request", "frame", "frames"])
@settings(max_examples=500)
@given(data=st.data())
def test_any_value_in_place_of_any_other(kind: FileKind, document: Any, data: st.DataObject) -> None:
    """The file is read or refused; whatever is read is in it."""
    other = data.draw(documents_with_one_other_value([document]))
    rows = read(kind, other)
    if rows is not None:
        check(rows, other)


@settings(max_examples=1_000)
@given(other=documents_with_one_other_value(CONTENTS), content=st.sampled_from(CONTENTS))
def test_a_broken_answer_harms_no_other(other: Any, content: Any) -> None:
    """However it is broken: a file is refused for what is no JSON alone, such as NaN."""
    alone, beside = read(FileKind.WORKER_RESPONSE, response(content)), response(content, other)
    rows = read(FileKind.WORKER_RESPONSE, beside)
    assert alone is not None
    if rows is None:
        with pytest.raises(msgspec.DecodeError):
            msgspec.json.decode(json.dumps(beside))
        return
    check(rows, beside)
    for table, found in alone.items():
        assert [row for row in rows[table] if row["answer_index"] == 0] == found
    [_, broken] = rows["worker_answers"]
    assert json.loads(broken["answer_json"]) == sound(other)


@settings(max_examples=300)
@given(content=st.dictionaries(st.text(max_size=4), values, max_size=4))
def test_any_answer_is_the_same_in_a_response_and_in_a_request(content: dict[str, Any]) -> None:
    one, other = (
        read(FileKind.WORKER_RESPONSE, response(content)),
        read(FileKind.CONSOLIDATION_REQUEST, request(content)),
    )
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        for table in ("worker_annotations", "worker_annotation_attributes"):
            assert one.get(table) == other.get(table)


@given(st.lists(st.text("rg.", min_size=3, max_size=3), min_size=1, max_size=5), st.booleans())
def test_pixels_of_a_mask_are_counted(rows: list[str], is_of_instances: bool) -> None:
    """Against the letters that the mask was made from."""
    colors = {"r": COLORS["b"], "g": COLORS["g"], ".": COLORS["-"]}
    hexes = {"r": "#1f77b4", "g": "#2ca02c"}
    mask: dict[str, Any] = {"labeledImage": {"pngImageData": png(*rows, colors=colors)}}
    if is_of_instances:
        mask["instances"] = [{"label": letter, "color": color} for letter, color in hexes.items()]
    else:
        mask["labelMappings"] = {letter: {"color": color} for letter, color in hexes.items()}
    found = read(FileKind.WORKER_RESPONSE, response({"mask": mask}))
    assert found is not None
    letters = "".join(rows)
    expected = {letter: letters.count(letter) for letter in hexes if is_of_instances or letter in letters}
    labels = found.get("worker_annotations", [])
    assert {row["label"]: row["area"] for row in labels} == expected
    assert [row["region_share"] for row in labels] == [count / len(letters) for count in expected.values()]
