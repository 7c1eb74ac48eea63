"""Reading and writing a bucket's CORS document; our rules in a shared one beside other writers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from task_deployer.aws import Aws
from task_deployer.refusals import code_of
from task_deployer.resources import cors_document as document
from task_deployer.resources.base import Identity
from task_deployer.resources.bucket import account_of, asking_the_owner
from task_deployer.resources.cors_document import CorsRule
from task_deployer.resources.shared_rules import write_rules

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CORSRuleOutputTypeDef, CORSRuleUnionTypeDef


def read(aws: Aws, identity: Identity) -> "list[CORSRuleOutputTypeDef]":
    """Get the rules. Only S3's word for "no document" counts as none: what is taken for none is written over."""
    try:
        with asking_the_owner(identity):
            owner = account_of(aws, identity)
            return aws.s3.get_bucket_cors(Bucket=identity["bucket"], ExpectedBucketOwner=owner)["CORSRules"]
    except ClientError as error:
        if code_of(error) == "NoSuchCORSConfiguration":
            return []
        raise


def write(aws: Aws, identity: Identity, rules: "Sequence[CORSRuleUnionTypeDef]") -> None:
    """Put the rules. S3 takes no empty document: without a rule it is taken away."""
    bucket, owner = identity["bucket"], account_of(aws, identity)
    with asking_the_owner(identity):
        if rules:
            aws.s3.put_bucket_cors(Bucket=bucket, ExpectedBucketOwner=owner, CORSConfiguration={"CORSRules": rules})
        else:
            aws.s3.delete_bucket_cors(Bucket=bucket, ExpectedBucketOwner=owner)


def take_out(aws: Aws, identity: Identity, ours: Collection[str], seen: Collection[str]) -> None:
    """Take the rules with our ids out of those of others. `seen` are those that were seen there. See `write_rules`."""
    write_rules(aws, CorsPart(identity, (), frozenset(ours), frozenset(seen)))


@dataclass(frozen=True)
class CorsPart:
    """Our rules in somebody else's bucket; `ids` are those of all that is ours before or after.

    `seen` are the ids that were seen there, if all of ours goes: a read that shows none of them is an old one. So is
    one that does not show the `earlier` rules of this stack's other tasks as they were put.
    """

    kind: ClassVar[str] = "cors"
    called: ClassVar[str] = "CORS rules"
    identity: Identity
    wanted: Sequence[CorsRule]
    ids: frozenset[str]
    seen: frozenset[str] = frozenset()
    earlier: tuple[CorsRule, ...] = ()

    @property
    def bucket(self) -> str:
        return self.identity["bucket"]

    @property
    def is_gone_at_sight(self) -> bool:
        """What is not ours is not written for nothing; whoever takes ours out looks until AWS shows it."""
        return not self.wanted

    def read(self, aws: Aws) -> "Sequence[CORSRuleOutputTypeDef]":
        return read(aws, self.identity)

    def is_old(self, found: "Sequence[CORSRuleOutputTypeDef]") -> bool:
        if self.seen and not self.seen & {rule.get("ID") for rule in found}:
            return True
        there = {rule.get("ID"): document.canonical(rule) for rule in found}
        return any(there.get(rule.id) != document.canonical(rule.render()) for rule in self.earlier)

    def put(self, aws: Aws, document: "Sequence[CORSRuleOutputTypeDef]") -> None:
        write(aws, self.identity, document)

    def merged(self, found: "Sequence[CORSRuleOutputTypeDef]") -> "Sequence[CORSRuleOutputTypeDef]":
        return document.merge(found, self.wanted, tuple(self.ids))

    def is_in(self, found: "Sequence[CORSRuleOutputTypeDef]") -> bool:
        return not document.differences(self.wanted, [rule for rule in found if rule.get("ID") in self.ids])

    def rules(self, found: "Sequence[CORSRuleOutputTypeDef]") -> "Sequence[CORSRuleOutputTypeDef]":
        return found

    def theirs(self, found: "Sequence[CORSRuleOutputTypeDef]") -> "Sequence[CORSRuleOutputTypeDef]":
        return [rule for rule in found if rule.get("ID") not in self.ids]

    def has_others(self, found: "Sequence[CORSRuleOutputTypeDef]") -> bool:  # noqa: ARG002 - whatever it holds now
        return True
