"""Before a worker sees a task: gives the worker template the items of a batch that review-batches wrote."""

import json
from typing import Any

import boto3

FIELDS = {"image": "s3_image_url", "video": "s3_video_url", "text": "source"}


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Input of the task: the batch's label, and its items with their numbers, from 0.

    Developer guide: "Pre-annotation Lambda function requirements".
    """
    bucket, _, key = event["dataObject"]["source-ref"].removeprefix("s3://").partition("/")
    batch = json.loads(boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    items = batch["items"] if isinstance(batch, dict) else batch
    return {
        "taskInput": {
            "label": str(items[0]["label"]),
            "items": [_item(number, item) for number, item in enumerate(items)],
        }
    }


def _item(number: int, item: dict[str, Any]) -> dict[str, Any]:
    medium = next(name for name, field in FIELDS.items() if field in item)
    return {
        "number": number,
        "medium": medium,
        "source": item[FIELDS[medium]],
        "label": str(item["label"]),
        "confidence": "" if item.get("confidence") is None else str(item["confidence"]),
    }
