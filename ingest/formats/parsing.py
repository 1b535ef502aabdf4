"""Single values of Ground Truth's JSON: times, flags, numbers in range, and text kept as written."""

from __future__ import annotations

import codecs
import contextlib
import itertools
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from ingest.tables import TIMESTAMP

Int32: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
Int64: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Number: TypeAlias = Annotated[float, msgspec.Meta(ge=-1e12, le=1e12)]
"""A coordinate, a confidence or seconds: products and sums of such numbers never leave a double's range."""

_EPOCH = datetime(1970, 1, 1)
_EPOCH_UTC = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# The years 1 to 9999 in UTC; a zone may lead out of them, and few readers of timestamps go further.
_MOMENTS = range((datetime.min - _EPOCH) // _MILLISECOND, (datetime.max - _EPOCH) // _MILLISECOND + 1)

_PLAIN_TIME = "2022-08-05T06:44:45.745Z"
_UTC = pa.timestamp("ms", "UTC")

Warn: TypeAlias = Callable[[str], None]
"""Notes something of a file that is not as it should be."""

_Struct = TypeVar("_Struct", bound=msgspec.Struct)


class BadFile(ValueError):  # noqa: N818 (it names the state of the file, not a fault of the program)
    """A source file that cannot be understood; the message says where and why."""


def milliseconds(text: str, field: str = "") -> int:
    """Milliseconds since 1970-01-01 UTC of an ISO 8601 time; one without a zone is UTC.

    Ground Truth writes ``2022-08-05T06:44:45.745Z`` in answers, ``2019-04-18T16:40:59.217995`` and, in old tracking
    jobs, ``2020-05-25T12:53:54+0000`` in manifests.

    Raises:
        BadFile: the text is not a time, or is one of no year from 1 to 9999; the message names the field, if given.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadFile(f"{_of(field)}not an ISO 8601 time: {text!r}") from None
    zone = moment.tzinfo
    since = moment - (_EPOCH if zone is None else _EPOCH_UTC)
    number = (since.days * 86_400 + since.seconds) * 1_000 + since.microseconds // 1_000
    if zone is not UTC and number not in _MOMENTS:
        raise BadFile(f"{_of(field)}not within the years 1 to 9999: {text!r}")
    return number


def _of(field: str) -> str:
    return f"{field}: " if field else ""


def time_column(field: str) -> Callable[[Sequence[str | None]], pa.Array]:
    """What turns the ISO 8601 times of a field into a column of timestamps, exactly as ``milliseconds`` does.

    It raises a BadFile that names the field, as ``milliseconds`` does.
    """

    def convert(times: Sequence[str | None]) -> pa.Array:
        texts = pa.array(times, pa.string())
        # Of so many characters, with a Z at the end, Arrow reads the one form that nearly all have, and no other.
        is_plain = pc.and_(pc.equal(pc.binary_length(texts), len(_PLAIN_TIME)), pc.ends_with(texts, "Z"))
        if pc.all(is_plain).as_py():
            with contextlib.suppress(pa.ArrowInvalid):
                moments = texts.cast(_UTC).cast(TIMESTAMP)
                earliest = pc.min(moments).value
                if earliest is None or earliest >= _MOMENTS[0]:
                    return moments
        return pa.array([None if text is None else milliseconds(text, field) for text in times], TIMESTAMP)

    return convert


def milliseconds_of_seconds(seconds: float | str) -> int:
    """Milliseconds since 1970-01-01 UTC of seconds since then, as CLI v1 and CloudWatch write a time.

    Raises:
        BadFile: it is no number, or a time of no year from 1 to 9999.
    """
    try:
        since = round(float(seconds) * 1000)
    except (ValueError, OverflowError):
        raise BadFile(f"not seconds since 1970: {seconds!r}") from None
    if since not in _MOMENTS:
        raise BadFile(f"not within the years 1 to 9999: {seconds!r}")
    return since


def yes_no(text: str | bool | None) -> bool | None:
    """``human-annotated``: yes, no, and the true of failed objects."""
    if isinstance(text, bool) or text is None:
        return text
    return {"yes": True, "true": True, "no": False, "false": False}.get(text.lower())


def index(text: str) -> int:
    """A whole number of at most 18 digits, such as the number of a frame.

    Raises:
        BadFile: the text is not such a number.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadFile(f"not an object's index: {text!r}")
    return int(text)


def index_of_folder(folder: str | None) -> int:
    """Index of the data object that a folder, or a mask's file name, is named after.

    Raises:
        BadFile: it is not an index as the service writes it: ``0`` and ``00`` would be two folders of one object.
    """
    object_index = index(folder or "")
    if folder != str(object_index):
        raise BadFile(f"not an object's index: {folder!r} (written {object_index} by Ground Truth)")
    return object_index


def as_written(raw: msgspec.Raw | bytes) -> str:
    """The JSON text as the file has it."""
    return str(raw, "utf-8")


def as_json(value: Any) -> str:
    """JSON text of a decoded value."""
    return msgspec.json.encode(value).decode()


def as_text(value: Any) -> str | None:
    """Attribute value or class index as text: a string as it is, anything else as JSON; null is None."""
    if value is None or isinstance(value, str):
        return value
    return as_json(value)


def whole(blocks: Iterable[bytes], warn: Warn) -> bytes:
    """A JSON file's blocks in one piece: UTF-8 without a byte order mark and without half characters."""
    return without_half_characters(b"".join(utf_8(blocks)), warn)


BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_GZIP = b"\x1f\x8b"
_MOST_UNPACKED = 2**28
_PIECE = 2**20


def utf_8(blocks: Iterable[bytes], most_unpacked: int = _MOST_UNPACKED) -> Iterator[bytes]:
    """A text's blocks as UTF-8 without a byte order mark.

    They may be gzip, also of what was gzip before, as Firehose leaves it; and UTF-16, which PowerShell's ``>`` writes,
    and which is marked so.

    Args:
        blocks: the file's.
        most_unpacked: most bytes that gzip may unpack to.

    Raises:
        BadFile: they are not what they begin as, or unpack to more.
    """
    first, blocks = _beginning(iter(blocks), len(BYTE_ORDER_MARK))
    while first.startswith(_GZIP):
        packed = itertools.chain([first], blocks)
        first, blocks = _beginning(_unpacked(packed, most_unpacked), len(BYTE_ORDER_MARK))
    if not first.startswith(_UTF_16):
        yield first.removeprefix(BYTE_ORDER_MARK)
        yield from blocks
        return
    decoder = codecs.getincrementaldecoder("utf-16")("surrogatepass")
    try:
        for block in itertools.chain([first], blocks):
            yield decoder.decode(block).encode("utf-8", "surrogatepass")
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        raise BadFile(f"not sound UTF-16: {error}") from None


def _beginning(blocks: Iterator[bytes], length: int) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes, at least so many of them if there are, and the other blocks."""
    first = b""
    while len(first) < length and (block := next(blocks, None)) is not None:
        first += block
    return first, blocks


def _unpacked(blocks: Iterable[bytes], most: int) -> Iterator[bytes]:
    """Blocks of gzip, of one member or several, as what they unpack to, a piece at a time."""
    unpacker = zlib.decompressobj(wbits=31)
    size = 0
    try:
        for block in blocks:
            rest = block
            while rest:
                if unpacker.eof:
                    unpacker = zlib.decompressobj(wbits=31)
                piece = unpacker.decompress(rest, _PIECE)
                rest = unpacker.unconsumed_tail or unpacker.unused_data
                size += len(piece)
                if size > most:
                    raise BadFile(f"unpacks to more than {most // 2**20:,} MB: split it, or unpack it first")
                yield piece
    except zlib.error as error:
        raise BadFile(f"not sound gzip: {error}") from None
    if not unpacker.eof:
        raise BadFile("not sound gzip: it ends too early")


# Escapes in JSON, one after the other, so that an escaped backslash is none of another; and UTF-8 of half characters.
_ESCAPES = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
    rb"|(\xed[\xa0-\xbf][\x80-\xbf])",
    re.DOTALL,
)
_REPLACEMENT = "\ufffd"


def without_half_characters(data: bytes, warn: Warn) -> bytes:
    """JSON in which each half of a surrogate pair without the other is U+FFFD.

    A text that was cut within an emoji has one; it is no Unicode, and no parser of JSON or SQL takes it.
    """
    if b"\\ud" not in data and b"\\uD" not in data and b"\xed" not in data:
        return data
    halves = 0

    def sound(match: re.Match[bytes]) -> bytes:
        nonlocal halves
        if match[1] is None and match[2] is None:
            return match[0]
        halves += 1
        return b"\\ufffd" if match[2] is None else _REPLACEMENT.encode()

    data = _ESCAPES.sub(sound, data)
    if halves:
        warn(f"half characters (surrogates without a pair) became U+FFFD: {halves:,}")
    return data


_text = msgspec.json.Decoder(str)
_json = msgspec.json.Decoder(msgspec.Raw)


def unwrapped(content: msgspec.Raw, warn: Warn) -> msgspec.Raw | None:
    """The value in a JSON text, which may hold JSON text again; None for null.

    Raises:
        BadFile: the text is no JSON.
    """
    while bytes(content).startswith(b'"'):
        try:
            content = _json.decode(without_half_characters(_text.decode(content).encode(), warn))
        except msgspec.DecodeError as error:
            raise BadFile(f"content is no JSON text: {error}") from None
    return None if bytes(content) == b"null" else content


def decode_with_extra(data: bytes | msgspec.Raw, known: type[_Struct]) -> tuple[_Struct, str | None]:
    """Decode an object; the fields that ``known`` does not have come back as a JSON object, or None.

    Raises:
        msgspec.ValidationError: a known field is missing or of another type.
    """
    value = msgspec.json.decode(data, type=known)
    names = {field.encode_name for field in msgspec.structs.fields(known)}
    fields = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    extra = {name: raw for name, raw in fields.items() if name not in names}
    return value, as_json(extra) if extra else None


def decode_strict_first(
    data: bytes | msgspec.Raw, strict: msgspec.json.Decoder[Any], known: type[_Struct]
) -> tuple[_Struct, str | None]:
    """The same, faster where there is no unknown field; ``strict`` is for a subclass of ``known`` that forbids them."""
    try:
        value: _Struct = strict.decode(data)
        return value, None
    except msgspec.ValidationError:
        return decode_with_extra(data, known)
