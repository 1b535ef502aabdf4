"""A source's folders: what cannot be listed costs itself and is recorded, and a link counts work once.

The tests may run as root, who may read everything: there, ``os.scandir`` refuses in place of the system.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from ingest.cli import cli
from ingest.lake.lake import Lake
from ingest.lake.ledger import read_ledger
from ingest.lake.status import status
from ingest.load.run import load
from ingest.storage.local import LocalStore
from ingest.storage.open import open_store
from ingest.storage.store import StoreError
from tests.jobs import answers_of, write_job


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_job(tmp_path / "source", "Birds", {0: {"ann": "Owl"}})
    write_job(tmp_path / "source", "Pets", {0: {"ann": "Cat"}, 1: {"ben": "Dog"}})
    return tmp_path / "source"


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / "lake"


def refuse(monkeypatch: pytest.MonkeyPatch, folder: Path, error: OSError) -> None:
    """Let a folder be one that the system does not list."""
    scandir = os.scandir

    def scan(path: Any = ".") -> Any:
        if str(path) == str(folder):
            raise error
        return scandir(path)

    monkeypatch.setattr(os, "scandir", scan)


class Dated:
    """What ``os.scandir`` says of a file, with a time that few disks can keep."""

    def __init__(self, entry: os.DirEntry[str], seconds: int) -> None:
        self._entry, self._seconds = entry, seconds

    def __getattr__(self, name: str) -> Any:
        return getattr(self._entry, name)

    def stat(self) -> SimpleNamespace:
        """Size and time."""
        return SimpleNamespace(st_size=self._entry.stat().st_size, st_mtime_ns=self._seconds * 10**9)


def date(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    """Let every file be of a time, in seconds since 1970."""
    scandir = os.scandir

    @contextmanager
    def scan(path: Any = ".") -> Iterator[Iterator[Dated]]:
        with scandir(path) as entries:
            yield (Dated(entry, seconds) for entry in entries)

    monkeypatch.setattr(os, "scandir", scan)


def paths(root: Path) -> list[str]:
    return [entry.path for entry in LocalStore(root).list()]


@pytest.mark.parametrize(
    ("seconds", "kept"),
    [
        (2**62, "9999-12-31 23:59"),
        (253_402_300_800, "9999-12-31 23:59"),
        (0, "1970-01-01 00:00"),
        (-62_135_596_801, "0001-01-01 00:00"),
        (-(2**62), "0001-01-01 00:00"),
    ],
)
def test_a_file_of_no_year_of_the_calendar_has_the_nearest_time(
    source: Path, lake: Path, monkeypatch: pytest.MonkeyPatch, seconds: int, kept: str
) -> None:
    """Neither a lake's readers nor DuckDB know a later year, or an earlier one."""
    with monkeypatch.context() as context:
        date(context, seconds)
        assert load(str(source), str(lake)).files_loaded == 5

    moments = {entry.modified_at for entry in read_ledger(Lake(open_store(str(lake))).store).versions()}
    times = {datetime(1970, 1, 1) + timedelta(milliseconds=moment or 0) for moment in moments}
    assert [time.isoformat(" ", "minutes") for time in times] == [kept]
    assert CliRunner().invoke(cli, ["status", str(lake)]).exit_code == 0


