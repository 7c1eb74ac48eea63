"""A process is told from a later one with its number by when it was started, whichever way the system says that."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from task_deployer.process_start import started

NOWHERE = Path("/there/is/no/such/folder")
Way = Callable[[int], str]

WAYS = [
    pytest.param(
        started,
        id="proc",
        marks=pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system has no /proc"),
    ),
    pytest.param(
        lambda pid: started(pid, NOWHERE),
        id="ps",
        marks=pytest.mark.skipif(not Path("/bin/ps").exists(), reason="the system has no ps"),
    ),
]


def is_same(one: str, other: str) -> bool:
    """Whether both say the same. Linux's `ps` counts back from the uptime, and may be off by one second."""
    if one == other:
        return True
    dates = [datetime.strptime(f"{told} +0000", "%a %b %d %H:%M:%S %Y %z") for told in (one, other)]
    return abs(dates[0] - dates[1]) <= timedelta(seconds=1)


@pytest.mark.parametrize("way", WAYS)
def test_a_process_is_told_from_another(way: Way) -> None:
    """A process began once, whenever one asks; the first of the system began at another time."""
    assert way(os.getpid())
    assert is_same(way(os.getpid()), way(os.getpid()))
    assert way(1) != way(os.getpid())


@pytest.mark.parametrize("way", WAYS)
def test_a_zombie_is_dead(way: Way) -> None:
    """A process that was killed is dead before its parent has looked, and nobody after."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert way(process.pid) not in {"", "dead"}
        os.kill(process.pid, signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert "dead" == way(process.pid)
    assert "" == way(process.pid)


@pytest.mark.parametrize("way", WAYS)
def test_neither_language_nor_time_zone_matters(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one user is told in one time zone and language is what another is told in theirs."""
    before = way(os.getpid())
    for name, value in (("TZ", "Asia/Tokyo"), ("LC_ALL", "de_DE.UTF-8"), ("LC_TIME", "de_DE.UTF-8")):
        monkeypatch.setenv(name, value)
    assert is_same(before, way(os.getpid()))
