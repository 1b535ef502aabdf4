"""No file that the loader accepts breaks the marts: every build ends well, and a sound job is as it is alone."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ingest.cli import cli
from ingest.load.run import load
from tests.jobs import write_job
from tests.load.test_overlaps import png
from tests.pipeline.warehouse import Marts

ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_EXAMPLE"
OUTPUT = "annotations/consolidated-annotation/output"
WORKER_RESPONSE = "annotations/worker-response/iteration-1/0"


def write(path: Path, content: Any) -> None:
    """Write JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content) + "\n")


def write_sequence_twice(job: Path) -> None:
    """A video's labels in the folder 0 and in the folder 00."""
    uri = f"s3://example-bucket/{job.name}/{OUTPUT}/0/SeqLabel.json"
    metadata = {"type": "groundtruth/video-object-tracking", "job-name": f"labeling-job/{job.name.lower()}"}
    metadata |= {"creation-date": "2026-01-02T03:04:05.678900", "class-map": {"0": "Car"}}  # type: ignore[dict-item]
    line = {"source-ref": "s3://example-bucket/0.json", "track-ref": uri, "track-ref-metadata": metadata}
    write(job / "manifests/output/output.manifest", line)
    for folder, label in (("0", "Car"), ("00", "Van")):
        box = {"class-id": "0", "height": 5, "width": 5, "top": 1, "left": 1, "object-name": "Car:1", "label": label}
        frame = {"frame-no": "0", "frame": "0.jpg", "annotations": [box]}
        write(job / OUTPUT / folder / "SeqLabel.json", {"tracking-annotations": [frame]})


def write_small_boxes(job: Path) -> None:
    """Two equal boxes that are so small and so far away that the difference of their edges is not their width."""
    box = {"left": 1e6, "top": 1e6, "width": 5e-5, "height": 5e-5}
    answers = [
        {
            "answerContent": {"crowd-bounding-box": {"boundingBoxes": [{**box, "label": "Cat"}]}},
            "submissionTime": "2026-01-02T03:04:05.000Z",
            "workerId": f"private.us-east-1.{worker}",
        }
        for worker in ("ann", "bob")
    ]
    write(job / WORKER_RESPONSE / "2026-01-02_03:05:00.json", {"answers": answers})
    metadata = {"type": "groundtruth/object-detection", "job-name": f"labeling-job/{job.name.lower()}"}
    metadata |= {"creation-date": "2026-01-02T03:04:05.678900", "class-map": {"0": "Cat"}}  # type: ignore[dict-item]
    value = {"annotations": [{"class_id": 0, **box}], "image_size": [{"width": 2_000_000, "height": 2_000_000}]}
    line = {"source-ref": "s3://example-bucket/0.jpg", "boxes": value, "boxes-metadata": metadata}
    write(job / "manifests/output/output.manifest", line)


def write_twice_with_and_without_identity(job: Path) -> None:
    """One submission of each of two workers in two files, of which one does not say who they are."""
    path = job / WORKER_RESPONSE / "2026-01-02_03:05:00.json"
    content = json.loads(path.read_text())
    write(path.with_name("2026-01-02_03:06:00.json"), content)
    for answer in content["answers"]:
        identity = {"identityProviderType": "Cognito", "issuer": ISSUER, "sub": f"sub of {answer['workerId']}"}
        answer["workerMetadata"] = {"identityData": identity}
    write(path, content)


def write_one_person_twice(job: Path) -> None:
    """A consolidation request with two worker ids of one person, whom an answer to another object names for each."""
    answers = [
        {
            "answerContent": {"crowd-image-classifier": {"label": "Owl"}},
            "submissionTime": f"2026-01-02T03:04:0{number}.000Z",
            "workerId": f"private.us-east-1.eve{number}",
            "workerMetadata": {"identityData": {"identityProviderType": "Cognito", "issuer": ISSUER, "sub": "eve"}},
        }
        for number in range(2)
    ]
    write(job / WORKER_RESPONSE / "2026-01-02_03:05:00.json", {"answers": answers})
    content = json.dumps({"crowd-image-classifier": {"label": "Owl"}})
    annotations = [{"workerId": answer["workerId"], "annotationData": {"content": content}} for answer in answers]
    request = {"datasetObjectId": "1", "dataObject": {"s3Uri": "s3://b/1.jpg"}, "annotations": annotations}
    folder = job / "annotations/consolidated-annotation/consolidation-request/iteration-1"
    write(folder / "2026-01-02_03:05:00.json", [request])


