"""forget and what does not say whose it is: frames of answers to sequences, and answers in consolidation requests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from ingest.identity import worker_key
from ingest.lake.compact import compact
from ingest.lake.forget import Selection, forget
from ingest.lake.lake import Lake
from ingest.lake.status import status
from ingest.lake.vacuum import vacuum
from ingest.load.plan import Options
from ingest.load.run import load
from ingest.tables import TABLES
from tests.jobs import current_rows

ANN, BEN = "private.us-east-1.00000000000000aa", "private.us-east-1.00000000000000bb"
ISSUER = "https://idp.example/pool"
ANN_KEY = worker_key(ANN, ISSUER, "ann")
FOLDERS = {ANN: "a" * 40, BEN: "b" * 40}
FOLDER = "annotations/worker-response/iteration-1/0"


def write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def pointer(job: Path, worker: str) -> dict[str, Any]:
    prefix = f"s3://example-bucket/out/{job.name}/{FOLDER}/{FOLDERS[worker]}/"
    return {"trackingAnnotations": {"frameData": {"s3Prefix": prefix, "entries": []}}}


def write_answers(job: Path, *workers: str) -> None:
    answers = [
        {
            "answerContent": pointer(job, worker),
            "submissionTime": "2026-01-02T03:04:05.678Z",
            "workerId": worker,
            "workerMetadata": {"identityData": {"issuer": ISSUER, "sub": "ann" if worker == ANN else "ben"}},
        }
        for worker in workers
    ]
    write_json(job / FOLDER / "2026-01-02_03:05:00.json", {"answers": answers})


def write_frame(job: Path, worker: str, number: int) -> None:
    box = {"label": f"Car of {worker[-2:]}", "left": number, "top": 0, "width": 1, "height": 1}
    frame = {"frameNumber": number, "frame": f"{number}.jpg", "boundingBoxes": [box], "frameAttributes": {"fog": "no"}}
    write_json(job / FOLDER / FOLDERS[worker] / f"{number}.jpg.json", {"trackingAnnotations": frame})


def write_request(job: Path, *workers: str) -> None:
    annotations = [
        {"workerId": worker, "annotationData": {"content": json.dumps(pointer(job, worker))}} for worker in workers
    ]
    path = job / "annotations/consolidated-annotation/consolidation-request/iteration-1/2026-01-02_03:05:01.json"
    write_json(path, [{"datasetObjectId": "0", "annotations": annotations}])


@pytest.fixture
def job(tmp_path: Path) -> Path:
    job = tmp_path / "source" / "Traffic"
    write_answers(job, ANN, BEN)
    for worker in (ANN, BEN):
        for number in (1, 2):
            write_frame(job, worker, number)
    return job


@pytest.fixture
def lake(job: Path, tmp_path: Path) -> Lake:
    path = str(tmp_path / "lake")
    load(str(job.parent), path)
    return Lake.open(path)


def column(lake: Lake, table: str, name: str) -> list[Any]:
    place = [column for column, _, _ in TABLES[table].columns[2:]].index(name)
    return [row[place] for row in current_rows(lake)[table]]


def owners(lake: Lake) -> tuple[set[str], set[str], set[str]]:
    """Folders that frames, labels and attributes come from."""
    found = ("worker_frames", "worker_annotations", "worker_annotation_attributes")
    frames, labels, attributes = (set(column(lake, table, "payload_folder")) for table in found)
    return frames, labels, attributes


ONLY_BEN = ({FOLDERS[BEN]},) * 3
BOTH = ({*FOLDERS.values()},) * 3


@pytest.mark.parametrize("name", [ANN, ANN_KEY], ids=["worker id", "worker key"])
def test_frames_go_with_the_worker_whose_answer_points_to_them(name: str, lake: Lake, job: Path) -> None:
    assert owners(lake) == BOTH

    done = forget(lake, Selection(workers=[name]))

    assert (done.files, done.workers, done.answers) == (2, 1, 1)
    assert owners(lake) == ONLY_BEN
    assert status(lake).forgotten_files == 2
    # More of them come, and one comes again in another version: none of either is read.
    write_frame(job, ANN, 3)
    (job / FOLDER / FOLDERS[ANN] / "1.jpg.json").write_text('{"trackingAnnotations": {"frameNumber": 1} }')
    write_frame(job, BEN, 3)
    for options in (Options(), Options(include_forgotten=True)):
        assert load(str(job.parent), lake.uri, options).files_forgotten == 3
        assert owners(lake) == ONLY_BEN
    assert sorted(column(lake, "worker_frames", "frame_index")) == [1, 2, 3]


def test_bytes_of_forgotten_frames_go_with_compact_and_vacuum(lake: Lake, tmp_path: Path) -> None:
    forget(lake, Selection(workers=[ANN]))
    compact(lake)
    vacuum(lake, grace_hours=0)

    labels = [
        label
        for file in (tmp_path / "lake/raw/worker_annotations").glob("[!_]*.parquet")
        for label in pq.read_table(file).column("label").to_pylist()
    ]
    assert labels == ["Car of bb"] * 2


@pytest.mark.parametrize("processes", [1, 2])
def test_frames_of_a_job_that_is_loaded_after_its_worker_was_forgotten(
    processes: int, lake: Lake, job: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever is listed first, the frame or the answer, and in whichever chunk."""
    monkeypatch.setattr("ingest.load.plan._CHUNK_FILES", 1)
    forget(lake, Selection(workers=[ANN]))
    other = job.parent / "Rain"
    write_answers(other, ANN, BEN)
    for worker in (ANN, BEN):
        write_frame(other, worker, 1)

    load(str(job.parent), lake.uri, Options(processes=processes))

    assert column(lake, "worker_frames", "job_name") == ["Rain", "Traffic", "Traffic"]
    assert owners(lake) == ONLY_BEN
    assert load(str(job.parent), lake.uri).load_id is None


