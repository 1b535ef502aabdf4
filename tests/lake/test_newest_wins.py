"""Which entries of the ledger count is decided twice, in Python and in SQL, and both say the same."""

from __future__ import annotations

import math
import re
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from ingest.job_folder import FileKind
from ingest.lake.layout import ledger_path
from ingest.lake.ledger import VERSIONS, KnownFiles, Ledger, Status, new_entry, read_ledger
from ingest.lake.parquet import to_batch
from ingest.storage.local import LocalStore
from ingest.storage.store import Store
from ingest.tables import LEDGER, LedgerEntry

MODEL = Path(__file__).parents[2] / "models/staging/ground_truth/current_source_files.sql"
LOAD_IDS = [f"2026010{day}T000000000-0000000{day}" for day in range(1, 7)]


@st.composite
def ledgers(draw: st.DrawFn) -> list[LedgerEntry]:
    """Entries of a few files in any order of loads: rewrites, rejections, skips, tombstones, compactions and ties."""
    entries = []
    for number in range(draw(st.integers(0, 24))):
        read, written = draw(st.tuples(st.sampled_from(LOAD_IDS), st.sampled_from(LOAD_IDS)))
        status = draw(st.sampled_from(Status))
        uri = f"file:///jobs/{draw(st.sampled_from('abcde'))}"
        # Three folders of two jobs' names; and entries that are about a job, and in no folder.
        folder = {"a": "x", "b": "x", "c": "y", "d": "z", "e": None}[uri[-1]]
        entry = new_entry(
            *(written, number, uri, status),
            job_name="other" if folder == "z" else "job",
            job_uri=folder and f"file:///{folder}",
            file_kind=draw(st.sampled_from([FileKind.OUTPUT_MANIFEST, FileKind.WORKER_RESPONSE])).value,
            modified_at=draw(st.sampled_from([None, -5, 1, 2, 3])),
        )
        error = None if status in VERSIONS else f"error {number}"
        entries.append(
            entry._replace(origin_load_id=min(read, written), etag=str(number), row_count=number, error=error)
        )
    return entries


def write(store: Store, entries: list[LedgerEntry]) -> None:
    by_load = defaultdict(list)
    for entry in entries:
        by_load[entry.load_id or ""].append(entry)
    for load_id, some in by_load.items():
        with store.create(ledger_path(load_id)) as file:
            pq.write_table(pa.Table.from_batches([to_batch(some, LEDGER.schema)]), file)


def said_by_sql(folder: Path) -> dict[str, tuple[Any, ...]]:
    """What the model's own text gives, by uri."""
    source = f"read_parquet('{folder / ledger_path('*')}')"
    sql = re.sub(r"\{\{ config\(.*?\) \}\}", "", MODEL.read_text(encoding="utf-8"))
    sql = sql.replace("{{ ref('stg_ground_truth__source_files') }}", source)
    assert "{{" not in sql
    assert "{%" not in sql
    columns = "uri, status, last_error, load_id, file_no, row_count"
    return {uri: tuple(row) for uri, *row in duckdb.execute(f"select {columns} from ({sql})").fetchall()}


def said_by_python(ledger: Ledger) -> dict[str, tuple[Any, ...]]:
    found = {}
    for uri, newest in ledger.newest.items():
        version = ledger.version(uri)
        rows: tuple[Any, ...] = (None, None, None)
        reason = ledger.passed_over(newest)
        if version is not None and version.status == Status.LOADED and reason is None:
            rows = (version.load_id, version.file_no, version.row_count)
        found[uri] = (newest.status, newest.error, *rows) if reason is None else (Status.SKIPPED, reason, *rows)
    return found


def told_one_by_one(entries: list[LedgerEntry]) -> Ledger:
    """The rule in its plainest form."""
    ledger = Ledger()
    for entry in sorted(entries, key=lambda entry: (entry.origin_load_id, entry.load_id, entry.file_no)):
        uri = entry.uri or ""
        newest = ledger.newest.get(uri)
        if entry.status in VERSIONS:
            ledger.older_versions.pop(uri, None)
        elif newest is not None and newest.status in VERSIONS:
            ledger.older_versions[uri] = newest
        ledger.newest[uri] = entry
    said = {(entry.load_id, entry.file_no) for entry in ledger.current()}
    ledger.superseded_loads = {entry.load_id or "" for entry in entries if (entry.load_id, entry.file_no) not in said}
    seen = (load_id for entry in entries for load_id in (entry.load_id, entry.origin_load_id) if load_id)
    ledger.last_load_id = max(seen, default=None)
    return ledger


def owners(ledger: Ledger) -> dict[str, str]:
    """The folder of each job's name, by the rule in its plainest form."""
    results: dict[tuple[str, str], list[LedgerEntry]] = defaultdict(list)
    for entry in ledger.versions():
        if entry.status == Status.LOADED and entry.job_uri is not None:
            results[entry.job_name or "", entry.job_uri].append(entry)
    found: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for (job_name, job_uri), entries in results.items():
        manifests = [
            entry for entry in entries if entry.file_kind == "output_manifest" and entry.modified_at is not None
        ]
        times = [entry.modified_at for entry in manifests or entries if entry.modified_at is not None]
        found[job_name].append((-max(times, default=-math.inf), job_uri))
    return {job_name: min(folders)[1] for job_name, folders in found.items()}


@given(ledgers())
def test_the_ledger_and_the_model_say_the_same(entries: list[LedgerEntry]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = LocalStore(Path(folder))
        write(store, entries)
        ledger = read_ledger(store)

        assert ledger == told_one_by_one(entries)
        if entries:
            assert said_by_python(ledger) == said_by_sql(Path(folder))

        known = KnownFiles(store)
        for uri, newest in ledger.newest.items():
            assert known.is_known(uri)
            assert known.is_forgotten(uri) == (newest.status == Status.FORGOTTEN)
            assert known.has(uri, newest.etag) == (newest.status != Status.FORGOTTEN)
            assert not known.has(uri, "another")
        assert known.job_uris == owners(ledger)
        assert {job_name: owner.job_uri for job_name, owner in ledger.owners.items()} == owners(ledger)


def test_rows_of_the_newest_version_stay_when_a_file_breaks(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    first, second, third = LOAD_IDS[:3]
    versions = [(first, Status.LOADED), (second, Status.LOADED), (third, Status.REJECTED)]
    write(store, [new_entry(load_id, 0, "file:///a", status) for load_id, status in versions])

    assert said_by_python(read_ledger(store)) == {"file:///a": ("rejected", None, second, 0, 0)}
    assert said_by_sql(tmp_path) == said_by_python(read_ledger(store))


def test_compacted_rows_never_hide_a_load_that_read_the_file_later(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    first, second, third = LOAD_IDS[:3]
    compacted = new_entry(third, 0, "file:///a", Status.LOADED)._replace(origin_load_id=first)
    write(store, [compacted, new_entry(second, 0, "file:///a", Status.FORGOTTEN)])

    assert said_by_python(read_ledger(store)) == {"file:///a": ("forgotten", None, None, None, None)}
    assert said_by_sql(tmp_path) == said_by_python(read_ledger(store))
