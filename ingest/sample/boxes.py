"""The bounding box job: crates, pallets and vehicles in a warehouse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from ingest.sample.adjustment import AdjustedLabel, adjust, is_adjusted, record_adjustments
from ingest.sample.conduct import Jump, Misconduct
from ingest.sample.consolidation import SAME_THING, Box, box_overlap, consolidate_boxes
from ingest.sample.objects import AnswerPlace, Item, Task, WrongLabel, golden_line
from ingest.sample.output import BUCKET, Json
from ingest.sample.team import LabelSet, Turn
from ingest.sample.truth import Change, Rule, Truth

SIZES = ((1280, 720), (1920, 1080), (800, 600))
BOX_COUNTS = {0: 1, 1: 2, 2: 3, 3: 3, 4: 2, 6: 1, 9: 0.5}  # boxes in an image -> how common that is
ADJUSTED_SHARE = 0.5  # of the objects that an adjustment job is given
ADDED_SHARE = 0.3  # of those that are adjusted
CHANGES = {Change.KEPT: 3, Change.MOVED: 2, Change.RESIZED: 2, Change.RELABELED: 2, Change.REMOVED: 2}
SMALL_SIDE = 60  # pixels: shorter boxes are missed more often


@dataclass(frozen=True)
class Picture:
    """An image and the boxes that are right for it."""

    width: int
    height: int
    boxes: list[Box]

    def holds(self, box: Box) -> bool:
        """Whether the box is within the image."""
        return (
            box.left >= 0
            and box.top >= 0
            and box.left + box.width <= self.width
            and box.top + box.height <= self.height
        )


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
    duplicate_share = 0.02
    mislabeled_share = 0.03
    slip_share = 0.03
    # One worker's submissions seem to be earlier than the acceptances.
    misconduct = Misconduct(copying=(1, 3), jump=Jump(0, timedelta(), -timedelta(hours=1)))

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
            drawn.append(_draw_somewhere(picture, self.label_set, rng))
        return drawn

    def content(self, item: Item[Picture], given: list[Box]) -> Json:
        """The bounding box element's answer."""
        return {"boundingBox": _answer(given, item.truth)}

    def consolidate(self, item: Item[Picture], answers: Sequence[list[Box]]) -> tuple[Any, Json]:
        """The boxes most workers drew, averaged: coordinates are whole numbers no more."""
        consolidated = consolidate_boxes(answers)
        value, extra = _label([box for box, _ in consolidated], item.truth, self.label_set)
        return value, {**extra, "objects": [{"confidence": confidence} for _, confidence in consolidated]}

    def golden(self, item: Item[Picture], object_index: int) -> Json:
        """The correct boxes as an augmented manifest, which names the object by its source-ref."""
        value, extra = _label(item.truth.boxes, item.truth, self.label_set)
        extra["objects"] = [{"confidence": 1}] * len(item.truth.boxes)
        return golden_line(item.source, self.task_type, value, extra)

    def class_shares(self) -> Mapping[str, float]:
        """Every box has a class, drawn by its weight."""
        return self.label_set.shares

    def wrong_labels(self, item: Item[Picture], value: Any, extra: Json) -> list[WrongLabel]:
        """Boxes that are around something, but not around anything of their class."""
        wrong = []
        for place, box in enumerate(_boxes(value, self.label_set)):
            same = [right for right in item.truth.boxes if box_overlap(box, right) >= SAME_THING]
            if same and all(right.label != box.label for right in same):
                best = max(same, key=lambda right, box=box: box_overlap(box, right))  # type: ignore[misc]
                wrong.append(WrongLabel(place, best.label, box.label))
        return wrong

    def mislabel(self, value: Any, extra: Json, rng: Random) -> tuple[Any, Json]:
        """One of the boxes, if there are any, with a class that looks like its own."""
        boxes, [size] = _boxes(value, self.label_set), value["image_size"]
        if boxes:
            place = rng.randrange(len(boxes))
            boxes[place] = boxes[place]._replace(label=self.label_set.other(boxes[place].label, rng))
        value, class_map = _label(boxes, Picture(size["width"], size["height"], boxes), self.label_set)
        return value, {**extra, **class_map}

    def slip(self, value: Any, extra: Json, rng: Random) -> tuple[Any, Json, int, Rule] | None:
        """One of the boxes without any size to speak of, or half beyond the edge of the image."""
        boxes, [size] = value["annotations"], value["image_size"]
        if not boxes:
            return None
        place = rng.randrange(len(boxes))
        rule = rng.choice((Rule.TINY_BOX, Rule.OUTSIDE_IMAGE))
        changed = {"width": 1, "height": 2}
        if rule == Rule.OUTSIDE_IMAGE:
            changed = {"left": size["width"] - boxes[place]["width"] / 2}
        slipped = [*boxes[:place], {**boxes[place], **changed}, *boxes[place + 1 :]]
        return {**value, "annotations": slipped}, extra, place, rule


