"""What the description of the shared visuals may say, and no more."""

from typing import Any

import pytest

from publish.visuals import Kind, Value, Visual, VisualError, visuals

BAR = {
    "id": "a-bar",
    "title": "A bar",
    "mart": "fct_frames",
    "kind": "bar",
    "category": "job_name",
    "value": "count(x)",
}


def test_every_visual_can_be_read_and_every_kind_is_used() -> None:
    assert {visual.kind for visual in visuals()} == set(Kind)


def test_a_bar() -> None:
    visual = Visual.parse("A page", BAR)
    assert (visual.kind, visual.values) == (Kind.BAR, {"value": Value("count", "x")})
    assert visual.columns == {"job_name", "x"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tooltip": "x"}, "unknown keys"),
        ({"kind": "treemap"}, "no kind 'treemap'"),
        ({"value": "sum(x) / count(x)"}, "expected one of"),
        ({"value": "median(x)"}, "expected one of"),
        ({"color": "label"}, "a bar has no"),
        ({"kind": "pivot"}, "a pivot needs"),
        ({"kind": "table"}, "a table needs"),
        ({"id": "A Bar"}, "lower-case letters"),
        ({"category": "lower(x)"}, "is no name of a category"),
        ({"where": {"x": "> 5", "y or 1": "z"}}, "where y or 1"),
        ({"where": {"x": 5}}, "expected a text"),
        ({"warn": {"value": "between 1 and 2"}}, "expected < or >"),
        ({"warn": {"other": "< 1"}}, "none of its values"),
        ({"format": {"value": "#,##0"}}, "there are"),
        ({"sort": "value"}, "a bar has no"),
    ],
)
def test_nothing_more_can_be_said(change: dict[str, Any], message: str) -> None:
    with pytest.raises(VisualError, match=message):
        Visual.parse("A page", {**BAR, **change})
