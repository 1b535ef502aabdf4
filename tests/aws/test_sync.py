"""The sync commands against AWS's APIs: every page, only what changed, and what goes wrong in one line."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result
from moto import mock_aws

from ingest.aws import clients as aws
from ingest.cli import cli
from ingest.identity import worker_key
from ingest.lake.compact import compact
from ingest.lake.forget import Selection, forget
from ingest.lake.lake import Lake
from ingest.lake.ledger import read_ledger
from ingest.lake.status import status
from ingest.lake.vacuum import vacuum
from ingest.load.run import load
from ingest.storage.open import open_store
from ingest.tables import TABLES
from tests.aws.aws_api import AwsApi, Params, pages, refusing
from tests.jobs import current_rows, write_job

HOME = "sagemaker://eu-central-1/111122223333"
POOL = "eu-central-1_EXAMPLE"
ISSUER = f"https://cognito-idp.eu-central-1.amazonaws.com/{POOL}"
LOG = "cloudwatch-logs://eu-central-1/111122223333/aws/sagemaker/groundtruth/WorkerActivity"
NOON = 1_771_156_800  # 2026-02-15 12:00 UTC


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "example")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it keeps the credentials of the test before


@pytest.fixture
def api(account: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsApi]:
    with AwsApi() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint)
        yield server


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / "lake"


def run(command: str, lake: Path, *options: str) -> Result:
    return CliRunner().invoke(cli, [command, str(lake), *options])


def summary(done: Result) -> dict[str, Any]:
    """What ``--json`` says, less what is nothing."""
    found: dict[str, Any] = json.loads(done.stdout)
    return {name: value for name, value in found.items() if value and name != "load_id"}


def column(lake: Path, table: str, *names: str) -> list[Any]:
    """Columns of a table's current rows."""
    places = [[name for name, _, _ in TABLES[table].columns[2:]].index(name) for name in names]
    rows = [tuple(row[place] for place in places) for row in current_rows(lake)[table]]
    return sorted(rows if len(names) > 1 else (row[0] for row in rows))


# Jobs


def job(name: str, job_status: str = "Completed", modified: float = NOON, **fields: Any) -> dict[str, Any]:
    return {
        "LabelingJobName": name,
        "LabelingJobArn": f"arn:aws:sagemaker:eu-central-1:111122223333:labeling-job/{name.lower()}",
        "LabelingJobStatus": job_status,
        "CreationTime": NOON - 3600,
        "LastModifiedTime": modified,
        **fields,
    }


def describing(jobs: dict[str, dict[str, Any]]) -> Callable[[Params], dict[str, Any]]:
    return lambda params: {"HumanTaskConfig": {}, **jobs[params["LabelingJobName"]]}


def serve_jobs(api: AwsApi, *jobs: dict[str, Any]) -> None:
    api.answers["ListLabelingJobs"] = pages("LabelingJobSummaryList", list(jobs), 2)
    api.answers["DescribeLabelingJob"] = describing({job["LabelingJobName"]: job for job in jobs})


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        (
            {"LabelCounters": {"TotalLabeled": 5, "HumanLabeled": 4, "MachineLabeled": 2}},
            "LabelCounters do not add up: HumanLabeled 4 and MachineLabeled 2 are more than TotalLabeled 5",
        ),
        (
            {"LabelCounters": {"TotalLabeled": 1, "Unlabeled": 2**63 - 1}},
            "Expected `int` <= 2147483647 - at `$.LabelCounters.Unlabeled`",
        ),
        ({"LabelCounters": {"TotalLabeled": -1}}, "Expected `int` >= 0 - at `$.LabelCounters.TotalLabeled`"),
        (
            {"HumanTaskConfig": {"NumberOfHumanWorkersPerDataObject": 2**31 - 1}},
            "Expected `int` <= 1000 - at `$.HumanTaskConfig.NumberOfHumanWorkersPerDataObject`",
        ),
        (
            {"HumanTaskConfig": {"TaskTimeLimitInSeconds": -1}},
            "Expected `int` >= 0 - at `$.HumanTaskConfig.TaskTimeLimitInSeconds`",
        ),
    ],
)
def test_counts_that_cannot_be_are_refused(api: AwsApi, lake: Path, fields: dict[str, Any], error: str) -> None:
    serve_jobs(api, job("Sound"), job("Broken", **fields))

    done = run("sync-jobs", lake, "--json")

    found = summary(done)
    assert (done.exit_code, found["loaded"], found["rejected"]) == (1, 1, 1)
    assert [refused["error"] for refused in found["errors"]] == [error]
    assert column(lake, "labeling_jobs", "job_name") == ["Sound"]


