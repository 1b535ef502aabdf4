"""Whose rows are left out: those of forgotten workers, by one rule for every command that writes rows.

A row goes if its ``worker_key`` is forgotten, or if its ``worker_id`` alone gives a forgotten key (an answer without
identity). The rows of a dropped answer go with it, in every table that has its ``answer_index``. Frames of an answer
are other files, which do not say whose they are: the answer points to their folder.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ingest.identity import worker_key
from ingest.job_folder import FramesFolder

ANSWERS = "worker_answers"
ANSWER_COLUMNS = (
    *("load_id", "file_no", "job_name", "object_index", "answer_index"),
    *("worker_key", "worker_id", "payload_folder"),
)
"""Columns of ``worker_answers`` that ``find_answers`` reads."""

_FILE_SHIFT = 32


@dataclass
class DroppedAnswers:
    """Answers of forgotten workers."""

    frames: set[FramesFolder] = field(default_factory=set)
    """Folders of their frames."""
    _codes: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """By load: file_no and answer_index of each, in one number."""

    def file_numbers(self, load_id: str) -> list[int]:
        """Number of the source file of each dropped answer of a load."""
        return [code >> _FILE_SHIFT for code in self._codes.get(load_id, ())]

    @property
    def load_ids(self) -> set[str]:
        """Loads with dropped answers."""
        return set(self._codes)

    def add(self, answers: pa.RecordBatch) -> None:
        """Add answers, of which all are dropped."""
        for load_id, code in zip(answers.column("load_id").to_pylist(), _codes(answers).to_pylist(), strict=True):
            self._codes[load_id].add(code)
        columns = (answers.column(name).to_pylist() for name in ("job_name", "object_index", "payload_folder"))
        self.frames.update(
            FramesFolder(job_name or "", str(object_index), folder)
            for job_name, object_index, folder in zip(*columns, strict=True)
            if folder is not None
        )

    def includes(self, batch: pa.RecordBatch) -> pa.BooleanArray:
        """Which rows belong to a dropped answer; the batch has the columns load_id, file_no and answer_index."""
        mask = pa.repeat(pa.scalar(False), len(batch))
        for load_id in pc.unique(batch.column("load_id")).to_pylist() if self._codes else ():
            if load_id in self._codes:
                dropped = pc.is_in(_codes(batch), value_set=pa.array(self._codes[load_id], pa.int64()))
                mask = pc.or_(mask, pc.and_(dropped, pc.equal(batch.column("load_id"), load_id)))
        return mask


def _codes(batch: pa.RecordBatch) -> pa.Int64Array:
    """File and answer in one number; NULL for a row of no answer."""
    file_no, answer = (batch.column(name).cast(pa.int64()) for name in ("file_no", "answer_index"))
    return pc.add(pc.shift_left(file_no, _FILE_SHIFT), answer)


class Redacted(NamedTuple):
    """Rows without those of forgotten workers, and the folders of frames that the dropped answers point to."""

    tables: dict[str, pa.RecordBatch]
    frames: set[FramesFolder]


@dataclass(frozen=True)
class Redaction:
    """The workers whose rows are left out, by their keys."""

    workers: frozenset[str] = frozenset()

    def apply(self, tables: Mapping[str, pa.RecordBatch]) -> Redacted:
        """The rows that may be written, of source files that are whole in these batches; by table.

        The batches have the columns of their tables, lineage included. Nothing is copied if nothing is dropped.
        """
        if not self.workers:
            return Redacted(dict(tables), set())
        answers = self.find_answers([tables[ANSWERS]] if ANSWERS in tables else [])
        return Redacted({name: self.filter(batch, answers) for name, batch in tables.items()}, answers.frames)

    def find_answers(self, batches: Iterable[pa.RecordBatch]) -> DroppedAnswers:
        """The answers that are dropped; the batches have ``ANSWER_COLUMNS``."""
        found = DroppedAnswers()
        for batch in batches:
            mask = self.concerns(batch)
            if pc.any(mask).as_py():
                found.add(batch.filter(mask))
        return found

    def filter(self, batch: pa.RecordBatch, answers: DroppedAnswers) -> pa.RecordBatch:
        """A table's rows without the forgotten workers' own, and without those of the dropped answers."""
        mask = self.concerns(batch)
        if {"load_id", "file_no", "answer_index"} <= set(batch.schema.names):
            mask = pc.or_(mask, answers.includes(batch))
        return batch.filter(pc.invert(mask)) if pc.any(mask).as_py() else batch

    def concerns(self, batch: pa.RecordBatch) -> pa.BooleanArray:
        """Which rows name a forgotten worker; none in a table that names no workers."""
        mask = pa.repeat(pa.scalar(False), len(batch))
        names = batch.schema.names
        if "worker_key" in names:
            mask = pc.is_in(batch.column("worker_key"), value_set=pa.array(self.workers, pa.string()))
        if "worker_id" in names:
            ids = pc.unique(batch.column("worker_id")).to_pylist()
            forgotten = [worker_id for worker_id in ids if worker_id and worker_key(worker_id) in self.workers]
            if forgotten:
                mask = pc.or_(mask, pc.is_in(batch.column("worker_id"), value_set=pa.array(forgotten, pa.string())))
        return mask
