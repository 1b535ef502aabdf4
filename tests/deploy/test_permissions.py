"""What each role may do: all that its program calls, and nothing that it should not."""

from __future__ import annotations

import importlib.resources
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import pytest
from moto.moto_api import recorder
from moto.server import ThreadedMotoServer

from ingest.aws.worker_activity import LOG_GROUP
from tests.deploy.stack import ACCOUNT, EVERY_OPTION, REGION, ROOT, Stack, as_list, camel
from tests.jobs import write_job

STACK = Stack()
LOADER, DBT, BI, PEOPLE = (STACK.policy(name) for name in ("LoaderPolicy", "DbtPolicy", "BiPolicy", "PeoplePolicy"))
LAKE, MARTS, RESULTS = (f"arn:aws:s3:::ground-truth-{name}-{ACCOUNT}-{REGION}" for name in ("lake", "marts", "results"))
RAW_TABLE, STAGING_TABLE, MART_TABLE, PEOPLE_TABLE = (
    f"arn:aws:glue:{REGION}:{ACCOUNT}:table/{database}/a_table"
    for database in ("ground_truth_raw", "ground_truth_staging", "ground_truth", "ground_truth_people")
)
READS_TABLES = {"glue:GetTable", "glue:GetTables"}
CHANGES_TABLES = {"glue:CreateTable", "glue:UpdateTable", "glue:DeleteTable"}
CHANGES_OBJECTS = {"s3:PutObject", "s3:DeleteObject"}

# Of what names and counts only; what is listed holds no labels.
NOT_NARROWED = {
    "LoaderPolicy": {
        "sagemaker:ListWorkteams",
        "sagemaker:DescribeWorkteam",
        "sagemaker:ListLabelingJobs",
        "sagemaker:DescribeLabelingJob",
    },
    "DbtPolicy": set(),
    "BiPolicy": {"athena:ListWorkGroups", "athena:ListDataCatalogs"},
    "PeoplePolicy": set(),
    "AlertPolicy": set(),
}


@pytest.mark.parametrize("name", NOT_NARROWED)
def test_no_wildcard_on_data(name: str) -> None:
    for statement in Stack(**EVERY_OPTION).policy(name).statements:
        actions = set(as_list(statement["Action"]))
        assert not any("*" in action for action in actions)
        for resource in as_list(statement["Resource"]):
            if resource == "*":
                assert actions <= NOT_NARROWED[name]
            else:
                # At the end, after a bucket and folder, or a database.
                assert re.fullmatch(r"[^*]+", resource) or re.fullmatch(
                    r"arn:aws:s3:::[^*/]+/[^*]+/\*|arn:aws:glue:[^*]+:table/[^*/]+/\*|arn:aws:logs:[^*]+:\*", resource
                ), resource


def test_no_service_may_do_everything() -> None:
    for name, role in STACK.of_type("AWS::IAM::Role").items():
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                assert not any("*" in action for action in as_list(statement["Action"])), name
        assert all(arn == "ref-BiPolicy" for arn in role.get("ManagedPolicyArns", [])), name


def test_the_loader_reads_the_job_output_and_does_not_change_it() -> None:
    assert LOADER.allows("s3:GetObject", "arn:aws:s3:::job-output/labeling/a/b.json")
    assert not LOADER.allows("s3:GetObject", "arn:aws:s3:::job-output/labeling-of-others/b.json")
    assert not LOADER.allows("s3:ListBucket", "arn:aws:s3:::job-output", s3_prefix="others/")
    for action in CHANGES_OBJECTS:
        assert not LOADER.allows(action, "arn:aws:s3:::job-output/labeling/a/b.json")


def test_the_loader_sees_no_marts() -> None:
    for action in READS_TABLES | CHANGES_TABLES:
        assert not LOADER.allows(action, MART_TABLE)
        assert not LOADER.allows(action, STAGING_TABLE)
        assert not LOADER.allows(action, PEOPLE_TABLE)
    for action in {"s3:GetObject", *CHANGES_OBJECTS}:
        assert not LOADER.allows(action, f"{MARTS}/ground_truth/a_table/0")
    assert not LOADER.actions("athena")


