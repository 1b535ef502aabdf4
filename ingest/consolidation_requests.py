"""The answers that a consolidation was given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

from ingest.layout import SourceFile
from ingest.values import NotReadYet, Rows


def parse_request(
    file: SourceFile, blocks: Iterable[bytes], forgotten_workers: Set[str] = frozenset()
) -> Iterator[Rows]:
    """Rows of the answers that a consolidation was given."""
    raise NotReadYet("the answers that a consolidation was given are not read yet")
