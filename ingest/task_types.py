"""Ground Truth's task types: the one place where they are named.

Source: Amazon SageMaker developer guide, "Labeling job output data", and the ``type`` of real output manifests.
"""

from __future__ import annotations

from typing import NamedTuple


class TaskType(NamedTuple):
    """A task type: the part of the metadata's ``type`` after ``groundtruth/``, and what its data objects are."""

    name: str
    modality: str


TASK_TYPES: dict[str, TaskType] = {
    name: TaskType(name, modality)
    for modality, names in {
        "image": (
            "image-classification",
            "image-classification-multilabel",
            "object-detection",
            "semantic-segmentation",
            "label-verification",
        ),
        "text": (
            "text-classification",
            "text-classification-multilabel",
            "text-span",
        ),
        "video": (
            "video-classification",
            "video-object-detection",
            "video-object-tracking",
        ),
        "point_cloud": (
            "point_cloud_object_detection",
            "point_cloud_object_tracking",
            "point_cloud_single_frame_semantic_segmentation",
        ),
        "other": ("custom",),
    }.items()
    for name in names
}

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
