"""A server on loopback, for as long as a test needs it."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Self

from werkzeug.serving import make_server

_POLL_SECONDS = 0.02  # how long a server takes to stop: many tests have one of their own


class LoopbackServer(ABC):
    """A WSGI application on a free port of loopback, between entering and leaving the context."""

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = make_server("127.0.0.1", 0, self._app, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=[_POLL_SECONDS], daemon=True)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    @abstractmethod
    def _app(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
