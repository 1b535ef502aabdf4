"""Results and answers count wherever a job has them, once; an edited manifest is not compared with answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ingest.load.run import load
from tests.jobs import write_job
from tests.pipeline.warehouse import Marts

MANIFEST = "manifests/output/output.manifest"
CONSOLIDATED = "annotations/consolidated-annotation"
LABELS = {0: {"ann": "Cat", "ben": "Cat"}, 1: {"ann": "Dog", "ben": "Cat"}, 2: {"ann": "Owl", "ben": "Owl"}}


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def lines_of(job: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (job / MANIFEST).read_text().splitlines()]


def write_request(job: Path) -> None:
    """What the consolidation function was given."""
    entries = [
        {
            "datasetObjectId": str(number),
            "dataObject": {"s3Uri": line["source-ref"]},
            "annotations": [
                {
                    "workerId": f"private.us-east-1.{worker}",
                    "annotationData": {"content": json.dumps({"crowd-image-classifier": {"label": label}})},
                }
                for worker, label in LABELS[number].items()
            ],
        }
        for number, line in enumerate(lines_of(job))
    ]
    write(job / CONSOLIDATED / "consolidation-request/iteration-1/2026-01-02_03:06:00.json", entries)


def write_responses(job: Path) -> None:
    """What it returned, in two files that both have object 1; the older one has another class for it."""
    entries = [
        {
            "datasetObjectId": str(number),
            "consolidatedAnnotation": {"content": {key: line[key] for key in ("kind", "kind-metadata")}},
        }
        for number, line in enumerate(lines_of(job))
    ]
    older = json.loads(json.dumps(entries[:2]))
    metadata = older[1]["consolidatedAnnotation"]["content"]["kind-metadata"]
    metadata |= {"class-name": "Bat", "creation-date": "2026-01-02T03:04:04.000000"}
    folder = job / CONSOLIDATED / "consolidation-response/iteration-1"
    write(folder / "2026-01-02_03:06:01.json", older)
    write(folder / "2026-01-02_03:06:05.json", entries[1:])


def write_kept_answers(job: Path) -> None:
    """A custom job whose results keep the answers that they were made from; object 0 has a worker response too."""
    write_job(job.parent, job.name, {0: {"ann": "Cat"}})
    metadata = {"type": "groundtruth/custom", "job-name": "kept", "creation-date": "2026-01-02T03:04:05.678900"}
    kept = [
        {"workerId": f"private.us-east-1.{worker}", "annotationData": {"content": '{"a": {"labels": ["x", "y"]}}'}}
        for worker in ("ann", "ben", "cid")
    ]
    line = {"source": "x", "form": {"annotationsFromAllWorkers": kept}, "form-metadata": metadata}
    (job / MANIFEST).write_text(f"{json.dumps(line)}\n{json.dumps(line)}\n")


def test_results_and_answers_elsewhere(tmp_path: Path) -> None:
    source, lake = tmp_path / "source", tmp_path / "lake"
    for name in ("Whole", "Running", "Edited", "Unsure"):
        job = write_job(source, name, LABELS)
        write_request(job)
        write_responses(job)
    (source / "Running" / MANIFEST).unlink()
    _, *others = (source / "Edited" / MANIFEST).read_text().splitlines()
    (source / "Edited" / MANIFEST).write_text("\n".join(others))
    unsure = lines_of(source / "Unsure")
    for line, confidence in zip(unsure, (0.5, -1, 0.7), strict=True):
        line["kind-metadata"]["confidence"] = confidence
    (source / "Unsure" / MANIFEST).write_text("\n".join(map(json.dumps, unsure)))
    late = source / "Unsure/annotations/worker-response/iteration-1/0/2026-01-02_03:05:00.json"
    answers = json.loads(late.read_text())
    answers["answers"][0]["acceptanceTime"] = "2026-01-02T04:00:00.000Z"
    write(late, answers)
    write_kept_answers(source / "Kept")

    assert load(str(source), str(lake)).errors == []
    marts = Marts(lake, tmp_path / "marts", "--exclude-resource-type", "unit_test")

    def labels(job: str) -> list[tuple[Any, ...]]:
        return marts.rows(f"""
            select object_index, source_uri, label, label_status
            from fct_object_labels where job_name = '{job}' order by object_index
        """)

    def scores(job: str) -> list[tuple[Any, ...]]:
        return marts.rows(f"""
            select object_index, worker_key, consolidated_score, peer_score
            from fct_worker_tasks where job_name = '{job}' order by all
        """)

    assert labels("Whole") == [
        (0, "s3://example-bucket/0.jpg", "Cat", "labeled"),
        (1, "s3://example-bucket/1.jpg", "Dog", "labeled"),
        (2, "s3://example-bucket/2.jpg", "Owl", "labeled"),
    ]
    assert labels("Running") == labels("Whole")
    assert sorted((number, score) for number, _, score, _ in scores("Whole")) == [
        *((0, 1), (0, 1), (1, 0), (1, 1), (2, 1), (2, 1))
    ]
    assert scores("Running") == scores("Whole")
    counts = "object_count, labeled_count, unlabeled_count, answer_count, worker_count, task_type"
    [whole, running] = marts.rows(f"select {counts} from dim_labeling_jobs where job_name in ('Whole', 'Running')")
    assert whole == running == (3, 3, 0, 6, 2, "image-classification")

    # Each line is one too low: no answer is compared with it, and each such object is set aside.
    assert {score for *_, score, _ in scores("Edited")} == {None}
    assert [peer for *_, peer in scores("Edited")] == [peer for *_, peer in scores("Whole")]
    assert marts.rows("select job_name, rule_name, object_index, item from rpt_set_aside order by all") == [
        ("Edited", "another_object", 0, "s3://example-bucket/1.jpg"),
        ("Edited", "another_object", 1, "s3://example-bucket/2.jpg"),
    ]

    assert marts.rows("""
        select object_index, answer_count from fct_object_labels where job_name = 'Kept' order by object_index
    """) == [(0, 1), (1, 3)]
    assert marts.rows("""
        select sum(label_count), count(time_spent_seconds) from fct_worker_tasks where job_name = 'Kept'
    """) == [(7, 0)]

    assert marts.rows("""
        select label, mean_confidence, confidence_count from rpt_labels where job_name = 'Unsure' order by label
    """) == [("Cat", 0.5, 1), ("Dog", None, 0), ("Owl", 0.7, 1)]
    assert marts.rows("""
        select count(*), count(elapsed_seconds), count(idle_seconds) from fct_worker_tasks
        where job_name = 'Unsure' and accepted_at is not null
    """) == [(1, 0, 0)]
