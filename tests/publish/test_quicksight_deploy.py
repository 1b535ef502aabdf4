"""Deployments, replayed against answers of the service. Each request must be the next one that is expected."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from click.testing import CliRunner, Result

from publish.cli import cli
from publish.marts import DuckDBMarts, Marts
from publish.quicksight import command
from publish.quicksight.deployment import Change, Deployment, DeploymentError, rules_or_error, unsafe_rules
from publish.quicksight.resources import Kind, Resource
from tests.publish.quicksight import ACCOUNT, OWNER, REGION, SETUP, VIEWER, sound
from tests.publish.warehouse import make_warehouse

SESSION = boto3.Session("key", "secret", region_name=REGION)  # one, which reads the service's large model once
TIME = datetime.datetime(2026, 11, 26, tzinfo=datetime.UTC)
ARN = SETUP.arn("any", "thing")
DASHBOARD = {"AwsAccountId": ACCOUNT, "DashboardId": "ground-truth-analytics"}


def few() -> list[Resource]:
    """A data source, the rules, the answers, their refresh, the theme, and the dashboard."""
    ids = ("ground-truth-marts", "ground-truth-bridge-row-access", "ground-truth-fct-worker-tasks")
    return [
        resource
        for resource in sound()
        if resource.kind in (Kind.THEME, Kind.DASHBOARD)
        or (resource.id in ids and (resource.kind is not Kind.REFRESH_SCHEDULE or resource.id == ids[2]))
    ]


class Replay:
    """The service's answers, in order, each to a request that has the given members."""

    def __init__(self) -> None:
        self.client = SESSION.client("quicksight")
        self.stubber = Stubber(self.client)
        self.stubber.activate()
        self.expected: list[dict[str, Any]] = []
        self.client.meta.events.register("provide-client-params.quicksight", self._look)
        self.said: list[str] = []
        self.writes = 0

    def _look(self, params: dict[str, Any], **_: object) -> None:
        if self.expected:
            expected = self.expected.pop(0)
            assert {name: params.get(name) for name in expected} == expected

    def deployment(self, timeout: float = 60) -> Deployment:
        """A deployment that talks to the replay, and does not wait."""
        return Deployment(self.client, ACCOUNT, self.said.append, timeout, wait=0)

    def answer(self, operation: str, answer: dict[str, Any], **expected: Any) -> None:
        """The next request and its answer."""
        self.writes += not operation.startswith(("describe", "list"))
        self.expected.append(expected)
        self.stubber.add_response(operation, answer)

    def refuse(self, operation: str, code: str = "ResourceNotFoundException", **expected: Any) -> None:
        """The next request and an error."""
        self.writes += not operation.startswith(("describe", "list"))
        self.expected.append(expected)
        self.stubber.add_client_error(operation, code, "as tests say", 400)


@pytest.fixture
def replay() -> Iterator[Replay]:
    replay = Replay()
    yield replay
    replay.stubber.assert_no_pending_responses()


def version(resource: Resource, status: str = "CREATION_SUCCESSFUL", number: int = 1, **more: Any) -> dict[str, Any]:
    """The answer that describes a theme or dashboard."""
    found = {"VersionNumber": number, "Status": status, "Description": resource.request["VersionDescription"], **more}
    return {resource.kind: {"Version": found}}


def permitted(resource: Resource) -> dict[str, Any]:
    return {"Permissions": resource.request["Permissions"]}


def described(resource: Resource) -> dict[str, Any]:
    """A resource as the service describes it: with members of its own."""
    members = {name: item for name, item in resource.request.items() if name not in ("AwsAccountId", "Permissions")}
    more: dict[str, Any] = (
        {"Status": "CREATION_SUCCESSFUL"} if resource.kind is Kind.DATA_SOURCE else {"OutputColumns": []}
    )
    return {resource.kind: members | {"Arn": ARN, "CreatedTime": TIME} | more}


