"""Rows of forgotten workers are left out, with all that belongs to their answers, and no other row is."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.identity import worker_key
from ingest.job_folder import FramesFolder
from ingest.lake.parquet import SCHEMAS
from ingest.lake.redaction import Redaction

ANN, BEN, CAM = (f"private.us-east-1.{name}" for name in ("ann", "ben", "cam"))
ANN_KEY = worker_key(ANN, "issuer", "ann")
OF_ANSWERS = ("worker_annotations", "worker_annotation_attributes", "worker_frames")
OF_WORKERS = ("workers", "workteam_members", "worker_activity")


def batch(table: str, *rows: dict[str, Any]) -> pa.RecordBatch:
    schema = SCHEMAS[table]
    return pa.RecordBatch.from_pylist([{name: row.get(name) for name in schema.names} for row in rows], schema)


def answer(number: int, worker_id: str, key: str | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "load_id": "a",
        "file_no": 1,
        "job_name": "Traffic",
        "object_index": 7,
        "answer_index": number,
        "worker_id": worker_id,
        "worker_key": key or worker_key(worker_id),
        **fields,
    }


def test_an_answer_goes_with_its_labels_and_attributes() -> None:
    tables = {
        "worker_answers": batch("worker_answers", answer(0, ANN, ANN_KEY), answer(1, BEN)),
        **{
            table: batch(
                table,
                {"load_id": "a", "file_no": 1, "answer_index": 0},
                {"load_id": "a", "file_no": 1, "answer_index": 1},
                {"load_id": "a", "file_no": 2, "answer_index": 0},
                {"load_id": "b", "file_no": 1, "answer_index": 0},
                {"load_id": "a", "file_no": 1, "answer_index": None},
            )
            for table in OF_ANSWERS
        },
    }

    redacted = Redaction(frozenset({ANN_KEY})).apply(tables)

    assert redacted.tables["worker_answers"].column("worker_id").to_pylist() == [BEN]
    for table in OF_ANSWERS:
        rows = redacted.tables[table].select(["load_id", "file_no", "answer_index"]).to_pylist()
        assert [tuple(row.values()) for row in rows] == [("a", 1, 1), ("a", 2, 0), ("b", 1, 0), ("a", 1, None)]
    assert redacted.frames == set()


@pytest.mark.parametrize("forgotten", [ANN_KEY, worker_key(ANN)], ids=["key of the identity", "key of the worker id"])
def test_frames_of_a_dropped_answer_are_named(forgotten: str) -> None:
    answers = batch(
        "worker_answers",
        answer(0, ANN, ANN_KEY, payload_folder="f" * 40),
        answer(1, BEN, payload_folder="e" * 40),
    )

    redacted = Redaction(frozenset({forgotten})).apply({"worker_answers": answers})

    assert redacted.frames == {FramesFolder("Traffic", "7", "f" * 40)}
    assert redacted.tables["worker_answers"].num_rows == 1


@pytest.mark.parametrize("table", OF_WORKERS)
def test_tables_about_workers_lose_the_rows_of_their_keys(table: str) -> None:
    rows = batch(table, {"worker_key": ANN_KEY}, {"worker_key": "other"}, {"worker_key": None})

    (kept,) = Redaction(frozenset({ANN_KEY})).apply({table: rows}).tables.values()

    assert kept.column("worker_key").to_pylist() == ["other", None]


def test_tables_that_name_no_worker_are_as_they_were() -> None:
    rows = batch("frames", {"load_id": "a", "file_no": 1})

    assert Redaction(frozenset({ANN_KEY})).apply({"frames": rows}).tables["frames"] is rows


def test_nothing_is_copied_if_nothing_is_dropped() -> None:
    tables = {"worker_answers": batch("worker_answers", answer(0, BEN))}

    for workers in (frozenset[str](), frozenset({ANN_KEY})):
        assert Redaction(workers).apply(tables).tables["worker_answers"] is tables["worker_answers"]


worker_ids = st.sampled_from([ANN, BEN, CAM])
identities = st.sampled_from([None, "ann", "ben"])
keys = st.tuples(st.sampled_from("ab"), st.integers(0, 2), st.integers(0, 3))


@given(
    st.dictionaries(keys, st.tuples(worker_ids, identities)),
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 2), st.none() | st.integers(0, 3))),
    st.frozensets(st.tuples(worker_ids, identities)),
)
def test_exactly_the_rows_of_forgotten_workers_go(
    answers: dict[tuple[str, int, int], tuple[str, str | None]],
    labels: list[tuple[str, int, int | None]],
    forgotten: frozenset[tuple[str, str | None]],
) -> None:
    workers = frozenset(worker_key(worker, "issuer", sub) for worker, sub in forgotten)
    rows = [
        {**answer(number, worker, worker_key(worker, "issuer", sub)), "load_id": load_id, "file_no": file_no}
        for (load_id, file_no, number), (worker, sub) in answers.items()
    ]
    gone = {
        (row["load_id"], row["file_no"], row["answer_index"])
        for row in rows
        if row["worker_key"] in workers or worker_key(row["worker_id"]) in workers
    }
    names = ("load_id", "file_no", "answer_index")
    tables = {
        "worker_answers": batch("worker_answers", *rows),
        "worker_annotations": batch("worker_annotations", *(dict(zip(names, label, strict=True)) for label in labels)),
    }

    redacted = Redaction(workers).apply(tables).tables

    def ids(table: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in redacted[table].select(list(names)).to_pylist()]

    assert ids("worker_answers") == [key for key in answers if key not in gone]
    assert ids("worker_annotations") == [label for label in labels if label not in gone]
