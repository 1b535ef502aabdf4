"""Keeping a lake in order: compact, vacuum, forget, and what is in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingest.identity import worker_key
from ingest.job_folder import FileKind, FramesFolder, place_of
from ingest.lake.layout import RAW, load_id_of
from ingest.lake.ledger import (
    FRAMES_SCHEME,
    WORKER_KIND,
    WORKER_SCHEME,
    Ledger,
    Status,
    commit,
    forgotten_frames_entry,
    ledger_files,
    new_entry,
    new_load_id,
    now,
    read_ledger,
)
from ingest.lake.parquet import TableWriter, read_table
from ingest.storage.open import open_store
from ingest.storage.store import PART_SUFFIX, Store, StoreError
from ingest.tables import LEDGER, TABLES, LedgerEntry

_SMALL_LOAD_BYTES = 256 * 2**20
_PART_ROWS = 8_000_000


FileId = tuple[str, int]
"""(load_id, file_no) of a file's rows."""

AnswerId = tuple[int, int]
"""(file_no, answer_index) of an answer within its load."""


@dataclass
class Rewrite:
    """Rows of older loads, to be written again under a new one."""

    file_numbers: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    """New file_no by load and old file_no; rows of other files are left out."""
    workers: frozenset[str] = frozenset()
    """Keys of workers whose rows are left out."""
    answers: dict[str, set[AnswerId]] = field(default_factory=lambda: defaultdict(set))
    """Their answers, by load."""

    def write(self, lake: Store, load_id: str) -> Counter[int]:
        """Write the rows; gives the number of rows by new file_no."""
        counts: Counter[int] = Counter()
        part = 0
        for table in TABLES:
            batches = self._batches(lake, table, load_id)
            batch = next(batches, None)
            while batch is not None:
                with TableWriter(lake, load_id, part) as writer:
                    rows = 0
                    while batch is not None and rows < _PART_ROWS:
                        writer.write(table, batch)
                        rows += batch.num_rows
                        counts.update(batch.column("file_no").to_pylist())
                        batch = next(batches, None)
                part += 1
        return counts

    def _batches(self, lake: Store, table: str, load_id: str) -> Iterator[pa.RecordBatch]:
        schema = TABLES[table].schema
        for path, old_load_id in _data_files(lake, table):
            numbers = self.file_numbers.get(old_load_id)
            if not numbers:
                continue
            old, new = pa.array(numbers.keys(), pa.int32()), pa.array(numbers.values(), pa.int32())
            for batch in read_table(lake, path, schema):
                kept = batch.filter(pc.is_in(batch.column("file_no"), value_set=old))
                if self.workers:
                    kept = kept.filter(pa.array(self._keeps(kept, old_load_id), pa.bool_()))
                file_no = new.take(pc.index_in(kept.column("file_no"), value_set=old))
                kept = kept.set_column(schema.get_field_index("file_no"), schema.field("file_no"), file_no)
                load_ids = pa.repeat(pa.scalar(load_id), len(kept))
                yield kept.set_column(schema.get_field_index("load_id"), schema.field("load_id"), load_ids)

    def _keeps(self, batch: pa.RecordBatch, load_id: str) -> list[bool]:
        if "worker_key" in batch.schema.names:
            return [key not in self.workers for key in batch.column("worker_key").to_pylist()]
        if "answer_index" in batch.schema.names:
            ids = zip(batch.column("file_no").to_pylist(), batch.column("answer_index").to_pylist(), strict=True)
            return [answer not in self.answers[load_id] for answer in ids]
        return [True] * len(batch)


def compact(lake: Store) -> int:
    """Rewrite the rows of small loads, and of loads with superseded rows, as one new load.

    A load that commits meanwhile keeps its precedence: the rewritten entries keep the load that read them.

    Returns:
        The number of loads rewritten; 0 where there is nothing to gain.
    """
    ledger = read_ledger(lake)
    sizes: Counter[str] = Counter()
    for table in TABLES:
        for file in lake.list(f"{RAW}/{table}"):
            sizes[load_id_of(file.path) or ""] += file.size_bytes
    loads = {load_id_of(file.path) or "" for file in ledger_files(lake)}
    small = {load_id for load_id in loads if sizes[load_id] < _SMALL_LOAD_BYTES}
    chosen = small | ledger.superseded_loads
    if len(chosen) < 2 and not ledger.superseded_loads:
        return 0
    load_id = new_load_id()
    rewrite = Rewrite()
    moved = [entry for entry in ledger.current() if entry.load_id in chosen]
    for file_no, entry in enumerate(moved):
        if entry.status == Status.LOADED:
            rewrite.file_numbers[entry.load_id or ""][entry.file_no or 0] = file_no
    rewrite.write(lake, load_id)
    commit(lake, load_id, [entry._replace(load_id=load_id, file_no=number) for number, entry in enumerate(moved)])
    return len(chosen)


