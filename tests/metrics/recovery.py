"""What is planted in the sample, and what the marts find of it, for several seeds: a table for ``docs/metrics.md``.

``python -m tests.metrics.recovery --seeds 10`` makes two samples for each seed, one with every fault and one with none,
loads them, builds the marts, and writes ``docs/recovery.csv``; ``tests.metrics.page`` makes the table of it.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import click

from ingest.sample.truth import Fault
from tests.metrics.samples import build_marts, make_lake, open_marts
from tests.metrics.tables import write_csv
from tests.pipeline.warehouse import ROOT

FOUND = ROOT / "docs/recovery.csv"
OBJECTS = 1_000
HEAD = ("fault", "finding", "mart", "planted", "found", "share (of each seed)", "false finds", "with nothing planted")


@dataclass(frozen=True)
class Finder:
    """A question to the marts, and what it ought to answer.

    Both queries give keys, of any number of columns, and how often each is there. `planted` reads the truth's files as
    ``truth_<file>``.
    """

    fault: Fault
    name: str
    mart: str
    planted: str
    found: str


JUDGED_WORKERS = """
    select job_name, worker_key, 1 from rpt_worker_jobs
    where golden_count >= 20 and job_name in ('Wildlife-Images', 'Support-Messages')
"""
WITH_KEY = "inner join main_people.dim_workers using (worker_id)"
FLAGGED = "select job_name, worker_key, 1 from rpt_worker_flags where flag = '{}'"

FINDERS = (
    Finder(
        Fault.MISLABELED,
        "images whose label fewer than half of the answers have",
        "fct_worker_tasks",
        """
        select job_name, object_index, 1 from truth_mislabeled
        where job_name = 'Wildlife-Images' and cause = 'planted'
        """,
        """
        select job_name, object_index, 1 from fct_worker_tasks
        where job_name = 'Wildlife-Images' and consolidated_score is not null
        group by job_name, object_index having avg(consolidated_score) < 0.5
        """,
    ),
    Finder(
        Fault.DUPLICATES,
        "data objects that are an earlier one again",
        "rpt_dataset_health",
        "select job_name, count(*) from truth_duplicates group by job_name",
        # A job that reviews others has their data objects.
        """
        select job_name, found_count from rpt_dataset_health
        where check_name = 'duplicate objects' and job_kind = 'label'
        """,
    ),
    Finder(
        Fault.SLIPS,
        "labels that break a rule of their job",
        "rpt_dataset_health",
        "select job_name, rule, count(*) from truth_slips group by job_name, rule",
        # An adjustment has those of the job that it adjusts.
        """
        select job_name, check_name, found_count from rpt_dataset_health
        where check_name in (
            'tiny boxes', 'boxes outside the image', 'labels outside the config', 'missing required attributes'
        ) and job_kind <> 'adjustment'
        """,
    ),
    Finder(
        Fault.ADJUSTMENTS,
        "labels that an adjustment changed, by what it did",
        "rpt_adjustments",
        "select job_name, label, change, count(*) from truth_adjustments where change <> 'kept' group by all",
        """
        with counts as (
            select
                job_name, label, sum(moved_count) as moved, sum(resized_count) as resized, sum(added_count) as added,
                sum(removed_count) as removed, sum(relabeled_count) as relabeled,
                sum(attribute_changed_count) as attribute_changed
            from rpt_adjustments group by job_name, label
        )
        select job_name, label, change, label_count::bigint
        from (unpivot counts on columns(* exclude (job_name, label)) into name change value label_count)
        where label_count > 0
        """,
    ),
    Finder(
        Fault.DISPLACEMENTS,
        "answers in which two tracks take each other's numbers",
        "fct_worker_tasks",
        """
        select job_name, object_index, count(distinct worker_id) from truth_identity_switches
        group by job_name, object_index
        """,
        """
        select job_name, object_index, count(*) from fct_worker_tasks where identity_switch_count > 0
        group by job_name, object_index
        """,
    ),
    Finder(
        Fault.IMBALANCE,
        "classes with less than a tenth of the labels of the most frequent one",
        "rpt_class_balance",
        """
        select job_name, label, 1 from truth_classes
        qualify share * 10 < max(share) over (partition by job_name)
        """,
        """
        select job_name, label, 1 from rpt_class_balance
        where job_name in (select job_name from truth_classes)
            and label in (select label from truth_classes) and (imbalance_ratio is null or imbalance_ratio > 10)
        """,
    ),
    Finder(
        Fault.SKILLS,
        "accuracy of a worker in a job of classes: the true one is in its interval",
        "rpt_worker_jobs",
        JUDGED_WORKERS,
        f"""
        with skills as (
            select job_name, worker_key, sum(answer_count * right_chance) / sum(answer_count) as skill
            from truth_skills inner join main_people.dim_workers using (worker_id)
            group by job_name, worker_key
        )
        {JUDGED_WORKERS} and (job_name, worker_key) in (
            select (job_name, worker_key) from skills inner join rpt_worker_jobs using (job_name, worker_key)
            where skill between golden_accuracy_low and golden_accuracy_high
        )
        """,
    ),
    Finder(
        Fault.MISCALIBRATION,
        "models whose confidence is not the share of their labels that is right",
        "rpt_calibration",
        """
        select distinct job_name, source, 1 from truth_model_labels
        where (select avg(confidence - right_chance) > 0.01 from truth_model_labels)
        """,
        """
        -- One test of a model in a job: the z of Spiegelhalter (1986), each label with the mean confidence of its bin.
        -- Where reviewers differ, one of them is mistaken, and it counts as a wrong label: a good model would be found
        -- to be too sure. So z must be over 1.96 either way such labels are judged.
        with of_models as (
            select
                job_name, source,
                sum(object_count * (accuracy - mean_confidence) * (1 - 2 * mean_confidence)) as difference,
                1.96 * sqrt(sum(
                    object_count * (1 - 2 * mean_confidence) ** 2 * mean_confidence * (1 - mean_confidence)
                )) as bound
            from rpt_calibration
            where job_name in (select job_name from truth_model_labels) and source <> 'human'
            group by job_name, source
        ),
        of_splits as (
            select job_name, 'model under review' as source, sum(1 - 2 * confidence / 100) as difference
            from fct_label_reviews where is_split and confidence is not null group by job_name
        )
        select job_name, if(source = 'machine', source, 'review'), 1
        from of_models left join of_splits using (job_name, source)
        where abs(of_models.difference) > bound
            and sign(of_models.difference) * (of_models.difference + coalesce(of_splits.difference, 0)) > bound
        """,
    ),
    Finder(
        Fault.MISCALIBRATION,
        "wrong labels of the model under review",
        "rpt_review_errors",
        "select item_uri, label, 1 from truth_model_labels where source = 'review' and not is_right",
        "select item_uri, label, 1 from rpt_review_errors where job_name = 'Bird-Review'",
    ),
    Finder(
        Fault.MISLABELED,
        "wrong labels of images, planted or the workers' own, among as many at the head of the review queue",
        "rpt_review_queue",
        "select object_index, 1 from truth_mislabeled where job_name = 'Wildlife-Images'",
        """
        select object_index, 1 from rpt_review_queue
        where job_name = 'Wildlife-Images' and position <= (
            select count(*) from truth_mislabeled where job_name = 'Wildlife-Images'
        )
        """,
    ),
    Finder(
        Fault.SPEEDING,
        "a worker who answers in a fraction of the usual time, with little care",
        "rpt_worker_flags",
        f"select distinct job_name, worker_key, 1 from truth_fast_answers {WITH_KEY}",
        # So is who is fast and poor in everything.
        f"""
        {FLAGGED.format("speeder")} and worker_key not in (
            select worker_key from truth_team {WITH_KEY} where tempo < 0.5 and skill < 0.7
        )
        """,
    ),
    Finder(
        Fault.COPYING,
        "two workers who give each other's answers: classes in one job, boxes in another",
        "rpt_worker_pairs",
        """
        select job_name, least(one.worker_key, other.worker_key), greatest(one.worker_key, other.worker_key), 1
        from truth_copying
        inner join main_people.dim_workers as one using (worker_id)
        inner join main_people.dim_workers as other on truth_copying.other_worker_id = other.worker_id
        """,
        "select job_name, worker_key, other_worker_key, 1 from rpt_worker_pairs where is_too_alike",
    ),
    Finder(
        Fault.WORSENING,
        "a worker who is worse from a day on",
        "rpt_worker_flags",
        f"select job_name, worker_key, 1 from truth_worsening {WITH_KEY}",
        # Who tires, little by little, is planted too.
        f"""
        {FLAGGED.format("getting worse")} and worker_key not in (
            select worker_key from truth_team {WITH_KEY} where drift < 0
        )
        """,
    ),
    Finder(
        Fault.RUBBER_STAMPING,
        "a reviewer who confirms nearly everything",
        "rpt_reviewers",
        f"select job_name, worker_key, 1 from truth_rubber_stamps {WITH_KEY}",
        "select job_name, worker_key, 1 from rpt_reviewers where is_rubber_stamp",
    ),
    Finder(
        Fault.AMBIGUITY,
        "a class that needs five workers: three are not enough",
        "rpt_redundancy",
        "select job_name, label, 5, 1 from truth_ambiguity",
        """
        select job_name, label, min(workers_per_object), 1 from rpt_redundancy
        where label is not null and is_enough
            and job_name in (select job_name from rpt_redundancy where workers_per_object = 7)
        group by job_name, label having min(workers_per_object) > 3
        """,
    ),
    Finder(
        Fault.CLOCKS,
        "a worker whose times cannot be right, from a moment on",
        "rpt_worker_flags",
        f"select distinct job_name, worker_key, 1 from truth_clock_jumps {WITH_KEY}",
        FLAGGED.format("impossible time"),
    ),
    Finder(
        Fault.OVERLAPS,
        "a worker who begins tasks before the last one is done",
        "rpt_worker_flags",
        f"select distinct job_name, worker_key, 1 from truth_overlapping_tasks {WITH_KEY}",
        FLAGGED.format("overlapping tasks"),
    ),
    Finder(
        Fault.LOG_GAPS,
        "a worker of whom the log lacks answers, or has submissions without one; or who has other times in it",
        "rpt_worker_flags",
        f"""
        select job_name, worker_key, 1 from truth_log_gaps {WITH_KEY} union
        select job_name, worker_key, 1 from truth_clock_jumps {WITH_KEY} where accepted_off_seconds <> 0
        """,
        FLAGGED.format("log disagrees"),
    ),
    Finder(
        Fault.SKILLS,
        "a worker whose true accuracy is below the golden target by a tenth of all answers or more",
        "rpt_worker_flags",
        f"""
        select job_name, worker_key, 1 from truth_skills {WITH_KEY}
        inner join ({JUDGED_WORKERS}) as judged using (job_name, worker_key)
        group by job_name, worker_key having sum(answer_count * right_chance) / sum(answer_count) < 0.7
        """,
        f"{FLAGGED.format('below golden target')} and job_name in ('Wildlife-Images', 'Support-Messages')",
    ),
)


class Recovery(NamedTuple):
    """A row of ``docs/recovery.csv``: what a finder found in the sample of a seed, with the faults or without."""

    seed: int
    objects: int
    fault: str
    finder: str
    mart: str
    is_planted: bool
    planted_count: int
    found_count: int  # of what was planted
    false_count: int  # found, but not planted


def recover(seed: int, objects: int, *, is_planted: bool, folder: Path) -> list[Recovery]:
    """What each finder finds in one sample.

    Args:
        seed: of the sample.
        objects: of each large job of it.
        is_planted: whether it has the faults.
        folder: where everything is written; empty or missing.
    """
    make_lake(folder, objects=objects, seed=seed, without=[] if is_planted else list(Fault))
    return find(seed, objects, is_planted=is_planted, folder=folder)


def find(seed: int, objects: int, *, is_planted: bool, folder: Path) -> list[Recovery]:
    """The same, if the folder has the lake."""
    build_marts(folder, {"rpt_worker_jobs", *(finder.mart for finder in FINDERS)})
    with open_marts(folder) as connection:

        def counts(sql: str) -> Counter[tuple[Any, ...]]:
            rows = connection.execute(sql).fetchall()
            found = Counter({tuple(key): count for *key, count in rows})
            assert len(found) == len(rows), "the same key twice"
            return found

        found = []
        for finder in FINDERS:
            planted, answered = counts(finder.planted), counts(finder.found)
            totals = planted.total(), (planted & answered).total(), (answered - planted).total()
            found.append(Recovery(seed, objects, finder.fault, finder.name, finder.mart, is_planted, *totals))
        return found


def read_found() -> list[Recovery]:
    """Rows of ``docs/recovery.csv``."""
    with FOUND.open(encoding="utf-8", newline="") as file:
        return [
            Recovery(
                *(int(row["seed"]), int(row["objects"]), row["fault"], row["finder"], row["mart"]),
                *(row["is_planted"] == "True", int(row["planted_count"])),
                *(int(row["found_count"]), int(row["false_count"])),
            )
            for row in csv.DictReader(file)
        ]


def summary(rows: Sequence[Recovery]) -> Iterator[tuple[str, ...]]:
    """Rows of the table: each finder over all seeds."""
    yield HEAD
    for fault, finder, mart in dict.fromkeys((row.fault, row.finder, row.mart) for row in rows):
        of_finder = [row for row in rows if row.finder == finder]
        planted = [row for row in of_finder if row.is_planted]
        shares = [row.found_count / row.planted_count for row in planted if row.planted_count]
        total, found = sum(row.planted_count for row in planted), sum(row.found_count for row in planted)
        yield (
            fault,
            finder,
            f"`{mart}`",
            f"{total:,}",
            f"{found:,}",
            f"{found / total:.1%} ({min(shares):.0%} to {max(shares):.0%})" if total else "",
            f"{sum(row.false_count for row in planted):,}",
            f"{sum(row.false_count for row in of_finder if not row.is_planted):,}",
        )


@click.command()
@click.option("--seeds", type=click.IntRange(min=1), default=10, show_default=True, help="Seeds from 1 on.")
@click.option("--objects", type=click.IntRange(min=10), default=OBJECTS, show_default=True, help="Of a large job.")
def main(seeds: int, objects: int) -> None:
    """Plant, find, and write docs/recovery.csv."""
    rows = []
    for seed in range(1, seeds + 1):
        for is_planted in (True, False):
            with tempfile.TemporaryDirectory() as folder:
                rows += recover(seed, objects, is_planted=is_planted, folder=Path(folder))
        click.echo(f"seed {seed} of {seeds}", err=True)
    write_csv(FOUND, Recovery._fields, rows)
    for line in summary(rows):
        click.echo("  ".join(line))


if __name__ == "__main__":
    sys.exit(main())
