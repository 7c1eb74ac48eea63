"""An event source mapping: Lambda reads a bucket's events from our queue and runs the function with batches of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypedDict

from botocore.exceptions import ClientError

from task_deployer.aws import Account, Aws
from task_deployer.refusals import code_of
from task_deployer.resources.base import AnyResource, Difference, Identity, Resource, Value, differing
from task_deployer.resources.function import Function
from task_deployer.resources.queue import Queue
from task_deployer.resources.rights import Rights
from task_deployer.resources.role_policy import RolePolicy
from task_deployer.resources.seen_mapping import (
    DELETING,
    SeenMapping,
    arn_of,
    find_mapping,
    settings_of,
    wait_until_gone,
    wait_until_settled,
)
from task_deployer.retry import (
    FUNCTION_VISIBLE,
    MAPPING_BUSY,
    MAPPING_GOING,
    QUEUE_READABLE,
    VISIBILITY_SEEN,
    patiently,
)

if TYPE_CHECKING:
    from mypy_boto3_lambda.literals import FunctionResponseTypeType
    from mypy_boto3_lambda.type_defs import ScalingConfigTypeDef


class _Settings(TypedDict, total=False):
    FunctionName: str
    Enabled: bool
    BatchSize: int
    MaximumBatchingWindowInSeconds: int
    ScalingConfig: "ScalingConfigTypeDef"
    FunctionResponseTypes: "list[FunctionResponseTypeType]"


@dataclass(frozen=True)
class EventSource(Resource[SeenMapping]):
    """One mapping. AWS names it by an id of its own, so it is found by its two ends; Lambda takes each pair once.

    Both ends are ours, so a mapping of them that is there already is made as wanted. It outlives them at AWS, so it is
    deleted before them. `parts` are what has to be there before the first event comes.
    """

    kind: ClassVar[str] = "event_source"
    rights: ClassVar[Rights] = Rights(
        read=("lambda:ListTags",),
        write=("lambda:UpdateEventSourceMapping", "lambda:TagResource"),
        delete=("lambda:DeleteEventSourceMapping",),
        listing=("lambda:ListEventSourceMappings", "lambda:GetEventSourceMapping"),
        making=("lambda:CreateEventSourceMapping",),
    )
    scope: str
    function: Function
    role_policy: RolePolicy
    queue: Queue
    batch_size: int
    batch_window_seconds: int
    maximum_concurrency: int | None
    tags: Mapping[str, str]
    parts: tuple[AnyResource, ...] = ()

    @property
    def identity(self) -> Identity:
        return {"invokes": self.function.name, "reads": self.queue.arn}

    @property
    def settings(self) -> Mapping[str, Value]:
        """The settings as wanted, flat, in Lambda's words."""
        return {
            "State": "Enabled",
            "BatchSize": self.batch_size,
            "MaximumBatchingWindowInSeconds": self.batch_window_seconds,
            "MaximumConcurrency": self.maximum_concurrency,
            "FunctionResponseTypes": ("ReportBatchItemFailures",),
            "Filters": (),
        }

    @classmethod
    def arns(cls, account: Account, identity: Identity) -> tuple[str, ...]:
        """Every mapping's: the id in the ARN is AWS's, and not known beforehand."""
        for end in ("invokes", "reads"):
            if end not in identity:
                raise KeyError(end)
        return (arn_of(account, "*"),)

    @classmethod
    def observe(cls, aws: Aws, identity: Identity) -> SeenMapping | None:
        """Read the mapping of these two ends, and its tags. One that is being deleted is absent."""
        found = find_mapping(aws.lambda_, identity["invokes"], identity["reads"])
        if found is None or found.get("State") == DELETING:
            return None
        try:
            tags = aws.lambda_.list_tags(Resource=arn_of(aws.account, found["UUID"]))["Tags"]
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":  # it went between the two reads
                return None
            raise
        return SeenMapping(found["UUID"], settings_of(found), tags)

    def diff(self, seen: SeenMapping) -> tuple[Difference, ...]:
        return (*differing(self.settings, seen.settings), *differing(self.tags, seen.tags, "Tags."))

    def create(self, aws: Aws) -> None:
        """Make the mapping and wait until Lambda reads the queue.

        The pair is taken by a mapping that an earlier try made, or by one that is being deleted: that is waited out.
        """

        def call() -> None:
            try:
                uuid = aws.lambda_.create_event_source_mapping(
                    EventSourceArn=self.queue.arn, Tags=dict(self.tags), **self._settings
                )["UUID"]
            except ClientError as error:
                seen = self.observe(aws, self.identity) if MAPPING_GOING.matches(error) else None
                if seen is None:
                    raise
                self.update(aws, seen)
            else:
                wait_until_settled(aws.patience, aws.lambda_, uuid)

        def once_seen() -> None:
            patiently(aws.patience, FUNCTION_VISIBLE, lambda: patiently(aws.patience, MAPPING_GOING, call))

        _once_allowed(aws, once_seen)

    def update(self, aws: Aws, seen: SeenMapping) -> None:
        def call() -> None:
            """Empty where nothing is wanted: what is left out stays as it is."""
            settings: _Settings = {"ScalingConfig": {}, **self._settings}
            aws.lambda_.update_event_source_mapping(UUID=seen.uuid, FilterCriteria={}, **settings)

        if differing(self.tags, seen.tags):
            aws.lambda_.tag_resource(Resource=seen.arn(aws.account), Tags=dict(self.tags))
        if differing(self.settings, seen.settings):
            _once_allowed(aws, lambda: patiently(aws.patience, MAPPING_BUSY, call))
        wait_until_settled(aws.patience, aws.lambda_, seen.uuid)

    @classmethod
    def delete(cls, aws: Aws, identity: Identity) -> None:
        """Delete it, and wait until it is gone: Lambda works on after its answer, and still reads the queue."""
        found = find_mapping(aws.lambda_, identity["invokes"], identity["reads"])
        if found is None:
            return
        uuid = found["UUID"]

        def call() -> None:
            aws.lambda_.delete_event_source_mapping(UUID=uuid)

        try:
            if found.get("State") != DELETING:
                patiently(aws.patience, MAPPING_BUSY, call)
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
        wait_until_gone(aws.patience, aws.lambda_, uuid)

    @property
    def _settings(self) -> _Settings:
        """The settings as both calls take them."""
        settings: _Settings = {
            "FunctionName": self.function.name,
            "Enabled": True,
            "BatchSize": self.batch_size,
            "MaximumBatchingWindowInSeconds": self.batch_window_seconds,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        }
        if self.maximum_concurrency is not None:
            settings["ScalingConfig"] = {"MaximumConcurrency": self.maximum_concurrency}
        return settings


def _once_allowed(aws: Aws, call: Callable[[], None]) -> None:
    """Call once Lambda sees the right to read the queue, and its visibility timeout."""
    patiently(aws.patience, QUEUE_READABLE, lambda: patiently(aws.patience, VISIBILITY_SEEN, call))
