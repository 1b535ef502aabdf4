"""The segmentation job, and the job that adjusts its masks: leaves and stems of plants."""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from PIL import Image, ImageDraw

from ingest.sample.adjustment import AdjustedLabel, adjust, is_adjusted, record_adjustments
from ingest.sample.consolidation import Box
from ingest.sample.objects import AnswerPlace, Item, ResultPlace, Task
from ingest.sample.output import BUCKET, JobFolder, Json
from ingest.sample.team import LabelSet, Turn
from ingest.sample.truth import Change, Displacement, Fault, Truth

WIDTH, HEIGHT = 64, 48
WHITE = "#ffffff"
COLORS = ("#2ca02c", "#8c564b", "#d62728")
OFFSET = 0.7  # pixels that the most careful worker's regions are off
ADJUSTED_SHARE = 0.5  # of the objects that an adjustment job is given
ADDED_SHARE = 0.3  # of those that are adjusted, and of whose classes one is not in use
CHANGES = {Change.KEPT: 3, Change.MOVED: 2, Change.RESIZED: 1, Change.RELABELED: 1, Change.REMOVED: 1}


@dataclass(frozen=True)
class Region:
    """The pixels of a class, by their place in the mask."""

    label: str
    pixels: frozenset[int]


@dataclass(frozen=True)
class Painted:
    """A mask of one byte a pixel, how far off it is, and what was done to an earlier job's regions."""

    mask: bytes
    right: int = 0
    down: int = 0
    adjusted: Sequence[AdjustedLabel[Region]] = ()


class PlantMasks(Task[bytes, Painted]):
    """The class of every pixel, from several workers. Developer guide: "Output data", semantic segmentation.

    A mask has one byte a pixel: 0 is the background, a class has its place in the config and 1. What there is to be
    seen are ellipses.
    """

    task_type = "semantic-segmentation"
    label_set = LabelSet(weights={"Leaf": 3, "Stem": 2, "Pest": 1}, lookalikes={"Leaf": "Pest", "Pest": "Leaf"})
    workers_per_object = 3
    typical_seconds = 90.0

    def __init__(self, *, is_displaced: bool) -> None:
        self._is_displaced = is_displaced
        self._shapes: dict[str, list[Box]] = {}
        self.masks: dict[str, bytes] = {}
        """The mask of each image, by source-ref: what a later job may adjust."""

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[bytes]:
        """A plant, now and then none."""
        shapes = []
        for _ in range(rng.randint(0, 4)):
            width, height = rng.randint(8, 24), rng.randint(8, 20)
            left, top = rng.randint(0, WIDTH - width), rng.randint(0, HEIGHT - height)
            shapes.append(Box(self.label_set.draw(rng), left, top, width, height))
        source = f"{BUCKET}/plants/plant-{number}.png"
        self._shapes[source] = shapes
        return Item({"source-ref": source}, _paint(shapes, self.label_set.labels), difficulty)

    def give(self, item: Item[bytes], turn: Turn, rng: Random) -> Painted:
        """The regions a worker paints, some of a wrong class, all equally far off."""
        right, down = map(round, turn.worker.draw_offset(OFFSET, rng)) if self._is_displaced else (0, 0)
        shapes = [
            shape._replace(
                label=self.label_set.name(shape.label, turn.worker, item.difficulty, turn.progress, rng),
                left=shape.left + right,
                top=shape.top + down,
            )
            for shape in self._shapes[item.source["source-ref"]]
        ]
        return Painted(_paint(shapes, self.label_set.labels), right, down)

    def record(self, truth: Truth, place: AnswerPlace, item: Item[bytes], given: Painted, turn: Turn) -> None:
        """How far off everything is."""
        if truth.has(Fault.DISPLACEMENTS):
            where = (place.job_name, place.object_index, place.worker.worker_id)
            truth.add(Displacement(*where, "Mask", given.right, given.down))

    def content(self, item: Item[bytes], given: Painted) -> Json:
        """The segmentation element's answer: a picture in the colours of its classes."""
        labels = self.label_set.labels
        picture = base64.b64encode(_png(_image(given.mask).convert("RGB"))).decode()
        return {
            "crowd-semantic-segmentation": {
                "inputImageProperties": {"height": HEIGHT, "width": WIDTH},
                "labelMappings": {labels[value - 1]: {"color": COLORS[value - 1]} for value in _used(given.mask)},
                "labeledImage": {"pngImageData": picture},
            }
        }

    def consolidate(self, item: Item[bytes], answers: Sequence[Painted]) -> tuple[Any, Json]:
        """The class that most workers gave to each pixel, and the colours of the classes."""
        votes = zip(*(given.mask for given in answers), strict=True)
        mask = bytes(Counter(vote).most_common(1)[0][0] for vote in votes)
        self.masks[item.source["source-ref"]] = mask
        labels = self.label_set.labels
        colors: Json = {"0": {"class-name": "BACKGROUND", "hex-color": WHITE, "confidence": 0}}
        for value in _used(mask):
            colors[str(value)] = {"class-name": labels[value - 1], "hex-color": COLORS[value - 1], "confidence": 0}
        return mask, {"internal-color-map": colors}

    def finish(self, folder: JobFolder, place: ResultPlace, value: Any, extra: Json) -> tuple[Any, Json]:
        """The mask is a file: one byte a pixel, the index of its class."""
        name = f"{place.object_index}_{place.created_at.isoformat(timespec='microseconds')}.png"
        return folder.write_result(name, _png(_image(value))), extra


