"""Checks requests to QuickSight offline, by the service's model and by rules that the model does not have.

The service answers wrong requests late, or not at all: a dashboard fails minutes after the call that made it, and a
visual whose column does not exist stays blank.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from publish.service_model import walk

SERVICE = "quicksight"
GRID_COLUMNS = 36
PEOPLE_COLUMNS = {"username", "email"}
"""Columns that name a person: in the data set of people only."""


def _find(value: Any, path: str = "") -> Iterator[tuple[str, str, Any]]:
    """Every member of every structure in a value: where, its name, and itself."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield path, name, item
            yield from _find(item, f"{path}.{name}")
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield from _find(item, f"{path}[{number}]")


def _named(value: Any, *names: str) -> list[Any]:
    return [item for _, name, item in _find(value) if name in names]


def _twice(names: Sequence[Any]) -> list[str]:
    return sorted(str(name) for name, count in Counter(names).items() if count > 1)


def _unmatched(some: Sequence[Any], others: Sequence[Any]) -> list[str]:
    return sorted(str(name) for name in set(some) ^ set(others))


_Columns = Mapping[str, Mapping[str, str]]


def definition_faults(definition: Mapping[str, Any], columns: _Columns) -> list[str]:
    """What is wrong with a dashboard's definition that the service's model does not say.

    Args:
        definition: of a dashboard.
        columns: columns and their types, by the identifier of the data set.

    Returns:
        Faults; none if all is well.
    """
    rules: tuple[Callable[[Mapping[str, Any], _Columns], Iterator[str]], ...] = (
        _column_rules,
        _visual_rules,
        _layout_rules,
        _filter_rules,
        _target_rules,
    )
    return [fault for rule in rules for fault in rule(definition, columns)]


_DIMENSION_TYPES = {
    "DateDimensionField": {"DATETIME"},
    "DateMeasureField": {"DATETIME"},
    "CategoricalDimensionField": {"STRING", "BIT"},
    "CategoricalMeasureField": {"STRING", "BIT"},
    "NumericalDimensionField": {"INTEGER", "DECIMAL"},
    "NumericalMeasureField": {"INTEGER", "DECIMAL"},
    "CategoryFilter": {"STRING", "BIT"},
    "TimeRangeFilter": {"DATETIME"},
    "NumericRangeFilter": {"INTEGER", "DECIMAL"},
}


def _all_columns(definition: Mapping[str, Any], columns: _Columns) -> dict[str, dict[str, str]]:
    """The data sets' columns, with the calculated fields, which are taken for numbers."""
    found = {name: dict(types) for name, types in columns.items()}
    for field in definition.get("CalculatedFields", []):
        found.setdefault(field["DataSetIdentifier"], {})[field["Name"]] = "DECIMAL"
    return found


def _column_rules(definition: Mapping[str, Any], columns: _Columns) -> Iterator[str]:
    declared = [item.get("Identifier") for item in definition.get("DataSetIdentifierDeclarations", [])]
    known = _all_columns(definition, columns)
    for name in _twice(declared):
        yield f"data set {name} is declared twice"
    for path, name, item in _find(definition):
        if not isinstance(item, dict):
            continue
        if "DataSetIdentifier" in item and item["DataSetIdentifier"] not in declared:
            yield f"{path}.{name}: data set {item['DataSetIdentifier']} is not declared"
        elif "ColumnName" in item and item["ColumnName"] not in known.get(item.get("DataSetIdentifier", ""), {}):
            yield f"{path}.{name}: {item.get('DataSetIdentifier')} has no column {item['ColumnName']}"
        column = item.get("Column")
        if name in _DIMENSION_TYPES and isinstance(column, dict):
            found = known.get(column.get("DataSetIdentifier", ""), {}).get(column.get("ColumnName", ""))
            if found and found not in _DIMENSION_TYPES[name]:
                yield f"{path}.{name}: {column['ColumnName']} is {found}, which a {name} does not take"
    for field in definition.get("CalculatedFields", []):
        for used in re.findall(r"{(\w+)}", field["Expression"]):
            if used not in known.get(field["DataSetIdentifier"], {}):
                yield f"calculated field {field['Name']}: {field['DataSetIdentifier']} has no column {used}"


