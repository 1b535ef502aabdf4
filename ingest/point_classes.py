"""The points of a segmented cloud, by class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ingest.layout import SourceFile
from ingest.values import NotReadYet, Rows


def parse_point_classes(file: SourceFile, blocks: Iterable[bytes]) -> Iterator[Rows]:
    """Rows of the points of a segmented cloud, by class."""
    raise NotReadYet("the points of a segmented cloud, by class are not read yet")
