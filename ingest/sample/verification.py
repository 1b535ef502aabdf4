"""The label verification job: are the boxes of an earlier job right?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

from ingest.sample.consolidation import majority, vote_confidence
from ingest.sample.objects import AnswerPlace, Item, Task
from ingest.sample.output import Json
from ingest.sample.team import LabelSet, Turn
from ingest.sample.truth import RubberStamp, Truth

COMMENTS = {"box misplaced": "the box cuts the edge off", "wrong label": "this is a cart", "good": ""}
COMMENT_SHARE = 0.4
GOOD = "good"
# What one who confirms nearly everything confirms without a look.
STAMPED_SHARE = 0.95


class Verdict(NamedTuple):
    """A worker's class, and what the worker wrote beside it."""

    label: str
    comment: str


class LabelVerification(Task[str, Verdict]):
    """One verdict on all labels of an object. Developer guide: "Verify and adjust labels", "Output data"."""

    task_type = "label-verification"
    label_set = LabelSet(
        weights={"good": 13, "box misplaced": 2, "wrong label": 1},
        lookalikes={"good": "box misplaced", "box misplaced": "good"},
    )
    workers_per_object = 2
    typical_seconds = 8.0

    def __init__(self, lines: list[Json], rubber_stamper: int | None = None) -> None:
        """A job on those lines of an earlier job's output manifest; it may have a worker who confirms nearly all."""
        self._lines, self._rubber_stamper = lines, rubber_stamper
        self._stamped: Counter[str] = Counter()
        self._worker_id = ""

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[str]:
        """The earlier job's line."""
        return Item(self._lines[int(number)], self.label_set.draw(rng), difficulty)

    def give(self, item: Item[str], turn: Turn, rng: Random) -> Verdict:
        """What the worker finds, now and then with a comment."""
        label = self.label_set.name(item.truth, turn.worker, item.difficulty, turn.progress, rng)
        if turn.worker.number == self._rubber_stamper and rng.random() < STAMPED_SHARE:
            label = GOOD
        return Verdict(label, COMMENTS[label] if rng.random() < COMMENT_SHARE else "")

    def record(self, truth: Truth, place: AnswerPlace, item: Item[str], given: Verdict, turn: Turn) -> None:
        """What the rubber stamper was given, and confirmed."""
        if turn.worker.number == self._rubber_stamper:
            self._worker_id = turn.worker.worker_id
            self._stamped.update(reviewed=1, wrong=item.truth != GOOD, confirmed=given.label == GOOD)

    def record_job(self, truth: Truth, job_name: str) -> None:
        """The rubber stamper, if there is one."""
        if self._stamped:
            counts = (self._stamped[name] for name in ("reviewed", "wrong", "confirmed"))
            truth.add(RubberStamp(job_name, self._worker_id, *counts))

    def content(self, item: Item[str], given: Verdict) -> Json:
        """The classifier element's answer."""
        comment = {"workerComment": given.comment} if given.comment else {}
        return {"crowd-image-classifier": {"label": given.label, **comment}}

    def consolidate(self, item: Item[str], answers: Sequence[Verdict]) -> tuple[Any, Json]:
        """The majority's class, as text, and all the comments."""
        labels = self.label_set.labels
        votes = [verdict.label for verdict in answers]
        label = majority(votes)
        extra: Json = {"class-name": label, "confidence": vote_confidence(votes, len(labels))}
        comments = [{"comment": verdict.comment} for verdict in answers if verdict.comment]
        if comments:
            extra["worker-feedback"] = comments
        return str(labels.index(label)), extra
