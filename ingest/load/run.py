"""The load: list the source, read what is new or changed, write its rows, commit.

Files are read in chunks, each of which writes its own part of every table; with more than one chunk, chunks go to
worker processes. Nothing is visible before the ledger file is written, so a load that dies at any moment leaves
the lake as it was.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import itertools
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

import msgspec

from ingest.formats import (
    consolidation_request,
    golden_labels,
    label_category_config,
    mask,
    output_manifest,
    point_classes,
    review_batch,
    sequence_labels,
    worker_frame,
    worker_response,
)
from ingest.formats.parsing import BadFile, Rows
from ingest.job_folder import FileKind, FramesFolder, Place, SourceFile, alike, is_label_file, own_file, place_of
from ingest.lake.lake import Lake
from ingest.lake.ledger import KnownFiles, LedgerWriter, Status, forgotten_frames_entry, new_entry, new_load_id
from ingest.lake.parquet import TableWriter, write_schemas
from ingest.storage.open import open_store
from ingest.storage.store import DEFAULT_S3_OPTIONS, Entry, S3Options, Store, StoreError
from ingest.tables import DataObject, LedgerEntry

Parser = Callable[[SourceFile, Iterable[bytes]], Iterator[Rows]]

_CHUNK_FILES = 8_192
_CHUNK_BYTES = 64 * 2**20
# A file up to this size is read whole, with its neighbours; a larger one by itself, in blocks.
_SMALL_BYTES = 4 * 2**20


@dataclass(frozen=True)
class Options:
    """What a load is told beyond its source and its lake; jobs by name, files by uri or path."""

    label_attributes: Mapping[str, str] = field(default_factory=dict)
    golden: Mapping[str, str] = field(default_factory=dict)
    label_category_configs: Mapping[str, str] = field(default_factory=dict)
    review_batches: Mapping[str, str] = field(default_factory=dict)
    """Folders."""
    include_forgotten: bool = False
    processes: int = 0
    s3: S3Options = DEFAULT_S3_OPTIONS


@dataclass
class Summary:
    """What a load did."""

    load_id: str | None = None
    files_found: int = 0
    files_unchanged: int = 0
    files_forgotten: int = 0
    files_ignored: int = 0
    files_loaded: int = 0
    files_rejected: int = 0
    files_skipped: int = 0
    rows: int = 0
    jobs: list[str] = field(default_factory=list)
    errors: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Chunk:
    """Files for one part of the load; everything a worker process needs to know."""

    part: int
    source: Store
    lake: Store
    load_id: str
    forgotten_workers: frozenset[str]
    files: list[SourceFile]


@dataclass
class Outcome:
    """What became of one file, and the label files that it refers to."""

    file: SourceFile
    status: Status
    row_count: int = 0
    error: str | None = None
    refs: list[str] = field(default_factory=list)


@dataclass
class ChunkOutcome:
    """What became of a chunk's files, and where the frames of forgotten workers' answers in them lie."""

    files: list[Outcome]
    forgotten_frames: set[FramesFolder]


def load(
    source: str, lake: str, options: Options | None = None, progress: Callable[[Summary], None] | None = None
) -> Summary:
    """Read what is new or changed under ``source`` and commit it to ``lake``.

    Args:
        source: folder or ``s3://`` uri with any number of jobs' folders, at any depth, or one job's folder itself.
        lake: folder or ``s3://`` uri of the lake; it is made if it is not there.
        options: see ``Options``.
        progress: called now and then with the summary so far.

    Raises:
        StoreError: the source is not there, or has no labeling job; or an option names a job that is not there.
    """
    options = options or Options()
    source_store, lake_store = open_store(source, options.s3), Lake.open(lake, options.s3).store
    known = KnownFiles(lake_store)
    listing = _Listing(source_store, known, options)
    load_id = new_load_id()
    parts = itertools.count()
    ledger = LedgerWriter(load_id)
    summary = listing.summary
    jobs: set[str] = set()
    refs: list[tuple[SourceFile, str]] = []
    forgotten_frames = set(known.forgotten_frames)

    def take(outcomes: Iterable[Outcome]) -> None:
        entries = []
        for outcome in outcomes:
            entries.append(_entry(load_id, outcome))
            jobs.add(outcome.file.job_name)
            _count(summary, outcome)
        ledger.add(entries)
        if progress:
            progress(summary)

    def read(files: Iterator[tuple[Store, list[SourceFile]]]) -> None:
        chunks = (
            Chunk(next(parts), store, lake_store, load_id, frozenset(known.forgotten_workers), some)
            for store, some in files
        )
        for chunk in _read_all(chunks, options.processes or os.cpu_count() or 1):
            take(chunk.files)
            refs.extend((outcome.file, ref) for outcome in chunk.files for ref in outcome.refs)
            forgotten_frames.update(chunk.forgotten_frames)

    read(_chunks(source_store, listing, options))
    read(_in_chunks(source_store, listing.frames(forgotten_frames)))
    take([*listing.skipped, *_missing(refs, listing)])
    ledger.add(
        [
            forgotten_frames_entry(load_id, listing.next_number(), folder)
            for folder in sorted(forgotten_frames - known.forgotten_frames)
        ]
    )
    if not listing.job_uris:
        raise StoreError(f"no labeling job under {source_store.uri}")
    named = (options.golden, options.label_category_configs, options.review_batches, options.label_attributes)
    for job_name in dict.fromkeys(itertools.chain(*named)):
        if job_name not in listing.job_uris:
            raise StoreError(f"no labeling job {job_name} under {source_store.uri}, nor in {lake_store.uri}")
    write_schemas(lake_store)
    if ledger.has_entries:
        ledger.commit(lake_store)
        summary.load_id = load_id
    summary.jobs = sorted(jobs)
    return summary


class _Listing:
    """The source's files that are to be read, as they are listed; what was passed over is counted, or recorded."""

    def __init__(self, store: Store, known: KnownFiles, options: Options) -> None:
        self.summary = Summary()
        self.skipped: list[Outcome] = []
        self.label_files: set[str] = set()
        self._files_numbered = 0
        self._frames: list[tuple[Entry, Place]] = []
        self.known = known
        self._store, self._options = store, options
        self.job_uris = dict(known.job_uris)

    def __iter__(self) -> Iterator[SourceFile]:
        for entry in self._store.list():
            self.summary.files_found += 1
            place = place_of(self._store.uri_of(entry.path))
            if place is None:
                self.summary.files_ignored += 1
            elif place.kind == FileKind.WORKER_FRAME and self.known.forgotten_workers:
                self._frames.append((entry, place))  # whose it is, only an answer says
            elif (file := self._file(entry, place)) is not None:
                yield file

    def frames(self, forgotten: Set[FramesFolder]) -> Iterator[SourceFile]:
        """The frames of workers' answers that wait for the answers to be read; those in forgotten folders go."""
        for entry, place in self._frames:
            if place.frames_folder not in forgotten:
                file = self._file(entry, place)
                if file is not None:
                    yield file
                continue
            self.summary.files_forgotten += 1
            uri = self._store.uri_of(entry.path)
            if self.known.is_known(uri) and not self.known.is_forgotten(uri):  # they were loaded before the answer
                self.skipped.append(Outcome(self._source_file(entry, place, uri, None), Status.FORGOTTEN))

    def next_number(self) -> int:
        """A number for one more file of the load."""
        self._files_numbered += 1
        return self._files_numbered - 1

    def _file(self, entry: Entry, place: Place) -> SourceFile | None:
        uri = self._store.uri_of(entry.path)
        if is_label_file(place.kind):
            self.label_files.add(alike(uri))
        label_attribute = self._options.label_attributes.get(place.job_name)
        if self.known.is_forgotten(uri) and not self._options.include_forgotten:
            self.summary.files_forgotten += 1
            return None
        # A label attribute that is declared must be written beside the manifest, changed or not.
        is_told = place.kind == FileKind.OUTPUT_MANIFEST and label_attribute is not None
        if self.known.has(uri, entry.etag) and not is_told:
            self.summary.files_unchanged += 1
            return None
        first = self.job_uris.setdefault(place.job_name, place.job_uri)
        is_conflict = first != place.job_uri
        if is_conflict and self.known.has(uri, None):
            self.summary.files_unchanged += 1
            return None
        # A file that is in the way of another is tried again by each load.
        file = self._source_file(entry, place, uri, None if is_conflict else entry.etag)
        if is_conflict:
            reason = f"job {place.job_name} is loaded from {first}: forget it there, or rename one of the two"
            self.skipped.append(Outcome(file, Status.SKIPPED, error=reason))
            return None
        return file

    def _source_file(self, entry: Entry, place: Place, uri: str, etag: str | None) -> SourceFile:
        return SourceFile(
            file_no=self.next_number(),
            path=entry.path,
            uri=uri,
            kind=place.kind,
            job_name=place.job_name,
            job_uri=place.job_uri,
            etag=etag,
            size_bytes=entry.size_bytes,
            modified_at=entry.modified_at,
            iteration=place.iteration,
            object_folder=place.object_folder,
            payload_folder=place.payload_folder,
            label_attribute=self._options.label_attributes.get(place.job_name),
        )