def _sheets(definition: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], list[tuple[str, Any]]]]:
    """Each sheet: its id, itself, and its visuals by id."""
    for sheet in definition.get("Sheets", []):
        bodies = [body for visual in sheet.get("Visuals", []) for body in visual.values()]
        named = [(body["VisualId"], body) for body in bodies if isinstance(body, dict) and "VisualId" in body]
        yield sheet.get("SheetId", "?"), sheet, named


def _visual_rules(definition: Mapping[str, Any], columns: _Columns) -> Iterator[str]:
    known = _all_columns(definition, columns)
    ids = [name for _, _, visuals in _sheets(definition) for name, _ in visuals]
    for name in _twice(ids):
        yield f"two visuals have the id {name}"
    for visual_id, body in (pair for _, _, visuals in _sheets(definition) for pair in visuals):
        wells = body.get("ChartConfiguration", {}).get("FieldWells", {})
        fields = _named(wells, "FieldId")
        for name in _twice(fields):
            yield f"visual {visual_id}: two fields have the id {name}"
        without_wells = {
            **body,
            "ChartConfiguration": {k: v for k, v in body.get("ChartConfiguration", {}).items() if k != "FieldWells"},
        }
        for name in _named(without_wells, "FieldId"):
            if name not in fields:
                yield f"visual {visual_id}: there is no field {name} to sort, name or format"
        for name in (field for chosen in _named(body, "SelectedFields") for field in chosen):
            if name not in fields:
                yield f"visual {visual_id}: there is no field {name} to filter by"
        sets = sorted(set(_named(body, "DataSetIdentifier")))
        if len(sets) > 1:
            yield f"visual {visual_id}: of several data sets, {', '.join(sets)}; QuickSight shows none of them"
        hierarchies = [
            next(iter(hierarchy.values())).get("HierarchyId") for hierarchy in body.get("ColumnHierarchies", [])
        ]
        used = _named(wells, "HierarchyId")
        for name in _unmatched(used, hierarchies):
            yield f"visual {visual_id}: hierarchy {name} is declared or used, not both"
        for expression in _named(body, "Expression"):
            for name in re.findall(r"{(\w+)}", expression):
                if not any(name in known.get(source, {}) for source in sets):
                    yield f"visual {visual_id}: {expression!r}: there is no column {name}"
        for label in (item for items in _named(body, "AxisLabelOptions") for item in items):
            if "CustomLabel" in label and "ApplyTo" not in label:
                yield f"visual {visual_id}: label {label['CustomLabel']!r} names no axis, so it would not be shown"


def _layout_rules(definition: Mapping[str, Any], columns: _Columns) -> Iterator[str]:
    sheet_ids = [sheet_id for sheet_id, _, _ in _sheets(definition)]
    for name in _twice(sheet_ids):
        yield f"two sheets have the id {name}"
    for sheet_id, sheet, visuals in _sheets(definition):
        if len(sheet.get("Name", "")) < 2:
            yield f"sheet {sheet_id}: a name of one character is not shown"
        elements = _elements(sheet, "Layouts")
        laid_out = [element.get("ElementId") for element in elements if element.get("ElementType") == "VISUAL"]
        for name in _twice(laid_out):
            yield f"sheet {sheet_id}: {name} is in the layout twice"
        for name in _unmatched([name for name, _ in visuals], laid_out):
            yield f"sheet {sheet_id}: {name} is a visual or in the layout, not both"
        taken: dict[tuple[int, int], str] = {}
        for element in elements:
            left, top = element.get("ColumnIndex", 0), element.get("RowIndex", 0)
            right, bottom = left + element.get("ColumnSpan", 0), top + element.get("RowSpan", 0)
            if right > GRID_COLUMNS:
                yield f"sheet {sheet_id}: {element['ElementId']} ends at column {right} of {GRID_COLUMNS}"
            cells = [(column, row) for column in range(left, right) for row in range(top, bottom)]
            for other in sorted({taken[cell] for cell in cells if cell in taken}):
                yield f"sheet {sheet_id}: {element['ElementId']} lies on {other}"
            taken |= dict.fromkeys(cells, element["ElementId"])
        controls = _named([*sheet.get("FilterControls", []), *sheet.get("ParameterControls", [])], *_CONTROL_IDS)
        shown = [element.get("ElementId") for element in _elements(sheet, "SheetControlLayouts")]
        for name in _unmatched(controls, shown):
            yield f"sheet {sheet_id}: {name} is a control or in the layout of controls, not both"


