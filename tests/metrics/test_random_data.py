"""Calibration, thresholds, the balance of classes and agreement equal what other libraries compute, on random jobs.

dbt runs once, on tables in the place of the models that these marts read. HYPOTHESIS_PROFILE=long: 200 jobs, not 10.
"""

from __future__ import annotations

import itertools
import math
import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import duckdb
import krippendorff
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binomtest, entropy
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, cohen_kappa_score, confusion_matrix
from statsmodels.stats.inter_rater import (
    cohens_kappa,
    fleiss_kappa,
)

from tests.metrics.tables import make_table
from tests.pipeline.warehouse import dbt

pytestmark = pytest.mark.pipeline

MODELS = (
    *("int_class_counts", "rpt_calibration", "rpt_class_balance", "rpt_review_bands", "rpt_label_thresholds"),
    *("int_class_answer_counts", "int_agreement_classes", "int_agreement_units", "rpt_agreement"),
    *("int_worker_pair_classes", "int_worker_pair_errors", "rpt_worker_pairs"),
)
JOBS = range(200 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 10)
SOURCES = ("human", "machine", "model under review")
EDGES, BINS, COST_RATIO = (80, 85, 90, 95, 100), 10, 10  # the vars' defaults
every_job = pytest.mark.parametrize("number", JOBS)

# Columns that the marts use of the models that they read.
TABLES = {
    "main_staging.int_labeling_jobs": "job_name varchar, job_kind varchar, audited_job_name varchar",
    "main_staging.int_object_labels": """
        job_name varchar, object_index bigint, label varchar, confidence double, is_human_annotated boolean,
        label_status varchar, is_inherited boolean""",
    "main_staging.int_golden_classes": "job_name varchar, object_index bigint, label varchar",
    "main_staging.int_annotations": "job_name varchar, object_index bigint, label varchar, is_inherited boolean",
    "main_staging.stg_ground_truth__label_categories": "job_name varchar, label varchar",
    "main.fct_label_reviews": """
        job_name varchar, job_kind varchar, audited_job_name varchar, label varchar, confidence double,
        is_correct boolean""",
    "main_staging.int_class_answers": "job_name varchar, object_index bigint, worker_key varchar, label varchar",
    "main_staging.int_reference_classes": "job_name varchar, object_index bigint, reference varchar, label varchar",
    "main_staging.int_answer_comparisons": """
        job_name varchar, object_index bigint, reference_kind varchar, reference_worker_key varchar,
        worker_key varchar, score double""",
    "main_staging.int_identical_answers": """
        job_name varchar, object_index bigint, worker_key varchar, other_worker_key varchar, shape varchar,
        is_identical boolean""",
    # Without rows: test_set_agreement.py has such jobs.
    "main_staging.int_set_agreement": """
        job_name varchar, shape varchar, statistic varchar, estimate double, standard_error double,
        object_count double, answer_count double, worker_count bigint, chance_pair_count bigint""",
}
Classes = NDArray[np.int64]
NONE = -1


@dataclass
class Judged:
    """Labels with a confidence, 0 to 1, each judged."""

    labels: list[str]
    confidences: list[float]
    rights: list[bool]


@dataclass
class Answers:
    """The class that each worker gave to each object, and the right ones; NONE where there is none."""

    given: Classes  # a row for each object, a column for each worker
    rights: Classes

    @property
    def counts(self) -> Classes:
        """Answers to each object for each class, of objects that two or more workers answered."""
        classes = np.arange(self.given.max(initial=0) + 1)
        counts: Classes = (self.given[:, :, None] == classes).sum(axis=1)
        paired: Classes = counts[counts.sum(axis=1) >= 2]
        return paired

    @property
    def classes(self) -> list[int]:
        """Classes that were given to any object."""
        return sorted({*self.given[self.given != NONE].tolist()})


@dataclass
class Job:
    """A random job, and the rows that the models have of it."""

    name: str
    judged: dict[str, Judged]
    class_counts: Counter[str]
    answers: Answers
    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=lambda: {table: [] for table in TABLES})


def draw_judged(rng: np.random.Generator) -> Judged:
    """From one label up; right by chance, always or never; of a model that is too sure, or not sure enough."""
    size = int(rng.choice([1, 2, 30, 1_000]))
    confidences = rng.beta(rng.choice([0.5, 2, 8, 20]), rng.choice([0.5, 2, 8, 20]), size)
    if rng.random() < 0.2:
        confidences[:] = confidences[0]
    rights = rng.random(size) < rng.choice([0, 1, confidences.mean()]) + (confidences - 0.5) * rng.choice([0, 1, 2])
    labels = rng.choice(["Cat", "Dog", "all"], size)  # the marts also call the total "all"
    return Judged(labels.tolist(), confidences.tolist(), rights.tolist())