def _chunks(source: Store, listing: _Listing, options: Options) -> Iterator[tuple[Store, list[SourceFile]]]:
    """Files in chunks of some megabytes, with the store they are in; first those that options name."""
    for kind, named in (
        (FileKind.GOLDEN_LABELS, options.golden),
        (FileKind.LABEL_CATEGORY_CONFIG, options.label_category_configs),
    ):
        for job_name, location in named.items():
            folder, name = os.path.split(location)
            store = open_store(folder or ".", options.s3)
            try:
                etag = hashlib.md5(store.read(name), usedforsecurity=False).hexdigest()
            except OSError as error:
                raise StoreError(f"cannot read {location}: {error}") from None
            uri = f"{store.uri_of(name)}#{job_name}"  # one file may serve several jobs
            if not listing.known.has(uri, etag):
                yield store, [SourceFile(listing.next_number(), name, uri, kind, job_name, etag=etag)]
    for job_name, folder in options.review_batches.items():
        store = open_store(folder, options.s3)
        batches = _review_batches(store, job_name, listing)
        while chunk := list(itertools.islice(batches, _CHUNK_FILES)):
            yield store, chunk
    yield from _in_chunks(source, listing)


def _in_chunks(source: Store, listed: Iterable[SourceFile]) -> Iterator[tuple[Store, list[SourceFile]]]:
    files: list[SourceFile] = []
    size = 0
    for file in listed:
        files.append(file)
        size += file.size_bytes
        if len(files) >= _CHUNK_FILES or size >= _CHUNK_BYTES:
            yield source, files
            files, size = [], 0
    if files:
        yield source, files


