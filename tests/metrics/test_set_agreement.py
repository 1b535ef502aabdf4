"""Krippendorff's alpha on sets of classes and on boxes equals nltk's on random jobs.

dbt runs once, on random answers. HYPOTHESIS_PROFILE=long: 200 jobs, not 20.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import duckdb
import numpy as np
import pytest
from nltk.metrics import jaccard_distance, masi_distance
from nltk.metrics.agreement import AnnotationTask

from tests.metrics.tables import make_table
from tests.metrics.test_matching import MEMBERS, OVERLAPS, SETS
from tests.pipeline.warehouse import dbt

pytestmark = pytest.mark.pipeline

JOBS = range(200 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 20)
every_job = pytest.mark.parametrize("number", JOBS)
CLASSES = ("Bus", "Car", "Cyclist", "Pedestrian", "Van")
MODELS = (
    "int_measured_label_pairs",
    "int_crowded_labels",
    "int_crowded_comparisons",
    "int_label_overlaps",
    "int_label_matches",
    "int_answer_comparisons",
    "int_agreement_answers",
    "int_chance_pairs",
    "int_bounded_chance_pairs",
    "int_chance_distances",
    "int_set_agreement",
)

Answer: TypeAlias = frozenset[tuple[int, int]]
"""Labels of an answer: each a class, and the place of its box. Boxes of two places do not overlap."""
Distance: TypeAlias = Callable[[Answer, Answer], float]


@dataclass
class Job:
    """A random job: of each object and worker the answer."""

    name: str
    shape: str
    answers: dict[tuple[int, int], Answer]

    @property
    def paired(self) -> dict[tuple[int, int], Answer]:
        """Answers to objects that two workers or more answered."""
        objects = [index for index, _ in self.answers]
        return {key: answer for key, answer in self.answers.items() if objects.count(key[0]) >= 2}

    def without(self, index: int) -> Job:
        """The job without an object."""
        return Job(self.name, self.shape, {key: answer for key, answer in self.answers.items() if key[0] != index})


def draw_job(number: int) -> Job:
    """One object and many; workers who miss objects; empty answers, and answers that are all the same."""
    rng = np.random.default_rng(number)
    shape = "box" if number % 3 == 2 else "class"
    classes, workers, places = int(rng.integers(1, 6)), int(rng.integers(2, 5)), 3 if shape == "box" else 1
    noise = float(rng.choice([0, 0.1, 0.4]))
    answers: dict[tuple[int, int], Answer] = {}
    for index in range(int(rng.choice([1, 2, 3, 12, 30]))):
        truth = rng.random((classes, places)) < 0.4
        for worker in range(workers):
            if rng.random() < 0.85:
                seen = truth ^ (rng.random(truth.shape) < noise)
                answers[index, worker] = frozenset((int(label), int(place)) for label, place in np.argwhere(seen))
    # Somebody chose several classes, so that sets are compared; nobody else answered that object.
    answers[99, 0] = frozenset({(0, 0), (1, 0)})
    return Job(f"Job-{number}", shape, answers)


def draw_large_job() -> Job:
    """One of more pairs of answers than are taken."""
    rng = np.random.default_rng(1)
    answers: dict[tuple[int, int], Answer] = {}
    for index in range(150):
        truth = rng.random(5) < 0.4
        for worker in range(3):
            seen = truth ^ (rng.random(5) < 0.1)
            answers[index, worker] = frozenset((int(label), 0) for label in np.flatnonzero(seen))
    return Job("Large", "class", answers)


def alpha(job: Job, distance: Distance) -> float | None:
    """Krippendorff's alpha, as nltk has it; None if all answers are alike, of which nltk says 1."""
    paired = job.paired
    if len(set(paired.values())) < 2:
        return None
    task = AnnotationTask([(worker, index, answer) for (index, worker), answer in paired.items()], distance)
    return float(task.alpha())


def of_sets(distance: Distance) -> Distance:
    """Also of two empty sets, which nltk divides by zero for."""
    return lambda one, other: float(distance(one, other)) if one or other else 0.0


def dice_distance(one: Answer, other: Answer) -> float:
    """One less F1."""
    return 1 - 2 * len(one & other) / (len(one) + len(other))


DISTANCES = {
    "krippendorff_alpha_jaccard": ("class", of_sets(jaccard_distance)),
    "krippendorff_alpha_masi": ("class", of_sets(masi_distance)),
    "krippendorff_alpha_f1": ("box", of_sets(dice_distance)),
}


@pytest.fixture(scope="module")
def jobs() -> dict[str, Job]:
    return {job.name: job for job in [*map(draw_job, JOBS), draw_large_job()]}


