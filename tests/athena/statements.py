"""What Athena's SQL has and Trino's has not: CTAS with Athena's properties, and Hive DDL, which goes to Glue.

Everything else passes as it is. A statement or property of neither kind is an error, never guessed.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import TableInputTypeDef, TableTypeDef

QUERY_BYTES = 262_144
"""Longest statement that Athena takes: https://docs.aws.amazon.com/athena/latest/ug/service-limits.html"""

_CTAS = re.compile(r"(create\s+table\s+\S+\s+with\s*)\(", re.IGNORECASE)
_KEPT = frozenset({"format", "external_location", "partitioned_by", "bucketed_by", "bucket_count"})
# What these say is so in Trino by its configuration or its default.
_DROPPED = frozenset({"is_external", "write_compression", "table_type"})
_STRINGS_AND_BRACKETS = re.compile(r"'(?:[^']|'')*'|[()\[\],]")

_NAME = r"""[`"]?(?:awsdatacatalog[`"]?\.[`"]?)?(?P<database>\w+)[`"]?\.[`"]?(?P<table>\w+)[`"]?"""
_CREATE_VIEW = re.compile(r"create\s+(or\s+replace\s+)?view\s+" + _NAME, re.IGNORECASE)
_HIVE_TYPES = {"varchar": "string", "integer": "int"}
_OPEN_CSV = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
_TABLE_INPUT = (
    *("Name", "Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys"),
    *("ViewOriginalText", "ViewExpandedText", "TableType", "Parameters"),
)


class UnsupportedError(Exception):
    """A statement that this double of Athena does not know."""


def without_comments(sql: str) -> str:
    """Statement without the comments before it and the semicolon after it."""
    return re.sub(r"\A(\s*(--[^\n]*(\n|\Z)|/\*.*?\*/))*\s*", "", sql, flags=re.DOTALL).rstrip().removesuffix(";")


def is_ddl(sql: str) -> bool:
    """Whether Athena calls the statement, given without comments, DDL: its results have no header row."""
    return re.match(r"(create|drop|alter|msck)\b", sql, re.IGNORECASE) is not None


def for_trino(sql: str) -> str:
    """Statement with Athena's CTAS properties turned into those of Trino's hive connector.

    Raises:
        UnsupportedError: a property is not known.
    """
    if not (start := _CTAS.match(sql)):
        return sql
    *properties, end = _parts(sql, start.end())
    kept = []
    for text in properties:
        name, _, value = (part.strip() for part in text.partition("="))
        if name == "table_type" and value.lower() != "'hive'":
            raise UnsupportedError(f"table_type {value}: only Hive tables are")
        if name in _KEPT:
            kept.append(f"{name} = {value}")
        elif name not in _DROPPED:
            raise UnsupportedError(f"table property '{name}' is not supported")
    return f"{start[1]}({', '.join(kept)}){end}"


def _parts(sql: str, start: int) -> Iterator[str]:
    """The list that begins after an opening bracket, at commas of its own; then what follows its closing one."""
    depth = 0
    for token in _STRINGS_AND_BRACKETS.finditer(sql, start):
        if depth == 0 and token[0] in "),":
            yield sql[start : token.start()]
            start = token.end()
            if token[0] == ")":
                break
        depth += token[0] in "(["
        depth -= token[0] in ")]"
    yield sql[start:]


def put_view_columns(sql: str, glue: GlueClient) -> None:
    """After a view was created: its columns in Glue, where Athena puts them and Trino has a dummy."""
    if not (found := _CREATE_VIEW.match(sql)):
        return
    table = _table_input(glue.get_table(DatabaseName=found["database"], Name=found["table"])["Table"])
    encoded = table["ViewOriginalText"].removeprefix("/* Presto View: ").removesuffix(" */")
    columns = json.loads(base64.b64decode(encoded))["columns"]
    types = [(column["name"], column["type"].partition("(")[0]) for column in columns]
    table["StorageDescriptor"]["Columns"] = [
        {"Name": name, "Type": _HIVE_TYPES.get(kind, kind)} for name, kind in types
    ]
    glue.update_table(DatabaseName=found["database"], TableInput=table)


