"""What is wrong with the disk or with a file of the lake ends a command with one line that names the file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from ingest.cli import cli
from ingest.load.run import load
from tests.jobs import current_rows, write_answers, write_job

ROOT = Path(__file__).parents[2]

# Runs the loader where no file may grow beyond some bytes, as on a disk that is full.
_FULL = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
sys.argv = ["ingest", *sys.argv[2:]]
runpy.run_module("ingest", run_name="__main__")
"""


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    job = write_job(tmp_path / "source", "Pets", {0: {"ann": "Cat", "ben": "Dog"}})
    load(str(tmp_path / "source"), str(tmp_path / "lake"))
    write_answers(job, 0, {"ann": "Dog", "ben": "Dog"})
    return tmp_path / "lake"


def commands(lake: Path) -> dict[str, list[str]]:
    return {
        "load": ["load", str(lake.parent / "source"), str(lake)],
        "status": ["status", str(lake)],
        "compact": ["compact", str(lake)],
        "vacuum": ["vacuum", str(lake)],
        "forget": ["forget", str(lake), "--worker", "private.us-east-1.ann"],
        "sync-workers": ["sync-workers", str(lake), "--from", str(lake.parent / "none.json")],
    }


def table_file(lake: Path, table: str) -> Path:
    (file,) = (file for file in lake.joinpath("raw", table).iterdir() if file.name[0] != "_")
    return file


DAMAGE = {
    "empty": b"",
    "text": b"not Parquet at all",
    "foreign": None,
    "cut": None,
}


def damage(file: Path, how: str) -> None:
    if how == "foreign":
        pq.write_table(pa.table({"city": ["Rome"], "load_id": [7]}), file)
    elif how == "cut":
        file.write_bytes(file.read_bytes()[:-20])
    else:
        file.write_bytes(DAMAGE[how] or b"")


def says_one_line_about(file: Path, command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ingest", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.startswith(f"error: {file.as_uri()}: not "), done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("how", [*DAMAGE])
@pytest.mark.parametrize("command", ["load", "status", "compact", "vacuum", "forget"])
def test_a_damaged_ledger_is_named(command: str, how: str, lake: Path) -> None:
    file = table_file(lake, "source_files")
    damage(file, how)
    says_one_line_about(file, commands(lake)[command])


@pytest.mark.parametrize("how", [*DAMAGE])
def test_a_damaged_table_is_named(how: str, lake: Path) -> None:
    load(str(lake.parent / "source"), str(lake))
    file = max(file for file in lake.joinpath("raw/worker_answers").iterdir() if file.name[0] != "_")
    damage(file, how)
    for command in ("compact", "forget"):
        says_one_line_about(file, commands(lake)[command])


@pytest.mark.parametrize("how", ["empty", "text", "cut"])
def test_a_damaged_schema_is_named_and_can_be_deleted(how: str, lake: Path) -> None:
    file = lake / "raw/worker_answers/_schema.parquet"
    damage(file, how)
    says_one_line_about(file, commands(lake)["load"])
    file.unlink()
    assert CliRunner().invoke(cli, commands(lake)["load"]).exit_code == 0
    assert pq.read_schema(file).names[0] == "load_id"


@pytest.mark.parametrize("command", ["load", "compact", "forget"])
@pytest.mark.parametrize("most", [0, 100, 700, 4_000])
def test_a_full_disk_is_one_line_that_names_the_file(command: str, most: int, lake: Path) -> None:
    load(str(lake.parent / "source"), str(lake))
    write_answers(lake.parent / "source/Pets", 1, {"dan": "Owl"})
    before = current_rows(lake)
    done = subprocess.run(
        [sys.executable, "-c", _FULL, str(most), *commands(lake)[command]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.startswith("error: [Errno 27] File too large: "), done.stderr
    assert f"'{lake}/raw/" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert current_rows(lake) == before
    assert not list(lake.rglob("*.part"))

    assert CliRunner().invoke(cli, commands(lake)[command]).exit_code == 0
