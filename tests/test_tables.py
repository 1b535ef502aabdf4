"""The raw lake's declared tables, and what must agree with them."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pyarrow as pa
import pytest

from ingest.formats.registry import ELEMENT_TASK_TYPES, TASK_TYPES
from ingest.tables import LEDGER, SQL_TYPES, TABLES, TIMESTAMP, Lineage, Table, dbt_sources

ROOT = Path(__file__).parents[1]
STAGING = ROOT / "models/staging/ground_truth"
ALL = [LEDGER, *TABLES.values()]
every_table = pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)

# Words that Athena, Trino or DuckDB want quoted, and that a column might be called.
RESERVED = {
    "left",
    "right",
    "top",
    "order",
    "group",
    "values",
    "table",
    "column",
    "user",
    "end",
    "start",
    "type",
    "key",
}


def test_dbt_sources_file_is_the_generated_one() -> None:
    assert (STAGING / "_ground_truth__sources.yml").read_text(encoding="utf-8") == dbt_sources()


def test_the_staged_ledger_has_the_columns_of_the_raw_table() -> None:
    """All of them, in order; the other staging models take theirs from the declared source."""
    sql = (STAGING / f"stg_ground_truth__{LEDGER.name}.sql").read_text(encoding="utf-8")
    selected = re.search(r"ledger as \(\s*select\s(.*?)\sfrom source\b", sql, re.DOTALL)
    assert selected is not None
    assert [column.strip() for column in selected[1].split(",")] == LEDGER.schema.names


@pytest.mark.parametrize("name", sorted(TABLES.keys() - {"label_overlaps"}))
def test_every_other_staging_model_is_its_tables_current_rows(name: str) -> None:
    sql = (STAGING / f"stg_ground_truth__{name}.sql").read_text(encoding="utf-8")
    assert sql == f"{{{{ current_rows('{name}') }}}}\n"


def test_every_staging_model_is_of_a_raw_table() -> None:
    models = {path.stem for path in STAGING.glob("stg_*.sql")}
    assert models == {f"stg_ground_truth__{table.name}" for table in ALL}


@every_table
def test_columns_are_flat_and_well_named(table: Table) -> None:
    allowed = {pa.string(), pa.int32(), pa.int64(), pa.float64(), pa.bool_(), TIMESTAMP}
    assert allowed == SQL_TYPES.keys()
    assert {arrow_type for _, arrow_type, _ in table.columns} <= allowed
    names = table.schema.names
    assert len(set(names)) == len(names)
    assert not RESERVED.intersection(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)


@every_table
def test_every_column_is_described_in_a_sentence_of_one_line(table: Table) -> None:
    for name, _, description in table.columns:
        assert description.endswith("."), name
        assert not set('"\\\n') & set(description), name


def test_every_table_but_the_ledger_begins_with_the_lineage() -> None:
    for table in TABLES.values():
        assert table.schema.names[:3] == list(Lineage._fields)
    assert LEDGER.name not in TABLES


def test_seed_of_task_types_is_the_loaders_list() -> None:
    with (ROOT / "seeds/task_types.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["task_type"], row["modality"]) for row in csv.DictReader(file)]
    assert sorted(rows) == sorted((task_type.name, task_type.modality) for task_type in TASK_TYPES.values())


def test_elements_tell_of_known_task_types() -> None:
    assert set(ELEMENT_TASK_TYPES.values()) <= TASK_TYPES.keys()
