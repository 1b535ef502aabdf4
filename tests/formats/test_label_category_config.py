"""Label category configs: the forms that golden trees do not show."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from ingest.formats.parsing import BadFile
from tests.formats.parsed import Row, categories


def config(*labels: dict[str, Any], **fields: Any) -> dict[str, list[Row]]:
    return categories(json.dumps({"labels": labels or [{"label": "Car"}], **fields}).encode())


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        (["any"], True),
        (["none"], False),
        (["none", "any"], True),
        (["none", None], False),
        ([None, None], None),
    ],
)
def test_a_job_is_editable_where_any_label_is(edits: list[str | None], expected: bool | None) -> None:
    labels = [{"label": str(place), "editsAllowed": edit} for place, edit in enumerate(edits)]
    [job] = config(*labels)["labeling_jobs"]
    assert job.get("is_editable") == expected
    assert job["config_json"] == json.dumps({"labels": labels})


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Polygon", "Polygon"),
        ([{"type": "BoundingBox"}, {"type": "Cuboid"}], "BoundingBox,Cuboid"),
        ([], ""),
        (None, None),
    ],
)
def test_annotation_type(written: object, expected: str | None) -> None:
    [job] = config(annotationType=written)["labeling_jobs"]
    assert job.get("annotation_type") == expected


def test_attributes_under_both_names_of_their_list() -> None:
    first, again, other = {"name": "p", "type": "number"}, {"name": "p"}, {"name": "q"}
    label = {"label": "Car", "categoryAttributes": [first], "attributes": [again, other]}
    rows = config(label, frameAttributes=[other, other])["label_attribute_definitions"]
    assert [(row["scope"], row.get("label"), row["attribute_name"], row.get("attribute_type")) for row in rows] == [
        ("frame", None, "q", None),
        ("annotation", "Car", "p", "number"),
        ("annotation", "Car", "q", None),
    ]


@pytest.mark.parametrize(
    ("enum", "expected"), [(["è", 1, None], '["è",1,null]'), ([], "[]"), ([10**30], f"[{10**30}]"), (None, None)]
)
def test_allowed_values_of_any_kind(enum: object, expected: str | None) -> None:
    [row] = config(frameAttributes=[{"name": "n", "enum": enum}])["label_attribute_definitions"]
    assert row.get("enum_json") == expected


def test_labels_keep_their_place_and_their_blanks() -> None:
    rows = config({"label": "b "}, {"label": ""}, {"label": "b "})["label_categories"]
    assert [(row["category_index"], row["label"]) for row in rows] == [(0, "b "), (1, ""), (2, "b ")]


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"labels":null}', b'{"labels":[{}]}', b'{"labels":[]}'])
def test_what_is_no_config_is_refused(data: bytes) -> None:
    with pytest.raises((BadFile, msgspec.MsgspecError)):
        categories(data)
