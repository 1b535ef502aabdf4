"""A folder of this machine as a store."""

from __future__ import annotations

import builtins
import contextlib
import heapq
import io
import os
import secrets
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import IO

from ingest.storage.store import BLOCK_BYTES, PART_SUFFIX, Entry, OnError, StoreError, with_place

_SMALL_BYTES = 2**16
_name = attrgetter("name")
# The years 1 to 9999, in milliseconds since 1970: a disk keeps any 64-bit number as a file's time.
_FIRST_MOMENT = int(datetime.min.replace(tzinfo=UTC).timestamp()) * 1_000
_LAST_MOMENT = int(datetime.max.replace(microsecond=0, tzinfo=UTC).timestamp()) * 1_000


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

    def list(self, prefix: str = "", on_error: OnError | None = None) -> Iterator[Entry]:
        """See ``Store``.

        Symbolic links to folders are followed, but each folder only once, and none back to a folder that they are in.
        """
        if self.root.is_file():
            raise StoreError(f"{self.root} is a file: expected a folder")
        if not prefix and not self.root.is_dir():
            raise StoreError(f"no such folder: {self.root}")
        folder = self.root / prefix
        if folder.is_dir():
            prefix = f"{prefix.rstrip('/')}/" if prefix else ""
            yield from _Scan(str(folder), prefix, on_error or _raise_unless_gone).entries()

    def missing(self, paths: Iterable[str]) -> builtins.list[str]:
        """See ``Store``."""
        return [path for path in paths if not (self.root / path).is_file()]

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
    except OSError as error:
        raise with_place(error, str(target)) from None
    finally:
        part.unlink(missing_ok=True)


class _Scan:
    """Every file below a folder, in order of names within each folder: its files first, then each folder in it.

    Folders that links lead to come last, each once, however many links lead to it.
    """

    def __init__(self, folder: str, prefix: str, on_error: OnError) -> None:
        self._base, self._prefix, self._on_error = os.path.realpath(folder), prefix, on_error
        self._links: list[tuple[int, int, str, str]] = []
        self._followed: set[str] = set()
        self._count = 0

    def entries(self) -> Iterator[Entry]:
        yield from self._below(self._base, self._prefix)
        while self._links:
            # What is above comes first: what is in it needs no place of its own.
            _, _, target, prefix = heapq.heappop(self._links)
            if self._followed.isdisjoint((target, *map(str, Path(target).parents))):
                self._followed.add(target)
                yield from self._below(target, prefix)

    def _below(self, folder: str, prefix: str) -> Iterator[Entry]:
        # Of the folders that are yet to be listed, only the names are kept: there may be hundreds of thousands.
        unfinished: list[tuple[str, str, Iterator[str]]] = []
        within = self._within(folder) if prefix != self._prefix else None
        waiting: tuple[str, str] | None = (folder, prefix)
        while waiting:
            path, at = waiting
            files, folders = self._contents(path, at)
            for entry in files:
                try:
                    status = entry.stat()
                except OSError as error:
                    self._on_error(at + entry.name, error)
                    continue
                size, modified = status.st_size, status.st_mtime_ns
                original = None if within is None else f"{within}{at[len(prefix) :]}{entry.name}"
                modified_at = min(max(modified // 1_000_000, _FIRST_MOMENT), _LAST_MOMENT)
                yield Entry(at + entry.name, size, f"{size:x}-{modified:x}", modified_at, original)
            if folders:
                unfinished.append((path, at, iter(folders)))
            waiting = self._next(unfinished)

    def _within(self, folder: str) -> str | None:
        """What the paths of a folder's files begin with if it is below the one that is listed."""
        if not folder.startswith(self._base.rstrip("/") + "/"):
            return None
        return f"{self._prefix}{os.path.relpath(folder, self._base)}/"

    def _contents(self, path: str, prefix: str) -> tuple[list[os.DirEntry[str]], list[str]]:
        """The files of a folder, and the names of its folders; links to folders wait."""
        files: list[os.DirEntry[str]] = []
        folders: list[str] = []
        links: list[str] = []
        try:
            with os.scandir(path) as scan:
                for entry in scan:
                    try:
                        if entry.is_dir():
                            (links if entry.is_symlink() else folders).append(entry.name)
                        elif entry.is_file():
                            files.append(entry)
                    except OSError as error:
                        self._on_error(prefix + entry.name, error)
        except OSError as error:
            self._on_error(prefix.removesuffix("/"), error)
        if len(files) > 1:
            files.sort(key=_name)
        folders.sort()
        for name in sorted(links):
            self._note_link(path, f"{prefix}{name}/", os.path.realpath(f"{path}/{name}"))
        return files, folders

    def _note_link(self, folder: str, prefix: str, target: str) -> None:
        below = target.rstrip("/") + "/"
        if not f"{folder}/".startswith(below):
            self._count += 1
            heapq.heappush(self._links, (target.count("/"), self._count, target, prefix))
        elif target != self._base and self._base.startswith(below):
            self._on_error(prefix.removesuffix("/"), OSError(f"a link to {target}, which the source is in"))

    @staticmethod
    def _next(unfinished: list[tuple[str, str, Iterator[str]]]) -> tuple[str, str] | None:
        while unfinished:
            path, prefix, names = unfinished[-1]
            for name in names:
                return f"{path}/{name}", f"{prefix}{name}/"
            unfinished.pop()
        return None


def _raise_unless_gone(path: str, error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):  # it was renamed or deleted meanwhile
        raise error


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
