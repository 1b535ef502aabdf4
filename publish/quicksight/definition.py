"""The dashboard's definition: the shared visuals of visuals.yml, and those that only QuickSight shows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped] # it ships no type information

from publish.exceptions import MINIMUM_COUNT
from publish.quicksight.checks import GRID_COLUMNS
from publish.quicksight.columns import Column, ColumnsError
from publish.visuals import KNOWN, PERCENTILES, Format, Kind, Value, Visual, VisualError, listed, visuals

WARN_COLOR, GREY = "#FBEAE6", "#6D7784"
NULL_TEXT = "\N{EN DASH}"
"""What is shown of a value that is not known."""
_FILE = Path(__file__).with_name("visuals.yml")
_Where = dict[str, str | list[str]]

# Columns of `where` that readers may change: the value in visuals.yml is what the control begins with.
_DEFAULTS = {"job_kind": "Job kind of counted labels", "reference": "Compared with"}
_CONTROLS = {"job_name": "Job", "job_kind": "Job kind", "worker_name": "Worker"}
_DATES = {"submitted_date": "Submitted", "labeled_date": "Labeled"}
_AGGREGATIONS = {
    "count": "COUNT",
    "distinct": "DISTINCT_COUNT",
    "sum": "SUM",
    "mean": "AVERAGE",
    "min": "MIN",
    "max": "MAX",
}
# In expressions, by the same names but one.
_FUNCTIONS = _AGGREGATIONS | {"mean": "AVG"}
# Columns and rows of the grid that a visual takes.
_SIZES = {Kind.KPI: (12, 6), Kind.TABLE: (36, 12), Kind.PIVOT: (36, 10)}
_CHART = (18, 12)
_CANVAS = {
    "CanvasSizeOptions": {"ScreenCanvasSizeOptions": {"ResizeOption": "FIXED", "OptimizedViewPortWidth": "1600px"}}
}


@dataclass(frozen=True, kw_only=True)
class _Own:
    id: str
    title: str
    page: str
    mart: str
    where: _Where = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Rows(_Own):
    """A table of a mart's rows, as they are."""

    columns: dict[str, str]
    sort: str
    ascending: bool = False
    format: dict[str, str] = field(default_factory=dict)
    grey: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Trend(_Own):
    """A figure with its change from one day to the next, and a sparkline."""

    value: str
    day: str


@dataclass(frozen=True, kw_only=True)
class Scatter(_Own):
    """Two values of each category."""

    category: str
    x: str
    y: str
    size: str


@dataclass(frozen=True, kw_only=True)
class HeatMap(_Own):
    """A value by two categories, as shades."""

    rows: str
    columns: str
    value: str


@dataclass(frozen=True, kw_only=True)
class DrillDown(_Own):
    """Bars that open into the next column of a hierarchy."""

    hierarchy: list[str]
    value: str


Shown = Visual | Rows | Trend | Scatter | HeatMap | DrillDown
_KINDS: dict[str, type[Rows | Trend | Scatter | HeatMap | DrillDown]] = {
    "rows": Rows,
    "trend": Trend,
    "scatter": Scatter,
    "heat_map": HeatMap,
    "drill_down": DrillDown,
}


def own_visuals(path: Path = _FILE) -> list[Shown]:
    """The visuals that only QuickSight shows.

    Raises:
        VisualError: one has a key that its kind does not have, or lacks one.
    """
    return [_own(page, raw) for page, raws in yaml.safe_load(path.read_text(encoding="utf-8")).items() for raw in raws]


def _own(page: str, raw: dict[str, Any]) -> Shown:
    if raw["kind"] not in _KINDS:
        return Visual.parse(page, raw)
    settings = {name: item for name, item in raw.items() if name != "kind"}
    try:
        return _KINDS[raw["kind"]](page=page, **settings)
    except TypeError as error:
        raise VisualError(f"visual {raw.get('id')!r}: {error}") from None


Marts = Mapping[str, Mapping[str, Column]]


