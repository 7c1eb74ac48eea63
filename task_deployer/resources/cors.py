"""The CORS document of a bucket: the whole of it on a bucket of ours, our own rules alone on anybody else's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from task_deployer.aws import Account, Aws
from task_deployer.refusals import code_of
from task_deployer.resources.base import (
    ENTRIES,
    Difference,
    Identity,
    Refusal,
    Resource,
    Value,
    differing,
    entries_of,
)
from task_deployer.resources.bucket import Bucket
from task_deployer.resources.rights import Rights
from task_deployer.retry import BUCKET_BUSY, BUCKET_SETTLING, patiently

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CORSRuleOutputTypeDef, CORSRuleUnionTypeDef

    from task_deployer.resources.bucket_documents import BucketDocument

_LISTS = ("AllowedOrigins", "AllowedMethods", "AllowedHeaders", "ExposeHeaders")


@dataclass(frozen=True)
class CorsRule:
    """One rule. The first that matches a request wins, so their order counts."""

    id: str
    allowed_origins: tuple[str, ...]
    allowed_methods: tuple[str, ...]
    allowed_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    max_age_seconds: int | None = None

    def render(self) -> "CORSRuleOutputTypeDef":
        """The rule as S3 takes it. Empty lists are left out: S3 refuses some of them."""
        values = (self.allowed_origins, self.allowed_methods, self.allowed_headers, self.expose_headers)
        rule: dict[str, object] = {"ID": self.id}
        rule |= {key: list(value) for key, value in zip(_LISTS, values, strict=True) if value}
        if self.max_age_seconds is not None:
            rule["MaxAgeSeconds"] = self.max_age_seconds
        return rule  # type: ignore[return-value]  # the keys are S3's


Rules = tuple[Mapping[str, object], ...]


@dataclass(frozen=True)
class Cors(Resource[Rules]):
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
    after: "BucketDocument | Cors | None" = None
    """The document of this bucket that is written before: on somebody else's, the rules of another task may be."""

    @property
    def identity(self) -> Identity:
        if not self.shared:
            return {"bucket": self.bucket.name}
        return {"bucket": self.bucket.name, ENTRIES: " ".join(rule.id for rule in self.rules)}

    @property
    def wants_nothing(self) -> bool:
        return not self.rules

    @classmethod
    def arns(cls, account: Account, identity: Identity) -> tuple[str, ...]:
        return (account.bucket_arn(identity["bucket"]),)

    @classmethod
    def observe(cls, aws: Aws, identity: Identity) -> Rules | None:
        """Read the rules, on a shared document ours alone. None of them, or no bucket, is absence."""
        try:
            rules = _read(aws, identity["bucket"])
        except ClientError as error:
            if code_of(error) == "NoSuchBucket":
                return None
            raise
        ours = [rule for rule in rules if ENTRIES not in identity or rule.get("ID") in entries_of(identity)]
        return tuple(ours) or None

    def diff(self, seen: Rules) -> tuple[Difference, ...]:
        wanted = [_canonical(rule.render()) for rule in self.rules]
        found = [_canonical(rule) for rule in seen]
        return tuple(
            difference
            for index in range(max(len(wanted), len(found)))
            for difference in _rule_differences(index, _at(wanted, index), _at(found, index))
        )

    def refusals(self, seen: object, recorded: tuple[str, ...]) -> tuple[Refusal, ...]:
        """Which rules of others bear our ids. A rule says nothing of its owner: theirs is what is not recorded."""
        rules = seen if self.shared and isinstance(seen, tuple) else ()
        taken = [rule.get("ID") for rule in rules if rule.get("ID") not in recorded]
        advice = "Rename the task, or the bucket's key in the config; or remove that rule if it is yours to remove."
        return tuple(
            Refusal(f"the bucket {self.bucket.name} has a CORS rule {rule_id!r} already, which is not ours", advice)
            for rule_id in taken
        )

    def create(self, aws: Aws) -> None:
        self._put(aws, entries_of(self.identity))

    def update(self, aws: Aws, seen: Rules) -> None:
        """Put the rules; of a shared document those of ours that are wanted no longer go."""
        self._put(aws, [*entries_of(self.identity), *(str(rule.get("ID")) for rule in seen)])

    @classmethod
    def delete(cls, aws: Aws, identity: Identity) -> None:
        shared, bucket = ENTRIES in identity, identity["bucket"]

        def call() -> None:
            rules = _read(aws, bucket) if shared else []
            foreign = _foreign(rules, entries_of(identity))
            if foreign and len(foreign) < len(rules):
                _write(aws, bucket, foreign)
            elif not foreign and (rules or not shared):
                _remove(aws, bucket)

        try:
            patiently(aws.patience, BUCKET_SETTLING, call)
        except ClientError as error:
            if code_of(error) != "NoSuchBucket":
                raise

    def _put(self, aws: Aws, ours: Sequence[str]) -> None:
        rules = [rule.render() for rule in self.rules]

        def call() -> None:
            foreign = _foreign(_read(aws, self.bucket.name), ours) if self.shared else []
            if foreign or rules:
                _write(aws, self.bucket.name, [*foreign, *rules])
            else:  # S3 takes no empty document
                _remove(aws, self.bucket.name)

        patiently(aws.patience, BUCKET_BUSY, call)


