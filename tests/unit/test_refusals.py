import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    PaginationError,
    PartialCredentialsError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from task_deployer.errors import CredentialsError, ResourceError
from task_deployer.refusals import code_of, explain, message_of


def answer(code: str, message: str = "", operation: str = "CreateRole") -> ClientError:
    """An error answer of AWS's."""
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"RequestId": "r-1"}},  # type: ignore[typeddict-item]  # what is read of it
        operation,
    )


def test_code_and_message() -> None:
    """Code and message are AWS's; an answer that has neither gives empty ones."""
    assert (code_of(answer("Throttling", "slow")), message_of(answer("Throttling", "slow"))) == ("Throttling", "slow")
    assert (code_of(ClientError({}, "X")), message_of(ClientError({}, "X"))) == ("", "")


def test_an_answer_is_told_in_full() -> None:
    """A refusal tells the operation, AWS's words, its code and the request's id, and exits 1."""
    error = explain(answer("LimitExceeded", "too many roles"), "role.ingest")
    assert isinstance(error, ResourceError)
    assert (error.summary, error.detail) == (
        "CreateRole failed: too many roles",
        "AWS error code LimitExceeded, request id r-1",
    )
    assert (error.code, error.address, error.exit_code) == ("LimitExceeded", "role.ingest", 1)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("LimitExceededException", "The requested resource exceeds the maximum number allowed."),
        ("LimitExceededException", "Resource limit exceeded"),
        ("LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000."),
        ("TooManyBuckets", "You have attempted to create more buckets than allowed"),
    ],
)
def test_a_quota_is_told_as_one(code: str, message: str) -> None:
    """Who meets a quota of the account hears that waiting changes nothing, and what does."""
    assert "This is a quota of the account, which waiting does not change" in explain(answer(code, message)).hint


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (
            answer("AccessDenied", "User: u is not authorized to perform: iam:CreateRole on resource: x"),
            "iam:CreateRole",
        ),
        (answer("AccessDenied", "Access Denied", "PutBucketCors"), "s3:PutBucketCORS"),
        (answer("403", "Forbidden", "HeadBucket"), "s3:ListBucket"),
        (answer("AccessDenied", "no", "CreateBucket"), "for CreateBucket"),
    ],
)
def test_a_missing_right_is_named(error: ClientError, action: str) -> None:
    """Whoever is forbidden something hears which IAM action that takes, and what prints the whole policy."""
    assert f"needs the IAM action {action}: see `task-deploy policy --deployer`" in explain(error).hint


@pytest.mark.parametrize(
    "error",
    [
        answer("ExpiredToken"),
        answer("ExpiredTokenException"),
        answer("InvalidClientTokenId"),
        answer("UnrecognizedClientException"),
        answer("SignatureDoesNotMatch"),
        answer("RequestTimeTooSkewed"),
        NoCredentialsError(),
        PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
        CredentialRetrievalError(provider="custom-process", error_msg="it failed"),
        SSOTokenLoadError(error_msg="no token"),
        UnauthorizedSSOTokenError(),
        TokenRetrievalError(provider="sso", error_msg="expired"),
    ],
)
def test_bad_credentials_exit_3_with_advice(error: ClientError | BotoCoreError) -> None:
    """Missing, wrong or expired credentials, and a clock that is off, are one sort of error, and say what to do."""
    explained = explain(error)
    assert isinstance(explained, CredentialsError)
    assert (explained.exit_code, bool(explained.hint)) == (3, True)


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="http://localhost:1"),
        ConnectTimeoutError(endpoint_url="http://localhost:1"),
        ConnectionClosedError(endpoint_url="http://localhost:1"),
        ReadTimeoutError(endpoint_url="http://localhost:1", error="slow"),
        ProxyConnectionError(proxy_url="p", endpoint_url="http://localhost:1", error="refused"),
    ],
)
def test_an_endpoint_that_cannot_be_reached_is_named(error: BotoCoreError) -> None:
    """Who cannot be reached is told by address, with where that address may come from."""
    explained = explain(error)
    assert "http://localhost:1" in explained.summary
    assert ("--endpoint-url" in explained.hint, explained.exit_code) == (True, 1)


def test_any_other_failure_keeps_its_words() -> None:
    """What has no meaning of its own is told as botocore says it, by its class."""
    explained = explain(PaginationError(message="the same token twice"), "function.a")
    assert isinstance(explained, ResourceError)
    assert (explained.code, explained.address) == ("PaginationError", "function.a")
    assert "the same token twice" in explained.summary