def all_visuals() -> list[Shown]:
    """Every visual of the dashboard, in the order of the sheets: on each, the shared ones first.

    Raises:
        VisualError: visuals.yml says what no visual may say, or an id is taken twice.
    """
    found: list[Shown] = [*visuals(), *own_visuals()]
    ids = [shown.id for shown in found]
    if taken := sorted({name for name in ids if ids.count(name) > 1}):
        raise VisualError(f"{taken}: an id is in publish/visuals.yml or in publish/quicksight/visuals.yml, not in both")
    pages = list(dict.fromkeys(shown.page for shown in found))
    return sorted(found, key=lambda shown: pages.index(shown.page))


def sheet_id(page: str) -> str:
    """Id of a page's sheet."""
    return page.lower().replace(" ", "-")


def definition(marts: Marts, arns: Mapping[str, str]) -> dict[str, Any]:
    """The definition of the dashboard.

    Args:
        marts: columns of the marts.
        arns: Amazon Resource Names of the data sets, by mart.

    Raises:
        ColumnsError: a visual shows a column that its mart does not have.
    """
    shown = all_visuals()
    builder = _Builder(marts)
    pages = list(dict.fromkeys(visual.page for visual in shown))
    sheets, groups = [], []
    for page in pages:
        here = [visual for visual in shown if visual.page == page]
        controls, page_groups = _filters(page, here, builder)
        groups += page_groups
        sheets.append(
            {
                "SheetId": sheet_id(page),
                "Name": page,
                "ContentType": "INTERACTIVE",
                "Visuals": [builder.visual(visual) for visual in here],
                "Layouts": [_grid(_placed(here), _CANVAS)],
                **controls,
            }
        )
    used = dict.fromkeys(visual.mart for visual in shown)
    return {
        "DataSetIdentifierDeclarations": [{"Identifier": mart, "DataSetArn": arns[mart]} for mart in used],
        "Sheets": sheets,
        "CalculatedFields": builder.calculated,
        "FilterGroups": groups,
    }


def shown_marts() -> list[str]:
    """The marts that the dashboard reads, in order of their first visual."""
    return list(dict.fromkeys(visual.mart for visual in all_visuals()))


