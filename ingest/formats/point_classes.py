"""The classes of a segmented point cloud's points.

Format: Amazon SageMaker developer guide, "3D point cloud semantic segmentation output": zlib over one byte a point, in
the order of the cloud, whose value is the key of the manifest's colour map.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator

from ingest.formats.parsing import BadFile, index_of_folder
from ingest.job_folder import SourceFile
from ingest.rows import Rows
from ingest.tables import AnnotationKey, Label

MAX_POINTS = 100_000_000
"""Far more than a worker's browser shows."""
_POINTS_AT_A_TIME = 2**20


def parse(file: SourceFile, blocks: Iterable[bytes], rows: Rows) -> None:
    """Rows of a segmented cloud: ``annotations``, one for each class index that has points.

    Their label is NULL: the manifest's colour map has it. Which points they are is not kept: neighbours in a file are
    none in the cloud, so the runs of millions of points would be nearly as many.

    Raises:
        BadFile: the bytes are no whole zlib stream, or one of more than ``MAX_POINTS``.
    """
    object_index = index_of_folder(file.object_folder)
    points = Counter[int]()
    try:
        for some in _decompressed(blocks):
            points.update(some)
            if points.total() > MAX_POINTS:
                raise BadFile(f"more than {MAX_POINTS // 1_000_000} million points")
    except zlib.error as error:
        raise BadFile(f"no zlib stream: {error}") from None
    total = points.total()
    rows.add_rows(
        "annotations",
        [
            (
                *AnnotationKey(None, object_index, None, place),
                *Label("mask", None, class_id=str(class_index), point_count=count, region_share=count / total),
            )
            for place, (class_index, count) in enumerate(sorted(points.items()))
        ],
    )


def _decompressed(blocks: Iterable[bytes]) -> Iterator[bytes]:
    stream = zlib.decompressobj()
    for block in blocks:
        rest = block
        while rest:
            if stream.eof:
                raise BadFile("bytes after the zlib stream")
            yield stream.decompress(rest, _POINTS_AT_A_TIME)
            rest = stream.unused_data or stream.unconsumed_tail
    yield stream.flush()
    if not stream.eof:
        raise BadFile("the zlib stream is cut short")
