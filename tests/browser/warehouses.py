"""Warehouses to make pages from: the sample's, and a copy of it with names that break pages."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import duckdb

from tests.metrics.samples import make_lake
from tests.pipeline.warehouse import dbt

OBJECTS = 60
"""Of each large job of the sample."""

SCRIPT = "</script><script>alert(1)</script>"
IMAGE = "<img src=x onerror=alert(1)>"
FORMULA = "=cmd|' /C calc'!A0"
LONG = "x" * 10_000
RIGHT_TO_LEFT = "\u202egnp.exe\u202c"
HOSTILE = (
    SCRIPT,
    IMAGE,
    "__proto__",
    "constructor",
    FORMULA,
    "toString",
    "hasOwnProperty",
    "valueOf",
    RIGHT_TO_LEFT,
    "",
    "🚗👩🏽‍🔧🇨🇭",
    LONG,
    "two\nlines\r\nand\ttabs",
    "nul\0byte",
    "<!--",
    "]]>",
    "\\u003cb\\u003e&lt;b&gt;&amp;",
    "'; drop table labels; --",
    '"quoted", with commas;',
    "+1+1",
    "@SUM(1)",
    "-2+3",
    "\t=1+1",
    "null",
    "undefined",
    "NaN",
    "Infinity",
    "0",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "datum.a[0].b['c']",
    "a.b[c]",
    "https://example.com/?a=<b>",
    "e\u0301 \u00e9 \ufeff\u200b",
    "\ud7ff\ue000\uffff",
)
"""Names that are code, markup, a formula, a member of every object, or hard to write."""

# Columns whose values are one family of names, so that a name changes alike wherever it is; the rest is the models' own
# words. Rows of a table are joined by keys, which stay.
FAMILIES = {
    "job": r"(|audited_|adjusted_|source_|suggesting_)job_name",
    "label": r"(|suggested_|reference_|given_|service_|consensus_|majority_|golden_)label|worst_label(_given)?",
    "worker": r"(other_)?worker_name",
    "attribute": r"attribute_value|vehicle_type|moving|audit|frame_quality",
    "outcome": r"outcome",
    "workteam": r"workteam_names?",
    "uri": r"(source|source_file|item|example|output)_uri",
    "text": r"last_error|failure_reason|source_text",
    "sentence": r"explanation|reason|main_concern|assumption",
}


def build_sample(folder: Path) -> Path:
    """The sample's marts, built in an empty folder; the warehouse."""
    make_lake(folder, objects=OBJECTS, seed=1)
    dbt("build", "--target", "local", "--resource-type", "model", "seed", lake=folder / "lake", folder=folder)
    return folder / "warehouse.duckdb"


def make_hostile(warehouse: Path, copy: Path) -> None:
    """Copies a warehouse, and changes names in it, the most frequent ones first; some times and scores become NULL."""
    shutil.copyfile(warehouse, copy)
    with duckdb.connect(str(copy)) as connection:
        columns: list[tuple[str, str, str]] = connection.execute(
            "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns() "
            "where regexp_matches(table_name, '^(dim|bridge|fct|rpt)_') and not internal"
        ).fetchall()
        for pattern in FAMILIES.values():
            places = [
                (table, column)
                for table, column, kind in columns
                if re.fullmatch(pattern, column) and kind == "VARCHAR"
            ]
            values = " union all ".join(f"select {column} as name from {table}" for table, column in places)
            names = connection.execute(
                f"select name, count(*) from ({values}) where name is not null group by name order by 2 desc, 1"
            ).fetchall()
            renamed = [(name, hostile) for (name, _), hostile in zip(names, HOSTILE, strict=False)]
            connection.execute("create or replace temp table renamed (name varchar, hostile varchar)")
            connection.executemany("insert into renamed values (?, ?)", renamed)
            for table, column in places:
                connection.execute(f"update {table} set {column} = hostile from renamed where {column} = name")
        for column in ("time_spent_seconds", "golden_score", "consolidated_score", "submitted_date", "label_count"):
            connection.execute(
                f"update fct_worker_tasks set {column} = null where hash(task_key || '{column}') % 9 = 0"
            )
        connection.execute("update rpt_labels set labeled_date = null where hash(labeled_date, label) % 9 = 0")
