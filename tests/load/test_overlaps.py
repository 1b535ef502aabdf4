"""Overlaps of labels: the load that brings the later of two files measures them, and they go if either label goes."""

from __future__ import annotations

import base64
import io
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import Image

from ingest.geometry import masks
from ingest.lake.compact import compact
from ingest.lake.forget import Selection, forget
from ingest.lake.lake import Lake
from ingest.lake.ledger import OVERLAPS_URI, read_ledger
from ingest.lake.status import status
from ingest.lake.vacuum import vacuum
from ingest.load import label_pairs, overlaps, run
from ingest.load.plan import Options
from ingest.load.run import load

ROOT = Path(__file__).parents[2]
ANN, BEN = "private.us-east-1.ann", "private.us-east-1.ben"
OUTPUT = "annotations/consolidated-annotation/output"
Point = tuple[float, float]
SQUARE: list[Point] = [(0, 0), (10, 0), (10, 10), (0, 10)]
FOLDERS = {"ann": "a" * 40, "ben": "b" * 40}


def moved(right: float, points: Sequence[Point] = SQUARE) -> list[Point]:
    return [(x + right, y) for x, y in points]


def shape(points: Sequence[Point], label: str = "Car") -> dict[str, Any]:
    return {"label": label, "vertices": [{"x": x, "y": y} for x, y in points]}


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def write_response(job: Path, number: int, contents: Mapping[str, Any], name: str = "1") -> Path:
    """Worker response of a data object: what each worker answered."""
    answers = [
        {
            "answerContent": content,
            "submissionTime": f"2026-01-02T03:04:0{place}Z",
            "workerId": f"private.us-east-1.{worker}",
        }
        for place, (worker, content) in enumerate(contents.items())
    ]
    return write(job / f"annotations/worker-response/iteration-1/{number}/{name}.json", {"answers": answers})


def polygons(*shapes: Sequence[Point]) -> dict[str, Any]:
    return {"drawn": {"polygons": [shape(points) for points in shapes]}}


def png(rows: Sequence[Sequence[int]], mode: str = "P") -> bytes:
    image = Image.new("P", (len(rows[0]), len(rows)))
    image.putdata([index for row in rows for index in row])
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    data = io.BytesIO()
    image.convert(mode).save(data, "PNG")
    return data.getvalue()


def mask(rows: Sequence[Sequence[int]]) -> dict[str, Any]:
    data = base64.b64encode(png(rows, "RGB")).decode()
    colors = {"Roof": {"color": "#ff0000"}, "Tree": {"color": "#00ff00"}}
    return {"drawn": {"labeledImage": {"pngImageData": data}, "labelMappings": colors}}


def write_mask(job: Path, number: int, rows: Sequence[Sequence[int]]) -> Path:
    path = job / f"{OUTPUT}/{number}_2026-01-02T03-04-05.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(rows))
    return path


def write_sequence(job: Path, right: float, polylines: Sequence[Sequence[Point]] = ()) -> Path:
    """Polygon of two frames, and polylines of the first."""
    frames = [
        {
            "frame-no": str(number),
            "frame": f"f{number}.jpg",
            "polygons": [shape(moved(right))],
            "polylines": [shape(points) for points in polylines] if number == 0 else [],
        }
        for number in range(2)
    ]
    return write(job / f"{OUTPUT}/0/SeqLabel.json", {"detection-annotations": frames})


def write_frame(job: Path, worker: str, number: int, right: float) -> Path:
    """Frame of a worker's answer, which counts the frames from 1."""
    frame = {"frame": f"f{number}.jpg", "frameNumber": number + 1, "polygons": [shape(moved(right))]}
    folder = job / f"annotations/worker-response/iteration-1/0/{FOLDERS[worker]}"
    return write(folder / f"f{number}.jpg.json", {"detectionAnnotations": [frame]})


def write_pointers(job: Path) -> Path:
    pointers = {worker: {"any": {"frameData": {"s3Prefix": f"s3://b/{name}"}}} for worker, name in FOLDERS.items()}
    return write_response(job, 0, pointers)


def write_manifest(job: Path, *refs: str) -> Path:
    line: dict[str, Any] = {"source-ref": "s3://b/0.jpg"}
    for place, ref in enumerate(refs):
        owner = ref.partition("/annotations/")[0].rpartition("/")[2]
        metadata = {"job-name": f"labeling-job/{owner.lower()}", "type": "groundtruth/video-object-detection"}
        line |= {f"labels{place}-ref": ref, f"labels{place}-ref-metadata": metadata}
    return write(job / "manifests/output/output.manifest", line)


