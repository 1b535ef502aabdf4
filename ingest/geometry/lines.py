"""Overlaps of polygons and of polylines, which are lists of vertices in pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray

Integers: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
_Shapes: TypeAlias = NDArray[Any]

TOLERANCE = 0.02
"""How far a place on a polyline may be from the other one: share of the diagonal of their common extent."""


class _Vertex(msgspec.Struct, gc=False):
    x: float
    y: float


_vertices = msgspec.json.Decoder(list[_Vertex])


def _read(geometry: str) -> Floats:
    vertices = _vertices.decode(geometry)
    return np.array([(vertex.x, vertex.y) for vertex in vertices], np.float64).reshape(-1, 2)


def polygon_overlaps(geometries: Sequence[str], first: Integers, second: Integers) -> Floats:
    """Intersection over union of the areas of pairs of polygons.

    A polygon that crosses itself is repaired. One without area overlaps nothing but its equal.

    Args:
        geometries: the polygons' vertices, as JSON.
        first: place of the one polygon of each pair among them.
        second: place of the other.
    """
    outlines = [_read(geometry) for geometry in geometries]
    polygons = _polygons(outlines)
    areas = shapely.area(polygons)
    bounds = shapely.bounds(polygons)  # NaN if it has no area: then nothing is within
    overlaps = np.where(_are_equal(outlines, first, second), 1.0, 0.0)
    near = np.flatnonzero((overlaps == 0) & _touch(bounds[first], bounds[second]))
    common = _measured(
        lambda one, other: shapely.area(shapely.intersection(one, other)), polygons, first[near], second[near]
    )
    union = areas[first[near]] + areas[second[near]] - common
    overlaps[near] = np.divide(common, union, out=np.zeros(len(near)), where=union > 0)
    return np.clip(overlaps, 0, 1)


def polyline_overlaps(geometries: Sequence[str], first: Integers, second: Integers) -> Floats:
    """Share of each line's length that is near the other line, the mean of both lines, of pairs of polylines.

    Near is what is no further away than ``TOLERANCE``. A line without length is near as a whole, or not.

    Args:
        geometries: the polylines' vertices, as JSON.
        first: place of the one line of each pair among them.
        second: place of the other.
    """
    outlines = [_read(geometry) for geometry in geometries]
    lines = _lines(outlines)
    lengths = shapely.length(lines)
    bounds = shapely.bounds(lines)
    overlaps = np.where(_are_equal(outlines, first, second), 1.0, 0.0)
    one, other = bounds[first], bounds[second]
    lowest, highest = np.minimum(one[:, :2], other[:, :2]), np.maximum(one[:, 2:], other[:, 2:])
    tolerance = TOLERANCE * np.hypot(*(highest - lowest).T)
    margin = np.column_stack((-tolerance, -tolerance, tolerance, tolerance))
    near = np.flatnonzero((overlaps == 0) & _touch(one + margin, other))
    first, second, tolerance = first[near], second[near], tolerance[near]
    shares = [
        _share_near(lines, lengths, some, others, tolerance) for some, others in ((first, second), (second, first))
    ]
    overlaps[near] = (shares[0] + shares[1]) / 2
    return np.clip(overlaps, 0, 1)


def _share_near(lines: _Shapes, lengths: Floats, some: Integers, others: Integers, tolerance: Floats) -> Floats:
    """Share of the length of some lines that is near the other lines."""

    def near(one: _Shapes, other: _Shapes) -> Floats:
        return shapely.length(shapely.intersection(one, other))  # type: ignore[no-any-return]

    surroundings = shapely.buffer(lines[others], tolerance)
    long = lengths[some] > 0
    share: Floats = shapely.dwithin(lines[some], lines[others], tolerance).astype(np.float64)
    places = np.arange(len(some))[long]
    within = _measured(near, np.concatenate((lines[some], surroundings)), places, places + len(some))
    share[long] = within / lengths[some][long]
    return share


def _measured(measure: Any, shapes: _Shapes, first: Integers, second: Integers) -> Floats:
    """A measure of pairs of shapes; 0 of a pair that GEOS cannot intersect."""
    try:
        measured: Floats = measure(shapes[first], shapes[second])
    except shapely.errors.GEOSException:
        if len(first) == 1:
            return np.zeros(1)
        middle = len(first) // 2
        halves = ((first[:middle], second[:middle]), (first[middle:], second[middle:]))
        return np.concatenate([_measured(measure, shapes, *half) for half in halves])
    return measured


def _polygons(outlines: Sequence[Floats]) -> _Shapes:
    """Polygons within outlines, repaired; empty ones for outlines of fewer than three vertices."""
    polygons = np.full(len(outlines), shapely.Polygon(), dtype=object)
    drawn = [place for place, outline in enumerate(outlines) if len(outline) > 2]
    if drawn:
        coordinates, numbers = _joined([outlines[place] for place in drawn])
        rings = shapely.linearrings(coordinates, indices=numbers)
        polygons[drawn] = shapely.polygons(rings)
    broken = np.flatnonzero(~shapely.is_valid(polygons))
    polygons[broken] = shapely.make_valid(polygons[broken], method="structure", keep_collapsed=False)
    return polygons


def _lines(outlines: Sequence[Floats]) -> _Shapes:
    """Lines along outlines; points for outlines that go nowhere."""
    goes = [len(outline) > 1 and bool((outline != outline[0]).any()) for outline in outlines]
    lines = shapely.points(np.array([outline[0] for outline in outlines]).reshape(-1, 2))
    drawn = [place for place, is_line in enumerate(goes) if is_line]
    if drawn:
        coordinates, numbers = _joined([outlines[place] for place in drawn])
        lines[drawn] = shapely.linestrings(coordinates, indices=numbers)
    return lines  # type: ignore[no-any-return]


def _joined(outlines: Sequence[Floats]) -> tuple[Floats, Integers]:
    """All vertices, and the number of the outline that each is of."""
    return np.concatenate(outlines), np.repeat(np.arange(len(outlines)), [len(outline) for outline in outlines])


def _are_equal(outlines: Sequence[Floats], first: Integers, second: Integers) -> NDArray[np.bool_]:
    """Which pairs have the same vertices."""
    numbers: dict[bytes, int] = {}
    codes = np.array([numbers.setdefault(outline.tobytes(), len(numbers)) for outline in outlines], np.int64)
    equal: NDArray[np.bool_] = codes[first] == codes[second]
    return equal


def _touch(one: Floats, other: Floats) -> NDArray[np.bool_]:
    """Which pairs of extents (left, top, right, bottom) have a place in common."""
    touch: NDArray[np.bool_] = np.all((one[:, :2] <= other[:, 2:]) & (other[:, :2] <= one[:, 2:]), axis=1)
    return touch