class PlantMaskAdjustment(PlantMasks):
    """The job that lets a worker change the masks of another. Developer guide: "Verify and adjust labels"."""

    workers_per_object = 1
    typical_seconds = 40.0

    def __init__(self, lines: list[Json], earlier: PlantMasks, adjusted_job: str, *, has_changes: bool) -> None:
        super().__init__(is_displaced=False)
        self._lines, self._earlier, self._adjusted_job, self._has_changes = lines, earlier, adjusted_job, has_changes

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[bytes]:
        """The earlier job's line, and its mask."""
        line = self._lines[int(number)]
        return Item(line, self._earlier.masks[line["source-ref"]], difficulty)

    def give(self, item: Item[bytes], turn: Turn, rng: Random) -> Painted:
        """The regions of half of the images as they are; of the others some are changed, and some are new."""
        labels = self.label_set.labels
        regions = [
            Region(labels[value - 1], frozenset(place for place, pixel in enumerate(item.truth) if pixel == value))
            for value in _used(item.truth)
        ]
        if not self._has_changes or rng.random() >= ADJUSTED_SHARE:
            return Painted(item.truth, adjusted=[AdjustedLabel(Change.KEPT, region, region) for region in regions])
        mask = bytearray(item.truth)
        adjusted = []
        for region in regions:
            label = adjust(region, CHANGES, lambda region, change: self._change(region, change, mask, rng), rng)
            _repaint(mask, label, labels)
            adjusted.append(label)
        unused = [label for label in labels if labels.index(label) + 1 not in mask]
        free = frozenset(place for place, pixel in enumerate(mask) if not pixel)
        if unused and rng.random() < ADDED_SHARE:
            ellipse = _paint([Box(unused[0], rng.randint(0, 40), rng.randint(0, 30), 12, 10)], labels)
            added = free.intersection(place for place, pixel in enumerate(ellipse) if pixel)
            if added:
                adjusted.append(AdjustedLabel(Change.ADDED, None, Region(unused[0], added)))
                _repaint(mask, adjusted[-1], labels)
        return Painted(bytes(mask), adjusted=adjusted)

    def _change(self, region: Region, change: Change, mask: bytearray, rng: Random) -> Region | None:
        """The changed region, which takes nothing of the others; None if it would not be changed."""
        if change == Change.RELABELED:
            unused = [label for label in self.label_set.labels if self.label_set.labels.index(label) + 1 not in mask]
            return Region(unused[0], region.pixels) if unused else None
        free = region.pixels | {place for place, pixel in enumerate(mask) if not pixel}
        right = rng.choice((-1, 1))
        shifted = {place + right for place in region.pixels if 0 <= place % WIDTH + right < WIDTH}
        pixels = free & (shifted if change == Change.MOVED else shifted | region.pixels)
        return None if pixels == region.pixels or not pixels else Region(region.label, pixels)

    def record(self, truth: Truth, place: AnswerPlace, item: Item[bytes], given: Painted, turn: Turn) -> None:
        """What became of each region."""
        record_adjustments(truth, place, self._adjusted_job, None, given.adjusted)

    def content(self, item: Item[bytes], given: Painted) -> Json:
        """The answer says whether the worker changed anything."""
        content = super().content(item, given)
        content["crowd-semantic-segmentation"]["initialValueModified"] = is_adjusted(given.adjusted)
        return content

    def consolidate(self, item: Item[bytes], answers: Sequence[Painted]) -> tuple[Any, Json]:
        """So does the metadata."""
        value, extra = super().consolidate(item, answers)
        return value, {**extra, "adjustment-status": "adjusted" if is_adjusted(answers[0].adjusted) else "unadjusted"}


def _used(mask: bytes) -> list[int]:
    """Values of the classes that have pixels."""
    return sorted(set(mask) - {0})


def _repaint(mask: bytearray, label: AdjustedLabel[Region], labels: list[str]) -> None:
    """Takes the region away, and paints it as it is now."""
    if label.before:
        for place in label.before.pixels:
            mask[place] = 0
    if label.after:
        for place in label.after.pixels:
            mask[place] = labels.index(label.after.label) + 1


def _paint(shapes: Sequence[Box], labels: list[str]) -> bytes:
    """The mask of some ellipses."""
    image = Image.new("L", (WIDTH, HEIGHT), 0)
    draw = ImageDraw.Draw(image)
    for shape in shapes:
        corners = (shape.left, shape.top, shape.left + shape.width - 1, shape.top + shape.height - 1)
        draw.ellipse(corners, fill=labels.index(shape.label) + 1)
    return image.tobytes()


def _image(mask: bytes) -> Image.Image:
    """The mask as an image of 8 bits with a palette."""
    image = Image.frombytes("P", (WIDTH, HEIGHT), mask)
    image.putpalette([int(color[place : place + 2], 16) for color in (WHITE, *COLORS) for place in (1, 3, 5)])
    return image


def _png(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()
