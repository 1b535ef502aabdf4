"""How much polygons, polylines and masks overlap: obvious values, and what holds for any of them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ingest.geometry.lines import polygon_overlaps, polyline_overlaps
from ingest.geometry.masks import Runs, mask_overlaps

Point = tuple[float, float]
Measure = Callable[[Sequence[str], NDArray[np.int64], NDArray[np.int64]], NDArray[np.float64]]

SQUARE = [(0, 0), (1, 0), (1, 1), (0, 1)]
HALF_DIAGONAL = math.sqrt(0.5)
TURNED_SQUARE = [(0.5 + HALF_DIAGONAL * x, 0.5 + HALF_DIAGONAL * y) for x, y in ((-1, 0), (0, -1), (1, 0), (0, 1))]
BOW_TIE = [(0, 0), (1, 1), (1, 0), (0, 1)]
NOTHING = [(0, 0), (1, 0)]
LINE = [(0, 0), (100, 0)]


def vertices(points: Sequence[Point]) -> str:
    return json.dumps([{"x": x, "y": y} for x, y in points])


def overlap(measure: Measure, one: str, other: str) -> float:
    measured = measure([one, other], np.array([0]), np.array([1]))
    return float(measured[0])


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (SQUARE, SQUARE, 1),
        (SQUARE, SQUARE[::-1], 1),
        (SQUARE, TURNED_SQUARE, math.sqrt(0.5)),  # an octagon of area 2 (sqrt 2 - 1) is common
        (SQUARE, [(x + 0.5, y) for x, y in SQUARE], 1 / 3),
        (SQUARE, [(x + 1, y) for x, y in SQUARE], 0),
        (SQUARE, [(x + 9, y) for x, y in SQUARE], 0),
        (SQUARE, BOW_TIE, 0.5),
        (BOW_TIE, BOW_TIE, 1),
        (SQUARE, NOTHING, 0),
        (NOTHING, NOTHING, 1),
        (NOTHING, NOTHING[:1], 0),
        (NOTHING[:1], NOTHING[:1], 1),
        (SQUARE, [(0, 0), (1, 0), (2, 0)], 0),
        ([(1e12 * x, 1e12 * y) for x, y in SQUARE], [(1e12 * x, 5e11 * y) for x, y in SQUARE], 0.5),
    ],
)
def test_polygons(one: list[Point], other: list[Point], expected: float) -> None:
    assert overlap(polygon_overlaps, vertices(one), vertices(other)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (LINE, LINE, 1),
        (LINE, LINE[::-1], 1),
        (LINE, [(0, 1), (100, 1)], 1),
        (LINE, [(0, 3), (100, 3)], 0),
        (LINE, [(0, 0), (50, 0)], (0.52 + 1) / 2),  # and 2 % more, for the end is near
        (LINE, [(0, 50), (100, 50)], 0),
        (LINE, [(50, 0)], (0.04 + 1) / 2),
        (LINE, [(50, 0), (50, 0)], (0.04 + 1) / 2),
        (LINE, [(50, 50)], 0),
        ([(50, 50)], [(50, 50)], 1),
        ([(50, 50)], [(50, 51)], 0),
    ],
)
def test_polylines(one: list[Point], other: list[Point], expected: float) -> None:
    assert overlap(polyline_overlaps, vertices(one), vertices(other)) == pytest.approx(expected, rel=1e-3)


def test_examples_of_the_metrics_page() -> None:
    moved = [(x + 0.5, y) for x, y in SQUARE]
    assert overlap(polygon_overlaps, vertices(SQUARE), vertices(moved)) == pytest.approx(1 / 3)
    assert overlap(polyline_overlaps, vertices(LINE), vertices([(0, 0), (50, 0)])) == pytest.approx(0.76, abs=1e-3)


def test_a_mask_is_run_lengths_down_its_columns() -> None:
    """The first is that of the pixels outside, as pycocotools documents."""
    runs = Runs(np.array([[0, 1, 1], [0, 1, 2]]))
    assert runs.pixels == {0: 2, 1: 3, 2: 1}
    assert [json.loads(runs.rle(code) or "") for code in (0, 1, 2, 3)] == [
        {"size": [2, 3], "counts": [0, 2, 4]},
        {"size": [2, 3], "counts": [2, 3, 1]},
        {"size": [2, 3], "counts": [5, 1]},
        {"size": [2, 3], "counts": [6]},
    ]


def test_squares_of_masks_overlap_by_their_pixels() -> None:
    """Two squares of 16 pixels, with 6 of them in common: 6 of 26, .2308."""
    images = np.zeros((2, 12, 12), int)
    images[0, 2:6, 2:6] = images[1, 3:7, 4:8] = 1
    one, other = (Runs(image).rle(1) or "" for image in images)
    assert overlap(mask_overlaps, one, other) == pytest.approx(0.2308, abs=5e-5)


def test_masks_of_images_of_different_sizes_do_not_overlap() -> None:
    one, other = '{"size":[2,3],"counts":[0,6]}', '{"size":[3,2],"counts":[0,6]}'
    measured = mask_overlaps([one, other, one], np.array([0, 0]), np.array([1, 2]))
    assert measured.tolist() == [0, 1]


def test_masks_without_pixels_do_not_overlap() -> None:
    nothing = '{"size":[2,3],"counts":[6]}'
    assert overlap(mask_overlaps, nothing, nothing) == 0


@pytest.mark.parametrize("measure", [polygon_overlaps, polyline_overlaps, mask_overlaps])
def test_no_pairs_have_no_overlaps(measure: Measure) -> None:
    none = np.array([], np.int64)
    assert len(measure([], none, none)) == 0


COORDINATES = st.integers(0, 20) | st.floats(-50, 50, width=32)
POINTS = st.lists(st.tuples(COORDINATES, COORDINATES), min_size=1, max_size=7)


@pytest.mark.parametrize("measure", [polygon_overlaps, polyline_overlaps])
@given(one=POINTS, other=POINTS)
def test_overlaps_are_shares_and_symmetric(measure: Measure, one: list[Point], other: list[Point]) -> None:
    """Whatever is drawn; and a shape overlaps itself whole."""
    geometries = [vertices(one), vertices(other)]
    there, back, itself = measure(geometries, np.array([0, 1, 0]), np.array([1, 0, 0])).tolist()
    assert 0 <= there <= 1
    assert there == pytest.approx(back, abs=1e-9)
    assert itself == 1


@given(st.data(), st.integers(1, 6), st.integers(1, 6))
def test_masks_overlap_as_their_pixels_do(data: st.DataObject, height: int, width: int) -> None:
    """All the classes of two images, against each other and against themselves."""
    pixels = st.lists(st.integers(0, 3), min_size=height * width, max_size=height * width)
    images = [np.array(data.draw(pixels)).reshape(height, width) for _ in range(2)]
    masks: list[NDArray[Any]] = [image == code for image in images for code in range(4)]
    geometries = [Runs(image).rle(code) or "" for image in images for code in range(4)]
    first, second = np.triu_indices(len(masks))

    expected = []
    for one, other in zip(first, second, strict=True):
        union = (masks[one] | masks[other]).sum()
        expected.append((masks[one] & masks[other]).sum() / union if union else 0)

    assert mask_overlaps(geometries, first, second).tolist() == expected
