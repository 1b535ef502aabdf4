"""The ledger: which source files the lake holds, in which version, and what became of them.

A load is committed by one object, its ledger file, for all tables at once. For each uri the newest entry counts,
newest by the load that *read* the file (``origin_load_id``), then by the load that wrote the entry: so rows that
``compact`` rewrote never hide a load that read the file later. If two folders have a job of one name, the one with the
newest result counts, and the other's files read as skipped, as long as that holds.

A load's id is its place among all loads. It begins with the time, or with a later one if the command has seen an id
that is newer: clocks of machines differ, and what a command has seen must come before what it writes.
"""

from __future__ import annotations

import io
import json
import re
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from packaging.version import InvalidVersion, Version

from ingest import __version__
from ingest.job_folder import RESULTS, FileKind, FramesFolder, namespace_of, place_of
from ingest.lake.again import OvertakenError, again_if_overtaken
from ingest.lake.layout import load_id_of, table_folder
from ingest.lake.parquet import parse_table, sound_parquet
from ingest.storage.store import Entry, Store, StoreError
from ingest.tables import LEDGER, OVERLAPS, LedgerEntry

_READERS = 16
_ROWS_AT_A_TIME = 65_536


class Status(StrEnum):
    """What became of a source file."""

    LOADED = "loaded"
    REJECTED = "rejected"
    SKIPPED = "skipped"
    FORGOTTEN = "forgotten"


# Entries that say what a file's rows are. A rejected or skipped rewrite leaves the rows of the version before.
VERSIONS = frozenset({Status.LOADED, Status.FORGOTTEN})

# Scheme of an entry's uri that is not a file's, but a worker's whose rows every load leaves out.
WORKER_SCHEME = "worker:"
# The same for a folder of frames of such a worker's answer: <job>/<data object>/<folder> follows.
FRAMES_SCHEME = "worker-frames:"
WORKER_KIND = "worker"
# Uri and kind of the entry that overlaps belong to if no source file of their load has any of the labels.
OVERLAPS_URI = "label-overlaps:"
_OVERLAPS_KIND = OVERLAPS
_MEASURES_OVERLAPS = "0.3.0"
"""The first version whose loads measure overlaps."""


_LOAD_ID = re.compile(r"(?P<time>\d{8}T\d{9})-[0-9a-f]{8}")
_TIME = "%Y%m%dT%H%M%S%f"
LOAD_ID_LENGTH = len("20260102T030405006-0123abcd")


def is_load_id(text: str | None) -> bool:
    """Whether a text is a load's id."""
    return _LOAD_ID.fullmatch(text or "") is not None


def new_load_id(after: str | None = None) -> str:
    """A load's id: text that sorts as loads are ordered, of the same width for all.

    It is the UTC time to the millisecond, or the millisecond after that of a newer id that the command has seen; and 32
    random bits, so that no two are the same.

    Args:
        after: the newest id that the command has seen.

    Raises:
        StoreError: there is no time after that one.
    """
    time = datetime.now(UTC).replace(tzinfo=None)
    seen = _time_of(after)
    if seen is not None:
        try:
            time = max(time, seen + timedelta(milliseconds=1))
        except OverflowError:
            raise StoreError(f"no load can follow load {after}: delete its ledger file, and load again") from None
    return f"{time:{_TIME}}"[:18] + f"-{secrets.token_hex(4)}"


def _time_of(load_id: str | None) -> datetime | None:
    """Time that a load's id begins with; None if it is no load's id."""
    match = _LOAD_ID.fullmatch(load_id or "")
    try:
        return datetime.strptime(match["time"], _TIME) if match else None
    except ValueError:  # no such day
        return None


def now() -> int:
    """Milliseconds since 1970-01-01 UTC, as this machine's clock says. Only people read it: it decides nothing."""
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


def tombstone(load_id: str, file_no: int, entry: LedgerEntry) -> LedgerEntry:
    """Entry that erases a source file's rows."""
    return new_entry(
        load_id,
        file_no,
        entry.uri or "",
        Status.FORGOTTEN,
        job_name=entry.job_name,
        job_uri=entry.job_uri,
        file_kind=entry.file_kind,
    )


