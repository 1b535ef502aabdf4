"""The bounding box job: crates, pallets and vehicles in a warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from ingest.sample.consolidation import Box, consolidate_boxes
from ingest.sample.objects import Item, Task, golden_line
from ingest.sample.output import BUCKET, Json
from ingest.sample.team import LabelSet, Turn

SIZES = ((1280, 720), (1920, 1080), (800, 600))
BOX_COUNTS = {0: 1, 1: 2, 2: 3, 3: 3, 4: 2, 6: 1, 9: 0.5}  # boxes in an image -> how common that is
UNADJUSTED_SHARE = 0.5  # of the objects that an adjustment job is given
SMALL_SIDE = 60  # pixels: shorter boxes are missed more often


@dataclass(frozen=True)
class Picture:
    """An image and the boxes that are right for it."""

    width: int
    height: int
    boxes: list[Box]


class BoundingBoxes(Task[Picture, list[Box]]):
    """Boxes around things. Developer guide: "Output data", bounding box job output."""

    task_type = "object-detection"
    label_set = LabelSet(
        weights={"Crate": 4, "Pallet": 3, "Forklift": 1, "Cart": 1.5},
        lookalikes={"Crate": "Pallet", "Pallet": "Crate", "Forklift": "Cart", "Cart": "Forklift"},
    )
    workers_per_object = 3
    typical_seconds = 32.0
    golden_share = 0.25

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[Picture]:
        """An image of the warehouse, now and then an empty one."""
        width, height = rng.choice(SIZES)
        count = rng.choices(list(BOX_COUNTS), list(BOX_COUNTS.values()))[0]
        boxes = []
        for _ in range(count):
            box_width, box_height = rng.randint(30, width // 3), rng.randint(30, height // 3)
            left, top = rng.randint(0, width - box_width), rng.randint(0, height - box_height)
            boxes.append(Box(self.label_set.draw(rng), left, top, box_width, box_height))
        source = {"source-ref": f"{BUCKET}/warehouse/aisle {rng.randint(1, 14)}/image-{number}.png"}
        return Item(source, Picture(width, height, boxes), difficulty)

    def effort(self, item: Item[Picture]) -> float:
        """More boxes take longer."""
        return super().effort(item) * (0.3 + 0.25 * len(item.truth.boxes))

    def give(self, item: Item[Picture], turn: Turn, rng: Random) -> list[Box]:
        """The boxes a worker draws: some missing, some shifted or of a wrong class, sometimes one too many."""
        picture, habits = item.truth, turn.worker.habits
        drawn = []
        for box in picture.boxes:
            carelessness = 1 - turn.worker.accuracy(box.label, turn.progress)
            visibility = 2.0 if min(box.width, box.height) < SMALL_SIDE else 0.6
            if rng.random() < (habits.miss_share + 0.3 * carelessness) * visibility:
                continue
            label = self.label_set.name(box.label, turn.worker, item.difficulty, turn.progress, rng)
            drawn.append(_draw_around(box._replace(label=label), picture, habits.box_scale, carelessness, rng))
        if rng.random() < 0.4 * (1 - habits.skill):
            width, height = rng.randint(30, 200), rng.randint(30, 200)
            left, top = rng.randint(0, picture.width - width), rng.randint(0, picture.height - height)
            drawn.append(Box(self.label_set.draw(rng), left, top, width, height))
        return drawn

    def content(self, item: Item[Picture], given: list[Box]) -> Json:
        """The bounding box element's answer."""
        return {
            "boundingBox": {
                "boundingBoxes": [
                    {"height": box.height, "label": box.label, "left": box.left, "top": box.top, "width": box.width}
                    for box in given
                ],
                "inputImageProperties": {"height": item.truth.height, "width": item.truth.width},
            }
        }

    def consolidate(self, item: Item[Picture], answers: Sequence[list[Box]]) -> tuple[Any, Json]:
        """The boxes most workers drew, averaged: coordinates are whole numbers no more."""
        consolidated = consolidate_boxes(answers)
        value, extra = self._label([box for box, _ in consolidated], item.truth)
        return value, {**extra, "objects": [{"confidence": confidence} for _, confidence in consolidated]}

    def golden(self, item: Item[Picture], object_index: int) -> Json:
        """The correct boxes as an augmented manifest, which names the object by its source-ref."""
        value, extra = self._label(item.truth.boxes, item.truth)
        extra["objects"] = [{"confidence": 1}] * len(item.truth.boxes)
        return golden_line(item.source, self.task_type, value, extra)

    def _label(self, boxes: Sequence[Box], picture: Picture) -> tuple[Json, Json]:
        """Value of the label attribute and its class map, which has the classes used only."""
        labels = self.label_set.labels
        value = {
            "annotations": [
                {
                    "class_id": labels.index(box.label),
                    "width": box.width,
                    "top": box.top,
                    "height": box.height,
                    "left": box.left,
                }
                for box in boxes
            ],
            "image_size": [{"width": picture.width, "depth": 3, "height": picture.height}],
        }
        used = sorted({labels.index(box.label) for box in boxes})
        return value, {"class-map": {str(index): labels[index] for index in used}}


