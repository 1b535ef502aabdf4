"""After the workers have voted: counts the votes on each item of a batch.

Who voted what stays in the worker responses.
"""

import json
from typing import Any

import boto3


def handler(event: dict[str, Any], context: object) -> list[dict[str, Any]]:
    """Result of each batch, by item number: how many confirm the label, how many do not, and whether all do.

    Developer guide: "Post-annotation Lambda function requirements".
    """
    return [
        {
            "datasetObjectId": batch["datasetObjectId"],
            "consolidatedAnnotation": {
                "content": {event["labelAttributeName"]: _votes(batch["annotations"])},
            },
        }
        for batch in json.loads(_read(event["payload"]["s3Uri"]))
    ]


def _votes(annotations: list[dict[str, Any]]) -> dict[str, Any]:
    votes: dict[int, list[bool]] = {}
    for annotation in annotations:
        data = annotation["annotationData"]
        # An answer that is too large for the request is in a file of its own.
        answer = json.loads(data["content"] if data.get("content") else _read(data["s3Uri"]))
        for name, boxes in answer.items():
            number = name.rpartition("-")[2]
            if number.isdigit() and isinstance(boxes, dict) and "Confirmed" in boxes:
                votes.setdefault(int(number), []).append(boxes["Confirmed"] is True)
    return {
        "items": {
            str(number): {
                "confirm_count": of_item.count(True),
                "disconfirm_count": of_item.count(False),
                "is_correct": all(of_item),
            }
            for number, of_item in sorted(votes.items())
        }
    }


def _read(uri: str) -> bytes:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body: bytes = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return body
