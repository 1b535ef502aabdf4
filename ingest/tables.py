"""The raw lake's tables: the one place where a raw table or column is declared.

A table is a tuple of *parts*. A part is a ``NamedTuple`` whose annotations name the Arrow type and say what a
column holds; parsers build parts and concatenate them into rows. The Parquet writer casts to these types, the
dbt sources file is generated from them (``python -m ingest.tables``), and the Glue tables are registered from
them.

Only flat columns: text, bigint, integer, double, boolean, and naive UTC timestamps in milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, NamedTuple, TypeAlias, get_args, get_type_hints

import pyarrow as pa

TIMESTAMP = pa.timestamp("ms")

# A row's Python value for each column type; timestamps travel as milliseconds since 1970-01-01 UTC.
Text: TypeAlias = Annotated[str | None, pa.string()]
Int: TypeAlias = Annotated[int | None, pa.int32()]
BigInt: TypeAlias = Annotated[int | None, pa.int64()]
Double: TypeAlias = Annotated[float | None, pa.float64()]
Flag: TypeAlias = Annotated[bool | None, pa.bool_()]
Time: TypeAlias = Annotated[int | None, TIMESTAMP]


class Lineage(NamedTuple):
    """Which load and source file a row came from. Every table but the ledger begins with it."""

    load_id: Annotated[Text, "Load that wrote the row; begins with the UTC time of the load, so it sorts by age."]
    file_no: Annotated[Int, "Number of the source file within the load; with load_id the key to source_files."]
    job_name: Annotated[Text, "Labeling job: the name of the job's folder; NULL for workers and teams."]


class LedgerEntry(NamedTuple):
    """What one load did with one source file."""

    load_id: Annotated[Text, "Load that wrote the entry."]
    file_no: Annotated[Int, "Number of the source file within the load."]
    origin_load_id: Annotated[Text, "Load that read the file; older than load_id if the rows were compacted later."]
    uri: Annotated[
        Text, "Source file: s3:// or file:// uri; for an API: sagemaker://, cognito-idp:// or cloudwatch-logs://."
    ]
    job_name: Annotated[Text, "Labeling job the file belongs to; NULL if it belongs to none."]
    job_uri: Annotated[Text, "Folder of that job."]
    file_kind: Annotated[Text, "Kind of file: output_manifest, worker_response, sequence_labels, and so on."]
    etag: Annotated[Text, "Version at the source: ETag on S3, size and time of a local file, md5 of an API response."]
    size_bytes: Annotated[BigInt, "Size of the file in bytes."]
    modified_at: Annotated[Time, "When the file was last written at its source."]
    status: Annotated[Text, "loaded, rejected (broken), skipped (not loaded, see error) or forgotten (erased)."]
    row_count: Annotated[BigInt, "Rows of the file, over all raw tables but label_overlaps; 0 unless loaded."]
    error: Annotated[Text, "Why the file was rejected or skipped."]
    warning: Annotated[Text, "What of a loaded file could not be understood, or had to be changed; all else counts."]
    loaded_at: Annotated[Time, "When the load read the file."]
    loader_version: Annotated[Text, "Version of the loader that read the file."]


class Job(NamedTuple):
    """What one source file says of its labeling job as a whole."""

    label_attribute_name: Annotated[
        Text, "Label attribute, if it is declared or described; NULL if it comes from the manifest."
    ] = None
    task_type: Annotated[Text, "Task type, if the source gives it for the whole job."] = None
    job_status: Annotated[Text, "LabelingJobStatus, from DescribeLabelingJob."] = None
    workteam_name: Annotated[Text, "Work team the job was given to, from DescribeLabelingJob."] = None
    workers_per_object: Annotated[Int, "Workers asked for each object, from DescribeLabelingJob."] = None
    annotation_type: Annotated[Text, "annotationType of the label category config; several are joined by a comma."] = (
        None
    )
    audit_label_attribute_name: Annotated[Text, "auditLabelAttributeName: the label attribute that is audited."] = None
    is_editable: Annotated[Flag, "Whether editsAllowed lets workers change labels; NULL if it is missing."] = None
    config_json: Annotated[Text, "Label category config, as written."] = None
    labeling_job_arn: Annotated[Text, "LabelingJobArn."] = None
    workteam_arn: Annotated[Text, "WorkteamArn."] = None
    failure_reason: Annotated[Text, "FailureReason of the job."] = None
    created_at: Annotated[Time, "CreationTime, UTC."] = None
    modified_at: Annotated[Time, "LastModifiedTime, UTC."] = None
    input_manifest_uri: Annotated[Text, "Uri of the input manifest; NULL for a streaming job."] = None
    output_uri: Annotated[Text, "S3OutputPath of the job."] = None
    total_labeled_count: Annotated[BigInt, "LabelCounters.TotalLabeled."] = None
    human_labeled_count: Annotated[BigInt, "LabelCounters.HumanLabeled."] = None
    machine_labeled_count: Annotated[BigInt, "LabelCounters.MachineLabeled."] = None
    failed_count: Annotated[BigInt, "LabelCounters.FailedNonRetryableError."] = None
    unlabeled_count: Annotated[BigInt, "LabelCounters.Unlabeled."] = None
    task_price_usd: Annotated[Double, "Price of one worker's task in a public workforce, in US dollars."] = None
    task_time_limit_seconds: Annotated[Int, "TaskTimeLimitInSeconds."] = None
    description_json: Annotated[Text, "Response of DescribeLabelingJob or ListLabelingJobs, as written."] = None


class LabelCategory(NamedTuple):
    """Label of a job's label category config."""

    category_index: Annotated[Int, "Place of the label in the config, from 0."]
    label: Annotated[Text, "Label, as written."]
    short_display_name: Annotated[Text, "shortDisplayName of a named-entity label."] = None
    edits_allowed: Annotated[Text, "editsAllowed of the label: any or none."] = None


