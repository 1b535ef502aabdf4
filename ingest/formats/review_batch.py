"""Bulk-review batches: labels that a model or an earlier job gave, which workers confirm or not, many in one task.

A batch is a JSON list of items, or an object that has the list as ``items``; an item's number is its place in the
list, from 0. AWS's bulk label quality assurance solution names an item's fields ``s3_image_url``, ``label`` and
``confidence``, and writes the confidence as text. Templates of one's own name them otherwise: see ``FIELD_NAMES``.
An item of a clip has ``s3_video_url``, and one of a text has the text as ``source``. ``review-of`` and
``review-sample`` say which object of which job has the label, and how it was chosen, as in a job's manifest.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar

import msgspec
from msgspec import Raw

from ingest.formats.parsing import BadFile, Number, as_json, whole
from ingest.job_folder import SourceFile
from ingest.rows import Rows
from ingest.tables import ReviewItem

# Names of each field, the first that is there counts; without regard to case and to what is no letter or digit.
FIELD_NAMES: dict[str, tuple[str, ...]] = {
    "image": (
        *("s3_image_url", "s3_image_uri", "image_uri", "image_url", "image", "image_path", "image_local_path"),
        *("source_ref", "s3_uri", "uri", "url"),
    ),
    "video": ("s3_video_url", "s3_video_uri", "video_uri", "video_url", "video", "clip"),
    "text": ("source", "text"),
    "label": ("label", "label_name", "class", "class_name"),
    "confidence": ("confidence", "confidence_score", "score", "probability"),
    "review_of": ("review-of",),
    "review_sample": ("review-sample",),
}
MEDIA = ("image", "video", "text")
"""What an item may be; the first that it has counts."""

_SLUG_CHARACTERS = 60
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")

_Value = TypeVar("_Value")


class _Batch(msgspec.Struct, gc=False):
    items: list[dict[str, Raw]]


_batch = msgspec.json.Decoder(list[dict[str, Raw]] | _Batch)
_text = msgspec.json.Decoder(str)
_label = msgspec.json.Decoder(str | int)
_confidence = msgspec.json.Decoder(Number | str | None)
_optional_text = msgspec.json.Decoder(str | None)


def parse(file: SourceFile, blocks: Iterable[bytes], rows: Rows) -> None:
    """Rows of ``review_items``.

    Raises:
        BadFile, msgspec.MsgspecError: the file is no list of items, or an item has no label or no image, clip or text.
    """
    batch = _batch.decode(whole(blocks, rows.warn))
    items = batch.items if isinstance(batch, _Batch) else batch
    if not items:
        raise BadFile("no item")
    # A file that an option gave to a job has the job's name at the end of its uri.
    batch_name = file.uri.rpartition("/")[2].removesuffix(f"#{file.job_name}")
    rows.add_rows("review_items", [_read_item(batch_name, number, item) for number, item in enumerate(items)])


def find_fields(names: Sequence[str]) -> dict[str, str]:
    """Which of the names are an item's fields; of ``MEDIA``, at most one."""
    by_plain_name: dict[str, str] = {}
    for name in names:
        by_plain_name.setdefault(plain_name(name), name)
    found: dict[str, str] = {}
    for field, known in FIELD_NAMES.items():
        if field in MEDIA and any(medium in found for medium in MEDIA):
            continue
        for key in map(plain_name, known):
            if key in by_plain_name:
                found[field] = by_plain_name[key]
                break
    return found


def find_medium(fields: Mapping[str, str]) -> str | None:
    """Which of ``MEDIA`` is among an item's fields."""
    return next((medium for medium in MEDIA if medium in fields), None)


@lru_cache(maxsize=1000)
def plain_name(name: str) -> str:
    """A field's name without regard to case, blanks, hyphens and underscores."""
    return "".join(character for character in name.lower() if character.isalnum())


def parse_number(text: str) -> float:
    """A number written as text.

    Raises:
        BadFile: it is none, or beyond what a ``Number`` may be.
    """
    text = text.strip()
    number = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not abs(number) <= 1e12:
        raise BadFile(f"not a number: {text!r}")
    return number


def _read_item(batch_name: str, number: int, item: dict[str, Raw]) -> ReviewItem:
    fields = find_fields(tuple(item))
    medium = find_medium(fields)
    try:
        confidence = _field("confidence", _confidence, item, fields)
        return ReviewItem(
            batch_name,
            number,
            _named("image, clip or text", _field(medium, _text, item, fields) if medium else ""),
            _named("label", str(_field("label", _label, item, fields)) if "label" in fields else ""),
            parse_number(confidence) if isinstance(confidence, str) else confidence,
            # An empty cell of a table is no key.
            _field("review_of", _optional_text, item, fields) or None,
            _field("review_sample", _optional_text, item, fields) or None,
            _extra(item, fields),
        )
    except BadFile as error:
        raise BadFile(f"items[{number}]: {error}") from None


def _field(
    field: str, decoder: msgspec.json.Decoder[_Value], item: dict[str, Raw], fields: Mapping[str, str]
) -> _Value | None:
    if field not in fields:
        return None
    try:
        return decoder.decode(item[fields[field]])
    except msgspec.ValidationError as error:
        raise BadFile(f"{fields[field]}: {error}") from None


def _named(field: str, text: str | None) -> str:
    if not text:
        raise BadFile(f"no {field}")
    return text


def _extra(item: dict[str, Raw], fields: dict[str, str]) -> str | None:
    known = set(fields.values())
    extra = {name: raw for name, raw in item.items() if name not in known}
    return as_json(extra) if extra else None


class Item(NamedTuple):
    """A label to be confirmed.

    Attributes:
        source: uri of the image or clip, or the text itself.
        label: what workers confirm.
        confidence: that of the model; None if it is not known.
        extra: other fields of the item, such as ``review-of``.
        medium: one of ``MEDIA``.
    """

    source: str
    label: str
    confidence: float | None
    extra: dict[str, str]
    medium: str = "image"


def make_batches(items: Iterable[Item], batch_size: int) -> Iterator[tuple[str, list[Item]]]:
    """Batches of one label each, by label, with a file name that no other batch has; the least sure items first.

    The order of ``items`` does not matter.
    """
    by_label: dict[str, list[Item]] = {}
    for item in sorted(items, key=_order):
        by_label.setdefault(item.label, []).append(item)
    numbers: Counter[str] = Counter()  # go on where two labels have the same slug
    for label, of_label in by_label.items():
        slug = _slug(label)
        for start in range(0, len(of_label), batch_size):
            numbers[slug] += 1
            yield f"{slug}-{numbers[slug]:05}.json", of_label[start : start + batch_size]


def _order(item: Item) -> tuple[str, float, str, list[tuple[str, str]]]:
    return item.label, -1.0 if item.confidence is None else item.confidence, item.source, sorted(item.extra.items())


def encode_batch(batch: list[Item]) -> bytes:
    """The file of a batch."""
    items = [
        {
            FIELD_NAMES[item.medium][0]: item.source,
            "label": item.label,
            **({} if item.confidence is None else {"confidence": item.confidence}),
            **item.extra,
        }
        for item in batch
    ]
    return msgspec.json.format(msgspec.json.encode(items))


def _slug(label: str) -> str:
    ascii_only = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "-", ascii_only)[:_SLUG_CHARACTERS].strip("-") or "label"
