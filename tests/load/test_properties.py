"""What holds for every input: a broken file harms no other, and nothing is lost, doubled or invented."""

from __future__ import annotations

import base64
import copy
import io
import json
import math
import random
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta, timezone
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ingest.formats.output_manifest import lines
from ingest.formats.parsing import milliseconds
from ingest.formats.registry import TASK_TYPES
from ingest.job_folder import FileKind, place_of
from ingest.tables import OVERLAPS
from tests.formats.parsed import Row, parse
from tests.load.raw_lake import (
    ANSWERS,
    BATCH,
    CLOUDS,
    CONFIG,
    FRAME,
    GOLDEN,
    LINKED,
    MANIFEST,
    MASK,
    OUTPUT,
    POINTS,
    REQUEST,
    RESULTS,
    SEQUENCE,
    RawLake,
    load_files,
)

REF = f"s3://example-bucket/out/job/{OUTPUT}"
MISSING = [f"s3://example-bucket/out/other-0/{OUTPUT}/{name}" for name in ("1/SeqLabel.json", "1_x.png", "1/x.zlib")]
BOX = {"class_id": 0, "left": 1, "top": 2.5, "width": 3, "height": 4}
CUBOID: dict[str, Any] = {
    "center-x": 1.5,
    "center-y": -2,
    "center-z": 0,
    **dict.fromkeys(("length", "width", "height"), 2),
    **dict.fromkeys(("roll", "pitch", "yaw"), -0.5),
}
SPAN = {"startOffset": 0, "endOffset": 3, "label": "Maker"}


def _png() -> bytes:
    image = Image.new("P", (3, 2), 1)
    image.putpixel((0, 0), 2)
    image.putpalette([255, 255, 255, 44, 160, 44, 31, 119, 180])
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


PNG = _png()


def _metadata(task_type: str, **fields: Any) -> dict[str, Any]:
    return {
        "type": f"groundtruth/{task_type}",
        "job-name": "labeling-job/job",
        "human-annotated": "yes",
        "creation-date": "2021-03-08T23:10:02.123456",
        **fields,
    }


ANSWER_CUBOID: dict[str, Any] = {
    "label": "Car",
    "objectName": "Car:1",
    "labelCategoryAttributes": {"Doors": 4},
    **dict.fromkeys(("centerX", "centerY", "centerZ", "length", "width", "height", "roll", "pitch", "yaw"), 1.5),
}