class LabelAttributeDefinition(NamedTuple):
    """Attribute that workers fill in, from a job's label category config."""

    scope: Annotated[Text, "annotation (applies to labels) or frame."]
    label: Annotated[Text, "Label the attribute belongs to; NULL if it applies to every label, or to frames."]
    attribute_name: Annotated[Text, "Name of the attribute."]
    attribute_type: Annotated[Text, "string or number."] = None
    description: Annotated[Text, "Description shown to workers."] = None
    enum_json: Annotated[Text, "Allowed values, a JSON list."] = None
    minimum: Annotated[Double, "Minimum of a number."] = None
    maximum: Annotated[Double, "Maximum of a number."] = None
    is_required: Annotated[Flag, "Whether workers must fill it in."] = None
    edits_allowed: Annotated[Text, "editsAllowed of the attribute: any or none."] = None


class DataObject(NamedTuple):
    """Output-manifest line and label attribute; a line without any attribute gives one row of its own."""

    object_index: Annotated[BigInt, "Line of the output manifest, from 0."]
    label_attribute_name: Annotated[Text, "Label attribute; NULL for a line without a label attribute."] = None
    source_uri: Annotated[Text, "source-ref: uri of the data object."] = None
    source_text: Annotated[Text, "source: the text itself."] = None
    metadata_type: Annotated[Text, "type of the metadata, as written."] = None
    task_type: Annotated[Text, "Task type: the part of the type after groundtruth/, in lower case."] = None
    modality: Annotated[Text, "image, text, video, point_cloud or other."] = None
    source_job_name: Annotated[
        Text, "job-name of the metadata, without labeling-job/; lower-cased by Ground Truth."
    ] = None
    label: Annotated[Text, "Class of a single-class task."] = None
    class_id: Annotated[Text, "Class index of a single-class task, as text."] = None
    label_count: Annotated[Int, "Labels in the result; NULL if they are in another file or of an unknown form."] = None
    confidence: Annotated[Double, "confidence of the metadata, as written (0 if one worker labels)."] = None
    is_human_annotated: Annotated[Flag, "human-annotated."] = None
    adjustment_status: Annotated[Text, "adjustment-status: adjusted or unadjusted."] = None
    failure_reason: Annotated[Text, "failure-reason of an object that could not be labeled."] = None
    labeled_at: Annotated[Time, "creation-date, UTC."] = None
    image_width: Annotated[Int, "Width of the image in pixels."] = None
    image_height: Annotated[Int, "Height of the image in pixels."] = None
    image_depth: Annotated[Int, "Channels of the image."] = None
    label_uri: Annotated[Text, "Uri of the file with the labels, for attributes ending in -ref."] = None
    worker_response_uri: Annotated[Text, "worker-response-ref: the answers of a custom job without consolidation."] = (
        None
    )
    worker_feedback_json: Annotated[Text, "worker-feedback of a label verification: a JSON list of comments."] = None
    stream_object_id: Annotated[Text, "Id that a streaming job's input gave the data object."] = None
    value_json: Annotated[Text, "Value of the attribute, as written."] = None
    metadata_json: Annotated[Text, "Metadata of the attribute, as written."] = None
    passthrough_json: Annotated[
        Text,
        "Other keys of the line, which Ground Truth passes through: a JSON object. Of the line's rows, that of the "
        "first label attribute by name has them; in lakes of older loaders, all have.",
    ] = None


