"""The file that a manifest is kept in: one writer at a time, and never half a text, whatever ends the run."""

import errno
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from task_deployer import manifest_lock
from task_deployer.errors import ManifestError
from task_deployer.manifest_lock import Hold

FOLDER = ".task-deploy"
_IGNORE = ".gitignore"
_LOCK = ".lock"


def real(path: Path) -> Path:
    """Where the file is that a path leads to over links: its text, its lock and all that is kept beside it are there.

    A path without links stays as it was named. Raises `ManifestError` for a link that leads nowhere, as one to a share
    that is not mounted, or in a circle.
    """
    try:
        found = os.path.realpath(path, strict=True)
    except OSError as error:
        link = _astray(path) if error.errno in (errno.ENOENT, errno.ELOOP) else None
        if link is not None:
            raise _leads_nowhere(path, link, in_a_circle=error.errno == errno.ELOOP) from error
        found = os.path.realpath(path)
    return path if found == os.path.abspath(path) else Path(found)  # noqa: PTH100 - Path.absolute leaves `..` in


def write(path: Path, text: str) -> None:
    """Put a new text in place: after a crash the old text or the new one is there.

    Raises `ManifestError` if it cannot; then the old text is.
    """
    try:
        put_in_place(path, text, _beside(path))
    except OSError as error:
        raise ManifestError(
            f"The manifest {path} cannot be written",
            detail=f"{error.strerror}. What is at AWS is safe; the file still says what was intended last.",
            hint="Make room or give the right to write, then run the same command again: it goes on from there.",
        ) from error


def put_in_place(path: Path, text: str, beside: Path) -> None:
    """Write `beside`, flush, fsync, replace, fsync the folder, which is made if it is not there. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    _sync_folder(path.parent)


def age(path: Path) -> float:
    """Seconds since it was written last; none where it is not there any more."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0


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
    lock = lock_of(path)
    try:
        made = _make_folder(lock.parent)
        descriptor = manifest_lock.acquire(lock)
    except OSError as error:
        raise ManifestError(
            f"The manifest {path} cannot be locked",
            detail=f"{lock}: {error.strerror}. Nothing was changed.",
            hint="Give the right to write to that folder, or choose another file with --manifest.",
        ) from error
    try:
        yield
    finally:
        recorded = path.exists()
        manifest_lock.release(lock, descriptor, remove=not recorded)
        if not recorded:
            remove_empty(lock.parent, made)


def tidy(path: Path) -> None:
    """Remove what a run has left that was killed when its manifest was gone, or not yet there.

    A lock that is held stays. Outside the tool's own folder a file of its name may be anybody's: there it goes only
    if a run has signed it.
    """
    if path.exists() or path.is_symlink():
        return
    lock = lock_of(path)
    if not lock.exists() or not (_is_ours(path.parent) or manifest_lock.signed(lock)):
        return
    with suppress(ManifestError, OSError), locked(path):
        _beside(path).unlink(missing_ok=True)


def remove_empty(folder: Path, made: Sequence[Path] = ()) -> None:
    """Remove a folder and those above it that are the tool's, or were `made` by this run, where they hold nothing."""
    for candidate in (folder, *folder.parents):
        if not _is_ours(candidate) and candidate not in made:
            return
        try:
            if candidate.name == FOLDER and [entry.name for entry in candidate.iterdir()] == [_IGNORE]:
                (candidate / _IGNORE).unlink()
            candidate.rmdir()
        except OSError:
            return


def lock_of(path: Path) -> Path:
    """The file whose lock is a manifest's, by whatever link that is named. Raises what `real` does."""
    file = real(path)
    return file.with_name(f"{file.name}{_LOCK}")


def locked_in(folder: Path) -> list[Path]:
    """The manifests in a folder that have a lock, held or not, whether they are there themselves or not."""
    return [lock.with_name(lock.name.removesuffix(_LOCK)) for lock in folder.glob(f"*{_LOCK}")]


def signed(path: Path) -> Hold | None:
    """Who says to hold the lock of a manifest, alive or dead; None if nobody does.

    Does not take the lock: a run that begins meanwhile must find it free.
    """
    return manifest_lock.signed(lock_of(path))


def _beside(path: Path) -> Path:
    """Where a new text is written before it is put in place."""
    return path.with_name(f".{path.name}.new")


def _astray(path: Path) -> Path | None:
    """The link on the way that leads to nothing."""
    return next((step for step in (path, *path.parents) if step.is_symlink() and not step.exists()), None)


def _leads_nowhere(path: Path, link: Path, *, in_a_circle: bool) -> ManifestError:
    where, why = ("nowhere", f"There is no {os.path.realpath(link)}.")
    if in_a_circle:
        where, why = ("in a circle", "It leads back to itself.")
    return ManifestError(
        f"The manifest {path} is behind a link that leads {where}",
        detail=f"The link is {link}. {why} That is not taken for a manifest that is still to be made.",
        hint="Bring back what it leads to, as a share that is not mounted, or mend the link. If the stack was taken "
        "down, remove the link.",
    )


def _is_ours(folder: Path) -> bool:
    """Whether a folder is the tool's own."""
    return FOLDER in (folder.name, folder.parent.name)


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
