"""Every name at AWS, computed from the config: never random, so that whatever is run twice meets itself. Pure."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from task_deployer.aws import Account
from task_deployer.config import BucketConfig, Config
from task_deployer.errors import ConfigError, Mistake

POLICY = "LambdaPolicy"
LIMITS = {
    "function": 64,
    "role": 64,
    "queue": 80,
    "bucket": 63,
    "notification entry": 255,
    "event rule": 64,
    "permission": 100,
}
"""How many characters AWS allows (each service's API reference)."""


@dataclass(frozen=True)
class Names:
    """The names of one stack in one environment, for one account and region."""

    stack: str
    env: str
    account: Account

    @property
    def base(self) -> str:
        """What all names begin with."""
        return f"{self.stack}-{self.env}"

    def function(self, task: str) -> str:
        """The function of a task."""
        return f"{self.base}-{task}"

    def role(self, task: str) -> str:
        """The role of a task; with the region, since role names are one set for all regions."""
        return f"{self.base}-{task}-{self.account.region}"

    def log_group(self, task: str) -> str:
        """The log group that Lambda writes to by itself."""
        return f"/aws/lambda/{self.function(task)}"

    def bucket(self, task: str, bucket: str) -> str:
        """A bucket without a name of its own; with account and region, since the whole world shares bucket names."""
        return f"{self.base}-{task}-{bucket}-{self.account.id}-{self.account.region}"

    def topic_queue(self, topic: str, *, fifo: bool) -> str:
        """The queue of a command topic."""
        return f"{self.base}-{topic}" + (".fifo" if fifo else "")

    def failure_queue(self, task: str) -> str:
        """The queue of events that could not be handled."""
        return f"{self.base}-{task}-failures"

    def event_queue(self, task: str, bucket: str) -> str:
        """The queue of a bucket's events that wait for the function."""
        return f"{self.base}-{task}-{bucket}-events"

    def event_rule(self, task: str, bucket: str) -> str:
        """The EventBridge rule that takes a bucket's events."""
        return f"{self.base}-{task}-{bucket}"

    def entry(self, task: str, bucket: str, suffix: str) -> str:
        """A notification entry; `suffix` is Created or Deleted."""
        return f"{self.base}-{task}-{bucket}-{suffix}"

    def cors_rule(self, task: str, bucket: str, number: int) -> str:
        """A CORS rule; they count from 1."""
        return f"{self.base}-{task}-{bucket}-{number}"

    def lifecycle_rule(self, task: str, bucket: str, purpose: str) -> str:
        """A lifecycle rule; `purpose` is what it does."""
        return f"{self.base}-{task}-{bucket}-{purpose}"

    def permission(self, bucket: str) -> str:
        """The statement that lets a bucket invoke the function."""
        return f"AllowS3Invoke-{bucket}"

    def event_permission(self, bucket: str) -> str:
        """The statement that lets a bucket's EventBridge rule invoke the function."""
        return f"AllowEventBridgeInvoke-{bucket}"


@dataclass(frozen=True)
class _Named:
    sort: str
    name: str
    path: tuple[str, ...]


def check(config: Config, account: Account) -> None:
    """Raise `ConfigError` for all names that AWS would refuse as too long, and for two things with one name.

    The account's number counts by its length alone, so any will do before AWS is asked.
    """
    named = list(_all(config, Names(config.stack.name, config.env, account)))
    mistakes = [*_too_long(config, named), *_twice(config, named), *_two_owners(config)]
    if mistakes:
        raise ConfigError("Names at AWS that cannot be", mistakes=tuple(sorted(set(mistakes))))


def _all(config: Config, names: Names) -> Iterator[_Named]:
    for topic, settings in config.command_topics.items():
        if settings.queue is None:
            yield _Named("queue", names.topic_queue(topic, fifo=settings.fifo), ("command_topics", topic))
    for task, job in config.tasks.items():
        path = ("tasks", task)
        yield _Named("function", names.function(task), path)
        yield _Named("role", names.role(task), path)
        if job.failure_queue:
            yield _Named("queue", names.failure_queue(task), path)
        for bucket, settings_of_bucket in job.buckets.items():
            place = (*path, "buckets", bucket)
            if not settings_of_bucket.existing:
                yield _Named("bucket", settings_of_bucket.name or names.bucket(task, bucket), place)
            yield from _delivery(names, task, bucket, settings_of_bucket, place)


def _delivery(names: Names, task: str, bucket: str, settings: BucketConfig, place: tuple[str, ...]) -> Iterator[_Named]:
    match settings.delivery:
        case "direct":
            yield _Named("notification entry", names.entry(task, bucket, "Created"), place)
            yield _Named("permission", names.permission(bucket), (*place, "permission"))
        case "eventbridge":
            yield _Named("event rule", names.event_rule(task, bucket), place)
            yield _Named("permission", names.event_permission(bucket), (*place, "permission"))
        case "queue":
            yield _Named("notification entry", names.entry(task, bucket, "Created"), place)
            yield _Named("queue", names.event_queue(task, bucket), place)
        case _:
            assert_never(settings.delivery)


def _too_long(config: Config, named: list[_Named]) -> Iterator[Mistake]:
    for thing in named:
        excess = len(thing.name) - LIMITS[thing.sort]
        if excess > 0:
            yield _mistake(
                config,
                thing,
                f"the {thing.sort}'s name {thing.name} is {excess} character{'' if excess == 1 else 's'} too long: "
                f"AWS allows {LIMITS[thing.sort]}",
                "Shorten the names it is made of"
                + (", or give the bucket a `name`." if thing.sort == "bucket" else "."),
            )


def _twice(config: Config, named: list[_Named]) -> Iterator[Mistake]:
    same: defaultdict[tuple[str, str], list[_Named]] = defaultdict(list)
    for thing in named:
        if thing.sort != "permission":  # its id is unique within its function
            same[thing.sort, thing.name.lower()].append(thing)
    existing = {b.name for job in config.tasks.values() for b in job.buckets.values() if b.existing}
    for (sort, name), things in same.items():
        if len(things) > 1:
            others = " and ".join(".".join(thing.path) for thing in things)
            yield _mistake(config, things[-1], f"{others} would have one {sort} name: {name}", "Rename one of them.")
        elif sort == "bucket" and name in existing:
            problem = f"the bucket {name} is made here, and attached to with `existing` elsewhere in this config"
            yield _mistake(config, things[0], problem, "Let one task have it, or make it outside of this config.")


def _two_owners(config: Config) -> Iterator[Mistake]:
    """A bucket belongs to one account, however many tasks use it."""
    owners: dict[str, str | None] = {}
    for task, job in config.tasks.items():
        for bucket, settings in job.buckets.items():
            if settings.existing and owners.setdefault(settings.name or "", settings.owner) != settings.owner:
                problem = f"the bucket {settings.name} has another owner, or none, elsewhere in this config"
                place = ("tasks", task, "buckets", bucket)
                thing = _Named("bucket", settings.name or "", place)
                yield _mistake(config, thing, problem, "Give it the same `owner` everywhere, or nowhere.")


def _mistake(config: Config, thing: _Named, problem: str, advice: str) -> Mistake:
    path = tuple(part for part in thing.path if part != "permission")
    file, line = config.locate(*path)
    return Mistake(file, line, ".".join(path), problem, advice)
