"""What is planted in the sample, and the files that say so: they are in ``truth``, beside the jobs' folders.

A load ignores them. Each is a CSV file with a header; a fault that is left out has no rows, except that ``skills.csv``
and ``classes.csv`` then say that all is even.

============================ ======================================================================================
``skills.csv``               how often a worker ought to give, and gave, the right class: by job, worker and right class
``classes.csv``              the share of a job's objects, or of its labels, that a class ought to have
``mislabeled.csv``           labels of the output that are of a wrong class: ``planted``, or the ``workers``' own error
``duplicates.csv``           data objects that are the same as an earlier one of their job
``model_labels.csv``         a model's labels: how sure it was, how often it ought to be right, and whether it was
``adjustments.csv``          what an adjustment did to each label
``slips.csv``                labels that break a rule: too small, beyond the image, of no class of the job, incomplete
``displacements.csv``        how far the labels of one answer are from their right places, all of them alike
``identity_switches.csv``    where two tracks of one answer take each other's numbers
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


class Change(StrEnum):
    """What became of a label in an adjustment."""

    KEPT = "kept"
    MOVED = "moved"
    RESIZED = "resized"
    ADDED = "added"
    REMOVED = "removed"
    RELABELED = "relabeled"
    ATTRIBUTE_CHANGED = "attribute_changed"


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


FILES: dict[str, type[NamedTuple]] = {
    "skills": Skill,
    "classes": ClassShare,
    "mislabeled": Mislabeled,
    "duplicates": Duplicate,
    "model_labels": ModelLabel,
    "adjustments": Adjustment,
    "slips": Slip,
    "displacements": Displacement,
    "identity_switches": IdentitySwitch,
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
