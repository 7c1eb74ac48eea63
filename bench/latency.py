"""A loopback proxy that makes each request slower by a fixed time, and writes down when each one began and ended."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.proxy import Answer, Exchange, Proxy, pass_on


@dataclass(frozen=True)
class Call:
    """One request: `start` and `end` in seconds of one clock; `end` is None while it is under way."""

    what: str
    start: float
    end: float | None = None


@dataclass
class Log:
    """The requests in the order in which they came. Safe between threads."""

    _changed: threading.Condition = field(default_factory=threading.Condition)
    _calls: dict[int, Call] = field(default_factory=dict)

    @property
    def calls(self) -> tuple[Call, ...]:
        """All requests so far."""
        with self._changed:
            return tuple(self._calls.values())

    @contextmanager
    def noting(self, what: str) -> Iterator[None]:
        """Write one request down, and its end at the end of the block."""
        begun = time.monotonic()
        with self._changed:
            number = len(self._calls)
            self._calls[number] = Call(what, begun)
            self._changed.notify_all()
        yield
        with self._changed:
            self._calls[number] = Call(what, begun, time.monotonic())
            self._changed.notify_all()

    def clear(self) -> None:
        """Forget all requests; none may be under way."""
        with self._changed:
            self._calls.clear()

    def wait_for(self, found: Callable[[Call], bool], seconds: float) -> bool:
        """Wait until there is such a request; False if there was none in this time."""
        with self._changed:
            return self._changed.wait_for(lambda: any(map(found, self._calls.values())), seconds)


class LatencyProxy(Proxy):
    """Forwards to `upstream`, an endpoint URL, `seconds` after each request came in.

    `canned` has answers (status, body) that the proxy gives by itself, by the operation's name as the log has it.
    `hold` is called with that name before a request is forwarded, and may take its time.
    """

    def __init__(self, upstream: str, seconds: float) -> None:
        super().__init__(upstream, self._slow_down)
        self.seconds = seconds
        self.log = Log()
        self.canned: dict[str, tuple[int, bytes]] = {}
        self.hold: Callable[[str], object] = lambda _: None

    def _slow_down(self, exchange: Exchange) -> None:
        with self.log.noting(exchange.what):
            time.sleep(self.seconds)
            self.hold(exchange.what)
            if exchange.what in self.canned:
                exchange.answer(Answer(*self.canned[exchange.what]))
            else:
                pass_on(exchange)


@contextmanager
def slowed(upstream: str, seconds: float) -> Iterator[LatencyProxy]:
    """Run a proxy before `upstream` for the time of the block."""
    proxy = LatencyProxy(upstream, seconds)
    with proxy.serving():
        yield proxy