_CONTROL_IDS = ("FilterControlId", "ParameterControlId")


def _elements(sheet: Mapping[str, Any], layouts: str) -> list[dict[str, Any]]:
    return [element for items in _named(sheet.get(layouts, []), "Elements") for element in items]


def _filter_rules(definition: Mapping[str, Any], columns: _Columns) -> Iterator[str]:
    groups = definition.get("FilterGroups", [])
    filters = _named(groups, "FilterId")
    for name in _twice([*filters, *(group.get("FilterGroupId") for group in groups)]):
        yield f"two filters or groups of filters have the id {name}"
    controls = _named([sheet for _, sheet, _ in _sheets(definition)], *_CONTROL_IDS)
    for name in _twice(controls):
        yield f"two controls have the id {name}"
    for name in _named(definition.get("Sheets", []), "SourceFilterId"):
        if name not in filters:
            yield f"there is no filter {name} to control"
    sheets = {sheet_id: {name for name, _ in visuals} for sheet_id, _, visuals in _sheets(definition)}
    for scope in (item for items in _named(groups, "SheetVisualScopingConfigurations") for item in items):
        if scope.get("SheetId") not in sheets:
            yield f"there is no sheet {scope.get('SheetId')} to filter"
        else:
            for name in sorted(set(scope.get("VisualIds", [])) - sheets[scope["SheetId"]]):
                yield f"sheet {scope['SheetId']} has no visual {name} to filter"


def _target_rules(definition: Mapping[str, Any], columns: _Columns) -> Iterator[str]:
    parameters = [
        next(iter(declaration.values())).get("Name") for declaration in definition.get("ParameterDeclarations", [])
    ]
    used = _named(
        [*definition.get("Sheets", []), *definition.get("FilterGroups", [])],
        "ParameterName",
        "SourceParameterName",
        "DestinationParameterName",
        "RollingDateParameterName",
    )
    for name in sorted(set(used) - set(parameters)):
        yield f"parameter {name} is not declared"
    sheets = [sheet_id for sheet_id, _, _ in _sheets(definition)]
    for name in _named(definition.get("Sheets", []), "TargetSheetId"):
        if name not in sheets:
            yield f"there is no sheet {name} to go to"
    visuals = {name for _, _, named in _sheets(definition) for name, _ in named}
    for name in (target for targets in _named(definition.get("Sheets", []), "TargetVisuals") for target in targets):
        if name not in visuals:
            yield f"there is no visual {name} to filter"


def output_columns(data_set: Mapping[str, Any]) -> dict[str, str]:
    """Columns of a data set and their types, as its request makes them: renamed ones by their new names."""
    columns = {
        column["Name"]: column["Type"]
        for table in data_set["PhysicalTableMap"].values()
        for body in table.values()
        for column in body.get("InputColumns", body.get("Columns", []))
    }
    for rename in _named(data_set.get("LogicalTableMap", {}), "RenameColumnOperation"):
        columns = {
            rename["NewColumnName"] if name == rename["ColumnName"] else name: kind for name, kind in columns.items()
        }
    return columns