class _Builder:
    """Makes visuals; remembers the calculated fields that they need."""

    def __init__(self, marts: Marts) -> None:
        self._marts = marts
        self.calculated: list[dict[str, str]] = []

    def column(self, mart: str, name: str) -> Column:
        if name not in self._marts.get(mart, {}):
            raise ColumnsError(f"{mart} has no column {name}, says the models' YAML, and a visual shows it")
        return self._marts[mart][name]

    def has(self, mart: str, name: str) -> bool:
        return name in self._marts.get(mart, {})

    def identifier(self, mart: str, name: str) -> dict[str, str]:
        return {"DataSetIdentifier": mart, "ColumnName": name}

    def visual(self, shown: Shown) -> dict[str, Any]:
        title = {
            "VisualId": shown.id,
            "Title": {"Visibility": "VISIBLE", "FormatText": {"PlainText": shown.title}},
            "Subtitle": {"Visibility": "HIDDEN"},
        }
        if isinstance(shown, Rows):
            name, body = "TableVisual", self._rows(shown)
        elif isinstance(shown, Trend):
            name, body = "KPIVisual", self._trend(shown)
        elif isinstance(shown, Scatter):
            name, body = "ScatterPlotVisual", self._scatter(shown)
        elif isinstance(shown, HeatMap):
            name, body = "HeatMapVisual", self._heat_map(shown)
        elif isinstance(shown, DrillDown):
            name, body = "BarChartVisual", self._drill_down(shown)
        else:
            name, body = {
                Kind.STACKED_BAR: self._bars,
                Kind.BAR: self._bars,
                Kind.LINE: self._line,
                Kind.DONUT: self._pie,
                Kind.PIE: self._pie,
                Kind.HISTOGRAM: self._histogram,
                Kind.TABLE: self._table,
                Kind.PIVOT: self._pivot,
                Kind.KPI: self._kpi,
            }[shown.kind](shown)
        return {name: title | {"Actions": []} | body}

    def _dimension(self, shown: Shown, name: str, role: str, hierarchy: str | None = None) -> dict[str, Any]:
        column = self.column(shown.mart, name)
        body: dict[str, Any] = {"FieldId": f"{shown.id}.{role}", "Column": self.identifier(shown.mart, name)}
        if hierarchy:
            body["HierarchyId"] = hierarchy
        if column.type == "DATETIME":
            return {"DateDimensionField": body | {"DateGranularity": "DAY"}}
        number = column.type in ("INTEGER", "DECIMAL")
        return {"NumericalDimensionField" if number else "CategoricalDimensionField": body}

    def _measure(self, shown: Shown, value: Value, role: str, form: Format | None = None) -> dict[str, Any]:
        column = self.column(shown.mart, value.column)
        name = self._hours(shown.mart, value.column) if form is Format.HOURS else value.column
        body: dict[str, Any] = {"FieldId": f"{shown.id}.{role}", "Column": self.identifier(shown.mart, name)}
        if column.type == "DATETIME":
            return {"DateMeasureField": body | {"AggregationFunction": _AGGREGATIONS[value.aggregation]}}
        numeric = _number_format(form)
        if column.type in ("STRING", "BIT"):
            if value.aggregation not in ("count", "distinct"):
                raise ColumnsError(f"visual {shown.id}: {value.column} is no number: it can be counted only")
            return {
                "CategoricalMeasureField": body
                | {
                    "AggregationFunction": _AGGREGATIONS[value.aggregation],
                    "FormatConfiguration": {"NumericFormatConfiguration": numeric},
                }
            }
        if value.aggregation in PERCENTILES:
            function: dict[str, Any] = {
                "PercentileAggregation": {"PercentileValue": round(100 * PERCENTILES[value.aggregation])}
            }
        else:
            function = {"SimpleNumericalAggregation": _AGGREGATIONS[value.aggregation]}
        return {
            "NumericalMeasureField": body
            | {"AggregationFunction": function, "FormatConfiguration": {"FormatConfiguration": numeric}}
        }

    def _hours(self, mart: str, column: str) -> str:
        """A calculated field that has a column of seconds in hours."""
        name = column.removesuffix("_seconds") + "_hours"
        field = {"DataSetIdentifier": mart, "Name": name, "Expression": f"{{{column}}} / 3600"}
        if field not in self.calculated:
            self.calculated.append(field)
        return name

    def _value(self, shown: Visual) -> dict[str, Any]:
        return self._measure(shown, shown.values["value"], "value", shown.format.get("value"))

    def _days(self, shown: Shown, column: str) -> str | None:
        """Id of the hierarchy of dates of a column; none if the column has no dates."""
        return f"{shown.id}.days" if self.column(shown.mart, column).type == "DATETIME" else None

    def _bars(self, shown: Visual) -> tuple[str, dict[str, Any]]:
        assert shown.category
        days = self._days(shown, shown.category)
        sort = (
            {"FieldId": f"{shown.id}.category", "Direction": "ASC"}
            if days
            else {"FieldId": f"{shown.id}.value", "Direction": "DESC"}
        )
        stacked = shown.kind is Kind.STACKED_BAR
        return "BarChartVisual", {
            "ChartConfiguration": {
                "FieldWells": {
                    "BarChartAggregatedFieldWells": {
                        "Category": [self._dimension(shown, shown.category, "category", days)],
                        "Values": [self._value(shown)],
                        "Colors": [self._dimension(shown, shown.color, "color")] if shown.color else [],
                    }
                },
                "Orientation": "VERTICAL" if stacked else "HORIZONTAL",
                "BarsArrangement": "STACKED" if stacked else "CLUSTERED",
                "SortConfiguration": {"CategorySort": [{"FieldSort": sort}]},
                "ValueLabelOptions": self._axis(shown),
            },
            "ColumnHierarchies": _date_hierarchies(days),
            "Actions": [_filter_action(shown.id)],
        }

    def _axis(self, shown: Visual) -> dict[str, Any]:
        """What the axis of values is called; without ApplyTo, QuickSight would not show it."""
        value, form = shown.values["value"], shown.format.get("value")
        name = self._hours(shown.mart, value.column) if form is Format.HOURS else value.column
        applies = {"FieldId": f"{shown.id}.value", "Column": self.identifier(shown.mart, name)}
        return {"Visibility": "VISIBLE", "AxisLabelOptions": [{"CustomLabel": _words(name), "ApplyTo": applies}]}

    def _line(self, shown: Visual) -> tuple[str, dict[str, Any]]:
        assert shown.category
        days = self._days(shown, shown.category)
        return "LineChartVisual", {
            "ChartConfiguration": {
                "FieldWells": {
                    "LineChartAggregatedFieldWells": {
                        "Category": [self._dimension(shown, shown.category, "category", days)],
                        "Values": [self._value(shown)],
                        "Colors": [self._dimension(shown, shown.color, "color")] if shown.color else [],
                    }
                },
                "SortConfiguration": {
                    "CategorySort": [{"FieldSort": {"FieldId": f"{shown.id}.category", "Direction": "ASC"}}]
                },
                "Type": "LINE",
            },
            "ColumnHierarchies": _date_hierarchies(days),
        }

    def _pie(self, shown: Visual) -> tuple[str, dict[str, Any]]:
        assert shown.category
        thickness = "MEDIUM" if shown.kind is Kind.DONUT else "WHOLE"
        return "PieChartVisual", {
            "ChartConfiguration": {
                "FieldWells": {
                    "PieChartAggregatedFieldWells": {
                        "Category": [self._dimension(shown, shown.category, "category")],
                        "Values": [self._value(shown)],
                    }
                },
                # More slices than colors cannot be told apart: QuickSight adds the others up.
                "SortConfiguration": {
                    "CategorySort": [{"FieldSort": {"FieldId": f"{shown.id}.value", "Direction": "DESC"}}],
                    "CategoryItemsLimit": {"ItemsLimit": 6, "OtherCategories": "INCLUDE"},
                },
                "DonutOptions": {"ArcOptions": {"ArcThickness": thickness}},
                "DataLabels": {"Visibility": "VISIBLE", "Overlap": "DISABLE_OVERLAP"},
            },
            "ColumnHierarchies": [],
        }

    def _histogram(self, shown: Visual) -> tuple[str, dict[str, Any]]:
        assert shown.category
        field = {"FieldId": f"{shown.id}.category", "Column": self.identifier(shown.mart, shown.category)}
        self.column(shown.mart, shown.category)
        return "HistogramVisual", {
            "ChartConfiguration": {
                "FieldWells": {"HistogramAggregatedFieldWells": {"Values": [{"NumericalMeasureField": field}]}},
                "BinOptions": {
                    "SelectedBinType": "BIN_WIDTH",
                    "BinWidth": {"Value": 1, "BinCountLimit": 100},
                    "StartValue": 0,
                },
            },
        }

    def _table(self, shown: Visual) -> tuple[str, dict[str, Any]]:
        assert shown.category
        roles = {title: f"value-{number}" for number, title in enumerate(shown.values, 1)}
        labels = {"category": _words(shown.category)} | {role: title for title, role in roles.items()}
        return "TableVisual", {
            "ChartConfiguration": {
                "FieldWells": {
                    "TableAggregatedFieldWells": {
                        "GroupBy": [self._dimension(shown, shown.category, "category")],
                        "Values": [
                            self._measure(shown, value, roles[title], shown.format.get(title))
                            for title, value in shown.values.items()
                        ],
                    }
                },
                "SortConfiguration": {
                    "RowSort": [
                        {
                            "FieldSort": {
                                "FieldId": f"{shown.id}.{roles[shown.sort or next(iter(shown.values))]}",
                                "Direction": "DESC",
                            }
                        }
                    ]
                },
                "FieldOptions": _labels(shown.id, labels),
            },
            "ConditionalFormatting": self._warnings(shown, roles),
        }

    def _warnings(self, shown: Visual, roles: Mapping[str, str]) -> dict[str, Any]:
        return {
            "ConditionalFormattingOptions": [
                {"Cell": {"FieldId": f"{shown.id}.{roles[title]}", "TextFormat": self._warning(shown, title)}}
                for title in shown.warn
            ]
        }

    def _warning(self, shown: Visual, title: str) -> dict[str, Any]:
        comparison, limit = shown.warn[title]
        value = shown.values[title]
        function = _FUNCTIONS.get(value.aggregation)
        text = (
            f"{function}({{{value.column}}})"
            if function
            else f"PERCENTILE({{{value.column}}}, {round(100 * PERCENTILES[value.aggregation])})"
        )
        return {"BackgroundColor": {"Solid": {"Expression": f"{text} {comparison} {limit:g}", "Color": WARN_COLOR}}}

    def _pivot(self, shown: Visual) -> tuple[str, dict[str, Any]]:
        assert shown.category
        assert shown.color
        return "PivotTableVisual", {
            "ChartConfiguration": {
                "FieldWells": {
                    "PivotTableAggregatedFieldWells": {
                        "Rows": [self._dimension(shown, shown.category, "category")],
                        "Columns": [self._dimension(shown, shown.color, "color")],
                        "Values": [self._value(shown)],
                    }
                },
                "SortConfiguration": {"FieldSortOptions": []},
                "TotalOptions": {"RowTotalOptions": {"TotalsVisibility": "VISIBLE"}},
            },
            "ConditionalFormatting": self._warnings(shown, {"value": "value"}),
        }

    def _kpi(self, shown: Visual) -> tuple[str, dict[str, Any]]:
        wells = {"Values": [self._value(shown)], "TargetValues": [], "TrendGroups": []}
        return "KPIVisual", {
            "ChartConfiguration": {"FieldWells": wells, "KPIOptions": _kpi_options("HIDDEN")},
            "ColumnHierarchies": [],
        }

    def _trend(self, shown: Trend) -> dict[str, Any]:
        days = f"{shown.id}.days"
        return {
            "ChartConfiguration": {
                "FieldWells": {
                    "Values": [self._measure(shown, Value.parse(shown.value), "value", Format.NUMBER)],
                    "TargetValues": [],
                    "TrendGroups": [self._dimension(shown, shown.day, "day", days)],
                },
                "SortConfiguration": {
                    "TrendGroupSort": [{"FieldSort": {"FieldId": f"{shown.id}.day", "Direction": "DESC"}}]
                },
                "KPIOptions": _kpi_options("VISIBLE"),
            },
            "ColumnHierarchies": _date_hierarchies(days),
        }

    def _scatter(self, shown: Scatter) -> dict[str, Any]:
        wells = {
            "XAxis": [self._measure(shown, Value.parse(shown.x), "x", Format.SECONDS)],
            "YAxis": [self._measure(shown, Value.parse(shown.y), "y", Format.SHARE)],
            "Category": [self._dimension(shown, shown.category, "category")],
            "Size": [self._measure(shown, Value.parse(shown.size), "size", Format.NUMBER)],
        }
        return {
            "ChartConfiguration": {"FieldWells": {"ScatterPlotCategoricallyAggregatedFieldWells": wells}},
            "ColumnHierarchies": [],
        }

    def _heat_map(self, shown: HeatMap) -> dict[str, Any]:
        return {
            "ChartConfiguration": {
                "FieldWells": {
                    "HeatMapAggregatedFieldWells": {
                        "Rows": [self._dimension(shown, shown.rows, "rows")],
                        "Columns": [self._dimension(shown, shown.columns, "columns")],
                        "Values": [self._measure(shown, Value.parse(shown.value), "value", Format.NUMBER)],
                    }
                },
                "SortConfiguration": {
                    "HeatMapRowSort": [{"FieldSort": {"FieldId": f"{shown.id}.value", "Direction": "DESC"}}]
                },
                "ColorScale": {"ColorFillType": "GRADIENT", "Colors": [{"Color": "#EEF3FC"}, {"Color": "#1D4396"}]},
            },
            "ColumnHierarchies": [],
        }

    def _drill_down(self, shown: DrillDown) -> dict[str, Any]:
        hierarchy = f"{shown.id}.levels"
        columns = [self.identifier(shown.mart, name) for name in shown.hierarchy if self.column(shown.mart, name)]
        return {
            "ChartConfiguration": {
                "FieldWells": {
                    "BarChartAggregatedFieldWells": {
                        "Category": [self._dimension(shown, shown.hierarchy[0], "category", hierarchy)],
                        "Values": [self._measure(shown, Value.parse(shown.value), "value", Format.NUMBER)],
                        "Colors": [],
                    }
                },
                "Orientation": "HORIZONTAL",
                "BarsArrangement": "CLUSTERED",
                "SortConfiguration": {
                    "CategorySort": [{"FieldSort": {"FieldId": f"{shown.id}.value", "Direction": "DESC"}}]
                },
            },
            "ColumnHierarchies": [{"ExplicitHierarchy": {"HierarchyId": hierarchy, "Columns": columns}}],
        }

    def _rows(self, shown: Rows) -> dict[str, Any]:
        roles = {title: f"column-{number}" for number, title in enumerate(shown.columns, 1)}

        def cell(title: str, name: str) -> dict[str, Any]:
            kind = self.column(shown.mart, name).type
            body = {"FieldId": f"{shown.id}.{roles[title]}", "Column": self.identifier(shown.mart, name)}
            if kind in ("INTEGER", "DECIMAL"):
                form = Format(shown.format.get(title, "number" if kind == "INTEGER" else "score"))
                numeric = {"FormatConfiguration": _number_format(form)}
                return body | {"FormatConfiguration": {"NumberFormatConfiguration": numeric}}
            return body

        grey = [
            {
                "Cell": {
                    "FieldId": f"{shown.id}.{roles[title]}",
                    "TextFormat": {
                        "TextColor": {"Solid": {"Expression": f"{{{count}}} < {MINIMUM_COUNT}", "Color": GREY}}
                    },
                }
            }
            for title, count in shown.grey.items()
        ]
        return {
            "ChartConfiguration": {
                "FieldWells": {
                    "TableUnaggregatedFieldWells": {
                        "Values": [cell(title, name) for title, name in shown.columns.items()]
                    }
                },
                "SortConfiguration": {
                    "RowSort": [
                        {
                            "FieldSort": {
                                "FieldId": f"{shown.id}.{roles[shown.sort]}",
                                "Direction": "ASC" if shown.ascending else "DESC",
                            }
                        }
                    ]
                },
                "FieldOptions": _labels(shown.id, {role: title for title, role in roles.items()}),
            },
            "ConditionalFormatting": {"ConditionalFormattingOptions": grey},
        }


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _labels(visual_id: str, labels: Mapping[str, str]) -> dict[str, Any]:
    return {
        "SelectedFieldOptions": [
            {"FieldId": f"{visual_id}.{role}", "CustomLabel": label, "Visibility": "VISIBLE"}
            for role, label in labels.items()
        ],
        "Order": [],
    }


