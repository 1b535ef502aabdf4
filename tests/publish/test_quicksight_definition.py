"""What QuickSight shows is what visuals.yml says, and what the data sets have is what the marts have."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml  # type: ignore[import-untyped] # it ships no type information

from publish.quicksight.columns import MODELS, ColumnsError, mart_columns
from publish.quicksight.datasets import UNKNOWN_WORKER, Setup
from publish.quicksight.definition import Rows, all_visuals, own_visuals
from publish.quicksight.resources import Kind, resources
from publish.visuals import PERCENTILES, Format, Value, Visual, VisualError, visuals
from publish.visuals import Kind as VisualKind
from tests.publish.quicksight import OWNER, PERSONNEL, SETUP, bodies, dashboard, data_sets, sound
from tests.publish.warehouse import make_warehouse

SHARED = {visual.id: visual for visual in visuals()}
DEFINITION = dashboard(sound())
BODIES = bodies(DEFINITION)
AGGREGATIONS = {
    "COUNT": "count",
    "DISTINCT_COUNT": "distinct",
    "SUM": "sum",
    "AVERAGE": "mean",
    "MIN": "min",
    "MAX": "max",
}
CALCULATED = {field["Name"]: field["Expression"] for field in DEFINITION["CalculatedFields"]}


def fields(body: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Fields of a visual in their order: the kind of each, and itself."""
    wells = body["ChartConfiguration"]["FieldWells"]
    (filled,) = [wells] if "Values" in wells else wells.values()
    return [next(iter(item.items())) for items in filled.values() for item in items]


def aggregation(field: dict[str, Any]) -> str:
    function = field["AggregationFunction"]
    if "PercentileAggregation" in function:
        share = function["PercentileAggregation"]["PercentileValue"] / 100
        return next(name for name, percentile in PERCENTILES.items() if percentile == share)
    return AGGREGATIONS[function if isinstance(function, str) else function["SimpleNumericalAggregation"]]


def test_every_shared_visual_is_there() -> None:
    assert SHARED.keys() <= BODIES.keys()


@pytest.mark.parametrize("visual", SHARED.values(), ids=SHARED)
def test_a_shared_visual_shows_what_it_says(visual: Visual) -> None:
    body = BODIES[visual.id]
    found = fields(body)
    columns = [field["Column"] for _, field in found]
    dimensions = [field["Column"]["ColumnName"] for kind, field in found if kind.endswith("DimensionField")]
    measures = [field for kind, field in found if kind.endswith("MeasureField")]

    assert body["Title"]["FormatText"]["PlainText"] == visual.title
    assert {column["DataSetIdentifier"] for column in columns} == {visual.mart}
    if visual.kind is VisualKind.HISTOGRAM:  # QuickSight counts the rows of each bin by itself
        assert [field["Column"]["ColumnName"] for field in measures] == [visual.category]
        assert "AggregationFunction" not in measures[0]
        return
    assert dimensions == visual.groups
    assert [
        Value(
            aggregation(field),
            re.sub(
                r"{(\w+)} / 3600", r"\1", CALCULATED.get(field["Column"]["ColumnName"], field["Column"]["ColumnName"])
            ),
        )
        for field in measures
    ] == list(visual.values.values())


@pytest.mark.parametrize(
    ("visual", "title"),
    [(visual, title) for visual in SHARED.values() for title, form in visual.format.items() if form is Format.HOURS],
)
def test_hours_are_seconds_divided(visual: Visual, title: str) -> None:
    number = list(visual.values).index(title)
    field = [field for kind, field in fields(BODIES[visual.id]) if kind.endswith("MeasureField")][number]

    assert CALCULATED[field["Column"]["ColumnName"]] == f"{{{visual.values[title].column}}} / 3600"


def test_shares_are_shown_in_percent_and_nothing_as_a_dash() -> None:
    (field,) = (field for _, field in fields(BODIES["golden-accuracy"]))

    assert field["FormatConfiguration"]["FormatConfiguration"] == {
        "PercentageDisplayFormatConfiguration": {
            "DecimalPlacesConfiguration": {"DecimalPlaces": 1},
            "NullValueFormatConfiguration": {"NullString": "\N{EN DASH}"},
        }
    }


def test_what_is_warned_of_is_marked() -> None:
    options = BODIES["worker-metrics"]["ConditionalFormatting"]["ConditionalFormattingOptions"]

    assert [option["Cell"]["TextFormat"]["BackgroundColor"]["Solid"]["Expression"] for option in options] == [
        "AVG({golden_score}) < 0.8"
    ]


OWN_ROWS = [shown for shown in own_visuals() if isinstance(shown, Rows)]