def unchanged(replay: Replay, resources: list[Resource]) -> None:
    """The answers for resources that are there as they should be."""
    for resource in resources:
        if resource.kind is Kind.REFRESH_SCHEDULE:
            replay.answer("list_refresh_schedules", {"RefreshSchedules": [resource.request["Schedule"] | {"Arn": ARN}]})
            continue
        name = {"DataSource": "data_source", "DataSet": "data_set"}.get(resource.kind, resource.kind.lower())
        versioned = resource.kind in (Kind.THEME, Kind.DASHBOARD)
        replay.answer(f"describe_{name}", version(resource) if versioned else described(resource), **resource.key)
        replay.answer(f"describe_{name}_permissions", permitted(resource), **resource.key)


def ingestion(status: str) -> dict[str, Any]:
    return {"Ingestion": {"Arn": ARN, "IngestionStatus": status, "CreatedTime": TIME}}


def test_the_first_deployment_makes_everything_and_waits(replay: Replay) -> None:
    source, rules, tasks, schedule, theme, dashboard = resources = few()
    replay.refuse("describe_data_source", **source.key)
    replay.answer("create_data_source", {"CreationStatus": "CREATION_IN_PROGRESS"}, **source.request)
    replay.answer("describe_data_source", {"DataSource": {"Status": "CREATION_IN_PROGRESS"}}, **source.key)
    replay.answer("describe_data_source", {"DataSource": {"Status": "CREATION_SUCCESSFUL"}}, **source.key)
    for data_set in (rules, tasks):
        replay.refuse("describe_data_set", **data_set.key)
        replay.answer("create_data_set", {"IngestionId": "first"}, **data_set.request)
        for status in ("QUEUED", "RUNNING", "COMPLETED"):
            replay.answer("describe_ingestion", ingestion(status), IngestionId="first", DataSetId=data_set.id)
    replay.answer("list_refresh_schedules", {"RefreshSchedules": []}, DataSetId=tasks.id)
    replay.answer("create_refresh_schedule", {}, **schedule.request)
    replay.refuse("describe_theme", **theme.key)
    replay.answer("create_theme", {}, **theme.request)
    replay.answer("describe_theme", version(theme), VersionNumber=1)
    replay.refuse("describe_dashboard", **dashboard.key)
    replay.answer("create_dashboard", {"CreationStatus": "CREATION_IN_PROGRESS"}, **dashboard.request)
    replay.answer("describe_dashboard", version(dashboard, "CREATION_IN_PROGRESS"), VersionNumber=1)
    replay.answer("describe_dashboard", version(dashboard), VersionNumber=1)

    done = replay.deployment().deploy(resources)

    assert done == {Change.CREATE: [resource.title for resource in resources], Change.UPDATE: [], Change.KEEP: []}
    assert "data set ground-truth-fct-worker-tasks: running" in replay.said


def test_nothing_changed_writes_nothing(replay: Replay) -> None:
    resources = few()
    unchanged(replay, resources)

    done = replay.deployment().deploy(resources)

    assert replay.writes == 0
    assert done[Change.KEEP] == [resource.title for resource in resources]


def test_all_resources_are_made_and_then_left_alone(replay: Replay) -> None:
    """Each request walks clean, or the deployment would end."""
    resources = sound()
    for resource in resources:
        name = {"DataSource": "data_source", "DataSet": "data_set"}.get(resource.kind, resource.kind.lower())
        if resource.kind is Kind.REFRESH_SCHEDULE:
            replay.answer("list_refresh_schedules", {"RefreshSchedules": []})
            replay.answer("create_refresh_schedule", {}, **resource.request)
            continue
        replay.refuse(f"describe_{name}")
        replay.answer(f"create_{name}", {"IngestionId": "1"} if name == "data_set" else {}, **resource.request)
        if name == "data_set":
            replay.answer("describe_ingestion", ingestion("COMPLETED"))
        else:
            versioned = resource.kind in (Kind.THEME, Kind.DASHBOARD)
            replay.answer(f"describe_{name}", version(resource) if versioned else described(resource))
    titles = [resource.title for resource in resources]
    assert replay.deployment().deploy(resources)[Change.CREATE] == titles

    replay.writes = 0
    unchanged(replay, resources)
    assert replay.deployment().deploy(resources)[Change.KEEP] == titles
    assert replay.writes == 0