class ClassLabel(NamedTuple):
    """Class of a class map: a label file (SeqLabel.json, mask) has the class index, the manifest the class."""

    label_attribute_name: Annotated[Text, "Label attribute."]
    object_index: Annotated[BigInt, "Data object: line of the output manifest, from 0."]
    class_id: Annotated[Text, "Class index, as text."]
    label: Annotated[Text, "Class."]
    color: Annotated[Text, "Color of the class in a mask, as #rrggbb."] = None
    confidence: Annotated[Double, "Confidence of the class in a mask, as written."] = None


class Label(NamedTuple):
    """One label: its class and its shape. Coordinates are in pixels, offsets in Unicode characters."""

    shape: Annotated[Text, "class, box, span, polygon, polyline, keypoint, cuboid or mask."]
    label: Annotated[Text, "Class of the label."]
    class_id: Annotated[Text, "Class index, as text."] = None
    confidence: Annotated[Double, "Confidence, as written (0 if one worker labels)."] = None
    track_id: Annotated[Text, "object-id: the same object in all frames of a sequence."] = None
    track_name: Annotated[Text, "object-name: the track's name as workers see it."] = None
    sensor: Annotated[Text, "Sensor of a label that links a point cloud and cameras: lidar, camera-0, and so on."] = (
        None
    )
    box_left: Annotated[Double, "Left edge in pixels."] = None
    box_top: Annotated[Double, "Top edge in pixels."] = None
    box_width: Annotated[Double, "Width in pixels."] = None
    box_height: Annotated[Double, "Height in pixels."] = None
    start_offset: Annotated[BigInt, "First character of a span, from 0."] = None
    end_offset: Annotated[BigInt, "Character after the last of a span."] = None
    vertex_count: Annotated[Int, "Vertices of a polygon or polyline; 1 for a keypoint."] = None
    area: Annotated[Double, "Area in square pixels, for a box, a polygon or a class of a mask."] = None
    center_x: Annotated[Double, "Center of a cuboid, in meters."] = None
    center_y: Annotated[Double, "Center of a cuboid, in meters."] = None
    center_z: Annotated[Double, "Center of a cuboid, in meters."] = None
    cuboid_length: Annotated[Double, "Length of a cuboid, in meters."] = None
    cuboid_width: Annotated[Double, "Width of a cuboid, in meters."] = None
    cuboid_height: Annotated[Double, "Height of a cuboid, in meters."] = None
    roll: Annotated[Double, "Rotation about the length axis in radians, as written."] = None
    pitch: Annotated[Double, "Rotation about the width axis in radians, as written."] = None
    yaw: Annotated[
        Double, "Rotation about the vertical axis in radians, as written; pi minus it before 2022-09-02."
    ] = None
    point_count: Annotated[BigInt, "Points of a class in a point cloud."] = None
    region_share: Annotated[Double, "Share of the image's pixels, or of the point cloud's points: 0 to 1."] = None
    geometry_json: Annotated[
        Text,
        "Vertices of a polygon, polyline or keypoint, a JSON list; pixels of a mask, COCO's uncompressed RLE.",
    ] = None
    extra_json: Annotated[Text, "Other fields of the label: a JSON object."] = None


