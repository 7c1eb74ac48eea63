"""What is in a bucket: counting it, and removing all of it before the bucket goes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from task_deployer.errors import ResourceError
from task_deployer.refusals import code_of

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

    from task_deployer.aws import Aws

COUNTED = 10_000
"""Counting stops here: whoever asks wants to know whether there is much, not exactly how much."""

_PAGE = 1000  # what ListObjectVersions gives and DeleteObjects takes at the most
_ROUNDS = 5  # a writer may still be at work while we empty


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
        for _ in range(_ROUNDS):
            _abort_uploads(aws, bucket)
            found = False
            for page in _pages(aws, bucket):
                found = True
                _delete(aws, bucket, page)
            if not found:
                return
    except ClientError as error:
        if code_of(error) == "NoSuchBucket":
            return
        raise
    if count(aws, bucket):
        raise ResourceError(
            f"The bucket {bucket} fills as fast as it is emptied",
            code="BucketNotEmpty",
            detail="Something still writes to it.",
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


def _delete(aws: "Aws", bucket: str, objects: "list[ObjectIdentifierTypeDef]") -> None:
    """Delete up to 1,000 versions in one call. S3 answers 200 also where it deleted only some of them."""
    answer = aws.s3.delete_objects(
        Bucket=bucket, ExpectedBucketOwner=aws.account.id, Delete={"Objects": objects, "Quiet": True}
    )
    if errors := answer.get("Errors", []):
        first = errors[0]
        raise ResourceError(
            f"{len(errors)} objects of the bucket {bucket} cannot be deleted, {first.get('Key')!r} the first of them",
            code=str(first.get("Code", "")),
            detail=str(first.get("Message", "")),
            hint="Remove the lock or hold, or get s3:DeleteObjectVersion, then run the same command again.",
        )


def _abort_uploads(aws: "Aws", bucket: str) -> None:
    for page in aws.s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            aws.s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
