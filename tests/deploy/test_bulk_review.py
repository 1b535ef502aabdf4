"""``deploy/bulk-review``: what it deploys, and a review from the table of labels to the marts.

The worker template is rendered by python-liquid; crowd elements are Ground Truth's, so no browser knows them here.
"""

from __future__ import annotations

import csv
import importlib.util
import json
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import boto3
import liquid
import pytest
from moto import mock_aws

from ingest.formats.review_batch import encode_batch
from ingest.load.plan import Options
from ingest.load.run import load
from ingest.review_batches import MANIFEST, Item, write_review_batches
from publish.labeling_jobs import faults
from tests.browser.chromium import COMMAND, chromium, executable
from tests.deploy.stack import ACCOUNT, REGION, ROOT, Stack, read_template
from tests.pipeline.warehouse import Marts

FOLDER = ROOT / "deploy/bulk-review"
BUCKET, REVIEW, JOB = "reviews", "bulk-review/batches/pets/", "Pets-Review"
WORKERS = ("ann", "ben", "cam")
HOSTILE = """Dog "Rex" <script>alert('1')</script> -7 & é"""
PIXEL = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='300' height='200'%3E%3Crect width='300' \
height='200' fill='%23{}'/%3E%3C/svg%3E"
BATCH_SIZE = 12
TEXT = """s3://images/x <script>alert('2')</script> {{ task.input.label }}
second line & more"""


class BulkReview(Stack):
    """The stack of a bulk review."""

    template: ClassVar[dict[str, Any]] = read_template("deploy/bulk-review/template.yaml")
    required: ClassVar[dict[str, str]] = {"Bucket": BUCKET, "ImageBucket": "images", "ImageFolder": "pets/"}


STACK = BulkReview()


def handler(name: str) -> ModuleType:
    """The module of a function."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Boxes(HTMLParser):
    """Check boxes, images and scripts of a rendered template."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.boxes: list[dict[str, str | None]] = []
        self.images: list[str | None] = []
        self.videos: list[str | None] = []
        self.scripts: list[str | None] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See `HTMLParser`."""
        values = dict(attrs)
        if tag == "crowd-checkbox":
            self.boxes.append(values)
        elif tag == "img":
            self.images.append(values["src"])
        elif tag == "video":
            self.videos.append(values["src"])
        elif tag == "script":
            self.scripts.append(values.get("src"))


def rendered(task_input: dict[str, Any], link: Any = "https://signed.example/{}".format) -> str:
    """The worker's screen of a task, with the filter that Ground Truth adds."""
    environment = liquid.Environment()
    environment.add_filter("grant_read_access", lambda uri: link(uri))
    template = environment.from_string((FOLDER / "worker-template.liquid.html").read_text())
    return str(template.render(task={"input": task_input}))


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An S3 that only this test has."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client


def write_table(path: Path) -> list[tuple[str, str, float]]:
    """A model's labels: 20 cats, 5 of a hostile name."""
    items = [(f"s3://images/pets/cat {number}.jpg", "Cat", 80 + number * 0.9) for number in range(20)]
    items += [(f"s3://images/pets/dog{number}.jpg", HOSTILE, 96 + number / 2) for number in range(5)]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("image", "label", "confidence"), *items])
    return items


def batch_inputs(tmp_path: Path, s3: Any) -> list[dict[str, Any]]:
    """The batches, made by review-batches and put into the bucket: what the first function gives for each line."""
    write_table(tmp_path / "labels.csv")
    batches = tmp_path / "batches"
    write_review_batches(str(tmp_path / "labels.csv"), str(batches), BATCH_SIZE, f"s3://{BUCKET}/{REVIEW}")
    for path in batches.iterdir():
        s3.put_object(Bucket=BUCKET, Key=REVIEW + path.name, Body=path.read_bytes())
    return [
        handler("pre_annotation").handler(
            {
                "version": "2018-10-16",
                "labelingJobArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:labeling-job/pets-review",
                "dataObject": json.loads(line),
            },
            None,
        )["taskInput"]
        for line in (batches / MANIFEST).read_text().splitlines()
    ]


def test_functions_of_the_stack_are_the_files() -> None:
    for resource, name in (("PreFunction", "pre_annotation"), ("PostFunction", "post_annotation")):
        function = STACK.properties(resource)
        assert function["Code"]["ZipFile"].strip() == (FOLDER / f"{name}.py").read_text().strip()
        assert len(function["Code"]["ZipFile"]) <= 4_096  # the limit of code in a template
        assert "LabelingFunction" in function["FunctionName"]
        logs = STACK.properties(resource.replace("Function", "Logs"))
        assert logs["LogGroupName"] == f"/aws/lambda/{function['FunctionName']}"


