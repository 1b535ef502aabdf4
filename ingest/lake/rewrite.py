"""Writing rows of older loads again, under a new load: what compact and forget share."""

from __future__ import annotations

import io
import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingest.lake.lake import Load
from ingest.lake.layout import load_id_of
from ingest.lake.ledger import Status
from ingest.lake.parquet import (
    SCHEMAS,
    in_schema,
    parse_table,
    plain_schema,
    read_table,
    sound_parquet,
    with_unknown_columns,
)
from ingest.lake.redaction import ANSWER_COLUMNS, ANSWERS, DroppedAnswers, Redaction
from ingest.storage.store import Entry, Store, StoreError
from ingest.tables import LEDGER, OVERLAPS, LedgerEntry

_PART_ROWS = 8_000_000


class FileId(NamedTuple):
    """Which load wrote a source file's rows, and the file's number in it."""

    load_id: str
    file_no: int


def find_answers(
    store: Store, files: Mapping[str, list[Entry]], redaction: Redaction, load_ids: set[str] | None = None
) -> DroppedAnswers:
    """The answers in a lake, or in some of its loads, that a redaction drops."""
    schema = pa.schema([SCHEMAS[ANSWERS].field(name) for name in ANSWER_COLUMNS])
    return redaction.find_answers(
        batch
        for file, load_id in data_files(files, ANSWERS)
        if redaction.workers and (load_ids is None or load_id in load_ids)
        for batch in read_table(store, file.path, schema)
    )


class CurrentLabels:
    """The labels that there are after a rewrite: an overlap with any other goes."""

    def __init__(
        self,
        store: Store,
        files: Mapping[str, list[Entry]],
        versions: Iterable[LedgerEntry],
        redaction: Redaction,
        answers: DroppedAnswers,
    ) -> None:
        """Find them.

        Args:
            store: the lake's store.
            files: its files, by table.
            versions: the entries whose rows count.
            redaction: whose rows are left out, or were at any time.
            answers: the answers that the rewrite drops.
        """
        has_overlaps = any(data_files(files, OVERLAPS))
        # A lake may have millions of files, and no overlaps: then nobody asks.
        loaded = [entry for entry in versions if entry.status == Status.LOADED] if has_overlaps else []
        self._versions = pa.array({_version(entry.uri, entry.etag) for entry in loaded}, pa.string())
        # If nobody was ever forgotten, all answers of a file are there.
        self._answers: pa.StringArray | None = None
        if redaction.workers and has_overlaps:
            version_of = {
                FileId(entry.load_id or "", entry.file_no or 0): _version(entry.uri, entry.etag) for entry in loaded
            }
            self._answers = pa.array(_answers(store, files, redaction, answers, version_of), pa.string())

    def have(self, overlaps: pa.RecordBatch) -> pa.BooleanArray:
        """Which overlaps are of two of these labels."""
        mask = pa.repeat(pa.scalar(True), len(overlaps))
        for prefix in ("label", "other"):
            answer_index = overlaps.column(f"{prefix}_answer_index")
            version = pc.binary_join_element_wise(
                overlaps.column(f"{prefix}_file_uri"),
                overlaps.column(f"{prefix}_file_etag"),
                _BETWEEN,
                null_handling="replace",
            )
            mask = pc.and_(mask, pc.is_in(version, value_set=self._versions))
            if self._answers is not None:
                answer = pc.binary_join_element_wise(version, answer_index.cast(pa.string()), _BETWEEN)
                mask = pc.and_(mask, pc.or_(pc.is_null(answer_index), pc.is_in(answer, value_set=self._answers)))
        return mask


_BETWEEN = "\n"


def _version(uri: str | None, etag: str | None) -> str:
    return f"{uri or ''}{_BETWEEN}{etag or ''}"


def _answers(
    store: Store,
    files: Mapping[str, list[Entry]],
    redaction: Redaction,
    dropped: DroppedAnswers,
    version_of: Mapping[FileId, str],
) -> Iterator[str]:
    """The answers that are kept, each by the version of its file and its place in the file."""
    schema = pa.schema([SCHEMAS[ANSWERS].field(name) for name in ANSWER_COLUMNS])
    loads = {load_id for load_id, _ in version_of}
    for file, load_id in data_files(files, ANSWERS):
        for batch in read_table(store, file.path, schema) if load_id in loads else ():
            kept = redaction.filter(batch, dropped)
            columns = (kept.column(name).to_pylist() for name in ("file_no", "answer_index"))
            for file_no, answer_index in zip(*columns, strict=True):
                version = version_of.get(FileId(load_id, file_no))
                if version is not None:
                    yield f"{version}{_BETWEEN}{answer_index}"