def test_the_loader_drops_no_raw_table() -> None:
    assert not LOADER.allows("glue:DeleteTable", RAW_TABLE)


def test_dbt_reads_raw_and_does_not_change_it() -> None:
    assert all(DBT.allows(action, RAW_TABLE) for action in READS_TABLES)
    assert DBT.allows("s3:GetObject", f"{LAKE}/raw/labeling_jobs/0.parquet")
    assert not any(DBT.allows(action, RAW_TABLE) for action in DBT.actions("glue") if not action.startswith("glue:Get"))
    assert not any(DBT.allows(action, f"{LAKE}/raw/labeling_jobs/0.parquet") for action in CHANGES_OBJECTS)
    assert not DBT.allows("s3:GetObject", "arn:aws:s3:::job-output/labeling/a/b.json")


@pytest.mark.parametrize("table", [STAGING_TABLE, MART_TABLE, PEOPLE_TABLE])
def test_dbt_writes_staging_and_marts(table: str) -> None:
    assert all(DBT.allows(action, table) for action in READS_TABLES | CHANGES_TABLES)
    database = table.split("/")[1]
    assert all(DBT.allows(action, f"{MARTS}/{database}/a_table/0") for action in CHANGES_OBJECTS)


def test_dbt_makes_and_drops_no_database() -> None:
    for database in ("ground_truth_raw", "ground_truth", "ground_truth_people", "ground_truth_staging", "another"):
        arn = f"arn:aws:glue:{REGION}:{ACCOUNT}:database/{database}"
        assert not DBT.allows("glue:CreateDatabase", arn)
        assert not DBT.allows("glue:DeleteDatabase", arn)


def test_readers_read_marts_and_nothing_else() -> None:
    assert all(BI.allows(action, MART_TABLE) for action in READS_TABLES)
    assert BI.allows("s3:GetObject", f"{MARTS}/ground_truth/a_table/0")
    for table in (RAW_TABLE, STAGING_TABLE, PEOPLE_TABLE):
        assert not any(BI.allows(action, table) for action in READS_TABLES)
    for key in (f"{LAKE}/raw/workers/0.parquet", f"{MARTS}/ground_truth_staging/a_table/0", f"{RESULTS}/dbt/0.csv"):
        assert not BI.allows("s3:GetObject", key)
    assert not BI.allows("s3:GetObject", f"{MARTS}/ground_truth_people/a_table/0")
    assert not BI.allows("s3:ListBucket", LAKE)
    for database in ("ground_truth_staging", "ground_truth_people"):
        assert not BI.allows("s3:ListBucket", MARTS, s3_prefix=f"{database}/")


def test_those_who_may_know_who_the_workers_are_read_that_besides() -> None:
    assert all(PEOPLE.allows(action, PEOPLE_TABLE) for action in READS_TABLES)
    assert PEOPLE.allows("s3:GetObject", f"{MARTS}/ground_truth_people/a_table/0")
    for table in (RAW_TABLE, STAGING_TABLE, MART_TABLE):
        assert not any(PEOPLE.allows(action, table) for action in READS_TABLES | CHANGES_TABLES)
    assert not any(PEOPLE.allows(action, PEOPLE_TABLE) for action in CHANGES_TABLES)
    for key in (f"{MARTS}/ground_truth/a_table/0", f"{MARTS}/ground_truth_staging/a_table/0", f"{RESULTS}/bi/0.csv"):
        assert not PEOPLE.allows("s3:GetObject", key)


def test_a_result_with_names_is_not_for_readers_of_the_marts() -> None:
    """Who may ask for a result in a workgroup may fetch those of others there."""
    assert PEOPLE.allows("s3:PutObject", f"{RESULTS}/people/0.csv")
    assert PEOPLE.allows("s3:ListBucket", RESULTS, s3_prefix="people/")
    assert not BI.allows("s3:GetObject", f"{RESULTS}/people/0.csv")
    assert not BI.allows("s3:ListBucket", RESULTS, s3_prefix="people/")


