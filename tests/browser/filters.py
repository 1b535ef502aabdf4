"""Random filters, as the page takes them and as SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from publish.marts import Marts
from publish.visuals import literal

Filter = dict[str, Any]

# Filter of the page, and the columns that it can be about: the first that a mart has.
COLUMNS: dict[str, Sequence[str]] = {
    "job": ("job_name",),
    "job_kind": ("job_kind",),
    "modality": ("modality",),
    "label": ("label",),
    "worker": ("worker_name",),
    "date": ("submitted_date", "labeled_date"),
}


def random_filters(marts: Marts, count: int, seed: int) -> Iterator[Filter]:
    """Filters by one to three things that the marts have, NULL included."""
    random = Random(seed)
    values = {
        "job": _values(marts, "select distinct job_name as name from dim_labeling_jobs"),
        "job_kind": _values(marts, "select distinct job_kind as name from dim_labeling_jobs"),
        "modality": _values(marts, "select distinct modality as name from fct_worker_tasks"),
        "label": _values(marts, "select distinct label as name from rpt_labels"),
        "worker": _values(marts, "select distinct worker_name as name from fct_worker_tasks"),
    }
    ((first, last),) = (
        tuple(row.values())
        for row in marts.query(
            "select min(submitted_date) as first_date, max(submitted_date) as last_date from fct_worker_tasks"
        ).to_pylist()
    )
    for number in range(count):
        # Each alone at first, then several.
        keys = [[*COLUMNS][number % 6]] if number < 12 else random.sample([*COLUMNS], random.choice((2, 2, 3)))
        selected: Filter = {}
        for key in keys:
            if key == "date":
                start = first + timedelta(random.randrange((last - first).days + 1))
                end = start + timedelta(random.randrange(1, 90))
                selected[key] = random.choice(
                    [[start.isoformat(), end.isoformat()], [start.isoformat(), None], [None, end.isoformat()]]
                )
            else:
                selected[key] = random.sample(values[key], min(len(values[key]), random.choice((1, 1, 2, 5))))
        yield selected


def condition(selected: Mapping[str, Any], columns: Collection[str]) -> str:
    """A filter as SQL, on a mart of these columns: what the mart cannot be filtered by is left out."""
    parts = ["true"]
    for key, wanted in selected.items():
        column = next((name for name in COLUMNS[key] if name in columns), None)
        if column is None:
            continue
        if key == "date":
            parts += [
                f"{column} {sign} date {literal(day)}"
                for sign, day in zip((">=", "<="), wanted, strict=True)
                if day is not None
            ]
        else:
            names = [literal(name) for name in wanted if name is not None]
            either = [f"{column} in ({', '.join(names)})"] * bool(names) + [f"{column} is null"] * (None in wanted)
            parts.append(f"({' or '.join(either)})")
    return " and ".join(parts)


def _values(marts: Marts, sql: str) -> list[str | None]:
    names: list[str | None] = marts.query(sql).column("name").to_pylist()
    return sorted(names, key=lambda name: (name is not None, name))


def as_days(value: Any) -> Any:
    """A date as the page writes it."""
    return value.isoformat() if isinstance(value, date) else value
