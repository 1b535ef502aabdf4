from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def without_fsync() -> Iterator[None]:
    """Many little loads: waiting for the disk would be nine tenths of their time, and is not what they test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield
