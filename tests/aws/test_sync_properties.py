"""What holds for every saved response: it never ends a sync, never costs a sound one, and gives no row of its own."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.aws.labeling_jobs import saved_jobs
from ingest.aws.resources import (
    MAX_UNPACKED_BYTES,
    Moment,
    Resource,
    ResourceKind,
    SavedFile,
    as_saved,
    json_values,
    time_of,
)
from ingest.aws.worker_activity import saved_activity
from ingest.aws.workers import saved_workers
from ingest.formats.parsing import BadFile
from ingest.formats.registry import LAMBDA_TASK_TYPES, TASK_TYPES, task_type_of_lambda
from ingest.lake.ledger import Status
from ingest.lake.parquet import to_batch
from ingest.tables import TABLES as RAW_TABLES

ARN = "arn:aws:sagemaker:us-east-1:111122223333"
JOB: dict[str, Any] = {
    "LabelingJobName": "Sound",
    "LabelingJobArn": f"{ARN}:labeling-job/sound",
    "LabelingJobStatus": "Completed",
    "LabelCounters": {"TotalLabeled": 1, "HumanLabeled": 1, "MachineLabeled": 0, "Unlabeled": 0},
    "FailureReason": "none",
    "CreationTime": 1615233600.5,
    "LastModifiedTime": "2021-03-08T20:00:00Z",
    "LabelAttributeName": "sound",
    "InputConfig": {"DataSource": {"S3DataSource": {"ManifestS3Uri": "s3://example-bucket/in"}}},
    "OutputConfig": {"S3OutputPath": "s3://example-bucket/out"},
    "HumanTaskConfig": {
        "WorkteamArn": f"{ARN}:workteam/private-crowd/birds",
        "PreHumanTaskLambdaArn": "arn:aws:lambda:us-east-1:432418664414:function:PRE-BoundingBox",
        "NumberOfHumanWorkersPerDataObject": 3,
        "TaskTimeLimitInSeconds": 60,
        "PublicWorkforceTaskPrice": {"AmountInUsd": {"Dollars": 0, "Cents": 1, "TenthFractionsOfACent": 2}},
    },
}
USER: dict[str, Any] = {
    "Username": "ann",
    "Attributes": [{"Name": "sub", "Value": "0-1"}, {"Name": "email", "Value": "ann@example.com"}],
    "UserLastModifiedDate": 1615233600,
    "Enabled": True,
}
TEAM: dict[str, Any] = {
    "WorkteamName": "birds",
    "WorkteamArn": f"{ARN}:workteam/private-crowd/birds",
    "MemberDefinitions": [
        {"CognitoMemberDefinition": {"UserPool": "us-east-1_EXAMPLE", "UserGroup": "birds"}},
        {"OidcMemberDefinition": {"Groups": ["birds"]}},
    ],
    "Description": "birds",
    "CreateDate": 1615233600,
    "LastUpdatedDate": "2021-03-08T20:00:00Z",
}
EVENT: dict[str, Any] = {
    "worker_id": "0a01",
    "cognito_user_pool_id": "us-east-1_EXAMPLE",
    "cognito_sub_id": "0-1",
    "task_accepted_time": "Mon Mar 08 23:59:59 UTC 2021",
    "task_submitted_time": "",
    "workteam_arn": f"{ARN}:workteam/private-crowd/birds",
    "labeling_job_arn": f"{ARN}:labeling-job/sound",
    "event_type": "TasksAccepted",
    "event_timestamp": "1615247999",
}
SOUND: dict[str, list[Any]] = {
    "jobs": [JOB, {"LabelingJobSummaryList": [JOB]}],
    "workers": [{"Users": [USER]}, {"Workteam": TEAM}, {"Workteams": [TEAM]}],
    "activity": [EVENT, {"events": [{"message": json.dumps(EVENT), "timestamp": 1}]}],
}
TABLES = {
    "jobs": {"labeling_jobs"},
    "workers": {"workers", "workteams", "workteam_members"},
    "activity": {"worker_activity"},
}

# What all files together say.
OF_SEVERAL = {ResourceKind.SAVED_RESPONSE, ResourceKind.WORKTEAM_MEMBERS}

any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def read(command: str, *files: bytes) -> list[Resource]:
    """The resources of saved files; where it matters, the pool and the region are told."""
    saved = [SavedFile(f"file:///{number}.json", data) for number, data in enumerate(files)]
    if command == "jobs":
        return [*saved_jobs(saved, "us-east-1")]
    if command == "workers":
        return [*saved_workers(saved, [("birds", file) for file in saved], "us-east-1_EXAMPLE")]
    return [*saved_activity(saved)]


def check(command: str, resources: Iterable[Resource]) -> None:
    """Each is loaded, with rows that Parquet takes, or refused for a reason, with none."""
    for resource in resources:
        assert resource.uri.encode("utf-8", "surrogatepass")
        if resource.status == Status.LOADED:
            assert resource.error is None
        else:
            assert resource.error
            assert not resource.rows
        for table, rows in resource.rows.items():
            assert table in TABLES[command]
            if rows:
                to_batch([("load", 0, resource.job_name, *row) for row in rows], RAW_TABLES[table].schema)


def places(value: Any) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    yield ()
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        for place in places(child):
            yield (name, *place)


@st.composite
def one_other_value(draw: st.DrawFn, command: str) -> bytes:
    """A sound response in which one value is another."""
    response = copy.deepcopy(draw(st.sampled_from(SOUND[command])))
    *path, last = draw(st.sampled_from([place for place in places(response) if place]))
    inner = response
    for name in path:
        inner = inner[name]
    inner[last] = draw(any_json)
    return json.dumps(response).encode()


@pytest.mark.parametrize("command", SOUND)
@given(data=st.data())
def test_any_value_in_place_of_any_other(command: str, data: st.DataObject) -> None:
    """And a sound response in another file is read all the same."""
    sound = json.dumps(SOUND[command][0]).encode()
    alone = [resource for resource in read(command, sound) if resource.kind not in OF_SEVERAL]
    resources = read(command, sound, data.draw(one_other_value(command)))
    check(command, resources)
    assert alone
    assert all(resource in resources for resource in alone)


@pytest.mark.parametrize("command", SOUND)
@given(value=any_json)
def test_any_json(command: str, value: Any) -> None:
    resources = read(command, json.dumps(value).encode())
    check(command, resources)
    assert not any(any(resource.rows.values()) for resource in resources)


@pytest.mark.parametrize("command", SOUND)
@given(data=st.binary(max_size=60) | st.binary(max_size=40).map(lambda tail: b"\x1f\x8b\x08" + tail))
def test_any_bytes(command: str, data: bytes) -> None:
    resources = read(command, data)
    check(command, resources)
    assert not any(any(resource.rows.values()) for resource in resources)


@pytest.mark.parametrize("command", SOUND)
@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"9" * 10_000,
        b'{"Users": [' + b"[" * 100_000,
        b'"\\ud800"',
        b"NaN",
        b"\xff\xfe[",
    ],
    ids=["lists", "objects", "digits", "users", "surrogate", "nan", "utf-16"],
)
def test_hostile_files(command: str, data: bytes) -> None:
    resources = read(command, data)
    check(command, resources)
    assert any(resource.error for resource in resources)


@pytest.mark.parametrize("command", SOUND)
@pytest.mark.parametrize("form", ["one", "list", "lines", "indented", "gzip", "utf-16", "byte order mark"])
def test_a_response_is_the_same_in_every_form(command: str, form: str) -> None:
    """As the AWS CLI prints one or many, as a script collects them, and as PowerShell writes them."""
    response = SOUND[command][0]
    text = json.dumps(response)
    forms = {
        "one": text.encode(),
        "list": json.dumps([response, response]).encode(),
        "lines": f"{text}\n\n{text}".encode(),
        "indented": f"{json.dumps(response, indent=4)}\n{text}\n".encode(),
        "gzip": gzip.compress(text.encode()),
        "utf-16": text.encode("utf-16"),
        "byte order mark": text.encode("utf-8-sig"),
    }

    resources = read(command, forms[form])

    assert not [resource.error for resource in resources if resource.error]
    rows = {row[:-1] for resource in resources for table_rows in resource.rows.values() for row in table_rows}
    assert rows == {
        row[:-1]
        for resource in read(command, text.encode())
        for table_rows in resource.rows.values()
        for row in table_rows
    }
    assert rows


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)))
def test_a_moment_is_the_same_in_every_form(moment: datetime) -> None:
    """AWS CLI v2, boto3 as text, boto3 through this loader, and to the millisecond AWS CLI v1."""
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    forms: list[Moment] = [moment.isoformat(), str(moment), moment.timestamp()]
    forms.append(msgspec.json.decode(as_saved({"at": moment, "ResponseMetadata": object}))["at"])
    assert len({time_of("at", form) for form in forms}) == 1


@given(st.lists(any_json, max_size=5), st.sampled_from(["\n", " ", "", "\r\n\t", "\n2021-03-08T23:59:59.123Z "]))
def test_values_one_after_the_other(values: list[Any], between: str) -> None:
    objects = [{"value": value} for value in values]
    text = between.join(json.dumps(value) for value in objects)
    found = [bytes(raw).decode() for raw in json_values(text)]
    assert found == [json.dumps(value) for value in objects]


def test_every_lambda_has_a_known_task_type() -> None:
    assert set(LAMBDA_TASK_TYPES.values()) == set(TASK_TYPES)
    for name, task_type in LAMBDA_TASK_TYPES.items():
        arn = f"arn:aws:lambda:us-east-1:432418664414:function:PRE-{name}"
        assert task_type_of_lambda(arn) == task_type_of_lambda(f"{arn}:$LATEST") == task_type
    assert task_type_of_lambda(None) is None


def test_gzip_unpacks_to_a_limit() -> None:
    file = SavedFile("file:///x.gz", gzip.compress(bytes(MAX_UNPACKED_BYTES + 1)))
    assert len(file.data) < 1_000_000
    with pytest.raises(BadFile, match="unpacks to more than 128 MB: split it"):
        file.text()
    assert SavedFile("", gzip.compress(b"[]") * 2).text() == "[][]"
