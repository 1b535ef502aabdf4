"""What needs a look: the exceptions of all jobs, ranked, each a sentence with its figures.

Written once. ``make demo`` shows the leading ones, ``alerts`` prints those that are new, and the Overview of the page
has those that its filters leave: nobody is to decide again what is worth a manager's time.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from publish.marts import Marts
from publish.visuals import literals

MINIMUM_COUNT = 20
"""Observations below which a share is no reason to worry, as the dbt var minimum_rank_count is by default."""
STUCK_DAYS = 3
"""Days without an answer after which an unfinished job is stuck."""
UNFINISHED = "(status is null or status not in ('Completed', 'Failed', 'Stopping', 'Stopped'))"
"""Whether a job may go on, as SQL over its mart; the status is NULL if AWS was not asked."""

# A job of which AWS never told the status is taken for over after so many days without an answer.
_FORGOTTEN_DAYS = 30
# Flags that say the labels are worse come before those that say the times are.
_OF_LABELS = ("below golden target", "getting worse", "speeder", "too alike")
FLAGS_ONLY = "% workers have a flag, %"
"""Pattern of a job's concern that only says that workers have flags."""

# One of these is one too many. Of other checks, a share of the objects or labels beyond chance is.
_NEVER_RIGHT = ("conflicting duplicates", "labels outside the config", "missing required attributes")
_TOLERATED_SHARE = 0.05


class Kind(StrEnum):
    """Kinds of exceptions, by how far each reaches: a job's labels, a worker's answers, files, single objects."""

    JOB = "job"
    STUCK = "stuck"
    WORKER = "worker"
    FILES = "files"
    DATA = "data"


@dataclass(frozen=True)
class Finding:
    """One exception.

    ``weight`` counts what it concerns (objects, answers, files or labels), and ranks it within its kind. ``key`` is the
    same in the next build, if the same is wrong.
    """

    kind: Kind
    key: str
    job_name: str
    sentence: str
    weight: int
    worker_key: str | None = None
    worker_name: str | None = None


QUERIES = {
    # That workers have a flag is said of each worker.
    Kind.JOB: f"""
        select job_name, object_count, main_concern
        from rpt_jobs
        where main_concern is not null and main_concern not like '{FLAGS_ONLY}'
        order by object_count desc, job_name
    """,
    Kind.STUCK: f"""
        select job_name, status, object_count, remaining_count, last_worked_at
        from rpt_jobs
        where last_worked_at is not null and {UNFINISHED}
        order by remaining_count desc, job_name
    """,
    Kind.WORKER: f"""
        select job_name, worker_key, worker_name, alike_worker_name, flag, observation_count,
            replace(explanation, 'another worker', coalesce(alike_worker_name, 'another worker')) as explanation
        from rpt_worker_flags
        order by
            case when flag in ({literals(_OF_LABELS)}) then 0 else 1 end,
            observation_count desc, worker_name, flag, job_name
    """,
    Kind.FILES: """
        select job_name, file_count, rejected_count, skipped_count, last_error
        from rpt_load_health
        where rejected_count + skipped_count > 0
        order by rejected_count + skipped_count desc, job_name
    """,
    # What an audit or an adjustment has is in the job that it reviews, too.
    Kind.DATA: f"""
        select job_name, check_name, found_count, explanation
        from rpt_dataset_health
        where
            job_kind = 'label'
            and found_count > 0
            and (
                check_name in ({literals(_NEVER_RIGHT)})
                or (checked_count >= {MINIMUM_COUNT} and found_share_low > {_TOLERATED_SHARE})
            )
        order by
            case when check_name in ({literals(_NEVER_RIGHT)}) then 0 else 1 end, found_count desc, job_name, check_name
    """,
}
"""What is read of each kind, most important first."""
LOADED_AT = "select max(last_loaded_at) as loaded_at from rpt_load_health"
"""When the newest file was loaded."""


