"""Ground Truth's task types: the one place where they are named, and where it is said what is read of each.

Source: Amazon SageMaker developer guide, "Labeling job output data", and the ``type`` of real output manifests.
``docs/formats.md`` is made from this module: ``python -m ingest.formats.registry > docs/formats.md``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from ingest.job_folder import FileKind, SourceFile
from ingest.rows import Rows


class Evidence(StrEnum):
    """How a form is known."""

    DOCUMENTED = "documented"
    SEEN = "seen in real output"
    INFERRED = "inferred"
    OWN = "this project's own"


class ResultForm(StrEnum):
    """Form of a consolidated result in the output manifest: what reads it is in ``output_manifest``."""

    CLASS = "class"
    CLASSES = "classes"
    BOXES = "boxes"
    CUBOIDS = "cuboids"
    SPANS = "spans"
    SEQUENCE = "sequence"
    SEGMENTATION = "segmentation"


class Form(NamedTuple):
    """Form of a file that is read: what is taken out of it, the raw tables that it lands in, and how it is known."""

    file_kind: FileKind
    what: str
    tables: tuple[str, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class TaskType:
    """A task type.

    Attributes:
        name: the part of the metadata's ``type`` after ``groundtruth/``.
        modality: what its data objects are.
        result: form of its consolidated result; None if that is kept whole, as JSON.
        forms: what is read of it; none if the type is not known.
    """

    name: str
    modality: str
    result: ResultForm | None = None
    forms: tuple[Form, ...] = ()


_DOCUMENTED = (Evidence.DOCUMENTED,)
_SEEN = (Evidence.DOCUMENTED, Evidence.SEEN)
_INFERRED = (Evidence.INFERRED,)
_ANSWER = ("worker_answers", "worker_annotations")
_ANSWER_AND_MORE = (*_ANSWER, "worker_annotation_attributes")


def _manifest(what: str, tables: tuple[str, ...], evidence: tuple[Evidence, ...]) -> Form:
    return Form(FileKind.OUTPUT_MANIFEST, what, ("data_objects", *tables), evidence)


def _sequence(what: str, evidence: tuple[Evidence, ...]) -> Form:
    tables = ("frames", "annotations", "annotation_attributes", "labeling_jobs")
    return Form(FileKind.SEQUENCE_LABELS, what, tables, evidence)


def _answer(what: str, tables: tuple[str, ...], evidence: tuple[Evidence, ...]) -> Form:
    return Form(FileKind.WORKER_RESPONSE, what, tables, evidence)


_POINTER = _answer("the folder of the answer's frames", ("worker_answers",), _INFERRED)
_FRAME = Form(
    FileKind.WORKER_FRAME,
    "labels of one frame, with the attributes of labels and frame",
    ("worker_frames", "worker_annotations", "worker_annotation_attributes"),
    _INFERRED,
)

TASK_TYPES: dict[str, TaskType] = {
    task_type.name: task_type
    for task_type in (
        TaskType(
            "image-classification",
            "image",
            ResultForm.CLASS,
            (
                _manifest("class, its index and confidence", ("annotations",), _SEEN),
                _answer("class and comment: `crowd-image-classifier`", _ANSWER_AND_MORE, _SEEN),
            ),
        ),
        TaskType(
            "image-classification-multilabel",
            "image",
            ResultForm.CLASSES,
            (
                _manifest("classes, each with its confidence", ("annotations",), _SEEN),
                _answer("classes: `crowd-image-classifier-multi-select`", _ANSWER, _DOCUMENTED),
            ),
        ),
        TaskType(
            "object-detection",
            "image",
            ResultForm.BOXES,
            (
                _manifest("boxes, each with its confidence; size of the image", ("annotations",), _SEEN),
                _answer("boxes: `crowd-bounding-box`, whatever its name", _ANSWER_AND_MORE, _DOCUMENTED),
            ),
        ),
        TaskType(
            "semantic-segmentation",
            "image",
            ResultForm.SEGMENTATION,
            (
                _manifest("colour map: classes with colour and confidence", ("class_labels",), _SEEN),
                Form(FileKind.MASK, "pixels of each class, by palette index", ("annotations",), _SEEN),
                _answer(
                    "pixels of each class, by colour: `crowd-semantic-segmentation`", _ANSWER_AND_MORE, _DOCUMENTED
                ),
            ),
        ),
        TaskType(
            "label-verification",
            "image",
            ResultForm.CLASS,
            (
                _manifest("verdict, its index and confidence; feedback of workers", ("annotations",), _DOCUMENTED),
                _answer("verdict and comment: `crowd-image-classifier`", _ANSWER_AND_MORE, _DOCUMENTED),
            ),
        ),
        TaskType(
            "text-classification",
            "text",
            ResultForm.CLASS,
            (
                _manifest("class, its index and confidence", ("annotations",), _DOCUMENTED),
                _answer("class: `crowd-classifier`", _ANSWER, _DOCUMENTED),
            ),
        ),
        TaskType(
            "text-classification-multilabel",
            "text",
            ResultForm.CLASSES,
            (
                _manifest("classes, each with its confidence", ("annotations",), _DOCUMENTED),
                _answer("classes: `crowd-classifier-multi-select`", _ANSWER, _DOCUMENTED),
            ),
        ),
        TaskType(
            "text-span",
            "text",
            ResultForm.SPANS,
            (
                _manifest("named entities, each with its confidence", ("annotations",), _SEEN),
                _answer("named entities: `crowd-entity-annotation`", _ANSWER, _SEEN),
            ),
        ),
        TaskType(
            "video-classification",
            "video",
            ResultForm.CLASS,
            (
                _manifest("class, told by `class-name` whatever the type is called", ("annotations",), _INFERRED),
                _answer("class: `crowd-classifier`", _ANSWER, _DOCUMENTED),
            ),
        ),
        TaskType(
            "video-object-detection",
            "video",
            ResultForm.SEQUENCE,
            (
                _manifest("class map", ("class_labels",), _SEEN),
                _sequence("boxes of each frame; attributes of labels and frames", _DOCUMENTED),
                _sequence("polygons, polylines and keypoints of each frame", _INFERRED),
                _POINTER,
                _FRAME,
            ),
        ),
        TaskType(
            "video-object-tracking",
            "video",
            ResultForm.SEQUENCE,
            (
                _manifest("class map", ("class_labels",), _SEEN),
                _sequence("boxes of each frame with their tracks; attributes of labels and frames", _SEEN),
                _sequence("polygons, polylines and keypoints of each frame with their tracks", _INFERRED),
                _POINTER,
                _FRAME,
            ),
        ),
        TaskType(
            "point_cloud_object_detection",
            "point_cloud",
            ResultForm.CUBOIDS,
            (
                _manifest(
                    "cuboids; attributes of labels and of the cloud", ("annotations", "annotation_attributes"), _SEEN
                ),
                _answer("cuboids: `boundingCuboids`", _ANSWER, _INFERRED),
            ),
        ),
        TaskType(
            "point_cloud_object_tracking",
            "point_cloud",
            ResultForm.SEQUENCE,
            (
                _manifest("class map", ("class_labels",), _DOCUMENTED),
                _sequence("cuboids of each frame with their tracks; attributes of labels and frames", _DOCUMENTED),
                _sequence("cuboids linked with the boxes of cameras", _DOCUMENTED),
                _POINTER,
                _FRAME,
            ),
        ),
        TaskType(
            "point_cloud_single_frame_semantic_segmentation",
            "point_cloud",
            ResultForm.SEGMENTATION,
            (
                _manifest(
                    "colour map: classes with colour and confidence; attributes of the cloud",
                    ("class_labels", "annotation_attributes"),
                    _DOCUMENTED,
                ),
                Form(FileKind.POINT_CLASSES, "points of each class", ("annotations",), _DOCUMENTED),
                _answer("kept whole: its form is not known", ("worker_answers",), _INFERRED),
            ),
        ),
        TaskType(
            "custom",
            "other",
            None,
            (
                _manifest("kept whole; uri of the answers, where they are passed through", (), _SEEN),
                _answer("every crowd element, by its form; fields of a form", _ANSWER_AND_MORE, _DOCUMENTED),
                Form(FileKind.REVIEW_BATCH, "items of a bulk review", ("review_items",), _INFERRED),
            ),
        ),
    )
}

# What is read of jobs of any task type.
FORMS: tuple[Form, ...] = (
    Form(
        FileKind.CONSOLIDATION_REQUEST,
        "answers, which stand in where there is no worker response; the data objects that they are of",
        (*_ANSWER_AND_MORE, "consolidation_objects"),
        _SEEN,
    ),
    Form(
        FileKind.CONSOLIDATION_RESPONSE,
        "results, as in the manifest, which stand in where there is no manifest",
        ("data_objects", "annotations", "annotation_attributes", "class_labels"),
        _SEEN,
    ),
    Form(
        FileKind.LABEL_CATEGORY_CONFIG,
        "labels; attributes of labels and frames; what is audited",
        ("labeling_jobs", "label_categories", "label_attribute_definitions"),
        _SEEN,
    ),
    Form(FileKind.GOLDEN_LABELS, "known-right labels", ("golden_labels",), (Evidence.OWN,)),
)

# What a worker's answer tells of its task, by the name its crowd element has in Ground Truth's own templates.
# crowd-classifier is absent: texts and video clips both use it.
ELEMENT_TASK_TYPES: dict[str, str] = {
    "crowd-image-classifier": "image-classification",
    "crowd-image-classifier-multi-select": "image-classification-multilabel",
    "crowd-classifier-multi-select": "text-classification-multilabel",
    "crowd-entity-annotation": "text-span",
    "crowd-semantic-segmentation": "semantic-segmentation",
    "boundingBox": "object-detection",
    "boundingCuboids": "point_cloud_object_detection",
}

# What the pre-annotation Lambda function of a job tells of its task, by the name after PRE-. An adjustment has the task
# type of what it adjusts. VideoClassification is the name that the developer guide's text has for VideoMultiClass.
LAMBDA_TASK_TYPES: dict[str, str] = {
    "BoundingBox": "object-detection",
    "ImageMultiClass": "image-classification",
    "ImageMultiClassMultiLabel": "image-classification-multilabel",
    "SemanticSegmentation": "semantic-segmentation",
    "TextMultiClass": "text-classification",
    "TextMultiClassMultiLabel": "text-classification-multilabel",
    "NamedEntityRecognition": "text-span",
    "VideoMultiClass": "video-classification",
    "VideoClassification": "video-classification",
    "VideoObjectDetection": "video-object-detection",
    "VideoObjectTracking": "video-object-tracking",
    "3DPointCloudObjectDetection": "point_cloud_object_detection",
    "3DPointCloudObjectTracking": "point_cloud_object_tracking",
    "3DPointCloudSemanticSegmentation": "point_cloud_single_frame_semantic_segmentation",
    "VerificationBoundingBox": "label-verification",
    "VerificationSemanticSegmentation": "label-verification",
    "AdjustmentBoundingBox": "object-detection",
    "AdjustmentSemanticSegmentation": "semantic-segmentation",
    "AdjustmentVideoObjectDetection": "video-object-detection",
    "AdjustmentVideoObjectTracking": "video-object-tracking",
    "Adjustment3DPointCloudObjectDetection": "point_cloud_object_detection",
    "Adjustment3DPointCloudObjectTracking": "point_cloud_object_tracking",
    "Adjustment3DPointCloudSemanticSegmentation": "point_cloud_single_frame_semantic_segmentation",
    "PassThrough": "custom",
}
_LAMBDA_PREFIX = "PRE-"

_PREFIX = "groundtruth/"


def is_ground_truth_type(metadata_type: str | None) -> bool:
    """Whether the metadata's ``type`` is one that Ground Truth writes."""
    return metadata_type is not None and metadata_type.lower().startswith(_PREFIX)


