"""Reading and writing a bucket's CORS document; our rules in a shared one beside other writers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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


def write_shared(
    aws: Aws, part: "CorsPart", check: "Callable[[Sequence[CORSRuleOutputTypeDef]], None] | None" = None
) -> None:
    """Make the part as wanted in a document of others, from a read that shows what this run has done there before.

    Several tasks may have rules in it, and one of them may come after another one's have gone. See `write_rules`.
    """
    done = tuple(aws.care.rules.items())  # other workers write to other buckets meanwhile
    known = {rule_id: rule for (bucket, rule_id), rule in done if bucket == part.bucket and rule_id not in part.ids}
    write_rules(aws, replace(part, known=known), check)
    wanted = {rule.id: document.canonical(rule.render()) for rule in part.wanted}
    aws.care.rules.update({(part.bucket, rule_id): wanted.get(rule_id) for rule_id in part.ids})


@dataclass(frozen=True)
class CorsPart:
    """Our rules in somebody else's bucket; `ids` are those of all that is ours before or after.

    `seen` are the ids that were seen there, if all of ours goes: a read that shows none of them is an old one. So is
    one that does not show what this run has made of rules of other tasks there: those are `known`, by their ids.
    """

    kind: ClassVar[str] = "cors"
    called: ClassVar[str] = "CORS rules"
    identity: Identity
    wanted: Sequence[CorsRule]
    ids: frozenset[str]
    seen: frozenset[str] = frozenset()
    known: Mapping[str, object] = field(default_factory=dict)

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
        return any(there.get(rule_id) != rule for rule_id, rule in self.known.items())

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
