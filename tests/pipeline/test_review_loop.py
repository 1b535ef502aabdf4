"""The loop, closed: what the marts find becomes a job, the job is done, and the marts know it as a review.

Jobs are finished by ``tests.publish.finished_jobs`` from the files that ``review-manifest`` wrote.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ingest.load.plan import Options
from ingest.load.run import load
from ingest.sample import generate
from publish.cli import cli
from publish.marts import DuckDBMarts
from tests.pipeline.warehouse import dbt
from tests.publish.finished_jobs import finish

BOXES, TRACKS = "Warehouse-Boxes", "Vehicle-Tracking"
MARTS = (
    *("rpt_review_queue", "rpt_label_certificates", "rpt_review_errors", "fct_object_results", "fct_object_reviews"),
    *("fct_object_labels", "fct_annotations", "dim_labeling_jobs", "dim_label_categories", "dim_workteams"),
)


CERTIFICATE = f"""select sample_count, error_count, is_certified, audits_needed from rpt_label_certificates
    where job_name = '{BOXES}' and label is null and basis = 'audit'"""
QUEUE = f"select object_key from rpt_review_queue where job_name = '{BOXES}' order by position"


class Loop:
    """A folder with jobs' output, their lake and their marts."""

    def __init__(self, root: Path) -> None:
        self.root, self.output = root, root / "output"
        generate(root / "sample", jobs=1, objects=200, seed=4)
        for job in (BOXES, TRACKS):
            shutil.move(root / "sample" / job, self.output / job)
        self.build()
        self.queue_before, self.certificate_before = self.keys(QUEUE), self.rows(CERTIFICATE)

    def build(self) -> None:
        """Load what is new, and build the marts."""
        load(str(self.output), str(self.root / "lake"), Options(processes=1))
        dbt(
            *("build", "--target", "local", "--resource-type", "model", "seed", "--select"),
            *(f"+{mart}" for mart in MARTS),
            lake=self.root / "lake",
            folder=self.root / "marts",
        )

    def prepare(self, *arguments: str, status: int = 0) -> dict[str, Any]:
        """What `review-manifest` says."""
        done = CliRunner().invoke(
            cli,
            ["review-manifest", *arguments, "--json", "--warehouse", str(self.root / "marts/warehouse.duckdb")],
        )
        assert done.exit_code == status, done.output
        return dict(json.loads(done.stdout)) if status != 2 else {"error": done.stderr}

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        table = DuckDBMarts(str(self.root / "marts/warehouse.duckdb")).query(sql)
        return [tuple(row.values()) for row in table.to_pylist()]

    def keys(self, sql: str) -> list[str]:
        """The only column of a query."""
        return [key for (key,) in self.rows(sql)]


def reviewed(folder: Path) -> list[str]:
    """Objects of a prepared job, in its order."""
    return [json.loads(line)["review-of"] for line in (folder / "input.manifest").read_text().splitlines()]


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Loop:
    """Jobs of which nobody reviewed anything, then everything that they led to, done."""
    loop = Loop(tmp_path_factory.mktemp("loop"))
    into = {name: str(loop.root / name) for name in ("worst", "random", "fix", "tracks")}
    loop.prepare(BOXES, into["worst"], "--count", "20", "--name", "Boxes-Worst")
    loop.prepare(BOXES, into["random"], "--from", "certificate", "--seed", "7", "--name", "Boxes-Sample")
    loop.prepare(BOXES, into["fix"], "--for", "adjustment", "--count", "10", "--name", "Boxes-Fixed")
    loop.prepare(TRACKS, into["tracks"], "--from", "certificate")
    # Reviewers who contradict each other would leave an object in the queue.
    sampled = reviewed(loop.root / "random")
    rejected = {index for index, key in enumerate(reviewed(loop.root / "worst")) if key not in sampled}
    finish(loop.root / "worst", loop.output, rejected=rejected)
    finish(loop.root / "random", loop.output)
    finish(loop.root / "fix", loop.output, rejected={0, 3})
    finish(loop.root / "tracks", loop.output, earlier=loop.output / TRACKS, rejected={1})
    loop.build()
    return loop


