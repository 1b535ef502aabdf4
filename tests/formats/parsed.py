"""A parser's rows, by column, without a load."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from ingest.formats import (
    consolidation_request,
    golden_labels,
    label_category_config,
    mask,
    output_manifest,
    point_classes,
    review_batch,
    sequence_labels,
    worker_frame,
    worker_response,
)
from ingest.job_folder import FileKind, SourceFile
from ingest.load.run import Parser
from ingest.tables import TABLES, Lineage

Row = dict[str, Any]

PARSERS: dict[FileKind, Parser] = {
    FileKind.OUTPUT_MANIFEST: output_manifest.parse,
    FileKind.WORKER_RESPONSE: worker_response.parse,
    FileKind.SEQUENCE_LABELS: sequence_labels.parse,
    FileKind.LABEL_CATEGORY_CONFIG: label_category_config.parse,
    FileKind.GOLDEN_LABELS: golden_labels.parse,
    FileKind.WORKER_FRAME: worker_frame.parse,
    FileKind.CONSOLIDATION_REQUEST: consolidation_request.parse,
    FileKind.MASK: mask.parse,
    FileKind.POINT_CLASSES: point_classes.parse,
    FileKind.REVIEW_BATCH: review_batch.parse,
}
COLUMNS = {name: table.schema.names[len(Lineage._fields) :] for name, table in TABLES.items()}


def parse(
    kind: FileKind, data: bytes | Iterable[bytes], parser: Parser | None = None, **place: Any
) -> dict[str, list[Row]]:
    """Rows by table, without their NULLs, of a file's bytes, or of its blocks."""
    place = {"job_uri": "s3://example-bucket/out/job", "iteration": 1, "object_folder": "0", **place}
    file = SourceFile(0, "file", "s3://example-bucket/out/job/file", kind, "job", **place)
    found: dict[str, list[Row]] = {}
    parser = parser or PARSERS[kind]
    for rows in parser(file, [data] if isinstance(data, bytes) else data):
        for table, table_rows in rows.items():
            named = (dict(zip(COLUMNS[table], row, strict=True)) for row in table_rows)
            found.setdefault(table, []).extend(
                {name: value for name, value in row.items() if value is not None} for row in named
            )
    return {table: table_rows for table, table_rows in found.items() if table_rows}


manifest = partial(parse, FileKind.OUTPUT_MANIFEST)
answers = partial(parse, FileKind.WORKER_RESPONSE)
sequence = partial(parse, FileKind.SEQUENCE_LABELS)
categories = partial(parse, FileKind.LABEL_CATEGORY_CONFIG)
golden = partial(parse, FileKind.GOLDEN_LABELS)