class AnnotationKey(NamedTuple):
    """Which consolidated label a row is, or is about."""

    label_attribute_name: Annotated[Text, "Label attribute; NULL if the file does not name it (SeqLabel.json)."]
    object_index: Annotated[BigInt, "Data object: line of the output manifest, from 0."]
    frame_index: Annotated[Int, "frame-no; NULL outside sequences."]
    annotation_index: Annotated[Int, "Place among the labels of the object, or of the frame, from 0."]


class Attribute(NamedTuple):
    """Attribute value."""

    scope: Annotated[Text, "annotation, frame or object."]
    attribute_name: Annotated[Text, "Name of the attribute, as written."]
    attribute_value: Annotated[Text, "Value as text; JSON if it is a list or an object."]


class Frame(NamedTuple):
    """Frame of a sequence, empty ones too."""

    object_index: Annotated[BigInt, "Data object (the sequence): line of the output manifest, from 0."]
    frame_index: Annotated[Int, "frame-no."]
    frame_name: Annotated[Text, "File name of the frame."]
    annotation_count: Annotated[Int, "Labels in the frame."]
    extra_json: Annotated[Text, "Other fields of the frame: a JSON object."] = None


class AnswerKey(NamedTuple):
    """Which answer of a worker a row is, or is about."""

    iteration: Annotated[Int, "Iteration of the job, from the folder's name."]
    object_index: Annotated[BigInt, "Data object: line of the output manifest, from 0."]
    answer_index: Annotated[Int, "Place of the answer in its file, from 0."]


class Answer(NamedTuple):
    """Answer of one worker to one task."""

    worker_key: Annotated[Text, "Pseudonym: md5 of identity issuer and subject, else of worker_id."]
    worker_id: Annotated[Text, "workerId, as written."]
    workforce: Annotated[Text, "private, public, vendor or unknown: the first part of worker_id."]
    identity_provider: Annotated[Text, "identityProviderType: Cognito or Oidc."]
    identity_issuer: Annotated[Text, "issuer: uri of the user pool or identity provider."]
    identity_sub: Annotated[Text, "sub: the worker's id at the issuer."]
    accepted_at: Annotated[Time, "acceptanceTime, UTC."]
    submitted_at: Annotated[Time, "submissionTime, UTC."]
    time_spent_seconds: Annotated[Double, "timeSpentInSeconds: active time as reported, without pauses."]
    task_type: Annotated[Text, "Task type of the answer's element; NULL if the element fits several or none."]
    label_count: Annotated[Int, "Labels in the answer; NULL if its form is not flattened."]
    payload_folder: Annotated[Text, "Folder of the files that hold the answer's frames; NULL outside sequences."]
    answer_json: Annotated[Text, "answerContent, as written."]
    extra_json: Annotated[Text, "Other fields of the answer: a JSON object."]


class AnswerLabelKey(NamedTuple):
    """Which label of an answer a row is, or is about."""

    element_name: Annotated[Text, "Crowd element (or form field) of the answer that holds the label."]
    frame_index: Annotated[Int, "Frame; NULL outside sequences."]
    annotation_index: Annotated[Int, "Place among the labels of the answer, from 0."]