def changed_dashboard(replay: Replay, resources: list[Resource]) -> Resource:
    """Everything is there, but the dashboard has another title; it is updated to version 8."""
    *others, dashboard = resources
    unchanged(replay, others)
    theirs = few()[-1].request["Definition"]
    theirs["Sheets"][1]["Visuals"][0]["BarChartVisual"]["Title"]["FormatText"]["PlainText"] = "As it was"
    replay.answer(
        "describe_dashboard", {"Dashboard": {"Version": {"Status": "CREATION_SUCCESSFUL", "VersionNumber": 7}}}
    )
    replay.answer("describe_dashboard_definition", {"Definition": theirs}, **DASHBOARD)
    replay.answer(
        "update_dashboard",
        {"VersionArn": f"{SETUP.arn('dashboard', 'ground-truth-analytics')}/version/8"},
        **{name: item for name, item in dashboard.request.items() if name != "Permissions"},
    )
    return dashboard


def test_a_changed_visual_is_published_when_it_is_right(replay: Replay) -> None:
    resources = few()
    dashboard = changed_dashboard(replay, resources)
    replay.answer("describe_dashboard", version(dashboard, "UPDATE_IN_PROGRESS", 8), VersionNumber=8)
    replay.answer("describe_dashboard", version(dashboard, "UPDATE_SUCCESSFUL", 8), VersionNumber=8)
    replay.answer("update_dashboard_published_version", {}, **DASHBOARD, VersionNumber=8)
    replay.answer("describe_dashboard_permissions", permitted(dashboard))

    done = replay.deployment().deploy(resources)

    assert done[Change.UPDATE] == ["dashboard ground-truth-analytics"]
    assert "dashboard ground-truth-analytics: updating (visual time-by-worker)" in replay.said
    assert "dashboard ground-truth-analytics: version 8 published" in replay.said


def test_a_failed_version_leaves_the_published_one(replay: Replay) -> None:
    """No update_dashboard_published_version: the stubber would refuse it."""
    resources = few()
    dashboard = changed_dashboard(replay, resources)
    errors = [{"Type": "COLUMN_NOT_FOUND", "Message": "worker_name is gone"}]
    replay.answer("describe_dashboard", version(dashboard, "UPDATE_FAILED", 8, Errors=errors), VersionNumber=8)

    with pytest.raises(DeploymentError) as failure:
        replay.deployment().deploy(resources)

    assert "UPDATE_FAILED; the version that was published before is still shown" in str(failure.value)
    assert "COLUMN_NOT_FOUND: worker_name is gone" in str(failure.value)


def test_a_failed_first_version_is_made_again(replay: Replay) -> None:
    *others, dashboard = resources = few()
    unchanged(replay, others)
    replay.answer("describe_dashboard", version(dashboard, "CREATION_FAILED"))
    replay.answer("describe_dashboard_definition", {"Definition": dashboard.request["Definition"]})
    replay.answer("update_dashboard", {"VersionArn": f"{ARN}/version/2"})
    replay.answer("describe_dashboard", version(dashboard, number=2), VersionNumber=2)
    replay.answer("update_dashboard_published_version", {}, VersionNumber=2)
    replay.answer("describe_dashboard_permissions", permitted(dashboard))

    assert replay.deployment().deploy(resources)[Change.UPDATE] == [dashboard.title]


