"""The visuals that the page and QuickSight share, as ``visuals.yml`` declares them, and the SQL of each one's figures.

The keys, kinds and aggregations are closed on purpose: what a visual cannot say with them belongs to one renderer's
code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

import yaml  # type: ignore[import-untyped]

_FILE = Path(__file__).with_name("visuals.yml")
_KEYS = {"id", "title", "mart", "kind", "category", "color", "value", "values", "where", "sort", "warn", "format"}
_REQUIRED = {"id", "title", "mart", "kind"}
_NAME = r"[a-z][a-z0-9_]*"
KNOWN = "known"
"""In ``where``: any value but NULL."""


class VisualError(ValueError):
    """A visual that says what no visual may say."""


class Kind(StrEnum):
    """Kinds of visuals."""

    STACKED_BAR = "stacked_bar"
    BAR = "bar"
    LINE = "line"
    DONUT = "donut"
    PIE = "pie"
    HISTOGRAM = "histogram"
    TABLE = "table"
    PIVOT = "pivot"
    KPI = "kpi"


class Format(StrEnum):
    """How a value is written; seconds and hours are of values in seconds, a share is from 0 to 1."""

    NUMBER = "number"
    SECONDS = "seconds"
    HOURS = "hours"
    SHARE = "share"
    SCORE = "score"
    USD = "usd"
    DATE = "date"


# Each as SQL of both engines.
_AGGREGATIONS = {
    "count": "count({})",
    "distinct": "count(distinct {})",
    "sum": "sum({})",
    "mean": "avg(cast({} as double))",
    "min": "min({})",
    "max": "max({})",
}
PERCENTILES = {"p50": 0.5, "p95": 0.95}
"""Interpolated linearly, as the marts' are."""
# What each kind needs besides the required keys.
_NEEDS = {
    Kind.STACKED_BAR: {"category", "color", "value"},
    Kind.BAR: {"category", "value"},
    Kind.LINE: {"category", "value"},
    Kind.DONUT: {"category", "value"},
    Kind.PIE: {"category", "value"},
    Kind.HISTOGRAM: {"category", "value"},
    Kind.TABLE: {"category", "values"},
    Kind.PIVOT: {"category", "color", "value"},
    Kind.KPI: {"value"},
}


@dataclass(frozen=True)
class Value:
    """An aggregation of a column, such as sum(time_spent_seconds)."""

    aggregation: str
    column: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises: VisualError: not of the form aggregation(column)."""
        match = re.fullmatch(rf"({_NAME})\(({_NAME})\)", text)
        if not match or match[1] not in {*_AGGREGATIONS, *PERCENTILES}:
            raise VisualError(
                f"{text!r}: expected one of {', '.join([*_AGGREGATIONS, *PERCENTILES])}, and a column in parentheses"
            )
        return cls(match[1], match[2])


@dataclass(frozen=True)
class Visual:
    """One visual. ``values`` has the titles and aggregations of a table's columns, else one value named ``value``."""

    id: str
    title: str
    page: str
    mart: str
    kind: Kind
    values: dict[str, Value]
    category: str | None = None
    color: str | None = None
    where: dict[str, str | list[str]] = field(default_factory=dict)
    sort: str | None = None
    warn: dict[str, tuple[str, float]] = field(default_factory=dict)
    format: dict[str, Format] = field(default_factory=dict)

    @classmethod
    def parse(cls, page: str, raw: Mapping[str, Any]) -> Self:
        """A visual from its YAML.

        Raises:
            VisualError: it has a key, a kind or an aggregation that does not exist, or lacks one that its kind needs.
        """
        name = f"visual {raw.get('id')!r}"
        if unknown := set(raw) - _KEYS:
            raise VisualError(f"{name}: unknown keys {sorted(unknown)}; there are {sorted(_KEYS)}")
        if missing := _REQUIRED - set(raw):
            raise VisualError(f"{name}: {sorted(missing)} missing")
        if not re.fullmatch(r"[a-z0-9-]+", raw["id"]):
            raise VisualError(f"{name}: an id has lower-case letters, digits and hyphens only")
        try:
            kind = Kind(raw["kind"])
        except ValueError:
            raise VisualError(f"{name}: no kind {raw['kind']!r}; there are {[kind.value for kind in Kind]}") from None
        if missing := _NEEDS[kind] - set(raw):
            raise VisualError(f"{name}: a {kind} needs {sorted(missing)}")
        allowed = _NEEDS[kind] | _REQUIRED | {"where", "warn", "format"}
        allowed |= {"color"} if kind is Kind.LINE else {"sort"} if kind is Kind.TABLE else set()
        if unused := set(raw) - allowed:
            raise VisualError(f"{name}: a {kind} has no {sorted(unused)}")
        for key in {"mart", "category", "color"} & set(raw):
            if not re.fullmatch(_NAME, raw[key]):
                raise VisualError(f"{name}: {raw[key]!r} is no name of a {key}")
        values = {title: Value.parse(text) for title, text in raw.get("values", {"value": raw.get("value")}).items()}
        for key in ("warn", "format"):
            if unknown := set(raw.get(key, {})) - set(values):
                raise VisualError(f"{name}: {key} has {sorted(unknown)}, which are none of its values")
        if raw.get("sort", next(iter(values))) not in values:
            raise VisualError(f"{name}: sorted by {raw['sort']!r}, which is none of its values")
        for column, wanted in raw.get("where", {}).items():
            texts = listed(wanted)
            if not re.fullmatch(_NAME, column) or not texts or not all(isinstance(text, str) for text in texts):
                raise VisualError(f"{name}: where {column}: expected a text, a list of texts, or {KNOWN}")
        try:
            formats = {title: Format(text) for title, text in raw.get("format", {}).items()}
        except ValueError as error:
            raise VisualError(f"{name}: {error}; there are {[form.value for form in Format]}") from None
        return cls(
            id=raw["id"],
            title=raw["title"],
            page=page,
            mart=raw["mart"],
            kind=kind,
            values=values,
            category=raw.get("category"),
            color=raw.get("color"),
            where=dict(raw.get("where", {})),
            sort=raw.get("sort"),
            warn={title: _comparison(name, text) for title, text in raw.get("warn", {}).items()},
            format=formats,
        )

    @property
    def columns(self) -> set[str]:
        """The mart's columns that it needs."""
        named = {name for name in (self.category, self.color) if name}
        return named | {value.column for value in self.values.values()} | set(self.where)

    @property
    def groups(self) -> list[str]:
        """The columns by which its values are grouped."""
        return [name for name in (self.category, self.color) if name]


