"""The command that makes a bulk-review job's input."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from ingest.cli import cli
from ingest.formats.parsing import BadFile
from ingest.formats.review_batch import Item, encode_batch, make_batches
from ingest.job_folder import FileKind
from ingest.review_batches import MANIFEST, read_items, write_review_batches
from ingest.storage.store import StoreError
from tests.formats.parsed import Row, parse

TABLE = b"""image,label,confidence
s3://b/1.jpg,Dog,97.5
s3://b/2.jpg,Sea Turtle,0.5
s3://b/3.jpg,Dog,81
s3://b/1.jpg,Cat,90
"""


def write(folder: Path, data: bytes, batch_size: int = 25, dest_uri: str | None = None) -> Path:
    table = folder / "labels.csv"
    table.write_bytes(data)
    write_review_batches(str(table), str(folder / "batches"), batch_size, dest_uri)
    return folder / "batches"


def manifest(folder: Path) -> list[str]:
    return [json.loads(line)["source-ref"] for line in (folder / MANIFEST).read_text().splitlines()]


def test_a_batch_holds_one_label_and_the_least_sure_come_first(tmp_path: Path) -> None:
    made = write(tmp_path, TABLE)
    assert sorted(path.name for path in made.iterdir()) == [
        "cat-00001.json",
        "dog-00001.json",
        MANIFEST,
        "sea-turtle-00001.json",
    ]
    assert json.loads((made / "dog-00001.json").read_bytes()) == [
        {"s3_image_url": "s3://b/3.jpg", "label": "Dog", "confidence": 81.0},
        {"s3_image_url": "s3://b/1.jpg", "label": "Dog", "confidence": 97.5},
    ]
    names = ["cat-00001.json", "dog-00001.json", "sea-turtle-00001.json"]
    assert manifest(made) == [f"{made.as_uri()}/{name}" for name in names]


def test_batches_of_a_size_for_another_place(tmp_path: Path) -> None:
    made = write(tmp_path, TABLE, 1, "s3://example-bucket/in/")
    assert manifest(made)[1:3] == ["s3://example-bucket/in/dog-00001.json", "s3://example-bucket/in/dog-00002.json"]


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + TABLE.replace(b"\n", b"\r\n"),
        TABLE.replace(b"image,label,confidence", b"S3_Image_URL, Label ,Confidence"),
        TABLE.replace(b"image,", b"Image_Local_Path,").rstrip(),
        TABLE.replace(b"Sea Turtle", b'"Sea Turtle"') + b"\n,,\n\n",
    ],
    ids=["byte-order-mark-and-crlf", "names", "no-last-newline", "quotes-and-blank-lines"],
)
def test_tables_that_say_the_same(data: bytes) -> None:
    assert read_items(data) == read_items(TABLE)


def test_columns_in_any_order_and_others_kept() -> None:
    data = 'split,confidence,"label",note,image\ntrain,0.5,"a ""b"", c","two\nlines",s3://b/ü.jpg\n'
    assert read_items(data.encode()) == [
        Item("s3://b/ü.jpg", 'a "b", c', 0.5, {"split": "train", "note": "two\nlines"})
    ]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", "line 1: no column for the image, clip or text among none"),
        (b"image,confidence\nx,1\n", "line 1: no column for the label among image, confidence"),
        (b"image;label;confidence\n", "line 1: no column for the image, clip or text among image;label;confidence"),
        (b"image,label,Label,confidence\nx,a,b,1\n", "line 1: 2 columns are called label"),
        (b"image,label,confidence\n", "no item"),
        (TABLE + b'"x\ny",Dog,1\ns3://b/9.jpg,Dog,sure\n', "line 8: confidence: not a number: 'sure'"),
        (TABLE + b"s3://b/9.jpg,Dog,\n", "line 6: confidence: not a number: ''"),
        (TABLE + b"s3://b/9.jpg,Dog,100.5\n", "line 6: confidence: 100.5 is neither"),
        (TABLE + b"s3://b/9.jpg,Dog,-0.1\n", "line 6: confidence: -0.1 is neither"),
        (TABLE + b"s3://b/9.jpg,Dog,nan\n", "line 6: confidence: not a number"),
        (TABLE + b"s3://b/9.jpg, ,5\n", "line 6: no label"),
        (TABLE + b",Dog,5\n", "line 6: no image"),
        (TABLE + b"s3://b/9.jpg,Dog\n", "line 6: 2 fields, but the header has 3"),
        (TABLE + b"s3://b/9.jpg,Dog,1,2\n", "line 6: 4 fields, but the header has 3"),
        (TABLE + b"s3://b/3.jpg,Dog,9\n", "line 6: the same image and label as in line 4"),
        (TABLE + b's3://b/9.jpg,"Dog" x,1\n', "line 6: "),
        (TABLE + b's3://b/9.jpg,"Dog,1\n', "line 6: "),
        (TABLE + b"s3://b/\xff.jpg,Dog,1\n", "line 6: not UTF-8"),
    ],
)
def test_broken_tables_write_nothing(tmp_path: Path, data: bytes, error: str) -> None:
    with pytest.raises(BadFile, match=error):
        write(tmp_path, data)
    assert [path.name for path in tmp_path.iterdir()] == ["labels.csv"]


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    made = write(tmp_path, TABLE)
    before = {path: path.read_bytes() for path in made.iterdir()}
    with pytest.raises(StoreError, match="is not empty"):
        write(tmp_path, TABLE.replace(b"97.5", b"12"))
    assert {path: path.read_bytes() for path in made.iterdir()} == before


def test_labels_of_one_slug_share_its_numbers() -> None:
    labels = ["Über.Hund", "uber hund", "UBER-HUND", "犬", "猫", "l" * 300]
    found = list(make_batches([Item(str(place), label, 1.0, {}) for place, label in enumerate(labels * 2)], 1))
    names = [name for name, _ in found]
    assert len(set(names)) == 12
    assert Counter(name[:-11] for name in names) == {"uber-hund": 6, "label": 4, "l" * 60: 2}


def test_clips_and_texts_and_labels_without_a_confidence() -> None:
    assert read_items(b"label,video,confidence\nDog,s3://b/1.mp4,1\n") == [Item("s3://b/1.mp4", "Dog", 1, {}, "video")]
    text = b'text,label,confidence,review-of\n"a, b",Dog,1,Pets/3\n'
    assert read_items(text) == [Item("a, b", "Dog", 1, {"review-of": "Pets/3"}, "text")]
    with pytest.raises(BadFile, match="line 3: the same text and label as in line 2"):
        read_items(text + b'"a, b",Dog,2,Pets/4\n')
    with pytest.raises(BadFile, match="line 3: no text"):
        read_items(text + b",Dog,2,Pets/4\n")

    mixed = [*read_items(text), Item("s3://b/1.mp4", "Dog", None, {"review-of": "Pets/9"}, "video")]
    [(_, batch)] = make_batches(mixed, 25)
    assert json.loads(encode_batch(batch)) == [
        {"s3_video_url": "s3://b/1.mp4", "label": "Dog", "review-of": "Pets/9"},
        {"source": "a, b", "label": "Dog", "confidence": 1.0, "review-of": "Pets/3"},
    ]


def test_objects_with_one_uri_are_items_of_their_own() -> None:
    items = [Item("s3://b/1.jpg", "Dog", None, {"review-of": f"Pets/{index}"}) for index in range(3)]
    assert list(make_batches(items[::-1], 2)) == list(make_batches(items, 2))
    assert [len(batch) for _, batch in make_batches(items, 2)] == [2, 1]


names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(str.strip)
items = st.lists(st.tuples(names, names, st.floats(0, 100)), min_size=1, unique_by=lambda item: item[:2])


@given(items, st.integers(1, 4), st.randoms(use_true_random=False))
def test_what_is_written_is_read(found: list[tuple[str, str, float]], batch_size: int, rng: Random) -> None:
    """Every item once, whatever it is called, in a batch of its label; the order of lines does not matter."""
    batches = dict(make_batches(read_items(as_table(found)), batch_size))
    assert batches == dict(make_batches(read_items(as_table(rng.sample(found, len(found)))), batch_size))
    rows: list[Row] = []
    for batch in batches.values():
        rows += parse(FileKind.REVIEW_BATCH, encode_batch(batch))["review_items"]
        assert len(batch) <= batch_size
        assert len({item.label for item in batch}) == 1
    assert sorted((row["item_uri"], row["label"], row["confidence"]) for row in rows) == sorted(found)
    assert {json.loads(row["extra_json"])["Class"] for row in rows} == {"kept"}


def as_table(found: list[tuple[str, str, float]]) -> bytes:
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["Class", "confidence", "image", "label"])
    table.writerows(["kept", confidence, image, label] for image, label, confidence in found)
    return text.getvalue().encode()


def test_the_loader_reads_what_the_command_wrote(tmp_path: Path) -> None:
    """By the command line, both of them."""
    (tmp_path / "labels.csv").write_bytes(TABLE)
    made = CliRunner().invoke(
        cli, ["review-batches", str(tmp_path / "labels.csv"), str(tmp_path / "in"), "--batch-size", "1", "--json"]
    )
    assert made.exit_code == 0
    assert json.loads(made.output) == {
        "items": 4,
        "labels": 3,
        "batches": 4,
        "manifest": f"{(tmp_path / 'in').as_uri()}/{MANIFEST}",
    }
    output = tmp_path / "out/Pets/manifests/output/output.manifest"
    output.parent.mkdir(parents=True)
    (tmp_path / "in" / MANIFEST).rename(output)
    arguments = ["load", str(tmp_path / "out"), str(tmp_path / "lake"), "--review-batches", f"Pets={tmp_path / 'in'}"]
    loaded = CliRunner().invoke(cli, [*arguments, "--json"])
    assert loaded.exit_code == 0
    assert json.loads(loaded.output)["rows"] == 8


@pytest.mark.parametrize("table", [b"image,label,confidence\nx,Dog,sure\n", None])
def test_the_command_says_what_is_wrong(tmp_path: Path, table: bytes | None) -> None:
    path = tmp_path / "labels.csv"
    if table is not None:
        path.write_bytes(table)
    done = CliRunner().invoke(cli, ["review-batches", str(path), str(tmp_path / "in")])
    assert done.exit_code == 2
    assert str(path) in done.output
    assert table is None or "line 2: confidence: not a number: 'sure'" in done.output
    assert not (tmp_path / "in").exists()
