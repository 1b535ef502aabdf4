from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.s3_server import S3Server

TESTS = Path(__file__).parent

# The same few examples every time, in every process; HYPOTHESIS_PROFILE=brief tries a few of them (make test-unit), and
# long hunts for new ones.
settings.register_profile("quick", max_examples=60, deadline=None, derandomize=True, database=None)
settings.register_profile("brief", max_examples=10, deadline=None, derandomize=True, database=None)
settings.register_profile(
    "long", max_examples=2_000, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.hookimpl(tryfirst=True)  # before -m selects
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests in a folder that is named like a marker of pyproject.toml, such as ``athena``."""
    markers = {line.partition(":")[0] for line in config.getini("markers")}
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        if folder in markers:
            item.add_marker(folder)


@pytest.fixture(scope="session", autouse=True)
def without_fsync() -> Iterator[None]:
    """Skip fsync: it would take nine tenths of the time of many small loads, and is not what they test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    from tests.s3_server import S3Server  # imported here because moto is slow to import

    with S3Server() as server:
        yield server


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """A server that the environment names as S3, with short retries."""
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
    """URI of an empty bucket."""
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
