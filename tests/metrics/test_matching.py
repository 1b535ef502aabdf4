"""How often matching by rounds of mutual best overlap differs from the best assignment, and tracks from motmetrics.

dbt runs once, on random boxes and tracks. HYPOTHESIS_PROFILE=long: 4,000 answers, not 400.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from dataclasses import dataclass
from typing import Any

import duckdb
import motmetrics
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from tests.metrics.tables import make_table
from tests.pipeline.warehouse import dbt

pytestmark = pytest.mark.pipeline

ANSWERS = 4_000 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 400
SEQUENCES = ANSWERS // 4
THRESHOLD = 0.5  # var box_iou_threshold
LABELS = ("Bus", "Car", "Van")
MODELS = (
    "int_measured_label_pairs",
    "int_crowded_labels",
    "int_crowded_comparisons",
    "int_label_overlaps",
    "int_label_matches",
    "int_answer_comparisons",
    "int_track_matches",
    "int_track_label_matches",
    "int_track_comparisons",
)
MEMBERS = """
    job_name varchar, object_index bigint, label_set_key varchar, set_kind varchar, answer_no integer,
    member_no integer, frame_index integer, shape varchar, label varchar, track_id varchar,
    box_left double, box_top double, box_width double, box_height double, start_offset bigint, end_offset bigint,
    center_x double, center_y double,
    label_key varchar"""
SETS = """
    job_name varchar, object_index bigint, label_set_key varchar, set_kind varchar, answer_no integer,
    worker_key varchar, shape varchar, member_count bigint"""
OVERLAPS = "job_name varchar, object_index bigint, label_key varchar, other_label_key varchar, overlap double"

Boxes = NDArray[np.float64]


@dataclass
class LabelSet:
    """Boxes (left, top, width, height), each with its class, its frame and its track."""

    boxes: Boxes
    labels: NDArray[np.int64]
    frames: NDArray[np.int64]
    tracks: NDArray[np.int64]


def draw_boxes(rng: np.random.Generator) -> tuple[LabelSet, LabelSet]:
    """A reference and an answer: boxes that are shifted, missed, added, doubled, and taken for another class.

    A quarter of the objects are crowds, in which boxes overlap several others.
    """
    size = int(rng.integers(0, 25))
    room = 60 if rng.random() < 0.25 else 600
    reference = LabelSet(_boxes(rng, size, room), rng.integers(0, 3, size), np.zeros(size, int), np.zeros(size, int))
    kept = np.repeat(np.arange(size), rng.choice([0, 1, 2], size, p=[0.1, 0.85, 0.05]))
    boxes = reference.boxes[kept] + np.rint(rng.normal(0, rng.choice([0, 2, 5]), (len(kept), 4)))
    added = _boxes(rng, int(rng.integers(0, 3)), room)
    boxes = np.concatenate([boxes, added])
    boxes[:, 2:] = np.maximum(boxes[:, 2:], 1)
    labels = np.concatenate([reference.labels[kept], rng.integers(0, 3, len(added))])
    labels = np.where(rng.random(len(labels)) < 0.1, rng.integers(0, 3, len(labels)), labels)
    nothing = np.zeros(len(boxes), int)
    return reference, LabelSet(boxes, labels, nothing, nothing)


def _boxes(rng: np.random.Generator, size: int, room: int) -> Boxes:
    places, sizes = rng.integers(0, room, (size, 2)), rng.integers(10, 60, (size, 2))
    return np.concatenate([places, sizes], axis=1).astype(float)


def draw_tracks(rng: np.random.Generator) -> tuple[LabelSet, LabelSet]:
    """Things that move past one another for 12 frames; the answer misses some, adds some, and mixes their tracks up."""
    things, length = int(rng.integers(1, 6)), 12
    frames, tracks = (part.ravel() for part in np.meshgrid(np.arange(length), np.arange(things), indexing="ij"))
    start, speed = rng.integers(0, 80, (things, 2)), rng.integers(-6, 7, (things, 2))
    places = start[tracks] + speed[tracks] * frames[:, None]
    boxes = np.concatenate([places, np.full((len(frames), 2), 30)], axis=1).astype(float)
    reference = LabelSet(boxes, np.zeros(len(frames), int), frames, tracks)
    seen = rng.random(len(frames)) < 0.9
    shifted = boxes[seen] + np.concatenate([rng.integers(-4, 5, (seen.sum(), 2)), np.zeros((seen.sum(), 2))], axis=1)
    names = tracks[seen].copy()
    for _ in range(
        int(rng.integers(0, 3))
    ):  # from some frame on, two tracks have each other's numbers, or one a new one
        one, other, since = (*rng.integers(0, things + 1, 2), rng.integers(0, length))
        later = frames[seen] >= since
        swapped = np.where(names == one, other, np.where(names == other, one, names))
        names = np.where(later, swapped, names)
    return reference, LabelSet(shifted, np.zeros(seen.sum(), int), frames[seen], names)


def iou(ours: Boxes, theirs: Boxes) -> Boxes:
    """Intersection over union of each box with each other."""
    upper = np.maximum(ours[:, None, :2], theirs[None, :, :2])
    lower = np.minimum(ours[:, None, :2] + ours[:, None, 2:], theirs[None, :, :2] + theirs[None, :, 2:])
    common = np.clip(lower - upper, 0, None).prod(axis=2)
    union = ours[:, 2:].prod(axis=1)[:, None] + theirs[:, 2:].prod(axis=1)[None, :] - common
    return np.asarray(common / union)


def most_matches(reference: LabelSet, answer: LabelSet, *, within_the_class: bool) -> tuple[int, float]:
    """Matches, and the sum of their overlaps, of the assignment with the greatest total overlap."""
    overlaps = iou(reference.boxes, answer.boxes)
    if within_the_class:
        overlaps = np.where(reference.labels[:, None] == answer.labels[None, :], overlaps, 0)
    overlaps = np.where(overlaps >= THRESHOLD, overlaps, 0)
    chosen = overlaps[linear_sum_assignment(overlaps, maximize=True)]
    return int((chosen > 0).sum()), float(chosen.sum())


def motmetrics_of(reference: LabelSet, answer: LabelSet) -> tuple[float, float, int]:
    """IDF1, MOTA and identity switches as motmetrics has them."""
    accumulator = motmetrics.MOTAccumulator(auto_id=True)
    for frame in range(12):
        ours, theirs = reference.frames == frame, answer.frames == frame
        overlaps = iou(reference.boxes[ours], answer.boxes[theirs])
        distances = np.where(overlaps >= THRESHOLD, 1 - overlaps, np.nan)
        accumulator.update(reference.tracks[ours], answer.tracks[theirs], distances)
    found = motmetrics.metrics.create().compute(accumulator, ["idf1", "mota", "num_switches"])
    return float(found["idf1"].iloc[0]), float(found["mota"].iloc[0]), int(found["num_switches"].iloc[0])


@pytest.fixture(scope="module")
def boxes() -> list[tuple[LabelSet, LabelSet]]:
    return [draw_boxes(np.random.default_rng(number)) for number in range(ANSWERS)]


@pytest.fixture(scope="module")
def tracks() -> list[tuple[LabelSet, LabelSet]]:
    return [draw_tracks(np.random.default_rng(number)) for number in range(SEQUENCES)]


@pytest.fixture(scope="module")
def marts(
    boxes: list[tuple[LabelSet, LabelSet]],
    tracks: list[tuple[LabelSet, LabelSet]],
    tmp_path_factory: pytest.TempPathFactory,
) -> duckdb.DuckDBPyConnection:
    """What dbt made of all pairs of sets: one object each."""
    folder = tmp_path_factory.mktemp("matching")
    members: list[tuple[Any, ...]] = []
    sets: list[tuple[Any, ...]] = []
    for job, pairs in (("Boxes", boxes), ("Tracks", tracks)):
        for index, (reference, answer) in enumerate(pairs):
            for labels, key, kind, number in ((reference, "golden", "golden", None), (answer, "answer-1", "answer", 1)):
                sets.append((job, index, key, kind, number, "ann" if number else None, "box", len(labels.boxes)))
                members += _members(job, index, key, kind, number, labels)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("create schema main_staging")
        make_table(connection, "main_staging.int_label_set_members", MEMBERS, members)
        make_table(connection, "main_staging.int_label_sets", SETS, sets)
        make_table(connection, "main_staging.stg_ground_truth__label_overlaps", OVERLAPS, [])
    dbt(*("run", "--target", "local", "--select", *MODELS), folder=folder)
    return duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True)


def _members(job: str, index: int, key: str, kind: str, number: int | None, labels: LabelSet) -> list[tuple[Any, ...]]:
    is_track = job == "Tracks"
    return [
        (
            *(job, index, key, kind, number, place, int(frame) if is_track else None, "box", LABELS[label]),
            *(str(track) if is_track else None, *map(float, box), None, None, None, None, None),
        )
        for place, (box, label, frame, track) in enumerate(
            zip(labels.boxes, labels.labels, labels.frames, labels.tracks, strict=True)
        )
    ]


@pytest.mark.parametrize("within_the_class", [True, False], ids=["within the class", "whatever the class"])
def test_matching_is_seldom_another_than_the_best_assignment(
    boxes: list[tuple[LabelSet, LabelSet]], marts: duckdb.DuckDBPyConnection, within_the_class: bool
) -> None:
    """Of the answers, at most 1 in 100 has another number of matches within the class, and none has more."""
    found = dict.fromkeys(range(ANSWERS), (0, 0.0)) | {
        index: (count, overlap)
        for index, count, overlap in marts.execute(
            "select object_index, count(*), sum(overlap) from main_staging.int_label_matches "
            "where job_name = 'Boxes' and is_match and (is_same_label or not $1) group by object_index",
            [within_the_class],
        ).fetchall()
    }
    best = [most_matches(*pair, within_the_class=within_the_class) for pair in boxes]

    others = [index for index, (count, _) in enumerate(best) if found[index][0] != count]
    assert len(others) <= ANSWERS / (100 if within_the_class else 20)
    assert all(found[index][1] <= overlap + 1e-9 for index, (_, overlap) in enumerate(best))
    assert any(count for count, _ in best)


def test_scores_are_those_of_the_matches(
    boxes: list[tuple[LabelSet, LabelSet]], marts: duckdb.DuckDBPyConnection
) -> None:
    rows = marts.execute(
        "select object_index, score, match_count from main_staging.int_answer_comparisons where job_name = 'Boxes'"
    ).fetchall()

    assert len(rows) == ANSWERS
    for index, score, matches in rows:
        size = sum(len(labels.boxes) for labels in boxes[index])
        assert score == pytest.approx(2 * matches / size if size else 1)


def test_tracks_are_seldom_measured_otherwise_than_by_motmetrics(
    tracks: list[tuple[LabelSet, LabelSet]], marts: duckdb.DuckDBPyConnection
) -> None:
    """Of at most 1 sequence in 25; the mean of all sequences' MOTA and IDF1 is the same to two thousandths."""
    rows = {
        index: (idf1, mota, switches)
        for index, idf1, mota, switches in marts.execute(
            "select object_index, idf1, mota, identity_switch_count from main_staging.int_track_comparisons"
        ).fetchall()
    }
    pairs = {index: (rows[index], motmetrics_of(*pair)) for index, pair in enumerate(tracks) if len(pair[1].boxes)}

    others = {index: pair for index, pair in pairs.items() if pair[0] != pytest.approx(pair[1], abs=1e-9)}
    assert len(others) <= SEQUENCES / 25, others
    assert np.mean([ours[:2] for ours, _ in pairs.values()], axis=0) == pytest.approx(
        np.mean([theirs[:2] for _, theirs in pairs.values()], axis=0), abs=0.002
    )


