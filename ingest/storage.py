"""Where files are: a folder, or a prefix of an S3 bucket (s3.py). One small object with two faces.

Paths are relative to the store and use ``/``. Nothing here knows what the files mean.
"""

from __future__ import annotations

import contextlib
import io
import os
import secrets
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, NamedTuple, Protocol

BLOCK_BYTES = 4 * 2**20
S3_SCHEME = "s3://"
PART_SUFFIX = ".part"
"""Ends the name of a file that is not whole; a process that was killed leaves one behind."""


class StoreError(OSError):
    """A folder or bucket that cannot be used, whichever of its files; the message says why."""


class Encryption(StrEnum):
    """Server-side encryption of what is written to S3."""

    S3_KEYS = "AES256"
    KMS = "aws:kms"
    KMS_TWO_LAYERS = "aws:kms:dsse"


@dataclass(frozen=True)
class S3Options:
    """How to use S3, beyond what boto3 finds in the environment and its configuration.

    Raises:
        ValueError: the options contradict each other.
    """

    endpoint_url: str | None = None
    encryption: Encryption | None = None
    """None leaves it to the bucket's default."""
    kms_key_id: str | None = None
    bucket_key: bool | None = None
    requester_pays: bool = False

    def __post_init__(self) -> None:
        if self.kms_key_id and self.encryption not in (Encryption.KMS, Encryption.KMS_TWO_LAYERS):
            raise ValueError("a KMS key is for the encryptions aws:kms and aws:kms:dsse")
        if self.bucket_key is not None and self.encryption != Encryption.KMS:
            raise ValueError("a bucket key is for the encryption aws:kms")


DEFAULT_S3_OPTIONS = S3Options()


class Entry(NamedTuple):
    """File in a store; ``modified_at`` in milliseconds since 1970-01-01 UTC."""

    path: str
    size_bytes: int
    etag: str
    modified_at: int


class Store(Protocol):
    """Files under one uri. It can be sent to another process.

    Where one file cannot be read or written, an ``OSError`` says why; a ``StoreError`` is about every file.
    """

    uri: str

    def uri_of(self, path: str) -> str:
        """Uri of a file."""

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Every file under a folder of the store, at any depth, in order of names within each folder."""

    def read(self, path: str) -> bytes:
        """A file's bytes."""

    def read_many(self, paths: Iterable[str]) -> Generator[bytes | OSError]:
        """The bytes of many files, in order; the error in place of one that cannot be read. Close it after an error."""

    def blocks(self, path: str) -> Iterator[bytes]:
        """A file's bytes, some megabytes at a time."""

    def create(self, path: str) -> contextlib.AbstractContextManager[IO[bytes] | io.RawIOBase]:
        """A new file to write to: it is there, whole, when the context ends well, and not at all before."""

    def put_new(self, path: str, data: bytes) -> None:
        """Write a whole file in one step.

        Raises:
            FileExistsError: a file of that name is there; it is left as it is.
        """

    def delete(self, paths: Iterable[str]) -> None:
        """Delete the files that are there, in no order."""


class LocalStore:
    """A folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.uri = _text(f"file://{self.root.as_posix()}".rstrip("/"))

    def uri_of(self, path: str) -> str:
        """See ``Store``."""
        return f"{self.uri}/{_text(path)}"

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """See ``Store``. Links are followed, but never back to a folder that is being listed."""
        if self.root.is_file():
            raise StoreError(f"a file, where a folder is needed: {self.root}")
        if not prefix and not self.root.is_dir():
            raise StoreError(f"no such folder: {self.root}")
        folder = self.root / prefix
        if folder.is_dir():
            yield from _scan(str(folder), f"{prefix.rstrip('/')}/" if prefix else "", (os.path.realpath(folder),))

    def read(self, path: str) -> bytes:
        """See ``Store``."""
        return (self.root / path).read_bytes()

    def read_many(self, paths: Iterable[str]) -> Generator[bytes | OSError]:
        """See ``Store``."""
        for path in paths:
            try:
                yield _read_small(f"{self.root}/{path}")
            except OSError as error:
                yield error

    def blocks(self, path: str) -> Iterator[bytes]:
        """See ``Store``."""
        with (self.root / path).open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                yield block

    def create(self, path: str) -> contextlib.AbstractContextManager[IO[bytes] | io.RawIOBase]:
        """See ``Store``."""
        return _new_file(self.root / path, os.replace)

    def put_new(self, path: str, data: bytes) -> None:
        """See ``Store``."""
        # Unlike a rename, a link fails where the name is taken.
        with _new_file(self.root / path, os.link) as file:
            file.write(data)

    def delete(self, paths: Iterable[str]) -> None:
        """See ``Store``."""
        for path in paths:
            (self.root / path).unlink(missing_ok=True)


@contextlib.contextmanager
def _new_file(target: Path, publish: Callable[[Path, Path], None]) -> Iterator[IO[bytes]]:
    target.parent.mkdir(parents=True, exist_ok=True)
    # Not *.parquet until it is whole, or a reader of the folder would take it for a table's file.
    part = target.with_name(f"{target.name}.{secrets.token_hex(4)}{PART_SUFFIX}")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        publish(part, target)
    finally:
        part.unlink(missing_ok=True)


def _scan(folder: str, prefix: str, trail: tuple[str, ...]) -> Iterator[Entry]:
    with os.scandir(folder) as scan:
        entries = sorted(scan, key=lambda entry: entry.name)
    for entry in entries:
        name = prefix + entry.name
        if entry.is_dir():
            if not entry.is_symlink():
                yield from _scan(entry.path, f"{name}/", trail)
            elif (target := os.path.realpath(entry.path)) not in trail:
                yield from _scan(entry.path, f"{name}/", (*trail, target))
        elif entry.is_file():
            status = entry.stat()
            etag = f"{status.st_size:x}-{status.st_mtime_ns:x}"
            yield Entry(name, status.st_size, etag, status.st_mtime_ns // 1_000_000)


def _read_small(path: str) -> bytes:
    # Two system calls less than open().read(): most files are a few kilobytes, and there are many.
    descriptor = os.open(path, os.O_RDONLY)
    try:
        blocks = []
        while block := os.read(descriptor, BLOCK_BYTES):
            blocks.append(block)
        return blocks[0] if len(blocks) == 1 else b"".join(blocks)
    finally:
        os.close(descriptor)


def _text(name: str) -> str:
    """File name as text that can be written anywhere: bytes that are no UTF-8 are escaped."""
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "backslashreplace")


def open_store(location: str, s3: S3Options = DEFAULT_S3_OPTIONS) -> Store:
    """Store of an ``s3://`` uri, a ``file://`` uri or a folder's path.

    Raises:
        StoreError: the uri is of another kind, or its bucket cannot be reached.
    """
    if not location:
        raise StoreError("an empty place, where an s3:// uri or a folder is needed")
    if location.startswith(S3_SCHEME):
        from ingest.s3 import S3Store  # its libraries take a while to import

        return S3Store(location, s3)
    if location.startswith("file://"):
        return LocalStore(Path(location.removeprefix("file://")))
    if "://" in location:
        raise StoreError(f"neither an s3:// uri nor a folder: {location}")
    return LocalStore(Path(location))
