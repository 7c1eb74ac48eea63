"""One call of the tool, and what it is answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.aws import READS, Fault

_THINGS = (
    "Bucket",
    "FunctionName",
    "RoleName",
    "QueueName",
    "QueueUrl",
    "logGroupName",
    "Resource",
    "resourceArn",
    "Rule",
    "Name",
)


@dataclass(frozen=True)
class Call:
    """One request: the service as botocore's events name it, the operation, and what it was given."""

    service: str
    operation: str
    params: Mapping[str, object]

    def text(self, name: str) -> str:
        """The parameter of this name; empty if there is none."""
        return str(self.params.get(name, ""))

    @property
    def mutating(self) -> bool:
        """Whether it may change something."""
        return not self.operation.startswith(READS)

    @property
    def thing(self) -> str:
        """The name of what it is about, without URL or ARN around it."""
        found = next((self.text(name) for name in _THINGS if name in self.params), "")
        return found.rpartition("/")[2] if found.startswith("http") else found.rpartition(":")[2]


@dataclass(frozen=True)
class Answer:
    """What comes back. `label` says in the lab's log what it is."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    label: str = ""

    @property
    def good(self) -> bool:
        """Whether AWS did what it was asked."""
        return self.status < 300


def refused(call: Call, status: int, code: str, message: str, error: Mapping[str, str] | None = None) -> Answer:
    """AWS says no, in the words of the call's service. An answer to HEAD has no body."""
    if call.operation.startswith("Head"):
        return Answer(status, b"", label=f"{status}")
    headers, body = Fault(status, code, message, error or {}).render(call.service)
    return Answer(status, body.encode(), headers, code)


def throttled(call: Call) -> Answer:
    """AWS is asked too much: each service has its own status and code for that."""
    match call.service:
        case "lambda":
            return refused(call, 429, "TooManyRequestsException", "Rate exceeded")
        case "iam":
            return refused(call, 400, "Throttling", "Rate exceeded")
        case "s3":
            return refused(call, 503, "SlowDown", "Please reduce your request rate.")
        case "sqs":
            return refused(call, 403, "RequestThrottled", "Request is throttled.")
        case _:
            return refused(call, 400, "ThrottlingException", "Rate exceeded")


def forbidden(call: Call) -> Answer:
    """The caller lacks the right; Lambda, SQS and Logs name the code otherwise than S3 and IAM."""
    code = "AccessDenied" if call.service in ("s3", "iam") else "AccessDeniedException"
    text = f"User: arn:aws:iam::123456789012:user/deployer is not authorized to perform: {call.operation}"
    return refused(call, 403, code, text)
