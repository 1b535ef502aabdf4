"""Prints what is new since the last run, once: what is wrong that was not, and what is later or worse than it was."""

from __future__ import annotations

import datetime
import json
import posixpath
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

import click

from ingest.command_line import DONE, DONE_WITH_REJECTED, FiniteRange, fail, json_option, or_nothing, s3_options, say
from ingest.storage.open import open_store_of_file
from ingest.storage.store import S3_SCHEME, S3Options, Store
from publish import exceptions
from publish.exceptions import STUCK_DAYS, UNFINISHED
from publish.marts import Marts, marts_options

SUBJECT_LENGTH = 100
"""Characters that a subject may have in SNS; they must be ASCII."""
BODY_BYTES = 256 * 1024
"""Bytes that a message may have in SNS."""

_STATE_VERSION = 1
# A forecast moves a little with each day's work. It slips if it moves by more than both of these.
_SLIP_DAYS, _SLIP_SHARE = 1, 0.2

QUERIES = {
    "certificates": """
        select
            job_name, label, basis, is_certified, sample_count, error_count, error_share_upper, target_share,
            audits_needed
        from rpt_label_certificates
        order by job_name, label, basis
    """,
    "finishes": f"""
        select job_name, remaining_count, last_worked_at, finish_low_at, finish_high_at
        from rpt_jobs
        where {UNFINISHED}
        order by job_name
    """,
}
"""What is read besides the exceptions."""


class Kind(StrEnum):
    """Kinds of alerts."""

    STUCK = "stuck"
    FILES = "files"
    WORKER = "worker"
    CERTIFICATE = "certificate"
    FINISH = "finish"


_EXCEPTIONS = {
    exceptions.Kind.STUCK: Kind.STUCK,
    exceptions.Kind.FILES: Kind.FILES,
    exceptions.Kind.WORKER: Kind.WORKER,
}


@dataclass(frozen=True)
class Alert:
    """One thing that is new, in a sentence with its figures."""

    kind: Kind
    job_name: str
    sentence: str


@dataclass(frozen=True)
class Finish:
    """When a job will be done at the earliest, as it was estimated after the work of a day; both UTC, in ISO format."""

    at: str
    estimated_at: str


@dataclass(frozen=True)
class State:
    """What was told, or is as it was at the last run."""

    stuck: list[str] = field(default_factory=list)
    workers: list[str] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    certified: list[str] = field(default_factory=list)
    finishes: dict[str, Finish] = field(default_factory=dict)

    @classmethod
    def parse(cls, data: bytes) -> State:
        """A state that was written before.

        Raises:
            ValueError: it is none, or a newer version wrote it.
        """
        raw = json.loads(data)
        if not isinstance(raw, dict) or raw.pop("version", None) != _STATE_VERSION:
            raise ValueError(f"expected a state of version {_STATE_VERSION}")
        try:
            finishes = {job: Finish(**finish) for job, finish in raw.pop("finishes").items()}
            return cls(**raw, finishes=finishes)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"not a state of alerts: {error}") from None

    def dump(self) -> bytes:
        """As `parse` reads it; the same state gives the same bytes."""
        return json.dumps({"version": _STATE_VERSION, **asdict(self)}, indent=1, sort_keys=True).encode()


def news(marts: Marts, before: State, now: datetime.datetime, stuck_days: float) -> tuple[list[Alert], State]:
    """What is new, the most important first, and the state after it was told.

    Raises:
        MartsError: the marts cannot be read.
    """
    alerts: list[Alert] = []
    stuck, workers, refused = [], [], {}
    for finding in exceptions.findings(marts, now, stuck_days):
        if finding.kind not in _EXCEPTIONS:
            continue
        if finding.kind is exceptions.Kind.STUCK:
            stuck.append(finding.key)
            is_new = finding.key not in before.stuck
        elif finding.kind is exceptions.Kind.WORKER:
            workers.append(finding.key)
            is_new = finding.key not in before.workers
        else:
            refused[finding.key] = finding.weight
            is_new = finding.weight > before.refused.get(finding.key, 0)
        if is_new:
            alerts.append(Alert(_EXCEPTIONS[finding.kind], finding.job_name, finding.sentence))
    lost, certified = _certificates(marts, before)
    late, finishes = _finishes(marts, before)
    return alerts + lost + late, State(stuck, workers, refused, certified, finishes)


