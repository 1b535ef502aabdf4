"""The custom jobs: a form about invoices, the same without a function that consolidates, and a bulk review.

Forms: developer guide, "Create a custom labeling workflow" and the crowd elements' reference; AWS's bulk label quality
assurance solution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, ClassVar

from ingest.formats.review_batch import Item as ReviewItem
from ingest.formats.review_batch import encode_batch, make_batches
from ingest.sample.consolidation import majority
from ingest.sample.objects import AnswerPlace, Item, ResultPlace, Task
from ingest.sample.output import BUCKET, JobFolder, Json
from ingest.sample.team import LabelSet, Turn
from ingest.sample.truth import ModelLabel, Truth

KINDS = LabelSet(weights={"Invoice": 3, "Receipt": 2, "Letter": 1}, lookalikes={"Invoice": "Receipt"})


class InvoiceForm(Task[str, Json]):
    """A form with a class, a choice, boxes and a text."""

    task_type = "custom"
    label_set = KINDS
    workers_per_object = 2
    typical_seconds = 35.0

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[str]:
        """A scanned page."""
        return Item({"source-ref": f"{BUCKET}/scans/page-{number}.png"}, self.label_set.draw(rng), difficulty)

    def give(self, item: Item[str], turn: Turn, rng: Random) -> Json:
        """The form, filled in; an empty text field is missing."""
        kind = self.label_set.name(item.truth, turn.worker, item.difficulty, turn.progress, rng)
        is_paid = rng.random() < 0.5
        form = {
            "kind": {"label": kind},
            "paid": {"yes": is_paid, "no": not is_paid},
            "page": {"blurry": rng.random() < 0.2, "cut off": rng.random() < 0.1},
        }
        return {**form, "number": f"{rng.randint(1000, 9999)}"} if rng.random() < 0.8 else form

    def content(self, item: Item[str], given: Json) -> Json:
        """The form's fields."""
        return given

    def consolidate(self, item: Item[str], answers: Sequence[Json]) -> tuple[Any, Json]:
        """What the job's own function makes of it."""
        return {"kind": majority([form["kind"]["label"] for form in answers]), "answers": len(answers)}, {}


class UnconsolidatedForm(InvoiceForm):
    """The same with Ground Truth's PassThrough function: the metadata names the file of the answers."""

    workers_per_object = 1

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[str]:
        """A page of another scan."""
        item = super().draw(number, difficulty, rng)
        return Item({"source-ref": f"{BUCKET}/faxes/page-{number}.png"}, item.truth, difficulty)

    def consolidate(self, item: Item[str], answers: Sequence[Json]) -> tuple[Any, Json]:
        """Nothing is consolidated."""
        return {}, {}

    def finish(self, folder: JobFolder, place: ResultPlace, value: Any, extra: Json) -> tuple[Any, Json]:
        """The metadata names the file of the answers."""
        return value, {**extra, "worker-response-ref": place.answers_uri}


@dataclass(frozen=True)
class Batch:
    """Items of one label, and which of them a model labeled rightly."""

    label: str
    items: list[ReviewItem]
    rights: list[bool]


class BulkReview(Task[Batch, list[bool]]):
    """A model's labels, a batch of them to a task: workers untick the wrong ones.

    The surer the model is, the more often it is right. A calibrated model is right as often as it claims; the other is
    so for no class, and one class it knows badly.
    """

    task_type = "custom"
    label_set = LabelSet(weights={"Heron": 4, "Grey-Goose": 3, "Coot": 3}, lookalikes={})
    workers_per_object = 2
    typical_seconds = 40.0
    batch_size = 10
    # Share that is wrong at a confidence of 80; at 100 nothing is.
    doubts: ClassVar[dict[str, float]] = {"Heron": 0.3, "Grey-Goose": 0.6, "Coot": 2.5}
    calibrated_doubt = 0.2

    def __init__(self, items_of_weight: int, rng: Random, *, is_calibrated: bool) -> None:
        self._doubts = dict.fromkeys(self.doubts, self.calibrated_doubt) if is_calibrated else self.doubts
        items: list[ReviewItem] = []
        for label, weight in self.label_set.weights.items():
            for _ in range(round(weight * items_of_weight)):
                confidence = round(100 - min(rng.expovariate(1 / 7), 20), 3)
                items.append(ReviewItem(f"{BUCKET}/birds/image-{len(items):04}.jpg", label, confidence, {}))
        self.batches = list(make_batches(items, self.batch_size))
        self._recorded: set[int] = set()

    def prepare(self, folder: JobFolder) -> None:
        """The batches."""
        for name, batch in self.batches:
            folder.write(f"review-batches/{name}", encode_batch(batch))

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[Batch]:
        """A batch."""
        name, batch = self.batches[int(number)]
        rights = [rng.random() < self._right_chance(item) for item in batch]
        source = {"source-ref": f"{BUCKET}/birds/review-batches/{name}"}
        return Item(source, Batch(batch[0].label, batch, rights), difficulty)

    def _right_chance(self, item: ReviewItem) -> float:
        return max(1 - self._doubts[item.label] * (100 - _confidence(item)) / 20, 0.0)

    def give(self, item: Item[Batch], turn: Turn, rng: Random) -> list[bool]:
        """Which labels the worker confirms: to see that a label is wrong is easier than to find the right one."""
        accuracy = 1 - (1 - turn.worker.accuracy(item.truth.label, turn.progress)) / 8
        return [is_right == (rng.random() < accuracy) for is_right in item.truth.rights]

    def record(self, truth: Truth, place: AnswerPlace, item: Item[Batch], given: list[bool], turn: Turn) -> None:
        """The model's labels, how often they ought to be right, and whether they are; once for each batch."""
        if place.object_index in self._recorded:
            return
        self._recorded.add(place.object_index)
        for reviewed, is_right in zip(item.truth.items, item.truth.rights, strict=True):
            chance, confidence = self._right_chance(reviewed), _confidence(reviewed) / 100
            truth.add(
                ModelLabel(
                    *(place.job_name, "review", reviewed.source, reviewed.label),
                    *(round(confidence, 5), round(chance, 6), is_right),
                )
            )

    def content(self, item: Item[Batch], given: list[bool]) -> Json:
        """A box for each item, by name: so the tenth comes before the second."""
        boxes = {f"{item.truth.label}-{number}": {"Confirmed": vote} for number, vote in enumerate(given)}
        return dict(sorted(boxes.items()))

    def consolidate(self, item: Item[Batch], answers: Sequence[list[bool]]) -> tuple[Any, Json]:
        """What the job's own function makes of it."""
        return {"confirmed": sum(map(all, zip(*answers, strict=True))), "items": len(item.truth.rights)}, {}


def _confidence(item: ReviewItem) -> float:
    assert item.confidence is not None
    return item.confidence
