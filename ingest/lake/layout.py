"""Where things are in a lake.

::

    <lake>/raw/_format.json                          the lake's format version, written first (see format_version.py)
    <lake>/raw/<table>/<load_id>-<part>.parquet      written once, never changed
    <lake>/raw/<table>/_schema.parquet               no rows: every table and column exists, however old the lake
    <lake>/raw/source_files/<load_id>.parquet        written last: the commit (see ledger.py)
    <lake>/raw/_running/<load_id>                    there while a load writes its parts (see running.py)
"""

from __future__ import annotations

import re
from collections import defaultdict

from ingest.storage.store import Entry, Store
from ingest.tables import LEDGER

RAW = "raw"
FORMAT_FILE = f"{RAW}/_format.json"
RUNNING = f"{RAW}/_running"
_SUFFIX = ".parquet"


def table_folder(table: str) -> str:
    """Folder of a table's files."""
    return f"{RAW}/{table}"


def schema_path(table: str) -> str:
    """Path of the file without rows that declares a table's columns."""
    return f"{table_folder(table)}/_schema{_SUFFIX}"


def data_path(table: str, load_id: str, part: int) -> str:
    """Path of one part of a load's rows."""
    return f"{table_folder(table)}/{load_id}-{part:05d}{_SUFFIX}"


def ledger_path(load_id: str) -> str:
    """Path of a load's ledger file, the commit."""
    return f"{table_folder(LEDGER.name)}/{load_id}{_SUFFIX}"


def running_path(load_id: str) -> str:
    """Path of a running load's marker."""
    return f"{RUNNING}/{load_id}"


def load_id_of(path: str) -> str | None:
    """Load that wrote a file of the lake; None for a file that no load writes."""
    name = path.rpartition("/")[2]
    if not name.endswith(_SUFFIX) or name.startswith("_"):
        return None
    name = name.removesuffix(_SUFFIX)
    return name if path.startswith(f"{table_folder(LEDGER.name)}/") else name.rpartition("-")[0] or None


def files_by_table(store: Store) -> dict[str, list[Entry]]:
    """Files in the folder of every table, the ledger's too, and of tables that this loader does not declare."""
    files: dict[str, list[Entry]] = defaultdict(list)
    for entry in store.list(RAW):
        match = _TABLE_FILE.fullmatch(entry.path)
        if match:
            files[match["table"]].append(entry)
    return files


_TABLE_FILE = re.compile(rf"{RAW}/(?P<table>[^/_][^/]*)/[^/]+", re.DOTALL)
