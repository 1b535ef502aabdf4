"""The store behind a path or a URI."""

from __future__ import annotations

from pathlib import Path

from ingest.storage.local import LocalStore
from ingest.storage.store import DEFAULT_S3_OPTIONS, S3_SCHEME, S3Options, Store, StoreError


def open_store(location: str, s3: S3Options = DEFAULT_S3_OPTIONS) -> Store:
    """Store of an ``s3://`` uri, a ``file://`` uri or a folder's path.

    Raises:
        StoreError: the uri is of another kind, or its bucket cannot be reached.
    """
    if not location:
        raise StoreError("an empty place, where an s3:// uri or a folder is needed")
    if location.startswith(S3_SCHEME):
        from ingest.storage.s3 import S3Store  # its libraries take a while to import

        return S3Store(location, s3)
    if location.startswith("file://"):
        return LocalStore(Path(location.removeprefix("file://")))
    if "://" in location:
        raise StoreError(f"neither an s3:// uri nor a folder: {location}")
    return LocalStore(Path(location))
