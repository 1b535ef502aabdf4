"""Labels as JSON has them, and as rows: the shapes that results, worker answers and golden answers share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from ingest.schemas import Label
from ingest.values import BadFile, Int64, Number, as_json, as_text

ClassId = int | str


class BoxJson(msgspec.Struct, gc=False):
    """Box: with ``class_id`` in a consolidated result, with ``label`` in a worker's answer. Pixels."""

    left: Number
    top: Number
    width: Number
    height: Number
    label: str | None = None
    class_id: ClassId | None = None


class EntityJson(msgspec.Struct, rename="camel", gc=False):
    """Named entity. Offsets in Unicode characters, the end exclusive."""

    start_offset: Int64
    end_offset: Int64
    label: str


class VertexJson(msgspec.Struct, gc=False):
    """Vertex of a polygon or polyline, or the place of a keypoint. Pixels."""

    x: Number
    y: Number


class ConfidenceJson(msgspec.Struct, gc=False):
    """Entry of a metadata's ``objects`` or ``entities``, which run parallel to the labels."""

    confidence: Number | None = None


def class_name(class_id: ClassId | None, class_map: Mapping[str, str]) -> str | None:
    """Label of a class index: the class map's, else the index as text."""
    text = as_text(class_id)
    return None if text is None else class_map.get(text, text)


def class_labels(names: Iterable[str]) -> list[Label]:
    """One label per chosen class; a class named twice is chosen once."""
    return [Label("class", name) for name in dict.fromkeys(names)]


def box_labels(
    boxes: Sequence[BoxJson], class_map: Mapping[str, str], confidences: Sequence[ConfidenceJson] = ()
) -> list[Label]:
    """One label per box."""
    return [
        Label(
            shape="box",
            label=class_name(box.class_id, class_map) if box.label is None else box.label,
            class_id=as_text(box.class_id),
            confidence=confidence,
            box_left=box.left,
            box_top=box.top,
            box_width=box.width,
            box_height=box.height,
            area=box.width * box.height,
        )
        for box, confidence in zip(boxes, _parallel(confidences, len(boxes)), strict=True)
    ]


def span_labels(entities: Sequence[EntityJson], confidences: Sequence[ConfidenceJson] = ()) -> list[Label]:
    """One label per named entity."""
    return [
        Label(
            shape="span",
            label=entity.label,
            confidence=confidence,
            start_offset=entity.start_offset,
            end_offset=entity.end_offset,
        )
        for entity, confidence in zip(entities, _parallel(confidences, len(entities)), strict=True)
    ]


def drawn(label: Label, vertices: Sequence[VertexJson]) -> Label:
    """The label of a polygon, polyline or keypoint with its vertices; only a polygon has an area.

    Raises:
        BadFile: there is no vertex.
    """
    if not vertices:
        raise BadFile(f"a {label.shape} has no place")
    return label._replace(
        vertex_count=len(vertices),
        area=polygon_area(vertices) if label.shape == "polygon" else None,
        geometry_json=as_json(vertices),
    )


def polygon_area(vertices: Sequence[VertexJson]) -> float:
    """Area within a polygon, by the shoelace formula."""
    turned = [*vertices[1:], vertices[0]]
    return abs(sum(here.x * there.y - there.x * here.y for here, there in zip(vertices, turned, strict=True))) / 2


def _parallel(confidences: Sequence[ConfidenceJson], count: int) -> list[float | None]:
    """Confidences of ``count`` labels; none at all where the list is not parallel to them."""
    if len(confidences) != count:
        return [None] * count
    return [entry.confidence for entry in confidences]
