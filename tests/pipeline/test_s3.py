"""The loader on S3: the same lake as on a folder, against moto's server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from ingest.load import load
from ingest.storage import open_store
from ingest.upkeep import Selection, compact, forget, status, vacuum
from tests.pipeline.jobs import current_rows, write_answers, write_job

BUCKET = "example-bucket"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "example")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    bucket = boto3.resource("s3").Bucket(BUCKET)
    bucket.create()
    yield f"s3://{BUCKET}"
    bucket.objects.delete()
    bucket.delete()


def upload(folder: Path, prefix: str) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            boto3.client("s3").upload_file(str(path), BUCKET, f"{prefix}/{path.relative_to(folder)}")


def test_a_lake_on_s3_is_the_lake_of_a_folder(bucket: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    job = write_job(source, "Pets", {0: {"ann": "Cat", "ben": "Dog"}, 1: {"ann": "Hund ünd Katz"}})
    write_answers(job, 2, {"ann": "Cat"}).write_text("{")
    load(str(source), str(tmp_path / "lake"))
    upload(source, "output")

    summary = load(f"{bucket}/output", f"{bucket}/lake")

    lake = open_store(f"{bucket}/lake")
    assert (summary.files_loaded, summary.files_rejected) == (3, 1)
    assert current_rows(lake) == current_rows(tmp_path / "lake")
    assert load(f"{bucket}/output", f"{bucket}/lake").load_id is None
    assert status(lake).errors[0][0].startswith(f"{bucket}/output/Pets/annotations/worker-response/iteration-1/2/")


def test_changes_compact_vacuum_and_forget_on_s3(bucket: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    job = write_job(source, "Pets", {0: {"ann": "Cat"}, 1: {"ann": "Dog"}})
    upload(source, "output")
    load(f"{bucket}/output", f"{bucket}/lake")
    write_answers(job, 1, {"ann": "Dog", "ben": "Dog"})
    upload(source, "output")
    assert load(f"{bucket}/output", f"{bucket}/lake").files_loaded >= 1
    lake = open_store(f"{bucket}/lake")
    before = current_rows(lake)
    assert len(before["worker_answers"]) == 3

    assert compact(lake) == 2
    files, size = vacuum(lake, grace_hours=0)

    assert files > 2
    assert size > 0
    assert current_rows(lake) == before
    assert forget(lake, Selection(jobs=["Pets"])).files == 3
    assert not any(current_rows(lake).values())


def test_a_ledger_file_is_never_overwritten(bucket: str) -> None:
    store = open_store(f"{bucket}/lake")
    store.put_new("raw/source_files/one.parquet", b"first")

    with pytest.raises(FileExistsError):
        store.put_new("raw/source_files/one.parquet", b"second")

    assert store.read("raw/source_files/one.parquet") == b"first"


def test_an_upload_that_fails_leaves_no_object(bucket: str) -> None:
    store = open_store(f"{bucket}/lake")

    def write_and_fail() -> None:
        with store.create("raw/frames/one.parquet") as file:
            file.write(b"x" * 20_000_000)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        write_and_fail()

    assert list(store.list()) == []
