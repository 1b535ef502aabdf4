"""A load writes in one order, marker, parts, schemas, ledger, and is visible as a whole or not at all."""

from __future__ import annotations

import json
import os
import pickle
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.identity import worker_key
from ingest.lake import parquet, running
from ingest.lake.compact import compact
from ingest.lake.forget import Selection, forget
from ingest.lake.lake import Lake, Load
from ingest.lake.ledger import Status, new_entry, read_ledger
from ingest.lake.parquet import to_batch
from ingest.lake.vacuum import vacuum
from ingest.storage.store import StoreError
from ingest.tables import LEDGER, TABLES, Frame

FRAMES = TABLES["frames"].schema
FORMAT = {"format_version": 4, "minimum_loader_version": "0.5.0"}


def frames(load: Load, count: int, file_no: int = 0) -> pa.RecordBatch:
    rows = [(load.id, file_no, "Traffic", *Frame(0, number, f"{number}.jpg", 0)) for number in range(count)]
    return to_batch(rows, FRAMES)


def entry(load: Load, file_no: int = 0, **fields: Any) -> Any:
    return new_entry(load.id, file_no, f"file:///{file_no}.json", Status.LOADED, **fields)


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.open(str(tmp_path / "lake"))


def test_rows_and_entries_are_there_when_a_load_is_left(lake: Lake, tmp_path: Path) -> None:
    with lake.begin() as load:
        with load.part(0) as part:
            part.write("frames", frames(load, 3))
            part.write("frames", frames(load, 2, file_no=1))
        load.add([entry(load)])
        load.add(to_batch([entry(load, 1)], LEDGER.schema))
        assert not load.is_committed

    assert load.is_committed
    assert {version.file_no for version in read_ledger(lake.store).versions()} == {0, 1}
    table = pq.read_table(tmp_path / f"lake/raw/frames/{load.id}-00000.parquet")
    assert table.schema.equals(FRAMES)
    assert table.column("frame_index").to_pylist() == [0, 1, 2, 0, 1]


@pytest.mark.parametrize("writes", [False, True], ids=["before its first rows", "after them"])
def test_a_load_that_fails_is_never_visible(lake: Lake, writes: bool, tmp_path: Path) -> None:
    def fail() -> None:
        with lake.begin() as load:
            load.add([entry(load)])
            if writes:
                with load.part(0) as part:
                    part.write("frames", frames(load, 3))
            raise OSError("the source is gone")

    with pytest.raises(OSError, match="the source is gone"):
        fail()

    assert not list(read_ledger(lake.store).versions())
    assert len(files(tmp_path)) == (2 if writes else 0), "the marker and the rows, or nothing at all"


def test_files_of_a_part_that_fails_are_abandoned(lake: Lake, tmp_path: Path) -> None:
    def fail(load: Load) -> None:
        with load.part(0) as part:
            part.write("frames", frames(load, 3))
            part.write("no_table", frames(load, 3))

    with lake.begin() as load, pytest.raises(KeyError):
        fail(load)

    assert not [path for path in files(tmp_path) if "/_" not in path]