def test_rows_that_cannot_be_read_stop_the_deployment(replay: Replay) -> None:
    source, rules, *_ = resources = few()
    unchanged(replay, [source])
    replay.refuse("describe_data_set")
    replay.answer("create_data_set", {"IngestionId": "first"}, **rules.request)
    failed = ingestion("FAILED")
    failed["Ingestion"]["ErrorInfo"] = {"Type": "PERMISSION_DENIED", "Message": "no access to the bucket"}
    replay.answer("describe_ingestion", failed)

    with pytest.raises(DeploymentError, match="PERMISSION_DENIED: no access to the bucket"):
        replay.deployment().deploy(resources)


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        (lambda found: found.pop("RowLevelPermissionDataSet"), "RowLevelPermissionDataSet"),
        (lambda found: found.update(ImportMode="DIRECT_QUERY"), "ImportMode"),
        (lambda found: found["LogicalTableMap"]["table"]["DataTransforms"].pop(), "LogicalTableMap"),
        (
            lambda found: found.update(
                ColumnLevelPermissionRules=[{"ColumnNames": ["worker_name"], "Principals": [OWNER]}]
            ),
            "ColumnLevelPermissionRules",
        ),
    ],
)
def test_a_data_set_that_was_changed_by_hand_is_put_right(
    replay: Replay, change: Callable[[dict[str, Any]], object], difference: str
) -> None:
    """The update is whole: what an update leaves out is removed, the rules too."""
    tasks = few()[2]
    found = described(few()[2])
    change(found["DataSet"])
    replay.answer("describe_data_set", found)
    replay.answer("update_data_set", {"IngestionId": "second"}, **tasks.update())
    replay.answer("describe_ingestion", ingestion("COMPLETED"), IngestionId="second")
    replay.answer("describe_data_set_permissions", permitted(tasks))

    assert replay.deployment().deploy([tasks])[Change.UPDATE] == [tasks.title]
    assert f"{tasks.title}: updating ({difference})" in replay.said
    assert "RowLevelPermissionDataSet" in tasks.update()


def test_who_is_new_is_let_in_and_nobody_is_put_out(replay: Replay) -> None:
    dashboard = few()[-1]
    other = {"Principal": OWNER.replace("managers", "others"), "Actions": ["quicksight:QueryDashboard"]}
    replay.answer("describe_dashboard", version(dashboard))
    replay.answer("describe_dashboard_permissions", {"Permissions": [dashboard.request["Permissions"][0], other]})
    replay.answer(
        "update_dashboard_permissions", {}, **DASHBOARD, GrantPermissions=[dashboard.request["Permissions"][1]]
    )

    replay.deployment().deploy([dashboard])

    assert f"{dashboard.title}: granting to {VIEWER}" in replay.said


def test_a_schedule_that_somebody_made_is_left_alone(replay: Replay) -> None:
    schedule = few()[3]
    theirs = schedule.request["Schedule"] | {"ScheduleId": "mine", "ScheduleFrequency": {"Interval": "DAILY"}}
    replay.answer("list_refresh_schedules", {"RefreshSchedules": [theirs]})

    assert replay.deployment().deploy([schedule])[Change.KEEP] == [schedule.title]


def test_a_throttled_request_is_sent_again(replay: Replay) -> None:
    theme = few()[4]
    for _ in range(2):
        replay.refuse("describe_theme", "ThrottlingException")
    unchanged(replay, [theme])

    assert replay.deployment().deploy([theme])[Change.KEEP] == [theme.title]


def test_what_takes_too_long_is_said(replay: Replay) -> None:
    theme = few()[4]
    replay.refuse("describe_theme")
    replay.answer("create_theme", {})
    replay.answer("describe_theme", version(theme, "CREATION_IN_PROGRESS"))

    with pytest.raises(DeploymentError, match="still CREATION_IN_PROGRESS"):
        replay.deployment(timeout=-1).deploy([theme])


