"""Masks as runs of pixels: COCO's uncompressed RLE, and the overlaps of such masks.

Format: pycocotools, ``{"size": [height, width], "counts": [...]}``. The counts are the lengths of the runs of pixels,
one column of the image after the other; the first is of pixels that are not in the mask, and may be 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

Integers: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

# Nobody draws a mask of so many runs. One of noise would take more memory than all other labels together.
_MOST_RUNS = 4_000_000
_SEGMENTS_AT_A_TIME = 65_536
# Fewer of many masks.
_CELLS_AT_A_TIME = 2**24


class RunLengths(msgspec.Struct, gc=False):
    """A mask as JSON has it."""

    size: tuple[int, int]
    counts: list[int]


class Runs:
    """An image whose pixels are codes, such as indices of a palette, as runs of equal ones down its columns."""

    def __init__(self, codes: NDArray[Any]) -> None:
        """Find the runs; the codes are those of rows of pixels."""
        self._height, self._width = codes.shape
        down = codes.ravel(order="F")
        starts = np.flatnonzero(down[1:] != down[:-1]) + 1
        self._bounds: Integers = np.concatenate(([0], starts, [down.size]))
        self._codes: NDArray[Any] = down[self._bounds[:-1]]

    @cached_property
    def pixels(self) -> dict[int, int]:
        """Number of pixels by code, of those that occur."""
        codes, places = np.unique(self._codes, return_inverse=True)
        counts = np.bincount(places, np.diff(self._bounds))
        return {int(code): int(count) for code, count in zip(codes, counts, strict=True)}

    def rle(self, code: int) -> str | None:
        """The mask of the pixels that have a code, as JSON; None if it has too many runs to be one."""
        runs = np.flatnonzero(self._codes == code)
        if len(runs) > _MOST_RUNS:
            return None
        # Two runs of one code are never neighbours, so their ends are those of the mask's runs.
        ends = np.column_stack((self._bounds[runs], self._bounds[runs + 1])).ravel()
        total = self._height * self._width
        counts = np.diff(np.concatenate(([0], ends, [total] if not len(ends) or ends[-1] < total else [])))
        size = (self._height, self._width)
        return msgspec.json.encode(RunLengths(size, counts.astype(np.int64).tolist())).decode()


class _Mask(NamedTuple):
    size: tuple[int, int]
    ends: Integers
    """Where a run ends and the next one begins."""


_run_lengths = msgspec.json.Decoder(RunLengths)


def _read(rle: str) -> _Mask:
    mask = _run_lengths.decode(rle)
    return _Mask(mask.size, np.cumsum(np.asarray(mask.counts, np.int64)))


def mask_overlaps(geometries: Sequence[str], first: Integers, second: Integers) -> Floats:
    """Intersection over union of pairs of masks, which may overlap; 0 if they are of images of different sizes.

    Args:
        geometries: the masks' RLE, as JSON.
        first: place of the one mask of each pair among them.
        second: place of the other.
    """
    overlaps = np.zeros(len(first))
    masks = [_read(rle) for rle in geometries]
    by_size: dict[tuple[int, int], list[int]] = defaultdict(list)
    for place, mask in enumerate(masks):
        by_size[mask.size].append(place)
    row_of = np.zeros(len(masks), np.int64)
    size_of = np.zeros(len(masks), np.int64)
    for number, places in enumerate(by_size.values()):
        row_of[places] = np.arange(len(places))
        size_of[places] = number
    is_of_size = size_of[first] == size_of[second]
    for number, places in enumerate(by_size.values()):
        pairs = np.flatnonzero(is_of_size & (size_of[first] == number))
        if not len(pairs):
            continue
        common = _common_pixels([masks[place].ends for place in places])
        one, other = row_of[first[pairs]], row_of[second[pairs]]
        pixels = common.diagonal()
        union = pixels[one] + pixels[other] - common[one, other]
        overlaps[pairs] = np.divide(common[one, other], union, out=np.zeros(len(pairs)), where=union > 0)
    return overlaps


def _common_pixels(masks: Sequence[Integers]) -> Floats:
    """How many pixels each two of some masks have in common; the counts are whole numbers, and exact."""
    # Between two neighbouring bounds of whichever mask, each mask has all pixels or none.
    bounds = np.unique(np.concatenate([np.zeros(1, np.int64), *masks]))
    lengths = np.diff(bounds).astype(np.float64)
    changes = [np.searchsorted(bounds, ends) for ends in masks]  # segment that begins where a run ends
    common = np.zeros((len(masks), len(masks)))
    step = max(min(_SEGMENTS_AT_A_TIME, _CELLS_AT_A_TIME // max(len(masks), 1)), 1)
    for start in range(0, len(lengths), step):
        some = lengths[start : start + step]
        covers = np.empty((len(masks), len(some)))
        for row, places in enumerate(changes):
            before, after = np.searchsorted(places, (start, start + len(some)))
            within = np.bincount(places[before:after] - start, minlength=len(some))
            covers[row] = (before + np.cumsum(within)) & 1
        common += (covers * some) @ covers.T
    return common
