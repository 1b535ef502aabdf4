"""The single-class jobs: images of animals and of other things, customers' messages, and video clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any, ClassVar

from ingest.sample.conduct import Jump, Misconduct
from ingest.sample.consolidation import majority, vote_confidence
from ingest.sample.objects import AnswerPlace, Item, Task, WrongLabel
from ingest.sample.output import BUCKET, Json
from ingest.sample.team import EVEN_SKILL, LabelSet, Turn
from ingest.sample.truth import AmbiguousClass, ModelLabel, Truth

# How much less often than it claims the model of the traffic signs is right.
OVERCONFIDENCE = 0.2


class Classification(Task[str, str]):
    """One class for each object. Developer guide: "Output data", classification job output."""

    element: ClassVar[str]

    def give(self, item: Item[str], turn: Turn, rng: Random) -> str:
        """The class the worker takes the object for."""
        return self.label_set.name(item.truth, turn.worker, item.difficulty, turn.progress, rng)

    def content(self, item: Item[str], given: str) -> Json:
        """The classifier element's answer."""
        return {self.element: {"label": given}}

    def consolidate(self, item: Item[str], answers: Sequence[str]) -> tuple[Any, Json]:
        """The majority's class by its index; its name and confidence, 0 if only one worker is asked."""
        label = majority(answers)
        labels = self.label_set.labels
        confidence = vote_confidence(answers, len(labels)) if self.workers_per_object > 1 else 0
        return labels.index(label), {"class-name": label, "confidence": confidence}

    def golden(self, item: Item[str], object_index: int) -> Json:
        """The right class by the object's index."""
        return {str(object_index): item.truth}

    def class_shares(self) -> Mapping[str, float]:
        """Every object has a class, drawn by its weight."""
        return self.label_set.shares

    def record(self, truth: Truth, place: AnswerPlace, item: Item[str], given: str, turn: Turn) -> None:
        """How likely the worker was to be right, and whether that is so."""
        chance = self.label_set.right_chance(item.truth, turn.worker, item.difficulty, turn.progress)
        truth.add_answer(place.job_name, place.worker.worker_id, item.truth, chance, is_right=given == item.truth)

    def wrong_labels(self, item: Item[str], value: Any, extra: Json) -> list[WrongLabel]:
        """The one class, if it is another than the object's."""
        return [] if extra["class-name"] == item.truth else [WrongLabel(0, item.truth, extra["class-name"])]

    def mislabel(self, value: Any, extra: Json, rng: Random) -> tuple[Any, Json]:
        """A class that looks like the workers', with their confidence."""
        label = self.label_set.other(extra["class-name"], rng)
        return self.label_set.labels.index(label), {**extra, "class-name": label}


class SmallClassification(Classification):
    """A small job on the files in one folder; its classes are equally common."""

    element = "crowd-image-classifier"
    folder: ClassVar[str]
    suffix: ClassVar[str] = "jpg"

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[str]:
        """A file."""
        source = {"source-ref": f"{BUCKET}/{self.folder}/{number}.{self.suffix}"}
        return Item(source, self.label_set.draw(rng), difficulty)


class ClipClassification(SmallClassification):
    """What happens in a video clip."""

    task_type = "video-classification"
    element = "crowd-classifier"
    label_set = LabelSet(weights=dict.fromkeys(("Calm", "Busy", "Jam"), 1), lookalikes={"Busy": "Jam", "Jam": "Busy"})
    workers_per_object = 3
    typical_seconds = 25.0
    folder, suffix = "street/clips", "mp4"


class SignClassification(SmallClassification):
    """Traffic signs, some of which Ground Truth's model labels; the answers are in consolidation requests only.

    The model is calibrated, or surer than it is right.
    """

    task_type = "image-classification"
    label_set = LabelSet(weights=dict.fromkeys(("Stop", "Yield", "Speed limit"), 1), lookalikes={})
    workers_per_object = 3
    typical_seconds = 4.0
    machine_share = 0.4
    golden_share = 0.5
    answers_in = "requests"
    folder = "street/signs"

    def __init__(self, *, is_calibrated: bool) -> None:
        self._is_calibrated = is_calibrated

    def machine_label(self, item: Item[str], rng: Random) -> tuple[Any, Json]:
        """The right class, most of the time."""
        confidence = round(rng.uniform(0.8, 0.99), 2)
        is_right = rng.random() < self._right_chance(confidence)
        label = item.truth if is_right else self.label_set.other(item.truth, rng)
        return self.label_set.labels.index(label), {"class-name": label, "confidence": confidence}

    def record_machine(self, truth: Truth, job_name: str, item: Item[str], extra: Json) -> None:
        """The model's label, and how often it ought to be right."""
        label, confidence = extra["class-name"], extra["confidence"]
        chance = round(self._right_chance(confidence), 6)
        truth.add(
            ModelLabel(job_name, "machine", item.source["source-ref"], label, confidence, chance, label == item.truth)
        )

    def _right_chance(self, confidence: float) -> float:
        return confidence if self._is_calibrated else confidence - OVERCONFIDENCE


class GateClassification(SmallClassification):
    """Vehicles at a gate, as a streaming job gets them: each line has the id that its sender gave it."""

    task_type = "image-classification"
    label_set = LabelSet(weights=dict.fromkeys(("Car", "Truck", "Bicycle"), 1), lookalikes={})
    workers_per_object = 1
    typical_seconds = 5.0
    folder = "gate"

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[str]:
        """An image, with the keys of a streaming job."""
        item = super().draw(number, difficulty, rng)
        item.source.update({"dataset-objectid-attribute-name": "gate-event", "gate-event": f"event-{number}"})
        return item


