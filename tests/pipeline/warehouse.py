"""Building the marts of a lake, and asking them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

ROOT = Path(__file__).parents[2]


def dbt(
    *arguments: str,
    folder: Path,
    lake: Path | None = None,
    environment: Mapping[str, str] | None = None,
    fails: bool = False,
    program: Sequence[str] = (str(Path(sys.executable).with_name("dbt")),),
) -> str:
    """Run dbt on a lake, with everything it writes on this machine in a folder; its output.

    Raises:
        AssertionError: it failed, or did not where it should.
    """
    folder.mkdir(parents=True, exist_ok=True)
    profiles = folder / "profiles.yml"
    profiles.write_text((ROOT / "profiles.yml.example").read_text())
    done = subprocess.run(
        [
            *(*program, *arguments),
            *("--profiles-dir", str(folder), "--target-path", str(folder / "target"), "--log-path", str(folder)),
        ],
        cwd=ROOT,
        env=os.environ
        | {"GT_WAREHOUSE": str(folder / "warehouse.duckdb")}
        | ({"GT_LAKE": str(lake)} if lake else {})
        | dict(environment or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode != 0) == fails, done.stdout[-8_000:] + done.stderr
    return done.stdout


class Marts:
    """The marts that dbt built of a lake."""

    def __init__(self, lake: Path, folder: Path, *arguments: str) -> None:
        self.output = dbt("build", "--target", "local", *arguments, lake=lake, folder=folder)
        self._connection = duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        return self._connection.execute(sql).fetchall()

    def one(self, sql: str) -> Any:
        """The only value of a query."""
        ((value,),) = self.rows(sql)
        return value

    def job_rows(self, of_jobs: str) -> dict[str, Counter[tuple[Any, ...]]]:
        """Rows of every mart with jobs, without load times; a condition tells which."""
        marts = self.rows("""
            select table_schema, table_name, list(column_name order by ordinal_position)
            from information_schema.columns
            where table_schema in ('main', 'main_people') and regexp_matches(table_name, '^(fct|rpt|dim|bridge)_')
            group by all
        """)
        return {
            name: Counter(
                tuple(map(comparable, row))
                for row in self.rows(
                    f"select {', '.join(column for column in columns if not column.endswith('loaded_at'))} "
                    f"from {schema}.{name} as mart where {of_jobs}"
                )
            )
            for schema, name, columns in marts
            if "job_name" in columns
        }


def comparable(value: object) -> object:
    """Sums of doubles end differently in another order."""
    return float(f"{value:.9g}") if isinstance(value, float) else value
