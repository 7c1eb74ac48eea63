"""The installed command, run by an interpreter that has loaded its modules already: see `warm_interpreter.py`."""

import atexit
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import IO, Final, Self

ROOT: Final = Path(__file__).parents[2]
SEEDS: Final = ("1", "2")
"""Of the interpreters' hashes. They take turns: what one run has in the order of a set, the next has in another."""

_READ_AT_START: Final = ("PYTHON", "LC_", "LANG")


class Running:
    """A run of the command, with what the tests use of a `subprocess.Popen`."""

    def __init__(self, stdout: IO[str], stderr: IO[str], keeper: socket.socket, order: str) -> None:
        self.stdout, self.stderr, self._keeper = stdout, stderr, keeper
        self.returncode: int | None = None
        keeper.sendall(order.encode())
        self._told = keeper.makefile(encoding="utf-8")
        self.pid = int(self._told.readline())

    def send_signal(self, number: int) -> None:
        """Send a signal to the process."""
        os.kill(self.pid, number)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end of the process; returns its exit code, or less than 0: the signal that killed it."""
        if self.returncode is None:
            self._keeper.settimeout(timeout)
            self.returncode = int(self._told.readline())
            self._told.close()
            self._keeper.close()
        return self.returncode

    def communicate(self, timeout: float) -> tuple[str, str]:
        """Read all that it says until it ends; one that does not end in so many seconds is killed."""
        alarm = threading.Timer(timeout, self.send_signal, [signal.SIGKILL])
        with ThreadPoolExecutor(1) as pool:
            alarm.start()
            err = pool.submit(self.stderr.read)
            out = self.stdout.read()
            told = out, err.result()
        alarm.cancel()
        self.wait()
        return told

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self.stdout, self.stderr:
            self.wait()


def start(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Running:
    """Start the command in a folder and do not wait for it. An interpreter's own settings come too late for it."""
    assert not [name for name in environment if name.startswith(_READ_AT_START)]
    out, stdout = os.pipe()
    err, stderr = os.pipe()
    ours, keeper = socket.socketpair()
    socket.send_fds(next(_interpreters()), [b"!"], [stdout, stderr, keeper.fileno()])
    for given in (stdout, stderr, keeper.detach()):
        os.close(given)
    order = json.dumps([words, str(folder), dict(environment)]) + "\n"
    return Running(os.fdopen(out, encoding="utf-8"), os.fdopen(err, encoding="utf-8"), ours, order)


@cache
def _interpreters() -> Iterator[socket.socket]:
    return itertools.cycle([_interpreter(seed) for seed in SEEDS])


def _interpreter(seed: str) -> socket.socket:
    """Start an interpreter, which ends with this process; returns where it is asked for runs."""
    ours, asked = socket.socketpair()
    with asked:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.warm_interpreter", str(asked.fileno())],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
            pass_fds=[asked.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    atexit.register(process.wait)
    atexit.register(ours.close)
    return ours
