"""Where files are: a folder, or a prefix of an S3 bucket (s3.py). One small object with two faces.

Paths are relative to the store and use ``/``. Nothing here knows what the files mean.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
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
