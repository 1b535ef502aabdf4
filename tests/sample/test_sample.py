"""The sample is deterministic, laid out and formed as Ground Truth does it, and its story is in its data."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import combinations, pairwise, product
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any, NamedTuple

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from PIL import Image

from ingest.cli import cli
from ingest.formats.registry import TASK_TYPES
from ingest.load.run import Options, load
from ingest.sample import (
    LAST_DAY_AFTER,
    OBJECT_JOBS,
    WEEKS,
    DestinationNotEmptyError,
    SampleSummary,
    generate,
)
from ingest.sample.aws_responses import FOLDER
from ingest.sample.consolidation import (
    Box,
    Span,
    consolidate_boxes,
    consolidate_spans,
    majority,
    vote_confidence,
)
from ingest.sample.entities import WORDS
from ingest.sample.team import Crew, make_team
from ingest.sample.tracking import HEIGHT, VEHICLES, WIDTH, frame_count, plan_sequences

OBJECTS = 200
JOBS = {
    "Wildlife-Images": ("Wildlife-Images", "groundtruth/image-classification", 3),
    "Support-Messages": ("topic", "groundtruth/text-classification", 1),
    "Warehouse-Boxes": ("boxes", "groundtruth/object-detection", 3),
    "Order-Entities": ("entities", "groundtruth/text-span", 3),
    "Vehicle-Tracking": ("Vehicle-Tracking-ref", "groundtruth/video-object-tracking", 1),
    "Vehicle-Tracking-Audit": ("Vehicle-Tracking-Audit-ref", "groundtruth/video-object-tracking", 1),
}
OBJECT_JOB_NAMES = [name for name, *_ in OBJECT_JOBS]
# The small jobs: label attribute and type.
SMALL_JOBS = {
    "Bird-Review": ("review", "groundtruth/custom"),
    "Crossing-Boxes": ("Crossing-Boxes-ref", "groundtruth/video-object-detection"),
    "Crossing-Keypoints": ("Crossing-Keypoints-ref", "groundtruth/video-object-detection"),
    "Crossing-Polygons": ("Crossing-Polygons-ref", "groundtruth/video-object-detection"),
    "Crossing-Polylines": ("Crossing-Polylines-ref", "groundtruth/video-object-detection"),
    "Crossing-Tracks": ("tracks-ref", "groundtruth/video-object-tracking"),
    "Crossing-Tracks-Adjusted": ("adjusted-tracks-ref", "groundtruth/video-object-tracking"),
    "Fax-Form": ("fax", "groundtruth/custom"),
    "Gate-Stream": ("vehicle", "groundtruth/image-classification"),
    "Harbor-Ships": ("ship", "groundtruth/image-classification"),
    "Invoice-Form": ("invoice", "groundtruth/custom"),
    "Landscape-Tags": ("tags", "groundtruth/image-classification-multilabel"),
    "Lidar-Camera-Tracks": ("linked-tracks-ref", "groundtruth/point_cloud_object_tracking"),
    "Lidar-Cuboids": ("cuboids", "groundtruth/point_cloud_object_detection"),
    "Lidar-Cuboids-Audit": ("audited-cuboids", "groundtruth/point_cloud_object_detection"),
    "Lidar-Points": ("points-ref", "groundtruth/point_cloud_single_frame_semantic_segmentation"),
    "Lidar-Tracks": ("lidar-tracks-ref", "groundtruth/point_cloud_object_tracking"),
    "Message-Tags": ("tags", "groundtruth/text-classification-multilabel"),
    "Plant-Masks": ("plants-ref", "groundtruth/semantic-segmentation"),
    "Plant-Masks-Adjusted": ("adjusted-plants-ref", "groundtruth/semantic-segmentation"),
    "Street-Clips": ("traffic", "groundtruth/video-classification"),
    "Street-Signs": ("sign", "groundtruth/image-classification"),
    "Warehouse-Boxes-Adjusted": ("adjusted-boxes", "groundtruth/object-detection"),
    "Warehouse-Boxes-Check": ("check", "groundtruth/label-verification"),
}


class Answer(NamedTuple):
    """One answer as it stands in a worker-response file, with its place."""

    job_name: str
    object_index: int
    worker_id: str
    accepted_at: datetime
    submitted_at: datetime
    time_spent: float
    content: Any
    stamped_at: datetime


class Sample(NamedTuple):
    """A generated tree."""

    root: Path
    summary: SampleSummary

    def lines(self, job_name: str) -> list[Any]:
        """Lines of a job's output manifest."""
        return read_lines(self.root / job_name / "manifests/output/output.manifest")

    def golden(self, job_name: str) -> list[Any]:
        """Golden lines of a job."""
        return read_lines(self.root / job_name / "golden.manifest")

    def sequences(self, job_name: str) -> list[Any]:
        """Frames of each sequence of a video job."""
        paths = sorted((self.root / job_name).glob("annotations/consolidated-annotation/output/*/SeqLabel.json"))
        return [json.loads(path.read_bytes())["tracking-annotations"] for path in paths]

    def answer_files(self) -> Iterator[Path]:
        """Every worker-response file of the large jobs that is whole."""
        for path in self.root.glob("*/annotations/worker-response/*/*/*.json"):
            place = path.relative_to(self.root)
            if place.parts[0] not in SMALL_JOBS and str(place) not in self.summary.broken_files:
                yield path

    def labeled(self, job_name: str) -> list[tuple[Any, Any, Any]]:
        """Line, value and metadata of each labeled object of a small job."""
        attribute, _ = SMALL_JOBS[job_name]
        return [
            (line, line[attribute], line[f"{attribute}-metadata"]) for line in self.lines(job_name) if attribute in line
        ]

    def small_answers(self, job_name: str) -> list[list[Any]]:
        """Answers of each object of a small job, by the name of the object's folder."""
        paths = (self.root / job_name).glob("annotations/worker-response/*/*/*.json")
        by_object = {int(path.parent.name): json.loads(path.read_bytes())["answers"] for path in paths}
        return [by_object[number] for number in sorted(by_object)]

    def file(self, uri: str) -> bytes:
        """What a uri of the made-up bucket names."""
        return (self.root / uri.removeprefix("s3://example-bucket/ground-truth/")).read_bytes()

    def answers(self) -> list[Answer]:
        """Every answer of a whole file of the large jobs."""
        return [
            Answer(
                path.relative_to(self.root).parts[0],
                int(path.parent.name),
                entry["workerId"],
                datetime.fromisoformat(entry["acceptanceTime"].removesuffix("Z")),
                datetime.fromisoformat(entry["submissionTime"].removesuffix("Z")),
                entry["timeSpentInSeconds"],
                entry["answerContent"],
                datetime.strptime(path.stem, "%Y-%m-%d_%H:%M:%S"),
            )
            for path in self.answer_files()
            for entry in json.loads(path.read_bytes())["answers"]
        ]