# A sound file of every kind and form, with every field that is read; a file of JSON Lines is a list of its lines.
SOUND: dict[str, Any] = {
    MANIFEST: [
        {
            "source-ref": "s3://example-bucket/0.jpg",
            "camera": 7,
            "kind": 1,
            "kind-metadata": _metadata("image-classification", confidence=0.5, **{"class-name": "Heron"}),
            "kinds": [0, "1"],
            "kinds-metadata": _metadata(
                "image-classification-multilabel",
                **{"class-map": {"0": "a", "1": "b"}, "confidence-map": {"0": 0.5, "1": 1}},
            ),
            "boxes": {"annotations": [BOX, BOX], "image_size": [{"width": 9, "height": 8, "depth": 3}]},
            "boxes-metadata": _metadata(
                "object-detection",
                objects=[{"confidence": 0.1}, {"confidence": 0.2}],
                **{"class-map": {"0": "Car"}, "adjustment-status": "adjusted"},
            ),
            "track-ref": f"{REF}/0/SeqLabel.json",
            "track-ref-metadata": _metadata("video-object-tracking", **{"class-map": {"0": "Car"}}),
            "mask-ref": f"{REF}/0_x.png",
            "mask-ref-metadata": _metadata(
                "semantic-segmentation",
                **{"internal-color-map": {"1": {"class-name": "Roof", "hex-color": "#2ca02c", "confidence": 0.5}}},
            ),
            "form": {"any": ["thing"]},
            "form-metadata": _metadata("custom", votes=3, **{"worker-response-ref": "s3://example-bucket/0.json"}),
        },
        {
            "source-ref": "s3://example-bucket/0.bin",
            "dataset-objectid-attribute-name": "scan",
            "scan": "a-1",
            "cuboids": {
                "annotations": [
                    {**CUBOID, "class-id": 0, "object-name": "Car:1", "label-category-attributes": {"Doors": 4}, "n": 1}
                ]
            },
            "cuboids-metadata": _metadata(
                "point_cloud_object_detection",
                **{"class_map": {"0": "Car"}, "dataset-object-attributes": {"rain": True}},
            ),
            "clouds-ref": f"{REF}/1/SeqLabel.json",
            "clouds-ref-metadata": _metadata(
                "point_cloud_object_detection",
                objects=[{"frame-no": 0, "confidence": []}],
                **{"class-map": {"0": "Car"}},
            ),
            "points-ref": f"{REF}/1/labels.zlib",
            "points-ref-metadata": _metadata(
                "point_cloud_single_frame_semantic_segmentation",
                **{"color-map": {"1": {"class-name": "Car"}}, "dataset-object-attributes": {"rain": "no"}},
            ),
            "verdict": "1",
            "verdict-metadata": _metadata(
                "label-verification", **{"class-name": "bad", "worker-feedback": [{"comment": "too wide"}]}
            ),
        },
        {
            "source": "Zenit",
            "names": {"annotations": {"entities": [SPAN], "labels": [{"label": "Maker"}]}},
            "names-metadata": _metadata("text-span", entities=[{"confidence": 0.11}]),
        },
        {"source": "x", "kind-metadata": {"failure-reason": "expired", "human-annotated": "true", "retry-count": 1}},
        {"source": "y"},
    ],
    ANSWERS: {
        "answers": [
            {
                "acceptanceTime": "2021-03-08T23:06:30.500Z",
                "answerContent": content,
                "submissionTime": "2021-03-08T23:06:40.745Z",
                "timeSpentInSeconds": 10.125,
                "workerId": "private.us-east-1.0000000000000a01",
                "workerMetadata": {
                    "identityData": {"identityProviderType": "Cognito", "issuer": "https://i.example", "sub": "s"}
                },
                "device": "tablet",
            }
            for content in (
                {"crowd-image-classifier": {"label": "Heron"}},
                {"crowd-classifier-multi-select": {"labels": ["a", "b"]}},
                {"boundingBox": {"boundingBoxes": [{**BOX, "label": "Car"}], "inputImageProperties": {"width": 9}}},
                {"crowd-entity-annotation": {"entities": [SPAN]}},
                {"comment": "text", "quality": {"blurry": True}},
                {"box": {"polygons": [{"label": "Lane", "vertices": [{"x": 0, "y": 0}, {"x": 4, "y": 3}]}]}},
                {"boundingCuboids": {"boundingCuboids": [ANSWER_CUBOID]}},
                {
                    "crowd-semantic-segmentation": {
                        "labelMappings": {"Roof": {"color": "#2ca02c"}},
                        "labeledImage": {"pngImageData": base64.b64encode(PNG).decode()},
                    }
                },
                {
                    "trackingAnnotations": {
                        "frameData": {"s3Prefix": f"s3://example-bucket/{FRAME[:-11]}", "entries": []}
                    }
                },
            )
        ]
    },
    SEQUENCE: {
        "tracking-annotations": [
            {
                "frame-no": "1",
                "frame": "1.jpg",
                "frame-attributes": {"quality": "blurry"},
                "annotations": [
                    {
                        "class-id": "0",
                        "object-id": "u",
                        "object-name": "Car:1",
                        "label-category-attributes": {"Moving": True},
                        **dict.fromkeys(("left", "top", "width", "height"), 1.5),
                        "score": 1,
                    }
                ],
                "polygons": [{"class-id": 1, "label": "Lane", "vertices": [{"x": 0, "y": 0}, {"x": 4, "y": 3}]}],
                "polylines": [{"vertices": [{"x": 0, "y": 0}, {"x": 4, "y": 3}]}],
                "keypoints": [{"x": 1, "y": 2}],
            },
            {"frame-no": 0, "annotations": []},
        ]
    },
    CLOUDS: {
        "tracking-annotations": [
            {
                "frame-number": 0,
                "frame-name": "0.pcd",
                "frame-attributes": {"rain": "no"},
                "annotations": [{**CUBOID, "class-id": 0, "object-id": "u", "label-category-attributes": {"Doors": 4}}],
            }
        ]
    },
    LINKED: {
        "lidar": {
            "tracking-annotations": [
                {"frame-number": 0, "frame-name": "0.pcd", "annotations": [{**CUBOID, "class-id": 0, "object-id": "u"}]}
            ]
        },
        "camera-0": {
            "tracking-annotations": [
                {
                    "frame-no": 0,
                    "frame": "cam/0.jpg",
                    "annotations": [{"class-id": 0, "object-id": "u", "left": 1, "top": 2, "width": 3, "height": 4}],
                    "frame-attributes": {"light": "dusk"},
                    "exposure": 1,
                },
                {"frame-no": 1},
            ]
        },
    },
    MASK: PNG,
    POINTS: zlib.compress(bytes([0, 1, 1])),
    FRAME: {
        "trackingAnnotations": {
            "frameNumber": 1,
            "frame": "1.jpg",
            "boundingBoxes": [{**BOX, "label": "Car", "objectId": "u", "labelCategoryAttributes": {"Doors": 4}}],
            "frameAttributes": {"quality": "blurry"},
            "points": [{"x": 1, "y": 2}],
            "zoom": 2,
        }
    },
    REQUEST: [
        {
            "datasetObjectId": "0",
            "dataObject": {"s3Uri": "s3://example-bucket/0.jpg"},
            "annotations": [
                {"workerId": "private.us-east-1.0000000000000a01", "annotationData": {"content": content}}
                for content in ('{"crowd-image-classifier":{"label":"Heron"}}', '{"box":{"boundingBoxes":[]}}')
            ],
        }
    ],
    RESULTS: [
        {
            "datasetObjectId": "0",
            "consolidatedAnnotation": {
                "content": {
                    "kind": 1,
                    "kind-metadata": _metadata("image-classification", **{"class-name": "Heron"}),
                    "boxes": {"annotations": [BOX]},
                    "boxes-metadata": _metadata("object-detection", **{"class-map": {"0": "Car"}}),
                }
            },
        }
    ],
    CONFIG: {
        "documentVersion": "2020-03-01",
        "frameAttributes": [{"name": "q", "type": "string", "enum": ["a", 1], "isRequired": True, "description": "?"}],
        "categoryGlobalAttributes": [{"name": "g", "type": "number", "minimum": 0, "maximum": 1.5}],
        "labels": [
            {"label": "Car", "categoryAttributes": [{"name": "c", "editsAllowed": "any"}], "editsAllowed": "none"},
            {"label": "Lane", "attributes": [{"name": "d"}], "shortDisplayName": "LN"},
        ],
        "annotationType": [{"type": "BoundingBox"}],
        "auditLabelAttributeName": "first-ref",
    },
    GOLDEN: [
        {"0": "Heron", "1": ["a", "b"], "2": []},
        {"source-ref": "s3://example-bucket/0.jpg", "kind": 1, "kind-metadata": _metadata("image-classification")},
    ],
    BATCH: [
        {"s3_image_url": "s3://example-bucket/0.jpg", "label": "Heron", "confidence": "97.5", "model": 3},
        {"uri": "s3://example-bucket/1.jpg", "class": 7, "score": 0.5},
    ],
}