def write_frames(job: Path) -> None:
    """Two answers to a video: one has a frame in two files, and a frame that the video does not have."""
    uri = f"s3://example-bucket/{job.name}/{OUTPUT}/0/SeqLabel.json"
    metadata = {"type": "groundtruth/video-object-detection", "job-name": f"labeling-job/{job.name.lower()}"}
    metadata |= {"creation-date": "2026-01-02T03:04:05.678900", "class-map": {"0": "Car"}}  # type: ignore[dict-item]
    line = {"source-ref": "s3://example-bucket/frames.json", "cars-ref": uri, "cars-ref-metadata": metadata}
    write(job / "manifests/output/output.manifest", line)
    box = {"height": 5, "width": 5, "top": 1, "left": 1}
    frame = {"frame-no": "0", "frame": "0.jpg", "annotations": [{**box, "class-id": "0"}]}
    write(job / OUTPUT / "0/SeqLabel.json", {"detection-annotations": [frame]})
    write_frame_answers(job, {"ann": {"0.jpg": "0.jpg", "again": "0.jpg", "5.jpg": "5.jpg"}, "bob": {"0.jpg": "0.jpg"}})


def folder(worker: str) -> str:
    """Of an answer's frames."""
    return hashlib.sha1(worker.encode()).hexdigest()


def write_frame_answers(job: Path, frames: dict[str, dict[str, str]]) -> None:
    """Answers to a video: by worker and name of the file, the name of the frame, which has one label."""
    prefix = f"s3://example-bucket/{job.name}/{WORKER_RESPONSE}"
    answers = [
        {
            "answerContent": {"detectionAnnotations": {"frameData": {"s3Prefix": f"{prefix}/{folder(worker)}/"}}},
            "submissionTime": "2026-01-02T03:04:05.000Z",
            "workerId": f"private.us-east-1.{worker}",
        }
        for worker in frames
    ]
    write(job / WORKER_RESPONSE / "2026-01-02_03:05:00.json", {"answers": answers})
    box = {"height": 5, "width": 5, "top": 1, "left": 1, "label": "Car"}
    for worker, files in frames.items():
        for file, frame in files.items():
            content = {"detectionAnnotations": {"frame": frame, "boundingBoxes": [box]}}
            write(job / WORKER_RESPONSE / folder(worker) / f"{file}.json", content)


def write_boxes_without_class(job: Path) -> None:
    """Boxes of two workers, of which one does not say what is in its box."""
    box = {"left": 1, "top": 1, "width": 5, "height": 5}
    answers = [
        {
            "answerContent": {"crowd-bounding-box": {"boundingBoxes": [boxed]}},
            "submissionTime": "2026-01-02T03:04:05.000Z",
            "workerId": f"private.us-east-1.{worker}",
        }
        for worker, boxed in (("ann", box), ("bob", {**box, "label": "Cat"}))
    ]
    write(job / WORKER_RESPONSE / "2026-01-02_03:05:00.json", {"answers": answers})


def write_custom_reference_to_masks(job: Path) -> None:
    """Masks of two objects, and an attribute of a custom task that names the masks too, in the other order."""
    metadata = {"job-name": f"labeling-job/{job.name.lower()}", "creation-date": "2026-01-02T03:04:05.678900"}
    colors = {"1": {"class-name": "Tree", "hex-color": "#2ca02c", "confidence": 0.5}}
    uris = [f"s3://example-bucket/{job.name}/{OUTPUT}/{number}_2026-01-02T03:04:05.png" for number in range(2)]
    lines = [
        {
            "source-ref": f"s3://example-bucket/{number}.jpg",
            "trees-ref": uris[number],
            "trees-ref-metadata": {
                **metadata,
                "type": "groundtruth/semantic-segmentation",
                "internal-color-map": colors,
            },
            "again-ref": uris[1 - number],
            "again-ref-metadata": {**metadata, "type": "groundtruth/custom", "creation-date": "2026-01-03T03:04:05"},
        }
        for number in range(2)
    ]
    manifest = job / "manifests/output/output.manifest"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines))
    for uri in uris:
        path = job / OUTPUT / uri.rpartition("/")[2]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png([[0, 1], [1, 1]]))


def described(name: str, **counters: int) -> dict[str, Any]:
    """What DescribeLabelingJob says of a job."""
    arn = f"arn:aws:sagemaker:eu-central-1:111122223333:labeling-job/{name.lower()}"
    times = {"CreationTime": 1771156800, "LastModifiedTime": 1771156800}
    status = {"LabelingJobStatus": "Completed", "HumanTaskConfig": {}}
    return {"LabelingJobName": name, "LabelingJobArn": arn, "LabelCounters": counters, **times, **status}


