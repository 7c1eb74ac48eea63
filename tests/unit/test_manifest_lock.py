"""The lock of a manifest: who holds it, whether he lives, and what a broken one leads to."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from task_deployer import manifest_file, manifest_lock
from task_deployer.errors import ManifestError
from task_deployer.lock_holder import Life, parse, this_process
from task_deployer.process_start import started
from tests.lock_holders import another_process

dated = pytest.mark.skipif(not started(os.getpid()), reason="the system does not say when a process began")


@pytest.fixture
def path(manifest_path: Path) -> Path:
    """A manifest that is there, so that its lock stays when it is let go."""
    manifest_path.parent.mkdir()
    manifest_path.touch()
    return manifest_path


def leave(path: Path, **other: object) -> None:
    """A holder like this process, but for these words, has left his name in the lock's file without holding it."""
    written = json.loads(this_process().dumps()) | other
    manifest_file.lock_of(path).write_text(json.dumps(written), encoding="utf-8")


def refused(path: Path) -> ManifestError:
    """Take the lock, which is refused."""
    with pytest.raises(ManifestError, match="at work") as caught, manifest_file.locked(path):
        pass
    return caught.value


def test_the_refusal_says_who_and_since_when(path: Path) -> None:
    """Whoever finds the lock held learns the process, its host, its user, its command, since when, and what to do."""
    with another_process(path) as process:
        error = refused(path)
        hold = manifest_lock.find(manifest_file.lock_of(path))
        assert hold is not None
        assert hold.holder is not None
        assert (Life.LIVING, process.pid, socket.gethostname()) == (hold.life, hold.holder.pid, hold.holder.host)
    told = f"process {process.pid} on {socket.gethostname()}, since {hold.holder.since}"
    assert told in error.detail
    assert f"run by {hold.holder.user}" in error.detail
    assert str(path) in error.detail
    assert f"Wait until it has ended, or end it (kill {process.pid})" in error.hint


def test_a_lock_that_was_let_go_names_nobody(path: Path) -> None:
    """After a run its lock's file is empty."""
    with manifest_file.locked(path):
        holder = parse(manifest_file.lock_of(path).read_text(encoding="utf-8"))
        assert (socket.gethostname(), os.getpid()) == (holder and holder.host, holder and holder.pid)
    assert b"" == manifest_file.lock_of(path).read_bytes()
    assert manifest_lock.find(manifest_file.lock_of(path)) is None


def test_what_this_process_left_is_no_hindrance(path: Path) -> None:
    """A process does not stand in its own way: what it wrote down and does not hold is left over."""
    leave(path)
    with manifest_file.locked(path):
        pass


@dated
def test_a_zombie_holds_nothing(path: Path) -> None:
    """A process that was killed, and whose parent has not looked yet, is dead."""
    with another_process(path) as process:
        os.kill(process.pid, signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        with manifest_file.locked(path):
            pass


@dated
def test_a_number_that_was_given_again_is_another_process(path: Path) -> None:
    """A living process that was started at another time than the holder is not the holder: he is dead."""
    leave(path, pid=os.getppid(), started="another boot 1")
    with manifest_file.locked(path):
        pass


def test_a_number_that_nobody_has_is_dead(path: Path) -> None:
    """What a dead process of this machine has left there is passed over."""
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    leave(path, pid=ended.pid)
    assert manifest_lock.find(manifest_file.lock_of(path)) is None
    with manifest_file.locked(path):
        pass


def test_a_living_holder_is_believed_where_the_kernel_knows_nothing(path: Path) -> None:
    """On a file system whose locks reach nobody, the holder's own word keeps a second writer out."""
    with another_process(path) as process:
        written = manifest_file.lock_of(path).read_text(encoding="utf-8")
        manifest_lock.remove(manifest_file.lock_of(path))
        manifest_file.lock_of(path).write_text(written, encoding="utf-8")
        assert f"process {process.pid} " in refused(path).detail


def test_a_holder_elsewhere_is_not_passed_over(path: Path) -> None:
    """What a process of another machine left cannot be checked: it is refused, and the advice says so."""
    leave(path, host="elsewhere", pid=7)
    error = refused(path)
    assert "process 7 on elsewhere" in error.detail
    assert "cannot be told from here" in error.hint
    assert "task-deploy unlock" in error.hint
    manifest_lock.remove(manifest_file.lock_of(path))
    with manifest_file.locked(path):
        pass


@pytest.mark.parametrize(
    "text", ["", "process 7 on there", "[]", "{}", '{"pid": 0}', "\x00\xff", '{"host": 1, "pid": "x"}']
)
def test_what_is_no_holder_is_nobody(path: Path, text: str) -> None:
    """A file whose content is not a holder's is free where the kernel says so."""
    manifest_file.lock_of(path).write_text(text, encoding="utf-8")
    with manifest_file.locked(path):
        pass


@pytest.mark.parametrize(
    "wrong", [{"pid": 0}, {"pid": -1}, {"pid": "7"}, {"host": None}, {"since": 1}, {"more": "keys"}], ids=str
)
def test_a_holder_with_a_wrong_part_is_nobody(wrong: dict[str, object]) -> None:
    """A number that is no process's (0 and less are groups), a part of another type, or one too many is no holder."""
    assert parse(json.dumps(json.loads(this_process().dumps()) | wrong)) is None


def test_a_holder_that_has_not_signed_is_told(path: Path) -> None:
    """Where the kernel knows a holder and the file does not, the refusal says that."""
    with another_process(path):
        os.truncate(manifest_file.lock_of(path), 0)
        assert "a process that has not said who it is" in refused(path).detail


def test_a_broken_lock_takes_no_later_one_along(manifest_path: Path) -> None:
    """A run whose lock was broken leaves the lock of the run that came after it, and that one still holds."""
    manifest_path.parent.mkdir()
    lock = manifest_file.lock_of(manifest_path)
    first = manifest_lock.acquire(lock)
    manifest_lock.remove(lock)
    with another_process(manifest_path) as second:
        manifest_lock.release(lock, first, remove=True)
        assert f"process {second.pid} " in refused(manifest_path).detail


@pytest.mark.parametrize("deed", [manifest_lock.find, manifest_lock.remove])
def test_a_lock_that_cannot_be_reached_is_told(path: Path, deed: Callable[[Path], object]) -> None:
    """What is no file can neither be looked into nor broken: that is told, with what to do."""
    manifest_file.lock_of(path).mkdir()
    with pytest.raises(ManifestError, match=r"media\.dev\.json\.lock cannot be") as caught:
        deed(manifest_file.lock_of(path))
    assert "by hand" in caught.value.hint
