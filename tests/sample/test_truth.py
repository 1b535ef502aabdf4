"""The sample's truth is what its JSON says, read here without the loader; and each fault can be left out."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median
from typing import Any, NamedTuple

import pytest

from ingest.cli import FAULTS
from ingest.sample import generate
from ingest.sample.truth import FILES, FOLDER, Change, Fault, Rule
from tests.sample.test_sample import manifest

OBJECTS = 120
LARGE = 600  # enough answers to compare shares
IMAGES, MESSAGES, BOXES = "Wildlife-Images", "Support-Messages", "Warehouse-Boxes"
# Files that have rows only if the fault is planted.
FILES_OF = {
    Fault.MISLABELED: set[str](),  # the workers' own errors stay
    Fault.DUPLICATES: {"duplicates"},
    Fault.SLIPS: {"slips"},
    Fault.DISPLACEMENTS: {"displacements", "identity_switches"},
    Fault.SKILLS: set[str](),
    Fault.IMBALANCE: set[str](),
    Fault.MISCALIBRATION: set[str](),
    Fault.ADJUSTMENTS: set[str](),
    Fault.SPEEDING: {"fast_answers"},
    Fault.COPYING: {"copying"},
    Fault.WORSENING: {"worsening"},
    Fault.RUBBER_STAMPING: {"rubber_stamps"},
    Fault.AMBIGUITY: {"ambiguity"},
    Fault.CLOCKS: {"clock_jumps"},
    Fault.OVERLAPS: {"overlapping_tasks"},
    Fault.LOG_GAPS: {"log_gaps"},
}


def truth(root: Path, name: str) -> list[dict[str, str]]:
    """Rows of one of the files."""
    with (root / FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sample")
    generate(root, objects=OBJECTS)
    return root


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("large")
    generate(root, objects=LARGE)
    return root


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample in which nothing is planted."""
    root = tmp_path_factory.mktemp("plain")
    generate(root, objects=OBJECTS, without=list(Fault))
    return root


def sources(root: Path, job_name: str) -> list[str]:
    return [line.get("source-ref") or line["source"] for line in manifest(root, job_name)]


def answers(root: Path, job_name: str) -> dict[tuple[int, str], Any]:
    """Contents of a job's sound answers, by object and worker."""
    found = {}
    for path in (root / job_name).glob("annotations/worker-response/*/*/*.json"):
        try:
            content = json.loads(path.read_text())
        except json.JSONDecodeError:
            continue
        for answer in content["answers"]:
            found[int(path.parent.name), answer["workerId"]] = answer["answerContent"]
    return found


def frames(root: Path, job_name: str, pointer: Any) -> list[Any]:
    """Frames of an answer, in order."""
    [content] = pointer.values()
    folder = root / job_name / content["frameData"]["s3Prefix"].partition(f"/{job_name}/")[2]
    paths = sorted(folder.iterdir())
    return [next(iter(json.loads(path.read_text()).values())) for path in paths]


def test_the_command_line_knows_every_fault() -> None:
    assert list(FAULTS) == list(Fault)


def test_every_file_has_rows(root: Path) -> None:
    assert {path.stem for path in (root / FOLDER).iterdir()} == set(FILES)
    for name in FILES:
        assert truth(root, name), name


@pytest.mark.parametrize("fault", Fault)
def test_a_fault_is_left_out_alone(tmp_path: Path, fault: Fault) -> None:
    generate(tmp_path, objects=OBJECTS, without=[fault])
    assert {name for name in FILES if not truth(tmp_path, name)} == FILES_OF[fault]
    has = {
        Fault.SKILLS: len({row["skill"] for row in truth(tmp_path, "team")}) > 1,
        Fault.IMBALANCE: len({row["share"] for row in truth(tmp_path, "classes") if row["job_name"] == IMAGES}) > 1,
        Fault.MISLABELED: any(row["cause"] == "planted" for row in truth(tmp_path, "mislabeled")),
        Fault.MISCALIBRATION: overconfidence(tmp_path, "Street-Signs") > 0.1,
        Fault.ADJUSTMENTS: any(row["change"] != "kept" for row in truth(tmp_path, "adjustments")),
    }
    assert [other for other, is_planted in has.items() if not is_planted] == [fault] * (fault in has)


