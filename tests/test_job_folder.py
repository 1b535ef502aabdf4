"""What a file is, by its place in the tree."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ingest.job_folder import FileKind, Place, own_file, place_of
from tests.load.raw_lake import load_and_read, values

JOB = "s3://example-bucket/out/My-Job"
RESPONSE = "annotations/worker-response"
OUTPUT = "annotations/consolidated-annotation/output"
REQUEST = "annotations/consolidated-annotation/consolidation-request"
RESULTS = "annotations/consolidated-annotation/consolidation-response"
PAYLOAD = "0123456789abcdef0123456789abcdef01234567"
MASK = f"{OUTPUT}/0_2022-09-09T17:25:31.918770.png"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("manifests/output/output.manifest", Place(FileKind.OUTPUT_MANIFEST, JOB)),
        (f"{RESPONSE}/iteration-1/0/x.json", Place(FileKind.WORKER_RESPONSE, JOB, 1, "0")),
        (f"{RESPONSE}/iteration-12/345/x.json", Place(FileKind.WORKER_RESPONSE, JOB, 12, "345")),
        (f"{OUTPUT}/7/SeqLabel.json", Place(FileKind.SEQUENCE_LABELS, JOB, None, "7")),
        ("label_category_config.json", Place(FileKind.LABEL_CATEGORY_CONFIG, JOB)),
        ("annotation-tool/data.json", Place(FileKind.LABEL_CATEGORY_CONFIG, JOB)),
        ("golden.manifest", Place(FileKind.GOLDEN_LABELS, JOB)),
        ("manifests/output/output.manifest.tmp", None),
        ("manifests/intermediate/1/output.manifest", None),
        ("manifests/output/Output.Manifest", None),
        (f"{RESPONSE}/iteration-1/0/{PAYLOAD}/f.jpg.json", Place(FileKind.WORKER_FRAME, JOB, 1, "0", PAYLOAD)),
        (f"{RESPONSE}/iteration-1/0/0123/frame_0001.jpg.json", None),
        (f"{RESPONSE}/iteration-1/0/x.txt", None),
        (f"{RESPONSE}/iteration-1/x.json", None),
        (f"{RESPONSE}/iteration-x/0/x.json", None),
        (f"{RESPONSE}/iteration-1234567890/0/x.json", None),
        (MASK, Place(FileKind.MASK, JOB, None, "0")),
        (f"{OUTPUT}/x_2022-09-09T17:25:31.918770.png", None),
        (f"{OUTPUT}/7/cloud.zlib", Place(FileKind.POINT_CLASSES, JOB, None, "7")),
        (f"{OUTPUT}/7/old/SeqLabel.json", None),
        (f"{OUTPUT}/7/my-SeqLabel.json", None),
        ("annotations/intermediate/1/annotations.manifest", None),
        (f"{REQUEST}/iteration-1/x.json", Place(FileKind.CONSOLIDATION_REQUEST, JOB, 1)),
        (f"{RESULTS}/iteration-2/x.json", Place(FileKind.CONSOLIDATION_RESPONSE, JOB, 2)),
        ("review-batches/dogs-1.json", Place(FileKind.REVIEW_BATCH, JOB)),
        (f"{RESPONSE}/iteration-1/0/._x.json", None),
        ("readme.md", None),
    ],
)
def test_place_of(path: str, expected: Place | None) -> None:
    assert place_of(f"{JOB}/{path}") == expected


@pytest.mark.parametrize(
    "time",
    [
        "2021-03-08_23:06:49",
        "2021-03-08_23-06-49",
        "2021-03-08_23_06_49",
        "2021-03-08_23%3A06%3A49",
        "2021-03-08_23\uf03a06\uf03a49",
        "line\nbreak",
    ],
)
def test_answers_are_found_however_a_copy_wrote_the_time(time: str) -> None:
    place = place_of(f"{JOB}/{RESPONSE}/iteration-1/3/{time}.json")
    assert place == Place(FileKind.WORKER_RESPONSE, JOB, 1, "3")


@pytest.mark.parametrize(
    ("job_uri", "name"),
    [
        ("s3://example-bucket/job", "job"),
        ("s3://example-bucket/a/b/c/Job 1", "Job 1"),
        ("s3://example-bucket/manifests/output/job", "job"),
        ("file:///tmp/annotations/worker-response/iteration-1/0/job", "job"),
        ("s3://example-bucket/üñ", "üñ"),
        ("s3://example-bucket/two\nlines/job\n", "job\n"),
    ],
)
def test_job_is_the_folder_wherever_it_lies(job_uri: str, name: str) -> None:
    place = place_of(f"{job_uri}/manifests/output/output.manifest")
    assert place is not None
    assert (place.job_uri, place.job_name) == (job_uri, name)


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        (f"s3://other/deep/My-Job/{OUTPUT}/0/SeqLabel.json", f"{JOB}/{OUTPUT}/0/SeqLabel.json"),
        (f"s3://other/my-job/{OUTPUT}/0/SeqLabel.json", f"{JOB}/{OUTPUT}/0/SeqLabel.json"),
        (f"s3://other/annotations/My-Job/{MASK}", f"{JOB}/{MASK}"),
        (f"s3://other/Another-Job/{OUTPUT}/0/SeqLabel.json", None),
        ("s3://other/My-Job/labels/0/SeqLabel.json", None),
        ("", None),
    ],
)
def test_own_file(ref: str, expected: str | None) -> None:
    """A ref to this job's file is found in a copy of the job; one to another job's file is not looked for."""
    assert own_file(ref, JOB) == expected


def test_names_with_colons_are_read_like_the_others(tmp_path: Path) -> None:
    """As the service names them; the trees in tests/data have none, for other systems cannot check them out."""
    case = Path(__file__).parent / "data/image-classification/valid/one-worker"
    shutil.copytree(case, tmp_path / "source")
    for path in sorted((tmp_path / "source").rglob("2021-*.json")):
        day, _, time = path.stem.partition("_")
        path.rename(path.with_name(f"{day}_{time.replace('-', ':')}.json"))
    plain, colons = load_and_read(case, tmp_path / "a"), load_and_read(tmp_path / "source", tmp_path / "b")
    answers = [values(row) for row in colons.tables["worker_answers"]]
    assert answers == [values(row) for row in plain.tables["worker_answers"]]
    assert sum("_23:0" in entry["uri"] for entry in colons.ledger) == len(answers) == 2
