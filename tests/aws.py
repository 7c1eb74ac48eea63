"""An AWS for tests: the embedded local AWS over HTTP, the tool's own clients for it, and faults put in between.

The local AWS is moto with its known gaps closed, so it validates notification destinations, keeps tags given at
creation and refuses a statement id that exists. What it cannot do is put in at botocore's event layer, on the real
clients: the answer of a call is replaced, lost, or the process "dies" before or after it.
"""

import io
import itertools
import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.httpsession import URLLib3Session

from task_deployer.aws import Aws, connect
from task_deployer.local import process
from task_deployer.retry import Patience
from task_deployer.session import Access

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.hooks import BaseEventHooks

REGION = "eu-central-1"
READS = ("Get", "List", "Head", "Describe", "Simulate")


@pytest.fixture(scope="session")
def endpoint_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One local AWS for all tests of a worker."""
    root = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield process.start(root).endpoint_url
        process.stop(root)


@pytest.fixture(scope="session")
def shared_aws(endpoint_url: str) -> Iterator[Aws]:
    """The tool's clients, made once: that takes longer than most tests."""
    aws = connect(access(endpoint_url), REGION)
    yield aws
    for client in clients(aws):
        client.close()


@pytest.fixture
def aws(shared_aws: Aws) -> Aws:
    """The same clients, whose waits end at once."""
    return shared_aws.waiting_with(Patience(sleep=lambda _: None))


def access(endpoint_url: str) -> Access:
    """How to reach the local AWS."""
    return Access(endpoint_url=endpoint_url, credentials=(process.ACCESS_KEY, process.SECRET_KEY))


def clients(aws: Aws) -> "tuple[BaseClient, ...]":
    """All the clients, also those that are made late."""
    rare: list[BaseClient] = [aws.rare(service) for service in ("kms", "resourcegroupstaggingapi", "sns")]  # type: ignore[misc]  # clients
    return (aws.s3, aws.iam, aws.lambda_, aws.sqs, aws.logs, aws.events, *rare)


def new_name() -> str:
    """A name that nothing has yet, whoever else works on the same AWS."""
    return f"t{uuid.uuid4().hex[:10]}"


class Crash(BaseException):
    """The process dies. No `except Exception` may live through it."""


@dataclass(frozen=True)
class Fault:
    """An answer of AWS's in place of the real one. `error` holds what goes with code and message."""

    status: int
    code: str = ""
    message: str = ""
    error: Mapping[str, str] = field(default_factory=dict)

    def render(self, service: str) -> tuple[dict[str, str], str]:
        """Headers and body as the service's protocol has them."""
        parts = {"Code": self.code, "Message": self.message, **self.error}
        xml = "".join(f"<{key}>{value}</{key}>" for key, value in parts.items())
        match service:
            case _ if not self.code:
                return {}, ""
            case "s3":
                return {}, f"<Error>{xml}</Error>"
            case "iam" | "sns":
                return {}, f"<ErrorResponse><Error>{xml}</Error><RequestId>r</RequestId></ErrorResponse>"
            case "sqs":
                short = self.code.rpartition(".")[2]
                body = json.dumps({"__type": f"com.amazonaws.sqs#{short}", "message": self.message})
                return {"x-amzn-query-error": f"{self.code};Sender"}, body
            case _:
                return {"x-amzn-errortype": self.code}, json.dumps({"__type": self.code, "message": self.message})


@dataclass(frozen=True)
class Given(Fault):
    """An answer with just this body."""

    body: str = ""

    def render(self, service: str) -> tuple[dict[str, str], str]:  # noqa: ARG002 - the body is the service's own
        """Headers and body."""
        return {}, self.body


class _Body(io.BytesIO):
    def stream(self, **_: object) -> Iterator[bytes]:
        """Gives all of it, as urllib3's response does."""
        yield self.read()


def response(url: str, status: int, headers: Mapping[str, str], body: str | bytes) -> AWSResponse:
    """An answer as it comes from the network, not yet read."""
    given = HTTPHeaders()
    for key, value in headers.items():
        given.add_header(key, value)
    return AWSResponse(url, status, given, _Body(body if isinstance(body, bytes) else body.encode()))