def test_frames_that_were_loaded_before_the_answer_that_says_whose_they_are(lake: Lake, job: Path) -> None:
    forget(lake, Selection(workers=[ANN]))
    other = job.parent / "Rain"
    write_frame(other, ANN, 1)
    load(str(job.parent), lake.uri)
    assert {*column(lake, "worker_frames", "job_name")} == {"Rain", "Traffic"}

    write_answers(other, ANN)
    load(str(job.parent), lake.uri)

    assert {*column(lake, "worker_frames", "job_name")} == {"Traffic"}
    assert load(str(job.parent), lake.uri).load_id is None


def test_a_folder_of_the_same_name_in_another_job_is_spared(lake: Lake, job: Path) -> None:
    other = job.parent / "Rain"
    write_frame(other, ANN, 1)
    load(str(job.parent), lake.uri)

    forget(lake, Selection(workers=[ANN]))

    assert {*column(lake, "worker_frames", "job_name")} == {"Rain", "Traffic"}


@pytest.mark.parametrize("name", [ANN, ANN_KEY, worker_key(ANN)], ids=["worker id", "worker key", "key of worker id"])
def test_answers_in_requests_go_with_those_in_responses(name: str, job: Path, tmp_path: Path) -> None:
    """Though the worker's key is another there, where nothing but the worker id is known."""
    write_request(job, ANN, BEN)
    load(str(job.parent), str(tmp_path / "lake"))
    lake = Lake.open(str(tmp_path / "lake"))
    assert set(column(lake, "worker_answers", "worker_key")) == {
        *(ANN_KEY, worker_key(ANN)),
        *(worker_key(BEN, ISSUER, "ben"), worker_key(BEN)),
    }

    done = forget(lake, Selection(workers=[name]))

    assert (done.workers, done.answers) == (1, 2)
    assert set(column(lake, "worker_answers", "worker_id")) == {BEN}


@pytest.mark.parametrize("first", ["response", "request"])
def test_a_worker_forgotten_by_one_is_left_out_of_the_other(first: str, job: Path, tmp_path: Path) -> None:
    response = job / FOLDER / "2026-01-02_03:05:00.json"
    if first == "request":
        response.unlink()
        write_request(job, ANN, BEN)
    load(str(job.parent), str(tmp_path / "lake"))
    lake = Lake.open(str(tmp_path / "lake"))
    forget(lake, Selection(workers=[ANN]))
    assert owners(lake) == ONLY_BEN

    other = job.parent / "Rain"
    write_answers(other, ANN, BEN)
    write_request(other, ANN, BEN)
    for worker in (ANN, BEN):
        write_frame(other, worker, 1)
    load(str(job.parent), lake.uri)

    assert set(column(lake, "worker_answers", "worker_id")) == {BEN}
    assert owners(lake) == ONLY_BEN


def test_all_answers_of_a_person_go_under_whichever_worker_id(job: Path, tmp_path: Path) -> None:
    """One person has another worker id in every work team."""
    other = "private.us-east-1.00000000000000cc"
    path = job / FOLDER / "2026-01-02_03:05:00.json"
    path.write_text(path.read_text().replace(BEN, other).replace('"ben"', '"ann"'))
    load(str(job.parent), str(tmp_path / "lake"))
    lake = Lake.open(str(tmp_path / "lake"))

    done = forget(lake, Selection(workers=[other]))

    assert (done.workers, done.answers, done.files) == (1, 2, 4)
    assert current_rows(lake)["worker_answers"] == []
