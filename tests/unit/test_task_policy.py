import pytest

from task_deployer.config import BucketConfig
from task_deployer.policy import Statement, merge
from task_deployer.task_policy import Queues, statements

LOGS = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/media-dev-ingest"
QUEUE, FAILURES = "arn:aws:sqs:eu-central-1:123456789012:orders", "arn:aws:sqs:eu-central-1:123456789012:failures"
LISTS, READS, WRITES = "allowLambdaListS3", "allowLambdaReadS3", "allowLambdaWriteS3"


def bucket(name: str, mode: str, *, versioning: bool = False) -> tuple[str, BucketConfig]:
    """A bucket's ARN and settings."""
    return f"arn:aws:s3:::{name}", BucketConfig.model_validate({"mode": mode, "versioning": versioning})


def granted(
    *buckets: tuple[str, BucketConfig], topics: tuple[str, ...] = (), failures: tuple[str, ...] = ()
) -> dict[str, Statement]:
    """The statements that grant something, by id and in order."""
    return {s.sid: s for s in statements(LOGS, buckets, Queues(topics, failures)) if s.resources}


def test_logging_is_always_allowed() -> None:
    """A task may write to its own log group and the streams in it, and to no other."""
    assert granted() == {
        "AllowLambdaLogging": Statement(
            "AllowLambdaLogging",
            ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"),
            (LOGS, f"{LOGS}:*"),
        )
    }


@pytest.mark.parametrize(
    ("mode", "ids"), [("Read", [READS, LISTS]), ("Write", [WRITES]), ("ReadWrite", [READS, LISTS, WRITES])]
)
def test_a_mode_grants_what_it_says(mode: str, ids: list[str]) -> None:
    """Read grants reading and listing, Write grants writing, ReadWrite both; nothing else."""
    assert list(granted(bucket("b", mode))) == ["AllowLambdaLogging", *ids]


def test_objects_and_buckets_are_told_apart() -> None:
    """Object actions are on the objects, and listing is on the bucket: the other way round they grant nothing."""
    found = granted(bucket("b", "ReadWrite"))
    assert (found[READS].actions, found[READS].resources) == (("s3:GetObject",), ("arn:aws:s3:::b/*",))
    assert (found[LISTS].actions, found[LISTS].resources) == (("s3:ListBucket",), ("arn:aws:s3:::b",))
    assert found[WRITES].actions == ("s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload")
    assert found[WRITES].resources == ("arn:aws:s3:::b/*",)


def test_buckets_share_a_statement() -> None:
    """All buckets that need a statement share it, each once, in the order of the config."""
    found = granted(bucket("r", "Read"), bucket("w", "Write"), bucket("rw", "ReadWrite"), bucket("r", "Read"))
    assert found[READS].resources == ("arn:aws:s3:::r/*", "arn:aws:s3:::rw/*")
    assert found[LISTS].resources == ("arn:aws:s3:::r", "arn:aws:s3:::rw")
    assert found[WRITES].resources == ("arn:aws:s3:::w/*", "arn:aws:s3:::rw/*")


def test_versions_are_read_where_there_are_any() -> None:
    """Reading versions is granted on versioned buckets that are read, alone."""
    found = granted(
        bucket("plain", "Read"), bucket("kept", "Read", versioning=True), bucket("out", "Write", versioning=True)
    )
    versions = found["allowLambdaReadS3Versions"]
    assert (versions.actions, versions.resources) == (("s3:GetObjectVersion",), ("arn:aws:s3:::kept/*",))


def test_exactly_the_named_topics_are_granted() -> None:
    """A task may send to the queues that it names and to its failure queue, by two statements."""
    found = granted(topics=(QUEUE, f"{QUEUE}-2", QUEUE), failures=(FAILURES,))
    assert found["AllowLambdaSendSQS"].resources == (QUEUE, f"{QUEUE}-2")
    assert found["AllowLambdaSendFailures"].resources == (FAILURES,)
    assert found["AllowLambdaSendSQS"].actions == found["AllowLambdaSendFailures"].actions == ("sqs:SendMessage",)


def test_the_order_of_everything() -> None:
    """The merged document has the statements in the order that is promised, and no empty list."""
    everything = statements(LOGS, [bucket("b", "ReadWrite", versioning=True)], Queues((QUEUE,), (FAILURES,)))
    rendered = merge(everything)["Statement"]
    assert isinstance(rendered, list)
    assert [item["Sid"] for item in rendered] == [
        "AllowLambdaLogging",
        "allowLambdaReadS3",
        "allowLambdaReadS3Versions",
        "allowLambdaListS3",
        "allowLambdaWriteS3",
        "AllowLambdaSendSQS",
        "AllowLambdaSendFailures",
    ]
    assert all(item["Action"] and item["Resource"] for item in rendered)
