"""Made-up output of labeling jobs to measure on: larger and more even than the sample, and quick to make.

A corpus is the same for the same arguments. ``python -m tests.bench.corpora NAME FOLDER COUNT`` writes one; the names
are those of ``CORPORA``. Forms: the same as the sample's, whose writers are used.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from ingest.sample import generate
from ingest.sample.output import BUCKET, SEQUENCE_FILE, JobFolder, Json, answer
from ingest.sample.team import Timing, Worker, from_milliseconds, make_team

SEED = 1
START = 1_700_000_000_000  # of the work, in milliseconds since 1970-01-01
OBJECT_INTERVAL = 7_000  # milliseconds
CLASSES = ("Cat", "Dog", "Fox", "Wolf", "Rabbit", "Squirrel")
THINGS = ("Crate", "Pallet", "Forklift", "Cart")
WIDTH, HEIGHT = 1920, 1080
LABEL_ATTRIBUTE = "label"
# Objects that are in the manifest of a job of worker responses: enough to make it a job.
FINISHED = 100

# Workers who answer for one object -> how common that is.
CLASSIFIERS = {3: 9, 4: 6, 5: 5}  # 3.8 on average
DRAWERS = {1: 2, 2: 2, 3: 4, 4: 4, 5: 3, 6: 1}  # 3.4 on average
BOXES = range(11)  # of one answer; 5 on average, so 17 for an object
FRAME_BOXES = 150  # of one frame of the sequence: 25 KB


def write_classification(folder: Path, files: int) -> None:
    """A job in which so many images are each classified by three to five workers: 1.6 KB for an image."""
    with _job(folder, "classification") as job:
        team, rng = make_team(SEED, CLASSES), Random(SEED)
        for number in range(files):
            truth = rng.choice(CLASSES)
            workers = rng.sample(team, _draw(CLASSIFIERS, rng))
            answers = [
                answer(
                    worker,
                    _timing(number, rng),
                    {"crowd-image-classifier": {"label": truth if rng.random() < 0.9 else rng.choice(CLASSES)}},
                )
                for worker in workers
            ]
            job.write_answers(1, number, _written_at(number), answers)
            if number < FINISHED:
                job.add_line(number, *_classified(job, number, truth))


def write_boxes(folder: Path, files: int) -> None:
    """A job in which one to six workers draw boxes in so many images: 17 boxes and 2.7 KB for an image."""
    with _job(folder, "boxes") as job:
        team, rng = make_team(SEED, THINGS), Random(SEED)
        for number in range(files):
            workers: list[Worker] = rng.sample(team, _draw(DRAWERS, rng))
            contents = [_drawn(rng) for _ in workers]
            answers = [
                answer(worker, _timing(number, rng), content) for worker, content in zip(workers, contents, strict=True)
            ]
            job.write_answers(1, number, _written_at(number), answers)
            if number < FINISHED:
                job.add_line(number, *_boxed(job, number, contents[0]))


def write_manifest(folder: Path, lines: int) -> None:
    """A job of so many classified images without its worker responses: the manifest alone."""
    with _job(folder, "manifest") as job:
        rng = Random(SEED)
        for number in range(lines):
            job.add_line(number, *_classified(job, number, rng.choice(CLASSES)))


def write_sequence(folder: Path, frames: int) -> None:
    """A job of one sequence of so many frames, each of 150 boxes with their tracks: 25 KB for a frame."""
    with _job(folder, "sequence") as job:
        rng = Random(SEED)
        tracks = [f"{name}:{rng.getrandbits(64):016x}" for name in THINGS for _ in range(FRAME_BOXES)]
        labels = [_frame(number, rng.sample(tracks, FRAME_BOXES), rng) for number in range(frames)]
        uri = job.write_result(f"0/{SEQUENCE_FILE}", msgspec.json.encode({"tracking-annotations": labels}))
        class_map = {str(place): name for place, name in enumerate(THINGS)}
        metadata = job.metadata("video-object-tracking", from_milliseconds(_written_at(0)), {"class-map": class_map})
        source = {"source-ref": f"{BUCKET}/traffic/sequence.json"}
        job.add_line(0, source, {LABEL_ATTRIBUTE: uri, f"{LABEL_ATTRIBUTE}-metadata": metadata})


def write_sample(folder: Path, objects: int) -> None:
    """Five sets of the sample's jobs, of so many objects each, without the broken files."""
    for broken in generate(folder, jobs=5, objects=objects, seed=SEED).broken_files:
        (folder / broken).unlink()


def write_equal(folder: Path, boxes: int) -> None:
    """One image with two answers of so many equal boxes."""
    _write_crowd(folder, "equal", [[_box(0, 0, 50)] * boxes] * 2)


