"""The page of the docs on metrics, made of ``docs/metrics.yml`` and of what ``tests.metrics.recovery`` found.

``python -m tests.metrics.page > docs/metrics.md``
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped] # it ships no type information

from tests.metrics import false_alarms, review_queue
from tests.metrics.recovery import read_found, summary

ROOT = Path(__file__).parents[2]
METRICS = ROOT / "docs/metrics.yml"

_INTRODUCTION = """\
# Metrics

What each figure of the marts means, how it is computed, and the published number that proves it. Each example is a test
on DuckDB, and on Athena's engine as well.

Everywhere: the count is beside the value; NULL is “not known”, never 0; a rate of nothing is NULL; shares are from 0 to
1; a rate that judges people or a data set has a 95 % interval in `_low` and `_high`. Nothing is compared across jobs,
but for data objects that several jobs have, in `rpt_dataset_health`.

This page is made by `python -m tests.metrics.page`, of `docs/metrics.yml`.
"""

_RECOVERY = """\
## What is planted is found

`python -m ingest sample` plants faults, and says where, in `truth/`. Here is what the marts find of them in samples of
{seeds} seeds, with {objects:,} objects in each large job: how many were planted, how many of these were found, and how
many finds were none of them. The last column is the false finds in samples with no fault at all. The table is made by
`python -m tests.metrics.recovery`.
"""

_FALSE_ALARMS = """\
## What is flagged if nothing is wrong

`python -m tests.metrics.false_alarms` makes {sets:,} sets of seven jobs with nothing planted, and {objects:,} objects
in each large job: all workers are equally able, though not equally fast; some objects are harder than others, for
everybody; clocks and the log are right. Whoever is flagged then is flagged by chance. “At most” is what the rule
promises. If it is the share of false discoveries ({discoveries:.0%}), the chance that anybody in a job is flagged is
at most that, too: the last column has the jobs in which somebody was, of those in which somebody is judged. The other
limits are shares of what was judged.
"""

_QUEUE = """\
## What the review queue finds

The labels of {seeds} samples with {objects:,} objects in each large job, in the order of the queue and in simpler
ones: the chance that a wrong label comes before a right one, and how many of the first labels are wrong; means over
the samples. The golden answers are left out. The table is made by `python -m tests.metrics.review_queue`, which also
takes your own output: `--source FOLDER`.
"""

_HEAD = ("metric", "definition", "formula", "example", "tests", "mart and column")


def load_sections() -> list[dict[str, Any]]:
    """The sections of ``docs/metrics.yml``."""
    sections: list[dict[str, Any]] = yaml.safe_load(METRICS.read_text(encoding="utf-8"))
    return sections


def metrics_page() -> str:
    """The page, as Markdown."""
    parts = [_INTRODUCTION]
    for section in load_sections():
        rows = [_HEAD, *map(_cells, section["metrics"])]
        about = [section["about"]] if "about" in section else []
        parts += [f"## {section['title']}\n", *about, table(rows)]
    found = read_found()
    seeds, objects = len({row.seed for row in found}), found[0].objects
    parts += [_RECOVERY.format(seeds=seeds, objects=objects), table(summary(found))]
    alarms = false_alarms.read_alarms()
    sets = sum({row.seed: row.sets for row in alarms}.values())
    share = false_alarms.FALSE_DISCOVERY_SHARE
    parts += [
        _FALSE_ALARMS.format(sets=sets, objects=alarms[0].objects, discoveries=share),
        table(false_alarms.summary(alarms)),
    ]
    rankings = review_queue.read_found()
    seeds = len({row.seed for row in rankings})
    parts += [_QUEUE.format(seeds=seeds, objects=review_queue.OBJECTS), table(review_queue.summary(rankings))]
    return "\n".join(parts)


def _cells(metric: dict[str, Any]) -> tuple[str, ...]:
    tests = (test.partition("::")[2] or test for test in metric["tests"])
    return (
        metric["name"],
        metric["definition"],
        metric["formula"],
        metric["example"],
        ", ".join(f"`{test}`" for test in tests),
        ", ".join(f"`{column}`" for column in metric["columns"]),
    )


def table(rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the first row is its head."""
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    print(metrics_page(), end="")
