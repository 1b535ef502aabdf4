"""Output manifests: JSON Lines, one data object a line, with each of its label attributes.

Format: Amazon SageMaker developer guide, "Labeling job output data" and "Chaining labeling jobs".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from ingest.formats.parsing import (
    BadFile,
    Int32,
    Number,
    Warn,
    as_json,
    as_text,
    as_written,
    milliseconds,
    utf_8,
    without_half_characters,
    yes_no,
)
from ingest.formats.registry import TASK_TYPES, ResultForm, TaskType, is_ground_truth_type, task_type_of
from ingest.formats.shapes import (
    BoxJson,
    ClassId,
    ConfidenceJson,
    EntityJson,
    Name,
    box_labels,
    class_name,
    item_label,
    name_text,
    span_labels,
)
from ingest.job_folder import SourceFile, namespace_of, namespaced
from ingest.rows import Rows
from ingest.tables import AnnotationKey, Attribute, ClassLabel, DataObject, Job, Label

_SUFFIX = "-metadata"
_OBJECTS_AT_A_TIME = 2_000
_BYTES_AT_A_TIME = 8 * 2**20
_MOST_LINE_BYTES = 64 * 2**20
_STREAM_KEY = "dataset-objectid-attribute-name"
_NULL = Raw(b"null")
_SOURCES = frozenset({"source", "source-ref"})


class Metadata(msgspec.Struct, gc=False):
    """``<label attribute>-metadata``; the names with an underscore are those of some of AWS's own examples."""

    type: str | None = None
    job_name: str | None = msgspec.field(default=None, name="job-name")
    job_name_: str | None = msgspec.field(default=None, name="job_name")
    creation_date: str | None = msgspec.field(default=None, name="creation-date")
    creation_date_: str | None = msgspec.field(default=None, name="creation_date")
    class_name: Name | None = msgspec.field(default=None, name="class-name")
    confidence: Number | None = None
    human_annotated: str | bool | None = msgspec.field(default=None, name="human-annotated")
    adjustment_status: str | None = msgspec.field(default=None, name="adjustment-status")
    failure_reason: str | None = msgspec.field(default=None, name="failure-reason")
    worker_feedback: Raw = msgspec.field(default=_NULL, name="worker-feedback")
    worker_response_ref: str | None = msgspec.field(default=None, name="worker-response-ref")


class ClassMap(msgspec.Struct, gc=False):
    """The part of the metadata that names classes."""

    class_map: dict[str, Name] = msgspec.field(default_factory=dict, name="class-map")
    class_map_: dict[str, Name] = msgspec.field(default_factory=dict, name="class_map")

    @property
    def names(self) -> dict[str, str]:
        """Label by class index."""
        return {class_id: name_text(name) for class_id, name in (self.class_map or self.class_map_).items()}


class SureClassMap(ClassMap, gc=False):
    """The parts of the metadata that name classes and how sure their labels are."""

    confidence_map: dict[str, Number] = msgspec.field(default_factory=dict, name="confidence-map")
    objects: list[ConfidenceJson] = []
    entities: list[ConfidenceJson] = []


class _Kept(msgspec.Struct, rename="camel", gc=False):
    """Result of a custom job that keeps the answers that it was made from."""

    annotations_from_all_workers: list[Raw] = []


class ColorJson(msgspec.Struct, rename="kebab", gc=False):
    """Class of a segmentation. Lines of the first years have no ``hex-color``."""

    class_name: Name | None = None
    hex_color: str | None = None
    confidence: Number | None = None


class _Segmentation(msgspec.Struct, rename="kebab", gc=False):
    internal_color_map: dict[str, ColorJson] | None = None  # of an image
    color_map: dict[str, ColorJson] | None = None  # of a point cloud
    dataset_object_attributes: dict[str, Any] | None = None


class _PointCloud(ClassMap, gc=False):
    dataset_object_attributes: dict[str, Any] | None = msgspec.field(default=None, name="dataset-object-attributes")


class ImageSize(msgspec.Struct, gc=False):
    """Size of an image in pixels, and its channels."""

    width: Int32 | None = None
    height: Int32 | None = None
    depth: Int32 | None = None


