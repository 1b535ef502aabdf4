"""Small video jobs: people at a crossing, in boxes, polygons, polylines or keypoints, frame by frame.

The answer points to a folder that has a file for each frame. Forms: developer guide, "Output data" (video frame object
detection and tracking), and code that reads the files of frames.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, ClassVar, NamedTuple

import msgspec

from ingest.sample.adjustment import AdjustedLabel, adjust, is_adjusted, record_adjustments
from ingest.sample.objects import AnswerPlace, Item, ResultPlace, Task
from ingest.sample.output import BUCKET, SEQUENCE_FILE, JobFolder, Json
from ingest.sample.team import LabelSet, Turn
from ingest.sample.truth import Change, Displacement, Fault, IdentitySwitch, Truth

FRAMES = 8
OFFSET = 1.5  # pixels that the most careful worker's marks are off
SWITCH_SHARE = 0.5  # of the answers in which two tracks change their numbers
CHANGES = {
    Change.KEPT: 4,
    Change.MOVED: 1,
    Change.RESIZED: 1,
    Change.RELABELED: 1,
    Change.REMOVED: 1,
    Change.ATTRIBUTE_CHANGED: 1,
}
ADDED_SHARE = 0.2  # of the frames of a sequence that is adjusted


class Mark(NamedTuple):
    """Something in a frame: its class, its number within the sequence, the pixels it takes, and an attribute."""

    label: str
    number: int
    left: int
    top: int
    width: int
    height: int
    stature: int  # centimetres

    @property
    def name(self) -> str:
        """Name of the track as workers see it."""
        return f"{self.label}:{self.number}"


class Shape(NamedTuple):
    """How marks are drawn: the annotation type, and what a frame's list of them is called."""

    annotation_type: str
    list_name: str  # in SeqLabel.json
    answer_list_name: str

    def geometry(self, mark: Mark) -> Json:
        """Coordinates of a mark, in pixels."""
        left, top, width, height = mark.left, mark.top, mark.width, mark.height
        if self.annotation_type == "BoundingBox":
            return {"height": height, "width": width, "top": top, "left": left}
        if self.annotation_type == "Keypoint":
            return {"x": left + width // 2, "y": top}
        corners = [(left + width // 2, top), (left + width, top + height // 2), (left + width // 2, top + height)]
        if self.annotation_type == "Polygon":
            corners.append((left, top + height // 2))
        return {"vertices": [{"x": x, "y": y} for x, y in corners]}


BOX = Shape("BoundingBox", "annotations", "boundingBoxes")
POLYGON = Shape("Polygon", "polygons", "polygons")
POLYLINE = Shape("Polyline", "polylines", "polylines")
KEYPOINT = Shape("Keypoint", "keypoints", "keypoints")

Frames = list[list[Mark]]


@dataclass(frozen=True)
class Marked:
    """What a worker marked, how far off, and what was done to an earlier job's marks."""

    frames: Frames
    right: int = 0
    down: int = 0
    switch: tuple[int, int, int] | None = None  # first frame, and the tracks that change their numbers
    adjusted: Sequence[Sequence[AdjustedLabel[Mark]]] = ()  # by frame


class Footage(Task[Frames, Marked]):
    """What is in the frames of a sequence. If two workers label it, the first answer counts."""

    label_set = LabelSet(weights={"Adult": 3, "Child": 1, "Dog": 1}, lookalikes={"Adult": "Child", "Child": "Adult"})
    typical_seconds = 100.0
    list_key: ClassVar[str]  # of the frames of SeqLabel.json
    answer_key: ClassVar[str]

    def __init__(self, shape: Shape, workers_per_object: int, *, is_displaced: bool) -> None:
        self.shape = shape
        self.workers_per_object = workers_per_object
        self.is_displaced = is_displaced
        self.labeled: dict[str, Frames] = {}
        """What was labeled, by source-ref: what a later job may adjust."""

    def label_categories(self) -> Json:
        """The label category config, with an attribute of labels and one of frames."""
        return {
            "document-version": "2020-03-01",
            "frameAttributes": [{"name": "Crowded", "type": "string", "enum": ["Yes", "No"]}],
            "labels": [
                {"label": label, "categoryAttributes": [{"name": "Height", "type": "number", "minimum": 0}]}
                for label in self.label_set.labels
            ],
            "annotationType": self.shape.annotation_type,
        }

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[Frames]:
        """Some who cross the picture; the first frame is empty."""
        frames: Frames = [[] for _ in range(FRAMES)]
        for place in range(rng.randint(2, 4)):
            label, top, speed = self.label_set.draw(rng), rng.randint(100, 300), rng.randint(10, 40)
            stature = rng.randint(90, 190)
            for frame in range(rng.randint(1, 3), FRAMES):
                frames[frame].append(Mark(label, place + 1, 20 + speed * frame, top, rng.randint(28, 32), 80, stature))
        return Item({"source-ref": f"{BUCKET}/crossing/sequence-{number}.json"}, frames, difficulty)

    def give(self, item: Item[Frames], turn: Turn, rng: Random) -> Marked:
        """What the worker marks, all of it equally far off: somebody may be overlooked in a frame."""
        right, down = map(round, turn.worker.draw_offset(OFFSET, rng)) if self.is_displaced else (0, 0)
        frames = [
            [
                mark._replace(left=mark.left + right, top=mark.top + down)
                for mark in marks
                if rng.random() < turn.worker.accuracy(mark.label, turn.progress)
            ]
            for marks in item.truth
        ]
        return Marked(frames, right, down)

    def record(self, truth: Truth, place: AnswerPlace, item: Item[Frames], given: Marked, turn: Turn) -> None:
        """How far off everything is."""
        where = (place.job_name, place.object_index, place.worker.worker_id)
        if truth.has(Fault.DISPLACEMENTS):
            truth.add(Displacement(*where, self.shape.annotation_type, given.right, given.down))
        if given.switch:
            truth.add(IdentitySwitch(*where, *given.switch))

    def content(self, item: Item[Frames], given: Marked) -> Json:
        """Without its files an answer has no content."""
        return {}

    def answer_content(
        self, folder: JobFolder, object_index: int, item: Item[Frames], given: Marked, rng: Random
    ) -> Json:
        """The pointer to the frames' files."""
        frames = {
            _frame_name(number): {self.answer_key: self.answer_frame(number, marks)}
            for number, marks in enumerate(given.frames)
        }
        return {self.answer_key: {"frameData": {"s3Prefix": folder.write_answer_frames(object_index, frames, rng)}}}

    @abstractmethod
    def answer_frame(self, number: int, marks: list[Mark]) -> Json:
        """A frame of a worker's answer."""

    @abstractmethod
    def track(self, mark: Mark) -> Json:
        """The track's fields in a label of SeqLabel.json."""

    def consolidate(self, item: Item[Frames], answers: Sequence[Marked]) -> tuple[Any, Json]:
        """The frames of the first answer, and the classes that are in them."""
        given = answers[0].frames
        self.labeled[item.source["source-ref"]] = given
        labels = self.label_set.labels
        used = sorted({labels.index(mark.label) for marks in given for mark in marks})
        return given, {"class-map": {str(index): labels[index] for index in used}}

    def finish(self, folder: JobFolder, place: ResultPlace, value: Any, extra: Json) -> tuple[Any, Json]:
        """The labels are in SeqLabel.json."""
        frames = [
            {
                self.shape.list_name: [
                    {
                        **self.shape.geometry(mark),
                        "class-id": str(self.label_set.labels.index(mark.label)),
                        "label-category-attributes": {"Height": mark.stature},
                        **self.track(mark),
                    }
                    for mark in marks
                ],
                "frame-no": str(number),
                "frame": _frame_name(number),
                "frame-attributes": {"Crowded": _is_crowded(marks)},
            }
            for number, marks in enumerate(value)
        ]
        name = f"{place.object_index}/{SEQUENCE_FILE}"
        return folder.write_result(name, msgspec.json.encode({self.list_key: frames})), extra

    def answer_marks(self, marks: list[Mark]) -> list[Json]:
        """Labels of a frame of a worker's answer, without their tracks."""
        return [
            {**self.shape.geometry(mark), "label": mark.label, "labelCategoryAttributes": {"Height": mark.stature}}
            for mark in marks
        ]


class FootageDetection(Footage):
    """Marks that are unrelated to those of other frames."""

    task_type = "video-object-detection"
    list_key, answer_key = "detection-annotations", "detectionAnnotations"

    def answer_frame(self, number: int, marks: list[Mark]) -> Json:
        """A frame has its name, not its number."""
        return {"frame": _frame_name(number), self.shape.answer_list_name: self.answer_marks(marks)}

    def track(self, mark: Mark) -> Json:
        """There are no tracks."""
        return {}


class FootageTracking(Footage):
    """Marks that are followed from frame to frame."""

    task_type = "video-object-tracking"
    list_key, answer_key = "tracking-annotations", "trackingAnnotations"

    def answer_frame(self, number: int, marks: list[Mark]) -> Json:
        """A frame with its number, its attributes, and the tracks of its labels."""
        labels = [
            {**label, "objectId": _object_id(mark), "objectName": mark.name}
            for label, mark in zip(self.answer_marks(marks), marks, strict=True)
        ]
        return {
            "frameNumber": number,
            "frame": _frame_name(number),
            self.shape.answer_list_name: labels,
            "frameAttributes": {"Crowded": _is_crowded(marks)},
        }

    def track(self, mark: Mark) -> Json:
        """Id and name of the track."""
        return {"object-id": _object_id(mark), "object-name": mark.name}


class PathTracking(FootageTracking):
    """The same; in some answers, two who cross take each other's numbers from some frame on."""

    def give(self, item: Item[Frames], turn: Turn, rng: Random) -> Marked:
        """The marks; a class stays with the one who has it."""
        marked = super().give(item, turn, rng)
        if not self.is_displaced or rng.random() >= SWITCH_SHARE:
            return marked
        begin = rng.randint(FRAMES // 2, FRAMES - 2)
        numbers = {1: 2, 2: 1}
        frames = [
            [mark._replace(number=numbers.get(mark.number, mark.number)) if frame >= begin else mark for mark in marks]
            for frame, marks in enumerate(marked.frames)
        ]
        return replace(marked, frames=frames, switch=(begin, 1, 2))


class FootageAdjustment(FootageTracking):
    """The job that lets a worker change the marks of another. Developer guide: "Verify and adjust labels"."""

    def __init__(
        self, lines: list[Json], earlier: Footage, audited_attribute: str, adjusted_job: str, *, has_changes: bool
    ) -> None:
        super().__init__(earlier.shape, 1, is_displaced=False)
        self._lines, self._earlier, self._audited_attribute = lines, earlier, audited_attribute
        self._adjusted_job, self._has_changes = adjusted_job, has_changes

    def label_categories(self) -> Json:
        """The earlier job's config, which names its label attribute and lets workers edit everything."""
        config = super().label_categories()
        labels = [{**label, "editsAllowed": "any"} for label in config["labels"]]
        return {**config, "labels": labels, "auditLabelAttributeName": self._audited_attribute}

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[Frames]:
        """The earlier job's line, and its marks."""
        line = self._lines[int(number)]
        return Item(line, self._earlier.labeled[line["source-ref"]], difficulty)

    def give(self, item: Item[Frames], turn: Turn, rng: Random) -> Marked:
        """The marks, some of them changed, and some new ones; of the first sequence none is."""
        is_kept = item.source is self._lines[0] or not self._has_changes
        adjusted = []
        for marks in item.truth:
            labels = [
                AdjustedLabel(Change.KEPT, mark, mark)
                if is_kept
                else adjust(mark, CHANGES, lambda mark, change: self._change(mark, change, rng), rng)
                for mark in marks
            ]
            if not is_kept and rng.random() < ADDED_SHARE:
                mark = Mark(self.label_set.draw(rng), 9, 500, rng.randint(100, 300), 30, 80, 120)
                labels.append(AdjustedLabel(Change.ADDED, None, mark))
            adjusted.append(labels)
        frames = [[label.after for label in labels if label.after] for labels in adjusted]
        return Marked(frames, adjusted=adjusted)

    def _change(self, mark: Mark, change: Change, rng: Random) -> Mark:
        """The changed mark."""
        if change == Change.RELABELED:
            return mark._replace(label=self.label_set.other(mark.label, rng))
        if change == Change.ATTRIBUTE_CHANGED:
            return mark._replace(stature=mark.stature + 10)
        pixels = rng.randint(2, 5)
        if change == Change.MOVED:
            return mark._replace(left=mark.left + pixels, top=mark.top - pixels)
        return mark._replace(
            left=mark.left - pixels,
            top=mark.top - pixels,
            width=mark.width + 2 * pixels,
            height=mark.height + 2 * pixels,
        )

    def record(self, truth: Truth, place: AnswerPlace, item: Item[Frames], given: Marked, turn: Turn) -> None:
        """What became of each mark."""
        for frame_index, labels in enumerate(given.adjusted):
            record_adjustments(truth, place, self._adjusted_job, frame_index, labels)

    def consolidate(self, item: Item[Frames], answers: Sequence[Marked]) -> tuple[Any, Json]:
        """The metadata says whether anything was changed."""
        value, extra = super().consolidate(item, answers)
        status = "adjusted" if any(map(is_adjusted, answers[0].adjusted)) else "unadjusted"
        return value, {**extra, "adjustment-status": status}


def _frame_name(number: int) -> str:
    return f"frame_{number:04}.jpeg"


def _object_id(mark: Mark) -> str:
    return f"00000000-0000-4000-8000-{mark.number:012}"


def _is_crowded(marks: list[Mark]) -> str:
    return "Yes" if len(marks) > 2 else "No"
