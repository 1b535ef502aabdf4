"""Forgetting: jobs, files and workers are erased from view, for good."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingest.identity import worker_key
from ingest.lake.again import again_if_overtaken
from ingest.lake.json_names import is_worker_id
from ingest.lake.lake import Lake
from ingest.lake.ledger import (
    Ledger,
    Status,
    forgotten_frames_entry,
    forgotten_worker_entry,
    frames_in,
    tombstone,
)
from ingest.lake.parquet import read_table
from ingest.lake.redaction import ANSWERS, DroppedAnswers, Redaction, may_name_workers
from ingest.lake.rewrite import CurrentLabels, FileId, all_columns, data_files, find_answers, rewrite
from ingest.storage.open import open_store
from ingest.storage.store import Entry, Store, StoreError
from ingest.tables import LEDGER, OVERLAPS, TABLES, LedgerEntry, Lineage


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
    values_dropped: int = 0
    """Values of JSON that named the workers and became NULL, because nothing could be cut out of them."""
    jobs: list[str] = field(default_factory=list)
    """Names of the jobs that lose files."""
    is_sweeping: bool = False
    """Whether a folder above a job's own was named, or one of what is no job's: more may go than was meant."""


def _go_on(found: Forgotten) -> bool:
    return True


def forget(lake: Lake, selection: Selection, is_meant: Callable[[Forgotten], bool] = _go_on) -> Forgotten:
    """Write tombstones: the rows are gone from every current view, and no load brings them back.

    The rows' bytes go with ``compact`` and then ``vacuum``.

    Args:
        lake: the lake.
        selection: what to forget.
        is_meant: asked with what was found, before anything is written; if not, nothing is.

    Raises:
        StoreError: something of the selection is not in the lake, and nothing is forgotten; or the lake's format is
            newer than this loader's; or other commands deleted what it was reading, each time that it began again.
    """
    lake.check_format()
    return again_if_overtaken("forget", lake.store, lambda: _forget(lake, selection, is_meant))


def _forget(lake: Lake, selection: Selection, is_meant: Callable[[Forgotten], bool]) -> Forgotten:
    store, snapshot = lake.store, lake.snapshot()
    ledger, files = snapshot.ledger, snapshot.files
    gone, is_sweeping = _files_to_forget(ledger, selection)
    people = _find_people(store, files, selection.workers)
    keys = frozenset[str]().union(*people)
    redaction = Redaction(keys, _texts_that_name(store, files, keys))
    answers = find_answers(store, files, redaction)
    gone |= {entry.uri or "": entry for entry in frames_in(ledger, answers.frames)}
    kept = {
        FileId(entry.load_id or "", entry.file_no or 0): entry
        for entry in ledger.versions()
        if entry.status == Status.LOADED and entry.uri not in gone
    }
    found = Forgotten(
        files=len(gone),
        workers=len(people),
        answers=sum(
            FileId(load_id, file_no) in kept
            for load_id in answers.load_ids
            for file_no in answers.file_numbers(load_id)
        ),
        jobs=sorted({entry.job_name for entry in gone.values() if entry.job_name is not None}),
        is_sweeping=is_sweeping,
    )
    if not is_meant(found):
        return found
    # Those who were forgotten before count too: a load may have committed overlaps with their labels late.
    all_forgotten = Redaction(redaction.workers | ledger.forgotten_workers)
    labels_before = CurrentLabels(store, files, ledger.versions(), Redaction(), DroppedAnswers())
    labels = CurrentLabels(store, files, kept.values(), all_forgotten, answers)
    about = _files_about(store, files, redaction, answers) | _files_with_overlaps(store, files, labels_before, labels)
    changed = sorted(kept.keys() & about)
    with snapshot.begin() as load:
        entries = [tombstone(load.id, file_no, entry) for file_no, entry in enumerate(gone.values())]
        numbers = {old: file_no for file_no, old in enumerate(changed, len(entries))}
        counts = rewrite(store, files, load, numbers, redaction, answers, labels)
        entries += [
            # Newer than the version it replaces, even if that is compacted meanwhile.
            kept[old]._replace(load_id=load.id, origin_load_id=load.id, file_no=file_no, row_count=counts[file_no])
            for old, file_no in numbers.items()
        ]
        for key in sorted(redaction.workers):
            entries.append(forgotten_worker_entry(load.id, len(entries), key))
        for folder in sorted(answers.frames):
            entries.append(forgotten_frames_entry(load.id, len(entries), folder))
        load.add(entries)
    found.values_dropped = redaction.dropped.total()
    return found


def _files_to_forget(ledger: Ledger, selection: Selection) -> tuple[dict[str, LedgerEntry], bool]:
    """The files, and whether a uri sweeps away more than what is in one job's folder."""
    known = [entry for entry in ledger.newest.values() if entry.status != Status.FORGOTTEN]
    folders = {
        entry.job_uri
        for entry in ledger.versions()
        if entry.status == Status.LOADED and entry.job_name in selection.jobs
    }
    gone: dict[str, LedgerEntry] = {}
    is_sweeping = False
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
        is_sweeping |= any(
            entry.uri != uri and not (entry.job_uri and f"{uri}/".startswith(f"{entry.job_uri}/")) for entry in below
        )
    return gone, is_sweeping


