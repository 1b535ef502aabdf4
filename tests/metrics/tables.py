"""Tables in the place of the models that others read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb


def make_table(
    connection: duckdb.DuckDBPyConnection, table: str, columns: str, rows: Iterable[tuple[Any, ...]]
) -> None:
    """Create a table and fill it: columns are given as in SQL, each with its type."""
    names = [column.split()[0] for column in columns.split(",")]
    values = dict(zip(names, map(list, zip(*rows, strict=True)), strict=False)) or {name: [] for name in names}
    connection.execute(f"create table {table} ({columns})")
    unnested = ", ".join(f"unnest(${name}) as {name}" for name in names)
    connection.execute(f"insert into {table} select {unnested}", values)