def vacuum(lake: Store, grace_hours: float) -> tuple[int, int]:
    """Delete what no current row needs, and what dead loads left behind, if it is older than the grace period.

    A dbt run works on the snapshot it took when it began: the grace period must be longer than the longest run, and
    than the longest load.

    Returns:
        Files deleted, and their size in bytes.
    """
    deadline = now() - int(grace_hours * 3_600_000)
    ledgers = ledger_files(lake)
    old_ledgers = [file for file in ledgers if file.modified_at <= deadline]
    committed, old = ({load_id_of(file.path) for file in some} for some in (ledgers, old_ledgers))
    # What a snapshot taken at the deadline needed, snapshots taken since may need; and they need nothing older.
    needed = {entry.load_id for some in (ledgers, old_ledgers) for entry in read_ledger(lake, some).current()}
    files = [file for table in (LEDGER.name, *TABLES) for file in lake.list(f"{RAW}/{table}")]
    last_written: dict[str | None, int] = {}
    for file in files:
        load_id = load_id_of(file.path)
        last_written[load_id] = max(last_written.get(load_id, 0), file.modified_at)
    superseded = old - needed
    dead = {load_id for load_id, written in last_written.items() if load_id not in committed and written <= deadline}
    # The ledger's files come first: rows without a ledger are invisible, a ledger without rows is not.
    doomed = [
        file
        for file in files
        if load_id_of(file.path) in superseded | dead - {None}
        or (file.path.endswith(PART_SUFFIX) and file.modified_at <= deadline)
    ]
    of_ledger = {file.path for file in doomed if file.path.startswith(f"{RAW}/{LEDGER.name}/")}
    lake.delete(of_ledger)
    lake.delete(file.path for file in doomed if file.path not in of_ledger)
    return len(doomed), sum(entry.size_bytes for entry in doomed)


@dataclass(frozen=True)
class Selection:
    """What to forget: jobs by name, files and folders by uri or path, workers by any of their names.

    Those are the key, the worker id and the pseudonym; of the directory the user name, the e-mail address and the sub.
    """

    jobs: Collection[str] = ()
    uris: Collection[str] = ()
    workers: Collection[str] = ()


@dataclass
class Forgotten:
    """What ``forget`` found and erased from view."""

    files: int = 0
    workers: int = 0
    answers: int = 0


def forget(lake: Store, selection: Selection) -> Forgotten:
    """Write tombstones: the rows are gone from every current view, and no load brings them back.

    The rows' bytes go with ``compact`` and then ``vacuum``.

    Raises:
        StoreError: something of the selection is not in the lake; then nothing is forgotten.
    """
    ledger = read_ledger(lake)
    load_id = new_load_id()
    gone = _files_to_forget(ledger, selection)
    found = Found()
    if selection.workers:
        found = _find_workers(lake, selection.workers)
        gone |= {entry.uri or "": entry for entry in _frames_in(ledger, found.frames)}
    entries = [_tombstone(load_id, file_no, entry) for file_no, entry in enumerate(gone.values())]
    forgotten = Forgotten(files=len(gone), workers=found.count)
    if selection.workers:
        kept = _loaded_files(ledger, gone.keys())
        about = {old_id: kept[old_id] for old_id in found.files if old_id in kept}
        forgotten.answers = sum(
            (old_load_id, file_no) in kept for old_load_id, ids in found.answers.items() for file_no, _ in ids
        )
        rewrite = Rewrite(workers=found.keys, answers=found.answers)
        entries += _without_workers(lake, load_id, len(entries), about, rewrite)
        entries += [
            forgotten_frames_entry(load_id, file_no, folder)
            for file_no, folder in enumerate(sorted(found.frames), len(entries))
        ]
    if entries:
        commit(lake, load_id, entries)
    return forgotten


