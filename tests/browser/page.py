"""Building the page of a warehouse, as a user does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.pipeline.warehouse import ROOT


def build_page(warehouse: Path, path: Path, *options: str) -> str:
    """Writes the page of a warehouse to a file; what the command says.

    Raises:
        AssertionError: the command failed.
    """
    done = subprocess.run(
        [sys.executable, "-m", "publish", "page", "--warehouse", str(warehouse), *options, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