@pytest.fixture(scope="module")
def marts(jobs: dict[str, Job], tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    folder = tmp_path_factory.mktemp("agreement")
    members: list[tuple[Any, ...]] = []
    sets: list[tuple[Any, ...]] = []
    for job in jobs.values():
        for (index, worker), answer in job.answers.items():
            key = (job.name, index, f"answer-{worker}", "answer", worker)
            sets.append((*key, f"worker-{worker}", job.shape, len(answer)))
            for member_no, (label, place) in enumerate(sorted(answer)):
                box = (place * 100.0, 0.0, 10.0, 10.0) if job.shape == "box" else (None,) * 4
                members.append((*key, member_no, None, job.shape, CLASSES[label], None, *box, *(None,) * 5))
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("create schema main_staging")
        columns = MEMBERS + ", center_z double, cuboid_length double, cuboid_width double, cuboid_height double"
        make_table(connection, "main_staging.int_label_set_members", columns, [(*row, *(None,) * 4) for row in members])
        make_table(connection, "main_staging.int_label_sets", SETS, sets)
        make_table(connection, "main_staging.stg_ground_truth__label_overlaps", OVERLAPS, [])
    dbt(*("run", "--target", "local", "--select", *MODELS), folder=folder)
    return duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True)


def measures(marts: duckdb.DuckDBPyConnection, job: str) -> dict[str, tuple[float | None, float | None, int]]:
    """Estimate, standard error and pairs by chance, by statistic."""
    return {
        statistic: (estimate, standard_error, pairs)
        for statistic, estimate, standard_error, pairs in marts.execute(
            "select statistic, estimate, standard_error, chance_pair_count from main_staging.int_set_agreement "
            "where job_name = $1",
            [job],
        ).fetchall()
    }


@every_job
@pytest.mark.parametrize("statistic", DISTANCES)
def test_alpha_is_nltk_s(jobs: dict[str, Job], marts: duckdb.DuckDBPyConnection, number: int, statistic: str) -> None:
    shape, distance = DISTANCES[statistic]
    job = jobs[f"Job-{number}"]
    found = measures(marts, job.name).get(statistic)

    assert (found is not None) == (job.shape == shape and bool(job.paired))
    if found is not None:
        estimate, standard_error, pairs = found
        assert estimate == pytest.approx(alpha(job, distance))
        assert pairs == math.comb(len(job.paired), 2)
        assert standard_error == pytest.approx(jackknife(job, distance), abs=1e-9)


def jackknife(job: Job, distance: Distance) -> float | None:
    """Standard error of alpha, of its values without each object."""
    objects = {index for index, _ in job.paired}
    values = [alpha(job.without(index), distance) for index in objects]
    known = np.array([value for value in values if value is not None])
    if len(objects) < 3 or len(known) < len(values):
        return None
    return float(np.sqrt((len(known) - 1) / len(known) * ((known - known.mean()) ** 2).sum()))


@every_job
def test_the_mean_score_is_that_of_the_pairs(
    jobs: dict[str, Job], marts: duckdb.DuckDBPyConnection, number: int
) -> None:
    job = jobs[f"Job-{number}"]
    distance = DISTANCES["krippendorff_alpha_f1" if job.shape == "box" else "krippendorff_alpha_jaccard"][1]
    by_object: dict[int, list[Answer]] = {}
    for (index, _), answer in job.paired.items():
        by_object.setdefault(index, []).append(answer)
    scores = [
        np.mean([1 - distance(one, other) for place, one in enumerate(answers) for other in answers[:place]])
        for answers in by_object.values()
    ]
    found = measures(marts, job.name).get("mean_score", (None, None, None))

    assert found[0] == pytest.approx(np.mean(scores) if scores else None)
    assert found[1] == pytest.approx(
        np.std(scores, ddof=1) / np.sqrt(len(scores)) if len(scores) > 1 else None, abs=1e-9
    )


def test_a_sample_of_pairs_gives_nearly_the_same(jobs: dict[str, Job], marts: duckdb.DuckDBPyConnection) -> None:
    found = measures(marts, "Large")

    for statistic in ("krippendorff_alpha_jaccard", "krippendorff_alpha_masi"):
        estimate, standard_error, pairs = found[statistic]
        exact, error = alpha(jobs["Large"], DISTANCES[statistic][1]), jackknife(jobs["Large"], DISTANCES[statistic][1])
        assert estimate == pytest.approx(exact, abs=0.005)
        assert standard_error == pytest.approx(error, rel=0.1)
        assert 450 * 20 < pairs <= 10_000  # of 101,025
