"""Which labels of a data object are compared, and how much they overlap: rows of ``label_overlaps``."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.geometry.lines import polygon_overlaps, polyline_overlaps
from ingest.geometry.masks import mask_overlaps
from ingest.tables import LabelOverlap

_MEASURES: dict[str, Callable[[Sequence[str], NDArray[np.int64], NDArray[np.int64]], NDArray[np.float64]]] = {
    "polygon": polygon_overlaps,
    "polyline": polyline_overlaps,
    "mask": mask_overlaps,
}
# Pairs that wait to be measured together. Those of masks do not wait: pixels take memory.
_PAIRS_AT_A_TIME = 500_000
_LABELS_AT_A_TIME = 50_000
# Overlaps that wait to be written.
_OVERLAPS_AT_A_TIME = 200_000
# Two sets are not measured if the pairs of their labels of one frame are more.
PAIR_LIMIT = 1_000_000


class LabelKey(NamedTuple):
    """Which label it is; keys can be sorted."""

    file_uri: str
    attribute_name: str
    answer_index: int
    frame_index: int
    annotation_index: int
    frame_name: str


class MeasuredLabel(NamedTuple):
    """A label whose overlaps are measured.

    Attributes:
        key: its key; what it lacks is ``""`` or -1.
        etag: version of its file.
        file_no: number of its file in the load that measures; -1 if it is in the lake already.
        is_new: whether it was not there when the load measured before.
        source: where its set is from; answers of responses and of requests are never compared.
        label_set: which set of labels it is in; labels of one set are never compared.
        frame: what labels of the same frame have in common; None outside sequences.
        shape: polygon, polyline or mask.
        geometry: its geometry_json.
    """

    key: LabelKey
    etag: str | None
    file_no: int
    is_new: bool
    source: str
    label_set: tuple[str, str, int]
    frame: int | str | None
    shape: str
    geometry: str


class Reference(NamedTuple):
    """That a job's manifest names an earlier job's labels of the data object: those that an adjustment began with."""

    file_no: int
    is_new: bool


NO_REFERENCE = Reference(-1, False)


class Overlap(NamedTuple):
    """A row of the table; ``file_no`` is -1 if neither label's file is of this load, nor the manifest."""

    file_no: int
    job_name: str
    row: LabelOverlap


@dataclass
class _Batch:
    """Pairs of labels of one shape that wait."""

    labels: list[MeasuredLabel] = field(default_factory=list)
    first: list[NDArray[np.int64]] = field(default_factory=list)
    second: list[NDArray[np.int64]] = field(default_factory=list)
    about: list[tuple[str, int, int]] = field(default_factory=list)
    """Of each run of pairs: job, data object, and number of the file with the reference."""
    pairs: int = 0


