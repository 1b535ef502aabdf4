"""Opens the store behind a path or a URI."""

from __future__ import annotations

import os
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


def open_store_of_file(location: str, s3: S3Options = DEFAULT_S3_OPTIONS) -> tuple[Store, str]:
    """Open the folder or prefix that a file is in; the store, and the file's name in it.

    Raises:
        StoreError: see `open_store`.
    """
    folder, name = os.path.split(location)
    return open_store(folder or ".", s3), name


def open_empty_store(location: str, why: str, s3: S3Options = DEFAULT_S3_OPTIONS) -> Store:
    """Open a folder or an ``s3://`` URI with nothing in it.

    Args:
        location: see `open_store`.
        why: what needs it empty, for the message.
        s3: how to use S3.

    Raises:
        StoreError: there is something in it, or it cannot be opened.
    """
    store = open_store(location, s3)
    # A folder that does not exist yet cannot be listed.
    if (location.startswith(S3_SCHEME) or os.path.lexists(location)) and any(True for _ in store.list()):
        raise StoreError(f"{location} is not empty: {why}")
    return store
