"""The enlarged warehouse of `python -m tests.browser bench --answers`: its rows are rows of their own."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tests.browser.warehouses import GROWING, enlarge

ANSWERS = 12_000


def test_no_object_and_no_answer_is_there_twice(sample: Path, tmp_path: Path) -> None:
    enlarge(sample, tmp_path / "large.duckdb", ANSWERS)
    with duckdb.connect(str(tmp_path / "large.duckdb")) as connection:

        def value(sql: str) -> int:
            found: int = connection.sql(sql).fetchall()[0][0]
            return found

        assert abs(value("select count(*) from fct_worker_tasks") / ANSWERS - 1) < 0.1
        keys = {"fct_worker_tasks": "task_key", "fct_worker_labels": "worker_label_key"}
        for table in GROWING:
            key = keys.get(table, "object_key")
            assert value(f"select count(*) - count(distinct {key}) from {table}") == 0, table
        # Each answer is to an object, each review of one, and each object in the queue is one.
        for column, table in (
            ("object_key", "fct_worker_tasks"),
            ("audited_object_key", "fct_object_reviews"),
            ("object_key", "rpt_review_queue"),
        ):
            lost = f"select count(*) from {table} where {column} not in (select object_key from fct_object_labels)"
            assert value(lost) == 0, table
