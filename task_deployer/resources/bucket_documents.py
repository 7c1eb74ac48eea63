"""The documents of a bucket that share one shape: read, write, remove, the code for absent, a canonical form.

One writer per bucket: S3 answers overlapping writes with OperationAborted, so each document refers to the one that is
written before it. (The notification document has entries of others and lives in notifications.py.)
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from botocore.exceptions import ClientError

from task_deployer.aws import Account, Aws
from task_deployer.refusals import code_of
from task_deployer.resources.base import Difference, Identity, Resource, Value, differing
from task_deployer.resources.bucket import Bucket
from task_deployer.resources.rights import Rights
from task_deployer.retry import BUCKET_BUSY, BUCKET_SETTLING, patiently
from task_deployer.tags import ENV, MANIFEST, STACK, as_pairs

Document = Mapping[str, Value]
"""A document in canonical form: flat, comparable with `==`."""


@dataclass(frozen=True)
class BucketDocument(Resource[Document]):
    """One document of one bucket of ours. The whole document is ours; the bucket takes it along when it goes."""

    goes_with: ClassVar[str | None] = "bucket"
    lags: ClassVar[bool] = True
    absent: ClassVar[str]
    """The error code that says that there is no such document."""
    scope: str
    bucket: Bucket
    after: "BucketDocument | None" = None

    @property
    def identity(self) -> Identity:
        return {"bucket": self.bucket.name}

    @property
    @abstractmethod
    def wanted(self) -> Document:
        """The document as the config wants it."""

    @classmethod
    @abstractmethod
    def read(cls, aws: Aws, bucket: str) -> Document | None:
        """Get the document in canonical form."""

    @abstractmethod
    def write(self, aws: Aws, seen: Document | None) -> None:
        """Put the document."""

    @classmethod
    @abstractmethod
    def remove(cls, aws: Aws, bucket: str) -> None:
        """Take the document away."""

    @classmethod
    def arns(cls, account: Account, identity: Identity) -> tuple[str, ...]:
        return (account.bucket_arn(identity["bucket"]),)

    @classmethod
    def observe(cls, aws: Aws, identity: Identity) -> Document | None:
        try:
            return cls.read(aws, identity["bucket"])
        except ClientError as error:
            if code_of(error) in (cls.absent, "NoSuchBucket"):
                return None
            raise

    def diff(self, seen: Document) -> tuple[Difference, ...]:
        extra = {key: None for key in seen if key not in self.wanted}
        return differing({**self.wanted, **extra}, seen)

    def create(self, aws: Aws) -> None:
        patiently(aws.patience, BUCKET_BUSY, lambda: self.write(aws, None))

    def update(self, aws: Aws, seen: Document) -> None:
        patiently(aws.patience, BUCKET_BUSY, lambda: self.write(aws, seen))

    @classmethod
    def delete(cls, aws: Aws, identity: Identity) -> None:
        try:
            patiently(aws.patience, BUCKET_SETTLING, lambda: cls.remove(aws, identity["bucket"]))
        except ClientError as error:
            if code_of(error) not in (cls.absent, "NoSuchBucket"):
                raise


@dataclass(frozen=True)
class BucketTags(BucketDocument):
    """The bucket's tags. PutBucketTagging replaces the whole set, so those of others are read and written back."""

    kind: ClassVar[str] = "bucket_tags"
    absent: ClassVar[str] = "NoSuchTagSet"
    rights: ClassVar[Rights] = Rights(
        read=("s3:GetBucketTagging",), write=("s3:PutBucketTagging",), delete=("s3:PutBucketTagging",)
    )

    @property
    def wanted(self) -> Document:
        return dict(self.bucket.tags)

    @classmethod
    def read(cls, aws: Aws, bucket: str) -> Document | None:
        """Get all tags, those of others too; without one of the tool's own we are absent from them."""
        found = _tags(aws, bucket)
        return found if any(_is_the_tools(key) for key in found) else None

    def diff(self, seen: Document) -> tuple[Difference, ...]:
        return differing(self.wanted, seen)

    def write(self, aws: Aws, seen: Document | None) -> None:
        present = _tags(aws, self.bucket.name)  # read again, at the last moment
        merged = {**present, **self.bucket.tags}
        if seen is not None or merged != present:  # a new bucket bears them from its creation
            _set_tags(aws, self.bucket.name, merged)

    @classmethod
    def remove(cls, aws: Aws, bucket: str) -> None:
        """Take the tool's own tags away: that the bucket is ours is what they said."""
        found = _tags(aws, bucket)
        left = {key: value for key, value in found.items() if not _is_the_tools(key)}
        if left:
            _set_tags(aws, bucket, left)
        else:
            aws.s3.delete_bucket_tagging(Bucket=bucket, ExpectedBucketOwner=aws.account.id)