def task_type_of(metadata_type: str | None) -> TaskType | None:
    """Task type of a metadata's ``type``; one that is not known yet keeps its name, its modality is ``other``."""
    if metadata_type is None:
        return None
    name = metadata_type.lower().removeprefix(_PREFIX)
    return TASK_TYPES.get(name) or TaskType(name, "other")


def task_type_of_lambda(function_arn: str | None) -> str | None:
    """Task type that a pre-annotation Lambda function is for: ``arn:aws:lambda:…:function:PRE-BoundingBox``.

    A function that is none of Ground Truth's own prepares a custom task.
    """
    if not function_arn:
        return None
    _, found, name = function_arn.partition(":function:")
    name = name.partition(":")[0] if found else function_arn  # a version or alias may follow
    if not name.startswith(_LAMBDA_PREFIX):
        return "custom"
    return LAMBDA_TASK_TYPES.get(name.removeprefix(_LAMBDA_PREFIX))


Parser: TypeAlias = Callable[[SourceFile, Iterable[bytes], Rows], None]
"""Adds the rows of a file to the others: given what the file's path says of it, and its bytes, in blocks.

It raises a BadFile, or what msgspec raises, if the file cannot be understood.
"""


def parser_of(kind: FileKind) -> Parser:
    """The ``parse`` of the module that is named like the kind of file.

    The module is imported when it is first needed: parsers look up task types here.
    """
    parser: Parser = importlib.import_module(f"ingest.formats.{kind}").parse
    return parser


