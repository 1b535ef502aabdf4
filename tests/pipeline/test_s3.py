"""The loader on S3: the same lake as on a folder, against moto's server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from click.testing import CliRunner
from moto.server import ThreadedMotoServer

from ingest.cli import cli
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


@pytest.mark.parametrize("command", [["load", "s3://no-such-bucket/x", "LAKE"], ["status", "s3://no-such-bucket/x"]])
def test_a_bucket_that_is_not_there_is_one_line(bucket: str, command: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, [str(tmp_path / "lake") if word == "LAKE" else word for word in command])

    assert done.exit_code == 2
    assert done.stderr.startswith("error: s3://no-such-bucket/x")
    assert "NoSuchBucket" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_missing_credentials_are_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))

    done = CliRunner().invoke(cli, ["load", "s3://example-bucket/x", str(tmp_path / "lake")])

    assert done.exit_code == 2
    assert "no AWS credentials found" in done.stderr