def test_readers_write_nothing_but_their_results() -> None:
    assert BI.allows("s3:PutObject", f"{RESULTS}/bi/0.csv")
    for key in (f"{RESULTS}/dbt/0.csv", f"{MARTS}/ground_truth/a_table/0", f"{LAKE}/raw/workers/0.parquet"):
        assert not any(BI.allows(action, key) for action in CHANGES_OBJECTS)
    assert not any(BI.allows(action, MART_TABLE) for action in CHANGES_TABLES)


@pytest.mark.parametrize(
    ("policy", "own", "others"), [(BI, "bi", "dbt people"), (DBT, "dbt", "bi people"), (PEOPLE, "people", "bi dbt")]
)
def test_each_has_its_own_workgroup(policy: Any, own: str, others: str) -> None:
    workgroup = f"arn:aws:athena:{REGION}:{ACCOUNT}:workgroup/ground-truth-"
    for action in ("athena:StartQueryExecution", "athena:GetQueryResults"):
        assert policy.allows(action, workgroup + own)
        assert not any(policy.allows(action, workgroup + other) for other in others.split())


def test_a_run_itself_may_touch_no_data() -> None:
    assert STACK.policy("TaskPolicy").actions("s3") == STACK.policy("TaskPolicy").actions("glue") == set()
    assert STACK.policy("TaskPolicy").allows("sts:AssumeRole", "arn-loaderrole")
    assert not STACK.policy("TaskPolicy").allows("sts:AssumeRole", "arn-birole")


def test_roles_are_taken_by_who_should() -> None:
    def who(stack: Stack, role: str) -> list[Any]:
        document = stack.properties(role)["AssumeRolePolicyDocument"]
        return [statement["Principal"] for statement in document["Statement"]]

    assert who(STACK, "LoaderRole") == who(STACK, "DbtRole") == [{"AWS": "arn-taskrole"}]
    assert who(Stack(**EVERY_OPTION), "AlertRole") == [{"AWS": "arn-taskrole"}]
    assert who(STACK, "BiRole") == [{"Service": "quicksight.amazonaws.com"}]
    named = Stack(**EVERY_OPTION)
    assert who(named, "BiRole")[1:] == [{"AWS": [EVERY_OPTION["BiPrincipalArns"]]}]


def test_what_is_optional_is_off() -> None:
    everything = Stack(**EVERY_OPTION).policy("LoaderPolicy")
    for service in ("cognito-idp", "sagemaker", "logs", "kms"):
        assert LOADER.actions(service) == set()
        assert everything.actions(service)
    assert everything.allows("kms:Decrypt", EVERY_OPTION["JobOutputKmsKeyArn"])
    assert not everything.allows("kms:GenerateDataKey", EVERY_OPTION["JobOutputKmsKeyArn"])


def test_a_whole_bucket_of_job_output() -> None:
    """S3 gets no prefix to list a whole bucket; a condition on it would refuse."""
    whole = Stack(JobOutputPrefix="").policy("LoaderPolicy")
    assert whole.allows("s3:ListBucket", "arn:aws:s3:::job-output")
    assert not LOADER.allows("s3:ListBucket", "arn:aws:s3:::job-output")


def test_the_alerts_read_as_readers_do_keep_what_was_told_and_tell_it_one_topic() -> None:
    stack = Stack(**EVERY_OPTION)
    policy = stack.policy("AlertPolicy")
    assert stack.properties("AlertRole")["ManagedPolicyArns"] == ["ref-BiPolicy"]
    bucket, _, key = stack.environment()["GT_ALERT_STATE"].removeprefix("s3://").partition("/")
    state = f"arn:aws:s3:::{bucket}/{key}"
    assert all(policy.allows(action, state) for action in ("s3:GetObject", "s3:PutObject"))
    assert policy.allows("s3:ListBucket", MARTS, s3_prefix="alerts/")
    assert not policy.allows("s3:ListBucket", MARTS, s3_prefix="ground_truth_people/")
    assert not policy.allows("s3:PutObject", f"{MARTS}/ground_truth/a_table/0")
    assert not policy.allows("s3:DeleteObject", state)
    assert policy.allows("sns:Publish", EVERY_OPTION["AlertTopicArn"])
    assert not policy.allows("sns:Publish", f"{EVERY_OPTION['AlertTopicArn']}-2")
    # dbt's role, which writes the marts, cannot make believe that all was told.
    assert not DBT.allows("s3:PutObject", state)
    assert stack.environment()["GT_ALERT_WORK_GROUP"] == "ground-truth-bi"
    assert stack.policy("TaskPolicy").allows("sts:AssumeRole", stack.environment()["GT_ALERT_ROLE_ARN"])


