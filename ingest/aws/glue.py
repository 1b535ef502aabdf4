"""The raw tables in the AWS Glue Data Catalog, where Athena finds them.

One external table over each folder of the lake, not partitioned, declared from the Arrow schemas: no crawler guesses
a type. Athena and Trino find a column in a Parquet file by its name, whichever its place, read NULL where an older
file lacks it, and pass over ``_schema.parquet``, as over every name that begins with ``_``.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError

from ingest.lake.layout import RAW
from ingest.storage.store import S3_SCHEME
from ingest.tables import LEDGER, SQL_TYPES, TABLES, Table

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import (
        ColumnTypeDef,
        SerDeInfoTypeDef,
        StorageDescriptorTypeDef,
        TableInputTypeDef,
        TableTypeDef,
    )

DATABASE_DESCRIPTION = "SageMaker Ground Truth's output as typed tables: the raw lake of ground-truth-analytics."
PARQUET_SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
EXTERNAL_TABLE = "EXTERNAL_TABLE"

# Hive's name, where it is not that of Athena's SQL.
_HIVE_TYPES = {"varchar": "string", "integer": "int", "timestamp(3)": "timestamp"}

# The most that Glue takes, in bytes.
_DESCRIPTION_BYTES = 2048
_COMMENT_BYTES = 255

# Each time that another writer comes between reading a table and changing it, all is looked at again.
_ATTEMPTS = 5

_ADVICE = "nothing was changed; drop the table (that deletes no data) and register again, or name another database"


class RegisterError(OSError):
    """A catalog that cannot be used, or a table in it that cannot be made the lake's; the message says why."""


@dataclass
class Registered:
    """What was done, by table's name."""

    database: str
    created: list[str] = field(default_factory=list)
    widened: dict[str, list[str]] = field(default_factory=dict)
    """The columns that were added."""
    updated: list[str] = field(default_factory=list)
    """Tables of which only descriptions or parameters were changed."""
    unchanged: list[str] = field(default_factory=list)


def glue_client() -> GlueClient:
    """Client of AWS Glue, in the region that AWS_REGION names, as for dbt; all else by boto3's own chain.

    Raises:
        RegisterError: no region is named anywhere, or a profile is not there.
    """
    config = Config(retries={"mode": "adaptive", "total_max_attempts": 6})  # it slows down where Glue throttles
    try:
        return boto3.client("glue", region_name=os.environ.get("AWS_REGION") or None, config=config)
    except NoRegionError:
        raise RegisterError("no AWS region: set AWS_REGION") from None
    except BotoCoreError as error:
        raise RegisterError(str(error)) from None


def register(lake_uri: str, database: str, glue: GlueClient) -> Registered:
    """Create the raw tables in a Glue database, or add the columns that they lack; the database too.

    A table that is like the lake's is taken as it is, whoever made it; what others added to it (owner, parameters,
    order of columns) stays. All tables are looked at before any is changed, and tables that are right are not touched.

    Raises:
        RegisterError: the lake is a folder; Glue refuses; or a table of one of the names has another location or
            format, is partitioned, or has a column of another type or one that this version of the loader does not
            know: then nothing was changed.
    """
    if not lake_uri.startswith(S3_SCHEME):
        raise RegisterError(f"{lake_uri}: Athena reads a lake on S3; a folder needs no registering")
    done = Registered(database)
    settled: set[str] = set()
    for _ in range(_ATTEMPTS):
        with _explained(database):
            present = _present_tables(glue, database)
            wanted = {table.name: _table_input(table, lake_uri) for table in (LEDGER, *TABLES.values())}
            _check(wanted, present or {}, database)
            if present is None:
                _create_database(glue, database)
            try:
                for name, table in wanted.items():
                    if name not in settled:
                        _settle(glue, table, (present or {}).get(name), done)
                        settled.add(name)
            except (glue.exceptions.AlreadyExistsException, glue.exceptions.ConcurrentModificationException):
                continue
            return done
    raise RegisterError(
        f"Glue database {database}: {name} exists but is not shown, or is changed all the time by others; "
        "where Lake Formation is in use, this role needs DESCRIBE and ALTER on the database's tables"
    )


def _table_input(table: Table, lake_uri: str) -> TableInputTypeDef:
    return {
        "Name": table.name,
        "Description": _cut(f"One row per {table.grain}.", _DESCRIPTION_BYTES),
        "TableType": EXTERNAL_TABLE,
        "PartitionKeys": [],
        "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet", "parquet.compression": "ZSTD"},
        "StorageDescriptor": {
            "Columns": [
                {"Name": name, "Type": _hive_type(SQL_TYPES[arrow_type]), "Comment": _cut(description, _COMMENT_BYTES)}
                for name, arrow_type, description in table.columns
            ],
            "Location": f"{lake_uri.rstrip('/')}/{RAW}/{table.name}/",
            "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
            "SerdeInfo": {"SerializationLibrary": PARQUET_SERDE, "Parameters": {"serialization.format": "1"}},
        },
    }


def _hive_type(sql_type: str) -> str:
    return _HIVE_TYPES.get(sql_type, sql_type)


