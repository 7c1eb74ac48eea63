import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from botocore.session import Session

from task_deployer.events import Come, Event, Waiting
from task_deployer.in_flight import InFlight, Lookout, working_for
from task_deployer.resources.base import Address
from task_deployer.unanswered import Unanswered
from tests.aws import response

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

URL = "https://sqs.eu-central-1.amazonaws.com/"
ANSWER = "an answer of SQS to ListQueues"
CREDENTIALS = "AWS credentials to call ListQueues with"


class Line:
    """A client of SQS on a line that takes its time, and what is told at the end of each of these times.

    `signing` and `answers` are in seconds; an answer may be an error in its place.
    """

    def __init__(self, *answers: float | Exception, signing: float = 0) -> None:
        self.now = 0.0
        self.events: list[Event] = []
        self.in_flight = InFlight(lambda: self.now)
        self.tell = Unanswered(self.in_flight, self.events.append)
        self.client: SQSClient = Session().create_client(
            "sqs", "eu-central-1", aws_access_key_id="key", aws_secret_access_key="secret"
        )  # type: ignore[assignment]  # an SQS client
        self._answers, self._signing = iter(answers), signing
        self.in_flight.listen(self.client)
        self.client.meta.events.register("before-sign", self._sign)
        self.client.meta.events.register("before-send", self._send)  # type: ignore[arg-type]  # the stubs know no listener that answers

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and let the telling thread look."""
        self.now += seconds
        self.tell()

    def _sign(self, **_: object) -> None:
        self.pass_time(self._signing)

    def _send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        taken = next(self._answers)
        if isinstance(taken, Exception):
            self.pass_time(2)
            raise taken
        self.pass_time(taken)
        return response(request.url, 200, {}, "{}")


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Line]]:
    """Makes such lines, without botocore's own pauses."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    made: list[Line] = []

    def make(*answers: float | Exception, signing: float = 0) -> Line:
        made.append(Line(*answers, signing=signing))
        return made[-1]

    yield make
    for one in made:
        one.client.close()


def test_a_call_that_is_answered_soon_is_not_told(line: Callable[..., Line]) -> None:
    """Within three seconds nothing is told, however many calls there are in a row."""
    slow = line(2.9, 2.9)
    slow.client.list_queues()
    slow.client.list_queues()
    slow.pass_time(60)
    assert [] == slow.events


def test_a_call_that_is_not_answered_is_told(line: Callable[..., Line]) -> None:
    """From three seconds on it is told which service owes an answer to what, and for how long; then that it came."""
    slow = line(3.0)
    slow.client.list_queues()
    assert [Waiting(Address("SQS"), ANSWER, 3.0)] == slow.events
    slow.pass_time(60)
    slow.pass_time(60)
    assert [Come(Address("SQS"), ANSWER)] == slow.events[1:]


def test_the_time_is_that_of_all_attempts(line: Callable[..., Line]) -> None:
    """What botocore sends again by itself is one call to whoever waits for it."""
    slow = line(*[ConnectionClosedError(endpoint_url=URL, error="reset")] * 2, 1)
    slow.client.list_queues()
    assert {4, 5} == {event.seconds for event in slow.events if isinstance(event, Waiting)}


def test_a_call_that_fails_is_waited_for_no_more(line: Callable[..., Line]) -> None:
    """After its error a call is told no longer."""
    slow = line(*[ReadTimeoutError(endpoint_url=URL)] * 9)
    with pytest.raises(ReadTimeoutError):
        slow.client.list_queues()
    told = [event for event in slow.events if isinstance(event, Waiting)]
    slow.pass_time(60)
    assert told
    assert [Come(Address("SQS"), ANSWER)] == [event for event in slow.events if event not in told]


def test_what_gives_credentials_may_ask_the_user(line: Callable[..., Line]) -> None:
    """Credentials that take their time are told after ten seconds only, as what may be asking for a code."""
    slow = line(1, signing=10.0)
    slow.client.list_queues()
    slow.pass_time(0)
    address = Address("SQS")
    waited = [Waiting(address, CREDENTIALS, 10.0, may_ask=True), Waiting(address, ANSWER, 11.0)]
    assert [waited[0], Come(address, CREDENTIALS), waited[1], Come(address, ANSWER)] == slow.events


def test_credentials_that_come_soon_are_not_told(line: Callable[..., Line]) -> None:
    """Nobody is told that credentials take less than ten seconds: the user may be typing."""
    slow = line(0, signing=9.9)
    slow.client.list_queues()
    assert [] == [event for event in slow.events if isinstance(event, Waiting) and event.may_ask]


def test_a_call_is_told_as_that_of_its_job(line: Callable[..., Line]) -> None:
    """A call is told under the address of the job that made it, also from a thread that the job has started."""
    slow = line(5, 5)

    def work() -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(copy_context().run, slow.client.list_queues).result()

    working_for("bucket.a.b", work)
    slow.client.list_queues()
    assert ["bucket.a.b", "SQS"] == [event.address for event in slow.events if isinstance(event, Waiting)]


def test_one_thing_at_a_time_is_told_of_an_address(line: Callable[..., Line]) -> None:
    """Of several calls of one job the one that has lasted longest is told."""
    slow = line(0)

    def inner(**_: object) -> None:
        slow.pass_time(1)
        with slow.in_flight.noted("another thing"):
            slow.pass_time(4)

    slow.client.meta.events.register_first("before-send", inner)
    working_for("queue.a", slow.client.list_queues)
    assert {ANSWER} == {event.reason for event in slow.events if isinstance(event, Waiting)}


def test_a_lookout_tells_until_the_job_has_ended() -> None:
    """Whoever waits for a job of his own hears what it waits for, and gets what it returns or raises."""
    events: list[Event] = []
    clock, told = [0.0], threading.Event()
    in_flight = InFlight(lambda: clock[0])

    def report(event: Event) -> None:
        events.append(event)
        told.set()

    lookout = Lookout(in_flight, Unanswered(in_flight, report))

    def job() -> str:
        clock[0] = 4
        assert told.wait(60)
        return "started"

    assert "started" == lookout.wait_for("local", "the local AWS to start", job)
    address, reason = Address("local"), "the local AWS to start"
    assert (Waiting(address, reason, 4), Come(address, reason)) == (events[0], events[-1])
    with pytest.raises(ZeroDivisionError):
        lookout.apart("local", lambda: 1 // 0)
