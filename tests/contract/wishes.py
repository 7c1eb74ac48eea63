"""The wishes that the tests make: one builder for each kind, all after one name, so that they belong together."""

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from task_deployer import policy, tags
from task_deployer.archive import Archive
from task_deployer.aws import Aws
from task_deployer.event_pattern import pattern_of
from task_deployer.resources import (
    Bucket,
    Cors,
    EventRule,
    EventSource,
    Function,
    LogGroup,
    Notifications,
    Permission,
    Queue,
    Role,
    RolePolicy,
)
from task_deployer.resources.cors import CorsRule
from task_deployer.resources.notification_document import Entry
from tests.aws import REGION

TAGS: Final = tags.tags_of("media", "dev", "our lineage", {"team": "content"})


def archive(source: str = "def handler(event, context): ...") -> Archive:
    """A package with one module."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(zipfile.ZipInfo("handler.py"), source)
    content = buffer.getvalue()
    return Archive(content, base64.b64encode(hashlib.sha256(content).digest()).decode(), 1)


def queue(aws: Aws, name: str, attributes: Mapping[str, str] | None = None) -> Queue:
    """A queue of ours."""
    account = aws.account
    return Queue(name, name, account.queue_url(name), account.arn("sqs", name), attributes or {}, TAGS)


def role(name: str) -> Role:
    """A role of ours."""
    return Role(name, name, TAGS)


def role_policy(aws: Aws, name: str) -> RolePolicy:
    """A role's policy that lets it send to any queue."""
    statement = policy.Statement("AllowLambdaSendSQS", ("sqs:SendMessage",), (aws.account.arn("sqs", "*"),))
    return RolePolicy(name, role(name), "LambdaPolicy", policy.merge([statement]))


def log_group(name: str) -> LogGroup:
    """A log group of ours."""
    return LogGroup(name, f"/aws/lambda/{name}", 30, TAGS)


def function(aws: Aws, name: str, *, tagged: Mapping[str, str] = TAGS, concurrency: int | None = None) -> Function:
    """A function of ours."""
    return Function(
        name,
        name,
        role(name),
        role(name).arn(aws.account),
        archive(),
        "python3.13",
        "arm64",
        512,
        60,
        512,
        {"LOG_LEVEL": "INFO"},
        frozenset(),
        tagged,
        concurrency,
    )


def bucket(name: str, *, existing: bool = False) -> Bucket:
    """A bucket of ours."""
    return Bucket(name, name, REGION, TAGS, existing)


def permission(aws: Aws, name: str) -> Permission:
    """The statement that lets the bucket of this name invoke the function of this name."""
    return Permission(name, function(aws, name), "AllowS3Invoke-in", aws.account.bucket_arn(name), aws.account.id)


def notifications(aws: Aws, name: str) -> Notifications:
    """One entry of ours in the document of the bucket of this name."""
    arn = function(aws, name).arn(aws.account)
    entry = Entry(f"{name}-Created", arn, ("s3:ObjectCreated:*",), "in/", ".csv")
    return Notifications(name, bucket(name), (entry,), (permission(aws, name),))


def cors(name: str, *, shared: bool) -> Cors:
    """One rule of ours."""
    rule = CorsRule(f"{name}-1", ("https://app.example.com",), ("GET", "PUT"), ("*",), ("ETag",), 3000)
    return Cors(name, bucket(name), (rule,), shared)


def event_permission(aws: Aws, name: str) -> Permission:
    """The statement that lets the EventBridge rule of this name invoke the function of this name."""
    arn = aws.account.arn("events", f"rule/{name}")
    return Permission(name, function(aws, name), "AllowEventBridgeInvoke-in", arn, principal="events.amazonaws.com")


def event_rule(aws: Aws, name: str) -> EventRule:
    """The rule of this name, for the events of the bucket of this name."""
    invoked = function(aws, name)
    pattern = pattern_of(name, ("ObjectCreated",), "in/", ".csv")
    return EventRule(name, name, invoked, invoked.arn(aws.account), pattern, event_permission(aws, name), TAGS)


def event_queue(aws: Aws, name: str) -> Queue:
    """A queue of ours that S3 may send to, whose failures go to another one."""
    failures = queue(aws, f"{name}-failures")
    arn = aws.account.arn("sqs", name)
    statement = {
        "Sid": "AllowS3Send",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": aws.account.bucket_arn(name)}},
    }
    attributes = {
        "VisibilityTimeout": "360",
        "Policy": json.dumps({"Version": policy.VERSION, "Statement": [statement]}),
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": failures.arn, "maxReceiveCount": 5}),
    }
    return replace(queue(aws, name, attributes), failures=failures)


def event_source(aws: Aws, name: str, *, maximum_concurrency: int | None = None) -> EventSource:
    """The mapping of the queue of this name to the function of this name."""
    read = event_queue(aws, name)
    reads = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
    document = policy.merge([policy.Statement("AllowLambdaReceiveSQS", reads, (read.arn,))])
    invoked = function(aws, name)
    role_policy = RolePolicy(name, invoked.role, "LambdaPolicy", document)
    return EventSource(name, invoked, role_policy, read, 10, 0, maximum_concurrency, TAGS)
