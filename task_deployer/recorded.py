"""What is recorded: looked at, taken out, and its lock broken. Asks AWS nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from task_deployer import manifest, manifest_file, manifest_lock
from task_deployer.config.table import alike
from task_deployer.errors import ManifestError, UsageError
from task_deployer.lock_holder import Life
from task_deployer.manifest import Manifest
from task_deployer.manifest_lock import Hold
from task_deployer.project import Project
from task_deployer.records import Record, parts_of
from task_deployer.resources import KINDS, Function, Queue
from task_deployer.resources.base import Address, entries_of
from task_deployer.resources.notification_document import going_to
from task_deployer.still_expires import forgotten
from task_deployer.warnings import Warning  # noqa: A004 - the contract's word

_CLOSEST = 3  # addresses that are named where one is not known

Confirm = Callable[[str], None]
"""Ask the user a question; raise a `TaskDeployError` if the answer is not yes."""


@dataclass(frozen=True)
class Entry:
    """One record, where its thing is at AWS, and the records that depend on it.

    `parts` are those among the latter that are part of the thing. `feeds`: the recorded functions and queues to which
    its entries in a bucket's notifications go. `expiring`: rules that go on deleting objects.
    """

    address: Address
    record: Record
    arn: str
    dependents: tuple[Address, ...]
    parts: tuple[Address, ...] = ()
    feeds: tuple[Address, ...] = ()
    expiring: tuple[Warning, ...] = ()

    @property
    def staying(self) -> tuple[Address, ...]:
        """The dependents that stay on record without it."""
        return tuple(address for address in self.dependents if address not in self.parts)


@dataclass(frozen=True)
class Unlocked:
    """The lock of a manifest that nobody holds any more; `broken` is the hold that was, if there was one."""

    manifest: Path
    broken: Hold | None


def read(project: Project) -> Manifest | None:
    """Read the manifest that is meant; None where nothing is recorded. Raises what `manifest.read` does."""
    path = project.manifest_meant()
    return manifest.read(path) if path else None


def show(project: Project, address: str) -> tuple[Manifest, Entry]:
    """Read one record. Raises `UsageError` for an unknown address."""
    journal = read(project)
    if journal is None:
        raise _unknown(address)
    return journal, _entry(journal, address)


def forget(project: Project, address: str, confirm: Confirm) -> tuple[Manifest, Entry]:
    """Take one record out, under the lock, and those of its parts. What they are about stays at AWS as it is.

    What else depends on it stays on record. The manifest keeps its lineage, also where it was the last record. Raises
    `UsageError` for an unknown address.
    """
    path = project.manifest_meant()
    if path is None or not manifest_file.real(path).exists():
        raise _unknown(address)
    with manifest_file.locked(path):
        journal = manifest.read(path)
        if journal is None:
            raise _unknown(address)
        entry = _entry(journal, address)
        confirm(_question(entry))
        journal.forget(entry.address, *entry.parts)
    return journal, entry


def unlock(project: Project, confirm: Confirm, *, force: bool) -> Unlocked:
    """Break the lock of the manifest that is meant, if anybody holds it.

    Raises `ManifestError` for the lock of a process of this machine that is alive, unless forced; `ConfigError` where
    nothing says which manifest is meant.
    """
    path = project.manifest_meant()
    if path is None:
        raise project.nothing_here()
    lock = manifest_file.lock_of(path)
    hold = manifest_lock.find(lock)
    if hold is None:
        return Unlocked(path, None)
    if hold.life is Life.LIVING and not force:
        raise ManifestError(
            "The lock is held by a process that is alive",
            detail=f"{lock} is held by {hold}. It was left as it is.",
            hint="Wait until it has ended, or end it. --force breaks its lock all the same: then two runs may write "
            "one manifest.",
        )
    confirm(f"This breaks the lock {lock}, held by {hold}. {_TOLD[hold.life]} Go on?")
    manifest_lock.remove(lock)
    return Unlocked(path, hold)


_TOLD = {
    Life.LIVING: "That process is alive, and may go on writing.",
    Life.DEAD: "That process has ended.",
    Life.UNKNOWN: "Whether that process is alive cannot be told from here: look there.",
}


def _entry(journal: Manifest, address: str) -> Entry:
    record = journal.records.get(Address(address))
    if record is None:
        raise _unknown(address, journal)
    arn = KINDS[record.kind].arns(journal.account, record.identity)[0]
    dependents = tuple(sorted(other for other, one in journal.records.items() if address in one.depends_on))
    parts = parts_of(Address(address), journal.records)
    expiring = tuple(forgotten((one, journal.records[one]) for one in (Address(address), *parts)))
    return Entry(Address(address), record, arn, dependents, parts, tuple(_fed(record, journal)), expiring)


def _fed(record: Record, journal: Manifest) -> Iterator[Address]:
    """The recorded functions and queues to which this record's entries go."""
    for address, one in journal.records.items():
        if one.kind in (Function.kind, Queue.kind):
            name = KINDS[one.kind].arns(journal.account, one.identity)[0].rpartition(":")[2]
            if going_to(entries_of(record.identity), (name,)):
                yield address


def _question(entry: Entry) -> str:
    with_it = f", and with it {', '.join(entry.parts)}" if entry.parts else ""
    stay = f" What else depends on it stays recorded: {', '.join(entry.staying)}." if entry.staying else ""
    dead = f" {dead_entries(entry)}" if entry.feeds else ""
    expiring = "".join(f" {one.message}" for one in entry.expiring)
    return (
        f"This takes {entry.address} out of the manifest{with_it}. {entry.arn} stays at AWS as it is, and no command "
        f"deletes it any more.{stay}{dead}{expiring} Go on?"
    )


def dead_entries(entry: Entry) -> str:
    """What becomes of entries that are forgotten while that to which they go is on record."""
    return (
        f"Its entries still go to {', '.join(entry.feeds)}: a `down` that deletes that takes them out all the same, "
        "since S3 refuses every change of notifications with dead entries in them. `up` records them again."
    )


def _unknown(address: str, journal: Manifest | None = None) -> UsageError:
    return UsageError(
        f"Nothing is recorded under the address {address!r}",
        detail=f"{journal.path} was looked into. Nothing was changed." if journal else "There is no manifest.",
        hint=_nearest(address, journal) if journal else "Name it with --env or --manifest FILE.",
    )


def _nearest(address: str, journal: Manifest) -> str:
    """The addresses that may be meant. A large stack has hundreds: it never names them all."""
    every = "`task-deploy state list` shows all that is recorded."
    close = alike(address, journal.records, most=_CLOSEST)
    return f"Did you mean {' or '.join(close)}? {every}" if close else every
