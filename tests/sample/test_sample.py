"""The sample is the same for the same seed, keeps its promises, and is loaded whole, hard cases included."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest
from click.testing import CliRunner

from ingest.cli import cli
from ingest.formats.registry import TASK_TYPES
from ingest.load.outcome import Summary
from ingest.load.plan import Options
from ingest.load.run import load
from ingest.sample import OBJECT_JOBS, DestinationNotEmptyError, SampleSummary, generate
from ingest.sample.aws_responses import FOLDER
from ingest.sample.truth import FOLDER as TRUTH
from ingest.tables import TABLES

OBJECTS = 200
# The large jobs, of which each set has one: label attribute and type.
LARGE_JOBS = {
    "Wildlife-Images": ("Wildlife-Images", "groundtruth/image-classification"),
    "Support-Messages": ("topic", "groundtruth/text-classification"),
    "Warehouse-Boxes": ("boxes", "groundtruth/object-detection"),
    "Order-Entities": ("entities", "groundtruth/text-span"),
    "Vehicle-Tracking": ("Vehicle-Tracking-ref", "groundtruth/video-object-tracking"),
    "Vehicle-Tracking-Audit": ("Vehicle-Tracking-Audit-ref", "groundtruth/video-object-tracking"),
    "Warehouse-Boxes-Check": ("check", "groundtruth/label-verification"),
}
OBJECT_JOB_NAMES = [name for name, *_ in OBJECT_JOBS]
SMALL_JOBS = {
    "Bird-Review": ("review", "groundtruth/custom"),
    "Crossing-Boxes": ("Crossing-Boxes-ref", "groundtruth/video-object-detection"),
    "Crossing-Keypoints": ("Crossing-Keypoints-ref", "groundtruth/video-object-detection"),
    "Crossing-Polygons": ("Crossing-Polygons-ref", "groundtruth/video-object-detection"),
    "Crossing-Polylines": ("Crossing-Polylines-ref", "groundtruth/video-object-detection"),
    "Crossing-Paths": ("paths-ref", "groundtruth/video-object-tracking"),
    "Crossing-Tracks": ("tracks-ref", "groundtruth/video-object-tracking"),
    "Crossing-Tracks-Adjusted": ("adjusted-tracks-ref", "groundtruth/video-object-tracking"),
    "Fax-Form": ("fax", "groundtruth/custom"),
    "Gate-Stream": ("vehicle", "groundtruth/image-classification"),
    "Harbor-Ships": ("ship", "groundtruth/image-classification"),
    "Invoice-Form": ("invoice", "groundtruth/custom"),
    "Landscape-Tags": ("tags", "groundtruth/image-classification-multilabel"),
    "Lidar-Camera-Tracks": ("linked-tracks-ref", "groundtruth/point_cloud_object_tracking"),
    "Lidar-Cuboids": ("cuboids", "groundtruth/point_cloud_object_detection"),
    "Lidar-Cuboids-Adjusted": ("adjusted-cuboids", "groundtruth/point_cloud_object_detection"),
    "Lidar-Cuboids-Audit": ("audited-cuboids", "groundtruth/point_cloud_object_detection"),
    "Lidar-Points": ("points-ref", "groundtruth/point_cloud_single_frame_semantic_segmentation"),
    "Lidar-Tracks": ("lidar-tracks-ref", "groundtruth/point_cloud_object_tracking"),
    "Message-Tags": ("tags", "groundtruth/text-classification-multilabel"),
    "Plant-Masks": ("plants-ref", "groundtruth/semantic-segmentation"),
    "Plant-Masks-Adjusted": ("adjusted-plants-ref", "groundtruth/semantic-segmentation"),
    "Reef-Animals": ("animal", "groundtruth/image-classification"),
    "Street-Clips": ("traffic", "groundtruth/video-classification"),
    "Street-Signs": ("sign", "groundtruth/image-classification"),
    "Warehouse-Boxes-Adjusted": ("adjusted-boxes", "groundtruth/object-detection"),
}
JOBS = LARGE_JOBS | SMALL_JOBS

# What a load or a mart could get wrong, and a query of the raw tables that finds it in the sample.
HARD_CASES = {
    "an object that failed": "from data_objects where failure_reason is not null",
    "an object that nobody labeled": "from data_objects where label is null and value_json is null",
    "an object labeled by a model": "from data_objects where not is_human_annotated",
    "an object with a label of an earlier job": "from data_objects where job_name <> source_job_name",
    "an object of a stream": "from data_objects where stream_object_id is not null",
    "a label that an adjustment changed": "from data_objects where adjustment_status = 'adjusted'",
    "a label that an adjustment left": "from data_objects where adjustment_status = 'unadjusted'",
    "a comment on a label": "from data_objects where worker_feedback_json is not null",
    "a result with no consolidation": "from data_objects where worker_response_uri is not null",
    "a text beyond the basic plane": "from data_objects where regexp_matches(source_text, '[\\x{10000}-\\x{10FFFF}]')",
    "a confidence of 0 with one worker": "from data_objects where confidence = 0",
    "an object with no tags": "from data_objects where task_type like '%-multilabel' and label_count = 0",
    "a frame with no labels": "from frames where annotation_count = 0",
    "a frame that is missing": "from frames group by job_name, object_index having count(*) <= max(frame_index)",
    "an audited label": "from annotation_attributes where attribute_name = 'audit'",
    "a label of a linked camera": "from annotations where sensor like 'camera%'",
    "golden answers by line number": "from golden_labels where object_index is not null",
    "golden answers by text": "from golden_labels where source_text is not null",
    "golden answers by image": "from golden_labels where source_uri is not null",
    "a worker known by OpenID Connect": "from worker_answers where identity_provider = 'Oidc'",
    "a vendor's worker without identity": "from worker_answers where workforce = 'vendor' and identity_sub is null",
    "a public worker without times": "from worker_answers where workforce = 'public' and accepted_at is null",
    "an answer in a consolidation request": "from worker_answers where submitted_at is null",
    "an answer in frames": "from worker_frames where annotation_count > 0",
    "a second iteration": "from worker_answers where iteration = 2",
    "an item of a bulk review": "from review_items where confidence is not null",
}
HARD_CASES |= {
    f"a {shape}": f"from annotations where shape = '{shape}'"
    for shape in ("box", "span", "polygon", "polyline", "keypoint", "cuboid")
}


class Sample(NamedTuple):
    """A sample of the default size, and the lake that it was loaded to."""

    root: Path
    made: SampleSummary
    lake: Path
    loaded: Summary

    def lines(self, job_name: str) -> list[Any]:
        """Lines of a job's output manifest."""
        return manifest(self.root, job_name)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query of the raw tables."""
        with duckdb.connect() as connection:
            for name in TABLES:
                files = f"{self.lake}/raw/{name}/*.parquet"
                connection.execute(f"create view {name} as from read_parquet('{files}', union_by_name = true)")
            return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    root, lake = tmp_path_factory.mktemp("sample"), tmp_path_factory.mktemp("lake")
    return Sample(root, generate(root, objects=OBJECTS), lake, load(str(root), str(lake), Options(processes=1)))


def manifest(root: Path, job_name: str) -> list[Any]:
    """Lines of a job's output manifest."""
    path = root / job_name / "manifests/output/output.manifest"
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


