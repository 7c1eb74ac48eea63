"""A loopback proxy before an endpoint: what becomes of each request is one function's to say.

Connections to it stay open as AWS's do; any number of requests may be under way at once.
"""

import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import urlsplit

_OWN_HEADERS = {"connection", "transfer-encoding", "content-length", "date", "server", "keep-alive"}
_ANSWER_SECONDS = 60
_READS = ("Get", "List", "Head", "Describe")


@dataclass(frozen=True)
class Answer:
    """What comes back for a request."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Exchange:
    """One request that has come in. `forward` asks the endpoint; `answer` gives the client its answer.

    `what` names the operation where AWS's protocol does; for S3 and Lambda it is method and path. A request that is
    not answered ends with its connection.
    """

    what: str
    forward: Callable[[], Answer]
    answer: Callable[[Answer], None]

    @property
    def is_mutating(self) -> bool:
        """Whether the request may change something."""
        return not self.what.startswith((*_READS, "GET ", "HEAD "))


Treatment = Callable[[Exchange], None]
"""What becomes of a request. Called on a thread of the connection's own."""


def pass_on(exchange: Exchange) -> None:
    """Ask the endpoint, and give its answer."""
    exchange.answer(exchange.forward())


class Proxy(ThreadingHTTPServer):
    """Stands before `upstream`, an endpoint URL, and treats each request so."""

    daemon_threads = False  # closing waits for the connections, whose clients have ended by then
    request_queue_size = 256

    def __init__(self, upstream: str, treatment: Treatment = pass_on) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.upstream = urlsplit(upstream).netloc
        self.treatment = treatment
        self.connections: set[socket.socket] = set()

    @property
    def endpoint_url(self) -> str:
        """Where the proxy listens."""
        return f"http://127.0.0.1:{self.server_port}"

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Run for the time of the block; at its end no request is under way any more."""
        with self:
            thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
            thread.start()
            try:
                yield
            finally:
                self.shutdown()
                thread.join()
                for connection in tuple(self.connections):  # what a living client keeps open would be waited for
                    with suppress(OSError):  # it has gone in the meantime
                        connection.shutdown(socket.SHUT_RD)


class _Connection(BaseHTTPRequestHandler):
    """One connection of a client."""

    server: Proxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm: ClassVar[bool] = True  # head and body are two writes; Nagle would add 40 ms between them

    def handle(self) -> None:
        """Serve the connection; a client that has died is no error of the proxy's."""
        self.server.connections.add(self.connection)
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True
        finally:
            self.server.connections.discard(self.connection)

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        self.close_connection = True  # until it is answered
        if len(body) < length:  # the client died while it sent: the endpoint would wait for the rest
            return
        self.server.treatment(Exchange(_what(self, body), lambda: self._forwarded(body), self._answer))

    def _forwarded(self, body: bytes) -> Answer:
        connection = HTTPConnection(self.server.upstream, timeout=_ANSWER_SECONDS)
        try:
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(), dict(answer.getheaders()))
        finally:
            connection.close()

    def _answer(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in _OWN_HEADERS:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)
        self.close_connection = False

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = _serve  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing; whoever treats the requests keeps the record."""


def _what(request: BaseHTTPRequestHandler, body: bytes) -> str:
    """Name the operation: from the header or the form of AWS's RPC protocols, else method and path."""
    target = request.headers.get("X-Amz-Target")
    action = re.search(rb"(?:^|&)Action=(\w+)", body)
    if target:
        return str(target).rpartition(".")[2]
    return action[1].decode() if action else f"{request.command} {request.path}"
