"""The CORS document of a bucket: the whole of it on a bucket of ours, our own rules alone on anybody else's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from task_deployer.aws import Account, Aws
from task_deployer.errors import SafetyError
from task_deployer.refusals import code_of
from task_deployer.resources import cors_document as document
from task_deployer.resources.base import ENTRIES, Difference, Identity, Refusal, Resource, entries_of
from task_deployer.resources.bucket import Bucket
from task_deployer.resources.cors_document import CorsRule
from task_deployer.resources.cors_write import CorsPart, read, write, write_shared
from task_deployer.resources.rights import Rights
from task_deployer.retry import BUCKET_BUSY, BUCKET_SETTLING, patiently

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CORSRuleOutputTypeDef

    from task_deployer.resources.bucket_documents import BucketDocument
    from task_deployer.resources.lifecycle import Lifecycle

__all__ = ["Cors", "CorsRule", "SeenCors"]

_SAME_ID = "Rename the task, or the bucket's key in the config; or remove that rule if it is yours to remove."


@dataclass(frozen=True)
class SeenCors:
    """The rules that are ours (of a bucket of ours: all), and how many of others stand beside them.

    `known` are the ids that were asked for: all that is wanted or on record as ours, whether it shows or not.
    """

    rules: tuple[Mapping[str, object], ...]
    foreign: int = 0
    known: tuple[str, ...] = ()

    @property
    def absent(self) -> bool:
        """Whether no rule of ours is there."""
        return not self.rules


@dataclass(frozen=True)
class Cors(Resource[SeenCors]):
    """The rules. `shared`: the bucket is somebody else's, so only the rules with our ids are ours.

    On a bucket of ours no rules are a wish too: those that others add are drift.
    """

    kind: ClassVar[str] = "cors"
    goes_with: ClassVar[str | None] = "bucket"
    lags: ClassVar[bool] = True
    rights: ClassVar[Rights] = Rights(
        read=("s3:GetBucketCORS",), write=("s3:PutBucketCORS",), delete=("s3:PutBucketCORS",)
    )
    scope: str
    bucket: Bucket
    rules: tuple[CorsRule, ...]
    shared: bool = False
    after: "BucketDocument | Lifecycle | Cors | None" = None
    """The document of this bucket that is written before: on somebody else's, the rules of another task may be."""

    @property
    def identity(self) -> Identity:
        if not self.shared:
            return self.bucket.identity
        return {**self.bucket.identity, ENTRIES: " ".join(rule.id for rule in self.rules)}

    @property
    def wants_nothing(self) -> bool:
        return not self.rules

    @classmethod
    def arns(cls, account: Account, identity: Identity) -> tuple[str, ...]:
        return (account.bucket_arn(identity["bucket"]),)

    @classmethod
    def observe(cls, aws: Aws, identity: Identity) -> SeenCors | None:
        """Read the rules, on a shared document ours apart. No document, or no bucket, is absence."""
        try:
            rules = read(aws, identity)
        except ClientError as error:
            if code_of(error) == "NoSuchBucket":
                return None
            raise
        shared, known = ENTRIES in identity, entries_of(identity)
        ours = [rule for rule in rules if not shared or rule.get("ID") in known]
        return SeenCors(tuple(ours), len(rules) - len(ours), known) if rules or shared else None

    def diff(self, seen: SeenCors) -> tuple[Difference, ...]:
        return document.differences(self.rules, seen.rules)

    def refusals(self, seen: object, recorded: tuple[str, ...]) -> tuple[Refusal, ...]:
        """Which rules of others bear our ids, and whether there is room for ours beside those of others.

        A rule says nothing of its owner: theirs is what is not recorded.
        """
        if not self.shared or not isinstance(seen, SeenCors):
            return ()
        name = self.bucket.name
        taken = [rule.get("ID") for rule in seen.rules if rule.get("ID") not in recorded]
        refusals = [
            Refusal(
                f"the bucket {name} has a CORS rule {rule_id!r} already, which is not recorded as ours",
                _SAME_ID,
                bears_our_id=True,
            )
            for rule_id in taken
        ]
        if self.rules and seen.foreign + len(self.rules) > document.LIMIT:
            what = f"the bucket {name} has {seen.foreign} CORS rules of others, which leaves no room for ours: S3 takes"
            refusals.append(Refusal(f"{what} {document.LIMIT}", "Ask its owner to merge some, or want fewer here."))
        return tuple(refusals)

    def create(self, aws: Aws) -> None:
        """Put the rules. Of a shared document none was ours: one that bears our id and says something else is not."""
        self._put(aws, entries_of(self.identity), fresh=True)

    def update(self, aws: Aws, seen: SeenCors | None) -> None:
        """Put the rules; of a shared document those of ours that are wanted no longer go. None were seen: none."""
        former = () if seen is None else (*seen.known, *(str(rule.get("ID")) for rule in seen.rules))
        self._put(aws, [*entries_of(self.identity), *former])

    @classmethod
    def delete(cls, aws: Aws, identity: Identity) -> None:
        if ENTRIES in identity:
            cls.take_out(aws, identity, None, beside_others=True)
        else:
            _unless_gone(aws, lambda: write(aws, identity, ()))

    @classmethod
    def take_out(cls, aws: Aws, identity: Identity, seen: object, *, beside_others: bool) -> None:  # noqa: ARG003 - always
        """Put the shared document without our rules, unless it shows none of them."""
        ours = frozenset(entries_of(identity))
        shown = {str(rule.get("ID")) for rule in seen.rules} if isinstance(seen, SeenCors) else set[str]()
        part = CorsPart(identity, (), ours, seen=ours & shown)
        _unless_gone(aws, lambda: write_shared(aws, part))

    def _put(self, aws: Aws, ours: Sequence[str], *, fresh: bool = False) -> None:
        ids = frozenset({*ours, *(rule.id for rule in self.rules)})
        part = CorsPart(self.identity, self.rules, ids)

        def call() -> None:
            if self.shared:
                write_shared(aws, part, self._refuse if fresh else None)
            else:
                write(aws, self.identity, [rule.render() for rule in self.rules])

        patiently(aws.patience, BUCKET_BUSY, call)

    def _refuse(self, found: "Sequence[CORSRuleOutputTypeDef]") -> None:
        clashes = document.clashes(found, self.rules)
        if clashes:
            raise SafetyError(
                f"The bucket {self.bucket.name} has a CORS rule of others with an id of ours",
                detail=f"It appeared while this run was at work: {', '.join(clashes)}. It was left as it is.",
                hint=_SAME_ID,
            )


def _unless_gone(aws: Aws, call: Callable[[], None]) -> None:
    """Write once the bucket takes it. Of a bucket that is gone nothing is left to write."""
    try:
        patiently(aws.patience, BUCKET_SETTLING, call)
    except ClientError as error:
        if code_of(error) != "NoSuchBucket":
            raise
