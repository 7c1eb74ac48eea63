"""The file that a manifest is kept in: one writer at a time, and never half a text, whatever ends the run.

The lock is `flock` on a file beside the manifest, which the kernel releases when its holder dies.
"""

import fcntl
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from task_deployer.errors import ManifestError

FOLDER = ".task-deploy"
_IGNORE = ".gitignore"


def write(path: Path, text: str) -> None:
    """Put a new text in place: after a crash the old text or the new one is there.

    Raises `ManifestError` if it cannot; then the old text is.
    """
    try:
        put_in_place(path, text)
    except OSError as error:
        raise ManifestError(
            f"The manifest {path} cannot be written",
            detail=f"{error.strerror}. What is at AWS is safe; the file still says what was intended last.",
            hint="Make room or give the right to write, then run the same command again: it goes on from there.",
        ) from error


def put_in_place(path: Path, text: str) -> None:
    """Write beside, flush, fsync, replace, fsync the folder, which is made if it is not there. Raises OSError."""
    beside = path.with_name(f".{path.name}.new")
    path.parent.mkdir(parents=True, exist_ok=True)
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    _sync_folder(path.parent)


def remove(path: Path) -> None:
    """Remove the file, if it is there. Raises `ManifestError` if it cannot."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ManifestError(
            f"The manifest {path} records nothing any more, and cannot be removed",
            detail=f"{error.strerror}. Nothing is left at AWS.",
            hint="Remove the file.",
        ) from error


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a manifest. Without a manifest at the end, the lock and its empty folder are removed.

    Raises `ManifestError` if another run holds it, or if it cannot be taken.
    """
    lock = path.with_name(f"{path.name}.lock")
    try:
        made = _make_folder(lock.parent)
        descriptor = _acquire(lock)
    except OSError as error:
        raise ManifestError(
            f"The manifest {path} cannot be locked",
            detail=f"{lock}: {error.strerror}. Nothing was changed.",
            hint="Give the right to write to that folder, or choose another file with --manifest.",
        ) from error
    try:
        yield
    finally:
        if not path.exists():
            lock.unlink(missing_ok=True)
            _remove_empty(lock.parent, made)
        else:
            os.ftruncate(descriptor, 0)  # nobody holds it any more
        os.close(descriptor)


def holder(path: Path) -> str | None:
    """Who says to hold the lock of a manifest; None if nobody does, or a process of this machine that has died.

    Does not take the lock: a run that begins meanwhile must find it free.
    """
    try:
        words = path.with_name(f"{path.name}.lock").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    process = re.fullmatch(rf"process (\d+) on {re.escape(socket.gethostname())}", words)
    return words or None if process is None or _lives(int(process[1])) else None


def _lives(process: int) -> bool:
    """Whether a process of this machine is there; signal 0 asks without sending anything."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _acquire(lock: Path) -> int:
    """Take the lock; a file that its last holder removed while we waited for it is no lock, so look again."""
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(descriptor, 200).decode(errors="replace").strip()
            os.close(descriptor)
            raise ManifestError(
                "Another task-deploy is at work on this stack",
                detail=f"{lock} is held by {holder or 'a process that has not said who it is'}. Nothing was changed.",
                hint="Wait until it has ended, then run the same command again.",
            ) from error
        if lock.exists() and lock.stat().st_ino == os.fstat(descriptor).st_ino:
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
            return descriptor
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Make the new name in the folder last: without it a power cut can bring the old file back."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_folder(folder: Path) -> list[Path]:
    """Make a folder and those above it; return those that were not there, innermost first.

    The tool's own folder tells git to leave it alone: a manifest is of one machine's run, and no source.
    """
    missing = [candidate for candidate in (folder, *folder.parents) if not candidate.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for candidate in missing:
        if candidate.name == FOLDER:
            (candidate / _IGNORE).write_text("*\n", encoding="ascii")
    return missing


def _remove_empty(place: Path, made: list[Path]) -> None:
    """Remove the folder and those above it that are the tool's or were made by this run, where they hold nothing."""
    for candidate in (place, *place.parents):
        ours = FOLDER in (candidate.name, candidate.parent.name)
        if not ours and candidate not in made:
            return
        try:
            if candidate.name == FOLDER and [entry.name for entry in candidate.iterdir()] == [_IGNORE]:
                (candidate / _IGNORE).unlink()
            candidate.rmdir()
        except OSError:
            return