def draw_answers(rng: np.random.Generator, number: int) -> Answers:
    """From one object, one class and two workers up; at random, right, or all alike; of all objects, or hardly any."""
    objects, workers = int(rng.choice([1, 2, 10, 60])), int(rng.choice([2, 3, 8]))
    classes = int(rng.choice([1, 2, 3, 12]))
    rights = rng.choice(classes, objects, p=rng.dirichlet(np.ones(classes)))
    is_random = rng.random((objects, workers)) < rng.choice([0, 0.2, 1])
    given = np.where(is_random, rng.integers(0, classes, (objects, workers)), rights[:, None])
    if rng.random() < 0.2:
        given[:] = given[:, :1]
    if number % 2:
        given[rng.random((objects, workers)) < rng.choice([0.1, 0.5, 0.9])] = NONE
    rights[rng.random(objects) < rng.choice([0, 0.5, 1])] = NONE
    return Answers(given, rights)


def draw_job(number: int) -> Job:
    """Sources without a label, classes that nobody used, and one class alone occur too."""
    rng = np.random.default_rng(number)
    judged = {source: draw_judged(rng) for source in SOURCES if number % 3 == 0 or rng.random() < 0.7}
    shares = rng.dirichlet(np.full(rng.integers(1, 30), rng.choice([0.1, 1, 10])))
    counts = rng.multinomial(rng.integers(1, 2_000), shares)
    class_counts = Counter({f"class {place}": int(count) for place, count in enumerate(counts)})
    job = Job(f"Job-{number:03}", judged, class_counts, draw_answers(rng, number))
    _fill(job)
    return job