def forgotten_worker_entry(load_id: str, file_no: int, worker_key: str) -> LedgerEntry:
    """Entry that makes every load leave out a worker's rows."""
    return new_entry(load_id, file_no, f"{WORKER_SCHEME}{worker_key}", Status.FORGOTTEN, file_kind=WORKER_KIND)


def forgotten_frames_entry(load_id: str, file_no: int, folder: FramesFolder) -> LedgerEntry:
    """Entry that makes every load leave out the frames of a forgotten worker's answer."""
    uri = f"{FRAMES_SCHEME}{'/'.join(folder)}"
    return new_entry(load_id, file_no, uri, Status.FORGOTTEN, file_kind="worker_frames")


def overlaps_entry(load_id: str, file_no: int) -> LedgerEntry:
    """Entry that the overlaps of labels of older loads belong to."""
    return new_entry(load_id, file_no, OVERLAPS_URI, Status.LOADED, file_kind=_OVERLAPS_KIND)


def unlisted_entry(
    load_id: str, file_no: int, uri: str, reason: str, job_name: str | None, job_uri: str | None
) -> LedgerEntry:
    """Entry of a folder, or of a file, that could not be listed; the next load tries again."""
    job = {"job_name": job_name, "job_uri": job_uri}
    return new_entry(load_id, file_no, uri, Status.REJECTED, file_kind=FOLDER_KIND, error=reason, **job)


def look_alike_entry(load_id: str, file_no: int, uri: str, file_kind: FileKind, advice: str) -> LedgerEntry:
    """Entry of what is not read, and looks as if it should be."""
    return new_entry(load_id, file_no, uri, Status.SKIPPED, file_kind=file_kind.value, error=advice, etag=LOOK_ALIKE)


LOOK_ALIKE = "look-alike"


def listed_entry(load_id: str, file_no: int, uri: str) -> LedgerEntry:
    """Entry without rows in place of another: of a folder that could be listed again, of a file that is elsewhere."""
    return new_entry(load_id, file_no, uri, Status.LOADED, file_kind=FOLDER_KIND, etag=_LISTED)


FOLDER_KIND = "source_folder"
_LISTED = "listed"

_BLANK = LedgerEntry(*[None] * len(LedgerEntry._fields))._replace(row_count=0)


class NewestRows(NamedTuple):
    """Row numbers in a table of ledger entries, oldest entry first."""

    newest: pa.UInt64Array
    """The newest entry of each uri: what is said of the file."""
    versions: pa.UInt64Array
    """The newest entry of each uri that says what its rows are; a uri that was never loaded has none."""


def newest_rows(entries: pa.Table, key: str = "uri") -> NewestRows:
    """The one rule for which entries count; ``current_source_files.sql`` has the same.

    Newest by the load that read the file, then by the load that wrote the entry, then by the number within it. A
    rejected or skipped entry leaves the rows of the version before.

    Args:
        entries: the columns origin_load_id, load_id, file_no and status of ledger entries, and the key's; texts but
            the key are dictionary-encoded.
        key: the column that is the uri, or stands for it.
    """
    order = pc.sort_indices(
        pa.table([_ranks(entries[name]) for name in ("origin_load_id", "load_id")] + [entries["file_no"]], _AGE),
        sort_keys=[(name, "ascending") for name in _AGE],
    )
    place = pc.sort_indices(order)
    is_version = pc.is_in(entries["status"].cast(pa.string()), value_set=pa.array(VERSIONS, pa.string()))
    places = pa.table({"key": entries[key], "newest": place, "version": pc.if_else(is_version, place, None)})
    last = places.group_by("key").aggregate([("newest", "max"), ("version", "max")])

    def rows(places: pa.ChunkedArray) -> pa.UInt64Array:
        places = places.drop_null().combine_chunks()
        return order.take(places.take(pc.sort_indices(places)))

    return NewestRows(rows(last["newest_max"]), rows(last["version_max"]))