def _comparison(name: str, text: str) -> tuple[str, float]:
    match = re.fullmatch(r"([<>])\s*(-?\d+(?:\.\d+)?)", text)
    if not match:
        raise VisualError(f"{name}: warn {text!r}: expected < or > and a number")
    return match[1], float(match[2])


def visuals(path: Path = _FILE) -> list[Visual]:
    """Every shared visual, in the order of the pages.

    Raises:
        VisualError: one says what no visual may say, or two have one id.
    """
    found = [Visual.parse(page, raw) for page, raws in yaml.safe_load(path.read_text()).items() for raw in raws]
    ids = [visual.id for visual in found]
    if twice := {name for name in ids if ids.count(name) > 1}:
        raise VisualError(f"two visuals have the id {sorted(twice)}")
    return found


def literal(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def literals(texts: Iterable[str]) -> str:
    """Texts as a list in SQL, without its parentheses."""
    return ", ".join(map(literal, texts))


def listed(wanted: str | list[str]) -> list[str]:
    """What a column of ``where`` may be."""
    return wanted if isinstance(wanted, list) else [wanted]


def conditions(where: Mapping[str, str | list[str]]) -> str:
    """What ``where`` says, as SQL."""

    def condition(column: str, wanted: str | list[str]) -> str:
        if wanted == KNOWN:
            return f"{column} is not null"
        return f"{column} in ({literals(listed(wanted))})"

    return " and ".join(condition(*item) for item in where.items()) or "true"


def figures_sql(visual: Visual, also: str = "true") -> str:
    """The figures of a visual, one row per category and color: the query that both renderings must agree with.

    Args:
        visual: whose figures.
        also: a further condition, as SQL.

    Returns:
        SQL of both engines, whose columns are the visual's groups, then value_1, value_2 and so on.
    """
    groups = visual.groups
    values = [f"{_aggregate(value)} as value_{number}" for number, value in enumerate(visual.values.values(), 1)]
    source = f"{visual.mart}\nwhere {conditions(visual.where)} and {also}"
    ranked = sorted({value.column for value in visual.values.values() if value.aggregation in PERCENTILES})
    if ranked:  # an exact percentile exists on one engine only: the values on both sides of its place are found by rank
        window = f"partition by {', '.join(groups)}" if groups else ""
        ranks = ", ".join(
            f"row_number() over ({window} order by {name}) as {name}_rank, "
            f"count({name}) over ({window}) as {name}_count"
            for name in ranked
        )
        source = f"(select {', '.join(sorted(visual.columns))}, {ranks} from {source}) as ranked"
    group_by = f"\ngroup by {', '.join(groups)}\norder by {', '.join(groups)}" if groups else ""
    return f"select {', '.join([*groups, *values])}\nfrom {source}{group_by}"


def _aggregate(value: Value) -> str:
    if value.aggregation not in PERCENTILES:
        return _AGGREGATIONS[value.aggregation].format(value.column)
    name, share = value.column, PERCENTILES[value.aggregation]
    place = f"cast({share} as double) * ({name}_count - 1)"
    lower, upper = (
        f"max(case when {name}_rank - 1 = {function}({place}) then {name} end)" for function in ("floor", "ceiling")
    )
    return f"{lower} + ({upper} - {lower}) * (max({place}) - floor(max({place})))"
