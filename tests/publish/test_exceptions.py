"""What needs a look, and what comes first."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from publish.exceptions import FLAGS_ONLY, MINIMUM_COUNT, QUERIES, Finding, Kind, findings, leading
from publish.marts import DuckDBMarts
from tests.publish.warehouse import make_warehouse

ROOT = Path(__file__).parents[2]
NOON = datetime.datetime(2026, 6, 30, 12)


def found(tmp_path: Path, rows: dict[str, list[dict[str, Any]]], **options: Any) -> list[Finding]:
    return findings(DuckDBMarts(make_warehouse(tmp_path / "marts.duckdb", rows)), **options)


def job(name: str, **columns: Any) -> dict[str, Any]:
    return {"job_name": name, "object_count": 10, "remaining_count": 0, "status": "Completed", **columns}


def flag(worker: str, name: str = "speeder", **columns: Any) -> dict[str, Any]:
    row = {"job_name": "Pets", "worker_key": f"{worker}-key", "worker_name": worker, "flag": name}
    return {**row, "observation_count": 30, "explanation": f"{worker} is a {name}.", **columns}


def check(job_name: str, name: str, found_count: int, checked_count: int, low: float, **columns: Any) -> dict[str, Any]:
    row = {"job_name": job_name, "job_kind": "label", "check_name": name, "found_count": found_count}
    said = {"explanation": f"{found_count} of {checked_count}."}
    return {**row, **said, "checked_count": checked_count, "found_share_low": low, **columns}


def test_nothing_is_wrong(tmp_path: Path) -> None:
    assert found(tmp_path, {"rpt_jobs": [job("Pets")], "rpt_load_health": [health("Pets")]}) == []


def health(name: str, **columns: Any) -> dict[str, Any]:
    return {
        "job_name": name,
        "last_loaded_at": NOON,
        "file_count": 9,
        "rejected_count": 0,
        "skipped_count": 0,
        **columns,
    }


def test_concerns_of_large_jobs_come_first_and_flags_are_not_said_twice(tmp_path: Path) -> None:
    jobs = [
        job("Small", main_concern="The job failed."),
        job("Large", main_concern="3 of 90 objects failed.", object_count=90),
        job("Flagged", main_concern="2 of 11 workers have a flag, most often: speeder."),
    ]
    assert [(finding.sentence, finding.weight) for finding in found(tmp_path, {"rpt_jobs": jobs})] == [
        ("Large: 3 of 90 objects failed.", 90),
        ("Small: The job failed.", 10),
    ]


def test_the_pattern_of_flags_is_that_of_the_mart() -> None:
    sql = (ROOT / "models/marts/annotation_quality/rpt_jobs.sql").read_text()
    assert FLAGS_ONLY.strip("%") in sql


def test_shares_need_as_many_observations_as_in_the_marts() -> None:
    assert yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]["minimum_rank_count"] == MINIMUM_COUNT


def test_a_job_is_stuck_if_nobody_answers_and_it_is_not_over(tmp_path: Path) -> None:
    days = datetime.timedelta(days=1)
    jobs = [
        job("Running", status="InProgress", remaining_count=4, last_worked_at=NOON - 5 * days),
        job("Running-On", status="InProgress", remaining_count=0, last_worked_at=NOON - 5 * days),
        job("Recent", status="InProgress", remaining_count=4, last_worked_at=NOON - 2 * days),
        job("Done", status="Completed", remaining_count=4, last_worked_at=NOON - 5 * days),
        job("Unknown", status=None, remaining_count=2, last_worked_at=NOON - 5 * days),
        job("Unknown-Done", status=None, remaining_count=0, last_worked_at=NOON - 5 * days),
        job("Unknown-Old", status=None, remaining_count=2, last_worked_at=NOON - 90 * days),
    ]
    rows = {"rpt_jobs": jobs, "rpt_load_health": [health("Running")]}
    stuck = found(tmp_path, rows)
    assert [finding.job_name for finding in stuck] == ["Running", "Unknown", "Running-On"]
    assert stuck[0].sentence == (
        "Running: nobody has answered for 5 days, since 2026-06-25 12:00 UTC; 4 of 10 objects have no label."
    )
    assert [finding.job_name for finding in found(tmp_path, rows, as_of=NOON + 2 * days)] == [
        "Recent",
        "Running",
        "Unknown",
        "Running-On",
    ]
    assert found(tmp_path, rows, stuck_days=6) == []


def test_flags_on_labels_come_before_flags_on_times_and_a_pair_is_told_once(tmp_path: Path) -> None:
    sentence = "{} drew the same as another worker, to the last digit, on 35 of 55 objects."
    one, two = "worker-00000001", "worker-00000002"
    flags = [
        flag("worker-00000003", "overlapping tasks", observation_count=90),
        flag(one, "too alike", explanation=sentence.format(one), alike_worker_name=two, observation_count=55),
        flag(two, "too alike", explanation=sentence.format(two), alike_worker_name=one, observation_count=55),
        flag("worker-00000002", observation_count=60),
    ]
    assert [finding.key for finding in found(tmp_path, {"rpt_worker_flags": flags})] == [
        "Pets: speeder: worker-00000002",
        "Pets: too alike: worker-00000001, worker-00000002",
        "Pets: overlapping tasks: worker-00000003",
    ]


def test_refused_files_are_counted_and_the_last_is_named(tmp_path: Path) -> None:
    error = "s3://bucket/output/Pets/annotations/7/a.json: Input data was truncated"
    rows = {"rpt_load_health": [health("Pets", rejected_count=2, skipped_count=1, last_error=error), health("Birds")]}
    (finding,) = found(tmp_path, rows)
    assert (finding.kind, finding.weight) == (Kind.FILES, 3)
    assert finding.sentence == (
        "Pets: 3 of 9 files could not be read. The last: annotations/7/a.json: Input data was truncated."
    )


def test_checks_that_chance_explains_or_that_reviews_repeat_are_left_out(tmp_path: Path) -> None:
    checks = [
        check("Pets", "empty images", 29, 196, 0.105),
        check("Pets", "tiny boxes", 5, 500, 0.004),
        check("Small", "empty images", 10, 19, 0.3),
        check("Pets", "labels outside the config", 1, 500, 0.0001),
        check("Audit", "empty images", 29, 196, 0.105, job_kind="audit"),
        check("Pets", "conflicting duplicates", 0, 9, 0.0),
    ]
    assert [finding.key for finding in found(tmp_path, {"rpt_dataset_health": checks})] == [
        "Pets: labels outside the config",
        "Pets: empty images",
    ]


def test_the_leading_ones_are_the_first_of_each_kind_then_by_rank() -> None:
    def finding(kind: Kind, key: str, worker: str | None = None) -> Finding:
        return Finding(kind, key, "Pets", key, 1, worker)

    ranked = [
        finding(Kind.JOB, "job 1"),
        finding(Kind.JOB, "job 2"),
        finding(Kind.WORKER, "ann is fast", "ann"),
        finding(Kind.WORKER, "ann is late", "ann"),
        finding(Kind.WORKER, "ben is late", "ben"),
        finding(Kind.DATA, "check 1"),
    ]
    assert [chosen.key for chosen in leading(ranked, 4)] == ["job 1", "job 2", "ann is fast", "check 1"]
    assert [chosen.key for chosen in leading(ranked, 9)] == ["job 1", "job 2", "ann is fast", "ben is late", "check 1"]
    assert leading([]) == []


def test_every_kind_has_its_query() -> None:
    assert set(QUERIES) == set(Kind)
