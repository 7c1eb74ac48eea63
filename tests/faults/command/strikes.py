"""What befalls the command at its n-th mutating request: a signal, or a network that fails it."""

import itertools
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import Enum

from bench.proxy import Exchange, Proxy, Treatment, pass_on
from tests.integration.project import Project, Ran, ended

SECONDS = 60
OUT_FROM = 12  # a mutating request in the first half of an `up`


class Moment(Enum):
    """Where in its request the command is struck."""

    UNSENT = "before AWS has got the request"
    UNANSWERED = "when AWS has done it, and has not answered"
    ANSWERED = "when AWS has answered"


@dataclass(frozen=True)
class Victim:
    """The process of the command, once it runs."""

    _process: Future[int] = field(default_factory=Future)

    def runs_as(self, process: int) -> None:
        """Say which process it is."""
        self._process.set_result(process)

    def get(self, signal: int) -> None:
        """Send it a signal."""
        os.kill(self._process.result(SECONDS), signal)


def at_mutating(number: int, special: Treatment, others: Treatment = pass_on) -> Treatment:
    """Treat the mutating request of this number so, the first being 0, and all others so."""
    numbers = itertools.count()

    def treat(exchange: Exchange) -> None:
        chosen = exchange.is_mutating and next(numbers) == number
        (special if chosen else others)(exchange)

    return treat


def striking(blow: Callable[[], None], moment: Moment) -> Treatment:
    """Give a blow that ends the client at this moment of the request; after it there is nobody to answer."""

    def treat(exchange: Exchange) -> None:
        if moment is Moment.UNSENT:
            blow()
            return
        answer = exchange.forward()
        if moment is Moment.ANSWERED:
            exchange.answer(answer)
        blow()

    return treat


class Outage:
    """From the mutating request of number OUT_FROM on, reads too: treats so many requests so, or all that come."""

    def __init__(self, treatment: Treatment, requests: int | None = None) -> None:
        self._treatment = treatment
        self._lock = threading.Lock()
        self._before = OUT_FROM
        self._left = requests

    def __call__(self, exchange: Exchange) -> None:
        """Treat one request."""
        (self._treatment if self._is_out(exchange) else pass_on)(exchange)

    def _is_out(self, exchange: Exchange) -> bool:
        with self._lock:
            if self._before > 0:
                self._before -= exchange.is_mutating
                return False
            if self._left is None:
                return True
            self._left -= 1
            return self._left >= 0


def hang_up(_: Exchange) -> None:
    """Close the connection without an answer; the endpoint has got nothing."""


def run_through(project: Project, endpoint_url: str, treatment: Callable[[Victim], Treatment], *words: str) -> Ran:
    """Run the command with eight workers through a proxy, to whatever end; then nothing of it is under way any more."""
    victim = Victim()
    proxy = Proxy(endpoint_url, treatment(victim))
    with proxy.serving():
        process = project.start(*words, "--workers", "8", "--endpoint-url", proxy.endpoint_url)
        victim.runs_as(process.pid)
        return ended(process)
