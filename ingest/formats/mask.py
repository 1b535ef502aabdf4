"""Masks of segmentations: PNGs whose pixels say which class they are of.

Format: Amazon SageMaker developer guide, "Semantic segmentation job output". A consolidated mask is a PNG with a
palette of 8 bits, whose index is the key of the manifest's colour map; a worker's is of any kind, in the colours of the
answer's label mappings.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from ingest.formats.parsing import BadFile, index_of_folder
from ingest.geometry.masks import Runs
from ingest.job_folder import SourceFile
from ingest.rows import Rows
from ingest.tables import AnnotationKey, Label

MAX_PIXELS = 100_000_000
"""Ground Truth takes no larger images."""
_MAX_COLORS = 65_536
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_END = b"IEND\xaeB`\x82"

Image.MAX_IMAGE_PIXELS = MAX_PIXELS


def parse(file: SourceFile, blocks: Iterable[bytes], rows: Rows) -> None:
    """Rows of a consolidated mask: ``annotations``, one for each palette index that has pixels.

    Their label is NULL: the manifest's colour map has it.

    Raises:
        BadFile: see ``index_regions``.
    """
    object_index = index_of_folder(file.object_folder)
    regions = index_regions(b"".join(blocks))
    total = sum(region.pixels for region in regions.values())
    rows.add_rows(
        "annotations",
        [
            (
                *AnnotationKey(None, object_index, None, place),
                *Label(
                    "mask",
                    None,
                    class_id=str(class_index),
                    area=region.pixels,
                    region_share=region.pixels / total,
                    geometry_json=region.rle,
                ),
            )
            for place, (class_index, region) in enumerate(regions.items())
        ],
    )


class Region(NamedTuple):
    """The pixels of an image that have one code."""

    pixels: int
    runs: Runs
    code: int

    @property
    def rle(self) -> str | None:
        """Which pixels they are, as JSON; None if they are too scattered to be a mask."""
        return self.runs.rle(self.code)


def index_regions(png: bytes) -> dict[int, Region]:
    """Pixels by palette index, of those that occur.

    Raises:
        BadFile: the bytes are no whole PNG of at most ``MAX_PIXELS``, or one without a palette: shades and colours
            are no indices, and which of them was which nobody could tell.
    """
    with _opened(png) as image:
        if image.mode != "P":
            raise BadFile(f"a mask without a palette (mode {image.mode})")
        runs = Runs(np.asarray(image))
    return {code: Region(pixels, runs, code) for code, pixels in runs.pixels.items()}


_TRANSPARENT = 2**24


def color_regions(png: bytes) -> dict[str | None, Region]:
    """Pixels by colour as ``#rrggbb``; None for the transparent ones. Together they are the image's.

    Raises:
        BadFile: the bytes are no whole PNG of at most ``MAX_PIXELS``, or one of so many colours that it is no mask.
    """
    with _opened(png) as image:
        rgba = image.convert("RGBA")
    if rgba.getcolors(_MAX_COLORS) is None:
        raise BadFile(f"a mask of more than {_MAX_COLORS} colours")
    pixels = np.asarray(rgba)
    codes = np.full(pixels.shape[:2], _TRANSPARENT, np.uint32)
    red, green, blue = (pixels[..., channel].astype(np.uint32) for channel in range(3))
    np.copyto(codes, red << 16 | green << 8 | blue, where=pixels[..., 3] > 0)
    runs = Runs(codes)
    return {
        None if code == _TRANSPARENT else f"#{code:06x}": Region(count, runs, code)
        for code, count in runs.pixels.items()
    }


@contextlib.contextmanager
def _opened(png: bytes) -> Iterator[Image.Image]:
    """The image, read whole; whatever Pillow raises over it is a BadFile."""
    if png.startswith(_SIGNATURE) and _END not in png:  # which Pillow does not miss
        raise BadFile("a broken PNG: cut short")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
                image.load()
                yield image
    except BadFile:
        raise
    except UnidentifiedImageError:
        raise BadFile("a broken PNG" if png.startswith(_SIGNATURE) else "not a PNG") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadFile(f"a PNG of more than {MAX_PIXELS // 1_000_000} megapixels") from None
    except Exception as error:  # of many kinds, for a PNG may be broken in many ways
        raise BadFile(f"a broken PNG: {error}") from None
