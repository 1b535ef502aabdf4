"""The named-entity job: products, places and dates in orders, with letters beyond ASCII."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from ingest.sample.conduct import Misconduct
from ingest.sample.consolidation import Span, consolidate_spans
from ingest.sample.objects import Item, Task, golden_line
from ingest.sample.output import Json
from ingest.sample.team import LabelSet, Turn
from ingest.sample.truth import Rule

SHORT_NAMES = {"PRODUCT": "PRD", "PLACE": "PLC", "DATE": "DAT"}

WORDS = {
    "PRODUCT": ("Zorvex 300", "Lumipan", "Trévola Mini", "Œrnix", "Brindo-Stuhl", "Kavlit № 7", "ゾルベ", "Ølmar"),
    "PLACE": ("Quellimbar", "Ørnvaldt", "Nuréavilla", "Zhélmova", "Üppelsund", "Brakkamore"),
    "DATE": ("3 March", "next Tuesday", "12.05.", "tomorrow", "the 1st of June", "Friday"),
}
TEMPLATES = (
    "Please send the {PRODUCT} to {PLACE} by {DATE}.",
    "🌙 The {PRODUCT} I bought in {PLACE} on {DATE} hums at night.",
    "{PLACE}: two {PRODUCT} and one {PRODUCT}, to be fetched {DATE} 🚚",
    "Grüße aus {PLACE}! Your {PRODUCT} came on {DATE}, thank you.",
    "Move the {DATE} delivery from {PLACE} to {PLACE}, please…",
    "No {PRODUCT} left until {DATE}",
    "Thank you for the quick answer!",
)


@dataclass(frozen=True)
class Message:
    """A text and the spans that are right for it."""

    text: str
    spans: list[Span]


class NamedEntities(Task[Message, list[Span]]):
    """Spans of text. Developer guide: "Output data", named entity recognition; offsets count Unicode characters."""

    task_type = "text-span"
    label_set = LabelSet(
        weights={"PRODUCT": 1, "PLACE": 1, "DATE": 1},
        lookalikes={"PRODUCT": "PLACE", "PLACE": "PRODUCT"},
    )
    workers_per_object = 3
    typical_seconds = 18.0
    golden_share = 0.2
    slip_share = 0.02
    misconduct = Misconduct(overlapping=10)

    def label_categories(self) -> Json:
        """The label category config, whose labels have short names too."""
        return {
            "document-version": "2018-11-28",
            "labels": self._labels(),
            "instructions": {"shortInstruction": "Mark products, places and dates.", "fullInstruction": ""},
        }

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[Message]:
        """An order in a few words: a template with its slots filled."""
        text = f"#{int(number)} "
        spans = []
        for piece in re.split(r"[{}]", rng.choice(TEMPLATES)):
            word = rng.choice(WORDS[piece]) if piece in WORDS else piece
            if piece in WORDS:
                spans.append(Span(piece, len(text), len(text) + len(word)))
            text += word
        return Item({"source": text}, Message(text, spans), difficulty)

    def effort(self, item: Item[Message]) -> float:
        """More entities take longer."""
        return super().effort(item) * (0.4 + 0.25 * len(item.truth.spans))

    def give(self, item: Item[Message], turn: Turn, rng: Random) -> list[Span]:
        """The spans a worker marks: some missing, some of a wrong class, some a character too long or too short."""
        habits = turn.worker.habits
        marked = []
        for span in item.truth.spans:
            carelessness = 1 - turn.worker.accuracy(span.label, turn.progress)
            if rng.random() < habits.miss_share + 0.3 * carelessness:
                continue
            label = self.label_set.name(span.label, turn.worker, item.difficulty, turn.progress, rng)
            start, end = span.start, span.end
            if rng.random() < habits.span_slip:
                end += 1
            elif rng.random() < carelessness:
                start, end = rng.choice([(start - 1, end), (start + 1, end), (start, end - 1), (start, end + 1)])
            marked.append(Span(label, max(start, 0), min(end, len(item.truth.text))))
        return marked

    def content(self, item: Item[Message], given: list[Span]) -> Json:
        """The entity annotation element's answer."""
        return {"crowd-entity-annotation": {"entities": [_entity(span) for span in given]}}

    def consolidate(self, item: Item[Message], answers: Sequence[list[Span]]) -> tuple[Any, Json]:
        """The spans most workers marked."""
        consolidated = consolidate_spans(answers)
        return self._label([span for span, _ in consolidated]), {
            "entities": [{"confidence": confidence} for _, confidence in consolidated]
        }

    def golden(self, item: Item[Message], object_index: int) -> Json:
        """The correct spans as an augmented manifest, which names the object by its text."""
        spans = item.truth.spans
        return golden_line(
            item.source, self.task_type, self._label(spans), {"entities": [{"confidence": 1}] * len(spans)}
        )

    def slip(self, value: Any, extra: Json, rng: Random) -> tuple[Any, Json, int, Rule] | None:
        """One of the spans with a class that the job once had, but has no more."""
        entities = value["annotations"]["entities"]
        if not entities:
            return None
        place = rng.randrange(len(entities))
        slipped = [
            {**entity, "label": "PRICE"} if number == place else entity for number, entity in enumerate(entities)
        ]
        annotations = {**value["annotations"], "entities": slipped}
        return {**value, "annotations": annotations}, extra, place, Rule.OUTSIDE_CONFIG

    def _label(self, spans: Sequence[Span]) -> Json:
        """Value of the label attribute: the spans, and every class of the job."""
        return {"annotations": {"entities": [_entity(span) for span in spans], "labels": self._labels()}}

    def _labels(self) -> list[Json]:
        return [{"label": label, "shortDisplayName": SHORT_NAMES[label]} for label in self.label_set.labels]


def _entity(span: Span) -> Json:
    return {"endOffset": span.end, "label": span.label, "startOffset": span.start}
