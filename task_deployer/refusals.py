"""What AWS's refusals mean to a user: which error of ours a client's error becomes, and what to do next."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore import exceptions
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectionError,  # noqa: A004 - botocore's, of which each failure to reach an endpoint is one
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    RefreshWithMFAUnsupportedError,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from task_deployer import forbidden
from task_deployer.errors import CredentialsError, ResourceError, TaskDeployError
from task_deployer.forbidden import ForbiddenError
from task_deployer.uploads import broken_off, cause_of_break, size_of_upload

if TYPE_CHECKING:
    from task_deployer.resources.rights import Rights

_BAD_CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "InvalidToken",
    "AuthFailure",
}
_CLOCK = {"RequestTimeTooSkewed", "RequestInTheFuture"}
_EXPIRED = "Signature expired"
_SKEWED = re.compile(f"{_EXPIRED}|Signature not yet current")  # what the others than S3 say of a clock that is wrong
_QUOTAS = {
    "LimitExceeded",
    "LimitExceededException",
    "TooManyBuckets",
    "CodeStorageExceededException",
    "PolicyLengthExceededException",
    "RequestEntityTooLargeException",
    "ServiceQuotaExceededException",
    "OverLimit",
}
_UNRESERVABLE = "decreases account's UnreservedConcurrentExecution"
_QUOTA_TEXT = re.compile(f"Resource limit exceeded|{_UNRESERVABLE}|Maximum policy size")

CALL_ERRORS = (ClientError, BotoCoreError, ResponseParserError)
"""All that a call may raise: AWS said no, it was not reached, or something else answered."""

UNREACHED = (ConnectionError, ConnectionClosedError, HTTPClientError)
"""No answer came: whether the call did its work is unknown."""

_UNSENT = (ConnectTimeoutError, EndpointConnectionError)

_THROTTLED = re.compile(
    "Throttl(ing|ed)(Exception)?|TooManyRequestsException|Request(Throttled|LimitExceeded)(Exception)?|SlowDown"
    "|BandwidthLimitExceeded|PriorRequestNotComplete|KmsThrottled"
)
_BROKEN = re.compile(
    "Internal(Error|Exception|Failure|ServerError)|Service(Exception|Failure|Unavailable(Exception)?)|RequestTimeout(Exception)?"
)
_UNKNOWN_CALL = 501  # what is not implemented now will not be in a minute
_TOO_MANY, _SERVERS = 429, 500  # HTTP: too many requests; the first of the server's own errors

_NO_CREDENTIALS = (NoCredentialsError, PartialCredentialsError)
_LoginError = getattr(exceptions, "LoginError", SSOError)  # `aws login` is younger than the oldest boto3 that we take
EXPIRED = (CredentialRetrievalError, SSOError, TokenRetrievalError, _LoginError, RefreshWithMFAUnsupportedError)
"""What logging in again mends: what gave the credentials gives none now."""

_GO_ON_HINT = "Correct what AWS names, if it is not only a matter of time, then run the same command again: it goes on."
_QUOTA_HINT = (
    "This is a quota of the account, which waiting does not change: ask for less in the config, remove what nobody "
    "needs, or ask AWS for more in Service Quotas."
)
LOG_IN = "Log in again (`aws sso login` or `aws configure`), then run the same command: it goes on from here."


def code_of(error: ClientError) -> str:
    """AWS's error code. HEAD answers have no body: their code is the HTTP status, as in `404`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: ClientError) -> str:
    """AWS's error text."""
    return str(error.response.get("Error", {}).get("Message", ""))


def is_answer(error: BaseException) -> bool:
    """Whether AWS was reached and said no."""
    return isinstance(error, ClientError)


def date_of(answer: Mapping[str, object] | BaseException | None) -> str:
    """When AWS answered, by its own clock: the Date header of an answer or of a refusal; empty if it has none."""
    response: object = answer.response if isinstance(answer, ClientError) else answer
    for key in ("ResponseMetadata", "HTTPHeaders", "date"):
        response = response.get(key) if isinstance(response, Mapping) else None
    return str(response or "")


def is_unreached(error: TaskDeployError) -> bool:
    """Whether it says that AWS gave no answer."""
    return isinstance(error.__cause__, UNREACHED)


def is_quota(error: ClientError) -> bool:
    """Whether the account may not have more of this: waiting does not help, whatever the code sounds like.

    CloudWatch Logs, EventBridge and KMS use for it a code that elsewhere means throttling: LimitExceededException. No
    service that is used here throttles with it (botocore's models of the services).
    """
    return code_of(error) in _QUOTAS or _QUOTA_TEXT.search(message_of(error)) is not None


def is_unreservable(error: ClientError) -> bool:
    """Whether Lambda would have less unreserved concurrency left than it keeps for the functions that reserve none."""
    return _UNRESERVABLE in message_of(error)


