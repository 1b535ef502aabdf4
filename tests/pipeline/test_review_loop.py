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
from tests.publish.finished_jobs import finish, finish_bulk_review

BOXES, TRACKS = "Warehouse-Boxes", "Vehicle-Tracking"
IMAGES, TEXTS, CLIPS, TAGS = "Wildlife-Images", "Support-Messages", "Street-Clips", "Message-Tags"
MARTS = (
    *("rpt_review_queue", "rpt_label_certificates", "rpt_review_errors", "fct_object_results", "fct_object_reviews"),
    *("fct_object_labels", "fct_annotations", "dim_labeling_jobs", "dim_label_categories", "dim_workteams"),
    *("rpt_audit_results", "rpt_jobs"),
)


CERTIFICATE = """select sample_count, error_count, is_certified, audits_needed from rpt_label_certificates
    where job_name = '{}' and label is null and basis = 'audit'"""
QUEUE = "select object_key from rpt_review_queue where job_name = '{}' order by position"


class Loop:
    """A folder with jobs' output, their lake and their marts."""

    def __init__(self, root: Path) -> None:
        self.root, self.output = root, root / "output"
        generate(root / "sample", jobs=1, objects=200, seed=4)
        self.review_batches: dict[str, str] = {}
        jobs = (BOXES, TRACKS, IMAGES, TEXTS, CLIPS, TAGS)
        for job in jobs:
            shutil.move(root / "sample" / job, self.output / job)
        self.build()
        self.queues_before = {job: self.keys(QUEUE.format(job)) for job in jobs}
        self.certificates_before = {job: self.rows(CERTIFICATE.format(job)) for job in jobs}

    def build(self) -> None:
        """Load what is new, and build the marts."""
        options = Options(processes=1, review_batches=self.review_batches)
        load(str(self.output), str(self.root / "lake"), options)
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


def items(folder: Path) -> dict[str, dict[str, Any]]:
    """Items of a prepared bulk review, by the object that they are of."""
    found = [item for path in sorted((folder / "batches").iterdir()) for item in json.loads(path.read_bytes())]
    assert len({item["review-of"] for item in found}) == len(found)
    return {item["review-of"]: item for item in found}


def review_classes(loop: Loop) -> None:
    """Bulk reviews of classes, each prepared and done."""
    for folder, job, arguments in (
        ("worst-images", IMAGES, ("--count", "20", "--name", "Images-Worst", "--batch-size", "4")),
        ("random-images", IMAGES, ("--from", "certificate", "--name", "Images-Sample", "--seed", "7")),
        ("random-texts", TEXTS, ("--from", "certificate", "--count", "6", "--name", "Texts-Sample")),
        ("random-clips", CLIPS, ("--from", "certificate", "--name", "Clips-Sample")),
        ("random-tags", TAGS, ("--from", "certificate", "--name", "Tags-Sample")),
    ):
        made = loop.prepare(job, str(loop.root / folder), *arguments)
        assert made["objects"] == len(items(loop.root / folder)) > 0
        assert made["batches"] == len([*(loop.root / folder / "batches").iterdir()])
    worst = loop.queues_before[IMAGES][:20]
    sampled = items(loop.root / "random-images")
    # As above: what is rejected here was not confirmed in the other review.
    rejected = {key for key in worst if key not in sampled}
    split = next(key for key in worst if key in sampled)
    finish_bulk_review(loop.root / "worst-images", loop.output, rejected=rejected, split={split})
    finish_bulk_review(loop.root / "random-images", loop.output)
    finish_bulk_review(loop.root / "random-texts", loop.output, rejected=[*items(loop.root / "random-texts")][:2])
    finish_bulk_review(loop.root / "random-clips", loop.output)
    finish_bulk_review(loop.root / "random-tags", loop.output, rejected=[next(iter(items(loop.root / "random-tags")))])
    # Batches are found in the job's folder, or where an option says.
    shutil.copytree(loop.root / "worst-images/batches", loop.output / "Images-Worst/review-batches")
    shutil.copytree(loop.root / "random-texts/batches", loop.output / "Texts-Sample/review-batches")
    for name, folder in (
        ("Images-Sample", "random-images"),
        ("Clips-Sample", "random-clips"),
        ("Tags-Sample", "random-tags"),
    ):
        loop.review_batches[name] = str(loop.root / folder / "batches")


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
    review_classes(loop)
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
        ("Clips-Sample", "review", CLIPS),
        ("Images-Sample", "review", IMAGES),
        ("Images-Worst", "review", IMAGES),
        ("Tags-Sample", "review", TAGS),
        ("Texts-Sample", "review", TEXTS),
        ("Vehicle-Tracking-verification", "audit", TRACKS),
    ]


def test_every_object_is_found_again(loop: Loop) -> None:
    for folder, job in (("worst", "Boxes-Worst"), ("random", "Boxes-Sample"), ("fix", "Boxes-Fixed")):
        found = loop.keys(
            f"select audited_object_key from fct_object_reviews where job_name = '{job}' order by object_index"
        )
        assert found == reviewed(loop.root / folder)
    for folder, job in (
        ("worst-images", "Images-Worst"),
        ("random-images", "Images-Sample"),
        ("random-texts", "Texts-Sample"),
        ("random-clips", "Clips-Sample"),
        ("random-tags", "Tags-Sample"),
    ):
        found = loop.keys(
            f"select audited_object_key from fct_object_reviews where job_name = '{job}' and item_number is not null"
        )
        assert sorted(found) == sorted(items(loop.root / folder))


