"""The marts of one lake, built by both engines, row by row."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from tests.athena.project import Project, Result
from tests.pipeline.warehouse import Marts

Row = tuple[Any, ...]

DOUBLES_DIFFER_BY = 1e-9
"""Most that two doubles may differ, relative to the larger, or absolute below 1: sums are added up in any order."""

_READERS: dict[str, Callable[[str], Any]] = {
    "varchar": str,
    "bigint": int,
    "integer": int,
    "double": float,
    "decimal": Decimal,
    "boolean": {"true": True, "false": False}.__getitem__,
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
}


class Mart(NamedTuple):
    """A mart that both engines agree on; the bytes are what Athena scans for all of it."""

    name: str
    row_count: int
    bytes_scanned: int


def compare_marts(project: Project, folder: Path) -> list[Mart]:
    """Build the marts of the project's lake with DuckDB too, and hold every row against Athena's.

    Keys, integers, decimals, text and times must be equal, doubles almost.

    Raises:
        AssertionError: a mart, a column or a row differs, or there are none.
    """
    untested = ("--exclude-resource-type", "test", "unit_test")  # Athena's build was
    local = Marts(project.download_lake(folder / "lake"), folder / "local", *untested)
    columns: dict[str, list[str]] = {}
    for name, column in local.rows("""
        select table_name, column_name from information_schema.columns
        where table_schema in ('main', 'main_people') order by table_name, ordinal_position
    """):
        columns.setdefault(name, []).append(column)
    assert columns
    databases = project.marts()
    assert list(columns) == list(databases)
    marts = []
    for name, database in databases.items():
        schema = database.replace(project.marts_schema, "main")
        athena, expected = (
            project.query(f"select * from {database}.{name}"),
            local.rows(f"select * from {schema}.{name}"),
        )
        assert [column for column, _ in athena.columns] == columns[name], name
        assert len(athena.rows) == len(expected), f"{name}: {len(athena.rows)} rows, on DuckDB {len(expected)}"
        different = differences(_values(athena), expected)
        assert not different, f"{name}: {len(different)} rows differ, the first:\n{different[0][0]}\n{different[0][1]}"
        marts.append(Mart(name, len(expected), athena.bytes_scanned))
    return marts


def differences(ours: Iterable[Row], theirs: Iterable[Row]) -> list[tuple[Row, Row]]:
    """Pairs of rows that are not equal, both put in one order; as many rows on either side."""
    pairs = zip(_in_order(ours), _in_order(theirs), strict=True)
    return [pair for pair in pairs if not all(map(_is_equal, *pair))]


def _in_order(rows: Iterable[Row]) -> list[Row]:
    # First by what must be equal exactly: doubles could put rows in another order. Where rows differ in doubles only,
    # as bands do, by the digits that are the same for sure. NULL comes last.
    def key(row: Row) -> list[tuple[bool, Any]]:
        exact = [(value is None, 0 if isinstance(value, float) else value) for value in row]
        return exact + [(False, round(value, 6)) for value in row if isinstance(value, float)]

    return sorted(rows, key=key)


def _is_equal(ours: object, theirs: object) -> bool:
    if isinstance(ours, float) and isinstance(theirs, float):
        return math.isclose(ours, theirs, rel_tol=DOUBLES_DIFFER_BY, abs_tol=DOUBLES_DIFFER_BY)
    return type(ours) is type(theirs) and ours == theirs


def _values(result: Result) -> list[Row]:
    readers = [_READERS[kind] for _, kind in result.columns]
    return [
        tuple(None if cell is None else read(cell) for cell, read in zip(row, readers, strict=True))
        for row in result.rows
    ]
