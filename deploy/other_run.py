"""Is another run going on? Exit status 0: yes; 1: no, or not on ECS; 2: it cannot be known.

ECS starts a scheduled task whether or not the one before it has ended.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request

import boto3

YES, NO, UNKNOWN = 0, 1, 2


def other_tasks(metadata_uri: str) -> list[str]:
    """ARNs of the tasks, other than this one, of this one's family in its cluster; metadata_uri is ECS's, version 4."""
    with urllib.request.urlopen(f"{metadata_uri}/task", timeout=10) as answer:
        this = json.load(answer)
    pages = boto3.client("ecs").get_paginator("list_tasks").paginate(cluster=this["Cluster"], family=this["Family"])
    return [arn for page in pages for arn in page["taskArns"] if arn != this["TaskARN"]]


if __name__ == "__main__":
    uri = os.environ.get("ECS_CONTAINER_METADATA_URI_V4")
    try:
        others = other_tasks(uri) if uri else []
    except Exception as error:
        print(f"cannot ask ECS for other runs: {error}", file=sys.stderr)
        sys.exit(UNKNOWN)
    for arn in others:
        print(arn)
    sys.exit(YES if others else NO)
