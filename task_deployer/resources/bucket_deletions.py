"""Deleting a batch of object versions: what S3 puts off, what XML cannot carry, and what S3 will not delete."""

import re
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from task_deployer.errors import ResourceError
from task_deployer.refusals import code_of
from task_deployer.resources import object_locks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_s3.type_defs import ErrorTypeDef, ObjectIdentifierTypeDef

    from task_deployer.aws import Aws

_PAUSES = (1, 2, 4, 8, 16, 32)  # seconds before what S3 put off is tried again
_PUT_OFF = {"InternalError", "SlowDown", "ServiceUnavailable", "OperationAborted", "RequestTimeout"}
_GONE = {"NoSuchKey", "NoSuchVersion"}
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # XML 1.0, section 2.2: no form of them is allowed


def delete(aws: "Aws", bucket: str, batch: "Sequence[ObjectIdentifierTypeDef]") -> int:
    """Delete up to 1,000 versions, in one call if all goes well; returns how many there were.

    What S3 puts off is tried again for a minute. Keys that XML cannot carry go one by one: there the key is part of the
    URL. Raises `ResourceError` for what S3 will not delete, and if it does not stop putting off.
    """
    left = [item for item in batch if not _NOT_IN_XML.search(item["Key"])]
    for item in batch:
        if _NOT_IN_XML.search(item["Key"]):
            _delete_one(aws, bucket, item)
    for pause in _PAUSES:
        left = _delete_together(aws, bucket, left) if left else []
        if not left:
            return len(batch)
        aws.patience.tell("S3 to take the deletions that it put off")
        aws.patience.sleep(pause)
    raise ResourceError(
        f"S3 keeps putting off the deletion of {len(left)} objects of the bucket {bucket}",
        code="SlowDown",
        detail=f"It was asked {len(_PAUSES)} times within a minute; {left[0]['Key']!r} is the first of them.",
        hint="Run the same command again later: it goes on from here.",
    )


def _delete_together(
    aws: "Aws", bucket: str, batch: "list[ObjectIdentifierTypeDef]"
) -> "list[ObjectIdentifierTypeDef]":
    """Delete these in one call; returns those that S3 put off. S3 answers 200 also where it deleted only some of them.

    S3 refuses the whole of a call that it cannot parse as MalformedXML; then they go one by one.
    """
    try:
        answer = aws.s3.delete_objects(
            Bucket=bucket, ExpectedBucketOwner=aws.account.id, Delete={"Objects": batch, "Quiet": True}
        )
    except ClientError as error:
        if code_of(error) != "MalformedXML":
            raise
        for item in batch:
            _delete_one(aws, bucket, item)
        return []
    errors = [error for error in answer.get("Errors", []) if error.get("Code") not in _GONE]
    lasting = [error for error in errors if error.get("Code") not in _PUT_OFF]
    if lasting:
        raise object_locks.kept(aws, bucket, lasting, batch)
    return _about(errors, batch)


def _about(errors: "Sequence[ErrorTypeDef]", batch: "list[ObjectIdentifierTypeDef]") -> "list[ObjectIdentifierTypeDef]":
    """Those of the batch that the errors are about, every version where they name none; all if they fit none.

    A key alone would never do: where there is versioning, its deletion adds a delete marker.
    """
    named = {(error.get("Key"), error.get("VersionId")) for error in errors}
    found = [item for item in batch if {(item["Key"], item.get("VersionId")), (item["Key"], None)} & named]
    return found or (batch if errors else [])


def _delete_one(aws: "Aws", bucket: str, item: "ObjectIdentifierTypeDef") -> None:
    try:
        aws.s3.delete_object(
            Bucket=bucket,
            ExpectedBucketOwner=aws.account.id,
            Key=item["Key"],
            VersionId=item.get("VersionId", "null"),
        )
    except ClientError as error:
        if code_of(error) in _GONE:
            return
        raise