def _fill(job: Job) -> None:
    rows = job.rows
    rows["main_staging.int_labeling_jobs"].append((job.name, "label", None))
    index = 0
    for source, judged in job.judged.items():
        for label, confidence, is_right in zip(judged.labels, judged.confidences, judged.rights, strict=True):
            if source == "model under review":
                review = (job.name, "label", None, label, confidence * 100, is_right)
                rows["main.fct_label_reviews"].append(review)
            else:
                found = (job.name, index, label, confidence, source == "human", "labeled", False)
                rows["main_staging.int_object_labels"].append(found)
                golden = (job.name, index, label if is_right else f"no {label}")
                rows["main_staging.int_golden_classes"].append(golden)
            index += 1
    for place, label in enumerate(job.class_counts.elements()):
        rows["main_staging.int_annotations"].append((job.name, place // 3, label, False))
    rows["main_staging.stg_ground_truth__label_categories"] += [(job.name, label) for label in job.class_counts]
    for place, (given, right) in enumerate(zip(job.answers.given.tolist(), job.answers.rights.tolist(), strict=True)):
        answers = [(f"w{worker}", label) for worker, label in enumerate(given) if label != NONE]
        rows["main_staging.int_class_answers"] += [(job.name, place, worker, str(label)) for worker, label in answers]
        rows["main_staging.int_answer_comparisons"] += [
            (job.name, place, "answer", one, other, float(label == other_label))
            for (one, label), (other, other_label) in itertools.combinations(answers, 2)
        ]
        if right != NONE:
            rows["main_staging.int_reference_classes"].append((job.name, place, "golden", str(right)))


@pytest.fixture(scope="module")
def jobs() -> dict[int, Job]:
    return {number: draw_job(number) for number in JOBS}


@pytest.fixture(scope="module")
def marts(jobs: dict[int, Job], tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """What dbt made of all jobs."""
    folder = tmp_path_factory.mktemp("random")
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("create schema main_staging")
        for table, columns in TABLES.items():
            make_table(connection, table, columns, (row for job in jobs.values() for row in job.rows[table]))
    dbt(*("run", "--target", "local", "--select", *MODELS), folder=folder)
    return duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True)


def near(row: Iterable[float | None]) -> Any:
    """What equals a row of numbers but for the order of sums; NULL equals NaN."""
    return pytest.approx(numbers(row), rel=1e-9, abs=1e-9, nan_ok=True)


def numbers(row: Iterable[float | None]) -> list[float]:
    return [math.nan if value is None else float(value) for value in row]


def wilson(right: int, count: int) -> tuple[float, float]:
    low, high = binomtest(right, count).proportion_ci(method="wilson")
    return low, high


@every_job
def test_calibration(marts: duckdb.DuckDBPyConnection, jobs: dict[int, Job], number: int) -> None:
    job = jobs[number]
    found: dict[str, list[tuple[float, ...]]] = {}
    rows = marts.execute(
        """
        select source, bin_low, object_count, mean_confidence, accuracy, accuracy_low, accuracy_high,
            expected_calibration_error, maximum_calibration_error, brier_score
        from rpt_calibration where job_name = ? order by source, bin_low
        """,
        [job.name],
    ).fetchall()
    for source, *row in rows:
        found.setdefault(source, []).append(tuple(row))

    assert found.keys() == job.judged.keys()
    for source, judged in job.judged.items():
        accuracies, means = calibration_curve(judged.rights, judged.confidences, n_bins=BINS)
        counts, edges = np.histogram(judged.confidences, bins=BINS, range=(0, 1))
        used = counts > 0
        errors = np.abs(accuracies - means)
        of_source = (
            np.average(errors, weights=counts[used]),
            errors.max(),
            brier_score_loss(judged.rights, judged.confidences, pos_label=True),
        )
        expected = [
            (low, count, mean, accuracy, *wilson(round(accuracy * count), int(count)), *of_source)
            for low, count, mean, accuracy in zip(edges[:-1][used], counts[used], means, accuracies, strict=True)
        ]
        assert len(found[source]) == len(expected), source
        for found_bin, expected_bin in zip(found[source], expected, strict=True):
            assert numbers(found_bin) == near(expected_bin), source


@every_job
def test_balance_of_classes(marts: duckdb.DuckDBPyConnection, jobs: dict[int, Job], number: int) -> None:
    counts = jobs[number].class_counts
    found = marts.execute(
        """
        select label, annotation_count, annotation_share, imbalance_ratio, effective_class_count
        from rpt_class_balance where job_name = ?
        """,
        [jobs[number].name],
    ).fetchall()

    most, effective = max(counts.values()), math.exp(entropy(list(counts.values())))
    expected = {
        label: (count, count / counts.total(), most / count if count else None, effective)
        for label, count in counts.items()
    }
    assert len(found) == len(expected)
    for label, *row in found:
        assert numbers(row) == near(expected[label]), label


@every_job
def test_bands_and_thresholds(marts: duckdb.DuckDBPyConnection, jobs: dict[int, Job], number: int) -> None:
    """The threshold by the rule as it is told: band by band, from the highest down."""
    job = jobs[number]
    bands = marts.execute(
        """
        select label, is_total, item_count, correct_count, correct_share, correct_share_low, correct_share_high
        from rpt_review_bands where job_name = ? order by is_total, label, band_low
        """,
        [job.name],
    ).fetchall()
    thresholds = marts.execute(
        "select label, is_total, threshold, item_count, correct_count from rpt_label_thresholds where job_name = ?",
        [job.name],
    ).fetchall()

    judged = job.judged.get("model under review", Judged([], [], []))
    labels, rights = np.array(judged.labels), np.array(judged.rights, dtype=bool)
    percents = np.array([confidence * 100 for confidence in judged.confidences])
    expected_bands: list[tuple[Any, ...]] = []
    expected_thresholds = set()
    keys = [(label, False) for label in sorted({*judged.labels})] + [("all", True)] * bool(judged.labels)
    for label, is_total in keys:
        mine = (labels == label) | is_total
        counts = np.histogram(percents[mine], EDGES)[0].tolist()
        right_counts = np.histogram(percents[mine & rights], EDGES)[0].tolist()
        for count, right in zip(counts, right_counts, strict=True):
            shares = (right / count, *wilson(right, count)) if count else (None,) * 3
            expected_bands.append((label, is_total, count, right, *shares))
        expected_thresholds.add((label, is_total, *threshold(counts, right_counts)))

    assert len(bands) == len(expected_bands)
    for band, expected in zip(bands, expected_bands, strict=True):
        assert band[:2] == expected[:2]
        assert numbers(band[2:]) == near(expected[2:])
    assert set(thresholds) == expected_thresholds


def threshold(counts: list[int], right_counts: list[int]) -> tuple[float | None, int, int]:
    """Threshold of a label; items of the bands that it keeps, and the right ones."""
    lowest, items, rights = float(EDGES[-1]), 0, 0
    for low, count, right in [*zip(EDGES[:-1], counts, right_counts, strict=True)][::-1]:
        if count - right > right / COST_RATIO:
            break
        lowest, items, rights = float(low), items + count, rights + right
    return (lowest if items else None), items, rights


@every_job
def test_agreement(marts: duckdb.DuckDBPyConnection, jobs: dict[int, Job], number: int) -> None:
    """Of all classes, and of each against the rest. statsmodels has kappa only if each object has as many answers."""
    found: dict[tuple[str | None, str], tuple[float | None, float | None]] = {}
    for label, statistic, *values in marts.execute(
        "select label, statistic, estimate, standard_error from rpt_agreement where job_name = ?", [jobs[number].name]
    ).fetchall():
        found[label, statistic] = tuple(values)

    answers = jobs[number].answers
    counts = answers.counts
    scopes: dict[str | None, Classes] = {}
    if len(counts):
        scopes = {None: counts}
        # Of a class that only single answers have, all that is known is that nobody else gave it.
        for label in answers.classes:
            mine = counts[:, label]
            scopes[str(label)] = np.stack([mine, counts.sum(axis=1) - mine], axis=1)

    assert len(found) == 4 * len(scopes)
    for label, of_scope in scopes.items():
        assert numbers(found[label, "percent_agreement"]) == near(jackknife(percent_agreement, of_scope, 2)), label
        assert numbers(found[label, "krippendorff_alpha"]) == near(jackknife(alpha, of_scope)), label
        if len({*of_scope.sum(axis=1).tolist()}) == 1:
            assert numbers(found[label, "fleiss_kappa"]) == near(jackknife(kappa, of_scope)), label


def percent_agreement(counts: Classes) -> float:
    """Pair by pair."""
    shares = []
    for of_object in counts.tolist():
        given = [label for label, count in enumerate(of_object) for _ in range(count)]
        shares.append(np.mean([one == other for one, other in itertools.combinations(given, 2)]))
    return float(np.mean(shares))


def alpha(counts: Classes) -> float:
    """NaN if all answers are of one class."""
    if (counts.sum(axis=0) > 0).sum() < 2:
        return math.nan
    return float(krippendorff.alpha(value_counts=counts, level_of_measurement="nominal"))


def kappa(counts: Classes) -> float:
    """NaN if all answers are of one class."""
    return math.nan if (counts.sum(axis=0) > 0).sum() < 2 else float(fleiss_kappa(counts))


def jackknife(statistic: Callable[[Classes], float], counts: Classes, fewest: int = 3) -> tuple[float, float]:
    """A statistic and its delete-one-object standard error; NaN if either has no value.

    Without one of two objects, chance would be that of one object.
    """
    size = len(counts)
    without = [statistic(np.delete(counts, place, axis=0)) if size >= fewest else math.nan for place in range(size)]
    return statistic(counts), math.sqrt((size - 1) * float(np.var(without)))


@every_job
def test_pairs_of_workers(marts: duckdb.DuckDBPyConnection, jobs: dict[int, Job], number: int) -> None:
    rows = marts.execute(
        """
        select worker_key, other_worker_key, object_count, agreement, cohens_kappa, reference_object_count,
            same_wrong_count, expected_same_wrong_count, cohens_kappa_low, cohens_kappa_high
        from rpt_worker_pairs where job_name = ?
        """,
        [jobs[number].name],
    ).fetchall()
    found = {(one, other): values for one, other, *values in rows}
    answers = jobs[number].answers

    pairs = 0
    for one, other in itertools.combinations(range(answers.given.shape[1]), 2):
        given = answers.given[(answers.given[:, [one, other]] != NONE).all(axis=1)][:, [one, other]]
        if not len(given):
            continue
        pairs += 1
        *values, low, high = found[f"w{one}", f"w{other}"]
        is_one_class = len({*given.ravel().tolist()}) == 1
        cohen = math.nan if is_one_class else cohen_kappa_score(given[:, 0], given[:, 1])
        agreement = (given[:, 0] == given[:, 1]).mean()
        assert numbers(values) == near((len(given), agreement, cohen, *wrong_in_common(answers, one, other)))
        if not is_one_class:
            # It also divides by a variance that may be 0, or what sums leave of it: less than nothing.
            with np.errstate(invalid="ignore", divide="ignore"):
                expected = cohens_kappa(confusion_matrix(given[:, 0], given[:, 1]))
            error = 0 if math.isnan(expected.std_kappa) else expected.std_kappa * 1.959963984540054
            ends = max(expected.kappa - error, -1), min(expected.kappa + error, 1)
            assert (low, high) == pytest.approx(ends, abs=1e-6)
    assert len(found) == pairs


def wrong_in_common(answers: Answers, one: int, other: int) -> tuple[float, float, float]:
    """Objects of a known class that both answered, those to which both gave one wrong class, and as many by chance."""
    classes = [*range(max(answers.given.max(), answers.rights.max(), 1) + 1)]
    is_known = answers.rights != NONE
    is_common = is_known & (answers.given[:, one] != NONE) & (answers.given[:, other] != NONE)
    if not is_common.any():
        return 0, math.nan, math.nan
    confusions = []
    for worker in (one, other):
        mine = is_known & (answers.given[:, worker] != NONE)
        confusion = confusion_matrix(
            answers.rights[mine], answers.given[mine, worker], labels=classes, normalize="true"
        )
        np.fill_diagonal(confusion, 0)
        confusions.append(confusion)
    rights, ones, others = (column[is_common] for column in (answers.rights, *answers.given[:, [one, other]].T))
    chances = (confusions[0] * confusions[1]).sum(axis=1)
    return int(is_common.sum()), int(((ones == others) & (ones != rights)).sum()), float(chances[rights].sum())