def test_without_a_topic_there_are_no_alerts() -> None:
    assert not {"AlertRole", "AlertPolicy"} & STACK.resources.keys()
    assert not any("ALERT" in name for name in STACK.environment())
    assert not STACK.policy("TaskPolicy").allows("sts:AssumeRole", "arn-alertrole")


# What dbt-athena has, and this project's models never come to.
NEVER_CALLED = {
    "glue:DeleteDatabase",  # the macro drop_glue_database, called by hand
    "athena:GetDataCatalog",  # catalogs other than Glue's
    "athena:ListTableMetadata",  # catalogs other than Glue's
}


def test_dbt_may_call_all_that_its_adapter_calls() -> None:
    adapter = importlib.resources.files("dbt.adapters.athena")
    source = (adapter / "impl.py").read_text() + (adapter / "connections.py").read_text()
    glue = camel(re.findall(r"glue_client\.get_paginator\(\"(\w+)\"", source))
    glue |= camel(re.findall(r"glue_client\.(?!get_paginator)(\w+)\(", source))
    athena = camel(re.findall(r"(?:athena_client|athena|self\._client)\.([a-z]\w+)\(", source))
    called = ({f"glue:{name}" for name in glue} | {f"athena:{name}" for name in athena}) - NEVER_CALLED
    workgroup = f"arn:aws:athena:{REGION}:{ACCOUNT}:workgroup/ground-truth-dbt"
    assert {"glue:GetTableVersions", "glue:UpdateTable", "athena:StopQueryExecution"} <= called
    for action in called:
        on = workgroup if action.startswith("athena:") else resource_of(action)
        assert DBT.allows(action, on), action
    # Athena itself makes the tables of CREATE TABLE AS, with the rights of who asks, and looks for `default`.
    assert DBT.actions("glue") | DBT.actions("athena") == called | {"glue:CreateTable", "glue:CreateDatabase"}


def resource_of(action: str) -> str:
    """What Glue asks for, beside the catalog: a database or a table."""
    return MART_TABLE.replace("table/", "database/").removesuffix("/a_table") if "Database" in action else MART_TABLE


def test_all_that_glue_asks_for_is_there() -> None:
    """Glue asks for the right on a table, on its database and on the catalog."""
    for policy in (LOADER, DBT, BI):
        for statement in policy.statements:
            resources = as_list(statement["Resource"])
            if not as_list(statement["Action"])[0].startswith("glue:"):
                continue
            assert f"arn:aws:glue:{REGION}:{ACCOUNT}:catalog" in resources
            for resource in resources:
                if ":table/" in resource:
                    assert resource.replace(":table/", ":database/").removesuffix("/*") in resources


class Call(NamedTuple):
    """What a request needs to be allowed."""

    action: str
    resource: str
    prefix: str = ""


def s3_calls(recording: str) -> set[Call]:
    """What each recorded request asks of S3."""
    return {call for line in recording.splitlines() if (call := s3_call(**json.loads(line)))}


