"""Who is measured: command lines, and where the rows are that they write."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

# The benchmark's pandas is installed apart: see pandas.in.
PANDAS_PYTHON = Path(sys.prefix, "bench", "bin", "python")
PYTHON = (sys.executable, "-m", "tests.bench.without_pandas")


@dataclass(frozen=True)
class Contender:
    """One way to read a corpus and to write its rows.

    Attributes:
        command: with {corpus}, {source} and {out} in it.
        tables: patterns of the Parquet files that it writes below {out}, for each table.
    """

    name: str
    command: tuple[str, ...]
    tables: tuple[str, ...]

    def arguments(self, corpus: str, source: Path, out: Path) -> list[str]:
        """The command line."""
        return [part.format(corpus=corpus, source=source, out=out) for part in self.command]

    def rows(self, out: Path) -> tuple[int, ...]:
        """Rows written to each table."""
        return tuple(sum(pq.read_metadata(file).num_rows for file in out.glob(pattern)) for pattern in self.tables)


RESPONSE_TABLES = ("answers*.parquet", "labels*.parquet")
LOADER, LOADER_2 = "loader, 1 process", "loader, 2 processes"
FLOOR, FLOOR_2 = "msgspec floor, 1 process", "msgspec floor, 2 processes"
DUCKDB_AUTO, DUCKDB_BEST, PANDAS = "DuckDB, read_json_auto", "DuckDB, from_json", "json + pandas"
DUCKDB_TYPED, ARROW = "DuckDB, read_json with types", "pyarrow.json"


def loader(processes: int, tables: Sequence[str]) -> Contender:
    """``ingest load``; counts the rows of some raw tables."""
    command = (*PYTHON, "ingest", "load", "{source}", "{out}", "--processes", str(processes))
    patterns = tuple(f"raw/{table}/*.parquet" for table in tables)
    return Contender(LOADER if processes == 1 else LOADER_2, command, patterns)


def _floor(name: str, processes: int) -> Contender:
    command = (*PYTHON, "tests.bench.floor", "{source}", "{out}", str(processes))
    return Contender(name, command, RESPONSE_TABLES)


def _duckdb(name: str, way: str, tables: tuple[str, ...]) -> Contender:
    command = (*PYTHON, "tests.bench.with_duckdb", way, "{corpus}", "{source}", "{out}")
    return Contender(name, command, tables)


def for_responses() -> list[Contender]:
    """Ways to read worker responses into answers and labels."""
    tables = ("worker_answers", "worker_annotations")
    with_pandas = (str(PANDAS_PYTHON), "-m", "tests.bench.with_pandas", "{source}", "{out}")
    return [
        loader(1, tables),
        loader(2, tables),
        _floor(FLOOR, 1),
        _floor(FLOOR_2, 2),
        _duckdb(DUCKDB_AUTO, "read_json_auto", RESPONSE_TABLES),
        _duckdb(DUCKDB_BEST, "from_json", RESPONSE_TABLES),
        *([Contender(PANDAS, with_pandas, RESPONSE_TABLES)] if PANDAS_PYTHON.exists() else []),
    ]


def for_manifests() -> list[Contender]:
    """Ways to read a manifest into labels."""
    tables = ("labels*.parquet",)
    with_arrow = (*PYTHON, "tests.bench.with_arrow", "{source}", "{out}")
    return [
        *for_loader("annotations"),
        _duckdb(DUCKDB_TYPED, "manifest", tables),
        Contender(ARROW, with_arrow, tables),
    ]


def for_sequences() -> list[Contender]:
    """Ways to read a sequence into labels."""
    return [*for_loader("annotations"), _duckdb(DUCKDB_TYPED, "sequence", ("labels*.parquet",))]


def for_loader(table: str) -> list[Contender]:
    """The loader, with one process and with two."""
    return [loader(1, [table]), loader(2, [table])]
