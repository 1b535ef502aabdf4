"""The floor: the least that Python needs to turn worker responses into two tables of Parquet.

A straight msgspec decode of the wanted fields, with no lineage but the file's name, no identity of workers, no ledger,
no other kind of file, and no care for broken ones. What the loader takes above this is what its other duties cost.

``python -m tests.bench.floor SOURCE OUT PROCESSES``
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

BATCH_ANSWERS = 8_192
ROW_GROUP_ROWS = 65_536
TIME = pa.timestamp("ms", "UTC")


class Identity(msgspec.Struct, rename="camel", gc=False):
    """Who a private worker is at the identity provider."""

    identity_provider_type: str | None = None
    issuer: str | None = None
    sub: str | None = None


class Metadata(msgspec.Struct, rename="camel", gc=False):
    """Metadata of a worker."""

    identity_data: Identity = msgspec.field(default_factory=Identity)


class Answer(msgspec.Struct, rename="camel", gc=False):
    """One answer; what it contains is kept as written."""

    answer_content: msgspec.Raw
    submission_time: str
    worker_id: str
    acceptance_time: str | None = None
    time_spent_in_seconds: float | None = None
    worker_metadata: Metadata = msgspec.field(default_factory=Metadata)


class Response(msgspec.Struct, gc=False):
    """A worker-response file."""

    answers: list[Answer]


class Box(msgspec.Struct, gc=False):
    """One box."""

    label: str
    left: float
    top: float
    width: float
    height: float


class Element(msgspec.Struct, rename="camel", gc=False):
    """Value of a crowd element."""

    label: str | None = None
    bounding_boxes: list[Box] | None = None


ANSWER_TEXTS = ("worker_id", "identity_provider", "issuer", "sub", "accepted_at", "submitted_at", "answer_json")
LABEL_NUMBERS = ("left", "top", "width", "height")


class Batch:
    """Columns of some thousand answers and of their labels."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self.file_places: list[int] = []
        self.spent: list[float | None] = []
        self.texts: dict[str, list[str | None]] = {name: [] for name in ANSWER_TEXTS}
        self.answer_places: list[int] = []
        self.elements: list[str] = []
        self.labels: list[str] = []
        self.numbers: dict[str, list[float | None]] = {name: [] for name in LABEL_NUMBERS}

    def tables(self) -> tuple[pa.Table, pa.Table]:
        """Both tables."""
        place = pa.array(self.file_places, pa.int32())
        file = pa.DictionaryArray.from_arrays(place, pa.array(self.files, pa.string()))
        texts = {name: pa.array(values, pa.string()) for name, values in self.texts.items()}
        for name in ("accepted_at", "submitted_at"):
            texts[name] = texts[name].cast(TIME)
        answers = pa.table({"file": file, "time_spent": pa.array(self.spent, pa.float64()), **texts})
        place = pa.array(self.answer_places, pa.int32())
        numbers = {name: pa.array(values, pa.float64()) for name, values in self.numbers.items()}
        labels = {
            "file": file.take(place),
            "worker_id": texts["worker_id"].take(place),
            "element": pa.array(self.elements, pa.string()),
            "label": pa.array(self.labels, pa.string()),
        }
        return answers, pa.table({**labels, **numbers})


def read(paths: Iterator[str]) -> Iterator[Batch]:
    """Batches of the files' rows."""
    decode = msgspec.json.Decoder(Response).decode
    decode_content = msgspec.json.Decoder(dict[str, Element]).decode
    while True:
        batch = Batch()
        files, file_places, spent, texts = batch.files, batch.file_places, batch.spent, batch.texts
        workers, providers, issuers, subs, accepted, submitted, contents = texts.values()
        answer_places, elements, labels = batch.answer_places, batch.elements, batch.labels
        lefts, tops, widths, heights = batch.numbers.values()
        for path in paths:
            descriptor = os.open(path, os.O_RDONLY)
            data = os.read(descriptor, os.fstat(descriptor).st_size)
            os.close(descriptor)
            for answer in decode(data).answers:
                raw, identity = answer.answer_content, answer.worker_metadata.identity_data
                number = len(workers)
                file_places.append(len(files))
                spent.append(answer.time_spent_in_seconds)
                workers.append(answer.worker_id)
                providers.append(identity.identity_provider_type)
                issuers.append(identity.issuer)
                subs.append(identity.sub)
                accepted.append(answer.acceptance_time)
                submitted.append(answer.submission_time)
                contents.append(str(raw, "utf-8"))
                for name, element in decode_content(raw).items():
                    if element.label is not None:
                        answer_places.append(number)
                        elements.append(name)
                        labels.append(element.label)
                        for side in (lefts, tops, widths, heights):
                            side.append(None)
                    boxes = element.bounding_boxes
                    if boxes:
                        answer_places += [number] * len(boxes)
                        elements += [name] * len(boxes)
                        labels += [box.label for box in boxes]
                        lefts += [box.left for box in boxes]
                        tops += [box.top for box in boxes]
                        widths += [box.width for box in boxes]
                        heights += [box.height for box in boxes]
            files.append(path)
            if len(workers) >= BATCH_ANSWERS:
                break
        if not files:
            return
        yield batch


def walk(folder: str) -> Iterator[str]:
    """Paths of a folder's files, at any depth."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from walk(entry.path)
            else:
                yield entry.path


def write(batches: Iterator[Batch], out: Path, number: int) -> None:
    """Both tables, by a thread of its own."""
    waiting: queue.Queue[tuple[pa.Table, pa.Table] | None] = queue.Queue(2)
    thread = threading.Thread(target=_write, args=(waiting, out, number))
    thread.start()
    for batch in batches:
        waiting.put(batch.tables())
    waiting.put(None)
    thread.join()


def _write(waiting: queue.Queue[tuple[pa.Table, pa.Table] | None], out: Path, number: int) -> None:
    writers: dict[str, pq.ParquetWriter] = {}
    rest: dict[str, list[pa.Table]] = {"answers": [], "labels": []}
    while True:
        tables = waiting.get()
        for name, table in zip(rest, tables or (None, None), strict=True):
            group = rest[name]
            if table is not None:
                group.append(table)
            if group and (table is None or sum(part.num_rows for part in group) >= ROW_GROUP_ROWS):
                whole = pa.concat_tables(group)
                if name not in writers:
                    writers[name] = pq.ParquetWriter(out / f"{name}-{number}.parquet", whole.schema, compression="zstd")
                writers[name].write_table(whole, row_group_size=2 * ROW_GROUP_ROWS)
                group.clear()
        if tables is None:
            break
    for writer in writers.values():
        writer.close()


def load(folders: Sequence[str], out: Path, number: int) -> None:
    """Both tables of the files of some folders."""
    write(read(path for folder in folders for path in walk(folder)), out, number)


def main(source: Path, out: Path, processes: int) -> None:
    """Each process takes an even share of the data objects' folders."""
    folders = [
        entry.path
        for iteration in source.glob("*/annotations/worker-response/*")
        for entry in os.scandir(iteration)
        if entry.is_dir()
    ]
    context = multiprocessing.get_context("fork")
    others = [
        context.Process(target=load, args=(folders[number::processes], out, number)) for number in range(1, processes)
    ]
    for other in others:
        other.start()
    load(folders[::processes], out, 0)
    for other in others:
        other.join()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
