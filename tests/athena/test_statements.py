"""What of Athena's SQL is rewritten, and that all else is left as it is or refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from tests.athena.statements import UnsupportedError, for_trino, is_ddl, run_hive_ddl, without_comments

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient


@pytest.fixture
def glue() -> Iterator[GlueClient]:
    with mock_aws():
        client = boto3.client("glue", "us-east-1")
        client.create_database(DatabaseInput={"Name": "marts"})
        yield client


def test_properties_of_ctas_become_those_of_hive() -> None:
    sql = """create table "awsdatacatalog"."marts"."one"
    with (
      table_type='hive',
      is_external=true,external_location='s3://example-bucket/a (b), c/',
      partitioned_by=ARRAY['day', 'hour'],
      write_compression='zstd',
      format='parquet'
    )
    as select ')' as bracket, (1 + 2) as three"""

    assert for_trino(sql) == (
        'create table "awsdatacatalog"."marts"."one"\n    with ('
        "external_location = 's3://example-bucket/a (b), c/', partitioned_by = ARRAY['day', 'hour'], "
        "format = 'parquet')\n    as select ')' as bracket, (1 + 2) as three"
    )


@pytest.mark.parametrize("property_", ["surprise=1", "table_type='iceberg'"])
def test_a_property_that_is_not_known_is_refused(property_: str) -> None:
    with pytest.raises(UnsupportedError, match=property_.partition("=")[0]):
        for_trino(f"create table marts.one with (format='parquet', {property_}) as select 1 as one")


@pytest.mark.parametrize(
    "sql",
    [
        "select '-- no comment' as \"a\"",
        "with one as (select 1 as a) select * from one",
        'create or replace view "awsdatacatalog"."marts"."one" as select 1 as a',
        "create table marts.one as select 1 as a",
        "insert into marts.one select 2",
    ],
)
def test_all_else_is_left_as_it_is(sql: str, glue: GlueClient) -> None:
    assert for_trino(sql) == sql
    assert not run_hive_ddl(sql, glue)


@pytest.mark.parametrize(
    ("sql", "bare"),
    [
        ('-- /* {"app": "dbt"} */\n\n  select 1', "select 1"),
        ("/* one */ /* two */ select 1;", "select 1"),
        ("select 1 -- at the end", "select 1 -- at the end"),
    ],
)
def test_comments_before_a_statement_go(sql: str, bare: str) -> None:
    assert without_comments(sql) == bare


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CREATE TABLE a WITH (format='orc') AS SELECT 1", True),
        ("select * from created", False),
        ("drop table a", True),
    ],
)
def test_ddl_is_told_from_dml(sql: str, expected: bool) -> None:
    assert is_ddl(sql) is expected


def test_a_seed_is_a_csv_table(glue: GlueClient) -> None:
    assert run_hive_ddl(
        """create external table `marts`.`lookup` (`code` string, `name` string)
        row format serde 'org.apache.hadoop.hive.serde2.OpenCSVSerde'
        location 's3://example-bucket/seed'
        tblproperties (
          'skip.header.line.count'='1'
        )""",
        glue,
    )

    table = glue.get_table(DatabaseName="marts", Name="lookup")["Table"]
    assert [column["Name"] for column in table["StorageDescriptor"]["Columns"]] == ["code", "name"]
    assert table["StorageDescriptor"]["Location"] == "s3://example-bucket/seed"
    assert table["Parameters"]["skip.header.line.count"] == "1"


def test_properties_are_added_and_tables_and_schemas_come_and_go(glue: GlueClient) -> None:
    assert run_hive_ddl("create schema if not exists `marts`", glue)
    assert run_hive_ddl("create schema `other`", glue)
    storage = {"Columns": [{"Name": "a", "Type": "int"}], "Location": "s3://example-bucket/one"}
    glue.create_table(
        DatabaseName="other",
        TableInput={"Name": "one", "Parameters": {"kept": "1"}, "StorageDescriptor": storage},  # type: ignore[typeddict-item]
    )

    assert run_hive_ddl("alter table `other`.`one` set tblproperties ('classification' = 'parquet')", glue)
    table = glue.get_table(DatabaseName="other", Name="one")["Table"]
    assert table["Parameters"] == {"kept": "1", "classification": "parquet"}
    assert table["StorageDescriptor"]["Location"] == "s3://example-bucket/one"

    assert run_hive_ddl("drop table if exists `other`.`two`", glue)
    assert run_hive_ddl("drop table `other`.`one`", glue)
    assert run_hive_ddl("drop schema if exists `other` cascade", glue)
    assert [database["Name"] for database in glue.get_databases()["DatabaseList"]] == ["marts"]


@pytest.mark.parametrize(
    "sql",
    ["alter table `marts`.`one` replace columns (a int)", "msck repair table one", "create external table one (a int)"],
)
def test_other_hive_ddl_is_refused(sql: str, glue: GlueClient) -> None:
    with pytest.raises(UnsupportedError):
        run_hive_ddl(sql, glue)
