"""The page of the docs on dashboards: what both renderings show, and where each mart is.

``python -m tests.publish.dashboards_page > docs/dashboards.md``
"""

from __future__ import annotations

import re
from pathlib import Path

from publish.quicksight.columns import mart_columns
from publish.quicksight.definition import all_visuals
from publish.visuals import visuals
from tests.publish.quicksight import dashboard, sound

ROOT = Path(__file__).parents[2]
# The ten visuals of AWS's post on dashboards of Ground Truth: three on workers, seven on annotations.
POST = {
    "time-by-worker": "A1",
    "time-by-modality": "A2",
    "worker-metrics": "A3",
    "frame-quality": "B1",
    "frame-quality-per-job": "B2",
    "vehicles": "B3",
    "vehicles-per-job": "B4",
    "moving": "B5",
    "labels-per-frame": "B6",
    "audit-per-job": "B7",
}
# Marts that QuickSight does not show, and why.
NOT_IN_QUICKSIGHT = {
    "rpt_set_aside": "a list for whoever runs the loads; its count by job is in `rpt_load_health`",
    "rpt_worker_pairs": "a row names two workers, and a rule can hide it by one of them only",
}

_INTRODUCTION = """\
# Dashboards

The page (`python -m publish page`) is one file that opens from disk; QuickSight (`python -m publish quicksight`) needs
an account. This page is made by `python -m tests.publish.dashboards_page`, of `publish/visuals.yml`,
`publish/quicksight/visuals.yml` and the code of both.

## Visuals that both have

The first column has the visuals of AWS's post: three on workers (A), seven on annotations (B).
"""

_ONLY_QUICKSIGHT = """\
## Visuals that QuickSight alone has

The page shows the same marts in its own way, with intervals drawn and small counts in grey.
"""

_MARTS = """\
## Where each report is

Pages and sheets that read the mart.
"""

_DIFFERENCES = [
    [
        "rows by reader",
        "no: who has the file has every row; write one for each audience (`--job`, `--worker`, `--workteam`)",
        "row-level security by worker, from `seeds/row_access.csv`",
    ],
    ["refresh", "when it is written again", "hourly"],
    ["intervals", "drawn", "in columns of tables"],
    ["small counts", "grey everywhere", "grey in cells of tables"],
    ["a filter on a mart that lacks the column", "says so", "leaves the visual as it is, and says nothing"],
    ["e-mail, alerts", "`python -m publish alerts`", "QuickSight's own"],
    ["CSV", "formulas neutralised", "as QuickSight exports it"],
]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _table(heads: list[str], rows: list[list[str]]) -> str:
    return "\n".join([_row(*heads), "|" + "---|" * len(heads), *(_row(*row) for row in rows)]) + "\n"


def _kinds() -> dict[str, str]:
    """How QuickSight shows each visual, by id: TableVisual is a table."""
    return {
        body["VisualId"]: re.sub(r"(?<=[a-z])([A-Z])", r" \1", name.removesuffix("Visual")).lower()
        for sheet in dashboard(sound())["Sheets"]
        for visual in sheet["Visuals"]
        for name, body in visual.items()
    }


def pages_of_marts() -> dict[str, list[str]]:
    """Titles of the page's pages that read each mart, as they declare it."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "publish/page/app/pages").glob("*.js")):
        declared = path.read_text(encoding="utf-8").partition("gta.definePage({")[2]
        title, marts = re.search(r'title: "([^"]+)"', declared), re.search(r"marts: \[([^\]]*)\]", declared)
        assert title, path
        assert marts, path
        for mart in re.findall(r'"(\w+)"', marts[1]):
            found.setdefault(mart, []).append(title[1])
    return found


def page() -> str:
    """The page, as Markdown."""
    kinds, shared = _kinds(), visuals()
    both = [
        [
            POST.get(visual.id, ""),
            visual.page,
            f"`{visual.id}`",
            visual.title,
            visual.kind.replace("_", " "),
            kinds[visual.id],
            f"`{visual.mart}`",
        ]
        for visual in shared
    ]
    ids = {visual.id for visual in shared}
    own = [
        [shown.page, f"`{shown.id}`", shown.title, kinds[shown.id], f"`{shown.mart}`"]
        for shown in all_visuals()
        if shown.id not in ids
    ]
    on_page = pages_of_marts()
    sheets: dict[str, list[str]] = {}
    for shown in all_visuals():
        sheets.setdefault(shown.mart, []).append(f"`{shown.id}`")
    reports = [
        [
            f"`{mart}`",
            ", ".join(on_page.get(mart, [])) or "—",
            ", ".join(sheets.get(mart, [])) or f"— {NOT_IN_QUICKSIGHT[mart]}",
        ]
        for mart in sorted(mart_columns())
        if mart.startswith("rpt_")
    ]
    return "\n".join(
        [
            _INTRODUCTION,
            _table(["post", "page", "id", "title", "on the page", "in QuickSight", "mart"], both),
            _ONLY_QUICKSIGHT,
            _table(["sheet", "id", "title", "in QuickSight", "mart"], own),
            _MARTS,
            _table(["mart", "pages", "visuals in QuickSight"], reports),
            "## What one of them cannot do\n",
            _table(["", "page", "QuickSight"], _DIFFERENCES),
        ]
    )


if __name__ == "__main__":
    print(page(), end="")
