"""Rows of the raw tables, on their way from a parser into Arrow's columns.

A parser adds *runs*: some records of one layout that share the values of some columns. A layout names the columns it
fills, so a label that is a class costs nothing for the twenty columns of a box or a cuboid. Records are turned into
columns many files at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from itertools import accumulate
from operator import attrgetter, sub
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from ingest.tables import TABLES, Lineage

Value: TypeAlias = Any
"""Value of a column: text, a number, a flag, or milliseconds since 1970-01-01 UTC."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Layout:
    """Which columns of a table the records of one kind fill; all others are NULL.

    Attributes:
        table: name of the raw table.
        shared: columns that have one value for all records of a run.
        own: columns that have a value for each record: with ``attributes``, of those names; else a record is a tuple
            of the values.
        attributes: attributes of a record that the ``own`` columns are read from.
        fixed: columns that have one value for all records of the layout.
        derived: columns that Arrow computes of ``own`` columns: name, function, and the names of its arguments.
        interned: columns whose values come as one tuple, the first of a record's own values: the same few tuples are
            in many records.
        converted: columns that are made of their values by a function of their own.
        numbered: column that numbers the records of a run.
    """

    table: str
    shared: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    interned: tuple[str, ...] = ()
    fixed: tuple[tuple[str, Value], ...] = ()
    derived: tuple[tuple[str, Callable[..., pa.Array], tuple[str, ...]], ...] = ()
    converted: tuple[tuple[str, Callable[[Sequence[Any]], pa.Array]], ...] = ()
    numbered: str | None = None

    @cached_property
    def getters(self) -> list[Callable[[Any], Value]]:
        """What reads the values of the ``own`` columns, if records are objects."""
        return [attrgetter(name) for name in self.attributes]


def in_short(first: str | None, count: int) -> str | None:
    """The first of some messages, and how many more there are; None if there is none."""
    return f"{first} (and {count - 1:,} more)" if count > 1 else first


class TooMuchTextError(ValueError):
    """Rows whose texts, as columns, would take too much memory."""


@lru_cache
def whole_rows(table: str) -> Layout:
    """Layout of records that are tuples of all the columns of a table, without its lineage."""
    return Layout(table=table, own=tuple(TABLES[table].schema.names[len(Lineage._fields) :]))


@dataclass
class _Runs:
    """Runs of one layout: of each its lineage and shared values, its length and its first number; and all records."""

    shared: list[tuple[Value, ...]] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    first_numbers: list[int] = field(default_factory=list)
    records: list[Any] = field(default_factory=list)


class Rows:
    """Rows of many files. The parser of a file adds to it, after ``begin`` said which file it is."""

    def __init__(self, take: Callable[[Rows], None] | None = None) -> None:
        """Make it, without rows.

        Args:
            take: called at each checkpoint, to take out the rows so far if they are many.
        """
        self.count = 0
        """Rows that are here."""
        self.added = 0
        """Rows that were ever added, and not discarded."""
        self._take = take
        self._lineage: tuple[int, str | None] = (0, None)
        self._first_warning: str | None = None
        self._warnings = 0
        self._runs: dict[Layout, _Runs] = {}

    def begin(self, file_no: int, job_name: str | None) -> None:
        """The rows that follow are of this file."""
        self._lineage = (file_no, job_name)
        self._first_warning, self._warnings = None, 0

    def warn(self, what: str) -> None:
        """Something of the file that was begun last is not as it should be, and all else of it counts."""
        if self._first_warning is None:
            self._first_warning = what
        self._warnings += 1

    @property
    def warning(self) -> str | None:
        """What was warned of the file that was begun last: the first thing, and how many more there are."""
        return in_short(self._first_warning, self._warnings)

    def add(self, layout: Layout, shared: tuple[Value, ...], records: Sequence[Any], first_number: int = 0) -> None:
        """Add a run of records, with the values of the layout's shared columns."""
        length = len(records)
        if not length:
            return
        runs = self._runs.get(layout)
        if runs is None:
            runs = self._runs[layout] = _Runs()
        runs.shared.append(self._lineage + shared)
        runs.lengths.append(length)
        runs.first_numbers.append(first_number)
        runs.records += records
        self.count += length
        self.added += length

    def add_rows(self, table: str, rows: Sequence[tuple[Value, ...]]) -> None:
        """Add whole rows: a value for each column of the table, without its lineage."""
        self.add(whole_rows(table), (), rows)

    def add_tables(self, tables: Mapping[str, Sequence[tuple[Value, ...]]]) -> None:
        """Add whole rows of several tables."""
        for table, rows in tables.items():
            self.add_rows(table, rows)

    def checkpoint(self) -> None:
        """Let the rows so far be taken out: called now and then by the parser of a large file."""
        if self._take is not None:
            self._take(self)

    def discard(self, file_no: int) -> None:
        """Take back the rows of the file that was begun last."""
        for runs in self._runs.values():
            while runs.shared and runs.shared[-1][0] == file_no:
                runs.shared.pop()
                length = runs.lengths.pop()
                runs.first_numbers.pop()
                del runs.records[-length:]
                self.count -= length
                self.added -= length

    def batches(self, load_id: str, most_text: int | None = None) -> dict[str, pa.RecordBatch]:
        """The rows by table, each with the table's whole schema.

        Args:
            load_id: the load.
            most_text: most bytes of text that all columns may have together; in rows, one text may be in many.

        Raises:
            TooMuchTextError: they have more; the rows stay as they are.
            pa.ArrowException, ValueError, OverflowError: a value does not fit its column; the rows stay as they are.
        """
        found: dict[str, list[pa.RecordBatch]] = {}
        for layout, runs in self._runs.items():
            if runs.records:
                own = _own_values(layout, runs.records)
                if most_text is not None:
                    most_text -= _text_bytes(layout, runs, own)
                    if most_text < 0:
                        raise TooMuchTextError
                found.setdefault(layout.table, []).append(_to_batch(layout, runs, own, load_id))
        return {table: some[0] if len(some) == 1 else pa.concat_batches(some) for table, some in found.items()}

    def clear(self) -> None:
        """Take out all rows."""
        self._runs.clear()
        self.count = 0


