"""Who may be filling a bucket that is being emptied: what can be known of it from here."""

from contextlib import suppress
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from task_deployer.errors import ResourceError
from task_deployer.resources.notification_document import entries_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from task_deployer.aws import Aws

NOT_EMPTY = "BucketNotEmpty"


def refilled(aws: "Aws", bucket: str) -> ResourceError:
    """Tell that a bucket fills again and again, what came last, and where its writer may be found."""
    return ResourceError(
        f"The bucket {bucket} fills as fast as it is emptied",
        code=NOT_EMPTY,
        detail="\n".join(_known(aws, bucket)),
        hint="Stop who writes to it, then run the same command again. CloudTrail's data events name the writer; "
        "--keep-buckets leaves the bucket and forgets it.",
    )


def _known(aws: "Aws", bucket: str) -> "Iterator[str]":
    """What can be known. Where a right is missing for a read its line is left out: the refill is the error to tell."""
    with suppress(ClientError):
        newest = _newest(aws, bucket)
        if newest:
            yield f"Written last: {newest}."
    yield "An invocation that was under way when its function was deleted may go on writing for up to 15 minutes."
    with suppress(ClientError):
        document = aws.s3.get_bucket_notification_configuration(Bucket=bucket, ExpectedBucketOwner=aws.account.id)
        others = sorted({entry.destination for entry in entries_in(document)})
        if others:
            yield f"Its notifications go to {', '.join(others)}: whoever is fed by them may write back."
    yield "Else it is somebody whom a role or the bucket's policy lets in, or a service: logs, inventory, replication."


def _newest(aws: "Aws", bucket: str) -> str:
    """The newest version on the first page of the listing, which is all of them in a bucket that was just emptied."""
    page = aws.s3.list_object_versions(Bucket=bucket, ExpectedBucketOwner=aws.account.id)
    written = [(item["LastModified"], item["Key"]) for item in page.get("Versions", [])]
    return "{1!r} at {0:%Y-%m-%d %H:%M:%S} UTC".format(*max(written)) if written else ""