_AGE = ["origin_load_id", "load_id", "file_no"]


def _ranks(texts: pa.ChunkedArray) -> pa.Array:
    """Numbers that sort as the texts of a dictionary-encoded column do."""
    array = texts.combine_chunks()
    return pc.index_in(array.dictionary, value_set=array.dictionary.sort()).take(array.indices)


class Owner(NamedTuple):
    """The folder that a job's name belongs to, and the time of its newest result: see ``newer_folder``."""

    job_uri: str
    newest_result_at: int | None


def newer_folder(one: Owner, other: Owner) -> Owner:
    """The one rule for who owns a job's name; ``current_source_files.sql`` has the same.

    The folder whose newest result is newest: by its current output manifest, or if it has none by any of its results
    and answers. Of two that are equal, the one whose uri comes first.
    """

    def rank(folder: Owner) -> tuple[bool, int, str]:
        at = folder.newest_result_at
        return at is None, -(at or 0), folder.job_uri

    return min(one, other, key=rank)


def passed_over(job_name: str, owner: str, job_uri: str) -> str:
    """Why files of a job's other folder do not count."""
    return (
        f"job {job_name} is in two folders: {owner} has the newest results, so {job_uri} does not count: "
        "load one of them with --namespace to have both, or forget one by its --uri"
    )


def _owners(versions: pa.Table) -> dict[str, Owner]:
    """Owner of each job's name, by the entries whose rows are there; texts are dictionary-encoded."""
    is_result = pc.is_in(versions["file_kind"].cast(pa.string()), pa.array(RESULTS, pa.string()))
    is_loaded = pc.equal(versions["status"].cast(pa.string()), Status.LOADED.value)
    versions = versions.filter(pc.and_(is_loaded, is_result))
    modified_at = versions["modified_at"].cast(pa.int64())
    is_manifest = pc.equal(versions["file_kind"].cast(pa.string()), FileKind.OUTPUT_MANIFEST.value)
    folders = pa.table(
        {
            "job_name": versions["job_name"].cast(pa.string()),
            "job_uri": versions["job_uri"].cast(pa.string()),
            "any": modified_at,
            "manifest": pc.if_else(is_manifest, modified_at, None),
        }
    )
    newest = folders.group_by(["job_name", "job_uri"]).aggregate([("manifest", "max"), ("any", "max")])
    names = ("job_name", "job_uri", "manifest_max", "any_max")
    found: dict[str, Owner] = {}
    for job_name, job_uri, manifest, latest in zip(*(newest[name].to_pylist() for name in names), strict=True):
        if job_name is not None and job_uri is not None:
            folder = Owner(job_uri, latest if manifest is None else manifest)
            found[job_name] = newer_folder(found.get(job_name, folder), folder)
    return found


Parts: TypeAlias = frozenset[str] | None
"""Paths of the files that the commit of a load names; None if an older loader committed it, and named none."""

_PARTS = "ground_truth_parts"


def names_of(parts: Iterable[str]) -> dict[str, str]:
    """The parts that a commit names, as metadata of the ledger's file."""
    return {_PARTS: json.dumps(sorted(parts))}


def _named(data: bytes) -> Parts:
    metadata = pq.read_metadata(io.BytesIO(data)).metadata or {}
    names = metadata.get(_PARTS.encode())
    return None if names is None else frozenset(json.loads(names))


def is_counted(path: str, parts: Mapping[str, Parts]) -> bool:
    """Whether rows of a file count, if these are the parts of the committed loads."""
    load_id = load_id_of(path)
    if load_id is None or load_id not in parts:
        return False
    named = parts[load_id]
    return named is None or path in named


