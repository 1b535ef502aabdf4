"""Worker responses: what each worker answered to one task.

Format: Amazon SageMaker developer guide, "Worker response files", and the crowd elements' own reference pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import count, repeat
from typing import Any, TypeAlias

import msgspec
from msgspec import Raw

from ingest.formats import worker_frame
from ingest.formats.crowd_elements import (
    LONGEST_CHOICE,
    PLAIN_CHOICES,
    WHOLE_LABELS,
    Beside,
    plain_content,
    read_content,
    task_type_of_elements,
)
from ingest.formats.parsing import BadFile, Number, decode_with_extra, index_of_folder, time_column, whole
from ingest.identity import worker_key, workforce
from ingest.job_folder import SourceFile
from ingest.rows import Layout, Rows
from ingest.tables import Answer, AnswerKey, Attribute

_NULL_JSON = b"null"
_NULL = Raw(_NULL_JSON)


class Identity(msgspec.Struct, rename="camel", gc=False):
    """Who a private worker is at the identity provider."""

    identity_provider_type: str | None = None
    issuer: str | None = None
    sub: str | None = None


class WorkerMetadata(msgspec.Struct, rename="camel", gc=False):
    """Absent for public workers."""

    identity_data: Identity | None = None


class AnswerJson(msgspec.Struct, rename="camel", gc=False):
    """One answer. Public files of 2019 have neither ``acceptanceTime`` nor ``timeSpentInSeconds``."""

    answer_content: Raw
    submission_time: str
    worker_id: str | int
    acceptance_time: str | None = None
    time_spent_in_seconds: Number | None = None
    worker_metadata: Raw = _NULL


class _StrictAnswerJson(AnswerJson, rename="camel", forbid_unknown_fields=True, gc=False):
    pass


class _StrictResponse(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    answers: list[_StrictAnswerJson]


class _Response(msgspec.Struct, gc=False):
    answers: list[Raw]


_strict_response = msgspec.json.Decoder(_StrictResponse)
_response = msgspec.json.Decoder(_Response)
_worker_metadata = msgspec.json.Decoder(WorkerMetadata | None)

_WORKER = Answer._fields[: Answer._fields.index("accepted_at")]
"""The columns of an answer that say whose it is."""
ANSWERS = Layout(
    table="worker_answers",
    shared=("iteration", "object_index"),
    interned=_WORKER,
    own=("answer_index", *(name for name in Answer._fields if name not in _WORKER)),
    converted=(("accepted_at", time_column("acceptanceTime")), ("submitted_at", time_column("submissionTime"))),
)
CLASSES = Layout(
    table="worker_annotations",
    shared=("iteration", "object_index"),
    own=("answer_index", "element_name", "annotation_index", "label"),
    fixed=(("shape", "class"),),
)
ATTRIBUTES = Layout(
    table="worker_annotation_attributes",
    shared=AnswerKey._fields,
    own=("element_name", "annotation_index", *Attribute._fields),
)


_ANSWERS = b'"answers"'


def parse(file: SourceFile, blocks: Iterable[bytes], rows: Rows) -> None:
    """Rows of a worker-response file: ``worker_answers``, ``worker_annotations`` and their attributes.

    The file's path gives the data object and the iteration.

    Raises:
        BadFile, msgspec.MsgspecError: the file is not of the documented shape.
    """
    task = (file.iteration, index_of_folder(file.object_folder))
    answers: list[tuple[Any, ...]] = []
    classes: list[tuple[Any, ...]] = []
    data = whole(blocks, rows.warn)
    if _ANSWERS not in data and worker_frame.is_frame(data):  # right in the data object's folder: of no known answer
        worker_frame.parse(file, [data], rows)
        return
    read, extras = _read_response(data)
    for answer_index, answer, extra in zip(count(), read, extras, strict=False):
        content = bytes(answer.answer_content)
        answers.append(
            (
                worker_columns(str(answer.worker_id), bytes(answer.worker_metadata)),
                answer_index,
                answer.acceptance_time,
                answer.submission_time,
                answer.time_spent_in_seconds,
                *add_content(rows, task, answer_index, content, classes),
                content,
                extra,
            )
        )
    rows.add(ANSWERS, task, answers)
    rows.add(CLASSES, task, classes)


@lru_cache(maxsize=20_000)
def worker_columns(worker_id: str, metadata_json: bytes = _NULL_JSON) -> tuple[str | None, ...]:
    """The first columns of ``Answer``, which say whose it is; the same few workers give all answers.

    Raises:
        BadFile: the metadata is not of the documented shape.
    """
    try:
        metadata = _worker_metadata.decode(metadata_json)
    except msgspec.ValidationError as error:
        raise BadFile(f"workerMetadata: {error}") from None
    identity = (metadata and metadata.identity_data) or Identity()
    return (
        worker_key(worker_id, identity.issuer, identity.sub),
        worker_id,
        workforce(worker_id),
        identity.identity_provider_type,
        identity.issuer,
        identity.sub,
    )


Task: TypeAlias = tuple[int | None, int]
"""Iteration and object_index."""

Content: TypeAlias = tuple[str | None, int | None, str | None]
"""Columns of ``worker_answers`` that an ``answerContent`` gives: task_type, label_count and payload_folder."""


def add_content(
    rows: Rows, task: Task, answer_index: int, answer_content: bytes, classes: list[tuple[Any, ...]]
) -> Content:
    """Add the labels and attributes of an ``answerContent`` to the rows, and its classes to a list for ``CLASSES``.

    Raises:
        BadFile: it points to several folders of frames.
    """
    plain = PLAIN_CHOICES[answer_content] if len(answer_content) <= LONGEST_CHOICE else plain_content(answer_content)
    if plain is None:
        return _add_any_content(rows, (*task, answer_index), Raw(answer_content))
    for name, number, label in plain.classes:
        classes.append((answer_index, name, number, label))
    for name, first_number, layout, labels in plain.shapes:
        rows.add(layout, (*task, answer_index, name), labels, first_number)
    return plain.content


def _add_any_content(rows: Rows, key: tuple[int | None, int, int], answer_content: Raw) -> Content:
    """The same, of whatever form."""
    beside = Beside()
    elements = read_content(answer_content, beside)
    label_count: int | None = None
    starts: dict[str, int] = {}
    for name, labels in elements.items():
        if labels is not None:
            starts[name] = label_count = label_count or 0
            rows.add(WHOLE_LABELS, (*key, name), labels, label_count)
            label_count += len(labels)
    attributes = [
        (name, None if place is None else starts[name] + place, *value) for name, place, value in beside.attributes
    ]
    rows.add(ATTRIBUTES, key, attributes)
    folder = None
    if beside.payload_folders:
        folder, *others = dict.fromkeys(beside.payload_folders)
        if others:
            raise BadFile(f"answer {key[2]} points to several folders of frames")
        label_count = None  # the labels of the frames are not counted yet
    return task_type_of_elements(elements), label_count, folder


def _read_response(data: bytes) -> tuple[Sequence[AnswerJson], Iterable[str | None]]:
    """The answers, and for each the fields that no column holds."""
    try:
        return _strict_response.decode(data).answers, repeat(None)
    except msgspec.ValidationError:
        # A field that the format did not have so far, or a broken answer: look at each.
        answers, extras = [], []
        for place, raw in enumerate(_response.decode(data).answers):
            try:
                answer, extra = decode_with_extra(raw, AnswerJson)
            except msgspec.ValidationError as error:
                raise BadFile(f"answers[{place}]: {error}") from None
            answers.append(answer)
            extras.append(extra)
        return answers, extras