@pytest.mark.parametrize("rows", OWN_ROWS, ids=[rows.id for rows in OWN_ROWS])
def test_rows_show_their_columns_and_a_share_has_its_count_beside_it(rows: Rows) -> None:
    body = BODIES[rows.id]
    wells = body["ChartConfiguration"]["FieldWells"]["TableUnaggregatedFieldWells"]["Values"]

    assert [field["Column"]["ColumnName"] for field in wells] == list(rows.columns.values())
    grey = body["ConditionalFormatting"]["ConditionalFormattingOptions"]
    assert len(grey) == len(rows.grey)
    assert set(rows.grey.values()) <= set(rows.columns.values())


def filters(visual_id: str) -> dict[str, Any]:
    """Filters of one visual alone, or of some visuals, this one among them: by column, what is let through."""
    found = {}
    for group in DEFINITION["FilterGroups"]:
        (scope,) = group["ScopeConfiguration"]["SelectedSheets"]["SheetVisualScopingConfigurations"]
        if visual_id in scope.get("VisualIds", []):
            (body,) = (body for item in group["Filters"] for body in item.values())
            chosen = body.get("Configuration", {}).get("FilterListConfiguration", body)
            assert chosen["NullOption"] == "NON_NULLS_ONLY"
            assert body["Column"]["ColumnName"] not in found
            found[body["Column"]["ColumnName"]] = chosen.get("CategoryValues", ["known"])
    return found


@pytest.mark.parametrize("visual_id", BODIES)
def test_a_visual_is_filtered_by_its_where_and_nothing_else(visual_id: str) -> None:
    (visual,) = (shown for shown in all_visuals() if shown.id == visual_id)

    assert filters(visual_id) == {
        column: [wanted] if isinstance(wanted, str) else wanted for column, wanted in visual.where.items()
    }


def test_counts_of_labels_begin_with_the_jobs_that_made_them() -> None:
    """An audit repeats the labels of the job that it reviews: without it, each would be counted twice."""
    control = {
        control["Dropdown"]["SourceFilterId"]
        for sheet in DEFINITION["Sheets"]
        if sheet["Name"] == "Annotations"
        for control in sheet["FilterControls"]
        if "Dropdown" in control
    }
    (group,) = (
        group
        for group in DEFINITION["FilterGroups"]
        for item in group["Filters"]
        for body in item.values()
        if body["FilterId"] in control and body["Column"]["ColumnName"] == "job_kind"
    )

    assert group["Filters"][0]["CategoryFilter"]["Configuration"]["FilterListConfiguration"]["CategoryValues"] == [
        "label"
    ]
    (scope,) = group["ScopeConfiguration"]["SelectedSheets"]["SheetVisualScopingConfigurations"]
    assert {"vehicles", "frame-quality", "class-balance"} <= set(scope["VisualIds"])
    assert "audit-per-job" not in scope["VisualIds"]


def test_readers_can_choose_job_worker_and_day() -> None:
    titles = {
        sheet["Name"]: [body["Title"] for control in sheet["FilterControls"] for body in control.values()]
        for sheet in DEFINITION["Sheets"]
    }

    assert {"Job", "Job kind", "Worker", "Submitted"} <= set(titles["Workers"])
    assert all("Job" in names for names in titles.values())


SETS = data_sets(sound())


def physical(mart: str) -> dict[str, Any]:
    (table,) = SETS[mart]["PhysicalTableMap"].values()
    (body,) = table.values()
    assert isinstance(body, dict)
    return body


@pytest.mark.parametrize("mart", sorted(SETS.keys() - {"bridge_row_access"}))
def test_a_data_set_has_columns_of_its_mart_with_their_descriptions(mart: str) -> None:
    marts = mart_columns()
    table = physical(mart)
    columns = [column["Name"] for column in table.get("InputColumns") or table["Columns"]]
    described = {
        operation["TagColumnOperation"]["ColumnName"]: operation["TagColumnOperation"]["Tags"][0]["ColumnDescription"]
        for operation in SETS[mart]["LogicalTableMap"]["table"]["DataTransforms"]
    }

    assert columns == [name for name in marts[mart] if name in columns]
    assert list(described) == columns
    for name, description in described.items():
        assert description["Text"].removesuffix("…") in marts[mart][name].description
        assert "{{" not in description["Text"]


def test_types() -> None:
    types = {column["Name"]: column for column in physical("fct_worker_tasks")["InputColumns"]}

    assert types["golden_score"] == {"Name": "golden_score", "Type": "DECIMAL", "SubType": "FLOAT"}  # not 4 places
    assert types["submitted_date"] == {"Name": "submitted_date", "Type": "DATETIME"}
    assert types["label_count"] == {"Name": "label_count", "Type": "INTEGER"}
    assert types["worker_key"] == {"Name": "worker_key", "Type": "STRING"}


