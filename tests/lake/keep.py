"""Keep a small lake of this version, for the tests of later versions: ``python -m tests.lake.keep FOLDER``.

Run it once for each release, with FOLDER ``tests/data/lakes/<version>``. It runs the commands of the ``ingest`` package
in the working directory, so a lake of an older version is made in a checkout of that version. The lake has superseded
rows, a file that broke after it was loaded, a rejected file, a user pool, and a forgotten worker whose answers have
frames. ``expected.json`` beside it says what it holds.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb

DATA = Path(__file__).parents[1] / "data"
# The ledger names the source files: their paths must be the same on every machine.
SOURCE = Path("/srv/ground-truth")
TREES = (
    "object-detection/valid/several-workers-and-an-empty-image",
    "image-classification/invalid/line-cut-short",
    "video-object-tracking/valid/frames-of-workers",
)
USERS = "sync/workers/valid/users-of-a-pool/users.json"
POOL = "us-east-1_EXAMPLE"
FORGOTTEN_JOB = "river"

VERSIONS = """
    select *, row_number() over (partition by uri order by origin_load_id desc, load_id desc) as version
    from read_parquet('{lake}/raw/source_files/2*.parquet')
    where status in ('loaded', 'forgotten')
"""


def rows_of(lake: Path) -> dict[str, list[dict[str, Any]]]:
    """The current rows of every table, read without the loader; without lineage, NULLs and raw JSON."""
    rows = {}
    for folder in sorted(lake.glob("raw/[!_]*/")):
        if folder.name == "source_files" or not list(folder.glob("2*.parquet")):
            continue
        relation = duckdb.execute(
            f"select found.* from read_parquet('{folder}/2*.parquet', union_by_name = true) as found "
            f"join ({VERSIONS.format(lake=lake)}) as current on current.version = 1 and current.status = 'loaded' "
            "and current.load_id = found.load_id and current.file_no = found.file_no"
        )
        names = [column[0] for column in relation.description or ()]
        found = [
            {
                name: value if isinstance(value, int | float) else str(value)
                for name, value in zip(names, row, strict=True)
                if value is not None and name not in ("load_id", "file_no") and not name.endswith("_json")
            }
            for row in relation.fetchall()
        ]
        if found:
            rows[folder.name] = sorted(found, key=json.dumps)
    return rows


def ingest(*words: str) -> str:
    """Run a command of the loader in the working directory; its output."""
    command = [sys.executable, "-m", "ingest", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def main(folder: Path) -> None:
    """See the module."""
    lake = folder / "lake"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for tree in TREES:
        shutil.copytree(DATA / tree, SOURCE, dirs_exist_ok=True, ignore=shutil.ignore_patterns("expected.json"))
    try:
        ingest("load", str(SOURCE), str(lake))
        changed = next(SOURCE.glob("shelves/annotations/worker-response/iteration-1/0/*.json"))
        changed.write_bytes(changed.read_bytes() + b"\n")
        (SOURCE / "shelves/golden.manifest").write_text("{")
        ingest("load", str(SOURCE), str(lake))
        users = str(shutil.copy(DATA / USERS, SOURCE))
        ingest("sync-workers", str(lake), "--from", users, "--user-pool", POOL)
    finally:
        shutil.rmtree(SOURCE)
    key = next(row["worker_key"] for row in rows_of(lake)["worker_answers"] if row["job_name"] == FORGOTTEN_JOB)
    ingest("forget", str(lake), "--worker", key)
    status = json.loads(ingest("status", str(lake), "--json"))
    expected = {"status": status, "rows": rows_of(lake)}
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