@dataclass(frozen=True)
class PublicAccessBlock(BucketDocument):
    """All four parts on. New buckets have them since April 2023, so it is put only where they are not.

    An organization may well forbid to put it, as a guardrail: what is on already must not fail on that.
    """

    kind: ClassVar[str] = "public_access_block"
    absent: ClassVar[str] = "NoSuchPublicAccessBlockConfiguration"
    rights: ClassVar[Rights] = Rights(
        read=("s3:GetBucketPublicAccessBlock",),
        write=("s3:PutBucketPublicAccessBlock",),
        delete=("s3:PutBucketPublicAccessBlock",),
    )

    @property
    def wanted(self) -> Document:
        parts = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        return dict.fromkeys(parts, True)

    @classmethod
    def read(cls, aws: Aws, bucket: str) -> Document | None:
        answer = aws.s3.get_public_access_block(Bucket=bucket, ExpectedBucketOwner=aws.account.id)
        return {key: bool(value) for key, value in answer["PublicAccessBlockConfiguration"].items()}

    def write(self, aws: Aws, seen: Document | None) -> None:
        if seen in (None, self.wanted) and self._is_on(aws):  # none was seen of a bucket that was not there yet
            return
        aws.s3.put_public_access_block(
            Bucket=self.bucket.name,
            ExpectedBucketOwner=aws.account.id,
            PublicAccessBlockConfiguration=dict(self.wanted),  # type: ignore[arg-type]  # the four parts
        )

    def _is_on(self, aws: Aws) -> bool:
        try:
            return self.read(aws, self.bucket.name) == self.wanted
        except ClientError as error:
            if code_of(error) != self.absent:
                raise
            return False

    @classmethod
    def remove(cls, aws: Aws, bucket: str) -> None:
        aws.s3.delete_public_access_block(Bucket=bucket, ExpectedBucketOwner=aws.account.id)


@dataclass(frozen=True)
class Versioning(BucketDocument):
    """Versioning on. It cannot be undone: taking it away suspends it, and what is versioned stays."""

    kind: ClassVar[str] = "versioning"
    absent: ClassVar[str] = "NoSuchBucket"  # GetBucketVersioning has no code of its own for it
    rights: ClassVar[Rights] = Rights(
        read=("s3:GetBucketVersioning",), write=("s3:PutBucketVersioning",), delete=("s3:PutBucketVersioning",)
    )

    @property
    def wanted(self) -> Document:
        return {"Status": "Enabled"}

    @classmethod
    def read(cls, aws: Aws, bucket: str) -> Document | None:
        """A bucket that never had it gives no status at all; a suspended one counts as absent too."""
        answer = aws.s3.get_bucket_versioning(Bucket=bucket, ExpectedBucketOwner=aws.account.id)
        return {"Status": "Enabled"} if answer.get("Status") == "Enabled" else None

    def write(self, aws: Aws, seen: Document | None) -> None:  # noqa: ARG002 - the whole document is ours
        _set_versioning(aws, self.bucket.name, "Enabled")

    @classmethod
    def remove(cls, aws: Aws, bucket: str) -> None:
        _set_versioning(aws, bucket, "Suspended")


def _tags(aws: Aws, bucket: str) -> dict[str, str]:
    """Get the tags. Only S3's word for "no tags" counts as none: what is taken for none here is written over."""
    try:
        found = aws.s3.get_bucket_tagging(Bucket=bucket, ExpectedBucketOwner=aws.account.id)["TagSet"]
    except ClientError as error:
        if code_of(error) == BucketTags.absent:
            return {}
        raise
    return {tag["Key"]: tag["Value"] for tag in found if not tag["Key"].startswith("aws:")}


def _set_tags(aws: Aws, bucket: str, tags: Mapping[str, str]) -> None:
    aws.s3.put_bucket_tagging(Bucket=bucket, ExpectedBucketOwner=aws.account.id, Tagging={"TagSet": as_pairs(tags)})


def _is_the_tools(key: str) -> bool:
    return key in (STACK, ENV, MANIFEST)


def _set_versioning(aws: Aws, bucket: str, status: str) -> None:
    aws.s3.put_bucket_versioning(
        Bucket=bucket,
        ExpectedBucketOwner=aws.account.id,
        VersioningConfiguration={"Status": status},  # type: ignore[typeddict-item]  # Enabled or Suspended
    )
