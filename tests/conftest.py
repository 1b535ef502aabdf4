from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.s3_server import S3Server

# The same examples every time, and few of them, where every change is tested; HYPOTHESIS_PROFILE=long hunts.
settings.register_profile("quick", max_examples=60, deadline=None, derandomize=True, database=None)
settings.register_profile(
    "long", max_examples=2_000, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session", autouse=True)
def without_fsync() -> Iterator[None]:
    """Many little loads: waiting for the disk would be nine tenths of their time, and is not what they test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    from tests.s3_server import S3Server  # moto takes a second to import

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
    monkeypatch.setattr("ingest.storage.s3._RETRIES", retries)
    yield s3_server
    from tests.s3_server import open_door

    s3_server.door = open_door


@pytest.fixture
def bucket(s3: S3Server) -> Iterator[str]:
    """Uri of an empty bucket."""
    import boto3

    from tests.s3_server import open_door

    client = boto3.client("s3")
    client.create_bucket(Bucket="example-bucket")
    yield "s3://example-bucket"
    s3.door = open_door
    for page in client.get_paginator("list_objects_v2").paginate(Bucket="example-bucket"):
        for item in page.get("Contents", ()):
            client.delete_object(Bucket="example-bucket", Key=item["Key"])
    client.delete_bucket(Bucket="example-bucket")
