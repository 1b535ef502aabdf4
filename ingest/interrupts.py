"""Ctrl-C while a program is imported: it needs nothing but the standard library, so that it is there first."""

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130
"""Exit status."""


@contextlib.contextmanager
def interrupts_end_at_once() -> Iterator[None]:
    """Let an interrupt end the process with one line: nothing is begun, and a library may not bear an exception."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:  # it is ignored: the user wants that
        yield
        return
    signal.signal(signal.SIGINT, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    os.write(2, b"interrupted: nothing was done\n")
    os._exit(INTERRUPTED)
