"""dbt reads the lakes that released versions wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.tables import TABLES
from tests.pipeline.warehouse import ROOT, Marts


@pytest.mark.parametrize("version", sorted(path.name for path in (ROOT / "tests/data/lakes").iterdir()))
def test_staging_has_the_rows_of_a_kept_lake(version: str, tmp_path: Path) -> None:
    folder = ROOT / "tests/data/lakes" / version
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["rows"]

    marts = Marts(
        folder / "lake", tmp_path, "--select", "path:models/staging", "--exclude-resource-type", "unit_test", "test"
    )

    schemas = marts.rows("select table_name, table_schema from information_schema.tables where table_name like 'stg_%'")
    found = {
        table: marts.one(f"select count(*) from {schema}.{name}")
        for name, schema in schemas
        if (table := name.removeprefix("stg_ground_truth__")) in TABLES
    }
    assert found == {table: len(expected.get(table, ())) for table in TABLES}
