"""The activity log, in each form in which people get it: the same events give the same rows."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ingest.cli import cli
from tests.load.raw_lake import RawLake, read_lake, values

Event = dict[str, str]
TEAM = "arn:aws:sagemaker:us-west-2:111122223333:workteam/private-crowd/team-a"
EVENTS: list[Event] = [
    {
        "worker_id": "0011223344556677",
        "cognito_user_pool_id": "us-west-2_Pool",
        "cognito_sub_id": "00000000-0000-4000-8000-000000000001",
        "task_accepted_time": "Wed Aug 14 16:00:59 UTC 2019",
        "workteam_arn": TEAM,
        "event_type": "TasksSubmitted",
        "event_timestamp": "1565798464",
        "task_submitted_time": "Wed Aug 14 16:01:04 UTC 2019",
        "task_returned_time": "",
        "job_reference_code": 'with "quotes", commas and Ł',
    },
    {"worker_id": "0011223344556688", "event_type": "TasksReturned", "event_timestamp": "1565798470"},
]
MESSAGES = [json.dumps(event) for event in EVENTS]
LOG_EVENTS = [
    {"id": str(number), "timestamp": 1565798464000, "message": message} for number, message in enumerate(MESSAGES)
]
SUBSCRIPTION = {"messageType": "DATA_MESSAGE", "logGroup": "g", "logStream": "s", "logEvents": LOG_EVENTS}
CONTROL = {
    "messageType": "CONTROL_MESSAGE",
    "logEvents": [{"id": "", "timestamp": 1, "message": "CWL CONTROL MESSAGE: Checking health of destination"}],
}


def as_csv(head: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([head, *([str(number), message] for number, message in enumerate(MESSAGES))])
    return text.getvalue().encode()


def insights(of: Callable[[Event, str], dict[str, str]]) -> bytes:
    """What GetQueryResults returns."""
    rows = [
        [{"field": name, "value": value} for name, value in of(event, message).items()]
        for event, message in zip(EVENTS, MESSAGES, strict=True)
    ]
    return json.dumps({"results": rows, "status": "Complete"}).encode()


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


FORMS: dict[str, bytes] = {
    "json lines": "\n".join(MESSAGES).encode(),
    "list": encoded(EVENTS),
    "exported log": "\n".join(f"2019-08-14T16:01:04.000Z {message}" for message in MESSAGES).encode(),
    "FilterLogEvents": encoded({"events": LOG_EVENTS}),
    "log events": encoded(LOG_EVENTS),
    "subscription": encoded(CONTROL) + encoded(SUBSCRIPTION),
    "Firehose": b"".join(gzip.compress(encoded({**SUBSCRIPTION, "logEvents": [event]})) for event in LOG_EVENTS),
    "Firehose that compresses": gzip.compress(gzip.compress(encoded(SUBSCRIPTION))),
    "event of a Lambda function": encoded(
        {"awslogs": {"data": base64.b64encode(gzip.compress(encoded(SUBSCRIPTION))).decode()}}
    ),
    "Logs Insights": insights(lambda event, message: {"@timestamp": "2019-08-14 16:01:04.000", "@message": message}),
    "Logs Insights, fields": insights(lambda event, message: {**event, "@ptr": "x"}),
    "Logs Insights, saved by the console": encoded([{"@timestamp": "x", "@message": event} for event in EVENTS]),
    "Logs Insights, CSV": as_csv(["@timestamp", "@message"]),
    "CSV of the console": as_csv(["timestamp", "message"]),
    "UTF-16": "\n".join(MESSAGES).encode("utf-16"),
}


def synced(folder: Path, data: bytes, expected_status: int = 0) -> RawLake:
    file = folder / "activity"
    file.write_bytes(data)
    done = CliRunner().invoke(cli, ["sync-activity", str(folder / "lake"), "--from", str(file)])
    assert done.exit_code == expected_status, done.output
    return read_lake(folder / "lake")


def events(lake: RawLake) -> list[dict[str, Any]]:
    rows = [values(row) for row in lake.tables["worker_activity"]]
    return [{name: value for name, value in row.items() if name != "event_json"} for row in rows]


@pytest.mark.parametrize("form", FORMS)
def test_each_form_gives_the_same_rows(form: str, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    found = events(synced(tmp_path / "one", FORMS[form]))
    assert len(found) == len(EVENTS)
    assert found == events(synced(tmp_path / "other", FORMS["json lines"]))


def test_times_may_be_iso_8601(tmp_path: Path) -> None:
    event = {
        **EVENTS[0],
        "task_accepted_time": "2019-08-14T16:00:59.123456",
        "task_submitted_time": "2019-08-14T18:01:04+02:00",
        "event_timestamp": "2019-08-14T16:01:04Z",
    }
    [row] = events(synced(tmp_path, encoded(event)))
    assert row["submitted_at"].isoformat() == "2019-08-14T16:01:04"
    assert (row["submitted_at"] - row["accepted_at"]).total_seconds() == 4.877
    assert row["event_at"] == row["submitted_at"]


@pytest.mark.parametrize(
    ("bad", "part"),
    [
        ('{"event_type": "TasksReturned", "worker_id": "x"', "event 2: line 3: "),
        ('{"event_type": "TasksReturned", "worker_id": "x"}', "event 2: Object missing required field"),
        ('{"event_type": "TasksReturned", "worker_id": "x", "event_timestamp": "noon"}', "event 2: event_timestamp: "),
        ("[1, 2]", "event 2: Expected `object`, got `int` (and 1 more)"),
    ],
)
def test_a_bad_event_costs_itself(bad: str, part: str, tmp_path: Path) -> None:
    """The others are loaded, the file's entry says what is wrong, and so does the exit status."""
    lake = synced(tmp_path, "\n".join([MESSAGES[0], bad, MESSAGES[1]]).encode(), expected_status=1)
    assert [row["event_type"] for row in events(lake)] == ["TasksSubmitted", "TasksReturned"]
    [warning] = lake.warnings.values()
    assert warning.startswith(part)


def test_a_file_without_any_event_is_rejected(tmp_path: Path) -> None:
    lake = synced(tmp_path, b'{"event_type": "TasksReturned"}', expected_status=1)
    [error] = lake.errors.values()
    assert error.startswith("event 1: Object missing required field")
