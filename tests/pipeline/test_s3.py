"""The loader on S3: the same lake as on a folder, wherever the bucket is and however it is encrypted."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from click.testing import CliRunner
from obstore.auth.boto3 import Boto3CredentialProvider
from werkzeug.wrappers import Request, Response

from ingest.cli import cli
from ingest.lake.compact import compact
from ingest.lake.forget import Selection, forget
from ingest.lake.lake import Lake
from ingest.lake.status import status
from ingest.lake.vacuum import vacuum
from ingest.load.plan import Options
from ingest.load.run import load
from ingest.storage.open import open_store
from ingest.storage.s3 import S3Store
from ingest.storage.store import Encryption, S3Options, StoreError
from tests.jobs import current_rows, write_answers, write_job
from tests.s3_server import Proceed, S3Server, refusal, upload

ROOT = Path(__file__).parents[2]
KEY = "arn:aws:kms:eu-west-1:111122223333:key/example"


def test_a_lake_on_s3_is_the_lake_of_a_folder(bucket: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    job = write_job(source, "Pets", {0: {"ann": "Cat", "ben": "Dog"}, 1: {"ann": "Hund ünd Katz"}})
    write_answers(job, 2, {"ann": "Cat"}).write_text("{")
    load(str(source), str(tmp_path / "lake"))
    upload(source, f"{bucket}/output")

    summary = load(f"{bucket}/output", f"{bucket}/lake")

    lake = open_store(f"{bucket}/lake")
    assert (summary.files_loaded, summary.files_rejected) == (3, 1)
    assert current_rows(lake) == current_rows(tmp_path / "lake")
    assert load(f"{bucket}/output", f"{bucket}/lake").load_id is None
    assert (
        status(Lake(lake)).errors[0][0].startswith(f"{bucket}/output/Pets/annotations/worker-response/iteration-1/2/")
    )


def test_review_batches_on_s3(bucket: str, tmp_path: Path) -> None:
    """Made from a table there and read from there; what is there is not overwritten."""
    write_job(tmp_path / "source", "Pets", {0: {"ann": "Cat"}})
    (tmp_path / "in").mkdir()
    (tmp_path / "in/labels.csv").write_text("label,confidence,image\nCat,97.5,s3://b/1.jpg\nDog,81,s3://b/2.jpg\n")
    upload(tmp_path / "in", f"{bucket}/tables")
    arguments = ["review-batches", f"{bucket}/tables/labels.csv", f"{bucket}/batches"]

    made = CliRunner().invoke(cli, arguments)
    again = CliRunner().invoke(cli, arguments)

    assert (made.exit_code, again.exit_code) == (0, 2), made.output
    assert "is not empty" in again.output
    manifest = open_store(f"{bucket}/batches").read("manifest.jsonl").decode()
    assert manifest == "".join(f'{{"source-ref":"{bucket}/batches/{name}-00001.json"}}\n' for name in ("cat", "dog"))
    options = Options(review_batches={"Pets": f"{bucket}/batches"})
    load(str(tmp_path / "source"), f"{bucket}/lake", options)
    items = current_rows(open_store(f"{bucket}/lake"))["review_items"]
    assert len(items) == 2
    assert load(str(tmp_path / "source"), f"{bucket}/lake", options).load_id is None


def test_changes_compact_vacuum_and_forget_on_s3(bucket: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    job = write_job(source, "Pets", {0: {"ann": "Cat"}, 1: {"ann": "Dog"}})
    upload(source, f"{bucket}/output")
    load(f"{bucket}/output", f"{bucket}/lake")
    write_answers(job, 1, {"ann": "Dog", "ben": "Dog"})
    upload(source, f"{bucket}/output")
    assert load(f"{bucket}/output", f"{bucket}/lake").files_loaded >= 1
    lake = open_store(f"{bucket}/lake")
    before = current_rows(lake)
    assert len(before["worker_answers"]) == 3

    assert compact(Lake(lake)).loads_rewritten == 2
    files, size, _ = vacuum(Lake(lake), grace_hours=0)

    assert files > 2
    assert size > 0
    assert current_rows(lake) == before
    assert forget(Lake(lake), Selection(jobs=["Pets"])).files == 3
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


def region_of(request: Request) -> str:
    """Region that a request is signed for."""
    found = re.search(r"Credential=\w+/\d+/([\w-]+)/s3/", request.headers["Authorization"])
    assert found
    return found[1]


def test_credentials_region_and_endpoint_of_a_profile(
    s3: S3Server, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    (tmp_path / "config").write_text(f"[profile lab]\nregion = eu-west-1\nendpoint_url = {s3.endpoint}\n")
    (tmp_path / "credentials").write_text("[lab]\naws_access_key_id = LAB\naws_secret_access_key = example\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "lab")
    s3.door = without_region

    with s3.watched() as requests:
        open_store(bucket).put_new("one", b"1")

    assert requests[-1].method == "PUT"
    assert region_of(requests[-1]) == "eu-west-1"
    assert "Credential=LAB/" in requests[-1].headers["Authorization"]


def without_region(request: Request, proceed: Proceed) -> Response:
    """S3 as others make it: it does not say where a bucket is."""
    response = proceed()
    response.headers.pop("x-amz-bucket-region", None)
    return response


@pytest.mark.parametrize(
    ("environment", "region"),
    [
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_REGION": "eu-west-2"}, "eu-west-2"),
        ({"AWS_REGION": "eu-west-2", "AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-2"),
    ],
)
def test_region_of_the_environment(
    s3: S3Server, bucket: str, environment: dict[str, str], region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    s3.door = without_region

    with s3.watched() as requests:
        assert list(open_store(bucket).list()) == []

    assert {region_of(request) for request in requests} == {region}


@pytest.mark.parametrize("status", [301, 400])
def test_a_bucket_in_another_region_is_found(s3: S3Server, bucket: str, tmp_path: Path, status: int) -> None:
    write_job(tmp_path, "Pets", {0: {"ann": "Cat"}})
    upload(tmp_path, f"{bucket}/output")

    def door(request: Request, proceed: Proceed) -> Response:
        if region_of(request) != "eu-central-1":
            return refusal(status, "PermanentRedirect", "elsewhere", x_amz_bucket_region="eu-central-1")
        response = proceed()
        response.headers["x-amz-bucket-region"] = "eu-central-1"
        return response

    s3.door = door
    with s3.watched() as requests:
        assert load(f"{bucket}/output", f"{bucket}/lake").files_loaded == 2

    assert {request.method for request in requests if region_of(request) != "eu-central-1"} == {"HEAD"}


def test_the_endpoint_that_is_given_comes_first(s3: S3Server, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    open_store(bucket).put_new("one", b"1")
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    assert open_store(bucket, S3Options(endpoint_url=s3.endpoint)).read("one") == b"1"

    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3.endpoint)
    assert open_store(bucket).read("one") == b"1"


def test_credentials_are_renewed_in_time(bucket: str) -> None:
    """Those of a role may end ten minutes after boto3 gave them out, and must not be kept for longer."""
    store = open_store(bucket)
    assert isinstance(store, S3Store)
    provider = store._bucket.credential_provider
    assert isinstance(provider, Boto3CredentialProvider)
    kept_until = provider()["expires_at"]
    assert kept_until is not None
    assert kept_until - datetime.now(UTC) <= timedelta(minutes=10)


@pytest.mark.parametrize(
    ("options", "headers"),
    [
        (S3Options(), {}),
        (S3Options(encryption=Encryption.S3_KEYS), {"": "AES256"}),
        (S3Options(encryption=Encryption.KMS, kms_key_id=KEY), {"": "aws:kms", "-aws-kms-key-id": KEY}),
        (
            S3Options(encryption=Encryption.KMS, kms_key_id=KEY, bucket_key=True),
            {"": "aws:kms", "-aws-kms-key-id": KEY, "-bucket-key-enabled": "true"},
        ),
        (
            S3Options(encryption=Encryption.KMS_TWO_LAYERS, kms_key_id=KEY),
            {"": "aws:kms:dsse", "-aws-kms-key-id": KEY},
        ),
    ],
    ids=["bucket default", "S3 keys", "KMS", "KMS bucket key", "DSSE"],
)
def test_everything_written_is_encrypted_as_asked(
    s3: S3Server, bucket: str, options: S3Options, headers: dict[str, str]
) -> None:
    store = open_store(f"{bucket}/lake", options)

    with s3.watched() as requests:
        store.put_new("raw/source_files/ledger.parquet", b"ledger")
        with store.create("raw/frames/small.parquet") as file:
            file.write(b"small")
        with store.create("raw/frames/large.parquet") as file:
            file.write(b"x" * 9 * 2**20)
        store.read("raw/frames/small.parquet")
        list(store.list())
        store.delete(["raw/frames/small.parquet"])

    expected = {f"x-amz-server-side-encryption{name}": value for name, value in headers.items()}
    objects = [request for request in requests if request.path.endswith(".parquet")]
    begun = [request for request in objects if request.method == "PUT" and "uploadId" not in request.args]
    begun += [request for request in objects if request.method == "POST" and "uploads" in request.args]
    assert len(begun) == 3
    assert sum("partNumber" in request.args for request in objects) == 2
    for request in requests:
        found = {name.lower(): value for name, value in request.headers.items() if "encryption" in name.lower()}
        assert found == (expected if request in begun else {})


def test_the_requester_pays_for_every_request(s3: S3Server, bucket: str) -> None:
    store = open_store(f"{bucket}/lake", S3Options(requester_pays=True))

    with s3.watched() as requests:
        store.put_new("one", b"1")
        with store.create("large") as file:
            file.write(b"x" * 9 * 2**20)
        assert sum(len(block) for block in store.blocks("large")) == 9 * 2**20
        boto3.client("s3").put_object(Bucket="example-bucket", Key="lake//odd", Body=b"odd", RequestPayer="requester")
        assert {entry.path: store.read(entry.path) for entry in store.list()}["/odd"] == b"odd"
        store.delete(["one", "/odd"])

    assert len(requests) > 10
    assert all(request.headers.get("x-amz-request-payer") == "requester" for request in requests)


def test_options_reach_worker_processes(s3: S3Server, bucket: str, tmp_path: Path) -> None:
    write_job(tmp_path, "Pets", {number: {"ann": "Cat"} for number in range(5)})
    upload(tmp_path, f"{bucket}/output")
    options = S3Options(encryption=Encryption.S3_KEYS, requester_pays=True, endpoint_url=s3.endpoint)

    with s3.watched() as requests, pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.load.plan._CHUNK_FILES", 3)
        patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        load(f"{bucket}/output", f"{bucket}/lake", Options(processes=2, s3=options))

    of_answers = [request for request in requests if "/raw/worker_answers/2" in request.path]
    assert [request.method for request in of_answers] == ["PUT", "PUT", "HEAD", "HEAD"], "before the commit"
    assert {request.headers["x-amz-server-side-encryption"] for request in of_answers[:2]} == {"AES256"}
    reads = [request for request in requests if "/output/" in request.path]
    assert len(reads) == 6
    assert {request.headers["x-amz-request-payer"] for request in reads} == {"requester"}


@pytest.mark.parametrize(
    ("command", "way"),
    [*((command, "options") for command in ("load", "status", "compact", "vacuum", "forget")), ("load", "environment")],
)
def test_options_of_the_commands(
    s3: S3Server, bucket: str, tmp_path: Path, command: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_job(tmp_path, "Pets", {0: {"ann": "Cat"}})
    write_job(tmp_path / "more", "Owls", {0: {"ann": "Owl"}})
    load(str(tmp_path / "more"), f"{bucket}/lake")
    load(str(tmp_path / "Pets"), f"{bucket}/lake")
    write_job(tmp_path / "new", "Dogs", {0: {"ann": "Dog"}})
    words = {
        "load": [str(tmp_path), f"{bucket}/lake"],
        "vacuum": [f"{bucket}/lake", "--grace-hours", "0"],
        "forget": [f"{bucket}/lake", "--job", "Pets"],
    }.get(command, [f"{bucket}/lake"])
    settings = {"endpoint-url": s3.endpoint, "encryption": "aws:kms", "kms-key-id": KEY}
    flags = ["bucket-key", "requester-pays"]
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    if way == "options":
        words += [f"--s3-{name}={value}" for name, value in settings.items()] + [f"--s3-{name}" for name in flags]
    else:
        for name, value in (settings | dict.fromkeys(flags, "1")).items():
            monkeypatch.setenv(f"GT_S3_{name.replace('-', '_').upper()}", value)
    if command == "vacuum":
        compact(Lake.open(f"{bucket}/lake", S3Options(endpoint_url=s3.endpoint)))

    with s3.watched() as requests:
        done = CliRunner().invoke(cli, [command, *words])

    assert done.exit_code == 0, done.output
    writes = [request for request in requests if request.method == "PUT"]
    assert bool(writes) == (command in {"load", "compact", "forget"})
    for request in writes:
        assert request.headers["x-amz-server-side-encryption-aws-kms-key-id"] == KEY
        assert request.headers["x-amz-server-side-encryption-bucket-key-enabled"] == "true"
    assert all(request.headers.get("x-amz-request-payer") for request in requests if request.method != "HEAD")


@pytest.mark.parametrize(
    "words",
    [["--s3-kms-key-id", KEY], ["--s3-encryption", "AES256", "--s3-kms-key-id", KEY], ["--s3-bucket-key"]],
    ids=["key alone", "key of S3's own encryption", "bucket key alone"],
)
def test_options_that_contradict_each_other(words: list[str]) -> None:
    done = CliRunner().invoke(cli, ["status", "s3://example-bucket/lake", *words])

    assert done.exit_code == 2
    assert "needs the encryption" in done.stderr


def test_nothing_of_s3_is_imported_where_it_is_not_used(tmp_path: Path) -> None:
    """boto3 takes longer to import than most loads of a folder."""
    script = (
        "import sys; from ingest.cli import cli; cli(sys.argv[1:], standalone_mode=False); "
        "assert not {'boto3', 'obstore', 'moto'} & set(sys.modules)"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-c", script, "sample", str(tmp_path / "output"), "--objects", "10"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_full_disk_of_this_machine_is_named(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(f"{bucket}/lake")
    monkeypatch.setattr("tempfile.TemporaryFile", lambda: Path("/dev/full").open("w+b"))  # noqa: SIM115
    place = re.escape(f"{tempfile.gettempdir()}, for {bucket}/lake/raw/x.parquet")
    with pytest.raises(StoreError, match=f"No space left on device: '{place}'"), store.create("raw/x.parquet") as file:
        file.write(b"x")
    assert [*store.list()] == []
