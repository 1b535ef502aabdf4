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


# Facts of a job that grow with its objects, and columns that name an object.
GROWING = ("fct_worker_tasks", "fct_object_labels", "fct_object_reviews", "fct_worker_labels", "rpt_review_queue")
_BATCHES_IN_TURN = 12


def enlarge(warehouse: Path, copy: Path, answers: int) -> None:
    """Copies a warehouse, and repeats its image and text jobs' objects until there are about so many answers.

    The repeated objects are objects of the same jobs with numbers and uris of their own, in batches of which twelve
    follow each other. Times, and scores between 0 and 1, vary. Tables of days, which are small, stay.
    """
    shutil.copyfile(warehouse, copy)
    with duckdb.connect(str(copy)) as connection:
        repeated = "job_name in (select job_name from fct_worker_tasks where modality in ('image', 'text'))"
        (count, repeatable, stride, days) = connection.sql(
            f"select count(*), count(*) filter ({repeated}), max(object_index) + 1, "
            "max(submitted_date) - min(submitted_date) + 1 from fct_worker_tasks"
        ).fetchall()[0]
        times = max(0, round((answers - count) / repeatable))
        for table in GROWING:
            changed = {
                "object_index": f"object_index + batch * {stride}",
                "object_key": f"replace(object_key, job_name || '/' || object_index, "
                f"job_name || '/' || (object_index + batch * {stride}))",
                "audited_object_key": "regexp_replace(audited_object_key, '[0-9]+$', '') || "
                f"(cast(regexp_extract(audited_object_key, '[0-9]+$') as bigint) + batch * {stride})",
                "task_key": "task_key || '/' || batch",
                "worker_label_key": "worker_label_key || '/' || batch",
                "source_uri": r"regexp_replace(source_uri, '(\.[a-z]+)?$', '-' || batch || '\1')",
                "submitted_date": f"submitted_date + cast(batch % {_BATCHES_IN_TURN} * {days} as integer)",
                "time_spent_seconds": f"round(time_spent_seconds * (0.5 + {_uniform('time_spent_seconds')}), 3)",
                **{
                    score: f"case when {score} > 0 and {score} < 1 then {score} * {_uniform(score)} else {score} end"
                    for score in ("consolidated_score", "peer_score", "score")
                },
            }
            columns = [name for name, *_ in connection.sql(f"describe {table}").fetchall()]
            connection.execute(
                f"insert into {table} select {', '.join(changed.get(name, name) for name in columns)} "
                f"from {table} cross join range(1, {times} + 1) as batches (batch) where {repeated}"
            )


def _uniform(column: str) -> str:
    """A number from 0 to 1 for each row and batch, always the same."""
    return f"(hash(object_index, job_name, {column}, batch) % 10007 / 10007.0)"
