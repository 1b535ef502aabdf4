"""Writes a believable tree of Ground Truth output: for demos, tests and benchmarks.

A *set* is seven labeling jobs of one team over some weeks: vehicles tracked in video, an audit of that, image
classification, text classification, bounding boxes, a check of these, and named entities. Beside the first set there
is one small job for every other form of Ground Truth's output; `aws-responses` has saved responses of AWS's APIs, and
`truth` says what was planted for the marts to find (`ingest.sample.truth`). What the objects show is made up; workers
see it through their skill, speed and habits; consolidated labels come from their answers alone, but for the few that
are planted wrong.

The same seed gives the same tree, byte for byte, and a set is the same however many sets there are.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import ceil
from pathlib import Path
from random import Random
from typing import Any

from ingest.sample.aws_responses import write_responses
from ingest.sample.boxes import BoundingBoxes
from ingest.sample.classification import ImageClassification, TextClassification
from ingest.sample.entities import NamedEntities
from ingest.sample.objects import Task, label_objects
from ingest.sample.output import JobFolder, labeled_lines
from ingest.sample.small_jobs import SmallJobs
from ingest.sample.team import Crew, LabelSet, Role, Worker, make_team, plan_shifts, to_milliseconds
from ingest.sample.tracking import (
    AUDIT_SECONDS_PER_FRAME,
    SECONDS_PER_FRAME,
    VEHICLES,
    frame_count,
    plan_sequences,
    write_audit,
    write_tracking,
)
from ingest.sample.truth import Fault, Member, Truth
from ingest.sample.verification import LabelVerification

# The first set ends before this Monday; each other set ends when the previous one begins, because the same team works
# on all of them, one at a time.
LAST_DAY_AFTER = date(2026, 6, 29)
WEEKS = 5
# What the team gets done in WEEKS; sets with more objects take that much longer.
OBJECTS_IN_WEEKS = 8_000
# Ground Truth's quota of data objects for a labeling job.
MAXIMUM_OBJECTS = 100_000

EVERYONE = frozenset(range(12))
TRACKING = Role(frozenset({0, 2, 6, 9}), end=0.6)
AUDIT = Role(frozenset({1, 3}), begin=0.6)
IMAGES, TEXTS, BOXES, ENTITIES = Role(EVERYONE), Role(EVERYONE - {8}), Role(EVERYONE), Role(EVERYONE - {3})
# The first boxes are done by then.
CHECK = Role(frozenset({0, 1, 3, 5, 7, 10}), begin=0.7)
ROLES = (TRACKING, AUDIT, IMAGES, TEXTS, BOXES, ENTITIES, CHECK)
RUBBER_STAMPER = 5
# Share of the images with boxes that are checked, and the most of them.
CHECKED_SHARE, MAXIMUM_CHECKED = 0.4, 1_000

# The jobs on single data objects: name, label attribute, role and task.
OBJECT_JOBS: tuple[tuple[str, str, Role, type[Task[Any, Any]]], ...] = (
    ("Wildlife-Images", "Wildlife-Images", IMAGES, ImageClassification),
    ("Support-Messages", "topic", TEXTS, TextClassification),
    ("Warehouse-Boxes", "boxes", BOXES, BoundingBoxes),
    ("Order-Entities", "entities", ENTITIES, NamedEntities),
)
LABEL_SETS: tuple[LabelSet, ...] = (VEHICLES, *(task.label_set for _, _, _, task in OBJECT_JOBS))


class DestinationNotEmptyError(Exception):
    """The destination is not empty: the sample overwrites and deletes nothing."""


@dataclass(frozen=True)
class SampleSummary:
    """What was written."""

    jobs: int
    objects: int
    answers: int
    golden_answers: int
    files: int
    broken_files: tuple[str, ...]  # paths below the destination


def generate(
    dest: Path, *, jobs: int = 1, objects: int = 200, seed: int = 1, without: Collection[Fault] = ()
) -> SampleSummary:
    """Writes `jobs` sets of seven labeling jobs, and the small jobs, below `dest`, which must be empty or missing.

    Args:
        dest: folder for the job folders.
        jobs: sets of jobs; jobs of the second and later sets have the set's number in their names.
        objects: data objects of each image and text job; the video sequences grow with it, more slowly.
        seed: of the random numbers.
        without: what is not planted.

    Raises:
        DestinationNotEmptyError: `dest` is a file, or a folder that holds something.
        ValueError: a number is out of range.

    """
    if jobs < 1:
        raise ValueError(f"jobs must be 1 or more, not {jobs}")
    if not 1 <= objects <= MAXIMUM_OBJECTS:
        raise ValueError(f"objects must be from 1 to {MAXIMUM_OBJECTS}, not {objects}")
    if dest.exists() and (not dest.is_dir() or any(dest.iterdir())):
        raise DestinationNotEmptyError(f"{dest} is not an empty folder: choose another DEST")
    truth = Truth(without)
    labels = [label for label_set in LABEL_SETS for label in label_set.labels]
    team = make_team(seed, labels, is_even=not truth.has(Fault.SKILLS))
    for worker in team:
        truth.add(Member(worker.worker_id, worker.habits.skill, worker.habits.drift, worker.habits.tempo))
    folders = [
        folder for number in range(1, jobs + 1) for folder in _write_set(dest, number, team, objects, seed, truth)
    ]
    first_day = LAST_DAY_AFTER - timedelta(weeks=WEEKS)
    boxes = next(folder for folder in folders if folder.name == "Warehouse-Boxes")
    folders += SmallJobs(dest, objects, first_day, seed, truth).write(boxes)
    others = write_responses(dest, folders, team, datetime.combine(first_day, time()), truth) + truth.write(dest)
    return SampleSummary(
        jobs=len(folders),
        objects=sum(folder.object_count for folder in folders),
        answers=sum(folder.answer_count for folder in folders),
        golden_answers=sum(folder.golden_count for folder in folders),
        files=sum(folder.file_count for folder in folders) + others,
        broken_files=tuple(str(path.relative_to(dest)) for folder in folders for path in folder.broken_files),
    )


def _write_set(dest: Path, number: int, team: list[Worker], objects: int, seed: int, truth: Truth) -> list[JobFolder]:
    """Writes one set of jobs; every job draws from a stream of its own."""
    suffix = "" if number == 1 else f"-{number}"
    days = 7 * WEEKS * -(-objects // OBJECTS_IN_WEEKS)
    first_day = LAST_DAY_AFTER - timedelta(days=days * number)
    begin = to_milliseconds(datetime.combine(first_day, time()))
    span = (begin, begin + days * 86_400_000)

    def make_crew(role: Role, typical_seconds: float, answers_due: int, rng: Random) -> Crew:
        members = [worker for worker in team if worker.number in role.members]
        shifts = [(worker, plan_shifts(worker, role, ROLES, first_day, days)) for worker in members]
        return Crew(shifts, span, typical_seconds, answers_due, rng)

    folders = []
    for name, label_attribute, role, kind in OBJECT_JOBS:
        task = kind()
        if not truth.has(Fault.IMBALANCE):
            task.label_set = task.label_set.balanced()
        rng = Random(f"{seed}/{number}/{name}")
        crew = make_crew(role, task.typical_seconds, objects * task.workers_per_object, rng)
        is_broken = (number, name) == (1, "Wildlife-Images")
        attribute = name + suffix if label_attribute == name else label_attribute
        with JobFolder(dest, name + suffix, attribute, rng) as folder:
            label_objects(task, folder, crew, objects, rng, truth, has_broken_file=is_broken)
        folders.append(folder)

    rng = Random(f"{seed}/{number}/Warehouse-Boxes-Check")
    boxes = next(folder for folder in folders if folder.label_attribute == "boxes")
    lines = labeled_lines(boxes.manifest, "boxes", min(ceil(CHECKED_SHARE * objects), MAXIMUM_CHECKED))
    check = LabelVerification(lines, RUBBER_STAMPER if truth.has(Fault.RUBBER_STAMPING) else None)
    crew = make_crew(CHECK, check.typical_seconds, max(len(lines) * check.workers_per_object, 1), rng)
    with JobFolder(dest, f"Warehouse-Boxes-Check{suffix}", "check", rng) as folder:
        label_objects(check, folder, crew, len(lines), rng, truth, has_broken_file=False)
    folders.append(folder)

    rng = Random(f"{seed}/{number}/Vehicle-Tracking")
    sequences = plan_sequences(objects, rng, VEHICLES if truth.has(Fault.IMBALANCE) else VEHICLES.balanced())
    mean_frames = frame_count(sequences) / len(sequences)
    name = f"Vehicle-Tracking{suffix}"
    with JobFolder(dest, name, f"{name}-ref", rng) as tracking:
        crew = make_crew(TRACKING, SECONDS_PER_FRAME * mean_frames, len(sequences), rng)
        write_tracking(tracking, crew, sequences, rng, truth)
    rng = Random(f"{seed}/{number}/Vehicle-Tracking-Audit")
    name = f"Vehicle-Tracking-Audit{suffix}"
    with JobFolder(dest, name, f"{name}-ref", rng) as audit:
        crew = make_crew(AUDIT, AUDIT_SECONDS_PER_FRAME * mean_frames, len(sequences), rng)
        write_audit(audit, crew, sequences, tracking, rng, truth)
    return [*folders, tracking, audit]