# Every table that is about workers, and its columns that may name one besides the key.
_WORKER_NAMES: dict[str, tuple[str, ...]] = {
    ANSWERS: ("worker_id", "identity_sub"),
    "workers": ("username", "email", "identity_sub"),
    "workteam_members": (),
    "worker_activity": ("worker_token", "identity_sub"),
}


def _find_people(store: Store, files: Mapping[str, list[Entry]], names: Collection[str]) -> set[frozenset[str]]:
    """The people who are named so, each by their keys: one for each identity and worker id that they answer under."""
    if not names:
        return set()
    known_as: set[tuple[str, str | None]] = set()
    accounts: set[tuple[str, str]] = set()
    for table, columns in _WORKER_NAMES.items():
        for key, *row in _distinct_rows(store, files, table, "worker_key", *columns):
            known_as.update((key, name) for name in (key, f"worker-{key[:8]}", *row))
            if table == ANSWERS:
                accounts.add((key, row[0]))
    people = [_keys_of(name, known_as, accounts) for name in names]
    for place, (name, person) in enumerate(zip(names, people, strict=True)):
        if person:
            continue
        # Only JSON may name them, as the manifest of a custom job does.
        alone = Redaction(frozenset({worker_key(name)}))
        if not (is_worker_id(name) and _files_about(store, files, alone, DroppedAnswers())):
            raise StoreError(f"no worker {name} in the lake")
        people[place] = alone.workers
    return set(people)


def _texts_that_name(store: Store, files: Mapping[str, list[Entry]], keys: frozenset[str]) -> frozenset[str]:
    """Ids, subjects, user names and e-mail addresses of people, which go with their rows."""
    found: set[str] = set()
    for table, columns in _WORKER_NAMES.items() if keys else ():
        for key, *row in _distinct_rows(store, files, table, "worker_key", *columns):
            if key in keys:
                found.update(name for name in row if name)
    return frozenset(found)


def _keys_of(name: str, known_as: set[tuple[str, str | None]], accounts: set[tuple[str, str]]) -> frozenset[str]:
    """The keys of the person with a name; ``accounts`` are the keys and worker ids that answered."""
    keys = {key for key, other in known_as if other == name}
    while True:
        worker_ids = {worker_id for key, worker_id in accounts if key in keys}
        # A consolidation request has no identity: there, the worker's key is that of the worker id.
        more = {key for key, worker_id in accounts if worker_id in worker_ids} | set(map(worker_key, worker_ids))
        if more <= keys:
            return frozenset(keys)
        keys |= more


def _distinct_rows(
    store: Store, files: Mapping[str, list[Entry]], table: str, *columns: str
) -> Iterator[tuple[Any, ...]]:
    """The distinct values of some columns, in each file of a table."""
    schema = pa.schema([TABLES[table].schema.field(name) for name in columns])
    for file, _ in data_files(files, table):
        for batch in read_table(store, file.path, schema):
            distinct = pa.Table.from_batches([batch]).group_by(list(columns)).aggregate([])
            yield from zip(*(distinct.column(name).to_pylist() for name in columns), strict=True)


def _files_about(
    store: Store, files: Mapping[str, list[Entry]], redaction: Redaction, answers: DroppedAnswers
) -> set[FileId]:
    """Source files with rows of the workers, or with JSON that names them."""
    if not redaction.workers:
        return set()
    about = {FileId(load_id, file_no) for load_id in answers.load_ids for file_no in answers.file_numbers(load_id)}

    def is_wanted(column: str) -> bool:
        return column in ("load_id", "file_no", "worker_key") or may_name_workers(column)

    for table in files.keys() - {LEDGER.name}:
        if table in TABLES and not any(map(is_wanted, TABLES[table].schema.names[len(Lineage._fields) :])):
            continue
        for file, load_id in data_files(files, table):
            for batch in all_columns(store, file.path, is_wanted):
                named = pc.or_(redaction.concerns(batch), redaction.is_named_in(batch))
                numbers = pc.unique(batch.column("file_no").filter(named)).to_pylist()
                about |= {FileId(load_id, file_no) for file_no in numbers}
    return about


def _files_with_overlaps(
    store: Store, files: Mapping[str, list[Entry]], before: CurrentLabels, after: CurrentLabels
) -> set[FileId]:
    """Source files with overlaps of labels that go."""
    found: set[FileId] = set()
    for file, load_id in data_files(files, OVERLAPS):
        for batch in read_table(store, file.path, TABLES[OVERLAPS].schema):
            gone = pc.and_(before.have(batch), pc.invert(after.have(batch)))
            numbers = pc.unique(batch.column("file_no").filter(gone)).to_pylist()
            found |= {FileId(load_id, file_no) for file_no in numbers}
    return found
