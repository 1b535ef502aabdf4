"""Finishes a job that ``review-manifest`` prepared, as workers and Ground Truth would: its whole output folder."""

from __future__ import annotations

import copy
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from publish.review_manifest import BATCHES, CONFIG, MANIFEST, REQUEST

WORKERS = ("ann", "ben")
LABELED_AT = "2026-09-01T10:00:00.000000"


def finish(prepared: Path, output: Path, *, earlier: Path | None = None, rejected: Collection[int] = ()) -> str:
    """Write the output folder of a finished verification, audit or adjustment.

    Args:
        prepared: the folder that ``review-manifest`` wrote.
        output: where jobs' folders are.
        earlier: folder of the job whose labels were given, which has the files of sequences.
        rejected: lines whose labels are wrong: they are rejected, or moved by an adjustment.

    Returns:
        Name of the job.
    """
    request = json.loads((prepared / REQUEST).read_text())
    config_path = prepared / CONFIG
    name, attribute = request["LabelingJobName"], request["LabelAttributeName"]
    function = request["HumanTaskConfig"]["PreHumanTaskLambdaArn"].rpartition("PRE-")[2]
    job = output / name
    lines = []
    for index, text in enumerate((prepared / MANIFEST).read_text().splitlines()):
        line = json.loads(text)
        (given,) = (key.removesuffix("-metadata") for key in line if key.endswith("-metadata"))
        metadata = {"job-name": f"labeling-job/{name.lower()}", "human-annotated": "yes", "creation-date": LABELED_AT}
        is_wrong = index in rejected
        if function.startswith("Verification"):
            verdict = "bad" if is_wrong else "good"
            line[attribute] = str(int(is_wrong))
            metadata |= {"type": "groundtruth/label-verification", "class-name": verdict}
            _write_answers(job, index, {"crowd-image-classifier": {"label": verdict}})
        elif "Video" in function:
            place = line[given].partition("/annotations/")[2]
            assert earlier
            frames = json.loads((earlier / "annotations" / place).read_text())
            for frame in frames["tracking-annotations"]:
                for label in frame["annotations"]:
                    label["label-category-attributes"] |= {"audit": "wrong" if is_wrong else "ok"}
            path = job / f"annotations/consolidated-annotation/output/{index}/SeqLabel.json"
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps(frames))
            line[attribute] = f"{request['OutputConfig']['S3OutputPath']}{path.relative_to(output)}"
            metadata |= {"type": line[f"{given}-metadata"]["type"], "class-map": line[f"{given}-metadata"]["class-map"]}
        else:
            line[attribute] = copy.deepcopy(line[given])
            for box in line[attribute]["annotations"] if is_wrong else ():
                box["left"] += box["width"] / 10
            metadata = line[f"{given}-metadata"] | metadata
            metadata["adjustment-status"] = "adjusted" if is_wrong else "unadjusted"
        lines.append(json.dumps(line | {f"{attribute}-metadata": metadata}))
    manifest = job / "manifests/output/output.manifest"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("\n".join(lines) + "\n")
    if function.startswith("Adjustment") and config_path.exists() and "Video" in function:
        (job / "label_category_config.json").write_bytes(config_path.read_bytes())
    return str(name)


def finish_bulk_review(
    prepared: Path, output: Path, *, rejected: Collection[str] = (), split: Collection[str] = ()
) -> str:
    """Write the output folder of a finished bulk review, without its batches.

    Args:
        prepared: the folder that ``review-manifest`` wrote.
        output: where jobs' folders are.
        rejected: keys of objects whose label each worker rejects.
        split: keys of objects whose label the last worker rejects.

    Returns:
        Name of the job.
    """
    request = json.loads((prepared / REQUEST).read_text())
    name, attribute = request["LabelingJobName"], request["LabelAttributeName"]
    job = output / name
    metadata = {"type": "groundtruth/custom", "job-name": f"labeling-job/{name.lower()}", "human-annotated": "yes"}
    metadata["creation-date"] = LABELED_AT
    lines = []
    for index, text in enumerate((prepared / MANIFEST).read_text().splitlines()):
        line = json.loads(text)
        items = json.loads((prepared / BATCHES / line["source-ref"].rpartition("/")[2]).read_bytes())
        contents = []
        for worker in WORKERS:
            boxes = {
                f"{item['label']}-{number}": {
                    "Confirmed": item["review-of"] not in rejected
                    and not (worker == WORKERS[-1] and item["review-of"] in split)
                }
                for number, item in enumerate(items)
            }
            # By name, as Ground Truth writes them: so the tenth comes before the second.
            contents.append(dict(sorted(boxes.items())))
        _write_answers(job, index, *contents)
        lines.append(json.dumps(line | {attribute: {"items": len(items)}, f"{attribute}-metadata": metadata}))
    manifest = job / "manifests/output/output.manifest"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("\n".join(lines) + "\n")
    return str(name)


def _write_answers(job: Path, index: int, *contents: dict[str, Any]) -> None:
    """What the workers answered: each the same, or each its own."""
    answers = [
        {
            "acceptanceTime": "2026-09-01T09:00:00.000Z",
            "submissionTime": "2026-09-01T09:01:00.000Z",
            "timeSpentInSeconds": 60.0,
            "workerId": f"private.us-east-1.{worker}",
            "answerContent": content,
        }
        for worker, content in zip(WORKERS, contents * (len(WORKERS) // len(contents)), strict=True)
    ]
    path = job / f"annotations/worker-response/iteration-1/{index}/2026-09-01_10:00:00.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"answers": answers}))
