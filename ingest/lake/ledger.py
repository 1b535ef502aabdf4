"""The ledger: which source files the lake holds, in which version, and what became of them.

A load is committed by one object, its ledger file, for all tables at once. For each uri the newest entry counts,
newest by the load that *read* the file (``origin_load_id``), then by the load that wrote the entry: so rows that
``compact`` rewrote never hide a load that read the file later.
"""

from __future__ import annotations

import io
import secrets
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingest import __version__
from ingest.job_folder import FramesFolder
from ingest.lake import format_version
from ingest.lake.layout import ledger_path, load_id_of, table_folder
from ingest.lake.parquet import WRITE_OPTIONS, parse_table, to_batch
from ingest.storage.store import Entry, Store
from ingest.tables import LEDGER, LedgerEntry

_READERS = 16


class Status(StrEnum):
    """What became of a source file."""

    LOADED = "loaded"
    REJECTED = "rejected"
    SKIPPED = "skipped"
    FORGOTTEN = "forgotten"


# Entries that say what a file's rows are. A rejected or skipped rewrite leaves the rows of the version before.
VERSIONS = frozenset({Status.LOADED, Status.FORGOTTEN})

# Entries that are no file but a worker to be left out of every load have this in place of a uri's scheme.
WORKER_SCHEME = "worker:"
# Likewise entries for the folders of frames of such a worker's answers: <job>/<data object>/<folder> follows.
FRAMES_SCHEME = "worker-frames:"
WORKER_KIND = "worker"


def new_load_id() -> str:
    """UTC time to the millisecond, so that loads sort by age, and 32 random bits, so that no two are the same."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"[:18] + f"-{secrets.token_hex(4)}"


def now() -> int:
    """Milliseconds since 1970-01-01 UTC."""
    return int(datetime.now(UTC).timestamp() * 1000)


def new_entry(load_id: str, file_no: int, uri: str, status: Status, **fields: Any) -> LedgerEntry:
    """Entry that a load makes for a source file."""
    return _BLANK._replace(
        load_id=load_id,
        file_no=file_no,
        origin_load_id=load_id,
        uri=uri,
        status=status.value,
        loaded_at=now(),
        loader_version=__version__,
        **fields,
    )


def forgotten_frames_entry(load_id: str, file_no: int, folder: FramesFolder) -> LedgerEntry:
    """Entry that tells loads to leave out the frames of a forgotten worker's answer."""
    return new_entry(
        load_id, file_no, f"{FRAMES_SCHEME}{'/'.join(folder)}", Status.FORGOTTEN, file_kind="worker_frames"
    )


_BLANK = LedgerEntry(*[None] * len(LedgerEntry._fields))._replace(row_count=0)


@dataclass
class Ledger:
    """The newest entry of every uri, and where that is a rejection, the entry whose rows count still."""

    newest: dict[str, LedgerEntry] = field(default_factory=dict)
    older_versions: dict[str, LedgerEntry] = field(default_factory=dict)
    superseded_loads: set[str] = field(default_factory=set)
    """Loads with an entry that says nothing any more."""

    def version(self, uri: str) -> LedgerEntry | None:
        """The entry whose rows count as the uri's, or that says that they count no more; None where none does."""
        entry = self.newest.get(uri)
        return self.older_versions.get(uri) if entry and entry.status not in VERSIONS else entry

    def versions(self) -> Iterator[LedgerEntry]:
        """The same of every uri that has one."""
        return (version for uri in self.newest if (version := self.version(uri)) is not None)

    def current(self) -> Iterator[LedgerEntry]:
        """Every entry that still says something."""
        yield from self.newest.values()
        yield from self.older_versions.values()


def read_ledger(lake: Store, files: Iterable[Entry] | None = None, kinds: Collection[str] | None = None) -> Ledger:
    """What the lake's committed loads say; with ``files``, what those ledger files alone say; of some kinds alone."""
    ledger = Ledger()
    rows = _read_rows(lake, ledger_files(lake) if files is None else files, LedgerEntry._fields)
    entries = (entry for entry in map(LedgerEntry._make, rows) if kinds is None or entry.file_kind in kinds)
    for entry in sorted(entries, key=lambda entry: (entry.origin_load_id, entry.load_id)):
        uri = entry.uri or ""
        before = ledger.newest.get(uri)
        superseded = [before]
        if entry.status in VERSIONS:
            superseded.append(ledger.older_versions.pop(uri, None))
        elif before is not None and before.status in VERSIONS:
            ledger.older_versions[uri] = before
            superseded.clear()
        ledger.superseded_loads.update(old.load_id or "" for old in superseded if old is not None)
        ledger.newest[uri] = entry
    return ledger