def _text_bytes(layout: Layout, runs: _Runs, own: Mapping[str, Sequence[Value]]) -> int:
    """About how many bytes the texts of the rows take as columns."""
    schema = TABLES[layout.table].schema
    size = 0
    for name, of_runs in zip(("file_no", "job_name", *layout.shared), zip(*runs.shared, strict=True), strict=True):
        if schema.field(name).type == pa.string():
            size += sum(len(text) * length for text, length in zip(of_runs, runs.lengths, strict=True) if text)
    converted = {name for name, _ in layout.converted}
    for name, values in own.items():
        if name == _INTERNED:
            sizes = {id(texts): sum(map(len, filter(None, texts))) for texts in values}
            size += sum(map(sizes.__getitem__, map(id, values)))
        elif name not in converted and schema.field(name).type == pa.string():
            size += sum(map(len, filter(None, values)))
    return size


def _to_batch(layout: Layout, runs: _Runs, own: dict[str, Sequence[Value]], load_id: str) -> pa.RecordBatch:
    schema = TABLES[layout.table].schema
    length = len(runs.records)
    columns: dict[str, pa.Array] = {"load_id": pa.repeat(pa.scalar(load_id, pa.string()), length)}
    parents = None if length == len(runs.lengths) else _parents(runs.lengths, length)
    for name, of_runs in zip(("file_no", "job_name", *layout.shared), zip(*runs.shared, strict=True), strict=True):
        column = pa.array(of_runs, schema.field(name).type)
        columns[name] = column if parents is None else column.take(parents)
    if layout.interned:
        columns |= _interned_columns(layout, own.pop(_INTERNED), schema)
    for name, convert in layout.converted:
        columns[name] = convert(own.pop(name))
    for name, values in own.items():
        columns[name] = pa.array(values, schema.field(name).type)
    for name, function, arguments in layout.derived:
        columns[name] = function(*(columns[argument] for argument in arguments))
    if layout.numbered is not None:
        columns[layout.numbered] = _numbers(runs, length, parents)
    for name, value in layout.fixed:
        columns[name] = pa.repeat(pa.scalar(value, schema.field(name).type), length)
    arrays = [columns[field.name] if field.name in columns else _nulls(length, field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _numbers(runs: _Runs, length: int, parents: pa.Array | None) -> pa.Array:
    """Number of each record within its run: its place among all, less that of the run's first, which has a number."""
    starts = [0, *accumulate(runs.lengths)]
    shifts = pa.array(map(sub, runs.first_numbers, starts), pa.int32())
    places = pa.array(range(length), pa.int32()) if length > _MANY else _many_numbers()[:length]
    return pc.add(places, shifts if parents is None else shifts.take(parents))


def _own_values(layout: Layout, records: list[Any]) -> dict[str, Sequence[Value]]:
    if layout.attributes:
        return {name: [*map(get, records)] for name, get in zip(layout.own, layout.getters, strict=True)}
    names = (_INTERNED, *layout.own) if layout.interned else layout.own
    return dict(zip(names, zip(*records, strict=True), strict=True))


_INTERNED = ""


def _interned_columns(layout: Layout, tuples: Sequence[tuple[Value, ...]], schema: pa.Schema) -> dict[str, pa.Array]:
    """Columns of tuples that are few and repeated: each is turned into Arrow's form once."""
    ids = [*map(id, tuples)]
    unique = dict(zip(ids, tuples, strict=True))
    numbers = dict(zip(unique, range(len(unique)), strict=True))
    places = pa.array([*map(numbers.__getitem__, ids)], pa.int32())
    values = zip(*unique.values(), strict=True)
    return {
        name: pa.array(some, schema.field(name).type).take(places)
        for name, some in zip(layout.interned, values, strict=True)
    }


def _parents(lengths: Sequence[int], total: int) -> pa.Array:
    """For each record the number of its run."""
    ends = pa.array([0, *accumulate(lengths)], pa.int32())
    return pc.list_parent_indices(pa.ListArray.from_arrays(ends, pa.nulls(total)))


# NULLs and numbers to take slices of, which costs nothing.
_MANY = 65_536


def _nulls(length: int, arrow_type: pa.DataType) -> pa.Array:
    return pa.nulls(length, arrow_type) if length > _MANY else _many_nulls(arrow_type)[:length]


@cache
def _many_nulls(arrow_type: pa.DataType) -> pa.Array:
    return pa.nulls(_MANY, arrow_type)


@cache
def _many_numbers() -> pa.Array:
    return pa.array(range(_MANY), pa.int32())
