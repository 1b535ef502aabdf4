"""Worker responses: what each worker answered to one task.

Format: Amazon SageMaker developer guide, "Worker response files", and the crowd elements' own reference pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from typing import NamedTuple

import msgspec
from msgspec import Raw

from ingest.formats.crowd_elements import Beside, read_content
from ingest.formats.parsing import BadFile, Number, Rows, as_written, decode_with_extra, index, milliseconds, whole
from ingest.formats.registry import ELEMENT_TASK_TYPES
from ingest.identity import worker_key, workforce
from ingest.job_folder import FramesFolder, SourceFile
from ingest.tables import Answer, AnswerKey, AnswerLabelKey, PayloadKey

_NO_PAYLOAD = PayloadKey(None)


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
    worker_id: str
    acceptance_time: str | None = None
    time_spent_in_seconds: Number | None = None
    worker_metadata: WorkerMetadata | None = None


class _StrictAnswerJson(AnswerJson, rename="camel", forbid_unknown_fields=True, gc=False):
    pass


class _StrictResponse(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    answers: list[_StrictAnswerJson]


class _Response(msgspec.Struct, gc=False):
    answers: list[Raw]


_strict_response = msgspec.json.Decoder(_StrictResponse)
_response = msgspec.json.Decoder(_Response)


def parse(
    file: SourceFile,
    blocks: Iterable[bytes],
    forgotten_workers: Set[str] = frozenset(),
    forgotten_frames: set[FramesFolder] | None = None,
) -> Iterator[Rows]:
    """Rows of a worker-response file: ``worker_answers``, ``worker_annotations`` and their attributes.

    Args:
        file: its place gives the data object and the iteration.
        blocks: the file's bytes.
        forgotten_workers: keys of workers whose answers are passed over, because they were erased.
        forgotten_frames: takes in where the frames of the answers that are passed over lie.

    Raises:
        BadFile, msgspec.MsgspecError: the file is not of the documented shape.
    """
    object_index = index(file.object_folder or "")
    rows: Rows = {"worker_answers": [], "worker_annotations": []}
    for place, (answer, extra) in enumerate(_read_response(whole(blocks))):
        identity = (answer.worker_metadata and answer.worker_metadata.identity_data) or Identity()
        key = AnswerKey(file.iteration, object_index, place)
        person = worker_key(answer.worker_id, identity.issuer, identity.sub)
        if forgotten_workers and not forgotten_workers.isdisjoint({person, worker_key(answer.worker_id)}):
            if forgotten_frames is not None:
                forgotten_frames.update(frames_folders(file.job_name, object_index, answer.answer_content))
            continue
        content = add_content(rows, key, answer.answer_content)
        rows["worker_answers"].append(
            (
                *key,
                *Answer(
                    worker_key=person,
                    worker_id=answer.worker_id,
                    workforce=workforce(answer.worker_id),
                    identity_provider=identity.identity_provider_type,
                    identity_issuer=identity.issuer,
                    identity_sub=identity.sub,
                    accepted_at=_time("acceptanceTime", answer.acceptance_time),
                    submitted_at=_time("submissionTime", answer.submission_time),
                    time_spent_seconds=answer.time_spent_in_seconds,
                    task_type=content.task_type,
                    label_count=content.label_count,
                    payload_folder=content.payload_folder,
                    answer_json=as_written(answer.answer_content),
                    extra_json=extra,
                ),
            )
        )
    yield rows


class Content(NamedTuple):
    """What an ``answerContent`` is, as columns of ``worker_answers`` have it."""

    task_type: str | None
    label_count: int | None
    payload_folder: str | None


def add_content(rows: Rows, key: AnswerKey, answer_content: Raw) -> Content:
    """Add the labels and attributes of an ``answerContent`` to the rows.

    Raises:
        BadFile: it points to several folders of frames.
    """
    beside = Beside()
    elements = read_content(answer_content, beside)
    annotations = rows["worker_annotations"]
    count: int | None = None
    starts: dict[str, int] = {}
    for name, labels in elements.items():
        if labels is not None:
            starts[name] = count = count or 0
            for label in labels:
                annotations.append((*key, *_NO_PAYLOAD, name, None, count, *label))
                count += 1
    if beside.attributes:
        rows.setdefault("worker_annotation_attributes", []).extend(
            (*key, *_NO_PAYLOAD, *AnswerLabelKey(name, None, None if place is None else starts[name] + place), *value)
            for name, place, value in beside.attributes
        )
    folder = None
    if beside.payload_folders:
        folder, *others = dict.fromkeys(beside.payload_folders)
        if others:
            raise BadFile(f"answer {key.answer_index} points to several folders of frames")
        count = None  # the labels of the frames are not counted yet
    forms = {ELEMENT_TASK_TYPES[name] for name in elements if name in ELEMENT_TASK_TYPES}
    return Content(forms.pop() if len(forms) == 1 else None, count, folder)


def frames_folders(job_name: str, object_index: int, answer_content: Raw) -> list[FramesFolder]:
    """The folders of frames that an ``answerContent`` points to."""
    beside = Beside()
    read_content(answer_content, beside)
    return [FramesFolder(job_name, str(object_index), folder) for folder in beside.payload_folders if folder]


def _read_response(data: bytes) -> Iterator[tuple[AnswerJson, str | None]]:
    try:
        strict = _strict_response.decode(data)
    except msgspec.ValidationError:
        # A field that the format did not have so far, or a broken answer: look at each.
        for place, raw in enumerate(_response.decode(data).answers):
            try:
                yield decode_with_extra(raw, AnswerJson)
            except msgspec.ValidationError as error:
                raise BadFile(f"answers[{place}]: {error}") from None
    else:
        for answer in strict.answers:
            yield answer, None


def _time(field: str, text: str | None) -> int | None:
    try:
        return None if text is None else milliseconds(text)
    except BadFile as error:
        raise BadFile(f"{field}: {error}") from None