class KnownFiles:
    """What a load must know of the files that the lake has: by hash, for there may be millions."""

    def __init__(self, lake: Store) -> None:
        self._etags: dict[int, int | None] = {}  # None: forgotten
        self.job_uris: dict[str, str] = {}
        self.forgotten_workers: set[str] = set()
        self.forgotten_frames: set[FramesFolder] = set()
        entries: list[tuple[str, str, int, int | None, str | None, str | None]] = []
        for origin, load_id, uri, etag, status, version, job_name, job_uri in _read_rows(
            lake, ledger_files(lake), _KNOWN_COLUMNS
        ):
            is_forgotten = status == Status.FORGOTTEN
            etag_hash = None if is_forgotten else hash(etag if is_settled(status, version) else "")
            gave_rows = job_uri if status == Status.LOADED else None
            entries.append((origin, load_id, hash(uri), etag_hash, job_name, gave_rows))
            if is_forgotten and uri.startswith(WORKER_SCHEME):
                self.forgotten_workers.add(uri.removeprefix(WORKER_SCHEME))
            elif is_forgotten and uri.startswith(FRAMES_SCHEME):
                self.forgotten_frames.add(FramesFolder(*uri.removeprefix(FRAMES_SCHEME).rsplit("/", 2)))
        entries.sort(key=itemgetter(0, 1))
        for _, _, uri_hash, etag_hash, _, _ in entries:
            self._etags[uri_hash] = etag_hash
        for _, _, uri_hash, _, job_name, job_uri in entries:
            if job_name and job_uri and self._etags[uri_hash] is not None:
                self.job_uris[job_name] = job_uri

    def has(self, uri: str, etag: str | None) -> bool:
        """Whether the lake has taken notice of this version of the file."""
        return self._etags.get(hash(uri)) == hash(etag)

    def is_known(self, uri: str) -> bool:
        """Whether the lake has taken notice of the file, in any version."""
        return hash(uri) in self._etags

    def is_forgotten(self, uri: str) -> bool:
        """Whether the file was erased from the lake, and is to stay so."""
        return self.is_known(uri) and self._etags[hash(uri)] is None


def is_settled(status: str | None, loader_version: str | None) -> bool:
    """Whether an entry stands for the version that it is of: what an older loader refused, this one tries again."""
    return status in VERSIONS or loader_version == __version__


_KNOWN_COLUMNS = ("origin_load_id", "load_id", "uri", "etag", "status", "loader_version", "job_name", "job_uri")


def ledger_files(lake: Store) -> list[Entry]:
    """The ledger file of every committed load."""
    return [entry for entry in lake.list(table_folder(LEDGER.name)) if load_id_of(entry.path)]


def _read_rows(lake: Store, files: Iterable[Entry], columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The entries of ledger files, in no order."""
    schema = pa.schema([LEDGER.schema.field(name) for name in columns])
    with ThreadPoolExecutor(_READERS) as readers:
        for data in readers.map(lambda file: lake.read(file.path), files):
            for batch in parse_table(data, schema):
                yield from zip(*(_values(column) for column in batch.columns), strict=True)


def _values(column: pa.Array) -> list[Any]:
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    # The same few job names and load ids stand in every row: keep one of each.
    return [sys.intern(value) if type(value) is str else value for value in column.to_pylist()]


class LedgerWriter:
    """A load's entries until it is committed: as the Parquet file they will be, for there may be millions."""

    def __init__(self, load_id: str) -> None:
        self._load_id = load_id
        self._buffer = io.BytesIO()
        self._writer = pq.ParquetWriter(self._buffer, LEDGER.schema, **WRITE_OPTIONS)
        self.has_entries = False

    def add(self, entries: list[LedgerEntry]) -> None:
        """Take in some more entries."""
        if entries:
            self._writer.write_batch(to_batch(entries, LEDGER.schema))
            self.has_entries = True

    def commit(self, lake: Store) -> None:
        """Make the load visible, in all tables at once. Its rows must all be written."""
        self._writer.close()
        format_version.mark(lake)
        lake.put_new(ledger_path(self._load_id), self._buffer.getvalue())


def commit(lake: Store, load_id: str, entries: list[LedgerEntry]) -> None:
    """Commit a load whose entries are all at hand."""
    writer = LedgerWriter(load_id)
    writer.add(entries)
    writer.commit(lake)
