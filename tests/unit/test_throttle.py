import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from botocore.hooks import HierarchicalEmitter

from task_deployer.refusals import explain, is_throttled
from task_deployer.retry import Patience
from task_deployer.throttle import THROTTLED_SECONDS, UNREACHED_SECONDS, Pace, persistently
from tests.aws import response

UNREACHED = EndpointConnectionError(endpoint_url="https://sqs")


def error(code: str, message: str = "", status: int = 400) -> ClientError:
    """An error answer of AWS's."""
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "CreateFunction")  # type: ignore[arg-type]  # what is looked at of it


def answered(url: str) -> AWSResponse:
    """An answer of this host's."""
    return response(url, 200, {}, "")


@dataclass
class Time:
    """A clock that sleeping moves."""

    now: float = 0.0
    told: list[str] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.now += seconds

    @property
    def patience(self) -> Patience:
        """The patience of a verb that waits on this clock."""
        return Patience(self.sleep, self.told.append, lambda: self.now)


def after(*errors: Exception) -> Callable[[], str]:
    """A verb that raises these errors one by one, then succeeds."""
    left = iter(errors)

    def verb() -> str:
        for one in left:
            raise one
        return "done"

    return verb


def always(raised: Exception) -> Callable[[], str]:
    """A verb that never succeeds."""

    def verb() -> str:
        raise raised

    return verb


@pytest.mark.parametrize(
    "busy",
    [
        error("TooManyRequestsException", status=429),
        error("Throttling", "Rate exceeded"),
        error("ThrottlingException"),
        error("RequestThrottled", status=403),
        error("SlowDown", status=503),
        error("", status=502),
        error("ServiceFailure", status=500),
        UNREACHED,
        ReadTimeoutError(endpoint_url="https://lambda"),
    ],
)
def test_what_is_busy_is_asked_again(busy: Exception) -> None:
    """A verb that AWS had no time for, or that did not reach it, is done again, and the reason is told each time."""
    time = Time()
    assert persistently(time.patience, Pace(), "lambda", after(busy, busy)) == "done"
    assert 2 == len(time.told)
    assert all("lambda" in reason for reason in time.told)


@pytest.mark.parametrize(
    "other",
    [
        error("AccessDenied", status=403),
        error("LimitExceededException", "Resource limit exceeded"),
        error("LimitExceededException", "The requested resource exceeds the maximum number allowed."),
        error("LimitExceeded", status=409),
        error("NotImplemented", status=501),
        ValueError("Throttling"),
    ],
)
def test_anything_else_fails_at_once(other: Exception) -> None:
    """A refusal, a quota whatever its code sounds like, and a bug are not asked for again."""
    time = Time()
    with pytest.raises(type(other)) as caught:
        persistently(time.patience, Pace(), "logs", always(other))
    assert caught.value is other
    assert [] == time.told


@pytest.mark.parametrize(
    ("raised", "seconds", "reason"),
    [
        (error("Throttling"), THROTTLED_SECONDS, "Waited over 120 seconds for iam to take more calls."),
        (UNREACHED, UNREACHED_SECONDS, "Waited over 20 seconds for the network: iam cannot be reached."),
    ],
)
def test_there_is_an_end_to_it(raised: Exception, seconds: float, reason: str) -> None:
    """AWS's own error is raised when the time for it is over, and not long after; it tells that, and what to do."""
    time = Time()
    with pytest.raises(type(raised)) as caught:
        persistently(time.patience, Pace(), "iam", always(raised))
    assert caught.value is raised
    told = explain(caught.value)
    assert reason in told.detail
    assert "run the same command again" in told.hint
    assert seconds <= time.now < seconds + 21


@pytest.mark.parametrize("lost", [10.0, 60.0])
def test_the_time_in_calls_counts(lost: float) -> None:
    """A network that swallows what is sent is told after the first call, and given up 20 seconds after it."""
    time, away = Time(), ConnectTimeoutError(endpoint_url="https://s3.eu-central-1.amazonaws.com/b")
    told_at = list[float]()

    def verb() -> None:
        told_at.extend([time.now] * (len(time.told) - len(told_at)))
        time.sleep(lost)
        raise away

    with pytest.raises(ConnectTimeoutError):
        persistently(time.patience, Pace(), "s3", verb)
    assert lost <= told_at[0] <= lost + 1
    assert lost + UNREACHED_SECONDS <= time.now < lost + UNREACHED_SECONDS + lost + 4


def test_a_host_that_answers_in_between_is_not_away() -> None:
    """A long verb that meets two short outages far from each other gets through: its calls in between were answered."""
    time, pace, calls = Time(), Pace(), itertools.count()
    events = HierarchicalEmitter()
    pace.reach.listen(events)

    def verb() -> str:
        if next(calls) == 2:
            return "done"
        events.emit("needs-retry.sqs.SendMessage", response=(answered("https://sqs/x"), {}), caught_exception=None)
        time.sleep(300)
        raise UNREACHED

    assert "done" == persistently(time.patience, pace, "sqs", verb)


def test_a_host_is_not_reached_because_another_is() -> None:
    """Answers of other hosts do not keep a verb waiting for the one that is away."""
    time, pace = Time(), Pace()
    events = HierarchicalEmitter()
    pace.reach.listen(events)

    def verb() -> None:
        events.emit("needs-retry.iam.GetRole", response=(answered("https://iam/x"), {}), caught_exception=None)
        time.sleep(10)
        raise UNREACHED

    with pytest.raises(EndpointConnectionError):
        persistently(time.patience, pace, "sqs", verb)
    assert time.now < 50


def test_a_blip_after_much_throttling_is_waited_out() -> None:
    """The network's short deadline counts the pauses for the network alone, not those for a busy AWS."""
    busy = [error("Throttling")] * 6
    assert "done" == persistently(Time().patience, Pace(), "iam", after(*busy, UNREACHED))


def test_others_leave_a_busy_api_alone() -> None:
    """Whoever comes to an API that has just refused another worker waits, and says so; other APIs are asked at once."""
    time, pace = Time(), Pace()
    pace.hold("lambda", 4.0)
    pace.hold("lambda", 2.0)
    assert "done" == persistently(time.patience, pace, "sqs", after())
    assert [] == time.told
    assert "done" == persistently(time.patience, pace, "lambda", after())
    assert (4.0, ["lambda to take more calls"]) == (time.now, time.told)


def test_a_refused_worker_holds_the_api() -> None:
    """A throttled verb lets the other workers wait as long as it waits itself."""
    time, pace, due = Time(), Pace(), list[float]()
    throttled = after(error("Throttling"))

    def verb() -> str:
        try:
            return throttled()
        finally:
            due.append(time.now)

    persistently(time.patience, pace, "iam", verb)
    assert due[1] == pace.due("iam") > due[0]


def test_a_network_that_is_away_holds_nobody() -> None:
    """A connection that fails says nothing of how busy the API is."""
    time, pace = Time(), Pace()
    persistently(time.patience, pace, "iam", after(UNREACHED))
    assert pace.due("iam") < 0
    assert not is_throttled(UNREACHED)
