r"""Golden answers: the known-right labels of some data objects, as JSON Lines.

Two forms, which may be mixed: ``{"<object index>": "<label>"}`` (a list of labels for multi-label tasks), and the
lines of an augmented manifest, whose ``source-ref`` or ``source`` names the data object.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

import msgspec

from ingest.formats.output_manifest import Line, json_lines, read_line
from ingest.formats.parsing import BadFile, index
from ingest.formats.shapes import Name, class_labels
from ingest.job_folder import SourceFile
from ingest.rows import Rows
from ingest.tables import GoldenKey, Label

_names = msgspec.json.Decoder(Name | list[Name])


def parse(file: SourceFile, blocks: Iterable[bytes], rows: Rows) -> None:
    """Rows of ``golden_labels``; an answer that is given again gives no more of them.

    Raises:
        BadFile: a line is of neither form, has several label attributes, or one whose labels cannot be compared; or
            it answers for a data object that an earlier line answers for otherwise.
    """
    answers: dict[GoldenKey, tuple[int, list[Label]]] = {}
    for number, data, _ in json_lines(blocks, rows.warn):
        try:
            for key, labels in _read_golden(read_line(data, _refuse)):
                first, known = answers.setdefault(key, (number, labels))
                if _alike(known) != _alike(labels):
                    raise BadFile(f"another answer than line {first + 1} has for the same data object")
        except (BadFile, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise BadFile(f"line {number + 1}: {error}") from None
    if not answers:
        raise BadFile("no golden label")
    rows.add_rows("golden_labels", [row for key, (_, labels) in answers.items() for row in _rows(key, labels)])


def _refuse(what: str) -> NoReturn:
    """A golden answer that is only half understood is no golden answer."""
    raise BadFile(what)


def _read_golden(line: Line) -> list[tuple[GoldenKey, list[Label]]]:
    if line.source_uri is None and line.source_text is None:
        answers = []
        for object_folder, raw in line.passthrough.items():
            object_index = index(object_folder)
            names = _names.decode(raw)
            labels = class_labels(names if isinstance(names, list) else [names])
            answers.append((GoldenKey(None, object_index, None, None, None), labels))
        return answers
    if len(line.attributes) != 1:
        names_found = ", ".join(attribute.name for attribute in line.attributes) or "none"
        raise BadFile(f"a golden line needs one label attribute with its metadata, found {names_found}")
    attribute = line.attributes[0]
    if attribute.result.labels is None:
        raise BadFile(f"labels of type {attribute.metadata.type} cannot be compared yet")
    key = GoldenKey(attribute.name, None, line.source_uri, line.source_text, None)
    return [(key, attribute.result.labels)]


def _alike(labels: list[Label]) -> list[str]:
    """What answers are compared by: their labels in any order, however sure anybody was of them."""
    return sorted(repr(label._replace(class_id=None, confidence=None)) for label in labels)


def _rows(key: GoldenKey, labels: list[Label]) -> list[tuple[object, ...]]:
    if not labels:
        return [(*key, *Label(None, None))]
    return [(*key._replace(annotation_index=place), *label) for place, label in enumerate(labels)]
