"""What is wrong with a request to AWS, found offline by a strict walk of the service's model.

botocore's own validator sees neither wrong enums nor patterns, nor a union with two members.
"""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

# Unions are declared in prose only. Of these three, real dashboards have none or several members.
_NO_UNIONS = {
    "AllSheetsFilterScopeConfiguration",
    "SelectedSheetsFilterScopeConfiguration",
    "FilterOperationSelectedFieldsConfiguration",
}
# And these are unions whose documentation does not say so.
_UNIONS = {
    "DimensionField",
    "MeasureField",
    "ColumnHierarchy",
    "FormatConfiguration",
    "TableConditionalFormattingOption",
    "PivotTableConditionalFormattingOption",
    "KPIConditionalFormattingOption",
}
_UNION_TEXT = re.compile(r"(union|variant) type|tagged union")
_NUMBERS = {"integer": int, "long": int, "float": (int, float), "double": (int, float)}


def walk(service: str, operation: str, request: Mapping[str, Any]) -> list[str]:
    """What is wrong with a request, by the service's model: types, enums, patterns, lengths, unions.

    Args:
        service: such as quicksight.
        operation: such as CreateDashboard.
        request: its input.

    Returns:
        Faults, each with its path; none if all is well.
    """
    return list(_walk(service, _model(service).operation_model(operation).input_shape, request, operation))


@functools.cache
def _model(service: str) -> Any:
    import botocore.session

    return botocore.session.get_session().get_service_model(service)


def accepts(service: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a request that another operation has too: what an update takes of a creation."""
    members = _model(service).operation_model(operation).input_shape.members
    return {name: request[name] for name in members if name in request}


def _walk(service: str, shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        yield from _walk_structure(service, shape, value, path)
    elif isinstance(shape, ListShape):
        if not isinstance(value, (list, tuple)):
            yield f"{path}: expected a list, found {value!r}"
            return
        yield from _bounds(shape, len(value), path, "items")
        for number, item in enumerate(value):
            yield from _walk(service, shape.member, item, f"{path}[{number}]")
    elif isinstance(shape, MapShape):
        if not isinstance(value, dict):
            yield f"{path}: expected a map, found {value!r}"
            return
        yield from _bounds(shape, len(value), path, "entries")
        for key, item in value.items():
            yield from _walk(service, shape.key, key, f"{path}.{key} (key)")
            yield from _walk(service, shape.value, item, f"{path}.{key}")
    elif isinstance(shape, StringShape):
        yield from _walk_text(shape, value, path)
    elif shape.type_name in _NUMBERS:
        if isinstance(value, bool) or not isinstance(value, _NUMBERS[shape.type_name]):  # type: ignore[arg-type]
            yield f"{path}: expected a number ({shape.type_name}), found {value!r}"
        else:
            yield from _bounds(shape, value, path, "")
    elif shape.type_name == "boolean":
        if not isinstance(value, bool):
            yield f"{path}: expected true or false, found {value!r}"
    elif shape.type_name == "timestamp" and not isinstance(value, datetime.datetime):
        yield f"{path}: expected a time, found {value!r}"


def _walk_structure(service: str, shape: StructureShape, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: expected a structure ({shape.name}), found {value!r}"
        return
    for name in shape.required_members:
        if name not in value:
            yield f"{path}: {name} is missing"
    for name, item in value.items():
        if name in shape.members:
            yield from _walk(service, shape.members[name], item, f"{path}.{name}")
        else:
            yield f"{path}: {shape.name} has no member {name}; it has {', '.join(shape.members)}"
    if _is_union(service, shape.name) and len(value) != 1:
        yield f"{path}: {shape.name} takes exactly one member, found {sorted(value) or 'none'}"


@functools.cache
def _is_union(service: str, name: str) -> bool:
    """Whether a structure takes one member. A shape has its own text here; a member's has that of the member."""
    return name not in _NO_UNIONS and (
        name in _UNIONS or bool(_UNION_TEXT.search(_model(service).shape_for(name).documentation or ""))
    )


def _walk_text(shape: StringShape, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{path}: expected a text, found {value!r}"
        return
    if shape.enum and value not in shape.enum:
        yield f"{path}: {value!r} is none of {', '.join(shape.enum)}"
    yield from _bounds(shape, len(value), path, "characters")
    if (pattern := _pattern(shape.metadata.get("pattern", ""))) and not pattern.fullmatch(value):
        yield f"{path}: {value!r} does not match {pattern.pattern}"


@functools.cache
def _pattern(text: str) -> re.Pattern[str] | None:
    """A pattern of the model; none if it is in Java's dialect, which has more classes of characters."""
    try:
        return re.compile(text) if text else None
    except re.error:
        return None


def _bounds(shape: Shape, value: float, path: str, unit: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if (low is not None and value < low) or (high is not None and value > high):
        expected = (
            f"{low} to {high}" if None not in (low, high) else f"{low} or more" if high is None else f"{high} or less"
        )
        yield f"{path}: {value} {unit}".rstrip() + f", expected {expected}"
