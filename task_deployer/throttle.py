"""What to do when AWS has no time for us, or cannot be reached: repeat the verb, and not at once.

botocore repeats a call a few times within seconds, unless it took long to fail (reach.py). What outlasts that is
answered here, by doing the whole verb again: verbs are safe to repeat. An API that has refused one worker is left alone
by the others for the same while.
"""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import tenacity

from task_deployer.reach import Reach
from task_deployer.refusals import CALL_ERRORS, UNREACHED, is_throttled
from task_deployer.retry import Patience

T = TypeVar("T")

THROTTLED_SECONDS = 120
"""How long AWS may have no time for us: throttling, and errors of its own with growing pauses."""

UNREACHED_SECONDS = 20
"""How long the network may be away, from the first call that failed to the last. Longer, and somebody has to look."""

_FIRST, _LONGEST = 1.0, 20.0  # seconds: botocore's own figures for throttling


class Pace:
    """When each API may be asked again, and who has answered. Shared by all workers."""

    def __init__(self) -> None:
        self.reach = Reach()
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}

    def hold(self, api: str, until: float) -> None:
        """Leave the API alone until then."""
        with self._lock:
            self._until[api] = max(until, self._until.get(api, until))

    def due(self, api: str) -> float:
        """When it may be asked again, by the clock of whoever said so; long ago, if nobody did."""
        with self._lock:
            return self._until.get(api, float("-inf"))


def persistently(patience: Patience, pace: Pace, api: str, verb: Callable[[], T]) -> T:
    """Do the verb, and do it again while AWS has no time or cannot be reached, with growing pauses.

    `api` is the service as IAM writes it, `lambda`. Raises the last error when the time is over, any other at once.
    """
    paused = {UNREACHED_SECONDS: 0.0, THROTTLED_SECONDS: 0.0}
    outage = _Outage(patience, pace.reach)

    def is_over(state: tenacity.RetryCallState) -> bool:
        away = outage.seconds(_error_of(state))
        limit = _limit(_error_of(state))
        return max(away, paused[limit]) >= limit

    def pause(state: tenacity.RetryCallState) -> float:
        seconds = random.uniform(0.5, 1) * min(_LONGEST, _FIRST * 2.0 ** (state.attempt_number - 1))  # noqa: S311 - jitter
        if is_throttled(_error_of(state)):
            pace.hold(api, patience.now() + seconds)
        return seconds

    def before_sleep(state: tenacity.RetryCallState) -> None:
        paused[_limit(_error_of(state))] += state.upcoming_sleep
        patience.tell(_reason(api, _error_of(state)))

    def call() -> T:
        _keep_pace(patience, pace, api)
        return verb()

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_passes),
        stop=is_over,
        wait=pause,
        sleep=patience.sleep,
        before_sleep=before_sleep,
        reraise=True,
    )
    with _noting_the_end(api):
        return retrying(call)


@contextmanager
def _noting_the_end(api: str) -> Iterator[None]:
    """Note on an error that would have passed for how long it was waited out."""
    try:
        yield
    except CALL_ERRORS as error:
        if _passes(error):
            error.add_note(f"Waited over {_limit(error)} seconds for {_reason(api, error)}.")
        raise


def _limit(error: BaseException) -> int:
    return UNREACHED_SECONDS if isinstance(error, UNREACHED) else THROTTLED_SECONDS


def _passes(error: BaseException) -> bool:
    return is_throttled(error) or isinstance(error, UNREACHED)


class _Outage:
    """For how long a host has been away: an answer of it to anybody ends that, as does one of AWS's to the verb.

    A verb of many calls may take longer than a host may be away, and meet a short outage twice.
    """

    def __init__(self, patience: Patience, reach: Reach) -> None:
        self._now = patience.now
        self._reach = reach
        self._heard: tuple[str, int] | None = None
        self._since = 0.0

    def seconds(self, error: BaseException) -> float:
        """How long ago the first call failed of those that have failed in a row; 0 for an error that is an answer."""
        heard = self._reach.answers_after(error) if isinstance(error, UNREACHED) else None
        if heard is None or heard != self._heard:
            self._heard, self._since = heard, self._now()
        return self._now() - self._since


def _keep_pace(patience: Patience, pace: Pace, api: str) -> None:
    seconds = pace.due(api) - patience.now()
    if seconds > 0:
        patience.tell(_busy(api))
        patience.sleep(seconds)


def _error_of(state: tenacity.RetryCallState) -> BaseException:
    error = state.outcome.exception() if state.outcome is not None else None
    if error is None:
        raise TypeError("a pause without an error before it")
    return error


def _reason(api: str, error: BaseException) -> str:
    return f"the network: {api} cannot be reached" if isinstance(error, UNREACHED) else _busy(api)


def _busy(api: str) -> str:
    return f"{api} to take more calls"
