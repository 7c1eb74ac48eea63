"""The bucket itself: its existence, its region, and whose it is. What is in it is bucket_contents.py's."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from task_deployer.aws import Account, Aws
from task_deployer.errors import ResourceError
from task_deployer.forbidden import CODES
from task_deployer.refusals import code_of
from task_deployer.resources import bucket_contents, bucket_writers
from task_deployer.resources.base import Difference, Identity, Resource
from task_deployer.resources.bucket_refusals import elsewhere, forbidden_head, name_busy, not_empty
from task_deployer.resources.bucket_writers import NOT_EMPTY
from task_deployer.resources.held import Held
from task_deployer.resources.ownership import recognised, taken
from task_deployer.resources.rights import Rights
from task_deployer.retry import BUCKET_NAME_BUSY, BUCKET_SETTLING, patiently
from task_deployer.tags import as_pairs

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CreateBucketConfigurationTypeDef

_REFILLS = 3  # how often something may be written between the last look into a bucket and its deletion
_NO_LOCATION = "us-east-1"
"""The one region that CreateBucket must not name."""


@dataclass(frozen=True)
class SeenBucket:
    """A bucket as it is. `region` is None where the answer did not say.

    `signs` are the entries and rules with our ids in its documents. They say that it is ours where its tags do not:
    PutBucketTagging replaces the whole set, so whoever sets one tag takes ours away.
    """

    region: str | None
    tags: Mapping[str, str]
    signs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bucket(Resource[SeenBucket]):
    """One bucket. Its tags are a document of their own once it exists; here they say whose it is.

    An `existing` one is attached to, and never made, tagged or deleted.
    """

    kind: ClassVar[str] = "bucket"
    outlives: ClassVar[tuple[str, ...]] = ("function",)  # a function that still runs would go on writing to it
    exclusive: ClassVar[bool] = True
    reached_by: ClassVar[tuple[str, ...]] = ("owner",)
    made_by: ClassVar[str] = "CreateBucket"
    rights: ClassVar[Rights] = Rights(
        read=("s3:ListBucket", "s3:GetBucketTagging"),
        write=("s3:CreateBucket", "s3:TagResource", "s3:PutBucketTagging"),
        delete=(
            "s3:DeleteBucket",
            "s3:ListBucketVersions",
            "s3:ListBucketMultipartUploads",
            "s3:DeleteObject",
            "s3:DeleteObjectVersion",
            "s3:AbortMultipartUpload",
        ),
        explaining=("s3:GetObjectLegalHold", "s3:GetObjectRetention", "s3:GetBucketNotification"),
    )
    scope: str
    name: str
    region: str
    tags: Mapping[str, str] = field(default_factory=dict)
    existing: bool = False
    owner: str | None = None
    """The account that owns it, where that is another one."""

    @property
    def identity(self) -> Identity:
        return identity_of(self.name, self.owner)

    @classmethod
    def arns(cls, account: Account, identity: Identity) -> tuple[str, ...]:
        arn = account.bucket_arn(identity["bucket"])
        return (arn, f"{arn}/*")

    @classmethod
    def observe(cls, aws: Aws, identity: Identity) -> SeenBucket | None:
        """Read region and tags. HEAD has no body: its code is the HTTP status; 403 is not ours, never absent.

        The tags of another account's bucket say nothing to us, so they are not asked for.
        """
        name = identity["bucket"]
        try:
            head = aws.s3.head_bucket(Bucket=name, ExpectedBucketOwner=account_of(aws, identity))
            return SeenBucket(head.get("BucketRegion"), {} if "owner" in identity else _tags(aws, name))
        except ClientError as error:
            if code_of(error) in ("404", "NoSuchBucket"):  # HEAD may still say 200 after the deletion
                return None
            if "owner" in identity and code_of(error) in CODES:
                raise forbidden_by_owner(identity, error) from error
            if code_of(error) == "403":
                raise forbidden_head(aws.account.bucket_arn(name)) from error
            if code_of(error) == "301":
                raise elsewhere(name, aws.account.region, error) from error
            raise

    def diff(self, seen: SeenBucket) -> tuple[Difference, ...]:
        if seen.region in (None, self.region):
            return ()
        return (Difference("Region", self.region, seen.region, fixed=True),)

    def create(self, aws: Aws) -> None:
        """Create it with its tags in the same call.

        Without tags us-east-1 answers 200 for a bucket that exists already; with them 409 everywhere.
        """
        configuration: CreateBucketConfigurationTypeDef = {"Tags": as_pairs(self.tags)}
        if self.region != _NO_LOCATION:
            configuration["LocationConstraint"] = self.region  # type: ignore[typeddict-item]  # the stubs may lack new regions

        def call() -> None:
            aws.s3.create_bucket(Bucket=self.name, CreateBucketConfiguration=configuration)

        try:
            patiently(aws.patience, BUCKET_NAME_BUSY, call)
        except ClientError as error:
            if code_of(error) == "BucketAlreadyExists":
                raise taken(f"the bucket {self.name}", {}) from error
            if code_of(error) == "OperationAborted":
                raise name_busy(self.name, BUCKET_NAME_BUSY.seconds) from error
            if code_of(error) != "BucketAlreadyOwnedByYou":
                raise
            recognised(aws, self, f"the bucket {self.name}", partial(self.observe, aws, self.identity), error)

    def update(self, aws: Aws, seen: SeenBucket) -> None:
        """Nothing of the bucket itself can be changed; its documents are resources of their own."""

    @classmethod
    def delete(cls, aws: Aws, identity: Identity) -> None:
        name = identity["bucket"]
        try:
            patiently(
                aws.patience,
                BUCKET_SETTLING,
                lambda: aws.s3.delete_bucket(Bucket=name, ExpectedBucketOwner=aws.account.id),
            )
        except ClientError as error:
            if code_of(error) == NOT_EMPTY:
                raise not_empty(name) from error
            if code_of(error) != "NoSuchBucket":
                raise

    @classmethod
    def count(cls, aws: Aws, identity: Identity) -> Held:
        """What it holds, up to `bucket_contents.COUNTED`."""
        return bucket_contents.count(aws, identity["bucket"])

    @classmethod
    def empty(cls, aws: Aws, identity: Identity) -> None:
        """Remove all versions, delete markers and unfinished uploads."""
        bucket_contents.empty(aws, identity["bucket"])

    @classmethod
    def discard(cls, aws: Aws, identity: Identity) -> None:
        """Empty it and delete it. What somebody writes in between is removed too, a few times."""
        for _ in range(_REFILLS):
            cls.empty(aws, identity)
            try:
                cls.delete(aws, identity)
            except ResourceError as error:
                if error.code != NOT_EMPTY:
                    raise
            else:
                return
        raise bucket_writers.refilled(aws, identity["bucket"])


def _tags(aws: Aws, name: str) -> dict[str, str]:
    try:
        tags = aws.s3.get_bucket_tagging(Bucket=name, ExpectedBucketOwner=aws.account.id)["TagSet"]
    except ClientError as error:
        if code_of(error) == "NoSuchTagSet":
            return {}
        raise
    return {tag["Key"]: tag["Value"] for tag in tags}


def identity_of(name: str, owner: str | None) -> Identity:
    """What finds a bucket: its name, and the account that owns it where that is another one."""
    return {"bucket": name} if owner is None else {"bucket": name, "owner": owner}


def account_of(aws: Aws, identity: Identity) -> str:
    """The account that a bucket has to belong to: every call names it, so that a name that changed hands is refused."""
    return identity.get("owner", aws.account.id)


@contextmanager
def asking_the_owner(identity: Identity) -> Iterator[None]:
    """Say whom to ask where S3 forbids a call on another account's bucket: the right has to be given at both ends."""
    try:
        yield
    except ClientError as error:
        if "owner" not in identity or code_of(error) not in CODES:
            raise
        raise forbidden_by_owner(identity, error) from error


def forbidden_by_owner(identity: Identity, error: ClientError) -> ResourceError:
    """S3 says 403 on another account's bucket."""
    bucket, owner = identity["bucket"], identity["owner"]
    return ResourceError(
        f"{error.operation_name} on the bucket {bucket} of account {owner} is forbidden",
        code=code_of(error),
        detail=f"Either its owner has not allowed it, or the bucket does not belong to account {owner}, or your own "
        "account does not allow it to you.",
        hint="`task-deploy policy --bucket-owner` prints what the owner has to add to the bucket's policy, and "
        "`task-deploy policy --deployer` what you need yourself.",
    )
