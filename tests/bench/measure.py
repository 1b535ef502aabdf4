"""Runs commands and measures what they cost."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.contenders import Contender

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Cost:
    """What a command cost.

    Attributes:
        seconds: by the clock.
        processor: seconds of user and system time, of the process and of its children.
        megabytes: peak memory of its largest process; no less than this process's own so far, as Linux counts it.
    """

    seconds: float
    processor: float
    megabytes: float


@dataclass(frozen=True)
class Result:
    """Median cost of a contender, and the rows that it wrote to each table."""

    cost: Cost
    rows: tuple[int, ...]


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command.

    Raises:
        SystemExit: the command failed.
    """
    environment = os.environ | (environment or {})
    with tempfile.TemporaryFile("w+") as printed:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=printed, stderr=printed)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            printed.seek(0)
            raise SystemExit(f"failed with {process.returncode}: {' '.join(command)}\n{printed.read()}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def median(costs: Sequence[Cost]) -> Cost:
    """Median of each time, and the largest memory."""
    return Cost(
        statistics.median(cost.seconds for cost in costs),
        statistics.median(cost.processor for cost in costs),
        max(cost.megabytes for cost in costs),
    )


def compare(contenders: Sequence[Contender], corpus: str, source: Path, out: Path, runs: int) -> dict[str, Result]:
    """Results by contender. They take turns, so that a slow minute of the machine slows all of them.

    Raises:
        SystemExit: a contender failed, or they wrote different numbers of rows.
    """
    costs: dict[str, list[Cost]] = {contender.name: [] for contender in contenders}
    rows: dict[str, tuple[int, ...]] = {}
    for _ in range(runs):
        for contender in contenders:
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir()
            costs[contender.name].append(run(contender.arguments(corpus, source, out)))
            rows[contender.name] = contender.rows(out)
    shutil.rmtree(out)
    if len(set(rows.values())) != 1:
        raise SystemExit(f"{corpus}: the contenders wrote different numbers of rows: {rows}")
    return {name: Result(median(costs[name]), rows[name]) for name in costs}
