"""What S3 refuses of a bucket itself: its name, its region, its deletion; and what its author can do. Pure."""

from botocore.exceptions import ClientError

from task_deployer.errors import ResourceError
from task_deployer.forbidden import Denial, ForbiddenError
from task_deployer.resources.bucket_writers import NOT_EMPTY


def not_empty(name: str) -> ResourceError:
    """Something came into a bucket that was to be deleted."""
    return ResourceError(
        f"The bucket {name} is not empty",
        code=NOT_EMPTY,
        detail="Something was written to it after it was looked into. It was left as it is.",
        hint="Stop who writes to it; --empty-buckets deletes what is in it, --keep-buckets leaves the bucket.",
    )


def name_busy(name: str, waited: float) -> ResourceError:
    """S3 goes on to put the creation off: it does so for long after a bucket of the name was deleted.

    Minutes mostly, now and then an hour and more, longest where the region is another one.
    """
    return ResourceError(
        f"S3 does not let the bucket {name} be made: its name is still busy after {waited:.0f} seconds",
        code="OperationAborted",
        detail="A bucket of this name was probably deleted recently. S3 frees a name minutes later, sometimes after an "
        "hour or more, and later still for another region; meanwhile anybody may take it.",
        hint="Run the same command again in a while: it goes on from here. Or choose another name (`name` of the "
        "bucket in the config).",
    )


def forbidden_head(bucket_arn: str) -> ForbiddenError:
    """HEAD answers 403, and has no body that would say why."""
    words = (
        "S3 answers 403: it belongs to another account (then choose another name, or attach to it with `existing` and "
        "`owner`), or this right on it is missing."
    )
    return ForbiddenError(Denial("HeadBucket", "403", words, "s3:ListBucket", (bucket_arn,)))


def elsewhere(name: str, region: str, error: ClientError) -> ResourceError:
    """HEAD answers 301."""
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return ResourceError(
        f"The bucket {name} is in another region: {headers.get('x-amz-bucket-region', 'S3 does not say which')}",
        code="301",
        detail=f"This stack is deployed to {region}, and S3 invokes functions of the bucket's own region only.",
        hint="Deploy to that region, or choose another bucket.",
    )
