"""A command that dies at any moment leaves the lake as it was, or as it was to be; and running again completes it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingest.lake.compact import compact
from ingest.lake.forget import Selection, forget
from ingest.lake.lake import Lake
from ingest.lake.vacuum import vacuum
from ingest.load.run import load
from tests.jobs import Row, current_rows, write_answers, write_job

DRIVER = Path(__file__).with_name("die_at_each_step.py")
ROOT = Path(__file__).parents[2]


def die_at_each_step(lake: Path, copies: Path, *command: str) -> list[Path]:
    """The lakes that are left behind, one for each step at which the command died, and one where it did not."""
    copies.mkdir()
    done = subprocess.run(
        [sys.executable, str(DRIVER), str(lake), str(copies), *command],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lakes = sorted(copies.iterdir())
    assert len(lakes) == int(done.stdout) + 1
    return lakes


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_job(tmp_path / "source", "Pets", {0: {"ann": "Cat", "ben": "Dog"}, 1: {"ann": "Dog", "ben": "Dog"}})
    write_job(tmp_path / "source", "Birds", {0: {"cam": "Owl"}})
    return tmp_path / "source"


def test_a_first_load_that_dies_shows_nothing_and_can_be_repeated(source: Path, tmp_path: Path) -> None:
    load(str(source), str(tmp_path / "whole"))
    whole = current_rows(tmp_path / "whole")
    empty: dict[str, list[Row]] = {table: [] for table in whole}

    lakes = die_at_each_step(tmp_path / "none", tmp_path / "copies", "load", str(source), "LAKE")

    assert len(lakes) > 50, "schemas, the tables' files and the ledger are each several steps"
    seen = [current_rows(lake) for lake in lakes]
    assert seen[-1] == whole
    assert all(rows in (empty, whole) for rows in seen)
    assert any(list(lake.rglob("*.part")) for lake in lakes)
    for lake in lakes:
        load(str(source), str(lake))
        for left in (*lake.glob("raw/_running/*"), *lake.rglob("*.part")):
            os.utime(left, (0, 0))  # half an hour later
        vacuum(Lake.open(str(lake)), grace_hours=0)
        assert current_rows(lake) == whole
        assert len({path.name[:27] for path in lake.rglob("2*")}) == 1, "what the dead load wrote is gone"


def test_a_later_load_that_dies_shows_the_old_rows_or_the_new_never_both(source: Path, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    load(str(source), str(lake))
    before = current_rows(lake)
    write_answers(source / "Pets", 0, {"ann": "Dog", "ben": "Dog"})
    write_job(source, "Birds", {0: {"cam": "Owl"}, 1: {"dot": "Owl"}})
    load(str(source), str(tmp_path / "fresh"))
    after = current_rows(tmp_path / "fresh")

    lakes = die_at_each_step(lake, tmp_path / "copies", "load", str(source), "LAKE")

    seen = [current_rows(copy) for copy in lakes]
    assert all(rows in (before, after) for rows in seen)
    assert before in seen
    assert seen[-1] == after
    for copy in lakes:
        load(str(source), str(copy))
        assert current_rows(copy) == after


@pytest.mark.parametrize(
    "command", [("compact", "LAKE"), ("vacuum", "LAKE", "--grace-hours", "0")], ids=lambda it: it[0]
)
def test_upkeep_that_dies_changes_no_row(command: tuple[str, ...], source: Path, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    load(str(source), str(lake))
    write_job(source, "Birds", {0: {"cam": "Owl"}, 1: {"dot": "Owl"}})
    load(str(source), str(lake))
    if command[0] == "vacuum":
        assert compact(Lake.open(str(lake))).loads_rewritten == 2
    rows = current_rows(lake)

    lakes = die_at_each_step(lake, tmp_path / "copies", *command)

    assert len(lakes) > 5
    assert all(current_rows(copy) == rows for copy in lakes)


def test_forgetting_a_worker_is_all_or_nothing(source: Path, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    load(str(source), str(lake))
    before = current_rows(lake)
    worker = "private.us-east-1.ann"

    lakes = die_at_each_step(lake, tmp_path / "copies", "forget", "LAKE", "--worker", worker)

    forget(Lake.open(str(lake)), Selection(workers=[worker]))
    after = current_rows(lake)
    assert before != after
    assert all(current_rows(copy) in (before, after) for copy in lakes)


@pytest.mark.parametrize("threads", ["alone", "beside a thread"])
def test_a_killed_load_leaves_no_worker_process_behind(tmp_path: Path, threads: str) -> None:
    source = tmp_path / "source"
    write_job(source, "Pets", {number: {"ann": "Cat"} for number in range(300)})
    # Beside a thread, the other process is no copy of the first.
    script = f"""
import sys, threading, time
import ingest.load.plan, ingest.load.run
if __name__ == "__main__":
    ingest.load.plan._CHUNK_FILES = 5
    if {threads != "alone"}:
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    ingest.load.run.load(*sys.argv[1:], ingest.load.plan.Options(processes=2))
"""
    lake = tmp_path / "lake"
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(source), str(lake)],
        cwd=ROOT,
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 30
    while not list(lake.glob("raw/worker_answers/*-*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.poll() is None, "the load was over before it could be killed"
    process.send_signal(signal.SIGKILL)
    process.wait()

    while time.monotonic() < deadline:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.05)
    else:
        pytest.fail("worker processes outlive the load")
    assert not any(current_rows(lake).values())
    load(str(source), str(lake))
    assert len(current_rows(lake)["worker_answers"]) == 300