def test_the_jobs_are_reviews_of_the_first(loop: Loop) -> None:
    jobs = loop.rows(
        "select job_name, job_kind, audited_job_name from dim_labeling_jobs where job_kind <> 'label' order by job_name"
    )
    assert jobs == [
        ("Boxes-Fixed", "adjustment", BOXES),
        ("Boxes-Sample", "verification", BOXES),
        ("Boxes-Worst", "verification", BOXES),
        ("Vehicle-Tracking-verification", "audit", TRACKS),
    ]


def test_every_object_is_found_again(loop: Loop) -> None:
    for folder, job in (("worst", "Boxes-Worst"), ("random", "Boxes-Sample"), ("fix", "Boxes-Fixed")):
        found = loop.keys(
            f"select audited_object_key from fct_object_reviews where job_name = '{job}' order by object_index"
        )
        assert found == reviewed(loop.root / folder)


def test_the_worst_come_first_and_leave_the_queue(loop: Loop) -> None:
    before = loop.queue_before
    assert reviewed(loop.root / "worst") == before[:20]
    judged = {*reviewed(loop.root / "worst"), *reviewed(loop.root / "random"), *reviewed(loop.root / "fix")}
    after = loop.keys(QUEUE)
    assert judged & {*before}
    assert not judged & {*after}
    assert {*after} >= {*before} - judged


def test_the_certificate_counts_the_random_sample_only(loop: Loop) -> None:
    ((audited, _, is_certified, needed),) = loop.certificate_before
    assert (audited, is_certified) == (0, False)
    assert len(reviewed(loop.root / "random")) == needed
    assert loop.rows(CERTIFICATE) == [(needed, 0, True, 0)]
    kinds = loop.rows("select distinct job_name, sample_kind, is_targeted from fct_object_reviews order by job_name")
    assert kinds == [
        ("Boxes-Fixed", "worst", True),
        ("Boxes-Sample", "random", False),
        ("Boxes-Worst", "worst", True),
        ("Vehicle-Tracking-verification", "random", False),
    ]
    assert (
        "is certified already"
        in loop.prepare(BOXES, str(loop.root / "more"), "--from", "certificate", status=2)["error"]
    )


def test_a_sequences_audit_moves_its_certificate(loop: Loop) -> None:
    ((audited, errors),) = loop.rows(
        "select sample_count, error_count from rpt_label_certificates "
        f"where job_name = '{TRACKS}' and label is null and basis = 'audit'"
    )
    assert (audited, errors) == (4, 1)


def test_what_was_rejected_is_adjusted_next(loop: Loop) -> None:
    made = loop.prepare(BOXES, str(loop.root / "errors"), "--from", "errors", "--for", "adjustment")
    rejected = {*reviewed(loop.root / "worst")} - {*reviewed(loop.root / "random")}
    adjusted = {*reviewed(loop.root / "fix")}
    assert rejected & adjusted
    assert {*reviewed(loop.root / "errors")} == rejected - adjusted != set()
    assert (made["sample"], made["listed"]) == ("errors", len(rejected - adjusted))
    statuses = loop.rows(
        "select adjustment_status, count(*) from fct_object_labels "
        "where job_name = 'Boxes-Fixed' and not is_inherited group by 1 order by 1"
    )
    assert statuses == [("adjusted", 2), ("unadjusted", 8)]


def test_lines_have_what_ground_truth_wrote(loop: Loop) -> None:
    written = {
        f"{BOXES}/{index}": json.loads(line)
        for index, line in enumerate(
            (loop.output / BOXES / "manifests/output/output.manifest").read_text().splitlines()
        )
    }
    for text in (loop.root / "random/input.manifest").read_text().splitlines():
        line = json.loads(text)
        key = line.pop("review-of")
        assert line.pop("review-sample") == "random"
        assert line == written[key]
