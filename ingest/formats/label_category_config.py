"""Label category configs: a job's labels, and the attributes that its workers fill in.

Format: Amazon SageMaker developer guide, "Labeling category configuration file with label category and frame
attributes reference".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from ingest.formats.parsing import BadFile, as_json, as_written, whole
from ingest.job_folder import SourceFile
from ingest.rows import Rows
from ingest.tables import Job, LabelAttributeDefinition, LabelCategory


class AttributeJson(msgspec.Struct, rename="camel", gc=False):
    """Attribute of a label, or of a frame."""

    name: str
    type: str | None = None
    description: str | None = None
    enum: list[Any] | None = None
    minimum: float | None = None
    maximum: float | None = None
    is_required: bool | None = None
    edits_allowed: str | None = None


class LabelJson(msgspec.Struct, rename="camel", gc=False):
    """Label; ``attributes`` is the older name of ``categoryAttributes``."""

    label: str
    short_display_name: str | None = None
    category_attributes: list[AttributeJson] = []
    attributes: list[AttributeJson] = []
    edits_allowed: str | None = None


class _AnnotationType(msgspec.Struct, gc=False):
    type: str


class Config(msgspec.Struct, rename="camel", gc=False):
    """Label category config, of 2018 and of 2020."""

    labels: list[LabelJson]
    frame_attributes: list[AttributeJson] = []
    category_global_attributes: list[AttributeJson] = []
    annotation_type: str | list[_AnnotationType] | None = None
    audit_label_attribute_name: str | None = None


_TOOL_FOLDER = "/annotation-tool"


def parse(file: SourceFile, blocks: Iterable[bytes], rows: Rows) -> None:
    """Rows of a label category config: ``label_categories``, ``label_attribute_definitions``, ``labeling_jobs``.

    A config may have any name in the annotation tool's folder: what has no ``labels`` there is something else, and
    gives no rows.

    Raises:
        BadFile, msgspec.MsgspecError: the file is not of the documented shape.
    """
    data = whole(blocks, rows.warn)
    if file.uri.rpartition("/")[0].endswith(_TOOL_FOLDER) and b'"labels"' not in data:
        return
    config = msgspec.json.decode(data, type=Config)
    if not config.labels:
        raise BadFile("no labels")
    definitions: list[LabelAttributeDefinition] = [
        *(_definition("frame", None, attribute) for attribute in config.frame_attributes),
        *(_definition("annotation", None, attribute) for attribute in config.category_global_attributes),
        *(
            _definition("annotation", label.label, attribute)
            for label in config.labels
            for attribute in (*label.category_attributes, *label.attributes)
        ),
    ]
    edits = [label.edits_allowed for label in config.labels]
    job = Job(
        annotation_type=_annotation_type(config.annotation_type),
        audit_label_attribute_name=config.audit_label_attribute_name,
        is_editable="any" in edits if any(edits) else None,
        config_json=as_written(data),
    )
    rows.add_rows("labeling_jobs", [job])
    rows.add_rows(
        "label_categories",
        [
            LabelCategory(place, label.label, label.short_display_name, label.edits_allowed)
            for place, label in enumerate(config.labels)
        ],
    )
    rows.add_rows("label_attribute_definitions", [*_first_of_each(definitions)])


def _annotation_type(value: str | list[_AnnotationType] | None) -> str | None:
    return ",".join(entry.type for entry in value) if isinstance(value, list) else value


def _first_of_each(definitions: Iterable[LabelAttributeDefinition]) -> Iterable[LabelAttributeDefinition]:
    """Without repetitions: a label may have the same attributes under both names of their list."""
    found: dict[tuple[object, ...], LabelAttributeDefinition] = {}
    for row in definitions:
        found.setdefault((row.scope, row.label, row.attribute_name), row)
    return found.values()


def _definition(scope: str, label: str | None, attribute: AttributeJson) -> LabelAttributeDefinition:
    return LabelAttributeDefinition(
        scope,
        label,
        attribute.name,
        attribute.type,
        attribute.description,
        None if attribute.enum is None else as_json(attribute.enum),
        attribute.minimum,
        attribute.maximum,
        attribute.is_required,
        attribute.edits_allowed,
    )