class PayloadKey(NamedTuple):
    """Which of a data object's answers a file of one frame belongs to."""

    payload_folder: Annotated[
        Text,
        "Folder of the frame's file, as in worker_answers; with it, answer_index is NULL and the two join by folder.",
    ]
    frame_name: Annotated[
        Text, "File name of the frame, as in frames; frame_index is then the file's own number, or NULL if it has none."
    ] = None


class WorkerFrame(NamedTuple):
    """Frame of a worker's answer to a sequence, empty ones too."""

    frame_index: Annotated[Int, "Number of the frame in its file; NULL if it has none."]
    annotation_count: Annotated[Int, "Labels in the frame; NULL if the form of some is not flattened."]
    extra_json: Annotated[
        Text, "Other fields of the frame, and in the file's first frame also those of the file: a JSON object."
    ]


class LabelOverlap(NamedTuple):
    """How much two labels of a data object overlap. Of each label there is its file, and its place in the file."""

    object_index: Annotated[BigInt, "Data object of job_name: line of its output manifest, from 0."]
    shape: Annotated[Text, "polygon, polyline or mask: that of both labels."]
    overlap: Annotated[
        Double,
        "Above 0, at most 1: intersection over union of areas or pixels; of polylines the mean share of each line "
        "within 2 % of their extent of the other. NULL if the frame's labels are too many to be measured: one pair "
        "stands for all.",
    ]
    label_file_uri: Annotated[Text, "Source file of the first label."]
    label_file_etag: Annotated[Text, "Its version, as in source_files: the row counts while that is the current one."]
    label_attribute_name: Annotated[Text, "Label attribute, as in the first label's row."]
    label_answer_index: Annotated[Int, "Answer, as in the first label's row; NULL unless a worker response has it."]
    label_frame_index: Annotated[Int, "Frame, as in the first label's row; NULL outside sequences."]
    label_annotation_index: Annotated[Int, "Place of the first label, as in its row."]
    label_frame_name: Annotated[Text, "Frame, as in the first label's row; NULL unless a worker's frame has it."]
    other_file_uri: Annotated[Text, "Source file of the other label; its key sorts after that of the first."]
    other_file_etag: Annotated[Text, "Its version, as in source_files: the row counts while that is the current one."]
    other_attribute_name: Annotated[Text, "Label attribute, as in the other label's row."]
    other_answer_index: Annotated[Int, "Answer, as in the other label's row; NULL unless a worker response has it."]
    other_frame_index: Annotated[Int, "Frame, as in the other label's row; NULL outside sequences."]
    other_annotation_index: Annotated[Int, "Place of the other label, as in its row."]
    other_frame_name: Annotated[Text, "Frame, as in the other label's row; NULL unless a worker's frame has it."]


LABEL_TABLES = ("annotations", "worker_annotations")
"""Tables of labels: of consolidated results, and of workers' answers."""
OVERLAPS = "label_overlaps"
MEASURED_SHAPES = ("polygon", "polyline", "mask")
"""Shapes of the labels whose overlaps the loader measures: SQL cannot."""


class ConsolidationObject(NamedTuple):
    """Data object that a consolidation request is about."""

    object_index: Annotated[BigInt, "datasetObjectId."]
    source_uri: Annotated[Text, "s3Uri of the data object."] = None
    source_text: Annotated[Text, "content of the data object: the text itself."] = None


class GoldenKey(NamedTuple):
    """Which data object a known-right label is for: by its index, or by its source."""

    label_attribute_name: Annotated[Text, "Label attribute, if the golden answers are an augmented manifest."]
    object_index: Annotated[BigInt, "Data object; NULL if source_uri or source_text names it."]
    source_uri: Annotated[Text, "source-ref of the data object."]
    source_text: Annotated[Text, "source of the data object."]
    annotation_index: Annotated[Int, "Place among the object's labels, from 0; NULL if its golden answer is empty."]