def read_lines(path: Path) -> list[Any]:
    """The values of a JSON Lines file."""
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """One set of jobs, of the default size."""
    root = tmp_path_factory.mktemp("sample")
    return Sample(root, generate(root, objects=OBJECTS))


@pytest.fixture(scope="module")
def answers(sample: Sample) -> list[Answer]:
    """Its answers."""
    return sample.answers()


def digest(root: Path) -> dict[str, str]:
    """A hash of every file, by its path below root."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file()
    }


def test_same_seed_gives_the_same_tree(tmp_path: Path) -> None:
    for name, seed in (("one", 7), ("again", 7), ("other", 8)):
        generate(tmp_path / name, objects=30, seed=seed)
    assert digest(tmp_path / "one") == digest(tmp_path / "again")
    assert digest(tmp_path / "one") != digest(tmp_path / "other")


def test_a_set_is_the_same_however_many_sets_there_are(tmp_path: Path) -> None:
    one = generate(tmp_path / "one", jobs=1, objects=30)
    three = generate(tmp_path / "three", jobs=3, objects=30)
    tree, larger_tree = digest(tmp_path / "one"), digest(tmp_path / "three")
    assert tree.items() <= larger_tree.items()
    names = {path.partition("/")[0] for path in larger_tree}
    assert names == {f"{job}{suffix}" for job in JOBS for suffix in ("", "-2", "-3")} | SMALL_JOBS.keys() | {FOLDER}
    assert (one.jobs, three.jobs) == (6 + len(SMALL_JOBS), 18 + len(SMALL_JOBS))
    assert one.broken_files == three.broken_files


def test_layout(sample: Sample) -> None:
    known = re.compile(
        r"[^/]+/("
        r"manifests/output/output\.manifest|golden\.manifest|label_category_config\.json"
        r"|annotations/worker-response/iteration-[12]/\d+/\d{4}-\d\d-\d\d_\d\d:\d\d:\d\d\.json"
        r"|annotations/worker-response/iteration-1/\d+/[0-9a-f]{40}/(frame_\d{4}\.jpeg|\d\.txt\.pcd)\.json"
        r"|annotations/consolidated-annotation/consolidation-request/iteration-1/\d{4}-\d\d-\d\d_\d\d:\d\d:\d\d\.json"
        r"|annotations/consolidated-annotation/output/\d+/(SeqLabel\.json|classes\.zlib)"
        r"|annotations/consolidated-annotation/output/\d+_[-0-9T:.]{26}\.png"
        r"|review-batches/[a-z-]+-\d{5}\.json)"
    )
    paths = {path for path in digest(sample.root) if not path.startswith(f"{FOLDER}/")}
    assert [path for path in paths if not known.fullmatch(path)] == []
    assert {path.partition("/")[0] for path in paths} == JOBS.keys() | SMALL_JOBS.keys()
    of_large_jobs = {path for path in paths if path.partition("/")[0] in JOBS}
    assert len({path.rpartition("/")[0] for path in of_large_jobs if "worker-response" in path}) == len(
        list(sample.answer_files())
    ) + len(sample.summary.broken_files)
    pilot = {path.name for path in sample.root.glob("Wildlife-Images/annotations/worker-response/iteration-1/*")}
    rest = {path.name for path in sample.root.glob("Wildlife-Images/annotations/worker-response/iteration-2/*")}
    assert 0 < len(pilot) <= 10
    assert not pilot & rest


def test_counts_are_those_asked_for_and_those_written(sample: Sample, answers: list[Answer]) -> None:
    summary = sample.summary
    assert summary.files == len(digest(sample.root))
    assert summary.objects == sum(len(sample.lines(job_name)) for job_name in (*JOBS, *SMALL_JOBS))
    assert [len(sample.lines(job_name)) for job_name in OBJECT_JOB_NAMES] == [OBJECTS] * 4
    answers_of_small_jobs = sum(len(found) for job in SMALL_JOBS for found in sample.small_answers(job))
    requested = sum(len(entry["annotations"]) for entry in requests(sample))
    assert summary.answers == len(answers) + 3 + answers_of_small_jobs + requested  # 3: those of the broken file
    assert summary.golden_answers == sum(
        len(sample.golden(path.parent.name)) for path in sample.root.glob("*/golden.manifest")
    )
    assert len({answer.worker_id for answer in answers}) == 12


def requests(sample: Sample) -> list[Any]:
    """Entries of the one consolidation request."""
    [path] = sample.root.glob("*/annotations/consolidated-annotation/consolidation-request/iteration-1/*.json")
    entries: list[Any] = json.loads(path.read_bytes())
    return entries


def test_exactly_one_file_is_broken(tmp_path: Path) -> None:
    """Truncated in mid-text, in the first set; its object is labeled nonetheless."""
    summary = generate(tmp_path, jobs=2, objects=40)
    broken = []
    for path in tmp_path.rglob("*.json"):
        try:
            json.loads(path.read_bytes())
        except json.JSONDecodeError:
            broken.append(str(path.relative_to(tmp_path)))
    assert list(summary.broken_files) == broken
    [path_text] = broken
    job_name, object_index = path_text.split("/")[0], int(path_text.split("/")[-2])
    assert job_name in Sample(tmp_path, summary).lines(job_name)[object_index]
    assert (tmp_path / path_text).stat().st_size > 0


@pytest.mark.parametrize("job_name", JOBS)
def test_manifest_lines_have_the_documented_shape(sample: Sample, job_name: str) -> None:
    attribute, task_type, workers = JOBS[job_name]
    fates: Counter[str] = Counter()
    for line in sample.lines(job_name):
        assert ("source" in line) != ("source-ref" in line)
        metadata = line.get(f"{attribute}-metadata")
        if metadata is None:
            assert attribute not in line
            fates["unlabeled"] += 1
        elif attribute not in line:
            assert metadata.keys() == {"retry-count", "failure-reason", "human-annotated"}
            fates["failed"] += 1
        else:
            assert metadata["job-name"] == f"labeling-job/{job_name.lower()}"
            assert metadata["type"] == task_type
            assert metadata["human-annotated"] == "yes"
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", metadata["creation-date"])
            check_value(task_type, line[attribute], metadata, workers)
            fates["labeled"] += 1
    if job_name in OBJECT_JOB_NAMES:
        assert fates == {"labeled": OBJECTS - 4, "failed": 2, "unlabeled": 2}
    else:
        assert fates == {"labeled": 4}


def check_value(task_type: str, value: Any, metadata: Any, workers: int) -> None:
    """The parts of a labeled line that are the task type's own."""
    match task_type:
        case "groundtruth/image-classification" | "groundtruth/text-classification":
            assert isinstance(value, int)
            assert isinstance(metadata["class-name"], str)
            confidence = metadata["confidence"]
            assert (confidence == 0 and isinstance(confidence, int)) if workers == 1 else 0 < confidence <= 0.95
        case "groundtruth/object-detection":
            assert len(value["annotations"]) == len(metadata["objects"])
            assert {str(box["class_id"]) for box in value["annotations"]} == metadata["class-map"].keys()
            [size] = value["image_size"]
            for box in value["annotations"]:
                assert 0 <= box["left"] < box["left"] + box["width"] <= size["width"] + 1e-6
                assert 0 <= box["top"] < box["top"] + box["height"] <= size["height"] + 1e-6
        case "groundtruth/text-span":
            assert len(value["annotations"]["entities"]) == len(metadata["entities"])
            assert {label["label"] for label in value["annotations"]["labels"]} == {"PRODUCT", "PLACE", "DATE"}
        case _:
            assert re.fullmatch(
                r"s3://example-bucket/.+/annotations/consolidated-annotation/output/\d+/SeqLabel\.json", value
            )
            assert metadata["creation-date"].endswith("000")
            assert "confidence" not in metadata