def _certificates(marts: Marts, before: State) -> tuple[list[Alert], list[str]]:
    lost, certified = [], []
    for row in marts.query(QUERIES["certificates"]).to_pylist():
        label = "all labels" if row["label"] is None else row["label"]
        key = json.dumps([row["job_name"], row["label"], row["basis"]])
        if row["is_certified"]:
            certified.append(key)
        elif key in before.certified:
            sentence = (
                f"{row['job_name']}: the certificate of {label} (by {row['basis']}) is lost: "
                f"{row['error_count']:,} of {row['sample_count']:,} checked labels are wrong"
            )
            if row["error_share_upper"] is not None:
                sentence += (
                    f", so that up to {100 * row['error_share_upper']:.1f} % of all may be; "
                    f"the target is {100 * row['target_share']:.1f} %"
                )
            if row["audits_needed"]:
                sentence += f". {row['audits_needed']:,} more checks without an error would prove it again"
            lost.append(Alert(Kind.CERTIFICATE, row["job_name"], f"{sentence}."))
    return lost, certified


def _finishes(marts: Marts, before: State) -> tuple[list[Alert], dict[str, Finish]]:
    late, finishes = [], {}
    for row in marts.query(QUERIES["finishes"]).to_pylist():
        job_name, at, then = row["job_name"], row["finish_low_at"], before.finishes.get(row["job_name"])
        if at is None:  # too little is known today; what was known is not forgotten
            if then:
                finishes[job_name] = then
            continue
        finishes[job_name] = Finish(at.isoformat(), row["last_worked_at"].isoformat())
        if then is None:
            continue
        was_at, estimated_at = map(datetime.datetime.fromisoformat, (then.at, then.estimated_at))
        slip = _days(at - was_at)
        if slip > max(_SLIP_DAYS, _SLIP_SHARE * _days(was_at - estimated_at)):
            latest = row["finish_high_at"]
            sentence = (
                f"{job_name}: will be done on {at:%Y-%m-%d} at the earliest, "
                f"{'and may never be' if latest is None else f'on {latest:%Y-%m-%d} at the latest'}: "
                f"{slip:.1f} days later than was estimated on {estimated_at:%Y-%m-%d}; "
                f"{row['remaining_count']:,} objects have no label."
            )
            late.append(Alert(Kind.FINISH, job_name, sentence))
        elif slip > 0:  # a job that is half a day later each day is late too
            finishes[job_name] = then
    return late, finishes


def _days(duration: datetime.timedelta) -> float:
    return duration.total_seconds() / 86400


def lines(alerts: Sequence[Alert]) -> list[str]:
    """The alerts as text, a line each, with nothing in it that a terminal would obey."""
    return [" ".join("".join(c if c.isprintable() else " " for c in alert.sentence).split()) for alert in alerts]


def message(alerts: Sequence[Alert]) -> tuple[str, str]:
    """Subject and body of a message about the alerts, as short as SNS takes them."""
    counts = Counter(alert.kind.value for alert in alerts)
    subject = f"Ground Truth Analytics: {len(alerts)} new ({', '.join(f'{kind} {n}' for kind, n in counts.items())})"
    body, size, room = [], 0, BODY_BYTES - 200
    for number, line in enumerate(lines(alerts)):
        size += len(line.encode()) + 1
        if size > room:
            body.append(f"… and {len(alerts) - number:,} more.")
            break
        body.append(line)
    return subject[:SUBJECT_LENGTH], "\n".join(body)