def _date_hierarchies(hierarchy: str | None) -> list[dict[str, Any]]:
    return [{"DateTimeHierarchy": {"HierarchyId": hierarchy}}] if hierarchy else []


def _kpi_options(trend: str) -> dict[str, Any]:
    """All options: with some of them, QuickSight showed nothing."""
    return {
        "Comparison": {"ComparisonMethod": "PERCENT_DIFFERENCE"},
        "PrimaryValueDisplayType": "ACTUAL",
        "SecondaryValueFontConfiguration": {"FontSize": {"Relative": "EXTRA_LARGE"}},
        "Sparkline": {"Visibility": trend, "Type": "AREA"},
        "VisualLayoutOptions": {"StandardLayout": {"Type": "VERTICAL"}},
    }


def _number_format(form: Format | None) -> dict[str, Any]:
    unknown = {"NullValueFormatConfiguration": {"NullString": NULL_TEXT}}

    def places(count: int) -> dict[str, Any]:
        return {"DecimalPlacesConfiguration": {"DecimalPlaces": count}} | unknown

    if form is Format.SHARE:
        return {"PercentageDisplayFormatConfiguration": places(1)}
    if form is Format.USD:
        return {"CurrencyDisplayFormatConfiguration": {"Symbol": "USD"} | places(2)}
    decimals = {Format.SECONDS: 1, Format.HOURS: 1, Format.SCORE: 3}.get(form, 0) if form else 0
    suffix = {Format.SECONDS: " s", Format.HOURS: " h"}.get(form) if form else None
    return {"NumberDisplayFormatConfiguration": places(decimals) | ({"Suffix": suffix} if suffix else {})}