def overconfidence(root: Path, job_name: str) -> float:
    """How much more a model claims than it ought to be right."""
    rows = [row for row in truth(root, "model_labels") if row["job_name"] == job_name]
    return sum(float(row["confidence"]) - float(row["right_chance"]) for row in rows) / len(rows)


def test_nothing_is_planted_in_a_plain_sample(plain: Path) -> None:
    for job_name in (IMAGES, MESSAGES, BOXES):
        assert len(set(sources(plain, job_name))) == OBJECTS
    for job_name in ("Bird-Review", "Street-Signs"):
        assert overconfidence(plain, job_name) == pytest.approx(0, abs=1e-5)
    for job_name in ("Warehouse-Boxes-Adjusted", "Crossing-Tracks-Adjusted", "Lidar-Cuboids-Adjusted"):
        states = {
            entry.get("adjustment-status")
            for line in manifest(plain, job_name)
            for key, entry in line.items()
            if key.endswith("-metadata") and entry.get("job-name") == f"labeling-job/{job_name.lower()}"
        }
        assert states - {None} == {"unadjusted"}


@pytest.mark.parametrize("job_name", [IMAGES, MESSAGES, BOXES])
def test_duplicates_are_those_of_the_manifest(root: Path, job_name: str) -> None:
    planted: defaultdict[str, set[int]] = defaultdict(set)
    for row in truth(root, "duplicates"):
        if row["job_name"] == job_name:
            planted[row["first_object_index"]] |= {int(row["first_object_index"]), int(row["object_index"])}
    found: defaultdict[str, set[int]] = defaultdict(set)
    for object_index, source in enumerate(sources(root, job_name)):
        found[source].add(object_index)
    assert sorted(map(sorted, planted.values())) == sorted(sorted(group) for group in found.values() if len(group) > 1)


def test_golden_answers_differ_from_the_labels_that_are_mislabeled(root: Path) -> None:
    golden = golden_classes(root)
    labels = {
        str(object_index): line[f"{IMAGES}-metadata"]["class-name"]
        for object_index, line in enumerate(manifest(root, IMAGES))
        if IMAGES in line
    }
    mislabeled = {
        row["object_index"]: (row["right_label"], row["label"])
        for row in truth(root, "mislabeled")
        if row["job_name"] == IMAGES and row["object_index"] in golden
    }
    assert mislabeled
    assert mislabeled == {
        key: (golden[key], labels[key]) for key in golden.keys() & labels.keys() if golden[key] != labels[key]
    }


def test_planted_labels_are_not_what_most_workers_said(root: Path) -> None:
    given: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for (object_index, _), content in answers(root, IMAGES).items():
        given[object_index][content["crowd-image-classifier"]["label"]] += 1
    planted = [row for row in truth(root, "mislabeled") if row["cause"] == "planted" and row["job_name"] == IMAGES]
    assert planted
    for row in planted:
        assert given[int(row["object_index"])][row["label"]] < 2


def test_skills_count_the_answers(root: Path) -> None:
    """Where no file is broken and nobody was slow, as many as there are answers."""
    counts = Counter(worker for _, worker in answers(root, MESSAGES))
    counted: Counter[str] = Counter()
    for row in truth(root, "skills"):
        assert 0 <= int(row["right_count"]) <= int(row["answer_count"])
        assert 0 <= float(row["right_chance"]) <= 1
        if row["job_name"] == MESSAGES:
            counted[row["worker_id"]] += int(row["answer_count"])
    assert counted == counts


def test_the_team_is_even_only_if_skills_are_left_out(root: Path, plain: Path) -> None:
    for sample, is_even in ((root, False), (plain, True)):
        rows = truth(sample, "team")
        assert len(rows) == 12
        assert (len({(row["skill"], row["drift"]) for row in rows}) == 1) == is_even
        assert len({row["tempo"] for row in rows}) > 1


def test_model_labels_are_those_of_the_job(root: Path) -> None:
    machine = {
        (line["source-ref"], entry["class-name"], entry["confidence"])
        for line in manifest(root, "Street-Signs")
        if (entry := line.get("sign-metadata", {})).get("human-annotated") == "no"
    }
    rows = truth(root, "model_labels")
    of_machine = {
        (row["item_uri"], row["label"], float(row["confidence"])) for row in rows if row["source"] == "machine"
    }
    assert machine
    assert of_machine == machine
    # Items of batches that nobody reviewed are no part of it.
    reviewed = {
        (item["s3_image_url"], item["label"]): pytest.approx(item["confidence"] / 100)
        for object_index, _ in answers(root, "Bird-Review")
        for item in json.loads(
            (root / "Bird-Review/review-batches" / Path(sources(root, "Bird-Review")[object_index]).name).read_text()
        )
    }
    of_review = {(row["item_uri"], row["label"]): float(row["confidence"]) for row in rows if row["source"] == "review"}
    assert of_review == reviewed
    assert overconfidence(root, "Bird-Review") > 0.05
    assert overconfidence(root, "Street-Signs") > 0.1


