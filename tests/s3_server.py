"""An S3 for tests: moto behind a door at which any request can be watched, answered otherwise, or cut off."""

from __future__ import annotations

import contextlib
import io
import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.wrappers import Request, Response

from tests.loopback import LoopbackServer

Proceed = Callable[[], Response]
"""Lets moto carry out the request."""

Door = Callable[[Request, Proceed], Response]
"""Answers a request, or proceeds."""


def open_door(request: Request, proceed: Proceed) -> Response:
    """The door through which everything goes."""
    return proceed()


class S3Server(LoopbackServer):
    """moto's server on a free port of loopback; ``door`` sees every request first."""

    def __init__(self) -> None:
        super().__init__()
        self.door: Door = open_door
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._s3 = create_backend_app("s3")

    def _app(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        # Read here, for a request that is refused must be read all the same, and moto reads it again.
        body = Request(environ).get_data(cache=False)

        def proceed() -> Response:
            environ["wsgi.input"] = io.BytesIO(body)
            # The dispatcher looks at all of moto's modules each time, which takes longer than most requests.
            is_s3 = "/s3/aws4_request" in environ.get("HTTP_AUTHORIZATION", "")
            return Response.from_app(self._s3 if is_s3 else self._moto, environ)

        response = self.door(Request(environ | {"wsgi.input": io.BytesIO(body)}), proceed)
        return response(environ, start_response)

    @contextlib.contextmanager
    def watched(self) -> Iterator[list[Request]]:
        """The requests of a block, in the order in which they came."""
        requests: list[Request] = []
        before = self.door

        def door(request: Request, proceed: Proceed) -> Response:
            requests.append(request)
            return before(request, proceed)

        self.door = door
        try:
            yield requests
        finally:
            self.door = before


def refusal(status: int, code: str, message: str, **headers: str) -> Response:
    """An error as S3 words it."""
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(body, status, named, content_type="application/xml")


def cut_off(request: Request, response: Response | None = None) -> Response:
    """Break the connection, after half of a response if there is one."""
    connection: socket.socket = request.environ["werkzeug.socket"]
    if response is not None:
        body = response.get_data()
        head = "".join(f"{name}: {value}\r\n" for name, value in response.headers.items())
        connection.sendall(f"HTTP/1.1 {response.status}\r\n{head}\r\n".encode() + body[: len(body) // 2])
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError


def is_write(request: Request) -> bool:
    """Whether the request changes the bucket."""
    return request.method in {"PUT", "POST", "DELETE"}


def upload(folder: Path, destination: str) -> None:
    """Copy a folder's files to an ``s3://`` uri."""
    bucket, _, prefix = destination.removeprefix("s3://").partition("/")
    client = boto3.client("s3")
    for path in folder.rglob("*"):
        if path.is_file():
            client.upload_file(str(path), bucket, f"{prefix}/{path.relative_to(folder).as_posix()}")
