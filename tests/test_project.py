"""The dbt project: each layer reads only the layer before it, and models and macros are described."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped] # it ships no type information

MODELS = Path(__file__).parents[1] / "models"
STAGING, INTERMEDIATE, MARTS = (
    {path.stem: path.read_text(encoding="utf-8") for path in (MODELS / layer).rglob("*.sql")}
    for layer in ("staging", "intermediate", "marts")
)


def refs(sql: str) -> set[str]:
    return set(re.findall(r"\bref\(\s*['\"](\w+)['\"]\s*\)", sql))


@pytest.mark.parametrize("name", sorted(MARTS))
def test_a_mart_reads_intermediate_models_and_marts_only(name: str) -> None:
    """Otherwise a mart repeats what an intermediate model decides, such as which answers count."""
    assert refs(MARTS[name])
    assert refs(MARTS[name]) <= INTERMEDIATE.keys() | MARTS.keys()


@pytest.mark.parametrize("name", sorted(INTERMEDIATE))
def test_an_intermediate_model_reads_no_mart(name: str) -> None:
    assert not refs(INTERMEDIATE[name]) & MARTS.keys()


@pytest.mark.parametrize("name", sorted(INTERMEDIATE | MARTS))
def test_only_staging_reads_the_raw_tables(name: str) -> None:
    assert "source(" not in (INTERMEDIATE | MARTS)[name]


@pytest.mark.parametrize("layer", [STAGING, INTERMEDIATE, MARTS], ids=["staging", "intermediate", "marts"])
def test_every_model_of_a_layer_is_described(layer: dict[str, str]) -> None:
    described = {
        name
        for path in MODELS.rglob("_*__models.yml")
        for name in re.findall(r"^  - name: (\w+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert layer.keys() <= described


COLUMNS: dict[str, dict[str, Any]] = {
    model["name"]: {column["name"]: column for column in model["columns"]}
    for path in (MODELS / "marts").rglob("_*__models.yml")
    for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
}
FACTS = sorted(name for name in COLUMNS if name.startswith("fct_"))
REPORTS = sorted(name for name in COLUMNS if name.startswith("rpt_"))

# Their rows are of many jobs, which may review the labels of many others.
OF_MANY_JOBS = {"rpt_workers", "rpt_worker_quality", "rpt_team"}

# The columns of a fact, and the key that it then has: text that is never NULL and joins to the other facts.
KEYS = {
    ("object_index",): "object_key",
    ("frame_index",): "frame_key",
    ("label_attribute_name", "annotation_index"): "annotation_key",
    ("object_index", "worker_key"): "task_key",
}


@pytest.mark.parametrize("name", [*FACTS, *REPORTS])
def test_labels_made_and_labels_reviewed_are_told_apart(name: str) -> None:
    """Otherwise a sum counts a label again for each job that reviews it."""
    assert "job_kind" in COLUMNS[name]
    assert ("audited_job_name" in COLUMNS[name]) == (name not in OF_MANY_JOBS)


@pytest.mark.parametrize("name", FACTS)
def test_a_fact_has_its_keys_and_its_file(name: str) -> None:
    expected = {key for columns, key in KEYS.items() if {*columns} <= COLUMNS[name].keys()}

    assert expected <= COLUMNS[name].keys()
    for key in expected:
        assert COLUMNS[name][key]["data_type"] == "varchar"
        assert "not_null" in COLUMNS[name][key]["data_tests"]
    assert "source_file_uri" in COLUMNS[name]


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_names_of_people_are_in_one_mart(name: str) -> None:
    names = {"username", "email"} & COLUMNS[name].keys()

    assert names == ({"username", "email"} if name == "dim_workers" else set())


def test_every_macro_is_described_with_its_arguments() -> None:
    """Implementations of a dispatched macro (``duckdb__…``) share the description of the macro itself."""
    macros = MODELS.parent / "macros"
    declared = {}
    for path in macros.rglob("*.sql"):
        for kind, name, arguments in re.findall(r"{%-? (macro|test) (\w+)\((.*?)\)", path.read_text(encoding="utf-8")):
            if "__" not in name:
                names = [argument.partition("=")[0].strip() for argument in arguments.split(",") if argument]
                declared[f"test_{name}" if kind == "test" else name] = names
    described = yaml.safe_load((macros / "_macros.yml").read_text(encoding="utf-8"))["macros"]
    assert declared == {
        macro["name"]: [argument["name"] for argument in macro.get("arguments", [])] for macro in described
    }
    assert all(macro["description"] for macro in described)
