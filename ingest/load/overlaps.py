"""The overlaps of labels, measured before a load is committed: in the load that brings the later of two labels.

Labels of the load's own files are compared with each other, and with the lake's. A load that commits meanwhile has
labels that were not there yet: right before the commit the ledger is listed again, and what is new in it is compared
too, until nothing is. If two loads list it within the same milliseconds, before either is committed, the overlaps of
the one's labels with the other's are missing until one of the files is loaded again.
"""

from __future__ import annotations

import io
import itertools
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingest.formats.parsing import BadFile, index, index_of_folder
from ingest.job_folder import HOLD_RESULTS, FileKind, label_file_key, namespace_of, namespaced, place_of
from ingest.lake.again import again_if_overtaken
from ingest.lake.lake import Load
from ingest.lake.layout import load_id_of, table_folder
from ingest.lake.ledger import FILE_COLUMNS, current_files, job_names, ledger_files, overlaps_entry
from ingest.lake.parquet import SCHEMAS, in_schema, sound_parquet, to_batch
from ingest.load.label_pairs import LabelKey, MeasuredLabel, Overlap, Pairs, Reference
from ingest.storage.store import Entry, Store
from ingest.tables import LABEL_TABLES, MEASURED_SHAPES, OVERLAPS, TABLES

Object: TypeAlias = tuple[str, int]
"""Job and data object."""

# So many bytes of source files have the labels that are compared at a time.
_SOURCE_BYTES = 32 * 2**20
_UNKNOWN_BYTES = 10_000

_RESULTS, _ANSWERS = LABEL_TABLES
_FRAMES, _OBJECTS = "frames", "data_objects"
_SOURCES = {
    FileKind.OUTPUT_MANIFEST: "result",
    FileKind.CONSOLIDATION_RESPONSE: "result",
    FileKind.SEQUENCE_LABELS: "result",
    FileKind.MASK: "result",
    FileKind.WORKER_RESPONSE: "response",
    FileKind.WORKER_FRAME: "response",
    FileKind.CONSOLIDATION_REQUEST: "request",
}
# Files that are about many data objects.
_OF_MANY = (*HOLD_RESULTS, FileKind.CONSOLIDATION_REQUEST)


class _File(NamedTuple):
    """Current version of a source file; ``own_no`` is its number if it is of this load, else -1."""

    load_id: str
    file_no: int
    uri: str
    etag: str | None
    kind: FileKind
    own_no: int
    is_new: bool
    size_bytes: int


class _Link(NamedTuple):
    """A manifest's reference to the labels that an earlier job gave a data object."""

    job_name: str
    object_index: int
    file: tuple[str, str]
    earlier: Object
    reference: Reference


def add_overlaps(
    store: Store,
    load: Load,
    parts: Iterator[int],
    noted: Mapping[str, Collection[Object]],
    entry_no: int | None,
    has_references: bool,
) -> None:
    """Measure the overlaps of a load's labels, and write them as rows of the load. It gets no more entries after that.

    Args:
        store: the lake's store.
        load: the load, with all its entries and rows.
        parts: numbers of further parts.
        noted: data objects of the load's labels whose overlaps are to be measured, by table.
        entry_no: None; or a number for one more entry, if the overlaps of the lake's labels were never measured.
        has_references: whether the load has manifests that refer to labels of other jobs.
    """
    results, answers = (set(noted[table]) for table in LABEL_TABLES)
    objects = results | answers
    if entry_no is not None:
        # Masks that an older version loaded have no pixels.
        old = {table: _objects_in_lake(store, table) for table in LABEL_TABLES}
        results |= old[_RESULTS]
        objects |= old[_RESULTS] | old[_ANSWERS]
        if old[_RESULTS] or old[_ANSWERS]:
            load.add([overlaps_entry(load.id, entry_no)])
        else:
            entry_no = None
    if not objects and not has_references:
        return
    kept = len(load.parts)

    def measure() -> None:
        load.take_back(kept)
        _measure(store, load, parts, objects, results, entry_no, has_references)

    again_if_overtaken("measuring overlaps", store, measure)


