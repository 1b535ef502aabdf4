"""The raw tables in the AWS Glue Data Catalog, where Athena finds them.

One external table for each table's folder in the lake, not partitioned, declared from the Arrow schemas: no crawler
guesses a type. Athena and Trino find a column in a Parquet file by its name, wherever it is, read NULL if an older file
lacks it, and skip ``_schema.parquet``, as they skip every name that begins with ``_``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from ingest.aws.clients import AwsError, RefusalError, explained
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

# Hive's names for types that Athena's SQL calls otherwise.
_HIVE_TYPES = {"varchar": "string", "integer": "int", "timestamp(3)": "timestamp"}

# Glue's limits, in bytes.
_DESCRIPTION_BYTES = 2048
_COMMENT_BYTES = 255

# If another writer changes a table between our reading and our changing it, everything is looked at again.
_ATTEMPTS = 5

_ADVICE = "nothing was changed; drop the table (that deletes no data) and register again, or name another database"


class RegisterError(OSError):
    """A lake that cannot be registered, or a table in the catalog that cannot be made the lake's; it says why."""


class _ConflictError(Exception):
    """Another writer changed a table, or it exists but is not shown; names the table."""


@dataclass
class Registered:
    """What was done, by names of tables."""

    database: str
    created: list[str] = field(default_factory=list)
    widened: dict[str, list[str]] = field(default_factory=dict)
    """The columns that were added, by table."""
    updated: list[str] = field(default_factory=list)
    """Tables whose descriptions or parameters alone were changed."""
    unchanged: list[str] = field(default_factory=list)


def register(lake_uri: str, database: str, glue: GlueClient) -> Registered:
    """Create the raw tables in a Glue database, or add the columns that they lack; the database too.

    A table that matches the lake's is accepted, whoever made it; what others added to it (owner, parameters, order of
    columns) stays. All tables are checked before any is changed, and tables that are right are not touched.

    Raises:
        RegisterError: the lake is a folder; or a table of one of the names has another location or format, is
            partitioned, or has a column of another type or one that this version of the loader does not know: then
            nothing was changed.
        AwsError: Glue cannot be used, or refuses.
    """
    if not lake_uri.startswith(S3_SCHEME):
        raise RegisterError(
            f"{lake_uri} is a folder: Athena reads only lakes on S3, and a folder needs no registration"
        )
    done = Registered(database)
    retrying = Retrying(retry=retry_if_exception_type(_ConflictError), stop=stop_after_attempt(_ATTEMPTS), reraise=True)
    try:
        retrying(_settle_all, glue, lake_uri, done, set())
    except _ConflictError as error:
        raise RegisterError(
            f"Glue database {database}: table {error} exists but is not shown, or others keep changing it; "
            "if Lake Formation is in use, this role needs DESCRIBE and ALTER on the database's tables"
        ) from None
    return done


def _settle_all(glue: GlueClient, lake_uri: str, done: Registered, settled: set[str]) -> None:
    """Make every table what it should be, but for those that are settled already."""
    present = _present_tables(glue, done.database)
    wanted = {table.name: _table_input(table, lake_uri) for table in (LEDGER, *TABLES.values())}
    _check(wanted, present or {}, done.database)
    if present is None:
        _create_database(glue, done.database)
    for name, table in wanted.items():
        if name not in settled:
            _settle(glue, table, (present or {}).get(name), done)
            settled.add(name)


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
    """Text of at most ``limit`` bytes: a longer one is cut after a whole word."""
    data = text.encode()
    if len(data) <= limit:
        return text
    return data[: limit - 3].decode(errors="ignore").rpartition(" ")[0] + "..."


def _present_tables(glue: GlueClient, database: str) -> dict[str, TableTypeDef] | None:
    """Tables of the database by name; None if the database does not exist."""
    with explained("glue:GetTables", of=f"database {database}"):
        try:
            pages = glue.get_paginator("get_tables").paginate(DatabaseName=database)
            return {table["Name"]: table for page in pages for table in page["TableList"]}
        except glue.exceptions.EntityNotFoundException:
            return None


