"""Consolidation requests: the answers that a consolidation function was given, of many data objects at once.

They are a second source of answers, where the worker responses are missing; several requests may repeat an object.

Format: Amazon SageMaker developer guide, "Post-annotation Lambda", and real files.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Raw

from ingest.formats.parsing import BadFile, Warn, as_json, as_text, decode_with_extra, index, unwrapped, whole
from ingest.formats.worker_response import ANSWERS, CLASSES, Content, Task, add_content, worker_columns
from ingest.job_folder import SourceFile
from ingest.rows import Rows
from ingest.tables import ConsolidationObject


class _Annotation(msgspec.Struct, rename="camel", gc=False):
    worker_id: str | int
    annotation_data: Raw


class _AnnotationData(msgspec.Struct, rename="camel", gc=False):
    content: Raw = Raw(b"null")
    s3_uri: str | None = None


class _Entry(msgspec.Struct, rename="camel", gc=False):
    dataset_object_id: str | int
    annotations: list[Raw]
    data_object: Raw = Raw(b"null")


class _DataObject(msgspec.Struct, rename="camel", gc=False):
    content: Any = None
    s3_uri: str | None = None


_entries = msgspec.json.Decoder(list[Raw])
_entry = msgspec.json.Decoder(_Entry)
_data = msgspec.json.Decoder(_AnnotationData)
_data_object = msgspec.json.Decoder(_DataObject | None)


def parse(file: SourceFile, blocks: Iterable[bytes], rows: Rows) -> None:
    """Rows of a consolidation request: its answers, as of worker responses, and ``consolidation_objects``.

    The file's path gives the iteration. A request has neither times nor identities; its answers are numbered through,
    over all its data objects. An answer that is too large for it is elsewhere: it has no content, and the uri is kept
    with the other fields.

    Raises:
        BadFile, msgspec.MsgspecError: the file is not of the documented shape.
    """
    number = 0
    objects: dict[int, ConsolidationObject] = {}
    for place, entry_json in enumerate(_entries.decode(whole(blocks, rows.warn))):
        try:
            entry = _entry.decode(entry_json)
            object_index = index(str(entry.dataset_object_id))
            for annotation_json in entry.annotations:
                add_answer(rows, (file.iteration, object_index), number, annotation_json)
                number += 1
            data_object = _read_data_object(entry.data_object)
            if data_object is not None:
                objects[object_index] = ConsolidationObject(
                    object_index, data_object.s3_uri, as_text(data_object.content)
                )
        except (BadFile, msgspec.MsgspecError) as error:
            raise BadFile(f"[{place}]: {error}") from None
    rows.add_rows("consolidation_objects", [*objects.values()])


def _read_data_object(data_object: Raw) -> _DataObject | None:
    try:
        found = _data_object.decode(data_object)
    except msgspec.ValidationError:
        return None
    return found if found and (found.s3_uri is not None or found.content is not None) else None


def add_answer(rows: Rows, task: Task, answer_index: int, annotation_json: Raw) -> None:
    """Add the rows of an answer as a consolidation function is given it: without times and identity.

    Raises:
        BadFile, msgspec.MsgspecError: it is not of the documented shape.
    """
    annotation, extra = decode_with_extra(annotation_json, _Annotation)
    classes: list[tuple[Any, ...]] = []
    written = _read_data(annotation.annotation_data, rows.warn)
    if written is None:
        fields = msgspec.json.decode(extra, type=dict[str, Raw]) if extra else {}
        extra = as_json({**fields, "annotationData": annotation.annotation_data})
        content: Content = (None, None, None)
    else:
        content = add_content(rows, task, answer_index, written, classes)
    times = (None, None, None)
    answer = (worker_columns(str(annotation.worker_id)), answer_index, *times, *content, written, extra)
    rows.add(ANSWERS, task, [answer])
    rows.add(CLASSES, task, classes)


def _read_data(annotation_data: Raw, warn: Warn) -> bytes | None:
    """The answer, as written; None if it is elsewhere."""
    data = _data.decode(annotation_data)
    content = unwrapped(data.content, warn)
    if content is None and data.s3_uri is None:
        raise BadFile("annotationData has neither content nor s3Uri")
    return None if content is None else bytes(content)
