"""The marts that Athena builds are those that DuckDB builds of the same lake, row by row."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from ingest.sample import generate
from tests.athena.project import Project, Result
from tests.athena.stack import Stack
from tests.pipeline.warehouse import Marts

DOUBLES_DIFFER_BY = 1e-9

READERS: dict[str, Callable[[str], Any]] = {
    "varchar": str,
    "bigint": int,
    "integer": int,
    "double": float,
    "decimal": Decimal,
    "boolean": lambda text: text == "true",
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
}


def values(result: Result) -> list[tuple[Any, ...]]:
    """Rows of a query, their values as Python's."""
    readers = [READERS[kind] for _, kind in result.columns]
    return [
        tuple(None if cell is None else read(cell) for cell, read in zip(row, readers, strict=True))
        for row in result.rows
    ]


def in_order(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows in one order on both engines: by all that must be equal exactly, NULL last."""
    return sorted(rows, key=lambda row: [(value is None, value) for value in row if not isinstance(value, float)])


def is_equal(ours: object, theirs: object) -> bool:
    if isinstance(ours, float) and isinstance(theirs, float):
        return math.isclose(ours, theirs, rel_tol=DOUBLES_DIFFER_BY, abs_tol=DOUBLES_DIFFER_BY)
    return type(ours) is type(theirs) and ours == theirs


def differences(athena: Sequence[tuple[Any, ...]], duckdb: Sequence[tuple[Any, ...]]) -> list[tuple[Any, Any]]:
    pairs = zip(in_order(list(athena)), in_order(list(duckdb)), strict=True)
    return [(ours, theirs) for ours, theirs in pairs if not all(map(is_equal, ours, theirs))]


def assert_marts_are_equal(project: Project, folder: Path) -> dict[str, int]:
    """Build the marts of the project's lake with DuckDB too, and compare every row; rows by mart."""
    local = Marts(project.download_lake(folder / "lake"), folder / "local")
    columns: dict[str, list[str]] = {}
    for name, column in local.rows("""
        select table_name, column_name from information_schema.columns
        where table_schema = 'main' order by table_name, ordinal_position
    """):
        columns.setdefault(name, []).append(column)
    assert list(columns) == project.marts()
    counts = {}
    for name in columns:
        athena, expected = project.query(f"select * from {name}"), local.rows(f"select * from {name}")
        assert [column for column, _ in athena.columns] == columns[name], name
        assert len(athena.rows) == len(expected), name
        assert differences(values(athena), expected) == [], name
        counts[name] = len(expected)
    return counts


def test_the_samples_marts_before_and_after_another_load(stack: Stack, tmp_path: Path) -> None:
    source, later = tmp_path / "output", tmp_path / "later"
    generate(source)
    # What is there on the second day only: a whole job, and a third of all answers.
    arriving = [source / "Order-Entities", *sorted(source.glob("W*/annotations/worker-response/*/*/*.json"))[::3]]
    for path in arriving:
        (later / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
        path.rename(later / path.relative_to(source))
    project = Project(stack, tmp_path / "dbt", "sample")

    project.load(str(source))
    project.dbt("build")
    first = assert_marts_are_equal(project, tmp_path / "first")
    for path in arriving:
        (later / path.relative_to(source)).rename(path)
    project.load(str(source))
    project.dbt("build", "--exclude-resource-type", "unit_test")
    second = assert_marts_are_equal(project, tmp_path / "second")

    print(f"{len(second)} marts: {sum(first.values()):,} rows equal, then {sum(second.values()):,}")
    assert all(first[name] <= second[name] for name in second)
    assert first["fct_worker_tasks"] < second["fct_worker_tasks"]
