"""The lock of a manifest: one writer at a time, and who that is.

It is `flock` on a file beside the manifest, which the kernel releases when its holder dies: the file alone is nothing.
A file system that machines share may keep `flock` to one of them. Therefore a holder also writes down who he is, and
wipes it out at the end; what a process of another machine has left there cannot be checked from here.
"""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from task_deployer.errors import ManifestError
from task_deployer.lock_holder import Holder, Life, parse, this_process

_MOST = 4096  # bytes that are read of a lock's file


@dataclass(frozen=True)
class Hold:
    """That a lock is held. `holder` is None where it has not said who it is."""

    lock: Path
    holder: Holder | None

    @property
    def life(self) -> Life:
        """Whether the holder is alive."""
        return self.holder.life if self.holder else Life.UNKNOWN

    @property
    def advice(self) -> str:
        """What whoever finds the lock held can do."""
        pid = self.holder.pid if self.holder else 0
        return {
            Life.LIVING: f"Wait until it has ended, or end it (kill {pid}), then run the same command again.",
            Life.DEAD: "That process has ended, and left the lock: `task-deploy unlock` breaks it.",
            Life.UNKNOWN: "Wait until it has ended. Whether it still runs cannot be told from here: where it does not, "
            "`task-deploy unlock` breaks the lock.",
        }[self.life]

    def __str__(self) -> str:
        return str(self.holder or "a process that has not said who it is")


def acquire(lock: Path) -> int:
    """Take the lock; returns what `release` takes. Raises `ManifestError` if it is held, OSError if it cannot be."""
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            if _taken(lock, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def release(lock: Path, descriptor: int, *, remove: bool) -> None:
    """Let the lock go, and remove its file where asked: never one that another run has made after an `unlock`."""
    try:
        os.ftruncate(descriptor, 0)
        if remove and _is_at(lock, descriptor):
            lock.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def find(lock: Path) -> Hold | None:
    """Say who holds the lock; None if nobody does. A dead holder whose lock the kernel has released is nobody.

    Raises `ManifestError` if it cannot be looked into.
    """
    try:
        descriptor = os.open(lock, os.O_RDWR)
        try:
            return _try(lock, descriptor)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreachable(lock, error) from error


def signed(lock: Path) -> Hold | None:
    """Say who has signed the lock, without taking it: a dead one may hold it no more. None if nobody has."""
    try:
        holder = parse(lock.read_bytes()[:_MOST].decode(errors="replace"))
    except OSError:
        return None
    return Hold(lock, holder) if holder else None


def remove(lock: Path) -> None:
    """Break the lock: the next run makes a file of its own, whoever still holds this one.

    Raises `ManifestError` if it cannot be broken.
    """
    try:
        lock.unlink(missing_ok=True)
    except OSError as error:
        raise _unreachable(lock, error) from error


def _taken(lock: Path, descriptor: int) -> bool:
    """Take the lock and sign it; False for a file that its last holder removed meanwhile: it is no lock any more."""
    held = _try(lock, descriptor)
    if held is not None:
        raise _busy(held)
    if not _is_at(lock, descriptor):
        return False
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, this_process().dumps().encode(), 0)
    return True


def _try(lock: Path, descriptor: int) -> Hold | None:
    """Take the kernel's lock if it is free; say who is in the way, by the kernel or by what is written there."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return Hold(lock, _read(descriptor))
    holder = _read(descriptor)
    left_over = holder is None or holder.life is Life.DEAD or holder.is_here
    return None if left_over else Hold(lock, holder)


def _read(descriptor: int) -> Holder | None:
    return parse(os.pread(descriptor, _MOST, 0).decode(errors="replace"))


def _is_at(lock: Path, descriptor: int) -> bool:
    try:
        return lock.stat().st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False


def _unreachable(lock: Path, error: OSError) -> ManifestError:
    return ManifestError(
        f"The lock {lock} cannot be looked into or broken",
        detail=f"{error.strerror}. It was left as it is.",
        hint="Give the right to write to that file and its folder, or remove the file by hand.",
    )


def _busy(hold: Hold) -> ManifestError:
    return ManifestError(
        "Another task-deploy is at work on this stack",
        detail=f"{hold.lock} is held by {hold}. Nothing was changed.",
        hint=hold.advice,
    )