class Pairs:
    """The pairs of labels that a load compares.

    A pair is compared if one of its labels, or the reference that leads from one to the other, is of this load; and if
    there is something in it that was not there when the load measured before.

    Two sets with more pairs of labels in a frame than the limit are not measured: one pair of their labels says so by
    an overlap that is None.
    """

    def __init__(self, is_first_round: bool, is_upgrade: bool, write: Callable[[list[Overlap]], object]) -> None:
        """Make it, without pairs.

        Args:
            is_first_round: whether the load measured nothing so far.
            is_upgrade: whether the lake's labels are compared with each other.
            write: gets the overlaps that were measured, many at a time, in an order of their own.
        """
        self._is_first_round, self._is_upgrade, self._write = is_first_round, is_upgrade, write
        self._waiting: dict[str, _Batch] = defaultdict(_Batch)
        self._found: list[Overlap] = []

    def add_object(self, job_name: str, object_index: int, labels: Iterable[MeasuredLabel]) -> None:
        """Compare the labels of a data object."""
        about = (job_name, object_index)
        for shape, some in _by_shape_and_frame(labels).items():
            some.sort(key=_key)
            numbers: dict[Any, int] = {}
            sets = np.array([numbers.setdefault(label.label_set, len(numbers)) for label in some])
            sources = np.array([_SOURCES[label.source] for label in some])
            if len(some) ** 2 > PAIR_LIMIT:
                self._add_set_by_set(shape[0], some, sets, sources, about)
                continue
            first, second = np.triu_indices(len(some), 1)
            wanted = (sets[first] != sets[second]) & (sources[first] + sources[second] != _NEVER_COMPARED)
            self._add(shape[0], some, first[wanted], second[wanted], about, NO_REFERENCE)

    def _add_set_by_set(
        self,
        shape: str,
        labels: list[MeasuredLabel],
        sets: NDArray[np.int64],
        sources: NDArray[np.int64],
        about: tuple[str, int],
    ) -> None:
        """Compare many labels of one frame, each two sets by themselves."""
        members = [np.flatnonzero(sets == number) for number in range(sets.max() + 1)]
        for one, other in itertools.combinations(members, 2):
            if sources[one[0]] + sources[other[0]] == _NEVER_COMPARED:
                continue
            both = np.sort(np.concatenate((one, other)))
            some = [labels[place] for place in both.tolist()]
            first, second = (np.searchsorted(both, places) for places in (one, other))
            self._add_two_sets(shape, some, first, second, about, NO_REFERENCE)

    def _add_two_sets(
        self,
        shape: str,
        labels: list[MeasuredLabel],
        one: NDArray[np.int64],
        other: NDArray[np.int64],
        about: tuple[str, int],
        reference: Reference,
    ) -> None:
        """Compare each label of one set with each of another, or none if they are too many."""
        # What masks have in common is measured of each two, whatever their sets.
        pairs = ((len(one) + len(other)) // 2) ** 2 if shape == "mask" else len(one) * len(other)
        if pairs > PAIR_LIMIT:
            self._add_unmeasured(shape, labels, one, other, about, reference)
            return
        first, second = np.repeat(one, len(other)), np.tile(other, len(one))
        self._add(shape, labels, np.minimum(first, second), np.maximum(first, second), about, reference)

    def _add_unmeasured(
        self,
        shape: str,
        labels: list[MeasuredLabel],
        one: NDArray[np.int64],
        other: NDArray[np.int64],
        about: tuple[str, int],
        reference: Reference,
    ) -> None:
        # All labels of a set are of one file, but those of copies of a mask; what is of this load stands for the set.
        places = [max(some.tolist(), key=lambda place: (labels[place].file_no, -place)) for some in (one, other)]
        two = [labels[place] for place in sorted(places)]
        if self._are_wanted(two, np.array([0]), np.array([1]), reference).all():
            self._find(shape, two, None, (*about, reference.file_no))

    def add_adjustment(
        self,
        job_name: str,
        object_index: int,
        results: Iterable[MeasuredLabel],
        earlier_results: Iterable[MeasuredLabel],
        reference: Reference,
    ) -> None:
        """Compare a data object's results with those of the earlier job that its manifest refers to."""
        # The number of a result's frame is the same in both jobs; workers of the later one may have given it a name.
        earlier = _by_shape_and_frame(_with_numbered_frames(earlier_results))
        for shape, some in _by_shape_and_frame(_with_numbered_frames(results)).items():
            others = earlier.get(shape, [])
            if not others:
                continue
            both = [*some, *others]
            order = sorted(range(len(both)), key=lambda number: both[number].key)
            place = np.empty(len(both), np.int64)
            place[order] = np.arange(len(both))
            one, other = place[: len(some)], place[len(some) :]
            both = [both[number] for number in order]
            self._add_two_sets(shape[0], both, one, other, (job_name, object_index), reference)

    def measure(self) -> None:
        """Measure the pairs that were added; there are none after that."""
        for shape in [*self._waiting]:
            self._measure(shape)
        self._write_found()

    def _write_found(self) -> None:
        found, self._found = self._found, []
        if found:
            self._write(sorted(found, key=_order))

    def _add(
        self,
        shape: str,
        labels: list[MeasuredLabel],
        first: NDArray[np.int64],
        second: NDArray[np.int64],
        about: tuple[str, int],
        reference: Reference,
    ) -> None:
        wanted = self._are_wanted(labels, first, second, reference)
        if not wanted.any():
            return
        waiting = self._waiting[shape]
        waiting.first.append(first[wanted] + len(waiting.labels))
        waiting.second.append(second[wanted] + len(waiting.labels))
        waiting.about.append((*about, reference.file_no))
        waiting.labels += labels
        waiting.pairs += len(waiting.first[-1])
        if shape == "mask" or waiting.pairs >= _PAIRS_AT_A_TIME or len(waiting.labels) >= _LABELS_AT_A_TIME:
            self._measure(shape)

    def _are_wanted(
        self,
        labels: Collection[MeasuredLabel],
        first: NDArray[np.int64],
        second: NDArray[np.int64],
        reference: Reference,
    ) -> NDArray[np.bool_]:
        """Which pairs are to be compared in this round of this load."""
        is_own = np.array([label.file_no >= 0 for label in labels])
        is_new = np.array([label.is_new for label in labels])
        wanted: NDArray[np.bool_]
        if not self._is_first_round:
            wanted = (is_own[first] | is_own[second] | (reference.file_no >= 0)) & (
                is_new[first] | is_new[second] | reference.is_new
            )
        elif self._is_upgrade or reference.file_no >= 0:
            wanted = np.ones(len(first), bool)
        else:
            wanted = is_own[first] | is_own[second]
        return wanted

    def _measure(self, shape: str) -> None:
        waiting = self._waiting.pop(shape)
        first, second = np.concatenate(waiting.first), np.concatenate(waiting.second)
        run_of = np.repeat(np.arange(len(waiting.about)), [len(run) for run in waiting.first])
        overlaps = _MEASURES[shape]([label.geometry for label in waiting.labels], first, second)
        places = np.flatnonzero(overlaps > 0)
        for one, other, run, overlap in zip(
            *(numbers[places].tolist() for numbers in (first, second, run_of, overlaps)), strict=True
        ):
            self._find(shape, (waiting.labels[one], waiting.labels[other]), overlap, waiting.about[run])

    def _find(
        self, shape: str, labels: Sequence[MeasuredLabel], overlap: float | None, about: tuple[str, int, int]
    ) -> None:
        job_name, object_index, referring_file = about
        columns = (column for label in labels for column in _columns(label))
        file_no = max(labels[0].file_no, labels[1].file_no, referring_file)
        self._found.append(Overlap(file_no, job_name, LabelOverlap(object_index, shape, overlap, *columns)))
        if len(self._found) >= _OVERLAPS_AT_A_TIME:
            self._write_found()


# Their sums say what is compared with what: requests repeat what responses say, and stand in where there are none.
_SOURCES = {"result": 0, "response": 1, "request": 4}
_NEVER_COMPARED = _SOURCES["response"] + _SOURCES["request"]


def _by_shape_and_frame(
    labels: Iterable[MeasuredLabel],
) -> dict[tuple[str, int | str | None], list[MeasuredLabel]]:
    found: dict[tuple[str, int | str | None], list[MeasuredLabel]] = defaultdict(list)
    for label in labels:
        found[label.shape, label.frame].append(label)
    return found


def _with_numbered_frames(results: Iterable[MeasuredLabel]) -> Iterator[MeasuredLabel]:
    return (label._replace(frame=label.key.frame_index) for label in results)


def _columns(label: MeasuredLabel) -> Iterator[Any]:
    """Columns that name a label: file, version, and place in the file."""
    file_uri, attribute_name, answer_index, frame_index, annotation_index, frame_name = label.key
    yield file_uri
    yield label.etag
    yield attribute_name or None
    yield None if answer_index < 0 else answer_index
    yield None if frame_index < 0 else frame_index
    yield annotation_index
    yield frame_name or None


def _order(overlap: Overlap) -> tuple[Any, ...]:
    row = overlap.row
    keys = ("" if value is None else str(value) for value in row[_FIRST_OF_KEYS:])
    return (overlap.job_name, row.object_index, *keys)


_FIRST_OF_KEYS = LabelOverlap._fields.index("label_file_uri")
_key = attrgetter("key")
