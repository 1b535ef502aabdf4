"""Keeping a lake in order: compact, vacuum, forget, and what is in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingest.answers import worker_key
from ingest.lake import RAW, TableWriter, load_id_of, read_table
from ingest.layout import FileKind, FramesFolder, place_of
from ingest.ledger import (
    FRAMES_SCHEME,
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
from ingest.schemas import LEDGER, TABLES, LedgerEntry
from ingest.storage import DEFAULT_S3_OPTIONS, PART_SUFFIX, S3Options, Store, StoreError, open_store

_SMALL_LOAD_BYTES = 256 * 2**20
_PART_ROWS = 8_000_000


def open_lake(location: str, s3: S3Options = DEFAULT_S3_OPTIONS) -> Store:
    """The lake that is there.

    Raises:
        StoreError: nothing was ever loaded there.
    """
    lake = open_store(location, s3)
    if not ledger_files(lake):
        raise StoreError(f"nothing is loaded in {lake.uri}")
    return lake


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
    """What to forget: jobs by name, files and folders by uri or path, workers by key, worker id or pseudonym."""

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
    found = Answers()
    if selection.workers:
        found = _find_answers(lake, selection.workers)
        gone |= {entry.uri or "": entry for entry in _frames_in(ledger, found.frames)}
    entries = [_tombstone(load_id, file_no, entry) for file_no, entry in enumerate(gone.values())]
    forgotten = Forgotten(files=len(gone), workers=found.worker_count)
    if selection.workers:
        kept = _loaded_files(ledger, gone.keys())
        answers = {
            old_load_id: {(file_no, place) for file_no, place in ids if (old_load_id, file_no) in kept}
            for old_load_id, ids in found.ids.items()
        }
        forgotten.answers = sum(map(len, answers.values()))
        entries += _without_workers(lake, load_id, len(entries), kept, found.worker_keys, answers)
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


@dataclass
class Answers:
    """What the lake has of some workers' answers, in any version of a file."""

    worker_count: int = 0
    worker_keys: frozenset[str] = frozenset()
    ids: dict[str, set[AnswerId]] = field(default_factory=lambda: defaultdict(set))
    """By load."""
    frames: set[FramesFolder] = field(default_factory=set)


def _find_answers(lake: Store, workers: Collection[str]) -> Answers:
    """The answers of the workers that are named so: all that they gave, under whichever of their worker ids."""
    accounts = {(key, worker_id) for _, key, worker_id in _read_answers(lake, "worker_key", "worker_id")}
    people = [_accounts_of(name, accounts) for name in workers]
    for name, person in zip(workers, people, strict=True):
        if not person:
            raise StoreError(f"no answer of worker {name} in the lake")
    keys = {key for person in people for key, _ in person}
    # A consolidation request has no identity: there, the worker's key is that of the worker id.
    found = Answers(
        len(set(people)), frozenset(keys.union(worker_key(name) for person in people for _, name in person))
    )
    columns = ("worker_key", "file_no", "answer_index", "job_name", "object_index", "payload_folder")
    for load_id, key, file_no, place, job_name, object_index, folder in _read_answers(lake, *columns):
        if key in found.worker_keys:
            found.ids[load_id].add((file_no, place))
            if folder is not None:
                found.frames.add(FramesFolder(job_name, str(object_index), folder))
    return found


def _accounts_of(name: str, accounts: set[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """The keys and worker ids of a person whom one of them names, or a pseudonym."""
    person = {account for account in accounts if name in (*account, f"worker-{account[0][:8]}")}
    while True:
        known = {name for account in person for name in account}
        more = {account for account in accounts - person if not known.isdisjoint(account)}
        if not more:
            return frozenset(person)
        person |= more


def _read_answers(lake: Store, *columns: str) -> Iterator[tuple[Any, ...]]:
    """The load and some columns of every answer."""
    schema = pa.schema([TABLES["worker_answers"].schema.field(name) for name in columns])
    for path, load_id in _data_files(lake, "worker_answers"):
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
    keys: frozenset[str],
    answers: dict[str, set[AnswerId]],
) -> list[LedgerEntry]:
    """Rewrite the files in which the workers answered, without their rows, and tell loads to leave them out."""
    rewrite = Rewrite(workers=keys, answers=defaultdict(set, answers))
    old_ids = sorted({(old_load_id, file_no) for old_load_id, ids in answers.items() for file_no, _ in ids})
    for file_no, (old_load_id, old_file_no) in enumerate(old_ids, first_file_no):
        rewrite.file_numbers[old_load_id][old_file_no] = file_no
    counts = rewrite.write(lake, load_id)
    entries = [
        # Newer than the version it replaces, wherever that is rewritten meanwhile.
        files[old_id]._replace(load_id=load_id, origin_load_id=load_id, file_no=file_no, row_count=counts[file_no])
        for file_no, old_id in enumerate(old_ids, first_file_no)
    ]
    return entries + [
        new_entry(load_id, file_no, f"{WORKER_SCHEME}{key}", Status.FORGOTTEN, file_kind="worker")
        for file_no, key in enumerate(sorted(keys), first_file_no + len(entries))
    ]


@dataclass
class JobStatus:
    """What the lake holds of one job."""

    job_name: str
    files: int = 0
    rejected: int = 0
    skipped: int = 0
    rows: int = 0
    last_loaded_at: int | None = None
    newest_source_at: int | None = None


@dataclass
class LakeStatus:
    """What a lake holds, and what it refused."""

    jobs: list[JobStatus]
    errors: list[tuple[str, str]]
    """Uri and reason of every file whose newest version was refused."""
    forgotten_files: int


def status(lake: Store) -> LakeStatus:
    """What is loaded, from when, what was rejected and why."""
    ledger = read_ledger(lake)
    jobs: dict[str, JobStatus] = {}
    for entry in ledger.newest.values():
        if entry.job_name is None or entry.status == Status.FORGOTTEN:
            continue
        job = jobs.setdefault(entry.job_name, JobStatus(entry.job_name))
        job.rejected += entry.status == Status.REJECTED
        job.skipped += entry.status == Status.SKIPPED
    for entry in ledger.versions():
        if entry.status == Status.LOADED and entry.job_name is not None:
            job = jobs[entry.job_name]
            job.files += 1
            job.rows += entry.row_count or 0
            job.last_loaded_at = _latest(job.last_loaded_at, entry.loaded_at)
            job.newest_source_at = _latest(job.newest_source_at, entry.modified_at)
    errors = [
        (uri, entry.error or "")
        for uri, entry in ledger.newest.items()
        if entry.status in (Status.REJECTED, Status.SKIPPED)
    ]
    no_files = (WORKER_SCHEME, FRAMES_SCHEME)
    forgotten_files = sum(
        entry.status == Status.FORGOTTEN and not uri.startswith(no_files) for uri, entry in ledger.newest.items()
    )
    return LakeStatus(sorted(jobs.values(), key=lambda job: job.job_name), sorted(errors), forgotten_files)


def _latest(one: int | None, other: int | None) -> int | None:
    return max((time for time in (one, other) if time is not None), default=None)


def _data_files(lake: Store, table: str) -> Iterator[tuple[str, str]]:
    for entry in lake.list(f"{RAW}/{table}"):
        load_id = load_id_of(entry.path)
        if load_id:
            yield entry.path, load_id