def _measure(
    store: Store,
    load: Load,
    parts: Iterator[int],
    objects: Collection[Object],
    results: Collection[Object],
    entry_no: int | None,
    has_references: bool,
) -> None:
    measured_at: set[str] | None = None
    done: set[int] = set()
    while True:
        ledger = ledger_files(store)
        paths = {file.path for file in ledger}
        if paths == measured_at:
            return  # and the load is committed
        lake = _Files(store, load, ledger, done)

        def write(overlaps: list[Overlap]) -> None:
            batch = to_batch([_row(load.id, overlap, entry_no) for overlap in overlaps], TABLES[OVERLAPS].schema)
            with load.part(next(parts)) as part:
                part.write(OVERLAPS, batch)

        pairs = Pairs(measured_at is None, entry_no is not None, write)
        measured_at = paths
        links = _links(lake, results, has_references) if results or has_references else []
        _compare(lake, objects, links, pairs)
        done |= lake.seen


def _row(load_id: str, overlap: Overlap, entry_no: int | None) -> tuple[Any, ...]:
    file_no = overlap.file_no if overlap.file_no >= 0 else entry_no
    return (load_id, file_no, overlap.job_name, *overlap.row)


def _compare(lake: _Files, objects: Collection[Object], links: Collection[_Link], pairs: Pairs) -> None:
    """Measure the overlaps of the labels of data objects, some objects at a time."""
    links_of: dict[Object, list[_Link]] = defaultdict(list)
    for link in links:
        links_of[link.job_name, link.object_index].append(link)
    by_job: dict[str, set[int]] = defaultdict(set)
    for job_name, object_index in itertools.chain(objects, links_of):
        by_job[job_name].add(object_index)
    lake.prepare(by_job.keys() | {link.earlier[0] for link in links})
    for job_name in sorted(by_job):
        for some in _in_groups(lake.sizes(job_name), by_job[job_name]):
            links_of_some = [link for number in some for link in links_of.get((job_name, number), ())]
            labels = _labels(lake, job_name, some)
            earlier = _earlier_results(lake, links_of_some)
            for number in some:
                pairs.add_object(job_name, number, labels.get(number, ()))
            for link in links_of_some:
                own = [label for label in labels.get(link.object_index, ()) if label.source == "result"]
                if own:
                    pairs.add_adjustment(job_name, link.object_index, own, earlier[link.file], link.reference)
            pairs.measure()


def _in_groups(sizes: Mapping[int, int], objects: Iterable[int]) -> Iterator[list[int]]:
    """Data objects in groups of some megabytes of source files, in the order in which files are listed."""
    group: list[int] = []
    size = 0
    for number in sorted(objects, key=str):
        group.append(number)
        size += sizes.get(number, _UNKNOWN_BYTES)
        if size >= _SOURCE_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _labels(lake: _Files, job_name: str, objects: Collection[int]) -> dict[int, list[MeasuredLabel]]:
    """The current labels of some data objects whose overlaps are to be measured."""
    labels: dict[int, list[MeasuredLabel]] = defaultdict(list)
    names: dict[tuple[int, int], str] | None = None
    of_frames: list[tuple[int, MeasuredLabel]] = []
    for table in reversed(LABEL_TABLES):
        for file, row in lake.rows(table, job_name, objects):
            label = _label(file, row)
            if label.frame is None:
                labels[row["object_index"]].append(label)
            else:
                of_frames.append((row["object_index"], label))
    if any(isinstance(label.frame, str) for _, label in of_frames):
        names = _frame_names(lake, job_name, objects)
    for number, label in of_frames:
        # A worker's file may number its frames in its own way: if there are such files, a frame is found by its name.
        if names is not None and isinstance(label.frame, int):
            label = label._replace(frame=names.get((number, label.frame), label.frame))
        labels[number].append(label)
    return labels


