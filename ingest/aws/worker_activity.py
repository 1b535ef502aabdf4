"""``sync-activity``: the log of what workers do with tasks.

Format: Amazon SageMaker developer guide, "Monitor private workforce performance": one event per action, as JSON, in the
CloudWatch log group below. The API gives it day by day, each a resource; an exported file is a resource by itself.
Exported files are of many forms, which hold the same events: see ``_events_of`` and ``_rows_of_csv``. An event that
cannot be understood costs itself only.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import msgspec
from msgspec import Raw

from ingest.aws.clients import Client, explained, parse_arn
from ingest.aws.resources import (
    UNREADABLE,
    KnownResources,
    Resource,
    ResourceKind,
    SavedFile,
    attempted,
    json_values,
    json_values_and_errors,
    reason,
    response_fields,
)
from ingest.aws.workers import pool_of, workforce_of_team
from ingest.formats.parsing import BadFile, as_json, as_written, milliseconds, milliseconds_of_seconds
from ingest.identity import worker_key
from ingest.rows import in_short
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
    """Event as FilterLogEvents, GetLogEvents and subscriptions have it."""

    message: str


class _Field(msgspec.Struct, gc=False):
    """Field of a row of Logs Insights."""

    field: str
    value: str = ""


class _Payload(msgspec.Struct, gc=False):
    """What a function that a log is subscribed to is called with: a subscription's payload, gzipped, in base64."""

    data: str


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


_MESSAGES = ("message", "@message")
"""Names of the column, or of the field, that holds an event: in the log, and in Logs Insights."""


def _events_in(file: SavedFile) -> Iterator[Raw | BadFile]:
    text = file.text()
    is_empty = True
    for value in _rows_of_csv(text) or json_values_and_errors(text):
        is_empty = False
        if isinstance(value, BadFile):
            yield value
            continue
        try:
            yield from _events_of(value)
        except UNREADABLE as error:
            yield BadFile(reason(error))
    if is_empty:
        raise BadFile("no JSON in it")


def _rows_of_csv(text: str) -> Iterator[Raw] | None:
    """Events of a CSV file, as CloudWatch's console writes it; None if it is none."""
    rows = csv.DictReader(io.StringIO(text, newline=""))
    columns = [] if text.lstrip()[:1] in ("", "{", "[") else rows.fieldnames or []
    column = next((name for name in columns if name in _MESSAGES), None)
    return (_message(row[column] or "") for row in rows) if column is not None else None


def _events_of(value: Raw) -> Iterator[Raw]:
    """Events in a JSON value.

    That is an event itself, a log event that holds one, a response of FilterLogEvents, of GetLogEvents or of
    GetQueryResults, or a subscription's payload, which Firehose passes on as it is.
    """
    fields = response_fields(value)
    messages = [fields[name] for name in _MESSAGES if name in fields]
    if "event_type" in fields:
        yield value
    elif "events" in fields or "logEvents" in fields:
        if fields.get("messageType") == _CONTROL_MESSAGE:
            return
        for event in msgspec.json.decode(fields.get("events") or fields["logEvents"], type=list[_LogEvent]):
            yield _message(event.message)
    elif "results" in fields:
        for row in msgspec.json.decode(fields["results"], type=list[list[_Field]]):
            names = {field.field: field.value for field in row}
            message = next((names[name] for name in _MESSAGES if name in names), None)
            yield Raw(as_json(names).encode()) if message is None else _message(message)
    elif "awslogs" in fields:
        for payload in json_values(_unpacked(msgspec.json.decode(fields["awslogs"], type=_Payload).data)):
            yield from _events_of(payload)
    elif messages:
        is_text = bytes(messages[0]).startswith(b'"')
        yield _message(msgspec.json.decode(messages[0], type=str)) if is_text else messages[0]
    else:
        yield value


_CONTROL_MESSAGE = Raw(b'"CONTROL_MESSAGE"')


def _unpacked(data: str) -> str:
    try:
        return SavedFile("", base64.b64decode(data, validate=True)).text()
    except binascii.Error as error:
        raise BadFile(f"awslogs.data: {error}") from None


def _message(text: str) -> Raw:
    return Raw(text.strip().encode("utf-8", "surrogatepass"))


def _parsed_file(resource: Resource, file: SavedFile) -> Resource:
    return _parsed(resource, _events_in(file))


def _parsed(resource: Resource, events: Iterable[Raw | BadFile]) -> Resource:
    rows: list[WorkerActivity] = []
    errors: list[str] = []
    for number, event in enumerate(events, 1):
        try:
            if isinstance(event, BadFile):
                raise event
            rows.append(read_event(event))
        except UNREADABLE as error:
            errors.append(f"event {number}: {reason(error)}")
    warning = in_short(next(iter(errors), None), len(errors))
    if warning is not None and not rows:
        raise BadFile(warning)
    newest = max((row.event_at for row in rows if row.event_at is not None), default=None)
    return replace(resource, rows={"worker_activity": [*rows]}, modified_at=newest, warning=warning)


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
        event_at=_event_time(event.event_timestamp),
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


def _event_time(moment: str | float) -> int:
    """Milliseconds since 1970-01-01 UTC of seconds since then, or of an ISO 8601 time."""
    is_iso = isinstance(moment, str) and not moment.replace(".", "", 1).isdigit()
    return milliseconds(str(moment), "event_timestamp") if is_iso else milliseconds_of_seconds(moment)


def _time(name: str, text: str | None) -> int | None:
    """Milliseconds since 1970-01-01 UTC of ``Wed Aug 14 16:00:59 UTC 2019``, or of an ISO 8601 time."""
    if not text:
        return None
    match = _DATE.fullmatch(text)
    if not match:
        with contextlib.suppress(BadFile):
            return milliseconds(text)
    if not match or match["month"] not in _MONTHS:
        raise BadFile(f"{name}: not a time such as Wed Aug 14 16:00:59 UTC 2019, nor an ISO 8601 one: {text!r}")
    month = _MONTHS.index(match["month"]) + 1
    return milliseconds(f"{match['year']}-{month:02d}-{int(match['day']):02d}T{match['time']}Z")