def test_every_data_set_with_workers_has_the_rules() -> None:
    secured = {mart for mart, request in SETS.items() if "RowLevelPermissionDataSet" in request}

    assert secured == {mart for mart, columns in mart_columns().items() if mart in SETS and "worker_key" in columns} - {
        "bridge_row_access"
    }
    assert {"fct_worker_tasks", "rpt_adjustments", "dim_workers"} <= secured


def test_names_of_people_have_a_source_and_permissions_of_their_own() -> None:
    people = physical("dim_workers")

    assert people["DataSourceArn"].endswith(":datasource/ground-truth-people")
    assert people["Schema"] == "ground_truth_people"
    groups = {
        resource.id: resource.request["DataSourceParameters"]["AthenaParameters"]["WorkGroup"]
        for resource in sound()
        if resource.kind is Kind.DATA_SOURCE
    }
    assert groups == {"ground-truth-marts": "ground-truth-bi", "ground-truth-people": "ground-truth-people"}
    assert {permission["Principal"] for permission in SETS["dim_workers"]["Permissions"]} == {PERSONNEL}
    for mart in SETS.keys() - {"dim_workers"}:
        assert physical(mart)["DataSourceArn"].endswith(":datasource/ground-truth-marts")
        assert {permission["Principal"] for permission in SETS[mart]["Permissions"]} == {OWNER}


def test_people_are_left_out_unless_a_role_may_read_them() -> None:
    found = resources(dataclasses.replace(SETUP, people_role_arn=None))

    assert "dim_workers" not in data_sets(found)
    assert "people" not in str([resource.request for resource in found])


def test_direct_query_keeps_a_copy_of_the_rules_only() -> None:
    found = resources(dataclasses.replace(SETUP, direct_query=True))

    modes = {mart: request["ImportMode"] for mart, request in data_sets(found).items()}
    assert modes.pop("bridge_row_access") == "SPICE"
    assert set(modes.values()) == {"DIRECT_QUERY"}
    assert [resource.id for resource in found if resource.kind is Kind.REFRESH_SCHEDULE] == [
        "ground-truth-bridge-row-access"
    ]


def test_schedules_name_no_time_to_begin_with() -> None:
    """The service refuses one that is past, so the second deployment would fail."""
    schedules = [resource.request["Schedule"] for resource in sound() if resource.kind is Kind.REFRESH_SCHEDULE]

    assert len(schedules) == len(SETS)
    assert all(schedule.keys() == {"ScheduleId", "ScheduleFrequency", "RefreshType"} for schedule in schedules)


def test_rows_without_a_worker_can_be_shown_to_those_who_see_everything(tmp_path: Path) -> None:
    """No rule can name NULL: such rows would be hidden from everybody, and sums would differ from the page's."""
    setup: Setup = dataclasses.replace(SETUP, schema="main")
    table = data_sets(resources(setup))["rpt_adjustments"]["PhysicalTableMap"]["table"]["CustomSql"]
    path = make_warehouse(
        tmp_path / "marts.duckdb",
        {"rpt_adjustments": [{"worker_key": None, "adjusted_count": 2}, {"worker_key": "ann", "adjusted_count": 3}]},
    )

    with duckdb.connect(path, read_only=True) as connection:
        found = connection.execute(table["SqlQuery"])
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    assert names == [column["Name"] for column in table["Columns"]]
    assert [(row["worker_key"], row["adjusted_count"]) for row in rows] == [(UNKNOWN_WORKER, 2), ("ann", 3)]


def test_the_rules_name_the_unknown_worker_alike() -> None:
    macro = (MODELS.parent / "macros/ground_truth/unknown_worker.sql").read_text()

    assert f"'{UNKNOWN_WORKER}'" in macro


def test_a_column_that_no_mart_has_is_refused(tmp_path: Path) -> None:
    for path in MODELS.rglob("_*"):
        if path.suffix in (".md", ".yml"):
            copy = tmp_path / path.relative_to(MODELS)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(path.read_text().replace("- name: modality\n", "- name: kind_of_data\n"))

    with pytest.raises(ColumnsError, match="fct_worker_tasks has no column modality"):
        resources(SETUP, tmp_path)


def test_models_that_are_not_there_are_said(tmp_path: Path) -> None:
    with pytest.raises(ColumnsError, match="no marts are declared there"):
        mart_columns(tmp_path)


def test_an_own_visual_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "visuals.yml"
    path.write_text(
        yaml.safe_dump({"Overview": [{"kind": "rows", "id": "x", "title": "X", "mart": "rpt_jobs", "tooltip": "y"}]})
    )

    with pytest.raises(VisualError, match=r"visual 'x': .*tooltip"):
        own_visuals(path)