_FILES: dict[FileKind, str] = {
    FileKind.OUTPUT_MANIFEST: "`output.manifest`",
    FileKind.SEQUENCE_LABELS: "`SeqLabel.json`",
    FileKind.MASK: "`.png` mask",
    FileKind.POINT_CLASSES: "`.zlib` of points",
    FileKind.WORKER_RESPONSE: "worker response",
    FileKind.WORKER_FRAME: "worker response's frame",
    FileKind.CONSOLIDATION_REQUEST: "consolidation request",
    FileKind.CONSOLIDATION_RESPONSE: "consolidation response",
    FileKind.LABEL_CATEGORY_CONFIG: "label category config",
    FileKind.GOLDEN_LABELS: "`golden.manifest`",
    FileKind.REVIEW_BATCH: "review batch",
}

_COLUMNS = ("file", "what is read", "raw tables", "evidence")

_INTRODUCTION = """\
# What is read

Every output of Amazon SageMaker Ground Truth that the loader takes apart, where it lands in the raw lake, and how its
form is known: from AWS's developer guide (documented), from files that the service wrote (seen in real output), or from
public code that reads such files and from what is documented of similar ones (inferred). Beside what is taken out of
them, results, their metadata and answers are kept as written: `value_json`, `metadata_json` and `answer_json`.

This page is made by `python -m ingest.formats.registry`.

## By task type

An adjustment has the type of what it adjusts, under a label attribute of its own and with an `adjustment_status`; so
has an audit of videos or of point clouds. A chained job's lines have several label attributes, and each is read. An
object that failed has its `failure_reason`; one that nobody labeled has no label attribute; one that a machine labeled
says so in `is_human_annotated`. What a streaming job calls an object is in `stream_object_id`.
"""

