"""Little labeling jobs for tests, and a lake's rows as a reader sees them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ingest.lake.lake import Lake
from ingest.lake.ledger import Status, read_ledger
from ingest.lake.parquet import read_table
from ingest.load.run import load
from ingest.storage.open import open_store
from ingest.storage.store import Store
from ingest.tables import TABLES

Row = tuple[Any, ...]


def write_job(root: Path, name: str, labels: Mapping[int, Mapping[str, str]]) -> Path:
    """Image classification job: by data object, the label that each worker gave; the first one's is consolidated."""
    job = root / name
    manifest = []
    for number, answers in sorted(labels.items()):
        write_answers(job, number, answers)
        metadata = {"class-name": next(iter(answers.values())), "job-name": f"labeling-job/{name.lower()}"}
        metadata |= {"type": "groundtruth/image-classification", "creation-date": "2026-01-02T03:04:05.678900"}
        line = {"source-ref": f"s3://example-bucket/{number}.jpg", "kind": 0, "kind-metadata": metadata}
        manifest.append(json.dumps(line) + "\n")
    path = job / "manifests/output/output.manifest"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(manifest))
    return job


def write_answers(job: Path, number: int, answers: Mapping[str, str]) -> Path:
    """Worker-response file of one data object: the label that each worker gave."""
    content = {
        "answers": [
            {
                "answerContent": {"crowd-image-classifier": {"label": label}},
                "submissionTime": f"2026-01-02T03:04:{number % 60:02d}.000Z",
                "workerId": f"private.us-east-1.{worker}",
            }
            for worker, label in answers.items()
        ]
    }
    path = job / f"annotations/worker-response/iteration-1/{number}/2026-01-02_03:05:00.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def load_twice(source: Path, folder: Path, change: Callable[[Path], object]) -> Path:
    """A lake of two loads: of a job Pets, and of what has changed since."""
    write_job(source, "Pets", {0: {"ann": "Cat", "ben": "Dog"}})
    load(str(source), str(folder))
    change(source)
    load(str(source), str(folder))
    return folder


def current_rows(lake: Lake | Store | Path) -> dict[str, list[Row]]:
    """Rows of every table that a reader of the lake sees, sorted, without the numbers of loads and files."""
    store = open_store(str(lake)) if isinstance(lake, Path) else lake.store if isinstance(lake, Lake) else lake
    ledger = read_ledger(store)
    versions = {
        (entry.load_id, entry.file_no)
        for entry in ledger.versions()
        if entry.status == Status.LOADED and ledger.passed_over(entry) is None
    }
    rows: dict[str, list[Row]] = {}
    for name, table in TABLES.items():
        found = [
            tuple(row.values())[2:]
            for file in store.list(f"raw/{name}")
            if file.path.endswith(".parquet")
            for batch in read_table(store, file.path, table.schema)
            for row in batch.to_pylist()
            if (row["load_id"], row["file_no"]) in versions
        ]
        rows[name] = sorted(found, key=repr)
    return rows


def answers_of(lake: Lake | Store | Path) -> list[tuple[str, int, str, str]]:
    """Job, data object, worker and label of every answer in the lake."""
    names = [name for name, _, _ in TABLES["worker_answers"].columns[2:]]
    places = [names.index(name) for name in ("job_name", "object_index", "worker_id", "answer_json")]
    return [tuple(row[place] for place in places) for row in current_rows(lake)["worker_answers"]]
