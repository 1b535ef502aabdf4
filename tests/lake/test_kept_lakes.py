"""Lakes that released versions wrote are read, upgraded, compacted and vacuumed by today's loader, and lose nothing.

``tests/data/lakes/<version>/lake`` was written by that version (see ``keep.py``), and ``expected.json`` says what it
holds: what ``status --json`` printed, and the current rows of each table.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from ingest import __version__
from ingest.lake.compact import compact
from ingest.lake.format_version import CURRENT, check
from ingest.lake.lake import Lake
from ingest.lake.status import status
from ingest.lake.vacuum import vacuum
from ingest.load.run import load
from ingest.tables import LEDGER, TABLES
from tests.jobs import answers_of, write_job
from tests.lake.keep import rows_of

LAKES = sorted((Path(__file__).parents[1] / "data/lakes").iterdir())
Kept = tuple[Lake, Path, dict[str, Any]]


@pytest.fixture(params=LAKES, ids=lambda folder: folder.name)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    """A copy of the lake, its folder, and what it holds."""
    shutil.copytree(request.param / "lake", tmp_path / "lake")
    expected = json.loads((request.param / "expected.json").read_text(encoding="utf-8"))
    return Lake.open(str(tmp_path / "lake"), must_exist=True), tmp_path / "lake", expected


def status_of(lake: Lake) -> Any:
    return json.loads(json.dumps(asdict(status(lake))))


def test_lakes_of_the_released_versions_are_kept() -> None:
    assert [folder.name for folder in LAKES] == ["0.1.0", "0.2.0", "0.3.0", "0.4.0"]
    assert max(Version(folder.name) for folder in LAKES) <= Version(__version__)


def test_a_kept_lake_holds_what_it_held(kept: Kept) -> None:
    lake, folder, expected = kept

    assert status_of(lake) == {"warnings": [], **expected["status"]}  # the first loaders warned of nothing
    assert rows_of(folder) == expected["rows"]


def test_a_kept_lake_is_upgraded_by_the_next_load(kept: Kept, tmp_path: Path) -> None:
    lake, folder, expected = kept
    write_job(tmp_path / "source", "Pets", {0: {"ann": "Cat"}})

    assert load(str(tmp_path / "source"), lake.uri).files_loaded == 2

    assert check(lake.store) == CURRENT
    assert [answer[:3] for answer in answers_of(lake) if answer[0] == "Pets"] == [("Pets", 0, "private.us-east-1.ann")]
    others = {table: [row for row in rows if row.get("job_name") != "Pets"] for table, rows in rows_of(folder).items()}
    assert others == expected["rows"]
    schemas = {path.parent.name for path in folder.glob("raw/*/_schema.parquet")}
    assert schemas == {LEDGER.name, *TABLES}


def test_what_a_kept_lake_forgot_stays_forgotten(kept: Kept, tmp_path: Path) -> None:
    """The worker whom it forgot is left out of new loads, though only her worker id is known there."""
    lake, _, _ = kept
    source = tmp_path / "source"
    job = write_job(source, "Pets", {0: {"ann": "Cat", "ben": "Dog"}})
    (answers,) = job.glob("annotations/worker-response/*/0/*.json")
    answers.write_text(answers.read_text().replace("private.us-east-1.ann", "private.us-east-1.0000000000000a01"))

    load(str(source), lake.uri)

    assert [answer[2] for answer in answers_of(lake) if answer[0] == "Pets"] == ["private.us-east-1.ben"]


def test_a_kept_lake_is_compacted_and_vacuumed_without_loss(kept: Kept) -> None:
    lake, folder, expected = kept
    for path in folder.rglob("*.parquet"):
        os.utime(path, (0, 0))

    assert compact(lake).loads_rewritten > 1
    deleted = vacuum(lake, grace_hours=0).files

    assert deleted > 5
    assert rows_of(folder) == expected["rows"]
    assert status_of(lake) == {"warnings": [], **expected["status"]}  # the first loaders warned of nothing
    assert compact(lake).loads_rewritten == 0
