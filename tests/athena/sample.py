"""The sample on both engines: loaded in two parts, built after each, with a reader asking all the while."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

from ingest.sample import generate
from tests.athena.comparison import compare_marts
from tests.athena.project import Project
from tests.athena.stack import Stack

READ_ALL_THE_WHILE = "fct_worker_tasks"
READER_PAUSES_SECONDS = 0.2  # far less than a table that is dropped and made again would be missing


@contextlib.contextmanager
def reading(project: Project, mart: str) -> Iterator[set[int]]:
    """The row counts that a reader of a mart sees, asking all the time; a failed query fails the test."""
    seen: set[int] = set()
    errors: list[Exception] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.wait(READER_PAUSES_SECONDS):
            try:
                seen.add(int(project.query(f"select count(*) from {mart}").rows[0][0] or 0))
            except Exception as error:
                errors.append(error)
                return

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield seen
    finally:
        stop.set()
        reader.join()
    assert errors == []


class Sample:
    """Marts of the sample that were equal on both engines, row by row, after either load."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        """Load and build; takes minutes.

        Raises:
            AssertionError: the marts of the two engines differ.
        """
        source, aside = folder / "output", folder / "aside"
        generate(source)
        # What comes on the second day only: a whole job, and a third of the answers of others.
        later = [source / "Order-Entities", *sorted(source.glob("W*/annotations/worker-response/*/*/*.json"))[::3]]
        for path in later:
            (aside / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
            path.rename(aside / path.relative_to(source))
        self.project = Project(stack, folder / "dbt", "sample")

        self.project.load(str(source))
        self.project.dbt("build")
        self.first = {mart.name: mart.row_count for mart in compare_marts(self.project, folder / "first")}

        for path in later:
            (aside / path.relative_to(source)).rename(path)
        self.project.load(str(source))
        with reading(self.project, READ_ALL_THE_WHILE) as self.seen:
            # The tests passed before.
            self.project.dbt("build", "--exclude-resource-type", "test", "unit_test")
        self.second = {mart.name: mart.row_count for mart in compare_marts(self.project, folder / "second")}
        self.warehouse = str(shutil.copy(folder / "second/local/warehouse.duckdb", folder / "marts.duckdb"))
        """DuckDB's marts of the same lake."""