class ReviewItem(NamedTuple):
    """Item of a bulk-review batch: a label that a model or an earlier job gave, which workers confirm or not."""

    batch_name: Annotated[Text, "File name of the batch; the source-ref of its data object ends with it."]
    item_number: Annotated[Int, "Number of the item in its batch; the names of its form fields end with it."]
    item_uri: Annotated[Text, "Uri of the image or clip; of a text, the text itself."]
    label: Annotated[Text, "Label that the model or an earlier job gave."]
    confidence: Annotated[Double, "Confidence of the model, as written."] = None
    review_of: Annotated[Text, "Object whose label it is: its job's name, a slash, and its index there."] = None
    review_sample: Annotated[Text, "How review-manifest chose the object: random, worst or errors."] = None
    extra_json: Annotated[Text, "Other fields of the item: a JSON object."] = None


class Worker(NamedTuple):
    """User of a worker directory."""

    worker_key: Annotated[Text, "Pseudonym, as in worker_answers."]
    identity_issuer: Annotated[Text, "Uri of the user pool or identity provider."]
    identity_sub: Annotated[Text, "The worker's id at the issuer."]
    username: Annotated[Text, "User name."]
    email: Annotated[Text, "E-mail address."]
    is_enabled: Annotated[Flag, "Whether the user may sign in."]


class Workteam(NamedTuple):
    """Work team."""

    workteam_name: Annotated[Text, "Work team."]
    workteam_arn: Annotated[Text, "WorkteamArn."]
    workforce: Annotated[Text, "private, public, vendor or unknown."]
    identity_issuer: Annotated[Text, "Uri of the members' user pool."] = None
    group_names: Annotated[Text, "Groups of the user pool or identity provider, joined by a comma."] = None
    description: Annotated[Text, "Description of the team."] = None
    created_at: Annotated[Time, "CreateDate, UTC."] = None
    modified_at: Annotated[Time, "LastUpdatedDate, UTC."] = None


class WorkteamMember(NamedTuple):
    """Membership of a worker in a work team."""

    workteam_name: Annotated[Text, "Work team."]
    worker_key: Annotated[Text, "Worker."]


class WorkerActivity(NamedTuple):
    """Event of the WorkerActivity log: what a worker did with a task."""

    event_type: Annotated[Text, "TasksAccepted, TasksSubmitted, TasksReturned or TasksDeclined, as written."]
    event_at: Annotated[Time, "event_timestamp, UTC."]
    worker_key: Annotated[Text, "Pseudonym, as in worker_answers."]
    worker_token: Annotated[Text, "worker_id: the last part of worker_answers.worker_id."]
    identity_issuer: Annotated[Text, "Uri of the user pool."] = None
    identity_sub: Annotated[Text, "cognito_sub_id: the worker's id in the user pool."] = None
    accepted_at: Annotated[Time, "task_accepted_time, UTC."] = None
    submitted_at: Annotated[Time, "task_submitted_time, UTC."] = None
    returned_at: Annotated[Time, "task_returned_time, UTC."] = None
    declined_at: Annotated[Time, "task_declined_time, UTC."] = None
    workteam_name: Annotated[Text, "Work team, the last part of workteam_arn."] = None
    labeling_job_name: Annotated[Text, "Labeling job, the last part of labeling_job_arn."] = None
    job_reference_code: Annotated[Text, "job_reference_code."] = None
    event_json: Annotated[Text, "The event, as written."] = None


@dataclass(frozen=True)
class Table:
    """One raw table: its name, its grain and its columns."""

    name: str
    grain: str
    parts: tuple[type[NamedTuple], ...]

    @cached_property
    def columns(self) -> list[tuple[str, pa.DataType, str]]:
        """Name, Arrow type and description of every column, in order."""
        columns = []
        for part in self.parts:
            for name, hint in get_type_hints(part, include_extras=True).items():
                _, arrow_type, description = get_args(hint)
                columns.append((name, arrow_type, description))
        return columns

    @cached_property
    def schema(self) -> pa.Schema:
        """Arrow schema of the Parquet files."""
        return pa.schema([(name, arrow_type) for name, arrow_type, _ in self.columns])


