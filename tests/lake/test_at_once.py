"""Commands beside others: what a running load has written stays, and nobody fails for a file that another one took."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ingest.cli import cli
from ingest.lake.compact import compact
from ingest.lake.forget import Selection, forget
from ingest.lake.lake import Lake, Load
from ingest.lake.ledger import KnownFiles, ledger_files, read_ledger
from ingest.lake.vacuum import vacuum
from ingest.load.run import load
from ingest.storage.local import LocalStore
from ingest.storage.store import Entry
from tests.jobs import answers_of, current_rows, load_twice, write_answers, write_job

ANN, BEN = "private.us-east-1.ann", "private.us-east-1.ben"
HALF_AN_HOUR = 30 * 60


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_job(tmp_path / "source", "Pets", {0: {"ann": "Cat", "ben": "Dog"}})
    return tmp_path / "source"


@pytest.fixture
def lake(source: Path, tmp_path: Path) -> Lake:
    """Two loads, of which the later one replaced rows."""
    answers = {"ann": "Dog", "ben": "Dog"}
    return Lake.open(
        str(load_twice(source, tmp_path / "lake", lambda source: write_answers(source / "Pets", 0, answers)))
    )


def before_the_commit(patch: pytest.MonkeyPatch, event: Callable[[], object]) -> None:
    """Something happens when the next load has written its rows, and is not committed yet."""
    commit = Load._commit

    def commit_late(load: Load) -> None:
        patch.setattr(Load, "_commit", commit)
        event()
        commit(load)

    patch.setattr(Load, "_commit", commit_late)


def age(folder: Path, seconds: float) -> None:
    """Files become so old."""
    for path in folder.rglob("*"):
        if path.is_file():
            changed = path.stat().st_mtime - seconds
            os.utime(path, (changed, changed))


def test_vacuum_spares_what_a_running_load_has_written(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = tmp_path / "lake"
    kept = []
    before_the_commit(monkeypatch, lambda: kept.append(vacuum(Lake.open(str(lake)), grace_hours=0)))

    load(str(source), str(lake))

    assert [(done.files, done.running_loads) for done in kept] == [(0, 1)]
    assert {answer[2] for answer in answers_of(lake)} == {ANN, BEN}
    assert vacuum(Lake.open(str(lake)), grace_hours=0) == (0, 0, 0)


def test_vacuum_says_that_a_load_is_running(lake: Lake) -> None:
    with lake.begin() as running:
        running.part_spec(0)
        done = CliRunner().invoke(cli, ["vacuum", lake.uri, "--grace-hours", "0"])

    assert done.exit_code == 0
    assert "kept what 1 running loads have written: run it again when they have ended" in done.stdout


def test_a_load_that_was_stopped_until_its_rows_were_taken_fails(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = tmp_path / "lake"

    def stop() -> None:
        age(lake, HALF_AN_HOUR + 1)
        vacuum(Lake.open(str(lake)), grace_hours=0)

    before_the_commit(monkeypatch, stop)
    done = CliRunner().invoke(cli, ["load", str(source), str(lake)])

    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1
    assert "nothing was committed: run the command again" in done.stderr
    assert not read_ledger(LocalStore(lake)).newest
    assert load(str(source), str(lake)).files_loaded == 2


def test_what_a_killed_load_left_is_kept_for_half_an_hour(lake: Lake, tmp_path: Path) -> None:
    rows = next((tmp_path / "lake/raw/worker_answers").glob("2*"))
    killed = "20260101T000000000-deadbeef"
    left = rows.with_name(f"{killed}-00000.parquet"), rows.with_name(f"{killed}-00001.parquet.0123abcd.part")
    for path in left:
        path.write_bytes(rows.read_bytes())
    marker = tmp_path / "lake/raw/_running" / killed
    marker.parent.mkdir(exist_ok=True)
    marker.touch()
    age(tmp_path, HALF_AN_HOUR - 60)

    assert vacuum(lake, grace_hours=0).running_loads == 1
    assert all(path.exists() for path in left)

    age(tmp_path, 61)

    assert vacuum(lake, grace_hours=0).running_loads == 0
    assert not any(path.exists() for path in left)
    assert not marker.exists()
    assert len(answers_of(lake)) == 2


def test_vacuum_spares_what_any_command_is_finishing(lake: Lake, tmp_path: Path) -> None:
    unfinished = [
        tmp_path / "lake/raw/frames/_schema.parquet.0123abcd.part",
        tmp_path / "lake/raw/source_files/20260101T000000000-deadbeef.parquet.0123abcd.part",
    ]
    for path in unfinished:
        path.touch()

    vacuum(lake, grace_hours=0)
    assert all(path.exists() for path in unfinished)

    age(tmp_path, HALF_AN_HOUR + 1)
    vacuum(lake, grace_hours=0)
    assert not any(path.exists() for path in unfinished)


@pytest.mark.parametrize("step", ["it begins", "it ends"])
@pytest.mark.parametrize("folder", ["raw", "raw/_running", "raw/source_files"])
def test_a_load_that_begins_or_ends_while_vacuum_looks_around_loses_nothing(
    folder: str, step: str, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does so right before one of the listings, each in turn."""
    write_job(tmp_path / "other", "Birds", {0: {"ben": "Owl"}})
    lake = tmp_path / "lake"
    load(str(tmp_path / "other"), str(lake))
    wrote, may_end = threading.Event(), threading.Event()

    def wait() -> None:
        wrote.set()
        assert may_end.wait(20)

    before_the_commit(monkeypatch, wait)
    running = threading.Thread(target=load, args=(str(source), str(lake)))
    if step == "it ends":
        running.start()
        assert wrote.wait(20)
    lists = LocalStore.list

    def list_late(store: LocalStore, prefix: str = "", **options: Any) -> Iterator[Entry]:
        if prefix == folder and threading.current_thread() is threading.main_thread():
            if step == "it ends":
                may_end.set()
                running.join(20)
            elif not wrote.is_set():
                running.start()
                assert wrote.wait(20)
        return lists(store, prefix, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LocalStore, "list", list_late)
        vacuum(Lake(LocalStore(lake)), grace_hours=0)
    may_end.set()
    running.join(20)

    assert {answer[0] for answer in answers_of(lake)} == {"Birds", "Pets"}


