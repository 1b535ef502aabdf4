"""Machines whose clocks are hours apart: what a command has seen comes before what it writes."""

from __future__ import annotations

import itertools
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.aws.resources import KnownResources, Resource, ResourceKind, sync
from ingest.lake import ledger
from ingest.lake.compact import compact
from ingest.lake.forget import Selection, forget
from ingest.lake.lake import Lake
from ingest.lake.ledger import is_load_id, new_load_id, read_ledger
from ingest.lake.vacuum import vacuum
from ingest.load import run
from ingest.load.run import load
from ingest.storage.local import LocalStore
from ingest.storage.store import StoreError
from ingest.tables import Workteam
from tests.jobs import answers_of, current_rows, write_answers, write_job

HOURS = [0, 5, -7, 30]
"""How far the clocks of some machines are ahead."""


@contextmanager
def clock(hours: float) -> Iterator[None]:
    """The loader runs on a machine whose clock is so far ahead."""

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Shifted:
            return super().now(tz) + timedelta(hours=hours)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "datetime", Shifted)
        yield


def test_a_load_follows_every_load_that_it_has_seen() -> None:
    with clock(5):
        ahead = new_load_id()
        soon = new_load_id()
    behind = new_load_id(ahead)

    assert ahead < behind
    assert behind[:16] <= soon[:16], "the millisecond after it, no later"
    assert len(behind) == len(ahead)
    assert (
        behind[:18]
        == f"{datetime.strptime(ahead[:18], '%Y%m%dT%H%M%S%f') + timedelta(milliseconds=1):%Y%m%dT%H%M%S%f}"[:18]
    )
    assert is_load_id(behind)


@pytest.mark.parametrize("other", [None, "one", "20260229T000000000-00000000", "20200101T000000000-ffffffff"])
def test_an_id_begins_with_the_time_unless_a_newer_one_was_seen(other: str | None) -> None:
    before, seen, after = new_load_id(), new_load_id(other), new_load_id()

    assert before[:18] <= seen[:18] <= after[:18]


def test_nothing_follows_the_end_of_time() -> None:
    with pytest.raises(StoreError, match="no load can follow load 99991231T235959999-00000000"):
        new_load_id("99991231T235959999-00000000")


def test_a_worker_is_forgotten_after_a_load_by_a_machine_that_is_ahead(tmp_path: Path) -> None:
    source, lake = tmp_path / "source", str(tmp_path / "lake")
    write_job(source, "Pets", {0: {"ann": "Cat", "ben": "Dog"}})
    with clock(5 / 3600):
        load(str(source), lake)

    forget(Lake.open(lake), Selection(workers=["private.us-east-1.ann"]))

    assert {answer[2] for answer in answers_of(Lake.open(lake))} == {"private.us-east-1.ben"}


def test_a_correction_counts_after_a_load_by_a_machine_that_is_ahead(tmp_path: Path) -> None:
    source, lake = tmp_path / "source", str(tmp_path / "lake")
    write_job(source, "Pets", {0: {"ann": "Cat"}})
    with clock(5):
        load(str(source), lake)
        compact(Lake.open(lake))
    write_answers(source / "Pets", 0, {"ann": "Parrot"})

    load(str(source), lake)

    assert ["Parrot" in answer[3] for answer in answers_of(Lake.open(lake))] == [True]
    assert load(str(source), lake).load_id is None


def test_an_id_follows_a_load_that_was_compacted_by_a_machine_that_was_behind(tmp_path: Path) -> None:
    """An older loader gave the compacted rows an id older than that of the load that read them."""
    source, lake = tmp_path / "source", Lake.open(str(tmp_path / "lake"))
    write_job(source, "Pets", {0: {"ann": "Cat"}})
    with clock(5):
        load(str(source), lake.uri.removeprefix("file://"))
    known = read_ledger(lake.store)
    origin = known.last_load_id or ""
    with lake.begin() as older:
        entries = [*known.current()]
        older.add([entry._replace(load_id=older.id) for entry in entries])
    assert older.id < origin
    lake.store.delete([f"raw/source_files/{origin}.parquet"])

    assert read_ledger(lake.store).last_load_id == origin


class Model:
    """What the commands are to do, in its plainest form: answers by data object, and who is forgotten."""

    def __init__(self, folder: Path) -> None:
        self.source, self.lake = folder / "source", str(folder / "lake")
        self.written: dict[int, dict[str, str]] = {}
        self.loaded: dict[int, dict[str, str]] = {}
        self.gone: set[int] = set()
        self.forgotten: set[str] = set()
        self.teams: str | None = None
        self.edits = itertools.count()
        write_job(self.source, "Pets", {9: {"zoe": "Cat"}})
        self.edit(0)
        self.load()

    def edit(self, number: int) -> None:
        """A file of the source is written, or written anew."""
        edit = next(self.edits)
        self.written[number] = {"ann": f"a{edit}", "ben": f"b{edit}", "zoe": f"z{edit}"}
        write_answers(self.source / "Pets", number, self.written[number])

    def load(self) -> None:
        """What changed is read, unless it is forgotten."""
        self.edit(0)
        self.edit(1)
        load(str(self.source), self.lake)
        self.loaded |= {number: answers for number, answers in self.written.items() if number not in self.gone}

    def forget_worker(self) -> None:
        """Ann, or she is forgotten again."""
        if "ann" not in self.forgotten:
            forget(Lake.open(self.lake), Selection(workers=["private.us-east-1.ann"]))
            self.forgotten.add("ann")

    def forget_file(self) -> None:
        """The answers of the second data object, for good."""
        if 1 in self.loaded:
            place = self.source / "Pets/annotations/worker-response/iteration-1/1"
            forget(Lake.open(self.lake), Selection(uris=[str(place)]))
            self.gone.add(1)
            del self.loaded[1]

    def compact(self) -> None:
        """No row changes."""
        compact(Lake.open(self.lake))

    def vacuum(self) -> None:
        """No row changes."""
        vacuum(Lake.open(self.lake), grace_hours=0)

    def sync(self) -> None:
        """A work team, which is described otherwise each time."""
        known = KnownResources(Lake.open(self.lake))
        self.teams = f"team {next(self.edits)}"
        team = Workteam(self.teams, None, "private")
        sync(known, [Resource("sagemaker://team", ResourceKind.WORKTEAM, self.teams.encode(), {"workteams": [team]})])

    def check(self) -> None:
        """The lake shows what the model says."""
        seen = {
            (number, worker.rpartition(".")[2]): json.loads(answer)["crowd-image-classifier"]["label"]
            for _, number, worker, answer in answers_of(Lake.open(self.lake))
            if number != 9
        }
        assert seen == {
            (number, worker): label
            for number, answers in self.loaded.items()
            for worker, label in answers.items()
            if worker not in self.forgotten
        }
        assert [row[1] for row in current_rows(Lake.open(self.lake))["workteams"]] == [self.teams] * bool(self.teams)


