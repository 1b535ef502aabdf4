"""Samples whose marts are compared with what was planted."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

import duckdb
from click.testing import CliRunner

from ingest.cli import cli
from ingest.load.plan import Options
from ingest.load.run import load
from ingest.sample import generate
from ingest.sample.aws_responses import FOLDER as RESPONSES
from ingest.sample.truth import FILES, FOLDER, Fault
from tests.pipeline.warehouse import dbt


def make_lake(folder: Path, *, objects: int, seed: int, jobs: int = 1, without: Collection[Fault] = ()) -> None:
    """Makes a sample, and a lake of it and of its saved responses.

    Args:
        folder: where both are written; empty or missing.
        objects: of each large job.
        seed: of the sample.
        jobs: sets of large jobs.
        without: what is not planted.
    """
    sample, lake = folder / "sample", folder / "lake"
    generate(sample, jobs=jobs, objects=objects, seed=seed, without=without)
    load(str(sample), str(lake), Options(processes=1))
    saved = sample / RESPONSES
    for command, *options in (
        ("sync-jobs", "--from", saved / "labeling-jobs"),
        ("sync-workers", "--from", saved / "workers", "--members", f"labelers={saved / 'list-users-in-group.json'}"),
        ("sync-activity", *(part for path in sorted(saved.glob("*.jsonl")) for part in ("--from", path))),
    ):
        done = CliRunner().invoke(cli, [str(command), str(lake), *map(str, options)])
        assert done.exit_code == 0, done.output


def build_marts(folder: Path, marts: Iterable[str]) -> None:
    """Builds those marts of the lake, with all that they need."""
    selected = [f"+{mart}" for mart in sorted({"dim_workers", *marts})]
    dbt(
        *("build", "--target", "local", "--resource-type", "model", "seed", "--select", *selected),
        lake=folder / "lake",
        folder=folder,
    )


def open_marts(folder: Path) -> duckdb.DuckDBPyConnection:
    """The marts, and the sample's truth as ``truth_<file>``."""
    connection = duckdb.connect(str(folder / "warehouse.duckdb"))
    for name in FILES:
        path = folder / "sample" / FOLDER / f"{name}.csv"
        connection.execute(f"create temp view truth_{name} as from read_csv('{path}', header = true)")
    return connection
