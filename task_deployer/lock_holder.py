"""Who holds a lock, and whether he is still alive, as far as that can be told from this machine."""

import getpass
import json
import os
import shlex
import socket
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from task_deployer.process_start import started

_LONGEST = 200  # characters of a command line: what fits into a message


class Life(StrEnum):
    """What can be told of a holder. A process of another machine cannot be looked at."""

    LIVING = "living"
    DEAD = "dead"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Holder:
    """A process that took a lock: where it runs, what, whose, and since when (UTC).

    `started` tells it from a later process with the same number; it is empty where the system does not say.
    """

    host: str
    pid: int
    started: str
    user: str
    command: str
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since} (`{self.command}`, run by {self.user})"

    @property
    def life(self) -> Life:
        """Whether the process is alive."""
        if self.host != socket.gethostname():
            return Life.UNKNOWN
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return Life.DEAD
        except PermissionError:
            pass  # it is there, and somebody else's
        now = started(self.pid)
        return Life.DEAD if now and self.started and now != self.started else Life.LIVING

    @property
    def is_here(self) -> bool:
        """Whether it is this process."""
        return (self.host, self.pid) == (socket.gethostname(), os.getpid())

    def dumps(self) -> str:
        """The holder as it is written into the lock's file."""
        return json.dumps(asdict(self)) + "\n"


def this_process() -> Holder:
    """Describe this process as a holder from now on."""
    words = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return Holder(socket.gethostname(), os.getpid(), started(os.getpid()), _user(), words[:_LONGEST], now)


def parse(text: str) -> Holder | None:
    """Read what a holder wrote; None where nobody did, or not in this form."""
    try:
        found = Holder(**json.loads(text))
    except (ValueError, TypeError):
        return None
    pid: object = found.pid
    words: tuple[object, ...] = (found.host, found.started, found.user, found.command, found.since)
    return found if isinstance(pid, int) and pid > 0 and all(isinstance(word, str) for word in words) else None


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a number without a name, as in containers
        return str(os.getuid())