def _review_batches(store: Store, job_name: str, listing: _Listing) -> Iterator[SourceFile]:
    """The batches of a folder that an option names, where they are new or changed."""
    is_empty = True
    for entry in store.list():
        # Batches are told apart by their names: what lies deeper may have the same ones.
        if "/" in entry.path or entry.path.startswith("._") or not entry.path.endswith(".json"):
            continue
        is_empty = False
        uri = f"{store.uri_of(entry.path)}#{job_name}"  # as above
        if not listing.known.has(uri, entry.etag):
            yield SourceFile(
                file_no=listing.next_number(),
                path=entry.path,
                uri=uri,
                kind=FileKind.REVIEW_BATCH,
                job_name=job_name,
                etag=entry.etag,
                size_bytes=entry.size_bytes,
                modified_at=entry.modified_at,
            )
    if is_empty:
        raise StoreError(f"no review batch (*.json) in {store.uri}")


def _read_all(chunks: Iterator[Chunk], processes: int) -> Iterator[ChunkOutcome]:
    """Outcomes of every chunk; in this process where there is but one chunk, or but one processor."""
    first, second = next(chunks, None), next(chunks, None)
    if first is None:
        return
    if second is None or processes == 1:
        for chunk in (first, second, *chunks):
            if chunk is not None:
                yield read_chunk(chunk)
        return
    waiting: deque[Future[ChunkOutcome]] = deque()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_die_with_parent) as pool:
        try:
            for chunk in itertools.chain((first, second), chunks):
                with _interrupts_ignored():  # by the processes that are started here: this one deals with them
                    waiting.append(pool.submit(read_chunk, chunk))
                if len(waiting) > 2 * processes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


@contextlib.contextmanager
def _interrupts_ignored() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def _die_with_parent() -> None:
    """End this worker process when the load is killed: a pool's workers would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        waits = partial(multiprocessing.connection.wait, [parent.sentinel])
        threading.Thread(target=lambda: (waits(), os._exit(1)), daemon=True).start()


def read_chunk(chunk: Chunk) -> ChunkOutcome:
    """Read a chunk's files and write their rows."""
    # The rows have no cycles, and looking for some among so many objects takes time.
    gc.disable()
    try:
        return _read_chunk(chunk)
    finally:
        gc.enable()


