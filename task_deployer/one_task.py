"""What a run for one task alone is about: its records, and its entries in the documents that tasks share. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from task_deployer.plan import Desired
from task_deployer.records import Record
from task_deployer.resources import Function, Notifications
from task_deployer.resources.base import ENTRIES, Address, entries_of
from task_deployer.resources.notification_document import going_to


def records_of(
    records: Mapping[Address, Record], only: str | None, desired: Sequence[Desired]
) -> Mapping[Address, Record]:
    """The records that a run is about: all, or those of one task and of what it needs."""
    if only is None:
        return records
    wanted = {resource.address for resource in desired}
    names = {resource.name for resource in desired if isinstance(resource, Function)}
    names |= {r.identity["arn"].rpartition(":")[2] for a, r in records.items() if a.startswith(f"queue.{only}.")}
    about = {a: _about(r, names) for a, r in records.items()}
    return {a: r for a, r in about.items() if a in wanted or _is_of(a, r, only)}


def sparing(
    desired: Sequence[Desired], records: Mapping[Address, Record], about: Mapping[Address, Record]
) -> tuple[Desired, ...]:
    """What is wanted, sparing entries on record that the run is not `about`, also those that the config dropped."""
    return tuple(
        replace(one, spared=(*one.spared, *_spared(one, records.get(one.address), about.get(one.address))))
        if isinstance(one, Notifications)
        else one
        for one in desired
    )


def _spared(wanted: Notifications, record: Record | None, about: Record | None) -> Iterator[str]:
    known, mine = (set(entries_of(r.identity)) if r is not None else set[str]() for r in (record, about))
    yield from sorted(known - mine - set(entries_of(wanted.identity)) - set(wanted.stays))


def _about(record: Record, names: Collection[str]) -> Record:
    """Of the entries in a bucket's notifications, those alone that go to a function or queue of these names."""
    if record.kind != Notifications.kind:
        return record
    entries = going_to(entries_of(record.identity), names)
    return replace(record, identity={**record.identity, ENTRIES: " ".join(entries)})


def _is_of(address: Address, record: Record, task: str) -> bool:
    if record.kind == Notifications.kind:
        return bool(entries_of(record.identity))
    scope = address.partition(".")[2]
    return scope.startswith(f"{task}.") or (scope == task and record.kind != "queue")