def test_lines_are_lines(sample: Sample) -> None:
    """UTF-8, no carriage return, a line feed at the end of each."""
    for path in sample.root.glob("**/*.manifest"):
        data = path.read_bytes()
        assert b"\r" not in data
        assert data.endswith(b"}\n")
        assert b"\n\n" not in data


def test_key_order_varies_and_other_keys_pass_through(sample: Sample) -> None:
    lines = sample.lines("Wildlife-Images")
    assert len({tuple(line.get("Wildlife-Images-metadata", ())) for line in lines}) > 20
    assert all({"source-ref-metadata", "import-batch"} <= line.keys() for line in lines)


def test_spans_are_offsets_into_the_text(sample: Sample, answers: list[Answer]) -> None:
    """Counted in characters: the right words are whole, in texts beyond ASCII too."""
    texts = [line["source"] for line in sample.lines("Order-Entities")]
    assert any(ord(character) > 0xFFFF for text in texts for character in text)
    for answer in answers:
        if answer.job_name == "Order-Entities":
            for entity in answer.content["crowd-entity-annotation"]["entities"]:
                assert 0 <= entity["startOffset"] < entity["endOffset"] <= len(texts[answer.object_index])
    for line in sample.golden("Order-Entities"):
        for entity in line["golden"]["annotations"]["entities"]:
            assert line["source"][entity["startOffset"] : entity["endOffset"]] in WORDS[entity["label"]]


def test_times_fit_each_other(sample: Sample, answers: list[Answer]) -> None:
    """Active time fits in the task, the file is stamped after its last answer, the label is made after that."""
    last_submitted: dict[tuple[str, int], datetime] = {}
    for answer in answers:
        assert 0 < answer.time_spent <= (answer.submitted_at - answer.accepted_at).total_seconds() + 1e-6
        assert answer.submitted_at < answer.stamped_at + timedelta(seconds=1)
        key = (answer.job_name, answer.object_index)
        last_submitted[key] = max(answer.submitted_at, last_submitted.get(key, answer.submitted_at))
    for job_name, (attribute, *_) in JOBS.items():
        for object_index, line in enumerate(sample.lines(job_name)):
            if attribute in line and (job_name, object_index) in last_submitted:
                created_at = datetime.fromisoformat(line[f"{attribute}-metadata"]["creation-date"])
                assert created_at > last_submitted[job_name, object_index]


def test_too_few_answers_are_stamped_late(answers: list[Answer]) -> None:
    """A task whose last worker never came expires days after the other answers."""
    by_object = defaultdict(list)
    for answer in answers:
        if JOBS[answer.job_name][2] == 3:
            by_object[answer.job_name, answer.object_index].append(answer)
    waits = defaultdict(set)
    for theirs in by_object.values():
        wait = min(answer.stamped_at - answer.submitted_at for answer in theirs)
        waits[len(theirs)].add(wait > timedelta(days=6))
    assert waits == {3: {False}, 2: {True}}


