"""Vacuuming: the bytes of rows that nobody can see any more are deleted."""

from __future__ import annotations

from typing import NamedTuple

from ingest.lake.again import again_if_overtaken
from ingest.lake.lake import Lake
from ingest.lake.layout import files_by_table, load_id_of, table_folder
from ingest.lake.ledger import LOAD_ID_LENGTH, is_counted, is_load_id, ledger_files, read_ledger
from ingest.lake.running import has_expired, read_markers
from ingest.storage.store import PART_SUFFIX, Entry, Store
from ingest.tables import LEDGER, TABLES


class Vacuumed(NamedTuple):
    """What ``vacuum`` did."""

    files: int
    """Files deleted."""
    size_bytes: int
    running_loads: int
    """Loads that were running: what they had written was kept."""


def vacuum(lake: Lake, grace_hours: float) -> Vacuumed:
    """Delete what no current row needs, and what dead loads left behind, if it is older than the grace period.

    A dbt run works on the snapshot it took when it began: the grace period must be longer than the longest run. What a
    running load has written is kept, at any grace (``running.py``). Ages are by the clock of the store, not by this
    machine's.

    Raises:
        StoreError: the lake's format is newer than this loader's; or other commands got in the way each time.
    """
    lake.check_format()
    return again_if_overtaken("vacuum", lake.store, lambda: _vacuum(lake.store, grace_hours))


def _vacuum(store: Store, grace_hours: float) -> Vacuumed:
    # In this order: what is listed first is of a load that had its marker then. If it has none later, it has ended, and
    # its ledger file is there, or it was never committed.
    files_of_tables = files_by_table(store)
    now = store.now()
    markers = read_markers(store, now)
    ledgers = ledger_files(store)
    deadline = now - int(grace_hours * 3_600_000)
    old_ledgers = [file for file in ledgers if file.modified_at <= deadline]
    ledger, old_ledger = read_ledger(store, ledgers), read_ledger(store, old_ledgers)
    # Snapshots taken since the deadline need what the one taken at the deadline needed, and nothing older.
    needed = {entry.load_id for some in (ledger, old_ledger) for entry in some.current()}
    superseded = old_ledger.parts.keys() - needed
    files = [
        file
        for table, found in files_of_tables.items()
        for file in found
        # A folder that no table is declared for may be a newer loader's, or no loader's.
        if table in TABLES or table == LEDGER.name or is_load_id(load_id_of(file.path))
    ]
    last_written: dict[str | None, int] = {}
    for file in files:
        load_id = load_id_of(file.path)
        last_written[load_id] = max(last_written.get(load_id, 0), file.modified_at)

    def is_doomed(file: Entry) -> bool:
        if file.path.endswith(PART_SUFFIX):
            # Of a load's rows, or of any command's last steps, which take seconds.
            is_left = has_expired(file.modified_at, now) or _has_rows(file)
            return is_left and file.modified_at <= deadline and _writer_of(file) not in markers.running
        load_id = load_id_of(file.path)
        if load_id is None or load_id in markers.running:
            return False
        is_ledger_file = file.path.startswith(f"{table_folder(LEDGER.name)}/")
        counts = load_id in ledger.parts and (is_ledger_file or is_counted(file.path, ledger.parts))
        return load_id in superseded or (not counts and last_written[load_id] <= deadline)

    doomed = [file for file in files if is_doomed(file)]
    # The ledger's files come first: rows without a ledger are invisible, a ledger without rows is not.
    of_ledger = {file.path for file in ledgers}.intersection(file.path for file in doomed)
    store.delete(of_ledger)
    store.delete(file.path for file in doomed if file.path not in of_ledger)
    store.delete(markers.expired)
    return Vacuumed(len(doomed), sum(file.size_bytes for file in doomed), len(markers.running))


def _writer_of(file: Entry) -> str | None:
    """The load that began to write an unfinished file."""
    name = file.path.rpartition("/")[2]
    load_id = name[:LOAD_ID_LENGTH]
    return load_id if is_load_id(load_id) else None


def _has_rows(file: Entry) -> bool:
    """Whether an unfinished file is a part of a load, which has a marker from before its first part."""
    return _writer_of(file) is not None and not file.path.startswith(f"{table_folder(LEDGER.name)}/")
