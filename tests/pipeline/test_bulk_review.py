"""The table of AWS's post on bulk reviews, from the table of a model's labels to the marts.

"Bulk label quality assurance" of Amazon SageMaker Ground Truth: the labels become batches, three workers vote on each
item of a batch, and what they wrote is loaded.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from ingest.load.run import load
from ingest.review_batches import MANIFEST, write_review_batches
from tests.pipeline.warehouse import Marts

JOB, WORKERS = "Bulk-Review", ("ann", "ben", "cam")
BANDS = ((80, 85), (85, 90), (90, 95), (95, 100))

# Items and incorrect ones of each band.
TABLE = {
    "Beaver": ((2, 1), (3, 0), (13, 0), (10, 0)),
    "Cat": ((1, 1), (0, 0), (5, 0), (4, 0)),
    "Crawdad": ((1, 1), (10, 8), (10, 6), (47, 19)),
    "Dinosaur": ((4, 0), (10, 1), (12, 1), (39, 1)),
    "Dog": ((1, 0), (5, 1), (34, 0), (28, 1)),
    "Saxophone": ((1, 0), (2, 1), (22, 1), (15, 0)),
    "Sea Turtle": ((5, 1), (8, 1), (13, 0), (60, 0)),
    "Soccer Ball": ((8, 5), (7, 5), (9, 6), (63, 2)),
    "Stop sign": ((6, 0), (9, 0), (12, 0), (31, 0)),
}
TOTALS = ((29, 9), (54, 17), (130, 14), (297, 23))

# The post has those of Cat and Stop sign, and none for Crawdad; the others follow by its rule.
THRESHOLDS = {
    "Beaver": 85,
    "Cat": 85,
    "Crawdad": None,
    "Dinosaur": 90,
    "Dog": 90,
    "Saxophone": 90,
    "Sea Turtle": 90,
    "Soccer Ball": 95,
    "Stop sign": 80,
}


def cell_votes(count: int, incorrect: int) -> list[tuple[bool, ...]]:
    """Votes on the items of a cell: of the incorrect ones each second is rejected by one worker only."""
    split, rejected, confirmed = (True, True, False), (False, False, False), (True, True, True)
    return [*(rejected if number % 2 else split for number in range(incorrect)), *[confirmed] * (count - incorrect)]


def write_bulk_review(root: Path) -> dict[tuple[str, str], tuple[bool, ...]]:
    """The job; the votes on each of its items, by image and label."""
    votes: dict[tuple[str, str], tuple[bool, ...]] = {}
    labels = [("image", "label", "confidence")]
    for label, cells in TABLE.items():
        for (low, high), (count, incorrect) in zip(BANDS, cells, strict=True):
            for number, of_item in enumerate(cell_votes(count, incorrect)):
                image = f"s3://example-bucket/{label}/{low}/{number}.jpg"
                # The first item of a band is on its lower bound; the last one of all is on the upper bound.
                is_last = high == 100 and number == count - 1
                confidence = 100.0 if is_last else low + (high - low) * number / count
                labels.append((image, label, str(confidence)))
                votes[image, label] = of_item
    table, job = root / "labels.csv", root / "output" / JOB
    with table.open("w", newline="") as file:
        csv.writer(file).writerows(labels)
    batches = job / "review-batches"
    write_review_batches(str(table), str(batches), 25, f"s3://example-bucket/in/{JOB}")

    # The function behind the job consolidates nothing.
    lines = (batches / MANIFEST).read_text().splitlines()
    manifest = job / "manifests/output/output.manifest"
    manifest.parent.mkdir(parents=True)
    metadata = {"type": "groundtruth/custom", "job-name": f"labeling-job/{JOB.lower()}", "human-annotated": "yes"}
    metadata["creation-date"] = "2026-01-02T03:04:05.678900"
    with manifest.open("w") as file:
        for index, line in enumerate(map(json.loads, lines)):
            file.write(json.dumps({**line, "checked": {}, "checked-metadata": metadata}) + "\n")
            items = json.loads((batches / line["source-ref"].rpartition("/")[2]).read_text())
            _write_answers(job, index, items, votes)
    return votes


def _write_answers(
    job: Path, index: int, items: list[dict[str, Any]], votes: dict[tuple[str, str], tuple[bool, ...]]
) -> None:
    answers = []
    for place, worker in enumerate(WORKERS):
        boxes = {
            f"{item['label']}-{number}": {"Confirmed": votes[item["s3_image_url"], item["label"]][place]}
            for number, item in enumerate(items)
        }
        answer = {
            "acceptanceTime": "2026-01-02T03:00:00.000Z",
            "submissionTime": "2026-01-02T03:01:00.000Z",
            "timeSpentInSeconds": 60.0,
            "workerId": f"private.us-east-1.{worker}",
            # By name, as Ground Truth writes them: so the tenth comes before the second.
            "answerContent": dict(sorted(boxes.items())),
        }
        answers.append(answer)
    path = job / f"annotations/worker-response/iteration-1/{index}/2026-01-02_03:05:00.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"answers": answers}))


def test_the_bulk_review_example_of_aws(tmp_path: Path) -> None:
    votes = write_bulk_review(tmp_path)
    summary = load(str(tmp_path / "output"), str(tmp_path / "lake"))
    assert not summary.errors

    marts = Marts(
        *(tmp_path / "lake", tmp_path / "marts", "--exclude-resource-type", "unit_test"),
        *("--indirect-selection", "cautious", "--select"),  # no test that reads another mart
        *("+rpt_review_bands", "+rpt_label_thresholds", "+rpt_review_errors", "+rpt_calibration"),
    )

    found = marts.rows("select label, is_total, band_low, band_high, item_count, incorrect_count from rpt_review_bands")
    assert sorted(found) == sorted(
        (label, label == "all", *band, *cell)
        for label, cells in {**TABLE, "all": TOTALS}.items()
        for band, cell in zip(BANDS, cells, strict=True)
    )
    # The post has the totals in percent.
    shares = marts.rows("select correct_share from rpt_review_bands where is_total order by band_low")
    assert [round(100 * share, 2) for (share,) in shares] == [68.97, 68.52, 89.23, 92.26]
    assert marts.rows("select label from rpt_review_bands where correct_share is null") == [("Cat",)]
    # Its means of the labels count Cat, which has no item from 85 to 90, as 0 % there.
    means = marts.rows("select mean_label_share from rpt_review_bands where is_total order by band_low")
    assert [round(100 * mean, 2) for (mean,) in means] == [63.06, pytest.approx(61.79 * 9 / 8, abs=0.01), 84.49, 94.47]

    thresholds = dict(marts.rows("select label, threshold from rpt_label_thresholds where not is_total"))
    assert thresholds == THRESHOLDS

    errors = marts.rows("select item_uri, label, confirm_count, disconfirm_count, is_split from rpt_review_errors")
    assert sorted(errors) == sorted(
        (*item, sum(of_item), len(WORKERS) - sum(of_item), any(of_item))
        for item, of_item in votes.items()
        if not all(of_item)
    )
    assert len(errors) == sum(incorrect for _, incorrect in TOTALS)

    (judged,) = marts.rows("select sum(object_count), sum(object_count * accuracy) from rpt_calibration")
    assert judged == (510, pytest.approx(447))
