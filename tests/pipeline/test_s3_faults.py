"""What S3 refuses, breaks off or puts off: what passes is tried again, the rest is one line that says what to do."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest
from click.testing import CliRunner, Result
from werkzeug.wrappers import Request, Response

from ingest.cli import cli
from ingest.lake.lake import Lake
from ingest.lake.status import status
from ingest.load.run import load
from ingest.storage.open import open_store
from ingest.storage.s3 import _in_order
from ingest.storage.store import Store, StoreError
from tests.jobs import answers_of, current_rows, write_job
from tests.s3_server import Door, Proceed, S3Server, cut_off, is_write, open_door, refusal, upload

Matches = Callable[[Request], bool]


def always(matches: Matches, *answer: str | int) -> Door:
    """A door that refuses some requests."""
    return lambda request, proceed: refusal(*answer) if matches(request) else proceed()  # type: ignore[arg-type]


def is_object(request: Request) -> bool:
    return request.path.count("/") > 1


def is_list(request: Request) -> bool:
    return "list-type" in request.args


def is_get(request: Request) -> bool:
    return request.method == "GET" and is_object(request)


def is_put(request: Request) -> bool:
    return is_write(request) and is_object(request)


def refused(status: int, code: str) -> Door:
    return lambda request, proceed: refusal(status, code, "Once")


def broken_off(request: Request, proceed: Proceed) -> Response:
    return cut_off(request)


def broken_off_in_the_body(request: Request, proceed: Proceed) -> Response:
    return cut_off(request, proceed())


def answer_lost(request: Request, proceed: Proceed) -> Response:
    proceed()
    return cut_off(request)


def answer_spoilt(request: Request, proceed: Proceed) -> Response:
    proceed()
    return refusal(500, "InternalError", "We encountered an internal error. Please try again.")


FAULTS = {
    "SlowDown": refused(503, "SlowDown"),
    "429": refused(429, "TooManyRequests"),
    "500": refused(500, "InternalError"),
    "broken off": broken_off,
    "broken off in the body": broken_off_in_the_body,
}
LARGE = os.urandom(9 * 2**20)
ACTIONS: dict[str, Callable[[Store], object]] = {
    "read": lambda store: store.read("small") == b"small" or pytest.fail("other bytes"),
    "blocks": lambda store: b"".join(store.blocks("large")) == LARGE or pytest.fail("other bytes"),
    "list": lambda store: [entry.path for entry in store.list()] == ["large", "small"] or pytest.fail("lost"),
    "create": lambda store: write(store, "new"),
    "put_new": lambda store: store.put_new("new", LARGE),
    "delete": lambda store: store.delete(["small"]),
}


def write(store: Store, path: str) -> None:
    with store.create(path) as file:
        file.write(LARGE)


@pytest.fixture
def store(bucket: str) -> Store:
    store = open_store(f"{bucket}/lake")
    store.put_new("small", b"small")
    store.put_new("large", LARGE)
    return store


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("action", ACTIONS)
def test_what_passes_is_tried_again(s3: S3Server, store: Store, action: str, fault: str) -> None:
    """Each request fails once."""
    failed = set()

    def door(request: Request, proceed: Proceed) -> Response:
        kind = (request.method, request.path, *request.args, request.args.get("partNumber"))
        if kind in failed:
            return proceed()
        failed.add(kind)
        return FAULTS[fault](request, proceed)

    s3.door = door

    ACTIONS[action](store)

    assert failed
    if action in {"create", "put_new"}:
        assert store.read("new") == LARGE


@pytest.mark.parametrize("fault", [answer_lost, answer_spoilt, refused(409, "ConditionalRequestConflict")])
def test_a_commit_is_certain(s3: S3Server, store: Store, fault: Door) -> None:
    """The answer to the put is lost, or another request was in its way: then it is there, once, and no error."""
    faults = iter([fault])

    def door(request: Request, proceed: Proceed) -> Response:
        return next(faults, open_door)(request, proceed) if request.method == "PUT" else proceed()

    s3.door = door

    store.put_new("raw/source_files/load.parquet", b"ledger")

    assert store.read("raw/source_files/load.parquet") == b"ledger"


def test_a_commit_whose_answers_are_all_lost_is_no_failure(s3: S3Server, bucket: str, tmp_path: Path) -> None:
    write_job(tmp_path, "Pets", {0: {"ann": "Cat"}})

    def door(request: Request, proceed: Proceed) -> Response:
        is_commit = request.method == "PUT" and "/raw/source_files/2" in request.path
        return answer_spoilt(request, proceed) if is_commit else proceed()

    s3.door = door

    done = run("load", str(tmp_path), f"{bucket}/lake")

    assert done.exit_code == 0, done.output
    assert len(list(open_store(f"{bucket}/lake/raw/source_files").list())) == 2, "the schema and one commit"


def test_a_commit_that_stays_unknown_says_so(s3: S3Server, store: Store) -> None:
    s3.door = broken_off

    with pytest.raises(StoreError, match="it is unknown whether this was written: run the command again"):
        store.put_new("raw/source_files/load.parquet", b"ledger")

    s3.door = open_door
    store.put_new("raw/source_files/load.parquet", b"ledger")


@pytest.mark.parametrize("step", ["uploads", "partNumber", "uploadId"], ids=["create", "part", "complete"])
def test_an_upload_in_parts_that_fails_is_taken_back(s3: S3Server, store: Store, step: str) -> None:
    def door(request: Request, proceed: Proceed) -> Response:
        is_step = step in request.args and (step != "uploadId" or request.method == "POST")
        return refusal(403, "AccessDenied", "Access Denied") if is_step else proceed()

    s3.door = door

    with pytest.raises(OSError, match="AccessDenied"):
        write(store, "new")

    s3.door = open_door
    assert boto3.client("s3").list_multipart_uploads(Bucket="example-bucket").get("Uploads", []) == []
    assert [entry.path for entry in store.list()] == ["large", "small"]


def test_a_file_that_is_replaced_while_it_is_read_is_not_mixed(s3: S3Server, store: Store) -> None:
    blocks = store.blocks("large")
    next(blocks)
    boto3.client("s3").put_object(Bucket="example-bucket", Key="lake/large", Body=LARGE[::-1])

    with pytest.raises(OSError, match="the object was replaced during the read") as error:
        list(blocks)

    assert not isinstance(error.value, StoreError), "it is of this file alone"


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, words)


def elsewhere(request: Request, proceed: Proceed) -> Response:
    """The endpoint is none of the bucket's region."""
    message = "The bucket you are attempting to access must be addressed using the specified endpoint."
    return refusal(301, "PermanentRedirect", message, x_amz_bucket_region="eu-central-1")


