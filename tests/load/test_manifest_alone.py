"""An output manifest by itself, of whatever name; and files that only look like those of a job."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ingest.cli import cli
from ingest.formats.parsing import BadFile, utf_8
from ingest.lake.lake import Lake
from ingest.lake.status import status
from tests.jobs import current_rows, write_job

LINE = {"source": "Łódź", "kind": 0, "kind-metadata": {"class-name": "a", "type": "groundtruth/text-classification"}}
TEXT = json.dumps(LINE, ensure_ascii=False) + "\n"
FORMS = {
    "output.manifest": TEXT.encode(),
    "export.jsonl": TEXT.encode("utf-8-sig"),
    "x-output.manifest": TEXT.encode("utf-16"),
    "output.manifest.gz": gzip.compress(TEXT.encode()),
    "output.gz": gzip.compress(TEXT.encode("utf-16")[:9]) + gzip.compress(TEXT.encode("utf-16")[9:]),
}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


@pytest.mark.parametrize("name", FORMS)
def test_a_manifest_is_loaded_by_itself(name: str, tmp_path: Path) -> None:
    """Other files beside it are not looked at; loading it again changes nothing."""
    file, lake = tmp_path / "files" / name, tmp_path / "lake"
    file.parent.mkdir()
    file.write_bytes(FORMS[name])
    write_job(file.parent, "other", {0: {"ann": "Cat"}})
    done = run("load", file, lake, "--job", "towns", "--namespace", "pl")
    assert (done.exit_code, done.stdout.splitlines()[0][:24]) == (0, "1 files loaded (2 rows),")
    rows = current_rows(lake)
    assert {row[0] for rows_of_table in rows.values() for row in rows_of_table} == {"pl/towns"}
    assert "Łódź" in rows["data_objects"][0]
    assert "1 unchanged" in run("load", file, lake, "--job", "towns", "--namespace", "pl").stdout


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (gzip.compress(TEXT.encode())[:-9], "not sound gzip: it ends too early"),
        (gzip.compress(TEXT.encode()) + b"x", "not sound gzip: "),
        (b"\x1f\x8b" + b"x" * 20, "not sound gzip: "),
    ],
)
def test_broken_gzip_is_refused(data: bytes, error: str, tmp_path: Path) -> None:
    file = tmp_path / "output.manifest.gz"
    file.write_bytes(data)
    done = run("load", file, tmp_path / "lake", "--job", "towns")
    assert done.exit_code == 1
    assert error in done.stderr


def test_gzip_that_unpacks_to_too_much_is_refused() -> None:
    """After as many pieces as are allowed: it is never in memory as a whole."""
    pieces = utf_8([zlib.compress(b" " * 2**24, wbits=31)], 3 * 2**20)
    assert [len(next(pieces)) for _ in range(3)] == [2**20] * 3
    with pytest.raises(BadFile, match="unpacks to more than 3 MB"):
        next(pieces)


def test_what_looks_like_a_job_is_told(tmp_path: Path) -> None:
    """Once by loads, and by `status` until it is loaded."""
    source, lake = tmp_path / "source", tmp_path / "lake"
    write_job(source, "Pets", {0: {"ann": "Cat"}})
    for path in (
        "bare/output.manifest",
        "birds/worker-response/iteration-1/0/a.json",
        "birds/worker-response/iteration-1/1/a.json",
        "Pets/manifests/intermediate/1/output.manifest",
        "Pets/annotations/intermediate/1/output.manifest",
        "Pets/input.manifest",
        "photos.zip",
    ):
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(TEXT)
    done = run("load", source, lake)
    assert (done.exit_code, "2 skipped, 7 ignored" in done.stdout) == (1, True)
    found = [f"file://{source}/bare/output.manifest", f"file://{source}/birds/worker-response/iteration-1"]
    assert [uri for uri, _ in status(Lake.open(str(lake))).errors] == found
    again = run("load", source, lake)
    assert (again.exit_code, "0 skipped" in again.stdout) == (0, True)
    assert run("load", source / "bare/output.manifest", lake, "--job", "bare").exit_code == 0
    assert [uri for uri, _ in status(Lake.open(str(lake))).errors] == found[1:]
    assert [job.job_name for job in status(Lake.open(str(lake))).jobs] == ["Pets", "bare"]


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        ("x/output.manifest", "x/output.manifest is an output manifest that is not at JOB/manifests/output/output"),
        ("birds/worker-response/iteration-1/0/a.json", "birds/worker-response/iteration-1 is answers that are not in"),
        ("job.zip", "job.zip is a zip file: unpack it, and load the folder"),
        ("notes.txt", "at any depth\n"),
    ],
)
def test_a_source_without_a_job_is_explained(path: str, advice: str, tmp_path: Path) -> None:
    file = tmp_path / "source" / path
    file.parent.mkdir(parents=True)
    file.write_text(TEXT)
    done = run("load", tmp_path / "source", tmp_path / "lake")
    assert done.exit_code == 2
    assert "expected JOB/manifests/output/output.manifest or JOB/annotations in it, at any depth" in done.stderr
    assert advice in done.stderr


def test_a_file_needs_the_name_of_its_job(tmp_path: Path) -> None:
    (tmp_path / "output.manifest").write_text(TEXT)
    done = run("load", tmp_path / "output.manifest", tmp_path / "lake")
    assert (done.exit_code, "name its job with --job" in done.stderr) == (2, True)
    gone = run("load", tmp_path / "other.manifest", tmp_path / "lake", "--job", "x")
    assert (gone.exit_code, "no such file: " in gone.stderr) == (2, True)
