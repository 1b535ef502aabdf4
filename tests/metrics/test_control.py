"""Control charts signal no more often than they say if nothing changes, and find a fall. Identical scores are no fall.

dbt runs once, on made-up scores. HYPOTHESIS_PROFILE=long: 1,000 series of each kind, not 200.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta

import duckdb
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.metrics.tables import make_table
from tests.pipeline.warehouse import dbt

pytestmark = pytest.mark.pipeline

SERIES = 1_000 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 200
SCORES = 600  # of a series: 29 points
FALL_AFTER = 300
SCORES_A_DAY = 12
Scores = NDArray[np.float64]

TASKS = """
    job_name varchar, worker_key varchar, object_index bigint, submitted_at timestamp,
    golden_score double, consolidated_score double, peer_score double"""


def draw_series() -> dict[str, Scores]:
    """Series of scores, a row for each worker: of right and wrong answers, of peers, and of shapes."""
    rng = np.random.default_rng(1)
    size = (SERIES, SCORES)
    return {
        "half right": (rng.random(size) < 0.5).astype(float),
        "mostly right": (rng.random(size) < 0.9).astype(float),
        "nearly always right": (rng.random(size) < 0.98).astype(float),
        "of three peers": rng.binomial(3, 0.85, size) / 3,
        "of shapes": rng.beta(7.2, 0.8, size),
        "of shapes that are often perfect": np.where(rng.random(size) < 0.7, 1, rng.beta(4, 2, size)),
        "worse by 20 points": _fall(rng.random(size), 0.9, 0.7),
        "somewhat worse": _fall(rng.random(size), 0.9, 0.85),
    }


def _fall(chances: Scores, before: float, after: float) -> Scores:
    right = np.where(np.arange(chances.shape[1]) < FALL_AFTER, before, after)
    return (chances < right).astype(float)


@pytest.fixture(scope="module")
def charts(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """``charts``: kind of series, worker, stated false alarms, first signal, and until when nothing had changed."""
    folder = tmp_path_factory.mktemp("control")
    start = datetime(2026, 1, 1)
    times = [start + timedelta(days=n // SCORES_A_DAY, minutes=n % SCORES_A_DAY) for n in range(SCORES)]
    series = draw_series()
    rows = [
        (kind, f"worker-{worker}", place, times[place], score, None, None)
        for kind, of_kind in series.items()
        for worker, scores in enumerate(of_kind.tolist())
        for place, score in enumerate(scores)
    ]
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("create schema main_staging")
        make_table(connection, "main.fct_worker_tasks", TASKS, rows)
        columns = "job_name varchar, job_kind varchar, audited_job_name varchar"
        jobs = [(kind, "label", None) for kind in series]
        make_table(connection, "main_staging.int_labeling_jobs", columns, jobs)
    dbt(*("run", "--target", "local", "--select", "rpt_worker_control"), folder=folder)
    connection = duckdb.connect(str(folder / "warehouse.duckdb"))
    connection.execute("""
        create temporary view charts as
        select
            job_name as kind,
            worker_key,
            max(false_alarm_share) as false_alarm_share,
            min(case when is_signal then submitted_date end) as signal_date,
            min_by(unchanged_until_date, submitted_date) filter (where is_signal) as unchanged_until_date
        from rpt_worker_control
        group by job_name, worker_key
    """)
    return connection


NOTHING_CHANGES = [kind for kind in draw_series() if "worse" not in kind]


@pytest.mark.parametrize("kind", NOTHING_CHANGES)
def test_false_alarms_are_at_most_as_stated(charts: duckdb.DuckDBPyConnection, kind: str) -> None:
    """29 points, so 3 %. Seen in 1,000 series of each kind: at most 1.4 %."""
    found, stated, series = charts.execute(
        "select count(signal_date) / count(*), max(false_alarm_share), count(*) from charts where kind = ?", [kind]
    ).fetchall()[0]

    assert series == SERIES
    assert stated == pytest.approx(0.0304, abs=1e-4)
    assert found <= stated


def test_a_fall_of_20_points_is_found_within_100_answers(charts: duckdb.DuckDBPyConnection) -> None:
    """After 300 answers of which 90 % are right. Seen in 1,000 series: 99.8 % found, half of them within 84 answers."""
    fell_on = datetime(2026, 1, 1) + timedelta(days=FALL_AFTER // SCORES_A_DAY)
    found, delay, unchanged_for = charts.execute(
        """
        select
            count(signal_date) / count(*),
            median(date_diff('day', cast($fell_on as date), signal_date) + 1),
            median(date_diff('day', cast($fell_on as date), unchanged_until_date))
        from charts
        where kind = 'worse by 20 points'
        """,
        {"fell_on": fell_on},
    ).fetchall()[0]

    assert found >= 0.97
    assert delay * SCORES_A_DAY <= 100
    assert abs(unchanged_for) <= 2


def test_a_small_fall_is_found_less_often(charts: duckdb.DuckDBPyConnection) -> None:
    """Of five points, in 300 answers: 8 % are found, so a fall that the chart does not show may be there."""
    found = charts.execute("select count(signal_date) / count(*) from charts where kind = 'somewhat worse'").fetchall()

    assert 0.03 < found[0][0] < 0.5
