"""Output manifests: JSON Lines, one data object a line, with every label attribute that stands on it.

Format: Amazon SageMaker developer guide, "Labeling job output data" and "Chaining labeling jobs".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import msgspec
from msgspec import Raw

from ingest.labels import (
    BoxJson,
    ClassId,
    ConfidenceJson,
    EntityJson,
    box_labels,
    class_name,
    span_labels,
)
from ingest.layout import SourceFile
from ingest.schemas import AnnotationKey, ClassLabel, DataObject, Job, Label
from ingest.task_types import is_ground_truth_type, task_type_of
from ingest.values import (
    BYTE_ORDER_MARK,
    BadFile,
    Int32,
    Number,
    Rows,
    as_json,
    as_text,
    as_written,
    milliseconds,
    yes_no,
)

_SUFFIX = "-metadata"
_OBJECTS_AT_A_TIME = 2_000
_SOURCES = frozenset({"source", "source-ref"})


class Metadata(msgspec.Struct, gc=False):
    """``<label attribute>-metadata``; the names with an underscore are those of some of AWS's own examples."""

    type: str | None = None
    job_name: str | None = msgspec.field(default=None, name="job-name")
    job_name_: str | None = msgspec.field(default=None, name="job_name")
    creation_date: str | None = msgspec.field(default=None, name="creation-date")
    creation_date_: str | None = msgspec.field(default=None, name="creation_date")
    class_name: str | None = msgspec.field(default=None, name="class-name")
    confidence: Number | None = None
    human_annotated: str | bool | None = msgspec.field(default=None, name="human-annotated")
    adjustment_status: str | None = msgspec.field(default=None, name="adjustment-status")
    failure_reason: str | None = msgspec.field(default=None, name="failure-reason")


class ClassMap(msgspec.Struct, gc=False):
    """The parts of the metadata that name classes and their confidence."""

    class_map: dict[str, str] = msgspec.field(default_factory=dict, name="class-map")
    class_map_: dict[str, str] = msgspec.field(default_factory=dict, name="class_map")
    confidence_map: dict[str, Number] = msgspec.field(default_factory=dict, name="confidence-map")
    objects: list[ConfidenceJson] = []
    entities: list[ConfidenceJson] = []

    @property
    def names(self) -> dict[str, str]:
        """Label by class index."""
        return self.class_map or self.class_map_


class ImageSize(msgspec.Struct, gc=False):
    """Size of an image in pixels, and its channels."""

    width: Int32 | None = None
    height: Int32 | None = None
    depth: Int32 | None = None


class _Boxes(msgspec.Struct, gc=False):
    annotations: list[BoxJson]
    image_size: list[ImageSize] = []


class _Entities(msgspec.Struct, gc=False):
    entities: list[EntityJson]


class _Spans(msgspec.Struct, gc=False):
    annotations: _Entities


@dataclass
class Result:
    """Consolidated result of one label attribute: its labels, or None where their form is not flattened."""

    labels: list[Label] | None = None
    is_single_class: bool = False
    image_size: ImageSize | None = None


@dataclass
class LineAttribute:
    """Label attribute of one line. ``value`` is None where only the metadata is there, as for a failed object."""

    name: str
    value: Raw | None
    metadata: Metadata
    metadata_json: Raw
    result: Result = field(default_factory=Result)


@dataclass
class Line:
    """One line of a manifest."""

    source_uri: str | None
    source_text: str | None
    attributes: list[LineAttribute]
    passthrough: dict[str, Raw]


_metadata = msgspec.json.Decoder(Metadata)
_class_map = msgspec.json.Decoder(ClassMap)
_class_id = msgspec.json.Decoder(ClassId | None)
_class_ids = msgspec.json.Decoder(list[ClassId])
_boxes = msgspec.json.Decoder(_Boxes)
_spans = msgspec.json.Decoder(_Spans)
_line = msgspec.json.Decoder(dict[str, Raw])
_text = msgspec.json.Decoder(str)


def _read_class(value: Raw, metadata: Metadata, metadata_json: Raw) -> Result:
    class_id = as_text(_class_id.decode(value))
    label = metadata.class_name if metadata.class_name is not None else class_id
    return Result([Label("class", label, class_id, metadata.confidence)], is_single_class=True)


