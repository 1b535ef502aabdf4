"""All commands at once, with clocks that are hours apart: nobody fails, and rows and marts are those of a clean load.

It takes 20 seconds; ``SOAK_SECONDS=600`` makes it ten minutes, and ``-s`` shows what was done.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from click.testing import CliRunner

from ingest.cli import cli
from ingest.lake.compact import compact
from ingest.lake.forget import Selection, forget
from ingest.lake.lake import Lake
from ingest.lake.vacuum import vacuum
from ingest.load.run import load
from ingest.storage.store import StoreError
from tests.jobs import current_rows
from tests.pipeline.soak import soak
from tests.pipeline.warehouse import Marts


def finish(folder: Path, lake: Path) -> None:
    """What an hour later would be: what was edited last is loaded, and what was forgotten is gone."""
    for source in ("source", "copy"):
        load(str(folder / source), str(lake))
    done = CliRunner().invoke(cli, ["sync-workers", str(lake), "--from", str(folder / "teams/team.json")])
    assert done.exit_code == 0, done.output
    gone = json.loads((folder / "teams/forgotten.json").read_text())
    for selection in (
        *(Selection(workers=[worker]) for worker in gone["workers"]),
        *(Selection(uris=[uri]) for uri in gone["uris"]),
    ):
        with contextlib.suppress(StoreError):  # as it should be
            forget(Lake.open(str(lake)), selection)


def test_everything_at_once_gives_the_rows_and_marts_of_a_clean_load(tmp_path: Path) -> None:
    found = soak(tmp_path, float(os.environ.get("SOAK_SECONDS", "20")))
    print(json.dumps(found, indent=2))

    assert found["failures"] == []
    commands = {name.split(" ")[0] for name in found["counts"]}
    assert {"load", "compact", "vacuum", "status", "sync-workers", "forget", "rows"} <= commands

    finish(tmp_path, tmp_path / "lake")
    finish(tmp_path, tmp_path / "clean")

    clean = current_rows(tmp_path / "clean")
    assert len(clean["worker_answers"]) > 20
    assert current_rows(tmp_path / "lake") == clean
    compact(Lake.open(str(tmp_path / "lake")))
    vacuum(Lake.open(str(tmp_path / "lake")), grace_hours=0)
    assert current_rows(tmp_path / "lake") == clean
    files = [path.name for path in tmp_path.glob("lake/raw/*/2*")]
    assert len({name[:27] for name in files}) == 1, "nothing else is left"

    models = ("--resource-type", "model", "--resource-type", "seed")
    marts, of_clean = (
        Marts(tmp_path / name, tmp_path / f"marts-{name}", *models).job_rows("true") for name in ("lake", "clean")
    )
    assert sum(marts["fct_worker_tasks"].values()) > 20
    assert marts == of_clean