class BoxAdjustment(BoundingBoxes):
    """The job that lets one worker change the boxes of another job. Developer guide: "Verify and adjust labels"."""

    workers_per_object = 1
    typical_seconds = 20.0
    golden_share = 0.0

    def __init__(self, lines: list[Json], label_attribute: str) -> None:
        self._lines, self._label_attribute = lines, label_attribute

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[Picture]:
        """The earlier job's line, and its boxes."""
        line = self._lines[int(number)]
        value = line[self._label_attribute]
        [size] = value["image_size"]
        boxes = [
            Box(self.label_set.labels[box["class_id"]], box["left"], box["top"], box["width"], box["height"])
            for box in value["annotations"]
        ]
        return Item(line, Picture(size["width"], size["height"], boxes), difficulty)

    def give(self, item: Item[Picture], turn: Turn, rng: Random) -> list[Box]:
        """The boxes: most as they are, some moved, of another class, or taken away."""
        if rng.random() < UNADJUSTED_SHARE:
            return item.truth.boxes
        adjusted = []
        for box in item.truth.boxes:
            label = rng.choice(self.label_set.labels) if rng.random() < 0.1 else box.label
            if rng.random() < 0.1:
                continue
            if rng.random() < 0.3:
                adjusted.append(_draw_around(box._replace(label=label), item.truth, 1.0, 0.1, rng))
            else:
                adjusted.append(box._replace(label=label))
        return adjusted

    def content(self, item: Item[Picture], given: list[Box]) -> Json:
        """The answer says whether the worker changed anything."""
        content = super().content(item, given)
        content["boundingBox"]["initialValueModified"] = given != item.truth.boxes
        return content

    def consolidate(self, item: Item[Picture], answers: Sequence[list[Box]]) -> tuple[Any, Json]:
        """The one worker's boxes, and whether they were changed."""
        [given] = answers
        value, extra = self._label(given, item.truth)
        status = "adjusted" if given != item.truth.boxes else "unadjusted"
        return value, {**extra, "objects": [{"confidence": 0}] * len(given), "adjustment-status": status}


def _draw_around(box: Box, picture: Picture, scale: float, carelessness: float, rng: Random) -> Box:
    """The box as drawn by hand, in whole pixels and within the image."""
    looseness = 0.01 + 0.12 * carelessness
    grown_x, grown_y = box.width * (scale - 1) / 2, box.height * (scale - 1) / 2
    left = box.left - grown_x + rng.gauss(0, looseness * box.width)
    right = box.left + box.width + grown_x + rng.gauss(0, looseness * box.width)
    top = box.top - grown_y + rng.gauss(0, looseness * box.height)
    bottom = box.top + box.height + grown_y + rng.gauss(0, looseness * box.height)
    left, right = max(round(left), 0), min(round(right), picture.width)
    top, bottom = max(round(top), 0), min(round(bottom), picture.height)
    return Box(box.label, left, top, max(right - left, 1), max(bottom - top, 1))
