"""What the marts flag if nothing is wrong, in 200 sets of jobs: a table for ``docs/metrics.md``.

``python -m tests.metrics.false_alarms`` makes samples with nothing planted, of 20 sets of jobs each, for the seeds 1
to 10. Each job of each set draws random numbers of its own. It loads them, builds the marts, and writes
``docs/false_alarms.csv``; ``tests.metrics.page`` makes the table of it.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import click
import yaml  # type: ignore[import-untyped] # it ships no type information

from ingest.sample.truth import Fault
from tests.metrics.samples import build_marts, make_lake, open_marts
from tests.metrics.tables import write_csv
from tests.pipeline.warehouse import ROOT

ALARMS = ROOT / "docs/false_alarms.csv"
SEEDS, SETS, OBJECTS = 10, 20, 300
HEAD = ("flag", "mart", "judged", "flagged", "share", "at most", "in how many jobs")
PROJECT_VARS = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
MINIMUM_COUNT = int(PROJECT_VARS["minimum_rank_count"])
FALSE_DISCOVERY_SHARE = float(PROJECT_VARS["flag_false_discovery_share"])


@dataclass(frozen=True)
class Rule:
    """A rule that flags something, and whom or what it judges.

    The query gives a row for each: its group, which is the job if nothing else is said, whether it is flagged, and the
    chance of that, at most, if nothing is wrong.
    """

    name: str
    unit: str  # plural
    mart: str
    judged: str
    groups: str = "jobs"


def worker_flag(flag: str, judged: str, limit: float = FALSE_DISCOVERY_SHARE) -> Rule:
    """A rule of rpt_worker_flags, and a relation of the workers with enough for it, in their jobs."""
    return Rule(
        flag,
        "workers",
        "rpt_worker_flags",
        f"""
        select job_name, (job_name, worker_key) in (
            select (job_name, worker_key) from rpt_worker_flags where flag = '{flag}'
        ), {limit} from (select distinct job_name, worker_key from {judged})
        """,
    )


_PAIRS = """(
    select job_name, unnest([worker_key, other_worker_key]) as worker_key from rpt_worker_pairs
    where is_too_alike is not null
)"""

RULES: tuple[Rule, ...] = (
    worker_flag("speeder", f"main_staging.int_worker_speed where fast_scored_count >= {MINIMUM_COUNT}"),
    worker_flag("impossible time", "main_staging.int_worker_time_checks where time_checked_count > 0", 0),
    worker_flag("overlapping tasks", "main_staging.int_worker_time_checks where overlap_checked_count > 0", 0),
    worker_flag("too alike", _PAIRS),
    worker_flag("below golden target", f"rpt_worker_jobs where golden_count >= {MINIMUM_COUNT}"),
    worker_flag("returns tasks", f"rpt_worker_flow where offered_count >= {MINIMUM_COUNT}"),
    worker_flag("log disagrees", "main_staging.int_worker_time_checks where log_checked_count > 0", 0),
    # Of two charts, each with a chance of its own.
    Rule(
        "getting worse",
        "workers",
        "rpt_worker_flags",
        """
        with charts as (
            select job_name, worker_key, reference, max(false_alarm_share) as share from rpt_worker_control
            where is_signal is not null and reference <> 'peers' group by job_name, worker_key, reference
        )
        select job_name, (job_name, worker_key) in (
            select (job_name, worker_key) from rpt_worker_flags where flag = 'getting worse'
        ), sum(share) from charts group by job_name, worker_key
        """,
    ),
    Rule(
        "too alike",
        "pairs of workers",
        "rpt_worker_pairs",
        f"""
        select job_name, is_too_alike, {FALSE_DISCOVERY_SHARE} from rpt_worker_pairs where is_too_alike is not null
        """,
    ),
    Rule(
        "rubber stamp",
        "reviewers",
        "rpt_reviewers",
        f"""
        select job_name, is_rubber_stamp, {FALSE_DISCOVERY_SHARE} from rpt_reviewers where is_rubber_stamp is not null
        """,
    ),
    Rule(
        "above or below the others",
        "workers",
        "rpt_worker_quality",
        f"""
        select job_kind || task_type, tier <> 'within', {FALSE_DISCOVERY_SHARE} from rpt_worker_quality
        where tier <> 'too few'
        """,
        "task types",
    ),
    *(
        Rule(
            f"a fall against {reference}",
            "workers",
            "rpt_worker_control",
            f"""
            select job_name, bool_or(is_signal), max(false_alarm_share) from rpt_worker_control
            where reference = '{reference}' and is_signal is not null group by job_name, worker_key
            """,
        )
        for reference in ("golden", "consolidated", "peers")
    ),
    Rule(
        "a rise of disagreement",
        "classes",
        "rpt_label_control",
        """
        select job_name, bool_or(is_signal), max(false_alarm_share) from rpt_label_control
        where is_signal is not null group by job_name, label, reference
        """,
    ),
    # It has a flag of any of the five rules that are wrong by chance.
    Rule(
        "main concern: workers have a flag",
        "jobs",
        "rpt_jobs",
        f"""
        select job_name, coalesce(main_concern like '%workers have a flag%', false), {5 * FALSE_DISCOVERY_SHARE}
        from rpt_jobs where worker_count > 1
        """,
    ),
    Rule(
        "more wrong labels than the upper bound",
        "jobs",
        "rpt_label_certificates",
        """
        select job_name, coalesce(wrong_count, 0) > error_share_upper * object_count, 0.05 from rpt_label_certificates
        left join (select job_name, count(*) as wrong_count from truth_mislabeled group by job_name) using (job_name)
        where job_name like 'Wildlife-Images%' and label is null and basis = 'golden'
        """,
    ),
)


class Alarms(NamedTuple):
    """A row of ``docs/false_alarms.csv``: what a rule flags in the sample of a seed, in which nothing is wrong."""

    seed: int
    sets: int
    objects: int
    rule: str
    mart: str
    unit: str
    groups: str
    judged_count: int
    flagged_count: int
    limit_count: float  # of those judged that are flagged by chance, the mean at most
    group_count: int
    flagged_group_count: int


def simulate(seed: int, sets: int, objects: int, *, folder: Path) -> list[Alarms]:
    """What each rule flags in one sample with nothing planted.

    Args:
        seed: of the sample.
        sets: of large jobs.
        objects: of each large job.
        folder: where everything is written; empty or missing.
    """
    make_lake(folder, jobs=sets, objects=objects, seed=seed, without=list(Fault))
    return count_alarms(seed, sets, objects, folder=folder)


def count_alarms(seed: int, sets: int, objects: int, *, folder: Path) -> list[Alarms]:
    """The same, if the folder has the lake."""
    build_marts(folder, {"rpt_worker_jobs", "rpt_worker_flow", *(rule.mart for rule in RULES)})
    alarms = []
    with open_marts(folder) as connection:
        for rule in RULES:
            judged = connection.execute(rule.judged).fetchall()
            alarms.append(
                Alarms(
                    *(seed, sets, objects, rule.name, rule.mart, rule.unit, rule.groups),
                    *(len(judged), sum(is_flagged for _, is_flagged, _ in judged)),
                    round(sum(float(limit) for _, _, limit in judged), 6),
                    len({group for group, _, _ in judged}),
                    len({group for group, is_flagged, _ in judged if is_flagged}),
                )
            )
    return alarms


def read_alarms() -> list[Alarms]:
    """Rows of ``docs/false_alarms.csv``."""
    with ALARMS.open(encoding="utf-8", newline="") as file:
        return [
            Alarms(
                *(int(row["seed"]), int(row["sets"]), int(row["objects"])),
                *(row["rule"], row["mart"], row["unit"], row["groups"]),
                *(int(row["judged_count"]), int(row["flagged_count"]), float(row["limit_count"])),
                *(int(row["group_count"]), int(row["flagged_group_count"])),
            )
            for row in csv.DictReader(file)
        ]


def totals(rows: Sequence[Alarms]) -> Iterator[Alarms]:
    """Each rule over all seeds; the seed is how many they are."""
    for rule, mart in dict.fromkeys((row.rule, row.mart) for row in rows):
        of_rule = [row for row in rows if (row.rule, row.mart) == (rule, mart)]
        yield of_rule[0]._replace(
            seed=len(of_rule),
            judged_count=sum(row.judged_count for row in of_rule),
            flagged_count=sum(row.flagged_count for row in of_rule),
            limit_count=sum(row.limit_count for row in of_rule),
            group_count=sum(row.group_count for row in of_rule),
            flagged_group_count=sum(row.flagged_group_count for row in of_rule),
        )


def summary(rows: Sequence[Alarms]) -> Iterator[tuple[str, ...]]:
    """Rows of the table."""
    yield HEAD
    for row in totals(rows):
        judged = row.judged_count or 1
        yield (
            row.rule,
            f"`{row.mart}`",
            f"{row.judged_count:,} {row.unit}",
            f"{row.flagged_count:,}",
            f"{row.flagged_count / judged:.2%}",
            f"{row.limit_count / judged:.2%}",
            f"{row.flagged_group_count:,} of {row.group_count:,} {row.groups}",
        )


@click.command()
@click.option("--seeds", type=click.IntRange(min=1), default=SEEDS, show_default=True, help="Seeds from 1 on.")
@click.option("--sets", type=click.IntRange(min=1), default=SETS, show_default=True, help="Sets of jobs of each.")
@click.option("--objects", type=click.IntRange(min=10), default=OBJECTS, show_default=True, help="Of a large job.")
def main(seeds: int, sets: int, objects: int) -> None:
    """Plant nothing, count what is flagged, and write docs/false_alarms.csv."""
    rows = []
    for seed in range(1, seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            rows += simulate(seed, sets, objects, folder=Path(folder))
        click.echo(f"seed {seed} of {seeds}", err=True)
    write_csv(ALARMS, Alarms._fields, rows)
    for line in summary(rows):
        click.echo("  ".join(line))


if __name__ == "__main__":
    sys.exit(main())
