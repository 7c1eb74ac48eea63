import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from task_deployer.resources.unmade import made_nothing


def refused(code: str, status: int = 400, retries: int = 0, operation: str = "CreateQueue") -> ClientError:
    """A refusal with the HTTP status, after so many tries of botocore's that failed."""
    metadata = {"HTTPStatusCode": status, "RetryAttempts": retries}
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": metadata}, operation)  # type: ignore[typeddict-item]  # what is read of it


@pytest.mark.parametrize(
    "error",
    [refused("AccessDenied", 403), refused("OverLimit", 403), refused("InvalidAttributeValue"), refused("401", 401)],
)
def test_a_refusal_says_that_nothing_was_made(error: ClientError) -> None:
    """Where AWS does not take the creating call at all, nothing can have come of it."""
    assert made_nothing(error, "CreateQueue")


@pytest.mark.parametrize(
    "error",
    [
        refused("InternalError", 500),
        refused("AccessDenied", 403, retries=1),
        refused("AccessDenied", 403, operation="ListQueueTags"),
        refused("QueueAlreadyExists"),
        refused("EntityAlreadyExists", 409),
        refused("BucketAlreadyOwnedByYou", 409),
        refused("OperationAborted", 409),
        refused("ConcurrentModification", 409),
        refused("ResourceConflictException", 409),
        refused("RequestTimeout"),
        ReadTimeoutError(endpoint_url="x"),
        None,
    ],
)
def test_what_may_have_been_made_is_no_refusal(error: Exception | None) -> None:
    """A lost answer, an error of the server's, a name that is taken or busy, another call: something may be there."""
    assert not made_nothing(error, "CreateQueue")
