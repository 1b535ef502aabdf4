"""Loading or forgetting some jobs changes no row of another job, in any mart."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingest.load.run import load
from ingest.review_batches import Item, write_batches
from ingest.sample import generate
from ingest.storage.open import open_empty_store
from ingest.storage.store import S3Options
from publish.review_manifest import BATCHES, MANIFEST, REQUEST
from tests.pipeline.warehouse import ROOT, comparable, dbt
from tests.publish.finished_jobs import finish_bulk_review

# One that shares its workers with others, one that others review, and one that reviews another.
JOBS = ("Wildlife-Images", "Warehouse-Boxes", "Lidar-Cuboids-Audit")

# Marts without a row for each job, which other jobs change by design.
ACROSS_JOBS = {
    "dim_workers": "a worker is one person in all jobs",
    "dim_workteams": "a team works on several jobs",
    "rpt_team": "everything that the team did",
    "rpt_workers": "everything that a worker did",
    "rpt_worker_quality": "everything that a worker did, each object beside its own answers only",
}

# A bulk review of objects of two jobs, of which one comes and goes.
REVIEW, REVIEWED = "Mixed-Review", ("Wildlife-Images", "Support-Messages")

# Rows of another job that say what an audit found there; a later review of the same object is no longer its first.
AUDITED = {
    ("rpt_jobs", "Lidar-Cuboids"),
    ("rpt_label_certificates", "Lidar-Cuboids"),
    ("fct_object_reviews", "Lidar-Cuboids-Adjusted"),
}

Rows = Counter[tuple[Any, ...]]


class Lake:
    """A lake of the sample, with what AWS's APIs say of its workers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = folder / "source"
        self.path = folder / "lake"
        self.builds = 0

    def load(self) -> None:
        """Load what is in the source by now."""
        load(str(self.source), str(self.path))

    def run(self, command: str, *arguments: object) -> None:
        """Run a command of the command line on the lake."""
        subprocess.run(
            [sys.executable, "-m", "ingest", command, str(self.path), *map(str, arguments)],
            cwd=ROOT,
            capture_output=True,
            check=True,
        )

    def build(self) -> tuple[dict[str, Rows], set[str]]:
        """Rows of the other jobs in every mart with jobs, and the names of the marts without."""
        self.builds += 1
        folder = self.folder / f"build-{self.builds}"
        dbt(
            *("build", "--target", "local", "--resource-type", "model", "--resource-type", "seed"),
            lake=self.path,
            folder=folder,
        )
        with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
            marts = connection.execute("""
                select table_schema, table_name, list(column_name order by ordinal_position)
                from information_schema.columns
                where table_schema in ('main', 'main_people') and regexp_matches(table_name, '^(fct|rpt|dim)_')
                group by all
            """).fetchall()
            rows = {
                name: other_rows(connection, f"{schema}.{name}", columns)
                for schema, name, columns in marts
                if "job_name" in columns
            }
            return rows, {name for _, name, columns in marts if "job_name" not in columns}


def other_rows(connection: duckdb.DuckDBPyConnection, mart: str, columns: list[str]) -> Rows:
    """Rows of a mart, each after the name of its job, without those of JOBS and of the jobs that review these.

    A job that reviews another shows what became of that job's labels. AWS's log has the names in lower case.
    """
    jobs = [job.lower() for job in JOBS]
    of_reviews = " and coalesce(lower(audited_job_name), '') not in $jobs" if "audited_job_name" in columns else ""
    found = connection.execute(
        f"select job_name, * from {mart} where lower(job_name) not in $jobs{of_reviews}", {"jobs": jobs}
    )
    return Counter(tuple(map(comparable, row)) for row in found.fetchall())


def changes(before: dict[str, Rows], after: dict[str, Rows]) -> set[tuple[str, str]]:
    """Marts and jobs of the rows that either has and the other has not."""
    assert before.keys() == after.keys()
    return {
        (mart, job)
        for mart, rows in before.items()
        for job, *_ in [*(rows - after[mart]).elements(), *(after[mart] - rows).elements()]
    }


def write_review(source: Path, prepared: Path) -> None:
    """The output of the bulk review, of which every third item is rejected."""
    items = []
    for job in REVIEWED:
        for index, text in enumerate((source / job / "manifests/output/output.manifest").read_text().splitlines()):
            line = json.loads(text)
            metadata = (value for key, value in line.items() if key.endswith("-metadata"))
            label = next((value["class-name"] for value in metadata if "class-name" in value), None)
            if label is None:  # it failed, or was not labeled
                continue
            medium = "text" if "source" in line else "image"
            key = {"review-of": f"{job}/{index}", "review-sample": "random"}
            items.append(Item(line.get("source") or line["source-ref"], label, None, key, medium))
    store = open_empty_store(str(prepared), "the review's input", S3Options())
    store.put_new(MANIFEST, b"".join(write_batches(store, items, 10, store.uri, BATCHES)))
    store.put_new(REQUEST, json.dumps({"LabelingJobName": REVIEW, "LabelAttributeName": "review"}).encode())
    finish_bulk_review(prepared, source, rejected={item.extra["review-of"] for item in items[::3]})
    shutil.copytree(prepared / BATCHES, source / REVIEW / "review-batches")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Of the sample without the jobs, whose folders are set apart."""
    lake = Lake(tmp_path)
    generate(lake.source, objects=60)
    write_review(lake.source, tmp_path / "review")
    for job in JOBS:
        shutil.move(lake.source / job, tmp_path / "apart" / job)
    lake.load()
    responses = lake.source / "aws-responses"
    members = f"labelers={responses / 'list-users-in-group.json'}"
    lake.run("sync-workers", "--from", responses / "workers", "--members", members)
    lake.run("sync-activity", "--from", responses / "worker-activity.jsonl")
    return lake


def test_a_job_that_comes_or_goes_changes_no_other(lake: Lake, tmp_path: Path) -> None:
    before, across_jobs = lake.build()
    assert across_jobs == ACROSS_JOBS.keys()
    assert {mart for mart, rows in before.items() if not rows} <= {"rpt_calibration", "rpt_set_aside"}

    for job in JOBS:
        shutil.move(tmp_path / "apart" / job, lake.source / job)
    lake.load()
    with_jobs, _ = lake.build()
    assert changes(before, with_jobs) == AUDITED
    assert sum(job == REVIEW for job, *_ in with_jobs["fct_object_reviews"].elements()) > 50

    lake.run("forget", *(part for job in JOBS for part in ("--job", job)))
    assert changes(before, lake.build()[0]) == set()
