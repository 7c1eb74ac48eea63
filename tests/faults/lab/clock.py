"""Time in the lab: it passes when somebody sleeps, and a little with each call. Nobody really waits."""

from collections.abc import Callable
from threading import Event as Flag

ENDLESS = 3600.0
"""Seconds that no single command may take: what waits longer waits for ever."""


class Clock:
    """Virtual seconds since the lab was opened."""

    def __init__(self) -> None:
        self._now = 0.0
        self._begun = 0.0

    def now(self) -> float:
        """Seconds so far."""
        return self._now

    def begin(self) -> None:
        """A command begins: from here on it is watched for endlessness."""
        self._begun = self._now

    def sleep(self, seconds: float) -> None:
        """Let this time pass."""
        self._now += seconds
        assert self._now - self._begun < ENDLESS, f"one command has waited for {ENDLESS} seconds"


class SleepingFlag(Flag):
    """The flag that says stop. Waiting for it is how verbs sleep: here virtual time passes, and nobody waits."""

    def __init__(self, sleep: Callable[[float], None]) -> None:
        super().__init__()
        self._sleep = sleep

    def wait(self, timeout: float | None = None) -> bool:
        """Whether the flag is up, once that time has passed."""
        if timeout and not self.is_set():
            self._sleep(timeout)
        return self.is_set()
