"""Vacuuming: the bytes of rows that nobody can see any more are deleted."""

from __future__ import annotations

from ingest.lake.lake import Lake
from ingest.lake.layout import files_by_table, load_id_of
from ingest.lake.ledger import is_load_id, ledger_files, read_ledger
from ingest.storage.store import PART_SUFFIX
from ingest.tables import LEDGER, TABLES


def vacuum(lake: Lake, grace_hours: float) -> tuple[int, int]:
    """Delete what no current row needs, and what dead loads left behind, if it is older than the grace period.

    A dbt run works on the snapshot it took when it began: the grace period must be longer than the longest run, and
    than the longest load. Ages are by the clock of the store, not by this machine's.

    Returns:
        Files deleted, and their size in bytes.

    Raises:
        StoreError: the lake's format is newer than this loader's.
    """
    lake.check_format()
    store = lake.store
    deadline = store.now() - int(grace_hours * 3_600_000)
    ledgers = ledger_files(store)
    old_ledgers = [file for file in ledgers if file.modified_at <= deadline]
    committed, old = ({load_id_of(file.path) for file in some} for some in (ledgers, old_ledgers))
    # Snapshots taken since the deadline need what the one taken at the deadline needed, and nothing older.
    needed = {entry.load_id for some in (ledgers, old_ledgers) for entry in read_ledger(store, some).current()}
    files = [
        (file, load_id_of(file.path))
        for table, found in files_by_table(store).items()
        for file in found
        # A folder that no table is declared for may be a newer loader's, or no loader's.
        if table in TABLES or table == LEDGER.name or is_load_id(load_id_of(file.path))
    ]
    last_written: dict[str | None, int] = {}
    for file, load_id in files:
        last_written[load_id] = max(last_written.get(load_id, 0), file.modified_at)
    superseded = old - needed
    dead = {load_id for load_id, written in last_written.items() if load_id not in committed and written <= deadline}
    doomed = [
        file
        for file, load_id in files
        if load_id in superseded | dead - {None} or (file.path.endswith(PART_SUFFIX) and file.modified_at <= deadline)
    ]
    # The ledger's files come first: rows without a ledger are invisible, a ledger without rows is not.
    of_ledger = {file.path for file in ledgers}.intersection(file.path for file in doomed)
    store.delete(of_ledger)
    store.delete(file.path for file in doomed if file.path not in of_ledger)
    return len(doomed), sum(file.size_bytes for file in doomed)