class ShipClassification(SmallClassification):
    """Ships, labeled by public workers."""

    task_type = "image-classification"
    label_set = LabelSet(weights=dict.fromkeys(("Ferry", "Tanker", "Tug"), 1), lookalikes={"Ferry": "Tug"})
    workers_per_object = 3
    typical_seconds = 5.0
    folder = "harbor"


class ReefClassification(SmallClassification):
    """Animals of a reef; seven workers, all alike, see each: one class may be so ambiguous that it needs five."""

    task_type = "image-classification"
    label_set = LabelSet(weights=dict.fromkeys(("Coral", "Sponge", "Urchin"), 1), lookalikes={"Sponge": "Coral"})
    workers_per_object = 7
    typical_seconds = 4.0
    folder = "reef"

    AMBIGUOUS = "Sponge"
    # How much more often than usual the ambiguous class is mistaken, and the others.
    AMBIGUOUS_DIFFICULTY = 2.25
    CLEAR_DIFFICULTY = 0.2

    def __init__(self, *, is_ambiguous: bool) -> None:
        self._is_ambiguous = is_ambiguous

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[str]:
        """An image, as hard as its class."""
        item = super().draw(number, difficulty, rng)
        is_hard = self._is_ambiguous and item.truth == self.AMBIGUOUS
        return replace(item, difficulty=self.AMBIGUOUS_DIFFICULTY if is_hard else self.CLEAR_DIFFICULTY)

    def record_job(self, truth: Truth, job_name: str) -> None:
        """The ambiguous class, and how often the workers ought to be right."""
        if self._is_ambiguous:
            chance = 1 - (1 - EVEN_SKILL) * self.AMBIGUOUS_DIFFICULTY
            truth.add(AmbiguousClass(job_name, self.AMBIGUOUS, round(chance, 6)))


class ImageClassification(Classification):
    """Animals on camera-trap images, some of which look alike; three workers see each."""

    task_type = "image-classification"
    element = "crowd-image-classifier"
    label_set = LabelSet(
        weights={"Cat": 2, "Dog": 3, "Fox": 2, "Wolf": 1.5, "Rabbit": 2, "Squirrel": 1.5, "Lynx": 0.2},
        lookalikes={
            "Dog": "Wolf",
            "Wolf": "Dog",
            "Fox": "Wolf",
            "Rabbit": "Squirrel",
            "Squirrel": "Rabbit",
            "Lynx": "Cat",
        },
    )
    workers_per_object = 3
    typical_seconds = 6.0
    golden_share = 0.3
    duplicate_share = 0.03
    mislabeled_share = 0.03
    misconduct = Misconduct(speeder=2, copying=(4, 7), worsening=5)
    has_pilot = True

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[str]:
        """An image, with keys that Ground Truth passes through: one looks like the metadata of a label."""
        source = {
            "source-ref": f"{BUCKET}/wildlife/camera-{rng.randint(1, 9)}/image-{number}.jpg",
            "source-ref-metadata": {"camera": f"trap {rng.randint(1, 9)}", "is-night": rng.random() < 0.4},
            "import-batch": rng.randint(1, 20),
        }
        return Item(source, self.label_set.draw(rng), difficulty)


class TextClassification(Classification):
    """What a customer's message is about; the text is in the manifest itself, and one worker reads it."""

    task_type = "text-classification"
    element = "crowd-classifier"
    label_set = LabelSet(
        weights={"Delivery": 3, "Billing": 2, "Returns": 2, "Praise": 1, "Other": 1},
        lookalikes={"Billing": "Returns", "Returns": "Billing", "Delivery": "Other", "Other": "Delivery"},
    )
    workers_per_object = 1
    typical_seconds = 11.0
    golden_share = 0.3
    duplicate_share = 0.03
    # All the times of one worker are off, which shows in the activity log.
    misconduct = Misconduct(jump=Jump(3, timedelta(hours=2), timedelta(hours=2)))

    GOODS = ("Zorvex lamp", "Lumipan kettle", "Trévola mini fan", "Brindo chair", "Kavlit radio", "Œrnix clock")
    SENTENCES: ClassVar[dict[str, tuple[str, ...]]] = {
        "Delivery": (
            "My {goods} was to come on {day}, and the parcel is still not here.",
            "The courier left the {goods} in the rain on {day}.",
            "Can you bring the {goods} on {day} instead?",
        ),
        "Billing": (
            "I was charged twice for the {goods} on {day}.",
            "The invoice of {day} lists a {goods} I did not order.",
            "Please send me a receipt for the {goods}, bought last {day}.",
        ),
        "Returns": (
            "The {goods} hums since {day}; I want to send it back.",
            "How do I return a {goods} that I bought on {day}?",
            "I sent the {goods} back on {day}. When do I get my money?",
        ),
        "Praise": (
            "Thank you! The {goods} came on {day} and works like a charm 🌟",
            "We have had the {goods} since {day} and love it ♥",
        ),
        "Other": ("Is the {goods} made for use outdoors?", "Are you open on {day}?"),
    }
    DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[str]:
        """A message on one topic, with a key that Ground Truth passes through."""
        topic = self.label_set.draw(rng)
        text = rng.choice(self.SENTENCES[topic]).format(goods=rng.choice(self.GOODS), day=rng.choice(self.DAYS))
        return Item({"source": f"#{int(number)} {text}", "message-id": f"message-{number}"}, topic, difficulty)
