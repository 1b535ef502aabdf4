"""The segmentation job, and the job that adjusts its masks: leaves and stems of plants."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from random import Random
from typing import Any

from PIL import Image, ImageDraw

from ingest.sample.consolidation import Box
from ingest.sample.objects import Item, ResultPlace, Task
from ingest.sample.output import BUCKET, JobFolder, Json
from ingest.sample.team import LabelSet, Turn

WIDTH, HEIGHT = 64, 48
WHITE = "#ffffff"
COLORS = ("#2ca02c", "#8c564b", "#d62728")
ADJUSTED_SHARE = 0.5


class PlantMasks(Task[list[Box], list[Box]]):
    """The class of every pixel, from one worker. Developer guide: "Output data", semantic segmentation.

    What there is to be seen, and what a worker draws, are ellipses in boxes.
    """

    task_type = "semantic-segmentation"
    label_set = LabelSet(weights={"Leaf": 3, "Stem": 2, "Pest": 1}, lookalikes={"Leaf": "Pest", "Pest": "Leaf"})
    workers_per_object = 1
    typical_seconds = 90.0

    def __init__(self) -> None:
        self.drawn: dict[str, list[Box]] = {}
        """Regions of each image's mask, by source-ref: what a later job may adjust."""

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[list[Box]]:
        """A plant, now and then none."""
        shapes = []
        for _ in range(rng.randint(0, 4)):
            width, height = rng.randint(8, 24), rng.randint(8, 20)
            left, top = rng.randint(0, WIDTH - width), rng.randint(0, HEIGHT - height)
            shapes.append(Box(self.label_set.draw(rng), left, top, width, height))
        return Item({"source-ref": f"{BUCKET}/plants/plant-{number}.png"}, shapes, difficulty)

    def give(self, item: Item[list[Box]], turn: Turn, rng: Random) -> list[Box]:
        """The regions a worker paints, some of a wrong class, all a little off."""
        return [
            shape._replace(
                label=self.label_set.name(shape.label, turn.worker, item.difficulty, turn.progress, rng),
                left=shape.left + rng.randint(-1, 1),
                width=max(shape.width + rng.randint(-2, 2), 1),
            )
            for shape in item.truth
        ]

    def content(self, item: Item[list[Box]], given: list[Box]) -> Json:
        """The segmentation element's answer: a picture in the colours of its classes."""
        labels = self.label_set.labels
        used = sorted({shape.label for shape in given}, key=labels.index)
        picture = base64.b64encode(_png(_paint(given, labels).convert("RGB"))).decode()
        return {
            "crowd-semantic-segmentation": {
                "inputImageProperties": {"height": HEIGHT, "width": WIDTH},
                "labelMappings": {label: {"color": COLORS[labels.index(label)]} for label in used},
                "labeledImage": {"pngImageData": picture},
            }
        }

    def consolidate(self, item: Item[list[Box]], answers: Sequence[list[Box]]) -> tuple[Any, Json]:
        """The one worker's regions, and the colours of their classes."""
        [given] = answers
        self.drawn[item.source["source-ref"]] = given
        labels = self.label_set.labels
        used = sorted({labels.index(shape.label) for shape in given})
        colors: Json = {"0": {"class-name": "BACKGROUND", "hex-color": WHITE, "confidence": 0}}
        for index in used:
            colors[str(index + 1)] = {"class-name": labels[index], "hex-color": COLORS[index], "confidence": 0}
        return given, {"internal-color-map": colors}

    def finish(self, folder: JobFolder, place: ResultPlace, value: Any, extra: Json) -> tuple[Any, Json]:
        """The mask is a file: one byte a pixel, the index of its class."""
        name = f"{place.object_index}_{place.created_at.isoformat(timespec='microseconds')}.png"
        return folder.write_result(name, _png(_paint(value, self.label_set.labels))), extra


class PlantMaskAdjustment(PlantMasks):
    """The job that lets a worker change the masks of another. Developer guide: "Verify and adjust labels"."""

    typical_seconds = 40.0

    def __init__(self, lines: list[Json], earlier: PlantMasks) -> None:
        super().__init__()
        self._lines, self._earlier = lines, earlier

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[list[Box]]:
        """The earlier job's line, and the regions of its mask."""
        line = self._lines[int(number)]
        return Item(line, self._earlier.drawn[line["source-ref"]], difficulty)

    def give(self, item: Item[list[Box]], turn: Turn, rng: Random) -> list[Box]:
        """The regions, as they are or gone over."""
        return super().give(item, turn, rng) if rng.random() < ADJUSTED_SHARE else item.truth

    def content(self, item: Item[list[Box]], given: list[Box]) -> Json:
        """The answer says whether the worker changed anything."""
        content = super().content(item, given)
        content["crowd-semantic-segmentation"]["initialValueModified"] = given != item.truth
        return content

    def consolidate(self, item: Item[list[Box]], answers: Sequence[list[Box]]) -> tuple[Any, Json]:
        """So does the metadata."""
        value, extra = super().consolidate(item, answers)
        return value, {**extra, "adjustment-status": "adjusted" if value != item.truth else "unadjusted"}


def _paint(shapes: Sequence[Box], labels: list[str]) -> Image.Image:
    """Image of 8 bits with a palette: 0 is the background, a class has its place in the config and 1."""
    image = Image.new("P", (WIDTH, HEIGHT), 0)
    image.putpalette([int(color[place : place + 2], 16) for color in (WHITE, *COLORS) for place in (1, 3, 5)])
    draw = ImageDraw.Draw(image)
    for shape in shapes:
        corners = (shape.left, shape.top, shape.left + shape.width - 1, shape.top + shape.height - 1)
        draw.ellipse(corners, fill=labels.index(shape.label) + 1)
    return image


def _png(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()
