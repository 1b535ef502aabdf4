"""What a file takes in memory is bounded by the file, or by a limit that it is refused at."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ingest.cli import cli
from ingest.load.plan import Options
from ingest.load.run import load
from tests.jobs import answers_of, current_rows, write_answers, write_job

ROOT = Path(__file__).parents[2]
MB = 1_000_000
# Loads a source, and prints what it did and its peak of memory in MB.
_LOAD = """
import json, re, sys
from dataclasses import asdict
from ingest.load.plan import Options
from ingest.load.run import load
from pathlib import Path
done = load(sys.argv[1], sys.argv[2], Options(processes=1))
# Not that of getrusage, which begins with the memory of the process that started this one.
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024
print(json.dumps(asdict(done) | {"peak": peak}))
"""


@pytest.fixture
def job(tmp_path: Path) -> Path:
    return write_job(tmp_path / "source", "Pets", {0: {"ann": "Cat"}})


def loaded(job: Path, lake: Path) -> dict[str, Any]:
    command = [sys.executable, "-c", _LOAD, str(job.parent), str(lake)]
    done: dict[str, Any] = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
    return done


def write_frame(job: Path, pieces: list[dict[str, Any]], **others: str) -> None:
    path = job / f"annotations/worker-response/iteration-1/0/{'a' * 40}/frame.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"trackingAnnotations": pieces} | others))


def write_line(job: Path, attributes: int, **others: str) -> None:
    path = job / "manifests/output/output.manifest"
    metadata = json.loads(path.read_text())["kind-metadata"]
    line: dict[str, Any] = dict(others)
    for number in range(attributes):
        line |= {f"kind{number}": 0, f"kind{number}-metadata": metadata}
    path.write_text(json.dumps(line) + "\n")


def test_the_unknown_of_a_frame_s_file_is_kept_once(job: Path, tmp_path: Path) -> None:
    box = {"left": 1, "top": 1, "width": 5, "height": 5, "label": "x" * 400}
    pieces = [{"frameNumber": number, "boundingBoxes": [box]} for number in range(2_300)]
    write_frame(job, pieces, unknown="u" * MB)

    done = loaded(job, tmp_path / "lake")

    assert (done["files_loaded"], done["errors"]) == (3, [])
    assert done["peak"] < 400
    extras = [row[-1] for row in current_rows(tmp_path / "lake")["worker_frames"]]
    assert [len(extra) for extra in extras if extra] == [len(json.dumps({"unknown": "u" * MB})) - 1]


def test_the_pass_through_of_a_line_is_kept_once(job: Path, tmp_path: Path) -> None:
    write_line(job, 2_000, **{"source-ref": "s3://example-bucket/0.jpg", "through": "p" * MB})

    done = loaded(job, tmp_path / "lake")

    assert (done["files_loaded"], done["errors"]) == (2, [])
    assert done["peak"] < 400
    found = [row for row in current_rows(tmp_path / "lake")["data_objects"] if any(str(v)[:3] == '{"t' for v in row)]
    assert len(found) == 1


@pytest.mark.parametrize("what", ["source", "frame", "element", "config"])
def test_a_file_that_needs_more_than_the_limit_is_rejected(what: str, job: Path, tmp_path: Path) -> None:
    if what == "source":
        write_line(job, 1_000, source="p" * MB)
    elif what == "frame":
        write_frame(job, [{"frameNumber": 0, "frame": "f" * MB, "boundingBoxes": [{"label": "x"} | BOX] * 1_000}])
    elif what == "element":
        path = write_answers(job, 1, {"ann": "Cat"})
        response = json.loads(path.read_text())
        image = {"height": 90, "width": 90}
        boxes = {"boundingBoxes": [{"label": "x"} | BOX] * 1_000, "inputImageProperties": image}
        response["answers"][0]["answerContent"] = {"e" * MB: boxes}
        path.write_text(json.dumps(response))
    else:
        write_frame(job, [{"frameNumber": n, "boundingBoxes": [{"label": "x"} | BOX]} for n in range(3)], u="p" * MB)
        config = job / "label_category_config.json"
        config.write_text(json.dumps({"labels": [{"label": "x"}], "more": "x" * 180 * MB}))
    whole = "more than 1,024 MB of memory: allow more with --file-memory, or split the file"

    done = loaded(job, tmp_path / "lake")

    assert [error["error"] for error in done["errors"]] == [f"needs {whole}"]
    assert done["peak"] < 1_024
    assert len(answers_of(tmp_path / "lake")) == 1


BOX = {"left": 1, "top": 1, "width": 5, "height": 5}


def test_the_limit_is_an_option_and_costs_the_neighbours_nothing(job: Path, tmp_path: Path) -> None:
    write_line(job, 100, source="p" * 100_000)
    source, lake = str(job.parent), str(tmp_path / "lake")

    done = CliRunner().invoke(cli, ["load", source, lake, "--file-memory", "16", "--json"])
    assert done.exit_code == 1
    summary = json.loads(done.stdout)
    assert [error["error"].partition(":")[0] for error in summary["errors"]] == ["needs more than 16 MB of memory"]
    assert summary["files_loaded"] == 1

    assert load(source, str(tmp_path / "other"), Options(file_memory_mb=64)).files_loaded == 2


def test_a_line_without_an_end_is_refused(job: Path, tmp_path: Path) -> None:
    (job / "manifests/output/output.manifest").write_text('{"source": "' + "x" * 70 * 2**20)
    done = load(str(job.parent), str(tmp_path / "lake"))
    assert [error["error"] for error in done.errors] == ["line 1: longer than 64 MB"]