def _table(name: str, grain: str, *parts: Any) -> Table:
    return Table(name, grain, parts)


LEDGER = _table("source_files", "source file and load", LedgerEntry)

# Every table that rows are written to, by name; the ledger apart.
TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        _table("labeling_jobs", "labeling job and source file that describes it", Lineage, Job),
        _table("label_categories", "label of a label category config", Lineage, LabelCategory),
        _table(
            "label_attribute_definitions", "attribute of a label category config", Lineage, LabelAttributeDefinition
        ),
        _table("data_objects", "output-manifest line and label attribute", Lineage, DataObject),
        _table("class_labels", "class of a label file's class map", Lineage, ClassLabel),
        _table("annotations", "consolidated label", Lineage, AnnotationKey, Label),
        _table(
            "annotation_attributes", "attribute value of an annotation or a frame", Lineage, AnnotationKey, Attribute
        ),
        _table("frames", "frame of a sequence", Lineage, Frame),
        _table("worker_answers", "answer of one worker to one task", Lineage, AnswerKey, Answer),
        _table(
            "worker_annotations", "label in a worker's answer", Lineage, AnswerKey, PayloadKey, AnswerLabelKey, Label
        ),
        _table(
            "worker_annotation_attributes",
            "attribute value of a label, a frame or an answer of a worker",
            *(Lineage, AnswerKey, PayloadKey, AnswerLabelKey, Attribute),
        ),
        _table(
            "worker_frames", "frame of a worker's answer to a sequence", Lineage, AnswerKey, PayloadKey, WorkerFrame
        ),
        _table(OVERLAPS, "pair of labels of a data object that overlap", Lineage, LabelOverlap),
        _table("review_items", "item of a bulk-review batch", Lineage, ReviewItem),
        _table("consolidation_objects", "data object of a consolidation request", Lineage, ConsolidationObject),
        _table("golden_labels", "golden label of a data object", Lineage, GoldenKey, Label),
        _table("workers", "user of a worker directory", Lineage, Worker),
        _table("workteams", "work team", Lineage, Workteam),
        _table("workteam_members", "work team and member", Lineage, WorkteamMember),
        _table("worker_activity", "event of the WorkerActivity log", Lineage, WorkerActivity),
    )
}

# What dbt, DuckDB and Athena call each type.
SQL_TYPES: dict[pa.DataType, str] = {
    pa.string(): "varchar",
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    TIMESTAMP: "timestamp(3)",
}


def dbt_sources() -> str:
    """The dbt sources file, as text."""
    import yaml  # type: ignore[import-untyped] # it ships no type information, and a load does not need it

    class Dumper(yaml.SafeDumper):  # type: ignore[misc] # untyped, as above
        """Indents the items of lists, as dbt's own files do."""

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            super().increase_indent(flow, False)

    tables = [
        {
            "name": table.name,
            "description": f"One row per {table.grain}.",
            "columns": [
                {"name": name, "data_type": SQL_TYPES[arrow_type], "description": description}
                for name, arrow_type, description in table.columns
            ],
        }
        for table in (LEDGER, *TABLES.values())
    ]
    source = {
        "name": "ground_truth",
        "description": "The raw lake that `python -m ingest load` writes.",
        "schema": '{{ env_var("GT_RAW_DATABASE", "ground_truth_raw") }}',
        "tables": tables,
    }
    text = yaml.dump({"version": 2, "sources": [source]}, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120)
    return f"# Generated from ingest/tables.py by `python -m ingest.tables`: edit it there.\n{text}"


if __name__ == "__main__":
    print(dbt_sources(), end="")