def is_changed(way: str, before: tuple[Any, ...], after: tuple[Any, ...]) -> bool:
    """Whether a box, as its centre, size and class, became the other in one of four ways."""
    is_same = tuple(one == other for one, other in zip(before, after, strict=True))
    return {
        "kept": all(is_same),
        "relabeled": is_same == (True, True, True, True, False),
        "resized": before[:2] == pytest.approx(after[:2]) and is_same[4],
        "moved": all(is_same[2:]) and abs(before[0] - after[0]) < before[2] / 4,
    }[way]


def test_adjustments_are_what_was_done_to_the_boxes(root: Path) -> None:
    changes: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for row in truth(root, "adjustments"):
        if row["job_name"] == "Warehouse-Boxes-Adjusted":
            changes[int(row["object_index"])][row["change"]] += 1
    total: Counter[str] = Counter()
    for object_index, line in enumerate(manifest(root, "Warehouse-Boxes-Adjusted")):
        if "adjusted-boxes" not in line:
            continue
        before, after = (
            [
                (box["left"] + box["width"] / 2, box["top"] + box["height"] / 2, box["width"], box["height"], label)
                for box in line[name]["annotations"]
                for label in (line[f"{name}-metadata"]["class-map"][str(box["class_id"])],)
            ]
            for name in ("boxes", "adjusted-boxes")
        )
        found: Counter[str] = Counter()
        left = list(before)
        for box in after:
            way, match = next(
                (
                    (way, other)
                    for way in ("kept", "relabeled", "resized", "moved")
                    for other in left
                    if is_changed(way, other, box)
                ),
                ("added", None),
            )
            found[way] += 1
            if match:
                left.remove(match)
        found["removed"] += len(left)
        assert changes[object_index] == +found, object_index
        is_adjusted = line["adjusted-boxes-metadata"]["adjustment-status"] == "adjusted"
        assert is_adjusted == bool((+found).keys() - {"kept"})
        total += found
    assert total.keys() == {"kept", "moved", "resized", "added", "removed", "relabeled"}


def test_every_change_is_made_somewhere(root: Path) -> None:
    assert {row["change"] for row in truth(root, "adjustments")} == set(Change)


def test_slips_are_in_the_labels(root: Path) -> None:
    found: dict[str, set[tuple[str, ...]]] = {}
    for rule in Rule:
        found[rule] = {
            (row["job_name"], row["object_index"], row["frame_index"], row["annotation_index"])
            for row in truth(root, "slips")
            if row["rule"] == rule
        }
    tiny, outside = set(), set()
    for object_index, line in enumerate(manifest(root, BOXES)):
        if "boxes" in line:
            [size] = line["boxes"]["image_size"]
            for place, box in enumerate(line["boxes"]["annotations"]):
                key = (BOXES, str(object_index), "", str(place))
                if box["width"] * box["height"] < 10:
                    tiny.add(key)
                if box["left"] + box["width"] > size["width"]:
                    outside.add(key)
    assert tiny == found[Rule.TINY_BOX] != set()
    assert outside == found[Rule.OUTSIDE_IMAGE] != set()
    assert (
        {
            ("Order-Entities", str(object_index), "", str(place))
            for object_index, line in enumerate(manifest(root, "Order-Entities"))
            if "entities" in line
            for place, entity in enumerate(line["entities"]["annotations"]["entities"])
            if entity["label"] not in {"PRODUCT", "PLACE", "DATE"}
        }
        == found[Rule.OUTSIDE_CONFIG]
        != set()
    )
    assert (
        {
            (path.parts[-6], path.parts[-2], frame["frame-no"], str(place))
            for path in root.glob("Vehicle-*/annotations/consolidated-annotation/output/*/SeqLabel.json")
            for frame in json.loads(path.read_text())["tracking-annotations"]
            for place, label in enumerate(frame["annotations"])
            if "Vehicle_Type" not in label["label-category-attributes"]
        }
        == found[Rule.MISSING_ATTRIBUTE]
        != set()
    )


