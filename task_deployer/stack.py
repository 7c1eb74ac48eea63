"""From the config to the resources: what one stack wants at AWS, in dependency order. Pure.

Every name, ARN and URL is computed (names.py), so nothing has to exist before the plan is made.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from task_deployer import names, policy, tags
from task_deployer.archive import Archive
from task_deployer.aws import Account
from task_deployer.config import BucketConfig, Config, TaskConfig
from task_deployer.errors import ConfigError, Mistake
from task_deployer.names import Names
from task_deployer.plan import Desired
from task_deployer.resources import (
    Bucket,
    BucketTags,
    Cors,
    Function,
    InvokeConfig,
    Lifecycle,
    LogGroup,
    Notifications,
    Permission,
    PublicAccessBlock,
    Queue,
    Role,
    RolePolicy,
    Versioning,
)
from task_deployer.resources.bucket_documents import BucketDocument
from task_deployer.resources.cors import CorsRule
from task_deployer.resources.lifecycle import LifecycleRule
from task_deployer.resources.notification_document import Entry
from task_deployer.task_policy import statements

CALLBACK, TOPICS = "TASK_DEPLOY_CALLBACK", "TASK_DEPLOY_TOPICS"
"""The variables that tell the runtime in the function what to call and where commands go."""

ENVIRONMENT_LIMIT = 4096
"""Bytes of all variables of a function as compact JSON (Lambda quotas)."""

_FAILURES_KEPT = 14 * 24 * 3600  # seconds: the longest that SQS keeps a message
_FIFO = {"FifoQueue": "true", "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}


def build(
    config: Config, account: Account, lineage: str, archives: Mapping[str, Archive], only: str | None = None
) -> tuple[Desired, ...]:
    """Make all resources that the config wants; those that others depend on come first.

    `archives` has one package for each task. `only` leaves the resources of one task and the topics that it names.
    Raises `ConfigError` for names that AWS would refuse, an environment or a policy that is too large.
    """
    names.check(config, account)
    builder = _Builder(config, account, lineage)
    queues = {topic: builder.topic_queue(topic) for topic in config.command_topics}
    built = {task: builder.task(task, queues, archives[task]) for task in config.tasks if only in (None, task)}
    named = {topic for task in built for topic in config.tasks[task].command_topics}
    wanted = [queue for topic, queue in queues.items() if only is None or topic in named]
    return (
        *wanted,
        *(resource for parts in built.values() for resource in parts.resources),
        *builder.notifications(list(built.values())),
    )


@dataclass(frozen=True)
class _Subscription:
    """What one bucket of one task adds to the notification document of that bucket."""

    bucket: Bucket
    entries: tuple[Entry, ...]
    permission: Permission
    parts: tuple[Desired, ...]


@dataclass(frozen=True)
class _Task:
    resources: tuple[Desired, ...]
    subscriptions: tuple[_Subscription, ...]


@dataclass(frozen=True)
class _Builder:
    config: Config
    account: Account
    lineage: str

    @property
    def names(self) -> Names:
        return Names(self.config.stack.name, self.config.env, self.account)

    @property
    def tags(self) -> dict[str, str]:
        return tags.tags_of(self.config.stack.name, self.config.env, self.lineage, self.config.stack.tags)

    def topic_queue(self, topic: str) -> Queue:
        settings = self.config.command_topics[topic]
        if settings.queue is not None:
            return reference(topic, settings.queue, self.account)
        name = self.names.topic_queue(topic, fifo=settings.fifo)
        return self._queue(topic, name, _FIFO if settings.fifo else {})

    def task(self, task: str, queues: Mapping[str, Queue], archive: Archive) -> _Task:
        job = self.config.tasks[task]
        log_group = LogGroup(task, self.names.log_group(task), job.log_retention_days, self.tags)
        role = Role(task, self.names.role(task), self.tags, job.role_path, job.permissions_boundary)
        failures = self._failure_queue(task) if job.failure_queue else None
        topics = {topic: queues[topic] for topic in job.command_topics}
        function = self._function(task, role, log_group, topics, archive)
        buckets = {key: self._bucket(task, key, settings) for key, settings in job.buckets.items()}
        role_policy = self._role_policy(task, role, log_group, buckets, (*topics.values(),), failures)
        invoke_config = InvokeConfig(
            task,
            function,
            role_policy,
            job.retry_attempts,
            job.max_event_age_seconds,
            failures,
            failures.arn if failures else None,
        )
        ready: tuple[Desired, ...] = (role_policy, invoke_config, log_group, *topics.values())
        documents = {key: self._documents(task, key, bucket) for key, bucket in buckets.items()}
        permissions = self._permissions(task, function, buckets)
        subscriptions = tuple(
            self._subscription(task, key, buckets[key], permission, (*ready, *documents[key][-1:]))
            for key, permission in permissions.items()
        )
        own: list[Desired] = [log_group, role, *([failures] if failures else []), role_policy, function, invoke_config]
        of_buckets = [resource for key, bucket in buckets.items() for resource in (bucket, *documents[key])]
        return _Task((*own, *of_buckets, *permissions.values()), subscriptions)

    def notifications(self, tasks: Sequence[_Task]) -> tuple[Notifications, ...]:
        """One document per bucket, whoever of the tasks shares it: one writer."""
        by_bucket: dict[str, list[_Subscription]] = {}
        for subscription in (item for task in tasks for item in task.subscriptions):
            by_bucket.setdefault(subscription.bucket.name, []).append(subscription)
        return tuple(self._notifications(name, shared) for name, shared in by_bucket.items())

    def _notifications(self, bucket: str, shared: Sequence[_Subscription]) -> Notifications:
        entries = tuple(entry for subscription in shared for entry in subscription.entries)
        written = {entry.id for entry in entries}
        spared = sorted({entry.id for entry in self._all_entries(bucket)} - written)
        return Notifications(
            bucket,
            shared[0].bucket,
            entries,
            tuple(subscription.permission for subscription in shared),
            tuple({part.address: part for subscription in shared for part in subscription.parts}.values()),
            tuple(spared),
        )

    def _all_entries(self, bucket: str) -> list[Entry]:
        """The entries of all tasks in this bucket, also of those that this run is not about."""
        return [
            entry
            for task, job in self.config.tasks.items()
            for key, settings in job.buckets.items()
            if (settings.name or self.names.bucket(task, key)) == bucket
            for entry in self._entries(task, key, settings)
        ]

    def _queue(self, scope: str, name: str, attributes: Mapping[str, str]) -> Queue:
        url, arn = self.account.queue_url(name), self.account.arn("sqs", name)
        return Queue(scope, name, url, arn, attributes, self.tags)

    def _failure_queue(self, task: str) -> Queue:
        kept = {"MessageRetentionPeriod": str(_FAILURES_KEPT)}
        return self._queue(f"{task}.failures", self.names.failure_queue(task), kept)

    def _function(
        self, task: str, role: Role, log_group: LogGroup, topics: Mapping[str, Queue], archive: Archive
    ) -> Function:
        job = self.config.tasks[task]
        urls = {topic: queue.url for topic, queue in sorted(topics.items())}
        ours = {CALLBACK: job.callback, TOPICS: json.dumps(urls, separators=(",", ":"))}
        environment = {**job.environment, **ours}
        self._check_environment(task, environment)
        return Function(
            task,
            self.names.function(task),
            role,
            role.arn(self.account),
            log_group,
            archive,
            job.runtime,
            job.architecture,
            job.memory_mb,
            job.timeout_seconds,
            job.ephemeral_storage_mb,
            environment,
            frozenset(ours),
            self.tags,
            job.reserved_concurrency,
        )

    def _check_environment(self, task: str, environment: Mapping[str, str]) -> None:
        size = len(json.dumps(environment, separators=(",", ":"), ensure_ascii=False).encode())
        if size > ENVIRONMENT_LIMIT:
            file, line = self.config.locate("tasks", task, "environment")
            problem = f"the variables, the tool's two among them, have {size} bytes; Lambda allows {ENVIRONMENT_LIMIT}"
            advice = "Name fewer command topics, or keep large values elsewhere."
            mistake = Mistake(file, line, f"tasks.{task}.environment", problem, advice)
            raise ConfigError("The function's environment is too large", mistakes=(mistake,))

    def _role_policy(
        self,
        task: str,
        role: Role,
        log_group: LogGroup,
        buckets: Mapping[str, Bucket],
        topics: Sequence[Queue],
        failures: Queue | None,
    ) -> RolePolicy:
        settings = self.config.tasks[task].buckets
        uses = [(self.account.bucket_arn(bucket.name), settings[key]) for key, bucket in buckets.items()]
        document = policy.merge(
            statements(
                self.account.arn("logs", f"log-group:{log_group.name}"),
                uses,
                [queue.arn for queue in topics],
                failures.arn if failures else None,
            )
        )
        policy.check_size(document, f"role_policy.{task}")
        return RolePolicy(task, role, names.POLICY, document)

    def _bucket(self, task: str, key: str, settings: BucketConfig) -> Bucket:
        name = settings.name or self.names.bucket(task, key)
        tags_of_ours = {} if settings.existing else self.tags
        return Bucket(f"{task}.{key}", name, self.account.region, tags_of_ours, settings.existing)

    def _documents(self, task: str, key: str, bucket: Bucket) -> tuple[Desired, ...]:
        """The bucket's documents in the order in which they are written, each behind the one before it."""
        settings, scope = self.config.tasks[task].buckets[key], bucket.scope
        rules = tuple(
            CorsRule(
                self.names.cors_rule(task, key, number),
                rule.allowed_origins,
                rule.allowed_methods,
                rule.allowed_headers,
                rule.expose_headers,
                rule.max_age_seconds,
            )
            for number, rule in enumerate(settings.cors, 1)
        )
        if bucket.existing:
            return (Cors(scope, bucket, rules, shared=True),) if rules else ()
        tagged = BucketTags(scope, bucket)
        last: BucketDocument = PublicAccessBlock(scope, bucket, tagged)
        documents: list[Desired] = [tagged, last]
        if settings.versioning:
            last = Versioning(scope, bucket, last)
            documents.append(last)
        if expiry := self._expiry(task, key, settings):
            last = Lifecycle(scope, bucket, last, expiry)
            documents.append(last)
        if rules:
            documents.append(Cors(scope, bucket, rules, shared=False, after=last))
        return tuple(documents)

    def _expiry(self, task: str, key: str, settings: BucketConfig) -> tuple[LifecycleRule, ...]:
        base = self.names.cors_rule(task, key, 0).removesuffix("-0")
        objects = LifecycleRule(f"{base}-expire", expire_days=settings.expire_days)
        uploads = LifecycleRule(f"{base}-abort-uploads", abort_uploads_days=settings.abort_uploads_days)
        return tuple(
            rule for rule in (objects, uploads) if rule.expire_days is not None or rule.abort_uploads_days is not None
        )

    def _permissions(self, task: str, function: Function, buckets: Mapping[str, Bucket]) -> dict[str, Permission]:
        """One statement for each bucket that is listened to, each behind the one before it: one writer per policy."""
        permissions: dict[str, Permission] = {}
        last: Permission | None = None
        for key, bucket in buckets.items():
            if self.config.tasks[task].buckets[key].events:
                arn = self.account.bucket_arn(bucket.name)
                last = Permission(bucket.scope, function, self.names.permission(key), arn, self.account.id, last)
                permissions[key] = last
        return permissions

    def _subscription(
        self, task: str, key: str, bucket: Bucket, permission: Permission, parts: tuple[Desired, ...]
    ) -> _Subscription:
        entries = tuple(self._entries(task, key, self.config.tasks[task].buckets[key]))
        return _Subscription(bucket, entries, permission, parts)

    def _entries(self, task: str, key: str, settings: BucketConfig) -> list[Entry]:
        """The two entries of the seed: what is created, and all the rest."""
        function_arn = self.account.arn("lambda", f"function:{self.names.function(task)}")
        split: dict[str, list[str]] = {"Created": [], "Deleted": []}
        for event in settings.events:
            full = f"s3:{event}" if ":" in event else f"s3:{event}:*"
            split["Created" if event.startswith("ObjectCreated") else "Deleted"].append(full)
        return [
            Entry(self.names.entry(task, key, suffix), function_arn, tuple(events), settings.prefix, settings.suffix)
            for suffix, events in split.items()
            if events
        ]


def reference(topic: str, queue: str, account: Account) -> Queue:
    """A queue of somebody else's, given by ARN, URL or name."""
    if queue.startswith("arn:"):
        *_, owner, name = queue.split(":")
        url = replace(account, id=owner).queue_url(name)
        return Queue(topic, name, url, queue, existing=True)
    if queue.startswith(("https://", "http://")):
        owner, name = queue.rstrip("/").split("/")[-2:]
        return Queue(topic, name, queue, replace(account, id=owner).arn("sqs", name), existing=True)
    return Queue(topic, queue, account.queue_url(queue), account.arn("sqs", queue), existing=True)
