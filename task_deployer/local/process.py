"""Starts, finds and stops the embedded local AWS of a project. Standard library only: the server alone loads moto.

There is one server a project root; `place` says where it keeps what, and whether it lives.
"""

import http.client
import json
import os
import select
import subprocess
import sys
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from task_deployer.errors import TaskDeployError
from task_deployer.local.place import Place, clear, end, is_alive, prepare, taking_turns

ACCOUNT = "000000000000"  # no real account's, so that nothing local can be taken for something at AWS
ACCESS_KEY = "LOCALAWSLOCALAWS0000"
SECRET_KEY = "local-aws-secret-key"  # noqa: S105 - fake: the local AWS takes any signature
RETRY_WAITS = (1.0, 2.0)
STARTING = "the local AWS to start"  # what whoever starts it waits for
IDENTITY_PATH = "/_task-deploy/identity"

_REQUIRED = ("moto", "flask", "flask_cors")
_PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR")


@dataclass(frozen=True)
class LocalAws:
    """A running local AWS: where it answers, its process, its account, and when it started (ISO 8601, UTC)."""

    endpoint_url: str
    pid: int
    account: str
    started: str


def start(root: Path, *, port: int = 0, timeout: float = 30, retry_waits: tuple[float, ...] = RETRY_WAITS) -> LocalAws:
    """Starts the project's local AWS, or returns the running one.

    `port` 0 takes a free one. `retry_waits` are the seconds before the second and third try of an asynchronous event.
    Raises TaskDeployError if the extra is not installed, if the server does not answer within `timeout` seconds, or if
    there is one that does not answer.
    """
    _require_extra()
    place = Place.of(root)
    with taking_turns(place):
        if not is_alive(place):
            prepare(place)
            _launch(place, port, timeout, retry_waits)
        running = _ask(place)
        if running is None:
            raise TaskDeployError(
                "the embedded local AWS does not answer",
                detail=f"It was started and not stopped. Its log is {place.log}.",
                hint="stop it (what it holds is lost), then start it again",
            )
        return running


def find(root: Path) -> LocalAws | None:
    """Returns the project's local AWS if it runs and answers; what a dead one left behind is removed."""
    place = Place.of(root)
    if is_alive(place):
        return _ask(place)
    if place.folder.exists():
        with taking_turns(place):
            if not is_alive(place):
                clear(place)
    return None


def stop(root: Path, *, timeout: float = 10) -> bool:
    """Stops the project's local AWS with all its sandboxes, and removes its files; True if there was one.

    A server that has not ended after `timeout` seconds is killed.
    """
    place = Place.of(root)
    if not place.folder.exists():
        return False
    with taking_turns(place):
        was_alive = is_alive(place)
        if was_alive:
            end(place, timeout)
        clear(place)
    return was_alive


def _require_extra() -> None:
    missing = [name for name in _REQUIRED if find_spec(name) is None]
    if missing:
        raise TaskDeployError(
            "the embedded local AWS is not installed",
            detail=f"It needs the packages of the extra `local`; {', '.join(missing)} cannot be imported.",
            hint="pip install 'task-deploy[local]'",
        )


def _launch(place: Place, port: int, timeout: float, retry_waits: tuple[float, ...]) -> None:
    ready_end, ready = os.pipe()
    command = [sys.executable, "-P", "-m", "task_deployer.local.server", "--folder", str(place.folder)]
    command += ["--port", str(port), "--ready", str(ready), "--retry-waits", ",".join(map(str, retry_waits))]
    with place.log.open("wb") as log:
        launcher = subprocess.Popen(
            command,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(ready,),
            start_new_session=True,
        )
    os.close(ready)
    try:
        launcher.wait()  # it leaves the server behind, on its own, and ends at once
        answered, _, _ = select.select([ready_end], [], [], timeout)
        if not answered:
            end(place, 0)
            raise _did_not_come_up(place, f"It did not answer within {timeout:g} seconds.")
        if os.read(ready_end, 1) == b"":
            raise _did_not_come_up(place, "Its process ended.")
    finally:
        os.close(ready_end)


def _environment() -> dict[str, str]:
    inherited = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return inherited | {
        "MOTO_ACCOUNT_ID": ACCOUNT,
        "MOTO_ALLOW_NONEXISTENT_REGION": "true",
        # moto answers every preflight itself otherwise, whatever the bucket's rules say.
        "MOTO_DISABLE_GLOBAL_CORS": "true",
    }


def _did_not_come_up(place: Place, why: str) -> TaskDeployError:
    tail = "\n".join(place.log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
    return TaskDeployError(
        "the embedded local AWS did not come up",
        detail=f"{why} The end of {place.log}:\n{tail or '(nothing was written)'}",
        hint="start it without a fixed port; if that fails too, report the log",
    )


def _ask(place: Place) -> LocalAws | None:
    # What the file says and what answers there must be one and the same.
    try:
        written = LocalAws(**json.loads(place.state.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # still starting
    connection = http.client.HTTPConnection(written.endpoint_url.removeprefix("http://"), timeout=10)
    try:
        connection.request("GET", IDENTITY_PATH)
        said = json.loads(connection.getresponse().read())
    except (OSError, ValueError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return written if said == asdict(written) else None
