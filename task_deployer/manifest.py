"""The manifest is the journal: what we made, and what we were about to do when a run ended early.

Intent is on disk before each mutating call and the outcome after it; both fsynced and atomically replaced. One writer
at a time: `flock` on a file beside it, which the kernel releases when its holder dies.
"""

import fcntl
import json
import os
import socket
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from task_deployer.aws import Account
from task_deployer.errors import ManifestError, SafetyError
from task_deployer.resources import KINDS
from task_deployer.resources.base import Address, Identity

VERSION = 1
FOLDER = ".task-deploy"


class Origin(StrEnum):
    """How a thing came to us: we made it, or it was there and only our own entries in it are ours."""

    CREATED = "created"
    ADOPTED = "adopted"


class Status(StrEnum):
    """Where a recorded thing is in its life. All but `ready` are promises that a run did not live to keep."""

    CREATING = "creating"
    UPDATING = "updating"
    READY = "ready"
    DELETING = "deleting"


@dataclass(frozen=True)
class Record:
    """One thing of ours: enough to find and delete it without the config. Never a secret."""

    kind: str
    identity: Identity
    depends_on: tuple[Address, ...] = ()
    origin: Origin = Origin.CREATED
    status: Status = Status.READY


@dataclass
class Manifest:
    """The records of one stack in one environment, and the file they are kept in."""

    path: Path
    stack: str
    env: str
    account: Account
    lineage: str = field(default_factory=lambda: uuid.uuid4().hex)
    serial: int = 0
    records: dict[Address, Record] = field(default_factory=dict)

    def put(self, address: Address, record: Record) -> None:
        """Write one record down, if it says anything new. It is on disk when this returns."""
        if self.records.get(address) != record:
            self.records[address] = record
            self._save()

    def forget(self, address: Address) -> None:
        """Take one record out. It is off the disk when this returns."""
        if self.records.pop(address, None) is not None:
            self._save()

    def check_belongs(self, stack: str, env: str, account: Account) -> None:
        """Raise `ManifestError` if it is of another stack, `SafetyError` if it is of another account or region."""
        if (self.stack, self.env) != (stack, env):
            why = f"it is of the stack {self.stack!r} in {self.env!r}, not {stack!r} in {env!r}"
            raise _broken(self.path, why)
        self.check_account(account)

    def check_account(self, account: Account) -> None:
        """Raise `SafetyError` if the manifest is of another account or region than the one we speak to."""
        theirs, ours = (self.account.id, self.account.region), (account.id, account.region)
        if theirs != ours:
            raise SafetyError(
                f"The manifest is of account {theirs[0]} in {theirs[1]}, but this is account {ours[0]} in {ours[1]}",
                detail=f"{self.path} records what was made there. Nothing was changed.",
                hint="Switch the credentials or --region back, or choose another --env or --manifest for this account.",
            )

    def _save(self) -> None:
        self.serial += 1
        try:
            _replace(self.path, _serialize(self))
        except OSError as error:
            raise ManifestError(
                f"The manifest {self.path} cannot be written",
                detail=f"{error.strerror}. What is at AWS is safe; the file still says what was intended last.",
                hint="Make room or give the right to write, then run the same command again: it goes on from there.",
            ) from error


def find(root: Path, env: str, *, local: bool) -> Path | None:
    """Find the one manifest of an environment in a project; None if there is none.

    Raises `ManifestError` if there are several: then --manifest has to say which.
    """
    found = sorted(folder(root, local=local).glob(f"*.{env}.json"))
    if len(found) > 1:
        raise ManifestError(
            f"There are {len(found)} manifests of the environment {env!r}",
            detail="\n".join(str(path) for path in found),
            hint="Say which one with --manifest FILE.",
        )
    return found[0] if found else None


def folder(root: Path, *, local: bool) -> Path:
    """Where a project's manifests are. Those of the local AWS are kept apart: its things are not real ones."""
    return root / FOLDER / "local" if local else root / FOLDER


