"""Why S3 will not delete an object: a legal hold, a lock and until when, or a right that is missing."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError

from task_deployer.errors import ResourceError
from task_deployer.refusals import CALL_ERRORS, code_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_s3.type_defs import ErrorTypeDef, ObjectIdentifierTypeDef

    from task_deployer.aws import Aws

T = TypeVar("T")

_AGAIN = "then run the same command again."
_NONE = {  # a bucket without object locks, a version without one, a delete marker, a version that is gone
    "InvalidRequest",
    "ObjectLockConfigurationNotFoundError",
    "NoSuchObjectLockConfiguration",
    "MethodNotAllowed",
    "NoSuchKey",
    "NoSuchVersion",
}


@dataclass(frozen=True)
class _Lock:
    """An object lock: its mode, and when it ends."""

    mode: str
    until: str

    def __str__(self) -> str:
        return f"until {self.until} ({self.mode})"


_UNLOCKED = _Lock("", "")


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
    """What holds a version, and what to do about it. Either read may be refused: that is no sign of absence."""
    which = f"--bucket {bucket} --key {shlex.quote(key)} --version-id {version}"
    hold = _known(lambda: _hold(aws, bucket, key, version), otherwise=False)
    lock = _known(lambda: _lock(aws, bucket, key, version), otherwise=_UNLOCKED)
    if hold:
        also = f", and an object lock {lock}" if lock and lock.mode else ""
        lift = f"aws s3api put-object-legal-hold {which} --legal-hold Status=OFF"
        return f"A legal hold is on it{also}.", f"Lift it ({lift}), {_AGAIN}"
    if lock and lock.mode:
        return _locked(lock, which)
    if hold is None or lock is None:
        return (
            "Whether a lock or a hold is on it cannot be read without the rights s3:GetObjectRetention and "
            "s3:GetObjectLegalHold."
        ), f"End the lock or hold, or get s3:DeleteObjectVersion where a policy refuses it; {_AGAIN}"
    return (
        "Neither an object lock nor a legal hold is on it: the right to delete it is missing.",
        f"Get s3:DeleteObjectVersion, and look for a Deny in the bucket's policy and for MFA delete; {_AGAIN}",
    )


def _locked(lock: _Lock, which: str) -> tuple[str, str]:
    if lock.mode == "GOVERNANCE":
        bypass = f"aws s3api delete-object {which} --bypass-governance-retention"
        advice = f"Wait until then, or delete it with the right s3:BypassGovernanceRetention ({bypass}); {_AGAIN}"
        return f"An object lock holds it {lock}.", advice
    advice = "Run this again after that, or leave the bucket with --keep-buckets, which forgets it."
    return f"An object lock holds it {lock}; nobody can end it before.", advice


def _known(read: Callable[[], T], *, otherwise: T) -> T | None:
    """What is read; `otherwise` where S3 says, in one of its ways, that there is none; None where it refuses to say."""
    try:
        return read()
    except CALL_ERRORS as error:
        return otherwise if isinstance(error, ClientError) and code_of(error) in _NONE else None


def _hold(aws: "Aws", bucket: str, key: str, version: str) -> bool:
    owner = aws.account.id
    found = aws.s3.get_object_legal_hold(Bucket=bucket, Key=key, VersionId=version, ExpectedBucketOwner=owner)
    return found.get("LegalHold", {}).get("Status") == "ON"


def _lock(aws: "Aws", bucket: str, key: str, version: str) -> _Lock:
    owner = aws.account.id
    found = aws.s3.get_object_retention(Bucket=bucket, Key=key, VersionId=version, ExpectedBucketOwner=owner)
    retention = found.get("Retention", {})
    until = retention.get("RetainUntilDate")
    return _Lock(retention.get("Mode", ""), f"{until:%Y-%m-%d %H:%M} UTC" if until else "")