def test_a_wrong_request_is_not_sent(replay: Replay) -> None:
    theme = few()[4]
    theme.request["Configuration"]["DataColorPalette"]["EmptyFillColor"] = "grey"
    replay.refuse("describe_theme")

    with pytest.raises(DeploymentError, match=r"CreateTheme is wrong, and was not sent: .*'grey' does not match"):
        replay.deployment().deploy([theme])


def test_destroying_twice_is_harmless(replay: Replay) -> None:
    source, rules, tasks, _, theme, dashboard = resources = few()
    answers = {"dashboard": dashboard, "theme": theme}
    for name, resource in answers.items():
        replay.answer(f"delete_{name}", {}, **resource.key)
    for data_set in (tasks, rules):  # the rules after what they protect
        replay.answer("delete_data_set", {}, **data_set.key)
    replay.answer("delete_data_source", {}, **source.key)
    first = replay.deployment().destroy(resources)
    for operation in ("delete_dashboard", "delete_theme", "delete_data_set", "delete_data_set", "delete_data_source"):
        replay.refuse(operation)
    second = replay.deployment().destroy(resources)

    titles = [resource.title for resource in (dashboard, theme, tasks, rules, source)]
    assert first == {"deleted": titles, "absent": []}
    assert second == {"deleted": [], "absent": titles}


@pytest.mark.parametrize(
    "account",
    [
        None,
        {"Edition": "STANDARD", "AccountSubscriptionStatus": "ACCOUNT_CREATED"},
        {"Edition": "ENTERPRISE", "AccountSubscriptionStatus": "UNSUBSCRIBED"},
    ],
)
def test_an_account_without_the_subscription_is_said(replay: Replay, account: dict[str, Any] | None) -> None:
    if account is None:
        replay.refuse("describe_account_subscription")
    else:
        replay.answer("describe_account_subscription", {"AccountInfo": account})

    with pytest.raises(DeploymentError, match="need the Enterprise edition"):
        replay.deployment().check_subscription()


SOUND_RULES = [{"user_name": "ann", "worker_key": "a1"}, {"group_name": "leads", "worker_key": "a1"}]


def rules(tmp_path: Path, *more: dict[str, Any]) -> Marts:
    rows = [*SOUND_RULES, *more]
    return DuckDBMarts(make_warehouse(tmp_path / "marts.duckdb", {"bridge_row_access": rows}))


def test_sound_rules_are_safe(tmp_path: Path) -> None:
    assert unsafe_rules(rules(tmp_path)) == []


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"user_name": "bob", "worker_key": None}, "1 rules have no worker_key, which QuickSight takes for every row"),
        ({"user_name": "bob", "worker_key": ""}, "1 rules have no worker_key"),
        ({"user_name": "bob", "worker_key": "a1,b2"}, "1 rules have a comma"),
        ({"user_name": "bob", "worker_key": " a1"}, "1 rules have a space"),
        ({"worker_key": "a1"}, "1 rules name neither a user nor a group"),
    ],
)
def test_a_rule_that_would_show_more_than_it_says_stops_everything(
    tmp_path: Path, rule: dict[str, Any], message: str
) -> None:
    with pytest.raises(DeploymentError, match=message):
        rules_or_error(rules(tmp_path, rule))


def test_a_user_with_too_many_rules_is_said(tmp_path: Path) -> None:
    many = [{"group_name": "all", "worker_key": f"w{number}"} for number in range(1000)]

    assert unsafe_rules(rules(tmp_path, *many)) == ["all has 1000 rules; QuickSight takes 999 of a user"]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["quicksight", *arguments])


def deploy(*more: str) -> Result:
    role = ("--role-arn", f"arn:aws:iam::{ACCOUNT}:role/ground-truth-bi")
    return run(*more[:1], "--account-id", ACCOUNT, "--region", REGION, "--owner", OWNER, *role, *more[1:])


