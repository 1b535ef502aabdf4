"""The marts that Athena builds are those that DuckDB builds of the same lake, and readers never see half of one."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from ingest.sample import generate
from tests.athena.comparison import compare_marts
from tests.athena.project import Project
from tests.athena.stack import Stack
from tests.queries import queries

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


def test_the_samples_marts_before_and_after_another_load(stack: Stack, tmp_path: Path) -> None:
    source, aside = tmp_path / "output", tmp_path / "aside"
    generate(source)
    # What comes on the second day only: a whole job, and a third of the answers of others.
    later = [source / "Order-Entities", *sorted(source.glob("W*/annotations/worker-response/*/*/*.json"))[::3]]
    for path in later:
        (aside / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
        path.rename(aside / path.relative_to(source))
    project = Project(stack, tmp_path / "dbt", "sample")

    project.load(str(source))
    project.dbt("build")
    first = {mart.name: mart.row_count for mart in compare_marts(project, tmp_path / "first")}

    for path in later:
        (aside / path.relative_to(source)).rename(path)
    project.load(str(source))
    with reading(project, READ_ALL_THE_WHILE) as seen:
        project.dbt("build", "--exclude-resource-type", "test", "unit_test")  # they passed before
    second = {mart.name: mart.row_count for mart in compare_marts(project, tmp_path / "second")}

    # Whether they have answers is asked on DuckDB (tests/pipeline), whose lake has the log of the workers too.
    for sql in queries().values():
        assert project.query(sql).columns
    assert all(first[name] <= second[name] for name in second)
    assert first[READ_ALL_THE_WHILE] < second[READ_ALL_THE_WHILE]
    assert seen == {first[READ_ALL_THE_WHILE], second[READ_ALL_THE_WHILE]}
    print(f"{len(second)} marts equal: {sum(first.values()):,} rows, then {sum(second.values()):,}")
