"""What is in a bucket: counting it, and removing all of it before the bucket goes."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from task_deployer.errors import ResourceError
from task_deployer.refusals import code_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mypy_boto3_s3.type_defs import ErrorTypeDef, ObjectIdentifierTypeDef

    from task_deployer.aws import Aws

COUNTED = 10_000
"""Counting stops here: whoever asks wants to know whether there is much, not exactly how much."""

_PAGE = 1000  # what ListObjectVersions gives and DeleteObjects takes at the most
_PAUSES = (1, 2, 4, 8, 16)  # seconds after each round in which S3 put some deletions off; a writer may be at work too
_PUT_OFF = {"InternalError", "SlowDown", "ServiceUnavailable", "OperationAborted"}


def count(aws: "Aws", bucket: str) -> int:
    """Count object versions and delete markers, up to COUNTED. A bucket that is gone holds none."""
    total = 0
    try:
        for page in _pages(aws, bucket):
            total += len(page)
            if total >= COUNTED:
                return COUNTED
    except ClientError as error:
        if code_of(error) != "NoSuchBucket":
            raise
    return total


def empty(aws: "Aws", bucket: str) -> None:
    """Remove all versions, delete markers and unfinished multipart uploads.

    Raises `ResourceError` with the first key that S3 will not delete (an object lock, a legal hold, a missing right),
    and when the bucket is filled as fast as it is emptied.
    """
    try:
        for pause in _PAUSES:
            _abort_uploads(aws, bucket)
            rounds = [_delete(aws, bucket, page) for page in _pages(aws, bucket)]
            if not rounds:
                return
            if not all(rounds):
                aws.patience.tell("S3 to take the deletions that it put off")
                aws.patience.sleep(pause)
    except ClientError as error:
        if code_of(error) == "NoSuchBucket":
            return
        raise
    if count(aws, bucket):
        raise ResourceError(
            f"The bucket {bucket} fills as fast as it is emptied",
            code="BucketNotEmpty",
            detail="Something still writes to it, or S3 keeps putting deletions off.",
            hint="Stop who writes to it, then run the same command again.",
        )


def _pages(aws: "Aws", bucket: str) -> "Iterator[list[ObjectIdentifierTypeDef]]":
    paginator = aws.s3.get_paginator("list_object_versions")
    for page in paginator.paginate(
        Bucket=bucket, ExpectedBucketOwner=aws.account.id, PaginationConfig={"PageSize": _PAGE}
    ):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if found:
            yield [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]


def _delete(aws: "Aws", bucket: str, objects: "list[ObjectIdentifierTypeDef]") -> bool:
    """Delete up to 1,000 versions in one call; False if S3 put some of them off.

    S3 answers 200 also where it deleted only some of them. A key with a character that XML cannot carry makes it refuse
    the whole call as MalformedXML; then they go one by one, since there the key is part of the URL.
    """
    try:
        answer = aws.s3.delete_objects(
            Bucket=bucket, ExpectedBucketOwner=aws.account.id, Delete={"Objects": objects, "Quiet": True}
        )
    except ClientError as error:
        if code_of(error) != "MalformedXML":
            raise
        for item in objects:
            aws.s3.delete_object(
                Bucket=bucket,
                ExpectedBucketOwner=aws.account.id,
                Key=item["Key"],
                VersionId=item.get("VersionId", "null"),
            )
        return True
    return _all_deleted(bucket, answer.get("Errors", []))


def _all_deleted(bucket: str, errors: "Sequence[ErrorTypeDef]") -> bool:
    """Whether nothing is left over; raises `ResourceError` if something of it will not go by trying again."""
    lasting = [error for error in errors if error.get("Code") not in _PUT_OFF | {"NoSuchVersion"}]
    if lasting:
        first = lasting[0]
        raise ResourceError(
            f"{len(lasting)} objects of the bucket {bucket} cannot be deleted, {first.get('Key')!r} the first of them",
            code=str(first.get("Code", "")),
            detail=str(first.get("Message", "")),
            hint="Remove the lock or hold, or get s3:DeleteObjectVersion, then run the same command again.",
        )
    return not any(error.get("Code") in _PUT_OFF for error in errors)


def _abort_uploads(aws: "Aws", bucket: str) -> None:
    owner = aws.account.id
    for page in aws.s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, ExpectedBucketOwner=owner):
        for upload in page.get("Uploads", []):
            try:
                aws.s3.abort_multipart_upload(
                    Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"], ExpectedBucketOwner=owner
                )
            except ClientError as error:
                if code_of(error) != "NoSuchUpload":  # it was completed or aborted meanwhile
                    raise