def data_files(files: Mapping[str, list[Entry]], table: str) -> Iterator[tuple[Entry, str]]:
    """A table's files that have rows, each with the load that wrote it."""
    for file in files.get(table, ()):
        load_id = load_id_of(file.path)
        if load_id:
            yield file, load_id


def rewrite(
    store: Store,
    files: Mapping[str, list[Entry]],
    load: Load,
    file_numbers: Mapping[FileId, int],
    redaction: Redaction,
    answers: DroppedAnswers,
    labels: CurrentLabels,
) -> Counter[int]:
    """Write rows of older loads as rows of a new one.

    Columns and tables that this loader does not declare are carried over: a newer loader wrote them.

    Args:
        store: the lake's store.
        files: its files, by table.
        load: the new load.
        file_numbers: the file_no in the new load of each source file whose rows are wanted; other rows are left out.
        redaction: whose rows are left out.
        answers: the answers that the redaction drops, in the loads that are rewritten.
        labels: those whose overlaps are kept.

    Returns:
        The number of rows, by new file_no; overlaps are not counted.

    Raises:
        StoreError: a table has no load_id or file_no.
    """
    numbers: dict[str, dict[int, int]] = defaultdict(dict)
    for (load_id, file_no), number in file_numbers.items():
        numbers[load_id][file_no] = number
    counts: Counter[int] = Counter()
    parts = itertools.count()
    for table in sorted(files.keys() - {LEDGER.name}):
        batches = (
            _renumbered(batch, load.id, numbers[load_id], redaction, answers)
            for file, load_id in data_files(files, table)
            if load_id in numbers
            for batch in all_columns(store, file.path)
        )
        if table == OVERLAPS:
            batches = (batch.filter(labels.have(batch)) for batch in batches)
        for (schema, _), some in itertools.groupby(_widened(table, batches), _Part()):
            with load.part(next(parts), {table: schema}) as part:
                for batch in some:
                    part.write(table, batch)
                    if table == OVERLAPS:
                        continue
                    for count in pc.value_counts(batch.column("file_no")).to_pylist():
                        counts[count["values"]] += count["counts"]
    return counts


class _Part:
    """Key of the part that a batch belongs to, as batches come: one schema, and not too many rows."""

    def __init__(self) -> None:
        self._rows = 0

    def __call__(self, batch: pa.RecordBatch) -> tuple[pa.Schema, int]:
        self._rows += batch.num_rows
        return batch.schema, self._rows // _PART_ROWS


def all_columns(store: Store, path: str, is_wanted: Callable[[str], bool] = lambda _: True) -> Iterator[pa.RecordBatch]:
    """A file's rows, with all its columns or those that are wanted; none that this loader knows need be among them."""
    data = store.read(path)
    uri = store.uri_of(path)
    with sound_parquet(uri):
        schema = plain_schema(pq.read_schema(io.BytesIO(data)))
    if not {"load_id", "file_no"} <= set(schema.names):
        raise StoreError(f"{uri}: not a file of a raw table, it lacks load_id or file_no")
    return parse_table(data, pa.schema([column for column in schema if is_wanted(column.name)]), uri)


def _widened(table: str, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches in the table's declared columns, and the columns that only some batches have: more as they come."""
    schema = SCHEMAS.get(table, pa.schema([]))
    for batch in batches:
        schema = with_unknown_columns(schema, [batch.schema])
        yield in_schema(batch, schema)


def _renumbered(
    batch: pa.RecordBatch, load_id: str, numbers: Mapping[int, int], redaction: Redaction, answers: DroppedAnswers
) -> pa.RecordBatch:
    """The rows of the wanted files that may be kept, as rows of the new load."""
    old, new = pa.array(numbers.keys(), pa.int32()), pa.array(numbers.values(), pa.int32())
    batch = batch.filter(pc.is_in(batch.column("file_no"), value_set=old))
    if redaction.workers:
        batch = redaction.filter(batch, answers)
    file_no = new.take(pc.index_in(batch.column("file_no"), value_set=old))
    load_ids = pa.repeat(pa.scalar(load_id), len(batch))
    names = batch.schema.names
    batch = batch.set_column(names.index("file_no"), batch.schema.field("file_no"), file_no)
    return batch.set_column(names.index("load_id"), batch.schema.field("load_id"), load_ids)