class BoxAdjustment(Task[Picture, list[AdjustedLabel[Box]]]):
    """The job that lets one worker change the boxes of another job. Developer guide: "Verify and adjust labels"."""

    task_type = BoundingBoxes.task_type
    label_set = BoundingBoxes.label_set
    workers_per_object = 1
    typical_seconds = 20.0

    def __init__(self, lines: list[Json], label_attribute: str, adjusted_job: str, *, has_changes: bool) -> None:
        self._lines, self._label_attribute = lines, label_attribute
        self._adjusted_job, self._has_changes = adjusted_job, has_changes

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[Picture]:
        """The earlier job's line, and its boxes."""
        line = self._lines[int(number)]
        value = line[self._label_attribute]
        [size] = value["image_size"]
        return Item(line, Picture(size["width"], size["height"], _boxes(value, self.label_set)), difficulty)

    def effort(self, item: Item[Picture]) -> float:
        """More boxes take longer."""
        return super().effort(item) * (0.3 + 0.25 * len(item.truth.boxes))

    def give(self, item: Item[Picture], turn: Turn, rng: Random) -> list[AdjustedLabel[Box]]:
        """The boxes of half of the images as they are; of the others some are changed, and some are new."""
        picture = item.truth
        if not self._has_changes or rng.random() >= ADJUSTED_SHARE:
            return [AdjustedLabel(Change.KEPT, box, box) for box in picture.boxes]
        labels = [
            adjust(box, CHANGES, lambda box, change: self._change(box, change, picture, rng), rng)
            for box in picture.boxes
        ]
        if rng.random() < ADDED_SHARE:
            labels.append(AdjustedLabel(Change.ADDED, None, _draw_somewhere(picture, self.label_set, rng)))
        return labels

    def _change(self, box: Box, change: Change, picture: Picture, rng: Random) -> Box | None:
        """The changed box; None if the image has no room for that."""
        if change == Change.RELABELED:
            return box._replace(label=self.label_set.other(box.label, rng))
        shares = (0.06, 0.15) if change == Change.MOVED else (0.04, 0.1)
        right, down = (rng.choice((-1, 1)) * max(round(side * rng.uniform(*shares)), 1) for side in box[3:])
        if change == Change.MOVED:
            changed = box._replace(left=box.left + right, top=box.top + down)
        else:  # about its centre
            changed = Box(box.label, box.left - right, box.top - down, box.width + 2 * right, box.height + 2 * down)
        return changed if picture.holds(changed) else None

    def record(
        self, truth: Truth, place: AnswerPlace, item: Item[Picture], given: list[AdjustedLabel[Box]], turn: Turn
    ) -> None:
        """What became of each box."""
        record_adjustments(truth, place, self._adjusted_job, None, given)

    def content(self, item: Item[Picture], given: list[AdjustedLabel[Box]]) -> Json:
        """The answer says whether the worker changed anything."""
        boxes = [label.after for label in given if label.after]
        return {"boundingBox": {**_answer(boxes, item.truth), "initialValueModified": is_adjusted(given)}}

    def consolidate(self, item: Item[Picture], answers: Sequence[list[AdjustedLabel[Box]]]) -> tuple[Any, Json]:
        """The one worker's boxes, and whether they were changed."""
        [given] = answers
        boxes = [label.after for label in given if label.after]
        value, extra = _label(boxes, item.truth, self.label_set)
        status = "adjusted" if is_adjusted(given) else "unadjusted"
        return value, {**extra, "objects": [{"confidence": 0}] * len(boxes), "adjustment-status": status}


def _answer(boxes: Sequence[Box], picture: Picture) -> Json:
    """Value of the bounding box element."""
    return {
        "boundingBoxes": [
            {"height": box.height, "label": box.label, "left": box.left, "top": box.top, "width": box.width}
            for box in boxes
        ],
        "inputImageProperties": {"height": picture.height, "width": picture.width},
    }


def _label(boxes: Sequence[Box], picture: Picture, label_set: LabelSet) -> tuple[Json, Json]:
    """Value of the label attribute and its class map, which has the classes used only."""
    labels = label_set.labels
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


def _boxes(value: Json, label_set: LabelSet) -> list[Box]:
    """The boxes of a label attribute's value."""
    return [
        Box(label_set.labels[box["class_id"]], box["left"], box["top"], box["width"], box["height"])
        for box in value["annotations"]
    ]


def _draw_somewhere(picture: Picture, label_set: LabelSet, rng: Random) -> Box:
    """A box around nothing in particular."""
    width, height = rng.randint(30, 200), rng.randint(30, 200)
    left, top = rng.randint(0, picture.width - width), rng.randint(0, picture.height - height)
    return Box(label_set.draw(rng), left, top, width, height)


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
