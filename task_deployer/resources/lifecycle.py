"""When the objects of a bucket, and uploads that nobody finished, expire."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from task_deployer.aws import Aws
from task_deployer.resources.bucket_documents import BucketDocument, Document
from task_deployer.resources.rights import Rights

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import LifecycleRuleOutputTypeDef, LifecycleRuleTypeDef

_WHERE = ("ID", "Status", "Filter", "Prefix")


@dataclass(frozen=True)
class LifecycleRule:
    """One rule for the whole bucket: objects expire, or abandoned uploads do, after this many days."""

    id: str
    expire_days: int | None = None
    abort_uploads_days: int | None = None

    def render(self) -> "LifecycleRuleTypeDef":
        """The rule as S3 takes it."""
        rule: LifecycleRuleTypeDef = {"ID": self.id, "Status": "Enabled", "Filter": {"Prefix": ""}}
        if self.expire_days is not None:
            rule["Expiration"] = {"Days": self.expire_days}
        if self.abort_uploads_days is not None:
            rule["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": self.abort_uploads_days}
        return rule


@dataclass(frozen=True)
class Lifecycle(BucketDocument):
    """When objects and abandoned uploads expire."""

    kind: ClassVar[str] = "lifecycle"
    absent: ClassVar[str] = "NoSuchLifecycleConfiguration"
    rights: ClassVar[Rights] = Rights(
        read=("s3:GetLifecycleConfiguration",),
        write=("s3:PutLifecycleConfiguration",),
        delete=("s3:PutLifecycleConfiguration",),
    )
    rules: tuple[LifecycleRule, ...] = ()

    @property
    def wanted(self) -> Document:
        return {rule.id: _rule_in_words(rule.render()) for rule in self.rules}

    @classmethod
    def read(cls, aws: Aws, bucket: str) -> Document | None:
        answer = aws.s3.get_bucket_lifecycle_configuration(Bucket=bucket, ExpectedBucketOwner=aws.account.id)
        return {str(rule.get("ID")): _rule_in_words(rule) for rule in answer.get("Rules", [])}

    def write(self, aws: Aws, seen: Document | None) -> None:  # noqa: ARG002 - the whole document is ours
        aws.s3.put_bucket_lifecycle_configuration(
            Bucket=self.bucket.name,
            ExpectedBucketOwner=aws.account.id,
            LifecycleConfiguration={"Rules": [rule.render() for rule in self.rules]},
        )

    @classmethod
    def remove(cls, aws: Aws, bucket: str) -> None:
        aws.s3.delete_bucket_lifecycle(Bucket=bucket, ExpectedBucketOwner=aws.account.id)


def _rule_in_words(rule: "LifecycleRuleTypeDef | LifecycleRuleOutputTypeDef") -> str:
    """The rule in a form to compare. An empty prefix, an empty filter and none at all mean the whole bucket alike."""
    told: dict[str, object] = dict(rule)
    deeds = [f"{key} {value}" for key, value in sorted(told.items()) if key not in _WHERE]
    where = rule.get("Filter") or {}
    meant = {key: value for key, value in {"Prefix": rule.get("Prefix"), **where}.items() if value}
    return f"{told.get('Status')} for {meant or 'the whole bucket'}: {'; '.join(deeds)}"
