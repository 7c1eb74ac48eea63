"""Where a project's local AWS keeps its files, and whether it lives. Standard library only.

Lock, state, log and sandboxes lie under the user's state directory, in
`${XDG_STATE_HOME:-~/.local/state}/task-deploy/local/<hash of the root>/`, never in the project. The server holds a lock
for as long as it lives, so whether it lives is never guessed from a process id.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """The files of one project's local AWS."""

    folder: Path

    @classmethod
    def of(cls, root: Path) -> "Place":
        """The place that belongs to a project root, whether it exists or not."""
        home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
        name = hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:16]
        return cls(Path(home) / "task-deploy" / "local" / name)

    @property
    def turn(self) -> Path:
        """Locked by whoever starts, stops or clears a server, one after the other; beside the folder, which may go."""
        return self.folder.with_suffix(".turn")

    @property
    def lock(self) -> Path:
        """Locked by the server for its whole life; holds its process id."""
        return self.folder / "lock"

    @property
    def state(self) -> Path:
        """The running server as JSON, there from when it answers."""
        return self.folder / "state.json"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / "server.log"

    @property
    def sandboxes(self) -> Path:
        """Unzipped functions and what they print; gone when the server is."""
        return self.folder / "sandboxes"


@contextmanager
def taking_turns(place: Place) -> Iterator[None]:
    """Waits until nobody else starts, stops or clears this place's server, and keeps others waiting meanwhile."""
    place.turn.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    while True:
        with place.turn.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # The one before removed the file that we waited for: what is locked must be what the next one will open.
            if _is_at(place.turn, file.fileno()):
                try:
                    yield
                finally:
                    place.turn.unlink()
                return


def is_alive(place: Place) -> bool:
    """True if the place's server lives. A shared lock asks, so those who ask never take each other for the server."""
    try:
        with place.lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def prepare(place: Place) -> None:
    """Makes the place as a server needs it, without what a dead one left."""
    clear(place)
    place.folder.mkdir(mode=0o700, parents=True)
    place.lock.touch()


def clear(place: Place) -> None:
    """Removes what a dead server left."""
    shutil.rmtree(place.folder, ignore_errors=True)


def end(place: Place, timeout: float) -> None:
    """Asks the server to end, kills it after `timeout` seconds, and returns when it is gone."""
    patience = time.monotonic() + timeout
    _signal(place, signal.SIGTERM)
    while is_alive(place):
        if time.monotonic() > patience:
            _signal(place, signal.SIGKILL)
        time.sleep(0.02)


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _signal(place: Place, number: signal.Signals) -> None:
    # The id is the lock holder's own, so it cannot be another process's that came later.
    try:
        os.kill(int(place.lock.read_text(encoding="ascii")), number)
    except (ValueError, ProcessLookupError):
        return  # not there yet, or gone