ACCESS_DENIED = (403, "AccessDenied", "Access Denied")
KMS_DENIED = (
    403,
    "AccessDenied",
    "User: arn:aws:sts::111122223333:assumed-role/loader/i is not authorized to perform: kms:GenerateDataKey on "
    "resource: arn:aws:kms:eu-west-1:111122223333:key/example because no identity-based policy allows it",
)
EXPIRED = (400, "ExpiredToken", "The provided token has expired.")
MALFORMED = (400, "AuthorizationHeaderMalformed", "the region 'us-east-1' is wrong; expecting 'eu-central-1'")
SLOW_DOWN = (503, "SlowDown", "Please reduce your request rate.")


@pytest.mark.parametrize(
    ("door", "says"),
    [
        (always(is_list, *ACCESS_DENIED), "AccessDenied: Access Denied (the credentials need s3:ListBucket)"),
        (
            always(is_put, *ACCESS_DENIED),
            "AccessDenied: Access Denied (the credentials need s3:PutObject, and kms:GenerateDataKey",
        ),
        (always(is_put, *KMS_DENIED), "not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms"),
        (always(bool, *EXPIRED), "ExpiredToken: The provided token has expired. (renew the credentials and run this"),
        (always(bool, *MALFORMED), "(the bucket is in another region: set AWS_REGION to it)"),
        (elsewhere, "(the bucket is in another region: set AWS_REGION to it)"),
        (
            always(bool, 404, "NoSuchBucket", "The specified bucket does not exist"),
            "(check the bucket's name, and the endpoint",
        ),
        (always(bool, 403, "InvalidAccessKeyId", "No such key id"), "(check the credentials: environment, profile or"),
        (always(bool, 403, "SignatureDoesNotMatch", "Check your key"), "(check the credentials: environment, profile"),
        (always(bool, 403, "RequestTimeTooSkewed", "Too large a difference"), "(set this machine's clock)"),
        (always(is_list, *SLOW_DOWN), "SlowDown: Please reduce your request rate. after 3 retries (S3 asks for fewer"),
        (always(is_get, *SLOW_DOWN), "SlowDown: Please reduce your request rate. after 3 retries (S3 asks for fewer"),
    ],
    ids=[
        *("no list", "no put", "no KMS", "expired", "malformed", "redirect", "no bucket", "no key id", "signature"),
        *("clock", "list throttled", "reading throttled"),
    ],
)
def test_what_no_load_can_do_is_one_line(s3: S3Server, bucket: str, tmp_path: Path, door: Door, says: str) -> None:
    write_job(tmp_path, "Pets", {0: {"ann": "Cat"}})
    upload(tmp_path, f"{bucket}/output")
    s3.door = door

    done = run("load", f"{bucket}/output", f"{bucket}/lake")

    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: {bucket}/")
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    s3.door = open_door
    assert not any(current_rows(open_store(f"{bucket}/lake")).values())


