"""Single values: times, flags, indices, and text as written."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ingest.formats.parsing import (
    BadFile,
    as_text,
    decode_with_extra,
    index,
    index_of_folder,
    milliseconds,
    whole,
    without_half_characters,
    yes_no,
)


def fail(what: str) -> None:
    """What a test warns that expects no warning."""
    pytest.fail(what)


# 2020-01-01 is day 18,262 since 1970-01-01.
DAY = 86_400_000
NEW_YEAR = 18_262 * DAY


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59.999Z", -1),
        ("1969-12-31T23:59:59.9991Z", -1),
        ("2020-01-01T00:00:00", NEW_YEAR),
        ("2020-01-01T00:00:00.001", NEW_YEAR + 1),
        ("2020-01-01T00:00:00.001999", NEW_YEAR + 1),
        ("2020-01-01T00:00:00.999999Z", NEW_YEAR + 999),
        ("2020-01-01T02:00:00+0200", NEW_YEAR),
        ("2020-01-01T02:00:00.500+02:00", NEW_YEAR + 500),
        ("2019-12-31T20:30:00-03:30", NEW_YEAR),
        ("2020-01-01T00:00:00+0000", NEW_YEAR),
        ("2020-01-01 00:00:00", NEW_YEAR),
        ("2020-03-01T00:00:00Z", NEW_YEAR + 60 * DAY),
        ("0001-01-01T00:00:00Z", -719_162 * DAY),
        ("9999-12-31T23:59:59.999999Z", 2_932_897 * DAY - 1),
    ],
)
def test_milliseconds(text: str, expected: int) -> None:
    """Without a zone a time is UTC; what is below a millisecond is cut off, before 1970 too."""
    assert milliseconds(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "noon",
        "1596609885745",
        "2020-13-01T00:00:00Z",
        "2021-02-29T00:00:00Z",
        "2020-01-01T25:00:00Z",
        "2020-01-01T00:00:60Z",
        "2020-01-01T00:00:00ZZ",
        "10000-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "2020-01-01T00:00:00+25:00",
        "Wed Aug 14 16:00:59 UTC 2019",
        "\uff12020-01-01T00:00:00",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BadFile) as error:
        milliseconds(text)
    assert str(error.value) == f"not an ISO 8601 time: {text!r}"


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59.999-00:01"])
def test_a_time_that_its_zone_leads_out_of_the_calendar_is_refused(text: str) -> None:
    """Neither Python nor most readers of Parquet could show it."""
    with pytest.raises(BadFile) as error:
        milliseconds(text)
    assert str(error.value) == f"not within the years 1 to 9999: {text!r}"


@pytest.mark.parametrize(
    ("written", "expected"),
    [("yes", True), ("No", False), ("TRUE", True), ("false", False), (False, False), ("1", None), ("", None)],
)
def test_yes_no(written: str | bool, expected: bool | None) -> None:
    assert yes_no(written) is expected


@pytest.mark.parametrize(("text", "expected"), [("0", 0), ("0012", 12), ("9" * 18, 10**18 - 1)])
def test_index(text: str, expected: int) -> None:
    assert index(text) == expected


@pytest.mark.parametrize("text", ["", "-1", "+1", " 1", "1 ", "1_0", "1.0", "1e3", "\u0661", "\u00b2", "9" * 19])
def test_what_is_no_index_is_refused(text: str) -> None:
    with pytest.raises(BadFile, match="not an object's index"):
        index(text)


@pytest.mark.parametrize(("folder", "expected"), [("0", 0), ("12", 12), ("9" * 18, 10**18 - 1)])
def test_index_of_folder(folder: str, expected: int) -> None:
    assert index_of_folder(folder) == expected


@pytest.mark.parametrize("folder", ["00", "01", "000", "x", "", None])
def test_one_object_has_one_folder(folder: str | None) -> None:
    with pytest.raises(BadFile, match="not an object's index"):
        index_of_folder(folder)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("", ""), ("è ", "è "), (0, "0"), (2**64, str(2**64)), (True, "true"), (["a"], '["a"]'), (None, None)],
)
def test_as_text(value: Any, expected: str | None) -> None:
    assert as_text(value) == expected


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([], b""),
        ([b"\xef", b"\xbb\xbf{", b"}"], b"{}"),
        ([b"\xef\xbb\xbf\xef\xbb\xbf"], b"\xef\xbb\xbf"),
        ([b"{\xef\xbb\xbf}"], b"{\xef\xbb\xbf}"),
    ],
)
def test_whole(blocks: list[bytes], expected: bytes) -> None:
    """One byte order mark goes, at the beginning only."""
    assert whole(blocks, fail) == expected


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_utf_16_becomes_utf_8(encoding: str, size: int) -> None:
    """However it is cut; PowerShell's ``>`` writes it."""
    text = '{"a": "Łódź \U0001f600"}'
    data = f"\ufeff{text}".encode(encoding)
    blocks = [data[start : start + size] for start in range(0, len(data), size)]
    assert whole(blocks, fail).decode() == text


def test_broken_utf_16_is_refused() -> None:
    with pytest.raises(BadFile, match="not sound UTF-16"):
        whole([b"\xff\xfe{\x00}"], fail)


@pytest.mark.parametrize(
    ("written", "sound", "halves"),
    [
        (rb'"\ud83d\ude00"', rb'"\ud83d\ude00"', 0),
        (rb'"\uD83D"', rb'"\ufffd"', 1),
        (rb'"\ude00\ud83d"', rb'"\ufffd\ufffd"', 2),
        (rb'"\ud83d\ud83d\ude00"', rb'"\ufffd\ud83d\ude00"', 1),
        (rb'"\\ud83d"', rb'"\\ud83d"', 0),  # an escaped backslash before the letters
        (rb'"\\\ud83d"', rb'"\\\ufffd"', 1),
        ("각\ud83d".encode("utf-8", "surrogatepass"), "각\ufffd".encode(), 1),
    ],
)
def test_half_characters(written: bytes, sound: bytes, halves: int) -> None:
    warnings: list[str] = []
    assert without_half_characters(written, warnings.append) == sound
    assert warnings == ([f"half characters (surrogates without a pair) became U+FFFD: {halves}"] if halves else [])


class _Known(msgspec.Struct, rename="kebab"):
    first_name: int
    other: str | None = None


def test_decode_with_extra_keeps_what_is_not_known_as_written() -> None:
    value, extra = decode_with_extra(b'{"b": 1.50, "first-name": 1, "first_name": [ 2 ]}', _Known)
    assert (value.first_name, value.other) == (1, None)
    assert extra == '{"b":1.50,"first_name":[ 2 ]}'
    assert decode_with_extra(b'{"other":null,"first-name":1}', _Known)[1] is None


def test_decode_with_extra_refuses_what_is_known_and_wrong() -> None:
    with pytest.raises(msgspec.ValidationError, match="missing required field `first-name`"):
        decode_with_extra(b'{"more":1}', _Known)