def test_the_marker_is_written_first_and_the_ledger_last(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    store = lake.store

    def note(write: Any) -> Any:
        def noted(path: str, *data: bytes) -> Any:
            written.append(path)
            return write(path, *data)

        return noted

    for name in ("create", "put_new"):
        monkeypatch.setattr(store, name, note(getattr(store, name)))
    with lake.begin() as load:
        load.add([entry(load)])
        with load.part(0) as part:
            part.write("frames", frames(load, 3))

    marker = f"raw/_running/{load.id}"
    assert written[:3] == ["raw/_format.json", marker, f"raw/frames/{load.id}-00000.parquet"]
    assert written[-1] == f"raw/source_files/{load.id}.parquet"
    assert all(path.endswith("/_schema.parquet") for path in written[3:-1])
    assert json.loads(store.read("raw/_format.json")) == FORMAT


def test_a_load_without_entries_has_nothing_to_commit(lake: Lake) -> None:
    with lake.begin() as load:
        load.add([])

    assert not load.is_committed
    assert not list(lake.store.list("raw/source_files"))[1:], "its schema alone"


def test_a_part_can_be_written_by_another_process(lake: Lake) -> None:
    with lake.begin() as load:
        spec = pickle.loads(pickle.dumps(load.part_spec(7)))
        with spec() as part:
            part.write("frames", frames(load, 1))

    assert next(file.path for file in lake.store.list("raw/frames")) == f"raw/frames/{load.id}-00007.parquet"


def test_a_batch_of_another_schema_is_an_error(lake: Lake) -> None:
    with lake.begin() as load, pytest.raises(ValueError, match="another schema"), load.part(0) as part:
        part.write("frames", frames(load, 1).select(["load_id", "file_no"]))


def test_small_batches_become_large_row_groups(lake: Lake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", 100)
    with lake.begin() as load, load.part(0) as part:
        for size in (1, 98, 1, 150, 350, 7):
            part.write("frames", frames(load, size))

    file = pq.ParquetFile(tmp_path / f"lake/raw/frames/{load.id}-00000.parquet")
    groups = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
    assert groups == [100, 150, 200, 150, 7]


def test_rows_that_wait_are_bounded_by_their_size(lake: Lake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(parquet, "BUFFERED_BYTES", 10_000)
    with lake.begin() as load, load.part(0) as part:
        for _ in range(20):
            part.write("frames", frames(load, 30))
            assert sum(writer.waiting_bytes for writer in part._writers.values()) < 10_000

    file = pq.ParquetFile(tmp_path / f"lake/raw/frames/{load.id}-00000.parquet")
    assert file.num_row_groups > 1
    assert file.metadata.num_rows == 600


def test_two_first_loads_at_once_mark_the_lake_alike(tmp_path: Path) -> None:
    start = threading.Barrier(8)
    failures: list[BaseException] = []

    def run() -> None:
        try:
            lake = Lake.open(str(tmp_path / "lake"))
            start.wait()
            with lake.begin() as load:
                with load.part(0) as part:
                    part.write("frames", frames(load, 2))
                load.add([entry(load)])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert json.loads((tmp_path / "lake/raw/_format.json").read_text()) == FORMAT
    assert not list(tmp_path.rglob("*.part"))


def test_a_running_load_has_a_marker_from_its_first_part_to_its_end(lake: Lake, tmp_path: Path) -> None:
    marker = tmp_path / "lake/raw/_running"

    with lake.begin() as load:
        load.add([entry(load)])
        assert not marker.exists(), "it has written nothing"
        with load.part(0) as part:
            assert (marker / load.id).is_file()
            part.write("frames", frames(load, 3))

    assert not [*marker.iterdir()]


def test_a_marker_is_removed_after_an_error_too(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="gone"), lake.begin() as load, load.part(0):
        raise OSError("gone")

    assert not [*(tmp_path / "lake/raw/_running").iterdir()]


def test_rows_of_other_processes_keep_the_marker_fresh(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lake.begin() as load:
        spec = pickle.loads(pickle.dumps(load.part_spec(0)))
        marker = tmp_path / "lake/raw/_running" / load.id
        os.utime(marker, (0, 0))
        with spec() as part:
            part.write("frames", frames(load, 1))
            assert marker.stat().st_mtime == 0, "it was written a moment ago"
            monkeypatch.setattr(running, "_REFRESHED_AFTER_SECONDS", 0)
            part.write("frames", frames(load, 1))
        assert marker.stat().st_mtime > 0
        assert part.written == [f"raw/frames/{load.id}-00000.parquet"]


@pytest.mark.parametrize("is_measured", [False, True], ids=["", "after its entries were read"])
def test_a_commit_names_its_parts(lake: Lake, is_measured: bool) -> None:
    with lake.begin() as load:
        load.add([entry(load)])
        for number in (0, 3):
            with load.part(number) as part:
                part.write("frames", frames(load, 1))
        if is_measured:
            assert sum(map(len, load.entries(LEDGER.schema))) == 1

    named = {f"raw/frames/{load.id}-00000.parquet", f"raw/frames/{load.id}-00003.parquet"}
    assert dict(read_ledger(lake.store).parts) == {load.id: frozenset(named)}
    assert [version.uri for version in read_ledger(lake.store).versions()] == ["file:///0.json"]


def test_a_load_whose_rows_were_taken_commits_nothing(lake: Lake) -> None:
    def lose() -> None:
        with lake.begin() as load:
            load.add([entry(load)])
            for number in range(3):
                with load.part(number) as part:
                    part.write("frames", frames(load, 1))
            lake.store.delete([f"raw/frames/{load.id}-00001.parquet"])

    with pytest.raises(
        StoreError, match=r"-00001.parquet was deleted before .* nothing was committed: run the command"
    ):
        lose()

    assert read_ledger(lake.store).newest == {}


def test_what_a_commit_does_not_name_never_counts(lake: Lake, tmp_path: Path) -> None:
    """Neither for forget, nor for compact; and vacuum deletes it."""
    ann = {"worker_id": "ann", "worker_key": worker_key("ann"), "job_name": "Pets", "object_index": 0}
    with lake.begin() as load:
        load.add([entry(load)])
        with load.part(0) as part:
            part.write("frames", frames(load, 3))
        with load.part_spec(1)() as left:  # an attempt that nobody told the load of
            left.write("frames", frames(load, 2))
        with load.part_spec(2)() as left:
            columns = TABLES["worker_answers"].schema
            row = dict.fromkeys(columns.names) | ann | {"load_id": load.id, "file_no": 0, "answer_index": 0}
            left.write("worker_answers", pa.RecordBatch.from_pylist([row], columns))
    with lake.begin(load.id) as other:
        other.add([entry(other, 1)])
        with other.part(0) as part:
            part.write("frames", frames(other, 1, file_no=1))

    with pytest.raises(StoreError, match="no worker ann"):
        forget(lake, Selection(workers=["ann"]))
    assert compact(lake).loads_rewritten == 2
    assert {version.row_count for version in read_ledger(lake.store).versions()} == {3, 1}
    assert vacuum(lake, grace_hours=0).files == 6
    assert compact(lake).loads_rewritten == 0


def test_vacuum_deletes_what_a_commit_does_not_name(lake: Lake, tmp_path: Path) -> None:
    with lake.begin() as load:
        load.add([entry(load)])
        for part in (load.part(1), load.part_spec(0)()):
            with part:
                part.write("frames", frames(load, 1))

    assert vacuum(lake, grace_hours=1).files == 0
    assert vacuum(lake, grace_hours=0).files == 1
    assert [path.name for path in tmp_path.glob("lake/raw/frames/2*")] == [f"{load.id}-00001.parquet"]


def test_a_part_that_fails_takes_back_what_was_finished(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    store = lake.store
    create = store.create

    def failing(path: str) -> Any:
        if "class_labels" in path and "_schema" not in path:
            raise OSError("no space")
        return create(path)

    monkeypatch.setattr(store, "create", failing)
    monkeypatch.setattr(store, "writes_at_once", 2)
    empty = dict.fromkeys(TABLES["class_labels"].schema.names)

    def fail(load: Load) -> None:
        with load.part(0) as part:
            part.write("frames", frames(load, 1))
            for stack in part._files.values():
                stack.close()  # as if it were quicker than the other
            part.write("class_labels", pa.RecordBatch.from_pylist([empty], TABLES["class_labels"].schema))

    with lake.begin() as load, pytest.raises(OSError, match="no space"):
        fail(load)

    assert not [file for file in store.list("raw/frames") if load.id in file.path]