@pytest.mark.parametrize(
    "words",
    [
        ["load", "LAKE", "s3://example-bucket/other"],
        ["load", "s3://example-bucket/other", "LAKE"],
        *(["status", "LAKE"], ["compact", "LAKE"], ["vacuum", "LAKE"], ["forget", "LAKE", "--job", "Pets"]),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_every_command_says_what_is_wrong(bucket: str, words: list[str]) -> None:
    done = run(*("s3://no-such-bucket/lake" if word == "LAKE" else word for word in words))

    assert done.exit_code == 2
    assert done.stderr == (
        "error: s3://no-such-bucket/lake"
        + ("/raw/_format.json" if (words[1] == "LAKE" and words[0] != "load") or words[-1] == "LAKE" else "")
        + ": NoSuchBucket: The specified bucket does not exist"
        " (check the bucket's name, and the endpoint if you set one)\n"
    )


def test_what_may_not_be_deleted_is_said(s3: S3Server, store: Store) -> None:
    body = "<Error><Key>lake/small</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
    s3.door = lambda request, proceed: Response(f"<DeleteResult>{body}</DeleteResult>", 200)

    with pytest.raises(OSError, match=r"AccessDenied: lake/small: Access Denied \(the credentials need s3:DeleteObj"):
        store.delete(["small", "large"])


def test_one_file_that_may_not_be_read_is_recorded(s3: S3Server, bucket: str, tmp_path: Path) -> None:
    write_job(tmp_path, "Pets", {0: {"ann": "Cat"}, 1: {"ann": "Dog"}})
    upload(tmp_path, f"{bucket}/output")
    s3.door = always(lambda request: is_get(request) and "/iteration-1/1/" in request.path, *ACCESS_DENIED)

    done = run("load", f"{bucket}/output", f"{bucket}/lake")

    assert done.exit_code == 1
    lake = open_store(f"{bucket}/lake")
    ((uri, error),) = status(Lake(lake)).errors
    assert uri.startswith(f"{bucket}/output/Pets/annotations/worker-response/iteration-1/1/")
    assert error.startswith(f"cannot be read: {uri}: AccessDenied: Access Denied (the credentials need s3:GetObject")
    assert len(answers_of(lake)) == 1
    s3.door = open_door
    assert run("load", f"{bucket}/output", f"{bucket}/lake").exit_code == 0
    assert status(Lake(lake)).errors == []
    assert len(answers_of(lake)) == 2


@pytest.mark.parametrize(
    ("page_keys", "flat", "listed"),
    [(1_000, ("source/", "source/Pets/"), 0), (4, ("source/Pets/",), 2)],
    ids=["at once", "midway"],
)
def test_a_prefix_that_may_not_be_listed_costs_itself(
    page_keys: int,
    flat: tuple[str, ...],
    listed: int,
    s3: S3Server,
    bucket: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is recorded with its path until it can be listed; what the list gave before its error is there once."""
    monkeypatch.setattr("ingest.storage.s3._PAGE_KEYS", page_keys)
    for job, classes in (("Birds", {0: {"ann": "Owl"}}), ("Pets", {n: {"ann": "Cat"} for n in range(6)})):
        write_job(tmp_path / "source", job, classes)
    write_job(tmp_path / "source", "Wolves", {0: {"ann": "Wolf"}})
    upload(tmp_path / "source", f"{bucket}/source")
    denied = "source/Pets/annotations/"

    def door(request: Request, proceed: Proceed) -> Response:
        prefix = request.args.get("prefix", "")
        is_denied = prefix.startswith(denied) or (prefix in flat and not request.args.get("delimiter"))
        return refusal(*ACCESS_DENIED) if is_list(request) and is_denied else proceed()

    s3.door = door
    done = CliRunner().invoke(cli, ["load", f"{bucket}/source", f"{bucket}/lake"])

    assert done.exit_code == 1, done.output
    uri = f"{bucket}/source/Pets/annotations"
    reason = f"cannot be listed: {uri}: AccessDenied: Access Denied (the credentials need s3:ListBucket)"
    lake = Lake.open(f"{bucket}/lake")
    assert status(lake).errors == [(uri, reason)]
    assert [job for job, *_ in answers_of(lake)] == ["Birds", *["Pets"] * listed, "Wolves"]
    assert len(current_rows(lake)["data_objects"]) == 8

    s3.door = open_door
    assert load(f"{bucket}/source", f"{bucket}/lake").files_loaded == 6 - listed
    assert len(answers_of(lake)) == 8
    assert not status(lake).errors


@pytest.mark.parametrize("answer", [EXPIRED, (403, "InvalidAccessKeyId", "It was deleted"), SLOW_DOWN])
def test_credentials_that_end_half_way_end_the_load(
    s3: S3Server, bucket: str, tmp_path: Path, answer: tuple[int, str, str]
) -> None:
    """What is true of every file is no fault of the files: none is recorded as refused, and nothing is committed."""
    write_job(tmp_path, "Pets", {number: {"ann": "Cat"} for number in range(20)})
    upload(tmp_path, f"{bucket}/output")
    count = 0

    def door(request: Request, proceed: Proceed) -> Response:
        nonlocal count
        count += is_get(request) and "/output/" in request.path
        return refusal(*answer) if count > 10 and "/output/" in request.path else proceed()

    s3.door = door

    done = run("load", f"{bucket}/output", f"{bucket}/lake")

    assert done.exit_code == 2
    assert answer[1] in done.stderr
    s3.door = open_door
    assert run("status", f"{bucket}/lake").exit_code == 2, "nothing is committed"
    assert load(f"{bucket}/output", f"{bucket}/lake").files_loaded == 21


def test_readers_are_so_far_ahead_and_no_further() -> None:
    """And what waits is not begun when nobody takes it any more."""
    goes_on = threading.Event()
    taken, begun = [], []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    def work(number: int) -> None:
        begun.append(number)
        if number:
            goes_on.wait()

    with ThreadPoolExecutor(1) as thread:
        results = _in_order(thread, work, items(), ahead=20)
        next(results)
        threading.Timer(0.1, goes_on.set).start()
        results.close()

    assert len(taken) == 21
    assert len(begun) <= 2


def test_reading_begins_with_the_call(s3: S3Server, store: Store) -> None:
    """So the files of a next chunk can be under way while those of this one are parsed."""
    is_asked = threading.Event()

    def door(request: Request, proceed: Proceed) -> Response:
        is_asked.set()
        return proceed()

    s3.door = door

    with contextlib.closing(store.read_many(["small"])) as contents:
        assert is_asked.wait(10)
        assert list(contents) == [b"small"]


def test_reading_that_is_given_up_before_it_is_used_asks_for_no_more(s3: S3Server, store: Store) -> None:
    goes_on = threading.Event()

    def door(request: Request, proceed: Proceed) -> Response:
        goes_on.wait(10)
        return proceed()

    s3.door = door
    with s3.watched() as requests:
        store.read_many(["small"] * 1_000).close()
        goes_on.set()
        s3.door = open_door
        assert store.read("small") == b"small"

    assert len(requests) < 500, "the requests that were under way"


def test_an_endpoint_that_nobody_serves_is_said(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")

    done = run("status", f"{bucket}/lake")

    assert done.exit_code == 2
    assert (
        done.stderr
        == f'error: {bucket}/lake: Could not connect to the endpoint URL: "http://127.0.0.1:1/example-bucket"\n'
    )


def test_missing_credentials_are_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))

    done = run("load", "s3://example-bucket/x", str(tmp_path / "lake"))

    assert done.exit_code == 2
    assert "no AWS credentials found" in done.stderr
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert "The config profile (nobody) could not be found" in run("status", "s3://example-bucket/x").stderr
