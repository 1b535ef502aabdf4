"""What `make demo` prints: one screen."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from demo.show_marts import QUESTIONS, WIDTH, answers, screen
from publish.marts import DuckDBMarts
from tests.publish.warehouse import make_warehouse

LINES = 45
NOON = datetime.datetime(2026, 6, 30, 12)


def many(count: int = 12) -> dict[str, list[dict[str, Any]]]:
    """More of everything than there is room for, with long texts."""
    long = "because of what is said here at more length than any line of a terminal has room for, " * 3
    jobs = [
        {
            "job_name": f"Job-{number:02}-{'x' * 40}",
            "job_kind": "label",
            "object_count": 1_000_000 + number,
            "remaining_count": 250_000,
            "done_share": 0.75,
            "answer_count": 3_000_000,
            "worker_count": 9,
            "active_hours": 0.25,
            "costed_answer_count": 0,
            "golden_count": 30,
            "golden_accuracy": 0.5,
            "main_concern": long,
        }
        for number in range(count)
    ]
    workers = [
        {
            "worker_key": f"key-{number}",
            "worker_name": f"worker-{number:08x}",
            "job_kind": "label",
            "task_count": 100,
            "total_time_seconds": 7200.0,
            "golden_count": 5 + number,
            "golden_accuracy": 0.5,
            "golden_accuracy_low": 0.4,
            "golden_accuracy_high": 0.6,
        }
        for number in range(count)
    ]
    flags = [
        {
            "job_name": jobs[0]["job_name"],
            "worker_key": worker["worker_key"],
            "flag": "speeder",
            "worker_name": worker["worker_name"],
            "observation_count": 30,
            "explanation": long,
        }
        for worker in workers
    ]
    queue = [
        {
            "job_name": job["job_name"],
            "object_index": 7,
            "label": "A label",
            "suggested_label": "Another",
            "score": 0.5,
            "reason": long,
            "position": 1,
        }
        for job in jobs
    ]
    health = [
        {
            "job_name": job["job_name"],
            "last_loaded_at": NOON,
            "file_count": 9,
            "rejected_count": 1,
            "skipped_count": 0,
            "last_error": long,
        }
        for job in jobs
    ]
    checks = [
        {
            "job_name": job["job_name"],
            "job_kind": "label",
            "check_name": "empty images",
            "found_count": 30,
            "checked_count": 60,
            "found_share_low": 0.4,
            "explanation": long,
        }
        for job in jobs
    ]
    return {
        "rpt_jobs": jobs,
        "rpt_workers": workers,
        "rpt_worker_flags": flags,
        "rpt_review_queue": queue,
        "rpt_load_health": health,
        "rpt_dataset_health": checks,
    }


@pytest.mark.parametrize("rows", [{}, many(1), many()], ids=["nothing", "one of each", "many"])
def test_it_is_one_screen(tmp_path: Path, rows: dict[str, list[dict[str, Any]]]) -> None:
    lines = list(screen(DuckDBMarts(make_warehouse(tmp_path / "marts.duckdb", rows)), "marts.duckdb"))
    assert len(lines) <= LINES - 3  # and where to look next
    assert max(map(len, lines)) <= WIDTH


def test_totals_exceptions_and_tables_have_their_figures(tmp_path: Path) -> None:
    shown = "\n".join(screen(DuckDBMarts(make_warehouse(tmp_path / "marts.duckdb", many())), "marts.duckdb"))
    assert "loaded 2026-06-30 12:00 UTC" in shown
    assert "12 that label, 0 that review   Answers  36,000,000 by 12 workers in 3.0 hours" in shown
    assert "9,000,066 of 12,000,066 done (75 %)   Accuracy  not known: no golden answers" in shown
    assert "Cost      not known" in shown
    assert "WHAT NEEDS A LOOK   5 of 48" in shown
    assert "JOBS THAT NEED HELP   5 of 12" in shown
    assert "40 to 60 %, few" in shown
    assert "REVIEW NEXT   5 of 12 objects" in shown


def test_accuracy_and_cost_say_of_how_many(tmp_path: Path) -> None:
    team = {"modality": "all", "job_kind": "label", "golden_count": 527, "golden_accuracy": 0.86}
    ends = {"golden_accuracy_low": 0.83, "golden_accuracy_high": 0.89}
    rows = many(2) | {"rpt_team": [team | ends, team | ends | {"modality": "text", "golden_count": 3}]}
    rows["rpt_jobs"][0]["cost_usd"] = 12.5
    shown = "\n".join(screen(DuckDBMarts(make_warehouse(tmp_path / "marts.duckdb", rows)), "marts.duckdb"))
    assert "86 % on 527 golden answers (95 %: 83 to 89 %)" in shown
    assert "12.50 USD in 1 of 2 jobs" in shown


def test_every_question_has_its_table(tmp_path: Path) -> None:
    shown = list(answers(DuckDBMarts(make_warehouse(tmp_path / "marts.duckdb", {}))))
    assert [text.split("\n")[1] for text in shown] == [question for question, _ in QUESTIONS]