class _Boxes(msgspec.Struct, gc=False):
    annotations: list[BoxJson]
    image_size: list[ImageSize] = []


class _Cuboids(msgspec.Struct, gc=False):
    annotations: list[Raw]


class _Entities(msgspec.Struct, gc=False):
    entities: list[EntityJson]


class _Spans(msgspec.Struct, gc=False):
    annotations: _Entities


@dataclass
class Result:
    """Consolidated result of one label attribute.

    Attributes:
        labels: its labels; None where they are in another file, or of a form that is not flattened.
        is_single_class: whether the one label is the class of the data object.
        image_size: size of the image, if known.
        classes: classes of the labels that are in another file: the parts of ``ClassLabel`` without its key.
        attributes: attribute values, each with the place of the label it is of, or None for the data object's.
    """

    labels: list[Label] | None = None
    is_single_class: bool = False
    image_size: ImageSize | None = None
    classes: Sequence[tuple[Any, ...]] = ()
    attributes: Sequence[tuple[int | None, Attribute]] = ()


@dataclass
class LineAttribute:
    """Label attribute of one line. ``value`` is None where only the metadata is there, as for a failed object.

    ``label_uri`` is the file that holds the labels, for a label attribute ending in ``-ref``.
    """

    name: str
    value: Raw | None
    metadata: Metadata
    metadata_json: Raw
    task_type: TaskType | None
    label_uri: str | None
    result: Result = field(default_factory=Result)


@dataclass
class Line:
    """One line of a manifest."""

    source_uri: str | None
    source_text: str | None
    attributes: list[LineAttribute]
    stream_object_id: str | None
    passthrough: dict[str, Raw]


class ObjectRows(NamedTuple):
    """Rows of some data objects, by table."""

    data_objects: list[tuple[Any, ...]]
    class_labels: list[tuple[Any, ...]]
    annotations: list[tuple[Any, ...]]
    annotation_attributes: list[tuple[Any, ...]]

    def move_to(self, rows: Rows) -> None:
        """Add them to the rows, and begin anew."""
        rows.add_tables(self._asdict())
        for table_rows in self:
            table_rows.clear()


_kept = msgspec.json.Decoder(_Kept)
_metadata = msgspec.json.Decoder(Metadata)
_class_map = msgspec.json.Decoder(ClassMap)
_sure_class_map = msgspec.json.Decoder(SureClassMap)
_segmentation = msgspec.json.Decoder(_Segmentation)
_point_cloud = msgspec.json.Decoder(_PointCloud)
_cuboids = msgspec.json.Decoder(_Cuboids)
_class_id = msgspec.json.Decoder(ClassId | None)
_class_ids = msgspec.json.Decoder(list[ClassId])
_boxes = msgspec.json.Decoder(_Boxes)
_spans = msgspec.json.Decoder(_Spans)
_line = msgspec.json.Decoder(dict[str, Raw])
_text = msgspec.json.Decoder(str)


def _read_class(value: Raw, attribute: LineAttribute) -> Result:
    metadata = attribute.metadata
    class_id = as_text(_class_id.decode(value))
    label = as_text(metadata.class_name) if metadata.class_name is not None else class_id
    return Result([Label("class", label, class_id, metadata.confidence)], is_single_class=True)


def _read_classes(value: Raw, attribute: LineAttribute) -> Result:
    class_map = _sure_class_map.decode(attribute.metadata_json)
    ids = dict.fromkeys(str(class_id) for class_id in _class_ids.decode(value))
    return Result(
        [
            Label("class", class_name(class_id, class_map.names), class_id, class_map.confidence_map.get(class_id))
            for class_id in ids
        ]
    )


def _read_boxes(value: Raw, attribute: LineAttribute) -> Result:
    boxes = _boxes.decode(value)
    class_map = _sure_class_map.decode(attribute.metadata_json)
    return Result(
        box_labels(boxes.annotations, class_map.names, class_map.objects),
        image_size=boxes.image_size[0] if boxes.image_size else None,
    )


def _read_spans(value: Raw, attribute: LineAttribute) -> Result:
    entities = _sure_class_map.decode(attribute.metadata_json).entities
    return Result(span_labels(_spans.decode(value).annotations.entities, entities))


