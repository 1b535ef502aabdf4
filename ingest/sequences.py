"""Sequence labels (SeqLabel.json): the consolidated labels of a video's frames.

Format: Amazon SageMaker developer guide, "Video frame object detection output" and "Video frame object tracking
output", and real files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Raw

from ingest.labels import ClassId, VertexJson, drawn
from ingest.layout import SourceFile
from ingest.schemas import AnnotationKey, Attribute, Frame, Job, Label
from ingest.values import BadFile, NotReadYet, Number, Rows, as_text, decode_strict_first, index, whole


class Item(msgspec.Struct, rename="kebab", gc=False):
    """Label in a frame; which of the geometry's fields it has depends on the list it is in."""

    class_id: ClassId | None = None
    label: str | None = None
    object_id: str | None = None
    object_name: str | None = None
    label_category_attributes: dict[str, Any] | None = None
    left: Number | None = None
    top: Number | None = None
    width: Number | None = None
    height: Number | None = None
    vertices: list[VertexJson] | None = None
    x: Number | None = None
    y: Number | None = None


class _StrictItem(Item, rename="kebab", forbid_unknown_fields=True, gc=False):
    pass


class FrameJson(msgspec.Struct, rename="kebab", gc=False):
    """Frame with its labels, in a list by kind of shape; ``frame-no`` is text in real files, a number in the guide."""

    frame_no: int | str | None = None
    frame_number: int | str | None = None  # of point clouds
    frame: str | None = None
    frame_attributes: dict[str, Any] | None = None
    annotations: list[Raw] | None = None
    polygons: list[Raw] | None = None
    polylines: list[Raw] | None = None
    keypoints: list[Raw] | None = None


class _StrictFrameJson(FrameJson, rename="kebab", forbid_unknown_fields=True, gc=False):
    pass


class _Sequence(msgspec.Struct, rename="kebab", gc=False):
    tracking_annotations: list[Raw] | None = None
    detection_annotations: list[Raw] | None = None
    lidar: dict[str, Any] | None = None


_sequence = msgspec.json.Decoder(_Sequence)
_strict_frame = msgspec.json.Decoder(_StrictFrameJson)
_strict_item = msgspec.json.Decoder(_StrictItem)

# Shape of the labels in each of a frame's lists.
_SHAPES = {"annotations": "box", "polygons": "polygon", "polylines": "polyline", "keypoints": "keypoint"}
_FRAMES_AT_A_TIME = 500


def parse_sequence(file: SourceFile, blocks: Iterable[bytes]) -> Iterator[Rows]:
    """Rows of a SeqLabel.json: ``frames``, ``annotations``, ``annotation_attributes``, some hundred frames at a time.

    A frame's place is its ``frame-no``: the list need not be in order.

    Raises:
        BadFile, msgspec.MsgspecError: the file is not of the documented shape.
        NotReadYet: it is of the shape of point clouds.
    """
    object_index = index(file.object_folder or "")
    sequence = _sequence.decode(whole(blocks))
    if sequence.tracking_annotations is not None:
        task_type, frames = "video-object-tracking", sequence.tracking_annotations
    elif sequence.detection_annotations is not None:
        task_type, frames = "video-object-detection", sequence.detection_annotations
    elif sequence.lidar is not None:
        raise NotReadYet("the linked labels of a point cloud and its cameras are not read yet")
    else:
        raise BadFile("neither tracking-annotations nor detection-annotations")
    yield {"labeling_jobs": [Job(task_type=task_type)]}

    seen: set[int] = set()
    for start in range(0, len(frames), _FRAMES_AT_A_TIME):
        rows: Rows = {"frames": [], "annotations": [], "annotation_attributes": []}
        for place, raw in enumerate(frames[start : start + _FRAMES_AT_A_TIME], start):
            try:
                frame_index = _add_frame(rows, object_index, raw)
            except (BadFile, msgspec.MsgspecError) as error:
                raise BadFile(f"frame {place} of the list: {error}") from None
            if frame_index in seen:
                raise BadFile(f"frame-no {frame_index} stands twice")
            seen.add(frame_index)
        yield rows


def _add_frame(rows: Rows, object_index: int, raw: Raw) -> int:
    frame, extra_of_frame = decode_strict_first(raw, _strict_frame, FrameJson)
    if frame.frame_no is None:
        if frame.frame_number is not None:
            raise NotReadYet("the labels of a point cloud are not read yet")
        raise BadFile("Object missing required field `frame-no`")
    frame_index = frame.frame_no if isinstance(frame.frame_no, int) else index(frame.frame_no)
    if not 0 <= frame_index < 2**31:
        raise BadFile(f"frame-no {frame_index} is out of range")
    number = 0
    for field, shape in _SHAPES.items():
        for item_json in getattr(frame, field) or ():
            item, extra = decode_strict_first(item_json, _strict_item, Item)
            key = AnnotationKey(None, object_index, frame_index, number)
            rows["annotations"].append((*key, *_label(shape, item, extra)))
            for name, value in (item.label_category_attributes or {}).items():
                rows["annotation_attributes"].append((*key, *Attribute("annotation", name, as_text(value))))
            number += 1
    frame_key = AnnotationKey(None, object_index, frame_index, None)
    for name, value in (frame.frame_attributes or {}).items():
        rows["annotation_attributes"].append((*frame_key, *Attribute("frame", name, as_text(value))))
    rows["frames"].append(Frame(object_index, frame_index, frame.frame, number, extra_of_frame))
    return frame_index


def _label(shape: str, item: Item, extra: str | None) -> Label:
    class_id = as_text(item.class_id)
    name = item.label
    if name is None and item.object_name and ":" in item.object_name:
        name = item.object_name.rpartition(":")[0]
    label = Label(
        shape=shape,
        label=class_id if name is None else name,
        class_id=class_id,
        track_id=item.object_id,
        track_name=item.object_name,
        extra_json=extra,
    )
    if shape == "box":
        if item.left is None or item.top is None or item.width is None or item.height is None:
            raise BadFile("a box lacks left, top, width or height")
        return label._replace(
            box_left=item.left,
            box_top=item.top,
            box_width=item.width,
            box_height=item.height,
            area=item.width * item.height,
        )
    if shape == "keypoint":
        vertices = [] if item.x is None or item.y is None else [VertexJson(item.x, item.y)]
    else:
        vertices = item.vertices or []
    return drawn(label, vertices)
