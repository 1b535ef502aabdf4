"""Writes the output folder of one labeling job, laid out as Ground Truth lays it out on S3.

Layout and forms: Amazon SageMaker developer guide, "Output data" (labeling job directories, worker-response files,
output manifest), "Annotation consolidation" and "Labeling category configuration file".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeAlias

import msgspec

from ingest.sample.team import ISSUER, Timing, Worker, from_milliseconds

Json: TypeAlias = dict[str, Any]

BUCKET = "s3://example-bucket"

# Part of a broken file that got through.
TRUNCATED_SHARE = 0.6


def answer(worker: Worker, timing: Timing, content: Json) -> Json:
    """One entry of a worker-response file."""
    return {
        "acceptanceTime": _stamp(timing.accepted_at) + "Z",
        "answerContent": content,
        "submissionTime": _stamp(timing.submitted_at) + "Z",
        "timeSpentInSeconds": timing.time_spent / 1000,
        "workerId": worker.worker_id,
        "workerMetadata": {
            "identityData": {"identityProviderType": "Cognito", "issuer": ISSUER, "sub": worker.sub},
        },
    }


def _stamp(milliseconds: int) -> str:
    return from_milliseconds(milliseconds).isoformat(timespec="milliseconds")


class JobFolder:
    """Output folder of one job. Manifest lines may come out of order: they wait in memory for their turn."""

    def __init__(self, dest: Path, name: str, label_attribute: str, rng: Random) -> None:
        self.name = name
        self.label_attribute = label_attribute
        self.uri = f"{BUCKET}/ground-truth/{name}"
        self.object_count = 0
        self.answer_count = 0
        self.golden_count = 0
        self.file_count = 1  # the manifest
        self.broken_files: list[Path] = []
        self._root = dest / name
        self._rng = rng
        self._early_lines: dict[int, bytes] = {}
        (self._root / "manifests" / "output").mkdir(parents=True)
        self._manifest = (self._root / "manifests" / "output" / "output.manifest").open("wb")
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
        self._write(self._root / "label_category_config.json", msgspec.json.format(msgspec.json.encode(config)))

    def write_answers(
        self, iteration: int, object_index: int, stamped_at: int, answers: Sequence[Json], *, is_broken: bool = False
    ) -> None:
        """All answers to one object: one file, its name the time it was written; a broken one ends in mid-text."""
        folder = self._root / "annotations" / "worker-response" / f"iteration-{iteration}" / str(object_index)
        folder.mkdir(parents=True)
        path = folder / f"{from_milliseconds(stamped_at):%Y-%m-%d_%H:%M:%S}.json"
        data = msgspec.json.encode({"answers": answers})
        if is_broken:
            data = data[: int(len(data) * TRUNCATED_SHARE)]
            self.broken_files.append(path)
        self._write(path, data)
        self.answer_count += len(answers)

    def write_sequence_labels(self, object_index: int, frames: Sequence[Json]) -> str:
        """SeqLabel.json of one sequence of a tracking job; gives its uri."""
        place = f"annotations/consolidated-annotation/output/{object_index}/SeqLabel.json"
        (self._root / place).parent.mkdir(parents=True)
        self._write(self._root / place, msgspec.json.encode({"tracking-annotations": frames}))
        return f"{self.uri}/{place}"

    def metadata(self, task_type: str, created_at: datetime, extra: Json) -> Json:
        """Metadata of a labeled object, in any order of keys: job-name in lower case, creation-date without a zone."""
        entries = {
            **extra,
            "job-name": f"labeling-job/{self.name.lower()}",
            "human-annotated": "yes",
            "creation-date": created_at.isoformat(timespec="microseconds"),
            "type": f"groundtruth/{task_type}",
        }
        return dict(self._rng.sample(list(entries.items()), len(entries)))

    def add_line(self, object_index: int, source: Json, labels: Mapping[str, Any]) -> None:
        """A line of the output manifest: the input line, and what was added to it."""
        self._early_lines[object_index] = msgspec.json.encode({**source, **labels}) + b"\n"
        while self.object_count in self._early_lines:
            self._manifest.write(self._early_lines.pop(self.object_count))
            self.object_count += 1

    def add_golden(self, line: Json) -> None:
        """A line of golden.manifest: the right label of one object."""
        if self._golden is None:
            self._golden = (self._root / "golden.manifest").open("wb")
            self.file_count += 1
        self._golden.write(msgspec.json.encode(line) + b"\n")
        self.golden_count += 1

    def _write(self, path: Path, data: bytes) -> None:
        path.write_bytes(data)
        self.file_count += 1