def _read_cuboids(value: Raw, attribute: LineAttribute) -> Result:
    metadata = _point_cloud.decode(attribute.metadata_json)
    labels: list[Label] = []
    attributes: list[tuple[int | None, Attribute]] = _object_attributes(metadata.dataset_object_attributes)
    for place, item_json in enumerate(_cuboids.decode(value).annotations):
        label, own = item_label("cuboid", item_json)
        labels.append(label._replace(label=metadata.names.get(label.class_id or "", label.label)))
        attributes += [(place, Attribute("annotation", name, as_text(value))) for name, value in own.items()]
    return Result(labels, attributes=attributes)


def _read_sequence(value: Raw, attribute: LineAttribute) -> Result:
    if attribute.label_uri is None:
        return Result()
    return Result(classes=list(_class_map.decode(attribute.metadata_json).names.items()))


def _read_segmentation(value: Raw, attribute: LineAttribute) -> Result:
    if attribute.label_uri is None:
        return Result()
    metadata = _segmentation.decode(attribute.metadata_json)
    colors = metadata.internal_color_map or metadata.color_map or {}
    return Result(
        classes=[
            (
                class_id,
                class_id if color.class_name is None else name_text(color.class_name),
                color.hex_color,
                color.confidence,
            )
            for class_id, color in colors.items()
        ],
        attributes=_object_attributes(metadata.dataset_object_attributes),
    )


def _object_attributes(values: dict[str, Any] | None) -> list[tuple[int | None, Attribute]]:
    """Attributes of a single frame, which stand in the metadata."""
    return [(None, Attribute("object", name, as_text(value))) for name, value in (values or {}).items()]


# Reader of each form of a consolidated result.
READERS: dict[ResultForm, Callable[[Raw, LineAttribute], Result]] = {
    ResultForm.CLASS: _read_class,
    ResultForm.CLASSES: _read_classes,
    ResultForm.BOXES: _read_boxes,
    ResultForm.CUBOIDS: _read_cuboids,
    ResultForm.SPANS: _read_spans,
    ResultForm.SEQUENCE: _read_sequence,
    ResultForm.SEGMENTATION: _read_segmentation,
}


def read_line(data: bytes, warn: Warn) -> Line:
    """Take one line of a manifest apart.

    A ``*-metadata`` key is a label attribute's only if the line has the attribute itself, or if it has Ground
    Truth's type or a failure reason; all other keys are passed through. What of a label attribute is not of its
    documented shape is warned of, and not known; it is kept as written.

    Raises:
        msgspec.MsgspecError: the line is not an object.
    """
    keys = _line.decode(data)
    stream_object_id = _stream_object_id(keys) if _STREAM_KEY in keys else None
    attributes = []
    for key in [key for key in keys if key.endswith(_SUFFIX)]:
        name = key.removesuffix(_SUFFIX)
        if not name or name in _SOURCES or name.endswith(_SUFFIX):
            continue  # a label attribute may not have such a name
        value = keys.get(name)
        if value is not None and bytes(value) == b"null":
            value = None
        attribute = _read_attribute(name, value, keys[key], warn)
        if attribute is not None:
            attributes.append(attribute)
            del keys[key]
            keys.pop(name, None)
    return Line(_take_text(keys, "source-ref"), _take_text(keys, "source"), attributes, stream_object_id, keys)


def _stream_object_id(keys: dict[str, Raw]) -> str | None:
    """Id that a streaming job gave the data object, or was given for it: one key of the line names the other."""
    key = keys[_STREAM_KEY]
    raw = keys.get(_text.decode(key), _NULL) if _is_text(key) else _NULL
    if _is_text(raw):
        return _text.decode(raw)
    return None if bytes(raw) == b"null" else as_written(raw)


