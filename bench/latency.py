"""A loopback proxy that makes each request slower by a fixed time, and writes down when each one began and ended.

Connections to it stay open as AWS's do; any number of requests may be under way at once.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import urlsplit

_OWN_HEADERS = {"connection", "transfer-encoding", "content-length", "date", "server", "keep-alive"}
_ANSWER_SECONDS = 60


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


class LatencyProxy(ThreadingHTTPServer):
    """Forwards to `upstream`, an endpoint URL, `seconds` after each request came in.

    `canned` has answers (status, body) that the proxy gives by itself, by the operation's name as the log has it.
    `hold` is called with that name before a request is forwarded, and may take its time.
    """

    daemon_threads = False  # closing waits for the connections, whose clients have ended by then
    request_queue_size = 256

    def __init__(self, upstream: str, seconds: float) -> None:
        super().__init__(("127.0.0.1", 0), _Forwarding)
        self.upstream = urlsplit(upstream).netloc
        self.seconds = seconds
        self.log = Log()
        self.canned: dict[str, tuple[int, bytes]] = {}
        self.hold: Callable[[str], object] = lambda _: None

    @property
    def endpoint_url(self) -> str:
        """Where the proxy listens."""
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def slowed(upstream: str, seconds: float) -> Iterator[LatencyProxy]:
    """Run a proxy before `upstream` for the time of the block."""
    with LatencyProxy(upstream, seconds) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()


class _Forwarding(BaseHTTPRequestHandler):
    """One connection of a client."""

    server: LatencyProxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm: ClassVar[bool] = True  # head and body are two writes; Nagle would add 40 ms between them

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        what = _what(self, body)
        with self.server.log.noting(what):
            time.sleep(self.server.seconds)
            self.server.hold(what)
            if what in self.server.canned:
                self._answer(*self.server.canned[what], {})
            else:
                self._answer(*self._forwarded(body))

    def _forwarded(self, body: bytes) -> tuple[int, bytes, Mapping[str, str]]:
        connection = HTTPConnection(self.server.upstream, timeout=_ANSWER_SECONDS)
        try:
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.getheaders())
        finally:
            connection.close()

    def _answer(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in _OWN_HEADERS:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = _serve  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing; the log is the record."""


def _what(request: BaseHTTPRequestHandler, body: bytes) -> str:
    """Name the operation: from the header or the form of AWS's RPC protocols, else method and path."""
    target = request.headers.get("X-Amz-Target")
    action = re.search(rb"(?:^|&)Action=(\w+)", body)
    if target:
        return str(target).rpartition(".")[2]
    return action[1].decode() if action else f"{request.command} {request.path}"