def displacements(root: Path, job_name: str) -> dict[tuple[int, str], tuple[float, float]]:
    return {
        (int(row["object_index"]), row["worker_id"]): (float(row["right"]), float(row["down"]))
        for row in truth(root, "displacements")
        if row["job_name"] == job_name
    }


def test_keypoints_are_as_far_off_as_the_truth_says(root: Path) -> None:
    job_name = "Crossing-Keypoints"
    found = answers(root, job_name)
    places = displacements(root, job_name)
    assert found.keys() == places.keys()
    compared = 0
    for object_index in {object_index for object_index, _ in found}:
        (one, other) = (worker for index, worker in found if index == object_index)
        right, down = (a - b for a, b in zip(places[object_index, one], places[object_index, other], strict=True))
        for one_frame, other_frame in zip(
            frames(root, job_name, found[object_index, one]),
            frames(root, job_name, found[object_index, other]),
            strict=True,
        ):
            if len(one_frame["keypoints"]) != len(other_frame["keypoints"]):
                continue  # somebody was overlooked
            for point, other_point in zip(one_frame["keypoints"], other_frame["keypoints"], strict=True):
                assert (point["x"] - other_point["x"], point["y"] - other_point["y"]) == (right, down)
                compared += 1
    assert compared > 10


def test_cuboids_are_as_far_off_as_the_truth_says(root: Path) -> None:
    golden = {
        json.loads(line)["source-ref"]: json.loads(line)["golden"]["annotations"]
        for line in (root / "Lidar-Cuboids/golden.manifest").read_text().splitlines()
    }
    places, refs = displacements(root, "Lidar-Cuboids"), sources(root, "Lidar-Cuboids")
    compared = 0
    for (object_index, worker), content in answers(root, "Lidar-Cuboids").items():
        for drawn, right in zip(
            content["boundingCuboids"]["boundingCuboids"], golden.get(refs[object_index], ()), strict=False
        ):
            off = (drawn["centerX"] - right["center-x"], drawn["centerY"] - right["center-y"])
            assert off == pytest.approx(places[object_index, worker], abs=1e-9)
            compared += 1
    assert compared


def test_tracks_take_each_others_numbers_where_the_truth_says(root: Path) -> None:
    """A track that moves evenly jumps there, and nowhere else."""
    job_name = "Crossing-Paths"
    rows = truth(root, "identity_switches")
    switched = {(int(row["object_index"]), row["worker_id"]): int(row["frame_index"]) for row in rows}
    assert switched
    for key, content in answers(root, job_name).items():
        tops: defaultdict[str, dict[int, int]] = defaultdict(dict)
        for frame in frames(root, job_name, content):
            for box in frame["boundingBoxes"]:
                tops[box["objectId"]][frame["frameNumber"]] = box["top"]
        # Everybody has a height of their own in the picture, and stays there.
        jumps = {
            number
            for places in tops.values()
            for number, top in places.items()
            if top != places[max((other for other in places if other < number), default=number)]
        }
        begins = switched.get(key)
        assert all(number >= begins for number in jumps) if begins else not jumps


class Times(NamedTuple):
    """When an answer was given, as it says, and how long that took."""

    accepted: datetime
    submitted: datetime
    seconds: float


def times(root: Path, job_name: str) -> dict[tuple[str, int], Times]:
    """Times of a job's answers, by worker and object."""
    found = {}
    for path in (root / job_name).glob("annotations/worker-response/*/*/*.json"):
        try:
            content = json.loads(path.read_text())
        except json.JSONDecodeError:
            continue
        for answer in content["answers"]:
            accepted, submitted = (
                datetime.fromisoformat(answer[name]) for name in ("acceptanceTime", "submissionTime")
            )
            found[answer["workerId"], int(path.parent.name)] = Times(accepted, submitted, answer["timeSpentInSeconds"])
    return found


def planted_answers(root: Path, name: str, job_name: str) -> tuple[str, set[int]]:
    """The one worker of a job of whom a truth file has answers, and their objects."""
    rows = [row for row in truth(root, name) if row["job_name"] == job_name]
    [worker] = {row["worker_id"] for row in rows}
    return worker, {int(row["object_index"]) for row in rows}