@dataclass(frozen=True)
class Asked:
    """What the tool asked AWS while it was watched, in order, repeated ones too: service and operation."""

    calls: list[tuple[str, str]] = field(default_factory=list)

    @property
    def operations(self) -> list[str]:
        """The operations alone."""
        return [operation for _, operation in self.calls]

    @property
    def mutating(self) -> list[str]:
        """The operations that may change something at AWS."""
        return [name for name in self.operations if not name.startswith(READS)]

    def count(self, operation: str) -> int:
        """How often this was sent."""
        return self.operations.count(operation)


@contextmanager
def watched(aws: Aws) -> Iterator[Asked]:
    """Note every request that is sent."""
    asked = Asked()

    def note(event_name: str, **_: object) -> None:
        service, operation = event_name.split(".")[1:]
        asked.calls.append((service, operation))

    with _listening(aws, "before-send", note):
        yield asked


@contextmanager
def answering(aws: Aws, operation: str, *faults: Fault) -> Iterator[None]:
    """Answer the next requests of an operation so, one after the other; those after them reach AWS."""
    left = list(faults)

    def answer(event_name: str, request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        service, name = event_name.split(".")[1:]
        if name != operation or not left:
            return None
        fault = left.pop(0)
        return response(request.url, fault.status, *fault.render(service))

    with _listening(aws, "before-send", answer):
        yield
    assert not left, f"{operation} was called too seldom for its faults"


@contextmanager
def answering_until(aws: Aws, end: str, operation: str, fault: Fault) -> Iterator[None]:
    """Answer every request of an operation so, until a request of another one, the `end`, was sent."""
    ended: list[str] = []

    def answer(event_name: str, request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        service, name = event_name.split(".")[1:]
        ended.extend([name] if name == end else [])
        return None if name != operation or ended else response(request.url, fault.status, *fault.render(service))

    with _listening(aws, "before-send", answer):
        yield
    assert ended, f"{end} was not called"


@contextmanager
def simulated(aws: Aws, operation: str, made: Callable[[Mapping[str, list[str]]], Fault]) -> Iterator[None]:
    """Answer every request of an operation of the query protocol by what is made of its parameters."""

    def answer(event_name: str, request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        service, name = event_name.split(".")[1:]
        if name != operation:
            return None
        assert isinstance(request.body, bytes | str)
        body = request.body if isinstance(request.body, str) else request.body.decode()
        fault = made(parse_qs(body))
        return response(request.url, fault.status, *fault.render(service))

    with _listening(aws, "before-send", answer):
        yield


@contextmanager
def losing_the_answer(aws: Aws, operation: str, meanwhile: Callable[[], object] = bool) -> Iterator[None]:
    """Let the next request of an operation do its work, and answer 503: botocore sends most of them again.

    `meanwhile` is what somebody else does before that answer comes.
    """
    lost: list[str] = []
    with ExitStack() as stack:
        session = URLLib3Session()
        stack.callback(session.close)

        def answer(event_name: str, request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
            if event_name.rpartition(".")[2] != operation or lost:
                return None
            lost.append(operation)
            session.send(request)
            meanwhile()
            return response(request.url, 503, {}, "")

        stack.enter_context(_listening(aws, "before-send", answer))
        yield
    assert lost, f"{operation} was not called"


@contextmanager
def crashing(aws: Aws, when: str, number: int) -> Iterator[list[str]]:
    """Die before (`before-call`) or after (`after-call`) the mutating call of this number; yields those made so far.

    After the first death every further call dies too: a dead process makes none.
    """
    calls: list[str] = []
    numbers = itertools.count()
    dead: list[bool] = []

    def die(event_name: str, **_: object) -> None:
        name = event_name.rpartition(".")[2]
        if dead:
            raise Crash(name)
        if not name.startswith(READS):
            calls.append(name)
            if next(numbers) == number:
                dead.append(True)
                raise Crash(name)

    with _listening(aws, when, die):
        yield calls


@contextmanager
def _listening(aws: Aws, event: str, listener: Callable[..., object]) -> Iterator[None]:
    emitters: Sequence[BaseEventHooks] = [client.meta.events for client in clients(aws)]
    for emitter in emitters:
        emitter.register_first(event, listener)  # type: ignore[arg-type]  # the stubs know no listener that answers
    try:
        yield
    finally:
        for emitter in emitters:
            emitter.unregister(event, listener)  # type: ignore[arg-type]  # the same
