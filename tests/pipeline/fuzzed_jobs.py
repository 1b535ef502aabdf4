"""Jobs of the sample, of which many copies are mutated, each under a name of its own; and the same jobs untouched."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path

from ingest.sample import generate
from tests.pipeline.mutation import mutate, written

# What is compared: classes with golden labels, boxes that are checked, tracks that are adjusted, votes, masks.
SOUND = (
    *("Wildlife-Images", "Warehouse-Boxes", "Crossing-Tracks", "Crossing-Tracks-Adjusted", "Bird-Review"),
    "Plant-Masks",
)
# Files of one copied job: a large job's first ones are enough.
MAXIMUM_FILES = 24
_NUMBER = re.compile(r"(?<=/)\d+(?=[/_])")
_FOLDERS = ("0", "1", "2", "7", "00", "-1", "2147483647", "2147483648", "9223372036854775808", "x")


def make_sample(folder: Path) -> Path:
    """The sample's jobs, small."""
    generate(folder, objects=20)
    return folder


def write_sound_jobs(sample: Path, dest: Path) -> None:
    """Jobs whose workers and data objects no mutated job has."""
    for name in SOUND:
        for path, content in _files(sample / name):
            for old, new in (
                (b"example-bucket", b"sound-bucket"),
                (b"private.us-east-1.", b"private.us-east-1.5"),
                (b'"sub":"', b'"sub":"5'),
            ):
                content = content.replace(old, new)
            _write(dest / f"Sound-{path}", _of_job(content, name, f"Sound-{name}"))


def write_mutated_jobs(sample: Path, dest: Path, *, seed: int, files: int) -> int:
    """Mutated copies of jobs, and the responses that describe them, until there are as many files; how many are."""
    rng = random.Random(seed)
    names = sorted(path.name for path in sample.iterdir() if (path / "manifests").is_dir())
    total = 0
    while total < files:
        for name in rng.sample(names, len(names)):
            total += _write_mutated_job(rng, sample, name, dest, f"M{total}-{name}")
    _write_responses(rng, sample, dest)
    return total


def _write_mutated_job(rng: random.Random, sample: Path, name: str, dest: Path, copy: str) -> int:
    found = list(_files(sample / name))
    answers = [file for file in found if "worker-response" in file[0]]
    few = [file for file in found if "worker-response" not in file[0]]
    few += rng.sample(answers, min(len(answers), MAXIMUM_FILES))
    others = list(_files(rng.choice(sorted(sample.iterdir()))))
    # Most have workers of their own; what the others say of the same worker ids contradicts each other.
    worker = f"private.us-east-1.{copy}".encode() if rng.random() < 0.7 else b"private.us-east-1."
    share = rng.choice([0.1, 0.5, 1])
    count = 0
    for path, content in few:
        mutated = _of_job(content, name, copy).replace(b"private.us-east-1.", worker)
        if rng.random() < share:
            mutated = mutated_file(rng, path, mutated)
        place = path.partition("/")[2]
        targets = [place]
        if rng.random() < 0.06:
            targets = rng.choice([[], [place, _elsewhere(rng, place)], [_elsewhere(rng, place)]])
        if rng.random() < 0.02 and others:
            mutated = rng.choice(others)[1]
        for target in targets:
            _write(dest / copy / target, mutated)
            if rng.random() < 0.02:
                os.utime(dest / copy / target, (0, rng.choice([0, -(10**9), 2**33, 253_402_300_800, 10**12 // 4])))
            count += 1
    return count


def mutated_file(rng: random.Random, path: str, content: bytes) -> bytes:
    """A file with a few changes, within or between its lines; none of an image, or if it is no JSON."""
    if path.endswith((".png", ".zlib")):
        return content
    try:
        lines = [json.loads(line) for line in content.decode().splitlines()]
    except ValueError:
        return content
    for _ in range(rng.choice([1, 1, 2, 4])):
        mutate(rng, lines)
    return "\n".join(map(written, lines)).encode()


def _elsewhere(rng: random.Random, place: str) -> str:
    """Another object's folder, another iteration, or another time."""
    change = rng.randrange(3)
    if change == 0 and _NUMBER.search(place):
        return _NUMBER.sub(rng.choice(_FOLDERS), place, count=1)
    if change == 1 and "iteration-1" in place:
        return place.replace("iteration-1", rng.choice(["iteration-2", "iteration-01", "iteration-2147483648"]))
    return re.sub(r"\d\d(?=[.:_]\d*\.?(json|png))", lambda match: f"{rng.randrange(60):02d}", place)


def _write_responses(rng: random.Random, sample: Path, dest: Path) -> None:
    jobs = []
    for folder in sorted(dest.iterdir()):
        original = sample / "aws-responses/labeling-jobs" / f"{folder.name.partition('-')[2]}.json"
        if original.exists():
            content = _of_job(original.read_bytes(), original.stem, folder.name)
            for _ in range(rng.choice([0, 1, 3])):
                content = mutated_file(rng, "", content)
            jobs.append(content)
    responses = dest / "aws-responses"
    _write(responses / "jobs.jsonl", b"\n".join(jobs))
    for name in ("worker-activity.jsonl", "workers/list-users.json", "workers/describe-workteam.jsonl"):
        content = (sample / "aws-responses" / name).read_bytes()
        if name.endswith("activity.jsonl"):
            content = b"\n".join(content.splitlines()[:500])
        for _ in range(rng.choice([0, 1, 2])):
            content = mutated_file(rng, "", content)
        _write(responses / name, content)


def _files(job: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(job.rglob("*")):
        if path.is_file():
            yield path.relative_to(job.parent).as_posix(), path.read_bytes()


def _of_job(content: bytes, name: str, copy: str) -> bytes:
    """A file's content as the job of another name would have it; images have no names."""
    for old, new in (
        (f'labeling-job/{name.lower()}"', f'labeling-job/{copy.lower()}"'),
        (f"ground-truth/{name}/", f"ground-truth/{copy}/"),
        (f'"LabelingJobName":"{name}"', f'"LabelingJobName":"{copy}"'),
    ):
        content = content.replace(old.encode(), new.encode())
    return content


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
