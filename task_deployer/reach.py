"""Who is reached: which hosts have answered, and that no call fails for long in silence."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from task_deployer.refusals import UNREACHED

if TYPE_CHECKING:
    from botocore.awsrequest import AWSResponse
    from botocore.hooks import BaseEventHooks

_SILENT_SECONDS = 5
"""What an attempt may take to fail and still be repeated by botocore, which tells nobody and heeds no Ctrl-C."""


class Reach:
    """Listens to the clients, and counts the answers of each host. Safe between threads.

    botocore repeats a call up to three times. That is right for a connection that is refused or reset at once. What
    fails slowly (a connect timeout, an answer that does not come, a name that is not resolved, a large upload that
    breaks) fails the verb instead: throttle.py does it again, and tells why.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._answers: Counter[str] = Counter()
        self._attempt = threading.local()

    def listen(self, events: "BaseEventHooks") -> None:
        """Listen to a client, before botocore decides whether to repeat a call."""
        events.register_last("request-created", self._begin)
        events.register_first("needs-retry", self._end)

    def answers_after(self, error: BaseException) -> tuple[str, int]:
        """The host that a call failed to reach, and how often it has answered anybody until now."""
        kwargs: object = getattr(error, "kwargs", {})
        host = _host(str(kwargs.get("endpoint_url", ""))) if isinstance(kwargs, dict) else ""
        with self._lock:
            return host, self._answers[host]

    def _begin(self, **_: object) -> None:
        self._attempt.since = self._now()

    def _end(
        self, response: "tuple[AWSResponse, object] | None", caught_exception: Exception | None, **_: object
    ) -> None:
        """End the call by what it failed with, if that took long."""
        if response is not None:
            with self._lock:
                self._answers[_host(response[0].url)] += 1
        elif isinstance(caught_exception, UNREACHED) and self._now() - self._attempt.since >= _SILENT_SECONDS:
            raise caught_exception


def _host(url: str) -> str:
    return urlsplit(url).netloc