numbers = st.one_of(
    st.integers(),
    st.sampled_from([2**31 - 1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**30]),
    st.floats(),
    st.sampled_from([1e12, 1.0000001e12, 1e300, -1e300, 5e-324]),
)
texts = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=8),
    st.sampled_from(["", " ", "0", "-1", "1e9", "\0", "\ud800", "null", "labeling-job/", *MISSING]),
    st.sampled_from([f"groundtruth/{name}" for name in TASK_TYPES]),
    st.sampled_from(["lidar", "camera-0", "scan", base64.b64encode(PNG[:-20]).decode()]),
    st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2021-02-29"]),
)
names = st.one_of(texts, st.sampled_from(["label", "labels", "boundingBoxes", "entities", "type", "a", "a-metadata"]))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)),
    max_leaves=8,
)


def _encode(path: str, document: Any) -> bytes:
    """JSON with whatever Python's own writer lets through: NaN, Infinity and halves of surrogate pairs too."""
    if isinstance(document, bytes):
        return document
    if path in {MANIFEST, GOLDEN} and isinstance(document, list):
        return b"".join(json.dumps(line).encode() + b"\n" for line in document)
    return json.dumps(document).encode()


def places(document: Any, trail: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a value stands in a document: the keys and places that lead there."""
    if trail:
        yield trail
    entries: Iterable[tuple[Any, Any]] = ()
    if isinstance(document, dict):
        entries = document.items()
    elif isinstance(document, list):
        entries = enumerate(document)
    for key, value in entries:
        yield from places(value, (*trail, key))


JSON_FILES = sorted(path for path, document in SOUND.items() if not isinstance(document, bytes))
PLACES = {path: list(places(SOUND[path])) for path in JSON_FILES}


@st.composite
def files_with_one_other_value(draw: st.DrawFn) -> tuple[str, bytes]:
    """A sound file in which one value is another, or is gone, or has another name."""
    path = draw(st.sampled_from(JSON_FILES))
    *trail, last = draw(st.sampled_from(PLACES[path]))
    document = copy.deepcopy(SOUND[path])
    parent = document
    for key in trail:
        parent = parent[key]
    change = draw(st.sampled_from(["value", "value", "value", "gone", "name"]))
    if change == "value":
        parent[last] = draw(values)
    else:
        value = parent.pop(last)
        if change == "name" and isinstance(parent, dict):
            parent[draw(names)] = value
    return path, _encode(path, document)


files_of_any_json = st.builds(
    lambda path, document: (path, _encode(path, document)), st.sampled_from(sorted(SOUND)), values
)


@st.composite
def files_of_any_bytes(draw: st.DrawFn) -> tuple[str, bytes]:
    """Any bytes at all, or a sound file with some of its bytes replaced."""
    path = draw(st.sampled_from(sorted(SOUND)))
    if draw(st.booleans()):
        return path, draw(st.binary(max_size=60))
    data = _encode(path, SOUND[path])
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, min(len(data), start + 40)))
    return path, data[:start] + draw(st.binary(max_size=6)) + data[end:]


def _of_job(lake: RawLake, job: str) -> dict[str, list[Row]]:
    """A job's rows, without the lineage that differs from load to load, and from folder to folder."""
    rows = {
        table: [
            {
                name: value.partition("/source/")[2] if name.endswith("_file_uri") else value
                for name, value in row.items()
                if name not in {"load_id", "file_no", "label_file_etag", "other_file_etag"}
            }
            for row in found
            if row["job_name"] == job
        ]
        for table, found in lake.tables.items()
    }
    # Rows of one table are in no order: those of one shape are written after those of another.
    return {table: sorted(found, key=repr) for table, found in rows.items() if found}


def _sound_files() -> dict[str, bytes]:
    return {f"sound/{path}": _encode(path, document) for path, document in SOUND.items()}


@cache
def _sound_rows() -> dict[str, list[Row]]:
    with tempfile.TemporaryDirectory() as folder:
        lake = load_files(Path(folder), _sound_files())
    assert not lake.errors
    return _of_job(lake, "sound")


def _check_load(others: list[tuple[str, bytes]]) -> None:
    """Load the files, each in a job of its own, beside sound ones."""
    files = {f"other-{number}/{path}": data for number, (path, data) in enumerate(others)}
    # A file that is about a job does not make one.
    files |= {
        f"other-{number}/{MANIFEST}": b'{"source":"x"}'
        for number, (path, _) in enumerate(others)
        if path in (CONFIG, GOLDEN, BATCH)
    }
    with tempfile.TemporaryDirectory() as folder:
        lake = load_files(Path(folder), {**files, **_sound_files()})
    assert _of_job(lake, "sound") == _sound_rows()

    counts = {entry["file_no"]: 0 for entry in lake.ledger}
    for table, found in lake.tables.items():
        for row in found:
            counts[row["file_no"]] += table != OVERLAPS  # which are of two files
            assert all(math.isfinite(value) for value in row.values() if isinstance(value, float))
    assert {entry["file_no"]: entry["row_count"] for entry in lake.ledger} == counts
    for entry in lake.ledger:
        assert (entry["status"], bool(entry["error"])) in {("loaded", False), ("rejected", True)}
    # Every file has its one entry; a file that a manifest names and that is missing may have one too.
    uris = [entry["uri"] for entry in lake.ledger]
    assert len(set(uris)) == len(uris)
    read = {uri.partition("/source/")[2] for uri in uris}
    assert read >= files.keys()
    for uri in read - files.keys() - _sound_files().keys():
        assert lake.errors[next(full for full in uris if full.endswith(uri))].startswith("not there")


@given(st.lists(files_with_one_other_value(), min_size=1, max_size=12))
def test_any_value_in_place_of_any_other(others: list[tuple[str, bytes]]) -> None:
    """It is loaded or refused, and the files beside it are loaded as if it were not there."""
    _check_load(others)


@given(st.lists(files_of_any_json, min_size=1, max_size=12))
def test_any_json_in_place_of_a_file(others: list[tuple[str, bytes]]) -> None:
    _check_load(others)


@given(st.lists(files_of_any_bytes(), min_size=1, max_size=12))
def test_any_bytes_in_place_of_a_file(others: list[tuple[str, bytes]]) -> None:
    _check_load(others)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"\xef\xbb\xbf",
        b"null",
        b"[]",
        b"{}",
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
        b"\xff\xfe{\x00}\x00",
        b"[" * 100_000,
        b"{" * 100_000,
        b'{"a":' * 100_000,
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"answers":[' + b"[" * 100_000,
        b'{"answers":[{"answerContent":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}]}",
        b'{"tracking-annotations":[{"frame-no":0,"frame-attributes":{"a":' + b"[" * 900 + b"]" * 900 + b"}}]}",
        b'{"labels":[{"label":"x","attributes":[{"name":"n","enum":' + b"[" * 100_000 + b"]" * 100_000 + b"}]}]}",
        b'{"0":' + b"1" * 100_000 + b"}",
        b'{"source":"' + b"x" * 5_000_000 + b'"}',
        b'{"a-metadata":1,"a-metadata-metadata":{"type":"groundtruth/custom"},"a":1}',
    ],
    ids=lambda data: f"{data[:24]!r}-{len(data)}",
)
def test_hostile_files(data: bytes) -> None:
    """In place of a file of each kind."""
    _check_load([(path, data) for path in SOUND])


