"""Random filters, as the page takes them and as SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from random import Random
from typing import Any

from publish.marts import Marts
from publish.visuals import literal

Filter = dict[str, Any]

# Filter of the page, and the columns that it is about: the first of them that a mart has.
COLUMNS: dict[str, Sequence[str]] = {
    "job": ("job_name",),
    "job_kind": ("job_kind",),
    "modality": ("modality",),
    "label": ("label",),
    "worker": ("worker_key",),
    "date": ("submitted_date", "labeled_date"),
}
DEFAULTS: Filter = {"job_kind": ["label"]}


def random_filters(marts: Marts, count: int, seed: int) -> Iterator[Filter]:
    """Filters of every kind alone, then of two or three kinds together; half of them of all kinds of jobs."""
    random = Random(seed)
    values = {
        "job": _values(marts, "dim_labeling_jobs", "job_name"),
        "job_kind": _values(marts, "dim_labeling_jobs", "job_kind"),
        "modality": _values(marts, "fct_worker_tasks", "modality"),
        "label": _values(marts, "rpt_labels", "label"),
        "worker": _values(marts, "fct_worker_tasks", "worker_key"),
    }
    days = [day for day in _values(marts, "fct_worker_tasks", "submitted_date") if day is not None]
    kinds = [*COLUMNS]
    for number in range(count):
        chosen = [kinds[number % 6]] if number < 12 else random.sample(kinds, random.choice((2, 2, 3)))
        selected: Filter = {} if number % 2 else {"job_kind": []}
        for kind in chosen:
            if kind == "date":
                start = random.choice(days)
                end = start + timedelta(random.randrange(1, 60))
                selected[kind] = random.choice(
                    [[start.isoformat(), end.isoformat()], [start.isoformat(), None], [None, end.isoformat()]]
                )
            else:
                names = values[kind]
                selected[kind] = random.sample(names, min(len(names), random.choice((1, 1, 2, 5))))
        yield selected


def condition(selected: Mapping[str, Any], columns: Collection[str]) -> str:
    """A filter as SQL, on a mart of these columns: what the mart cannot be filtered by is left out."""
    parts = ["true"]
    for kind, wanted in (DEFAULTS | dict(selected)).items():
        column = next((name for name in COLUMNS[kind] if name in columns), None)
        if column is None or not wanted:
            continue
        if kind == "date":
            parts += [f"{column} {sign} date '{day}'" for sign, day in zip((">=", "<="), wanted, strict=True) if day]
        else:
            parts.append(f"{column} in ({', '.join(map(literal, wanted))})")
    return " and ".join(parts)


def _values(marts: Marts, mart: str, column: str) -> list[Any]:
    found = marts.query(f"select distinct {column} as name from {mart} where {column} is not null order by name")
    values: list[Any] = found.column("name").to_pylist()
    return values