@dataclass
class Ledger:
    """The newest entry of every uri, and if that is a rejection, the entry whose rows still count."""

    newest: dict[str, LedgerEntry] = field(default_factory=dict)
    older_versions: dict[str, LedgerEntry] = field(default_factory=dict)
    superseded_loads: set[str] = field(default_factory=set)
    """Loads with an entry that no longer says anything."""
    last_load_id: str | None = None
    """The newest id of a load, which a new one must follow."""
    parts: Mapping[str, Parts] = field(default_factory=dict, compare=False)
    """The parts of every committed load."""
    owners: Mapping[str, Owner] = field(default_factory=dict, compare=False)
    """The folder that counts, by job."""

    def passed_over(self, entry: LedgerEntry) -> str | None:
        """Why the rows of a file do not count though they are there; None if they do."""
        owner = self.owners.get(entry.job_name or "")
        if owner is None or entry.job_uri in (None, owner.job_uri) or entry.status == Status.FORGOTTEN:
            return None
        return passed_over(entry.job_name or "", owner.job_uri, entry.job_uri or "")

    def version(self, uri: str) -> LedgerEntry | None:
        """The entry whose rows count as the uri's, or that says that they no longer count; None if there is none."""
        entry = self.newest.get(uri)
        return self.older_versions.get(uri) if entry and entry.status not in VERSIONS else entry

    def versions(self) -> Iterator[LedgerEntry]:
        """The same, for every uri that has one."""
        return (version for uri in self.newest if (version := self.version(uri)) is not None)

    def current(self) -> Iterator[LedgerEntry]:
        """Every entry that still says something."""
        yield from self.newest.values()
        yield from self.older_versions.values()

    def counted(self, files: Mapping[str, list[Entry]]) -> dict[str, list[Entry]]:
        """The files by table whose rows count: those that the commits of loads name."""
        return {
            table: [file for file in found if table == LEDGER.name or is_counted(file.path, self.parts)]
            for table, found in files.items()
        }

    @property
    def forgotten_workers(self) -> frozenset[str]:
        """Keys of the workers whose rows are left out."""
        return frozenset(
            uri.removeprefix(WORKER_SCHEME)
            for uri, entry in self.newest.items()
            if uri.startswith(WORKER_SCHEME) and entry.status == Status.FORGOTTEN
        )

    @property
    def forgotten_frames(self) -> frozenset[FramesFolder]:
        """Folders of the frames of their answers."""
        return frozenset(
            _frames_folder(uri)
            for uri, entry in self.newest.items()
            if uri.startswith(FRAMES_SCHEME) and entry.status == Status.FORGOTTEN
        )


def _frames_folder(uri: str) -> FramesFolder:
    return FramesFolder(*uri.removeprefix(FRAMES_SCHEME).rsplit("/", 2))


def frames_in(ledger: Ledger, folders: Collection[FramesFolder]) -> Iterator[LedgerEntry]:
    """The entries of files of frames in some folders, unless they are forgotten."""
    for uri, entry in ledger.newest.items() if folders else ():
        if entry.file_kind == FileKind.WORKER_FRAME and entry.status != Status.FORGOTTEN:
            place = place_of(uri, namespace_of(entry.job_name or ""))
            if place is not None and place.frames_folder in folders:
                yield entry