def _files_to_forget(ledger: Ledger, selection: Selection) -> dict[str, LedgerEntry]:
    known = [entry for entry in ledger.newest.values() if entry.status != Status.FORGOTTEN]
    folders = {
        entry.job_uri
        for entry in ledger.versions()
        if entry.status == Status.LOADED and entry.job_name in selection.jobs
    }
    gone: dict[str, LedgerEntry] = {}
    for job_name in selection.jobs:
        # Another folder of that name, which was skipped, gave nothing that could be forgotten.
        of_job = [entry for entry in known if entry.job_name == job_name]
        of_job = [entry for entry in of_job if entry.status != Status.SKIPPED or entry.job_uri in folders] or of_job
        if not of_job:
            raise StoreError(f"no job {job_name} in the lake")
        gone |= {entry.uri or "": entry for entry in of_job}
    for place in selection.uris:
        uri = (place if "://" in place else open_store(place).uri).rstrip("/")
        below = [entry for entry in known if entry.uri == uri or (entry.uri or "").startswith(f"{uri}/")]
        if not below:
            raise StoreError(f"no file {uri}, nor any below it, in the lake")
        gone |= {entry.uri or "": entry for entry in below}
    return gone


def _tombstone(load_id: str, file_no: int, entry: LedgerEntry) -> LedgerEntry:
    return new_entry(
        load_id,
        file_no,
        entry.uri or "",
        Status.FORGOTTEN,
        job_name=entry.job_name,
        job_uri=entry.job_uri,
        file_kind=entry.file_kind,
    )


def _loaded_files(ledger: Ledger, gone: Collection[str | None]) -> dict[FileId, LedgerEntry]:
    """The entries whose rows count, those of some uris apart."""
    return {
        (entry.load_id or "", entry.file_no or 0): entry
        for entry in ledger.versions()
        if entry.status == Status.LOADED and entry.uri not in gone
    }


# Every table that is about workers, and its columns that may name one besides the key.
_WORKER_NAMES: dict[str, tuple[str, ...]] = {
    "worker_answers": ("worker_id",),
    "workers": ("username", "email", "identity_sub"),
    "workteam_members": (),
    "worker_activity": ("worker_token",),
}


@dataclass
class Found:
    """What the lake has of some workers, in any version of a file."""

    count: int = 0
    keys: frozenset[str] = frozenset()
    files: set[FileId] = field(default_factory=set)
    answers: dict[str, set[AnswerId]] = field(default_factory=lambda: defaultdict(set))
    """By load."""
    frames: set[FramesFolder] = field(default_factory=set)


def _find_workers(lake: Store, workers: Collection[str]) -> Found:
    """All that there is of the workers who are named so: their answers under whichever of their worker ids too."""
    known_as: set[tuple[str, str | None]] = set()
    accounts: set[tuple[str, str]] = set()
    for table, names in _WORKER_NAMES.items():
        for _, key, *row in _read_columns(lake, table, "worker_key", *names):
            known_as.update((key, name) for name in (key, f"worker-{key[:8]}", *row))
            if table == "worker_answers":
                accounts.add((key, row[0]))
    people = [_keys_of(name, known_as, accounts) for name in workers]
    for name, person in zip(workers, people, strict=True):
        if not person:
            raise StoreError(f"no worker {name} in the lake")
    found = Found(len(set(people)), frozenset().union(*people))
    for table in _WORKER_NAMES:
        for load_id, key, file_no in _read_columns(lake, table, "worker_key", "file_no"):
            if key in found.keys:
                found.files.add((load_id, file_no))
    columns = ("worker_key", "file_no", "answer_index", "job_name", "object_index", "payload_folder")
    for load_id, key, file_no, place, job_name, object_index, folder in _read_columns(lake, "worker_answers", *columns):
        if key in found.keys:
            found.answers[load_id].add((file_no, place))
            if folder is not None:
                found.frames.add(FramesFolder(job_name, str(object_index), folder))
    return found


def _keys_of(name: str, known_as: set[tuple[str, str | None]], accounts: set[tuple[str, str]]) -> frozenset[str]:
    """The keys of a person whom a name stands for; ``accounts`` are the keys and worker ids that answered."""
    keys = {key for key, other in known_as if other == name}
    while True:
        worker_ids = {worker_id for key, worker_id in accounts if key in keys}
        # A consolidation request has no identity: there, the worker's key is that of the worker id.
        more = {key for key, worker_id in accounts if worker_id in worker_ids} | set(map(worker_key, worker_ids))
        if more <= keys:
            return frozenset(keys)
        keys |= more


def _read_columns(lake: Store, table: str, *columns: str) -> Iterator[tuple[Any, ...]]:
    """The load and some columns of every row."""
    schema = pa.schema([TABLES[table].schema.field(name) for name in columns])
    for path, load_id in _data_files(lake, table):
        for batch in read_table(lake, path, schema):
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                yield (load_id, *row)


