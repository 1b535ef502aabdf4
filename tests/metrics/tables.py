"""Tables in the place of the models that others read, and those that the docs are made of."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
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


def write_csv(path: Path, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """The file anew, with a line of the columns' names first."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