class Vacuumed:
    """Another command compacts and vacuums the lake, right after a command has listed what it will read."""

    def __init__(self, patch: pytest.MonkeyPatch, source: Path, lake: Lake, times: int) -> None:
        self.left = times
        self.source, self.lake = source, lake
        self.is_busy = False
        read = LocalStore.read

        def read_late(store: LocalStore, path: str) -> bytes:
            if "/_" not in path and not self.is_busy and self.left:
                self.left -= 1
                self.is_busy = True
                self.take()
                self.is_busy = False
            return read(store, path)

        patch.setattr(LocalStore, "read", read_late)

    def take(self) -> None:
        """All files that were there are replaced by others."""
        for number in (1, 2):
            write_answers(self.source / "Pets", number, {"ann": f"Cat {self.left}"})
            load(str(self.source), str(self.lake.store.root))  # type: ignore[attr-defined]
        compact(self.lake)
        vacuum(self.lake, grace_hours=0)


COMMANDS: dict[str, Callable[[Lake], Any]] = {
    "compact": compact,
    "forget": lambda lake: forget(lake, Selection(workers=[BEN])),
    "vacuum": lambda lake: vacuum(lake, grace_hours=0),
    "the ledger": lambda lake: read_ledger(lake.store),
    "known files": lambda lake: KnownFiles(lake.store),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_whose_files_are_taken_begins_again(
    command: str, lake: Lake, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        taken = Vacuumed(patch, source, lake, times=2)
        COMMANDS[command](lake)

    assert taken.left == 0
    assert {(number, worker) for _, number, worker, _ in answers_of(lake) if worker == ANN} == {
        (0, ANN),
        (1, ANN),
        (2, ANN),
    }
    assert (BEN in {answer[2] for answer in answers_of(lake)}) == (command != "forget")


@pytest.mark.parametrize("command", [["compact"], ["forget", "--worker", BEN]], ids=lambda words: words[0])
def test_a_command_whose_files_are_taken_each_time_says_so(
    command: list[str], lake: Lake, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(answers_of(lake))
    with monkeypatch.context() as patch:
        Vacuumed(patch, source, lake, times=100)
        done = CliRunner().invoke(cli, [command[0], str(lake.store.root), *command[1:]])  # type: ignore[attr-defined]

    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1
    assert "another command deleted or forgot what it read" in done.stderr
    assert len(answers_of(lake)) == before + 2


def test_compact_never_gives_empty_rows_for_files_that_were_taken_before_it_listed_them(
    lake: Lake, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows of its ledger's loads are in other files by then, and it would replace them with none."""
    rows = current_rows(lake)
    lists = LocalStore.list
    is_first = True

    def list_late(store: LocalStore, prefix: str = "", **options: Any) -> Iterator[Entry]:
        nonlocal is_first
        if prefix == "raw" and is_first:
            is_first = False
            compact(lake)
            vacuum(lake, grace_hours=0)
        return lists(store, prefix, **options)

    with monkeypatch.context() as patch:
        patch.setattr(LocalStore, "list", list_late)
        compact(lake)

    assert current_rows(lake) == rows


def test_a_file_that_is_renamed_while_a_folder_is_listed_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b.part", "c"):
        (tmp_path / name).touch()
    scandir = os.scandir

    class Scan:
        def __init__(self, path: str) -> None:
            self.entries = [*scandir(path)]
            assert all(entry.is_file() for entry in self.entries)
            (tmp_path / "b.part").unlink()

        def __enter__(self) -> list[os.DirEntry[str]]:
            return self.entries

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(os, "scandir", Scan)

    assert [entry.path for entry in LocalStore(tmp_path).list()] == ["a", "c"]


def test_a_ledger_that_changes_while_it_is_listed_is_listed_again(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder may show neither what was deleted nor what took its place."""
    lists = LocalStore.list
    calls = 0

    def torn(store: LocalStore, prefix: str = "", **options: Any) -> Iterator[Entry]:
        nonlocal calls
        calls += 1
        return iter(()) if calls == 1 else lists(store, prefix, **options)

    monkeypatch.setattr(LocalStore, "list", torn)

    assert len(ledger_files(lake.store)) == 2