def test_people_work_when_they_work(answers: list[Answer]) -> None:
    """One task at a time, from the first to the last week, and begun within hours and weekdays of the worker's own."""
    workers = {worker.worker_id: worker for worker in make_team(1, [])}
    by_worker = defaultdict(list)
    for answer in answers:
        by_worker[answer.worker_id].append((answer.accepted_at, answer.submitted_at))
    assert by_worker.keys() == workers.keys()
    for worker_id, tasks in by_worker.items():
        tasks.sort()
        assert all(before[1] <= after[0] for before, after in pairwise(tasks))
        habits = workers[worker_id].habits
        assert {accepted_at.weekday() for accepted_at, _ in tasks} <= set(habits.weekdays)
        assert all(habits.hours[0] <= accepted_at.hour <= habits.hours[1] for accepted_at, _ in tasks)
    first = min(answer.accepted_at for answer in answers).date()
    last = max(answer.submitted_at for answer in answers).date()
    assert first >= LAST_DAY_AFTER - timedelta(weeks=WEEKS)
    assert last < LAST_DAY_AFTER
    assert last - first > timedelta(weeks=WEEKS - 2)


def test_sets_follow_each_other_in_time(tmp_path: Path) -> None:
    """The team is the same in all sets, so no two may be worked on at a time."""
    sample = Sample(tmp_path, generate(tmp_path, jobs=2, objects=40))
    answers = sample.answers()
    assert len({answer.worker_id for answer in answers}) <= 12
    second = [answer for answer in answers if answer.job_name.endswith("-2")]
    first = [answer for answer in answers if not answer.job_name.endswith("-2")]
    assert max(answer.submitted_at for answer in second) < min(answer.accepted_at for answer in first)


def test_consolidated_class_is_the_majority(sample: Sample, answers: list[Answer]) -> None:
    votes = defaultdict(list)
    for answer in answers:
        if answer.job_name == "Wildlife-Images":
            votes[answer.object_index].append(answer.content["crowd-image-classifier"]["label"])
    config = json.loads((sample.root / "Wildlife-Images/label_category_config.json").read_bytes())
    lines = sample.lines("Wildlife-Images")
    for object_index, given in votes.items():
        line = lines[object_index]
        label = line["Wildlife-Images-metadata"]["class-name"]
        assert given.count(label) == max(Counter(given).values())
        assert config["labels"][line["Wildlife-Images"]]["label"] == label
    assert any(len(set(given)) > 1 for given in votes.values())


