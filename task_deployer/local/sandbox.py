"""One sandbox: the function's unzipped code, one runtime process, its Runtime API and its output file.

The process gets an environment made from nothing: Lambda's own variables, the function's, and no trace of the host's.
HOME and TMPDIR point into the sandbox's folder, so that no profile of the user's is read and nothing is left behind.
"""

import io
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty

from task_deployer.local.function import Function, error_payload
from task_deployer.local.runtime_api import Answered, Exited, InitFailed, Invocation, Ready, RuntimeApi
from task_deployer.local.runtime_packages import Runtime

# AWS gives the init phase 10 s of its own; a loaded laptop gets more before the start counts as failed.
INIT_SECONDS = 60.0


@dataclass(frozen=True)
class Credentials:
    """Temporary credentials of the function's role."""

    access_key: str
    secret_key: str
    session_token: str


@dataclass(frozen=True)
class Outcome:
    """What became of one invocation. `reusable` is False if the sandbox must be thrown away; `note` goes to the log."""

    payload: bytes
    failed: bool = False
    reusable: bool = True
    note: str = ""


@dataclass(frozen=True)
class Host:
    """Where sandboxes live: the folder for theirs, the runtime they share, the endpoint their clients are given."""

    folder: Path
    runtime: Runtime
    endpoint_url: str


class Sandbox:
    """A process that serves one invocation at a time. Whoever starts one must `close` it.

    Raises zipfile.BadZipFile if the function's code is no zip; nothing is left behind then.
    """

    def __init__(self, function: Function, host: Host, name: str, credentials: Credentials) -> None:
        self.function_arn = function.arn
        self.revision = function.revision
        self.retired = False
        self.access_key = credentials.access_key
        self.log_stream = f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{secrets.token_hex(16)}"
        self.init_seconds = 0.0
        self.idle_since = time.monotonic()
        self._folder = host.folder / name
        _unpack(function.code, self._folder)
        self._api = RuntimeApi()
        environment = _environment(function, self._folder, credentials) | {
            "AWS_ENDPOINT_URL": dict(function.environment).get("AWS_ENDPOINT_URL", host.endpoint_url),
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "AWS_LAMBDA_LOG_STREAM_NAME": self.log_stream,
        }
        self._process, self._life_line = _spawn(function.handler, self._folder, host.runtime, environment)
        self._output = (self._folder / "output").open("rb")
        threading.Thread(target=self._watch, daemon=True).start()

    @property
    def is_alive(self) -> bool:
        """True while the process runs."""
        return self._process.poll() is None

    def wait_until_ready(self, request_id: str = "") -> Outcome | None:
        """Waits for the handler to be loaded; an Outcome if that failed. `request_id` is that of who waits."""
        began = time.monotonic()
        try:
            happening = self._api.happenings.get(timeout=INIT_SECONDS)
        except Empty:
            happening = Exited(-signal.SIGKILL)
        self.init_seconds = time.monotonic() - began
        match happening:
            case Ready():
                return None
            case InitFailed(payload):
                return Outcome(payload, failed=True, reusable=False)
            case Exited(code):
                return _crashed(request_id, code)
            case Answered():
                return _crashed(request_id, 0)

    def run(self, invocation: Invocation) -> Outcome:
        """Runs one invocation to its answer, its timeout or the end of the process."""
        self._api.post(invocation)
        deadline = time.monotonic() + invocation.timeout_seconds
        while True:
            try:
                happening = self._api.happenings.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                return _timed_out(invocation)
            match happening:
                case Answered(request_id, payload, failed) if request_id == invocation.request_id:
                    return Outcome(payload, failed=failed)
                case Exited(code):
                    return _crashed(invocation.request_id, code)
                case _:  # Ready: the runtime asked for the next event after its last answer
                    continue

    def new_output(self) -> str:
        """What the process has written since the last call; it writes to a file, so after an answer all is there."""
        return self._output.read().decode("utf-8", "replace")

    def peak_memory_mb(self) -> int | None:
        """The most memory the process has used, where the system says so."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        except OSError:
            return None
        return next((int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM")), None)

    def close(self) -> None:
        """Kills the process and all it started, and removes the folder."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._life_line)
        self._api.close()
        self._output.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _watch(self) -> None:
        self._api.happenings.put(Exited(self._process.wait()))


def _unpack(code: bytes, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(code)) as archive:
        for name in ("task", "tmp"):
            (folder / name).mkdir(parents=True)
        for member in archive.infolist():
            path = Path(archive.extract(member, folder / "task"))
            mode = member.external_attr >> 16 & 0o777
            if mode and not member.is_dir():
                path.chmod(mode)  # as Lambda does: a file nobody may read fails there too


def _spawn(
    handler: str, folder: Path, runtime: Runtime, environment: dict[str, str]
) -> tuple[subprocess.Popen[bytes], int]:
    life_line_end, life_line = os.pipe()
    bootstrap = Path(__file__).with_name("bootstrap.py")
    with (folder / "output").open("ab") as output:
        process = subprocess.Popen(
            # -S: no site-packages, so a module missing in the zip is missing here too; -P: nor the bootstrap's folder.
            [sys.executable, "-S", "-s", "-P", bootstrap, runtime.folder, str(life_line_end), runtime.client, handler],
            cwd=folder / "task",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(life_line_end,),
            start_new_session=True,
        )
    os.close(life_line_end)
    return process, life_line


def _environment(function: Function, folder: Path, credentials: Credentials) -> dict[str, str]:
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html; reserved names win over the function's.
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "HOME": str(folder / "tmp"),
        "TMPDIR": str(folder / "tmp"),
        **dict(function.environment),
        "_HANDLER": function.handler,
        "LAMBDA_TASK_ROOT": str(folder / "task"),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
    }


def _timed_out(invocation: Invocation) -> Outcome:
    said = f"Task timed out after {invocation.timeout_seconds:.2f} seconds"
    payload = error_payload("Sandbox.Timedout", f"RequestId: {invocation.request_id} Error: {said}")
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Outcome(payload, failed=True, reusable=False, note=f"{now} {invocation.request_id} {said}\n")


def _crashed(request_id: str, code: int) -> Outcome:
    how = f"signal: {signal.strsignal(-code)}".lower() if code < 0 else f"exit status {code}"
    said = f"Runtime exited with error: {how}" if code else "Runtime exited without providing a reason"
    payload = error_payload("Runtime.ExitError", f"RequestId: {request_id} Error: {said}")
    return Outcome(
        payload, failed=True, reusable=False, note=f"RequestId: {request_id} Error: {said}\nRuntime.ExitError\n"
    )