def test_counters_of_a_running_job_add_up(api: AwsApi, lake: Path) -> None:
    """What is labeled by nobody known yet counts in the total only."""
    serve_jobs(api, job("Running", LabelCounters={"TotalLabeled": 5, "HumanLabeled": 3, "MachineLabeled": 1}))

    assert run("sync-jobs", lake, "--json").exit_code == 0
    assert column(lake, "labeling_jobs", "total_labeled_count", "human_labeled_count") == [(5, 3)]


def test_every_job_of_every_page_is_described(api: AwsApi, lake: Path) -> None:
    serve_jobs(api, *(job(f"Job-{number}") for number in range(5)))

    done = run("sync-jobs", lake, "--json")

    assert (done.exit_code, summary(done)) == (0, {"found": 5, "loaded": 5, "rows": 5})
    assert column(lake, "labeling_jobs", "job_name") == [f"Job-{number}" for number in range(5)]
    uris = {entry.uri: entry.modified_at for entry in read_ledger(open_store(str(lake))).newest.values()}
    assert uris == {f"{HOME}/labeling-job/Job-{number}": NOON * 1000 for number in range(5)}


def test_jobs_are_chosen_by_the_api(api: AwsApi, lake: Path) -> None:
    serve_jobs(api, job("Birds"))

    run("sync-jobs", lake, "--name-contains", "Bird", "--since", "2026-02-15T12:00Z")

    (params,) = api.called("ListLabelingJobs")
    assert params == {"NameContains": "Bird", "CreationTimeAfter": NOON}


def test_a_job_that_changed_replaces_itself_and_one_that_vanished_stays(api: AwsApi, lake: Path) -> None:
    serve_jobs(api, job("Birds", "InProgress"), job("Bats"))
    run("sync-jobs", lake)
    serve_jobs(api, job("Birds", "Stopped", NOON + 60))

    changed, again = run("sync-jobs", lake, "--json"), run("sync-jobs", lake, "--json")

    assert summary(changed) == {"found": 1, "loaded": 1, "rows": 1}
    assert summary(again) == {"found": 1, "unchanged": 1}
    assert json.loads(again.stdout)["load_id"] is None
    assert column(lake, "labeling_jobs", "job_name", "job_status") == [("Bats", "Completed"), ("Birds", "Stopped")]


def test_an_older_response_does_not_replace_a_newer_one(api: AwsApi, lake: Path, tmp_path: Path) -> None:
    serve_jobs(api, job("Birds", "Completed"))
    run("sync-jobs", lake)
    old = tmp_path / "old.json"
    old.write_text(json.dumps({**job("Birds", "InProgress", NOON - 60), "HumanTaskConfig": {}}))

    done = run("sync-jobs", lake, "--from", str(old), "--json")

    assert summary(done) == {"found": 1, "unchanged": 1}
    assert column(lake, "labeling_jobs", "job_status") == ["Completed"]


