"""The items of a bulk-review batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ingest.layout import SourceFile
from ingest.values import NotReadYet, Rows


def parse_review_batch(file: SourceFile, blocks: Iterable[bytes]) -> Iterator[Rows]:
    """Rows of the items of a bulk-review batch."""
    raise NotReadYet("the items of a bulk-review batch are not read yet")
