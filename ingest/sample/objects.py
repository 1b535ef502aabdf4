"""Labels the images or texts of a job: what every task on single data objects has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, ClassVar, Generic, Literal, NamedTuple, TypeVar

import msgspec

from ingest.sample.conduct import Act, Conduct, Misconduct
from ingest.sample.output import JobFolder, Json, answer
from ingest.sample.team import Crew, LabelSet, Turn, Worker, from_milliseconds
from ingest.sample.truth import ClassShare, Duplicate, Fault, Mislabeled, Rule, Slip, Truth

# Shares of a job's objects; at least one object each in a job of MINIMUM_FOR_TROUBLE objects or more.
FAILED_SHARE = 0.01  # nobody took the task before it expired
UNLABELED_SHARE = 0.01  # the job was stopped before the object's turn
SHORT_SHARE = 0.01  # one worker fewer than asked for answered before the task expired
MINIMUM_FOR_TROUBLE = 10
# Objects that are hard for everyone, and how much more often workers go wrong on them.
HARD_SHARE = 0.15
HARD = 4.0
EASY = 0.6
PILOT_OBJECTS = 10

# As Ground Truth words it, two blanks and all.
EXPIRED = (
    "ClientError: Annotation tasks expired.  Probable Reasons are 1) The workers did not accept the tasks in time "
    "2) The task availability lifetime is too short"
)

Right = TypeVar("Right")
Given = TypeVar("Given")


@dataclass(frozen=True)
class Item(Generic[Right]):
    """A data object: its input-manifest line, its right label, and how hard it is (1 is usual)."""

    source: Json
    truth: Right
    difficulty: float


@dataclass(frozen=True)
class ResultPlace:
    """The object of a result, when the result was made, and where the answers are."""

    object_index: int
    created_at: datetime
    answers_uri: str | None


class AnswerPlace(NamedTuple):
    """Whose answer it is, and to what."""

    job_name: str
    object_index: int
    worker: Worker


class WrongLabel(NamedTuple):
    """A label of a wrong class: its place among the object's labels, the right class, and the one it has."""

    annotation_index: int
    right_label: str
    label: str


class Task(ABC, Generic[Right, Given]):
    """A task type: how its objects come about, are labeled by a worker, and are consolidated.

    `Right` is what an object shows, `Given` what a worker says of it.
    """

    task_type: ClassVar[str]
    label_set: LabelSet
    workers_per_object: int
    typical_seconds: ClassVar[float]
    golden_share: ClassVar[float] = 0.0
    machine_share: ClassVar[float] = 0.0  # of the objects that Ground Truth's model labels
    # Faults: objects that are there twice, and labels of the output that are not what the workers said.
    duplicate_share: ClassVar[float] = 0.0
    mislabeled_share: ClassVar[float] = 0.0
    slip_share: ClassVar[float] = 0.0  # of the objects of which one label breaks a rule
    misconduct: ClassVar[Misconduct] = Misconduct()
    has_pilot: ClassVar[bool] = False  # whether iteration-1 holds some objects only, and iteration-2 the rest

    # Where the answers are left: in worker responses, in consolidation requests, or nowhere.
    answers_in: ClassVar[Literal["responses", "requests", "nowhere"]] = "responses"

    def prepare(self, folder: JobFolder) -> None:
        """Writes what the job is given beside its data objects."""
        folder.write_label_categories(self.label_categories())

    def label_categories(self) -> Json:
        """The label category config."""
        return {"document-version": "2018-11-28", "labels": [{"label": label} for label in self.label_set.labels]}

    @abstractmethod
    def draw(self, number: str, difficulty: float, rng: Random) -> Item[Right]:
        """A new data object; `number` makes its uri or id unique within the set."""

    @abstractmethod
    def give(self, item: Item[Right], turn: Turn, rng: Random) -> Given:
        """What the worker says of the object."""

    @abstractmethod
    def content(self, item: Item[Right], given: Given) -> Json:
        """The answerContent of what a worker said."""

    @abstractmethod
    def consolidate(self, item: Item[Right], answers: Sequence[Given]) -> tuple[Any, Json]:
        """The label attribute's value, and the part of its metadata that is the task type's own."""

    def answer_content(
        self, folder: JobFolder, object_index: int, item: Item[Right], given: Given, rng: Random
    ) -> Json:
        """The same, for an answer with parts in separate files."""
        return self.content(item, given)

    def finish(self, folder: JobFolder, place: ResultPlace, value: Any, extra: Json) -> tuple[Any, Json]:
        """What consolidate returned, if the labels are in a separate file or the metadata names one."""
        return value, extra

    def machine_label(self, item: Item[Right], rng: Random) -> tuple[Any, Json]:
        """What Ground Truth's model makes of the object; for tasks that have a machine_share."""
        raise NotImplementedError

    def golden(self, item: Item[Right], object_index: int) -> Json:
        """The line of golden.manifest; for tasks that have a golden_share."""
        raise NotImplementedError

    def class_shares(self) -> Mapping[str, float]:
        """How common each class ought to be, if that is known."""
        return {}

    def record(self, truth: Truth, place: AnswerPlace, item: Item[Right], given: Given, turn: Turn) -> None:
        """Adds what is known of an answer to the truth."""

    def record_job(self, truth: Truth, job_name: str) -> None:
        """Adds what is known when the job is done."""

    def record_machine(self, truth: Truth, job_name: str, item: Item[Right], extra: Json) -> None:
        """The same of what the model made of the object, given the metadata of its label."""

    def wrong_labels(self, item: Item[Right], value: Any, extra: Json) -> list[WrongLabel]:
        """Labels of the label attribute's value that are of a wrong class; for tasks that have a mislabeled_share."""
        return []

    def mislabel(self, value: Any, extra: Json, rng: Random) -> tuple[Any, Json]:
        """The value and metadata with one label of another class; for tasks that have a mislabeled_share."""
        raise NotImplementedError

    def slip(self, value: Any, extra: Json, rng: Random) -> tuple[Any, Json, int, Rule] | None:
        """The same with one label that breaks a rule, its place and the rule; None if there is no label.

        For tasks that have a slip_share.
        """
        raise NotImplementedError

    def effort(self, item: Item[Right]) -> float:
        """How long the object takes to label, as a multiple of the task's typical time."""
        return 1.2 if item.difficulty > 1 else 0.95


