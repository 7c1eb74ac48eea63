"""An EventBridge rule that takes a bucket's events, and its target: the function.

The rule is ours, and of its targets one is. Others may add theirs, and EventBridge deletes no rule that has any
(DeleteRule, API reference): such a rule loses our target, and stays for theirs.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from task_deployer.aws import Account, Aws
from task_deployer.care import Remark
from task_deployer.errors import ResourceError
from task_deployer.refusals import code_of, is_throttled
from task_deployer.resources.base import AnyResource, Difference, Identity, Resource, Value, differing
from task_deployer.resources.function import Function
from task_deployer.resources.ownership import is_ours, taken
from task_deployer.resources.permission import Permission
from task_deployer.resources.rights import Rights
from task_deployer.retry import RULE_BUSY, RULE_EMPTY, RULE_VISIBLE, patiently
from task_deployer.tags import as_pairs

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutTargetsResultEntryTypeDef, RemoveTargetsResultEntryTypeDef

TARGET = "function"
"""Our target's id, which tells it from others that somebody may add to the rule."""


def text(document: Mapping[str, object]) -> str:
    """A pattern as EventBridge takes it: JSON, without the white space that counts against its length."""
    return json.dumps(document, separators=(",", ":"), sort_keys=True)


@dataclass(frozen=True)
class SeenRule:
    """A rule as it is, flat, in EventBridge's words; `Target` is ours, all of it as JSON, or None.

    `others` are the ids of the targets that are not ours.
    """

    settings: Mapping[str, Value]
    tags: Mapping[str, str]
    others: tuple[str, ...] = ()

    @property
    def left_to(self) -> str:
        """Whom a deletion leaves the rule to; empty if it goes."""
        return f"the rule stays for targets of others: {', '.join(self.others)}" if self.others else ""


