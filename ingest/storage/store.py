"""What a store of files is: a folder (local.py) or a prefix of an S3 bucket (s3.py).

Paths are relative to the store and use ``/``. Nothing here knows what the files mean.
"""

from __future__ import annotations

import builtins
import contextlib
import errno
import io
import re
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, Protocol, TypeAlias

import msgspec

BLOCK_BYTES = 4 * 2**20
S3_SCHEME = "s3://"
PART_SUFFIX = ".part"
"""Ends the name of an unfinished file. A process that is killed may leave one behind."""


class StoreError(OSError):
    """A folder or bucket that cannot be used at all; the message says why."""


_CREDENTIALS = re.compile(r"(?<=://)[^/\s\"'<>]+@")


def without_credentials(text: str) -> str:
    """Text without the user and the password of any address in it, such as ``https://user:secret@host``."""
    return _CREDENTIALS.sub("", text)


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def with_place(error: OSError, place: str) -> OSError:
    """The error, with the file that was written if a disk is full: the system does not name it."""
    if error.errno in _FULL and error.filename is None:
        return StoreError(error.errno, error.strerror, place)
    return error


class Encryption(StrEnum):
    """Server-side encryption of objects written to S3."""

    S3_KEYS = "AES256"
    KMS = "aws:kms"
    KMS_TWO_LAYERS = "aws:kms:dsse"


@dataclass(frozen=True)
class S3Options:
    """Settings for S3 beyond those that boto3 finds in the environment and its configuration files.

    Raises:
        ValueError: the options contradict each other.
    """

    endpoint_url: str | None = None
    encryption: Encryption | None = None
    """None means the bucket's default."""
    kms_key_id: str | None = None
    bucket_key: bool | None = None
    requester_pays: bool = False

    def __post_init__(self) -> None:
        if self.kms_key_id and self.encryption not in (Encryption.KMS, Encryption.KMS_TWO_LAYERS):
            raise ValueError("a KMS key needs the encryption aws:kms or aws:kms:dsse")
        if self.bucket_key is not None and self.encryption != Encryption.KMS:
            raise ValueError("a bucket key needs the encryption aws:kms")


DEFAULT_S3_OPTIONS = S3Options()


class Entry(msgspec.Struct, frozen=True, gc=False):
    """File in a store; ``modified_at`` in milliseconds since 1970-01-01 UTC, within the years 1 to 9999."""

    path: str
    size_bytes: int
    etag: str
    modified_at: int
    original: str | None = None
    """Path of the same file in the store, if this one leads through a link to a folder."""


OnError: TypeAlias = Callable[[str, OSError], None]
"""Takes the path of what cannot be listed, and the reason."""


class Store(Protocol):
    """Files under one URI. A store can be pickled and used in another process.

    If one file cannot be read or written, an ``OSError`` says why. A ``StoreError`` concerns every file.
    """

    uri: str
    writes_at_once: int
    """Number of files that are worth writing side by side."""

    def uri_of(self, path: str) -> str:
        """URI of a file."""

    def now(self) -> int:
        """Time by the clock that ``Entry.modified_at`` is by, which may differ from this machine's; in milliseconds."""

    def list(self, prefix: str = "", on_error: OnError | None = None) -> Iterator[Entry]:
        """Every file under a folder of the store, at any depth, in order of names within each folder.

        With ``on_error``, a file or a folder that cannot be listed is passed over, and told; without, it is an error.
        """

    def missing(self, paths: Iterable[str]) -> builtins.list[str]:
        """Those of some files that do not exist."""

    def read(self, path: str) -> bytes:
        """A file's bytes."""

    def read_many(self, paths: Iterable[str]) -> Generator[bytes | OSError]:
        """The bytes of many files in order, or the error of a file that cannot be read.

        Reading begins with the call and keeps some hundred files ahead of the caller: call it for the next files
        before you work on these. Close it unless you read it to its end.
        """

    def blocks(self, path: str) -> Iterator[bytes]:
        """A file's bytes, some megabytes at a time."""

    def create(self, path: str) -> contextlib.AbstractContextManager[IO[bytes] | io.RawIOBase]:
        """A new file to write to. It appears, whole, when the context ends without an error, and never before."""

    def put_new(self, path: str, data: bytes) -> None:
        """Write a whole file in one step.

        Raises:
            FileExistsError: a file of that name exists; it is left as it is.
        """

    def delete(self, paths: Iterable[str]) -> None:
        """Delete files, in any order. Files that do not exist are passed over."""
