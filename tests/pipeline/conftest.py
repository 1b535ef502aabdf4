from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import boto3
import pytest

from tests.pipeline.s3_server import S3Server, open_door


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    with S3Server() as server:
        yield server


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """S3 as the environment says it, and little patience with it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "example")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    backoff = {"init_backoff": timedelta(milliseconds=5), "max_backoff": timedelta(milliseconds=20), "base": 2}
    retries = {"max_retries": 3, "backoff": backoff, "retry_timeout": timedelta(seconds=10)}
    monkeypatch.setattr("ingest.s3._RETRIES", retries)
    yield s3_server
    s3_server.door = open_door


@pytest.fixture
def bucket(s3: S3Server) -> Iterator[str]:
    """Uri of an empty bucket."""
    client = boto3.client("s3")
    client.create_bucket(Bucket="example-bucket")
    yield "s3://example-bucket"
    s3.door = open_door
    for page in client.get_paginator("list_objects_v2").paginate(Bucket="example-bucket"):
        for item in page.get("Contents", ()):
            client.delete_object(Bucket="example-bucket", Key=item["Key"])
    client.delete_bucket(Bucket="example-bucket")
