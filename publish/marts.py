"""Reads the marts: from DuckDB's file, or from Amazon Athena. Queries are in the SQL that both engines share."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import click
import pyarrow as pa

PEOPLE_MART = "dim_workers"
"""The one mart with people's names."""
PEOPLE_SUFFIX = "_people"
"""Ends the name of the schema that holds it."""

_TYPES = {
    "boolean": pa.bool_(),
    "tinyint": pa.int64(),
    "smallint": pa.int64(),
    "int": pa.int64(),
    "integer": pa.int64(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "float": pa.float64(),
    "decimal": pa.decimal128(18, 6),
    "date": pa.date32(),
    "timestamp": pa.timestamp("ms"),
}
"""Types of the marts' columns but texts, as Athena and Glue name them, and what both engines' answers are cast to."""


class MartsError(OSError):
    """The marts cannot be read; the message says why and what to do."""


class Marts(Protocol):
    """The marts of one warehouse."""

    people: str
    """Name of the schema of ``dim_workers``, for use in a query."""

    def query(self, sql: str) -> pa.Table:
        """The answer to a query over marts; integers come as int64, shares and scores as float64.

        Raises:
            MartsError: the query failed, or a mart does not exist.
        """

    def columns(self, mart: str) -> dict[str, pa.DataType]:
        """Columns of a mart and their types, in order; empty if there is no such mart."""

    def descriptions(self) -> dict[str, str]:
        """Every mart that may be read, in alphabetical order, with what dbt's project says of it."""


class DuckDBMarts:
    """Marts in a DuckDB file, which is opened read-only.

    Raises:
        MartsError: there is no such file, or another process writes to it.
    """

    def __init__(self, path: str, schema: str = "main") -> None:
        import duckdb

        if not Path(path).is_file():
            raise MartsError(f"{path}: no such warehouse: run `dbt build` first, or name the file with --warehouse")
        try:
            self._connection = duckdb.connect(path, read_only=True, config={"integer_division": True})
            self._connection.execute(f"set schema = '{schema}'; set TimeZone = 'UTC'")
        except duckdb.Error as error:
            raise MartsError(f"{path}: cannot be opened: {error}") from None
        self._errors = duckdb.Error
        self._schema = schema
        self.people = schema + PEOPLE_SUFFIX

    def query(self, sql: str) -> pa.Table:
        """See `Marts`."""
        try:
            return _normal(self._connection.sql(sql).to_arrow_table())
        except self._errors as error:
            raise MartsError(_failure(error, sql)) from None

    def columns(self, mart: str) -> dict[str, pa.DataType]:
        """See `Marts`."""
        found = self._connection.execute(
            "select 1 from duckdb_tables() where table_name = ? and schema_name in (?, ?)",
            [mart, self._schema, self.people],
        ).fetchall()
        if not found:
            return {}
        schema = self.query(f"select * from {relation(self, mart)} limit 0").schema
        return {field.name: field.type for field in schema}

    def descriptions(self) -> dict[str, str]:
        """See `Marts`."""
        found = self._connection.execute(
            "select table_name, coalesce(comment, '') from duckdb_tables() where schema_name in (?, ?) order by 1",
            [self._schema, self.people],
        ).fetchall()
        return {name: " ".join(comment.split()) for name, comment in found}


class AthenaMarts:
    """Marts on Amazon Athena; credentials are found as boto3 finds them.

    Args:
        schema: Glue database of the marts.
        work_group: runs the queries.
        staging_uri: ``s3://`` folder for the results, unless the work group has one.
        region: AWS region; default as boto3 finds it.
    """

    def __init__(self, schema: str, work_group: str, staging_uri: str | None, region: str | None = None) -> None:
        import boto3

        session = boto3.Session(region_name=region)
        self._athena, self._s3 = session.client("athena"), session.client("s3")
        self._glue = session.client("glue")
        self._schema, self._work_group, self._staging_uri = schema, work_group, staging_uri
        self.people = schema + PEOPLE_SUFFIX

    def query(self, sql: str) -> pa.Table:
        """See `Marts`."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            execution = self._finished(sql)
            columns = self._athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"], MaxResults=1)
            body = self._object(execution["ResultConfiguration"]["OutputLocation"])
        except (BotoCoreError, ClientError) as error:
            raise MartsError(f"Athena: {error}") from None
        return _from_csv(body, columns["ResultSet"]["ResultSetMetadata"]["ColumnInfo"])

    def columns(self, mart: str) -> dict[str, pa.DataType]:
        """See `Marts`."""
        database = self.people if mart == PEOPLE_MART else self._schema
        try:
            table = self._glue.get_table(DatabaseName=database, Name=mart)["Table"]
        except self._glue.exceptions.EntityNotFoundException:
            return {}
        return {column["Name"]: _type(column["Type"]) for column in table["StorageDescriptor"]["Columns"]}

    def descriptions(self) -> dict[str, str]:
        """See `Marts`."""
        from botocore.exceptions import BotoCoreError, ClientError

        found = {}
        for database in (self._schema, self.people):
            try:
                for page in self._glue.get_paginator("get_tables").paginate(DatabaseName=database):
                    for table in page["TableList"]:
                        found[table["Name"]] = " ".join(table.get("Description", "").split())
            except (BotoCoreError, ClientError) as error:
                # Readers of the marts need not be those who may know who the workers are.
                if database != self.people:
                    raise MartsError(f"Glue: {error}") from None
        return dict(sorted(found.items()))

    def _finished(self, sql: str) -> Any:
        result = {"ResultConfiguration": {"OutputLocation": self._staging_uri}} if self._staging_uri else {}
        started = self._athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": self._schema, "Catalog": "AwsDataCatalog"},
            WorkGroup=self._work_group,
            **result,  # type: ignore[arg-type]
        )
        wait = 0.2
        while True:
            execution = self._athena.get_query_execution(QueryExecutionId=started["QueryExecutionId"])["QueryExecution"]
            state = execution["Status"]["State"]
            if state == "SUCCEEDED":
                return execution
            if state in ("FAILED", "CANCELLED"):
                raise MartsError(_failure(execution["Status"].get("StateChangeReason"), sql))
            time.sleep(wait)
            wait = min(wait * 1.5, 2)

    def _object(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        body: bytes = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body


def _failure(reason: object, sql: str) -> str:
    """Why a query failed, in one line."""
    return " ".join(f"the query failed: {reason}: {sql}".split())


def relation(marts: Marts, mart: str) -> str:
    """A mart's name for use in a query."""
    return f"{marts.people}.{mart}" if mart == PEOPLE_MART else mart


def _type(name: str) -> pa.DataType:
    """A type by Athena's name or Glue's, such as decimal(18,6)."""
    return _TYPES.get(name.partition("(")[0], pa.string())


def _normal(table: pa.Table) -> pa.Table:
    """DuckDB's answer in the types that Athena's has."""

    def normal(kind: pa.DataType) -> pa.DataType:
        if pa.types.is_integer(kind):
            return pa.int64()
        if pa.types.is_timestamp(kind):
            return pa.timestamp("ms")
        if pa.types.is_decimal(kind):
            return pa.decimal128(18, 6) if kind.scale else pa.int64()  # a sum of integers is a wide decimal
        if pa.types.is_float32(kind):
            return pa.float64()
        return pa.string() if pa.types.is_null(kind) else kind

    return table.cast(pa.schema([(field.name, normal(field.type)) for field in table.schema]))


def _from_csv(body: bytes, columns: Sequence[Mapping[str, Any]]) -> pa.Table:
    """A result as Athena writes it: every value in quotes, NULL as nothing."""
    from pyarrow import csv

    types = {column["Name"]: _type(column["Type"]) for column in columns}
    return csv.read_csv(
        pa.BufferReader(body),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=types,
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
            true_values=["true"],
            false_values=["false"],
        ),
    )


