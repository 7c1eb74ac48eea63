"""Telling of what is under way for too long: as events, in the words of the other waits."""

import threading

from task_deployer.events import Come, Reporter, Waiting
from task_deployer.in_flight import InFlight, Lookout
from task_deployer.resources.base import Address


class Unanswered:
    """Reports at each beat what is in flight for long, and once when it has come. Safe between threads."""

    def __init__(self, in_flight: InFlight, report: Reporter) -> None:
        self._in_flight = in_flight
        self._report = report
        self._lock = threading.Lock()
        self._told: dict[str, str] = {}

    def __call__(self) -> None:
        """Look, and report."""
        with self._lock:
            late = self._in_flight.long()
            for address, reason in tuple(self._told.items()):
                if address not in late or late[address][0].reason != reason:
                    del self._told[address]
                    self._report(Come(Address(address), reason))
            for address, (flight, seconds) in late.items():
                self._told[address] = flight.reason
                self._report(Waiting(Address(address), flight.reason, seconds, flight.may_ask))


def lookout(report: Reporter) -> Lookout:
    """A lookout whose beats are told to this reporter."""
    in_flight = InFlight()
    return Lookout(in_flight, Unanswered(in_flight, report))
