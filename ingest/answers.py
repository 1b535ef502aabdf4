"""Worker responses: what each worker answered to one task.

Format: Amazon SageMaker developer guide, "Worker response files", and the crowd elements' own reference pages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Set
from functools import lru_cache

import msgspec
from msgspec import UNSET, Raw, UnsetType

from ingest.labels import BoxJson, EntityJson, box_labels, class_labels, span_labels
from ingest.layout import SourceFile
from ingest.schemas import Answer, AnswerKey, AnswerLabelKey, Label, PayloadKey
from ingest.task_types import ELEMENT_TASK_TYPES
from ingest.values import BadFile, Number, Rows, as_written, decode_with_extra, index, milliseconds, whole

_WORKFORCES = frozenset({"private", "public", "vendor"})


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


class Element(msgspec.Struct, gc=False):
    """Value of a crowd element: its form is told by the fields it has, for templates may name elements freely."""

    label: str | UnsetType = UNSET
    labels: list[str] | UnsetType = UNSET
    bounding_boxes: list[BoxJson] | UnsetType | None = msgspec.field(default=UNSET, name="boundingBoxes")
    entities: list[EntityJson] | UnsetType | None = UNSET


_strict_response = msgspec.json.Decoder(_StrictResponse)
_response = msgspec.json.Decoder(_Response)
_content = msgspec.json.Decoder(dict[str, Raw])
_element = msgspec.json.Decoder(Element)


@lru_cache(maxsize=100_000)
def worker_key(worker_id: str, issuer: str | None = None, sub: str | None = None) -> str:
    """Stable pseudonym of a worker: md5 of (issuer, sub) where there is an identity, else of the worker id."""
    identity = f"{issuer}\n{sub}" if issuer and sub else worker_id
    return hashlib.md5(identity.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def workforce(worker_id: str) -> str:
    """Kind of the workforce, from a worker id such as ``private.us-east-1.0123456789abcdef``."""
    kind, separator, _ = worker_id.partition(".")
    return kind if separator and kind in _WORKFORCES else "unknown"


def parse_answers(
    file: SourceFile, blocks: Iterable[bytes], forgotten_workers: Set[str] = frozenset()
) -> Iterator[Rows]:
    """Rows of a worker-response file: ``worker_answers`` and ``worker_annotations``.

    Args:
        file: its place gives the data object and the iteration.
        blocks: the file's bytes.
        forgotten_workers: keys of workers whose answers are passed over, because they were erased.

    Raises:
        BadFile, msgspec.MsgspecError: the file is not of the documented shape.
    """
    object_index = index(file.object_folder or "")
    answers: list[tuple[object, ...]] = []
    annotations: list[tuple[object, ...]] = []
    for place, (answer, extra) in enumerate(_read_response(whole(blocks))):
        identity = (answer.worker_metadata and answer.worker_metadata.identity_data) or Identity()
        key = AnswerKey(file.iteration, object_index, place)
        person = worker_key(answer.worker_id, identity.issuer, identity.sub)
        if person in forgotten_workers:
            continue
        elements = _read_elements(answer.answer_content)
        forms = {ELEMENT_TASK_TYPES[name] for name in elements if name in ELEMENT_TASK_TYPES}
        flattened = [labels for labels in elements.values() if labels is not None]
        answers.append(
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
                    task_type=forms.pop() if len(forms) == 1 else None,
                    label_count=sum(map(len, flattened)) if flattened else None,
                    payload_folder=None,
                    answer_json=as_written(answer.answer_content),
                    extra_json=extra,
                ),
            )
        )
        number = 0
        for name, labels in elements.items():
            for label in labels or ():
                annotations.append((*key, *PayloadKey(None), *AnswerLabelKey(name, None, number), *label))
                number += 1
    yield {"worker_answers": answers, "worker_annotations": annotations}


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


def _read_elements(content: Raw) -> dict[str, list[Label] | None]:
    """Labels by crowd element; None for an element whose form is not flattened."""
    try:
        return {name: _read_element(name, value) for name, value in _content.decode(content).items()}
    except msgspec.ValidationError:
        return {}  # answerContent of a custom template need not be an object


def _read_element(name: str, value: Raw) -> list[Label] | None:
    try:
        element = _element.decode(value)
    except msgspec.ValidationError:
        return None
    if not isinstance(element.bounding_boxes, UnsetType):
        return box_labels(element.bounding_boxes or [], {})
    if not isinstance(element.entities, UnsetType):
        return span_labels(element.entities or [])
    if not isinstance(element.labels, UnsetType):
        return class_labels(element.labels)
    if not isinstance(element.label, UnsetType):
        return class_labels([element.label])
    # The box element may leave its list out where it is empty.
    return [] if ELEMENT_TASK_TYPES.get(name) == "object-detection" else None


def _time(field: str, text: str | None) -> int | None:
    try:
        return None if text is None else milliseconds(text)
    except BadFile as error:
        raise BadFile(f"{field}: {error}") from None