def _shuffled(value: Any, shuffle: random.Random) -> Any:
    if isinstance(value, list):
        return [_shuffled(entry, shuffle) for entry in value]
    if isinstance(value, dict):
        keys = list(value)
        shuffle.shuffle(keys)
        return {key: _shuffled(value[key], shuffle) for key in keys}
    return value


def _content(rows: dict[str, list[Row]]) -> dict[str, list[str]]:
    """Rows in an order of their own, with the values of JSON columns, whose text keeps the order of keys."""
    return {
        table: sorted(
            json.dumps(
                {name: json.loads(value) if name.endswith("_json") else value for name, value in row.items()},
                sort_keys=True,
            )
            for row in found
        )
        for table, found in rows.items()
    }


@pytest.mark.parametrize("path", JSON_FILES)
@given(seed=st.integers(0, 2**32))
def test_the_order_of_keys_never_matters(path: str, seed: int) -> None:
    place = place_of(f"s3://example-bucket/job/{path}")
    assert place is not None
    other = _shuffled(SOUND[path], random.Random(seed))
    assert _content(parse(place.kind, _encode(path, other))) == _content(parse(place.kind, _encode(path, SOUND[path])))


def _cut(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@given(st.text("ab\r\n\u2028", max_size=40).map(str.encode), st.lists(st.integers(0, 1_000), max_size=6))
def test_lines_are_the_same_however_a_file_is_cut(data: bytes, cuts: list[int]) -> None:
    expected = data.split(b"\n") if data else []
    if expected and not expected[-1]:
        expected.pop()  # after the newline at the end there is no line
    assert list(lines(_cut(data, cuts))) == list(enumerate(expected))


@pytest.mark.parametrize("path", sorted(SOUND))
@given(cuts=st.lists(st.integers(0, 10_000), max_size=12))
def test_rows_are_the_same_however_a_file_is_cut(path: str, cuts: list[int]) -> None:
    place = place_of(f"s3://example-bucket/job/{path}")
    assert place is not None
    mark = b"\xef\xbb\xbf" if path in JSON_FILES else b""
    data = mark + _encode(path, SOUND[path])
    assert parse(place.kind, _cut(data, cuts)) == parse(place.kind, data)


moments = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31))
zones = st.one_of(st.none(), st.integers(-14 * 60, 14 * 60))


