"""Reading and writing a bucket's lifecycle document, our rules in it beside those of others."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from botocore.exceptions import ClientError

from task_deployer.aws import Aws
from task_deployer.refusals import code_of
from task_deployer.resources.base import Identity
from task_deployer.resources.bucket import account_of
from task_deployer.resources.lifecycle_document import Document, LifecycleRule, in_words, merge, theirs
from task_deployer.resources.shared_rules import Rule, write_rules


def read(aws: Aws, identity: Identity) -> Document:
    """Get the document. Only S3's word for "none" counts as an empty one: what is taken for none is written over."""
    try:
        answer = aws.s3.get_bucket_lifecycle_configuration(
            Bucket=identity["bucket"], ExpectedBucketOwner=account_of(aws, identity)
        )
    except ClientError as error:
        if code_of(error) == "NoSuchLifecycleConfiguration":
            return Document()
        raise
    rules = tuple({**rule} for rule in answer.get("Rules", []))
    return Document(rules, answer.get("TransitionDefaultMinimumObjectSize", ""))


def write(aws: Aws, identity: Identity, rules: Sequence[LifecycleRule], ours: Collection[str]) -> None:
    """Make exactly these rules ours in a bucket of ours. `ours` may be written over. See `write_rules`."""
    write_rules(aws, _Part(identity["bucket"], rules, frozenset({*ours, *(rule.id for rule in rules)})))


@dataclass(frozen=True)
class _Part:
    """Our rules; `ids` are those of all that is ours before or after."""

    kind: ClassVar[str] = "lifecycle"
    called: ClassVar[str] = "lifecycle rules"
    is_gone_at_sight: ClassVar[bool] = False  # the look may be late, and the rule would go on deleting objects
    bucket: str
    wanted: Sequence[LifecycleRule]
    ids: frozenset[str]

    def read(self, aws: Aws) -> Document:
        return read(aws, {"bucket": self.bucket})

    def is_old(self, found: Document) -> bool:  # noqa: ARG002 - it is put in any case
        return False

    def put(self, aws: Aws, document: Document) -> None:
        """Replace it. S3 takes no empty document: without a rule it is taken away."""
        owner = aws.account.id
        if not document.rules:
            aws.s3.delete_bucket_lifecycle(Bucket=self.bucket, ExpectedBucketOwner=owner)
            return
        smallest = {"TransitionDefaultMinimumObjectSize": document.smallest} if document.smallest else {}
        aws.s3.put_bucket_lifecycle_configuration(
            Bucket=self.bucket,
            ExpectedBucketOwner=owner,
            LifecycleConfiguration={"Rules": list(document.rules)},  # type: ignore[arg-type]  # as S3 gave them, and our own
            **smallest,  # type: ignore[arg-type]  # the same
        )

    def merged(self, found: Document) -> Document:
        return merge(found, self.wanted, self.ids)

    def is_in(self, found: Document) -> bool:
        there = [rule for rule in found.rules if rule.get("ID") in self.ids]
        return in_words(there) == in_words([{**rule.render()} for rule in self.wanted])

    def rules(self, found: Document) -> Sequence[Rule]:
        return found.rules

    def theirs(self, found: Document) -> Sequence[Rule]:
        return theirs(found, self.ids)

    def has_others(self, found: Document) -> bool:
        return bool(self.theirs(found))