def test_consolidated_boxes_are_averages_of_answers(sample: Sample, answers: list[Answer]) -> None:
    """Each is the mean of one box of each of a majority of the workers."""
    sides = ("left", "top", "width", "height")
    drawn = defaultdict(list)
    for answer in answers:
        if answer.job_name == "Warehouse-Boxes":
            boxes = answer.content["boundingBox"]["boundingBoxes"]
            drawn[answer.object_index].append([tuple(box[side] for side in sides) for box in boxes])
    lefts = []
    for object_index, line in enumerate(sample.lines("Warehouse-Boxes")):
        workers = drawn[object_index]
        means = [
            [fmean(side) for side in zip(*choice, strict=True)]
            for count in range(len(workers) // 2 + 1, len(workers) + 1)
            for majority_of_workers in combinations(workers, count)
            for choice in product(*majority_of_workers)
        ]
        for box in line.get("boxes", {}).get("annotations", []):
            assert [box[side] for side in sides] in means
            lefts.append(box["left"])
    assert len(lefts) > 100
    assert any(left % 1 for left in lefts)


def test_vote() -> None:
    assert majority(["Fox", "Dog", "Dog"]) == "Dog"
    assert majority(["Fox", "Dog", "Cat"]) == "Fox"
    certain, likely, open_ = (
        vote_confidence(votes, 6) for votes in (["a", "a", "a"], ["a", "a", "b"], ["a", "b", "c"])
    )
    assert certain == 0.95 > likely > open_ > 1 / 6


def test_boxes_are_matched_averaged_and_outvoted() -> None:
    drawn = [
        [Box("Crate", 100, 100, 50, 50), Box("Cart", 400, 300, 60, 60)],
        [Box("Crate", 103, 100, 50, 53)],
        [Box("Pallet", 106, 103, 50, 50), Box("Cart", 10, 10, 40, 40)],
    ]
    [(box, confidence)] = consolidate_boxes(drawn)
    assert box == Box("Crate", 103, 101, 50, 51)
    assert 0.8 < confidence < 0.95
    assert consolidate_boxes([[], [], [Box("Crate", 1, 1, 9, 9)]]) == []
    assert [found for found, _ in consolidate_boxes([[Box("Crate", 1, 1, 9, 9)]])] == [Box("Crate", 1, 1, 9, 9)]


def test_spans_are_matched_and_outvoted() -> None:
    marked = [
        [Span("DATE", 30, 36), Span("PLACE", 10, 18)],
        [Span("PLACE", 10, 18)],
        [Span("PRODUCT", 10, 19), Span("DATE", 50, 60)],
    ]
    assert consolidate_spans(marked) == [(Span("PLACE", 10, 18), 0.63)]


def test_two_boxes_of_one_worker_stay_two() -> None:
    """However near to each other they are."""
    near = [Box("Crate", 100, 100, 50, 50), Box("Crate", 105, 100, 50, 50)]
    assert len(consolidate_boxes([near, near, near])) == 2


@pytest.mark.parametrize(("job_name", "share"), [(name, task.golden_share) for name, _, _, task in OBJECT_JOBS])
def test_golden_answers_are_for_the_share_asked_for(sample: Sample, job_name: str, share: float) -> None:
    golden = sample.golden(job_name)
    assert len(golden) == round(share * OBJECTS)
    lines = sample.lines(job_name)
    if "golden" in golden[0]:
        key = "source" if "source" in golden[0] else "source-ref"
        assert len({line[key] for line in lines}) == OBJECTS
        assert {line[key] for line in golden} <= {line[key] for line in lines}
        assert all(line["golden-metadata"]["type"] == JOBS[job_name][1] for line in golden)
    else:
        indices = [int(index) for line in golden for index in line]
        assert len(set(indices)) == len(golden)
        assert set(indices) < set(range(OBJECTS))


def test_skill_shows_in_golden_accuracy(tmp_path: Path) -> None:
    """And the workers' stories with it: the best are best, the fast one is poor, one draws boxes too large."""
    sample = Sample(tmp_path, generate(tmp_path, objects=2500))
    golden = {
        (job_name, int(index)): label
        for job_name in ("Wildlife-Images", "Support-Messages")
        for line in sample.golden(job_name)
        for index, label in line.items()
    }
    right = defaultdict(list)
    seconds = defaultdict(list)
    too_large = defaultdict(list)
    areas = {
        line["source-ref"]: sum(box["width"] * box["height"] for box in line["golden"]["annotations"])
        for line in sample.golden("Warehouse-Boxes")
    }
    uris = [line["source-ref"] for line in sample.lines("Warehouse-Boxes")]
    for answer in sample.answers():
        key = (answer.job_name, answer.object_index)
        if key in golden:
            [element] = answer.content.values()
            right[answer.worker_id].append(element["label"] == golden[key])
            seconds[answer.worker_id].append(answer.time_spent)
        if answer.job_name == "Warehouse-Boxes" and areas.get(uris[answer.object_index]):
            boxes = answer.content["boundingBox"]["boundingBoxes"]
            drawn = sum(box["width"] * box["height"] for box in boxes)
            too_large[answer.worker_id].append(drawn / areas[uris[answer.object_index]])
    ids = [worker.worker_id for worker in make_team(1, [])]
    accuracy = {worker_id: fmean(right[worker_id]) for worker_id in ids}
    best, confused, new, fast = ids[0], ids[6], ids[9], ids[11]
    steady = [worker_id for worker_id in ids if worker_id not in (confused, new, ids[10], fast)]
    assert min(accuracy, key=accuracy.__getitem__) == fast == min(ids, key=lambda one: fmean(seconds[one]))
    assert accuracy[best] > 0.94
    assert all(accuracy[worker_id] > accuracy[new] > accuracy[fast] for worker_id in steady)
    assert accuracy[confused] < accuracy[best]
    assert max(ids, key=lambda one: fmean(too_large[one])) == ids[4]


@pytest.mark.parametrize(("number", "least", "most"), [(0, -0.03, 0.03), (9, 0.15, 0.35), (10, -0.25, -0.1)])
def test_one_learns_and_one_tires(number: int, least: float, most: float) -> None:
    """From the first to the last days of a set; the others stay as they are."""
    worker = make_team(1, [])[number]
    rng = Random(1)
    early, late = (
        fmean(VEHICLES.name("Truck", worker, 1.0, progress, rng) == "Truck" for _ in range(3000))
        for progress in (0.1, 0.7)
    )
    assert least < late - early < most


def test_video_sequences(sample: Sample) -> None:
    """Frames that are empty, missing, once out of order; frame-no is text; tracks keep their id and class."""
    sequences = sample.sequences("Vehicle-Tracking")
    out_of_order = 0
    empty, missing = 0, 0
    for frames in sequences:
        numbers = [int(frame["frame-no"]) for frame in frames]
        assert all(isinstance(frame["frame-no"], str) for frame in frames)
        assert len(set(numbers)) == len(numbers)
        out_of_order += numbers != sorted(numbers)
        empty += sum(not frame["annotations"] for frame in frames)
        missing += max(numbers) + 1 - len(numbers)
        tracks = defaultdict(set)
        for frame in frames:
            assert frame["frame"] == f"frame_{int(frame['frame-no']):04}.jpeg"
            assert frame["frame-attributes"].keys() == {"Frame_Quality", "Weather"}
            for label in frame["annotations"]:
                tracks[label["object-id"]].add((label["class-id"], label["object-name"]))
                assert label["label-category-attributes"].keys() == {"Vehicle_Type", "Moving"}
                assert 0 <= label["left"] < label["left"] + label["width"] <= WIDTH
                assert 0 <= label["top"] < label["top"] + label["height"] <= HEIGHT
        assert all(len(names) == 1 for names in tracks.values())
    assert len(sequences) == 4
    assert out_of_order == 1
    assert empty > 0
    assert missing > 0


def test_audit_carries_the_audited_labels(sample: Sample) -> None:
    """Same labels, each with an audit value; manifest lines with the attributes of both jobs; a config that says so."""
    audited: Counter[str] = Counter()
    for tracked, checked in zip(
        sample.sequences("Vehicle-Tracking"), sample.sequences("Vehicle-Tracking-Audit"), strict=True
    ):
        by_number = {frame["frame-no"]: frame["annotations"] for frame in tracked}
        assert by_number.keys() == {frame["frame-no"] for frame in checked}
        for frame in checked:
            assert "Frame_Quality" in frame["frame-attributes"]
            for label in frame["annotations"]:
                audited[label["label-category-attributes"].pop("audit")] += 1
            assert frame["annotations"] == by_number[frame["frame-no"]]
    assert audited.keys() <= {"ok", "wrong box", "wrong class", "missed"}
    assert 0.5 < audited["ok"] / audited.total() < 1
    tracking_lines = sample.lines("Vehicle-Tracking")
    for line, tracking_line in zip(sample.lines("Vehicle-Tracking-Audit"), tracking_lines, strict=True):
        assert tracking_line.items() <= line.items()
    config = json.loads((sample.root / "Vehicle-Tracking-Audit/label_category_config.json").read_bytes())
    assert config["auditLabelAttributeName"] == "Vehicle-Tracking-ref"
    assert {label["editsAllowed"] for label in config["labels"]} == {"none"}


def test_video_answers_are_pointers(answers: list[Answer]) -> None:
    video = [answer for answer in answers if answer.job_name.startswith("Vehicle-Tracking")]
    assert len(video) == 8
    for answer in video:
        prefix = answer.content["trackingAnnotations"]["frameData"]["s3Prefix"]
        assert re.fullmatch(r"s3://.+/worker-response/iteration-1/\d+/[0-9a-f]{40}/", prefix)


def test_video_keeps_to_ground_truths_limits() -> None:
    small, large = plan_sequences(1, Random(1)), plan_sequences(100_000, Random(1))
    assert len(small) == 2
    assert len(large) == 10
    assert max(sequence.frame_count for sequence in large) <= 2000
    assert frame_count(small) < frame_count(large)


def test_a_crew_that_is_short_of_hands_gives_what_it_has() -> None:
    """As many turns as there are workers, and each comes back after finishing."""
    [worker, *_] = make_team(1, [])
    crew = Crew([(worker, [(0, 3_600_000)])], (0, 3_600_000), 10.0, 5, Random(1))
    [turn] = crew.next_turns(3)
    assert crew.next_turns(1) == []
    timing = crew.finish(turn, 1.0)
    [again] = crew.next_turns(1)
    assert again.accepted_at >= timing.submitted_at
    assert 0 <= turn.progress < again.progress <= 1


def test_the_loader_rejects_the_broken_file_alone(sample: Sample, tmp_path: Path) -> None:
    summary = load(str(sample.root), str(tmp_path), Options(processes=1))
    responses = sum(path.startswith(f"{FOLDER}/") for path in digest(sample.root))
    assert summary.files_loaded == sample.summary.files - 1 - responses
    assert summary.files_rejected == 1
    assert summary.files_skipped == 0
    assert summary.files_ignored == responses
    [error] = summary.errors
    assert sample.summary.broken_files[0] in error["uri"]


@pytest.mark.parametrize("objects", [1, 2, 9])
def test_small_samples(tmp_path: Path, objects: int) -> None:
    summary = generate(tmp_path / "sample", objects=objects)
    small = Sample(tmp_path / "sample", summary)
    assert {name: len(small.lines(name)) for name in OBJECT_JOB_NAMES} == dict.fromkeys(OBJECT_JOB_NAMES, objects)
    assert len(small.lines("Vehicle-Tracking")) == len(plan_sequences(objects, Random(1)))
    assert len(small.lines("Warehouse-Boxes-Check")) == len(small.lines("Plant-Masks-Adjusted")) == objects
    assert len(small.lines("Lidar-Cuboids-Audit")) == 6


def test_a_destination_with_anything_in_it_is_refused(tmp_path: Path) -> None:
    """And left as it is."""
    folder = tmp_path / "folder"
    folder.mkdir()
    note = folder / "note.txt"
    note.write_text("mine")
    for dest in (folder, note):
        with pytest.raises(DestinationNotEmptyError, match=str(dest)):
            generate(dest)
    assert [note] == list(folder.iterdir())
    assert note.read_text() == "mine"


@pytest.mark.parametrize("options", [{"jobs": 0}, {"objects": 0}, {"objects": 100_001}])
def test_numbers_out_of_range_are_refused(tmp_path: Path, options: dict[str, int]) -> None:
    dest = tmp_path / "sample"
    with pytest.raises(ValueError, match="must be"):
        generate(dest, **options)
    assert not dest.exists()


def test_every_task_type_has_a_job() -> None:
    shown = {metadata_type for _, metadata_type, *_ in (*JOBS.values(), *SMALL_JOBS.values())}
    assert shown == {f"groundtruth/{name}" for name in TASK_TYPES}


@pytest.mark.parametrize("job_name", SMALL_JOBS)
def test_small_jobs_are_labeled_but_for_failures(sample: Sample, job_name: str) -> None:
    """Those of ten objects or more have one that failed and one that nobody labeled."""
    attribute, metadata_type = SMALL_JOBS[job_name]
    lines = sample.lines(job_name)
    labeled = sample.labeled(job_name)
    failed = [line for line in lines if "failure-reason" in line.get(f"{attribute}-metadata", {})]
    troubled = 1 if len(lines) >= 10 else 0
    assert (len(labeled), len(failed)) == (len(lines) - 2 * troubled, troubled)
    assert {metadata["type"] for _, _, metadata in labeled} == {metadata_type}
    assert {metadata["job-name"] for _, _, metadata in labeled} == {f"labeling-job/{job_name.lower()}"}


def test_nobody_does_two_small_tasks_at_a_time(sample: Sample) -> None:
    by_worker = defaultdict(list)
    for job_name in SMALL_JOBS:
        for answers in sample.small_answers(job_name):
            for answer in answers:
                if "acceptanceTime" in answer:
                    by_worker[answer["workerId"]].append((answer["acceptanceTime"], answer["submissionTime"]))
    assert len(by_worker) == 5
    for tasks in by_worker.values():
        assert all(before[1] <= after[0] for before, after in pairwise(sorted(tasks)))


def test_who_answers(sample: Sample) -> None:
    """OpenID Connect, a vendor without identity, and public workers without times of acceptance."""
    [staff, vendor, public] = (
        [answer for answers in sample.small_answers(job) for answer in answers]
        for job in ("Landscape-Tags", "Message-Tags", "Harbor-Ships")
    )
    assert {answer["workerMetadata"]["identityData"]["identityProviderType"] for answer in staff} == {"Oidc"}
    assert {answer["workerId"].partition(".")[0] for answer in vendor} == {"vendor"}
    assert not any("workerMetadata" in answer for answer in vendor)
    assert all(answer.keys() == {"answerContent", "submissionTime", "workerId"} for answer in public)
    assert all(re.fullmatch(r"public\.us-east-1\.[A-Z2-7]{26}", answer["workerId"]) for answer in public)
    assert all(re.fullmatch(r"[^.]+Z", answer["submissionTime"]) for answer in public)


@pytest.mark.parametrize("job_name", ["Landscape-Tags", "Message-Tags"])
def test_tags_are_those_of_any_worker(sample: Sample, job_name: str) -> None:
    [element] = {element for [answer, *_] in sample.small_answers(job_name) for element in answer["answerContent"]}
    given = [
        {tag for answer in answers for tag in answer["answerContent"][element]["labels"]}
        for answers in sample.small_answers(job_name)
    ]
    found = [set(metadata["class-map"].values()) for _, _, metadata in sample.labeled(job_name)]
    assert given == found
    for _, value, metadata in sample.labeled(job_name):
        assert list(map(str, value)) == list(metadata["class-map"]) == list(metadata["confidence-map"])
    assert job_name == "Landscape-Tags" or set() in found


def test_signs_that_the_model_labeled_have_no_answers(sample: Sample) -> None:
    """The others' are in a consolidation request, as JSON text within JSON."""
    labeled = sample.labeled("Street-Signs")
    by_whom = Counter(metadata["human-annotated"] for _, _, metadata in labeled)
    assert by_whom.keys() == {"yes", "no"}
    entries = requests(sample)
    assert by_whom["yes"] == len(entries)
    lines = sample.lines("Street-Signs")
    for entry in entries:
        line = lines[int(entry["datasetObjectId"])]
        assert entry["dataObject"] == {"s3Uri": line["source-ref"]}
        votes = [
            json.loads(annotation["annotationData"]["content"])["crowd-image-classifier"]["label"]
            for annotation in entry["annotations"]
        ]
        assert line["sign-metadata"]["class-name"] in votes
    assert not sample.small_answers("Street-Signs")


def test_streamed_objects_have_the_id_of_their_sender(sample: Sample) -> None:
    lines = sample.lines("Gate-Stream")
    assert len({line[line["dataset-objectid-attribute-name"]] for line in lines}) == len(lines)


def test_masks_are_indices_of_the_color_map(sample: Sample) -> None:
    """And the pixels of a worker's picture are in the colours of its classes."""
    answers = sample.small_answers("Plant-Masks")
    for (_, uri, metadata), [answer] in zip(sample.labeled("Plant-Masks"), answers, strict=True):
        image = Image.open(io.BytesIO(sample.file(uri)))
        assert image.mode == "P"
        counts = {str(index): count for count, index in image.getcolors() or ()}
        assert counts.keys() <= metadata["internal-color-map"].keys()
        assert metadata["internal-color-map"]["0"]["class-name"] == "BACKGROUND"

        element = answer["answerContent"]["crowd-semantic-segmentation"]
        drawn = Image.open(io.BytesIO(base64.b64decode(element["labeledImage"]["pngImageData"])))
        colors = {mapping["color"]: label for label, mapping in element["labelMappings"].items()}
        pixels = drawn.tobytes()
        by_label = Counter(
            colors.get(f"#{pixels[start : start + 3].hex()}", "BACKGROUND") for start in range(0, len(pixels), 3)
        )
        classes = {index: entry["class-name"] for index, entry in metadata["internal-color-map"].items()}
        assert by_label == {classes[index]: count for index, count in counts.items()}


@pytest.mark.parametrize(
    ("job_name", "earlier"),
    [
        ("Warehouse-Boxes-Adjusted", "boxes"),
        ("Plant-Masks-Adjusted", "plants-ref"),
        ("Crossing-Tracks-Adjusted", "tracks-ref"),
    ],
)
def test_what_is_unadjusted_is_as_it_was(sample: Sample, job_name: str, earlier: str) -> None:
    statuses = set()
    for line, value, metadata in sample.labeled(job_name):
        before = line[earlier]
        if earlier.endswith("-ref"):
            before, value = sample.file(before), sample.file(value)
        else:
            before, value = ([sorted(box.items()) for box in boxes["annotations"]] for boxes in (before, value))
        status = metadata["adjustment-status"]
        assert (before == value) == (status == "unadjusted")
        statuses.add(status)
    assert statuses == {"adjusted", "unadjusted"}


def test_verification_has_the_comments_of_its_workers(sample: Sample) -> None:
    answers = sample.small_answers("Warehouse-Boxes-Check")
    feedback = 0
    for (line, value, metadata), given in zip(sample.labeled("Warehouse-Boxes-Check"), answers, strict=True):
        assert "boxes" in line
        assert ["good", "box misplaced", "wrong label"][int(value)] == metadata["class-name"]
        verdicts = [answer["answerContent"]["crowd-image-classifier"] for answer in given]
        comments = sorted(verdict["workerComment"] for verdict in verdicts if "workerComment" in verdict)
        assert sorted(entry["comment"] for entry in metadata.get("worker-feedback", [])) == comments
        feedback += "worker-feedback" in metadata
    assert 0 < feedback < len(answers)


@pytest.mark.parametrize(
    ("job_name", "kind", "shape", "in_answers", "geometry"),
    [
        ("Crossing-Boxes", "detection", "annotations", "boundingBoxes", {"left", "top", "width", "height"}),
        ("Crossing-Polygons", "detection", "polygons", "polygons", {"vertices"}),
        ("Crossing-Polylines", "detection", "polylines", "polylines", {"vertices"}),
        ("Crossing-Keypoints", "detection", "keypoints", "keypoints", {"x", "y"}),
        ("Crossing-Tracks", "tracking", "polygons", "polygons", {"vertices"}),
    ],
)
def test_frames_of_answers_are_files(
    sample: Sample, job_name: str, kind: str, shape: str, in_answers: str, geometry: set[str]
) -> None:
    """One for each frame of SeqLabel.json, with the same labels, for one worker labels a sequence."""
    is_tracked = kind == "tracking"
    for (_, uri, metadata), [answer] in zip(sample.labeled(job_name), sample.small_answers(job_name), strict=True):
        prefix = answer["answerContent"][f"{kind}Annotations"]["frameData"]["s3Prefix"]
        frames = json.loads(sample.file(uri))[f"{kind}-annotations"]
        assert len(frames) == 8
        for frame in frames:
            given = json.loads(sample.file(f"{prefix}{frame['frame']}.json"))[f"{kind}Annotations"]
            assert given["frame"] == frame["frame"]
            assert given.get("frameNumber") == (int(frame["frame-no"]) if is_tracked else None)
            for label, drawn in zip(frame[shape], given[in_answers], strict=True):
                assert {name: label[name] for name in geometry} == {name: drawn[name] for name in geometry}
                assert metadata["class-map"][label["class-id"]] == drawn["label"]
                assert label.get("object-id") == drawn.get("objectId")
                assert is_tracked == ("object-name" in label)


def test_audited_cuboids_are_the_earlier_ones(sample: Sample) -> None:
    verdicts = Counter[str]()
    for line, value, metadata in sample.labeled("Lidar-Cuboids-Audit"):
        assert metadata["adjustment-status"] == "unadjusted"
        for cuboid in value["annotations"]:
            verdicts[cuboid["label-category-attributes"].pop("audit")] += 1
        assert value == line["cuboids"]
    assert verdicts["ok"] > verdicts.total() / 2
    config = json.loads((sample.root / "Lidar-Cuboids-Audit/label_category_config.json").read_bytes())
    assert config["auditLabelAttributeName"] == "cuboids"
    assert {label["editsAllowed"] for label in config["labels"]} == {"none"}


def test_tracks_of_clouds(sample: Sample) -> None:
    """Their files name frames otherwise than video does; a linked job's has a part for each sensor."""
    for _, uri, _ in sample.labeled("Lidar-Tracks"):
        frames = json.loads(sample.file(uri))["tracking-annotations"]
        assert [frame["frame-number"] for frame in frames] == list(range(6))
        assert not frames[-1]["annotations"]
    for _, uri, _ in sample.labeled("Lidar-Camera-Tracks"):
        sensors = json.loads(sample.file(uri))
        lidar, camera = (
            [{cuboid["object-id"] for cuboid in frame["annotations"]} for frame in sensor["tracking-annotations"]]
            for sensor in (sensors["lidar"], sensors["camera-0"])
        )
        assert lidar == camera
    [answer] = sample.small_answers("Lidar-Tracks")[0]
    prefix = answer["answerContent"]["trackingAnnotations"]["frameData"]["s3Prefix"]
    [frame] = json.loads(sample.file(f"{prefix}0.txt.pcd.json"))["trackingAnnotations"]
    assert frame["frameName"] == "0.txt.pcd"
    assert frame["boundingCuboids"]


def test_points_have_a_class_each(sample: Sample) -> None:
    for _, uri, metadata in sample.labeled("Lidar-Points"):
        points = zlib.decompress(sample.file(uri))
        assert len(points) == 2000
        assert set(map(str, points)) == metadata["color-map"].keys()


def test_forms(sample: Sample) -> None:
    """Fields of every kind; without a consolidation, the metadata names the file of the answers."""
    forms = [answer["answerContent"] for answers in sample.small_answers("Invoice-Form") for answer in answers]
    assert all(form["paid"]["yes"] != form["paid"]["no"] for form in forms)
    assert 0 < sum("number" in form for form in forms) < len(forms)
    passed = sample.labeled("Fax-Form")
    for (_, value, metadata), answers in zip(passed, sample.small_answers("Fax-Form"), strict=True):
        assert value == {}
        assert json.loads(sample.file(metadata["worker-response-ref"]))["answers"] == answers


def test_votes_on_birds(sample: Sample) -> None:
    """A vote for each item of a batch, named by its number and in the order of names; the surer, the more right."""
    lines = sample.lines("Bird-Review")
    confirmed = defaultdict(list)
    for path in (sample.root / "Bird-Review").glob("annotations/worker-response/*/*/*.json"):
        name = lines[int(path.parent.name)]["source-ref"].rpartition("/")[2]
        batch = json.loads((sample.root / "Bird-Review/review-batches" / name).read_bytes())
        for answer in json.loads(path.read_bytes())["answers"]:
            votes = answer["answerContent"]
            assert list(votes) == sorted(votes)
            assert votes.keys() == {f"{item['label']}-{number}" for number, item in enumerate(batch)}
            for number, item in enumerate(batch):
                vote = votes[f"{item['label']}-{number}"]["Confirmed"]
                confirmed[item["label"], item["confidence"] >= 92].append(vote)
    shares = {key: fmean(votes) for key, votes in confirmed.items()}
    assert shares["Heron", True] > shares["Heron", False]
    assert shares["Coot", True] > shares["Coot", False]
    assert shares["Heron", True] > shares["Coot", True]


def test_saved_responses_are_read(sample: Sample, tmp_path: Path) -> None:
    """Every job with its counters and its kind of task, every user, team and membership, and every event."""
    load(str(sample.root), str(tmp_path / "lake"), Options(processes=1))
    saved = sample.root / FOLDER
    commands = (
        ["sync-jobs", "--from", str(saved / "labeling-jobs")],
        [
            *("sync-workers", "--from", str(saved / "workers")),
            *("--members", f"labelers={saved / 'list-users-in-group.json'}"),
        ],
        ["sync-activity", "--from", str(saved / "worker-activity.jsonl")],
    )
    for command, *options in commands:
        done = CliRunner().invoke(cli, [command, str(tmp_path / "lake"), *options, "--json"])
        assert done.exit_code == 0, done.output
        assert json.loads(done.output)["errors"] == []
    rows = {
        name: [
            row
            for path in (tmp_path / "lake/raw" / name).glob("[!_]*.parquet")
            for row in pq.ParquetFile(path).read().to_pylist()
        ]
        for name in ("labeling_jobs", "workers", "workteams", "workteam_members", "worker_activity")
    }
    jobs = {row["job_name"]: row for row in rows["labeling_jobs"] if row["description_json"]}
    types = {name: metadata_type for name, (_, metadata_type, *_) in (*JOBS.items(), *SMALL_JOBS.items())}
    assert {name: f"groundtruth/{row['task_type']}" for name, row in jobs.items()} == types
    for name, row in jobs.items():
        lines = sample.lines(name)
        labeled = sum(row["label_attribute_name"] in line for line in lines)
        assert row["total_labeled_count"] == labeled
        assert row["failed_count"] + row["unlabeled_count"] == len(lines) - labeled
    assert jobs["Street-Signs"]["machine_labeled_count"] > 0
    assert jobs["Harbor-Ships"]["task_price_usd"] == pytest.approx(0.012)
    assert (len(rows["workers"]), len(rows["workteam_members"]), len(rows["workteams"])) == (12, 12, 3)
    submitted = [row for row in rows["worker_activity"] if row["event_type"] == "TasksSubmitted"]
    assert len(submitted) == 196
    assert {row["event_type"] for row in rows["worker_activity"]} == {
        *("TasksAccepted", "TasksSubmitted", "TasksReturned", "TasksDeclined")
    }
