"""What is planted in the sample, and the files that say so: they are in ``truth``, beside the jobs' folders.

A load ignores them. Each is a CSV file with a header; a fault that is left out has no rows, except that ``team.csv``,
``skills.csv`` and ``classes.csv`` then say that all is even.

============================ ======================================================================================
``team.csv``                 how able and how fast each worker of the team is
``skills.csv``               how often a worker ought to give, and gave, the right class: by job, worker and right class
``classes.csv``              the share of a job's objects, or of its labels, that a class ought to have
``mislabeled.csv``           labels of the output that are of a wrong class: ``planted``, or the ``workers``' own error
``duplicates.csv``           data objects that are the same as an earlier one of their job
``model_labels.csv``         a model's labels: how sure it was, how often it ought to be right, and whether it was
``adjustments.csv``          what an adjustment did to each label
``slips.csv``                labels that break a rule: too small, beyond the image, of no class of the job, incomplete
``displacements.csv``        how far the labels of one answer are from their right places, all of them alike
``identity_switches.csv``    where two tracks of one answer take each other's numbers
``fast_answers.csv``         a speeder's answers that took a fraction of the usual time: little more than guesses
``copying.csv``              two workers of a job who share answers: the objects that both have, and how many are copied
``worsening.csv``            from when a worker of a job is worse: the skill until then and since
``rubber_stamps.csv``        who reviews a job's labels and confirms nearly all: how many, how many of them are wrong
``ambiguity.csv``            the class of a job that is often mistaken: how often an answer ought to be right
``clock_jumps.csv``          answers whose times are off: by how many seconds from the true ones, which the log has
``overlapping_tasks.csv``    tasks that a worker began before the last one was done
``log_gaps.csv``             submissions of a worker that the log lacks, and those of the log without an answer
============================ ======================================================================================
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Collection, Sequence
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

FOLDER = "truth"


class Fault(StrEnum):
    """What can be left out of the sample."""

    SKILLS = "skills"  # workers who differ, mix classes up, learn or tire
    IMBALANCE = "imbalance"  # classes that are more or less common
    MISLABELED = "mislabeled"  # labels that are not what the workers said
    DUPLICATES = "duplicates"  # data objects that are in a manifest twice
    MISCALIBRATION = "miscalibration"  # a model that is surer than it is right
    ADJUSTMENTS = "adjustments"  # labels that an adjustment changes
    SLIPS = "slips"  # labels that break a rule of their job
    DISPLACEMENTS = "displacements"  # shapes that are not where they ought to be, tracks that switch their numbers
    SPEEDING = "speeding"  # answers in a fraction of the usual time, with little care
    COPYING = "copying"  # answers that are another worker's
    WORSENING = "worsening"  # a worker who is worse from a day on
    RUBBER_STAMPING = "rubber-stamping"  # a reviewer who confirms nearly everything
    AMBIGUITY = "ambiguity"  # a class that workers often mistake
    CLOCKS = "clocks"  # times of answers that are off
    OVERLAPS = "overlaps"  # tasks of one worker at the same time
    LOG_GAPS = "log-gaps"  # an activity log that differs from the output


class Change(StrEnum):
    """What became of a label in an adjustment."""

    KEPT = "kept"
    MOVED = "moved"
    RESIZED = "resized"
    ADDED = "added"
    REMOVED = "removed"
    RELABELED = "relabeled"
    ATTRIBUTE_CHANGED = "attribute_changed"


class Member(NamedTuple):
    """A row of ``team.csv``."""

    worker_id: str
    skill: float  # share of usual objects that are given their right class
    drift: float  # what is added to it, little by little, in the weeks of a set
    tempo: float  # time taken, as a multiple of what is usual


class Skill(NamedTuple):
    """A row of ``skills.csv``."""

    job_name: str
    worker_id: str
    label: str
    answer_count: int
    right_count: int
    right_chance: float  # mean over the answers


class ClassShare(NamedTuple):
    """A row of ``classes.csv``."""

    job_name: str
    label: str
    share: float


class Mislabeled(NamedTuple):
    """A row of ``mislabeled.csv``."""

    job_name: str
    object_index: int
    annotation_index: int
    right_label: str
    label: str
    cause: str


class Duplicate(NamedTuple):
    """A row of ``duplicates.csv``."""

    job_name: str
    object_index: int
    first_object_index: int


class ModelLabel(NamedTuple):
    """A row of ``model_labels.csv``."""

    job_name: str
    source: str  # `machine`: Ground Truth's own model; `review`: a model whose labels the job reviews
    item_uri: str
    label: str
    confidence: float  # 0 to 1
    right_chance: float
    is_right: bool


class Adjustment(NamedTuple):
    """A row of ``adjustments.csv``; the label is the one before, of an added one its own."""

    job_name: str
    adjusted_job_name: str
    object_index: int
    frame_index: int | None
    label: str
    change: Change


class Rule(StrEnum):
    """What a label may break."""

    TINY_BOX = "tiny boxes"
    OUTSIDE_IMAGE = "boxes outside the image"
    OUTSIDE_CONFIG = "labels outside the config"
    MISSING_ATTRIBUTE = "missing required attributes"


class Slip(NamedTuple):
    """A row of ``slips.csv``."""

    job_name: str
    object_index: int
    frame_index: int | None
    annotation_index: int
    rule: Rule


class Displacement(NamedTuple):
    """A row of ``displacements.csv``: in pixels to the right and down, or in metres along x and y."""

    job_name: str
    object_index: int
    worker_id: str
    shape: str
    right: float
    down: float


class IdentitySwitch(NamedTuple):
    """A row of ``identity_switches.csv``."""

    job_name: str
    object_index: int
    worker_id: str
    frame_index: int  # the first with the other's number
    track_number: int
    other_track_number: int


class FastAnswer(NamedTuple):
    """A row of ``fast_answers.csv``."""

    job_name: str
    object_index: int
    worker_id: str


class Copying(NamedTuple):
    """A row of ``copying.csv``."""

    job_name: str
    worker_id: str
    other_worker_id: str
    object_count: int  # that both answered
    copied_count: int


class Worsening(NamedTuple):
    """A row of ``worsening.csv``; a skill is the share of usual objects that the worker gets right."""

    job_name: str
    worker_id: str
    first_date: str
    skill_before: float
    skill_after: float


class RubberStamp(NamedTuple):
    """A row of ``rubber_stamps.csv``."""

    job_name: str
    worker_id: str
    reviewed_count: int
    wrong_count: int
    confirmed_count: int


class AmbiguousClass(NamedTuple):
    """A row of ``ambiguity.csv``."""

    job_name: str
    label: str
    right_chance: float


class ClockJump(NamedTuple):
    """A row of ``clock_jumps.csv``: what the answer says less what is true."""

    job_name: str
    object_index: int
    worker_id: str
    accepted_off_seconds: int
    submitted_off_seconds: int


class OverlappingTask(NamedTuple):
    """A row of ``overlapping_tasks.csv``: the later of the two."""

    job_name: str
    object_index: int
    worker_id: str


class LogGap(NamedTuple):
    """A row of ``log_gaps.csv``."""

    job_name: str
    worker_id: str
    unlogged_count: int
    unanswered_count: int


FILES: dict[str, type[NamedTuple]] = {
    "team": Member,
    "skills": Skill,
    "classes": ClassShare,
    "mislabeled": Mislabeled,
    "duplicates": Duplicate,
    "model_labels": ModelLabel,
    "adjustments": Adjustment,
    "slips": Slip,
    "displacements": Displacement,
    "identity_switches": IdentitySwitch,
    "fast_answers": FastAnswer,
    "copying": Copying,
    "worsening": Worsening,
    "rubber_stamps": RubberStamp,
    "ambiguity": AmbiguousClass,
    "clock_jumps": ClockJump,
    "overlapping_tasks": OverlappingTask,
    "log_gaps": LogGap,
}


class Truth:
    """What has been planted so far."""

    def __init__(self, without: Collection[Fault] = ()) -> None:
        self._without = frozenset(without)
        self._rows: dict[type, list[Sequence[object]]] = {kind: [] for kind in FILES.values()}
        self._skills: dict[tuple[str, str, str], list[tuple[float, bool]]] = defaultdict(list)

    def has(self, fault: Fault) -> bool:
        """Whether it is to be planted."""
        return fault not in self._without

    def add(self, row: Sequence[object]) -> None:
        """A row of the file of its kind."""
        self._rows[type(row)].append(row)

    def clock_jumps(self, job_name: str) -> dict[tuple[int, str], ClockJump]:
        """Those of a job, by object and worker."""
        jumps = (row for row in self._rows[ClockJump] if isinstance(row, ClockJump))
        return {(row.object_index, row.worker_id): row for row in jumps if row.job_name == job_name}

    def add_answer(self, job_name: str, worker_id: str, label: str, right_chance: float, *, is_right: bool) -> None:
        """An answer to an object of that class: how likely it was to be right, and whether it is."""
        self._skills[job_name, worker_id, label].append((right_chance, is_right))

    def write(self, dest: Path) -> int:
        """Writes the files below `dest`; returns how many they are."""
        for (job_name, worker_id, label), answers in sorted(self._skills.items()):
            chance = sum(chance for chance, _ in answers) / len(answers)
            rights = sum(is_right for _, is_right in answers)
            self.add(Skill(job_name, worker_id, label, len(answers), rights, round(chance, 6)))
        (dest / FOLDER).mkdir()
        for name, kind in FILES.items():
            with (dest / FOLDER / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(kind._fields)
                writer.writerows(self._rows[kind])
        return len(FILES)
