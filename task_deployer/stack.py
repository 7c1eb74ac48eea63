"""From the config to the resources: what one stack wants at AWS, in dependency order. Pure.

Every name, ARN and URL is computed (names.py), so nothing has to exist before the plan is made.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from task_deployer import names, policy, tags
from task_deployer.archive import Archive
from task_deployer.aws import Account
from task_deployer.buckets import bucket_of, documents_of, one_after_another
from task_deployer.config import Config
from task_deployer.config.rules import queue_region
from task_deployer.deliveries import KEPT, Heard, Listener, Path, event_queues
from task_deployer.encryption import NOTHING, Found
from task_deployer.errors import ConfigError, Mistake
from task_deployer.event_pattern import LONGEST
from task_deployer.names import Names
from task_deployer.plan import Desired
from task_deployer.resources import Bucket, EventRule, Function, InvokeConfig, LogGroup, Queue, Role, RolePolicy
from task_deployer.resources.event_rule import text
from task_deployer.subscriptions import notifications_of
from task_deployer.task_policy import Queues, modes_of, statements

CALLBACK, TOPICS, BUCKETS = "TASK_DEPLOY_CALLBACK", "TASK_DEPLOY_TOPICS", "TASK_DEPLOY_BUCKETS"
"""The variables that tell the runtime what to call, where commands go, and what it may do with objects."""

ENVIRONMENT_LIMIT = 4096
"""Bytes of all variables of a function as compact JSON (Lambda quotas)."""

_FIFO = {"FifoQueue": "true", "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}


def build(  # noqa: PLR0913 - all that a stack depends on
    config: Config,
    account: Account,
    lineage: str,
    archives: Mapping[str, Archive],
    only: str | None = None,
    *,
    found: Found = NOTHING,
) -> tuple[Desired, ...]:
    """Make all resources that the config wants; those that others depend on come first.

    `archives` has one package for each task. `only` leaves the resources of one task and the topics that it names.
    `found` is what was seen at AWS of the things of others, which the roles' policies depend on.
    Raises `ConfigError` for names that AWS would refuse, a queue of another region, and an environment or a policy that
    is too large.
    """
    names.check(config, account)
    builder = _Builder(config, account, lineage, found)
    tasks = [task for task in config.tasks if only in (None, task)]
    named = {topic for task in tasks for topic in config.tasks[task].command_topics}
    queues = {topic: builder.topic_queue(topic) for topic in config.command_topics if only is None or topic in named}
    built = [builder.task(task, queues, archives[task]) for task in tasks]
    return (
        *queues.values(),
        *one_after_another(resource for parts in built for resource in parts.resources),
        *notifications_of(config, builder.names, [path.subscription for parts in built for path in parts.paths]),
    )


@dataclass(frozen=True)
class _Task:
    resources: tuple[Desired, ...]
    paths: tuple[Path, ...]


@dataclass(frozen=True)
class _Builder:
    config: Config
    account: Account
    lineage: str
    found: Found

    @property
    def names(self) -> Names:
        return Names(self.config.stack.name, self.config.env, self.account)

    @property
    def tags(self) -> dict[str, str]:
        return tags.tags_of(self.config.stack.name, self.config.env, self.lineage, self.config.stack.tags)

    def topic_queue(self, topic: str) -> Queue:
        settings = self.config.command_topics[topic]
        if settings.queue is not None:
            self._check_region(topic, settings.queue)
            return reference(topic, settings.queue, self.account)
        name = self.names.topic_queue(topic, fifo=settings.fifo)
        return self._queue(topic, name, _FIFO if settings.fifo else {})

    def task(self, task: str, queues: Mapping[str, Queue], archive: Archive) -> _Task:
        job = self.config.tasks[task]
        log_group = LogGroup(task, self.names.log_group(task), job.log_retention_days, self.tags)
        role = Role(task, self.names.role(task), self.tags, job.role_path, job.permissions_boundary)
        failures = self._failure_queue(task) if job.failure_queue else None
        topics = {topic: queues[topic] for topic in job.command_topics}
        settings = job.buckets
        events = event_queues(task, job, self.names, self.tags, failures)
        function = self._function(task, role, topics, archive, tuple(events.values()))
        buckets = {key: bucket_of(task, key, settings[key], self.names, self.tags) for key in settings}
        document = self._policy(task, log_group, buckets, topics, events)
        role_policy = RolePolicy(task, role, names.POLICY, document)
        destination = failures.arn if failures else None
        invoke_config = InvokeConfig(
            task, function, role_policy, job.retry_attempts, job.max_event_age_seconds, failures, destination
        )
        ready: tuple[Desired, ...] = (role_policy, invoke_config, log_group, *topics.values())
        documents = {key: documents_of(task, key, buckets[key], settings[key], self.names) for key in settings}
        listener = Listener(task, function, role_policy, ready, self.names, self.tags, events)
        heard = [
            Heard(key, buckets[key], settings[key], documents[key][-1:]) for key in settings if settings[key].events
        ]
        paths = listener.paths(heard)
        for path in paths:
            self._check_pattern(task, path)
        own: list[Desired] = [log_group, role, *([failures] if failures else []), *events.values()]
        own += [role_policy, function, invoke_config]
        of_buckets = [resource for key, bucket in buckets.items() for resource in (bucket, *documents[key])]
        on_the_way = [resource for path in paths for resource in path.resources]
        return _Task((*own, *of_buckets, *on_the_way), paths)

    def _check_region(self, topic: str, queue: str) -> None:
        """The config checks this where it names the region itself; here it may come from anywhere."""
        region = queue_region(queue)
        if region not in (None, self.account.region):
            file, line = self.config.locate("command_topics", topic, "queue")
            problem = f"lies in {region}, but the stack is deployed to {self.account.region}"
            advice = "A function publishes to queues of its own region."
            mistake = Mistake(file, line, f"command_topics.{topic}.queue", problem, advice)
            raise ConfigError("A queue of another region", mistakes=(mistake,))

    def _queue(self, scope: str, name: str, attributes: Mapping[str, str]) -> Queue:
        url, arn = self.account.queue_url(name), self.account.arn("sqs", name)
        return Queue(scope, name, url, arn, attributes, self.tags)

    def _failure_queue(self, task: str) -> Queue:
        kept = {"MessageRetentionPeriod": str(KEPT)}
        return self._queue(f"{task}.failures", self.names.failure_queue(task), kept)

    def _function(
        self, task: str, role: Role, topics: Mapping[str, Queue], archive: Archive, read: tuple[Queue, ...]
    ) -> Function:
        job = self.config.tasks[task]
        urls = {topic: queue.url for topic, queue in sorted(topics.items())}
        modes = modes_of([(s.name or self.names.bucket(task, key), s) for key, s in job.buckets.items()])
        ours = {CALLBACK: job.callback, TOPICS: _json(urls)}
        if archive.acts_on_objects:  # otherwise a change of mode is the policy's alone
            ours[BUCKETS] = _json(modes)
        environment = {**job.environment, **ours}
        self._check_environment(task, environment)
        return Function(
            task,
            self.names.function(task),
            role,
            role.arn(self.account),
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
            read,
        )

    def _check_environment(self, task: str, environment: Mapping[str, str]) -> None:
        size = len(json.dumps(environment, separators=(",", ":"), ensure_ascii=False).encode())
        if size > ENVIRONMENT_LIMIT:
            file, line = self.config.locate("tasks", task, "environment")
            problem = f"the variables, the tool's own among them, have {size} bytes; Lambda allows {ENVIRONMENT_LIMIT}"
            advice = "Name fewer command topics, or keep large values elsewhere."
            mistake = Mistake(file, line, f"tasks.{task}.environment", problem, advice)
            raise ConfigError("The function's environment is too large", mistakes=(mistake,))

    def _check_pattern(self, task: str, path: Path) -> None:
        for rule in path.resources:
            if isinstance(rule, EventRule) and (size := len(text(rule.pattern))) > LONGEST:
                key = rule.scope.removeprefix(f"{task}.")
                file, line = self.config.locate("tasks", task, "buckets", key, "delivery")
                problem = f"the rule's event pattern would have {size} characters; EventBridge allows "
                advice = "Shorten the prefix and the suffix, or choose another delivery."
                where = f"tasks.{task}.buckets.{key}.delivery"
                mistake = Mistake(file, line, where, f"{problem}{LONGEST}", advice)
                raise ConfigError("An event pattern is too long", mistakes=(mistake,))

    def _policy(
        self,
        task: str,
        log_group: LogGroup,
        buckets: Mapping[str, Bucket],
        topics: Mapping[str, Queue],
        events: Mapping[str, Queue],
    ) -> policy.Document:
        job = self.config.tasks[task]
        settings, failures = job.buckets, self.account.arn("sqs", self.names.failure_queue(task))
        queues = Queues(
            tuple(queue.arn for queue in topics.values()),
            (failures,) if job.failure_queue else (),
            tuple(queue.arn for queue in events.values()),
        )
        uses = [(self.account.bucket_arn(bucket.name), settings[key]) for key, bucket in buckets.items()]
        document = policy.merge(
            statements(
                self.account.arn("logs", f"log-group:{log_group.name}"),
                uses,
                queues,
                self.found.of(task),
            )
        )
        policy.check_size(document, f"role_policy.{task}")
        return document


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


def _json(words: Mapping[str, str]) -> str:
    return json.dumps(words, separators=(",", ":"), sort_keys=True)
