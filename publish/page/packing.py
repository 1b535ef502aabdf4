"""Columns as bytes: what the page's ``decode`` in ``app/engine.js`` reads. The same table gives the same bytes.

A packed table is gzip over: the header's length (u32, little endian), the header (JSON, UTF-8), and the columns' bytes,
which the header says the lengths of, in its order. Numbers of more than one byte are written plane by plane: all first
bytes, then all second bytes, and so on, because that compresses better.

========  ============================================================================================================
kind      values
========  ============================================================================================================
text      codes into a sorted dictionary; NULL is the code after the last. With ``of``: codes are looked up in ``map``
          by the code of another column, on which they depend
int       integers of the least width; with ``delta``: differences to the value before
float     with ``scale``: integers, to be divided by it; else f64, or f32 if that was asked for
date      days since 1970, as int
time      milliseconds since 1970, as float
bool      0 or 1
key       nothing: every row has its own, and none is NULL
========  ============================================================================================================
"""

from __future__ import annotations

import gzip
import json
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
        # NULLs last, as both engines put them.
        sort_keys = [key for values, nulls, _ in coded.values() for key in (nulls, values) if key is not None]
        order = np.lexsort(sort_keys[::-1])
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
            column["dictionary"] = words
            if determinant := _determinant(name, coded, columns):
                column["of"], column["map"] = determinant
            else:
                column["type"], part = _integers(values, unsigned=True)
                parts.append(part)
        else:
            if nulls is not None:
                column["nulls"] = True
                parts.append(np.packbits(nulls, bitorder="little").tobytes())
                values = np.where(nulls, 0, values)
            if kind in ("float", "time"):
                described, part = _floats(values, single=name in single)
                column |= described
            else:
                differences = np.diff(values, prepend=0) if kind in ("int", "date") and len(values) else values
                if _magnitude(differences) * 4 < _magnitude(values):
                    column["delta"] = True
                    values = differences
                column["type"], part = _integers(values)
            parts.append(part)
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
            if "of" in column:
                codes[name] = np.array(column["map"], dtype=np.int64)[codes[column["of"]]]
            else:
                codes[name] = _from_planes(parts[0], column["type"], count).astype(np.int64)
            result[name] = [[*column["dictionary"], None][code] for code in codes[name]]
            continue
        nulls = np.zeros(count, dtype=bool)
        if "nulls" in column:
            nulls = np.unpackbits(np.frombuffer(parts[0], np.uint8), count=count, bitorder="little").astype(bool)
        values = _from_planes(parts[-1], column["type"], count)
        if "delta" in column:
            values = np.cumsum(values.astype(np.int64))
        if "scale" in column:
            values = values / column["scale"]
        native = values.astype(bool).tolist() if kind == "bool" else values.tolist()
        result[name] = [None if null else value for null, value in zip(nulls, native, strict=True)]
    return result


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
        if other["kind"] != "text" or "of" in other or len(other["dictionary"]) > 0xFFFF:
            continue
        by = coded[other["name"]][0]
        found = np.zeros(len(other["dictionary"]) + 1, dtype=np.int64)
        found[by] = values
        if (found[by] == values).all():
            return other["name"], found.tolist()
    return None


def _magnitude(values: Array) -> float:
    return float(np.abs(values, dtype=np.float64).mean()) if len(values) else 0


def _integers(values: Array, unsigned: bool = False) -> tuple[str, bytes]:
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    for width in (1, 2, 4):
        if low >= 0 and high < 1 << 8 * width:
            return f"u{width}", _planes(values.astype(f"<u{width}"))
        if not unsigned and low >= -(1 << 8 * width - 1) and high < 1 << 8 * width - 1:
            return f"i{width}", _planes(values.astype(f"<i{width}"))
    return "f8", _planes(values.astype("<f8"))


def _floats(values: Array, single: bool) -> tuple[dict[str, Any], bytes]:
    for scale in _SCALES:
        with np.errstate(over="ignore"):
            whole = np.rint(values * scale)
        if not len(values) or (np.abs(whole).max() < 1 << 31 and (whole / scale == values).all()):
            kind, part = _integers(whole.astype(np.int64))
            return {"type": kind, "scale": scale}, part
    kind = "f4" if single else "f8"
    return {"type": kind}, _planes(values.astype(f"<{kind}"))


def _planes(values: Array) -> bytes:
    return values.view(np.uint8).reshape(-1, values.itemsize).T.tobytes()


def _from_planes(part: bytes, kind: str, count: int) -> Array:
    width = int(kind[1])
    return np.ascontiguousarray(np.frombuffer(part, np.uint8).reshape(width, count).T).view(f"<{kind}").reshape(count)