@pytest.fixture
def account(replay: Replay, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Replay:
    """The command talks to the replay, and the marts have sound rules."""
    monkeypatch.setattr(command, "quicksight_client", lambda region: replay.client)
    monkeypatch.setattr(command, "marts_of", lambda setup, staging: rules(tmp_path))
    return replay


def enterprise(replay: Replay) -> None:
    info = {"Edition": "ENTERPRISE", "AccountSubscriptionStatus": "ACCOUNT_CREATED"}
    replay.answer("describe_account_subscription", {"AccountInfo": info}, AwsAccountId=ACCOUNT)


def test_the_command_deploys_and_prints_the_address(account: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    resources = few()
    monkeypatch.setattr(command, "resources", lambda setup, models: resources)
    monkeypatch.setattr(command, "faults", lambda found: [])  # the few lack data sets that the dashboard shows
    enterprise(account)
    unchanged(account, resources)

    result = deploy("deploy", "--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {
        "created": [],
        "updated": [],
        "unchanged": [resource.title for resource in resources],
        "url": "https://us-east-1.quicksight.aws.amazon.com/sn/dashboards/ground-truth-analytics",
    }


def test_the_command_fails_with_the_reason(account: Replay) -> None:
    account.refuse("describe_account_subscription")

    result = deploy("deploy")

    assert result.exit_code == 2
    assert "subscribe in the console of QuickSight" in result.stderr


def test_the_command_sends_nothing_if_the_rules_are_unsafe(
    account: Replay, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    unsafe = rules(tmp_path, {"user_name": "bob", "worker_key": None})
    monkeypatch.setattr(command, "marts_of", lambda setup, staging: unsafe)
    enterprise(account)

    result = deploy("deploy")

    assert result.exit_code == 2
    assert "Nothing was deployed: mend seeds/row_access.csv" in result.stderr


def test_the_command_sends_nothing_that_is_wrong(account: Replay) -> None:
    result = deploy("deploy", "--prefix", "x" * 600)

    assert result.exit_code == 2
    assert "the requests are wrong; nothing was sent" in result.stderr


def test_diff_shows_what_deploy_would_change_and_changes_nothing(
    account: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    theme, dashboard = resources = few()[4:]
    monkeypatch.setattr(command, "resources", lambda setup, models: resources)
    monkeypatch.setattr(command, "faults", lambda found: [])
    account.refuse("describe_theme", **theme.key)
    theirs = few()[-1].request["Definition"]
    del theirs["Sheets"][0]["Visuals"][0]
    account.answer("describe_dashboard", {"Dashboard": {"Version": {"Status": "CREATION_SUCCESSFUL"}}})
    account.answer("describe_dashboard_definition", {"Definition": theirs}, **dashboard.key)

    result = deploy("diff")

    assert result.exit_code == 1
    assert account.writes == 0
    assert result.stdout.splitlines() == [
        "create theme ground-truth-theme",
        "update dashboard ground-truth-analytics: visual answers is new",
        "2 of 2 would change",
    ]


def test_destroy_asks_first(account: Replay) -> None:
    result = run("destroy", "--account-id", ACCOUNT)

    assert result.exit_code == 1
    assert "Delete the dashboard and data sets ground-truth-…" in result.output


def test_render_writes_each_request_and_needs_no_account(tmp_path: Path) -> None:
    result = run("render", "--to", str(tmp_path / "requests"))

    assert result.exit_code == 0, result.output
    files = sorted((tmp_path / "requests").iterdir())
    assert files[0].name == "01-CreateDataSource-ground-truth-marts.json"
    assert files[-1].name.endswith("-CreateDashboard-ground-truth-analytics.json")
    shown = json.loads(run("render").stdout)
    assert shown == {path.stem: json.loads(path.read_text()) for path in files}


@pytest.mark.parametrize("name", [(), ("render",), ("deploy",), ("diff",), ("destroy",)])
def test_help_is_whole_on_a_terminal_of_80_columns(name: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(cli, ["quicksight", *name, "--help"], terminal_width=80).output

    assert "Usage: cli quicksight" in shown
    assert max(map(len, shown.splitlines())) <= 80
