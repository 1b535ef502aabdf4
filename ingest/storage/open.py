"""Opens the store behind a path or a URI."""

from __future__ import annotations

from pathlib import Path

from ingest.storage.local import LocalStore
from ingest.storage.store import DEFAULT_S3_OPTIONS, S3_SCHEME, S3Options, Store, StoreError


def open_store(location: str, s3: S3Options = DEFAULT_S3_OPTIONS) -> Store:
    """Open an ``s3://`` URI, a ``file://`` URI or a folder's path.

    Raises:
        StoreError: the location is empty or another kind of URI, or S3 cannot be used.
    """
    if not location:
        raise StoreError("empty path: expected a folder or an s3:// URI")
    if location.startswith(S3_SCHEME):
        from ingest.storage.s3 import S3Store  # its libraries take a while to import

        return S3Store(location, s3)
    if location.startswith("file://"):
        return LocalStore(Path(location.removeprefix("file://")))
    if "://" in location:
        raise StoreError(f"{location}: not supported: expected a folder or an s3:// URI")
    return LocalStore(Path(location))
