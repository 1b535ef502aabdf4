"""A command that is killed between any two of its requests to S3 leaves the lake as it was, or as it was to be.

The server stops at the n-th request that would change the bucket, before it does so, and the process is killed there;
then the next one at the request after that, until one gets to its end. A reader queries the lake all the while.
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from werkzeug.wrappers import Request, Response

from ingest.lake import running
from ingest.lake.compact import compact
from ingest.lake.forget import Selection, forget
from ingest.lake.lake import Lake
from ingest.lake.vacuum import vacuum
from ingest.load.run import load
from ingest.storage.open import open_store
from tests.jobs import Row, current_rows, write_answers, write_job
from tests.s3_server import Proceed, S3Server, cut_off, is_write, open_door

Rows = dict[str, list[Row]]

PART_BYTES = 20_000
"""So little that a large answer is written in parts."""

SECONDS = 60


def run_command(environment: dict[str, str], words: list[str]) -> None:
    """Run a command of the loader in this process, which is a child."""
    os.environ.update(environment)
    import ingest.storage.s3
    from ingest.cli import cli

    ingest.storage.s3._PART_BYTES = PART_BYTES
    sys.stdout = sys.stderr
    cli(words)


class Killed:
    """The requests of one process, up to the one at which it is killed."""

    def __init__(self, last: int, prefix: str) -> None:
        self.writes: list[str] = []
        self.reached, self.dead = threading.Event(), threading.Event()
        self._last, self._prefix = last, prefix
        self._lock = threading.Lock()

    def door(self, request: Request, proceed: Proceed) -> Response:
        """Let everything through before that."""
        if not is_write(request) or self._prefix not in request.path + str(request.get_data()):
            return proceed()
        with self._lock:
            is_last = len(self.writes) >= self._last
            self.writes.append(f"{request.method} {' '.join(request.args)}".strip())
        if is_last:
            self.reached.set()
            self.dead.wait(SECONDS)
            return cut_off(request)
        return proceed()


@contextlib.contextmanager
def reader(seen: list[Rows], is_read: bool) -> Iterator[list[str]]:
    """Query the lake that stands last in the list, again and again; every new answer is noted."""
    lakes: list[str] = []
    is_over = threading.Event()
    failures: list[BaseException] = []
    store = functools.cache(open_store)

    def read() -> None:
        while not is_over.wait(0.2):
            try:
                if is_read and lakes:
                    rows = current_rows(store(lakes[-1]))
                    if rows not in seen:
                        seen.append(rows)
            except BaseException as error:
                failures.append(error)
                return

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield lakes
    finally:
        is_over.set()
        thread.join()
    assert failures == []


def copy(source: str, target: str) -> None:
    """Copy all objects of a prefix."""
    client = boto3.client("s3")
    for item in client.list_objects_v2(Bucket="example-bucket", Prefix=f"{source}/").get("Contents", []):
        key = target + item["Key"].removeprefix(source)
        client.copy_object(
            Bucket="example-bucket", Key=key, CopySource={"Bucket": "example-bucket", "Key": item["Key"]}
        )


def kill_at_each_write(
    s3: S3Server, lake: str, *words: str, is_read: bool = True
) -> tuple[list[str], list[Rows], list[str]]:
    """Kill a command at each write, on a copy of the lake each time.

    Returns:
        The lakes that are left, the last one by a command that was not killed; every state that a reader saw of any
        of them meanwhile; and what the writes were.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ingest.cli", "ingest.storage.s3", "tests.pipeline.test_s3_crashes"])
    environment = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    seen: list[Rows] = []
    lakes: list[str] = []
    with reader(seen, is_read) as read:
        for step in range(200):
            copied = f"{lake}-{step:03d}"
            copy(lake, copied)
            killed = Killed(step, copied)
            s3.door = killed.door
            lakes.append(f"s3://example-bucket/{copied}")
            read.append(lakes[-1])
            command = [lakes[-1] if word == "LAKE" else word for word in words]
            process = context.Process(target=run_command, args=(environment, command))
            process.start()
            while process.is_alive() and not killed.reached.wait(0.01):
                pass
            if not killed.reached.is_set():
                process.join()
                s3.door = open_door
                assert process.exitcode == 0
                return lakes, seen, killed.writes
            process.kill()
            process.join()
            killed.dead.set()
    raise AssertionError("the command has no end")