def s3_call(method: str, url: str, **others: Any) -> Call | None:
    parts = urlsplit(url)
    bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
    query = parse_qs(parts.query, keep_blank_values=True)
    if not bucket:
        return None  # another service's
    arn = f"arn:aws:s3:::{bucket}"
    if not key and method == "HEAD":
        return None  # asks for the region, which S3 tells those too whom it refuses
    if not key and method == "GET":
        return Call("s3:ListBucket", arn, query.get("prefix", [""])[0])
    if not key:
        assert (method, "delete" in query) == ("POST", True), url
        return Call("s3:DeleteObject", f"{arn}/raw/many")
    if method == "DELETE":
        return Call("s3:AbortMultipartUpload" if "uploadId" in query else "s3:DeleteObject", f"{arn}/{key}")
    return Call("s3:GetObject" if method in {"GET", "HEAD"} else "s3:PutObject", f"{arn}/{key}")


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[set[Call]]:
    """What the loader asks of S3, in every command that a run or the runbook has, on the stack's own buckets."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorder, "_location", str(tmp_path_factory.mktemp("recording") / "requests"))
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "example")
        for name, value in STACK.environment().items():
            patch.setenv(name, value)
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        try:
            work(tmp_path_factory.mktemp("source"))
            yield s3_calls(recorder.download_recording())
        finally:
            server.stop()


def work(source: Path) -> None:
    s3 = boto3.client("s3")
    uri, lake = STACK.environment()["GT_SOURCE"], STACK.environment()["GT_LAKE"]
    for bucket in ("job-output", lake.removeprefix("s3://")):
        s3.create_bucket(Bucket=bucket)

    def add_job(name: str) -> None:
        for path in write_job(source, name, {0: {"ann": "Cat", "ben": "Dog"}, 1: {"ann": "Cat"}}).rglob("*.*"):
            s3.upload_file(str(path), "job-output", f"labeling/{path.relative_to(source)}")

    def ingest(*arguments: str) -> None:
        recorder.start_recording()
        done = subprocess.run([sys.executable, "-m", "ingest", *arguments], cwd=ROOT, capture_output=True, text=True)
        recorder.stop_recording()
        assert done.returncode == 0, done.stderr

    for name in ("Pets", "Birds"):
        add_job(name)
        ingest("load", uri, lake)
    ingest("forget", lake, "--job", "Birds")
    ingest("compact", lake)
    ingest("vacuum", lake, "--grace-hours", "0")
    ingest("status", lake)


def test_the_loader_may_do_all_that_it_does(calls: set[Call]) -> None:
    assert {call.action for call in calls} >= {"s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"}
    refused = [call for call in calls if not LOADER.allows(call.action, call.resource, s3_prefix=call.prefix)]
    assert refused == []


def test_the_loader_may_do_no_more_on_s3(calls: set[Call]) -> None:
    """But give up an upload, which it does when it is stopped."""
    assert LOADER.actions("s3") - {call.action for call in calls} <= {"s3:AbortMultipartUpload"}


def test_the_loader_may_register_and_no_more() -> None:
    source = (ROOT / "ingest/aws/glue.py").read_text()
    called = camel(re.findall(r"glue\.(?!get_paginator|exceptions|meta)(\w+)\(", source))
    called |= camel(re.findall(r"glue\.get_paginator\(\"(\w+)\"", source))
    # The stack makes the database.
    assert LOADER.actions("glue") == {f"glue:{name}" for name in called} - {"glue:CreateDatabase"}
    assert all(LOADER.allows(action, RAW_TABLE) for action in LOADER.actions("glue"))


def test_the_loader_may_ask_what_the_sync_commands_ask_and_no_more() -> None:
    policy = Stack(**EVERY_OPTION).policy("LoaderPolicy")
    called = {
        f"{service}:{action}"
        for path in (ROOT / "ingest/aws").glob("*.py")
        for service, action in re.findall(r"explained\(\s*\"([a-z-]+):(\w+)\"", path.read_text())
        if service in {"cognito-idp", "sagemaker", "logs"}
    }
    methods = camel(
        name
        for path in (ROOT / "ingest/aws").glob("*.py")
        for names in re.findall(
            r"get_paginator\(\"(\w+)|\b(?:sagemaker|cognito|logs|clients\(\"\w+\"\))\.(?!get_paginator)(\w+)\(",
            path.read_text(),
        )
        for name in names
        if name
    )
    methods -= {"GetTables"}  # those of Glue have a test of their own
    assert {action.partition(":")[2] for action in called} == methods
    granted = {action for service in ("cognito-idp", "sagemaker", "logs") for action in policy.actions(service)}
    assert granted == called
    log = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{LOG_GROUP}:*"
    assert policy.allows("logs:FilterLogEvents", log)
    assert not policy.allows("logs:FilterLogEvents", log.replace("WorkerActivity", "Other"))
