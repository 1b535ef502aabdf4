"""The marts that Athena builds are those that DuckDB builds of the same lake, and readers never see half of one."""

from __future__ import annotations

from tests.athena.sample import READ_ALL_THE_WHILE, Sample
from tests.queries import queries


def test_the_samples_marts_before_and_after_another_load(sample: Sample) -> None:
    first, second = sample.first, sample.second

    # Whether they have answers is asked on DuckDB (tests/pipeline), whose lake has the log of the workers too.
    for sql in queries().values():
        assert sample.project.query(sql).columns
    assert all(first[name] <= second[name] for name in second)
    assert first[READ_ALL_THE_WHILE] < second[READ_ALL_THE_WHILE]
    assert sample.seen == {first[READ_ALL_THE_WHILE], second[READ_ALL_THE_WHILE]}
    print(f"{len(second)} marts equal: {sum(first.values()):,} rows, then {sum(second.values()):,}")
