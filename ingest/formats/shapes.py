"""Labels as JSON has them, and as rows: the shapes that results, worker answers and golden answers share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, cast

import msgspec

from ingest.formats.parsing import BadFile, Int64, Number, as_json, as_text, decode_strict_first
from ingest.tables import Label

ClassId = int | str
Name: TypeAlias = str | int
"""A name that some writers give as a number: of a class, of a track."""


class BoxJson(msgspec.Struct, gc=False):
    """Box: with ``class_id`` in a consolidated result, with ``label`` in a worker's answer. Pixels."""

    left: Number
    top: Number
    width: Number
    height: Number
    label: Name | None = None
    class_id: ClassId | None = None


class EntityJson(msgspec.Struct, rename="camel", gc=False):
    """Named entity. Offsets in Unicode characters, the end exclusive."""

    start_offset: Int64
    end_offset: Int64
    label: Name


class PlainEntityJson(msgspec.Struct, rename="camel", gc=False):
    """Named entity of a worker's answer as nearly all are: the name of its class is a text."""

    start_offset: Int64
    end_offset: Int64
    label: str


class PlainBoxJson(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """Box of a worker's answer as nearly all are: its class, its place, and nothing else. Pixels."""

    label: str
    left: Number
    top: Number
    width: Number
    height: Number


class VertexJson(msgspec.Struct, gc=False):
    """Vertex of a polygon or polyline, or the place of a keypoint. Pixels."""

    x: Number
    y: Number


class ItemJson(msgspec.Struct, gc=False):
    """Label of a frame or of a point cloud, or one that a worker drew; its shape says which of the fields it has."""

    class_id: ClassId | None = None
    label: Name | None = None
    object_id: Name | None = None
    object_name: Name | None = None
    label_category_attributes: dict[str, Any] | None = None
    left: Number | None = None
    top: Number | None = None
    width: Number | None = None
    height: Number | None = None
    vertices: list[VertexJson] | None = None
    x: Number | None = None
    y: Number | None = None
    center_x: Number | None = None
    center_y: Number | None = None
    center_z: Number | None = None
    length: Number | None = None
    roll: Number | None = None
    pitch: Number | None = None
    yaw: Number | None = None


class ConfidenceJson(msgspec.Struct, gc=False):
    """Entry of a metadata's ``objects`` or ``entities``, which run parallel to the labels."""

    confidence: Number | None = None


class ItemForm(NamedTuple):
    """How the fields of an item are named."""

    known: type[ItemJson]
    strict: msgspec.json.Decoder[ItemJson]


def _item_form(case: Literal["kebab", "camel"]) -> ItemForm:
    fields = [(field.name, field.type, field.default) for field in msgspec.structs.fields(ItemJson)]
    known = msgspec.defstruct("ItemJson", fields, rename=case, gc=False)
    strict = msgspec.defstruct("StrictItemJson", [], bases=(known,), forbid_unknown_fields=True, gc=False)
    return ItemForm(cast(type[ItemJson], known), msgspec.json.Decoder(cast(type[ItemJson], strict)))


# In results they are named in kebab-case, in workers' answers in camelCase.
RESULT_ITEM, ANSWER_ITEM = _item_form("kebab"), _item_form("camel")


def class_name(class_id: ClassId | None, class_map: Mapping[str, str]) -> str | None:
    """Label of a class index: the class map's, else the index as text."""
    text = as_text(class_id)
    return None if text is None else class_map.get(text, text)


def name_text(name: Name) -> str:
    """A name as text."""
    return name if isinstance(name, str) else as_json(name)


def class_labels(names: Iterable[Name]) -> list[Label]:
    """One label per chosen class; a class named twice is chosen once."""
    return [Label("class", name) for name in dict.fromkeys(map(name_text, names))]


def box_labels(
    boxes: Sequence[BoxJson], class_map: Mapping[str, str], confidences: Sequence[ConfidenceJson] = ()
) -> list[Label]:
    """One label per box."""
    return [
        Label(
            shape="box",
            label=class_name(box.class_id, class_map) if box.label is None else as_text(box.label),
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
            label=as_text(entity.label),
            confidence=confidence,
            start_offset=entity.start_offset,
            end_offset=entity.end_offset,
        )
        for entity, confidence in zip(entities, _parallel(confidences, len(entities)), strict=True)
    ]


def item_label(shape: str, item_json: msgspec.Raw, form: ItemForm = RESULT_ITEM) -> tuple[Label, dict[str, Any]]:
    """Label of such an item, and its attributes; one of shape ``box`` may turn out to be a cuboid.

    The class is the label itself, where it is there, else the part of the object's name before its last colon, else
    the class index; a class map may know better.

    Raises:
        BadFile, msgspec.MsgspecError: the label is not of the shape's documented form.
    """
    item, extra = decode_strict_first(item_json, form.strict, form.known)
    if shape == "box" and item.center_x is not None:  # both stand in lists of the same name
        shape = "cuboid"
    class_id = as_text(item.class_id)
    name = as_text(item.label)
    track_name = as_text(item.object_name)
    if name is None and track_name and ":" in track_name:
        name = track_name.rpartition(":")[0]
    label = Label(
        shape=shape,
        label=class_id if name is None else name,
        class_id=class_id,
        track_id=as_text(item.object_id),
        track_name=track_name,
        extra_json=extra,
        **_PLACES[shape](item),
    )
    return label, item.label_category_attributes or {}


def _place_of_box(item: ItemJson) -> dict[str, Any]:
    if item.left is None or item.top is None or item.width is None or item.height is None:
        raise BadFile("a box lacks left, top, width or height")
    return {
        "box_left": item.left,
        "box_top": item.top,
        "box_width": item.width,
        "box_height": item.height,
        "area": item.width * item.height,
    }


def _place_of_cuboid(item: ItemJson) -> dict[str, Any]:
    center = {"center_x": item.center_x, "center_y": item.center_y, "center_z": item.center_z}
    size = {"cuboid_length": item.length, "cuboid_width": item.width, "cuboid_height": item.height}
    if None in center.values() or None in size.values():
        raise BadFile("a cuboid lacks its centre, length, width or height")
    return {**center, **size, "roll": item.roll, "pitch": item.pitch, "yaw": item.yaw}


def _place_of_polygon(item: ItemJson) -> dict[str, Any]:
    if not item.vertices:
        raise BadFile("a polygon has no place")
    return {**_vertices(item.vertices), "area": polygon_area(item.vertices)}


def _place_of_polyline(item: ItemJson) -> dict[str, Any]:
    if not item.vertices:
        raise BadFile("a polyline has no place")
    return _vertices(item.vertices)


def _place_of_keypoint(item: ItemJson) -> dict[str, Any]:
    if item.x is None or item.y is None:
        raise BadFile("a keypoint has no place")
    return _vertices([VertexJson(item.x, item.y)])


def _vertices(vertices: list[VertexJson]) -> dict[str, Any]:
    return {"vertex_count": len(vertices), "geometry_json": as_json(vertices)}


# Columns of the place of an item, by shape.
_PLACES: dict[str, Callable[[ItemJson], dict[str, Any]]] = {
    "box": _place_of_box,
    "cuboid": _place_of_cuboid,
    "polygon": _place_of_polygon,
    "polyline": _place_of_polyline,
    "keypoint": _place_of_keypoint,
}


def polygon_area(vertices: Sequence[VertexJson]) -> float:
    """Area within a polygon, by the shoelace formula."""
    turned = [*vertices[1:], vertices[0]]
    return abs(sum(here.x * there.y - there.x * here.y for here, there in zip(vertices, turned, strict=True))) / 2


def _parallel(confidences: Sequence[ConfidenceJson], count: int) -> list[float | None]:
    """Confidences of ``count`` labels; none at all where the list is not parallel to them."""
    if len(confidences) != count:
        return [None] * count
    return [entry.confidence for entry in confidences]
