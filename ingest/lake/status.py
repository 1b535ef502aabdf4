"""What a lake holds."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.lake.lake import Lake
from ingest.lake.ledger import (
    FOLDER_KIND,
    FRAMES_SCHEME,
    LOOK_ALIKE,
    OVERLAPS_URI,
    WORKER_SCHEME,
    Status,
    read_ledger,
)
from ingest.tables import LedgerEntry


@dataclass(kw_only=True)
class FileCounts:
    """Files of one job, or of one kind, by what became of them."""

    files: int = 0
    rejected: int = 0
    skipped: int = 0
    rows: int = 0
    last_loaded_at: int | None = None
    newest_source_at: int | None = None

    def add(self, entry: LedgerEntry) -> None:
        """Count a file whose rows are there."""
        self.files += 1
        self.rows += entry.row_count or 0
        self.last_loaded_at = _latest(self.last_loaded_at, entry.loaded_at)
        self.newest_source_at = _latest(self.newest_source_at, entry.modified_at)


@dataclass(kw_only=True)
class JobStatus(FileCounts):
    """What the lake holds of one job."""

    job_name: str


@dataclass(kw_only=True)
class DirectoryStatus(FileCounts):
    """What the lake holds of one kind of what AWS says of workers: users, work teams and so on."""

    file_kind: str


@dataclass
class LakeStatus:
    """What a lake holds, and what was rejected or skipped."""

    jobs: list[JobStatus]
    directories: list[DirectoryStatus]
    errors: list[tuple[str, str]]
    """Uri and reason of every file whose newest version was rejected, then of those that were skipped."""
    warnings: list[tuple[str, str]]
    """Uri and warning of every file whose rows are there though not all of it was understood."""
    forgotten_files: int


def status(lake: Lake) -> LakeStatus:
    """What is loaded, from when, what was rejected and why."""
    ledger = read_ledger(lake.store)
    jobs: dict[str, JobStatus] = {}
    directories: dict[str, DirectoryStatus] = {}

    def counts_of(entry: LedgerEntry) -> FileCounts:
        if entry.job_name is not None:
            return jobs.setdefault(entry.job_name, JobStatus(job_name=entry.job_name))
        kind = entry.file_kind or ""
        return directories.setdefault(kind, DirectoryStatus(file_kind=kind))

    ledger.newest = {
        uri: entry
        for uri, entry in ledger.newest.items()
        # They are no files.
        if uri != OVERLAPS_URI and (entry.file_kind, entry.status) != (FOLDER_KIND, Status.LOADED)
    }
    refused: list[tuple[str, str]] = []
    skipped: list[tuple[str, str]] = []
    for uri, entry in ledger.newest.items():
        other_folder = ledger.passed_over(entry)
        if entry.status == Status.FORGOTTEN:
            continue
        is_skipped = other_folder is not None or entry.status == Status.SKIPPED
        is_refused = entry.status == Status.REJECTED and not is_skipped
        if entry.etag != LOOK_ALIKE:  # which is a file of no job that is known
            counts = counts_of(entry)
            counts.rejected += is_refused
            counts.skipped += is_skipped
        if is_refused:
            refused.append((uri, entry.error or ""))
        elif is_skipped:
            skipped.append((uri, other_folder or entry.error or ""))
    warnings: list[tuple[str, str]] = []
    for entry in ledger.versions():
        if entry.status == Status.LOADED and ledger.passed_over(entry) is None:
            counts_of(entry).add(entry)
            if entry.warning is not None:
                warnings.append((entry.uri or "", entry.warning))
    no_files = (WORKER_SCHEME, FRAMES_SCHEME)
    forgotten_files = sum(
        entry.status == Status.FORGOTTEN and not uri.startswith(no_files) for uri, entry in ledger.newest.items()
    )
    return LakeStatus(
        sorted(jobs.values(), key=lambda job: job.job_name),
        sorted(directories.values(), key=lambda directory: directory.file_kind),
        sorted(refused) + sorted(skipped),
        sorted(warnings),
        forgotten_files,
    )


def _latest(one: int | None, other: int | None) -> int | None:
    return max((time for time in (one, other) if time is not None), default=None)
