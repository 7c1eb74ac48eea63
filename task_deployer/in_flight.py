"""What is under way and has not been answered: calls of AWS's clients, and what precedes the first of them.

It is only noted here, by the threads that wait. The thread that tells looks at it between two beats, so that no call
has a thread or a timer of its own, and one that is answered soon costs no more than a note.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from botocore.awsrequest import AWSRequest
    from botocore.client import BaseClient

T = TypeVar("T")

BEAT = 0.1
"""Seconds between two looks at what the workers have to tell."""

LONG_SECONDS = 3
"""How long a call may go unanswered before it is told. AWS answers most of them within one."""

ASKING_SECONDS = 10
"""How long credentials may take before that is told: who gives them may be asking the user for a code meanwhile."""

_ON_BEHALF_OF: ContextVar[str] = ContextVar("on behalf of", default="")


@dataclass(frozen=True)
class Flight:
    """One thing under way: for which address, what is waited for, since when, and after how many seconds it is told.

    `may_ask`: whoever is waited for may be speaking to the user at this terminal.
    """

    address: str
    reason: str
    since: float
    patience: float = LONG_SECONDS
    may_ask: bool = False


def working_for(address: str, job: Callable[[], T]) -> T:
    """Do the job: what goes unanswered in it, and on threads that take its context over, is told as this address's."""
    token = _ON_BEHALF_OF.set(address)
    try:
        return job()
    finally:
        _ON_BEHALF_OF.reset(token)


class InFlight:
    """Notes what is under way. Safe between threads.

    A call begins with its first attempt and ends with its answer or its error: what botocore does between, which is to
    ask for credentials, to repeat and to pause, tells nobody.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._flights: dict[int, Flight] = {}

    def listen(self, client: "BaseClient") -> None:
        """Listen to a client, before anybody else does. A listener to one service comes before those to all."""
        service, events = client.meta.service_model.service_id, client.meta.events
        events.register_first(f"request-created.{service.hyphenize()}", partial(self._begin, str(service)))
        events.register_last("request-created", partial(self._signed, str(service)))
        events.register_first("after-call", self._end)
        events.register_first("after-call-error", self._end)

    def long(self) -> dict[str, tuple[Flight, float]]:
        """What has been under way for too long to be silent, and for how many seconds; of each address the oldest."""
        now = self._now()
        with self._lock:
            late = [flight for flight in self._flights.values() if now - flight.since >= flight.patience]
        late.sort(key=lambda flight: flight.since, reverse=True)
        return {flight.address: (flight, now - flight.since) for flight in late}

    @contextmanager
    def noted(self, reason: str, *, may_ask: bool = False) -> Iterator[None]:
        """Note something else than a call for the time of the block."""
        address = _ON_BEHALF_OF.get() or reason
        patience = ASKING_SECONDS if may_ask else LONG_SECONDS
        flight = Flight(address, reason, self._now(), patience, may_ask)
        with self._lock:
            self._flights[id(flight)] = flight
        try:
            yield
        finally:
            with self._lock:
                del self._flights[id(flight)]

    def _begin(self, service: str, request: "AWSRequest", operation_name: str, **_: object) -> None:
        """Note a call before it is signed: that may take new credentials, from a program or over the network."""
        address, key = _ON_BEHALF_OF.get() or service, id(request.context)
        reason = f"AWS credentials to call {operation_name} with"
        with self._lock:
            if key not in self._flights:
                self._flights[key] = Flight(address, reason, self._now(), ASKING_SECONDS, may_ask=True)

    def _signed(self, service: str, request: "AWSRequest", operation_name: str, **_: object) -> None:
        """Note that all that is missing is an answer."""
        key, reason = id(request.context), f"an answer of {service} to {operation_name}"
        with self._lock:
            flight = self._flights[key]
            self._flights[key] = replace(flight, reason=reason, patience=LONG_SECONDS, may_ask=False)

    def _end(self, context: dict[str, object], **_: object) -> None:
        with self._lock:
            self._flights.pop(id(context), None)


def _tell_nobody() -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Lookout:
    """The calling thread's side: what is under way on other threads, and how it is told, once each beat."""

    in_flight: InFlight = field(default_factory=InFlight)
    tell: Callable[[], None] = _tell_nobody

    def until(self, job: "Future[T]") -> T:
        """Tell what is under way until the job has ended, and return what it does. Raises what it raises."""
        while wait([job], timeout=BEAT).not_done:
            self.tell()
        self.tell()
        return job.result()

    def apart(self, address: str, job: Callable[[], T]) -> T:
        """Do the job on a thread of its own, and tell meanwhile what it waits for as this address's."""
        with ThreadPoolExecutor(1) as pool:
            return self.until(pool.submit(working_for, address, job))

    def wait_for(self, address: str, reason: str, job: Callable[[], T]) -> T:
        """Do a job apart that is waited for itself, as for what is no call of AWS's."""

        def noted() -> T:
            with self.in_flight.noted(reason):
                return job()

        return self.apart(address, noted)
