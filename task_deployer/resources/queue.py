"""SQS queues: command topics, ours or somebody else's, and the queues of failures and of events that tasks have."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from task_deployer import policy
from task_deployer.aws import Account, Aws
from task_deployer.refusals import code_of
from task_deployer.resources.base import Difference, Identity, Resource, differing
from task_deployer.resources.held import Held
from task_deployer.resources.ownership import doubtful, is_ours, recognised, taken
from task_deployer.resources.policy_difference import policy_differences
from task_deployer.resources.rights import Rights
from task_deployer.retry import DEAD_LETTERS_VISIBLE, QUEUE_NAME_BUSY, QUEUE_VISIBLE, looking, patiently

if TYPE_CHECKING:
    from mypy_boto3_sqs.literals import QueueAttributeNameType

ABSENT = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}
"""SQS's codes for a queue that is not there."""

_TAKEN = {"QueueAlreadyExists", "QueueNameExists"}
_POLICY = "Policy"
_DOCUMENTS = (_POLICY, "RedrivePolicy")
"""The attributes that are JSON. An empty one is none: SQS takes it so in a change, and leaves it out of its answers."""

_DEFAULT_VISIBILITY = 30
"""Seconds: what SQS takes where nothing is said (CreateQueue, API reference)."""

_FORMER_SECONDS = 70
"""How long SQS may show what was there under this name before: up to 60 seconds (DeleteQueue, API reference)."""


@dataclass(frozen=True)
class SeenQueue:
    """A queue as it is; `attributes` as SQS gives them, all strings."""

    attributes: Mapping[str, str]
    tags: Mapping[str, str]

    @property
    def messages(self) -> int:
        """How many messages it holds, visible, in flight and delayed: SQS's own approximation."""
        return _messages(self.attributes)

    @property
    def visibility_seconds(self) -> int:
        """For how long it hides a message that somebody has received."""
        return int(self.attributes.get("VisibilityTimeout", _DEFAULT_VISIBILITY))


