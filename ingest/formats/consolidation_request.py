"""Consolidation requests: the answers that a consolidation function was given, of many data objects at once.

They are a second source of answers, where the worker responses are missing; several requests may repeat an object.

Format: Amazon SageMaker developer guide, "Post-annotation Lambda", and real files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

import msgspec
from msgspec import Raw

from ingest.formats.parsing import BadFile, Rows, as_json, as_written, decode_with_extra, index, whole
from ingest.formats.worker_response import Content, add_content, frames_folders
from ingest.identity import worker_key, workforce
from ingest.job_folder import FramesFolder, SourceFile
from ingest.tables import Answer, AnswerKey


class _Annotation(msgspec.Struct, rename="camel", gc=False):
    worker_id: str
    annotation_data: Raw


class _AnnotationData(msgspec.Struct, rename="camel", gc=False):
    content: Raw = Raw(b"null")
    s3_uri: str | None = None


class _Entry(msgspec.Struct, rename="camel", gc=False):
    dataset_object_id: str | int
    annotations: list[Raw]


_entries = msgspec.json.Decoder(list[Raw])
_entry = msgspec.json.Decoder(_Entry)
_data = msgspec.json.Decoder(_AnnotationData)
_text = msgspec.json.Decoder(str)
_json = msgspec.json.Decoder(Raw)


def parse(
    file: SourceFile,
    blocks: Iterable[bytes],
    forgotten_workers: Set[str] = frozenset(),
    forgotten_frames: set[FramesFolder] | None = None,
) -> Iterator[Rows]:
    """Rows of a consolidation request: ``worker_answers``, ``worker_annotations`` and their attributes.

    A request has neither times nor identities; its answers are numbered through, over all its data objects. An answer
    that is too large for it is elsewhere: it has no content, and the uri is kept with the other fields.

    Args:
        file: its place gives the iteration.
        blocks: the file's bytes.
        forgotten_workers: keys of workers whose answers are passed over, because they were erased.
        forgotten_frames: takes in where the frames of the answers that are passed over lie.

    Raises:
        BadFile, msgspec.MsgspecError: the file is not of the documented shape.
    """
    rows: Rows = {"worker_answers": [], "worker_annotations": []}
    number = 0
    for place, entry_json in enumerate(_entries.decode(whole(blocks))):
        try:
            entry = _entry.decode(entry_json)
            object_index = index(str(entry.dataset_object_id))
            for annotation_json in entry.annotations:
                key = AnswerKey(file.iteration, object_index, number)
                number += 1
                annotation, extra = decode_with_extra(annotation_json, _Annotation)
                content = _read_data(annotation.annotation_data)
                if content is None:
                    fields = msgspec.json.decode(extra, type=dict[str, Raw]) if extra else {}
                    extra = as_json({**fields, "annotationData": annotation.annotation_data})
                if worker_key(annotation.worker_id) not in forgotten_workers:
                    _add_answer(rows, key, annotation.worker_id, content, extra)
                elif content is not None and forgotten_frames is not None:
                    forgotten_frames.update(frames_folders(file.job_name, object_index, content))
        except (BadFile, msgspec.MsgspecError) as error:
            raise BadFile(f"[{place}]: {error}") from None
    yield rows


def _add_answer(rows: Rows, key: AnswerKey, worker_id: str, answer_content: Raw | None, extra: str | None) -> None:
    content = Content(None, None, None) if answer_content is None else add_content(rows, key, answer_content)
    answer = Answer(
        worker_key=worker_key(worker_id),
        worker_id=worker_id,
        workforce=workforce(worker_id),
        identity_provider=None,
        identity_issuer=None,
        identity_sub=None,
        accepted_at=None,
        submitted_at=None,
        time_spent_seconds=None,
        task_type=content.task_type,
        label_count=content.label_count,
        payload_folder=content.payload_folder,
        answer_json=None if answer_content is None else as_written(answer_content),
        extra_json=extra,
    )
    rows["worker_answers"].append((*key, *answer))


def _read_data(annotation_data: Raw) -> Raw | None:
    """The answer; None where it is elsewhere."""
    data = _data.decode(annotation_data)
    content = _unwrapped(data.content)
    if content is None and data.s3_uri is None:
        raise BadFile("annotationData has neither content nor s3Uri")
    return content


def _unwrapped(content: Raw) -> Raw | None:
    """The answer in a JSON text, which may hold JSON text again; None for null."""
    while bytes(content).startswith(b'"'):
        try:
            content = _json.decode(_text.decode(content))
        except msgspec.DecodeError as error:
            raise BadFile(f"annotationData.content is no JSON text: {error}") from None
    return None if bytes(content) == b"null" else content
