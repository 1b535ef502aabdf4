"""A folder of this machine as a store."""

from __future__ import annotations

import contextlib
import io
import os
import secrets
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import IO, NamedTuple

from ingest.storage.store import BLOCK_BYTES, PART_SUFFIX, Entry, StoreError

_SMALL_BYTES = 2**16
_name = attrgetter("name")


class LocalStore:
    """A folder."""

    writes_at_once = 1

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.uri = _text(f"file://{self.root.as_posix()}".rstrip("/"))

    def uri_of(self, path: str) -> str:
        """See ``Store``."""
        return f"{self.uri}/{_text(path)}"

    def now(self) -> int:
        """See ``Store``. The folder may be another machine's."""
        with tempfile.TemporaryFile(dir=self.root) as file:
            return os.fstat(file.fileno()).st_mtime_ns // 1_000_000

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """See ``Store``. Symbolic links are followed, but never back to a folder that is being listed."""
        if self.root.is_file():
            raise StoreError(f"{self.root} is a file: expected a folder")
        if not prefix and not self.root.is_dir():
            raise StoreError(f"no such folder: {self.root}")
        folder = self.root / prefix
        if folder.is_dir():
            yield from _scan(
                _Folder(str(folder), f"{prefix.rstrip('/')}/" if prefix else "", (os.path.realpath(folder),))
            )

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


class _Folder(NamedTuple):
    """A folder that is to be listed: its path, what its files' paths begin with, and the links that led to it."""

    path: str
    prefix: str
    trail: tuple[str, ...]


def _scan(folder: _Folder) -> Iterator[Entry]:
    """Every file below a folder, in order of names within each folder: its files first, then each folder in it."""
    # Of the folders that are yet to be listed, only the names are kept: there may be hundreds of thousands.
    unfinished: list[tuple[_Folder, Iterator[str], set[str]]] = []
    waiting: _Folder | None = folder
    while waiting:
        prefix = waiting.prefix
        files: list[os.DirEntry[str]] = []
        folders: list[str] = []
        links: set[str] = set()
        with os.scandir(waiting.path) as scan:
            for entry in scan:
                if entry.is_dir():
                    folders.append(entry.name)
                    if entry.is_symlink():
                        links.add(entry.name)
                elif entry.is_file():
                    files.append(entry)
        if len(files) > 1:
            files.sort(key=_name)
        for entry in files:
            status = entry.stat()
            size, modified = status.st_size, status.st_mtime_ns
            yield Entry(prefix + entry.name, size, f"{size:x}-{modified:x}", modified // 1_000_000)
        if folders:
            folders.sort()
            unfinished.append((waiting, iter(folders), links))
        waiting = _next_folder(unfinished)


def _next_folder(unfinished: list[tuple[_Folder, Iterator[str], set[str]]]) -> _Folder | None:
    while unfinished:
        (path, prefix, trail), names, links = unfinished[-1]
        for name in names:
            inner = _Folder(f"{path}/{name}", f"{prefix}{name}/", trail)
            if name not in links:
                return inner
            target = os.path.realpath(inner.path)
            if target not in trail:
                return inner._replace(trail=(*trail, target))
        unfinished.pop()
    return None


def _read_small(path: str) -> bytes:
    # Cheaper than open().read(): most files are a few kilobytes, and there are many.
    descriptor = os.open(path, os.O_RDONLY)
    try:
        block = os.read(descriptor, _SMALL_BYTES)
        if len(block) < _SMALL_BYTES:  # of a regular file, that is the end
            return block
        blocks = [block]
        while block := os.read(descriptor, _SMALL_BYTES if len(blocks) == 1 else BLOCK_BYTES):
            blocks.append(block)
        return b"".join(blocks)
    finally:
        os.close(descriptor)


def _text(name: str) -> str:
    """File name as text that can be written anywhere: bytes that are not UTF-8 are escaped."""
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "backslashreplace")