def test_fast_answers_take_a_fraction_of_the_usual_time_and_are_often_wrong(large: Path) -> None:
    speeder, fast = planted_answers(large, "fast_answers", IMAGES)
    seconds: defaultdict[bool, list[float]] = defaultdict(list)
    for (worker, object_index), time in times(large, IMAGES).items():
        if worker == speeder:
            seconds[object_index in fast].append(time.seconds)
    assert len(seconds[True]) > 20
    assert median(seconds[True]) < median(seconds[False]) / 4
    golden = golden_classes(large)
    rights: defaultdict[bool, list[bool]] = defaultdict(list)
    for (object_index, worker), content in answers(large, IMAGES).items():
        if worker == speeder and str(object_index) in golden:
            is_right = content["crowd-image-classifier"]["label"] == golden[str(object_index)]
            rights[object_index in fast].append(is_right)
    assert fmean(rights[True]) < 0.6 < fmean(rights[False])


def golden_classes(root: Path) -> dict[str, str]:
    """Right classes of the images that have golden answers."""
    golden: dict[str, str] = {}
    for line in (root / IMAGES / "golden.manifest").read_text().splitlines():
        golden |= json.loads(line)
    return golden


@pytest.mark.parametrize("job_name", [IMAGES, BOXES])
def test_who_copy_give_the_same_answers(large: Path, job_name: str) -> None:
    """The copied ones are; they are few of the others, if these are boxes and not classes."""
    [row] = [row for row in truth(large, "copying") if row["job_name"] == job_name]
    found = answers(large, job_name)
    one, other = row["worker_id"], row["other_worker_id"]
    common = [index for index, worker in found if worker == one and (index, other) in found]
    same = [index for index in common if found[index, one] == found[index, other]]
    lost = int(row["object_count"]) - len(common)
    assert lost == 0 or (lost == 1 and job_name == IMAGES)  # the broken file
    copied = int(row["copied_count"])
    assert len(common) / 2 < copied <= len(same) + lost
    if job_name == BOXES:
        drawn = [index for index in same if found[index, one]["boundingBox"]["boundingBoxes"]]
        assert len(drawn) < copied * 1.1


def test_pairs_who_copy_have_enough_objects_in_common(large: Path) -> None:
    """Enough for a test to find them."""
    assert {row["job_name"] for row in truth(large, "copying")} == {IMAGES, BOXES}
    assert all(int(row["object_count"]) > LARGE / 6 for row in truth(large, "copying"))


def test_a_worker_is_worse_from_a_day_on(large: Path) -> None:
    [row] = truth(large, "worsening")
    dates = {
        object_index: time.submitted.date().isoformat()
        for (worker, object_index), time in times(large, IMAGES).items()
        if worker == row["worker_id"]
    }
    golden = golden_classes(large)
    rights: defaultdict[bool, list[bool]] = defaultdict(list)
    for (object_index, worker), content in answers(large, IMAGES).items():
        if worker == row["worker_id"] and str(object_index) in golden:
            is_right = content["crowd-image-classifier"]["label"] == golden[str(object_index)]
            rights[dates[object_index] >= row["first_date"]].append(is_right)
    assert row["first_date"] in dates.values()
    assert fmean(rights[False]) - fmean(rights[True]) > 0.2
    assert float(row["skill_before"]) - float(row["skill_after"]) > 0.2


def test_a_rubber_stamper_confirms_nearly_all(large: Path) -> None:
    [row] = truth(large, "rubber_stamps")
    verdicts: defaultdict[str, list[bool]] = defaultdict(list)
    for (_, worker), content in answers(large, row["job_name"]).items():
        verdicts[worker].append(content["crowd-image-classifier"]["label"] == "good")
    mine = verdicts.pop(row["worker_id"])
    assert (len(mine), sum(mine)) == (int(row["reviewed_count"]), int(row["confirmed_count"]))
    assert fmean(mine) > 0.94
    assert len(verdicts) >= 4
    assert all(0.5 < fmean(others) < 0.9 for others in verdicts.values())
    assert 0.1 < int(row["wrong_count"]) / len(mine) < 0.3


def test_the_ambiguous_class_is_the_one_that_workers_disagree_on(large: Path) -> None:
    [row] = truth(large, "ambiguity")
    shares: defaultdict[str, list[float]] = defaultdict(list)
    votes: defaultdict[int, list[str]] = defaultdict(list)
    for (object_index, _), content in answers(large, row["job_name"]).items():
        votes[object_index].append(content["crowd-image-classifier"]["label"])
    for labels in votes.values():
        [(label, count)] = Counter(labels).most_common(1)
        shares[label].append(count / len(labels))
    assert fmean(shares.pop(row["label"])) == pytest.approx(float(row["right_chance"]), abs=0.05)
    assert all(fmean(others) > 0.9 for others in shares.values())


def test_clocks_are_off_from_a_moment_on(large: Path) -> None:
    """By hours, against the log that has the true times; or so that a submission is before the acceptance."""
    offsets: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in truth(large, "clock_jumps"):
        offsets[row["job_name"]].add((row["accepted_off_seconds"], row["submitted_off_seconds"]))
    assert offsets == {MESSAGES: {("7200", "7200")}, BOXES: {("0", "-3600")}}
    worker, jumped = planted_answers(large, "clock_jumps", BOXES)
    impossible = {key for key, time in times(large, BOXES).items() if time.submitted < time.accepted}
    assert impossible == {(worker, index) for index in jumped}
    worker, jumped = planted_answers(large, "clock_jumps", MESSAGES)
    logged = logged_submissions(large)
    off = {
        key
        for key, time in times(large, MESSAGES).items()
        if key[0] == worker and int(time.submitted.timestamp()) not in logged[worker]
    }
    assert off == {(worker, index) for index in jumped}
    assert max(
        time.submitted for key, time in times(large, MESSAGES).items() if key[0] == worker and key not in off
    ) < min(time.submitted for key, time in times(large, MESSAGES).items() if key in off)


def logged_submissions(root: Path) -> defaultdict[str, set[int]]:
    """Seconds of the submissions that the activity log has, by the worker's id."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    for line in (root / "aws-responses/worker-activity.jsonl").read_text().splitlines():
        event = json.loads(line)
        if event["event_type"] == "TasksSubmitted":
            found[f"private.us-east-1.{event['worker_id']}"].add(int(event["event_timestamp"]))
    return found


def overlapping(root: Path, job_name: str) -> set[tuple[str, int]]:
    """Tasks that a worker of a job began before the last one was done."""
    of_workers: defaultdict[str, list[tuple[Times, int]]] = defaultdict(list)
    for (worker, object_index), time in times(root, job_name).items():
        of_workers[worker].append((time, object_index))
    return {
        (worker, object_index)
        for worker, found in of_workers.items()
        for (before, _), (after, object_index) in pairwise(sorted(found))
        if after.accepted < before.submitted
    }


def test_overlapping_tasks_are_those_of_the_truth(root: Path) -> None:
    worker, indices = planted_answers(root, "overlapping_tasks", "Order-Entities")
    assert len(indices) > 5
    assert overlapping(root, "Order-Entities") == {(worker, index) for index in indices}


def test_the_log_differs_from_the_output_as_the_truth_says(root: Path) -> None:
    jumped, _ = planted_answers(root, "clock_jumps", MESSAGES)
    [row] = truth(root, "log_gaps")
    logged = logged_submissions(root)
    answered: defaultdict[str, set[int]] = defaultdict(set)
    for (worker, _), time in times(root, MESSAGES).items():
        answered[worker].add(int(time.submitted.timestamp()))
    counts = {
        worker: (len(answered[worker] - logged[worker]), len(logged[worker] - answered[worker])) for worker in logged
    }
    del counts[jumped]
    assert counts.pop(row["worker_id"]) == (int(row["unlogged_count"]), int(row["unanswered_count"]))
    assert int(row["unlogged_count"]) > 0
    assert set(counts.values()) == {(0, 0)}


def test_a_plain_sample_has_no_conduct_to_complain_of(plain: Path) -> None:
    """No time is impossible, no two tasks overlap, and the log has what the output has."""
    for job_name in (IMAGES, MESSAGES, BOXES, "Order-Entities", "Warehouse-Boxes-Check"):
        assert overlapping(plain, job_name) == set()
        assert all(time.seconds > 0 for time in times(plain, job_name).values())
        assert all(
            (time.submitted - time.accepted).total_seconds() >= time.seconds - 1e-6
            for time in times(plain, job_name).values()
        )
    answered: defaultdict[str, set[int]] = defaultdict(set)
    for (worker, _), time in times(plain, MESSAGES).items():
        answered[worker].add(int(time.submitted.timestamp()))
    assert logged_submissions(plain) == answered
