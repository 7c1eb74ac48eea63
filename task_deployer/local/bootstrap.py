"""What a sandbox runs: sets the scene as Lambda does, then hands over to AWS's runtime client or to the loop below.

Started by path, with `-S`, so that neither the tool nor its environment can be imported by a handler: only the zip, the
standard library and what Lambda brings along (boto3). Arguments: folder of the runtime's packages (or empty), number of
the life-line's file descriptor, `ric` or `loop`, the handler.

Standard library only, and nothing of this package: it runs where the package cannot be imported.
"""

import importlib
import json
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from http.client import HTTPConnection
from typing import NoReturn, TextIO

API = "/2018-06-01/runtime"
Handler = Callable[[object, object], object]


def main() -> None:
    """Ties this process to the server's life, opens the import path to zip and runtime, and runs the handler."""
    runtime_folder, life_line, client, handler = sys.argv[1:]
    threading.Thread(target=_die_with, args=(int(life_line),), daemon=True).start()
    sys.path[:0] = [os.environ["LAMBDA_TASK_ROOT"], runtime_folder]
    if client == "ric":
        from awslambdaric.__main__ import main as run  # noqa: PLC0415 - on Linux alone, and from the runtime's folder

        run(["awslambdaric", handler])
    else:
        Loop(os.environ["AWS_LAMBDA_RUNTIME_API"]).run(handler)


def _die_with(life_line: int) -> None:
    # The server holds the other end and never writes: the read ends when the server does, however it ended.
    os.set_inheritable(life_line, False)  # noqa: FBT003 - the function's own signature
    os.read(life_line, 1)
    os.killpg(0, signal.SIGKILL)


class Context:
    """The `context` that a handler receives.

    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """

    def __init__(self, request_id: str, deadline_ms: int, arn: str) -> None:
        self.aws_request_id = request_id
        self.invoked_function_arn = arn
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self._deadline_ms = deadline_ms

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the timeout, never below zero."""
        return max(0, self._deadline_ms - int(time.time() * 1000))


class _Unbuffered:
    """A stream that keeps nothing back, so that a kill loses no line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        written = self._stream.write(text)
        self._stream.flush()
        return written

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


class _RequestId(logging.Filter):
    """Adds the id of the request being served to each log record."""

    def __init__(self) -> None:
        super().__init__()
        self.request_id = ""

    def filter(self, record: logging.LogRecord) -> bool:
        record.aws_request_id = self.request_id
        return True


class Loop:
    """The Runtime API's client where AWS's own cannot be installed.

    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
    """

    def __init__(self, address: str) -> None:
        self._api = HTTPConnection(address)
        self._request_id = _RequestId()

    def run(self, handler: str) -> NoReturn:
        """Loads the handler and answers invocations until the process is ended."""
        sys.stdout = _Unbuffered(sys.stdout)
        sys.stderr = _Unbuffered(sys.stderr)
        self._set_up_logging()
        function = self._load(handler)
        while True:
            self._serve_one(function)

    def _set_up_logging(self) -> None:
        logging.Formatter.converter = time.gmtime
        form = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
        to_stdout = logging.StreamHandler(sys.stdout)
        to_stdout.setFormatter(logging.Formatter(form, "%Y-%m-%dT%H:%M:%S"))
        to_stdout.addFilter(self._request_id)
        logging.getLogger().addHandler(to_stdout)

    def _load(self, handler: str) -> Handler:
        module, _, name = handler.rpartition(".")
        try:
            loaded = importlib.import_module(module.replace("/", "."))
        except ImportError as error:
            self._fail_init("Runtime.ImportModuleError", f"Unable to import module '{module}': {error}")
        except SyntaxError as error:
            self._fail_init("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module}': {error}")
        except Exception as error:  # noqa: BLE001 - whatever the user's module raises is reported as Lambda does
            self._fail_init(type(error).__name__, str(error), _frames(error))
        function: Handler | None = getattr(loaded, name, None)
        if function is None:
            self._fail_init("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module}'")
        return function

    def _fail_init(self, kind: str, message: str, trace: list[str] | None = None) -> NoReturn:
        error = _error(kind, message, "", trace or [])
        _print_error(error)
        self._post("/init/error", json.dumps(error).encode())
        sys.exit(1)

    def _serve_one(self, function: Handler) -> None:
        self._api.request("GET", f"{API}/invocation/next")
        asked = self._api.getresponse()
        payload = asked.read()
        request_id = asked.headers["Lambda-Runtime-Aws-Request-Id"]
        self._request_id.request_id = request_id
        deadline = int(asked.headers["Lambda-Runtime-Deadline-Ms"])
        context = Context(request_id, deadline, asked.headers["Lambda-Runtime-Invoked-Function-Arn"])
        try:
            answer = json.dumps(function(json.loads(payload), context)).encode()
        except Exception as error:  # noqa: BLE001 - a handler's error is the invocation's answer, not ours
            said = _error(type(error).__name__, str(error), request_id, _frames(error))
            _print_error(said)
            self._post(f"/invocation/{request_id}/error", json.dumps(said).encode())
        else:
            self._post(f"/invocation/{request_id}/response", answer)

    def _post(self, path: str, body: bytes) -> None:
        self._api.request("POST", API + path, body, {"Content-Type": "application/json"})
        self._api.getresponse().read()


def _error(kind: str, message: str, request_id: str, trace: list[str]) -> dict[str, str | list[str]]:
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}


def _frames(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return traceback.format_list([frame for frame in frames if frame.filename != __file__])


def _print_error(error: dict[str, str | list[str]]) -> None:
    # One log event, as AWS shows it: carriage returns within, one line feed at the end.
    trace = "".join(error["stackTrace"])
    text = f"[ERROR] {error['errorType']}: {error['errorMessage']}\nTraceback (most recent call last):\n{trace}"
    print(text.rstrip("\n").replace("\n", "\r"))  # noqa: T201 - what is printed is the log


if __name__ == "__main__":
    main()
