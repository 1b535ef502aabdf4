"""AWS's JSON APIs for tests: answers that a test gives, through boto3's own client and over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.wrappers import Request, Response

from tests.loopback import LoopbackServer

Params = dict[str, Any]
Answer = Callable[[Params], dict[str, Any]]
"""Gives the response to a call's parameters, or raises ``ApiError``."""

_IDENTITY = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"""


class ApiError(Exception):
    """What an API refuses: the code, and what it says of it."""


class AwsApi(LoopbackServer):
    """Every service on a free port of loopback. STS says account 111122223333; the other answers are a test's."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, Answer] = {}
        self.calls: list[tuple[str, Params]] = []
        self.regions: dict[str, str] = {}
        """Region in which an operation was last called."""

    def _app(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        target = request.headers.get("X-Amz-Target", "")
        if not target:
            return Response(_IDENTITY, content_type="text/xml")
        operation = target.rpartition(".")[2]
        params = json.loads(request.get_data())
        # Credential=<key>/<date>/<region>/<service>/aws4_request
        self.regions[operation] = request.headers["Authorization"].split("/")[2]
        self.calls.append((operation, params))
        try:
            body, status = self.answers[operation](params), 200
        except ApiError as error:
            code, message = error.args
            body, status = {"__type": code, "message": message}, 400
        return Response(json.dumps(body), status, content_type="application/x-amz-json-1.1")

    def called(self, operation: str) -> list[Params]:
        """Parameters of the calls of an operation, in order; they are told once."""
        found = [params for name, params in self.calls if name == operation]
        self.calls = [call for call in self.calls if call[0] != operation]
        return found


def pages(name: str, items: list[Any], size: int, token: str = "NextToken") -> Answer:
    """Answer of an operation that lists things, so many a page."""

    def answer(params: Params) -> dict[str, Any]:
        start = int(params.get(token, 0))
        more = {token: str(start + size)} if start + size < len(items) else {}
        return {name: items[start : start + size], **more}

    return answer


def refusing(code: str, message: str = "User: x is not authorized") -> Answer:
    """Answer of an operation that is refused."""

    def answer(params: Params) -> dict[str, Any]:
        raise ApiError(code, message)

    return answer
