"""Calibration, thresholds and the balance of classes equal scikit-learn's, scipy's and numpy's on random jobs.

dbt runs once, on tables in the place of the models that these marts read. HYPOTHESIS_PROFILE=long: 200 jobs, not 10.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
import pytest
from scipy.stats import binomtest, entropy
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from tests.pipeline.warehouse import dbt

pytestmark = pytest.mark.pipeline

MARTS = ("rpt_calibration", "rpt_class_balance", "rpt_review_bands", "rpt_label_thresholds")
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
}


@dataclass
class Judged:
    """Labels with a confidence, 0 to 1, each judged."""

    labels: list[str]
    confidences: list[float]
    rights: list[bool]


@dataclass
class Job:
    """A random job, and the rows that the models have of it."""

    name: str
    judged: dict[str, Judged]
    class_counts: Counter[str]
    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=lambda: {table: [] for table in TABLES})


def draw_judged(rng: np.random.Generator) -> Judged:
    """From one label up; right by chance, always or never; of a model that is too sure, or not sure enough."""
    size = int(rng.choice([1, 2, 30, 1_000]))
    confidences = rng.beta(rng.choice([0.5, 2, 8, 20]), rng.choice([0.5, 2, 8, 20]), size)
    if rng.random() < 0.2:
        confidences[:] = confidences[0]
    rights = rng.random(size) < rng.choice([0, 1, confidences.mean()]) + (confidences - 0.5) * rng.choice([0, 1, 2])
    labels = rng.choice(["Cat", "Dog", "Grey-Goose"], size)
    return Judged(labels.tolist(), confidences.tolist(), rights.tolist())


def draw_job(number: int) -> Job:
    """Sources without a label, classes that nobody used, and one class alone occur too."""
    rng = np.random.default_rng(number)
    judged = {source: draw_judged(rng) for source in SOURCES if number % 3 == 0 or rng.random() < 0.7}
    shares = rng.dirichlet(np.full(rng.integers(1, 30), rng.choice([0.1, 1, 10])))
    counts = rng.multinomial(rng.integers(1, 2_000), shares)
    class_counts = Counter({f"class {place}": int(count) for place, count in enumerate(counts)})
    job = Job(f"Job-{number:03}", judged, class_counts)
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
            _make_table(connection, table, columns, (row for job in jobs.values() for row in job.rows[table]))
    dbt(*("run", "--target", "local", "--select", "int_class_counts", *MARTS), folder=folder)
    return duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True)


def _make_table(
    connection: duckdb.DuckDBPyConnection, table: str, columns: str, rows: Iterable[tuple[Any, ...]]
) -> None:
    names = [column.split()[0] for column in columns.split(",")]
    values = dict(zip(names, map(list, zip(*rows, strict=True)), strict=False)) or {name: [] for name in names}
    connection.execute(f"create table {table} ({columns})")
    unnested = ", ".join(f"unnest(${name}) as {name}" for name in names)
    connection.execute(f"insert into {table} select {unnested}", values)


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
        select label, item_count, correct_count, correct_share, correct_share_low, correct_share_high
        from rpt_review_bands where job_name = ? order by label, band_low
        """,
        [job.name],
    ).fetchall()
    thresholds = marts.execute(
        "select label, threshold, item_count, correct_count from rpt_label_thresholds where job_name = ?", [job.name]
    ).fetchall()

    judged = job.judged.get("model under review", Judged([], [], []))
    labels, rights = np.array(judged.labels), np.array(judged.rights, dtype=bool)
    percents = np.array([confidence * 100 for confidence in judged.confidences])
    expected_bands: list[tuple[Any, ...]] = []
    expected_thresholds = set()
    for label in sorted({*judged.labels, *(["all"] if judged.labels else [])}):
        mine = (labels == label) | (label == "all")
        counts = np.histogram(percents[mine], EDGES)[0].tolist()
        right_counts = np.histogram(percents[mine & rights], EDGES)[0].tolist()
        for count, right in zip(counts, right_counts, strict=True):
            shares = (right / count, *wilson(right, count)) if count else (None,) * 3
            expected_bands.append((label, count, right, *shares))
        expected_thresholds.add((label, *threshold(counts, right_counts)))

    assert len(bands) == len(expected_bands)
    for band, expected in zip(bands, expected_bands, strict=True):
        assert band[0] == expected[0]
        assert numbers(band[1:]) == near(expected[1:])
    assert set(thresholds) == expected_thresholds


def threshold(counts: list[int], right_counts: list[int]) -> tuple[float | None, int, int]:
    """Threshold of a label; items of the bands that it keeps, and the right ones."""
    lowest, items, rights = float(EDGES[-1]), 0, 0
    for low, count, right in [*zip(EDGES[:-1], counts, right_counts, strict=True)][::-1]:
        if count - right > right / COST_RATIO:
            break
        lowest, items, rights = float(low), items + count, rights + right
    return (lowest if items else None), items, rights
