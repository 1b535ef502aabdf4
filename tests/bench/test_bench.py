"""The benchmark itself, on a few files."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.bench.contenders import FLOOR, LOADER, LOADER_2
from tests.bench.measure import ROOT


@pytest.mark.parametrize("part", ["classification", "boxes", "manifest", "sequence"])
def test_all_contenders_write_the_same_number_of_rows(part: str) -> None:
    """The benchmark fails unless they do."""
    environment = os.environ | {"BENCH_FILES": "200", "BENCH_RUNS": "1"}
    command = [sys.executable, "-m", "tests.bench", part]
    finished = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    assert LOADER in finished.stdout
    assert LOADER_2 in finished.stdout
    if part in {"classification", "boxes"}:
        assert FLOOR in finished.stdout
        assert "For README.md" in finished.stdout