def _read_classes(value: Raw, metadata: Metadata, metadata_json: Raw) -> Result:
    class_map = _class_map.decode(metadata_json)
    ids = dict.fromkeys(str(class_id) for class_id in _class_ids.decode(value))
    return Result(
        [
            Label("class", class_name(class_id, class_map.names), class_id, class_map.confidence_map.get(class_id))
            for class_id in ids
        ]
    )


def _read_boxes(value: Raw, metadata: Metadata, metadata_json: Raw) -> Result:
    boxes = _boxes.decode(value)
    class_map = _class_map.decode(metadata_json)
    return Result(
        box_labels(boxes.annotations, class_map.names, class_map.objects),
        image_size=boxes.image_size[0] if boxes.image_size else None,
    )


def _read_spans(value: Raw, metadata: Metadata, metadata_json: Raw) -> Result:
    return Result(span_labels(_spans.decode(value).annotations.entities, _class_map.decode(metadata_json).entities))


# Reader of the consolidated result, by task type. The results of the others stay whole, as JSON.
READERS: dict[str, Callable[[Raw, Metadata, Raw], Result]] = {
    "image-classification": _read_class,
    "image-classification-multilabel": _read_classes,
    "label-verification": _read_class,
    "object-detection": _read_boxes,
    "text-classification": _read_class,
    "text-classification-multilabel": _read_classes,
    "text-span": _read_spans,
    "video-classification": _read_class,
}


def read_line(data: bytes) -> Line:
    """Take one line of a manifest apart.

    A ``*-metadata`` key is a label attribute's only if the attribute itself stands beside it, or if it has Ground
    Truth's type or a failure reason; all other keys are passed through.

    Raises:
        BadFile, msgspec.MsgspecError: the line is not an object, or a label attribute is not of its documented shape.
    """
    keys = _line.decode(data)
    attributes = []
    for key in [key for key in keys if key.endswith(_SUFFIX)]:
        name = key.removesuffix(_SUFFIX)
        if not name or name in _SOURCES or name.endswith(_SUFFIX):
            continue  # a label attribute may not have such a name
        value = keys.get(name)
        if value is not None and bytes(value) == b"null":
            value = None
        attribute = _read_attribute(name, value, keys[key])
        if attribute is not None:
            attributes.append(attribute)
            del keys[key]
            keys.pop(name, None)
    return Line(_take_text(keys, "source-ref"), _take_text(keys, "source"), attributes, keys)


def _read_attribute(name: str, value: Raw | None, metadata_json: Raw) -> LineAttribute | None:
    metadata = _read_metadata(name, metadata_json)
    if metadata is None:
        return None
    if value is None and metadata.failure_reason is None and not is_ground_truth_type(metadata.type):
        return None
    attribute = LineAttribute(name, value, metadata, metadata_json)
    task_type = task_type_of(metadata.type)
    documented = READERS.get(task_type.name) if task_type else None
    # The type of a clip classification is not documented; its class-name is.
    reader = documented or (_read_class if metadata.class_name is not None else None)
    if reader is not None and value is not None:
        try:
            attribute.result = reader(value, metadata, metadata_json)
        except msgspec.ValidationError as error:
            if documented:
                raise BadFile(f"{name}: {error}") from None
    return attribute


def _read_metadata(name: str, metadata_json: Raw) -> Metadata | None:
    """Metadata of a label attribute; None for what is not Ground Truth's."""
    try:
        return _metadata.decode(metadata_json)
    except msgspec.ValidationError as error:
        sound = _sound_fields(metadata_json)
        task_type = task_type_of(sound.type)
        if task_type and task_type.name == "custom":
            return sound
        if is_ground_truth_type(sound.type) or sound.failure_reason is not None:
            raise BadFile(f"{name}{_SUFFIX}: {error}") from None
        return None


def _sound_fields(metadata_json: Raw) -> Metadata:
    """The fields that are of the documented type: a custom job's function may write any of them in its own way."""
    try:
        fields = _line.decode(metadata_json)
    except msgspec.ValidationError:
        return Metadata()
    for key, raw in list(fields.items()):
        try:
            _metadata.decode(msgspec.json.encode({key: raw}))
        except msgspec.ValidationError:
            del fields[key]
    return _metadata.decode(msgspec.json.encode(fields))


