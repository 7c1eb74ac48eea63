"""When the objects of a bucket of ours, and uploads that nobody finished, expire: our rules beside those of others."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from task_deployer.aws import Account, Aws
from task_deployer.refusals import code_of
from task_deployer.resources.base import ENTRIES, Difference, Identity, Resource, differing, entries_of
from task_deployer.resources.bucket import Bucket
from task_deployer.resources.lifecycle_document import Document, LifecycleRule, ids_of, in_words, merge
from task_deployer.resources.lifecycle_write import read, write
from task_deployer.resources.rights import Rights
from task_deployer.resources.shared_rules import Rule
from task_deployer.retry import BUCKET_BUSY, BUCKET_SETTLING, patiently

if TYPE_CHECKING:
    from task_deployer.resources.bucket_documents import BucketDocument

__all__ = ["Lifecycle", "LifecycleRule", "SeenLifecycle"]


@dataclass(frozen=True)
class SeenLifecycle:
    """The rules with our ids. `others` is the document without them: nothing to compare."""

    rules: tuple[Rule, ...]
    others: Document = field(default_factory=Document)

    @property
    def absent(self) -> bool:
        """Whether no rule of ours is there."""
        return not self.rules


@dataclass(frozen=True)
class Lifecycle(Resource[SeenLifecycle]):
    """Our rules in the lifecycle document of a bucket of ours. A security team may well keep rules of its own there."""

    kind: ClassVar[str] = "lifecycle"
    goes_with: ClassVar[str | None] = "bucket"
    lags: ClassVar[bool] = True
    rights: ClassVar[Rights] = Rights(
        read=("s3:GetLifecycleConfiguration",),
        write=("s3:PutLifecycleConfiguration",),
        delete=("s3:PutLifecycleConfiguration",),
    )
    scope: str
    bucket: Bucket
    after: "BucketDocument | None" = None
    rules: tuple[LifecycleRule, ...] = ()

    @property
    def identity(self) -> Identity:
        return {**self.bucket.identity, ENTRIES: " ".join(rule.entry for rule in self.rules)}

    @classmethod
    def arns(cls, account: Account, identity: Identity) -> tuple[str, ...]:
        return (account.bucket_arn(identity["bucket"]),)

    @classmethod
    def observe(cls, aws: Aws, identity: Identity) -> SeenLifecycle | None:
        """Read the rules, ours apart. No document, or no bucket, is absence."""
        try:
            found = read(aws, identity)
        except ClientError as error:
            if code_of(error) == "NoSuchBucket":
                return None
            raise
        ids = ids_of(entries_of(identity))
        ours = tuple(rule for rule in found.rules if rule.get("ID") in ids)
        return SeenLifecycle(ours, merge(found, (), ids))

    def diff(self, seen: SeenLifecycle) -> tuple[Difference, ...]:
        wanted, found = in_words([{**rule.render()} for rule in self.rules]), in_words(seen.rules)
        return differing({**dict.fromkeys(found), **wanted}, found)

    def create(self, aws: Aws) -> None:
        self._put(aws)

    def update(self, aws: Aws, seen: SeenLifecycle) -> None:
        """Put the rules; those of ours that are wanted no longer go."""
        self._put(aws, *(str(rule.get("ID")) for rule in seen.rules))

    @classmethod
    def delete(cls, aws: Aws, identity: Identity) -> None:
        try:
            patiently(aws.patience, BUCKET_SETTLING, lambda: write(aws, identity, (), ids_of(entries_of(identity))))
        except ClientError as error:
            if code_of(error) != "NoSuchBucket":
                raise

    def _put(self, aws: Aws, *former: str) -> None:
        patiently(aws.patience, BUCKET_BUSY, lambda: write(aws, self.identity, self.rules, former))
