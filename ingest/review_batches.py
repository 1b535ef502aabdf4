"""The input of a bulk-review job. The command ``review-batches`` makes it from a table of a model's labels.

Each batch is one task: items of one label, in the form of AWS's bulk label quality assurance solution, which
``ingest.formats.review_batch`` reads; ``manifest.jsonl`` is the labeling job's input manifest.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from ingest.formats.parsing import BYTE_ORDER_MARK, BadFile
from ingest.formats.review_batch import (
    Item,
    encode_batch,
    find_fields,
    find_medium,
    make_batches,
    parse_number,
    plain_name,
)
from ingest.storage.open import open_empty_store, open_store_of_file
from ingest.storage.store import DEFAULT_S3_OPTIONS, S3Options, Store

__all__ = ["MANIFEST", "Item", "Written", "read_items", "write_batches", "write_review_batches"]

MANIFEST = "manifest.jsonl"
_MEDIA_NAMES = {"image": "image", "video": "clip", "text": "text"}


@dataclass(frozen=True)
class Written:
    """What was written."""

    items: int
    labels: int
    batches: int
    manifest: str  # uri


def write_review_batches(
    table: str, dest: str, batch_size: int, dest_uri: str | None = None, s3: S3Options = DEFAULT_S3_OPTIONS
) -> Written:
    """Write the batches of a CSV file's items, and the manifest that names them.

    Args:
        table: path or ``s3://`` uri of the CSV file.
        dest: folder or ``s3://`` uri with nothing in it.
        batch_size: items of a batch, at most.
        dest_uri: where the batches will lie when the job runs, if not at ``dest``.
        s3: how to use S3.

    Raises:
        BadFile: the CSV file cannot be understood; nothing is written.
        OSError: the file cannot be read, or there is something at ``dest`` already.
    """
    source, name = open_store_of_file(table, s3)
    items = read_items(source.read(name))
    store = open_empty_store(dest, "the batches need a folder of their own", s3)
    lines = write_batches(store, items, batch_size, dest_uri or store.uri)
    store.put_new(MANIFEST, b"".join(lines))
    return Written(len(items), len({item.label for item in items}), len(lines), store.uri_of(MANIFEST))


def write_batches(store: Store, items: Iterable[Item], batch_size: int, base: str, folder: str = "") -> list[bytes]:
    """Write batches; the lines of the manifest that names them.

    Args:
        store: where to write.
        items: labels to be confirmed.
        batch_size: items of a batch, at most.
        base: uri of the store when the job runs.
        folder: folder in the store, with a slash at its end; empty is the store itself.
    """
    lines = []
    for name, batch in make_batches(items, batch_size):
        store.put_new(f"{folder}{name}", encode_batch(batch))
        lines.append(msgspec.json.encode({"source-ref": f"{base.rstrip('/')}/{folder}{name}"}) + b"\n")
    return lines


def read_items(data: bytes) -> list[Item]:
    """Items of a CSV file with a header; its columns in any order, named as an item's fields may be.

    Raises:
        BadFile: the message names the line.
    """
    try:
        text = data.removeprefix(BYTE_ORDER_MARK).decode()
    except UnicodeDecodeError as error:
        raise BadFile(f"line {data.count(bytes([10]), 0, error.start) + 1}: not UTF-8") from None
    rows = _rows(text)
    _, header = next(rows, (1, []))
    header = [name.strip() for name in header]
    for name, count in Counter(map(plain_name, header)).items():
        if count > 1 and name:
            raise BadFile(f"line 1: {count} columns are called {name}")
    fields = find_fields(header)
    medium = find_medium(fields)
    if medium is None:
        raise BadFile(f"line 1: no column for the image, clip or text among {', '.join(header) or 'none'}")
    for field in ("label", "confidence"):
        if field not in fields:
            raise BadFile(f"line 1: no column for the {field} among {', '.join(header)}")
    items: list[Item] = []
    first_lines: dict[tuple[str, str], int] = {}
    for line, values in rows:
        try:
            if len(values) != len(header):
                raise BadFile(f"{len(values)} fields, but the header has {len(header)}")
            item = _read_item(dict(zip(header, values, strict=True)), fields, medium)
            first = first_lines.setdefault((item.source, item.label), line)
            if first != line:
                raise BadFile(f"the same {_MEDIA_NAMES[medium]} and label as in line {first}")
        except BadFile as error:
            raise BadFile(f"line {line}: {error}") from None
        items.append(item)
    if not items:
        raise BadFile("no item: the file has a header and nothing else")
    return items


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Records that are not blank, each with the line it begins in."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise BadFile(f"line {line}: {error}") from None
        if row is None:
            return
        if any(value.strip() for value in row):
            yield line, row


def _read_item(values: dict[str, str], fields: dict[str, str], medium: str) -> Item:
    source, label, confidence_text = (values.pop(fields[field]) for field in (medium, "label", "confidence"))
    if not source.strip():
        raise BadFile(f"no {_MEDIA_NAMES[medium]}")
    if not label.strip():
        raise BadFile("no label")
    try:
        confidence = parse_number(confidence_text)
    except BadFile as error:
        raise BadFile(f"confidence: {error}") from None
    if not 0 <= confidence <= 100:
        raise BadFile(f"confidence: {confidence_text.strip()} is neither from 0 to 1 nor from 0 to 100")
    return Item(source, label, confidence, {name: value for name, value in values.items() if name}, medium)