def _read_chunk(chunk: Chunk) -> ChunkOutcome:
    forgotten_frames: set[FramesFolder] = set()
    answers = partial(
        worker_response.parse, forgotten_workers=chunk.forgotten_workers, forgotten_frames=forgotten_frames
    )
    requests = partial(
        consolidation_request.parse, forgotten_workers=chunk.forgotten_workers, forgotten_frames=forgotten_frames
    )
    parsers: dict[FileKind, Parser] = {
        FileKind.OUTPUT_MANIFEST: output_manifest.parse,
        FileKind.WORKER_RESPONSE: answers,
        FileKind.SEQUENCE_LABELS: sequence_labels.parse,
        FileKind.LABEL_CATEGORY_CONFIG: label_category_config.parse,
        FileKind.GOLDEN_LABELS: golden_labels.parse,
        FileKind.WORKER_FRAME: worker_frame.parse,
        FileKind.CONSOLIDATION_REQUEST: requests,
        FileKind.MASK: mask.parse,
        FileKind.POINT_CLASSES: point_classes.parse,
        FileKind.REVIEW_BATCH: review_batch.parse,
    }
    small = [file for file in chunk.files if file.size_bytes <= _SMALL_BYTES]
    large = [file for file in chunk.files if file.size_bytes > _SMALL_BYTES]
    source = chunk.source
    with (
        TableWriter(chunk.lake, chunk.load_id, chunk.part) as writer,
        contextlib.closing(source.read_many(file.path for file in small)) as contents,
    ):
        outcomes = [
            _read_file(file, _block(data), parsers[file.kind], writer)
            for file, data in zip(small, contents, strict=True)
        ]
        outcomes += [_read_file(file, source.blocks(file.path), parsers[file.kind], writer) for file in large]
    return ChunkOutcome(outcomes, forgotten_frames)


class _UnreadableError(Exception):
    """One file cannot be read."""


def _block(data: bytes | OSError) -> Iterator[bytes]:
    if isinstance(data, OSError):
        raise data
    yield data


def _read_file(file: SourceFile, blocks: Iterable[bytes], parser: Parser, writer: TableWriter) -> Outcome:
    row_count = 0
    refs: list[str] = []
    bytes_read = 0

    def counted() -> Iterator[bytes]:
        nonlocal bytes_read
        try:
            for block in blocks:
                bytes_read += len(block)
                yield block
        except StoreError:
            raise  # no other file could be read either
        except OSError as error:
            raise _UnreadableError(error) from None

    try:
        for rows in parser(file, counted()):
            row_count += writer.add(file.file_no, file.job_name, rows, bytes_read)
            bytes_read = 0
            refs += _refs(rows)
    except (BadFile, msgspec.MsgspecError, UnicodeDecodeError) as error:
        return Outcome(file, Status.REJECTED, error=str(error))
    except RecursionError:
        return Outcome(file, Status.REJECTED, error="nested too deeply")
    except _UnreadableError as error:
        unread = replace(file, etag=None)  # without a version, the next load tries again
        return Outcome(unread, Status.REJECTED, error=f"cannot be read: {error}")
    except OSError:  # the lake cannot be written, or the source is gone
        raise
    except Exception as error:  # a fault of the parser must not cost the other files
        return Outcome(file, Status.REJECTED, error=f"fault of the loader: {error!r}")
    return Outcome(file, Status.LOADED, row_count, refs=refs)


def _refs(rows: Rows) -> list[str]:
    place = DataObject._fields.index("label_uri")
    return [row[place] for row in rows.get("data_objects", ()) if row[place]]


def _missing(refs: list[tuple[SourceFile, str]], listing: _Listing) -> Iterator[Outcome]:
    """Label files that a job's manifest names and that are not in its folder."""
    for manifest, ref in dict.fromkeys(refs):
        uri = own_file(ref, manifest.job_uri or "")
        place = place_of(uri) if uri else None
        if uri is None or place is None or not is_label_file(place.kind):
            continue
        if alike(uri) in listing.label_files or listing.known.is_known(uri):
            continue
        file = SourceFile(listing.next_number(), "", uri, place.kind, manifest.job_name, manifest.job_uri)
        yield Outcome(file, Status.REJECTED, error=f"not there, though {manifest.uri} names it")


def _entry(load_id: str, outcome: Outcome) -> LedgerEntry:
    file = outcome.file
    return new_entry(
        load_id,
        file.file_no,
        file.uri,
        outcome.status,
        job_name=file.job_name,
        job_uri=file.job_uri,
        file_kind=file.kind.value,
        etag=file.etag,
        size_bytes=file.size_bytes,
        modified_at=file.modified_at,
        row_count=outcome.row_count,
        error=outcome.error,
    )


def _count(summary: Summary, outcome: Outcome) -> None:
    summary.rows += outcome.row_count
    if outcome.status == Status.LOADED:
        summary.files_loaded += 1
        return
    if outcome.status == Status.FORGOTTEN:
        return
    if outcome.status == Status.REJECTED:
        summary.files_rejected += 1
    else:
        summary.files_skipped += 1
    error = {"uri": outcome.file.uri, "error": outcome.error or ""}
    # A folder that is in the way is said once, not for each of its files.
    if outcome.status == Status.SKIPPED and outcome.file.etag is None:
        error["uri"] = outcome.file.job_uri or ""
    if not summary.errors or summary.errors[-1] != error:
        summary.errors.append(error)
