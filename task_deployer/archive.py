"""The function package: the source folder and the runtime, as a zip whose bytes depend on their content alone.

Same input, same bytes, whatever the machine, the clock or the order of files: entries are sorted, dated alike and
stored uncompressed, since the bytes that a compressor gives differ between releases of zlib.
"""

import base64
import hashlib
import importlib.util
import io
import os
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from task_deployer.errors import ConfigError

RUNTIME = "task_runtime"
DIRECT_LIMIT = 50 * 1024 * 1024
"""What Lambda takes as a direct upload, in bytes (Lambda quotas: 50 MB zipped)."""

_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say
_LEFT_OUT = {"__pycache__", "node_modules"}
_OBJECT_ACTIONS = re.compile(rb"\b(?:Put|Delete|Copy)Object\b")


@dataclass(frozen=True)
class Archive:
    """A zip. `sha256` is base64, as Lambda shows it (CodeSha256), so equal means that nothing is to be uploaded."""

    content: bytes = field(repr=False)
    sha256: str
    files: int
    acts_on_objects: bool = False
    """Whether the source speaks of PutObject, DeleteObject or CopyObject: then the runtime has to know the modes."""


def pack(source: Path, requirements: str | None = None) -> Archive:
    """Zip the source folder and the runtime.

    Left out: hidden files, `__pycache__`, `node_modules`, and a `task_runtime` of the source's own, for which the
    tool's goes in. Raises `ConfigError` for a requirements file that names anything, an unreadable file or folder, and
    a package too large.
    """
    _refuse_requirements(source / (requirements or "requirements.txt"))
    files = {name: path for name, path in _files(source, source) if not name.startswith(f"{RUNTIME}/")}
    runtime = runtime_folder()
    files |= {f"{RUNTIME}/{name}": path for name, path in _files(runtime, runtime)}
    content = _zip(files)
    if len(content) > DIRECT_LIMIT:
        raise ConfigError(
            f"The package of {source} has {len(content):,} bytes, more than the {DIRECT_LIMIT:,} that Lambda takes",
            hint="Move large data out of the source folder, for instance into a bucket.",
        )
    sha256 = base64.b64encode(hashlib.sha256(content).digest()).decode()
    own = (path for name, path in files.items() if name.endswith(".py") and not name.startswith(f"{RUNTIME}/"))
    return Archive(content, sha256, len(files), any(_OBJECT_ACTIONS.search(_content(path)) for path in own))


def runtime_folder() -> Path:
    """Where the runtime lies that is packed with every function: the installed package, found without importing it."""
    spec = importlib.util.find_spec(RUNTIME)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(
            "The runtime package task_runtime is not installed beside the tool",
            hint="Install task-deploy again: its wheel brings the runtime along.",
        )
    return Path(spec.submodule_search_locations[0])


def _files(root: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise _unreadable(folder, error) from error
    for entry in entries:
        if entry.name.startswith(".") or entry.name in _LEFT_OUT or entry.suffix == ".pyc":
            continue
        if entry.is_dir():
            yield from _files(root, entry)
        else:
            _refuse_odd(entry)
            yield entry.relative_to(root).as_posix(), entry


def _refuse_odd(path: Path) -> None:
    """A pipe would be read for ever, and a name that is no Unicode cannot stand in a zip."""
    shown = os.fsencode(path).decode(errors="replace")
    if path.exists() and not path.is_file():
        raise ConfigError(f"{shown} is no regular file, so it cannot be packed", hint="Move it elsewhere.")
    try:
        path.name.encode()
    except UnicodeEncodeError as error:
        raise ConfigError(f"The name of {shown} is not UTF-8, so it cannot be packed", hint="Rename it.") from error


def _zip(files: dict[str, Path]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, path in sorted(files.items()):
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system = 3  # Unix, also when packed elsewhere: the modes below are Unix's
            info.external_attr = (0o100755 if _executable(path) else 0o100644) << 16
            archive.writestr(info, _content(path))
    return buffer.getvalue()


def _executable(path: Path) -> bool:
    """Only the owner's bit counts: the others depend on whoever checked the file out."""
    return os.access(path, os.R_OK) and bool(path.stat().st_mode & 0o100)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"{path} cannot be read, so the function cannot be packed",
        detail=str(error.strerror),
        hint="Repair or remove it.",
    )


def _refuse_requirements(path: Path) -> None:
    if not path.is_file():
        return
    lines = _content(path).decode(errors="replace").splitlines()
    named = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    if named:
        raise ConfigError(
            f"{path} names {named[0]!r}, and this release cannot pack requirements yet",
            detail="Deployed without them, the function would fail at its first import.",
            hint="Copy pure-Python packages into the source folder, and empty the file. boto3 is there at Lambda.",
        )