COMMANDS: dict[str, Callable[[Model], None]] = {
    name: getattr(Model, name) for name in ("load", "forget_worker", "forget_file", "compact", "sync", "vacuum")
}


@given(st.permutations(sorted(COMMANDS)), st.permutations(HOURS))
def test_every_order_of_commands_on_machines_of_any_clock_gives_what_the_commands_say(
    order: list[str], hours: list[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        with clock(3):
            model = Model(Path(folder))
        for ahead, command in zip(itertools.cycle(hours), (*order, "load"), strict=False):
            with clock(ahead):
                COMMANDS[command](model)
            model.check()


@given(st.lists(st.tuples(st.sampled_from(sorted(COMMANDS)), st.sampled_from(HOURS)), max_size=10))
def test_any_commands_on_machines_of_any_clock_give_what_the_commands_say(steps: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        model = Model(Path(folder))
        for command, hours in steps:
            with clock(hours):
                COMMANDS[command](model)
            model.check()


def test_the_grace_period_is_by_the_clock_of_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, lake = tmp_path / "source", str(tmp_path / "lake")
    write_job(source, "Pets", {0: {"ann": "Cat"}})
    load(str(source), lake)
    write_answers(source / "Pets", 0, {"ann": "Dog"})
    load(str(source), lake)
    compact(Lake.open(lake))

    with clock(1000):
        assert vacuum(Lake.open(lake), grace_hours=1) == (0, 0, 0)
    real = LocalStore.now
    monkeypatch.setattr(LocalStore, "now", lambda store: real(store) + 2 * 3_600_000)
    with clock(-1000):
        assert vacuum(Lake.open(lake), grace_hours=1)[0] > 0


def forgotten_meanwhile(patch: pytest.MonkeyPatch, lake: str, *selections: Selection) -> None:
    """Each of the next attempts of a load is passed by a forget when it has read everything."""
    waiting = [*selections]
    measure = run._Run.measure_overlaps

    def forget_first(attempt: Any, store: Any) -> None:
        if waiting:
            with clock(-3):
                forget(Lake.open(lake), waiting.pop(0))
        measure(attempt, store)

    patch.setattr(run._Run, "measure_overlaps", forget_first)


@pytest.mark.parametrize(
    ("selection", "left"),
    [
        (Selection(jobs=["Pets"]), set()),
        (Selection(workers=["private.us-east-1.ann"]), {"private.us-east-1.ben"}),
        (Selection(jobs=["Birds"]), {"private.us-east-1.ann", "private.us-east-1.ben"}),
    ],
)
def test_what_is_forgotten_while_a_load_runs_stays_forgotten(
    selection: Selection, left: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by a machine whose clock is hours behind, so that its tombstones are older than the load."""
    source, lake = tmp_path / "source", str(tmp_path / "lake")
    with clock(-9):
        write_job(source, "Birds", {0: {"cam": "Owl"}})
        job = write_job(source, "Pets", {0: {"ann": "Cat", "ben": "Dog"}})
        load(str(source), lake)
    write_answers(job, 0, {"ann": "Dog", "ben": "Dog"})
    forgotten_meanwhile(monkeypatch, lake, selection)

    summary = load(str(job), lake)

    assert {worker for job_name, _, worker, _ in answers_of(Path(lake)) if job_name == "Pets"} == left
    # No part of the attempt that was given up is left.
    assert vacuum(Lake.open(lake), grace_hours=0).files == 0
    assert summary.files_loaded == (0 if selection.jobs == ["Pets"] else 1)
    assert load(str(job), lake).files_loaded == 0


def test_a_load_that_is_passed_by_a_forget_each_time_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, lake = tmp_path / "source", str(tmp_path / "lake")
    with clock(-9):
        for number in range(11):
            write_job(source, f"Pets-{number}", {0: {f"ann-{number}": "Cat"}})
        load(str(source), lake)
    people = [Selection(workers=[f"private.us-east-1.ann-{number}"]) for number in range(11)]
    forgotten_meanwhile(monkeypatch, lake, *people)
    write_job(source, "Birds", {0: {"cam": "Owl"}})

    with pytest.raises(StoreError, match=r"load was given up, and changed nothing: .* was forgotten"):
        load(str(source), lake)

    assert load(str(source), lake).jobs
