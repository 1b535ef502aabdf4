"""Nothing wrong goes out to QuickSight: faults that the service would answer late, or never, are found offline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.session import get_session
from botocore.validate import validate_parameters

from publish.quicksight import checks
from publish.quicksight.resources import faults
from publish.service_model import walk
from tests.publish.quicksight import SETUP, bodies, dashboard, data_sets, requests, sound

Definition = dict[str, Any]


def test_the_sound_requests_have_no_fault() -> None:
    model = get_session().get_service_model("quicksight")
    found = sound()

    assert faults(found) == []
    for operation, request in requests(found):
        shape = model.operation_model(operation).input_shape
        assert shape
        validate_parameters(request, shape)  # raises


def _visual(definition: Definition, name: str) -> dict[str, Any]:
    return bodies(definition)[name]


def _wells(definition: Definition, name: str) -> dict[str, Any]:
    (wells,) = _visual(definition, name)["ChartConfiguration"]["FieldWells"].values()
    assert isinstance(wells, dict)
    return wells


def _dimension(definition: Definition, name: str, role: str = "Category") -> dict[str, Any]:
    (dimension,) = _wells(definition, name)[role]
    assert isinstance(dimension, dict)
    return dimension


def _sheet(definition: Definition, number: int = 0) -> dict[str, Any]:
    sheet = definition["Sheets"][number]
    assert isinstance(sheet, dict)
    return sheet


def _elements(definition: Definition, number: int = 0) -> list[dict[str, Any]]:
    elements = _sheet(definition, number)["Layouts"][0]["Configuration"]["GridLayout"]["Elements"]
    assert isinstance(elements, list)
    return elements


def _action(operation: dict[str, Any]) -> dict[str, Any]:
    return {
        "CustomActionId": "an-action",
        "Name": "An action",
        "Trigger": "DATA_POINT_MENU",
        "ActionOperations": [operation],
    }


def _go_to(sheet: str) -> dict[str, Any]:
    return _action({"NavigationOperation": {"LocalNavigationConfiguration": {"TargetSheetId": sheet}}})


def _set_parameter(name: str) -> dict[str, Any]:
    configuration = {"DestinationParameterName": name, "Value": {"SourceField": "time-by-worker.category"}}
    return _action({"SetParametersOperation": {"ParameterValueConfigurations": [configuration]}})


FAULTS: dict[str, tuple[Callable[[Definition], object], str]] = {
    "an enum value that does not exist": (
        lambda d: _visual(d, "time-by-worker")["ChartConfiguration"].update(BarsArrangement="PILED"),
        "'PILED' is none of",
    ),
    "an enum in lower case": (
        lambda d: _visual(d, "time-by-worker")["ChartConfiguration"].update(Orientation="vertical"),
        "'vertical' is none of",
    ),
    "a color in lower case": (
        lambda d: _visual(d, "confusion")["ChartConfiguration"]["ColorScale"]["Colors"][0].update(Color="#eef3fc"),
        "'#eef3fc' does not match",
    ),
    "a misspelt member": (
        lambda d: _visual(d, "time-by-worker")["ChartConfiguration"].update(Orientaton="VERTICAL"),
        "has no member Orientaton",
    ),
    "a misspelt column": (
        lambda d: _dimension(d, "time-by-worker")["CategoricalDimensionField"]["Column"].update(ColumnName="worker"),
        "fct_worker_tasks has no column worker",
    ),
    "a visual missing from the layout": (
        lambda d: _elements(d).pop(),
        "is a visual or in the layout, not both",
    ),
    "a layout element without a visual": (
        lambda d: _elements(d).append(
            {"ElementId": "ghost", "ElementType": "VISUAL", "ColumnSpan": 1, "RowSpan": 1, "RowIndex": 90}
        ),
        "ghost is a visual or in the layout, not both",
    ),
    "duplicate VisualId": (
        lambda d: _sheet(d, 1)["Visuals"].append(_sheet(d, 0)["Visuals"][0]),
        "two visuals have the id answers",
    ),
    "duplicate FieldId in a visual": (
        lambda d: _dimension(d, "time-by-worker", "Colors")["CategoricalDimensionField"].update(
            FieldId="time-by-worker.category"
        ),
        "two fields have the id time-by-worker.category",
    ),
    "two members in one Visual": (
        lambda d: _sheet(d)["Visuals"][0].update(_sheet(d)["Visuals"][3]),
        "Visual takes exactly one member",
    ),
    "two members in a DimensionField": (
        lambda d: _dimension(d, "time-by-worker").update(
            DateDimensionField=_dimension(d, "time-by-worker")["CategoricalDimensionField"]
        ),
        "DimensionField takes exactly one member",
    ),
    "undeclared data set identifier": (
        lambda d: _dimension(d, "time-by-modality")["CategoricalDimensionField"]["Column"].update(
            DataSetIdentifier="tasks"
        ),
        "data set tasks is not declared",
    ),
    "sort by a field that is not there": (
        lambda d: _visual(d, "time-by-worker")["ChartConfiguration"]["SortConfiguration"]["CategorySort"][0][
            "FieldSort"
        ].update(FieldId="time"),
        "there is no field time to sort",
    ),
    "21 sheets": (
        lambda d: d["Sheets"].extend({"SheetId": f"more-{n}", "Name": f"More {n}"} for n in range(15)),
        "21 items, expected 20 or less",
    ),
    "a title of 600 characters": (
        lambda d: _visual(d, "answers")["Title"]["FormatText"].update(PlainText="x" * 600),
        "600 characters, expected 1 to 512",
    ),
    "a SheetId with a space": (
        lambda d: _sheet(d, 4).update(SheetId="review queue"),
        "'review queue' does not match",
    ),
    "ColumnSpan 37": (lambda d: _elements(d)[0].update(ColumnSpan=37), "37, expected 1 to 36"),
    "RowSpan 0": (lambda d: _elements(d)[0].update(RowSpan=0), "0, expected 1 to 21"),
    "a number as text": (lambda d: _elements(d)[0].update(RowSpan="6"), "expected a number (integer), found '6'"),
    "a list over its length": (
        lambda d: _wells(d, "frame-quality").update(Category=[_dimension(d, "frame-quality")] * 201),
        "201 items, expected 200 or less",
    ),
    "a date dimension on a text column": (
        lambda d: _wells(d, "answers-per-day")["Category"][0]["DateDimensionField"]["Column"].update(
            ColumnName="modality"
        ),
        "modality is STRING, which a DateDimensionField does not take",
    ),
    "a hierarchy id without a hierarchy": (
        lambda d: _visual(d, "attributes").update(ColumnHierarchies=[]),
        "hierarchy attributes.levels is declared or used, not both",
    ),
    "a filter control without its filter": (
        lambda d: _sheet(d)["FilterControls"][0]["Dropdown"].update(SourceFilterId="nothing"),
        "there is no filter nothing to control",
    ),
    "a parameter not declared": (
        lambda d: _visual(d, "time-by-worker")["Actions"].append(_set_parameter("Worker")),
        "parameter Worker is not declared",
    ),
    "navigation to no sheet": (
        lambda d: _visual(d, "time-by-worker")["Actions"].append(_go_to("nowhere")),
        "there is no sheet nowhere to go to",
    ),
    "percentile 101": (
        lambda d: _wells(d, "worker-metrics")["Values"][7]["NumericalMeasureField"]["AggregationFunction"][
            "PercentileAggregation"
        ].update(PercentileValue=101),
        "101, expected 0 to 100",
    ),
    "an empty Visual": (lambda d: _sheet(d)["Visuals"].append({}), "Visual takes exactly one member, found none"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_the_definition_is_found(name: str) -> None:
    seed, message = FAULTS[name]
    found = sound()
    seed(dashboard(found))

    assert any(message in fault for fault in faults(found)), faults(found)


# Further rules of the real service that its model does not have.
MORE: dict[str, tuple[Callable[[Definition], object], str]] = {
    "a visual of two data sets": (
        lambda d: _dimension(d, "time-by-worker")["CategoricalDimensionField"]["Column"].update(
            DataSetIdentifier="rpt_worker_jobs"
        ),
        "of several data sets",
    ),
    "a date as a category": (
        lambda d: _dimension(d, "time-by-worker")["CategoricalDimensionField"]["Column"].update(
            ColumnName="submitted_date"
        ),
        "submitted_date is DATETIME, which a CategoricalDimensionField does not take",
    ),
    "a name of one letter": (lambda d: _sheet(d).update(Name="O"), "a name of one character is not shown"),
    "one visual on another": (lambda d: _elements(d)[1].update(ColumnIndex=0), "hours lies on answers"),
    "a visual beyond the grid": (lambda d: _elements(d)[0].update(ColumnIndex=30), "answers ends at column 42 of 36"),
    "a control that is nowhere": (
        lambda d: _sheet(d).pop("SheetControlLayouts"),
        "is a control or in the layout of controls, not both",
    ),
    "a filter of no sheet": (
        lambda d: d["FilterGroups"][0]["ScopeConfiguration"]["SelectedSheets"]["SheetVisualScopingConfigurations"][
            0
        ].update(SheetId="nowhere"),
        "there is no sheet nowhere to filter",
    ),
    "an axis label without an axis": (
        lambda d: _visual(d, "time-by-worker")["ChartConfiguration"]["ValueLabelOptions"]["AxisLabelOptions"][0].pop(
            "ApplyTo"
        ),
        "names no axis",
    ),
    "a color by a column that is not there": (
        lambda d: _visual(d, "agreement")["ConditionalFormatting"]["ConditionalFormattingOptions"][0]["Cell"][
            "TextFormat"
        ]["TextColor"]["Solid"].update(Expression="{objects} < 20"),
        "there is no column objects",
    ),
    "a calculation with a column that is not there": (
        lambda d: d["CalculatedFields"][0].update(Expression="{minutes} / 60"),
        "fct_worker_tasks has no column minutes",
    ),
    "a filter action on no field": (
        lambda d: _visual(d, "time-by-worker")["Actions"][0]["ActionOperations"][0]["FilterOperation"].update(
            SelectedFieldsConfiguration={"SelectedFields": ["ghost"]}
        ),
        "there is no field ghost to filter by",
    ),
}


@pytest.mark.parametrize("name", MORE)
def test_what_the_service_does_not_say_is_found(name: str) -> None:
    seed, message = MORE[name]
    found = sound()
    seed(dashboard(found))

    assert any(message in fault for fault in faults(found)), faults(found)


DATA_SETS: dict[str, tuple[Callable[[dict[str, dict[str, Any]]], object], str]] = {
    "rows of workers without rules": (
        lambda sets: sets["rpt_adjustments"].pop("RowLevelPermissionDataSet"),
        "rpt-adjustments: it has rows of workers, and no row-level security that is on",
    ),
    "rules that are off": (
        lambda sets: sets["fct_worker_tasks"]["RowLevelPermissionDataSet"].update(Status="DISABLED"),
        "no row-level security that is on",
    ),
    "rules that are none": (
        lambda sets: sets["bridge_row_access"].pop("UseAs"),
        "are no data set of rules",
    ),
    "rules without a user": (
        lambda sets: sets["bridge_row_access"]["LogicalTableMap"]["table"].update(
            DataTransforms=[
                {"RenameColumnOperation": {"ColumnName": "user_name", "NewColumnName": "Who"}},
                {"RenameColumnOperation": {"ColumnName": "group_name", "NewColumnName": "Whose"}},
            ]
        ),
        "rules need a column UserName or GroupName",
    ),
    "a rule about a column that is not there": (
        lambda sets: sets["bridge_row_access"]["PhysicalTableMap"]["table"]["RelationalTable"]["InputColumns"].append(
            {"Name": "note", "Type": "STRING"}
        ),
        "the rules' column note is no text column of it",
    ),
    "a rule about a number": (
        lambda sets: sets["fct_worker_tasks"]["PhysicalTableMap"]["table"]["RelationalTable"]["InputColumns"][
            [
                column["Name"]
                for column in sets["fct_worker_tasks"]["PhysicalTableMap"]["table"]["RelationalTable"]["InputColumns"]
            ].index("worker_key")
        ].update(Type="INTEGER"),
        "the rules' column worker_key is no text column of it",
    ),
    "names without rules": (
        lambda sets: sets["rpt_jobs"]["PhysicalTableMap"]["table"]["RelationalTable"]["InputColumns"].append(
            {"Name": "email", "Type": "STRING"}
        ),
        "name people",
    ),
    "a description of no column": (
        lambda sets: sets["rpt_jobs"]["LogicalTableMap"]["table"]["DataTransforms"][0]["TagColumnOperation"].update(
            ColumnName="ghost"
        ),
        "describes a column ghost",
    ),
    "no source": (
        lambda sets: sets["rpt_jobs"]["PhysicalTableMap"]["table"]["RelationalTable"].update(
            DataSourceArn=SETUP.arn("datasource", "ghost")
        ),
        "data source ghost is read and not made",
    ),
}


@pytest.mark.parametrize("name", DATA_SETS)
def test_a_fault_of_the_data_sets_is_found(name: str) -> None:
    seed, message = DATA_SETS[name]
    found = sound()
    seed(data_sets(found))

    assert any(message in fault for fault in faults(found)), faults(found)


@pytest.mark.parametrize(
    ("member", "count"),
    [
        ({"AllSheets": {}}, 0),
        ({"SelectedSheets": {}}, 0),
        ({}, 1),
        ({"AllSheets": {}, "SelectedSheets": {}}, 1),
    ],
)
def test_scopes_are_a_union_and_their_members_are_none(member: dict[str, Any], count: int) -> None:
    """Of real dashboards, 23 were walked: these two are documented as unions and are empty there."""
    found = sound()
    dashboard(found)["FilterGroups"][0]["ScopeConfiguration"] = member

    wrong = walk(checks.SERVICE, "CreateDashboard", found[-1].request)

    assert len(wrong) == count


def test_a_union_that_is_a_member_is_one_too() -> None:
    """Its own text says that it is a union, and the text of the member, which is nearer, does not."""
    request = data_sets(sound())["rpt_jobs"]
    request["LogicalTableMap"]["table"]["Source"] = {
        "PhysicalTableId": "table",
        "DataSetArn": SETUP.arn("dataset", "x"),
    }
    two = walk(checks.SERVICE, "CreateDataSet", request)
    request["LogicalTableMap"]["table"]["Source"] = {}
    none = walk(checks.SERVICE, "CreateDataSet", request)

    assert [fault.partition(": ")[2] for fault in two + none] == [
        "LogicalTableSource takes exactly one member, found ['DataSetArn', 'PhysicalTableId']",
        "LogicalTableSource takes exactly one member, found none",
    ]
