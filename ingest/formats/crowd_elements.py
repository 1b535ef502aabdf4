"""Crowd elements: what a worker chose, drew or wrote, as labels and attributes.

Format: Amazon SageMaker developer guide, "Crowd HTML elements reference". Templates may name their elements freely:
the form of an element is told by the fields of its value. What is of no known form is not taken apart.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import msgspec
import pyarrow.compute as pc
from msgspec import UNSET, Raw, UnsetType

from ingest.formats.parsing import BadFile, as_json, as_text, as_written
from ingest.formats.registry import ELEMENT_TASK_TYPES
from ingest.formats.shapes import (
    ANSWER_ITEM,
    BoxJson,
    EntityJson,
    Name,
    PlainBoxJson,
    PlainEntityJson,
    box_labels,
    class_labels,
    item_label,
    name_text,
    span_labels,
)
from ingest.rows import Layout
from ingest.tables import AnswerKey, Attribute, Label

LabelAttributes = dict[str, Any]
"""Values of attributes, by name."""


class _PlainElement(msgspec.Struct, rename="camel", gc=False):
    """Value of an element as nearly all are: of one known kind, and nothing beside it."""

    label: str | UnsetType = UNSET
    labels: list[str] | UnsetType = UNSET
    bounding_boxes: list[PlainBoxJson] | UnsetType = UNSET
    entities: list[PlainEntityJson] | UnsetType = UNSET
    worker_comment: Any = None
    initial_value_modified: Any = None


class _AnswerBox(BoxJson, rename={"label_category_attributes": "labelCategoryAttributes"}, gc=False):
    label_category_attributes: LabelAttributes | None = None


class _Element(msgspec.Struct, rename="camel", gc=False):
    """Value of one of the elements that nearly all answers are of."""

    label: Name | UnsetType = UNSET
    labels: list[Name] | UnsetType = UNSET
    bounding_boxes: list[_AnswerBox] | UnsetType | None = UNSET
    entities: list[EntityJson] | UnsetType | None = UNSET
    worker_comment: Any = None
    initial_value_modified: Any = None


class _Color(msgspec.Struct, gc=False):
    color: str


class _Instance(msgspec.Struct, gc=False):
    color: str
    label: Name


class _Png(msgspec.Struct, rename="camel", gc=False):
    png_image_data: str


class _Masks(msgspec.Struct, rename="camel", gc=False):
    """Value of a segmentation: of classes with label mappings, of things with instances."""

    labeled_image: _Png
    label_mappings: dict[str, _Color] | None = None
    instances: list[_Instance] | None = None


class _FrameData(msgspec.Struct, rename="camel", gc=False):
    s3_prefix: str


class _Pointer(msgspec.Struct, rename="camel", gc=False):
    """Value of an element whose labels are in files of their own, one for each frame."""

    frame_data: _FrameData


# Shape of the labels in a list of this name.
LIST_SHAPES = {
    "boundingBoxes": "box",
    "polygons": "polygon",
    "polylines": "polyline",
    "lines": "polyline",
    "keypoints": "keypoint",
    "boundingCuboids": "cuboid",
}

# The labels of an element, but for classes: a run has the answer and the element, and numbers its labels.
_LABELS = Layout(table="worker_annotations", shared=(*AnswerKey._fields, "element_name"), numbered="annotation_index")
WHOLE_LABELS = replace(_LABELS, own=Label._fields)
"""Records are ``Label`` tuples, of any shape."""
PLAIN_BOXES = replace(
    _LABELS,
    own=("label", "box_left", "box_top", "box_width", "box_height"),
    attributes=("label", "left", "top", "width", "height"),
    fixed=(("shape", "box"),),
    derived=(("area", pc.multiply, ("box_width", "box_height")),),
)
"""Records are ``PlainBoxJson``."""
PLAIN_SPANS = replace(
    _LABELS,
    own=("label", "start_offset", "end_offset"),
    attributes=("label", "start_offset", "end_offset"),
    fixed=(("shape", "span"),),
)
"""Records are ``PlainEntityJson``."""

_plain_elements = msgspec.json.Decoder(dict[str, _PlainElement])
_element = msgspec.json.Decoder(_Element)
_masks = msgspec.json.Decoder(_Masks)
_pointer = msgspec.json.Decoder(_Pointer)
_fields = msgspec.json.Decoder(dict[str, Raw])
_raws = msgspec.json.Decoder(list[Raw] | None)
_attributes = msgspec.json.Decoder(LabelAttributes | None)
_text = msgspec.json.Decoder(str)
_any = msgspec.json.Decoder(Any)

_NULL = Raw(b"null")
_FOLDER = re.compile(r"[0-9a-f]{40}")
_NOTES = ("workerComment", "initialValueModified")
_ABOUT_THE_IMAGE = {"inputImageProperties", *_NOTES}


@dataclass(slots=True)
class Beside:
    """What an answer has beside its labels."""

    attributes: list[tuple[str, int | None, Attribute]] = field(default_factory=list)
    """Element, place of the label within the element (None: the attribute is none of a label's), and attribute."""
    payload_folders: list[str | None] = field(default_factory=list)
    """Folders of the files that hold the answer's frames; None is one whose name is not of the documented form."""

    def note(self, element: str, scope: str, values: LabelAttributes, place: int | None = None) -> None:
        """Take attributes in, with their values as text."""
        self.attributes += [(element, place, Attribute(scope, name, as_text(value))) for name, value in values.items()]


class PlainContent(NamedTuple):
    """An ``answerContent`` that has nothing but labels of the commonest kinds.

    Attributes:
        content: task type that its elements name, or None if they name none or several; number of all labels, or None
            if there is no element; and None, for it points to no folder of frames.
        classes: element, number within the answer, and class of each label that is a class.
        shapes: of all others, by element: its name, the number of its first label within the answer, the layout of its
            labels, and the labels.
    """

    content: tuple[str | None, int | None, None]
    classes: list[tuple[str, int, str]]
    shapes: list[tuple[str, int, Layout, Sequence[Any]]]


LONGEST_CHOICE = 200
"""Bytes of the longest ``answerContent`` that ``PLAIN_CHOICES`` is for."""


class _PlainChoices(dict[bytes, PlainContent | None]):
    """What ``plain_content`` says of a short ``answerContent``.

    Most answers that choose among few classes repeat an earlier one.
    """

    _MOST = 10_000

    def __missing__(self, content: bytes) -> PlainContent | None:
        plain = plain_content(content)
        if plain and not plain.shapes and len(self) < self._MOST:
            self[content] = plain
        return plain


PLAIN_CHOICES = _PlainChoices()


def plain_content(written: bytes) -> PlainContent | None:
    """Labels of an ``answerContent``, if it has nothing but labels of the commonest kinds.

    None if it has anything else: then ``read_content`` reads it, which takes more time.
    """
    try:
        elements = _plain_elements.decode(written)
    except msgspec.ValidationError:
        return None
    classes: list[tuple[str, int, str]] = []
    shapes: list[tuple[str, int, Layout, Sequence[Any]]] = []
    count = 0
    for name, element in elements.items():
        if element.worker_comment is not None or element.initial_value_modified is not None:
            return None
        if element.bounding_boxes is not UNSET:
            shapes.append((name, count, PLAIN_BOXES, element.bounding_boxes))
            count += len(element.bounding_boxes)
        elif element.entities is not UNSET:
            shapes.append((name, count, PLAIN_SPANS, element.entities))
            count += len(element.entities)
        elif element.labels is not UNSET:
            for label in dict.fromkeys(element.labels):
                classes.append((name, count, label))
                count += 1
        elif element.label is not UNSET:
            classes.append((name, count, element.label))
            count += 1
        else:
            return None
    content = (task_type_of_elements(elements), count if elements else None, None)
    return PlainContent(content, classes, shapes)


def task_type_of_elements(names: Collection[str]) -> str | None:
    """Task type that the names of an answer's elements stand for; None if they stand for none, or for several."""
    if len(names) == 1:
        return ELEMENT_TASK_TYPES.get(*names)
    types = {ELEMENT_TASK_TYPES[name] for name in names if name in ELEMENT_TASK_TYPES}
    return types.pop() if len(types) == 1 else None


def read_content(content: Raw, beside: Beside) -> dict[str, list[Label] | None]:
    """Labels by crowd element of an ``answerContent``; None for an element whose form is not flattened.

    Args:
        content: of a custom template it need not be an object; it has no elements then.
        beside: takes in what else there is.
    """
    try:
        elements = _fields.decode(content)
    except msgspec.ValidationError:
        return {}
    return {name: _read_element(name, value, beside) for name, value in elements.items()}


def _read_element(name: str, value: Raw, beside: Beside) -> list[Label] | None:
    try:
        element = _element.decode(value)
    except msgspec.ValidationError:
        return _read_other(name, value, beside)
    if element.bounding_boxes is not UNSET:
        boxes = element.bounding_boxes or []
        labels = box_labels(boxes, {})
        for place, box in enumerate(boxes):
            if box.label_category_attributes:
                beside.note(name, "annotation", box.label_category_attributes, place)
    elif element.entities is not UNSET:
        labels = span_labels(element.entities or [])
    elif element.labels is not UNSET:
        labels = class_labels(element.labels)
    elif element.label is not UNSET:
        labels = class_labels([element.label])
    else:
        return _read_other(name, value, beside)
    if element.worker_comment is not None:
        beside.note(name, "object", {"workerComment": element.worker_comment})
    if element.initial_value_modified is not None:
        beside.note(name, "object", {"initialValueModified": element.initial_value_modified})
    return labels


def _read_other(name: str, value: Raw, beside: Beside) -> list[Label] | None:
    """The same of the rarer elements, of form fields, and of what is broken."""
    try:
        fields = _fields.decode(value)
    except msgspec.ValidationError:
        text = _scalar(value)
        if text is not None:
            beside.note(name, "object", {name: text})
        return None
    if "frameData" in fields:
        beside.payload_folders.append(_payload_folder(value))
        return None
    try:
        labels = _read_shapes(name, fields, value, beside)
    except (BadFile, msgspec.ValidationError):
        return None
    if labels is not None:
        notes = {note: _any.decode(fields[note]) for note in _NOTES if note in fields}
        beside.note(name, "object", {note: text for note, text in notes.items() if text is not None})
    elif fields and all(bytes(choice) in (b"true", b"false") for choice in fields.values()):
        # A box without a value of its own has HTML's: on.
        names = [name if fields.keys() == {"on"} else f"{name}.{choice}" for choice in fields]
        beside.note(name, "object", dict(zip(names, map(as_written, fields.values()), strict=True)))
    return labels


def _read_shapes(name: str, fields: dict[str, Raw], value: Raw, beside: Beside) -> list[Label] | None:
    if "labeledImage" in fields:
        return _mask_labels(_masks.decode(value))
    lists = [found for found in LIST_SHAPES if found in fields]
    if lists:
        frame_attributes = _attributes.decode(fields.get("frameAttributes", _NULL))
        items = [item for found in lists for item in read_items(LIST_SHAPES[found], fields[found])]
        for place, (_, attributes) in enumerate(items):
            beside.note(name, "annotation", attributes, place)
        beside.note(name, "frame", frame_attributes or {})
        return [label for label, _ in items]
    # An element that is drawn with may leave its list out where it is empty.
    is_drawn_with = "inputImageProperties" in fields or ELEMENT_TASK_TYPES.get(name) == "object-detection"
    return [] if is_drawn_with and fields.keys() <= _ABOUT_THE_IMAGE else None


def read_items(shape: str, items: Raw) -> list[tuple[Label, LabelAttributes]]:
    """Labels of a list, each with its attributes; null is an empty list.

    Raises:
        BadFile, msgspec.ValidationError: it is no list, or one of its items is not of the shape.
    """
    return [item_label(shape, item, ANSWER_ITEM) for item in _raws.decode(items) or ()]


def _mask_labels(masks: _Masks) -> list[Label]:
    """One label for each instance, or for each class that has pixels; colours that stand for none are no label.

    Raises:
        BadFile: the mask cannot be read, or there is nothing that says what its colours stand for.
    """
    from ingest.formats.mask import color_regions  # Pillow takes a while to import, and few answers have masks

    try:
        png = base64.b64decode(masks.labeled_image.png_image_data)
    except (binascii.Error, ValueError):
        raise BadFile("pngImageData is not base64") from None
    regions = color_regions(png)
    total = sum(region.pixels for region in regions.values())
    if masks.instances is not None:
        found = [(name_text(instance.label), instance.color) for instance in masks.instances]
    elif masks.label_mappings is not None:
        colors = ((label, mapping.color) for label, mapping in masks.label_mappings.items())
        found = [(label, color) for label, color in colors if color.lower() in regions]
    else:
        raise BadFile("neither labelMappings nor instances")
    nothing = regions[next(iter(regions))]._replace(pixels=0, code=-1)
    return [
        Label(
            shape="mask",
            label=label,
            area=region.pixels,
            region_share=region.pixels / total,
            geometry_json=region.rle,
            extra_json=as_json({"color": color}),
        )
        for label, color in found
        for region in [regions.get(color.lower(), nothing)]
    ]


def _payload_folder(value: Raw) -> str | None:
    try:
        prefix = _pointer.decode(value).frame_data.s3_prefix
    except msgspec.ValidationError:
        return None
    folder = prefix.rstrip("/").rpartition("/")[2]
    return folder if _FOLDER.fullmatch(folder) else None


def _scalar(value: Raw) -> str | None:
    """Text of a string, a number or a truth value; None for anything else."""
    written = bytes(value)
    if written.startswith(b'"'):
        return _text.decode(value)
    return None if written.startswith((b"{", b"[", b"null")) else written.decode()
