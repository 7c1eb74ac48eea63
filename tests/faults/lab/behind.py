"""What stands behind the lab: the local AWS. The lab sends on to it what it lets through, and meddles itself."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from botocore import xform_name
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

from task_deployer.aws import Aws
from tests.faults.lab.call import Answer

_AT_ONCE = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
"""As botocore has it: otherwise a request with a body waits 40 ms for an acknowledgement."""


class Behind:
    """The local AWS itself, by clients of the lab's own that no fault meets."""

    def __init__(self, aws: Aws, session: URLLib3Session) -> None:
        self.aws = aws
        self._session = session
        self._last: list[AWSResponse] = []
        for client in clients_of(aws).values():
            client.meta.events.register("after-call", self._keep)

    def send(self, request: AWSPreparedRequest) -> Answer:
        """Send a request of the tool's on, and read what comes back."""
        return _answer(self._session.send(request))

    def raw(self, service: str, operation: str, params: Mapping[str, object]) -> Answer:
        """What AWS answers to this now, refusals too, as it comes."""
        with suppress(ClientError):
            getattr(clients_of(self.aws)[service], xform_name(operation))(**params)
        return _answer(self._last.pop())

    def _keep(self, http_response: AWSResponse, **_: object) -> None:
        self._last[:] = [http_response]


def _answer(response: AWSResponse) -> Answer:
    return Answer(response.status_code, response.content, dict(response.headers))


def clients_of(aws: Aws) -> dict[str, BaseClient]:
    """The clients by what botocore's events call their services."""
    return {
        "s3": aws.s3,
        "iam": aws.iam,
        "lambda": aws.lambda_,
        "sqs": aws.sqs,
        "cloudwatch-logs": aws.logs,
        "eventbridge": aws.events,
    }


@contextmanager
def opened(aws: Aws) -> Iterator[Behind]:
    """Stand behind with these clients, and a connection of its own."""
    session = URLLib3Session(socket_options=[_AT_ONCE])  # type: ignore[list-item]  # the stubs are wrong
    try:
        yield Behind(aws, session)
    finally:
        session.close()
