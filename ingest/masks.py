"""The pixels of a segmentation's mask, by class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ingest.layout import SourceFile
from ingest.values import NotReadYet, Rows


def parse_mask(file: SourceFile, blocks: Iterable[bytes]) -> Iterator[Rows]:
    """Rows of the pixels of a segmentation's mask, by class."""
    raise NotReadYet("the pixels of a segmentation's mask, by class are not read yet")
