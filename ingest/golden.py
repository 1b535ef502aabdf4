r"""Golden answers: the known-right labels of some data objects, as JSON Lines.

Two forms, which may be mixed: ``{"<object index>": "<label>"}`` (a list of labels for multi-label tasks), and the
lines of an augmented manifest, whose ``source-ref`` or ``source`` names the data object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from ingest.labels import class_labels
from ingest.layout import SourceFile
from ingest.manifest import Line, lines, read_line
from ingest.schemas import GoldenKey, Label
from ingest.values import BadFile, Rows, as_written, index


def parse_golden(file: SourceFile, blocks: Iterable[bytes]) -> Iterator[Rows]:
    """Rows of ``golden_labels``.

    Raises:
        BadFile: a line is of neither form, has several label attributes, or one whose labels cannot be compared.
    """
    rows: list[tuple[object, ...]] = []
    for number, data in lines(blocks):
        data = data.removeprefix(b"\xef\xbb\xbf") if number == 0 else data
        if not data.strip():
            continue
        try:
            rows += _read_golden(read_line(data))
        except (BadFile, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise BadFile(f"line {number + 1}: {error}") from None
    if not rows:
        raise BadFile("no golden label")
    yield {"golden_labels": rows}


def _read_golden(line: Line) -> list[tuple[object, ...]]:
    if line.source_uri is None and line.source_text is None:
        rows: list[tuple[object, ...]] = []
        for object_folder, raw in line.passthrough.items():
            object_index = index(object_folder)
            names = msgspec.json.decode(as_written(raw), type=str | list[str])
            labels = class_labels([names] if isinstance(names, str) else names)
            rows += _rows(GoldenKey(None, object_index, None, None, None), labels)
        return rows
    if len(line.attributes) != 1:
        names_found = ", ".join(attribute.name for attribute in line.attributes) or "none"
        raise BadFile(f"a golden line needs one label attribute with its metadata, found {names_found}")
    attribute = line.attributes[0]
    if attribute.result.labels is None:
        raise BadFile(f"labels of type {attribute.metadata.type} cannot be compared yet")
    key = GoldenKey(attribute.name, None, line.source_uri, line.source_text, None)
    return _rows(key, attribute.result.labels)


def _rows(key: GoldenKey, labels: list[Label]) -> list[tuple[object, ...]]:
    if not labels:
        return [(*key, *Label(None, None))]
    return [(*key._replace(annotation_index=place), *label) for place, label in enumerate(labels)]