def test_a_job_is_the_same_wherever_it_is_read(api: AwsApi, lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 gives times in this machine's zone."""
    serve_jobs(api, job("Birds"))
    run("sync-jobs", lake)
    try:
        monkeypatch.setenv("TZ", "Asia/Kolkata")
        time.tzset()
        assert summary(run("sync-jobs", lake, "--json")) == {"found": 1, "unchanged": 1}
    finally:
        monkeypatch.undo()
        time.tzset()


def test_one_job_that_is_refused_does_not_stop_the_others(api: AwsApi, lake: Path) -> None:
    serve_jobs(api, job("Birds"), job("Secret"))
    describe = api.answers["DescribeLabelingJob"]
    refuse = refusing("AccessDeniedException")
    api.answers["DescribeLabelingJob"] = lambda params: (
        refuse(params) if params["LabelingJobName"] == "Secret" else describe(params)
    )

    done = run("sync-jobs", lake)
    again = run("sync-jobs", lake, "--json")
    api.answers["DescribeLabelingJob"] = describe
    allowed = run("sync-jobs", lake, "--json")

    assert done.exit_code == 1
    assert f"{HOME}/labeling-job/Secret\n" in done.stderr
    assert "cannot be read: sagemaker:DescribeLabelingJob Secret: AccessDeniedException: User: x" in done.stderr
    assert "(the credentials need sagemaker:DescribeLabelingJob)" in done.stderr
    assert again.exit_code == 1
    assert summary(again).keys() == {"found", "unchanged", "rejected", "errors"}
    assert json.loads(again.stdout)["load_id"] is None
    assert (allowed.exit_code, summary(allowed)) == (0, {"found": 2, "unchanged": 1, "loaded": 1, "rows": 1})


@pytest.mark.parametrize(
    ("command", "refused"),
    [
        ("sync-jobs", "ListLabelingJobs"),
        ("sync-jobs", "DescribeLabelingJob"),
        ("sync-workers", "ListWorkteams"),
        ("sync-workers --workteam birds", "DescribeWorkteam"),
        (f"sync-workers --user-pool {POOL}", "ListUsers"),
        ("sync-activity", "FilterLogEvents"),
    ],
)
def test_what_is_refused_as_a_whole_does_nothing(command: str, refused: str, api: AwsApi, lake: Path) -> None:
    """In one line, which names the action."""
    serve_jobs(api, job("Birds"))
    api.answers[refused] = refusing("AccessDeniedException")
    name, *options = command.split()

    done = run(name, lake, *options)

    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert f":{refused}" in done.stderr
    assert "(the credentials need " in done.stderr
    assert not [*lake.rglob("*.parquet")]


@pytest.mark.parametrize("command", ["sync-jobs", "sync-workers", "sync-activity"])
@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (["AWS_REGION"], "error: no AWS region: set AWS_REGION\n"),
        (["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], "no AWS credentials found"),
    ],
)
def test_no_region_and_no_credentials(
    command: str, missing: list[str], said: str, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in missing:
        monkeypatch.delenv(name)

    done = run(command, lake)

    assert done.exit_code == 2
    assert said in done.stderr


def test_a_profile_that_is_not_there(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    done = run("sync-jobs", lake)

    assert (done.exit_code, done.stderr) == (2, "error: The config profile (nobody) could not be found\n")


def test_a_service_that_throttles_is_asked_again(api: AwsApi, lake: Path) -> None:
    serve_jobs(api, job("Birds"))
    answers = iter([refusing("ThrottlingException", "Rate exceeded"), api.answers["ListLabelingJobs"]])
    api.answers["ListLabelingJobs"] = lambda params: next(answers)(params)

    done = run("sync-jobs", lake, "--json")

    assert summary(done) == {"found": 1, "loaded": 1, "rows": 1}
    assert aws.client("sagemaker").meta.config.retries == {"mode": "adaptive", "total_max_attempts": 10}


def test_jobs_of_one_name_in_two_regions_are_not_mixed(api: AwsApi, lake: Path, tmp_path: Path) -> None:
    serve_jobs(api, job("Birds"), job("Bats"))
    run("sync-jobs", lake)
    other = tmp_path / "other.json"
    arn = "arn:aws:sagemaker:us-east-1:111122223333:labeling-job/birds"
    other.write_text(json.dumps({**job("Birds", "Failed"), "LabelingJobArn": arn, "HumanTaskConfig": {}}))

    done, again = (run("sync-jobs", lake, "--from", str(other), "--json") for _ in range(2))

    assert done.exit_code == 1
    (error,) = summary(done)["errors"]
    assert error["error"].startswith(f"job Birds is known from {HOME}: forget it there")
    assert summary(again).keys() >= {"skipped"}
    assert column(lake, "labeling_jobs", "job_name", "job_status") == [("Bats", "Completed"), ("Birds", "Completed")]

    forget(Lake.open(str(lake)), Selection(uris=[f"{HOME}/labeling-job/Birds"]))
    assert run("sync-jobs", lake, "--from", str(other)).exit_code == 0
    assert column(lake, "labeling_jobs", "job_name", "job_status") == [("Bats", "Completed"), ("Birds", "Failed")]


def test_a_description_belongs_to_the_job_that_is_loaded(api: AwsApi, lake: Path, tmp_path: Path) -> None:
    """It is no folder of that name: the job's files are loaded before or after it."""
    source = write_job(tmp_path / "source", "Birds", {0: {"ann": "Owl"}}).parent
    serve_jobs(api, job("Birds"), job("Bats"))
    run("sync-jobs", lake)

    loaded = load(str(source), str(lake))
    run("sync-jobs", lake)

    assert (loaded.files_loaded, loaded.errors) == (2, [])
    found = {held.job_name: held.files for held in status(Lake.open(str(lake))).jobs}
    assert found == {"Birds": 3, "Bats": 1}


def test_a_job_that_was_forgotten_stays_so_until_it_is_asked_for(api: AwsApi, lake: Path) -> None:
    serve_jobs(api, job("Birds"), job("Bats"))
    run("sync-jobs", lake)
    forget(Lake.open(str(lake)), Selection(jobs=["Birds"]))

    left_out = run("sync-jobs", lake, "--json")
    before = column(lake, "labeling_jobs", "job_name")
    taken = run("sync-jobs", lake, "--include-forgotten", "--json")

    assert summary(left_out) == {"found": 2, "unchanged": 1, "forgotten": 1}
    assert before == ["Bats"]
    assert summary(taken) == {"found": 2, "unchanged": 1, "loaded": 1, "rows": 1}
    assert column(lake, "labeling_jobs", "job_name") == ["Bats", "Birds"]


# Workers


def sub(number: int) -> str:
    return f"11111111-aaaa-4bbb-8ccc-{number:012d}"


def key(number: int) -> str:
    return worker_key("", ISSUER, sub(number))


def user(number: int, **fields: Any) -> dict[str, Any]:
    attributes = [{"Name": "email", "Value": f"user{number}@example.com"}, {"Name": "sub", "Value": sub(number)}]
    return {
        "Username": f"user{number}",
        "Attributes": attributes if number % 2 else attributes[::-1],
        "UserLastModifiedDate": NOON,
        "Enabled": True,
        **fields,
    }


def team(name: str, *groups: str) -> dict[str, Any]:
    members = [{"CognitoMemberDefinition": {"UserPool": POOL, "UserGroup": group, "ClientId": "x"}} for group in groups]
    arn = f"arn:aws:sagemaker:eu-central-1:111122223333:workteam/private-crowd/{name}"
    return {"WorkteamName": name, "WorkteamArn": arn, "Description": name, "MemberDefinitions": members}


def serve_workers(api: AwsApi, teams: list[dict[str, Any]], groups: dict[str, list[dict[str, Any]]]) -> None:
    api.answers["ListWorkteams"] = pages("Workteams", teams, 1)
    api.answers["DescribeWorkteam"] = lambda params: {
        "Workteam": next(team for team in teams if team["WorkteamName"] == params["WorkteamName"])
    }
    api.answers["ListUsersInGroup"] = lambda params: pages("Users", groups[params["GroupName"]], 2)(params)


def test_the_members_of_every_team(api: AwsApi, lake: Path) -> None:
    groups = {"g": [user(number) for number in range(5)], "h": [user(4), user(5)], "none": []}
    serve_workers(api, [team("birds", "g", "h"), team("bats", "h"), team("empty", "none")], groups)

    done = run("sync-workers", lake, "--json")

    assert (done.exit_code, summary(done)) == (0, {"found": 12, "loaded": 12, "rows": 6 + 3 + 6 + 2})
    assert column(lake, "workteam_members", "workteam_name", "worker_key") == sorted(
        [("birds", key(number)) for number in range(6)] + [("bats", key(4)), ("bats", key(5))]
    )
    assert column(lake, "workers", "worker_key", "username", "email") == sorted(
        (key(number), f"user{number}", f"user{number}@example.com") for number in range(6)
    )
    assert column(lake, "workteams", "workteam_name", "group_names") == [
        ("bats", "h"),
        ("birds", "g,h"),
        ("empty", "none"),
    ]
    assert not api.called("ListUsers")  # a pool may hold others, who are no workers


def test_a_team_by_name_and_a_pool_of_another_region(api: AwsApi, lake: Path) -> None:
    serve_workers(api, [team("birds", "g"), team("bats", "g")], {"g": [user(1)]})
    api.answers["ListUsers"] = pages("Users", [user(number) for number in range(3)], 1, "PaginationToken")

    run("sync-workers", lake, "--workteam", "birds", "--user-pool", "us-west-2_OTHER")

    issuer = "https://cognito-idp.us-west-2.amazonaws.com/us-west-2_OTHER"
    assert column(lake, "workteams", "workteam_name") == ["birds"]
    assert column(lake, "workers", "identity_issuer", "identity_sub") == sorted(
        [(ISSUER, sub(1)), *((issuer, sub(number)) for number in range(3))]
    )
    assert len(api.called("ListUsers")) == 3
    assert api.regions == {
        "DescribeWorkteam": "eu-central-1",
        "ListUsersInGroup": "eu-central-1",
        "ListUsers": "us-west-2",
    }


def test_keys_are_those_of_answers(api: AwsApi, lake: Path, tmp_path: Path) -> None:
    identity = {"identityProviderType": "Cognito", "issuer": ISSUER, "sub": sub(1)}
    answer = {
        "answerContent": {},
        "submissionTime": "2026-02-15T12:00:00Z",
        "workerId": "private.eu-central-1.0123",
        "workerMetadata": {"identityData": identity},
    }
    path = tmp_path / "source/Birds/annotations/worker-response/iteration-1/0/2026-02-15_12-00-00.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"answers": [answer]}))
    load(str(tmp_path / "source"), str(lake))
    serve_workers(api, [team("birds", "g")], {"g": [user(1)]})

    run("sync-workers", lake)

    assert column(lake, "worker_answers", "worker_key") == column(lake, "workers", "worker_key") == [key(1)]


def test_who_leaves_a_team_is_no_member_but_known(api: AwsApi, lake: Path) -> None:
    serve_workers(api, [team("birds", "g")], {"g": [user(1), user(2)]})
    run("sync-workers", lake)
    serve_workers(api, [team("birds", "g")], {"g": [user(2, Enabled=False, UserLastModifiedDate=NOON + 1)]})

    run("sync-workers", lake)

    assert column(lake, "workteam_members", "worker_key") == [key(2)]
    assert column(lake, "workers", "username", "is_enabled") == [("user1", True), ("user2", False)]


def test_a_group_that_is_gone_is_told_and_the_rest_is_loaded(api: AwsApi, lake: Path) -> None:
    serve_workers(api, [team("birds", "g"), team("bats", "h")], {"g": [user(1)], "h": [user(2)]})
    run("sync-workers", lake)
    members = api.answers["ListUsersInGroup"]
    gone = refusing("ResourceNotFoundException", "Group not found.")
    api.answers["ListUsersInGroup"] = lambda params: gone(params) if params["GroupName"] == "g" else members(params)

    done = run("sync-workers", lake)

    assert done.exit_code == 1
    assert f"cognito-idp://{POOL}/workteam/birds\n" in done.stderr
    assert f"cognito-idp:ListUsersInGroup g of {POOL}: ResourceNotFoundException: Group not found." in done.stderr
    assert column(lake, "workteam_members", "workteam_name", "worker_key") == [("bats", key(2)), ("birds", key(1))]


@pytest.mark.parametrize(
    "name",
    ["user1", "user1@example.com", sub(1), key(1), f"worker-{key(1)[:8]}"],
    ids=["user", "e-mail", "sub", "key", "pseudonym"],
)
def test_a_forgotten_worker_is_erased_everywhere_and_left_out_from_then_on(name: str, api: AwsApi, lake: Path) -> None:
    """The rows of others stay, and the ledger does not even have the worker's sub."""
    serve_workers(api, [team("birds", "g")], {"g": [user(1), user(2)]})
    serve_events(api, event(NOON, 1), event(NOON, 2))
    run("sync-workers", lake)
    run("sync-activity", lake)
    store = open_store(str(lake))

    forgotten = forget(Lake(store), Selection(workers=[name]))
    compact(Lake(store))
    vacuum(Lake(store), grace_hours=0)

    assert (forgotten.workers, forgotten.answers) == (1, 0)
    data = b"".join(path.read_bytes() for path in lake.rglob("*.parquet"))
    rows = str(current_rows(lake)) + str(read_ledger(store))
    for trace in ("user1", sub(1)):
        assert trace not in rows
        assert trace.encode() not in data
    for table in ("workers", "workteam_members", "worker_activity"):
        assert column(lake, table, "worker_key") == [key(2)], table

    serve_workers(api, [team("birds", "g")], {"g": [user(1, UserLastModifiedDate=NOON + 9), user(2), user(3)]})
    serve_events(api, event(NOON, 1), event(NOON, 2), event(NOON + 1, 1))
    done = run("sync-workers", lake, "--json")
    run("sync-activity", lake)

    assert summary(done) == {"found": 5, "unchanged": 2, "forgotten": 1, "loaded": 2, "rows": 3}
    for table in ("workers", "workteam_members", "worker_activity"):
        assert key(1) not in column(lake, table, "worker_key"), table


def test_cognito_as_moto_plays_it(lake: Path) -> None:
    """Users of two pages, from a service that this project did not write."""
    with mock_aws():
        cognito = aws.client("cognito-idp")
        pool = cognito.create_user_pool(PoolName="workers")["UserPool"]["Id"]
        for number in range(61):
            email = [{"Name": "email", "Value": f"user{number}@example.com"}]
            cognito.admin_create_user(UserPoolId=pool, Username=f"user{number}", UserAttributes=email)

        done = run("sync-workers", lake, "--user-pool", pool, "--json")
        again = run("sync-workers", lake, "--user-pool", pool, "--json")

    assert (summary(done), summary(again)) == ({"found": 61, "loaded": 61, "rows": 61}, {"found": 61, "unchanged": 61})
    assert set(column(lake, "workers", "email")) == {f"user{number}@example.com" for number in range(61)}
    assert len(set(column(lake, "workers", "identity_sub"))) == 61


def test_the_pool_s_id_must_be_one(lake: Path) -> None:
    done = run("sync-workers", lake, "--user-pool", "example")

    assert done.exit_code == 2
    assert "not the id of a user pool, such as us-east-1_EXAMPLE: 'example'" in done.stderr


# Activity


def event(at: int, number: int = 1, event_type: str = "TasksSubmitted") -> dict[str, Any]:
    """Event as CloudWatch has it; it is shown a second after it happened."""
    java = f"{datetime.fromtimestamp(at, UTC):%a %b %d %H:%M:%S} UTC {datetime.fromtimestamp(at, UTC):%Y}"
    message = {
        "worker_id": f"{number:016d}",
        "cognito_user_pool_id": POOL,
        "cognito_sub_id": sub(number),
        "task_submitted_time": java,
        "workteam_arn": "arn:aws:sagemaker:eu-central-1:111122223333:workteam/private-crowd/birds",
        "event_type": event_type,
        "event_timestamp": str(at),
    }
    stream = "aws/sagemaker/groundtruth/worker-activity/111122223333-eu-central-1/1"
    return {"logStreamName": stream, "timestamp": at * 1000 + 1000, "message": json.dumps(message), "eventId": f"{at}"}


def serve_events(api: AwsApi, *events: dict[str, Any]) -> None:
    def answer(params: Params) -> dict[str, Any]:
        wanted = [event for event in events if event["timestamp"] >= params.get("startTime", 0)]
        return pages("events", wanted, 2, "nextToken")(params)

    api.answers["FilterLogEvents"] = answer


def test_events_of_every_page_by_day(api: AwsApi, lake: Path) -> None:
    serve_events(api, *(event(NOON + hour * 3600, hour) for hour in (20, 0, 5, 11, 12, 13)))

    done = run("sync-activity", lake, "--json")

    assert (done.exit_code, summary(done)) == (0, {"found": 2, "loaded": 2, "rows": 6})
    newest = read_ledger(open_store(str(lake))).newest
    assert {uri: entry.row_count for uri, entry in newest.items()} == {f"{LOG}/2026-02-15": 3, f"{LOG}/2026-02-16": 3}
    assert [params.get("startTime") for params in api.called("FilterLogEvents")] == [None] * 3
    assert column(lake, "worker_activity", "submitted_at") == column(lake, "worker_activity", "event_at")


@pytest.mark.parametrize(
    ("newest", "start"), [("2026-02-15T12:00:00", "2026-02-15"), ("2026-02-15T05:59:59", "2026-02-14")]
)
def test_only_the_days_are_read_again_that_may_have_more(newest: str, start: str, api: AwsApi, lake: Path) -> None:
    at = int(datetime.fromisoformat(f"{newest}Z").timestamp())
    events = [event(at - 5 * 86_400), event(at)]
    serve_events(api, *events)
    run("sync-activity", lake)
    api.calls.clear()

    again = run("sync-activity", lake, "--json")
    serve_events(api, *events, event(at + 60))
    more = run("sync-activity", lake, "--json")

    started = {params["startTime"] for params in api.called("FilterLogEvents")}
    assert started == {int(datetime.fromisoformat(f"{start}T00:00Z").timestamp()) * 1000}
    assert summary(again) == {"found": 1, "unchanged": 1}
    assert summary(more) == {"found": 1, "loaded": 1, "rows": 2}
    assert len(current_rows(lake)["worker_activity"]) == 3


def test_since_is_the_day_it_is_in(api: AwsApi, lake: Path) -> None:
    serve_events(api, event(NOON - 86_400), event(NOON))
    run("sync-activity", lake)
    api.calls.clear()

    run("sync-activity", lake, "--since", "2026-02-14T18:00+03:00")

    (params,) = api.called("FilterLogEvents")
    assert params["startTime"] == int(datetime(2026, 2, 14, tzinfo=UTC).timestamp()) * 1000


def test_a_day_of_which_the_log_has_lost_the_beginning_stays_whole(api: AwsApi, lake: Path) -> None:
    events = [event(NOON), event(NOON + 1), event(NOON + 2)]
    serve_events(api, *events)
    run("sync-activity", lake)
    serve_events(api, *events[1:])

    done = run("sync-activity", lake, "--json")

    assert summary(done) == {"found": 1, "unchanged": 1}
    assert len(current_rows(lake)["worker_activity"]) == 3


def test_a_day_with_something_else_is_refused_and_the_others_are_loaded(api: AwsApi, lake: Path) -> None:
    broken = {**event(NOON), "message": "START"}
    serve_events(api, broken, event(NOON + 86_400))

    done = run("sync-activity", lake)
    again = run("sync-activity", lake, "--since", "2026-02-15")

    assert done.exit_code == 1
    assert f"{LOG}/2026-02-15\n    event 1: JSON is malformed" in done.stderr
    assert len(current_rows(lake)["worker_activity"]) == 1
    assert again.exit_code == 0  # it was told


# The lake


def test_status_shows_directories_apart_from_jobs(api: AwsApi, lake: Path) -> None:
    serve_jobs(api, job("Birds"))
    serve_workers(api, [team("birds", "g")], {"g": [user(1), user(2)]})
    for command in ("sync-jobs", "sync-workers"):
        run(command, lake)

    held = status(Lake.open(str(lake)))

    assert [job.job_name for job in held.jobs] == ["Birds"]
    assert {kind.file_kind: (kind.files, kind.rows) for kind in held.directories} == {
        "user": (2, 2),
        "workteam": (1, 1),
        "workteam_members": (1, 2),
    }
    text = run("status", lake).stdout
    assert "\nuser  " in text
    assert "\nBirds  " in text


def test_compact_changes_no_row_and_no_memory(api: AwsApi, lake: Path) -> None:
    serve_jobs(api, job("Birds", "InProgress"))
    serve_workers(api, [team("birds", "g")], {"g": [user(1)]})
    serve_events(api, event(NOON))
    commands = ("sync-jobs", "sync-workers", "sync-activity")
    for command in commands:
        run(command, lake)
    serve_jobs(api, job("Birds", "Completed", NOON + 1))
    run("sync-jobs", lake)
    before = current_rows(lake)

    store = open_store(str(lake))
    compact(Lake(store))
    vacuum(Lake(store), grace_hours=0)

    assert current_rows(lake) == before
    assert len([*(lake / "raw/source_files").glob("[!_]*.parquet")]) == 1
    assert all(not {"loaded", "rejected"} & summary(run(command, lake, "--json")).keys() for command in commands)


def test_a_file_that_is_whole_again_is_no_error_any_more(lake: Path, tmp_path: Path) -> None:
    saved = tmp_path / "jobs.json"
    saved.write_text('{"LabelingJobName": ')
    assert run("sync-jobs", lake, "--from", str(saved)).exit_code == 1
    saved.write_text(json.dumps({**job("Birds"), "HumanTaskConfig": {}}))

    done = run("sync-jobs", lake, "--from", str(saved), "--json")

    assert summary(done) == {"found": 1, "loaded": 1, "rows": 1}
    assert status(Lake.open(str(lake))).errors == []


def test_a_file_that_is_not_there_does_nothing(lake: Path, tmp_path: Path) -> None:
    for command in ("sync-jobs", "sync-workers", "sync-activity"):
        done = run(command, lake, "--from", str(tmp_path / "nothing.json"))
        assert done.exit_code == 2
        assert done.stderr.startswith(f"error: cannot read file://{tmp_path}/nothing.json: ")
    (tmp_path / "empty").mkdir()
    assert "no .json, .jsonl or .gz file in" in run("sync-jobs", lake, "--from", str(tmp_path / "empty")).stderr
    assert not lake.exists()


@pytest.mark.parametrize(
    "options",
    [
        "sync-jobs --from x --name-contains y",
        "sync-jobs --from x --since 2026-01-01",
        "sync-jobs --since yesterday",
        "sync-workers --from x --workteam y",
        "sync-workers --members birds",
        "sync-workers --from x --user-pool us-east-1_A --user-pool us-east-1_B",
        "sync-activity --from x --since 2026-01-01",
    ],
)
def test_options_that_contradict_each_other(options: str, lake: Path) -> None:
    command, *rest = options.split()

    done = run(command, lake, *rest)

    assert done.exit_code == 2
    assert "Usage: " in done.stderr