def _frames_in(ledger: Ledger, folders: Collection[FramesFolder]) -> Iterator[LedgerEntry]:
    """The files of frames in some folders, as far as they are known."""
    for uri, entry in ledger.newest.items():
        if folders and entry.file_kind == FileKind.WORKER_FRAME and entry.status != Status.FORGOTTEN:
            place = place_of(uri)
            if place is not None and place.frames_folder in folders:
                yield entry


def _without_workers(
    lake: Store,
    load_id: str,
    first_file_no: int,
    files: Mapping[FileId, LedgerEntry],
    rewrite: Rewrite,
) -> list[LedgerEntry]:
    """Rewrite files that have rows of the workers without those, and tell loads to leave the workers out."""
    old_ids = sorted(files)
    for file_no, (old_load_id, old_file_no) in enumerate(old_ids, first_file_no):
        rewrite.file_numbers[old_load_id][old_file_no] = file_no
    counts = rewrite.write(lake, load_id)
    entries = [
        # Newer than the version it replaces, wherever that is rewritten meanwhile.
        files[old_id]._replace(load_id=load_id, origin_load_id=load_id, file_no=file_no, row_count=counts[file_no])
        for file_no, old_id in enumerate(old_ids, first_file_no)
    ]
    return entries + [
        new_entry(load_id, file_no, f"{WORKER_SCHEME}{key}", Status.FORGOTTEN, file_kind=WORKER_KIND)
        for file_no, key in enumerate(sorted(rewrite.workers), first_file_no + len(entries))
    ]


@dataclass(kw_only=True)
class Holding:
    """Files of one sort that the lake holds."""

    files: int = 0
    rejected: int = 0
    skipped: int = 0
    rows: int = 0
    last_loaded_at: int | None = None
    newest_source_at: int | None = None

    def add(self, entry: LedgerEntry) -> None:
        """Count a file whose rows are there."""
        self.files += 1
        self.rows += entry.row_count or 0
        self.last_loaded_at = _latest(self.last_loaded_at, entry.loaded_at)
        self.newest_source_at = _latest(self.newest_source_at, entry.modified_at)


@dataclass(kw_only=True)
class JobStatus(Holding):
    """What the lake holds of one job."""

    job_name: str


@dataclass(kw_only=True)
class DirectoryStatus(Holding):
    """What the lake holds of one kind of what AWS tells of workers: users, work teams and so on."""

    file_kind: str


@dataclass
class LakeStatus:
    """What a lake holds, and what it refused."""

    jobs: list[JobStatus]
    directories: list[DirectoryStatus]
    errors: list[tuple[str, str]]
    """Uri and reason of every file whose newest version was refused."""
    forgotten_files: int


def status(lake: Store) -> LakeStatus:
    """What is loaded, from when, what was rejected and why."""
    ledger = read_ledger(lake)
    jobs: dict[str, JobStatus] = {}
    directories: dict[str, DirectoryStatus] = {}

    def holding(entry: LedgerEntry) -> Holding:
        if entry.job_name is not None:
            return jobs.setdefault(entry.job_name, JobStatus(job_name=entry.job_name))
        kind = entry.file_kind or ""
        return directories.setdefault(kind, DirectoryStatus(file_kind=kind))

    for entry in ledger.newest.values():
        if entry.status != Status.FORGOTTEN:
            found = holding(entry)
            found.rejected += entry.status == Status.REJECTED
            found.skipped += entry.status == Status.SKIPPED
    for entry in ledger.versions():
        if entry.status == Status.LOADED:
            holding(entry).add(entry)
    errors = [
        (uri, entry.error or "")
        for uri, entry in ledger.newest.items()
        if entry.status in (Status.REJECTED, Status.SKIPPED)
    ]
    no_files = (WORKER_SCHEME, FRAMES_SCHEME)
    forgotten_files = sum(
        entry.status == Status.FORGOTTEN and not uri.startswith(no_files) for uri, entry in ledger.newest.items()
    )
    return LakeStatus(
        sorted(jobs.values(), key=lambda job: job.job_name),
        sorted(directories.values(), key=lambda directory: directory.file_kind),
        sorted(errors),
        forgotten_files,
    )


def _latest(one: int | None, other: int | None) -> int | None:
    return max((time for time in (one, other) if time is not None), default=None)


def _data_files(lake: Store, table: str) -> Iterator[tuple[str, str]]:
    for entry in lake.list(f"{RAW}/{table}"):
        load_id = load_id_of(entry.path)
        if load_id:
            yield entry.path, load_id