def _take_text(keys: dict[str, Raw], name: str) -> str | None:
    raw = keys.get(name)
    if raw is None or not bytes(raw).startswith(b'"'):
        return None
    del keys[name]
    return _text.decode(raw)


def lines(blocks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    r"""Number (from 0) and bytes of every line of a file; lines end in ``\n`` or ``\r\n``, and empty ones count."""
    number = 0
    rest = b""
    for block in blocks:
        *complete, rest = (rest + block).split(b"\n") if rest else block.split(b"\n")
        for line in complete:
            yield number, line
            number += 1
    if rest:
        yield number, rest


def json_lines(blocks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """The same without empty lines, and without a byte order mark."""
    for number, data in lines(blocks):
        data = data.removeprefix(BYTE_ORDER_MARK) if number == 0 else data
        if data.strip():
            yield number, data


def parse_manifest(file: SourceFile, blocks: Iterable[bytes]) -> Iterator[Rows]:
    """Rows of an output manifest, some thousand lines at a time.

    They are ``data_objects``, ``annotations``, ``class_labels`` and, for a declared label attribute, ``labeling_jobs``.

    Raises:
        BadFile: a line cannot be understood. The file is then refused as a whole.
    """
    if file.label_attribute is not None:
        yield {"labeling_jobs": [Job(label_attribute_name=file.label_attribute)]}
    rows = _no_rows()
    for number, data in json_lines(blocks):
        try:
            line = read_line(data)
            _add_line(rows, number, line)
        except (BadFile, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise BadFile(f"line {number + 1}: {error}") from None
        if len(rows["data_objects"]) >= _OBJECTS_AT_A_TIME:
            yield rows
            rows = _no_rows()
    yield rows


def _no_rows() -> Rows:
    return {"data_objects": [], "class_labels": [], "annotations": []}


def _add_line(rows: Rows, number: int, line: Line) -> None:
    passthrough = as_json(line.passthrough) if line.passthrough else None
    unlabeled = DataObject(
        number, source_uri=line.source_uri, source_text=line.source_text, passthrough_json=passthrough
    )
    if not line.attributes:
        rows["data_objects"].append(unlabeled)
    for attribute in line.attributes:
        data_object = _data_object(unlabeled, attribute)
        rows["data_objects"].append(data_object)
        # Not of a type that is not known: a custom job's function may write a class map of any form.
        if data_object.label_uri is not None and data_object.modality != "other":
            classes = _class_map.decode(attribute.metadata_json).names
            rows["class_labels"] += [ClassLabel(attribute.name, number, *named) for named in classes.items()]
        rows["annotations"] += [
            (*AnnotationKey(attribute.name, number, None, place), *label)
            for place, label in enumerate(attribute.result.labels or ())
        ]


def _data_object(unlabeled: DataObject, attribute: LineAttribute) -> DataObject:
    metadata, result = attribute.metadata, attribute.result
    task_type = task_type_of(metadata.type)
    size = result.image_size or ImageSize()
    job_name = metadata.job_name or metadata.job_name_
    creation_date = metadata.creation_date or metadata.creation_date_
    only = result.labels[0] if result.labels and result.is_single_class else None
    return unlabeled._replace(
        label_attribute_name=attribute.name,
        metadata_type=metadata.type,
        task_type=task_type.name if task_type else None,
        modality=task_type.modality if task_type else None,
        source_job_name=job_name.removeprefix("labeling-job/") if job_name else None,
        label=only.label if only else None,
        class_id=only.class_id if only else None,
        label_count=None if result.labels is None else len(result.labels),
        confidence=metadata.confidence,
        is_human_annotated=yes_no(metadata.human_annotated),
        adjustment_status=metadata.adjustment_status,
        failure_reason=metadata.failure_reason,
        labeled_at=milliseconds(creation_date) if creation_date else None,
        image_width=size.width,
        image_height=size.height,
        image_depth=size.depth,
        label_uri=label_uri(attribute),
        value_json=None if attribute.value is None else as_written(attribute.value),
        metadata_json=as_written(attribute.metadata_json),
    )


def label_uri(attribute: LineAttribute) -> str | None:
    """Uri of the file that holds the labels, for a label attribute ending in ``-ref``."""
    value = attribute.value
    if value is None or not attribute.name.endswith("-ref") or not bytes(value).startswith(b'"'):
        return None
    return _text.decode(value)