def label_objects(
    task: Task[Right, Given],
    folder: JobFolder,
    crew: Crew,
    objects: int,
    rng: Random,
    truth: Truth,
    *,
    has_broken_file: bool,
) -> None:
    """Writes a whole job: every object's answers, and what is made of them."""
    task.prepare(folder)
    for label, share in task.class_shares().items():
        truth.add(ClassShare(folder.name, label, round(share, 6)))
    # A stream of its own, so that a fault that is left out changes little else.
    planting = Random(rng.getrandbits(64))
    conduct = Conduct(task.misconduct, folder.name, crew, truth, Random(planting.getrandbits(64)))
    firsts: list[tuple[int, Item[Right]]] = []
    indices = range(objects)
    failed, unlabeled, short = _draw_troubled(objects, rng)
    golden = set(rng.sample(indices, round(task.golden_share * objects)))
    pilot = rng.sample(indices, min(PILOT_OBJECTS, objects)) if task.has_pilot else []
    in_pilot = set(pilot)
    broken = (
        next((index for index in range(objects // 2, objects) if index not in failed | unlabeled), None)
        if has_broken_file
        else None
    )

    by_machine: list[tuple[int, Item[Right]]] = []
    requests: list[Json] = []
    stamped_at = 0
    for object_index in (*pilot, *(index for index in indices if index not in in_pilot)):
        difficulty = HARD if rng.random() < HARD_SHARE else EASY
        item = task.draw(f"{object_index:06}", difficulty, rng)
        is_duplicate = bool(firsts) and truth.has(Fault.DUPLICATES) and planting.random() < task.duplicate_share
        if is_duplicate:
            first_index, item = planting.choice(firsts)
            truth.add(Duplicate(folder.name, object_index, first_index))
        elif task.duplicate_share:
            firsts.append((object_index, item))
        # Of a duplicate there may be a golden answer already.
        if object_index in golden and not is_duplicate:
            folder.add_golden(task.golden(item, object_index))
        if object_index in unlabeled:
            folder.add_line(object_index, item.source, {})
            continue
        if object_index in failed:
            failure = {"retry-count": 1, "failure-reason": EXPIRED, "human-annotated": "true"}
            folder.add_line(object_index, item.source, {f"{folder.label_attribute}-metadata": failure})
            continue

        if task.machine_share and rng.random() < task.machine_share:
            by_machine.append((object_index, item))
            continue

        is_short = object_index in short and task.workers_per_object > 1
        done = []
        turns = conduct.next_turns(task.workers_per_object - is_short)
        acts: list[Act] = []
        answered: list[Given] = []
        for place, turn in enumerate(turns):
            act = conduct.act(object_index, turn, item.difficulty)
            copied = conduct.copies(turn, turns[:place])
            if copied is not None:
                # As likely to be right as the other's.
                act = replace(acts[copied], haste=act.haste)
            seen = replace(item, difficulty=act.difficulty)
            given = task.give(seen, act.turn, rng) if copied is None else answered[copied]
            acts.append(act)
            answered.append(given)
            task.record(truth, AnswerPlace(folder.name, object_index, turn.worker), seen, given, act.turn)
            timing = crew.finish(turn, task.effort(item) * act.haste)
            content = task.answer_content(folder, object_index, item, given, rng)
            stamped = conduct.stamp(object_index, turn, timing)
            done.append((timing.submitted_at, given, answer(turn.worker, stamped, content)))
        done.sort(key=lambda entry: entry[0])
        last_at = done[-1][0]
        # A file is written a little after its last answer, or when the missing answer's task expires.
        stamped_at = last_at + (rng.randint(570_000_000, 588_000_000) if is_short else rng.randint(9_000, 166_000))
        answers = [entry for _, _, entry in done]
        answers_uri = None
        if task.answers_in == "responses":
            iteration = 2 if task.has_pilot and object_index not in in_pilot else 1
            is_broken = object_index == broken
            answers_uri = folder.write_answers(iteration, object_index, stamped_at, answers, is_broken=is_broken)
        elif task.answers_in == "requests":
            requests.append(_request(object_index, item.source, answers))
        value, extra = task.consolidate(item, [given for _, given, _ in done])
        slipped = None
        if task.slip_share and truth.has(Fault.SLIPS) and planting.random() < task.slip_share:
            slipped = task.slip(value, extra, planting)
        if slipped:
            value, extra, annotation_index, rule = slipped
            truth.add(Slip(folder.name, object_index, None, annotation_index, rule))
        if task.mislabeled_share:
            by_workers = task.wrong_labels(item, value, extra)
            if not slipped and truth.has(Fault.MISLABELED) and planting.random() < task.mislabeled_share:
                value, extra = task.mislabel(value, extra, planting)
            for wrong in task.wrong_labels(item, value, extra):
                cause = "workers" if wrong in by_workers else "planted"
                truth.add(Mislabeled(folder.name, object_index, *wrong, cause))
        created_at = from_milliseconds(stamped_at) + timedelta(microseconds=rng.randint(20_000_000, 90_000_000))
        value, extra = task.finish(folder, ResultPlace(object_index, created_at, answers_uri), value, extra)
        folder.add_line(object_index, item.source, _labels(task, folder, created_at, value, extra))

    conduct.finish()
    task.record_job(truth, folder.name)
    if requests:
        folder.write_request(stamped_at, requests)
    # The model labels what is left when the workers are done.
    for object_index, item in by_machine:
        value, extra = task.machine_label(item, rng)
        task.record_machine(truth, folder.name, item, extra)
        created_at = from_milliseconds(stamped_at) + timedelta(hours=1)
        extra = {**extra, "human-annotated": "no"}
        folder.add_line(object_index, item.source, _labels(task, folder, created_at, value, extra))


def _labels(
    task: Task[Right, Given], folder: JobFolder, created_at: datetime, value: Any, extra: Json
) -> dict[str, Any]:
    """What a labeled object's line has beside its input."""
    metadata = folder.metadata(task.task_type, created_at, extra)
    return {folder.label_attribute: value, f"{folder.label_attribute}-metadata": metadata}


def _request(object_index: int, source: Json, answers: Sequence[Json]) -> Json:
    """Entry of a consolidation request: the answers' content is JSON text within the JSON."""
    data_object = {"s3Uri": source["source-ref"]} if "source-ref" in source else {"content": source["source"]}
    annotations = [
        {
            "workerId": entry["workerId"],
            "annotationData": {"content": msgspec.json.encode(entry["answerContent"]).decode()},
        }
        for entry in answers
    ]
    return {"datasetObjectId": str(object_index), "dataObject": data_object, "annotations": annotations}


def golden_line(source: Json, task_type: str, value: Json, extra: Json) -> Json:
    """A golden answer in the form of an augmented manifest, as another, trusted job would have written it."""
    metadata = {
        **extra,
        "type": f"groundtruth/{task_type}",
        "human-annotated": "yes",
        "creation-date": "2019-01-14T09:30:00.000000",
        "job-name": "labeling-job/golden-answers",
    }
    return {**source, "golden": value, "golden-metadata": metadata}


def _draw_troubled(objects: int, rng: Random) -> tuple[set[int], set[int], set[int]]:
    """Indices of the objects that failed, were not labeled, and got too few answers: no object is two of these."""
    if objects < MINIMUM_FOR_TROUBLE:
        return set(), set(), set()
    counts = [max(1, int(share * objects)) for share in (FAILED_SHARE, UNLABELED_SHARE, SHORT_SHARE)]
    drawn = rng.sample(range(objects), sum(counts))
    return set(drawn[: counts[0]]), set(drawn[counts[0] : counts[0] + counts[1]]), set(drawn[-counts[2] :])
