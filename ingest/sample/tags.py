"""The two multi-label jobs: what is to be seen on landscapes, and what messages are about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any, ClassVar

from ingest.sample.objects import Item, Task
from ingest.sample.output import BUCKET, Json
from ingest.sample.team import LabelSet, Turn

TAG_SHARE = 0.4  # of the objects has a given tag


class Tags(Task[list[str], list[str]]):
    """Any number of classes for each object. Developer guide: "Output data", multi-label classification."""

    element: ClassVar[str]

    def give(self, item: Item[list[str]], turn: Turn, rng: Random) -> list[str]:
        """The tags a worker sees: some are overlooked, some are imagined."""
        return [
            tag
            for tag in self.label_set.labels
            if (tag in item.truth) == (rng.random() < turn.worker.accuracy(tag, turn.progress))
        ]

    def content(self, item: Item[list[str]], given: list[str]) -> Json:
        """The multi-select element's answer."""
        return {self.element: {"labels": given}}

    def consolidate(self, item: Item[list[str]], answers: Sequence[list[str]]) -> tuple[Any, Json]:
        """Every tag that a worker gave, with the share of the workers who gave it."""
        labels = self.label_set.labels
        counts = Counter(tag for given in answers for tag in given)
        indices = sorted(map(labels.index, counts), reverse=True)
        return indices, {
            "class-map": {str(index): labels[index] for index in indices},
            "confidence-map": {
                str(index): round(counts[labels[index]] / len(answers), 2) if len(answers) > 1 else 0
                for index in indices
            },
        }

    def draw_tags(self, rng: Random) -> list[str]:
        """The right tags of a new object, now and then none."""
        return [tag for tag in self.label_set.labels if rng.random() < TAG_SHARE]


class LandscapeTags(Tags):
    """What a landscape shows; three workers see each."""

    task_type = "image-classification-multilabel"
    element = "crowd-image-classifier-multi-select"
    label_set = LabelSet(weights=dict.fromkeys(("Clouds", "Hills", "Lake", "Trees", "Village"), 1), lookalikes={})
    workers_per_object = 3
    typical_seconds = 9.0

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[list[str]]:
        """A landscape with a name beyond ASCII."""
        source = {"source-ref": f"{BUCKET}/landscapes/tiefe täler/image-{number}.jpg"}
        return Item(source, self.draw_tags(rng), difficulty)


class MessageTags(Tags):
    """What a message is about; one worker reads each."""

    task_type = "text-classification-multilabel"
    element = "crowd-classifier-multi-select"
    label_set = LabelSet(weights=dict.fromkeys(("Price", "Delivery", "Quality"), 1), lookalikes={})
    workers_per_object = 1
    typical_seconds = 12.0

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[list[str]]:
        """A message that names each of its topics."""
        tags = self.draw_tags(rng)
        return Item({"source": f"#{int(number)} About {' and '.join(tags).lower() or 'nothing'}."}, tags, difficulty)
