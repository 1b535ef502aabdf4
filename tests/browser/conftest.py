from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import COMMAND, chromium, executable
from tests.browser.page import build_page
from tests.browser.warehouses import build_sample, make_hostile


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if executable() is None:
        pytest.skip(f"there is no Chromium; to install it and run these tests: {COMMAND} && make test-browser")
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """Makes a file or a folder of a name once for all processes of a test run."""
    own = tmp_path_factory.getbasetemp()
    shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "browser"
    shared.mkdir(exist_ok=True)

    def made(name: str, make: Callable[[Path], object]) -> Path:
        path, done = shared / name, shared / f"{name}.done"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                make(path)
                done.touch()
        return path

    return made


Made = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def sample(browser: Browser, made: Made) -> Path:
    """The sample's warehouse."""
    return made("sample", build_sample) / "warehouse.duckdb"


@pytest.fixture(scope="session")
def hostile(sample: Path, made: Made) -> Path:
    """The sample's warehouse with hostile names, and NULL in times and scores."""
    return made("hostile.duckdb", lambda path: make_hostile(sample, path))


@pytest.fixture(scope="session")
def sample_page(sample: Path, made: Made) -> Path:
    """The sample's page."""
    return made("sample.html", lambda path: build_page(sample, path))


@pytest.fixture(scope="session")
def hostile_page(hostile: Path, made: Made) -> Path:
    """The page of hostile names."""
    return made("hostile.html", lambda path: build_page(hostile, path))
