"""Reading the files of one chunk, and writing their rows: what a worker process does.

Files are parsed one by one into the same rows, which become Arrow columns when there are some ten thousand of them.
A file that cannot be parsed takes its rows back. If the rows of several files do not fit their columns, each half of
the files is read again, and so on, to find the one that is to blame.
"""

from __future__ import annotations

import contextlib
import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from ingest.formats.parsing import BadFile
from ingest.formats.registry import Parser, parser_of
from ingest.job_folder import HOLD_RESULTS, FileKind, FramesFolder, SourceFile
from ingest.lake.ledger import Status
from ingest.lake.parquet import PartWriter
from ingest.lake.redaction import Redaction
from ingest.load.outcome import Outcome, ledger_entries
from ingest.rows import Rows, TooMuchTextError
from ingest.storage.store import Store, StoreError
from ingest.tables import LABEL_TABLES, MEASURED_SHAPES

# A file up to this size is read whole, with its neighbours; a larger one by itself, in blocks.
_SMALL_BYTES = 4 * 2**20
_LOADED = Status.LOADED
# So many rows, or bytes of JSON, become columns at a time.
_MANY_ROWS = 8_192
_MANY_BYTES = 8 * 2**20
# How many times its size in memory is needed for a file that is decoded whole; those of some kinds are read in pieces.
_DECODED = 6
_IN_PIECES = frozenset({FileKind.OUTPUT_MANIFEST, FileKind.GOLDEN_LABELS, FileKind.POINT_CLASSES})
# How many times the size of the columns is needed until they are written.
_COPIES = 3
# At most so many of a row's columns have the same long text.
_TEXT_COLUMNS = 4


@dataclass(frozen=True)
class Chunk:
    """Files for one part of the load; everything a worker process needs to know."""

    open_part: Callable[[], PartWriter]
    load_id: str
    redaction: Redaction
    source: Store
    files: list[SourceFile]
    file_memory: int = 2**30
    """Bytes of memory that one file may take."""


@dataclass
class ChunkOutcome:
    """What became of a chunk's files.

    Attributes:
        entries: the ledger's entries for all of them.
        jobs: names of their jobs.
        loaded: how many are loaded.
        rows: how many rows they gave.
        refused: the others, with the reason.
        warnings: uris of loaded files, with what is wrong with them.
        label_files: uris of files that hold labels, each with the manifest that refers to it.
        forgotten_frames: folders of frames that answers of forgotten workers point to.
        values_dropped: how many values of JSON named forgotten workers as a whole, and are NULL.
        measured: job and data object of the labels whose overlaps are to be measured, by table.
        parts: the files of the lake that were written.
    """

    entries: pa.RecordBatch
    jobs: set[str]
    loaded: int
    rows: int
    refused: list[Outcome]
    warnings: list[tuple[str, str]]
    label_files: list[tuple[SourceFile, str]]
    forgotten_frames: set[FramesFolder]
    values_dropped: int
    measured: dict[str, set[tuple[str, int]]]
    parts: list[str]

    # Between processes the entries are compressed: what does not fit into a pipe waits until it is read there.
    def __getstate__(self) -> dict[str, Any]:
        packed = pa.BufferOutputStream()
        with pa.ipc.new_stream(packed, self.entries.schema, options=_PACKED) as stream:
            stream.write_batch(self.entries)
        return self.__dict__ | {"entries": packed.getvalue().to_pybytes()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ |= state
        self.entries = pa.ipc.open_stream(state["entries"]).read_next_batch()


_PACKED = pa.ipc.IpcWriteOptions(compression="zstd")


def read_chunk(chunk: Chunk) -> ChunkOutcome:
    """Read a chunk's files and write their rows."""
    with without_gc(), chunk.open_part() as part:
        reader = _Reader(chunk, part)
        reader.read_all()
    return reader.outcome()


@contextlib.contextmanager
def without_gc() -> Iterator[None]:
    """Make no search for cycles: files and rows have none, and among so many objects it takes time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _UnreadableError(Exception):
    """One file cannot be read."""


class _Reader:
    def __init__(self, chunk: Chunk, part: PartWriter) -> None:
        self._chunk, self._part = chunk, part
        self._rows = Rows(self._take_some)
        self._kind: FileKind | None = None
        self._parse: Parser = parser_of(FileKind.WORKER_RESPONSE)
        self._outcomes: dict[int, Outcome] = {}
        self._waiting: list[SourceFile] = []  # parsed, but not yet columns
        self._bytes = 0
        self._most_decoded = chunk.file_memory // _DECODED
        self._largest = 0  # of the files that wait
        self._manifests = {file.file_no: file for file in chunk.files if file.kind in HOLD_RESULTS}
        self._label_files: list[tuple[SourceFile, str]] = []
        self._forgotten_frames: set[FramesFolder] = set()
        self._values_dropped = 0
        self._measured: dict[str, set[tuple[str, int]]] = {table: set() for table in LABEL_TABLES}

    def read_all(self) -> None:
        """Read every file of the chunk: the small ones together, then each large one."""
        files = self._chunk.files
        self._read_together([file for file in files if file.size_bytes <= _SMALL_BYTES])
        for file in files:
            if file.size_bytes > _SMALL_BYTES:
                self._read(file, self._blocks(file))
                self._flush()

    def outcome(self) -> ChunkOutcome:
        """What became of the files."""
        outcomes = [self._outcomes[file.file_no] for file in self._chunk.files]
        refused = [outcome for outcome in outcomes if outcome.status is not _LOADED]
        warnings = [(outcome.file.uri, outcome.warning) for outcome in outcomes if outcome.warning is not None]
        return ChunkOutcome(
            entries=ledger_entries(self._chunk.load_id, outcomes),
            jobs={file.job_name for file in self._chunk.files},
            loaded=len(outcomes) - len(refused),
            rows=sum(outcome.row_count for outcome in outcomes),
            refused=refused,
            warnings=warnings,
            label_files=self._label_files,
            forgotten_frames=self._forgotten_frames,
            values_dropped=self._values_dropped,
            measured=self._measured,
            parts=self._part.written,
        )

    def _read_together(self, files: list[SourceFile]) -> None:
        with contextlib.closing(self._chunk.source.read_many(file.path for file in files)) as contents:
            for file, data in zip(files, contents, strict=True):
                self._read(file, _unreadable(data) if isinstance(data, OSError) else (data,))
                self._bytes += file.size_bytes
                if self._rows.count >= _MANY_ROWS or self._bytes >= _MANY_BYTES:
                    self._flush()
        self._flush()

    def _read(self, file: SourceFile, blocks: Iterable[bytes]) -> None:
        rows = self._rows
        rows.begin(file.file_no, file.job_name)
        self._waiting.append(file)
        before = rows.added
        if file.size_bytes > self._largest:
            self._largest = file.size_bytes
        try:
            if file.size_bytes > self._most_decoded and file.kind not in _IN_PIECES:
                raise BadFile(_too_large(self._chunk.file_memory))
            if file.kind is not self._kind:
                self._kind, self._parse = file.kind, parser_of(file.kind)
            self._parse(file, blocks, rows)
        except (BadFile, msgspec.MsgspecError, UnicodeDecodeError) as error:
            self._refuse(file, str(error))
        except RecursionError:
            self._refuse(file, "nested too deeply")
        except _UnreadableError as error:
            # Without a version, the next load tries again.
            self._refuse(msgspec.structs.replace(file, etag=None), f"cannot be read: {error}")
        except OSError:  # the lake cannot be written, or the source is gone
            raise
        except Exception as error:  # a fault of the parser must not cost the other files
            self._refuse(file, f"fault of the loader: {error!r}")
        else:
            self._outcomes[file.file_no] = Outcome(file, _LOADED, rows.added - before, warning=rows.warning)

    def _refuse(self, file: SourceFile, error: str) -> None:
        self._rows.discard(file.file_no)
        self._outcomes[file.file_no] = Outcome(file, Status.REJECTED, error=error)

    def _blocks(self, file: SourceFile) -> Iterator[bytes]:
        """The blocks of a large file."""
        try:
            for block in self._chunk.source.blocks(file.path):
                self._bytes += len(block)
                yield block
        except StoreError:
            raise  # no other file could be read either
        except OSError as error:
            raise _UnreadableError(error) from None

    def _take_some(self, rows: Rows) -> None:
        """At a checkpoint within a large file: write the rows so far, if they are many.

        The rows of a small file may have to be made again, with those of its neighbours: they wait.
        """
        is_large = self._waiting[-1].size_bytes > _SMALL_BYTES
        if is_large and (rows.count >= _MANY_ROWS or self._bytes >= _MANY_BYTES):
            try:
                batches = self._batches()
            except _MISFITS as error:
                raise BadFile(_misfit(error)) from None
            self._write(batches)
            rows.clear()
            self._bytes = 0

    def _flush(self) -> None:
        """Write the rows of the files that wait."""
        waiting, self._waiting = self._waiting, []
        try:
            batches = self._batches()
        except _MISFITS as error:
            self._rows.clear()
            self._bytes = 0
            loaded = [file for file in waiting if self._outcomes[file.file_no].status is _LOADED]
            if len(loaded) == 1:
                self._refuse(loaded[0], _misfit(error))
                return
            middle = len(loaded) // 2
            self._read_together(loaded[:middle])
            self._read_together(loaded[middle:])
        else:
            self._write(batches)
            self._rows.clear()
            self._bytes = 0

    def _batches(self) -> dict[str, pa.RecordBatch]:
        """The rows as columns.

        Raises:
            BadFile: they would take too much memory.
        """
        most_text = self._chunk.file_memory // _COPIES
        # No text is longer than its file, so most rows need not be measured.
        is_small = self._rows.count * self._largest * _TEXT_COLUMNS <= most_text
        self._largest = 0
        try:
            return self._rows.batches(self._chunk.load_id, None if is_small else most_text)
        except TooMuchTextError:
            raise BadFile(_too_large(self._chunk.file_memory)) from None

    def _write(self, batches: dict[str, pa.RecordBatch]) -> None:
        if "data_objects" in batches:
            self._note_label_files(batches["data_objects"])
        redacted = self._chunk.redaction.apply(batches)
        self._forgotten_frames |= redacted.frames
        self._values_dropped += redacted.values_dropped
        for name, batch in redacted.tables.items():
            if len(batch) < len(batches[name]):
                self._uncount(batches[name], batch)
            self._part.write(name, batch)
            if name in LABEL_TABLES:
                self._note_measured(name, batch)

    def _note_measured(self, table: str, labels: pa.RecordBatch) -> None:
        found = pc.is_in(labels["shape"], pa.array(MEASURED_SHAPES, pa.string()))
        if pc.any(found).as_py():
            labels = labels.filter(pc.and_(found, pc.is_valid(labels["geometry_json"])))
            columns = (labels[name].to_pylist() for name in ("job_name", "object_index"))
            self._measured[table].update(zip(*columns, strict=True))

    def _note_label_files(self, data_objects: pa.RecordBatch) -> None:
        named = data_objects.select(["file_no", "label_uri"]).filter(pc.is_valid(data_objects["label_uri"]))
        for file_no, uri in zip(named["file_no"].to_pylist(), named["label_uri"].to_pylist(), strict=True):
            self._label_files.append((self._manifests[file_no], uri))

    def _uncount(self, all_rows: pa.RecordBatch, kept_rows: pa.RecordBatch) -> None:
        """Take the rows that are left out from the row counts of their files."""
        left_out = Counter(all_rows.column("file_no").to_pylist())
        left_out.subtract(kept_rows.column("file_no").to_pylist())
        for file_no, count in left_out.items():
            outcome = self._outcomes[file_no]
            self._outcomes[file_no] = msgspec.structs.replace(outcome, row_count=outcome.row_count - count)


def _too_large(memory: int) -> str:
    return f"needs more than {memory // 2**20:,} MB of memory: allow more with --file-memory, or split the file"


def _unreadable(error: OSError) -> Iterator[bytes]:
    """The blocks of a file that cannot be read."""
    raise error if isinstance(error, StoreError) else _UnreadableError(error)
    yield  # so that it is raised where the file is read


# What Arrow raises if a value does not fit its column, such as text that is no Unicode.
_MISFITS = (pa.ArrowException, ValueError, OverflowError, TypeError)


def _misfit(error: Exception) -> str:
    if isinstance(error, BadFile):
        return str(error)
    reason = " ".join(str(error).split())
    return f"a value does not fit its column: {reason if len(reason) <= 200 else reason[:200] + '…'}"
