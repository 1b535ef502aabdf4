"""Segmented point clouds: the points of each class."""

from __future__ import annotations

import zlib

import pytest

from ingest.formats import point_classes
from ingest.formats.parsing import BadFile
from ingest.job_folder import FileKind
from tests.formats.parsed import Row, parse

STREAM = zlib.compress(bytes([1, 1, 0, 255, 1]))


def points(*blocks: bytes) -> list[Row]:
    return parse(FileKind.POINT_CLASSES, blocks, object_folder="3").get("annotations", [])


def test_points_by_class_index() -> None:
    place = {"object_index": 3, "shape": "mask"}
    assert points(STREAM) == [
        {**place, "annotation_index": 0, "class_id": "0", "point_count": 1, "region_share": 0.2},
        {**place, "annotation_index": 1, "class_id": "1", "point_count": 3, "region_share": 0.6},
        {**place, "annotation_index": 2, "class_id": "255", "point_count": 1, "region_share": 0.2},
    ]


def test_a_cloud_without_points_has_no_classes() -> None:
    assert points(zlib.compress(b"")) == []


def test_more_points_than_are_unpacked_at_a_time() -> None:
    data = zlib.compress(bytes([7]) * 3_000_000)
    [row] = points(*(data[start : start + 100] for start in range(0, len(data), 100)))
    assert (row["class_id"], row["point_count"], row["region_share"]) == ("7", 3_000_000, 1.0)


@pytest.mark.parametrize(
    ("blocks", "error"),
    [
        ((), "the zlib stream is cut short"),
        ((b"",), "the zlib stream is cut short"),
        ((STREAM[:-1],), "the zlib stream is cut short"),
        ((STREAM[:5], STREAM[5:-4]), "the zlib stream is cut short"),
        ((STREAM + b"\0",), "bytes after the zlib stream"),
        ((STREAM, b"\0"), "bytes after the zlib stream"),
        ((STREAM + STREAM,), "bytes after the zlib stream"),
        ((b"\x89PNG\r\n\x1a\n",), "no zlib stream"),
        ((b"\x1f\x8b\x08\0",), "no zlib stream"),
        ((STREAM[:-1] + bytes([STREAM[-1] ^ 1]),), "no zlib stream"),
    ],
)
def test_what_is_no_whole_stream_is_refused(blocks: tuple[bytes, ...], error: str) -> None:
    with pytest.raises(BadFile, match=error):
        points(*blocks)


def test_a_stream_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(point_classes, "MAX_POINTS", 4_000_000)
    assert points(zlib.compress(bytes(4_000_000)))[0]["point_count"] == 4_000_000
    with pytest.raises(BadFile, match="more than 4 million points"):
        points(zlib.compress(bytes(4_000_001)))
