"""What became of the files of a load: for the ledger, and for the summary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import pyarrow as pa

from ingest import __version__
from ingest.job_folder import SourceFile
from ingest.lake.ledger import Status, now
from ingest.tables import LEDGER


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What became of one file."""

    file: SourceFile
    status: Status
    row_count: int = 0
    error: str | None = None
    warning: str | None = None


def ledger_entries(load_id: str, outcomes: Sequence[Outcome]) -> pa.RecordBatch:
    """The ledger's entries for some files."""
    files = [outcome.file for outcome in outcomes]
    columns: dict[str, list[object]] = {
        "load_id": [load_id] * len(files),
        "file_no": [file.file_no for file in files],
        "origin_load_id": [load_id] * len(files),
        "uri": [file.uri for file in files],
        "job_name": [file.job_name for file in files],
        "job_uri": [file.job_uri for file in files],
        "file_kind": [file.kind for file in files],
        "etag": [file.etag for file in files],
        "size_bytes": [file.size_bytes for file in files],
        "modified_at": [file.modified_at for file in files],
        "status": [outcome.status for outcome in outcomes],
        "row_count": [outcome.row_count for outcome in outcomes],
        "error": [outcome.error for outcome in outcomes],
        "warning": [outcome.warning for outcome in outcomes],
        "loaded_at": [now()] * len(files),
        "loader_version": [__version__] * len(files),
    }
    arrays = [pa.array(columns[column.name], column.type) for column in LEDGER.schema]
    return pa.RecordBatch.from_arrays(arrays, schema=LEDGER.schema)


@dataclass
class Summary:
    """What a load did."""

    load_id: str | None = None
    files_found: int = 0
    files_unchanged: int = 0
    files_forgotten: int = 0
    files_ignored: int = 0
    files_loaded: int = 0
    files_rejected: int = 0
    files_skipped: int = 0
    rows: int = 0
    values_dropped: int = 0
    """Values of JSON that named forgotten workers as a whole, and are NULL."""
    jobs: list[str] = field(default_factory=list)
    errors: list[dict[str, str]] = field(default_factory=list)
    warnings: list[dict[str, str]] = field(default_factory=list)
    """Of files that are loaded."""

    def count(self, outcome: Outcome) -> None:
        """Count a file that is not loaded, and keep the reason."""
        if outcome.status == Status.FORGOTTEN:
            return
        if outcome.status == Status.REJECTED:
            self.files_rejected += 1
        else:
            self.files_skipped += 1
        error = {"uri": outcome.file.uri, "error": outcome.error or ""}
        # A folder that is in the way of another is reported once, not for each of its files.
        if outcome.status == Status.SKIPPED and outcome.file.etag is None:
            error["uri"] = outcome.file.job_uri or ""
        if not self.errors or self.errors[-1] != error:
            self.errors.append(error)