def _label(file: _File, row: Mapping[str, Any]) -> MeasuredLabel:
    attribute_name, answer_index = row.get("label_attribute_name") or "", row.get("answer_index")
    frame_index, frame_name = row["frame_index"], row.get("frame_name")
    answer_index = -1 if answer_index is None else answer_index
    is_kept_answer = file.kind in HOLD_RESULTS and answer_index >= 0
    source = "request" if is_kept_answer else _SOURCES[file.kind]  # it repeats an answer, as a request does
    if source == "result":
        # Two files with labels of one data object, such as copies of a mask, are no two results.
        label_set = ("result", attribute_name, -1)
    elif file.kind == FileKind.WORKER_FRAME:
        label_set = (source, file.uri.rpartition("/")[0], -1)
    else:
        label_set = (source, file.uri, answer_index)
    key = LabelKey(
        file.uri,
        attribute_name,
        answer_index,
        -1 if frame_index is None else frame_index,
        row["annotation_index"],
        frame_name or "",
    )
    frame = frame_index if frame_name is None else frame_name
    return MeasuredLabel(
        key, file.etag, file.own_no, file.is_new, source, label_set, frame, row["shape"], row["geometry_json"]
    )


def _frame_names(lake: _Files, job_name: str, objects: Collection[int]) -> dict[tuple[int, int], str]:
    """Name of each frame that has one of its own, by data object and number."""
    numbers: dict[tuple[int, str], set[int]] = defaultdict(set)
    for _, row in lake.rows(_FRAMES, job_name, objects):
        if row["frame_name"] is not None:
            numbers[row["object_index"], row["frame_name"]].add(row["frame_index"])
    return {
        (object_index, number): name
        for (object_index, name), some in numbers.items()
        if len(some) == 1
        for number in some
    }


def _earlier_results(lake: _Files, links: Iterable[_Link]) -> dict[tuple[str, str], list[MeasuredLabel]]:
    """Labels of the files that some links lead to."""
    objects: dict[str, set[int]] = defaultdict(set)
    found: dict[tuple[str, str], list[MeasuredLabel]] = {}
    for link in links:
        objects[link.earlier[0]].add(link.earlier[1])
        found[link.file] = []
    for job_name, some in objects.items():
        for file, row in lake.rows(_RESULTS, job_name, some):
            key = label_file_key(file.uri)
            if key in found:
                found[key].append(_label(file, row))
    return found


def _links(lake: _Files, results: Collection[Object], has_references: bool) -> list[_Link]:
    """References of manifests to labels of other jobs, if these may not be compared with the job's own labels yet."""
    jobs = {job_name.lower(): job_name for job_name in lake.job_names | {job_name for job_name, _ in results}}
    compared = {(job_name.lower(), object_index) for job_name, object_index in results}
    links: dict[tuple[Object, tuple[str, str]], _Link] = {}
    for file, row in lake.references():
        key, place = label_file_key(row["label_uri"]), place_of(row["label_uri"])
        job_name = row["job_name"]
        if key is None or place is None:
            continue
        named = namespaced(namespace_of(job_name), key[0]).lower()
        if named not in jobs or named == job_name.lower():
            continue
        try:
            earlier = (named, index_of_folder(place.object_folder))
        except BadFile:
            continue
        about = (job_name, row["object_index"])
        is_compared = (about[0].lower(), about[1]) in compared or earlier in compared
        if is_compared or (has_references and file.own_no >= 0):
            reference = Reference(file.own_no, file.is_new)
            links[about, key] = _Link(*about, key, (jobs[named], earlier[1]), reference)
    return [*links.values()]


def _objects_in_lake(store: Store, table: str) -> set[Object]:
    """Data objects with polygons or polylines, in whatever version of a file."""
    schema = pa.schema([SCHEMAS[table].field(name) for name in ("job_name", "object_index", "shape")])
    objects: set[Object] = set()
    for entry in store.list(table_folder(table)):
        if load_id_of(entry.path) is None:
            continue
        data = store.read(entry.path)
        with sound_parquet(store.uri_of(entry.path)):
            parquet = pq.ParquetFile(io.BytesIO(data))
            groups = [group.number for group in _row_groups(parquet, table)]
        for batch in parquet.iter_batches(row_groups=groups, columns=schema.names) if groups else ():
            found = batch.filter(pc.is_in(batch["shape"], pa.array(("polygon", "polyline"), pa.string())))
            columns = (found[name].to_pylist() for name in ("job_name", "object_index"))
            objects.update(zip(*columns, strict=True))
    return objects