def read(path: Path) -> Manifest | None:
    """Read a manifest; None if there is no such file.

    Raises `ManifestError` for what is broken, newer than this tool, or named after another stack: it is never taken
    for empty.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _broken(path, str(error)) from error
    try:
        document = json.loads(text)
        if isinstance(document, dict) and isinstance(document.get("version"), int) and document["version"] > VERSION:
            raise ManifestError(
                f"The manifest {path} was written by a newer task-deploy",
                detail=f"Its format is {document['version']}; this release knows {VERSION}.",
                hint="Upgrade task-deploy, then run the same command again.",
            )
        manifest = _parse(path, document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _broken(path, f"{type(error).__name__}: {error}") from error
    return manifest


@contextmanager
def opened(path: Path, stack: str, env: str, account: Account) -> Iterator[Manifest]:
    """Lock the manifest, read it or begin a new one, and let the lock go at the end.

    A manifest that records nothing at the end is removed, and its lock and an empty folder with it. Raises
    `ManifestError` if another run holds the lock, `SafetyError` for the manifest of another account or region.
    """
    with _lock(path):
        manifest = read(path) or Manifest(path, stack, env, account)
        manifest.check_belongs(stack, env, account)
        try:
            yield manifest
        finally:
            if not manifest.records:
                path.unlink(missing_ok=True)


def _serialize(manifest: Manifest) -> str:
    document = {
        "version": VERSION,
        "serial": manifest.serial,
        "lineage": manifest.lineage,
        "stack": manifest.stack,
        "env": manifest.env,
        "account": manifest.account.id,
        "region": manifest.account.region,
        "partition": manifest.account.partition,
        "resources": {
            address: {
                "kind": record.kind,
                "identity": dict(record.identity),
                "depends_on": list(record.depends_on),
                "origin": record.origin,
                "status": record.status,
            }
            for address, record in sorted(manifest.records.items())
        },
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _parse(path: Path, document: dict[str, object]) -> Manifest:
    def text(key: str) -> str:
        value = document[key]
        if not isinstance(value, str):
            raise TypeError(f"{key} is not a string")
        return value

    serial, resources = document["serial"], document["resources"]
    if document["version"] != VERSION or not isinstance(serial, int) or not isinstance(resources, dict):
        raise ValueError("not a manifest of task-deploy")
    records = {Address(address): _parse_record(record) for address, record in resources.items()}
    account = Account(text("account"), text("region"), text("partition"))
    manifest = Manifest(path, text("stack"), text("env"), account, text("lineage"), serial, records)
    unknown = sorted({record.kind for record in records.values()} - KINDS.keys())
    if unknown:
        raise ValueError(f"it records {', '.join(unknown)}, which this release does not know")
    if path.parent.name in (FOLDER, "local") and path.name != f"{manifest.stack}.{manifest.env}.json":
        raise ValueError(f"it is of the stack {manifest.stack!r} in {manifest.env!r}, which its name does not say")
    return manifest


def _parse_record(record: Mapping[str, object]) -> Record:
    kind, identity, depends_on = record["kind"], record["identity"], record["depends_on"]
    if not isinstance(kind, str) or not isinstance(identity, dict) or not isinstance(depends_on, list):
        raise TypeError("a record has the wrong shape")
    if not all(isinstance(word, str) for pair in identity.items() for word in pair):
        raise TypeError("an identity holds something else than strings")
    edges = tuple(Address(str(edge)) for edge in depends_on)
    return Record(kind, identity, edges, Origin(str(record["origin"])), Status(str(record["status"])))


def _broken(path: Path, why: str) -> ManifestError:
    return ManifestError(
        f"The manifest {path} cannot be read",
        detail=f"{why}. It was not changed, and it is not taken for empty.",
        hint="Put back an earlier copy of the file. If there is none, move it away and compare with the tags at AWS.",
    )


def _replace(path: Path, text: str) -> None:
    """Write beside, flush, fsync, replace, fsync the folder: after a crash the old text or the new one is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    lock = path.with_name(f"{path.name}.lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
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
            _remove_empty(lock.parent)
        os.close(descriptor)


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
        if lock.exists() and os.stat(lock).st_ino == os.fstat(descriptor).st_ino:
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
            return descriptor
        os.close(descriptor)


def _remove_empty(place: Path) -> None:
    """Remove the folder, and the one above it if it is ours, where they hold nothing any more."""
    for candidate in (place, place.parent):
        if FOLDER in (candidate.name, candidate.parent.name):
            try:
                candidate.rmdir()
            except OSError:
                return


def interrupted(record: Record) -> bool:
    """Whether a run ended before it could write the outcome down."""
    return record.status is not Status.READY


def with_status(record: Record, status: Status) -> Record:
    """The same record in another place of its life."""
    return replace(record, status=status)
