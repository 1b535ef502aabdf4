"""Frames of a worker's answer to a sequence, which have a file each, in a folder that the answer points to.

The guide does not document these files: their form is that of code which reads them. ``trackingAnnotations`` or
``detectionAnnotations`` holds a frame, or a list of frames; each of a frame's lists has labels of one shape, told by
the list's name, or else by the fields of its items.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from ingest.formats.crowd_elements import LIST_SHAPES, read_items
from ingest.formats.parsing import BadFile, as_json, as_text, index, index_of_folder, whole
from ingest.job_folder import SourceFile
from ingest.rows import Rows
from ingest.tables import AnswerKey, AnswerLabelKey, Attribute, Label, PayloadKey, WorkerFrame

_HOLDERS = ("trackingAnnotations", "detectionAnnotations")


class _Frame(msgspec.Struct, rename="camel", gc=False):
    frame_number: int | str | None = None
    frame: str | None = None
    frame_name: str | None = None  # of point clouds
    frame_attributes: dict[str, Any] | None = None


class _Found(NamedTuple):
    """Rows of the frames, by table."""

    worker_frames: list[tuple[Any, ...]]
    worker_annotations: list[tuple[Any, ...]]
    worker_annotation_attributes: list[tuple[Any, ...]]


_NAMES = {field.encode_name for field in msgspec.structs.fields(_Frame)}
_ORDER = {name: place for place, name in enumerate(LIST_SHAPES)}
_frame = msgspec.json.Decoder(_Frame)
_fields = msgspec.json.Decoder(dict[str, Raw])
_list = msgspec.json.Decoder(list[Raw])


def is_frame(data: bytes) -> bool:
    """Whether a file is an object with a frame in it, and no answers."""
    try:
        fields = _fields.decode(data)
    except msgspec.MsgspecError:
        return False
    return "answers" not in fields and not fields.keys().isdisjoint(_HOLDERS)


def parse(file: SourceFile, blocks: Iterable[bytes], rows: Rows) -> None:
    """Rows of a frame's file: ``worker_frames``, ``worker_annotations`` and ``worker_annotation_attributes``.

    They have no answer's number: the file does not say whose it is. A frame is named as the file says, else as the file
    is; its number is never made from its name, which may count from another number than the sequence does.

    Raises:
        BadFile, msgspec.MsgspecError: the file holds no frame, or one that cannot be understood.
    """
    key = AnswerKey(file.iteration, index_of_folder(file.object_folder), None)
    fields = _fields.decode(whole(blocks, rows.warn))
    holders = [name for name in _HOLDERS if name in fields]
    if not holders:
        raise BadFile(f"neither {' nor '.join(_HOLDERS)}")
    others = {name: raw for name, raw in fields.items() if name not in holders}
    frames = [(holder, raw) for holder in holders for raw in _frames_of(fields[holder])]
    name_of_file = file.uri.rpartition("/")[2].removesuffix(".json") if len(frames) == 1 else None

    found = _Found([], [], [])
    seen: set[tuple[str | None, int | None]] = set()
    for place, (holder, raw) in enumerate(frames):
        try:
            frame = _frame.decode(raw)
            number = _number(frame.frame_number)
            name = frame.frame_name if frame.frame is None else frame.frame
            name = name_of_file if name is None else name
            if name is None and number is None:
                raise BadFile("no frame name and no frame number")
            if (name, number) in seen:
                raise BadFile("duplicate frame")
            seen.add((name, number))
            payload = PayloadKey(file.payload_folder, name)
            _add_frame(found, (*key, *payload), AnswerLabelKey(holder, number, None), frame, raw, others)
            others = {}  # what the file has once, its first frame has
        except (BadFile, msgspec.MsgspecError) as error:
            raise BadFile(f"frame {place} of the file: {error}") from None
    rows.add_tables(found._asdict())


def _frames_of(value: Raw) -> list[Raw]:
    return _list.decode(value) if bytes(value).startswith(b"[") else [value]


def _number(number: int | str | None) -> int | None:
    if isinstance(number, str):
        number = index(number)
    if number is not None and not 0 <= number < 2**31:
        raise BadFile(f"frameNumber {number} is out of range")
    return number


def _add_frame(
    found: _Found, key: tuple[Any, ...], within: AnswerLabelKey, frame: _Frame, raw: Raw, others: dict[str, Raw]
) -> None:
    attributes = found.worker_annotation_attributes
    rest = dict(others)
    place = 0
    is_flattened = True
    fields = _fields.decode(raw)
    # In an order of their own: that of an object's keys says nothing.
    for name in sorted(fields.keys() - _NAMES, key=lambda name: (_ORDER.get(name, len(_ORDER)), name)):
        value = fields[name]
        labels = _labels(name, value)
        if labels is None:
            rest[name] = value
            is_flattened = is_flattened and not _has_objects(value)
            continue
        for label, label_attributes in labels:
            placed = within._replace(annotation_index=place)
            found.worker_annotations.append((*key, *placed, *label))
            for attribute, text in label_attributes.items():
                attributes.append((*key, *placed, *Attribute("annotation", attribute, as_text(text))))
            place += 1
    for attribute, text in (frame.frame_attributes or {}).items():
        attributes.append((*key, *within, *Attribute("frame", attribute, as_text(text))))
    frame_row = WorkerFrame(within.frame_index, place if is_flattened else None, as_json(rest) if rest else None)
    found.worker_frames.append((*key, *frame_row))


def _labels(name: str, value: Raw) -> list[tuple[Label, dict[str, Any]]] | None:
    """Labels of one of a frame's fields with their attributes; None where it is no list of labels of a known shape."""
    if name in LIST_SHAPES:
        return read_items(LIST_SHAPES[name], value)
    if not _has_objects(value):
        return None
    shape = _shape(name, _list.decode(value)[0])
    try:
        return read_items(shape, value) if shape else None
    except (BadFile, msgspec.ValidationError):
        return None


def _has_objects(value: Raw) -> bool:
    return bytes(value).startswith(b"[") and any(bytes(item).startswith(b"{") for item in _list.decode(value))


def _shape(name: str, item: Raw) -> str | None:
    """Shape of the labels in a list of a name that is not known; a list of vertices may be of either shape."""
    try:
        fields = _fields.decode(item).keys()
    except msgspec.ValidationError:
        return None
    if fields >= {"left", "top", "width", "height"}:
        return "box"
    if fields >= {"centerX", "centerY", "centerZ"}:
        return "cuboid"
    if "vertices" in fields:
        return next((shape for shape in ("polygon", "polyline") if shape in name.lower()), None)
    return "keypoint" if fields >= {"x", "y"} else None