# Not what is said of other jobs with the same objects.
OF_SOUND_JOB = "job_name = 'Sound' and cast(mart as varchar) not like '%objects in several jobs%'"


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    source = tmp_path / "source"
    write_job(source, "Sound", {0: {"ann": "Owl", "bob": "Owl"}, 1: {"ann": "Owl", "bob": "Cat"}})
    return source


def test_no_accepted_file_breaks_a_build(tmp_path: Path, sound: Path) -> None:
    """Each job here ended every build with an error, or a failed test, until it was forgotten."""
    load(str(sound), str(tmp_path / "alone"))
    alone = Marts(tmp_path / "alone", tmp_path / "marts-alone", "--resource-type", "model", "--resource-type", "seed")
    write_sequence_twice(sound / "Folders")
    write_small_boxes(sound / "Boxes")
    write_twice_with_and_without_identity(write_job(sound, "Twice", {0: {"cid": "Owl", "dot": "Owl"}}))
    write_one_person_twice(write_job(sound, "Request", {0: {"fay": "Owl"}, 1: {"fay": "Owl"}}))
    (sound / "Request/annotations/worker-response/iteration-1/1/2026-01-02_03:05:00.json").unlink()
    write_frames(sound / "Frames")
    write_frame_answers(sound / "In-Progress", {"ann": {"0.jpg": "0.jpg"}, "bob": {"0.jpg": "0.jpg"}})
    write_boxes_without_class(sound / "Classless")
    write_custom_reference_to_masks(sound / "Masks")
    jobs = [
        described("Counts-Off", TotalLabeled=5, HumanLabeled=9, MachineLabeled=0, Unlabeled=1),
        described("Counts-Near", TotalLabeled=2**63 - 1, HumanLabeled=1, Unlabeled=5),
        described("Counts-Below", TotalLabeled=-5, HumanLabeled=-5, Unlabeled=1),
    ]
    write(tmp_path / "jobs.json", jobs)
    lake = tmp_path / "lake"

    loaded = load(str(sound), str(lake))
    synced = CliRunner().invoke(cli, ["sync-jobs", str(lake), "--from", str(tmp_path / "jobs.json"), "--json"])
    marts = Marts(lake, tmp_path / "marts", "--exclude-resource-type", "unit_test")

    assert [error["error"] for error in loaded.errors] == ["not an object's index: '00' (written 0 by Ground Truth)"]
    assert json.loads(synced.stdout)["rejected"] == 3
    assert marts.one("select label from fct_annotations where job_name = 'Folders'") == "Car"
    assert marts.one("select count(*) from fct_worker_tasks where job_name = 'Twice'") == 2
    assert marts.one("select count(*) from fct_worker_tasks where job_name = 'Request' and object_index = 1") == 1
    assert marts.one("select label_count from fct_worker_tasks where job_name = 'Frames' order by 1 desc limit 1") == 2
    assert marts.one("select count(*) from fct_worker_labels where job_name = 'Frames'") == 2
    assert marts.one("select count(*) from fct_annotations where job_name = 'Masks' and not is_inherited") == 0
    named = f"s3://example-bucket/Masks/{OUTPUT}/{{}}_2026-01-02T03:04:05.png"
    loaded_as = f"file://{sound}/Masks/{OUTPUT}/{{}}_2026-01-02T03:04:05.png"
    assert marts.rows("select job_name, rule_name, object_index, item from rpt_set_aside order by all") == [
        ("Frames", "repeated_frame", 0, "0.jpg"),
        ("Frames", "unknown_frame", 0, folder("ann")),
        ("In-Progress", "unknown_frame", 0, folder("bob")),
        ("In-Progress", "unknown_frame", 0, folder("ann")),
        ("Masks", "missing_label_file", 0, named.format(1)),
        ("Masks", "missing_label_file", 1, named.format(0)),
        ("Masks", "unused_label_file", None, loaded_as.format(0)),
        ("Masks", "unused_label_file", None, loaded_as.format(1)),
        ("Request", "repeated_answer", 1, "1"),
        ("Twice", "repeated_answer", 0, "0"),
        ("Twice", "repeated_answer", 0, "1"),
    ]
    assert marts.rows("""
        select job_name, set_aside_count from rpt_load_health where set_aside_count > 0 order by job_name
    """) == [("Frames", 2), ("In-Progress", 2), ("Masks", 4), ("Request", 1), ("Twice", 2)]
    assert "assert_nothing_is_set_aside" in marts.output
    assert marts.job_rows(OF_SOUND_JOB) == alone.job_rows(OF_SOUND_JOB)
