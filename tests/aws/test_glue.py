"""The raw tables in Glue: created, widened, left alone, or refused. Against moto's Glue."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import boto3
import pyarrow as pa
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.stub import Stubber
from click.testing import CliRunner, Result
from moto import mock_aws
from moto.core.botocore_stubber import MockRawResponse

from ingest.aws.clients import AwsError, client
from ingest.aws.glue import RegisterError, register
from ingest.cli import cli
from ingest.load.run import load
from ingest.tables import LEDGER, TABLES, Table, Text
from tests.jobs import write_job

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

LAKE = "s3://example-bucket/lake"
DATABASE = "ground_truth_raw"
ALL = {table.name: table for table in (LEDGER, *TABLES.values())}
HIVE_TYPES = {
    pa.string(): "string",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    pa.timestamp("ms"): "timestamp",
}

NEEDED = "the credentials need {action}"
LONG = "The name, näme " + "näme " * 60 + "end."


class LongWinded(NamedTuple):
    """Columns of a table whose description is too long for Glue."""

    frame_name: Annotated[Text, LONG]


Calls = list[tuple[str, dict[str, Any]]]
TableDict = dict[str, Any]


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "example")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")


@pytest.fixture
def glue(account: None) -> Iterator[GlueClient]:
    with mock_aws():
        yield client("glue")


@pytest.fixture
def calls(glue: GlueClient) -> Calls:
    """Every call that the client makes from here on: operation and parameters."""
    made: Calls = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        made.append((model.name, json.loads(params["body"])))

    glue.meta.events.register("before-call.glue", note)
    return made


def tables(glue: GlueClient) -> dict[str, TableDict]:
    return {table["Name"]: dict(table) for table in glue.get_tables(DatabaseName=DATABASE)["TableList"]}


def columns(table: TableDict) -> list[TableDict]:
    found: list[TableDict] = table["StorageDescriptor"]["Columns"]
    return found


def alter(glue: GlueClient, name: str, change: Callable[[TableDict], object]) -> None:
    """Change a registered table as another tool would."""
    table = tables(glue)[name]
    change(table)
    read_only = {"DatabaseName", "CreateTime", "UpdateTime", "VersionId", "CatalogId"}
    table_input: Any = {key: value for key, value in table.items() if key not in read_only}
    glue.update_table(DatabaseName=DATABASE, TableInput=table_input)


def drop_columns(table: TableDict, *names: str) -> None:
    columns(table)[:] = [column for column in columns(table) if column["Name"] not in names]


def column(table: TableDict, name: str) -> TableDict:
    (found,) = [column for column in columns(table) if column["Name"] == name]
    return found


def test_each_raw_table_is_an_external_parquet_table_of_its_columns(glue: GlueClient) -> None:
    done = register(LAKE, DATABASE, glue)

    assert done.created == list(ALL)
    found = tables(glue)
    assert found.keys() == ALL.keys()
    for name, table in ALL.items():
        expected = [
            {"Name": field, "Type": HIVE_TYPES[arrow_type], "Comment": text}
            for field, arrow_type, text in table.columns
        ]
        assert columns(found[name]) == expected
        storage = found[name]["StorageDescriptor"]
        assert storage["Location"] == f"s3://example-bucket/lake/raw/{name}/"
        assert storage["SerdeInfo"]["SerializationLibrary"].endswith(".parquet.serde.ParquetHiveSerDe")
        assert storage["InputFormat"].endswith(".parquet.MapredParquetInputFormat")
        assert storage["OutputFormat"].endswith(".parquet.MapredParquetOutputFormat")
        assert found[name]["TableType"] == "EXTERNAL_TABLE"
        assert found[name]["PartitionKeys"] == []
        assert found[name]["Parameters"] == {
            "EXTERNAL": "TRUE",
            "classification": "parquet",
            "parquet.compression": "ZSTD",
        }
        assert found[name]["Description"] == f"One row per {table.grain}."


def test_the_database_is_made_with_a_description(glue: GlueClient) -> None:
    register(LAKE, DATABASE, glue)
    assert "raw lake" in glue.get_database(Name=DATABASE)["Database"]["Description"]


def test_a_database_that_is_there_is_used_as_it_is(glue: GlueClient) -> None:
    glue.create_database(DatabaseInput={"Name": DATABASE, "Description": "Ours."})
    register(LAKE, DATABASE, glue)
    assert glue.get_database(Name=DATABASE)["Database"]["Description"] == "Ours."


def test_registering_again_only_looks(glue: GlueClient, calls: Calls) -> None:
    register(LAKE, DATABASE, glue)
    calls.clear()

    done = register(f"{LAKE}/", DATABASE, glue)

    assert [operation for operation, _ in calls] == ["GetTables"]
    assert done.unchanged == list(ALL)
    assert (done.created, done.widened, done.updated) == ([], {}, [])


def test_columns_that_a_table_lacks_are_added_at_the_end(glue: GlueClient, calls: Calls) -> None:
    register(LAKE, DATABASE, glue)
    alter(glue, "frames", lambda table: drop_columns(table, "frame_index", "job_name"))
    calls.clear()

    done = register(LAKE, DATABASE, glue)

    assert done.widened == {"frames": ["job_name", "frame_index"]}
    assert [operation for operation, _ in calls] == ["GetTables", "UpdateTable"]
    # Glue refuses the update if somebody else's came between.
    assert calls[-1][1]["VersionId"] == "2"
    names = [field for field in ALL["frames"].schema.names if field not in {"job_name", "frame_index"}]
    frames = tables(glue)["frames"]
    assert [field["Name"] for field in columns(frames)] == [*names, "job_name", "frame_index"]
    assert column(frames, "frame_index")["Type"] == "int"
    assert column(frames, "frame_index")["Comment"] == "frame-no."
    assert register(LAKE, DATABASE, glue).unchanged == list(ALL)


def test_descriptions_follow_the_loader(glue: GlueClient) -> None:
    register(LAKE, DATABASE, glue)
    right = tables(glue)
    alter(glue, "frames", lambda table: table.update(Description="Old."))
    alter(glue, "workers", lambda table: column(table, "username").update(Comment="Old."))
    alter(glue, "data_objects", lambda table: column(table, "label").pop("Comment"))

    done = register(LAKE, DATABASE, glue)

    assert done.updated == ["data_objects", "frames", "workers"]
    for name, table in tables(glue).items():
        assert columns(table) == columns(right[name])
        assert table["Description"] == right[name]["Description"]


def test_what_others_added_to_a_table_stays(glue: GlueClient) -> None:
    register(LAKE, DATABASE, glue)

    def dress(table: TableDict) -> None:
        table["Owner"] = "data-team"
        table["Retention"] = 7
        table["Parameters"]["recordCount"] = "12"
        column(table, "frame_name")["Parameters"] = {"tag": "file"}
        table["StorageDescriptor"]["NumberOfBuckets"] = 0
        columns(table).reverse()

    alter(glue, "frames", dress)
    assert register(LAKE, DATABASE, glue).unchanged == list(ALL)
    alter(glue, "frames", lambda table: drop_columns(table, "extra_json"))

    register(LAKE, DATABASE, glue)

    frames = tables(glue)["frames"]
    assert (frames["Owner"], frames["Retention"], frames["Parameters"]["recordCount"]) == ("data-team", 7, "12")
    assert frames["StorageDescriptor"]["NumberOfBuckets"] == 0
    assert column(frames, "frame_name")["Parameters"] == {"tag": "file"}
    names = [name for name in reversed(ALL["frames"].schema.names) if name != "extra_json"]
    assert [field["Name"] for field in columns(frames)] == [*names, "extra_json"]


REFUSED: dict[str, tuple[Callable[[TableDict], object], str]] = {
    "type": (
        lambda table: column(table, "frame_index").update(Type="bigint"),
        "frames.frame_index is bigint, but should be int",
    ),
    "a column beyond": (
        lambda table: columns(table).append({"Name": "mood", "Type": "string"}),
        "frames has a column mood (string) that this version of the loader does not write",
    ),
    "location": (
        lambda table: table["StorageDescriptor"].update(Location="s3://example-bucket/other/raw/frames/"),
        "the location of frames is s3://example-bucket/other/raw/frames, "
        "but should be s3://example-bucket/lake/raw/frames",
    ),
    "format": (
        lambda table: table["StorageDescriptor"].update(SerdeInfo={"SerializationLibrary": "example.JsonSerDe"}),
        "the format of frames is example.JsonSerDe, but should be org.apache.hadoop.hive.ql.io.parquet",
    ),
    "no format": (lambda table: table["StorageDescriptor"].pop("SerdeInfo"), "the format of frames is unknown"),
    "view": (lambda table: table.update(TableType="VIRTUAL_VIEW"), "the kind of frames is VIRTUAL_VIEW"),
    "iceberg": (
        lambda table: table["Parameters"].update(table_type="ICEBERG"),
        "the kind of frames is ICEBERG, but should be EXTERNAL_TABLE",
    ),
    "partitions": (
        lambda table: table.update(PartitionKeys=[{"Name": "day", "Type": "date"}]),
        "the partitioning of frames is day, but should be none",
    ),
    "a link to another database's table": (
        lambda table: [table.pop(key) for key in ("StorageDescriptor", "TableType", "Parameters")],
        "the kind of frames is unknown",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_any_other_difference_is_refused_and_nothing_is_changed(glue: GlueClient, calls: Calls, what: str) -> None:
    """Even where a table that comes before it could be created, and one that comes after it widened."""
    change, expected = REFUSED[what]
    register(LAKE, DATABASE, glue)
    alter(glue, "frames", change)
    alter(glue, "workers", lambda table: drop_columns(table, "email"))
    glue.delete_table(DatabaseName=DATABASE, Name="annotations")
    before = tables(glue)
    calls.clear()

    with pytest.raises(RegisterError) as refusal:
        register(LAKE, DATABASE, glue)

    assert [operation for operation, _ in calls] == ["GetTables"]
    assert tables(glue) == before
    message = str(refusal.value)
    assert message.startswith(f"Glue database {DATABASE}: {expected}")
    assert message.endswith("drop the table (that deletes no data) and register again, or name another database")


def test_more_differences_are_counted(glue: GlueClient) -> None:
    register(LAKE, DATABASE, glue)
    with pytest.raises(RegisterError, match=rf"source_files is .* \(and {len(ALL) - 1} more differences\)"):
        register("s3://example-bucket/other", DATABASE, glue)


def test_tables_of_other_names_are_no_concern(glue: GlueClient) -> None:
    glue.create_database(DatabaseInput={"Name": DATABASE})
    glue.create_table(DatabaseName=DATABASE, TableInput={"Name": "theirs", "TableType": "VIRTUAL_VIEW"})
    assert register(LAKE, DATABASE, glue).created == list(ALL)
    assert "theirs" in tables(glue)


def test_two_at_once_both_end_well(glue: GlueClient, calls: Calls) -> None:
    """The other one comes after this one has seen that there is no database."""
    others: list[list[str]] = []

    def other(**_: Any) -> None:
        others.append(register(LAKE, DATABASE, client("glue")).created)

    glue.meta.events.register("before-call.glue.CreateDatabase", other)

    done = register(LAKE, DATABASE, glue)

    assert others == [list(ALL)]
    assert done.unchanged == list(ALL)
    assert done.created == []
    assert [operation for operation, _ in calls] == ["GetTables", "CreateDatabase", "CreateTable", "GetTables"]


def test_a_change_that_comes_between_is_not_overwritten(glue: GlueClient, calls: Calls) -> None:
    register(LAKE, DATABASE, glue)
    for name in ("class_labels", "frames"):
        alter(glue, name, lambda table: drop_columns(table, "job_name"))
    refused: list[bool] = []

    def refuse(params: dict[str, Any], **_: Any) -> None:
        if json.loads(params["body"])["TableInput"]["Name"] == "frames" and not refused:
            refused.append(True)
            alter(client("glue"), "frames", lambda table: table.update(Owner="data-team"))
            raise glue.exceptions.ConcurrentModificationException({}, "UpdateTable")

    glue.meta.events.register("before-call.glue.UpdateTable", refuse)

    done = register(LAKE, DATABASE, glue)

    assert refused
    assert done.widened == {"class_labels": ["job_name"], "frames": ["job_name"]}
    assert len(done.unchanged) == len(ALL) - 2
    assert tables(glue)["frames"]["Owner"] == "data-team"


def test_a_table_that_exists_but_is_not_shown_is_an_error_and_no_endless_loop(glue: GlueClient) -> None:
    """Lake Formation leaves tables out of GetTables that a role has no permission on."""
    register(LAKE, DATABASE, glue)

    def hide(parsed: dict[str, Any], **_: Any) -> None:
        parsed["TableList"] = [table for table in parsed["TableList"] if table["Name"] != "frames"]

    glue.meta.events.register("after-call.glue.GetTables", hide)
    with pytest.raises(RegisterError, match=r"frames exists but is not shown.*Lake Formation"):
        register(LAKE, DATABASE, glue)


def test_tables_are_found_on_every_page(glue: GlueClient) -> None:
    register(LAKE, DATABASE, glue)
    found = glue.get_tables(DatabaseName=DATABASE)["TableList"]
    with Stubber(glue) as stub:
        stub.add_response("get_tables", {"TableList": found[:4], "NextToken": "more"})
        stub.add_response("get_tables", {"TableList": found[4:]}, {"DatabaseName": DATABASE, "NextToken": "more"})
        assert register(LAKE, DATABASE, glue).unchanged == list(ALL)


def test_a_long_description_is_cut_after_a_word(monkeypatch: pytest.MonkeyPatch, glue: GlueClient) -> None:
    """Glue takes 255 bytes for a column, and 2,048 for a table."""
    long = Table("frames", "frame" + " of a sequence" * 200, (LongWinded,))
    monkeypatch.setitem(TABLES, "frames", long)

    register(LAKE, DATABASE, glue)

    frames = tables(glue)["frames"]
    comment, description = column(frames, "frame_name")["Comment"], frames["Description"]
    assert LONG.startswith(comment.removesuffix("..."))
    assert comment.endswith(" näme...")
    assert 255 - len(" näme".encode()) < len(comment.encode()) <= 255
    assert f"One row per {long.grain}.".startswith(description.removesuffix("..."))
    assert description.endswith((" of...", " a...", " sequence..."))
    assert 2_048 - len(" sequence") < len(description.encode()) <= 2_048
    assert register(LAKE, DATABASE, glue).unchanged == list(ALL)


def test_a_database_that_this_role_may_not_create(glue: GlueClient) -> None:
    with Stubber(glue) as stub:
        stub.add_client_error("get_tables", "EntityNotFoundException", f"Database {DATABASE} not found.")
        stub.add_client_error("create_database", "AccessDeniedException", "not authorized")
        with pytest.raises(AwsError, match=rf"{DATABASE} does not exist, and this role may not create it"):
            register(LAKE, DATABASE, glue)


@pytest.mark.parametrize(
    ("operation", "code", "message", "advice"),
    [
        ("get_tables", "AccessDeniedException", "User: x is not authorized to perform: glue:GetTables on y", NEEDED),
        (
            "get_tables",
            "ExpiredTokenException",
            "The security token is expired",
            "renew the credentials and run this again",
        ),
        ("get_tables", "ThrottlingException", "Rate exceeded", "AWS asks for fewer requests: run this again later"),
        ("create_table", "AccessDeniedException", "Insufficient Lake Formation permission(s)\non the database", NEEDED),
        ("create_database", "InvalidInputException", "Database name is not valid", ""),
    ],
)
def test_what_glue_refuses_is_one_line(glue: GlueClient, operation: str, code: str, message: str, advice: str) -> None:
    steps = ["get_tables", "create_database", "create_table"]
    with Stubber(glue) as stub:
        for step in steps[: steps.index(operation)]:
            if step == "get_tables":
                stub.add_client_error(step, "EntityNotFoundException", "not found")
            else:
                stub.add_response(step, {})
        stub.add_client_error(operation, code, message)
        with pytest.raises(AwsError) as refusal:
            register(LAKE, DATABASE, glue)
    text = str(refusal.value)
    action = f"glue:{''.join(word.capitalize() for word in operation.split('_'))}"
    thing = f"table {DATABASE}.source_files" if operation == "create_table" else f"database {DATABASE}"
    assert text.startswith(f"{action} {thing}: {code}: {' '.join(message.split())}")
    assert text.endswith(f"({advice.format(action=action)})" if advice else message)
    assert "\n" not in text


def test_an_endpoint_that_does_not_answer(account: None) -> None:
    config = Config(retries={"total_max_attempts": 1})
    glue = boto3.client("glue", region_name="eu-central-1", endpoint_url="http://127.0.0.1:9", config=config)
    with pytest.raises(AwsError, match=f"glue:GetTables database {DATABASE}: Could not connect to the endpoint URL"):
        register(LAKE, DATABASE, glue)


def test_glue_that_throttles_is_asked_again(glue: GlueClient) -> None:
    register(LAKE, DATABASE, glue)
    refusals: list[str] = []

    def throttle(request: AWSPreparedRequest, **_: Any) -> Any:
        if len(refusals) < 3:
            refusals.append(request.url)
            body = b'{"__type": "ThrottlingException", "message": "Rate exceeded"}'
            return AWSResponse(request.url, 400, HTTPHeaders(), MockRawResponse(body))
        return None

    glue.meta.events.register_first("before-send.glue.GetTables", throttle)

    assert register(LAKE, DATABASE, glue).unchanged == list(ALL)
    assert len(refusals) == 3


def test_no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(AwsError, match="no AWS region: set AWS_REGION"):
        client("glue")


def test_region_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert client("glue").meta.region_name == "eu-central-1"
    monkeypatch.setenv("AWS_REGION", "")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    assert client("glue").meta.region_name == "us-west-2"


def test_a_profile_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(AwsError, match="nobody"):
        client("glue")


@pytest.fixture
def lake(bucket: str, tmp_path: Path) -> Iterator[str]:
    """A lake on S3 with a load, and a catalog at the same endpoint."""
    write_job(tmp_path / "source", "Pets", {0: {"ann": "Cat"}})
    load(str(tmp_path / "source"), f"{bucket}/lake")
    yield f"{bucket}/lake"
    for database in client("glue").get_databases()["DatabaseList"]:
        client("glue").delete_database(Name=database["Name"])


def run(*command: str) -> Result:
    return CliRunner().invoke(cli, ["register", *command])


def test_the_command_registers_what_is_loaded(lake: str) -> None:
    first = run(lake, "--database", DATABASE)
    alter(client("glue"), "frames", lambda table: drop_columns(table, "job_name"))
    second = run(lake, "--database", DATABASE)
    third = run(lake, "--database", DATABASE, "--json")
    other = run(lake, "--database", "other")

    number = len(ALL)
    assert first.output == (f"{number} tables created, 0 widened, 0 updated, 0 unchanged in Glue database {DATABASE}\n")
    assert second.output == (
        f"0 tables created, 1 widened, 0 updated, {number - 1} unchanged in Glue database {DATABASE}\n"
        "  frames: job_name added\n"
    )
    assert json.loads(third.output) == {
        "database": DATABASE,
        "created": [],
        "widened": {},
        "updated": [],
        "unchanged": list(ALL),
    }
    assert {first.exit_code, second.exit_code, third.exit_code, other.exit_code} == {0}
    objects = boto3.resource("s3").Bucket("example-bucket").objects.all()
    folders = {item.key.rpartition("/")[0] for item in objects if item.key.endswith(".parquet")}
    locations = {table["StorageDescriptor"]["Location"] for table in tables(client("glue")).values()}
    assert locations == {f"s3://example-bucket/{folder}/" for folder in folders}


def test_a_lake_where_nothing_is_loaded_is_an_error(lake: str) -> None:
    done = run(f"{lake}s", "--database", DATABASE)

    assert done.exit_code == 2
    assert done.stderr == f"error: nothing is loaded in {lake}s\n"
    assert client("glue").get_databases()["DatabaseList"] == []


def test_a_folder_is_an_error(lake: str, tmp_path: Path) -> None:
    load(str(tmp_path / "source"), str(tmp_path / "lake"))

    done = run(str(tmp_path / "lake"), "--database", DATABASE)

    assert done.exit_code == 2
    assert done.stderr == (
        f"error: file://{tmp_path}/lake is a folder: "
        "Athena reads only lakes on S3, and a folder needs no registration\n"
    )
    assert client("glue").get_databases()["DatabaseList"] == []


def test_a_refusal_is_one_line_and_status_2(lake: str) -> None:
    run(lake, "--database", DATABASE)
    alter(client("glue"), "frames", lambda table: column(table, "frame_index").update(Type="date"))

    done = run(lake, "--database", DATABASE)

    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"error: Glue database {DATABASE}: frames.frame_index is date, but should be int; nothing was changed; "
        "drop the table (that deletes no data) and register again, or name another database\n"
    )


def test_a_name_that_glue_does_not_take_is_one_line(lake: str) -> None:
    done = run(lake, "--database", "")

    assert done.exit_code == 2
    assert "Parameter validation failed" in done.stderr
    assert len(done.stderr.splitlines()) == 1