def _read_attribute(name: str, value: Raw | None, metadata_json: Raw, warn: Warn) -> LineAttribute | None:
    metadata = _read_metadata(name, metadata_json, warn)
    if metadata is None:
        return None
    if value is None and metadata.failure_reason is None and not is_ground_truth_type(metadata.type):
        return None
    is_ref = value is not None and name.endswith("-ref") and _is_text(value)
    label_uri = _text.decode(value) if is_ref and value is not None else None
    task_type = task_type_of(metadata.type)
    if label_uri is not None and task_type is TASK_TYPES["point_cloud_object_detection"]:
        # Its labels stand in the manifest: this is tracking, whose lines have been seen with the other's type.
        task_type = TASK_TYPES["point_cloud_object_tracking"]
    attribute = LineAttribute(name, value, metadata, metadata_json, task_type, label_uri)
    documented = READERS[task_type.result] if task_type and task_type.result else None
    # The type of a clip classification is not documented; its class-name is.
    reader = documented or (_read_class if metadata.class_name is not None else None)
    if reader is not None and value is not None:
        try:
            attribute.result = reader(value, attribute)
        except (BadFile, msgspec.ValidationError) as error:
            if documented:
                warn(f"{name}: {error}; kept as written, without its labels")
    elif value is None and metadata.failure_reason is None:
        warn(f"{name}: there is {name}{_SUFFIX}, and no {name}")
    return attribute


def _read_metadata(name: str, metadata_json: Raw, warn: Warn) -> Metadata | None:
    """Metadata of a label attribute, as far as it is of the documented form; None for what is not Ground Truth's."""
    try:
        return _metadata.decode(metadata_json)
    except msgspec.ValidationError as error:
        sound = _sound_fields(metadata_json)
        task_type = task_type_of(sound.type)
        if not is_ground_truth_type(sound.type) and sound.failure_reason is None:
            return None
        if not (task_type and task_type.name == "custom"):  # whose function may write any of them in its own way
            warn(f"{name}{_SUFFIX}: {error}")
        return sound


def _sound_fields(metadata_json: Raw) -> Metadata:
    """The fields that are of the documented type."""
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
    if raw is None or not _is_text(raw):
        return None
    del keys[name]
    return _text.decode(raw)


def _is_text(raw: Raw) -> bool:
    return bytes(raw).startswith(b'"')