def request_faults(requests: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """What is wrong with the requests of a whole deployment, by the service's model and by our own rules.

    Args:
        requests: operation and input of each.

    Returns:
        Faults; none if all is well.
    """
    faults = [fault for operation, request in requests for fault in walk(SERVICE, operation, request)]
    if faults:
        return faults  # the rules rely on the form
    data_sets = [request for operation, request in requests if operation == "CreateDataSet"]
    rules = [request for request in data_sets if request.get("UseAs") == "RLS_RULES"]
    arns = {_arn_id(arn) for arn in _named([request for _, request in requests], "DataSourceArn")}
    sources = {request["DataSourceId"] for operation, request in requests if operation == "CreateDataSource"}
    faults += [f"data source {name} is read and not made" for name in sorted(arns - sources)]
    for request in data_sets:
        faults += _data_set_faults(request, rules)
    named = {request["DataSetId"] for request in data_sets}
    for operation, request in requests:
        if operation == "CreateDashboard":
            faults += definition_faults(request["Definition"], _data_set_columns(requests))
            for arn in _named(request, "DataSetArn"):
                if _arn_id(arn) not in named:
                    faults.append(f"dashboard {request['DashboardId']}: data set {_arn_id(arn)} is not made")
        elif operation == "CreateRefreshSchedule" and request["DataSetId"] not in named:
            faults.append(f"refresh schedule: data set {request['DataSetId']} is not made")
    return faults


def _arn_id(arn: str) -> str:
    return arn.rpartition("/")[2]


def _data_set_columns(requests: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[str, dict[str, str]]:
    """Columns by identifier: a dashboard declares which data set it calls what."""
    by_id = {
        request["DataSetId"]: output_columns(request) for operation, request in requests if operation == "CreateDataSet"
    }
    return {
        declared["Identifier"]: by_id.get(_arn_id(declared["DataSetArn"]), {})
        for operation, request in requests
        if operation == "CreateDashboard"
        for declared in request.get("Definition", {}).get("DataSetIdentifierDeclarations", [])
        if isinstance(declared, dict) and {"Identifier", "DataSetArn"} <= declared.keys()
    }


def _data_set_faults(request: Mapping[str, Any], rules: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    name, columns = f"data set {request['DataSetId']}", output_columns(request)
    for tagged in _named(request.get("LogicalTableMap", {}), "TagColumnOperation"):
        if tagged["ColumnName"] not in columns:
            yield f"{name}: describes a column {tagged['ColumnName']} that it does not have"
    for table in _named(request.get("LogicalTableMap", {}), "PhysicalTableId"):
        if table not in request["PhysicalTableMap"]:
            yield f"{name}: there is no table {table}"
    if request.get("UseAs") == "RLS_RULES":
        if not {"UserName", "GroupName"} & columns.keys():
            yield f"{name}: rules need a column UserName or GroupName"
        return
    if "worker_key" not in columns:
        if not PEOPLE_COLUMNS.isdisjoint(columns):
            yield f"{name}: {sorted(PEOPLE_COLUMNS & columns.keys())} name people, and no rule hides their rows"
        return
    security = request.get("RowLevelPermissionDataSet", {})
    wanted = {"PermissionPolicy": "GRANT_ACCESS", "FormatVersion": "VERSION_1", "Status": "ENABLED"}
    if not wanted.items() <= security.items():
        yield f"{name}: it has rows of workers, and no row-level security that is on"
        return
    applied = [rule for rule in rules if rule["DataSetId"] == _arn_id(security["Arn"])]
    if not applied:
        yield f"{name}: its rules, {_arn_id(security['Arn'])}, are no data set of rules"
        return
    for column in sorted(output_columns(applied[0]).keys() - {"UserName", "GroupName"}):
        if columns.get(column) != "STRING":
            yield f"{name}: the rules' column {column} is no text column of it"
