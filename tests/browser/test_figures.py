"""What the page counts after a filter is what SQL counts, NULL and hostile names included."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from publish.marts import DuckDBMarts
from publish.visuals import Value, Visual, figures_sql, visuals
from tests.browser.chromium import Visit, visit
from tests.browser.filters import condition, random_filters

FILTERS = 60
_FIGURES = "() => [...gta.visuals.values()].map(visual => [visual.id, gta.figures(visual, {rows: gta.rows})])"


@pytest.fixture(scope="module")
def page(browser: Browser, hostile_page: Path) -> Iterator[Visit]:
    with visit(browser, hostile_page) as page:
        yield page


@pytest.fixture(scope="module")
def marts(hostile: Path) -> DuckDBMarts:
    return DuckDBMarts(str(hostile))


def plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def is_equal(value: Value, found: Any, expected: Any) -> bool:
    if expected is None or found is None:
        return found is expected
    if value.aggregation in ("count", "distinct"):
        return bool(found == expected)
    if "score" in value.column:  # kept with seven digits, because they make half of the file
        return math.isclose(found, expected, rel_tol=1e-6)
    return math.isclose(found, expected, rel_tol=1e-9)


def differences(visual: Visual, found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> Iterator[str]:
    def keyed(rows: list[dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
        return {tuple(plain(row[name]) for name in visual.groups): row for row in rows}

    ours, theirs = keyed(found), keyed(expected)
    assert (len(ours), len(theirs)) == (len(found), len(expected))
    yield from (f"{visual.id}: {key[:2]} is in one of the two only" for key in ours.keys() ^ theirs.keys())
    for key in ours.keys() & theirs.keys():
        for number, value in enumerate(visual.values.values(), 1):
            pair = ours[key][f"value_{number}"], plain(theirs[key][f"value_{number}"])
            if not is_equal(value, *pair):
                yield f"{visual.id}: {value} of {key} is {pair[0]}, and {pair[1]} by SQL"


def test_sixty_filters_give_what_sql_gives(page: Visit, marts: DuckDBMarts) -> None:
    shared = {visual.id: visual for visual in visuals()}
    columns = {mart: marts.columns(mart) for mart in {visual.mart for visual in shared.values()}}
    seen, known = 0, 0
    for selected in random_filters(marts, FILTERS, seed=1):
        page.filter(selected)
        for visual_id, found in page.call(_FIGURES):
            visual = shared[visual_id]
            sql = figures_sql(visual, also=condition(selected, columns[visual.mart]))
            expected = marts.query(sql).to_pylist()
            problems = [*differences(visual, found, expected)]
            assert not problems, f"{selected}: {problems[:5]}"
            seen += 1
            known += any(row["value_1"] for row in expected)
    assert seen == FILTERS * len(shared)
    assert known > seen / 4, "the filters leave too little to compare"


def test_null_times_are_left_out_of_sums(page: Visit, marts: DuckDBMarts) -> None:
    unknown = marts.query("select count(*) as n from fct_worker_tasks where time_spent_seconds is null")
    assert unknown.column("n")[0].as_py() > 100
    page.filter({"job_kind": []})
    ((hours,),) = (row.values() for row in page.call("() => gta.figures(gta.visual('hours'), {rows: gta.rows})"))
    total = marts.query("select sum(time_spent_seconds) as n from fct_worker_tasks").column("n")[0].as_py()
    assert math.isclose(hours, total, rel_tol=1e-9)


def test_labels_count_once_unless_somebody_asks_for_reviews(browser: Browser, sample: Path, sample_page: Path) -> None:
    """Chained jobs repeat the labels of the job that made them: by default they are left out."""
    marts = DuckDBMarts(str(sample))

    def frames(where: str) -> int:
        count: int = marts.query(f"select count(*) as n from fct_frames where {where}").column("n")[0].as_py()
        return count

    assert frames("job_name = 'Vehicle-Tracking'") == frames("job_name = 'Vehicle-Tracking-Audit'") > 0
    with visit(browser, sample_page) as page:
        shown = (
            "() => gta.figures(gta.visual('frame-quality'), {rows: gta.rows}).reduce((n, row) => n + row.value_1, 0)"
        )
        page.filter({})
        assert page.call(shown) == frames("job_kind = 'label' and frame_quality is not null")
        page.filter({"job": ["Vehicle-Tracking", "Vehicle-Tracking-Audit"]})
        assert page.call(shown) == frames("job_name = 'Vehicle-Tracking'")