class _RowGroup(NamedTuple):
    """Row group of a part that may have wanted rows, and the first and last file_no in it."""

    number: int
    first: int
    last: int


def _row_groups(parquet: pq.ParquetFile, table: str) -> list[_RowGroup]:
    """The row groups that may have wanted rows, as their statistics say."""
    metadata = parquet.metadata
    names = [metadata.schema.column(number).name for number in range(metadata.num_columns)]
    groups = []
    for number in range(metadata.num_row_groups):
        columns = {name: metadata.row_group(number).column(place) for place, name in enumerate(names)}

        def ends(name: str, columns: Mapping[str, Any] = columns) -> tuple[Any, Any] | None:
            statistics = columns[name].statistics if name in columns else None
            return (statistics.min, statistics.max) if statistics is not None and statistics.has_min_max else None

        shapes = ends("shape") if table in LABEL_TABLES else None
        if shapes is not None and not any(shapes[0] <= shape <= shapes[1] for shape in MEASURED_SHAPES):
            continue
        numbers = ends("file_no")
        groups.append(_RowGroup(number, *(numbers or (0, 2**31))))
    return groups


class _Files:
    """The current source files of some jobs, and their rows: the lake's and the load's, as if it were committed."""

    _COLUMNS: Mapping[str, tuple[str, ...]] = {
        _RESULTS: (
            *("file_no", "job_name", "label_attribute_name", "object_index", "frame_index", "annotation_index"),
            *("shape", "sensor", "geometry_json"),
        ),
        _ANSWERS: (
            *("file_no", "job_name", "object_index", "answer_index", "frame_name", "frame_index"),
            *("annotation_index", "shape", "sensor", "geometry_json"),
        ),
        _FRAMES: ("file_no", "job_name", "object_index", "frame_index", "frame_name"),
        _OBJECTS: ("file_no", "job_name", "object_index", "label_uri"),
    }

    def __init__(self, store: Store, load: Load, ledger: Collection[Entry], done: Collection[int]) -> None:
        self.seen: set[int] = set()
        """Hashes of the versions that were looked at; ``done`` are those of earlier rounds."""
        self._store, self._load, self._ledger, self._done = store, load, ledger, done
        committed = {load.id, *(load_id_of(file.path) for file in ledger)}
        self._parts = {
            table: [
                (file.path, load_id)
                for file in store.list(table_folder(table))
                if (load_id := load_id_of(file.path)) and load_id in committed
            ]
            for table in self._COLUMNS
        }
        self._row_groups: dict[str, list[_RowGroup]] = {}
        self._current_files = FILE_COLUMNS.empty_table()
        self._of_jobs: dict[str, dict[int | None, list[_File]]] = {}

    @property
    def job_names(self) -> set[str]:
        """Names of the lake's jobs."""
        return job_names(self._store, self._ledger)

    def prepare(self, jobs: Collection[str]) -> None:
        """Read what the ledger says of some jobs; other jobs have no files then."""
        self._current_files = self._current(_SOURCES, jobs)

    def sizes(self, job_name: str) -> dict[int, int]:
        """Bytes of the source files that are about each data object of a job alone."""
        files = self._files(job_name)
        return {number: sum(file.size_bytes for file in some) for number, some in files.items() if number is not None}

    def rows(self, table: str, job_name: str, objects: Collection[int]) -> Iterator[tuple[_File, dict[str, Any]]]:
        """Rows of some data objects of a job: labels whose overlaps are to be measured, or frames."""
        files = self._files(job_name)
        wanted = [file for number in (None, *objects) for file in files.get(number, ())]
        numbers = pa.array(objects, pa.int64())
        for file, row in self._rows(table, wanted, lambda batch: pc.is_in(batch["object_index"], numbers)):
            if row["job_name"] == job_name:
                yield file, row

    def references(self) -> Iterator[tuple[_File, dict[str, Any]]]:
        """Data objects whose manifest names a file with their labels."""
        manifests = [file for _, file in self._see(self._current(HOLD_RESULTS))]
        return self._rows(_OBJECTS, manifests, lambda batch: pc.is_valid(batch["label_uri"]))

    def _files(self, job_name: str) -> dict[int | None, list[_File]]:
        """Files with labels of a job, by data object; None for those that are about many."""
        if job_name not in self._of_jobs:
            if len(self._of_jobs) > 1:  # a job, and one that it adjusts
                self._of_jobs.clear()
            files = self._of_jobs[job_name] = defaultdict(list)
            is_of_job = pc.equal(self._current_files["job_name"].cast(pa.string()), job_name)
            for _, file in self._see(self._current_files.filter(is_of_job)):
                place = None if file.kind in _OF_MANY else place_of(file.uri)
                files[index(place.object_folder or "") if place else None].append(file)
        return self._of_jobs[job_name]

    def _current(self, kinds: Collection[FileKind], jobs: Collection[str] | None = None) -> pa.Table:
        own = self._load.entries(FILE_COLUMNS)
        return current_files(self._store, self._ledger, kinds, jobs, own)

    def _see(self, files: pa.Table) -> Iterator[tuple[str, _File]]:
        """Files, each with its job."""
        for row in files.to_pylist():
            version = hash((row["uri"], row["etag"]))
            self.seen.add(version)
            is_own = row["load_id"] == self._load.id
            yield (
                row["job_name"],
                _File(
                    row["load_id"],
                    row["file_no"],
                    row["uri"],
                    row["etag"],
                    FileKind(row["file_kind"]),
                    row["file_no"] if is_own else -1,
                    version not in self._done,
                    row["size_bytes"] or 0,
                ),
            )

    def _rows(self, table: str, files: Iterable[_File], is_wanted: Any) -> Iterator[tuple[_File, dict[str, Any]]]:
        by_load: dict[str, dict[int, _File]] = defaultdict(dict)
        for file in files:
            by_load[file.load_id][file.file_no] = file
        schema = pa.schema([SCHEMAS[table].field(name) for name in self._COLUMNS[table]])
        for path, load_id in self._parts[table]:
            if load_id not in by_load:
                continue
            numbers = sorted(by_load[load_id])
            for batch in self._batches(table, path, numbers, schema):
                mask = pc.and_(pc.is_in(batch["file_no"], pa.array(numbers, pa.int32())), is_wanted(batch))
                if table in LABEL_TABLES:
                    is_measured = pc.is_in(batch["shape"], pa.array(MEASURED_SHAPES, pa.string()))
                    # Labels of several sensors are not scored.
                    is_measured = pc.and_(is_measured, pc.is_null(batch["sensor"]))
                    mask = pc.and_(mask, pc.and_(is_measured, pc.is_valid(batch["geometry_json"])))
                for row in batch.filter(mask).to_pylist():
                    yield by_load[load_id][row["file_no"]], row

    def _batches(self, table: str, path: str, numbers: list[int], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """Rows of a part that may be of some files, which are sorted. What has none of them is not read."""

        def may_have(groups: Iterable[_RowGroup]) -> list[int]:
            return [
                group.number
                for group in groups
                if (place := bisect_left(numbers, group.first)) < len(numbers) and numbers[place] <= group.last
            ]

        known = self._row_groups.get(path)
        if known is not None and not may_have(known):
            return
        data = self._store.read(path)
        with sound_parquet(self._store.uri_of(path)):
            parquet = pq.ParquetFile(io.BytesIO(data))
            groups = self._row_groups[path] = _row_groups(parquet, table)
            wanted = may_have(groups)
            if wanted:
                present = set(parquet.schema_arrow.names)
                columns = [name for name in schema.names if name in present]
                for batch in parquet.iter_batches(row_groups=wanted, columns=columns):
                    yield in_schema(batch, schema)
