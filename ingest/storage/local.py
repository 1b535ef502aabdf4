"""A folder of this machine as a store."""

from __future__ import annotations

import contextlib
import io
import os
import secrets
from collections.abc import Callable, Generator, Iterable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import IO

from ingest.storage.store import BLOCK_BYTES, PART_SUFFIX, Entry, StoreError

_SMALL_BYTES = 2**16
_name = attrgetter("name")


class LocalStore:
    """A folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.uri = _text(f"file://{self.root.as_posix()}".rstrip("/"))

    def uri_of(self, path: str) -> str:
        """See ``Store``."""
        return f"{self.uri}/{_text(path)}"

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """See ``Store``. Symbolic links are followed, but never back to a folder that is being listed."""
        if self.root.is_file():
            raise StoreError(f"{self.root} is a file: expected a folder")
        if not prefix and not self.root.is_dir():
            raise StoreError(f"no such folder: {self.root}")
        folder = self.root / prefix
        if folder.is_dir():
            yield from _scan(str(folder), f"{prefix.rstrip('/')}/" if prefix else "")

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
        # Unlike a rename, a link fails if the name is taken.
        with _new_file(self.root / path, os.link) as file:
            file.write(data)

    def delete(self, paths: Iterable[str]) -> None:
        """See ``Store``."""
        for path in paths:
            (self.root / path).unlink(missing_ok=True)


@contextlib.contextmanager
def _new_file(target: Path, publish: Callable[[Path, Path], None]) -> Iterator[IO[bytes]]:
    target.parent.mkdir(parents=True, exist_ok=True)
    # Named *.parquet only when it is whole, or a reader of the folder would take it for a table's file.
    part = target.with_name(f"{target.name}.{secrets.token_hex(4)}{PART_SUFFIX}")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        publish(part, target)
    finally:
        part.unlink(missing_ok=True)


def _scan(folder: str, prefix: str) -> Iterator[Entry]:
    """Every file below a folder, in order of names within each folder."""
    waiting: list[tuple[str, str, tuple[str, ...]]] = [(folder, prefix, (os.path.realpath(folder),))]
    while waiting:
        folder, prefix, trail = waiting.pop()
        with os.scandir(folder) as scan:
            entries = [*scan]
        if len(entries) > 1:
            entries.sort(key=_name)
        folders: list[tuple[str, str, tuple[str, ...]]] = []
        for entry in entries:
            if entry.is_dir():
                if not entry.is_symlink():
                    folders.append((entry.path, f"{prefix}{entry.name}/", trail))
                elif (target := os.path.realpath(entry.path)) not in trail:
                    folders.append((entry.path, f"{prefix}{entry.name}/", (*trail, target)))
            elif entry.is_file():
                status = entry.stat()
                size, modified = status.st_size, status.st_mtime_ns
                yield Entry(prefix + entry.name, size, f"{size:x}-{modified:x}", modified // 1_000_000)
        waiting += reversed(folders)


def _read_small(path: str) -> bytes:
    # Cheaper than open().read(): most files are a few kilobytes, and there are many.
    descriptor = os.open(path, os.O_RDONLY)
    try:
        block = os.read(descriptor, _SMALL_BYTES)
        blocks = [block]
        while block := os.read(descriptor, _SMALL_BYTES if len(blocks) == 1 else BLOCK_BYTES):
            blocks.append(block)
        return blocks[0] if len(blocks) == 1 else b"".join(blocks)
    finally:
        os.close(descriptor)


def _text(name: str) -> str:
    """File name as text that can be written anywhere: bytes that are not UTF-8 are escaped."""
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "backslashreplace")