def lines(blocks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    r"""Number (from 0) and bytes of every line of a file; lines end in ``\n`` or ``\r\n``, and empty ones count.

    Raises:
        BadFile: a line is longer than any data object needs.
    """
    number = 0
    rest = b""
    for block in blocks:
        *complete, rest = (rest + block).split(b"\n") if rest else block.split(b"\n")
        for line in complete:
            yield number, line
            number += 1
        if len(rest) > _MOST_LINE_BYTES:
            raise BadFile(f"line {number + 1}: longer than {_MOST_LINE_BYTES // 2**20} MB")
    if rest:
        yield number, rest


def json_lines(blocks: Iterable[bytes], warn: Warn) -> Iterator[tuple[int, bytes, Warn]]:
    """The same as UTF-8, without empty lines and without half characters; with what warns of the line."""
    for number, data in lines(utf_8(blocks)):
        if data.strip():

            def warn_of_line(what: str, number: int = number) -> None:
                warn(f"line {number + 1}: {what}")

            yield number, without_half_characters(data, warn_of_line), warn_of_line


def new_rows() -> ObjectRows:
    """No rows yet."""
    return ObjectRows([], [], [], [])


def parse(file: SourceFile, blocks: Iterable[bytes], rows: Rows) -> None:
    """Rows of an output manifest, some thousand lines at a time.

    They are ``data_objects``, ``annotations``, ``annotation_attributes``, ``class_labels`` and, for a declared label
    attribute, ``labeling_jobs``.

    Raises:
        BadFile: a line is no JSON object. The file is then refused as a whole.
    """
    if file.label_attribute is not None:
        rows.add_rows("labeling_jobs", [Job(label_attribute_name=file.label_attribute)])
    found = new_rows()
    namespace = namespace_of(file.job_name)
    size = answer_count = 0
    for number, data, warn in json_lines(blocks, rows.warn):
        try:
            line = read_line(data, warn)
            answer_count += _add_answers(rows, number, line, answer_count, warn)
            add_object(found, number, line, namespace, warn)
        except (BadFile, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise BadFile(f"line {number + 1}: {error}") from None
        size += len(data)
        if len(found.data_objects) >= _OBJECTS_AT_A_TIME or size >= _BYTES_AT_A_TIME:
            found.move_to(rows)
            rows.checkpoint()
            size = 0
    found.move_to(rows)


_ANSWERS = b"annotationsFromAllWorkers"


def _add_answers(rows: Rows, number: int, line: Line, first_index: int, warn: Warn) -> int:
    """Add the answers that a custom job's result keeps, and say how many there are.

    AWS's own sample of a post-annotation function writes them as it was given them.
    """
    from ingest.formats.consolidation_request import add_answer

    count = 0
    for attribute in line.attributes:
        if attribute.value is None or _ANSWERS not in bytes(attribute.value):
            continue
        try:
            for annotation_json in _kept.decode(attribute.value).annotations_from_all_workers:
                add_answer(rows, (None, number), first_index + count, annotation_json)
                count += 1
        except (BadFile, msgspec.MsgspecError) as error:
            warn(f"{attribute.name}.{_ANSWERS.decode()}[{count}]: {error}")
    return count


def add_object(found: ObjectRows, number: int, line: Line, namespace: str, warn: Warn) -> None:
    """Add the rows of a data object, which has the number as its index."""
    passthrough = as_json(line.passthrough) if line.passthrough else None
    if not line.attributes:
        found.data_objects.append(
            DataObject(
                number,
                source_uri=line.source_uri,
                source_text=line.source_text,
                stream_object_id=line.stream_object_id,
                passthrough_json=passthrough,
            )
        )
    # What the line has once, one row has: there may be thousands of rows.
    keeper = min([attribute.name for attribute in line.attributes]) if passthrough and line.attributes else None
    for attribute in line.attributes:
        result = attribute.result
        kept = passthrough if attribute.name == keeper else None
        found.data_objects.append(_data_object(number, line, kept, attribute, namespace, warn))
        if result.classes:
            found.class_labels.extend(ClassLabel(attribute.name, number, *named) for named in result.classes)
        found.annotations.extend(
            (*AnnotationKey(attribute.name, number, None, place), *label)
            for place, label in enumerate(result.labels or ())
        )
        if result.attributes:
            found.annotation_attributes.extend(
                (*AnnotationKey(attribute.name, number, None, place), *value) for place, value in result.attributes
            )


def _data_object(
    number: int, line: Line, passthrough: str | None, attribute: LineAttribute, namespace: str, warn: Warn
) -> DataObject:
    metadata, result, task_type = attribute.metadata, attribute.result, attribute.task_type
    size = result.image_size or ImageSize()
    job_name = metadata.job_name or metadata.job_name_
    creation_date = metadata.creation_date or metadata.creation_date_
    only = result.labels[0] if result.labels and result.is_single_class else None
    return DataObject(
        number,
        label_attribute_name=attribute.name,
        source_uri=line.source_uri,
        source_text=line.source_text,
        metadata_type=metadata.type,
        task_type=task_type.name if task_type else None,
        modality=task_type.modality if task_type else None,
        source_job_name=namespaced(namespace, job_name.removeprefix("labeling-job/")) if job_name else None,
        label=only.label if only else None,
        class_id=only.class_id if only else None,
        label_count=None if result.labels is None else len(result.labels),
        confidence=metadata.confidence,
        is_human_annotated=yes_no(metadata.human_annotated),
        adjustment_status=metadata.adjustment_status,
        failure_reason=metadata.failure_reason,
        labeled_at=_time(creation_date, f"{attribute.name}{_SUFFIX}: creation-date", warn),
        image_width=size.width,
        image_height=size.height,
        image_depth=size.depth,
        label_uri=attribute.label_uri,
        worker_response_uri=metadata.worker_response_ref,
        worker_feedback_json=None if metadata.worker_feedback == _NULL else as_written(metadata.worker_feedback),
        stream_object_id=line.stream_object_id,
        value_json=None if attribute.value is None else as_written(attribute.value),
        metadata_json=as_written(attribute.metadata_json),
        passthrough_json=passthrough,
    )


def _time(text: str | None, field: str, warn: Warn) -> int | None:
    """Milliseconds since 1970-01-01 UTC; None, and a warning, if it is no time."""
    try:
        return milliseconds(text, field) if text is not None else None
    except BadFile as error:
        warn(str(error))
        return None