def _filter_action(visual_id: str) -> dict[str, Any]:
    """A click filters the other visuals of the sheet."""
    operation = {
        "SelectedFieldsConfiguration": {"SelectedFieldOptions": "ALL_FIELDS"},
        "TargetVisualsConfiguration": {"SameSheetTargetVisualConfiguration": {"TargetVisualOptions": "ALL_VISUALS"}},
    }
    return {
        "CustomActionId": f"{visual_id}-filter",
        "Name": "Filter the sheet",
        "Status": "ENABLED",
        "Trigger": "DATA_POINT_CLICK",
        "ActionOperations": [{"FilterOperation": operation}],
    }


def _placed(shown: Sequence[Shown]) -> list[dict[str, Any]]:
    """Places of the visuals on the grid, row after row."""
    elements: list[dict[str, Any]] = []
    left = top = height = 0
    for visual in shown:
        if isinstance(visual, Visual):
            width, rows = _SIZES.get(visual.kind, _CHART)
        elif isinstance(visual, Rows):
            width, rows = _SIZES[Kind.TABLE]
        else:
            width, rows = _SIZES[Kind.KPI] if isinstance(visual, Trend) else _CHART
        if left + width > GRID_COLUMNS:
            left, top, height = 0, top + height, 0
        elements.append(
            {
                "ElementId": visual.id,
                "ElementType": "VISUAL",
                "ColumnIndex": left,
                "ColumnSpan": width,
                "RowIndex": top,
                "RowSpan": rows,
            }
        )
        left, height = left + width, max(height, rows)
    return elements


