"""One frame of a worker's answer to a sequence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ingest.layout import SourceFile
from ingest.values import NotReadYet, Rows


def parse_worker_frame(file: SourceFile, blocks: Iterable[bytes]) -> Iterator[Rows]:
    """Rows of one frame of a worker's answer to a sequence."""
    raise NotReadYet("one frame of a worker's answer to a sequence are not read yet")