def read_ledger(store: Store, files: Iterable[Entry] | None = None, kinds: Collection[str] | None = None) -> Ledger:
    """What the lake's committed loads say; or, of them, some ledger files alone, or some kinds of entries alone.

    Raises:
        FileNotFoundError: another command deleted one of those files. If none are given, they are listed again.
    """
    if files is None:
        return again_if_overtaken("reading the ledger", store, lambda: read_ledger(store, ledger_files(store), kinds))

    def wanted(batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch.filter(pc.is_in(batch["file_kind"], pa.array(kinds, pa.string()))) if kinds is not None else batch

    parts: dict[str, Parts] = {}
    entries, last_load_id = _read_entries(store, files, LedgerEntry._fields, wanted, parts)
    rows = newest_rows(entries)
    older = rows.versions.filter(pc.invert(pc.is_in(rows.versions, rows.newest)))
    every_row = pa.array(range(len(entries)), pa.uint64())
    is_current = pc.is_in(every_row, pa.concat_arrays([rows.newest, older]))
    superseded = pc.unique(entries["load_id"].filter(pc.invert(is_current)).cast(pa.string()))
    return Ledger(
        {entry.uri or "": entry for entry in _take(entries, rows.newest)},
        {entry.uri or "": entry for entry in _take(entries, older)},
        {load_id or "" for load_id in superseded.to_pylist()},
        last_load_id,
        parts,
        _owners(entries.take(rows.versions)),
    )


def _take(entries: pa.Table, rows: pa.UInt64Array) -> Iterator[LedgerEntry]:
    for start in range(0, len(rows), _ROWS_AT_A_TIME):
        some = entries.take(rows.slice(start, _ROWS_AT_A_TIME)).combine_chunks()
        yield from map(LedgerEntry._make, zip(*map(_python_values, some.columns), strict=True))


def _python_values(column: pa.ChunkedArray) -> list[Any]:
    array = column.combine_chunks()
    if pa.types.is_dictionary(array.type):
        texts = array.dictionary.to_pylist()  # one object for all the entries of a text
        return [None if code is None else texts[code] for code in array.indices.to_pylist()]
    if pa.types.is_timestamp(array.type):
        array = array.cast(pa.int64())
    values: list[Any] = array.to_pylist()
    return values


class KnownFiles:
    """What a load must know of the files that the lake has: by hash, because there may be millions."""

    def __init__(self, store: Store) -> None:
        self.forgotten_workers: set[str] = set()
        self.forgotten_frames: set[FramesFolder] = set()
        self.has_overlaps = False
        """Whether a load measured the overlaps of the lake's labels."""
        self._folders: set[str] = set()
        self._store = store
        self._ledger: frozenset[str] = frozenset()

        def read() -> tuple[pa.Table, str | None]:
            files = ledger_files(store)
            self._ledger = frozenset(file.path for file in files)
            return _read_entries(store, files, _KNOWN_COLUMNS, self._hashed)

        entries, self.last_load_id = again_if_overtaken("reading the ledger", store, read)
        rows = newest_rows(entries, "uri_hash")
        hashes = entries.select(["uri_hash", "etag_hash"]).take(rows.newest)
        is_forgotten = pc.equal(entries["status"].take(rows.newest).cast(pa.string()), Status.FORGOTTEN.value)
        etags = pc.if_else(is_forgotten, None, hashes["etag_hash"])
        self._etags: dict[int, int | None] = dict(zip(hashes["uri_hash"].to_pylist(), etags.to_pylist(), strict=True))
        self.owners = _owners(
            entries.select(["status", "job_name", "job_uri", "file_kind", "modified_at"]).take(rows.versions)
        )
        """The folder that counts, by job."""
        self.job_uris = {job_name: owner.job_uri for job_name, owner in self.owners.items()}

        self.unlisted = {uri for uri in self._folders if not (self.has(uri, _LISTED) or self.is_forgotten(uri))}
        """Uris of what the newest load could not list."""

    def _hashed(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Some entries, with hashes in place of uris and etags; forgotten workers and frames are noted."""
        forgotten = batch.filter(pc.equal(batch.column("status"), Status.FORGOTTEN.value))
        for uri in forgotten.column("uri").to_pylist():
            if uri.startswith(WORKER_SCHEME):
                self.forgotten_workers.add(uri.removeprefix(WORKER_SCHEME))
            elif uri.startswith(FRAMES_SCHEME):
                self.forgotten_frames.add(_frames_folder(uri))
        self._folders.update(batch.filter(pc.equal(batch["file_kind"], FOLDER_KIND))["uri"].to_pylist())
        if not self.has_overlaps:
            # Not the entries of other commands: forgetting and asking AWS measure nothing.
            loads = pc.is_in(batch.column("file_kind"), pa.array([*FileKind, _OVERLAPS_KIND], pa.string()))
            loads = pc.and_(loads, pc.not_equal(batch.column("status"), Status.FORGOTTEN.value))
            versions = pc.unique(batch.column("loader_version").filter(loads)).to_pylist()
            self.has_overlaps = any(not _is_older(version, _MEASURES_OVERLAPS) for version in versions)
        columns = (batch.column(name).to_pylist() for name in ("etag", "status", "loader_version"))
        etags = [
            hash(etag if is_settled(status, version) else "") for etag, status, version in zip(*columns, strict=True)
        ]
        uris = [hash(uri) for uri in batch.column("uri").to_pylist()]
        return (
            batch.drop_columns(["uri", "etag", "loader_version"])
            .append_column("uri_hash", pa.array(uris, pa.int64()))
            .append_column("etag_hash", pa.array(etags, pa.int64()))
        )

    def files_in(self, job_uris: Collection[str]) -> dict[str, list[LedgerEntry]]:
        """The entries of the files that lie in some jobs' folders and are loaded, by folder."""
        found: dict[str, list[LedgerEntry]] = {job_uri: [] for job_uri in job_uris}
        for entry in read_ledger(self._store).versions() if found else ():
            if entry.status == Status.LOADED and entry.job_uri in found:
                found[entry.job_uri].append(entry)
        return found

    @property
    def is_empty(self) -> bool:
        """Whether the lake has taken notice of no file at all."""
        return not self._etags

    def has(self, uri: str, etag: str | None) -> bool:
        """Whether the lake has taken notice of this version of the file."""
        return self._etags.get(hash(uri)) == hash(etag)

    def is_known(self, uri: str) -> bool:
        """Whether the lake has taken notice of the file, in any version."""
        return hash(uri) in self._etags

    def is_forgotten(self, uri: str) -> bool:
        """Whether the file was erased from the lake, and is to stay so."""
        return self.is_known(uri) and self._etags[hash(uri)] is None

    def forgotten_since(self) -> set[str]:
        """Uris of the files, workers and frames that were forgotten since this was read."""

        def forgotten(batch: pa.RecordBatch) -> pa.RecordBatch:
            return batch.filter(pc.equal(batch["status"], Status.FORGOTTEN.value))

        def read() -> pa.Table:
            new = [file for file in ledger_files(self._store) if file.path not in self._ledger]
            return _read_entries(self._store, new, ["uri", "status"], forgotten)[0]

        uris = again_if_overtaken("reading the ledger", self._store, read)["uri"].to_pylist()
        # A load that was compacted meanwhile says again what was known.
        return {uri for uri in uris if not self.is_forgotten(uri)}


_KNOWN_COLUMNS = [
    *("origin_load_id", "load_id", "file_no", "uri", "etag"),
    *("status", "loader_version", "job_name", "job_uri", "file_kind", "modified_at"),
]


def current_files(
    store: Store,
    files: Iterable[Entry],
    kinds: Collection[FileKind],
    jobs: Collection[str] | None = None,
    uncommitted: Iterable[pa.RecordBatch] = (),
) -> pa.Table:
    """The current version of each loaded source file, with ``FILE_COLUMNS``.

    Args:
        store: the lake's store.
        files: the ledger files that count.
        kinds: kinds of source files.
        jobs: names of jobs; all if it is None.
        uncommitted: entries of a load, with those columns, that count as if it were committed.
    """

    def wanted(batch: pa.RecordBatch) -> pa.RecordBatch:
        mask = pc.is_in(batch["file_kind"], pa.array([*kinds], pa.string()))
        if jobs is not None:
            mask = pc.and_(mask, pc.is_in(batch["job_name"], pa.array([*jobs], pa.string())))
        return batch.filter(mask)

    entries, _ = _read_entries(store, files, FILE_COLUMNS.names, wanted)
    more = [_encoded(wanted(batch)) for batch in uncommitted]
    if more:
        entries = pa.concat_tables([entries, pa.Table.from_batches(more)]).unify_dictionaries()
    versions = entries.take(newest_rows(entries).versions)
    return versions.filter(pc.equal(versions["status"].cast(pa.string()), Status.LOADED.value))


def job_names(store: Store, files: Iterable[Entry]) -> set[str]:
    """Names of the jobs that ledger files name."""

    def distinct(batch: pa.RecordBatch) -> pa.RecordBatch:
        return pa.RecordBatch.from_arrays([pc.unique(batch["job_name"])], schema=batch.schema)

    entries, _ = _read_entries(store, files, ["job_name"], distinct)
    return set(entries["job_name"].cast(pa.string()).to_pylist()) - {None}


FILE_COLUMNS = pa.schema(
    [
        LEDGER.schema.field(name)
        for name in (
            *("origin_load_id", "load_id", "file_no", "uri", "etag"),
            *("status", "job_name", "file_kind", "size_bytes"),
        )
    ]
)


def is_settled(status: str | None, loader_version: str | None) -> bool:
    """Whether an entry is the last word on its version of a file: what an older loader refused, this one retries."""
    return status in VERSIONS or not _is_older(loader_version, __version__)


@lru_cache(maxsize=1_000)
def _is_older(loader_version: str | None, other: str) -> bool:
    try:
        return Version(loader_version or "") < Version(other)
    except InvalidVersion:
        return True


def ledger_files(store: Store) -> list[Entry]:
    """The ledger file of every committed load, as they are at one moment.

    A folder that changes while it is listed may show neither the loads that were compacted nor the new one. So it is
    listed until it stays the same.
    """
    files: list[Entry] | None = None
    while True:
        again = [entry for entry in store.list(table_folder(LEDGER.name)) if load_id_of(entry.path)]
        if files is not None and [file.path for file in files] == [file.path for file in again]:
            return again
        files = again


def check_not_overtaken(store: Store, ledger: Iterable[Entry]) -> None:
    """Check that what was read since the ledger was listed was all there: ``vacuum`` deletes the ledger's files first.

    Raises:
        OvertakenError: it may not have been.
    """
    gone = {file.path for file in ledger} - {file.path for file in ledger_files(store)}
    if gone:
        raise OvertakenError(f"{store.uri_of(min(gone))} was deleted")


def _read_entries(
    store: Store,
    files: Iterable[Entry],
    columns: Sequence[str],
    change: Callable[[pa.RecordBatch], pa.RecordBatch],
    parts: dict[str, Parts] | None = None,
) -> tuple[pa.Table, str | None]:
    """The entries of ledger files, in no order, each batch changed as it is read; and the newest id of a load.

    The parts of the loads are added to ``parts``.
    """
    schema = pa.schema([LEDGER.schema.field(name) for name in columns])
    empty = pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)
    batches = [_encoded(change(empty))]
    files = [*files]
    seen = {load_id_of(file.path) for file in files}
    with ThreadPoolExecutor(_READERS) as readers:
        for file, data in zip(files, readers.map(lambda file: store.read(file.path), files), strict=True):
            if parts is not None:
                with sound_parquet(store.uri_of(file.path)):
                    parts[load_id_of(file.path) or ""] = _named(data)
            for batch in parse_table(data, schema, store.uri_of(file.path)):
                if "origin_load_id" in columns:  # of a load that was compacted, and deleted
                    seen.add(pc.max(batch["origin_load_id"]).as_py())
                batches.append(_encoded(change(batch)))
    last_load_id = max((load_id for load_id in seen if load_id and _time_of(load_id) is not None), default=None)
    return pa.Table.from_batches(batches).unify_dictionaries(), last_load_id


# The same few texts are in millions of entries.
_REPEATED = frozenset(
    {"load_id", "origin_load_id", "job_name", "job_uri", "file_kind", "status", "error", "warning", "loader_version"}
)


def _encoded(batch: pa.RecordBatch) -> pa.RecordBatch:
    columns = zip(batch.schema.names, batch.columns, strict=True)
    return pa.RecordBatch.from_pydict(
        {name: column.dictionary_encode() if name in _REPEATED else column for name, column in columns}
    )