@dataclass(frozen=True)
class Queue(Resource[SeenQueue]):
    """One queue. An `existing` one is used, and never made, changed, tagged or deleted."""

    kind: ClassVar[str] = "queue"
    made_by: ClassVar[str] = "CreateQueue"
    outlives: ClassVar[tuple[str, ...]] = (
        "function",
    )  # a function that could not be deleted goes on sending its failures
    exclusive: ClassVar[bool] = True
    lags: ClassVar[bool] = True
    lingers: ClassVar[bool] = True
    reached_by: ClassVar[tuple[str, ...]] = ("url",)
    rights: ClassVar[Rights] = Rights(
        read=("sqs:GetQueueAttributes", "sqs:ListQueueTags"),
        write=("sqs:CreateQueue", "sqs:SetQueueAttributes", "sqs:TagQueue"),
        delete=("sqs:DeleteQueue", "sqs:GetQueueAttributes"),
    )
    scope: str
    name: str
    url: str
    arn: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    existing: bool = False
    failures: "Queue | None" = None
    """Where its messages go that failed for good; SQS wants it to be there first."""

    @property
    def identity(self) -> Identity:
        return {"url": self.url, "arn": self.arn}

    @classmethod
    def arns(cls, account: Account, identity: Identity) -> tuple[str, ...]:  # noqa: ARG003 - the ARN is the identity's
        return (identity["arn"],)

    @classmethod
    def observe(cls, aws: Aws, identity: Identity) -> SeenQueue | None:
        """Read attributes and tags. Another account's queue shows us no tags, so they are not asked for."""
        try:
            answer = aws.sqs.get_queue_attributes(QueueUrl=identity["url"], AttributeNames=["All"])
            foreign = identity["arn"].split(":")[4] != aws.account.id
            tags = {} if foreign else _tags(aws, identity["url"])
        except ClientError as error:
            if code_of(error) in ABSENT:
                return None
            raise
        return SeenQueue({str(k): v for k, v in answer.get("Attributes", {}).items()}, tags)

    def diff(self, seen: SeenQueue) -> tuple[Difference, ...]:
        return (*self._attribute_differences(seen), *differing(self.tags, seen.tags, "Tags."))

    def create(self, aws: Aws) -> None:
        """Create it with its tags in the same call, and see that they are its tags.

        CreateQueue answers 200 for a queue that is there already with the same attributes, whoever made it.
        """

        def call() -> None:
            given = _as_sqs_names({key: value for key, value in self.attributes.items() if value})
            aws.sqs.create_queue(QueueName=self.name, Attributes=given, tags=dict(self.tags))

        try:
            patiently(aws.patience, QUEUE_NAME_BUSY, lambda: patiently(aws.patience, DEAD_LETTERS_VISIBLE, call))
        except ClientError as error:
            if code_of(error) not in _TAKEN:
                raise
            look = partial(self.observe, aws, self.identity)
            self.update(aws, recognised(aws, self, f"the queue {self.name}", look, error))
        else:
            self._check_owner(aws)

    def update(self, aws: Aws, seen: SeenQueue) -> None:
        """Write what differs; all of it where nothing does: the look may be from before a write."""

        def call() -> None:
            self._update(aws, seen)

        patiently(aws.patience, QUEUE_VISIBLE, lambda: patiently(aws.patience, DEAD_LETTERS_VISIBLE, call))

    def _update(self, aws: Aws, seen: SeenQueue) -> None:
        whole = not self.diff(seen)
        if whole or self._attribute_differences(seen):
            changeable = {key: value for key, value in self.attributes.items() if key != "FifoQueue"}
            aws.sqs.set_queue_attributes(QueueUrl=self.url, Attributes=_as_sqs_names(changeable))
        if whole or differing(self.tags, seen.tags):
            aws.sqs.tag_queue(QueueUrl=self.url, Tags=dict(self.tags))

    def _attribute_differences(self, seen: SeenQueue) -> tuple[Difference, ...]:
        found = {**dict.fromkeys(_DOCUMENTS, ""), **seen.attributes}
        differences = differing(_comparable(self.attributes), _comparable(found))
        return tuple(
            part
            for one in differences
            for part in (_by_statement(self.attributes[_POLICY], found[_POLICY]) if one.path == _POLICY else (one,))
        )

    @classmethod
    def delete(cls, aws: Aws, identity: Identity) -> None:
        try:
            aws.sqs.delete_queue(QueueUrl=identity["url"])
        except ClientError as error:
            if code_of(error) not in ABSENT:
                raise

    def _check_owner(self, aws: Aws) -> None:
        """Refuse a queue with another owner's tags. One that SQS does not show yet is new, so it is ours.

        SQS may show the tags a little later, and meanwhile those of a queue that had this name before.
        """
        look = partial(_tags, aws, self.url)
        reason = f"SQS to show the tags of {self.name}"
        try:
            found = looking(aws.patience, reason, _FORMER_SECONDS, look, lambda tags: not is_ours(tags, self.tags))
        except ClientError as error:
            if code_of(error) in ABSENT:
                return
            raise
        if not is_ours(found, self.tags):
            what = f"the queue {self.name}"
            raise doubtful(what, found) if found else taken(what, found)

    @classmethod
    def count(cls, aws: Aws, identity: Identity) -> Held:
        """How many messages it holds, visible, in flight and delayed: SQS's own approximation."""
        try:
            found = aws.sqs.get_queue_attributes(QueueUrl=identity["url"], AttributeNames=["All"])
        except ClientError as error:
            if code_of(error) in ABSENT:
                return Held()
            raise
        return Held({"message": _messages(found.get("Attributes", {}))})

    @classmethod
    def discard(cls, aws: Aws, identity: Identity) -> None:
        """Delete it: its messages go with it."""
        cls.delete(aws, identity)


def _tags(aws: Aws, url: str) -> dict[str, str]:
    return aws.sqs.list_queue_tags(QueueUrl=url).get("Tags", {})


def _messages(attributes: Mapping[str, str] | Mapping["QueueAttributeNameType", str]) -> int:
    return sum(int(n) for name, n in attributes.items() if name.startswith("ApproximateNumberOfMessages"))


def _by_statement(wanted: str, found: str) -> tuple[Difference, ...]:
    return policy_differences(json.loads(wanted or "{}"), json.loads(found or "{}"), f"{_POLICY}.")


def _comparable(attributes: Mapping[str, str]) -> dict[str, str]:
    """The attributes with one spelling for all documents that mean the same; numbers may come back as strings."""
    return {
        key: json.dumps(policy.canonical(json.loads(value, parse_int=str))) if value and key in _DOCUMENTS else value
        for key, value in attributes.items()
    }


def _as_sqs_names(attributes: Mapping[str, str]) -> "dict[QueueAttributeNameType, str]":
    return {**attributes}  # type: ignore[dict-item]  # the names are SQS's
