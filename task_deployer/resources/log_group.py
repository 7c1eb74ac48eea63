"""The log group of a function: made by us, so that it has a retention and goes with `down`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from botocore.exceptions import ClientError

from task_deployer.aws import Account, Aws
from task_deployer.refusals import code_of
from task_deployer.resources.base import Difference, Identity, Resource, differing
from task_deployer.resources.ownership import is_ours, taken
from task_deployer.resources.rights import Rights
from task_deployer.retry import LOG_GROUP_BUSY, LOG_GROUP_VISIBLE, never_shown, patiently, until_visible


@dataclass(frozen=True)
class SeenLogGroup:
    """A log group as it is. `retention_days` is None where it keeps everything for ever."""

    retention_days: int | None
    tags: Mapping[str, str]


@dataclass(frozen=True)
class LogGroup(Resource[SeenLogGroup]):
    """One log group. Lambda makes it too, at the first log line and without tags, so such a one is taken over."""

    kind: ClassVar[str] = "log_group"
    outlives: ClassVar[tuple[str, ...]] = ("function", "role_policy")
    # An execution that still runs makes its group again, for as long as its role has the right to.
    rights: ClassVar[Rights] = Rights(
        listing=("logs:DescribeLogGroups",),
        read=("logs:ListTagsForResource",),
        write=("logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:TagResource"),
        delete=("logs:DeleteLogGroup",),
    )
    scope: str
    name: str
    retention_days: int
    tags: Mapping[str, str]

    @property
    def identity(self) -> Identity:
        return {"name": self.name}

    @classmethod
    def arns(cls, account: Account, identity: Identity) -> tuple[str, ...]:
        """The group's ARN, and the same with `:*`: CloudWatch Logs checks some calls against one, some the other."""
        arn = account.arn("logs", f"log-group:{identity['name']}")
        return (arn, f"{arn}:*")

    @classmethod
    def observe(cls, aws: Aws, identity: Identity) -> SeenLogGroup | None:
        name = identity["name"]
        pages = aws.logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
        found = next((g for page in pages for g in page["logGroups"] if g.get("logGroupName") == name), None)
        if found is None:
            return None
        try:
            tags = aws.logs.list_tags_for_resource(resourceArn=_arn(aws, name))["tags"]
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":  # it went between the two reads
                return None
            raise
        return SeenLogGroup(found.get("retentionInDays"), tags)

    def diff(self, seen: SeenLogGroup) -> tuple[Difference, ...]:
        return (
            *differing({"RetentionInDays": self.retention_days}, {"RetentionInDays": seen.retention_days}),
            *differing(self.tags, seen.tags, "Tags."),
        )

    def create(self, aws: Aws) -> None:
        def call() -> None:
            aws.logs.create_log_group(logGroupName=self.name, tags=dict(self.tags))

        try:
            patiently(aws.patience, LOG_GROUP_BUSY, call)
        except ClientError as error:
            if code_of(error) != "ResourceAlreadyExistsException":
                raise
            self._take_over(aws, error)
        else:
            self._retain(aws)

    def update(self, aws: Aws, seen: SeenLogGroup) -> None:
        if seen.retention_days != self.retention_days:
            self._retain(aws)
        if differing(self.tags, seen.tags):
            aws.logs.tag_resource(resourceArn=_arn(aws, self.name), tags=dict(self.tags))

    @classmethod
    def delete(cls, aws: Aws, identity: Identity) -> None:
        def call() -> None:
            aws.logs.delete_log_group(logGroupName=identity["name"])

        try:
            patiently(aws.patience, LOG_GROUP_BUSY, call)
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise

    def _retain(self, aws: Aws) -> None:
        def call() -> None:
            aws.logs.put_retention_policy(logGroupName=self.name, retentionInDays=self.retention_days)

        patiently(aws.patience, LOG_GROUP_VISIBLE, lambda: patiently(aws.patience, LOG_GROUP_BUSY, call))

    def _take_over(self, aws: Aws, error: ClientError) -> None:
        """Take over what is ours and what bears no tags: Lambda makes the group too, without any. Refuse any other."""
        look = partial(self.observe, aws, self.identity)
        seen = until_visible(aws.patience, f"CloudWatch Logs to show the group {self.name}", look)
        if seen is None:
            raise never_shown(error, f"the group {self.name}")
        if seen.tags and not is_ours(seen.tags, self.tags):
            raise taken(f"the log group {self.name}", seen.tags) from error
        self.update(aws, seen)


def _arn(aws: Aws, name: str) -> str:
    """The group's ARN as the tagging calls want it: without the `:*` at its end."""
    return aws.account.arn("logs", f"log-group:{name}")
