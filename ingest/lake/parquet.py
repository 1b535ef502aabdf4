"""Writing and reading the lake's Parquet files."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.lake.layout import data_path, schema_path
from ingest.storage.store import Store, StoreError
from ingest.tables import LEDGER, TABLES, TIMESTAMP

_Item = TypeVar("_Item")

ROW_GROUP_ROWS = 65_536
"""Rows that wait in memory until they are written; a row group has up to twice as many."""
BUFFERED_BYTES = 32 * 2**20
_BATCH_ROWS = 65_536
_SMALL_BATCH_ROWS = 1_024
WRITE_OPTIONS: dict[str, Any] = {"compression": "zstd", "coerce_timestamps": "ms", "store_schema": False}
# Values of these types, and of these columns, are nearly all different.
_DISTINCT_TYPES = (pa.int64(), TIMESTAMP)
_DISTINCT_COLUMNS = ("uri", "etag", "time_spent_seconds", "area")

SCHEMAS: dict[str, pa.Schema] = {name: table.schema for name, table in TABLES.items()}
"""Schema of every declared table but the ledger."""


def write_schemas(store: Store) -> None:
    """Give every declared table its ``_schema.parquet``, if it is missing or lacks a column.

    Columns that this loader does not declare are kept.
    """
    schemas = {schema_path(table.name): table.schema for table in (LEDGER, *TABLES.values())}
    missing: list[tuple[str, pa.Schema]] = []
    for (path, declared), data in zip(schemas.items(), store.read_many(schemas), strict=True):
        if isinstance(data, FileNotFoundError):
            missing.append((path, declared))
        elif isinstance(data, OSError):
            raise data
        else:
            with sound_parquet(store.uri_of(path), "delete it, and the next load makes it anew"):
                present = pq.read_schema(io.BytesIO(data))
            schema = with_unknown_columns(declared, [present])
            if not present.equals(schema):
                missing.append((path, schema))

    def write(table: tuple[str, pa.Schema]) -> None:
        path, schema = table
        with store.create(path) as file:
            pq.write_table(schema.empty_table(), file, **WRITE_OPTIONS)

    _for_each(missing, write, store.writes_at_once)


def _for_each(items: Iterable[_Item], write: Callable[[_Item], None], at_once: int) -> None:
    """Write each item, so many at once; the first error is raised when all have ended."""
    if at_once == 1:
        for item in items:
            write(item)
        return
    with ThreadPoolExecutor(at_once) as threads:
        for _ in threads.map(write, items):
            pass


def with_unknown_columns(declared: pa.Schema, found: Sequence[pa.Schema]) -> pa.Schema:
    """The declared columns, and after them the columns that only files have."""
    names = set(declared.names)
    schema = declared
    for field in (field for other in found for field in other):
        if field.name not in names:
            names.add(field.name)
            schema = schema.append(pa.field(field.name, field.type))
    return schema


def to_batch(rows: Sequence[tuple[Any, ...]], schema: pa.Schema) -> pa.RecordBatch:
    """Rows as a record batch, each column of its declared type."""
    columns = [pa.array(values, field.type) for values, field in zip(zip(*rows, strict=True), schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def read_table(store: Store, path: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """A Parquet file's rows, with the columns of a schema: NULL if the file lacks one."""
    return parse_table(store.read(path), schema, store.uri_of(path))


def parse_table(data: bytes, schema: pa.Schema, uri: str = "the load's own ledger") -> Iterator[pa.RecordBatch]:
    """The same, from a file's bytes.

    Raises:
        StoreError: the file is damaged, or is not one of the lake.
    """
    with sound_parquet(uri):
        parquet = pq.ParquetFile(io.BytesIO(data))
        present = set(parquet.schema_arrow.names)
        if lacking := _LINEAGE - present:
            raise StoreError(f"{uri}: not a file of this table, it lacks {' and '.join(sorted(lacking))}: {_MOVE}")
        for batch in parquet.iter_batches(_BATCH_ROWS, columns=[name for name in schema.names if name in present]):
            yield in_schema(batch, schema)


_LINEAGE = frozenset({"load_id", "file_no"})
_MOVE = "restore it, or move it out of the lake"


@contextlib.contextmanager
def sound_parquet(uri: str, advice: str = _MOVE) -> Iterator[None]:
    """Name the file whose Parquet Arrow cannot read.

    Raises:
        StoreError: the file is damaged, or its columns are of other types.
    """
    try:
        yield
    except StoreError:
        raise
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise StoreError(f"{uri}: not sound Parquet of this lake ({reason[:200]}): {advice}") from None


