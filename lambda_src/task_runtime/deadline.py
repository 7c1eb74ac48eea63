"""How much of the function's time is left, and how much of it callbacks may have."""

import math
import time
from collections.abc import Callable

SHARE = 0.1  # of the time at the start is kept for the actions of the records that did finish ...
AT_LEAST = 1.0  # seconds: a few calls of SQS, with a retry
AT_MOST = 15.0  # seconds: 10,000 commands at 15 ms a batch
LAST = 0.25  # seconds before the end nothing more is sent: the failure has to be told while the function lives


class OutOfTimeError(TimeoutError):
    """What was left of the function's time was not enough."""


class Deadline:
    """The end of one invocation: `seconds` from now, or never."""

    def __init__(self, seconds: float | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        left = math.inf if seconds is None else max(seconds, 0.0)
        self._end = clock() + left
        self._reserve = min(max(left * SHARE, AT_LEAST), AT_MOST, left / 2)

    @classmethod
    def of(cls, context: object) -> "Deadline":
        """Make the deadline that Lambda's context tells; without such a context there is none."""
        remaining = getattr(context, "get_remaining_time_in_millis", None)
        return cls(remaining() / 1000 if callable(remaining) else None)

    @property
    def left(self) -> float:
        """Seconds until the function is stopped."""
        return self._end - self._clock()

    @property
    def for_callbacks(self) -> float | None:
        """Seconds that callbacks may still run; None, as long as they want."""
        return None if math.isinf(self._end) else max(self.left - self._reserve, 0.0)

    def allows(self, seconds: float = 0.0) -> bool:
        """Whether something that takes so long may be begun."""
        return self.left - seconds > LAST
