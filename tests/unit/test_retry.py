import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

import pytest
from botocore.exceptions import ClientError

from task_deployer import retry
from task_deployer.errors import Interrupted, ResourceError
from task_deployer.refusals import explain
from task_deployer.resources.seen_function import until_settled
from task_deployer.retry import (
    DESTINATION_VALID,
    FUNCTION_BUSY,
    QUEUE_READABLE,
    ROLE_PROPAGATION,
    RULE_EMPTY,
    Patience,
    Wait,
    patiently,
)

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

WAIT = Wait("the thing to settle", 30, "Busy|Busier", "not (yet|now)")


def error(code: str, message: str = "") -> ClientError:
    """An error answer of AWS's."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "CreateFunction")


class Sleeper:
    """Sleeps in no time, and remembers for how long, and what was told."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.told: list[str] = []

    @property
    def patience(self) -> Patience:
        """The patience of a verb that waits with this sleeper."""
        return Patience(self.slept.append, self.told.append)


def after(*errors: Exception, result: str = "done") -> Callable[[], str]:
    """A call that raises these errors one by one, then succeeds."""
    left = iter(errors)

    def call() -> str:
        for one in left:
            raise one
        return result

    return call


def test_what_passes_by_itself_is_waited_for() -> None:
    """The call is repeated while the named error comes, and each pause is told with its reason."""
    sleeper = Sleeper()
    call = after(error("Busy", "not yet"), error("Busier", "not now"))
    assert patiently(sleeper.patience, WAIT, call) == "done"
    assert (len(sleeper.slept), sleeper.told) == (2, ["the thing to settle"] * 2)


@pytest.mark.parametrize(
    "other", [error("Busy", "never"), error("TooBusy", "not yet"), error("Busy"), ValueError("Busy: not yet")]
)
def test_anything_else_fails_at_once(other: Exception) -> None:
    """Another code, another message and another class of error are not waited for."""
    sleeper = Sleeper()
    with pytest.raises(type(other)) as caught:
        patiently(sleeper.patience, WAIT, after(other))
    assert (caught.value, sleeper.slept) == (other, [])
    assert not hasattr(other, "__notes__")


def test_the_deadline_ends_the_wait() -> None:
    """After the pauses add up to the deadline AWS's own error is raised, and not much is slept beyond it."""
    sleeper, refused = Sleeper(), error("Busy", "not yet")

    def call() -> str:
        raise refused

    with pytest.raises(ClientError) as caught:
        patiently(sleeper.patience, WAIT, call)
    assert caught.value is refused
    told = explain(caught.value)
    assert "Waited 30 seconds for the thing to settle." in told.detail
    assert "run the same command again" in told.hint
    assert WAIT.seconds <= sum(sleeper.slept) < WAIT.seconds + 6


def test_pauses_grow_to_a_limit() -> None:
    """The first pause is short, so that a short delay costs little; none is long, so that a stop is never far."""
    sleeper = Sleeper()
    patiently(sleeper.patience, WAIT, after(*[error("Busy", "not yet")] * 6))
    assert sleeper.slept[0] <= 1
    assert sleeper.slept[0] < sleeper.slept[-1] <= 5.5


def test_a_stop_ends_the_wait() -> None:
    """A sleep that is interrupted ends the wait with that interruption."""

    def interrupted(_seconds: float) -> None:
        raise Interrupted("stop")

    with pytest.raises(Interrupted):
        patiently(Patience(interrupted), WAIT, after(error("Busy", "not yet")))


MESSAGES = [
    (ROLE_PROPAGATION, "The role defined for the function cannot be assumed by Lambda."),
    (ROLE_PROPAGATION, "The provided execution role does not have permissions to call SendMessage on SQS"),
    (FUNCTION_BUSY, "The operation cannot be performed at this time. An update is in progress for resource: arn:x"),
    (FUNCTION_BUSY, "The function is currently in the following state: Pending"),
    (DESTINATION_VALID, "The destination ARN arn:aws:sqs:eu-central-1:1:q is invalid."),
    (QUEUE_READABLE, "The provided execution role does not have permissions to call ReceiveMessage on SQS"),
    (QUEUE_READABLE, "The role defined for the function cannot be assumed by Lambda."),
    (QUEUE_READABLE, "Cannot access the queue. Please ensure the role can perform the ReceiveMessage Actions on it."),
    (RULE_EMPTY, "Rule can't be deleted since it has targets."),
    (retry.NOTIFICATION_VALID, "Unable to validate the following destination configurations"),
]


@pytest.mark.parametrize(("wait", "message"), MESSAGES)
def test_the_words_of_aws_are_known(wait: Wait, message: str) -> None:
    """Each wait knows the text that AWS sends, and no other text with the same code."""
    assert wait.matches(error(wait.code, message))
    assert not wait.matches(error(wait.code, "Value 'x' at 'memorySize' failed to satisfy constraint"))


def test_every_wait_can_be_told_and_ends() -> None:
    """Each named wait has a reason, a deadline, and patterns that compile."""
    waits = [value for value in vars(retry).values() if isinstance(value, Wait)]
    assert len(waits) >= 10
    for wait in waits:
        assert wait.reason
        assert 0 < wait.seconds <= 300
        re.compile(wait.code)
        re.compile(wait.message)


class Lambda:
    """Answers GetFunctionConfiguration with what is given, one after another, the last one for ever."""

    def __init__(self, *answers: dict[str, str] | Exception) -> None:
        self._answers: Iterator[dict[str, str] | Exception] = iter(answers)
        self._last: dict[str, str] | Exception = {}

    def get_function_configuration(self, FunctionName: str) -> dict[str, str]:  # noqa: ARG002, N803 - boto3's word
        """Answer."""
        self._last = next(self._answers, self._last)
        if isinstance(self._last, Exception):
            raise self._last
        return self._last


READY = {"State": "Active", "LastUpdateStatus": "Successful"}


def settled(sleeper: Sleeper, *answers: dict[str, str] | Exception) -> object:
    """Wait for a function that answers so."""
    return until_settled(sleeper.patience, cast("LambdaClient", Lambda(*answers)), "media-dev-ingest")


def test_a_function_is_waited_for() -> None:
    """A function that is not found yet, pending, or being updated is looked at again until it is settled."""
    sleeper = Sleeper()
    missing = error("ResourceNotFoundException")
    found = settled(
        sleeper, missing, {"State": "Pending"}, {"State": "Active", "LastUpdateStatus": "InProgress"}, READY
    )
    assert (found, len(sleeper.slept), set(sleeper.told)) == (READY, 3, {"the function to be ready"})


@pytest.mark.parametrize("end", [{"State": "Failed"}, {"State": "Inactive"}, {"LastUpdateStatus": "Failed"}, READY])
def test_a_settled_function_is_not_waited_for(end: dict[str, str]) -> None:
    """What has ended, well or badly, is returned at once for the caller to judge."""
    sleeper = Sleeper()
    assert (settled(sleeper, end), sleeper.slept) == (end, [])


def test_a_function_that_never_settles() -> None:
    """A function that is pending beyond the deadline is an error that says what to do, never taken for ready."""
    with pytest.raises(ResourceError, match="media-dev-ingest ready within 300 seconds") as caught:
        settled(Sleeper(), {"State": "Pending"})
    assert caught.value.hint


def test_a_function_that_never_appears() -> None:
    """A function that stays missing is AWS's own error, as any other refusal is."""
    with pytest.raises(ClientError):
        settled(Sleeper(), error("ResourceNotFoundException"))
    with pytest.raises(ClientError):
        settled(Sleeper(), error("AccessDeniedException"))
