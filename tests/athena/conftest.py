from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.athena.sample import Sample
from tests.athena.stack import Stack
from tests.athena.trino_server import maven


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Athena on this machine, for as long as the tests run."""
    if maven() is None:
        pytest.skip("Maven (mvn), which fetches Trino, is missing; install it, then: make test-athena")
    with Stack.running(tmp_path_factory.mktemp("athena")) as stack:
        yield stack


@pytest.fixture(scope="session")
def sample(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """The sample's marts on both engines, after a second load; built once for all tests."""
    return Sample(stack, tmp_path_factory.mktemp("sample"))