CROWDED = 30
"""The limit under which most of the boxes' sets are crowded, and some are set aside."""


@pytest.fixture(scope="module")
def bounded(marts: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """What dbt makes of the same sets if few labels are many."""
    folder = tmp_path_factory.mktemp("bounded")
    ((source,),) = marts.execute("select path from duckdb_databases() where path is not null").fetchall()
    shutil.copy(source, folder / "warehouse.duckdb")
    limit = json.dumps({"matching_overlap_limit": CROWDED})
    dbt(*("run", "--target", "local", "--vars", limit, "--select", *MODELS), folder=folder)
    return duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True)


def overlaps_left(reference: LabelSet, answer: LabelSet) -> int:
    """How many pairs of labels overlap enough, once equal labels are matched."""
    keys = [[(int(label), *box) for box, label in zip(s.boxes, s.labels, strict=True)] for s in (reference, answer)]
    equal = Counter(keys[0]) & Counter(keys[1])
    left: list[list[int]] = []
    for some in keys:
        counts = equal.copy()
        left.append([])
        for place, key in enumerate(some):
            counts[key] -= 1
            if counts[key] < 0:
                left[-1].append(place)
    return int((iou(reference.boxes[left[0]], answer.boxes[left[1]]) >= THRESHOLD).sum())