def run_hive_ddl(sql: str, glue: GlueClient) -> bool:
    """Carry out a statement of Hive's DDL; False where it is none, so that it is Trino's.

    Raises:
        UnsupportedError: a Hive statement that dbt-athena does not make for this project.
    """
    for pattern, action in _HIVE_DDL.items():
        if found := re.fullmatch(pattern, sql, re.IGNORECASE | re.DOTALL):
            action(glue, found)
            return True
    if re.match(r"(alter|msck|drop\s+table|(create|drop)\s+(schema|database|external))\b", sql, re.IGNORECASE):
        raise UnsupportedError(f"not a statement that is known: {sql[:200]}")
    return False


def _create_schema(glue: GlueClient, found: re.Match[str]) -> None:
    try:
        glue.create_database(DatabaseInput={"Name": found["database"]})
    except glue.exceptions.AlreadyExistsException:
        if not found["if_not"]:
            raise


def _drop_schema(glue: GlueClient, found: re.Match[str]) -> None:
    try:
        glue.delete_database(Name=found["database"])
    except glue.exceptions.EntityNotFoundException:
        if not found["if"]:
            raise


def _create_external_table(glue: GlueClient, found: re.Match[str]) -> None:
    if found["serde"] != _OPEN_CSV:
        raise UnsupportedError(f"serde {found['serde']}: only {_OPEN_CSV} is")
    columns = re.findall(r"`?(\w+)`?\s+(\w+)", found["columns"])
    glue.create_table(
        DatabaseName=found["database"],
        TableInput={
            "Name": found["table"],
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"EXTERNAL": "TRUE", **_properties(found["properties"])},
            "StorageDescriptor": {
                "Columns": [{"Name": name, "Type": kind} for name, kind in columns],
                "Location": found["location"],
                "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
                "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                "SerdeInfo": {"SerializationLibrary": _OPEN_CSV},
            },
        },
    )


def _drop_table(glue: GlueClient, found: re.Match[str]) -> None:
    try:
        glue.delete_table(DatabaseName=found["database"], Name=found["table"])
    except glue.exceptions.EntityNotFoundException:
        if not found["if"]:
            raise


def _set_properties(glue: GlueClient, found: re.Match[str]) -> None:
    table = _table_input(glue.get_table(DatabaseName=found["database"], Name=found["table"])["Table"])
    table["Parameters"] = {**table.get("Parameters", {}), **_properties(found["properties"])}
    glue.update_table(DatabaseName=found["database"], TableInput=table)


def _table_input(table: TableTypeDef) -> TableInputTypeDef:
    return {name: table[name] for name in _TABLE_INPUT if name in table}  # type: ignore[literal-required,return-value]


def _properties(text: str) -> dict[str, str]:
    return dict(re.findall(r"'([^']*)'\s*=\s*'([^']*)'", text))


_HIVE_DDL: dict[str, Callable[[GlueClient, re.Match[str]], None]] = {
    r"create\s+(schema|database)\s+(?P<if_not>if\s+not\s+exists\s+)?`?(?P<database>\w+)`?": _create_schema,
    r"drop\s+(schema|database)\s+(?P<if>if\s+exists\s+)?`?(?P<database>\w+)`?(\s+cascade)?": _drop_schema,
    r"create\s+external\s+table\s+" + _NAME + r"\s*\((?P<columns>.*?)\)\s*row\s+format\s+serde\s+'(?P<serde>[^']*)'\s*"
    r"location\s+'(?P<location>[^']*)'\s*tblproperties\s*\((?P<properties>.*)\)": _create_external_table,
    r"drop\s+table\s+(?P<if>if\s+exists\s+)?" + _NAME: _drop_table,
    r"alter\s+table\s+" + _NAME + r"\s+set\s+tblproperties\s*\((?P<properties>.*)\)": _set_properties,
}
