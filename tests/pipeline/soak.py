"""Everything at once, for a time: one process for each command, each with a clock of its own.

``FOLDER/source`` is as the last edit left it, and ``FOLDER/teams/forgotten.json`` says what was forgotten.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import random
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from ingest.lake import ledger
from ingest.load.run import load
from tests.jobs import current_rows, write_answers, write_job

JOBS = ("Pets", "Birds", "Fish")
WORKERS = [f"w{number}" for number in range(12)]
OBJECTS = 12
# What a command cannot do although nothing is wrong: whoever is forgotten is not there any more.
EXPECTED = ("no worker ", "no file ")


def make_source(folder: Path) -> None:
    """Three jobs, and an older folder of the first one's name."""
    rng = random.Random(1)
    for job in JOBS:
        write_job(folder / "source", job, {number: answers(rng) for number in range(OBJECTS)})
    copy = write_job(folder / "copy", "Pets", {number: {"stranger": "Copy"} for number in range(OBJECTS)})
    for path in copy.rglob("*"):
        os.utime(path, (1_700_000_000,) * 2)
    (folder / "teams").mkdir()
    write_team(folder, 0)


def answers(rng: random.Random) -> dict[str, str]:
    """Labels of three workers."""
    return {worker: f"Label {rng.randrange(1_000_000)}" for worker in rng.sample(WORKERS, 3)}


def write_team(folder: Path, number: int) -> None:
    """A saved response of DescribeWorkteam."""
    arn = "arn:aws:sagemaker:us-east-1:111122223333:workteam/private-crowd/team"
    team: dict[str, Any] = {"WorkteamName": "team", "WorkteamArn": arn, "Description": f"as edit {number} left it"}
    team |= {"MemberDefinitions": [], "CreateDate": "2026-01-02T03:04:05Z"}
    _write_whole(folder / "teams/team.json", json.dumps({"Workteam": team}))


def _write_whole(path: Path, text: str) -> None:
    new = path.parent.parent / f".{path.name}-{os.getpid()}"
    new.write_text(text)
    new.replace(path)


def edit(folder: Path, until: float) -> None:
    """Edit the source until the time is over."""
    rng = random.Random(2)
    for number in itertools.count():
        if time.time() > until:
            return
        scratch = folder / "scratch"
        job, place = rng.choice(JOBS), rng.randrange(OBJECTS * 2)
        written = write_answers(scratch / job, place, answers(rng))
        target = folder / "source" / written.relative_to(scratch)
        target.parent.mkdir(parents=True, exist_ok=True)
        written.replace(target)
        if number % 20 == 0:
            write_team(folder, number)
        time.sleep(0.05)


def commands(name: str, folder: Path) -> Iterator[list[str]]:
    """The command lines of one process."""
    lake, source = str(folder / "lake"), str(folder / "source")
    gone: dict[str, list[str]] = {"workers": [], "uris": []}
    for number in itertools.count():
        if name == "load":
            yield ["load", source, lake]
        elif name == "load beside":
            yield ["load", source if number % 3 else str(folder / "copy"), lake, "--processes", "1"]
        elif name == "compact":
            yield ["compact", lake]
        elif name == "vacuum":
            time.sleep(1)  # it deletes whatever nobody needs at that moment, so those who read must get to their end
            yield ["vacuum", lake, "--grace-hours", "0"]
        elif name == "status":
            yield ["status", lake]
        elif name == "sync":
            yield ["sync-workers", lake, "--from", str(folder / "teams/team.json")]
        elif name == "forget":
            time.sleep(1)
            if number % 2 and len(gone["workers"]) < len(WORKERS) // 2:
                gone["workers"].append(f"private.us-east-1.{WORKERS[len(gone['workers'])]}")
            elif len(gone["uris"]) < OBJECTS // 2:
                place = f"source/Fish/annotations/worker-response/iteration-1/{len(gone['uris'])}"
                gone["uris"].append(str(folder / place))
            _write_whole(folder / "teams/forgotten.json", json.dumps(gone))
            whom = random.choice(gone["workers"] + gone["uris"])
            yield ["forget", lake, "--uri" if "/" in whom else "--worker", whom]


def run(name: str, folder: Path, until: float, hours: float, results: Any) -> None:
    """One process: its commands one after the other, until the time is over."""

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Shifted:
            return super().now(tz) + timedelta(hours=hours)

    os.fsync = lambda descriptor: None  # type: ignore[assignment]
    ledger.datetime = Shifted  # type: ignore[attr-defined]
    from ingest.cli import cli

    counts: Counter[str] = Counter()
    failures: list[str] = []
    if name == "edit":
        edit(folder, until)
    elif name == "read":
        while time.time() < until:
            try:
                current_rows(folder / "lake")
                counts["rows read"] += 1
            except FileNotFoundError:  # it has no grace period here, as a dbt run has
                counts["rows read, taken"] += 1
            except Exception:
                failures.append(traceback.format_exc())
            time.sleep(0.2)
    else:
        for words in commands(name, folder):
            if time.time() > until:
                break
            done = CliRunner().invoke(cli, words)
            counts[f"{words[0]} {done.exit_code}"] += 1
            is_odd = done.exception is not None and not isinstance(done.exception, SystemExit)
            is_skip = done.exit_code == 1 and words[0] == "load" and "is in two folders" in done.output
            is_expected = done.exit_code == 2 and any(text in done.output for text in EXPECTED)
            if is_odd or not (done.exit_code == 0 or is_skip or is_expected):
                failures.append(f"{' '.join(words[:1])} {done.exit_code}: {done.output[-600:]} {done.exception!r}")
            time.sleep(0.02)
    results.put((name, dict(counts), failures))


CLOCKS = {
    "load": 0.0,
    "load beside": 5.0,
    "compact": -7.0,
    "vacuum": 30.0,
    "status": 0.0,
    "sync": 2.0,
    "forget": -3.0,
    "edit": 0.0,
    "read": 0.0,
}
"""Hours that each process's clock is ahead."""


def soak(folder: Path, seconds: float) -> dict[str, Any]:
    """Run it; how often each command ended with which status, and what should not have happened."""
    make_source(folder)
    _write_whole(folder / "teams/forgotten.json", json.dumps({"workers": [], "uris": []}))
    load(str(folder / "source"), str(folder / "lake"))
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    until = time.time() + seconds
    processes = [
        context.Process(target=run, args=(name, folder, until, hours, results)) for name, hours in CLOCKS.items()
    ]
    for process in processes:
        process.start()
    found = [results.get(timeout=seconds + 240) for _ in processes]
    for process in processes:
        process.join()
    counts: Counter[str] = Counter()
    failures: list[str] = []
    for _, some, failed in found:
        counts.update(some)
        failures += failed
    return {"counts": dict(sorted(counts.items())), "failures": failures}
