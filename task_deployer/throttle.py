"""What to do when AWS has no time for us, or cannot be reached: repeat the verb, and not at once.

botocore repeats a call a few times within seconds. What outlasts that is answered here, by doing the whole verb again:
verbs are safe to repeat. An API that has refused one worker is left alone by the others for the same while.
"""

import random
import threading
from collections.abc import Callable
from typing import TypeVar

import tenacity

from task_deployer.refusals import UNREACHED, is_throttled
from task_deployer.retry import Patience

T = TypeVar("T")

THROTTLED_SECONDS = 120
"""How long AWS may have no time for us: throttling, and errors of its own with growing pauses."""

UNREACHED_SECONDS = 20
"""How long the network may be away. Longer, and somebody has to look at it."""

_FIRST, _LONGEST = 1.0, 20.0  # seconds: botocore's own figures for throttling


class Pace:
    """When each API may be asked again. Shared by all workers."""

    def __init__(self) -> None:
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

    def limit(state: tenacity.RetryCallState) -> int:
        return UNREACHED_SECONDS if isinstance(_error_of(state), UNREACHED) else THROTTLED_SECONDS

    def is_over(state: tenacity.RetryCallState) -> bool:
        return paused[limit(state)] >= limit(state)

    def pause(state: tenacity.RetryCallState) -> float:
        seconds = random.uniform(0.5, 1) * min(_LONGEST, _FIRST * 2.0 ** (state.attempt_number - 1))  # noqa: S311 - jitter
        if is_throttled(_error_of(state)):
            pace.hold(api, patience.now() + seconds)
        return seconds

    def before_sleep(state: tenacity.RetryCallState) -> None:
        paused[limit(state)] += state.upcoming_sleep
        patience.tell(_reason(api, _error_of(state)))

    def call() -> T:
        _keep_pace(patience, pace, api)
        return verb()

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: is_throttled(error) or isinstance(error, UNREACHED)),
        stop=is_over,
        wait=pause,
        sleep=patience.sleep,
        before_sleep=before_sleep,
        reraise=True,
    )
    return retrying(call)


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
