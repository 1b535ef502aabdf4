"""Whose rows are left out: those of forgotten workers, by one rule for every command that writes rows.

A row goes if its ``worker_key`` is forgotten, or if its ``worker_id`` alone gives a forgotten key (an answer without
identity). The rows of a dropped answer go with it, in every table that has its ``answer_index``. Frames of an answer
are other files, which do not say whose they are: the answer points to their folder. JSON that is kept as written may
name workers too, as a custom job's ``annotationsFromAllWorkers`` does: they are cut out of it in the rows that stay.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ingest.identity import worker_key
from ingest.job_folder import FramesFolder
from ingest.lake.json_names import People

ANSWERS = "worker_answers"
ANSWER_COLUMNS = (
    *("load_id", "file_no", "job_name", "object_index", "answer_index"),
    *("worker_key", "worker_id", "payload_folder"),
)
"""Columns of ``worker_answers`` that ``find_answers`` reads."""

_FILE_SHIFT = 32
_JSON_SUFFIX = "_json"
# Columns besides, whose text may be JSON; and one that has nothing but numbers.
_ALSO_JSON = frozenset({"attribute_value", "source_text"})
_NUMBERS = "geometry_json"


def may_name_workers(column: str) -> bool:
    """Whether a column keeps JSON or text of the source, which may name any worker."""
    return (column.endswith(_JSON_SUFFIX) and column != _NUMBERS) or column in _ALSO_JSON


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
    """Rows without those of forgotten workers.

    Attributes:
        tables: by table.
        frames: folders of frames that the dropped answers point to.
        values_dropped: how many values of JSON became NULL.
    """

    tables: dict[str, pa.RecordBatch]
    frames: set[FramesFolder]
    values_dropped: int = 0


@dataclass(frozen=True)
class Redaction:
    """The workers whose rows are left out, by their keys.

    Attributes:
        workers: their keys.
        texts: what else is known to name them; only searched for in JSON.
        dropped: how many values became NULL so far, because nothing could be cut out of them; by column.
    """

    workers: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    dropped: Counter[str] = field(default_factory=Counter, compare=False)

    def apply(self, tables: Mapping[str, pa.RecordBatch]) -> Redacted:
        """The rows that may be written, of source files that are whole in these batches; by table.

        The batches have the columns of their tables, lineage included. Nothing is copied if nothing is dropped.
        """
        if not self.workers:
            return Redacted(dict(tables), set())
        answers = self.find_answers([tables[ANSWERS]] if ANSWERS in tables else [])
        before = self.dropped.total()
        kept = {name: self.filter(batch, answers) for name, batch in tables.items()}
        return Redacted(kept, answers.frames, self.dropped.total() - before)

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
        batch = batch.filter(pc.invert(mask)) if pc.any(mask).as_py() else batch
        return self._without_names(batch)

    def is_named_in(self, batch: pa.RecordBatch) -> pa.BooleanArray:
        """Which rows have JSON that names a forgotten worker."""
        mask = pa.repeat(pa.scalar(False), len(batch))
        for name in filter(may_name_workers, batch.schema.names):
            changed = list(self._cut(batch.column(name)))
            if changed:
                mask = pc.or_(mask, pc.is_in(batch.column(name), value_set=pa.array(changed, pa.string())))
        return mask

    def _without_names(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The same rows; what names a forgotten worker is cut out of their JSON."""
        for place, name in enumerate(batch.schema.names):
            column = batch.column(place)
            changed = self._cut(column) if may_name_workers(name) else {}
            if changed:
                values = [changed.get(value, value) for value in column.to_pylist()]
                self.dropped[name] += pc.sum(pc.is_valid(column)).as_py() - sum(value is not None for value in values)
                batch = batch.set_column(place, batch.schema.field(place), pa.array(values, column.type))
        return batch

    def _cut(self, column: pa.StringArray) -> dict[str, str | None]:
        """The values that name a forgotten worker, each with what stays of it."""
        found = {}
        for value in pc.unique(column).to_pylist() if self.workers and pa.types.is_string(column.type) else ():
            if value is not None and (rest := self._people.cut(value)) is not value:
                found[value] = rest
        return found

    @cached_property
    def _people(self) -> People:
        return People(self.workers, self.texts)

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
