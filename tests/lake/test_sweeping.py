"""forget says what it would take, and does not sweep a lake away by mistake."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ingest.cli import cli
from ingest.load.run import load
from tests.jobs import answers_of, current_rows, write_job

ROOT = Path(__file__).parents[2]


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    write_job(tmp_path / "source", "Birds", {0: {"ann": "Owl"}})
    write_job(tmp_path / "source", "Pets", {0: {"ann": "Cat"}, 1: {"ben": "Dog"}})
    load(str(tmp_path / "source"), str(tmp_path / "lake"))
    return tmp_path / "lake"


def forget(lake: Path, *options: str) -> Result:
    return CliRunner().invoke(cli, ["forget", str(lake), *options])


@pytest.mark.parametrize("options", [["--uri", "/"], ["--uri", "SOURCE"], ["--uri", "file:///"], ["--job", "Birds"]])
def test_a_dry_run_shows_and_forgets_nothing(options: list[str], lake: Path) -> None:
    before, files = current_rows(lake), sorted(lake.rglob("*"))
    options = [option.replace("SOURCE", str(lake.parent / "source")) for option in options]

    done = forget(lake, *options, "--dry-run")

    assert done.exit_code == 0, done.output
    what = "2 files of 1 jobs: Birds" if "--job" in options else "5 files of 2 jobs: Birds, Pets"
    assert done.output == f"would forget {what}; and 0 answers of 0 workers\n"
    assert (current_rows(lake), sorted(lake.rglob("*"))) == (before, files)
    counts = json.loads(forget(lake, *options, "--dry-run", "--json").stdout)
    assert counts["is_sweeping"] == ("--job" not in options)


def test_a_dry_run_counts_the_answers_of_a_worker(lake: Path) -> None:
    done = forget(lake, "--worker", "private.us-east-1.ann", "--dry-run")
    assert done.output == "would forget 0 files; and 2 answers of 1 workers\n"
    assert len(answers_of(lake)) == 3


def test_a_sweeping_call_needs_yes_where_nobody_can_be_asked(lake: Path) -> None:
    before = current_rows(lake)
    done = forget(lake, "--uri", "/")
    assert done.exit_code == 2
    advice = "look at it with --dry-run, and give --yes if it is meant"
    assert done.output == f"error: this takes 5 files of 2 jobs: Birds, Pets: {advice}\n"
    assert current_rows(lake) == before

    assert forget(lake, "--uri", "/", "--yes").exit_code == 0
    assert answers_of(lake) == []


@pytest.mark.parametrize("uri", ["Pets", "Pets/annotations", "Pets/manifests/output/output.manifest"])
def test_what_is_in_one_job_s_folder_needs_no_yes(uri: str, lake: Path) -> None:
    assert forget(lake, "--uri", str(lake.parent / "source" / uri)).exit_code == 0


def test_a_lake_of_one_job_is_not_swept_away_either(tmp_path: Path) -> None:
    write_job(tmp_path / "source", "Pets", {0: {"ann": "Cat"}})
    load(str(tmp_path / "source"), str(tmp_path / "lake"))
    assert forget(tmp_path / "lake", "--uri", str(tmp_path)).exit_code == 2


@pytest.mark.parametrize(("answer", "status", "left"), [("y", 0, 0), ("n", 2, 3)])
def test_on_a_terminal_it_asks(answer: str, status: int, left: int, lake: Path) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "ingest", "forget", str(lake), "--uri", "/"],
        cwd=ROOT,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        os.write(ours, f"{answer}\n".encode())
        _, said = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == status, said
    assert said.startswith("this takes 5 files of 2 jobs: Birds, Pets\nForget them for good? [y/N]: ")
    assert len(answers_of(lake)) == left