def test_the_worst_come_first_and_leave_the_queue(loop: Loop) -> None:
    before = loop.queues_before[BOXES]
    assert reviewed(loop.root / "worst") == before[:20]
    judged = {*reviewed(loop.root / "worst"), *reviewed(loop.root / "random"), *reviewed(loop.root / "fix")}
    after = loop.keys(QUEUE.format(BOXES))
    assert judged & {*before}
    assert not judged & {*after}
    assert {*after} >= {*before} - judged


def test_the_certificate_counts_the_random_sample_only(loop: Loop) -> None:
    ((audited, _, is_certified, needed),) = loop.certificates_before[BOXES]
    assert (audited, is_certified) == (0, False)
    assert len(reviewed(loop.root / "random")) == needed
    assert loop.rows(CERTIFICATE.format(BOXES)) == [(needed, 0, True, 0)]
    kinds = loop.rows(
        "select distinct job_name, sample_kind, is_targeted from fct_object_reviews "
        "where job_kind <> 'review' order by job_name"
    )
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


def test_reviewed_classes_leave_the_queue_unless_votes_differ(loop: Loop) -> None:
    worst = items(loop.root / "worst-images")
    assert {*worst} == {*loop.queues_before[IMAGES][:20]}
    for job, folders, settled in (
        (IMAGES, ("worst-images", "random-images"), False),
        (TEXTS, ("random-texts",), True),
        (CLIPS, ("random-clips",), True),
    ):
        before, after = loop.queues_before[job], loop.keys(QUEUE.format(job))
        judged = {key for folder in folders for key in items(loop.root / folder)}
        assert {*before} - judged <= {*after}
        left = judged & {*after}
        assert bool(left) != settled
        if not settled:
            (split,) = left
            assert split in worst
            ((reasons,),) = loop.rows(f"select reasons_json from rpt_review_queue where object_key = '{split}'")
            assert "split review" in json.loads(reasons)


def test_certificates_of_classes_count_the_random_items_only(loop: Loop) -> None:
    for job, folder, errors in ((IMAGES, "random-images", 0), (CLIPS, "random-clips", 0), (TAGS, "random-tags", 1)):
        ((audited, _, is_certified, needed),) = loop.certificates_before[job]
        assert (audited, is_certified) == (0, False)
        assert len(items(loop.root / folder)) == needed
        ((audited, found, is_certified, _),) = loop.rows(CERTIFICATE.format(job))
        assert (audited, found, is_certified) == (needed, errors, not errors)
    # The others of the images were chosen because they look wrong; so many of them were rejected.
    ((chosen,),) = loop.rows(
        "select count(*) from fct_object_reviews where job_name = 'Images-Worst' and is_targeted and not is_accepted"
    )
    assert chosen > 1
    assert loop.rows(CERTIFICATE.format(TEXTS))[0][:3] == (6, 2, False)
    kinds = loop.rows(
        "select distinct job_name, sample_kind, is_targeted from fct_object_reviews where job_kind = 'review'"
    )
    assert {*kinds} == {
        ("Images-Worst", "worst", True),
        ("Images-Sample", "random", False),
        ("Texts-Sample", "random", False),
        ("Clips-Sample", "random", False),
        ("Tags-Sample", "random", False),
    }
    # Of the review's own labels, too.
    own = loop.keys("select distinct job_name from rpt_label_certificates where basis = 'review' order by 1")
    assert own == ["Clips-Sample", "Images-Sample", "Tags-Sample", "Texts-Sample"]


def test_outcomes_of_bulk_reviews_are_counted_by_class(loop: Loop) -> None:
    ((job, kinds, confirmed, rejected),) = loop.rows(
        """select audited_job_name, count(distinct outcome_kind),
            sum(case when outcome = 'confirmed' then object_count end),
            sum(case when outcome = 'rejected' then object_count end)
        from rpt_audit_results where job_name = 'Texts-Sample' group by 1"""
    )
    assert (job, kinds, confirmed, rejected) == (TEXTS, 1, 4, 2)
    shown = items(loop.root / "random-texts")
    rejected_labels = sorted(shown[key]["label"] for key in [*shown][:2])
    found = loop.rows(
        "select label, object_count from rpt_audit_results where job_name = 'Texts-Sample' and outcome = 'rejected'"
    )
    assert sorted(label for label, count in found for _ in range(count)) == rejected_labels
    # Each object once, by its first review.
    ((audited, accepted),) = loop.rows(f"select audited_count, accepted_count from rpt_jobs where job_name = '{TEXTS}'")
    assert (audited, accepted) == (6, 4)


def test_rejected_classes_are_labeled_anew(loop: Loop) -> None:
    """By the job whose labels they are, and by the bulk review, whose items have the texts themselves."""
    shown = items(loop.root / "random-texts")
    rejected = [*shown][:2]
    for job, into in ((TEXTS, "texts-anew"), ("Texts-Sample", "texts-by-review")):
        loop.prepare(job, str(loop.root / into), "--from", "errors", "--for", "labeling")
        lines = [json.loads(line) for line in (loop.root / into / "input.manifest").read_text().splitlines()]
        assert {line["source"] for line in lines} == {shown[key]["source"] for key in rejected}
        assert all("source-ref" not in line and line["review-sample"] == "errors" for line in lines)
    assert {*reviewed(loop.root / "texts-anew")} == {*rejected}


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
