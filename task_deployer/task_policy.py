"""What a task may do: the statements that its role needs, and what its runtime is told of it. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from task_deployer.config import BucketConfig
from task_deployer.encryption import NOTHING, Found, key_statements
from task_deployer.policy import Statement

_READERS, _WRITERS = ("Read", "ReadWrite"), ("Write", "ReadWrite")


@dataclass(frozen=True)
class Queues:
    """The ARNs of the queues that a task has to do with: it sends to `topics` and `failures`, `events` come from."""

    topics: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    events: tuple[str, ...] = ()


def statements(
    log_group_arn: str,
    buckets: Sequence[tuple[str, BucketConfig]],
    queues: Queues,
    found: Found = NOTHING,
) -> Iterator[Statement]:
    """Make the statements. Buckets are pairs of ARN and settings; those that need one statement share it.

    Object actions are on `bucket/*`: on the bucket's own ARN they would grant nothing. ListBucket is on the bucket:
    without it S3 answers 403 for a missing key instead of 404. `found` is what AWS told of the things of others.
    """
    readers = [(arn, settings) for arn, settings in buckets if settings.mode in _READERS]
    writers = [arn for arn, settings in buckets if settings.mode in _WRITERS]
    versioned = [arn for arn, settings in readers if settings.versioning or arn in found.versioned]
    yield Statement(
        "AllowLambdaLogging",
        ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"),
        (log_group_arn, f"{log_group_arn}:*"),
    )
    yield Statement("allowLambdaReadS3", ("s3:GetObject",), _objects([arn for arn, _ in readers]))
    yield Statement("allowLambdaReadS3Versions", ("s3:GetObjectVersion",), _objects(versioned))
    yield Statement("allowLambdaListS3", ("s3:ListBucket",), _once([arn for arn, _ in readers]))
    yield Statement(
        "allowLambdaWriteS3", ("s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"), _objects(writers)
    )
    yield Statement("AllowLambdaSendSQS", ("sqs:SendMessage",), _once(queues.topics))
    yield Statement("AllowLambdaSendFailures", ("sqs:SendMessage",), queues.failures)
    # What Lambda checks when the event source mapping is made (Lambda guide, "Execution role permissions" of SQS).
    reads = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
    yield Statement("AllowLambdaReceiveSQS", reads, queues.events)
    yield from key_statements([arn for arn, _ in readers], [*writers, *queues.topics, *queues.failures], found)


def modes_of(buckets: Sequence[tuple[str, BucketConfig]]) -> dict[str, str]:
    """What the task may do with the objects of each bucket, by name; a bucket that is named twice adds up."""
    modes: dict[str, str] = {}
    for name, settings in buckets:
        modes[name] = settings.mode if modes.get(name, settings.mode) == settings.mode else "ReadWrite"
    return modes


def _objects(bucket_arns: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{arn}/*" for arn in _once(bucket_arns))


def _once(arns: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(arns))
