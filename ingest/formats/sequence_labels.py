"""Sequence labels (SeqLabel.json): the consolidated labels of a video's, or of a point cloud's frames.

Format: Amazon SageMaker developer guide, "Video frame object detection output", "Video frame object tracking output",
"3D point cloud object tracking output", "3D-2D object tracking point cloud object tracking output", and real files of
videos.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from ingest.formats.parsing import BadFile, as_json, as_text, decode_strict_first, index, index_of_folder, whole
from ingest.formats.shapes import item_label
from ingest.job_folder import SourceFile
from ingest.rows import Rows
from ingest.tables import AnnotationKey, Attribute, Frame, Job


class FrameJson(msgspec.Struct, rename="kebab", gc=False):
    """Frame with its labels, in a list by kind of shape; ``frame-no`` is text in real files, a number in the guide."""

    frame_no: int | str | None = None
    frame_number: int | str | None = None  # of point clouds
    frame: str | None = None
    frame_name: str | None = None  # of point clouds
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

    @property
    def frames(self) -> list[Raw] | None:
        """The frames; None where the object is no sequence."""
        return self.detection_annotations if self.tracking_annotations is None else self.tracking_annotations


class View(NamedTuple):
    """What one sensor has of a frame; a file of one sensor does not name it."""

    sensor: str | None
    place: int
    frame: FrameJson
    extra: str | None

    @property
    def name(self) -> str | None:
        """File name of the frame."""
        return self.frame.frame_name if self.frame.frame is None else self.frame.frame

    def __str__(self) -> str:
        """Where the file has it."""
        return f"{self.sensor + ': ' if self.sensor else ''}frame {self.place} of the list"


class _Found(NamedTuple):
    """Rows of some frames, by table."""

    frames: list[tuple[Any, ...]]
    annotations: list[tuple[Any, ...]]
    annotation_attributes: list[tuple[Any, ...]]


_sequence = msgspec.json.Decoder(_Sequence)
_keys = msgspec.json.Decoder(dict[str, Raw])
_strict_frame = msgspec.json.Decoder(_StrictFrameJson)

# Shape of the labels in each of a frame's lists.
_SHAPES = {"annotations": "box", "polygons": "polygon", "polylines": "polyline", "keypoints": "keypoint"}
_SENSORS = ("lidar", "camera-")
_FRAMES_AT_A_TIME = 500


def parse(file: SourceFile, blocks: Iterable[bytes], rows: Rows) -> None:
    """Rows of a SeqLabel.json: ``frames``, ``annotations``, ``annotation_attributes``, some hundred frames at a time.

    A frame's place is its ``frame-no``: the list need not be in order. Where a point cloud is linked with cameras, the
    labels of a frame are those of the cloud and of each camera.

    Raises:
        BadFile, msgspec.MsgspecError: the file is not of the documented shape.
    """
    object_index = index_of_folder(file.object_folder)
    task_type, frames = _read_frames(whole(blocks, rows.warn))
    places = iter(frames.items())
    while some := list(islice(places, _FRAMES_AT_A_TIME)):
        found = _Found([], [], [])
        for frame_index, views in some:
            if _add_frame(found, object_index, frame_index, views):
                task_type = "point_cloud_object_tracking"
        rows.add_tables(found._asdict())
        rows.checkpoint()
    rows.add_rows("labeling_jobs", [Job(task_type=task_type)])


def _read_frames(data: bytes) -> tuple[str, dict[int, list[View]]]:
    """Task type, which cuboids may correct, and every frame by its number, as each sensor has it, the cloud first."""
    sequence = _sequence.decode(data)
    sensors: list[tuple[str | None, _Sequence]] = [(None, sequence)]
    if sequence.frames is None:
        keys = _keys.decode(data)
        linked = [(name, raw) for name, raw in keys.items() if name.startswith(_SENSORS) or bytes(raw).startswith(b"{")]
        linked.sort(key=lambda sensor: (sensor[0] != "lidar", len(sensor[0]), sensor[0]))
        sensors = [(name, _read_sensor(name, raw)) for name, raw in linked] or sensors
    frames: dict[int, list[View]] = {}
    for sensor, found in sensors:
        if found.frames is None:
            raise BadFile(f"{sensor + ': ' if sensor else ''}neither tracking-annotations nor detection-annotations")
        for place, raw in enumerate(found.frames):
            frame_index, view = _read_view(sensor, place, raw)
            views = frames.setdefault(frame_index, [])
            if views and views[-1].sensor == sensor:
                raise BadFile(f"{view}: duplicate frame-no {frame_index}")
            views.append(view)
    if sequence.frames is None:
        return "point_cloud_object_tracking", frames
    return "video-object-detection" if sequence.tracking_annotations is None else "video-object-tracking", frames


def _read_sensor(name: str, raw: Raw) -> _Sequence:
    try:
        return _sequence.decode(raw)
    except msgspec.ValidationError as error:
        raise BadFile(f"{name}: {error}") from None


def _read_view(sensor: str | None, place: int, raw: Raw) -> tuple[int, View]:
    try:
        view = View(sensor, place, *decode_strict_first(raw, _strict_frame, FrameJson))
        number = view.frame.frame_number if view.frame.frame_no is None else view.frame.frame_no
        if number is None:
            raise BadFile("Object missing required field `frame-no`")
        frame_index = number if isinstance(number, int) else index(number)
        if not 0 <= frame_index < 2**31:
            raise BadFile(f"frame-no {frame_index} is out of range")
    except (BadFile, msgspec.MsgspecError) as error:
        raise BadFile(f"{View(sensor, place, FrameJson(), None)}: {error}") from None
    return frame_index, view


def _add_frame(found: _Found, object_index: int, frame_index: int, views: list[View]) -> bool:
    """Rows of one frame; whether it is a point cloud's."""
    is_point_cloud = any(view.frame.frame_number is not None for view in views)
    number = 0
    for view in views:
        try:
            for field, shape in _SHAPES.items():
                for item_json in getattr(view.frame, field) or ():
                    label, attributes = item_label(shape, item_json)
                    if view.sensor is not None:
                        label = label._replace(sensor=view.sensor)
                    is_point_cloud |= label.shape == "cuboid"
                    key = AnnotationKey(None, object_index, frame_index, number)
                    found.annotations.append((*key, *label))
                    for name, value in attributes.items():
                        found.annotation_attributes.append((*key, *Attribute("annotation", name, as_text(value))))
                    number += 1
        except (BadFile, msgspec.MsgspecError) as error:
            raise BadFile(f"{view}: {error}") from None
    frame_key = AnnotationKey(None, object_index, frame_index, None)
    # The sensors of a frame share its attributes; should they differ, the point cloud's stand.
    frame_attributes = {
        name: value for view in reversed(views) for name, value in (view.frame.frame_attributes or {}).items()
    }
    for name, value in frame_attributes.items():
        found.annotation_attributes.append((*frame_key, *Attribute("frame", name, as_text(value))))
    frame_name = next((view.name for view in views if view.name is not None), None)
    extra = views[0].extra if views[0].sensor is None else _extra(views, frame_name, frame_attributes)
    found.frames.append(Frame(object_index, frame_index, frame_name, number, extra))
    return is_point_cloud


def _extra(views: list[View], frame_name: str | None, frame_attributes: dict[str, Any]) -> str | None:
    """What the columns of a frame of several sensors do not hold: by sensor, a JSON object."""
    extra: dict[str, dict[str, Any]] = {}
    for view in views:
        fields: dict[str, Any] = _keys.decode(view.extra) if view.extra else {}
        if view.name is not None and view.name != frame_name:
            fields["frame"] = view.name
        own = view.frame.frame_attributes or {}
        others = {name: value for name, value in own.items() if value != frame_attributes[name]}
        if others:
            fields["frame-attributes"] = others
        if fields:
            extra[str(view.sensor)] = fields
    return as_json(extra) if extra else None
