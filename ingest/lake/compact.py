"""Compacting: many small loads become one."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from ingest.lake.again import again_if_overtaken
from ingest.lake.lake import Lake
from ingest.lake.layout import load_id_of
from ingest.lake.ledger import (
    Status,
    forgotten_frames_entry,
    frames_in,
    tombstone,
)
from ingest.lake.redaction import Redaction
from ingest.lake.rewrite import CurrentLabels, FileId, find_answers, rewrite
from ingest.tables import LEDGER

_SMALL_LOAD_BYTES = 256 * 2**20


class Compacted(NamedTuple):
    """What ``compact`` did."""

    loads_rewritten: int = 0
    values_dropped: int = 0
    """Values of JSON that named forgotten workers as a whole, and became NULL."""


def compact(lake: Lake) -> Compacted:
    """Rewrite the rows of small loads, and of loads with superseded rows, as one new load.

    If another command deletes what it reads, it begins again.

    A load that commits meanwhile keeps its precedence: the rewritten entries keep the load that read them. Rows of
    forgotten workers that a load committed late, while they were being forgotten, are left out.

    Returns:
        What it did: nothing if there is nothing to gain.

    Raises:
        StoreError: the lake's format is newer than this loader's; or other commands got in the way each time.
    """
    lake.check_format()
    return again_if_overtaken("compact", lake.store, lambda: _compact(lake))


def _compact(lake: Lake) -> Compacted:
    store, snapshot = lake.store, lake.snapshot()
    ledger, files = snapshot.ledger, snapshot.files
    sizes: Counter[str] = Counter()
    for file in (file for table, found in files.items() if table != LEDGER.name for file in found):
        sizes[load_id_of(file.path) or ""] += file.size_bytes
    loads = {load_id for file in files[LEDGER.name] if (load_id := load_id_of(file.path))}
    chosen = {load_id for load_id in loads if sizes[load_id] < _SMALL_LOAD_BYTES} | ledger.superseded_loads
    if len(chosen) < 2 and not ledger.superseded_loads:
        return Compacted()
    redaction = Redaction(ledger.forgotten_workers)
    answers = find_answers(store, files, redaction, chosen)
    new_frames = sorted(answers.frames - ledger.forgotten_frames)
    with snapshot.begin() as load:
        gone = {entry.uri for entry in frames_in(ledger, new_frames)}
        moved = [entry for entry in ledger.current() if entry.load_id in chosen or entry.uri in gone]
        file_numbers = {
            FileId(entry.load_id or "", entry.file_no or 0): number
            for number, entry in enumerate(moved)
            if entry.status == Status.LOADED and entry.uri not in gone
        }
        kept = (entry for entry in ledger.versions() if entry.uri not in gone)
        labels = CurrentLabels(store, files, kept, redaction, answers)
        counts = rewrite(store, files, load, file_numbers, redaction, answers, labels)
        load.add(
            [
                tombstone(load.id, number, entry)
                if entry.uri in gone
                else entry._replace(load_id=load.id, file_no=number, row_count=counts[number])
                for number, entry in enumerate(moved)
            ]
        )
        load.add(
            [forgotten_frames_entry(load.id, number, folder) for number, folder in enumerate(new_frames, len(moved))]
        )
    return Compacted(len(chosen), redaction.dropped.total())
