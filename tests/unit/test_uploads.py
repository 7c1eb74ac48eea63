import os
import socket

import pytest
from botocore.awsrequest import AWSHTTPConnection, AWSPreparedRequest, AWSRequest
from botocore.exceptions import ConnectionClosedError
from urllib3.exceptions import ProtocolError

from task_deployer.refusals import explain
from task_deployer.uploads import send_in_pieces

URL = "https://lambda.eu-central-1.amazonaws.com/2015-03-31/functions"


class Line(socket.socket):
    """A line that takes all it is given, and notes how much at once."""

    taken: list[bytes]

    def sendall(self, data: bytes, flags: int = 0) -> None:  # type: ignore[override]  # noqa: ARG002 - socket's own
        """Take it."""
        self.taken.append(bytes(data))


def request(size: int) -> AWSPreparedRequest:
    """A request with so many bytes of body."""
    return AWSRequest("POST", URL, data=os.urandom(size)).prepare()


def broken(size: int, cause: Exception) -> ConnectionClosedError:
    """What botocore raises when a request with so many bytes is broken off."""
    error = ProtocolError("Connection aborted.", cause)
    return ConnectionClosedError(error=error, request=request(size), endpoint_url=URL)


def test_a_large_body_is_sent_in_pieces() -> None:
    """Each 16 KiB of a body have the socket's time-out for themselves, and all of it is sent, a second time too."""
    sent = request(100_000)
    body = sent.body
    send_in_pieces(sent)
    for _ in range(2):
        sent.reset_stream()
        with Line() as line:
            line.taken = []
            connection = AWSHTTPConnection("lambda")
            connection.sock = line
            connection.request("POST", "/", sent.body, {"Content-Length": "100000"})
            head, *pieces = line.taken
            assert b"POST / HTTP/1.1" in head
            assert body == b"".join(pieces)
            assert 16 * 1024 == max(map(len, pieces))


@pytest.mark.parametrize(
    "cause", [TimeoutError("The write operation timed out"), ConnectionResetError("reset by peer")]
)
def test_a_broken_upload_is_told_with_its_size(cause: Exception) -> None:
    """Whoever's upload breaks hears how large it was, what broke it, and what makes it smaller."""
    explained = explain(broken(26_666_799, cause), "function.ingest")
    assert "An upload of 26.7 MB was broken off" == explained.summary
    assert str(cause) in explained.detail
    assert URL in explained.detail
    assert "source folder" in explained.hint
    assert ("function.ingest", 1) == (explained.address, explained.exit_code)


def test_a_small_request_that_breaks_is_no_upload() -> None:
    """Where little was sent its size is not the reason, and the endpoint is named instead."""
    assert f"The endpoint {URL} gave no answer" == explain(broken(2_000, ConnectionResetError("reset"))).summary
