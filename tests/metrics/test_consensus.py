"""The consensus of workers equals crowd-kit's, and each round raises the posterior, on random jobs.

dbt compiles the two models once; DuckDB runs them on tables in the place of the models that they read.
HYPOTHESIS_PROFILE=long: 200 jobs, not 10.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd  # type: ignore[import-untyped] # it ships no type information
import pytest
from crowdkit.aggregation import DawidSkene
from crowdkit.aggregation.classification import dawid_skene

from tests.metrics.tables import make_table
from tests.pipeline.warehouse import dbt

pytestmark = pytest.mark.pipeline

JOBS = range(200 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 10)
MODELS = ("int_consensus_candidates", "int_consensus_rounds", "int_consensus_classes", "int_consensus_jobs")
COLUMNS = "job_name varchar, object_index bigint, worker_key varchar, label varchar"
Answer = tuple[str, int, str, str]


def draw_job(number: int) -> list[Answer]:
    """From two objects, two classes and two workers up; workers at random, good, or bad; all objects, or hardly any."""
    rng = np.random.default_rng(number)
    objects, workers, classes = int(rng.choice([2, 5, 60])), int(rng.choice([2, 3, 9])), int(rng.choice([2, 3, 12]))
    rights = rng.choice(classes, objects, p=rng.dirichlet(np.ones(classes)))
    skills = rng.uniform(rng.choice([0, 0.5, 0.9]), 1, workers)
    is_right = rng.random((objects, workers)) < skills
    given = np.where(is_right, rights[:, None], rng.integers(0, classes, (objects, workers)))
    is_given = rng.random((objects, workers)) < rng.choice([0.5, 1])
    is_given[:, :2] = True
    return [
        (f"Job-{number:03}", place, f"w{worker}", f"class {given[place, worker]}")
        for place, worker in np.argwhere(is_given).tolist()
    ]


def build(folder: Path, jobs: Iterable[list[Answer]], **variables: float) -> duckdb.DuckDBPyConnection:
    """The models of these jobs, with these vars."""
    folder.mkdir()
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("create schema main_staging")
        make_table(connection, "main_staging.int_class_answers", COLUMNS, (row for job in jobs for row in job))
    settings = ", ".join(f"{name}: {value}" for name, value in variables.items())
    dbt("run", "--target", "local", "--vars", f"{{{settings}}}", "--select", *MODELS, folder=folder)
    return duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True)


@pytest.fixture(scope="module")
def jobs() -> dict[int, list[Answer]]:
    return {number: draw_job(number) for number in JOBS}


@pytest.fixture(scope="module")
def without_prior(jobs: dict[int, list[Answer]], tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Probabilities of the classes of each object; crowd-kit has no prior, but no chance of 0 either."""
    with build(
        tmp_path_factory.mktemp("consensus") / "plain",
        jobs.values(),
        consensus_error_prior=1e-300,
        consensus_right_prior=0,
        consensus_class_prior=1e-300,
    ) as models:
        return models.sql("from main_staging.int_consensus_classes").df()


def estimate(answers: pd.DataFrame) -> pd.DataFrame:
    """The same by numpy: ten rounds of expectation and maximization."""
    tasks, labels = sorted(answers["task"].unique()), sorted(answers["label"].unique())
    workers = sorted(answers["worker"].unique())
    given = np.zeros((len(tasks), len(workers), len(labels)))
    for row in answers.itertuples():
        given[tasks.index(row.task), workers.index(row.worker), labels.index(row.label)] += 1
    chances = given.sum(1) / given.sum((1, 2))[:, None]
    for _ in range(10):
        classes = chances.mean(0) + 1e-300
        errors = np.einsum("tk,twl->wkl", chances, given) + 1e-300
        errors /= errors.sum(2, keepdims=True)
        evidence = np.log(classes) + np.einsum("twl,wkl->tk", given, np.log(errors))
        chances = np.exp(evidence - evidence.max(1, keepdims=True))
        chances /= chances.sum(1, keepdims=True)
    return pd.DataFrame(chances, index=tasks, columns=labels)


@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")  # crowd-kit's
@pytest.mark.parametrize("number", JOBS)
def test_probabilities_without_a_prior_are_those_of_crowd_kit(
    number: int, jobs: dict[int, list[Answer]], without_prior: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And of numpy. Of a class that a worker never gave, crowd-kit has no chance: it is asked where all gave all."""
    monkeypatch.setattr(dawid_skene, "_EPS", 1e-300)  # its least chance
    answers = pd.DataFrame(jobs[number], columns=["job", "task", "worker", "label"])
    ours = without_prior[without_prior["job_name"] == f"Job-{number:03}"]
    ours = ours.pivot(index="object_index", columns="label", values="probability")

    expected = [estimate(answers)]
    if answers.groupby("worker")["label"].nunique().min() == answers["label"].nunique():
        expected.append(DawidSkene(n_iter=10, tol=-np.inf).fit_predict_proba(answers))
    for theirs in expected:
        np.testing.assert_allclose(ours.reindex_like(theirs), theirs, atol=1e-6)


@pytest.fixture(scope="module")
def with_prior(jobs: dict[int, list[Answer]], tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """The models as they are by default."""
    return build(tmp_path_factory.mktemp("consensus") / "default", jobs.values())


def test_rounds_raise_the_posterior(
    jobs: dict[int, list[Answer]], with_prior: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    sql = "select job_name, log_posterior, last_rise from main_staging.int_consensus_jobs order by job_name"
    with build(tmp_path / "two", jobs.values(), consensus_rounds=2) as models:
        after_two = models.sql(sql).df()
    after_ten = with_prior.sql(sql).df()

    assert (after_two["last_rise"] > 0).any()
    for found in (after_two, after_ten):
        assert (found["last_rise"] > -1e-9).all()
    assert (after_ten["log_posterior"] - after_two["log_posterior"] > -1e-9).all()
    assert (after_ten["log_posterior"] - after_two["log_posterior"] > 0.1).any()


def test_a_job_is_the_same_without_the_others(
    jobs: dict[int, list[Answer]], with_prior: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    sql = "select * from main_staging.int_consensus_classes where job_name = 'Job-003' order by all"
    with build(tmp_path / "one", [jobs[3]]) as models:
        pd.testing.assert_frame_equal(with_prior.sql(sql).df(), models.sql(sql).df(), rtol=1e-9)
