"""Athena on this machine: moto's S3, Glue and STS, the double of Athena's API, and the Trino behind it.

``serve`` is the process that runs all of it; ``Stack`` starts, finds and stops that process.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import boto3
from moto.server import ThreadedMotoServer

from tests.athena import double
from tests.athena.trino_server import TrinoError, TrinoServer, unpacked

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "example",
    "AWS_SECRET_ACCESS_KEY": "example",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
}
ROOT = Path(__file__).parents[2]

_ENDPOINTS = "endpoints.json"
_LOG = "stack.log"


def serve(folder: Path, until_input_ends: bool) -> None:
    """Start everything, say in ``endpoints.json`` where, and run until SIGTERM or SIGINT.

    Args:
        folder: for configuration, logs and data.
        until_input_ends: stop at the end of standard input too: whoever holds its other end is gone then.
    """
    os.environ |= CREDENTIALS
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if until_input_ends:
        threading.Thread(target=_set_when_input_ends, args=[stop], daemon=True).start()

    moto = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    os.environ["AWS_ENDPOINT_URL"] = f"http://{host}:{port}"
    server = TrinoServer(unpacked(), folder, os.environ["AWS_ENDPOINT_URL"], CREDENTIALS)
    double.install(server)
    boto3.client("athena").create_data_catalog(Name="AwsDataCatalog", Type="GLUE")
    try:
        server.start()
        endpoints = {"pid": os.getpid(), "aws": os.environ["AWS_ENDPOINT_URL"], "trino_port": server.port}
        part = folder / f"{_ENDPOINTS}.part"
        part.write_text(json.dumps(endpoints))
        part.rename(folder / _ENDPOINTS)
        stop.wait()
    finally:
        (folder / _ENDPOINTS).unlink(missing_ok=True)
        server.stop()
        moto.stop()


def _set_when_input_ends(event: threading.Event) -> None:
    sys.stdin.buffer.read()
    event.set()


class Stack:
    """A running stack: where it is, and what a program needs in its environment to use it for AWS."""

    def __init__(self, folder: Path) -> None:
        """Find the stack that runs in a folder.

        Raises:
            FileNotFoundError: none does.
        """
        endpoints = json.loads((folder / _ENDPOINTS).read_text())
        self.folder = folder
        self.pid: int = endpoints["pid"]
        self.trino_url = f"http://127.0.0.1:{endpoints['trino_port']}"
        self.environment = {**CREDENTIALS, "AWS_ENDPOINT_URL": endpoints["aws"]}

    @classmethod
    @contextlib.contextmanager
    def running(cls, folder: Path) -> Iterator[Self]:
        """One that ends with the context, or with this process.

        Raises:
            TrinoError: Trino could not be fetched or started.
        """
        with _process(folder, "serve", str(folder)) as process:  # whose end closes its standard input, and waits
            _wait_until_ready(folder, process)
            yield cls(folder)

    @classmethod
    def start(cls, folder: Path) -> Self:
        """One that goes on when this process ends.

        Raises:
            TrinoError: Trino could not be fetched or started.
        """
        _wait_until_ready(folder, _process(folder, "serve", str(folder), "--detached"))
        return cls(folder)

    def stop(self) -> None:
        """Stop it, and wait until it has gone."""
        os.kill(self.pid, signal.SIGTERM)
        while (self.folder / _ENDPOINTS).exists():
            time.sleep(0.1)


def _process(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    unpacked()  # here, where the error is seen
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOG).open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.athena", *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,  # an interrupt in the terminal is not for it
        )


def _wait_until_ready(folder: Path, process: subprocess.Popen[bytes]) -> None:
    while not (folder / _ENDPOINTS).exists():
        if process.poll() is not None:
            log = folder / _LOG
            raise TrinoError(f"the stack did not start; the end of {log}:\n{log.read_text()[-4_000:]}")
        time.sleep(0.2)
