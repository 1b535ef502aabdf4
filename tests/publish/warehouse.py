"""A warehouse of a few rows: every mart, with the columns and types of its contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml  # type: ignore[import-untyped]

MARTS = Path(__file__).parents[2] / "models/marts"


@cache
def models() -> dict[str, dict[str, Any]]:
    """What dbt's project says of each mart."""
    return {
        model["name"]: model
        for path in sorted(MARTS.rglob("_*__models.yml"))
        for model in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)["models"]
    }


@cache
def columns() -> dict[str, dict[str, str]]:
    """Columns of each mart and their types, as the contracts have them."""
    return {
        name: {column["name"]: column["data_type"] for column in model["columns"]} for name, model in models().items()
    }


def make_warehouse(path: Path, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Write a warehouse, anew, in which each mart has the given rows, and NULL in the columns that are not given.

    Returns:
        The path as text.
    """
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema main_people")
        for mart, types in columns().items():
            name = f"main_people.{mart}" if mart == "dim_workers" else mart
            declared = ", ".join(f"{column} {_type(kind)}" for column, kind in types.items())
            description = models()[mart]["description"].replace("'", "''")
            connection.execute(f"create table {name} ({declared}); comment on table {name} is '{description}'")
            for row in rows.get(mart, ()):
                marks = ", ".join("?" for _ in row)
                connection.execute(f"insert into {name} ({', '.join(row)}) values ({marks})", list(row.values()))
    assert rows.keys() <= columns().keys()
    return str(path)


def _type(kind: str) -> str:
    return "timestamp_ms" if kind == "timestamp(3)" else kind
