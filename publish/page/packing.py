"""Columns as bytes: what the page's ``decode`` in ``app/engine.js`` reads. The same table gives the same bytes.

A packed table is gzip over: the header's length (u32, little endian), the header (JSON, UTF-8), and the columns' bytes,
which the header says the lengths of, in its order. Numbers of more than one byte are written plane by plane: all first
bytes, then all second bytes, and so on, because that compresses better.

========  ============================================================================================================
kind      values
========  ============================================================================================================
text      codes into a sorted dictionary (in the order of the rows, if nearly each has another text); NULL is the code
          after the last. With ``of``: codes are looked up in ``map`` by the code of another column, on which they
          depend. With ``around``: the dictionary's words are numbers between two of these texts, as uris of frames are
int       integers of the least width; with ``delta``: differences to the value before
float     with ``scale``: integers, to be divided by it; with ``dictionary``: codes, the most frequent first, NULL after
          the last; else f64, or f32 if that was asked for
date      days since 1970, as int
time      milliseconds since 1970, as float
bool      0 or 1
key       nothing: every row has its own, and none is NULL
========  ============================================================================================================
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_SCALES = (1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 1_000_000_000)
_DERIVED_FROM = 10_000
"""Rows from which it pays to look for columns that depend on another."""
_FEW_VALUES = 4096
# The first or the last number of a text.
_NUMBERS = (re.compile(r"[0-9]{1,9}(?![0-9])"), re.compile(r"[0-9]{1,9}(?=[^0-9]*$)"))
_SAMPLE = 1 << 16
_LEVEL = 6

Array = npt.NDArray[Any]


def pack(
    table: pa.Table, *, single: Collection[str] = (), keys: Collection[str] = (), ordered: bool = False
) -> tuple[dict[str, Any], bytes]:
    """A table as bytes.

    Args:
        table: what to pack; its rows are put into order by its columns, the first one first, unless ``ordered``.
        single: float columns for which seven digits are enough.
        keys: columns that are unique and never NULL, of which only that is packed; they need not be in the table.
        ordered: keep the order of the rows.

    Returns:
        The header, for those who want to look at it, and the bytes, compressed.
    """
    coded = {name: _coded(table.column(name)) for name in table.column_names}
    if not ordered and table.num_rows:
        order = _order([(values, nulls) for values, nulls, _ in coded.values()])
        coded = {
            name: (values[order], None if nulls is None else nulls[order], words)
            for name, (values, nulls, words) in coded.items()
        }
    columns: list[dict[str, Any]] = [{"name": name, "kind": "key", "bytes": []} for name in sorted(keys)]
    blocks: list[bytes] = []
    for name in table.column_names:
        values, nulls, words = coded[name]
        kind = _kind(table.schema.field(name).type)
        column: dict[str, Any] = {"name": name, "kind": kind}
        parts: list[bytes] = []
        if words is not None:
            if len(words) >= _DERIVED_FROM and len(words) * 2 > len(values):
                # Nearly as many words as rows: in the order of the rows, the codes are nearly 0, 1, 2, …
                words, values = _by_appearance(words, values)
            if len(words) >= _DERIVED_FROM and (around := _around(words)):
                column |= around[0]
                parts += around[1]
            else:
                column["dictionary"] = words
            if determinant := _determinant(name, coded, columns):
                column["of"], column["map"] = determinant
            else:
                parts.append(_ints(column, values.astype(np.int64), unsigned=True))
        elif kind in ("float", "time"):
            parts += _floats(column, values, nulls, single=name in single)
        else:
            if nulls is not None:
                column["nulls"] = True
                parts.append(_bits(nulls))
                values = np.where(nulls, 0, values)
            parts.append(_ints(column, values))
        column["bytes"] = [len(part) for part in parts]
        columns.append(column)
        blocks += parts
    header = {"length": table.num_rows, "columns": columns}
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return header, gzip_bytes(b"".join([len(text).to_bytes(4, "little"), text, *blocks]))


def gzip_bytes(content: bytes) -> bytes:
    """Compressed, with no time and no name in it."""
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, 9)
    body = compressor.compress(content) + compressor.flush()
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # no time, no system
    return head + body + zlib.crc32(content).to_bytes(4, "little") + (len(content) & 0xFFFFFFFF).to_bytes(4, "little")


def unpack(packed: bytes) -> dict[str, list[Any]]:
    """The columns of a packed table, as the page decodes them; keys are the numbers of the rows."""
    content = gzip.decompress(packed)
    place = 4 + int.from_bytes(content[:4], "little")
    header = json.loads(content[4:place])
    count = header["length"]
    codes: dict[str, Array] = {}
    result: dict[str, list[Any]] = {}

    for column in header["columns"]:
        parts = []
        for size in column["bytes"]:
            parts.append(content[place : place + size])
            place += size
        name, kind = column["name"], column["kind"]
        if kind == "key":
            result[name] = list(range(count))
            continue
        if kind == "text":
            words = column.get("dictionary")
            if "around" in column:
                templates = _from_ints(parts.pop(0), column["templates"], column["words"])
                numbers = _from_ints(parts.pop(0), column["numbers"], column["words"])
                words = []
                for template, number in zip(templates, numbers, strict=True):
                    before, after, width = column["around"][int(template)]
                    words.append(f"{before}{int(number):0{width}d}{after}")
            if "of" in column:
                codes[name] = np.array(column["map"], dtype=np.int64)[codes[column["of"]]]
            else:
                codes[name] = _from_ints(parts[0], column, count).astype(np.int64)
            result[name] = [[*words, None][code] for code in codes[name]]
            continue
        values = _from_ints(parts[-1], column, count)
        if "dictionary" in column:
            result[name] = [[*column["dictionary"], None][code] for code in values.astype(np.int64)]
            continue
        nulls = np.zeros(count, dtype=bool)
        if "nulls" in column:
            nulls = np.unpackbits(np.frombuffer(parts[0], np.uint8), count=count, bitorder="little").astype(bool)
        if "scale" in column:
            values = values / column["scale"]
        native = values.astype(bool).tolist() if kind == "bool" else values.tolist()
        result[name] = [None if null else value for null, value in zip(nulls, native, strict=True)]
    return result


def _from_ints(part: bytes, column: dict[str, Any], count: int) -> Array:
    values = _from_planes(part, column["type"], count)
    return np.cumsum(values.astype(np.float64 if column["type"] == "f8" else np.int64)) if "delta" in column else values


def _kind(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "bool"
    if pa.types.is_integer(kind):
        return "int"
    if pa.types.is_date(kind):
        return "date"
    if pa.types.is_timestamp(kind):
        return "time"
    return "text" if pa.types.is_string(kind) else "float"


def _coded(column: pa.ChunkedArray) -> tuple[Array, Array | None, list[str] | None]:
    """Numbers in the order of the values, which of them are NULL, and of text the dictionary."""
    kind = _kind(column.type)
    if kind == "text":
        encoded = column.combine_chunks().dictionary_encode()
        words = encoded.dictionary.to_pylist()
        ranked = sorted(range(len(words)), key=words.__getitem__)
        rank = np.empty(len(words) + 1, dtype=np.uint32)
        rank[ranked] = np.arange(len(words), dtype=np.uint32)
        rank[len(words)] = len(words)
        indices = encoded.indices.fill_null(len(words)).to_numpy(zero_copy_only=False)
        return rank[indices], None, [words[place] for place in ranked]
    nulls = column.is_null().to_numpy() if column.null_count else None
    if kind == "bool":
        column = column.cast(pa.int8())
    elif kind == "date":
        column = column.cast(pa.int32())
    elif kind == "time":
        column = column.cast(pa.timestamp("ms")).cast(pa.int64())
    elif kind == "float":
        column = column.cast(pa.float64())
    if kind != "float":
        column = column.cast(pa.int64())
    values = pc.fill_null(column, 0).to_numpy()
    if kind == "float":
        strange = ~np.isfinite(values)
        if strange.any():  # JSON and the page know neither infinity nor NaN: not known
            nulls = strange if nulls is None else nulls | strange
            values = np.where(strange, 0, values)
    return values.astype(np.float64) if kind == "time" else values, nulls, None


def _determinant(
    name: str, coded: dict[str, tuple[Array, Array | None, list[str] | None]], columns: list[dict[str, Any]]
) -> tuple[str, list[int]] | None:
    """A text column on which this one depends, and the codes by its codes."""
    values = coded[name][0]
    if len(values) < _DERIVED_FROM:
        return None
    for other in columns:
        if other["kind"] != "text" or "of" in other or len(other.get("dictionary", ())) not in range(1, _DERIVED_FROM):
            continue
        by = coded[other["name"]][0]
        found = np.zeros(len(other["dictionary"]) + 1, dtype=np.int64)
        found[by] = values
        if (found[by] == values).all():
            return other["name"], found.tolist()
    return None


def _order(columns: list[tuple[Array, Array | None]]) -> Array:
    """Row numbers by the columns, the first one first, NULLs last, as both engines put them."""
    keys = [key for values, nulls in columns for key in (nulls, values) if key is not None]
    # The first columns nearly always say it: as one number, which sorts many times faster than a column each.
    first, room, used = np.zeros(len(keys[0]), dtype=np.int64), 1 << 62, 0
    for key in keys:
        low, high = int(key.min()), int(key.max())
        if key.dtype.kind == "f" or high - low + 1 > room:
            break
        first = first * (high - low + 1) + (key.astype(np.int64) - low)
        room //= high - low + 1
        used += 1
    order: Array = np.argsort(first, kind="stable")
    if used == len(keys):
        return order
    same = np.diff(first[order]) == 0
    tied = np.flatnonzero(np.concatenate([same, [False]]) | np.concatenate([[False], same]))
    rows = order[tied]
    order[tied] = rows[np.lexsort([key[rows] for key in [*keys[used:][::-1], first]])]
    return order


def _by_appearance(words: list[str], codes: Array) -> tuple[list[str], Array]:
    used, first = np.unique(codes, return_index=True)
    order = used[np.argsort(first)]
    order = order[order < len(words)]
    rank = np.full(len(words) + 1, len(words), dtype=np.uint32)
    rank[order] = np.arange(len(words), dtype=np.uint32)
    return [words[code] for code in order], rank[codes]


def _around(words: list[str]) -> tuple[dict[str, Any], list[bytes]] | None:
    """Words as numbers between a few texts; None if that does not make them much shorter."""
    found = [split for pattern in _NUMBERS if (split := _split(words, pattern))]
    if not found:
        return None
    templates, codes, numbers = min(found, key=lambda split: len(split[0]))
    described: dict[str, Any] = {"around": [list(template) for template in templates], "words": len(words)}
    parts = []
    for name, values in (("templates", codes), ("numbers", numbers)):
        described[name] = {}
        parts.append(_ints(described[name], values))
    return described, parts


def _split(words: list[str], pattern: re.Pattern[str]) -> tuple[dict[tuple[str, str, int], int], Array, Array] | None:
    templates: dict[tuple[str, str, int], int] = {}
    codes, numbers = np.empty(len(words), dtype=np.int64), np.empty(len(words), dtype=np.int64)
    for place, word in enumerate(words):
        found = pattern.search(word)
        if not found:
            return None
        digits = found[0]
        # With a leading zero the width is part of it.
        template = (word[: found.start()], word[found.end() :], len(digits) if digits[0] == "0" else 0)
        codes[place] = templates.setdefault(template, len(templates))
        numbers[place] = int(digits)
        if len(templates) * 4 > len(words) + 4 * _SAMPLE:
            return None
    return (templates, codes, numbers) if len(templates) * 4 <= len(words) else None


def _ints(column: dict[str, Any], values: Array, unsigned: bool = False) -> bytes:
    """Integers as bytes; how is added to the column."""
    if len(values) > 1:
        differences = np.diff(values, prepend=0)
        if _size(differences) < 0.9 * _size(values):
            column["delta"] = True
            values, unsigned = differences, False
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    for width in (1, 2, 4):
        for sign, least, most in (("u", 0, 1 << 8 * width), ("i", -(1 << 8 * width - 1), 1 << 8 * width - 1)):
            if low >= least and high < most and not (unsigned and sign == "i"):
                column["type"] = f"{sign}{width}"
                return _planes(values.astype(f"<{sign}{width}"))
    column["type"] = "f8"
    return _planes(values.astype("<f8"))


def _size(values: Array) -> int:
    """About how many bytes they take."""
    return len(zlib.compress(_planes(values[:_SAMPLE].astype("<i4", casting="unsafe")), 1))


def _floats(column: dict[str, Any], values: Array, nulls: Array | None, single: bool) -> list[bytes]:
    if len(values) >= _DERIVED_FROM and column["kind"] == "float":
        distinct, codes = np.unique(values if nulls is None else values[~nulls], return_inverse=True)
        if len(distinct) <= _FEW_VALUES:
            # The most frequent get the smallest numbers, which the first plane of bytes has nearly all of.
            ranked = np.argsort(-np.bincount(codes), kind="stable")
            rank = np.empty(len(distinct) + 1, dtype=np.int64)
            rank[ranked] = np.arange(len(distinct))
            everywhere = np.full(len(values), len(distinct))
            everywhere[... if nulls is None else ~nulls] = rank[codes]
            column["dictionary"] = distinct[ranked].tolist()
            return [_ints(column, everywhere, unsigned=True)]
    parts = []
    if nulls is not None:
        column["nulls"] = True
        parts.append(_bits(nulls))
        values = np.where(nulls, 0, values)
    for scale in _SCALES:
        with np.errstate(over="ignore"):
            whole = np.rint(values * scale)
        if not len(values) or (np.abs(whole).max() < 1 << 31 and (whole / scale == values).all()):
            column["scale"] = scale
            return [*parts, _ints(column, whole.astype(np.int64))]
    column["type"] = "f4" if single else "f8"
    return [*parts, _planes(values.astype(f"<{column['type']}"))]


def _bits(flags: Array) -> bytes:
    return np.packbits(flags, bitorder="little").tobytes()


def _planes(values: Array) -> bytes:
    return values.view(np.uint8).reshape(-1, values.itemsize).T.tobytes()


def _from_planes(part: bytes, kind: str, count: int) -> Array:
    width = int(kind[1])
    return np.ascontiguousarray(np.frombuffer(part, np.uint8).reshape(width, count).T).view(f"<{kind}").reshape(count)