def digest(root: Path) -> dict[str, str]:
    """A hash of every file, by its path below root."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
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
    planted = {path for path in tree if path.startswith(f"{TRUTH}/")}
    assert {path: tree[path] for path in tree.keys() - planted}.items() <= larger_tree.items()
    for path in planted:
        assert set((tmp_path / "one" / path).read_text().splitlines()) <= set(
            (tmp_path / "three" / path).read_text().splitlines()
        )
    names = {path.partition("/")[0] for path in larger_tree}
    large = {f"{job}{suffix}" for job in LARGE_JOBS for suffix in ("", "-2", "-3")}
    assert names == large | SMALL_JOBS.keys() | {FOLDER, TRUTH}
    assert (one.jobs, three.jobs) == (7 + len(SMALL_JOBS), 21 + len(SMALL_JOBS))
    assert one.broken_files == three.broken_files


@pytest.mark.parametrize("objects", [1, 2, 9])
def test_small_samples(tmp_path: Path, objects: int) -> None:
    generate(tmp_path / "sample", objects=objects)
    counts = {name: len(manifest(tmp_path / "sample", name)) for name in JOBS}
    assert all(counts.values())
    assert {name: counts[name] for name in OBJECT_JOB_NAMES} == dict.fromkeys(OBJECT_JOB_NAMES, objects)
    assert counts["Warehouse-Boxes-Check"] == min(ceil(0.4 * objects), counts["Warehouse-Boxes-Adjusted"])
    assert counts["Plant-Masks-Adjusted"] == objects


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


@pytest.mark.parametrize(("jobs", "objects"), [(0, 10), (1, 0), (1, 100_001)])
def test_numbers_out_of_range_are_refused(tmp_path: Path, jobs: int, objects: int) -> None:
    dest = tmp_path / "sample"
    with pytest.raises(ValueError, match="must be"):
        generate(dest, jobs=jobs, objects=objects)
    done = CliRunner().invoke(cli, ["sample", str(dest), "--jobs", str(jobs), "--objects", str(objects)])
    assert done.exit_code == 2
    assert "is not in the range" in done.output
    assert not dest.exists()


def test_every_task_type_has_a_job() -> None:
    assert {metadata_type for _, metadata_type in JOBS.values()} == {f"groundtruth/{name}" for name in TASK_TYPES}


def test_the_summary_counts_what_was_written(sample: Sample) -> None:
    made = sample.made
    assert made.files == len(digest(sample.root))
    assert made.jobs == len(JOBS)
    assert made.objects == sum(len(sample.lines(job_name)) for job_name in JOBS)
    assert [len(sample.lines(job_name)) for job_name in OBJECT_JOB_NAMES] == [OBJECTS] * 4
    lost = 3  # answers of the broken file
    assert sample.rows("select count(*) from worker_answers") == [(made.answers - lost,)]
    ((golden,),) = sample.rows("""
        select count(distinct (job_name, coalesce(cast(object_index as varchar), source_uri, source_text)))
        from golden_labels
    """)
    assert golden == made.golden_answers


@pytest.mark.parametrize("job_name", JOBS)
def test_a_job_has_labeled_failed_and_unlabeled_objects(sample: Sample, job_name: str) -> None:
    """Of 200 objects two each failed and were left out, of 10 or more one each; the others are labeled."""
    attribute, metadata_type = JOBS[job_name]
    fates: Counter[str] = Counter()
    for line in sample.lines(job_name):
        metadata = line.get(f"{attribute}-metadata")
        if metadata is None:
            assert attribute not in line
            fates["unlabeled"] += 1
        elif "failure-reason" in metadata:
            assert attribute not in line
            fates["failed"] += 1
        else:
            assert (metadata["job-name"], metadata["type"]) == (f"labeling-job/{job_name.lower()}", metadata_type)
            fates["labeled"] += 1
    troubled = 2 if job_name in OBJECT_JOB_NAMES else int(fates.total() >= 10)
    expected = Counter(labeled=fates.total() - 2 * troubled, failed=troubled, unlabeled=troubled)
    assert fates == expected


def test_exactly_one_file_is_broken(tmp_path: Path) -> None:
    """It is cut off in mid-text, in the first set; its object is labeled nonetheless."""
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
    assert job_name in manifest(tmp_path, job_name)[object_index]
    assert (tmp_path / path_text).stat().st_size > 0


def test_the_loader_rejects_the_broken_file_alone(sample: Sample) -> None:
    """Every other file is known and loaded, but for what is planted, and what the ``sync-`` commands read."""
    others = sum(path.startswith((f"{FOLDER}/", f"{TRUTH}/")) for path in digest(sample.root))
    loaded = sample.loaded
    assert loaded.files_loaded == sample.made.files - 1 - others
    assert (loaded.files_rejected, loaded.files_skipped, loaded.files_ignored) == (1, 0, others)
    [error] = loaded.errors
    assert sample.made.broken_files[0] in error["uri"]


@pytest.mark.parametrize("case", HARD_CASES)
def test_hard_case(sample: Sample, case: str) -> None:
    assert sample.rows(f"select 1 {HARD_CASES[case]} limit 1")


def test_saved_responses_are_read(sample: Sample) -> None:
    """Every job with its counters and its kind of task, every user, team and membership, and every event."""
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
        done = CliRunner().invoke(cli, [command, str(sample.lake), *options, "--json"])
        assert done.exit_code == 0, done.output
        assert json.loads(done.output)["errors"] == []
    jobs = {
        row[0]: row[1:]
        for row in sample.rows("""
            select job_name, task_type, label_attribute_name, total_labeled_count, failed_count + unlabeled_count
            from labeling_jobs where description_json is not null
        """)
    }
    assert jobs.keys() == JOBS.keys()
    for name, (task_type, attribute, labeled, others) in jobs.items():
        assert (attribute, f"groundtruth/{task_type}") == JOBS[name]
        fates = Counter(attribute in line for line in sample.lines(name))
        assert (labeled, others) == (fates[True], fates[False])
    assert sample.rows("select 1 from labeling_jobs where machine_labeled_count > 0")
    assert sample.rows("select cast(max(task_price_usd) as double) from labeling_jobs") == [(0.012,)]
    assert sample.rows("select count(*) from workers") == [(12,)]
    assert sample.rows("select count(*) from workteam_members") == [(12,)]
    assert sample.rows("select count(*) from workteams") == [(3,)]
    events = dict(sample.rows("select event_type, count(*) from worker_activity group by event_type"))
    assert events.keys() == {"TasksAccepted", "TasksSubmitted", "TasksReturned", "TasksDeclined"}
    with (sample.root / TRUTH / "log_gaps.csv").open(encoding="utf-8") as file:
        [gaps] = csv.DictReader(file)
    logged = 196 - int(gaps["unlogged_count"]) + int(gaps["unanswered_count"])
    assert events["TasksSubmitted"] == logged
