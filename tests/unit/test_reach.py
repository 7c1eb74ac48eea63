from collections.abc import Callable
from types import SimpleNamespace

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from botocore.session import Session

from task_deployer.reach import Reach
from tests.aws import response

URL = "https://sqs.eu-central-1.amazonaws.com/"


class Lost:
    """A line on which so many requests in a row are lost, each after so many seconds."""

    def __init__(self, error: Exception, seconds: float, times: int) -> None:
        self.sent = 0
        self.now = 0.0
        self._error, self._seconds, self._times = error, seconds, times

    def __call__(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        """Listen to `before-send`."""
        self.sent += 1
        if self.sent > self._times:
            return response(request.url, 200, {}, "{}")
        self.now += self._seconds
        raise self._error


@pytest.fixture
def list_queues(monkeypatch: pytest.MonkeyPatch) -> Callable[[Lost], Reach]:
    """Call SQS over such a line, with botocore's own repetitions but without its pauses."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))

    def call(line: Lost) -> Reach:
        client = Session().create_client("sqs", "eu-central-1", aws_access_key_id="key", aws_secret_access_key="secret")
        reach = Reach(lambda: line.now)
        reach.listen(client.meta.events)
        client.meta.events.register("before-send", line)  # type: ignore[arg-type]  # the stubs know no listener that answers
        try:
            client.list_queues()  # type: ignore[attr-defined]  # an SQS client
        finally:
            client.close()
        return reach

    return call


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (ConnectTimeoutError(endpoint_url=URL), 10),
        (ReadTimeoutError(endpoint_url=URL), 60),
        (EndpointConnectionError(endpoint_url=URL, error="the name was not resolved"), 20),
        (ConnectionClosedError(endpoint_url=URL, error="the upload broke"), 90),
    ],
)
def test_what_fails_slowly_is_not_repeated_in_silence(
    error: Exception, seconds: float, list_queues: Callable[[Lost], Reach]
) -> None:
    """A call that took long to fail fails at once: who waits for it hears why before it is made again."""
    line = Lost(error, seconds, times=1)
    with pytest.raises(type(error)) as caught:
        list_queues(line)
    assert error is caught.value
    assert 1 == line.sent


def test_what_fails_at_once_is_repeated_by_botocore(list_queues: Callable[[Lost], Reach]) -> None:
    """A connection that is reset is a matter of milliseconds: the verb does not begin anew for it."""
    line = Lost(ConnectionClosedError(endpoint_url=URL, error="reset"), 0.1, times=2)
    list_queues(line)
    assert 3 == line.sent


def test_answers_are_counted_by_host(list_queues: Callable[[Lost], Reach]) -> None:
    """Whether a host that a call did not reach has answered since is told by its answers, not by those of others."""
    reach = list_queues(Lost(ValueError(), 0, times=0))
    assert 1 == reach.answers_after(ReadTimeoutError(endpoint_url=f"{URL}another/path"))[1]
    assert 0 == reach.answers_after(ReadTimeoutError(endpoint_url="https://s3.eu-central-1.amazonaws.com/"))[1]
    assert 0 == reach.answers_after(ValueError())[1]
