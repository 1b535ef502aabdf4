"""A parser's rows, by column, without a load."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from ingest.answers import parse_answers
from ingest.categories import parse_categories
from ingest.consolidation_requests import parse_request
from ingest.golden import parse_golden
from ingest.layout import FileKind, SourceFile
from ingest.load import Parser
from ingest.manifest import parse_manifest
from ingest.masks import parse_mask
from ingest.point_classes import parse_point_classes
from ingest.reviews import parse_review_batch
from ingest.schemas import TABLES, Lineage
from ingest.sequences import parse_sequence
from ingest.worker_frames import parse_worker_frame

Row = dict[str, Any]

PARSERS: dict[FileKind, Parser] = {
    FileKind.OUTPUT_MANIFEST: parse_manifest,
    FileKind.WORKER_RESPONSE: parse_answers,
    FileKind.SEQUENCE_LABELS: parse_sequence,
    FileKind.LABEL_CATEGORY_CONFIG: parse_categories,
    FileKind.GOLDEN_LABELS: parse_golden,
    FileKind.WORKER_FRAME: parse_worker_frame,
    FileKind.CONSOLIDATION_REQUEST: parse_request,
    FileKind.MASK: parse_mask,
    FileKind.POINT_CLASSES: parse_point_classes,
    FileKind.REVIEW_BATCH: parse_review_batch,
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
