"""The table of docs/metrics.md on what is flagged if nothing is wrong, and one set of jobs again."""

from __future__ import annotations

from math import sqrt
from pathlib import Path

import pytest

from tests.metrics.false_alarms import (
    FALSE_DISCOVERY_SHARE,
    OBJECTS,
    RULES,
    SEEDS,
    SETS,
    Alarms,
    read_alarms,
    simulate,
    totals,
)

TOTALS = list(totals(read_alarms()))


def test_the_table_has_every_rule_for_every_seed() -> None:
    """If it does not: ``python -m tests.metrics.false_alarms``."""
    assert [(row.seed, row.rule, row.mart) for row in read_alarms()] == [
        (seed, rule.name, rule.mart) for seed in range(1, SEEDS + 1) for rule in RULES
    ]
    assert {(row.sets, row.objects) for row in read_alarms()} == {(SETS, OBJECTS)}


@pytest.mark.parametrize("row", TOTALS, ids=[f"{row.mart}-{row.rule}" for row in TOTALS])
def test_no_rule_flags_more_than_it_promises(row: Alarms) -> None:
    """By more than two standard errors of such a count; in a job, it promises as much of the chance of any flag."""
    assert row.judged_count >= SETS
    assert row.flagged_count <= row.limit_count + 2 * sqrt(row.limit_count)
    if row.limit_count == pytest.approx(FALSE_DISCOVERY_SHARE * row.judged_count):
        groups = FALSE_DISCOVERY_SHARE * row.group_count
        assert row.flagged_group_count <= groups + 2 * sqrt(groups)


def test_one_set_gives_alarms_for_each_rule(tmp_path: Path) -> None:
    """As in the table, where a sample has many sets: hardly anybody is flagged."""
    alarms = simulate(1, 1, OBJECTS, folder=tmp_path / "sample")

    assert [row.rule for row in alarms] == [rule.name for rule in RULES]
    assert all(row.judged_count for row in alarms)
    assert all(row.flagged_count == 0 for row in alarms if row.limit_count == 0)
    assert sum(row.flagged_count for row in alarms) <= 0.05 * sum(row.judged_count for row in alarms)
