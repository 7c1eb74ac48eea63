"""Jobs of S3 Batch Operations: each task is one object, and each wants a result of its own. Pure.

Shapes and result codes are on AWS's page "Invoke AWS Lambda function" (S3 User Guide, Batch Operations). Schema 1.0
names the bucket by its ARN, 2.0 by its name; in both, keys are encoded as they are in the job's manifest.
"""

import os
from collections.abc import Mapping
from datetime import datetime

from task_runtime import fields
from task_runtime.events import EventError, ObjectEvent
from task_runtime.keys import decode_key

NAME = "BatchOperations:Invoke"
SCHEMAS = ("1.0", "2.0")
_PARTITIONS = {"cn": "aws-cn", "us-gov": "aws-us-gov"}


def is_job(event: Mapping[object, object]) -> bool:
    """Whether the event bears the marks of Batch Operations."""
    return "invocationSchemaVersion" in event


def tasks(event: Mapping[str, object]) -> list[tuple[str, object]]:
    """Give each task with its id. Raises EventError where there can be no results, because an id or more is missing."""
    schema = fields.required(event, "invocationSchemaVersion")
    if schema not in SCHEMAS:
        raise EventError(f"the job's invocationSchemaVersion is {fields.shown(schema)}; this runtime knows 1.0 and 2.0")
    fields.required(event, "invocationId")
    found = event.get("tasks")
    if not isinstance(found, list):
        raise EventError(f"the job's tasks are no list but {type(found).__name__}: {fields.shown(found)}")
    return [(fields.required(task, "taskId"), task) for task in found]


def parse(task: object, event: Mapping[str, object], now: datetime) -> ObjectEvent:
    """Make an ObjectEvent of one task. Raises EventError, naming the field that is wrong."""
    region = os.environ.get("AWS_REGION", "")  # a job runs functions of its own region, and tells none
    name = fields.text(task, "s3Bucket") or fields.required(task, "s3BucketArn").rpartition(":")[2]
    return ObjectEvent(
        name=NAME,
        key=decode_key(fields.required(task, "s3Key")),
        bucket_name=name,
        bucket_arn=fields.text(task, "s3BucketArn") or f"arn:{_partition(region)}:s3:::{name}",
        region=region,
        time=now,
        size=None,
        etag=None,
        version_id=fields.text(task, "s3VersionId") or None,
        sequencer=None,
        request_id=None,
        raw={**event, "tasks": [task]},
        job_id=fields.required(event, "job", "id"),
    )


def label(task: object) -> str:
    """Give the name to call a task by in messages, however malformed it is."""
    return f"{fields.shown(fields.value(task, 's3Key'))} ({NAME})"


def _partition(region: str) -> str:
    return next((name for start, name in _PARTITIONS.items() if region.startswith(f"{start}-")), "aws")
