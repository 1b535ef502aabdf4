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

from PIL import Image, UnidentifiedImageError

from ingest.formats.parsing import BadFile, index
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
        BadFile: see ``index_pixels``.
    """
    object_index = index(file.object_folder or "")
    pixels = index_pixels(b"".join(blocks))
    total = sum(pixels.values())
    rows.add_rows(
        "annotations",
        [
            (
                *AnnotationKey(None, object_index, None, place),
                *Label("mask", None, class_id=str(class_index), area=count, region_share=count / total),
            )
            for place, (class_index, count) in enumerate(pixels.items())
        ],
    )


def index_pixels(png: bytes) -> dict[int, int]:
    """Number of pixels by palette index, of those that occur.

    Raises:
        BadFile: the bytes are no whole PNG of at most ``MAX_PIXELS``, or one without a palette: shades and colours
            are no indices, and which of them was which nobody could tell.
    """
    with _opened(png) as image:
        if image.mode != "P":
            raise BadFile(f"a mask without a palette (mode {image.mode})")
        return {class_index: count for class_index, count in enumerate(image.histogram()) if count}


def color_pixels(png: bytes) -> dict[str | None, int]:
    """Number of pixels by colour as ``#rrggbb``; None for the transparent ones. Together they are the image's.

    Raises:
        BadFile: the bytes are no whole PNG of at most ``MAX_PIXELS``, or one of so many colours that it is no mask.
    """
    with _opened(png) as image:
        counted = image.convert("RGBA").getcolors(_MAX_COLORS)
    if counted is None:
        raise BadFile(f"a mask of more than {_MAX_COLORS} colours")
    pixels: dict[str | None, int] = {}
    for count, (red, green, blue, alpha) in counted:  # type: ignore[misc]  # of an RGBA image they are four numbers
        color = f"#{red:02x}{green:02x}{blue:02x}" if alpha else None
        pixels[color] = pixels.get(color, 0) + count
    return pixels


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