def test_roles_may_do_what_they_need_and_no_more() -> None:
    own = f"arn:aws:s3:::{BUCKET}/bulk-review"
    batch, request = f"{own}/batches/pets/cat-00001.json", f"{own}/output/Job/annotations/worker-response/a.json"
    template, image = f"{own}/templates/worker-template.liquid.html", "arn:aws:s3:::images/pets/a.jpg"
    # Policy, action, what is allowed, what is not.
    for name, action, allowed, denied in (
        ("PrePolicy", "s3:GetObject", [batch], [request, template, image]),
        ("PostPolicy", "s3:GetObject", [request], [batch, template, image]),
        ("JobPolicy", "s3:GetObject", [batch, request, template, image], ["arn:aws:s3:::images/other/a.jpg"]),
        ("JobPolicy", "s3:PutObject", [request], [batch, template, image, f"arn:aws:s3:::{BUCKET}/other/a"]),
    ):
        policy = STACK.policy(name)
        assert all(policy.allows(action, resource) for resource in allowed), name
        assert not any(policy.allows(action, resource) for resource in denied), name
        assert policy.actions("s3") <= {
            *("s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:GetBucketLocation", "s3:ListBucket")
        }
        assert not policy.actions("kms")
    assert {"s3:GetObject"} == STACK.policy("PrePolicy").actions("s3") == STACK.policy("PostPolicy").actions("s3")
    encrypted = BulkReview(KmsKeyArn=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/reviews")
    assert encrypted.policy("PrePolicy").actions("kms") == {"kms:Decrypt"}
    assert encrypted.policy("JobPolicy").actions("kms") == {"kms:Decrypt", "kms:GenerateDataKey"}


def test_the_request_is_one_that_sagemaker_takes() -> None:
    request = json.loads((FOLDER / "create-labeling-job.json").read_text())
    filled = json.dumps(request)
    outputs = STACK.template["Outputs"]
    for name in ("BatchesUri", "TemplatesUri", "OutputUri", "JobRoleArn", "PreFunctionArn", "PostFunctionArn"):
        assert f"<{name}" in filled
        assert name in outputs
    for place, value in (
        ("<name of the review, such as Cats-2026-07>", JOB),
        ("<BatchesUri><name>/", f"s3://{BUCKET}/{REVIEW}"),
        ("<OutputUri>", f"s3://{BUCKET}/bulk-review/output/"),
        ("<TemplatesUri>", f"s3://{BUCKET}/bulk-review/templates/"),
        ("<JobRoleArn, an output of the stack>", f"arn:aws:iam::{ACCOUNT}:role/reviews"),
        ("<ARN of the work team>", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:workteam/private-crowd/pets"),
        ("<PreFunctionArn>", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:pre"),
        ("<PostFunctionArn>", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:post"),
    ):
        assert place in filled
        filled = filled.replace(place, value)
    assert "<" not in filled
    assert not faults(json.loads(filled))


def test_each_item_is_on_the_screen_and_its_box_is_checked(tmp_path: Path, s3: Any) -> None:
    inputs = batch_inputs(tmp_path, s3)
    assert [len(task["items"]) for task in inputs] == [12, 8, 5]
    for task in inputs:
        screen = Boxes(rendered(task))
        assert [box["name"] for box in screen.boxes] == [
            f"{task['label']}-{place}" for place in range(len(task["items"]))
        ]
        assert all("checked" in box and box["value"] == "Confirmed" for box in screen.boxes)
        assert screen.images == [f"https://signed.example/{item['source']}" for item in task["items"]]
        assert screen.scripts == ["https://assets.crowd.aws/crowd-html-elements.js"]
        assert len({item["confidence"] for item in task["items"]}) == len(task["items"])
    assert inputs[-1]["label"] == HOSTILE


def test_batches_of_other_tools(s3: Any) -> None:
    # An object with the list in it; no confidence.
    s3.put_object(Bucket=BUCKET, Key="b.json", Body=json.dumps({"items": [{"s3_image_url": "s3://i/1", "label": 7}]}))
    task = handler("pre_annotation").handler({"dataObject": {"source-ref": f"s3://{BUCKET}/b.json"}}, None)["taskInput"]
    item = {"number": 0, "medium": "image", "source": "s3://i/1", "label": "7", "confidence": ""}
    assert task == {"label": "7", "items": [item]}
    assert '<div class="confidence">' not in rendered(task)


def objects_input(s3: Any) -> dict[str, Any]:
    """What the first function gives for a batch of an image, a clip and a text, as review-manifest writes them."""
    extra = {"review-of": "Pets/1", "review-sample": "random"}
    shown = [
        Item("s3://images/pets/cat.jpg", HOSTILE, None, extra),
        Item("s3://images/pets/cat 'x'.mp4", HOSTILE, 0.5, extra, "video"),
        Item(TEXT, HOSTILE, 0.25, extra, "text"),
    ]
    s3.put_object(Bucket=BUCKET, Key="b.json", Body=encode_batch(shown))
    source = {"source-ref": f"s3://{BUCKET}/b.json"}
    return dict(handler("pre_annotation").handler({"dataObject": source}, None)["taskInput"])


def test_images_clips_and_texts_are_shown(s3: Any) -> None:
    html = rendered(objects_input(s3))
    screen = Boxes(html)
    assert [box["name"] for box in screen.boxes] == [f"{HOSTILE}-{number}" for number in range(3)]
    assert screen.images == ["https://signed.example/s3://images/pets/cat.jpg"]
    assert screen.videos == ["https://signed.example/s3://images/pets/cat 'x'.mp4"]
    assert len(screen.scripts) == 1
    assert unescape(html).count(TEXT) == 1
    # A text is no link, whatever it looks like.
    assert f"signed.example/{TEXT}" not in unescape(html)


@pytest.mark.skipif(
    executable() is None,
    reason=f"there is no Chromium; to install it and run this test: {COMMAND} && make deploy-check",
)
def test_the_screen_shows_every_item(tmp_path: Path, s3: Any) -> None:
    for number, task in enumerate(batch_inputs(tmp_path, s3)):
        page = tmp_path / f"screen-{number}.html"
        colors = iter(["6b8e23", "4682b4", "d2691e"] * BATCH_SIZE)
        page.write_text(rendered(task, lambda uri, colors=colors: PIXEL.format(next(colors))), encoding="utf-8")
        for width in (1280, 420):
            with chromium() as browser:
                context = browser.new_context(viewport={"width": width, "height": 900})
                shown = context.new_page()
                # A script that got through would alert before the items can be read.
                shown.add_init_script("window.alerted = 0; window.alert = () => { window.alerted += 1 }")
                shown.route("https://**", lambda route: route.abort())
                shown.goto(page.as_uri())
                items = shown.locator(".item")
                assert items.count() == len(task["items"])
                for place, item in enumerate(task["items"]):
                    text = items.nth(place).inner_text()
                    assert item["label"] in text
                    assert f"Confidence {item['confidence']}" in text
                    assert items.nth(place).locator("img").bounding_box()["height"] == 170  # type: ignore[index]
                    assert items.nth(place).locator("crowd-checkbox").evaluate("box => box.hasAttribute('checked')")
                assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
                assert shown.evaluate("alerted") == 0
                shown.screenshot(path=tmp_path / f"screen-{number}-{width}.png")


@pytest.mark.skipif(
    executable() is None,
    reason=f"there is no Chromium; to install it and run this test: {COMMAND} && make deploy-check",
)
def test_the_screen_shows_clips_and_texts(tmp_path: Path, s3: Any) -> None:
    page = tmp_path / "screen.html"
    page.write_text(rendered(objects_input(s3), lambda uri: PIXEL.format("6b8e23")), encoding="utf-8")
    with chromium() as browser:
        for width in (1280, 420):
            shown = browser.new_context(viewport={"width": width, "height": 900}).new_page()
            shown.add_init_script("window.alerted = 0; window.alert = () => { window.alerted += 1 }")
            shown.route("https://**", lambda route: route.abort())
            shown.goto(page.as_uri())
            assert shown.locator(".item").count() == 3
            for medium in ("img", "video", ".text"):
                assert shown.locator(f".item {medium}").bounding_box()["height"] == 170  # type: ignore[index]
            assert shown.locator("video").get_attribute("controls") is not None
            assert shown.locator(".text").inner_text() == TEXT
            assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert shown.evaluate("alerted") == 0
            shown.screenshot(path=tmp_path / f"screen-{width}.png")


def test_a_review_from_the_table_to_the_marts(tmp_path: Path, s3: Any) -> None:
    inputs = batch_inputs(tmp_path, s3)
    job = tmp_path / "output" / JOB
    # Everybody unticks the first item of each batch, one worker also the last.
    request, lines = [], (tmp_path / "batches" / MANIFEST).read_text().splitlines()
    for index, task in enumerate(inputs):
        names = [str(box["name"]) for box in Boxes(rendered(task)).boxes]
        answers = {
            worker: {
                name: {"Confirmed": place > 0 and not (worker == WORKERS[0] and place == len(names) - 1)}
                for place, name in sorted(enumerate(names), key=lambda named: named[1])
            }
            for worker in WORKERS
        }
        response = [
            {
                "acceptanceTime": "2026-07-01T10:00:00.000Z",
                "submissionTime": "2026-07-01T10:01:00.000Z",
                "timeSpentInSeconds": 60.0,
                "workerId": f"private.{REGION}.{worker}",
                "answerContent": content,
            }
            for worker, content in answers.items()
        ]
        path = job / f"annotations/worker-response/iteration-1/{index}/2026-07-01_10:02:00.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"answers": response}))
        annotations = [
            {"workerId": worker, "annotationData": {"content": json.dumps(content)}}
            for worker, content in answers.items()
        ]
        # The last answer was too large for the request.
        s3.put_object(Bucket=BUCKET, Key=f"large/{index}.json", Body=annotations[-1]["annotationData"]["content"])  # type: ignore[index]
        annotations[-1]["annotationData"] = {"s3Uri": f"s3://{BUCKET}/large/{index}.json"}
        request.append({"datasetObjectId": str(index), "dataObject": {"s3Uri": "s3://b"}, "annotations": annotations})
    s3.put_object(Bucket=BUCKET, Key="bulk-review/output/request.json", Body=json.dumps(request))
    results = handler("post_annotation").handler(
        {
            "version": "2018-10-16",
            "labelingJobArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:labeling-job/pets-review",
            "labelAttributeName": "review",
            "roleArn": f"arn:aws:iam::{ACCOUNT}:role/reviews",
            "payload": {"s3Uri": f"s3://{BUCKET}/bulk-review/output/request.json"},
        },
        None,
    )
    assert [result["datasetObjectId"] for result in results] == ["0", "1", "2"]
    counts = results[0]["consolidatedAnnotation"]["content"]["review"]["items"]
    assert list(counts) == [str(place) for place in range(12)]
    assert counts["0"] == {"confirm_count": 0, "disconfirm_count": 3, "is_correct": False}
    assert counts["1"] == {"confirm_count": 3, "disconfirm_count": 0, "is_correct": True}
    assert counts["11"] == {"confirm_count": 2, "disconfirm_count": 1, "is_correct": False}

    manifest = job / "manifests/output/output.manifest"
    manifest.parent.mkdir(parents=True)
    metadata = {"type": "groundtruth/custom", "job-name": f"labeling-job/{JOB.lower()}", "human-annotated": "yes"}
    metadata["creation-date"] = "2026-07-01T10:03:00.000000"
    with manifest.open("w") as file:
        for line, result in zip(lines, results, strict=True):
            content = result["consolidatedAnnotation"]["content"]
            file.write(json.dumps(json.loads(line) | content | {"review-metadata": metadata}) + "\n")
    summary = load(
        str(tmp_path / "output"),
        str(tmp_path / "lake"),
        Options(review_batches={JOB: str(tmp_path / "batches")}, processes=1),
    )
    assert not summary.errors
    marts = Marts(
        *(tmp_path / "lake", tmp_path / "marts", "--resource-type", "model", "seed", "--select"),
        *("+rpt_review_bands", "+rpt_review_errors", "+dim_labeling_jobs"),
    )
    assert marts.rows("select job_kind from dim_labeling_jobs") == [("review",)]
    bands = marts.rows(
        "select label, sum(item_count), sum(incorrect_count) from rpt_review_bands where not is_total group by 1"
    )
    assert sorted(bands) == sorted([("Cat", 20, 4), (HOSTILE, 5, 2)])
    split = marts.rows(
        "select confirm_count, disconfirm_count, count(*) from rpt_review_errors group by 1, 2 order by 1"
    )
    assert split == [(0, 3, 3), (2, 1, 3)]
