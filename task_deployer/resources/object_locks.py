"""Why S3 will not delete an object: a legal hold, a lock and until when, or a right that is missing."""

import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError

from task_deployer.errors import ResourceError
from task_deployer.refusals import code_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_s3.type_defs import ErrorTypeDef, ObjectIdentifierTypeDef

    from task_deployer.aws import Aws

T = TypeVar("T")

_AGAIN = "then run the same command again."
_READING = "the rights s3:GetObjectRetention and s3:GetObjectLegalHold"
_NONE = {  # a bucket without object locks, a version without one, a delete marker, a version that is gone
    "InvalidRequest",
    "ObjectLockConfigurationNotFoundError",
    "NoSuchObjectLockConfiguration",
    "MethodNotAllowed",
    "NoSuchKey",
    "NoSuchVersion",
}


def kept(
    aws: "Aws", bucket: str, errors: "Sequence[ErrorTypeDef]", batch: "Sequence[ObjectIdentifierTypeDef]"
) -> ResourceError:
    """Tell what S3 will not delete: how many of this batch, the first of them, what holds it, and what to do."""
    first = errors[0]
    key = first.get("Key", "")
    version = first.get("VersionId") or next((i.get("VersionId", "null") for i in batch if i["Key"] == key), "null")
    said = f"{first.get('Code', '')}: {first.get('Message', '')}".strip(": ")
    detail, hint = _reason(aws, bucket, key, version)
    number = "An object" if len(errors) == 1 else f"{len(errors)} objects"
    return ResourceError(
        f"{number} of the bucket {bucket} cannot be deleted: {key!r}" + ("" if len(errors) == 1 else " is the first"),
        code=str(first.get("Code", "")),
        detail=f"Its version is {version}. {detail}\nS3 says: {said}",
        hint=hint,
    )


def _reason(aws: "Aws", bucket: str, key: str, version: str) -> tuple[str, str]:
    """What holds a version, and what to do about it. Reads both that may: a lock that ends leaves a hold behind."""
    which = f"--bucket {bucket} --key {shlex.quote(key)} --version-id {version}"
    try:
        hold = _unless_none(lambda: _hold(aws, bucket, key, version), otherwise=False)
        mode, until = _unless_none(lambda: _lock(aws, bucket, key, version), otherwise=("", ""))
    except ClientError as error:
        return (
            f"Whether a lock or a hold is on it cannot be read ({code_of(error)}); {_READING} would tell.",
            f"End the lock or hold, or get s3:DeleteObjectVersion where a policy refuses it; {_AGAIN}",
        )
    if hold:
        also = f", and an object lock ({mode}) until {until}" if mode else ""
        lift = f"aws s3api put-object-legal-hold {which} --legal-hold Status=OFF"
        return f"A legal hold is on it{also}.", f"Lift it ({lift}), {_AGAIN}"
    if mode == "GOVERNANCE":
        bypass = f"aws s3api delete-object {which} --bypass-governance-retention"
        return (
            f"An object lock (GOVERNANCE) holds it until {until}.",
            f"Wait until then, or delete it with the right s3:BypassGovernanceRetention ({bypass}); {_AGAIN}",
        )
    if mode:
        return (
            f"An object lock ({mode}) holds it until {until}: nobody can end it before.",
            "Run this again after that, or leave the bucket with --keep-buckets, which forgets it.",
        )
    return (
        "Neither an object lock nor a legal hold is on it: the right to delete it is missing.",
        f"Get s3:DeleteObjectVersion, and look for a Deny in the bucket's policy and for MFA delete; {_AGAIN}",
    )


def _unless_none(read: Callable[[], T], *, otherwise: T) -> T:
    """What is read; the other value where S3 says, in one of its ways, that there is no such thing."""
    try:
        return read()
    except ClientError as error:
        if code_of(error) in _NONE:
            return otherwise
        raise


def _hold(aws: "Aws", bucket: str, key: str, version: str) -> bool:
    owner = aws.account.id
    found = aws.s3.get_object_legal_hold(Bucket=bucket, Key=key, VersionId=version, ExpectedBucketOwner=owner)
    return found.get("LegalHold", {}).get("Status") == "ON"


def _lock(aws: "Aws", bucket: str, key: str, version: str) -> tuple[str, str]:
    """The mode of the lock, and when it ends."""
    owner = aws.account.id
    found = aws.s3.get_object_retention(Bucket=bucket, Key=key, VersionId=version, ExpectedBucketOwner=owner)
    retention = found.get("Retention", {})
    until = retention.get("RetainUntilDate")
    return retention.get("Mode", ""), f"{until:%Y-%m-%d %H:%M} UTC" if until else ""
