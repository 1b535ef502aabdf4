"""What workers see of the next job: templates rendered by python-liquid, as Ground Truth renders them.

Crowd elements and three filters are Ground Truth's own (developer guide, "Create a custom worker task template" and
"Crowd HTML elements reference"): here, what an element is given is read from the HTML.
"""

from __future__ import annotations

import json
import urllib.parse
from collections import defaultdict
from html.parser import HTMLParser
from typing import Any

import liquid
import pytest

from publish.labeling_jobs import (
    ADJUSTMENT,
    LABELING,
    PURPOSES,
    TASK_TYPES,
    VERIFICATION,
    NotSupportedError,
    Plan,
    worker_template,
)

HOSTILE = """Dog "Rex" </script><script>alert('1')</script> {{ 7 }} & é \\"""
IMAGE = "s3://images/pets/a 'b\".jpg"
MASK = "s3://bucket/out/annotations/consolidated-annotation/output/0_2026-06-02T14:18:19.650417.png"
BOXES: list[dict[str, Any]] = [
    {"class_id": 1, "left": 573.6666666666666, "top": 0, "width": 217.5, "height": 93},
    {"class_id": 0, "left": 0, "top": 12, "width": 1, "height": 2},
]
# The classes are beside the boxes, and only those that the image has.
BOXES_LINE: dict[str, Any] = {
    "source-ref": IMAGE,
    "my-boxes": {"annotations": BOXES, "image_size": [{"width": 1280, "height": 720, "depth": 3}]},
    "my-boxes-metadata": {"class-map": {"0": "Cat", "1": HOSTILE}, "type": "groundtruth/object-detection"},
}
MASKS_LINE: dict[str, Any] = {
    "source-ref": IMAGE,
    "plants-ref": MASK,
    "plants-ref-metadata": {
        "internal-color-map": {
            "0": {"class-name": "BACKGROUND", "hex-color": "#ffffff", "confidence": 0},
            "1": {"class-name": "Leaf", "hex-color": "#2ca02c", "confidence": 0},
            "2": {"class-name": HOSTILE, "hex-color": "#8c564b", "confidence": 0},
        },
        "type": "groundtruth/semantic-segmentation",
    },
}
CLASSES = ["Cat", HOSTILE]
VERDICTS = ["good", "bad"]


def plan(purpose: str, task_type: str, attribute: str | None = None, **described: Any) -> Plan:
    """A job of a known job's labels."""
    return Plan(
        *(purpose, "next", task_type, attribute, (), {"HumanTaskConfig": described}),
        *({}, None, None, 1, "s3://bucket/next"),
    )


class Elements(HTMLParser):
    """Attributes of a rendered template's elements, by their names, and the texts in them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: defaultdict[str, list[dict[str, str | None]]] = defaultdict(list)
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See `HTMLParser`."""
        assert len(dict(attrs)) == len(attrs)
        self.found[tag].append(dict(attrs))

    def handle_data(self, data: str) -> None:
        """See `HTMLParser`."""
        self.texts.append(data)


def signed(uri: str) -> str:
    """A link to an object in S3, as the filter `grant_read_access` makes it."""
    return f"https://signed.example/{urllib.parse.quote(uri)}?a=1&b=2"


def screen(made: Plan, task_object: str, labels: list[str], line: dict[str, Any], autoescape: bool) -> Elements:
    """What a worker sees, of what a pre-annotation function of Ground Truth passes on."""
    text = worker_template(made)
    assert text is not None
    environment = liquid.Environment(autoescape=autoescape, undefined=liquid.StrictUndefined)
    environment.add_filter("grant_read_access", signed)
    environment.add_filter("to_json", json.dumps)
    task_input = {"taskObject": task_object, "labels": labels, "manifestLine": line}
    return Elements(environment.from_string(text).render(task={"input": task_input}))


def only(elements: Elements, name: str) -> dict[str, Any]:
    """The one element of that name, in a form with one script."""
    (found,) = elements.found[name]
    assert [script["src"] for script in elements.found["script"]] == ["https://assets.crowd.aws/crowd-html-elements.js"]
    assert len(elements.found["crowd-form"]) == 1
    assert len(elements.found["short-instructions"]) == len(elements.found["full-instructions"]) == 1
    return found