Key = tuple[str, str | None, int | None, int | None, int, str | None]


def overlaps_of(lake: Path) -> list[tuple[str, int, str, float | None, Key, Key]]:
    """What staging gives: current rows of pairs of current labels, each pair once, without versions and lineage."""
    ledger = read_ledger(Lake.open(str(lake)).store)
    current = {(entry.load_id, entry.file_no): entry for entry in ledger.versions() if entry.status == "loaded"}
    versions = {(entry.uri, entry.etag) for entry in current.values()}
    found = set()
    for path in sorted((lake / "raw/label_overlaps").glob("2*.parquet")):
        for row in pq.ParquetFile(path).read().to_pylist():
            sides = [
                (row[f"{side}_file_uri"], row[f"{side}_file_etag"], *(row[f"{side}_{name}"] for name in PLACE))
                for side in ("label", "other")
            ]
            if (row["load_id"], row["file_no"]) in current and all(side[:2] in versions for side in sides):
                keys = [(side[0].rpartition("/source/")[2], *side[2:]) for side in sides]
                overlap = row["overlap"] if row["overlap"] is None else round(row["overlap"], 6)
                found.add((row["job_name"], row["object_index"], row["shape"], overlap, *keys))
    return sorted(found, key=str)


PLACE = ("attribute_name", "answer_index", "frame_index", "annotation_index", "frame_name")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Jobs with every way in which two labels are compared."""
    root = tmp_path / "source"
    write_response(root / "Polygons", 0, {"ann": polygons(SQUARE, moved(100)), "ben": polygons(moved(5))})
    write_response(root / "Polygons", 0, {"cam": polygons(SQUARE)}, "2")
    write_response(root / "Polygons", 1, {"ann": polygons(SQUARE), "ben": polygons(moved(50))})
    write_response(root / "Masks", 0, {"ann": mask([[1, 1, 2, 0]]), "ben": mask([[1, 2, 2, 0]])})
    write_mask(root / "Masks", 0, [[1, 1, 2, 0]])
    write_sequence(root / "Frames", 0, [[(0, 0), (100, 0)]])
    write_pointers(root / "Frames")
    for worker, right in (("ann", 0), ("ben", 5)):
        for number in range(2):
            write_frame(root / "Frames", worker, number, right)
    write_sequence(root / "Adjusted", 5, [[(0, 1), (100, 1)]])
    write_pointers(root / "Adjusted")
    write_frame(root / "Adjusted", "ann", 0, 5)
    write_manifest(
        root / "Adjusted",
        f"s3://b/out/Frames/{OUTPUT}/0/SeqLabel.json",
        f"s3://b/out/Adjusted/{OUTPUT}/0/SeqLabel.json",
    )
    return root


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / "lake"


THIRD = round(1 / 3, 6)


def test_labels_of_different_sets_are_compared(source: Path, lake: Path) -> None:
    load(str(source), str(lake))

    found = overlaps_of(lake)
    response = "Polygons/annotations/worker-response/iteration-1/0"
    assert [row for row in found if row[0] == "Polygons"] == [
        # Ann's own two are of one set; her second one, and the second object's, overlap nothing.
        *[
            ("Polygons", 0, "polygon", value, one, other)
            for value, one, other in [
                (THIRD, (f"{response}/1.json", None, 0, None, 0, None), (f"{response}/1.json", None, 1, None, 0, None)),
                (THIRD, (f"{response}/1.json", None, 1, None, 0, None), (f"{response}/2.json", None, 0, None, 0, None)),
                (1.0, (f"{response}/1.json", None, 0, None, 0, None), (f"{response}/2.json", None, 0, None, 0, None)),
            ]
        ]
    ]
    frames = "Frames/annotations/worker-response/iteration-1/0"
    sequence = f"Frames/{OUTPUT}/0/SeqLabel.json"
    assert [row[3:] for row in found if row[0] == "Frames" and "f1.jpg" in str(row)] == [
        (THIRD, (sequence, None, None, 1, 0, None), (f"{frames}/{'b' * 40}/f1.jpg.json", None, None, 2, 0, "f1.jpg")),
        (
            THIRD,
            (f"{frames}/{'a' * 40}/f1.jpg.json", None, None, 2, 0, "f1.jpg"),
            (f"{frames}/{'b' * 40}/f1.jpg.json", None, None, 2, 0, "f1.jpg"),
        ),
        (1.0, (sequence, None, None, 1, 0, None), (f"{frames}/{'a' * 40}/f1.jpg.json", None, None, 2, 0, "f1.jpg")),
    ]
    adjusted = f"Adjusted/{OUTPUT}/0/SeqLabel.json"
    assert [row[:1] + row[2:] for row in found if row[0] == "Adjusted" and "worker-response" not in str(row)] == [
        ("Adjusted", "polygon", THIRD, (adjusted, None, None, 0, 0, None), (sequence, None, None, 0, 0, None)),
        ("Adjusted", "polygon", THIRD, (adjusted, None, None, 1, 0, None), (sequence, None, None, 1, 0, None)),
        ("Adjusted", "polyline", 1.0, (adjusted, None, None, 0, 1, None), (sequence, None, None, 0, 1, None)),
    ]
    masks = [(row[3], row[4][4], row[5][4]) for row in found if row[0] == "Masks"]
    # Roof and Tree of the result (with the background before them) and of ann are equal; ben's Tree covers half a Roof.
    assert sorted(masks) == sorted(
        [
            *((1.0, index, index - 1) for index in (0,) if index),
            *[(1.0, 1, 0), (1.0, 2, 1)],
            *[(0.5, 1, 0), (THIRD, 1, 1), (0.5, 2, 1)],
            *[(0.5, 0, 0), (THIRD, 0, 1), (0.5, 1, 1)],
        ]
    )


def load_one_by_one(source: Path, lake: Path, order: Callable[[list[Path]], list[Path]]) -> None:
    """Load the files of a tree in loads of their own."""
    staged = source.parent / "staged/source"
    for file in order(sorted(path for path in source.rglob("*") if path.is_file())):
        target = staged / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target)
        load(str(staged), str(lake))


@pytest.mark.parametrize("order", [sorted, lambda files: sorted(files, reverse=True)], ids=["forward", "backward"])
def test_the_order_of_loads_does_not_matter(
    order: Callable[[list[Path]], list[Path]], source: Path, lake: Path, tmp_path: Path
) -> None:
    load(str(source), str(lake))

    load_one_by_one(source, tmp_path / "other", order)

    assert overlaps_of(tmp_path / "other") == overlaps_of(lake)


def test_the_number_of_processes_does_not_matter(
    source: Path, lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(str(source), str(lake))
    monkeypatch.setattr("ingest.load.plan._FIRST_CHUNK_FILES", 3)
    monkeypatch.setattr("ingest.load.plan._CHUNK_FILES", 3)
    monkeypatch.setattr(overlaps, "_SOURCE_BYTES", 1)  # one data object at a time

    load(str(source), str(tmp_path / "other"), Options(processes=2))

    assert overlaps_of(tmp_path / "other") == overlaps_of(lake)


def test_answers_in_requests_are_compared_with_each_other_and_with_results(tmp_path: Path, lake: Path) -> None:
    """Never with those in responses, which say the same."""
    job = tmp_path / "source/Masks"
    annotations = [
        {"workerId": worker, "annotationData": {"content": json.dumps(mask([[1, 1, 0]]))}} for worker in (ANN, BEN)
    ]
    request = [{"datasetObjectId": "0", "annotations": annotations}]
    write(job / "annotations/consolidated-annotation/consolidation-request/iteration-1/1.json", request)
    write_mask(job, 0, [[1, 1, 2]])
    load(str(tmp_path / "source"), str(lake))
    assert [row[3] for row in overlaps_of(lake)] == [1.0, 1.0, 1.0]

    write_response(job, 0, {"ann": mask([[1, 1, 0]])})
    load(str(tmp_path / "source"), str(lake))

    assert len(overlaps_of(lake)) == 4


def test_two_sets_of_too_many_labels_have_one_row_without_an_overlap(
    tmp_path: Path, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ann's three with ben's two are 6 pairs, with cam's one 3: those are measured, whatever the limit is."""
    monkeypatch.setattr(label_pairs, "PAIR_LIMIT", 5)
    three, two = (SQUARE, moved(2), moved(4)), (SQUARE, moved(2))
    answers = {"ann": polygons(*three), "ben": polygons(*two), "cam": polygons(SQUARE)}
    response = write_response(tmp_path / "source/Polygons", 0, answers)

    load(str(tmp_path / "source"), str(lake))

    found = [(row[3], row[4][2], row[5][2]) for row in overlaps_of(lake)]
    assert [row for row in found if row[1:] == (0, 1)] == [(None, 0, 1)]
    assert Counter(row[1:] for row in found) == {(0, 1): 1, (0, 2): 3, (1, 2): 2}
    # A file that changes takes that row along, too.
    write_response(tmp_path / "source/Polygons", 0, {"ann": polygons(*two), "ben": polygons(*two)}, response.stem)
    load(str(tmp_path / "source"), str(lake))
    assert Counter(row[3] is None for row in overlaps_of(lake)) == {False: 4}


def test_many_labels_are_compared_set_by_set(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a limit that no two sets exceed, but all together do."""
    load(str(source), str(tmp_path / "together"))
    monkeypatch.setattr(label_pairs, "PAIR_LIMIT", 4)
    monkeypatch.setattr(label_pairs, "_OVERLAPS_AT_A_TIME", 1)
    monkeypatch.setattr(masks, "_CELLS_AT_A_TIME", 1)
    load(str(source), str(tmp_path / "set by set"))
    assert overlaps_of(tmp_path / "set by set") == overlaps_of(tmp_path / "together")


def test_a_replaced_file_takes_its_overlaps_along(source: Path, lake: Path) -> None:
    load(str(source), str(lake))
    write_response(source / "Polygons", 0, {"dan": polygons(moved(9))}, "2")

    load(str(source), str(lake))

    polygon_values = [row[3] for row in overlaps_of(lake) if row[0] == "Polygons"]
    assert Counter(polygon_values) == Counter([THIRD, round(1 / 19, 6), round(6 / 14, 6)])


def test_an_older_jobs_labels_that_come_again_are_compared_with_the_adjusted_ones(source: Path, lake: Path) -> None:
    load(str(source), str(lake))
    write_sequence(source / "Frames", 5)

    load(str(source), str(lake))

    assert [row[3] for row in overlaps_of(lake) if row[0] == "Adjusted" and "worker-response" not in str(row)] == [
        1.0
    ] * 2


def test_a_broken_mask_is_refused_alone(source: Path, lake: Path) -> None:
    (source / f"Masks/{OUTPUT}/0_2026-01-02T03-04-05.png").write_bytes(b"\x89PNG\r\n\x1a\n")

    assert load(str(source), str(lake)).files_rejected == 1

    assert Counter(row[3] for row in overlaps_of(lake) if row[0] == "Masks") == {THIRD: 1, 0.5: 2}


def test_compacting_and_vacuuming_change_no_overlap(source: Path, lake: Path, tmp_path: Path) -> None:
    load_one_by_one(source, lake, sorted)
    write_response(tmp_path / "staged/source/Polygons", 0, {"dan": polygons(moved(9))}, "2")
    load(str(tmp_path / "staged/source"), str(lake))
    before = overlaps_of(lake)

    compact(Lake.open(str(lake)))
    assert overlaps_of(lake) == before
    vacuum(Lake.open(str(lake)), grace_hours=0)

    assert overlaps_of(lake) == before
    assert sum(len(rows) for rows in raw_overlaps(lake)) == len(before), "rows of the replaced file are gone"


def raw_overlaps(lake: Path) -> list[list[dict[str, Any]]]:
    return [pq.ParquetFile(path).read().to_pylist() for path in (lake / "raw/label_overlaps").glob("2*.parquet")]


@pytest.mark.parametrize("one_load", [True, False])
def test_a_forgotten_workers_overlaps_are_gone_for_good(
    one_load: bool, source: Path, lake: Path, tmp_path: Path
) -> None:
    if one_load:
        load(str(source), str(lake))
    else:
        load_one_by_one(source, lake, sorted)
        source = tmp_path / "staged/source"

    forget(Lake.open(str(lake)), Selection(workers=[BEN]))
    left = overlaps_of(lake)
    compact(Lake.open(str(lake)))
    vacuum(Lake.open(str(lake)), grace_hours=0)

    assert overlaps_of(lake) == left
    rows = [row for some in raw_overlaps(lake) for row in some]
    places = {(row[f"{side}_file_uri"], row[f"{side}_answer_index"]) for row in rows for side in ("label", "other")}
    assert not [uri for uri, answer in places if (uri.endswith("1.json") and answer == 1) or "b" * 40 in uri]
    assert len([row for row in left if row[0] == "Polygons"]) == 1
    assert len([row for row in left if row[0] == "Frames"]) == 2
    assert len([row for row in left if row[0] == "Masks"]) == 2
    os.utime(source / "Polygons/annotations/worker-response/iteration-1/0/1.json", (1, 1))
    load(str(source), str(lake))
    assert overlaps_of(lake) == left


def test_a_file_that_comes_back_is_compared_again(source: Path, lake: Path) -> None:
    load(str(source), str(lake))
    before = overlaps_of(lake)
    forget(Lake.open(str(lake)), Selection(jobs=["Polygons"]))
    assert "Polygons" not in str(overlaps_of(lake))

    load(str(source), str(lake), Options(include_forgotten=True))

    assert overlaps_of(lake) == before


PARTS = ("Frames/annotations/consolidated-annotation", "Frames/annotations/worker-response", "Adjusted")


@pytest.mark.parametrize("parts", list(itertools.permutations(PARTS)))
def test_a_load_that_commits_meanwhile_is_measured_against(
    parts: tuple[str, ...], source: Path, lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second is committed while the first one measures, the third while it measures what the second brought."""
    load(str(source), str(tmp_path / "expected"))
    first, *waiting = parts
    compare = overlaps._compare
    is_within = False

    def compare_late(*arguments: Any) -> None:
        nonlocal is_within
        compare(*arguments)
        if waiting and not is_within:
            is_within = True
            load(str(source / waiting.pop(0)), str(lake))
            is_within = False

    monkeypatch.setattr(overlaps, "_compare", compare_late)
    load(str(source / first), str(lake))

    assert not waiting
    assert overlaps_of(lake) == [row for row in overlaps_of(tmp_path / "expected") if row[0] in ("Frames", "Adjusted")]


@pytest.fixture
def old_lake(source: Path, lake: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lake of a version that measured nothing; masks have no pixels there."""
    with monkeypatch.context() as patch:
        patch.setattr(run._Run, "measure_overlaps", lambda *_: None)
        patch.setattr("ingest.load.outcome.__version__", "0.2.0")
        patch.setattr("ingest.geometry.masks._MOST_RUNS", -1)
        load_one_by_one(source, lake, sorted)
    assert not overlaps_of(lake)
    return lake


def test_the_first_load_measures_the_labels_of_an_old_lake(old_lake: Path, source: Path, tmp_path: Path) -> None:
    """Even if it brings nothing; but for masks, whose pixels are not there."""
    staged = tmp_path / "staged/source"
    load(str(source), str(tmp_path / "new"))
    before = status(Lake.open(str(old_lake)))

    assert load(str(staged), str(old_lake)).load_id is not None

    expected = [row for row in overlaps_of(tmp_path / "new") if row[2] != "mask"]
    assert overlaps_of(old_lake) == expected
    assert status(Lake.open(str(old_lake))) == before
    assert load(str(staged), str(old_lake)).load_id is None, "they are measured once"
    compact(Lake.open(str(old_lake)))
    vacuum(Lake.open(str(old_lake)), grace_hours=0)
    assert overlaps_of(old_lake) == expected
    assert load(str(staged), str(old_lake)).load_id is None


def test_masks_of_an_old_lake_are_measured_when_they_are_loaded_again(
    old_lake: Path, source: Path, tmp_path: Path
) -> None:
    staged = tmp_path / "staged/source"
    load(str(source), str(tmp_path / "new"))

    forget(Lake.open(str(old_lake)), Selection(jobs=["Masks"]))
    load(str(staged), str(old_lake), Options(include_forgotten=True))

    assert overlaps_of(old_lake) == overlaps_of(tmp_path / "new")


def test_a_lake_without_such_labels_is_left_alone(tmp_path: Path, lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_response(tmp_path / "source/Classes", 0, {"ann": {"any": {"label": "Cat"}}})
    with monkeypatch.context() as patch:
        patch.setattr("ingest.load.outcome.__version__", "0.2.0")
        load(str(tmp_path / "source"), str(lake))

    assert load(str(tmp_path / "source"), str(lake)).load_id is None

    assert OVERLAPS_URI not in read_ledger(Lake.open(str(lake)).store).newest


def test_a_load_without_such_labels_imports_nothing_to_measure_them(tmp_path: Path) -> None:
    write_response(tmp_path / "source/Classes", 0, {"ann": {"any": {"label": "Cat"}}})
    code = (
        "import sys; from ingest.load.run import load; load(*sys.argv[1:]); "
        "print({'shapely', 'PIL', 'ingest.geometry.masks'} & set(sys.modules))"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "source"), str(tmp_path / "lake")]
    assert subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout == "set()\n"
