"""Masks: the pixels of each class, by palette index and by colour."""

from __future__ import annotations

import io
import json
import struct
import zlib
from itertools import chain

import pytest
from PIL import Image

from ingest.formats.mask import color_regions, index_regions
from ingest.formats.parsing import BadFile
from ingest.job_folder import FileKind
from tests.formats.parsed import parse

# Five columns, two rows: class 2 has three pixels, class 7 one, the background the other six.
INDICES = [[0, 2, 2, 0, 0], [0, 2, 7, 0, 0]]


def png(image: Image.Image, **options: int) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return file.getvalue()


def index_pixels(data: bytes) -> dict[int, int]:
    return {index: region.pixels for index, region in index_regions(data).items()}


def color_pixels(data: bytes) -> dict[str | None, int]:
    return {color: region.pixels for color, region in color_regions(data).items()}


def mask() -> Image.Image:
    image = Image.new("P", (5, 2))
    image.putdata(list(chain.from_iterable(INDICES)))
    colors = {0: (255, 255, 255), 2: (44, 160, 44), 7: (31, 119, 180)}
    image.putpalette([part for place in range(8) for part in colors.get(place, (255, 255, 255))])
    return image


def raw_png(width: int, height: int, depth: int = 8, color_type: int = 3) -> bytes:
    """A PNG's header and no pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize("bits", [4, 8])
def test_pixels_by_palette_index(bits: int) -> None:
    """However many bits a pixel has in the file; indices without pixels are not told."""
    assert index_pixels(png(mask(), bits=bits)) == {0: 6, 2: 3, 7: 1}


@pytest.mark.parametrize("mode", ["P", "RGB", "RGBA"])
def test_pixels_by_color(mode: str) -> None:
    """The unused indices are white as the background is: colours are counted, not indices."""
    assert color_pixels(png(mask().convert(mode))) == {"#ffffff": 6, "#2ca02c": 3, "#1f77b4": 1}


def test_transparent_pixels_have_no_color() -> None:
    """Half transparent ones have: a canvas smooths its strokes' edges."""
    image = Image.new("RGBA", (3, 2), (0, 0, 0, 0))
    image.putpixel((0, 0), (44, 160, 44, 255))
    image.putpixel((1, 0), (44, 160, 44, 1))
    image.putpixel((2, 0), (9, 9, 9, 0))
    assert color_pixels(png(image)) == {None: 4, "#2ca02c": 2}


def test_a_transparent_palette_index_has_no_color() -> None:
    assert color_pixels(png(mask(), transparency=0)) == {None: 6, "#2ca02c": 3, "#1f77b4": 1}


def test_shades_are_colors() -> None:
    assert color_pixels(png(Image.new("L", (2, 2), 128))) == {"#808080": 4}
    assert color_pixels(png(Image.new("1", (2, 2), 1))) == {"#ffffff": 4}


@pytest.mark.parametrize("mode", ["1", "L", "LA", "I;16", "RGB", "RGBA"])
def test_a_mask_without_palette_has_no_indices(mode: str) -> None:
    with pytest.raises(BadFile, match=rf"a mask without a palette \(mode {mode}\)"):
        index_pixels(png(Image.new(mode, (2, 2))))


@pytest.mark.parametrize("read", [index_pixels, color_pixels])
@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", "not a PNG"),
        (b"<html>", "not a PNG"),
        (b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", "not a PNG"),
        (png(mask())[:8], "a broken PNG"),
        (png(mask())[:30], "a broken PNG"),
        (png(mask())[:-1], "a broken PNG: cut short"),
        (png(mask())[:-25], "a broken PNG: cut short"),
        (png(mask())[:-25] + png(mask())[-12:], "a broken PNG: "),
        (raw_png(5, 2), "a broken PNG: image file is truncated"),
        (raw_png(0, 2), "a broken PNG"),
        (raw_png(5, 2, depth=3), "a broken PNG"),
        (raw_png(10_000, 10_001), "a PNG of more than 100 megapixels"),
        (raw_png(100_000, 100_000), "a PNG of more than 100 megapixels"),
    ],
    ids=lambda value: repr(value[:24]),
)
def test_what_is_no_png_is_refused(read: object, data: bytes, error: str) -> None:
    """Before its pixels are read, where it says that there are too many."""
    assert callable(read)
    with pytest.raises(BadFile, match=error):
        read(data)


def test_a_photograph_is_no_mask() -> None:
    image = Image.new("RGB", (256, 257))
    image.putdata([(x, y % 256, y // 256) for y in range(257) for x in range(256)])
    with pytest.raises(BadFile, match="a mask of more than 65536 colours"):
        color_pixels(png(image))


def rle(*counts: int) -> dict[str, str]:
    """Runs of the mask, down its columns of two pixels each."""
    return {"geometry_json": json.dumps({"size": [2, 5], "counts": counts}, separators=(",", ":"))}


def test_rows_of_a_consolidated_mask() -> None:
    rows = parse(FileKind.MASK, png(mask()), object_folder="12")
    place = {"object_index": 12, "shape": "mask"}
    assert rows == {
        "annotations": [
            {**place, "annotation_index": 0, "class_id": "0", "area": 6.0, "region_share": 0.6, **rle(0, 2, 4, 4)},
            {**place, "annotation_index": 1, "class_id": "2", "area": 3.0, "region_share": 0.3, **rle(2, 3, 5)},
            {**place, "annotation_index": 2, "class_id": "7", "area": 1.0, "region_share": 0.1, **rle(5, 1, 4)},
        ]
    }