def _send(topic_arn: str, alerts: Sequence[Alert]) -> None:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    subject, body = message(alerts)
    try:
        sns = boto3.client("sns", region_name=topic_arn.split(":")[3])
        sns.publish(TopicArn=topic_arn, Subject=subject, Message=body)
    except (BotoCoreError, ClientError) as error:
        raise OSError(f"SNS: {error}; nothing was sent, and the next run says it again") from None


class _TopicType(click.ParamType[str]):
    name = "ARN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch(r"arn:[^:]+:sns:[^:]+:\d{12}:[\w-]+", value):
            self.fail(f"{value!r}: expected the ARN of a topic, not of a FIFO topic", param, ctx)
        return str(value)


def _read(store: Store, name: str) -> State:
    try:
        data = store.read(name)
    except FileNotFoundError:
        return State()
    except OSError:
        # S3 also denies what does not exist, unless one may list the whole bucket.
        if not store.uri.startswith(S3_SCHEME) or any(entry.path == name for entry in store.list()):
            raise
        return State()
    try:
        return State.parse(data)
    except ValueError as error:
        raise OSError(f"{store.uri_of(name)}: {error}: name another file, or delete this one") from None


def _write(store: Store, name: str, state: State) -> None:
    with store.create(name) as file:
        file.write(state.dump())


@click.command()
@marts_options
@s3_options
@click.option(
    "--state",
    "location",
    metavar="FILE",
    required=True,
    envvar="GT_ALERT_STATE",
    show_envvar=True,
    help="What was told before: a file or an s3:// URI, which the first run makes.",
)
@click.option(
    "--sns-topic",
    "topic_arn",
    type=_TopicType(),
    envvar="GT_ALERT_TOPIC_ARN",
    show_envvar=True,
    help="Send it to this SNS topic too, as one message.",
)
@click.option(
    "--stuck-days",
    type=FiniteRange(0, 36_500, min_open=True),
    default=STUCK_DAYS,
    show_default=True,
    help="Days without an answer after which an unfinished job is stuck.",
)
@click.option("--dry-run", is_flag=True, help="Only print: send nothing, and tell the same again next time.")
@json_option
def alerts(
    open_marts: Callable[[], Marts],
    s3: S3Options,
    location: str,
    topic_arn: str | None,
    stuck_days: float,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Print what is new since the last run, each once.

    That is: jobs in which nobody answers, files that were refused, workers with a new flag, certificates that are lost,
    and jobs that will be done later than was estimated, by more than a day and a fifth of the days that were left.
    Run it after each build of the marts. If nothing is new, it prints nothing (with --json, an object without alerts).

    The state is written once the alerts are printed and sent; if that fails, the next run sends them again.

    Exit status: 0 nothing is new, 1 something is, 2 nothing done.
    """
    if not posixpath.basename(location) or posixpath.dirname(location) == "s3:":
        raise click.UsageError(f"--state {location}: expected a file, not a folder or a bucket")
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)

    def read() -> tuple[Store, str, State, list[Alert], State]:
        store, name = open_store_of_file(location, s3)
        before = _read(store, name)
        return store, name, before, *news(open_marts(), before, now, stuck_days)

    store, name, before, found, after = or_nothing(read, "nothing was sent, and the next run says it again")
    if found and topic_arn and not dry_run:
        or_nothing(lambda: _send(topic_arn, found), "the next run says it again")
    if as_json:
        click.echo(json.dumps({"alerts": [asdict(alert) for alert in found]}))
    else:
        for line in lines(found):
            say(line)
    sys.stdout.flush()
    if after != before and not dry_run:
        try:
            _write(store, name, after)
        except OSError as error:
            fail(f"{error}; the alerts were delivered, and the next run will tell them again")
    sys.exit(DONE_WITH_REJECTED if found else DONE)