def drawn(boxes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Boxes as the crowd elements take them."""
    names = BOXES_LINE["my-boxes-metadata"]["class-map"]
    return [
        {"label": names[str(box["class_id"])], **{key: value for key, value in box.items() if key != "class_id"}}
        for box in boxes
    ]


@pytest.mark.parametrize("autoescape", [True, False])
def test_boxes_are_as_they_were(autoescape: bool) -> None:
    for purpose in (ADJUSTMENT, VERIFICATION):
        for count in (2, 1, 0):
            boxes = BOXES[:count]
            shown = BOXES_LINE | {"my-boxes": {"annotations": boxes}}
            labels = VERDICTS if purpose == VERIFICATION else CLASSES
            elements = screen(plan(purpose, "object-detection", "my-boxes"), IMAGE, labels, shown, autoescape)
            if purpose == ADJUSTMENT:
                element = only(elements, "crowd-bounding-box")
                assert element["name"] == "boundingBox"
                assert json.loads(element["labels"]) == CLASSES
                assert json.loads(element["initial-value"]) == drawn(boxes)
            else:
                element = only(elements, "crowd-image-classifier")
                assert element["name"] == "crowd-image-classifier"
                assert json.loads(element["categories"]) == VERDICTS
                overlay = {"boundingBox": {"labels": ["Cat", HOSTILE], "value": drawn(boxes)}}
                assert json.loads(element["overlay"]) == overlay
                assert len(elements.found["worker-comment"]) == 1
            assert element["src"] == signed(IMAGE)


@pytest.mark.parametrize("autoescape", [True, False])
def test_masks_are_as_they_were(autoescape: bool) -> None:
    colors = {"Leaf": {"color": "#2ca02c"}, HOSTILE: {"color": "#8c564b"}}
    elements = screen(plan(ADJUSTMENT, "semantic-segmentation", "plants-ref"), IMAGE, CLASSES, MASKS_LINE, autoescape)
    element = only(elements, "crowd-semantic-segmentation")
    assert element["name"] == "crowd-semantic-segmentation"
    assert json.loads(element["labels"]) == CLASSES
    assert json.loads(element["initial-value"]) == {"src": signed(MASK), "labelMappings": colors}
    assert element["src"] == signed(IMAGE)

    made = plan(VERIFICATION, "semantic-segmentation", "plants-ref")
    element = only(screen(made, IMAGE, VERDICTS, MASKS_LINE, autoescape), "crowd-image-classifier")
    assert json.loads(element["overlay"]) == {
        "semanticSegmentation": {"labels": [*colors], "labelMappings": colors, "src": signed(MASK)}
    }
    # An image in which nothing is painted.
    metadata = {"internal-color-map": {"0": {"class-name": "BACKGROUND", "hex-color": "#ffffff"}}}
    empty = MASKS_LINE | {"plants-ref-metadata": metadata}
    element = only(screen(made, IMAGE, VERDICTS, empty, autoescape), "crowd-image-classifier")
    assert json.loads(element["overlay"])["semanticSegmentation"] == {
        "labels": [],
        "labelMappings": {},
        "src": signed(MASK),
    }


# Answers are found by the element's name: ELEMENT_TASK_TYPES in ingest/formats/registry.py.
@pytest.mark.parametrize("autoescape", [True, False])
@pytest.mark.parametrize(
    ("task_type", "element", "name", "classes"),
    [
        ("image-classification", "crowd-image-classifier", "crowd-image-classifier", "categories"),
        (
            *("image-classification-multilabel", "crowd-image-classifier-multi-select"),
            *("crowd-image-classifier-multi-select", "categories"),
        ),
        ("object-detection", "crowd-bounding-box", "boundingBox", "labels"),
        ("semantic-segmentation", "crowd-semantic-segmentation", "crowd-semantic-segmentation", "labels"),
        ("text-classification", "crowd-classifier", "crowd-classifier", "categories"),
        (
            *("text-classification-multilabel", "crowd-classifier-multi-select"),
            *("crowd-classifier-multi-select", "categories"),
        ),
        ("video-classification", "crowd-classifier", "crowd-classifier", "categories"),
    ],
)
def test_labels_are_made_anew(task_type: str, element: str, name: str, classes: str, autoescape: bool) -> None:
    is_text = task_type.startswith("text")
    shown = HOSTILE if is_text else IMAGE
    elements = screen(plan(LABELING, task_type), shown, CLASSES, {}, autoescape)
    found = only(elements, element)
    assert found["name"] == name
    assert json.loads(found[classes]) == CLASSES
    assert not {"initial-value", "overlay"} & found.keys()
    if is_text:
        assert HOSTILE in elements.texts
    else:
        source = elements.found["video"][0] if task_type == "video-classification" else found
        assert source["src"] == signed(IMAGE)


def test_who_needs_a_template_has_one() -> None:
    """Sequences, point clouds and entities have screens of Ground Truth's own; nothing is known of other forms."""
    for name, task in TASK_TYPES.items():
        for purpose in PURPOSES:
            if purpose == LABELING or getattr(task, purpose):
                assert bool(worker_template(plan(purpose, name, "made"))) == (task.screen is None), (name, purpose)
    assert worker_template(plan(LABELING, "custom")) is None


def test_a_template_of_the_earlier_job_is_kept_if_it_asks_the_same() -> None:
    ui: Any = {"UiConfig": {"UiTemplateS3Uri": "s3://bucket/theirs.html"}}
    made_anew = plan(LABELING, "object-detection", **ui, PreHumanTaskLambdaArn="arn:…:function:PRE-BoundingBox")
    assert worker_template(made_anew) is None
    assert made_anew.kept_template_uri == "s3://bucket/theirs.html"
    # An adjustment's template shows labels that the new job's lines do not have.
    of_adjustment = plan(
        LABELING, "object-detection", **ui, PreHumanTaskLambdaArn="arn:…:function:PRE-AdjustmentBoundingBox"
    )
    assert "initial-value" not in str(worker_template(of_adjustment))
    assert worker_template(plan(VERIFICATION, "object-detection", "boxes", **ui))


def test_a_label_attribute_that_liquid_cannot_name_is_refused() -> None:
    for attribute in ('a"b', "a%}b", "a{{b", "a\nb", "a\\", None):
        with pytest.raises(NotSupportedError, match="which a worker template cannot name"):
            worker_template(plan(VERIFICATION, "object-detection", attribute))
    assert '"it\'s <here>"' in str(worker_template(plan(VERIFICATION, "object-detection", "it's <here>")))
