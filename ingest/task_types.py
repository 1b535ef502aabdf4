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
