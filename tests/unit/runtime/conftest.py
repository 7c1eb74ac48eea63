"""The runtime reads a few environment variables and sets a log level; every test starts without them."""

import logging
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture(autouse=True)
def bare_runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take the variables away, and the level too, before and after."""
    own = [name for name in os.environ if name.startswith(("TASK_DEPLOY_", "TASK_RUNTIME_"))]
    for name in ("LOG_LEVEL", "AWS_LAMBDA_FUNCTION_NAME", "AWS_REGION", *own):
        monkeypatch.delenv(name, raising=False)
    _reset()
    yield
    _reset()


def _reset() -> None:
    log = logging.getLogger("task_runtime")
    log.setLevel(logging.NOTSET)
    log.propagate = True
    for handler in log.handlers[:]:
        if type(handler).__module__ == "task_runtime.telemetry":  # caplog's own, and others', stay
            log.removeHandler(handler)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator["S3Client"]:
    """Give a client of an S3 with the versioned bucket `my-bucket`; the runtime's own client reaches the same."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="my-bucket")
        client.put_bucket_versioning(Bucket="my-bucket", VersioningConfiguration={"Status": "Enabled"})
        yield client