def in_schema(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """A batch with the columns of a schema: NULL if it lacks one."""
    names = set(batch.schema.names)
    columns = [
        batch.column(field.name).cast(field.type) if field.name in names else pa.nulls(len(batch), field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """Names and types alone, without the numbers that Parquet gives to fields."""
    return pa.schema([(field.name, field.type) for field in schema])


def _repeated(schema: pa.Schema) -> list[str]:
    """The columns whose values repeat, for which Parquet's dictionaries save time and space."""
    return [field.name for field in schema if field.type not in _DISTINCT_TYPES and field.name not in _DISTINCT_COLUMNS]


class BufferedParquetWriter:
    """A Parquet file that takes record batches of any size, and writes row groups of a good size. A context."""

    def __init__(self, file: IO[bytes] | io.RawIOBase, schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(file, schema, use_dictionary=_repeated(schema), **WRITE_OPTIONS)
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self.waiting_bytes = 0
        """Size in memory of what was not written yet."""

    def __enter__(self) -> BufferedParquetWriter:
        return self

    def __exit__(self, *error: object) -> None:
        if error[0] is None:
            self.flush()
        self._writer.close()

    def add_metadata(self, metadata: Mapping[str, str]) -> None:
        """Add texts to the file's footer; at any time before the end."""
        self._writer.add_key_value_metadata(metadata)

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows.

        Raises:
            ValueError: the batch is of another schema.
        """
        if not batch.schema.equals(self._schema):
            raise ValueError(f"a batch of another schema:\n{batch.schema}\nexpected:\n{self._schema}")
        self._waiting.append(batch)
        self._waiting_rows += batch.num_rows
        self.waiting_bytes += batch.nbytes
        if self._waiting_rows >= ROW_GROUP_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write the rows that wait."""
        if not self._waiting:
            return
        table = pa.Table.from_batches(self._waiting, self._schema)
        if self._waiting_rows < _SMALL_BATCH_ROWS * len(self._waiting):
            table = table.combine_chunks()
        self._writer.write_table(table, row_group_size=2 * ROW_GROUP_ROWS)
        self._waiting.clear()
        self._waiting_rows = self.waiting_bytes = 0


def _nothing(*_: object) -> None:
    pass


class PartWriter:
    """One part of a load: a Parquet file for each table that gets rows. A context.

    It needs nothing but the store, so a worker process can write a part of its parent's load. Files appear whole when
    the context ends without an error; otherwise they are abandoned. At the end ``written`` has their paths: the load
    must name them when it commits, or they do not count.
    """

    def __init__(
        self,
        store: Store,
        load_id: str,
        part: int,
        schemas: Mapping[str, pa.Schema] = SCHEMAS,
        *,
        go_on: Callable[[], None] = _nothing,
        done: Callable[[Iterable[str]], None] = _nothing,
    ) -> None:
        """Begin a part.

        Args:
            store: the lake's store.
            load_id: the load.
            part: number of the part, unique within the load.
            schemas: schema of every table that may get rows.
            go_on: called again and again, as a sign of life.
            done: called with ``written`` at the end.
        """
        self.written: list[str] = []
        self._store, self._load_id, self._part, self._schemas = store, load_id, part, schemas
        self._go_on, self._done = go_on, done
        self._files: dict[str, contextlib.ExitStack] = {}
        self._writers: dict[str, BufferedParquetWriter] = {}

    def __enter__(self) -> PartWriter:
        return self

    def __exit__(self, *error: Any) -> None:
        paths = [self._path(table) for table in self._files]
        try:
            self._finish(*error)
            if error[0] is None:
                self.written = paths
                self._done(paths)
        finally:
            if not self.written:
                self._store.delete(paths)  # some may be there

    def _finish(self, *error: Any) -> None:
        if error[0] is None and self._store.writes_at_once > 1:
            _for_each(self._files.values(), contextlib.ExitStack.close, self._store.writes_at_once)
            return
        files = contextlib.ExitStack()
        for stack in self._files.values():
            files.push(stack.__exit__)
        # On an error, the same stacks abandon the files.
        files.__exit__(*error)

    def write(self, table: str, batch: pa.RecordBatch) -> None:
        """Add rows to a table, in its schema, lineage included.

        Raises:
            ValueError: the batch is of another schema.
            KeyError: there is no such table.
        """
        if not batch.num_rows:
            return
        self._go_on()
        self._writer(table).write(batch)
        if sum(writer.waiting_bytes for writer in self._writers.values()) >= BUFFERED_BYTES:
            max(self._writers.values(), key=lambda writer: writer.waiting_bytes).flush()

    def _writer(self, table: str) -> BufferedParquetWriter:
        if table not in self._writers:
            schema = self._schemas[table]
            # Each file has a stack of its own: they may be finished side by side.
            finish = self._files[table] = contextlib.ExitStack()
            file = finish.enter_context(self._store.create(self._path(table)))
            self._writers[table] = finish.enter_context(BufferedParquetWriter(file, schema))
        return self._writers[table]

    def _path(self, table: str) -> str:
        return data_path(table, self._load_id, self._part)
