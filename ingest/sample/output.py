"""Writes the output folder of one labeling job, laid out as Ground Truth lays it out on S3.

Layout and forms: Amazon SageMaker developer guide, "Output data" (labeling job directories, worker-response files,
output manifest), "Annotation consolidation" and "Labeling category configuration file".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeAlias

import msgspec

from ingest.sample.team import LABELERS, Timing, Worker, from_milliseconds

Json: TypeAlias = dict[str, Any]

BUCKET = "s3://example-bucket"
SEQUENCE_FILE = "SeqLabel.json"

# Part of a broken file that got through.
TRUNCATED_SHARE = 0.6


def answer(worker: Worker, timing: Timing, content: Json) -> Json:
    """One entry of a worker-response file; a public worker's has fewer fields, as in 2019."""
    if worker.worker_id.startswith("public."):
        submitted = from_milliseconds(timing.submitted_at).isoformat(timespec="seconds")
        return {"answerContent": content, "submissionTime": submitted + "Z", "workerId": worker.worker_id}
    entry: Json = {
        "acceptanceTime": _stamp(timing.accepted_at) + "Z",
        "answerContent": content,
        "submissionTime": _stamp(timing.submitted_at) + "Z",
        "timeSpentInSeconds": timing.time_spent / 1000,
        "workerId": worker.worker_id,
    }
    if worker.identity_provider:
        identity = {"identityProviderType": worker.identity_provider, "issuer": worker.issuer, "sub": worker.sub}
        entry["workerMetadata"] = {"identityData": identity}
    return entry


def labeled_lines(manifest: Path, label_attribute: str, count: int) -> list[Json]:
    """The first so many lines of an output manifest that have the label: the input of a chained job."""
    with manifest.open("rb") as lines:
        labeled = (line for line in map(msgspec.json.decode, lines) if label_attribute in line)
        return list(islice(labeled, count))


def _file_stamp(milliseconds: int) -> str:
    return f"{from_milliseconds(milliseconds):%Y-%m-%d_%H:%M:%S}"


def _stamp(milliseconds: int) -> str:
    return from_milliseconds(milliseconds).isoformat(timespec="milliseconds")


class JobFolder:
    """Output folder of one job. Manifest lines may come out of order: they wait in memory for their turn."""

    def __init__(self, dest: Path, name: str, label_attribute: str, rng: Random, workteam_arn: str = LABELERS) -> None:
        self.name = name
        self.workteam_arn = workteam_arn
        self.label_attribute = label_attribute
        self.uri = f"{BUCKET}/ground-truth/{name}"
        self.object_count = 0
        self.answer_count = 0
        self.golden_count = 0
        self.file_count = 1  # the manifest
        self.broken_files: list[Path] = []
        # What DescribeLabelingJob would say.
        self.counters: Counter[str] = Counter()
        self.task_type: str | None = None
        self.is_adjustment = False
        self.is_passed_through = False
        self.workers_per_object = 1
        self.first_created_at, self.last_created_at = datetime.max, datetime.min
        self.root = dest / name
        self._rng = rng
        self._early_lines: dict[int, bytes] = {}
        self.manifest = self.root / "manifests" / "output" / "output.manifest"
        self.manifest.parent.mkdir(parents=True)
        self._manifest = self.manifest.open("wb")
        self._golden: BinaryIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._manifest.close()
        if self._golden:
            self._golden.close()

    def write_label_categories(self, config: Json) -> None:
        """The label category config."""
        self._write(self.root / "label_category_config.json", msgspec.json.format(msgspec.json.encode(config)))

    def write_answers(
        self, iteration: int, object_index: int, stamped_at: int, answers: Sequence[Json], *, is_broken: bool = False
    ) -> str:
        """All answers to one object: one file, its name the time it was written; a broken one ends in mid-text.

        Gives the file's uri.
        """
        place = f"annotations/worker-response/iteration-{iteration}/{object_index}"
        folder = self.root / place
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{_file_stamp(stamped_at)}.json"
        data = msgspec.json.encode({"answers": answers})
        if is_broken:
            data = data[: int(len(data) * TRUNCATED_SHARE)]
            self.broken_files.append(path)
        self._write(path, data)
        self.answer_count += len(answers)
        self.workers_per_object = max(self.workers_per_object, len(answers))
        return f"{self.uri}/{place}/{path.name}"

    def write_answer_frames(self, object_index: int, frames: Mapping[str, Json], rng: Random) -> str:
        """The frames of one worker's answer to a sequence, each in a file; returns the URI of their folder."""
        place = f"annotations/worker-response/iteration-1/{object_index}/{rng.getrandbits(160):040x}"
        for name, frame in frames.items():
            self.write(f"{place}/{name}.json", msgspec.json.encode(frame))
        return f"{self.uri}/{place}/"

    def write_request(self, stamped_at: int, entries: Sequence[Json]) -> None:
        """The answers that the consolidation of some objects was given."""
        place = "annotations/consolidated-annotation/consolidation-request/iteration-1"
        self.write(f"{place}/{_file_stamp(stamped_at)}.json", msgspec.json.encode(entries))
        counts = [len(entry["annotations"]) for entry in entries]
        self.answer_count += sum(counts)
        self.workers_per_object = max(counts)

    def write_result(self, name: str, data: bytes) -> str:
        """A label file that the manifest names; returns its URI."""
        return self.write(f"annotations/consolidated-annotation/output/{name}", data)

    def write(self, place: str, data: bytes) -> str:
        """A file in the job's folder; returns its URI."""
        path = self.root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        self._write(path, data)
        return f"{self.uri}/{place}"

    def metadata(self, task_type: str, created_at: datetime, extra: Json) -> Json:
        """Metadata of a labeled object, in any order of keys: job-name in lower case, creation-date without a zone."""
        self.task_type = task_type
        self.is_adjustment = "adjustment-status" in extra
        self.is_passed_through = "worker-response-ref" in extra
        self.first_created_at = min(self.first_created_at, created_at)
        self.last_created_at = max(self.last_created_at, created_at)
        entries = {
            "job-name": f"labeling-job/{self.name.lower()}",
            "human-annotated": "yes",
            "creation-date": created_at.isoformat(timespec="microseconds"),
            "type": f"groundtruth/{task_type}",
            **extra,
        }
        return dict(self._rng.sample(list(entries.items()), len(entries)))

    def add_line(self, object_index: int, source: Json, labels: Mapping[str, Any]) -> None:
        """A line of the output manifest: the input line, and what was added to it."""
        metadata = labels.get(f"{self.label_attribute}-metadata")
        if metadata is None:
            self.counters["Unlabeled"] += 1
        elif self.label_attribute not in labels:
            self.counters["FailedNonRetryableError"] += 1
        else:
            self.counters["HumanLabeled" if metadata["human-annotated"] == "yes" else "MachineLabeled"] += 1
        self._early_lines[object_index] = msgspec.json.encode({**source, **labels}) + b"\n"
        while self.object_count in self._early_lines:
            self._manifest.write(self._early_lines.pop(self.object_count))
            self.object_count += 1

    def add_golden(self, line: Json) -> None:
        """A line of golden.manifest: the right label of one object."""
        if self._golden is None:
            self._golden = (self.root / "golden.manifest").open("wb")
            self.file_count += 1
        self._golden.write(msgspec.json.encode(line) + b"\n")
        self.golden_count += 1

    def _write(self, path: Path, data: bytes) -> None:
        path.write_bytes(data)
        self.file_count += 1