def write_apart(folder: Path, boxes: int) -> None:
    """One image with two answers of so many boxes in a grid; those of the second are a pixel further down."""
    answers = [[_box(60 * (place % 100), 60 * (place // 100) + down, 50) for place in range(boxes)] for down in (0, 1)]
    _write_crowd(folder, "apart", answers)


def write_overlapping(folder: Path, boxes: int) -> None:
    """One image with two answers of so many boxes that are all different, and all overlap enough."""
    answers = [[_box(place % 100, place // 100 + down, 1_000) for place in range(boxes)] for down in (0, 0.5)]
    _write_crowd(folder, "overlapping", answers)


def write_polygons(folder: Path, polygons: int) -> None:
    """The same, of polygons with four corners."""
    answers = [
        [_polygon(_box(place % 100, place // 100 + down, 1_000)) for place in range(polygons)] for down in (0, 0.5)
    ]
    _write_crowd(folder, "polygons", answers)


def _write_crowd(folder: Path, name: str, contents: Sequence[list[Json]]) -> None:
    is_polygon = "vertices" in contents[0][0]
    with _job(folder, name) as job:
        team, rng = make_team(SEED, THINGS), Random(SEED)
        size = {"height": 10_000, "width": 10_000}
        answers = [
            answer(
                worker,
                _timing(0, rng),
                {"polygons": {"polygons": labels, "inputImageProperties": size}}
                if is_polygon
                else {"boundingBox": {"boundingBoxes": labels, "inputImageProperties": size}},
            )
            for worker, labels in zip(team, contents, strict=False)
        ]
        job.write_answers(1, 0, _written_at(0), answers)
        # The consolidated labels of polygons are not what is measured.
        job.add_line(0, *_boxed(job, 0, {"boundingBox": {"boundingBoxes": [] if is_polygon else contents[0]}}))


def _box(left: float, top: float, size: float) -> Json:
    return {"height": size, "label": THINGS[0], "left": left, "top": top, "width": size}


def _polygon(box: Json) -> Json:
    left, top, size = box["left"], box["top"], box["width"]
    corners = ((left, top), (left + size, top), (left + size, top + size), (left, top + size))
    return {"label": box["label"], "vertices": [{"x": x, "y": y} for x, y in corners]}


CORPORA: dict[str, Callable[[Path, int], None]] = {
    "classification": write_classification,
    "boxes": write_boxes,
    "manifest": write_manifest,
    "sequence": write_sequence,
    "sample": write_sample,
    "equal": write_equal,
    "apart": write_apart,
    "overlapping": write_overlapping,
    "polygons": write_polygons,
}


def _job(folder: Path, name: str) -> JobFolder:
    return JobFolder(folder, name, LABEL_ATTRIBUTE, Random(SEED))


def _draw(weights: dict[int, int], rng: Random) -> int:
    return rng.choices(list(weights), list(weights.values()))[0]


def _timing(number: int, rng: Random) -> Timing:
    accepted_at = START + number * OBJECT_INTERVAL + rng.randrange(600_000)
    spent = rng.randint(1_500, 90_000)
    return Timing(accepted_at, accepted_at + spent + rng.randrange(2_000), spent)


def _written_at(number: int) -> int:
    return START + number * OBJECT_INTERVAL + 900_000


def _drawn(rng: Random) -> Json:
    boxes = []
    for _ in range(rng.choice(BOXES)):
        width, height = rng.randint(30, 600), rng.randint(30, 400)
        left, top = rng.randrange(WIDTH - width), rng.randrange(HEIGHT - height)
        boxes.append({"height": height, "label": rng.choice(THINGS), "left": left, "top": top, "width": width})
    size = {"height": HEIGHT, "width": WIDTH}
    return {"boundingBox": {"boundingBoxes": boxes, "inputImageProperties": size}}


def _classified(job: JobFolder, number: int, truth: str) -> tuple[Json, Json]:
    extra = {"class-name": truth, "confidence": 0.95}
    return _line(job, number, "image-classification", CLASSES.index(truth), extra)


def _boxed(job: JobFolder, number: int, content: Json) -> tuple[Json, Json]:
    boxes = content["boundingBox"]["boundingBoxes"]
    value = {
        "annotations": [
            {"class_id": THINGS.index(box["label"]), **{side: box[side] for side in ("width", "top", "height", "left")}}
            for box in boxes
        ],
        "image_size": [{"width": WIDTH, "depth": 3, "height": HEIGHT}],
    }
    extra = {
        "class-map": {str(place): name for place, name in enumerate(THINGS)},
        "objects": [{"confidence": 0.95}] * len(boxes),
    }
    return _line(job, number, "object-detection", value, extra)


def _line(job: JobFolder, number: int, task_type: str, value: Any, extra: Json) -> tuple[Json, Json]:
    """The input line, and what was added to it."""
    created_at = from_milliseconds(_written_at(number)) + timedelta(microseconds=number % 1_000_000)
    metadata = job.metadata(task_type, created_at, extra)
    source = {"source-ref": f"{BUCKET}/{job.name}/image-{number:06}.jpg"}
    return source, {LABEL_ATTRIBUTE: value, f"{LABEL_ATTRIBUTE}-metadata": metadata}


def _frame(number: int, tracks: list[str], rng: Random) -> Json:
    return {
        "annotations": list(_tracked(tracks, rng)),
        "frame-attributes": {"quality": "Good"},
        "frame-no": str(number),
        "frame": f"frame_{number:06}.jpg",
    }


def _tracked(tracks: list[str], rng: Random) -> Iterator[Json]:
    for track in tracks:
        name, _, object_id = track.partition(":")
        yield {
            "label-category-attributes": {"occluded": rng.choice(("yes", "no"))},
            "object-id": object_id,
            "object-name": f"{name}:{object_id[:4]}",
            "class-id": str(THINGS.index(name)),
            "height": rng.randint(30, 400),
            "width": rng.randint(30, 600),
            "top": rng.randrange(HEIGHT),
            "left": rng.randrange(WIDTH),
        }


if __name__ == "__main__":
    CORPORA[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
