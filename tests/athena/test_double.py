"""The double behaves as Athena's API does, to those who call it."""

from __future__ import annotations

import time
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.athena.project import WORK_GROUP, Project
from tests.athena.stack import Stack
from tests.athena.statements import QUERY_BYTES

ENDLESS = "select count(*) from unnest(sequence(1, 10000)) as a (a) cross join unnest(sequence(1, 10000)) as b (b) "
ENDLESS += "cross join unnest(sequence(1, 10000)) as c (c) where a * b = c + 7"


@pytest.fixture(scope="module")
def project(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(stack, tmp_path_factory.mktemp("project"), "double")
    project.query("create schema `double_marts`")
    return project


def test_values_of_every_type_as_athena_writes_them(project: Project) -> None:
    result = project.query("""
        select 'a' as text, '' as empty, cast(null as varchar) as nothing, 1 as whole, bigint '2' as big, true as yes,
            1.5e0 as number, decimal '0.012000' as price, date '2024-02-29' as day,
            timestamp '2024-02-29 01:02:03.004' as time
    """)

    assert result.columns == [
        *[("text", "varchar"), ("empty", "varchar"), ("nothing", "varchar"), ("whole", "integer"), ("big", "bigint")],
        *[("yes", "boolean"), ("number", "double"), ("price", "decimal"), ("day", "date"), ("time", "timestamp")],
    ]
    assert result.rows == [
        ("a", "", None, "1", "2", "true", "1.5", "0.012000", "2024-02-29", "2024-02-29 01:02:03.004")
    ]


def test_what_pyathena_says_of_columns(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """BI tools ask by PyAthena, which reads more of a column than its name and type."""
    import pyathena

    for name, value in project.environment.items():
        monkeypatch.setenv(name, value)
    location = project.environment["GT_S3_STAGING_DIR"]
    with pyathena.connect(s3_staging_dir=location, work_group=WORK_GROUP, region_name="us-east-1") as connection:
        cursor = connection.cursor()
        cursor.execute("""
            select cast('a' as varchar) as text, cast('abc' as varchar(7)) as short, 1 as whole, bigint '2' as big,
                1.5e0 as number, cast(0.25 as decimal(18, 6)) as price, date '2024-02-29' as day, true as yes
        """)

        assert [
            (name, kind, digits, scale, nullable) for name, kind, _, _, digits, scale, nullable in cursor.description
        ] == [
            ("text", "varchar", 2147483647, 0, "UNKNOWN"),
            ("short", "varchar", 7, 0, "UNKNOWN"),
            ("whole", "integer", 10, 0, "UNKNOWN"),
            ("big", "bigint", 19, 0, "UNKNOWN"),
            ("number", "double", 17, 0, "UNKNOWN"),
            ("price", "decimal", 18, 6, "UNKNOWN"),
            ("day", "date", 0, 0, "UNKNOWN"),
            ("yes", "boolean", 0, 0, "UNKNOWN"),
        ]
        assert cursor.fetchall() == [("a", "abc", 1, 2, 1.5, Decimal("0.250000"), date(2024, 2, 29), True)]


def test_results_come_in_pages_of_a_thousand_the_header_first(project: Project) -> None:
    identity = project.start("select n from unnest(sequence(1, 2500)) as numbers (n) order by n")
    project.wait(identity)

    pages = list(project.athena.get_paginator("get_query_results").paginate(QueryExecutionId=identity))

    rows = [row["Data"][0]["VarCharValue"] for page in pages for row in page["ResultSet"]["Rows"]]
    assert rows == ["n", *map(str, range(1, 2_501))]
    assert [len(page["ResultSet"]["Rows"]) for page in pages] == [1_000, 1_000, 501]


def test_results_are_a_csv_file_on_s3(project: Project) -> None:
    identity = project.start("select 'say \"a\", b' as text, cast(null as varchar) as nothing, '' as empty")

    location = project.wait(identity)["ResultConfiguration"]["OutputLocation"]

    assert location == f"{project.environment['GT_S3_STAGING_DIR']}{identity}.csv"
    content = project.s3.get_object(Bucket="example-results", Key=f"double/{identity}.csv")["Body"].read().decode()
    assert content == '"text","nothing","empty"\n"say ""a"", b",,""\n'


def test_a_query_that_fails_says_why(project: Project) -> None:
    with pytest.raises(RuntimeError, match=r"TABLE_NOT_FOUND: line 1:15: Table .*no_such_table.* does not exist"):
        project.query("select * from no_such_table")
    with pytest.raises(RuntimeError, match="table property 'surprise' is not supported"):
        project.query("create table one with (surprise=1) as select 1 as one")
    with pytest.raises(ClientError, match=r"did not finish successfully"):
        project.athena.get_query_results(QueryExecutionId=project.start("select * from no_such_table"))


def test_a_query_can_be_stopped(project: Project) -> None:
    identity = project.start(ENDLESS)
    while status(project, identity)["State"] == "QUEUED":
        time.sleep(0.1)

    project.athena.stop_query_execution(QueryExecutionId=identity)

    assert status(project, identity)["State"] == "CANCELLED"


def test_limits_and_work_groups_are_athenas(project: Project) -> None:
    padding = "x" * QUERY_BYTES
    with pytest.raises(ClientError, match="262144"):
        project.start(f"select '{padding}' as text")
    with pytest.raises(ClientError, match="WorkGroup"):
        project.athena.start_query_execution(QueryString="select 1", WorkGroup="no-such-group")
    with pytest.raises(ClientError, match="output location"):
        project.athena.start_query_execution(QueryString="select 1", WorkGroup=WORK_GROUP)


def test_databases_tables_and_a_views_columns(project: Project, tmp_path: Path) -> None:
    project.query(
        "create view double_marts.one as select 'a' as text, 1 as whole, timestamp '2024-01-01 00:00:00.000' as time"
    )
    databases = project.athena.list_databases(CatalogName="awsdatacatalog")["DatabaseList"]
    assert "double_marts" in [database["Name"] for database in databases]
    (table,) = project.athena.list_table_metadata(CatalogName="awsdatacatalog", DatabaseName="double_marts")[
        "TableMetadataList"
    ]
    assert [(column["Name"], column["Type"]) for column in table["Columns"]] == [
        ("text", "string"),
        ("whole", "int"),
        ("time", "timestamp"),
    ]
    assert project.query("select text from double_marts.one").rows == [("a",)]
    one = project.athena.get_table_metadata(CatalogName="awsdatacatalog", DatabaseName="double_marts", TableName="one")[
        "TableMetadata"
    ]
    assert one == table


def status(project: Project, identity: str) -> dict[str, object]:
    return dict(project.athena.get_query_execution(QueryExecutionId=identity)["QueryExecution"]["Status"])
