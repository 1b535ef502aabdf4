"""The table of docs/metrics.md on what is planted and found is what the marts say today."""

from __future__ import annotations

from pathlib import Path

from tests.metrics.recovery import FINDERS, read_found, recover


def test_the_first_seed_gives_the_rows_of_the_table(tmp_path: Path) -> None:
    """If it does not, and ought not: ``python -m tests.metrics.recovery``."""
    of_first_seed = [row for row in read_found() if row.seed == 1 and row.is_planted]
    assert len(of_first_seed) == len(FINDERS)

    found = recover(1, of_first_seed[0].objects, is_planted=True, folder=tmp_path / "sample")

    assert found == of_first_seed


def test_the_table_has_ten_seeds() -> None:
    found = read_found()
    assert {(row.seed, row.is_planted) for row in found} == {
        (seed, kind) for seed in range(1, 11) for kind in (True, False)
    }
