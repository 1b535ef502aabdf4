"""The page of the docs on metrics is the generated one, and what it names is in the project."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped] # it ships no type information

from tests.metrics.page import ROOT, load_sections, metrics_page

MODELS = ROOT / "models"
METRICS = [metric for section in load_sections() for metric in section["metrics"]]
every_metric = pytest.mark.parametrize("metric", METRICS, ids=[metric["name"] for metric in METRICS])


@cache
def columns() -> dict[str, dict[str, str]]:
    """Type of each column, by mart."""
    return {
        model["name"]: {column["name"]: column["data_type"] for column in model["columns"]}
        for path in (MODELS / "marts").rglob("_*__models.yml")
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    }


@cache
def dbt_tests() -> dict[str, str]:
    """Text of each unit test and of each test in ``tests/dbt``, by name."""
    singular = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "tests/dbt").rglob("*.sql")}
    units = {
        test["name"]: yaml.safe_dump(test, default_flow_style=False)
        for path in MODELS.rglob("_*__unit_tests.yml")
        # As dbt reads them: the pure loader knows fewer plain texts.
        for test in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)["unit_tests"]
    }
    assert not singular.keys() & units.keys()
    return singular | units


def text_of(test: str) -> str:
    """Text of a test; fails if there is none of that name."""
    file, is_python, function = test.partition("::")
    if not is_python:
        assert test in dbt_tests(), f"no unit test and no file in tests/dbt is called {test}"
        return dbt_tests()[test]
    source = (ROOT / file).read_text(encoding="utf-8")
    found = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == function]
    assert found, f"no function {function} in {file}"
    return ast.get_source_segment(source, found[0]) or ""


def has_number(text: str, number: float) -> bool:
    """Whether the number is in a text, however it is written there."""
    return any(float(found) == number for found in re.findall(r"(?<![\w.])-?\d*\.?\d+(?:[eE]-?\d+)?(?![\w.])", text))


def test_the_page_is_the_generated_one() -> None:
    assert (ROOT / "docs/metrics.md").read_text(encoding="utf-8") == metrics_page()


@every_metric
def test_columns_exist(metric: dict[str, Any]) -> None:
    for name in metric["columns"]:
        mart, _, column = name.partition(".")
        assert column in columns().get(mart, {}), name


@every_metric
def test_tests_exist_and_have_the_numbers(metric: dict[str, Any]) -> None:
    texts = [text_of(test) for test in metric["tests"]]
    assert texts
    for number in metric.get("numbers", ()):
        assert any(has_number(text, number) for text in texts), f"{number} is in none of {metric['tests']}"


@every_metric
def test_a_metric_is_described(metric: dict[str, Any]) -> None:
    """In one sentence; and a published example has its numbers."""
    assert metric.keys() >= {"name", "definition", "formula", "example", "tests", "columns"}
    assert metric["definition"].endswith(".")
    assert "|" not in "".join(metric[key] for key in ("name", "definition", "formula", "example"))


def test_every_measure_of_a_report_is_on_the_page() -> None:
    """Ends of an interval count with what they are the ends of; columns that reports share need one mention."""
    named = {column.partition(".")[2] for metric in METRICS for column in metric["columns"]}
    missing = {
        f"{mart}.{column}"
        for mart, types in columns().items()
        for column, data_type in types.items()
        if mart.startswith("rpt_")
        and data_type == "double"
        and column not in named
        and re.sub("_(low|high)$", "", column) not in named
    }
    assert not missing
