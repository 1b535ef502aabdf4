"""The load: read what is new or changed, write its rows, commit.

Files are read in chunks, each of which writes its own part of every table. With more than one process, this one reads
beside the others. Nothing is visible before the load is committed, so a load that dies at any moment leaves the lake
as it was.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import multiprocessing.connection
import multiprocessing.context
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from ingest.job_folder import SourceFile, own_file
from ingest.lake.again import OvertakenError, again_if_overtaken
from ingest.lake.lake import Lake, Load
from ingest.lake.ledger import FILE_COLUMNS, FRAMES_SCHEME, WORKER_SCHEME, KnownFiles, forgotten_frames_entry
from ingest.lake.redaction import Redaction
from ingest.load.outcome import Summary, ledger_entries
from ingest.load.plan import Options, Plan, check_jobs
from ingest.load.work import Chunk, ChunkOutcome, read_chunk, without_gc
from ingest.storage.open import open_store, open_store_of_file
from ingest.storage.store import S3_SCHEME, Store, StoreError
from ingest.tables import LABEL_TABLES


def load(
    source: str, lake: str, options: Options | None = None, progress: Callable[[Summary], None] | None = None
) -> Summary:
    """Read what is new or changed under ``source`` and commit it to ``lake``.

    Args:
        source: folder or ``s3://`` URI with any number of jobs' folders, at any depth, or one job's folder itself; or,
            if the options name its job, an output manifest.
        lake: folder or ``s3://`` URI of the lake; it is made if it is missing.
        options: see ``Options``.
        progress: called now and then with the summary so far.

    Raises:
        StoreError: the source is missing, or has no labeling job; or an option names a job that is neither there nor
            in the lake: then nothing was written.
    """
    options = options or Options()
    file: str | None = None
    if options.manifest_of:
        source_store, file = open_store_of_file(source, options.s3)
    elif not source.startswith(S3_SCHEME) and Path(source).is_file():
        raise StoreError(f"{source} is a file: expected a folder; if it is an output manifest, name its job with --job")
    else:
        source_store = open_store(source, options.s3)
    target = Lake.open(lake, options.s3)
    report = progress or _silent

    def attempt() -> Summary:
        return _load(source_store, file, target, options, report)

    return again_if_overtaken("load", target.store, attempt, OvertakenError)


def _load(
    source: Store, file: str | None, lake: Lake, options: Options, progress: Callable[[Summary], None]
) -> Summary:
    known = KnownFiles(lake.store)
    check_jobs(source, known, options)
    with without_gc(), lake.begin(known.last_load_id) as load:
        plan = Plan(source, known, options, file)
        run = _Run(load, plan, options, progress)
        run.read(plan.chunks())
        run.read(plan.frame_chunks(run.forgotten_frames))
        run.finish()
        run.measure_overlaps(lake.store)
        _check_not_forgotten(load, known)
    plan.summary.load_id = load.id if load.is_committed else None
    return plan.summary


def _check_not_forgotten(load: Load, known: KnownFiles) -> None:
    """Check that nothing of a load was forgotten since it began: its commit would bring it back.

    Raises:
        OvertakenError: something may have been; then nothing of the load is left.
    """
    forgotten = known.forgotten_since()
    if not forgotten:
        return
    # Which rows are those of a worker, or are frames of theirs, is not looked for: all of the load is read again.
    files = {uri for uri in forgotten if not uri.startswith((WORKER_SCHEME, FRAMES_SCHEME))}
    loaded = pa.array(files, pa.string())
    is_meant = len(files) < len(forgotten) or any(
        pc.any(pc.is_in(batch["uri"], value_set=loaded)).as_py() for batch in load.entries(FILE_COLUMNS)
    )
    if is_meant:
        load.take_back(0)
        raise OvertakenError(f"{min(forgotten)} was forgotten")


def _silent(summary: Summary) -> None:
    pass


class _Run:
    """A load that is being written."""

    def __init__(self, load: Load, plan: Plan, options: Options, progress: Callable[[Summary], None]) -> None:
        self.forgotten_frames = set(plan.known.forgotten_frames)
        self._load, self._plan, self._progress = load, plan, progress
        self._processes = options.processes or os.cpu_count() or 1
        self._redaction = Redaction(frozenset(plan.known.forgotten_workers))
        self._parts = itertools.count()
        self._file_memory = options.file_memory_mb * 2**20
        self._jobs: set[str] = set()
        self._label_files: list[tuple[SourceFile, str]] = []
        self._measured: dict[str, set[tuple[str, int]]] = {table: set() for table in LABEL_TABLES}

    def read(self, chunks: Iterator[tuple[Store, list[SourceFile]]]) -> None:
        """Read files, and write their rows and their entries."""
        summary = self._plan.summary
        for done in _read_all(map(self._chunk, chunks), self._processes):
            self._load.add(done.entries)
            self._load.add_parts(done.parts)
            summary.files_loaded += done.loaded
            summary.rows += done.rows
            self._jobs |= done.jobs
            for outcome in done.refused:
                summary.count(outcome)
            summary.warnings += [{"uri": uri, "warning": warning} for uri, warning in done.warnings]
            self._label_files += done.label_files
            self.forgotten_frames |= done.forgotten_frames
            summary.values_dropped += done.values_dropped
            for table, objects in done.measured.items():
                self._measured[table] |= objects
            self._progress(summary)

    def finish(self) -> None:
        """Write the entries of what was not read.

        Raises:
            StoreError: there is no labeling job.
        """
        plan, summary = self._plan, self._plan.summary
        others = [*plan.skipped, *plan.missing(self._label_files)]
        for outcome in others:
            summary.count(outcome)
        self._load.add(ledger_entries(self._load.id, others))
        self._load.add(
            [
                forgotten_frames_entry(self._load.id, plan.next_number(), folder)
                for folder in sorted(self.forgotten_frames - plan.known.forgotten_frames)
            ]
        )
        self._load.add([*plan.unlisted(self._load.id), *plan.moved(self._load.id)])
        if not plan.job_uris:
            found = [f"{error['uri']} {error['error']}" for error in summary.errors[:1]]
            found += [f"{alike.uri} is {alike.advice}" for alike in plan.look_alikes()[:3]]
            advice = "expected JOB/manifests/output/output.manifest or JOB/annotations in it, at any depth"
            raise StoreError("; ".join([f"no labeling job under {plan.source.uri}: {advice}", *found]))
        self._load.add([*plan.skipped_look_alikes(self._load.id)])
        summary.jobs = sorted(self._jobs | {outcome.file.job_name for outcome in others})
        self._progress(summary)

    def measure_overlaps(self, store: Store) -> None:
        """Write the overlaps of labels that SQL cannot measure."""
        known = self._plan.known
        is_upgrade = not known.is_empty and not known.has_overlaps
        # A job whose own labels are not in the lake has them in this load.
        has_references = any(
            manifest.job_name in known.job_uris and own_file(ref, manifest.job_uri or "") is None
            for manifest, ref in self._label_files
        )
        if not (is_upgrade or has_references or any(self._measured.values())):
            return
        from ingest.load.overlaps import add_overlaps  # shapely takes a while to import, and few loads need it

        entry_no = self._plan.next_number() if is_upgrade else None
        add_overlaps(store, self._load, self._parts, self._measured, entry_no, has_references)

    def _chunk(self, files: tuple[Store, list[SourceFile]]) -> Chunk:
        return Chunk(self._load.part_spec(next(self._parts)), self._load.id, self._redaction, *files, self._file_memory)


def _read_all(chunks: Iterator[Chunk], processes: int) -> Iterator[ChunkOutcome]:
    """Outcomes of every chunk; with several chunks and processes, other processes read beside this one."""
    first, second = next(chunks, None), next(chunks, None)
    if first is None:
        return
    if second is None or processes == 1:
        for chunk in (first, second, *chunks):
            if chunk is not None:
                yield read_chunk(chunk)
        return
    others = processes - 1
    waiting: deque[Future[ChunkOutcome]] = deque()
    with ProcessPoolExecutor(others, mp_context=_context(), initializer=_die_with_parent) as pool:
        try:
            for chunk, is_last in _with_last(itertools.chain((first, second), chunks)):
                while waiting and waiting[0].done():
                    yield waiting.popleft().result()
                if len(waiting) < 2 * others and not is_last:
                    with _interrupts_ignored():  # by the processes that are started here: this one deals with them
                        waiting.append(pool.submit(read_chunk, chunk))
                else:
                    yield read_chunk(chunk)
            while waiting:
                yield waiting.popleft().result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _with_last(chunks: Iterable[Chunk]) -> Iterator[tuple[Chunk, bool]]:
    """Each chunk, and whether it is the last one."""
    before: Chunk | None = None
    for chunk in chunks:
        if before is not None:
            yield before, False
        before = chunk
    if before is not None:
        yield before, True


def _context() -> multiprocessing.context.BaseContext:
    """How other processes start: as copies of this one, if that is safe; else from nothing, which takes time."""
    # A copy lacks its parent's threads, and finds their locks as they were: a caller's own, or those of obstore.
    # Arrow's thread pool and its memory pools are made for this.
    has_threads = threading.active_count() > 1 or "obstore" in sys.modules
    return multiprocessing.get_context("fork" if sys.platform == "linux" and not has_threads else "spawn")


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