@pytest.fixture
def small_parts(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 1)


@pytest.fixture
def source(tmp_path: Path, small_parts: None) -> Path:
    source = tmp_path / "source"
    write_job(source, "Pets", {0: {"ann": "Cat", "ben": "Dog"}, 1: {"ann": "Dog", "ben": os.urandom(20_000).hex()}})
    write_job(source, "Birds", {0: {"cam": "Owl"}})
    return source


def test_a_first_load(s3: S3Server, bucket: str, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(str(source), str(tmp_path / "whole"))
    whole = current_rows(tmp_path / "whole")
    empty: Rows = {table: [] for table in whole}

    lakes, seen, writes = kill_at_each_write(s3, "lake", "load", str(source), "LAKE")

    assert {"POST uploads", "PUT partNumber uploadId", "POST uploadId", "PUT"} <= set(writes)
    assert len(lakes) > 20, "schemas, the tables' files and the ledger are each a step or more"
    states = [current_rows(open_store(lake)) for lake in lakes]
    assert states[-1] == whole
    assert all(state in (empty, whole) for state in states + seen)
    monkeypatch.setattr(running, "EXPIRES_AFTER_MINUTES", 0)
    for lake in lakes[::5]:
        load(str(source), lake)
        vacuum(Lake.open(lake), grace_hours=0)
        assert current_rows(open_store(lake)) == whole
        loads = {entry.path.rpartition("/")[2][:27] for entry in open_store(f"{lake}/raw").list()}
        assert len(loads - {"_schema.parquet", "_format.json"}) == 1, "what the dead load wrote is gone"


def test_a_later_load(s3: S3Server, bucket: str, source: Path, tmp_path: Path) -> None:
    load(str(source), f"{bucket}/lake")
    before = current_rows(open_store(f"{bucket}/lake"))
    write_answers(source / "Pets", 0, {"ann": "Dog", "ben": "Dog"})
    write_job(source, "Birds", {0: {"cam": "Owl"}, 1: {"dot": "Owl"}})
    load(str(source), str(tmp_path / "fresh"))
    after = current_rows(tmp_path / "fresh")

    lakes, seen, _ = kill_at_each_write(s3, "lake", "load", str(source), "LAKE")

    states = [current_rows(open_store(lake)) for lake in lakes]
    assert states == [before] * (len(lakes) - 2) + [after] * 2, "only the marker is deleted after the commit"
    assert before in seen
    assert all(state in (before, after) for state in seen)
    for lake in lakes[::3]:
        load(str(source), lake)
        assert current_rows(open_store(lake)) == after


@pytest.mark.parametrize("command", ["compact", "vacuum"])
def test_upkeep(s3: S3Server, bucket: str, source: Path, command: str) -> None:
    load(str(source), f"{bucket}/lake")
    write_job(source, "Birds", {0: {"cam": "Owl"}, 1: {"dot": "Owl"}})
    load(str(source), f"{bucket}/lake")
    lake = Lake.open(f"{bucket}/lake")
    words = [command, "LAKE"]
    if command == "vacuum":
        assert compact(lake).loads_rewritten == 2
        words += ["--grace-hours", "0"]
    rows = current_rows(lake)

    # Nobody may read while a vacuum without grace runs: it takes away what the reader has just seen.
    lakes, seen, writes = kill_at_each_write(s3, "lake", *words, is_read=command == "compact")

    assert writes == ["POST delete"] * 2 if command == "vacuum" else len(writes) > 5
    assert all(current_rows(open_store(lake)) == rows for lake in lakes)
    assert all(state == rows for state in seen)


def test_forgetting_a_worker(s3: S3Server, bucket: str, source: Path) -> None:
    load(str(source), f"{bucket}/lake")
    before = current_rows(open_store(f"{bucket}/lake"))
    worker = "private.us-east-1.ann"

    lakes, seen, _ = kill_at_each_write(s3, "lake", "forget", "LAKE", "--worker", worker)

    forget(Lake.open(f"{bucket}/lake"), Selection(workers=[worker]))
    after = current_rows(open_store(f"{bucket}/lake"))
    assert before != after
    states = [current_rows(open_store(lake)) for lake in lakes]
    assert states == [before] * (len(lakes) - 2) + [after] * 2
    assert all(state in (before, after) for state in seen)
