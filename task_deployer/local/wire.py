"""HTTP on loopback: connections stay open, and every answer leaves in one segment.

werkzeug's own loop closes each connection and writes head and body apart, which costs 40 ms a call where an
acknowledgement is delayed. This one reads the whole request first, so the next one can follow on the same connection.
"""

import io
import threading
from http import HTTPStatus

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import ThreadedWSGIServer

from task_deployer.local.call import Reply, read_call
from task_deployer.local.gateway import Answer, Environ
from task_deployer.local.http_body import read_body

_BODILESS = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


class Requests(MotoRequestHandler):
    """One connection: requests in, answers out, until the client leaves."""

    server: "Server"
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Reads one request, has it answered and writes the answer."""
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.wfile.flush()  # http.server has written the go-ahead, but a buffered file keeps it
        body = read_body(self.headers, self.rfile)
        environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("wsgi.input_terminated", None)
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = read_call(self.command, self.path, headers, body, self.client_address[0])
        self._write(self.server.answer(call, environ))

    def _write(self, reply: Reply) -> None:
        self.send_response(reply.status)
        told = {"connection", "content-length", "transfer-encoding", "server", "date"}
        for name, value in reply.headers:
            if name.lower() not in told:
                self.send_header(name, value)
        if reply.status not in _BODILESS:
            length = next((value for name, value in reply.headers if name.lower() == "content-length"), None)
            self.send_header("Content-Length", length if self.command == "HEAD" and length else str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD" and reply.status not in _BODILESS:
            self.wfile.write(reply.body)
        self.wfile.flush()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing: a line a request would bury what the log is for."""


class Server(ThreadedWSGIServer):
    """The listening socket, on loopback alone, a thread a connection."""

    daemon_threads = True
    block_on_close = False

    answer: Answer  # set before serve_forever: what answers is told this server's URL, and so comes after it

    def __init__(self, port: int) -> None:
        super().__init__("127.0.0.1", port, _unused, handler=Requests)

    @property
    def url(self) -> str:
        """The endpoint URL for clients."""
        return f"http://127.0.0.1:{self.server_port}"

    def shutdown_soon(self) -> None:
        """Asks serve_forever to return; may be called from its own thread."""
        threading.Thread(target=self.shutdown, daemon=True).start()


def _unused(environ: Environ, start_response: object) -> list[bytes]:
    raise NotImplementedError("Requests answers by itself")