@given(moments, zones, st.sampled_from([0, 3, 6]), st.sampled_from(["T", " "]), st.booleans())
def test_milliseconds_of_any_time(moment: datetime, zone: int | None, digits: int, between: str, colon: bool) -> None:
    """Against the calendar's own count of days."""
    text = moment.strftime(f"%m-%d{between}%H:%M:%S")
    text = f"{moment.year:04d}-{text}" + (f".{moment.microsecond:06d}"[: digits + 1] if digits else "")
    if zone is not None:
        hours, minutes = divmod(abs(zone), 60)
        text += f"{'-' if zone < 0 else '+'}{hours:02d}{':' if colon else ''}{minutes:02d}" if zone else "Z"
    days = date(moment.year, moment.month, moment.day).toordinal() - 719_163
    minutes_of_day = moment.hour * 60 + moment.minute - (zone or 0)
    fraction = moment.microsecond // 1_000 if digits else 0
    assert milliseconds(text) == ((days * 1_440 + minutes_of_day) * 60 + moment.second) * 1_000 + fraction


@given(moments, st.integers(-14 * 60, 14 * 60))
def test_milliseconds_of_what_python_writes(moment: datetime, minutes: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    since = moment - datetime(1970, 1, 1)
    assert milliseconds(aware.isoformat()) == since // timedelta(milliseconds=1) - minutes * 60_000


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.booleans()), max_size=12))
def test_as_many_rows_as_there_are_things(objects: list[tuple[int, int, bool]]) -> None:
    """A row for every line, box, answer and label: counted in the files, and in the lake."""
    files: dict[str, bytes] = {}
    manifest = []
    for number, (boxes, answers, is_labeled) in enumerate(objects):
        line: dict[str, Any] = {"source-ref": f"s3://example-bucket/{number}.jpg"}
        if is_labeled:
            line |= {"bb": {"annotations": [BOX] * boxes}, "bb-metadata": _metadata("object-detection")}
        manifest.append(line)
        content = {"boundingBox": {"boundingBoxes": [BOX] * boxes}}
        answer = {"answerContent": content, "submissionTime": "2021-03-08T23:06:40Z", "workerId": "w"}
        path = ANSWERS.replace("/0/", f"/{number}/")
        files[f"job/{path}"] = json.dumps({"answers": [answer] * answers}).encode()
    files[f"job/{MANIFEST}"] = _encode(MANIFEST, manifest)
    with tempfile.TemporaryDirectory() as folder:
        lake = load_files(Path(folder), files)
    assert not lake.errors
    assert {table: len(found) for table, found in lake.tables.items()} == {
        table: count
        for table, count in {
            "data_objects": len(objects),
            "annotations": sum(boxes for boxes, _, is_labeled in objects if is_labeled),
            "worker_answers": sum(answers for _, answers, _ in objects),
            "worker_annotations": sum(boxes * answers for boxes, answers, _ in objects),
        }.items()
        if count
    }


def test_a_sound_file_of_every_kind_is_tried() -> None:
    found = [place_of(f"s3://example-bucket/job/{path}") for path in SOUND]
    assert {place.kind for place in found if place} == set(FileKind)
    assert set(_sound_rows()) == {
        *("labeling_jobs", "label_categories", "label_attribute_definitions", "data_objects", "annotations"),
        "class_labels",
        *("annotation_attributes", "frames", "worker_answers", "worker_annotations", "golden_labels"),
        *("worker_annotation_attributes", "worker_frames", "review_items", "consolidation_objects", OVERLAPS),
    }
