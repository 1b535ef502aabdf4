from __future__ import annotations

import pytest

from tests.service_files import read_service_files_once


@pytest.fixture(scope="session", autouse=True)
def service_files_are_read_once() -> None:
    read_service_files_once()