@dataclass(frozen=True)
class EventRule(Resource[SeenRule]):
    """One rule on the default bus with one target of ours.

    `parts` are what has to be there before the first event comes: where the bucket tells EventBridge already, that is
    as soon as the rule has its target.
    """

    kind: ClassVar[str] = "event_rule"
    made_by: ClassVar[str] = "PutRule"
    exclusive: ClassVar[bool] = True
    rights: ClassVar[Rights] = Rights(
        read=("events:DescribeRule", "events:ListTargetsByRule", "events:ListTagsForResource"),
        write=("events:PutRule", "events:PutTargets", "events:TagResource"),
        delete=("events:RemoveTargets", "events:DeleteRule"),
    )
    scope: str
    name: str
    function: Function
    function_arn: str
    pattern: Mapping[str, object]
    permission: Permission
    tags: Mapping[str, str]
    parts: tuple[AnyResource, ...] = ()

    @property
    def identity(self) -> Identity:
        return {"rule": self.name}

    @property
    def settings(self) -> Mapping[str, Value]:
        """The rule and its target as wanted, flat."""
        target = {"Id": TARGET, "Arn": self.function_arn}
        return {"EventPattern": text(self.pattern), "State": "ENABLED", "Target": text(target)}

    @classmethod
    def arns(cls, account: Account, identity: Identity) -> tuple[str, ...]:
        return (account.arn("events", f"rule/{identity['rule']}"),)

    @classmethod
    def observe(cls, aws: Aws, identity: Identity) -> SeenRule | None:
        name = identity["rule"]
        try:
            rule = aws.events.describe_rule(Name=name)
            targets = aws.events.list_targets_by_rule(Rule=name)["Targets"]
            tags = aws.events.list_tags_for_resource(ResourceARN=cls.arns(aws.account, identity)[0])["Tags"]
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return None
            raise
        target = next((one for one in targets if one["Id"] == TARGET), None)
        settings: dict[str, Value] = {
            "EventPattern": _canonical(rule.get("EventPattern", "")),
            "State": rule.get("State"),
            "Target": None if target is None else text({**target}),
        }
        others = tuple(one["Id"] for one in targets if one["Id"] != TARGET)
        return SeenRule(settings, {tag["Key"]: tag["Value"] for tag in tags}, others)

    def diff(self, seen: SeenRule) -> tuple[Difference, ...]:
        return (*differing(self.settings, seen.settings), *differing(self.tags, seen.tags, "Tags."))

    def create(self, aws: Aws) -> None:
        """Make the rule and its target. PutRule would write over a rule of others, so it is looked for once more."""
        seen = self.observe(aws, self.identity)
        if seen is not None:
            if not is_ours(seen.tags, self.tags):
                raise taken(f"The EventBridge rule {self.name}", seen.tags)
            self.update(aws, seen)
            return
        self._put_rule(aws)
        self._put_target(aws)

    def update(self, aws: Aws, seen: SeenRule) -> None:
        differing_paths = {difference.path for difference in differing(self.settings, seen.settings)}
        if differing(self.tags, seen.tags):  # PutRule gives tags to new rules alone
            arn = self.arns(aws.account, self.identity)[0]
            aws.events.tag_resource(ResourceARN=arn, Tags=as_pairs(self.tags))
        if differing_paths - {"Target"}:
            self._put_rule(aws)
        if "Target" in differing_paths:
            self._put_target(aws)

    @classmethod
    def delete(cls, aws: Aws, identity: Identity) -> None:
        """Remove our target, and then the rule if no target of others is on it; else say that it stays.

        Each try looks at the targets anew: DeleteRule may still see ours, which went, or one that others just added.
        """
        name = identity["rule"]

        def call() -> list[str]:
            targets = [target["Id"] for target in aws.events.list_targets_by_rule(Rule=name)["Targets"]]
            others = [target for target in targets if target != TARGET]
            if TARGET in targets:
                failed = aws.events.remove_targets(Rule=name, Ids=[TARGET])["FailedEntries"]
                _refuse_failed("RemoveTargets", f"does not remove the target {TARGET} from the rule {name}", failed)
            if not others:
                aws.events.delete_rule(Name=name)
            return others

        try:
            others = patiently(aws.patience, RULE_BUSY, lambda: patiently(aws.patience, RULE_EMPTY, call))
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
        else:
            if others:
                aws.care.tell(_left(name, others))

    def _put_rule(self, aws: Aws) -> None:
        def call() -> None:
            pattern = text(self.pattern)
            aws.events.put_rule(Name=self.name, EventPattern=pattern, State="ENABLED", Tags=as_pairs(self.tags))

        patiently(aws.patience, RULE_BUSY, call)

    def _put_target(self, aws: Aws) -> None:
        """Name the function as the target. The answer is 200 with the failures in it."""

        def call() -> None:
            target = {"Id": TARGET, "Arn": self.function_arn}
            failed = aws.events.put_targets(Rule=self.name, Targets=[target])["FailedEntries"]  # type: ignore[list-item]  # Id and Arn
            _refuse_failed("PutTargets", f"refuses the target {TARGET} of the rule {self.name}", failed)

        patiently(aws.patience, RULE_BUSY, lambda: patiently(aws.patience, RULE_VISIBLE, call))


def _canonical(pattern: str) -> str:
    """The pattern in our spelling: EventBridge keeps the text, others may have written the same in another one."""
    found: object = json.loads(pattern or "{}")
    return text(found) if isinstance(found, dict) else pattern


def _refuse_failed(
    operation: str, deed: str, failed: Sequence["PutTargetsResultEntryTypeDef | RemoveTargetsResultEntryTypeDef"]
) -> None:
    """Raise what failed inside of a 200: what passes by itself as EventBridge's own error, the rest with what to do.

    "This action can partially fail if too many requests are made at the same time": the entry's code is
    ConcurrentModificationException then (PutTargets and RemoveTargets, API reference).
    """
    for entry in failed:
        code, words = entry.get("ErrorCode", "FailedEntry"), entry.get("ErrorMessage", "It gives no reason.")
        error = ClientError({"Error": {"Code": code, "Message": words}}, operation)
        if RULE_BUSY.matches(error) or is_throttled(error):
            raise error
        raise ResourceError(
            f"EventBridge {deed}",
            code=code,
            detail=words,
            hint="Run the same command again; if it is refused once more, look at the rule in EventBridge.",
        ) from error


def _left(name: str, others: Sequence[str]) -> Remark:
    return Remark(
        "rule-left",
        f"event_rule.{name}",
        f"the rule {name} was left, without our target, for the targets that others added to it: {', '.join(others)}. "
        f"Nothing records it any more. When they are gone: `aws events delete-rule --name {name}`.",
    )