_NOTES = """\
## What to know

- **A mask** must be a PNG with a palette, whose index is the key of the colour map; shades and colours are no indices,
  and such a file is refused. Of a worker's mask, the colour counts. Images of more than 100 megapixels, which is Ground
  Truth's own limit, and clouds of more than 100 million points are refused before they are unpacked. The background is
  a class like any other here; the marts leave it out.
- **The pixels of a mask** are kept as COCO's uncompressed run lengths, unless they are scattered over more than four
  million runs. Of polygons, polylines and such masks, the load measures how much the labels of two answers, or of an
  answer and a result, overlap: `label_overlaps`. Of a point cloud's classes, the number of points is kept.
- **A file of labels that the manifest names and that is not in the job's folder** is in the ledger as rejected; the
  object and the uri are kept. In a copy, the colons of a time in a file's name may have become other characters.
- **The yaw of a cuboid** is kept as written. Until 2022-09-02 19:02:17 UTC Ground Truth wrote pi minus the yaw of the
  right-handed coordinate system, since then it writes that yaw; `labeled_at` says which of the two a label has.
- **A point cloud that is tracked** is told by where its labels are: lines have been seen whose type was detection's.
- **A type that is not known** keeps its name, with modality `other`. It is read as a class where it has a `class-name`,
  and else kept whole.
- **What of a manifest's line cannot be understood** is NULL, and kept as written: a date, a confidence, the labels of
  one result. The ledger's `warning` has the line, the field and the reason. A line that is no JSON object refuses the
  manifest, and one broken frame a sequence.
- **Half a character**, which a text has that was cut within an emoji, becomes U+FFFD, with a warning. Text may be
  UTF-16, if it is marked so.
- **Answers that a custom job's result keeps**, as `annotationsFromAllWorkers`, are answers too; they count if no other
  file has any of the object's.
- **A name that is a number**, of a class or a track, is read as its text.
"""


def formats_page() -> str:
    """The page of the docs on what is read, as Markdown."""
    rows = [
        ("task type", *_COLUMNS),
        *((f"`{name}`", *_cells(form)) for name, task_type in TASK_TYPES.items() for form in task_type.forms),
    ]
    others = [_COLUMNS, *(_cells(form) for form in FORMS)]
    parts = [_INTRODUCTION, _markdown(rows), "## Of any task type\n", _markdown(others), _NOTES]
    return "\n".join(parts)


def _cells(form: Form) -> tuple[str, ...]:
    tables = ", ".join(f"`{table}`" for table in form.tables)
    return _FILES[form.file_kind], form.what, tables, ", ".join(form.evidence)


def _markdown(rows: Sequence[tuple[str, ...]]) -> str:
    head, *body = rows
    lines = [head, tuple("---" for _ in head), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    print(formats_page(), end="")