def _create_database(glue: GlueClient, database: str) -> None:
    try:
        with (
            explained("glue:CreateDatabase", of=f"database {database}"),
            contextlib.suppress(glue.exceptions.AlreadyExistsException),  # another register was faster
        ):
            glue.create_database(DatabaseInput={"Name": database, "Description": DATABASE_DESCRIPTION})
    except RefusalError:
        raise AwsError(
            f"Glue database {database} does not exist, and this role may not create it (glue:CreateDatabase): "
            "ask the account's administrator to create the database"
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
    """What distinguishes a table in the catalog from the lake's, apart from columns that it lacks."""
    name = wanted["Name"]
    for fact, is_one in _facts(present).items():
        should_be = _facts(wanted)[fact]
        if is_one != should_be:
            yield f"the {fact} of {name} is {is_one}, but should be {should_be}"
    types = _types(wanted)
    for column, type_ in _types(present).items():
        if column not in types:
            yield (
                f"{name} has a column {column} ({type_}) that this version of the loader does not write: "
                "a newer version may have registered it"
            )
        elif type_ != types[column]:
            yield f"{name}.{column} is {type_}, but should be {types[column]}"


def _facts(table: TableInputTypeDef | TableTypeDef) -> dict[str, str]:
    storage = _storage(table)
    serde = cast("SerDeInfoTypeDef", storage.get("SerdeInfo", {}))
    return {
        "kind": table.get("Parameters", {}).get("table_type") or table.get("TableType", "unknown"),
        "location": storage.get("Location", "nowhere").rstrip("/"),
        "format": serde.get("SerializationLibrary", "unknown"),
        "partitioning": ", ".join(key["Name"] for key in table.get("PartitionKeys", [])) or "none",
    }


def _types(table: TableInputTypeDef | TableTypeDef) -> dict[str, str]:
    return {column["Name"]: column.get("Type", "unknown") for column in _columns(table)}


def _columns(table: TableInputTypeDef | TableTypeDef) -> list[ColumnTypeDef]:
    return cast("list[ColumnTypeDef]", _storage(table).get("Columns", []))


def _storage(table: TableInputTypeDef | TableTypeDef) -> StorageDescriptorTypeDef:
    return cast("StorageDescriptorTypeDef", table.get("StorageDescriptor", {}))


def _settle(glue: GlueClient, wanted: TableInputTypeDef, present: TableTypeDef | None, done: Registered) -> None:
    """Make one table what it should be, and note how.

    Raises:
        _ConflictError: another writer changed it meanwhile.
    """
    name = wanted["Name"]
    if present is None:
        with explained("glue:CreateTable", of=f"table {done.database}.{name}"):
            try:
                glue.create_table(DatabaseName=done.database, TableInput=wanted)
            except glue.exceptions.AlreadyExistsException:
                raise _ConflictError(name) from None
        done.created.append(name)
        return
    fields = glue.meta.service_model.shape_for("TableInput").members  # type: ignore[attr-defined] # it is a structure
    before = cast("TableInputTypeDef", {key: value for key, value in present.items() if key in fields})
    after = _merged(before, wanted)
    if after == before:
        done.unchanged.append(name)
        return
    # Glue refuses the update if the table has another version by now. The version before stays in its history.
    version: dict[str, Any] = {"VersionId": present["VersionId"]} if "VersionId" in present else {}
    with explained("glue:UpdateTable", of=f"table {done.database}.{name}"):
        try:
            glue.update_table(DatabaseName=done.database, TableInput=after, **version)
        except glue.exceptions.ConcurrentModificationException:
            raise _ConflictError(name) from None
    if new := [column for column in _types(wanted) if column not in _types(present)]:
        done.widened[name] = new
    else:
        done.updated.append(name)


def _merged(present: TableInputTypeDef, wanted: TableInputTypeDef) -> TableInputTypeDef:
    """The table as it is, with the wanted descriptions and parameters, and the columns that it lacks."""
    columns = {column["Name"]: column for column in _columns(present)}
    for column in _columns(wanted):
        columns[column["Name"]] = {**columns.get(column["Name"], column), **column}
    return {
        **present,
        "Description": wanted["Description"],
        "Parameters": {**present.get("Parameters", {}), **wanted["Parameters"]},
        "StorageDescriptor": {**_storage(present), "Columns": list(columns.values())},
    }
