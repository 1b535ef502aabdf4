"""``sync-activity``: the log of what workers do with tasks.

Format: Amazon SageMaker developer guide, "Monitor private workforce performance": one event per action, as JSON, in the
CloudWatch log group below. The API gives it day by day, each a resource; an exported file is a resource by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import msgspec
from msgspec import Raw

from ingest.aws.clients import Client, explained, parse_arn
from ingest.aws.resources import (
    KnownResources,
    Resource,
    ResourceKind,
    SavedFile,
    attempted,
    json_values,
    response_fields,
)
from ingest.aws.workers import pool_of, workforce_of_team
from ingest.formats.parsing import BadFile, as_written, milliseconds, milliseconds_of_seconds
from ingest.identity import worker_key
from ingest.tables import WorkerActivity

LOG_GROUP = "/aws/sagemaker/groundtruth/WorkerActivity"

_DAY = 86_400_000
# CloudWatch shows an event some time after it happened: so long, the day before is read again.
_LATE = 6 * 3_600_000

# java.util.Date's form; the names are English whatever the locale.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(
    r"[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2}) (?P<time>\d\d:\d\d:\d\d) (?:UTC|GMT) (?P<year>\d{4})"
)


class EventJson(msgspec.Struct, gc=False):
    """Event of the log; what it lacks is an empty string."""

    event_type: str
    worker_id: str
    event_timestamp: str | int | float
    cognito_user_pool_id: str | None = None
    cognito_sub_id: str | None = None
    task_accepted_time: str | None = None
    task_submitted_time: str | None = None
    task_returned_time: str | None = None
    task_declined_time: str | None = None
    workteam_arn: str | None = None
    labeling_job_arn: str | None = None
    job_reference_code: str | None = None


class _LogEvent(msgspec.Struct, rename="camel", gc=False):
    """Event as FilterLogEvents and GetLogEvents have it."""

    message: str


def logged_days(logs: Client, home: str, start: int | None) -> Iterator[Resource]:
    """Every day of the log, whole days from the one that ``start`` is in.

    Args:
        logs: client of CloudWatch Logs.
        home: what the days' uris begin with, see ``log_uri``.
        start: in milliseconds since 1970-01-01 UTC; None is from the log's beginning.

    Raises:
        AwsError: the log cannot be read.
    """
    chosen = {} if start is None else {"startTime": max(start // _DAY * _DAY, 0)}
    days: dict[int, list[tuple[int, str, str]]] = {}
    with explained("logs:FilterLogEvents", of=LOG_GROUP):
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=LOG_GROUP, **chosen)
        for event in (event for page in pages for event in page["events"]):
            day = days.setdefault(event["timestamp"] // _DAY, [])
            day.append((event["timestamp"], event.get("eventId", ""), event["message"]))
    for number, events in sorted(days.items()):
        messages = [_message(message) for _, _, message in sorted(events)]
        date = (datetime(1970, 1, 1) + timedelta(days=number)).date()
        content = b"\n".join(map(bytes, messages))
        # A log that is kept for a time loses the beginning of a day before its end.
        resource = Resource(f"{home}/{date}", ResourceKind.WORKER_ACTIVITY, content, may_shrink=False)
        yield attempted(resource, partial(_parsed, resource, messages))


def log_uri(region: str, account: str) -> str:
    """What the uris of a log's days begin with."""
    return f"cloudwatch-logs://{region}/{account}{LOG_GROUP}"


def last_read(known: KnownResources, home: str) -> int | None:
    """Since when there may be events that the lake lacks, in milliseconds since 1970-01-01 UTC.

    None if it has no events yet.
    """
    newest = [
        entry.modified_at
        for entry in known.loaded(ResourceKind.WORKER_ACTIVITY)
        if entry.modified_at is not None and (entry.uri or "").startswith(f"{home}/")
    ]
    return max(newest) - _LATE if newest else None


def saved_activity(files: Iterable[SavedFile]) -> Iterator[Resource]:
    """Exported logs, and saved responses of FilterLogEvents and GetLogEvents: each file is a resource."""
    for file in files:
        resource = Resource(file.uri, ResourceKind.WORKER_ACTIVITY, file.data)
        yield attempted(resource, partial(_parsed_file, resource, file))


def _events_in(file: SavedFile) -> Iterator[Raw]:
    is_empty = True
    for value in json_values(file.text()):
        is_empty = False
        fields = response_fields(value)
        if "events" in fields:
            for event in msgspec.json.decode(fields["events"], type=list[_LogEvent]):
                yield _message(event.message)
        elif "message" in fields and "event_type" not in fields:  # a list of events alone
            yield _message(msgspec.json.decode(value, type=_LogEvent).message)
        else:
            yield value
    if is_empty:
        raise BadFile("no JSON in it")


def _message(text: str) -> Raw:
    return Raw(text.strip().encode("utf-8", "surrogatepass"))


def _parsed_file(resource: Resource, file: SavedFile) -> Resource:
    return _parsed(resource, _events_in(file))


def _parsed(resource: Resource, events: Iterable[Raw]) -> Resource:
    rows: list[WorkerActivity] = []
    for number, event in enumerate(events, 1):
        try:
            rows.append(read_event(event))
        except (BadFile, msgspec.MsgspecError) as error:
            raise BadFile(f"event {number}: {error}") from None
    newest = max((row.event_at for row in rows if row.event_at is not None), default=None)
    return replace(resource, rows={"worker_activity": [*rows]}, modified_at=newest)


def read_event(raw: Raw) -> WorkerActivity:
    """Row of an event.

    Raises:
        BadFile, msgspec.MsgspecError: it is not an event of the log.
    """
    event = msgspec.json.decode(raw, type=EventJson)
    sub = event.cognito_sub_id or None
    issuer = pool_of(event.cognito_user_pool_id).issuer if event.cognito_user_pool_id else None
    return WorkerActivity(
        event_type=event.event_type,
        event_at=milliseconds_of_seconds(event.event_timestamp),
        worker_key=worker_key(_worker_id(event), issuer, sub),
        worker_token=event.worker_id,
        identity_issuer=issuer,
        identity_sub=sub,
        accepted_at=_time("task_accepted_time", event.task_accepted_time),
        submitted_at=_time("task_submitted_time", event.task_submitted_time),
        returned_at=_time("task_returned_time", event.task_returned_time),
        declined_at=_time("task_declined_time", event.task_declined_time),
        workteam_name=_last_part(event.workteam_arn),
        labeling_job_name=_last_part(event.labeling_job_arn),
        job_reference_code=event.job_reference_code or None,
        event_json=as_written(raw),
    )


def _worker_id(event: EventJson) -> str:
    """The worker's id as in answers, if the event has its parts."""
    workforce = workforce_of_team(event.workteam_arn)
    if workforce == "unknown" or not event.workteam_arn:
        return event.worker_id
    return f"{workforce}.{parse_arn(event.workteam_arn).region}.{event.worker_id}"


def _last_part(arn: str | None) -> str | None:
    return arn.rpartition("/")[2] or None if arn else None


def _time(name: str, text: str | None) -> int | None:
    """Milliseconds since 1970-01-01 UTC of ``Wed Aug 14 16:00:59 UTC 2019``."""
    if not text:
        return None
    match = _DATE.fullmatch(text)
    if not match or match["month"] not in _MONTHS:
        raise BadFile(f"{name}: not a time such as Wed Aug 14 16:00:59 UTC 2019: {text!r}")
    month = _MONTHS.index(match["month"]) + 1
    return milliseconds(f"{match['year']}-{month:02d}-{int(match['day']):02d}T{match['time']}Z")
