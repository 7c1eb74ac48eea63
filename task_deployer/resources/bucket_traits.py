"""What somebody else's bucket is like, where that matters to who attaches to it. Only read: its owner decides on it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from task_deployer.aws import Aws
from task_deployer.refusals import code_of
from task_deployer.resources.base import Identity
from task_deployer.resources.bucket import account_of

MANAGED = "alias/aws/s3"
"""The key that AWS manages for S3: what encrypts where KMS is asked for and no key is named."""

_PARTS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


@dataclass(frozen=True)
class Trait:
    """One document of a bucket: its name with us, the IAM action that reads it, and the reading itself.

    Absence is an answer, too; what S3 refuses raises `ClientError`.
    """

    name: str
    action: str
    read: Callable[[Aws, Identity], str]


def _encryption(aws: Aws, identity: Identity) -> str:
    """The KMS key of the default encryption as its owner wrote it: ARN, id or alias; "" where KMS has no part."""
    try:
        answer = aws.s3.get_bucket_encryption(Bucket=identity["bucket"], ExpectedBucketOwner=account_of(aws, identity))
    except ClientError as error:
        if code_of(error) == "ServerSideEncryptionConfigurationNotFoundError":  # buckets had none before 2023
            return ""
        raise
    rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
    default: Mapping[str, object] = {**rules[0].get("ApplyServerSideEncryptionByDefault", {})} if rules else {}
    by_kms = str(default.get("SSEAlgorithm", "")).startswith("aws:kms")  # aws:kms:dsse encrypts twice with the same key
    return str(default.get("KMSMasterKeyID") or MANAGED) if by_kms else ""


def _versioning(aws: Aws, identity: Identity) -> str:
    """`Enabled`, `Suspended` (what was versioned stays), or "" for a bucket that never had it."""
    answer = aws.s3.get_bucket_versioning(Bucket=identity["bucket"], ExpectedBucketOwner=account_of(aws, identity))
    return str(answer.get("Status", ""))


def _open_parts(aws: Aws, identity: Identity) -> str:
    """The parts of the public access block that are off, with commas; without the document all four are."""
    try:
        answer = aws.s3.get_public_access_block(
            Bucket=identity["bucket"], ExpectedBucketOwner=account_of(aws, identity)
        )
    except ClientError as error:
        if code_of(error) == "NoSuchPublicAccessBlockConfiguration":
            return ", ".join(_PARTS)
        raise
    parts: Mapping[str, object] = {**answer["PublicAccessBlockConfiguration"]}
    return ", ".join(part for part in _PARTS if not parts.get(part))


ENCRYPTION = Trait("encryption", "s3:GetEncryptionConfiguration", _encryption)
VERSIONING = Trait("versioning", "s3:GetBucketVersioning", _versioning)
ACCESS_BLOCK = Trait("public access block", "s3:GetBucketPublicAccessBlock", _open_parts)
TRAITS = (ENCRYPTION, VERSIONING, ACCESS_BLOCK)
