"""Keys of S3 are any text: none is lost, none stops a load."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest
from werkzeug.wrappers import Request, Response

from ingest.load.run import load
from ingest.storage.open import open_store
from ingest.storage.store import StoreError
from tests.jobs import answers_of, write_job
from tests.s3_server import Proceed, S3Server, cut_off, upload

KEYS = [
    "2026-01-02_03:05:00.json", "a b", " a", "a ", "a+b", "a%3Ab", "a%2Fb", "100%", "a#b", "a?b=c&d", "a=b;c,d@e!$()",
    "[{~*|^<>\"\\`'", "ü/é/e\u0301", "\u00a0", "emoji😀", "private use \uf03a", "a/ /b",
]  # fmt: skip
UNCLEAN_KEYS = ["a//b", "/a", "//", "a/../b", "a/./b", ".", "..", "a/..", "tab\tb", "bell\x07", "del\x7f", "z//"]


@pytest.mark.parametrize("prefix", ["", "/lake"], ids=["the bucket's root", "a prefix"])
@pytest.mark.parametrize("keys", [KEYS, KEYS + UNCLEAN_KEYS, ["a", "/a"]], ids=["clean", "unclean too", "slash first"])
def test_every_key_is_listed_and_read(bucket: str, keys: list[str], prefix: str) -> None:
    client = boto3.client("s3")
    for key in keys:
        client.put_object(Bucket="example-bucket", Key=f"{prefix}/{key}".lstrip("/") if prefix else key, Body=key)
    store = open_store(bucket + prefix)

    entries = list(store.list())

    assert sorted(entry.path for entry in entries) == sorted(keys)
    assert [entry.size_bytes for entry in entries] == [len(entry.path.encode()) for entry in entries]
    paths = [entry.path for entry in entries]
    assert list(store.read_many(paths)) == [path.encode() for path in paths]
    assert [b"".join(store.blocks(path)) for path in paths] == [path.encode() for path in paths]
    store.delete(paths)
    assert list(store.list()) == []


def test_entries_are_the_same_whoever_lists(s3: S3Server, bucket: str) -> None:
    store = open_store(bucket)
    for name in ("one", "two/three"):
        store.put_new(name, name.encode())
    clean = list(store.list())

    boto3.client("s3").put_object(Bucket="example-bucket", Key="unclean//key", Body=b"")

    assert [entry for entry in store.list() if "//" not in entry.path] == clean


def test_folder_objects_are_no_files(bucket: str) -> None:
    """The console makes an empty object, whose key ends in a slash, for each folder."""
    client = boto3.client("s3")
    for key in ("output/", "output/Pets/", "output/Pets/manifests/output/"):
        client.put_object(Bucket="example-bucket", Key=key)

    with pytest.raises(StoreError, match="no labeling job"):
        load(f"{bucket}/output", f"{bucket}/lake")


def test_a_list_goes_on_where_it_stopped(s3: S3Server, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unclean key on the third page, and a connection that breaks on the fifth: each key is listed once."""
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")
    monkeypatch.setattr("ingest.storage.s3._PAGE_KEYS", 10)
    client = boto3.client("s3")
    keys = [f"lake/{number:02d}" for number in range(60)] + ["lake/25//b"]
    for key in keys:
        client.put_object(Bucket="example-bucket", Key=key)
    lists = 0

    def door(request: Request, proceed: Proceed) -> Response:
        nonlocal lists
        lists += "list-type" in request.args
        return cut_off(request, proceed()) if lists == 5 else proceed()

    s3.door = door

    assert [f"lake/{entry.path}" for entry in open_store(f"{bucket}/lake").list()] == sorted(keys)
    assert lists > 7


TREE = [
    *(f"lake/a/{number}/{number}" for number in range(24)),
    *(f"lake/b-2/x/{number:02d}" for number in range(12)),
    *(f"lake/b/x/y/{number:02d}" for number in range(22)),
    *(f"lake/b/z/{number:02d}" for number in range(11)),
    *("lake/b/x/y", "lake/b/x/y.json", "lake/b.json", "lake/c", "lake/c/1", "lake/ü/1", "lake/~/1", "lake/%2F/#/1"),
    *("lake/b/x/y/", "lake/b/z/", "lake/c/"),  # as the console makes them
]


@pytest.mark.parametrize("unclean", [[], ["lake/b/x//1"], ["lake/b//x", "lake/ü/\t"]], ids=["clean", "late", "early"])
def test_folders_that_are_listed_side_by_side_are_listed_once_and_in_order(
    bucket: str, unclean: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")
    monkeypatch.setattr("ingest.storage.s3._PAGE_KEYS", 10)
    client = boto3.client("s3")
    for key in TREE + unclean:
        client.put_object(Bucket="example-bucket", Key=key, Body=b"" if key.endswith("/") else b"x")
    store = open_store(f"{bucket}/lake")

    def listed(folder: str = "") -> list[str]:
        return [entry.path.rstrip("/") for entry in store.list(folder)]  # boto3 keeps the slash of a folder's marker

    monkeypatch.setattr("ingest.storage.s3._LARGE_SUBFOLDERS", 0)
    one_by_one = listed()
    assert sorted(one_by_one) == sorted(key.removeprefix("lake/").rstrip("/") for key in TREE + unclean)
    for large in (1, 4, 1_000):
        monkeypatch.setattr("ingest.storage.s3._LARGE_SUBFOLDERS", large)
        assert listed() == one_by_one
        assert listed("b/x") == [path for path in one_by_one if path.startswith("b/x/")]


@pytest.mark.parametrize("place", ["/lake", "lake//", "a//b", "a/../b", "./a", "tab\t"])
def test_a_place_that_is_no_folder_is_refused(bucket: str, place: str) -> None:
    with pytest.raises(StoreError, match=r"a folder's name is empty, \. or \.\., or has a control character"):
        open_store(f"{bucket}/{place}")


def test_jobs_below_unclean_folders_are_loaded(bucket: str, tmp_path: Path) -> None:
    write_job(tmp_path, "Pets", {0: {"ann": "Cat"}})
    for folder in ("/", "a//b", "..", "100%/ü #?+ %3A \uf03a"):
        upload(tmp_path / "Pets", f"{bucket}/output/{folder}/Pets{len(folder)}")

    summary = load(f"{bucket}/output", f"{bucket}/lake")

    assert (summary.files_loaded, summary.files_rejected) == (8, 0)
    assert len(answers_of(open_store(f"{bucket}/lake"))) == 4
    assert load(f"{bucket}/output", f"{bucket}/lake").load_id is None