def test_crowded_sets_are_matched_as_others_are(
    marts: duckdb.DuckDBPyConnection, bounded: duckdb.DuckDBPyConnection
) -> None:
    """Equal labels are matched by counting, and the rest in pairs: the matches are the same, and so are the tracks."""
    query = "select job_name, object_index from main_staging.int_crowded_comparisons where set_aside_reason is not null"
    set_aside = set(bounded.execute(query).fetchall())
    crowded, counted = (
        set(bounded.execute(f"select job_name, object_index from main_staging.int_crowded_labels {rows}").fetchall())
        for rows in ("", "where equal_member_no is not null")
    )
    assert len(crowded - set_aside) > ANSWERS / 4
    assert len(counted - set_aside) > ANSWERS / 20
    for table in ("int_label_matches", "int_track_label_matches", "int_track_matches", "int_track_comparisons"):
        before, after = (
            Counter(connection.execute(f"select * from main_staging.{table}").fetchall())
            for connection in (marts, bounded)
        )
        assert after == Counter({row: count for row, count in before.items() if row[:2] not in set_aside})
        assert after


def test_sets_of_too_many_overlaps_are_set_aside(
    boxes: list[tuple[LabelSet, LabelSet]], bounded: duckdb.DuckDBPyConnection
) -> None:
    """They have no score, and a reason; all others have a score."""
    rows = bounded.execute(
        "select object_index, set_aside_reason, score from main_staging.int_answer_comparisons where job_name = 'Boxes'"
    ).fetchall()
    too_many = {index for index, pair in enumerate(boxes) if overlaps_left(*pair) > CROWDED}
    assert too_many
    assert {index for index, reason, _ in rows if reason == "too many labels that overlap"} == too_many
    assert {index for index, _, score in rows if score is None} == too_many
    assert {reason for _, reason, _ in rows} == {None, "too many labels that overlap"}
