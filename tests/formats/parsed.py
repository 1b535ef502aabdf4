"""A parser's rows, by column, without a load."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import pyarrow as pa

from ingest.formats.registry import parser_of
from ingest.job_folder import FileKind, SourceFile
from ingest.rows import Rows
from ingest.tables import TIMESTAMP, Lineage

Row = dict[str, Any]
Batches = Mapping[str, pa.RecordBatch]


def batches(kind: FileKind, data: bytes | Iterable[bytes], **place: Any) -> Batches:
    """Rows by table, with their lineage, of a file's bytes, or of its blocks."""
    return _rows(kind, data, **place).batches("load")


def _rows(kind: FileKind, data: bytes | Iterable[bytes], **place: Any) -> Rows:
    place = {"job_uri": "s3://example-bucket/out/job", "iteration": 1, "object_folder": "0", **place}
    file = SourceFile(0, "file", "s3://example-bucket/out/job/file", kind, "job", **place)
    rows = Rows()
    rows.begin(file.file_no, file.job_name)
    parser_of(kind)(file, [data] if isinstance(data, bytes) else data, rows)
    return rows


def warning_of(kind: FileKind, data: bytes, **place: Any) -> str | None:
    """What is said of a file that is read, though not all of it is understood."""
    return _rows(kind, data, **place).warning


def by_table(found: Batches) -> dict[str, list[Row]]:
    """The rows in their files' order, without lineage and NULLs; times are milliseconds."""
    tables: dict[str, list[Row]] = {}
    for table, batch in found.items():
        columns = {
            name: (column.cast(pa.int64()) if column.type == TIMESTAMP else column).to_pylist()
            for name, column in zip(batch.schema.names, batch.columns, strict=True)
            if name not in Lineage._fields
        }
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        # Labels of one shape are written after those of another: their numbers give the order.
        tables[table] = sorted(rows, key=_place) if table == "worker_annotations" else rows
    return {
        table: [{name: value for name, value in row.items() if value is not None} for row in rows]
        for table, rows in tables.items()
        if rows
    }


def _place(row: Row) -> tuple[int, int]:
    return row["answer_index"] or 0, row["annotation_index"]


def parse(kind: FileKind, data: bytes | Iterable[bytes], **place: Any) -> dict[str, list[Row]]:
    """Rows by table, without their NULLs, of a file's bytes, or of its blocks."""
    return by_table(batches(kind, data, **place))


manifest = partial(parse, FileKind.OUTPUT_MANIFEST)
answers = partial(parse, FileKind.WORKER_RESPONSE)
sequence = partial(parse, FileKind.SEQUENCE_LABELS)
categories = partial(parse, FileKind.LABEL_CATEGORY_CONFIG)
golden = partial(parse, FileKind.GOLDEN_LABELS)
