"""How the events of a task's buckets reach its function: by S3 itself, by EventBridge, or by a queue. Pure.

Each way is a chain that ends in the bucket's notification document, so that nothing is sent before all is there:

    direct       permission ─▶ entry to the function
    eventbridge  permission ─▶ rule ─▶ EventBridge's setting
    queue        queue ─▶ event source mapping ─▶ entry to the queue
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from task_deployer.config import BucketConfig, TaskConfig
from task_deployer.event_pattern import pattern_of
from task_deployer.names import Names
from task_deployer.plan import Desired
from task_deployer.policy import VERSION
from task_deployer.records import Record
from task_deployer.resources import Bucket, EventRule, EventSource, Function, Permission, Queue, RolePolicy
from task_deployer.resources.base import Address
from task_deployer.resources.outgoing_queue import OutgoingQueue
from task_deployer.resources.queue import SeenQueue
from task_deployer.subscriptions import Subscription, entries_of
from task_deployer.whose import is_anothers

KEPT = 14 * 24 * 3600
"""Seconds: the longest that SQS keeps a message."""

_RECEIVES = 5
"""How often a message is tried: "at least 5", since a call that Lambda throttles counts (Lambda guide, SQS)."""

_VISIBILITY = 6
"""How many timeouts of the function a message stays hidden, besides the batch window (the same guide)."""


@dataclass(frozen=True)
class Heard:
    """One bucket that a task listens to. `documents` are written before its notifications."""

    key: str
    bucket: Bucket
    settings: BucketConfig
    documents: tuple[Desired, ...]


@dataclass(frozen=True)
class Path:
    """What one bucket's events need on their way: the resources that are the task's own, and its subscription."""

    resources: tuple[Desired, ...]
    subscription: Subscription


@dataclass(frozen=True)
class Listener:
    """A task, as events reach it. `ready` is what the first one needs; `queues` hold them, by bucket."""

    task: str
    function: Function
    role_policy: RolePolicy
    ready: tuple[Desired, ...]
    names: Names
    tags: Mapping[str, str]
    queues: Mapping[str, Queue]

    def paths(self, buckets: Iterable[Heard]) -> tuple[Path, ...]:
        """The path of each bucket. Permissions stand one behind the other: one writer per policy."""
        paths: list[Path] = []
        last: Permission | None = None
        for heard in buckets:
            path = self._path(heard, last)
            last = next((one for one in path.resources if isinstance(one, Permission)), last)
            paths.append(path)
        return tuple(paths)

    def _path(self, heard: Heard, last: Permission | None) -> Path:
        bucket, documents = heard.bucket, heard.documents
        entries = entries_of(self.task, heard.key, heard.settings, self.names)
        match heard.settings.delivery:
            case "direct":
                allowed = self._permission(heard, last)
                return Path((allowed,), Subscription(bucket, entries, (*self.ready, *documents), allowed))
            case "eventbridge":
                rule = self._rule(heard, last)
                subscription = Subscription(bucket, entries, (rule, *documents), eventbridge=True)
                return Path((rule.permission, rule), subscription)
            case "queue":
                source = self._source(heard)
                return Path((source,), Subscription(bucket, entries, (source.queue, source, *documents)))
            case _:
                assert_never(heard.settings.delivery)

    def _permission(self, heard: Heard, last: Permission | None) -> Permission:
        account, name = self.names.account, self.names.permission(heard.key)
        source, owner = account.bucket_arn(heard.bucket.name), heard.bucket.owner or account.id
        return Permission(heard.bucket.scope, self.function, name, source, owner, last)

    def _rule(self, heard: Heard, last: Permission | None) -> EventRule:
        """The rule and its permission. Its scope is its own: a change makes the new one before it drops the old."""
        names, function, settings = self.names, self.function, heard.settings
        scope, name = heard.bucket.scope, names.event_rule(self.task, heard.key)
        (arn,) = EventRule.arns(names.account, {"rule": name})
        statement, principal = names.event_permission(heard.key), "events.amazonaws.com"
        allowed = Permission(f"{scope}.events", function, statement, arn, after=last, principal=principal)
        pattern = pattern_of(heard.bucket.name, settings.events, settings.prefix, settings.suffix)
        target = function.arn(names.account)
        return EventRule(scope, name, function, target, pattern, allowed, self.tags, self.ready)

    def _source(self, heard: Heard) -> EventSource:
        settings = heard.settings
        return EventSource(
            heard.bucket.scope,
            self.function,
            self.role_policy,
            self.queues[heard.key],
            settings.batch_size,
            settings.batch_window_seconds,
            settings.maximum_concurrency,
            self.tags,
            self.ready,
        )


def event_queues(
    task: str, job: TaskConfig, names: Names, tags: Mapping[str, str], failures: Queue | None
) -> dict[str, Queue]:
    """The queues in which events wait for the function, by the bucket's key."""
    queues: dict[str, Queue] = {}
    account = names.account
    for key, settings in job.buckets.items():
        if settings.events and settings.delivery == "queue":
            name, bucket = names.event_queue(task, key), settings.name or names.bucket(task, key)
            url, arn = account.queue_url(name), account.arn("sqs", name)
            visibility = _VISIBILITY * job.timeout_seconds + settings.batch_window_seconds
            attributes = {
                "MessageRetentionPeriod": str(KEPT),
                "VisibilityTimeout": str(visibility),
                "Policy": json.dumps(_queue_policy(arn, account.bucket_arn(bucket), settings.owner or account.id)),
                "RedrivePolicy": _redrive(failures),
            }
            queues[key] = Queue(f"{task}.{key}.events", name, url, arn, attributes, tags, failures=failures)
    return queues


def with_outgoing(
    desired: Iterable[Desired], records: Mapping[Address, Record], observed: Mapping[Address, object], lineage: str
) -> tuple[Desired, ...]:
    """The same, where each function knows the queues that it is to read no longer and that hold its timeout back.

    Lambda takes no timeout above the visibility timeout of a queue that is mapped to the function, and what the config
    no longer names goes last.
    """
    return tuple(
        replace(one, outgoing=tuple(_outgoing(one, records, observed, lineage))) if isinstance(one, Function) else one
        for one in desired
    )


def _outgoing(
    function: Function, records: Mapping[Address, Record], observed: Mapping[Address, object], lineage: str
) -> Iterator[OutgoingQueue]:
    timeout = function.timeout_seconds
    sources = [record.identity for record in records.values() if record.kind == EventSource.kind]
    read = {source["reads"] for source in sources if source["invokes"] == function.name}
    going = read - {queue.arn for queue in function.reads}
    for address, record in records.items():
        if record.kind != Queue.kind or record.identity["arn"] not in going:
            continue
        seen = observed.get(address)
        if isinstance(seen, SeenQueue) and seen.visibility_seconds < timeout and not is_anothers(record, seen, lineage):
            yield OutgoingQueue(record.identity["url"], record.identity["arn"], _VISIBILITY * timeout)


def _redrive(failures: Queue | None) -> str:
    return "" if failures is None else json.dumps({"deadLetterTargetArn": failures.arn, "maxReceiveCount": _RECEIVES})


def _queue_policy(queue_arn: str, bucket_arn: str, owner: str) -> Mapping[str, object]:
    """Let S3 send for this bucket of its owner's account; a bucket's ARN names none (confused deputy)."""
    statement = {
        "Sid": "AllowS3Send",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {
            "ArnEquals": {"aws:SourceArn": bucket_arn},
            "StringEquals": {"aws:SourceAccount": owner},
        },
    }
    return {"Version": VERSION, "Statement": [statement]}
