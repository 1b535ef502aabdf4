"""What the template must hold and linters do not know."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped] # it ships no type information
from moto.events.models import EventPattern

from tests.deploy.stack import EVERY_OPTION, ROOT, TEMPLATE, Stack

STACKS = pytest.mark.parametrize("stack", [Stack(), Stack(**EVERY_OPTION)], ids=["defaults", "every option"])
PROFILE = (ROOT / "profiles.yml.example").read_text()


def test_every_parameter_is_described_used_and_in_a_group() -> None:
    groups = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert sorted(TEMPLATE["Parameters"]) == sorted(name for group in groups for name in group["Parameters"])
    for name, parameter in TEMPLATE["Parameters"].items():
        assert parameter["Description"].endswith("."), name


def test_only_what_cannot_be_guessed_has_no_default() -> None:
    needed = {name for name, parameter in TEMPLATE["Parameters"].items() if "Default" not in parameter}
    assert needed == {"JobOutputBucket", "ImageTag", "SubnetIds", "SecurityGroupIds"}


@pytest.mark.parametrize("prefix", ["", "labeling/", "teams/vision/labeling/"])
def test_folders_that_may_be_given(prefix: str) -> None:
    assert re.fullmatch(TEMPLATE["Parameters"]["JobOutputPrefix"]["AllowedPattern"], prefix)


@pytest.mark.parametrize("prefix", ["labeling", "/", "/labeling/", "*", "*/", "label?ng/"])
def test_folders_that_would_open_more_than_they_say(prefix: str) -> None:
    assert not re.fullmatch(TEMPLATE["Parameters"]["JobOutputPrefix"]["AllowedPattern"], prefix)


@STACKS
def test_buckets_are_encrypted_and_not_public(stack: Stack) -> None:
    buckets = stack.of_type("AWS::S3::Bucket")
    assert len(buckets) == 3
    for name, bucket in buckets.items():
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] in {"AES256", "aws:kms"}
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert len(bucket["PublicAccessBlockConfiguration"]) == 4
        assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
        assert any("AbortIncompleteMultipartUpload" in rule for rule in bucket["LifecycleConfiguration"]["Rules"])
        assert stack.resources[name]["DeletionPolicy"] == "Retain"
        assert stack.resources[name]["UpdateReplacePolicy"] == "Retain"


@STACKS
def test_buckets_take_no_request_without_tls(stack: Stack) -> None:
    policies = {policy["Bucket"]: policy for policy in stack.of_type("AWS::S3::BucketPolicy").values()}
    for bucket in stack.of_type("AWS::S3::Bucket").values():
        name = bucket["BucketName"]
        (statement,) = policies[name]["PolicyDocument"]["Statement"]
        assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
        assert statement["Resource"] == [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_key_encrypts_buckets_and_results() -> None:
    stack = Stack(**EVERY_OPTION)
    for bucket in stack.of_type("AWS::S3::Bucket").values():
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"] == EVERY_OPTION["KmsKeyArn"]
    for group in stack.of_type("AWS::Athena::WorkGroup").values():
        results = group["WorkGroupConfiguration"]["ResultConfiguration"]
        assert results["EncryptionConfiguration"] == {
            "EncryptionOption": "SSE_KMS",
            "KmsKey": EVERY_OPTION["KmsKeyArn"],
        }


@STACKS
def test_what_was_deleted_or_asked_does_not_stay_for_ever(stack: Stack) -> None:
    lake, results = stack.properties("LakeBucket"), stack.properties("ResultsBucket")
    assert lake["VersioningConfiguration"] == {"Status": "Enabled"}
    assert [rule.get("NoncurrentVersionExpiration") for rule in lake["LifecycleConfiguration"]["Rules"]] == [
        None,
        {"NoncurrentDays": "30"},
    ]
    assert [rule.get("ExpirationInDays") for rule in results["LifecycleConfiguration"]["Rules"]] == [None, "7"]


@STACKS
def test_workgroups(stack: Stack) -> None:
    groups = stack.of_type("AWS::Athena::WorkGroup")
    assert len(groups) == 3
    for group in groups.values():
        configuration = group["WorkGroupConfiguration"]
        assert configuration["EngineVersion"] == {"SelectedEngineVersion": "Athena engine version 3"}
        assert int(configuration["BytesScannedCutoffPerQuery"]) >= 10_000_000
        assert configuration["ResultConfiguration"]["EncryptionConfiguration"]["EncryptionOption"] in {
            "SSE_S3",
            "SSE_KMS",
        }


def test_dbts_workgroup_does_not_take_the_place_of_tables_from_dbt() -> None:
    """Where one enforces a place for results, dbt-athena leaves `external_location` out, and `ha` tables break."""
    configuration = Stack().properties("DbtWorkGroup")["WorkGroupConfiguration"]
    assert configuration["EnforceWorkGroupConfiguration"] is False


def test_readers_cannot_choose_where_results_go() -> None:
    for name, folder in (("BiWorkGroup", "bi"), ("PeopleWorkGroup", "people")):
        configuration = Stack().properties(name)["WorkGroupConfiguration"]
        assert configuration["EnforceWorkGroupConfiguration"] is True
        assert configuration["ResultConfiguration"]["OutputLocation"].endswith(f"/{folder}/")


def test_databases_are_those_of_dbt() -> None:
    names = {database["DatabaseInput"]["Name"] for database in Stack().of_type("AWS::Glue::Database").values()}
    default = dict(re.findall(r"env_var\('(GT_[A-Z_0-9]+)', '([^']*)'\)", PROFILE))
    (raw,) = re.findall(r"'GT_RAW_DATABASE', '(\w+)'", sources())
    staging = set(re.findall(r"\+schema: (\w+)", (ROOT / "dbt_project.yml").read_text()))
    assert names == {raw, default["GT_SCHEMA"], *(f"{default['GT_SCHEMA']}_{schema}" for schema in staging)}


def sources() -> str:
    """The dbt sources, with the quotes of the profile."""
    return (ROOT / "models/staging/ground_truth/_ground_truth__sources.yml").read_text().replace('"', "'")


@STACKS
def test_a_run_is_told_what_is_read_and_nothing_else(stack: Stack) -> None:
    athena = PROFILE.partition("    athena:\n")[2]
    read_by_dbt = set(re.findall(r"env_var\('(\w+)'", athena + sources()))
    needed = {name for name in read_by_dbt if not is_optional(name)}
    given = stack.environment()
    run = (ROOT / "deploy/run.sh").read_text()
    assert needed <= given.keys()
    assert given.keys() - read_by_dbt - set(re.findall(r"GT_[A-Z_0-9]+", run)) == {"AWS_DEFAULT_REGION"}  # boto3's


def is_optional(variable: str) -> bool:
    """Whether a variable without a value means that something is not used."""
    return f"env_var('{variable}', '')" in PROFILE


def test_what_a_run_is_told_is_what_the_stack_made() -> None:
    stack = Stack(Prefix="example")
    assert stack.environment() == {
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "GT_SOURCE": "s3://job-output/labeling/",
        "GT_LAKE": "s3://example-lake-111122223333-us-east-1",
        "GT_RAW_DATABASE": "ground_truth_raw",
        "GT_SCHEMA": "ground_truth",
        "GT_S3_DATA_DIR": "s3://example-marts-111122223333-us-east-1/",
        "GT_S3_STAGING_DIR": "s3://example-results-111122223333-us-east-1/dbt/",
        "GT_WORK_GROUP": "example-dbt",
        "GT_LOADER_ROLE_ARN": "arn-loaderrole",
        "GT_DBT_ROLE_ARN": "arn-dbtrole",
    }


def test_nothing_runs_until_it_is_turned_on() -> None:
    schedules = Stack().of_type("AWS::Scheduler::Schedule")
    assert {name: schedule["State"] for name, schedule in schedules.items()} == {
        "Schedule": "DISABLED",
        "UpkeepSchedule": "DISABLED",
    }
    assert "StaleAlarm" not in Stack().resources


def test_turned_on_it_runs_every_hour_and_is_watched() -> None:
    stack = Stack(ScheduleState="ENABLED")
    assert stack.properties("Schedule")["State"] == "ENABLED"
    assert stack.properties("Schedule")["ScheduleExpression"] == "rate(1 hour)"
    alarm = stack.properties("StaleAlarm")
    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["AlarmActions"] == ["ref-AlarmTopic"]
    metric = stack.properties("RunSucceededMetric")["MetricTransformations"][0]
    assert (alarm["Namespace"], alarm["MetricName"]) == (metric["MetricNamespace"], metric["MetricName"])


def test_the_alarm_can_look_back_as_far_as_its_parameter_allows() -> None:
    """CloudWatch looks back seven days at most."""
    alarm = Stack(ScheduleState="ENABLED").properties("StaleAlarm")
    assert alarm["Period"] * TEMPLATE["Parameters"]["StaleAfterHours"]["MaxValue"] <= 7 * 24 * 3600
    assert alarm["EvaluationPeriods"] == alarm["DatapointsToAlarm"] == "3"


def test_the_line_that_counts_as_success_is_the_one_that_a_run_writes() -> None:
    pattern = Stack().properties("RunSucceededMetric")["FilterPattern"].strip('"')
    lines = [line for line in (ROOT / "deploy/run.sh").read_text().splitlines() if pattern in line]
    assert [line.split()[0] for line in lines] == ["log"]


def test_upkeep_is_a_command_of_the_container() -> None:
    override = json.loads(Stack().properties("UpkeepSchedule")["Target"]["Input"])
    (container,) = Stack().properties("TaskDefinition")["ContainerDefinitions"]
    assert override == {"containerOverrides": [{"name": container["Name"], "command": ["upkeep"]}]}


@pytest.mark.parametrize(
    ("detail", "rules"),
    [
        ({"stopCode": "EssentialContainerExited", "containers": [{"exitCode": 0}]}, []),
        ({"stopCode": "EssentialContainerExited", "containers": [{"exitCode": 1}]}, ["RunRejectedFilesRule"]),
        ({"stopCode": "EssentialContainerExited", "containers": [{"exitCode": 2}]}, ["RunFailedRule"]),
        ({"stopCode": "EssentialContainerExited", "containers": [{"exitCode": 137}]}, ["RunFailedRule"]),
        ({"stopCode": "UserInitiated", "containers": [{"exitCode": 143}]}, ["RunFailedRule"]),
        ({"stopCode": "TaskFailedToStart", "containers": [{"name": "run"}]}, ["RunFailedRule"]),
        ({"lastStatus": "RUNNING", "containers": [{"name": "run"}]}, []),
        ({"clusterArn": "another", "stopCode": "TaskFailedToStart", "containers": []}, []),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else None,
)
def test_what_is_told_of_a_run_that_ended(detail: dict[str, Any], rules: list[str]) -> None:
    stack = Stack()
    ended = {"clusterArn": "arn-cluster", "lastStatus": "STOPPED", **detail}
    # moto does not look into a list of objects, as EventBridge does.
    flat = {**ended, "containers": {k: v for container in ended["containers"] for k, v in container.items()}}
    event: Any = {"source": "aws.ecs", "detail-type": "ECS Task State Change", "detail": flat}
    matching = [
        name
        for name, rule in stack.of_type("AWS::Events::Rule").items()
        if EventPattern.load(json.dumps(rule["EventPattern"])).matches_event(event)
    ]
    assert matching == rules


def test_alarms_go_to_the_topic_and_their_text_is_a_json_string() -> None:
    for rule in Stack().of_type("AWS::Events::Rule").values():
        (target,) = rule["Targets"]
        assert target["Arn"] == "ref-AlarmTopic"
        transformer = target["InputTransformer"]
        text = json.loads(transformer["InputTemplate"])
        assert set(re.findall(r"<(\w+)>", text)) == transformer["InputPathsMap"].keys()


def test_security_findings_are_passed_over_with_a_reason_only() -> None:
    for name, resource in TEMPLATE["Resources"].items():
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", []):
            assert len(skip["comment"]) > 40, name


def test_the_runbook_names_what_is_there() -> None:
    runbook = (ROOT / "deploy/README.md").read_text()
    outputs = set(re.findall(r"\$\(output (\w+)\)", runbook))
    assert len(outputs) > 8
    assert outputs <= TEMPLATE["Outputs"].keys()
    given = set(re.findall(r"(?<=[ `])([A-Z][a-z]+[A-Za-z]+)=", runbook)) - {"DataLakePrincipalIdentifier"}
    named = set(re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`", runbook))
    quicksight = yaml.load((ROOT / "deploy/quicksight.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    parameters = TEMPLATE["Parameters"].keys() | quicksight["Parameters"].keys()
    assert given <= parameters
    # What is no parameter is what ECS and AWS call things.
    assert named - parameters - TEMPLATE["Outputs"].keys() == {
        "AccessDenied",
        "EssentialContainerExited",
        "LastModified",
        "TaskFailedToStart",
        "UserInitiated",
    }
