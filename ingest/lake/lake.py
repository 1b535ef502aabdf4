"""A lake, and a load: everything that is written to a lake is one load, committed by one object."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import TracebackType

import pyarrow as pa

from ingest.lake import format_version
from ingest.lake.layout import files_by_table, ledger_path
from ingest.lake.ledger import Ledger, check_not_overtaken, ledger_files, names_of, new_load_id, read_ledger
from ingest.lake.parquet import SCHEMAS, BufferedParquetWriter, PartWriter, parse_table, to_batch, write_schemas
from ingest.lake.running import Marker
from ingest.storage.open import open_store
from ingest.storage.store import DEFAULT_S3_OPTIONS, Entry, S3Options, Store, StoreError
from ingest.tables import LEDGER, LedgerEntry


class Lake:
    """The raw lake in a folder, or under a prefix of a bucket."""

    def __init__(self, store: Store) -> None:
        """A lake in a store; its format is not checked."""
        self.store = store

    @classmethod
    def open(cls, location: str, s3: S3Options = DEFAULT_S3_OPTIONS, *, must_exist: bool = False) -> Lake:
        """The lake at an ``s3://`` uri or in a folder.

        Args:
            location: uri or path; a lake that is missing is made by its first load.
            s3: how to use S3.
            must_exist: refuse a lake that nothing is loaded in.

        Raises:
            StoreError: the lake's format is newer than this loader's; nothing is loaded in it, though something must
                be; or the store cannot be used.
        """
        lake = cls(open_store(location, s3))
        lake.check_format()
        if must_exist and not ledger_files(lake.store):
            raise StoreError(f"nothing is loaded in {lake.uri}")
        return lake

    @property
    def uri(self) -> str:
        """Uri of the lake."""
        return self.store.uri

    def check_format(self) -> None:
        """Refuse a lake that a newer loader wrote.

        Raises:
            StoreError: the lake's format is newer than this loader's, or its marker cannot be understood.
        """
        format_version.check(self.store)

    def snapshot(self) -> Snapshot:
        """What is in the lake now.

        Raises:
            FileNotFoundError: another command deleted files since they were listed.
        """
        committed = ledger_files(self.store)
        ledger = read_ledger(self.store, committed)
        return Snapshot(self, ledger, ledger.counted(files_by_table(self.store)), committed)

    def begin(self, after: str | None = None) -> Load:
        """Begin a load. It writes nothing before its first rows, or its commit.

        Args:
            after: the newest load that the command has seen in the lake, if there is one; the new one follows it.

        Raises:
            StoreError: as ``check_format``.
        """
        self.check_format()
        return Load(self.store, after)


@dataclass(frozen=True)
class Snapshot:
    """What a lake's committed loads say, and the files whose rows count by table, as they are at one moment."""

    lake: Lake
    ledger: Ledger
    files: Mapping[str, list[Entry]]
    _committed: Sequence[Entry]

    @contextlib.contextmanager
    def begin(self) -> Iterator[Load]:
        """Begin a load that is made of this. A context, as the load is.

        Raises:
            OvertakenError: at its end, if what was read since may not have been all there; then nothing is committed.
            StoreError: as ``Lake.begin``.
        """
        with self.lake.begin(self.ledger.last_load_id) as load:
            yield load
            check_not_overtaken(self.lake.store, self._committed)


class Load:
    """What one command writes: rows in parts, and an entry of the ledger for each source file. A context.

    Leaving it without an error commits it, if it has entries; after an error, nothing of it is ever visible. The commit
    names the parts that were written: a file that it does not name, which a failed attempt left, never counts.
    """

    def __init__(self, store: Store, after: str | None = None) -> None:
        self.id = new_load_id(after)
        self.is_committed = False
        self._store = store
        self._is_marked = False
        self._ledger = io.BytesIO()
        # The entries wait as the Parquet file that they become: there may be millions.
        self._entries = BufferedParquetWriter(self._ledger, LEDGER.schema)
        self._has_entries = False
        self._is_closed = False
        self._parts: list[str] = []
        self._marker = Marker(store, self.id)

    def __enter__(self) -> Load:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._commit()
        finally:
            with contextlib.suppress(OSError):  # it expires by itself
                self._marker.remove()

    def part(self, number: int, schemas: Mapping[str, pa.Schema] = SCHEMAS) -> PartWriter:
        """Writer of a part, by its number, which is unique within the load."""
        return self.part_spec(number)(schemas=schemas, done=self.add_parts)

    def part_spec(self, number: int) -> partial[PartWriter]:
        """The same, for another process: it can be pickled, and gives the writer when it is called.

        What it has written must be told to ``add_parts``.
        """
        if not self._is_marked:
            format_version.mark(self._store)
            self._is_marked = True
        self._marker.keep()
        return partial(PartWriter, self._store, self.id, number, go_on=self._marker.keep)

    def add_parts(self, paths: Iterable[str]) -> None:
        """Add files that were written: the commit names them."""
        self._parts += paths

    @property
    def parts(self) -> Sequence[str]:
        """Files that were written, in order."""
        return self._parts

    def take_back(self, kept: int) -> None:
        """Delete the files that were written after so many."""
        self._store.delete(self._parts[kept:])
        del self._parts[kept:]

    def add(self, entries: Sequence[LedgerEntry] | pa.RecordBatch) -> None:
        """Add entries of the ledger, as tuples or as a batch of ``LEDGER.schema``."""
        if len(entries):
            is_batch = isinstance(entries, pa.RecordBatch)
            self._entries.write(entries if is_batch else to_batch(entries, LEDGER.schema))
            self._has_entries = True

    def entries(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """The entries, with the columns of a schema. No more can be added after that."""
        self._close()
        return parse_table(self._ledger.getvalue(), schema)

    def _close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._entries.__exit__(None, None, None)

    def _commit(self) -> None:
        """Make the rows of all tables visible at once: the ledger's file is written last."""
        format_version.mark(self._store)
        write_schemas(self._store)
        if not self._has_entries:
            return
        if self._parts:
            self._marker.keep()
            self._check_parts()
        if self._is_closed:  # too early to name the parts
            entries = parse_table(self._ledger.getvalue(), LEDGER.schema)
            self._ledger = io.BytesIO()
            self._entries = BufferedParquetWriter(self._ledger, LEDGER.schema)
            self._is_closed = False
            for batch in entries:
                self._entries.write(batch)
        self._entries.add_metadata(names_of(self._parts))
        self._close()
        self._store.put_new(ledger_path(self.id), self._ledger.getvalue())
        self.is_committed = True

    def _check_parts(self) -> None:
        missing = self._store.missing(self._parts)
        if missing:
            raise StoreError(
                f"{self._store.uri_of(missing[0])} was deleted before the load was committed (and {len(missing) - 1:,} "
                f"more of its {len(self._parts):,} files), so nothing was committed: run the command again, and no "
                "vacuum of an older version beside it"
            )