def test_a_link_that_leads_to_itself_is_recorded(source: Path, lake: Path) -> None:
    loop = source / "Pets/loop"
    loop.symlink_to("loop")

    done = CliRunner().invoke(cli, ["load", str(source), str(lake)])

    assert done.exit_code == 1, done.output
    reason = "cannot be listed: Too many levels of symbolic links"
    assert f"  {loop.as_uri()}\n    {reason}" in done.output
    entry = read_ledger(Lake.open(str(lake)).store).newest[loop.as_uri()]
    assert (entry.status, entry.error, entry.file_kind, entry.job_name) == ("rejected", reason, "source_folder", "Pets")
    assert len(answers_of(lake)) == 3

    loop.unlink()
    again = load(str(source), str(lake))
    assert (again.files_rejected, again.errors, again.files_unchanged) == (0, [], 5)
    found = status(Lake.open(str(lake)))
    assert (found.errors, found.directories, [job.files for job in found.jobs]) == ([], [], [2, 3])
    assert load(str(source), str(lake)).load_id is None


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied"), FileNotFoundError(2, "No such file or directory")]
)
def test_a_folder_that_cannot_be_listed_costs_itself(
    error: OSError, source: Path, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = source / "Pets/annotations/worker-response/iteration-1/0"
    with monkeypatch.context() as patch:
        refuse(patch, folder, error)
        first = load(str(source), str(lake))
        assert first.errors == [{"uri": folder.as_uri(), "error": f"cannot be listed: {error.strerror}"}]
        assert (first.files_loaded, first.files_rejected) == (4, 1)
        assert load(str(source), str(lake)).errors == first.errors
        assert status(Lake.open(str(lake))).errors == [(folder.as_uri(), f"cannot be listed: {error.strerror}")]

    assert load(str(source), str(lake)).files_loaded == 1
    assert status(Lake.open(str(lake))).errors == []


def test_a_file_that_goes_away_while_it_is_listed_costs_itself(
    source: Path, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    class Scan:
        def __init__(self, path: Any) -> None:
            self._path, self._scan = path, scandir(path)

        def __enter__(self) -> Any:
            return iter([*self._scan])

        def __exit__(self, *error: object) -> None:
            self._scan.close()
            if str(self._path).endswith("iteration-1/1"):
                for file in Path(self._path).iterdir():
                    file.unlink()

    monkeypatch.setattr(os, "scandir", Scan)
    done = load(str(source), str(lake))
    assert [error["error"] for error in done.errors] == ["cannot be listed: No such file or directory"]
    assert done.files_loaded == 4


def test_a_source_or_a_lake_that_cannot_be_listed_is_an_error(
    source: Path, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(str(source), str(lake))
    denied = PermissionError(13, "Permission denied")
    with monkeypatch.context() as patch:
        refuse(patch, source, denied)
        with pytest.raises(StoreError, match=r"source: cannot be listed: Permission denied"):
            load(str(source), str(lake))
    refuse(monkeypatch, lake / "raw/source_files", denied)
    with pytest.raises(PermissionError):
        load(str(source), str(lake))


def test_a_source_of_nothing_but_what_cannot_be_listed_says_so(tmp_path: Path, lake: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source/loop").symlink_to("loop")
    with pytest.raises(StoreError, match=r"no labeling job .*/loop cannot be listed: Too many levels"):
        load(str(tmp_path / "source"), str(lake))


def test_folders_that_name_each_other_are_listed_once(source: Path, lake: Path) -> None:
    folders = [write_job(source, f"Job{number}", {0: {"ann": "Cat"}}) for number in range(8)]
    for folder in folders:
        for other in folders:
            if other != folder:
                (folder / f"to-{other.name}").symlink_to(other)

    done = load(str(source), str(lake))

    assert len(paths(source)) < 100
    assert (done.files_loaded, done.errors) == (5 + 8 * 2, [])
    assert done.jobs == ["Birds", *(f"Job{number}" for number in range(8)), "Pets"]


@pytest.mark.parametrize("link", ["A", "Z", "deep/A", "Birds/A"])
def test_a_link_to_a_job_counts_its_work_once(link: str, source: Path, lake: Path) -> None:
    (source / link).parent.mkdir(exist_ok=True)
    (source / link).symlink_to(source / "Pets")

    done = load(str(source), str(lake))

    assert (done.jobs, done.files_loaded, done.errors) == (["Birds", "Pets"], 5, [])
    assert len(answers_of(lake)) == 3


def test_two_links_to_a_job_elsewhere_count_its_work_once(source: Path, lake: Path, tmp_path: Path) -> None:
    elsewhere = write_job(tmp_path / "elsewhere", "Fish", {0: {"ann": "Cod"}})
    (source / "Fish").symlink_to(elsewhere)
    (source / "Same").symlink_to(elsewhere)
    (source / "Inner").symlink_to(elsewhere / "annotations")
    (source / "A").symlink_to(elsewhere / "annotations")

    done = load(str(source), str(lake))

    assert (done.jobs, done.files_loaded) == (["Birds", "Fish", "Pets"], 7)
    assert {path.partition("/")[0] for path in paths(source)} == {"Birds", "Fish", "Pets"}


def test_a_part_of_a_job_may_be_a_link(source: Path, lake: Path) -> None:
    answers = source / "Pets/annotations"
    answers.rename(source / "store")
    answers.symlink_to(source / "store")

    assert load(str(source), str(lake)).files_loaded == 5
    assert len(answers_of(lake)) == 3


@pytest.mark.parametrize("up", [lambda source: source, lambda source: source / "Pets"])
def test_a_link_back_is_passed_over(up: Callable[[Path], Path], source: Path) -> None:
    before = paths(source)
    (source / "Pets/annotations/up").symlink_to(up(source))
    assert paths(source) == before


def test_a_link_to_what_the_source_is_in_is_recorded(source: Path, lake: Path, tmp_path: Path) -> None:
    (source / "out").symlink_to(tmp_path)
    done = load(str(source), str(lake))
    reason = f"cannot be listed: a link to {tmp_path}, which the source is in"
    assert done.errors == [{"uri": (source / "out").as_uri(), "error": reason}]
    assert done.files_loaded == 5
