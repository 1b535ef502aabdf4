"""The lake's format version: which loaders may write to a lake.

``raw/_format.json`` holds one JSON object::

    {"format_version": 4, "minimum_loader_version": "0.5.0"}

A loader refuses a lake of a newer format, before it writes or deletes anything. A lake without the file is of format 1,
or new; the first command that writes to it adds the file. A new column or table does not need a new format: a loader
keeps those that it does not know. What an older loader would misread, or lose, does.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from ingest import __version__
from ingest.lake.layout import FORMAT_FILE
from ingest.storage.store import Store, StoreError


@dataclass(frozen=True)
class Format:
    """A format of the lake, and the first loader that reads and writes it."""

    format_version: int
    minimum_loader_version: str


CURRENT = Format(4, "0.5.0")
"""An older loader would mix two folders of one job's name, count files that no commit names, and order its loads by the
clock."""
UNMARKED = Format(1, "0.1.0")
"""Format of the lakes that 0.1.0 wrote."""


def check(store: Store) -> Format | None:
    """The format that a lake is marked with; None if it is not marked.

    Raises:
        StoreError: the lake's format is newer than this loader's, or its marker cannot be understood.
    """
    try:
        data = store.read(FORMAT_FILE)
    except (FileNotFoundError, NotADirectoryError):
        return None
    found = _parse(data, store.uri_of(FORMAT_FILE))
    if found.format_version > CURRENT.format_version:
        raise StoreError(
            f"{store.uri} has lake format {found.format_version}, and this loader ({__version__}) knows format "
            f"{CURRENT.format_version}: upgrade to ground-truth-analytics {found.minimum_loader_version} or newer"
        )
    return found


def mark(store: Store) -> None:
    """Check a lake's format, and mark the lake with this loader's, unless it is marked so.

    Raises:
        StoreError: as ``check``.
    """
    found = check(store)
    if found == CURRENT:
        return
    data = json.dumps(asdict(CURRENT)).encode() + b"\n"
    if found is not None:
        with store.create(FORMAT_FILE) as file:
            file.write(data)
        return
    try:
        store.put_new(FORMAT_FILE, data)
    except FileExistsError:  # another loader, perhaps a newer one, was faster
        mark(store)


def _parse(data: bytes, uri: str) -> Format:
    try:
        marker = json.loads(data)
        found = Format(marker["format_version"], marker["minimum_loader_version"])
    except (ValueError, KeyError, TypeError):
        found = Format(0, "")
    is_sound = type(found.format_version) is int and found.format_version > 0
    if not (is_sound and isinstance(found.minimum_loader_version, str)):
        raise StoreError(
            f"{uri}: not a lake's format marker; restore it, or write "
            f"{json.dumps(asdict(CURRENT))} to it if no loader newer than {__version__} wrote to this lake"
        )
    return found