def is_signature_expired(error: ClientError) -> bool:
    """Whether the signature was too old when the whole request was there: the clock is wrong, or the line is slow."""
    return _EXPIRED in message_of(error)


def is_throttled(error: BaseException) -> bool:
    """Whether AWS has no time for us: throttling, or an error of its own. A quota is no such thing."""
    if not isinstance(error, ClientError) or is_quota(error):
        return False
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = code_of(error)
    told = _THROTTLED.fullmatch(code) is not None or _BROKEN.fullmatch(code) is not None
    return status == _TOO_MANY or (status >= _SERVERS and status != _UNKNOWN_CALL) or told


def leaves_open(error: BaseException) -> bool:
    """Whether the call may have done its work all the same: its answer was lost, or is an error of the server's own."""
    if isinstance(error, ClientError):
        return is_throttled(error) and _THROTTLED.fullmatch(code_of(error)) is None
    return isinstance(error, UNREACHED) and not isinstance(error, _UNSENT)


def explain(error: Exception, address: str | None = None) -> TaskDeployError:
    """Turn one of CALL_ERRORS into one of ours, with what to do next. The caller raises it `from` the client's."""
    if isinstance(error, ClientError):
        return _explain_answer(error, address)
    if isinstance(error, ResponseParserError):
        return ResourceError(
            "The endpoint gave an answer that is not AWS's",
            code=type(error).__name__,
            detail=str(error).partition("\n")[0][:300],
            hint="Something between here and AWS answers instead: a proxy, a login page, or a wrong --endpoint-url.",
            address=address,
        )
    if isinstance(error, _NO_CREDENTIALS):
        hint = "Run `aws configure` or `aws sso login`, or set AWS_PROFILE. Without an account: add --local."
        return CredentialsError("There are no AWS credentials", detail=str(error), hint=hint, address=address)
    if isinstance(error, EXPIRED):
        return CredentialsError("The AWS credentials cannot be had", detail=str(error), hint=LOG_IN, address=address)
    if isinstance(error, UNREACHED):
        return _explain_unreached(error, address)
    return ResourceError(str(error), code=type(error).__name__, address=address)


def _explain_unreached(
    error: ConnectionError | ConnectionClosedError | HTTPClientError, address: str | None
) -> ResourceError:
    size = size_of_upload(error)
    if size is not None:
        detail = f"{error} {cause_of_break(error)}".strip()
        return broken_off(size, type(error).__name__, detail, address)
    endpoint, refused = error.kwargs.get("endpoint_url", ""), isinstance(error, ConnectionError)
    return ResourceError(
        f"The endpoint {endpoint} " + ("cannot be reached" if refused else "gave no answer"),
        code=type(error).__name__,
        detail=_with_notes(str(error), error),
        hint="Check the network, the region's name, and --endpoint-url or AWS_ENDPOINT_URL if one is set; then run the "
        "same command again: it goes on.",
        address=address,
    )


def _explain_answer(error: ClientError, address: str | None) -> TaskDeployError:
    code, message = code_of(error), message_of(error)
    if code in _CLOCK or _SKEWED.search(message):
        return CredentialsError(
            "This machine's clock is wrong",
            detail=message,
            hint="Set the clock; AWS allows 5 minutes.",
            address=address,
        )
    if code in _BAD_CREDENTIALS:
        return CredentialsError(
            f"AWS does not accept the credentials ({code})",
            detail=message,
            hint=LOG_IN,
            address=address,
        )
    if code in forbidden.CODES:
        denial = forbidden.denial_of(error.operation_name, code, message)
        return ForbiddenError(denial, request=_request(error), address=address)
    return ResourceError(
        f"{error.operation_name} failed: {message or code}",
        code=code,
        detail=_with_notes(_request(error), error),
        hint=_QUOTA_HINT if is_quota(error) else _GO_ON_HINT,
        address=address,
    )


def _with_notes(detail: str, error: Exception) -> str:
    """The detail, and for how long it was waited before the error was given in to."""
    return ". ".join([detail, *dict.fromkeys(getattr(error, "__notes__", ()))])


def _request(error: ClientError) -> str:
    request = error.response.get("ResponseMetadata", {}).get("RequestId", "")
    return f"AWS error code {code_of(error)}" + (f", request id {request}" if request else "")


@contextmanager
def on_behalf_of(rights: "Rights", arns: tuple[str, ...]) -> Iterator[None]:
    """Tell a call that is forbidden within by the rights of the kind whose verb runs, and the ARNs they are about.

    Raises `ForbiddenError` for it, and lets every other error through.
    """
    try:
        yield
    except ForbiddenError as error:
        raise error.about(rights, arns) from error.__cause__
    except ClientError as error:
        explained = explain(error)
        if isinstance(explained, ForbiddenError):
            raise explained.about(rights, arns) from error
        raise