def _cut(text: str, limit: int) -> str:
    """Text of at most so many bytes: where it is longer, as many whole words of it as there is room for."""
    data = text.encode()
    if len(data) <= limit:
        return text
    return data[: limit - 3].decode(errors="ignore").rpartition(" ")[0] + "..."


def _present_tables(glue: GlueClient, database: str) -> dict[str, TableTypeDef] | None:
    """Tables of the database by name; None where the database is not there."""
    try:
        pages = glue.get_paginator("get_tables").paginate(DatabaseName=database)
        return {table["Name"]: table for page in pages for table in page["TableList"]}
    except glue.exceptions.EntityNotFoundException:
        return None


def _create_database(glue: GlueClient, database: str) -> None:
    try:
        glue.create_database(DatabaseInput={"Name": database, "Description": DATABASE_DESCRIPTION})
    except glue.exceptions.AlreadyExistsException:
        pass  # another register was quicker
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDeniedException":
            raise
        raise RegisterError(
            f"Glue database {database} is not there, and this role may not create it (glue:CreateDatabase): "
            f"ask whoever looks after the account for the database"
        ) from None


def _check(wanted: dict[str, TableInputTypeDef], present: dict[str, TableTypeDef], database: str) -> None:
    differences = [
        difference
        for name, table in wanted.items()
        if name in present
        for difference in _differences(table, present[name])
    ]
    if differences:
        more = f" (and {len(differences) - 1:,} more differences)" if len(differences) > 1 else ""
        raise RegisterError(f"Glue database {database}: {differences[0]}{more}; {_ADVICE}")


def _differences(wanted: TableInputTypeDef, present: TableTypeDef) -> Iterator[str]:
    """What keeps a table from being the lake's."""
    name = wanted["Name"]
    for fact, is_one in _facts(present).items():
        should_be = _facts(wanted)[fact]
        if is_one != should_be:
            yield f"the {fact} of {name} is {is_one}, and should be {should_be}"
    types = _types(wanted)
    for column, type_ in _types(present).items():
        if column not in types:
            yield (
                f"{name} has a column {column} ({type_}) that this version of the loader does not write: "
                "a newer version may have registered it"
            )
        elif type_ != types[column]:
            yield f"{name}.{column} is {type_}, and should be {types[column]}"


def _facts(table: TableInputTypeDef | TableTypeDef) -> dict[str, str]:
    storage = _storage(table)
    serde = cast("SerDeInfoTypeDef", storage.get("SerdeInfo", {}))
    return {
        "kind": table.get("Parameters", {}).get("table_type") or table.get("TableType", "not known"),
        "location": storage.get("Location", "nowhere").rstrip("/"),
        "format": serde.get("SerializationLibrary", "not known"),
        "partitioning": ", ".join(key["Name"] for key in table.get("PartitionKeys", [])) or "none",
    }


def _types(table: TableInputTypeDef | TableTypeDef) -> dict[str, str]:
    return {column["Name"]: column.get("Type", "not known") for column in _columns(table)}


def _columns(table: TableInputTypeDef | TableTypeDef) -> list[ColumnTypeDef]:
    return cast("list[ColumnTypeDef]", _storage(table).get("Columns", []))


def _storage(table: TableInputTypeDef | TableTypeDef) -> StorageDescriptorTypeDef:
    return cast("StorageDescriptorTypeDef", table.get("StorageDescriptor", {}))


def _settle(glue: GlueClient, wanted: TableInputTypeDef, present: TableTypeDef | None, done: Registered) -> None:
    """Make one table what it should be, and note how."""
    name = wanted["Name"]
    if present is None:
        glue.create_table(DatabaseName=done.database, TableInput=wanted)
        done.created.append(name)
        return
    fields = glue.meta.service_model.shape_for("TableInput").members  # type: ignore[attr-defined] # it is a structure
    before = cast("TableInputTypeDef", {key: value for key, value in present.items() if key in fields})
    after = _merged(before, wanted)
    if after == before:
        done.unchanged.append(name)
        return
    # The version is Glue's guard against a change that came between; the version before stays in the table's history.
    version: dict[str, Any] = {"VersionId": present["VersionId"]} if "VersionId" in present else {}
    glue.update_table(DatabaseName=done.database, TableInput=after, **version)
    if new := [column for column in _types(wanted) if column not in _types(present)]:
        done.widened[name] = new
    else:
        done.updated.append(name)


def _merged(present: TableInputTypeDef, wanted: TableInputTypeDef) -> TableInputTypeDef:
    """The table as it is, with the descriptions, parameters and further columns of the one that is wanted."""
    columns = {column["Name"]: column for column in _columns(present)}
    for column in _columns(wanted):
        columns[column["Name"]] = {**columns.get(column["Name"], column), **column}
    return {
        **present,
        "Description": wanted["Description"],
        "Parameters": {**present.get("Parameters", {}), **wanted["Parameters"]},
        "StorageDescriptor": {**_storage(present), "Columns": list(columns.values())},
    }


@contextlib.contextmanager
def _explained(database: str) -> Iterator[None]:
    """What Glue refuses, in one line that says where."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise RegisterError(f"Glue database {database}: {' '.join(str(error).split())}") from None
