"""Small video jobs: people at a crossing, in boxes, polygons, polylines or keypoints, frame by frame.

The answer points to a folder that has a file for each frame. Forms: developer guide, "Output data" (video frame object
detection and tracking), and code that reads the files of frames.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from random import Random
from typing import Any, ClassVar, NamedTuple

import msgspec

from ingest.sample.objects import Item, ResultPlace, Task
from ingest.sample.output import BUCKET, SEQUENCE_FILE, JobFolder, Json
from ingest.sample.team import LabelSet, Turn

FRAMES = 8
ADJUSTED_SHARE = 0.3  # of the marks that an adjustment job is given


class Mark(NamedTuple):
    """Something in a frame: its class, its number within the class, and the pixels it takes."""

    label: str
    number: int
    left: int
    top: int
    width: int
    height: int

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


class Footage(Task[Frames, Frames]):
    """What is in the frames of a sequence; one worker labels it."""

    label_set = LabelSet(weights={"Adult": 3, "Child": 1, "Dog": 1}, lookalikes={"Adult": "Child", "Child": "Adult"})
    workers_per_object = 1
    typical_seconds = 100.0
    list_key: ClassVar[str]  # of the frames of SeqLabel.json
    answer_key: ClassVar[str]

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
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
            for frame in range(rng.randint(1, 3), FRAMES):
                frames[frame].append(Mark(label, place + 1, 20 + speed * frame, top, rng.randint(28, 32), 80))
        return Item({"source-ref": f"{BUCKET}/crossing/sequence-{number}.json"}, frames, difficulty)

    def give(self, item: Item[Frames], turn: Turn, rng: Random) -> Frames:
        """What the worker marks: somebody may be overlooked in a frame."""
        return [
            [mark for mark in marks if rng.random() < turn.worker.accuracy(mark.label, turn.progress)]
            for marks in item.truth
        ]

    def content(self, item: Item[Frames], given: Frames) -> Json:
        """Without its files an answer has no content."""
        return {}

    def answer_content(
        self, folder: JobFolder, object_index: int, item: Item[Frames], given: Frames, rng: Random
    ) -> Json:
        """The pointer to the frames' files."""
        frames = {
            _frame_name(number): {self.answer_key: self.answer_frame(number, marks)}
            for number, marks in enumerate(given)
        }
        return {self.answer_key: {"frameData": {"s3Prefix": folder.write_answer_frames(object_index, frames, rng)}}}

    @abstractmethod
    def answer_frame(self, number: int, marks: list[Mark]) -> Json:
        """A frame of a worker's answer."""

    @abstractmethod
    def track(self, mark: Mark) -> Json:
        """The track's fields in a label of SeqLabel.json."""

    def consolidate(self, item: Item[Frames], answers: Sequence[Frames]) -> tuple[Any, Json]:
        """The one worker's frames, and the classes that are in them."""
        [given] = answers
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
                        "label-category-attributes": {"Height": mark.height},
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
            {**self.shape.geometry(mark), "label": mark.label, "labelCategoryAttributes": {"Height": mark.height}}
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


class FootageAdjustment(FootageTracking):
    """The job that lets a worker change the marks of another. Developer guide: "Verify and adjust labels"."""

    def __init__(self, lines: list[Json], earlier: Footage, audited_attribute: str) -> None:
        super().__init__(earlier.shape)
        self._lines, self._earlier, self._audited_attribute = lines, earlier, audited_attribute

    def label_categories(self) -> Json:
        """The earlier job's config, which names its label attribute and lets workers edit everything."""
        config = super().label_categories()
        labels = [{**label, "editsAllowed": "any"} for label in config["labels"]]
        return {**config, "labels": labels, "auditLabelAttributeName": self._audited_attribute}

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[Frames]:
        """The earlier job's line, and its marks."""
        line = self._lines[int(number)]
        return Item(line, self._earlier.labeled[line["source-ref"]], difficulty)

    def give(self, item: Item[Frames], turn: Turn, rng: Random) -> Frames:
        """The marks, some of them moved; of the first sequence none."""
        share = 0 if item.source is self._lines[0] else ADJUSTED_SHARE
        return [
            [mark._replace(left=mark.left + rng.randint(1, 6)) if rng.random() < share else mark for mark in marks]
            for marks in item.truth
        ]

    def consolidate(self, item: Item[Frames], answers: Sequence[Frames]) -> tuple[Any, Json]:
        """The metadata says whether anything was changed."""
        value, extra = super().consolidate(item, answers)
        return value, {**extra, "adjustment-status": "adjusted" if value != item.truth else "unadjusted"}


def _frame_name(number: int) -> str:
    return f"frame_{number:04}.jpeg"


def _object_id(mark: Mark) -> str:
    return f"00000000-0000-4000-8000-{mark.number:012}"


def _is_crowded(marks: list[Mark]) -> str:
    return "Yes" if len(marks) > 2 else "No"