def marts_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say where the marts are to a command, which receives an opener as ``open_marts``."""

    @functools.wraps(command)
    def with_marts(
        target: str,
        warehouse: str,
        schema: str | None,
        work_group: str,
        s3_staging_dir: str | None,
        region: str | None,
        **others: Any,
    ) -> None:
        def open_marts() -> Marts:
            if target == "athena":
                return AthenaMarts(
                    schema or os.environ.get("GT_SCHEMA", "ground_truth"), work_group, s3_staging_dir, region
                )
            return DuckDBMarts(warehouse, schema or "main")

        command(open_marts=open_marts, **others)

    # The environment variables are those of profiles.yml.
    options = (
        click.option(
            "--target", type=click.Choice(["local", "athena"]), default="local", show_default=True, help="As for dbt."
        ),
        click.option(
            "--warehouse",
            metavar="FILE",
            envvar="GT_WAREHOUSE",
            default="demo/warehouse.duckdb",
            show_default=True,
            show_envvar=True,
            help="DuckDB file of the marts.",
        ),
        click.option(
            "--schema",
            help="Schema of the marts. Default: main; on Athena, the database that GT_SCHEMA names, or ground_truth.",
        ),
        click.option(
            "--work-group",
            envvar="GT_WORK_GROUP",
            default="primary",
            show_default=True,
            show_envvar=True,
            help="Athena work group that runs the queries.",
        ),
        click.option(
            "--s3-staging-dir",
            metavar="URI",
            envvar="GT_S3_STAGING_DIR",
            show_envvar=True,
            help="Where Athena leaves results, unless the work group says it.",
        ),
        click.option("--region", envvar="AWS_REGION", show_envvar=True, help="AWS region of Athena."),
    )
    wrapped: Callable[..., None] = with_marts
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped
