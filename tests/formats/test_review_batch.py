"""Bulk-review batches as they may be written, beyond those of the golden trees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ingest.formats.parsing import BadFile
from ingest.job_folder import FileKind
from ingest.load.plan import Options
from ingest.load.run import load
from ingest.storage.store import StoreError
from tests.formats.parsed import Row, parse
from tests.load.raw_lake import load_and_read

ITEM = {"s3_image_url": "s3://example-bucket/a.jpg", "label": "Dog", "confidence": "97.5"}


def items(data: object) -> list[Row]:
    return parse(FileKind.REVIEW_BATCH, json.dumps(data).encode())["review_items"]


@pytest.mark.parametrize("image", ["s3_image_url", "imageUri", "image_url", "source-ref", "uri", "Image"])
@pytest.mark.parametrize(("label", "confidence"), [("label", "confidence"), ("class", "score"), ("className", "Score")])
def test_fields_by_their_usual_names(image: str, label: str, confidence: str) -> None:
    [row] = items([{image: "s3://b/1.jpg", label: "Sea Turtle", confidence: 0.25, "by": {"model": 7}}])
    assert row == {
        "batch_name": "file",
        "item_number": 0,
        "item_uri": "s3://b/1.jpg",
        "label": "Sea Turtle",
        "confidence": 0.25,
        "extra_json": '{"by":{"model": 7}}',
    }


def test_of_two_names_the_more_exact_counts_and_the_other_is_kept() -> None:
    [row] = items([{"uri": "s3://b/page", "s3_image_url": "s3://b/1.jpg", "label": "Dog"}])
    assert (row["item_uri"], json.loads(row["extra_json"])) == ("s3://b/1.jpg", {"uri": "s3://b/page"})


def test_numbers_are_places_in_the_list() -> None:
    rows = items({"items": [{**ITEM, "label": label} for label in ("Dog", "Dog-10", "7")], "batch": 3})
    assert [(row["item_number"], row["label"]) for row in rows] == [(0, "Dog"), (1, "Dog-10"), (2, "7")]


@pytest.mark.parametrize(
    ("written", "expected"), [(97, 97.0), ("97.74715424", 97.74715424), (" 1e-1 ", 0.1), ("-.5", -0.5), (None, None)]
)
def test_confidence_as_number_or_text(written: object, expected: float | None) -> None:
    [row] = items([{**ITEM, "confidence": written}])
    assert row.get("confidence") == expected


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["text", "s3_video_url", "image"], "image"),
        (["text", "video"], "video"),
        (["clip", "source"], "clip"),
        (["text", "source"], "source"),
        (["Text"], "Text"),
    ],
)
def test_of_an_image_a_clip_and_a_text_the_first_counts(names: list[str], found: str) -> None:
    [row] = items([{"label": "Dog"} | {name: f"the {name}" for name in names}])
    assert row["item_uri"] == f"the {found}"
    assert json.loads(row.get("extra_json", "{}")).keys() == {*names} - {found}


def test_the_object_that_is_reviewed_is_kept_exactly() -> None:
    rows = items(
        [
            {**ITEM, "review-of": " Straße/7 ", "Review_Sample": "Random"},
            {**ITEM, "review-of": "", "review-sample": None},
        ]
    )
    assert (rows[0]["review_of"], rows[0]["review_sample"]) == (" Straße/7 ", "Random")
    assert not {"review_of", "review_sample", "extra_json"} & rows[1].keys()


def test_a_label_that_is_a_number() -> None:
    assert items([{**ITEM, "label": 7}])[0]["label"] == "7"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"s3_image_url": ""}, r"items\[1\]: no image, clip or text"),
        ({"s3_image_url": 5}, r"items\[1\]: s3_image_url: Expected `str`"),
        ({"review-of": ["Pets/1"]}, r"items\[1\]: review-of: Expected `str \| null`"),
        ({"review-sample": True}, r"items\[1\]: review-sample: Expected `str \| null`"),
        ({"label": ""}, r"items\[1\]: no label"),
        ({"label": ["Dog"]}, r"items\[1\]: label: "),
        ({"confidence": "high"}, r"items\[1\]: not a number: 'high'"),
        ({"confidence": "nan"}, "not a number"),
        ({"confidence": "1e400"}, "not a number"),
        ({"confidence": "1_0"}, "not a number"),
        ({"confidence": "٩"}, "not a number"),
        ({"confidence": 1e13}, "confidence: "),
        ({"confidence": [1]}, "confidence: "),
    ],
)
def test_broken_items(change: dict[str, Any], error: str) -> None:
    with pytest.raises(BadFile, match=error):
        items([ITEM, {**ITEM, **change}])


@pytest.mark.parametrize("field", ["s3_image_url", "label"])
def test_missing_fields(field: str) -> None:
    with pytest.raises(BadFile, match=r"items\[0\]: no "):
        items([{name: value for name, value in ITEM.items() if name != field}])


@pytest.mark.parametrize("data", [[], {"items": []}])
def test_a_batch_without_items(data: object) -> None:
    with pytest.raises(BadFile, match="no item"):
        items(data)


@pytest.mark.parametrize("data", [ITEM, [1], "x", {"items": {}}, None])
def test_what_is_no_list_of_items(data: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        items(data)


def write_job(folder: Path) -> None:
    manifest = folder / "Pets/manifests/output/output.manifest"
    manifest.parent.mkdir(parents=True)
    manifest.write_text('{"source-ref": "s3://example-bucket/in/dog.json"}\n')


def test_batches_that_lie_elsewhere(tmp_path: Path) -> None:
    """Those in the folder itself; what is unchanged is not read again."""
    write_job(tmp_path / "source")
    batches = tmp_path / "in"
    (batches / "deeper").mkdir(parents=True)
    for name in ("dog.json", "deeper/cat.json", "._dog.json", "manifest.jsonl"):
        (batches / name).write_text(json.dumps([{**ITEM, "label": name}]))
    options = Options(review_batches={"Pets": str(batches)})

    found = load_and_read(tmp_path / "source", tmp_path / "lake", options)

    assert found.errors == {}
    [row] = found.tables["review_items"]
    assert (row["job_name"], row["batch_name"], row["label"]) == ("Pets", "dog.json", "dog.json")
    assert load(str(tmp_path / "source"), str(tmp_path / "lake"), options).load_id is None
    (batches / "dog.json").write_text(json.dumps([{**ITEM, "label": "changed"}]))
    assert load(str(tmp_path / "source"), str(tmp_path / "lake"), options).files_loaded == 1


@pytest.mark.parametrize(("job", "error"), [("Pets", "no review batch"), ("Cars", "no labeling job Cars")])
def test_options_that_name_nothing(tmp_path: Path, job: str, error: str) -> None:
    write_job(tmp_path / "source")
    batches = tmp_path / "in"
    batches.mkdir()
    if job != "Pets":
        (batches / "dog.json").write_text(json.dumps([ITEM]))
    with pytest.raises(StoreError, match=error):
        load(str(tmp_path / "source"), str(tmp_path / "lake"), Options(review_batches={job: str(batches)}))
