"""What AWS's refusals mean to a user: which error of ours a client's error becomes, and what to do next."""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
)

from task_deployer.errors import CredentialsError, ResourceError, TaskDeployError

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
_CLOCK = {"RequestTimeTooSkewed"}
FORBIDDEN = {"403", "AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}

_SERVICES = {"CloudWatch Logs": "logs"}
_ACTIONS = {
    "HeadBucket": "s3:ListBucket",
    "GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "GetBucketCors": "s3:GetBucketCORS",
    "PutBucketCors": "s3:PutBucketCORS",
    "DeleteBucketCors": "s3:PutBucketCORS",
    "GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "PutBucketNotificationConfiguration": "s3:PutBucketNotification",
    "ListObjectVersions": "s3:ListBucketVersions",
    "DeleteObjects": "s3:DeleteObjectVersion",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
}


def code_of(error: ClientError) -> str:
    """AWS's error code. HEAD answers have no body: their code is the HTTP status, as in `404`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: ClientError) -> str:
    """AWS's error text."""
    return str(error.response.get("Error", {}).get("Message", ""))


def action_of(error: ClientError, service: str) -> str:
    """The IAM action that the failed operation needs. Where the two names differ, AWS's service reference says so."""
    return _ACTIONS.get(error.operation_name, f"{service}:{error.operation_name}")


def explain(error: ClientError | BotoCoreError | HTTPClientError, address: str | None = None) -> TaskDeployError:
    """Turn a client's error into one of ours, with what to do next. The caller raises it `from` the client's."""
    if isinstance(error, ClientError):
        return _explain_answer(error, address)
    if isinstance(error, NoCredentialsError):
        return CredentialsError("There are no AWS credentials", detail=str(error), address=address)
    if isinstance(error, (EndpointConnectionError, ConnectTimeoutError)):
        endpoint = getattr(error, "kwargs", {}).get("endpoint_url", "")
        return ResourceError(
            f"The endpoint {endpoint} cannot be reached",
            code=type(error).__name__,
            detail=str(error),
            hint="Check the network, the region's name, and --endpoint-url or AWS_ENDPOINT_URL if one is set.",
            address=address,
        )
    return ResourceError(str(error), code=type(error).__name__, address=address)


def _explain_answer(error: ClientError, address: str | None) -> TaskDeployError:
    code, message = code_of(error), message_of(error)
    if code in _BAD_CREDENTIALS:
        return CredentialsError(
            f"AWS does not accept the credentials ({code})",
            detail=message,
            hint="Log in again (`aws sso login` or `aws configure`), then run the same command: it goes on from here.",
            address=address,
        )
    if code in _CLOCK:
        return CredentialsError(
            "This machine's clock is wrong",
            detail=message,
            hint="Set the clock; AWS allows 5 minutes.",
            address=address,
        )
    return ResourceError(
        f"{error.operation_name} failed: {message or code}",
        code=code,
        detail=_request(error),
        hint=_hint(error, code),
        address=address,
    )


def _request(error: ClientError) -> str:
    request = error.response.get("ResponseMetadata", {}).get("RequestId", "")
    return f"AWS error code {code_of(error)}" + (f", request id {request}" if request else "")


def _hint(error: ClientError, code: str) -> str:
    if code in FORBIDDEN:
        operation = error.operation_name
        return f"Whoever runs this needs the IAM action for {_ACTIONS.get(operation, operation)}: see `task-deploy policy --deployer`."
    return ""