def _read(aws: Aws, bucket: str) -> "list[CORSRuleOutputTypeDef]":
    """Get the rules. Only S3's word for "no document" counts as none: what is taken for none is written over."""
    try:
        return aws.s3.get_bucket_cors(Bucket=bucket, ExpectedBucketOwner=aws.account.id)["CORSRules"]
    except ClientError as error:
        if code_of(error) == "NoSuchCORSConfiguration":
            return []
        raise


def _write(aws: Aws, bucket: str, rules: "Sequence[CORSRuleUnionTypeDef]") -> None:
    aws.s3.put_bucket_cors(Bucket=bucket, ExpectedBucketOwner=aws.account.id, CORSConfiguration={"CORSRules": rules})


def _remove(aws: Aws, bucket: str) -> None:
    aws.s3.delete_bucket_cors(Bucket=bucket, ExpectedBucketOwner=aws.account.id)


def _foreign(rules: "Sequence[CORSRuleOutputTypeDef]", ours: Sequence[str]) -> "list[CORSRuleOutputTypeDef]":
    return [rule for rule in rules if rule.get("ID") not in ours]


def _canonical(rule: "CORSRuleOutputTypeDef | Mapping[str, object]") -> dict[str, Value]:
    """The rule in a form to compare: the order within its lists means nothing, and its id is only a name."""
    lists: dict[str, Value] = {key: tuple(_sorted(rule.get(key))) for key in _LISTS}
    age = rule.get("MaxAgeSeconds")
    return {**lists, "MaxAgeSeconds": age if isinstance(age, int) else None}


def _sorted(value: object) -> list[str]:
    return sorted(map(str, value)) if isinstance(value, list) else []


def _at(rules: list[dict[str, Value]], index: int) -> dict[str, Value] | None:
    return rules[index] if index < len(rules) else None


def _rule_differences(
    index: int, wanted: dict[str, Value] | None, found: dict[str, Value] | None
) -> tuple[Difference, ...]:
    path = f"CORSRules[{index + 1}]"
    if wanted is None or found is None:
        return (Difference(path, _in_words(wanted), _in_words(found)),)
    return differing(wanted, found, f"{path}.")


def _in_words(rule: dict[str, Value] | None) -> str | None:
    if rule is None:
        return None
    methods, origins = (rule[key] for key in ("AllowedMethods", "AllowedOrigins"))
    return f"{_spaced(methods)} from {_spaced(origins)}"


def _spaced(value: Value) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
