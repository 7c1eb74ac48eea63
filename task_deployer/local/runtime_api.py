"""Lambda's Runtime API, for one sandbox: a loopback port that hands out invocations and takes the answers.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import socket
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue

from task_deployer.local.http_body import read_body

_NEXT = "/2018-06-01/runtime/invocation/next"


@dataclass(frozen=True)
class Invocation:
    """One event for the function."""

    request_id: str
    function_arn: str
    payload: bytes
    timeout_seconds: int


@dataclass(frozen=True)
class Ready:
    """The runtime has loaded the handler and asks for work."""


@dataclass(frozen=True)
class Answered:
    """The handler returned (`failed` False) or raised; `payload` is what the runtime sent."""

    request_id: str
    payload: bytes
    failed: bool


@dataclass(frozen=True)
class InitFailed:
    """The handler could not be loaded."""

    payload: bytes


@dataclass(frozen=True)
class Exited:
    """The runtime's process has ended: its exit code, negative for a signal."""

    code: int


Happening = Ready | Answered | InitFailed | Exited


class RuntimeApi:
    """The server side: `post` hands an invocation to the runtime, `happenings` tells in order what became of it."""

    def __init__(self) -> None:
        self.happenings: SimpleQueue[Happening] = SimpleQueue()
        self._invocations: SimpleQueue[Invocation | None] = SimpleQueue()
        self._server = _Server(self)
        self._closing = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Host and port, for AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.server_port}"

    def post(self, invocation: Invocation) -> None:
        """Gives the runtime its next invocation."""
        self._invocations.put(invocation)

    def next(self) -> Invocation | None:
        """Waits for the next invocation; None when the sandbox closes."""
        self.happenings.put(Ready())
        return self._invocations.get()

    def close(self) -> None:
        """Ends the server, its socket and its threads."""
        self._closing = True
        self._invocations.put(None)
        socket.create_connection(("127.0.0.1", self._server.server_port)).close()
        self._thread.join()
        self._server.server_close()

    def _serve(self) -> None:
        # Rather than serve_forever, which would wake up twice a second in every idle sandbox.
        while not self._closing:
            self._server.handle_request()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, api: RuntimeApi) -> None:
        super().__init__(("127.0.0.1", 0), _Requests)
        self.api = api


class _Requests(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one segment an answer: headers and body leave together
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path != _NEXT:
            self._answer(404, b"{}")
            return
        invocation = self.server.api.next()
        if invocation is None:
            self.close_connection = True
            return
        deadline = int((time.time() + invocation.timeout_seconds) * 1000)
        self._answer(
            200,
            invocation.payload,
            ("Lambda-Runtime-Aws-Request-Id", invocation.request_id),
            ("Lambda-Runtime-Deadline-Ms", str(deadline)),
            ("Lambda-Runtime-Invoked-Function-Arn", invocation.function_arn),
        )

    def do_POST(self) -> None:
        body = read_body(self.headers, self.rfile)
        *_, what, verb = self.path.split("/")
        if (what, verb) == ("init", "error"):
            self.server.api.happenings.put(InitFailed(body))
        else:
            self.server.api.happenings.put(Answered(what, body, failed=verb == "error"))
        self._answer(202, b'{"status":"OK"}')

    def _answer(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*headers, ("Content-Type", "application/json"), ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's own name
        """Says nothing: what the function does is told by its log."""
