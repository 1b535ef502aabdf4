"""Writing and reading the raw lake's Parquet files.

::

    <lake>/raw/<table>/<load_id>-<part>.parquet      written once, never changed
    <lake>/raw/<table>/_schema.parquet               no rows: every table and column exists, however old the lake
    <lake>/raw/source_files/<load_id>.parquet        written last: the commit (see ledger.py)
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.formats.parsing import Rows
from ingest.storage.store import Store
from ingest.tables import LEDGER, TABLES

RAW = "raw"
SCHEMA_FILE = "_schema.parquet"
_SUFFIX = ".parquet"
_ROWS_AT_A_TIME = 65_536
_BYTES_AT_A_TIME = 32 * 2**20
WRITE_OPTIONS: dict[str, Any] = {"compression": "zstd", "coerce_timestamps": "ms", "store_schema": False}


def data_path(table: str, load_id: str, part: int) -> str:
    """Path of one part of a load's rows."""
    return f"{RAW}/{table}/{load_id}-{part:05d}{_SUFFIX}"


def ledger_path(load_id: str) -> str:
    """Path of a load's ledger file, the commit."""
    return f"{RAW}/{LEDGER.name}/{load_id}{_SUFFIX}"


def load_id_of(path: str) -> str | None:
    """Load that wrote a file of the lake; None for anything that no load writes."""
    name = path.rpartition("/")[2]
    if not name.endswith(_SUFFIX) or name.startswith("_"):
        return None
    name = name.removesuffix(_SUFFIX)
    return name if path.startswith(f"{RAW}/{LEDGER.name}/") else name.rpartition("-")[0] or None


def write_schemas(lake: Store) -> None:
    """Give every table its ``_schema.parquet``, where it is missing or has other columns."""
    for table in (LEDGER, *TABLES.values()):
        path = f"{RAW}/{table.name}/{SCHEMA_FILE}"
        with contextlib.suppress(FileNotFoundError):
            if pq.read_schema(io.BytesIO(lake.read(path))).equals(table.schema):
                continue
        with lake.create(path) as file:
            pq.write_table(table.schema.empty_table(), file, **WRITE_OPTIONS)


def to_batch(rows: Sequence[tuple[Any, ...]], schema: pa.Schema) -> pa.RecordBatch:
    """Rows in Arrow's form, each column of its declared type."""
    columns = [pa.array(values, field.type) for values, field in zip(zip(*rows, strict=True), schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def read_table(lake: Store, path: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """A Parquet file's rows in the columns asked for: those that the file lacks are NULL."""
    return parse_table(lake.read(path), schema)


def parse_table(data: bytes, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The same, of a file's bytes."""
    parquet = pq.ParquetFile(io.BytesIO(data))
    columns = [name for name in schema.names if name in parquet.schema_arrow.names]
    for batch in parquet.iter_batches(_ROWS_AT_A_TIME, columns=columns):
        yield pa.RecordBatch.from_arrays(
            [
                batch.column(field.name).cast(field.type) if field.name in columns else pa.nulls(len(batch), field.type)
                for field in schema
            ],
            schema=schema,
        )


class TableWriter:
    """One part of a load: a Parquet file for each table that gets rows. To be used as a context.

    Rows wait in memory until there are some ten thousand, or some ten megabytes of them.
    """

    def __init__(self, lake: Store, load_id: str, part: int) -> None:
        self._lake, self._load_id, self._part = lake, load_id, part
        self._files = contextlib.ExitStack()
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in TABLES}
        self._bytes = 0

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(self, *error: Any) -> None:
        if error[0] is None:
            self._flush()
        # On an error the files are abandoned by the same stack.
        self._files.__exit__(*error)

    def add(self, file_no: int, job_name: str | None, rows: Rows, source_bytes: int) -> int:
        """Take the rows that a source file gave; ``source_bytes`` is about the room they need.

        Returns:
            The number of rows.
        """
        lineage = (self._load_id, file_no, job_name)
        count = 0
        for table, table_rows in rows.items():
            self._rows[table] += [lineage + row for row in table_rows]
            count += len(table_rows)
        self._bytes += source_bytes
        if self._bytes >= _BYTES_AT_A_TIME or any(len(waiting) >= _ROWS_AT_A_TIME for waiting in self._rows.values()):
            self._flush()
        return count

    def write(self, table: str, batch: pa.RecordBatch) -> None:
        """Write rows that are in Arrow's form already."""
        if batch.num_rows:
            self._writer(table).write_batch(batch)

    def _flush(self) -> None:
        for name, rows in self._rows.items():
            if rows:
                self.write(name, to_batch(rows, TABLES[name].schema))
                rows.clear()
        self._bytes = 0

    def _writer(self, table: str) -> pq.ParquetWriter:
        if table not in self._writers:
            file = self._files.enter_context(self._lake.create(data_path(table, self._load_id, self._part)))
            writer = pq.ParquetWriter(file, TABLES[table].schema, **WRITE_OPTIONS)
            self._writers[table] = self._files.enter_context(writer)
        return self._writers[table]
