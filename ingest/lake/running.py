"""Markers of running loads: what they have written is spared by ``vacuum``, at any grace.

A load keeps a small file, ``raw/_running/<load_id>``, from before its first part to its end, and writes it anew each
minute. A load that is killed leaves its marker behind, so a marker counts only for a time. If a load was stopped for
longer than that, and lost what it had written, its commit notices: it checks that its parts are there.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from ingest import __version__
from ingest.lake.layout import RUNNING, running_path
from ingest.storage.store import PART_SUFFIX, Store

EXPIRES_AFTER_MINUTES = 30
_REFRESHED_AFTER_SECONDS = 60


class Marker:
    """A load's marker. It can be pickled: other processes that write the load's parts keep it fresh too."""

    def __init__(self, store: Store, load_id: str) -> None:
        """A marker that is not written yet."""
        self._store, self._path = store, running_path(load_id)
        # All processes of a machine have one monotonic clock.
        self._written_at: float | None = None

    def keep(self) -> None:
        """Write it, unless that was done a moment ago."""
        if self._written_at is None or time.monotonic() >= self._written_at + _REFRESHED_AFTER_SECONDS:
            with self._store.create(self._path) as file:
                file.write(__version__.encode())
            self._written_at = time.monotonic()

    def remove(self) -> None:
        """Delete it, if it was written."""
        if self._written_at is not None:
            self._store.delete([self._path])


class Markers(NamedTuple):
    """The markers in a lake."""

    running: set[str]
    """Ids of the loads that are running."""
    expired: list[str]
    """Paths of the markers of loads that were killed."""


def read_markers(store: Store, now: int) -> Markers:
    """The markers in a lake, at a time by the store's clock."""
    markers = Markers(set(), [])
    for file in store.list(RUNNING):
        if has_expired(file.modified_at, now):
            markers.expired.append(file.path)
        elif not file.path.endswith(PART_SUFFIX):
            markers.running.add(file.path.rpartition("/")[2])
    return markers


def has_expired(modified_at: int, now: int) -> bool:
    """Whether a file that a running command keeps fresh, or finishes within seconds, was left behind."""
    return modified_at <= now - EXPIRES_AFTER_MINUTES * 60_000
