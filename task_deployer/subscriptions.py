"""What buckets tell of their objects, and to whom: entries, and one notification document per bucket. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from task_deployer.config import BucketConfig, Config
from task_deployer.names import Names
from task_deployer.plan import Desired
from task_deployer.resources import Bucket, Notifications, Permission
from task_deployer.resources.notification_document import Entry


@dataclass(frozen=True)
class Subscription:
    """What one bucket of one task adds to the notification document of that bucket.

    `parts` are what has to be there before the first event comes.
    """

    bucket: Bucket
    entries: tuple[Entry, ...]
    parts: tuple[Desired, ...]
    permission: Permission | None = None
    eventbridge: bool = False


def entries_of(task: str, key: str, settings: BucketConfig, names: Names) -> tuple[Entry, ...]:
    """The two entries of the seed: what is created, and all the rest. EventBridge needs none: it is told of all."""
    if settings.delivery == "eventbridge":
        return ()
    destination = destination_of(task, key, settings, names)
    split: dict[str, list[str]] = {"Created": [], "Deleted": []}
    for event in settings.events:
        full = f"s3:{event}" if ":" in event else f"s3:{event}:*"
        split["Created" if event.startswith("ObjectCreated") else "Deleted"].append(full)
    return tuple(
        Entry(names.entry(task, key, suffix), destination, tuple(events), settings.prefix, settings.suffix)
        for suffix, events in split.items()
        if events
    )


def destination_of(task: str, key: str, settings: BucketConfig, names: Names) -> str:
    """The ARN that a bucket's entries name: the function, or the queue that it reads."""
    if settings.delivery == "queue":
        return names.account.arn("sqs", names.event_queue(task, key))
    return names.account.arn("lambda", f"function:{names.function(task)}")


def notifications_of(config: Config, names: Names, subscriptions: Sequence[Subscription]) -> tuple[Notifications, ...]:
    """One document per bucket, whoever of the tasks shares it: one writer."""
    by_bucket: dict[str, list[Subscription]] = {}
    for subscription in subscriptions:
        by_bucket.setdefault(subscription.bucket.name, []).append(subscription)
    return tuple(_document(bucket, shared, _keys(config, names, bucket)) for bucket, shared in by_bucket.items())


def _document(bucket: str, shared: Sequence[Subscription], keys: Sequence[str]) -> Notifications:
    entries = tuple(entry for subscription in shared for entry in subscription.entries)
    written = {entry.key for entry in entries}
    parts = {part.address: part for subscription in shared for part in subscription.parts}
    return Notifications(
        bucket,
        shared[0].bucket,
        entries,
        tuple(subscription.permission for subscription in shared if subscription.permission is not None),
        tuple(parts.values()),
        tuple(sorted(set(keys) - written)),
        any(subscription.eventbridge for subscription in shared),
    )


def _keys(config: Config, names: Names, bucket: str) -> tuple[str, ...]:
    """The keys of the entries of all tasks in this bucket, also of those that this run is not about."""
    return tuple(
        entry.key
        for task, job in config.tasks.items()
        for key, settings in job.buckets.items()
        if (settings.name or names.bucket(task, key)) == bucket
        for entry in entries_of(task, key, settings, names)
    )