def _grid(elements: list[dict[str, Any]], canvas: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {"Configuration": {"GridLayout": {"Elements": elements, **(canvas or {})}}}


def _filters(page: str, shown: Sequence[Shown], builder: _Builder) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Controls of a sheet and its groups of filters.

    A filter with a control is on the columns of that name in all data sets of the sheet; QuickSight leaves those alone
    that have no such column. What a visual's `where` says is a filter on that visual alone.
    """
    sheet = sheet_id(page)
    controls: list[dict[str, Any]] = []
    groups = []

    def add(name: str, mart: str, kind: str, body: dict[str, Any], visual_ids: Sequence[str], across: bool) -> None:
        column = name.rpartition(".")[2]
        scope = {"Scope": "SELECTED_VISUALS", "VisualIds": list(visual_ids)} if visual_ids else {"Scope": "ALL_VISUALS"}
        groups.append(
            {
                "FilterGroupId": _identifier(f"{name}-group"),
                "CrossDataset": "ALL_DATASETS" if across else "SINGLE_DATASET",
                "Status": "ENABLED",
                "Filters": [{kind: {"FilterId": _identifier(name), "Column": builder.identifier(mart, column)} | body}],
                "ScopeConfiguration": {
                    "SelectedSheets": {"SheetVisualScopingConfigurations": [{"SheetId": sheet} | scope]}
                },
            }
        )

    def dropdown(name: str, title: str) -> None:
        controls.append(
            {
                "Dropdown": {
                    "FilterControlId": _identifier(f"{name}-control"),
                    "Title": title,
                    "SourceFilterId": _identifier(name),
                    "Type": "MULTI_SELECT",
                    "DisplayOptions": {"SelectAllOptions": {"Visibility": "VISIBLE"}},
                }
            }
        )

    # Controls that begin with a value, for the visuals that have it in `where`.
    chosen = dict.fromkeys(
        (column, value)
        for visual in shown
        for column, value in visual.where.items()
        if column in _DEFAULTS and isinstance(value, str) and value != KNOWN
    )
    for column, value in chosen:
        affected = [visual for visual in shown if visual.where.get(column) == value]
        name = f"{sheet}.{value}.{column}"
        add(name, affected[0].mart, "CategoryFilter", _is_in([value]), [visual.id for visual in affected], True)
        dropdown(name, _DEFAULTS[column])
    plain = [column for column in _CONTROLS if column not in {name for name, _ in chosen}]
    for column in plain:
        marts = [visual.mart for visual in shown if builder.has(visual.mart, column)]
        if marts:
            add(f"{sheet}.{column}", marts[0], "CategoryFilter", _ANY, [], True)
            dropdown(f"{sheet}.{column}", _CONTROLS[column])
    for column, title in _DATES.items():
        marts = [visual.mart for visual in shown if builder.has(visual.mart, column)]
        if marts:
            name = f"{sheet}.{column}"
            add(name, marts[0], "TimeRangeFilter", _any_day("ALL_VALUES"), [], True)
            controls.append(
                {
                    "DateTimePicker": {
                        "FilterControlId": _identifier(f"{name}-control"),
                        "Title": title,
                        "SourceFilterId": _identifier(name),
                        "Type": "DATE_RANGE",
                    }
                }
            )
    for visual in shown:
        for column, wanted in visual.where.items():
            if (column, wanted) in chosen:
                continue
            kind = builder.column(visual.mart, column).type
            name = f"{visual.id}.{column}"
            if wanted != KNOWN:
                add(name, visual.mart, "CategoryFilter", _is_in(listed(wanted)), [visual.id], False)
            elif kind == "DATETIME":
                add(name, visual.mart, "TimeRangeFilter", _any_day("NON_NULLS_ONLY"), [visual.id], False)
            elif kind in ("INTEGER", "DECIMAL"):
                known = {"NullOption": "NON_NULLS_ONLY", "SelectAllOptions": "FILTER_ALL_VALUES"}
                add(name, visual.mart, "NumericRangeFilter", known, [visual.id], False)
            else:
                add(name, visual.mart, "CategoryFilter", _NOT_NULL, [visual.id], False)
    if not controls:
        return {}, groups
    elements = [
        {"ElementId": element_id, "ElementType": "FILTER_CONTROL", "ColumnSpan": 2, "RowSpan": 1}
        for control in controls
        for element_id in [next(iter(control.values()))["FilterControlId"]]
    ]
    return {"FilterControls": controls, "SheetControlLayouts": [_grid(elements)]}, groups


def _identifier(name: str) -> str:
    """An id of letters, digits, hyphens and underscores."""
    return re.sub(r"[^\w-]+", "-", name)


def _category(**settings: Any) -> dict[str, Any]:
    return {"Configuration": {"FilterListConfiguration": {"MatchOperator": "CONTAINS"} | settings}}


def _is_in(values: list[str]) -> dict[str, Any]:
    return _category(CategoryValues=values, NullOption="NON_NULLS_ONLY")


_ANY = _category(SelectAllOptions="FILTER_ALL_VALUES", NullOption="ALL_VALUES")
_NOT_NULL = _category(SelectAllOptions="FILTER_ALL_VALUES", NullOption="NON_NULLS_ONLY")


def _any_day(null_option: str) -> dict[str, Any]:
    return {"NullOption": null_option, "TimeGranularity": "DAY", "IncludeMinimum": True, "IncludeMaximum": True}