def findings(marts: Marts, as_of: datetime.datetime | None = None, stuck_days: float = STUCK_DAYS) -> list[Finding]:
    """Every exception, the most important first: by kind, then by how much it concerns.

    Args:
        marts: what is read.
        as_of: the time (UTC) at which jobs are stuck or not. Default: when the newest file was loaded, so that the same
            marts always have the same exceptions.
        stuck_days: days without an answer after which an unfinished job is stuck.

    Raises:
        MartsError: the marts cannot be read.
    """
    found = [
        Finding(
            Kind.JOB,
            f"{row['job_name']}: {row['main_concern']}",
            row["job_name"],
            _said(row, "main_concern"),
            row["object_count"],
        )
        for row in marts.query(QUERIES[Kind.JOB]).to_pylist()
    ]
    found += _stuck(marts, as_of, stuck_days)
    found += _flags(marts)
    found += _refused(marts)
    found += [
        Finding(
            Kind.DATA,
            f"{row['job_name']}: {row['check_name']}",
            row["job_name"],
            _said(row, "explanation"),
            row["found_count"],
        )
        for row in marts.query(QUERIES[Kind.DATA]).to_pylist()
    ]
    return found


def leading(found: Sequence[Finding], limit: int = 5) -> list[Finding]:
    """The exceptions to show if there is room for a few: the first of each kind, then by rank, each worker once."""
    firsts: dict[str, Finding] = {}
    seen_workers: set[str] = set()
    others = []
    for finding in found:
        if finding.worker_key:
            if finding.worker_key in seen_workers:
                continue
            seen_workers.add(finding.worker_key)
        if finding.kind in firsts:
            others.append(finding)
        else:
            firsts[finding.kind] = finding
    chosen = {finding.key for finding in [*firsts.values(), *others][:limit]}
    return [finding for finding in found if finding.key in chosen]


def _said(row: dict[str, str], column: str) -> str:
    return f"{row['job_name']}: {row[column]}"


def _stuck(marts: Marts, as_of: datetime.datetime | None, stuck_days: float) -> list[Finding]:
    if as_of is None:
        as_of = marts.query(LOADED_AT).to_pylist()[0]["loaded_at"]
    found = []
    for row in marts.query(QUERIES[Kind.STUCK]).to_pylist():
        job_name, since = row["job_name"], row["last_worked_at"]
        days = (as_of - since).total_seconds() / 86400 if as_of else 0
        is_open = row["status"] is not None or (row["remaining_count"] > 0 and days <= _FORGOTTEN_DAYS)
        if is_open and days > stuck_days:
            sentence = (
                f"{job_name}: nobody has answered for {days:.0f} days, since {since:%Y-%m-%d %H:%M} UTC; "
                f"{row['remaining_count']:,} of {row['object_count']:,} objects have no label."
            )
            found.append(
                Finding(
                    Kind.STUCK, f"{job_name}: {since:%Y-%m-%dT%H:%M:%S}", job_name, sentence, row["remaining_count"]
                )
            )
    return found


def _flags(marts: Marts) -> list[Finding]:
    found: dict[str, Finding] = {}
    for row in marts.query(QUERIES[Kind.WORKER]).to_pylist():
        # Two who copy have a flag each, with the same figures.
        workers = sorted({row["worker_name"], row["alike_worker_name"] or row["worker_name"]})
        key = f"{row['job_name']}: {row['flag']}: {', '.join(workers)}"
        found.setdefault(
            key,
            Finding(
                Kind.WORKER,
                key,
                row["job_name"],
                _said(row, "explanation"),
                row["observation_count"],
                row["worker_key"],
                row["worker_name"],
            ),
        )
    return list(found.values())


def _refused(marts: Marts) -> list[Finding]:
    found = []
    for row in marts.query(QUERIES[Kind.FILES]).to_pylist():
        count = row["rejected_count"] + row["skipped_count"]
        sentence = f"{row['job_name']}: {count:,} of {row['file_count']:,} files could not be read."
        if row["last_error"]:  # the uri in the job's folder, and the error
            last = row["last_error"].rpartition(f"/{row['job_name']}/")[2].rstrip(".")
            sentence += f" The last: {last}."
        found.append(Finding(Kind.FILES, row["job_name"], row["job_name"], sentence, count))
    return found
