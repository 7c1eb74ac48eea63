"""What the manifest records: one thing of ours, how it came to us, and where in its life it is. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from graphlib import TopologicalSorter

from task_deployer.aws import Account
from task_deployer.resources import KINDS
from task_deployer.resources.base import ENTRIES, Address, Identity, entries_of


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
    bound_to: str = ""
    """AWS's own id of the thing that this one is tied to, as it was when it was made."""


def in_order(records: Mapping[Address, Record]) -> tuple[Address, ...]:
    """The addresses of the records, each behind those that it depends on. Edges to what is not among them are left out.

    Raises `ValueError` for a circle.
    """
    edges = {address: [e for e in records[address].depends_on if e in records] for address in sorted(records)}
    return tuple(TopologicalSorter(edges).static_order())


def container_of(record: Record) -> Address | None:
    """The thing that this one is a part of at AWS: its own identity names it by its kind, as in `bucket`."""
    return next((edge for edge in record.depends_on if edge.partition(".")[0] in record.identity), None)


def whole_of(record: Record, records: Mapping[Address, Record]) -> Address | None:
    """The thing with which this one goes and stays. None for entries in a document of others: they go one by one."""
    whole = container_of(record)
    if whole is None or ENTRIES not in record.identity:
        return whole
    return whole if whole in records and goes_along(record, records[whole]) else None


def goes_along(record: Record, whole: Record) -> bool:
    """Whether AWS deletes it with this thing of ours, which it is a part of."""
    return whole.kind == KINDS[record.kind].goes_with and whole.origin is Origin.CREATED


def parts_of(address: Address, records: Mapping[Address, Record]) -> tuple[Address, ...]:
    """What lies in this thing at AWS, and goes and stays with it."""
    return tuple(a for a, r in sorted(records.items()) if whole_of(r, records) == address)


def entries_in_others(records: Mapping[Address, Record]) -> dict[Address, Record]:
    """The records of our entries in documents of what is not ours: AWS shows them for a while after they went."""
    borrowed = {a: _passing(r) for a, r in records.items() if _is_in_anothers(r, records)}
    return {a: r for a, r in borrowed.items() if entries_of(r.identity)}


def _is_in_anothers(record: Record, records: Mapping[Address, Record]) -> bool:
    """Whether what it lies in is not ours: used only, or forgotten."""
    whole = container_of(record)
    return whole is not None and (whole not in records or records[whole].origin is Origin.ADOPTED)


def _passing(record: Record) -> Record:
    """The record without the entries that stay whatever goes."""
    passing = [entry for entry in entries_of(record.identity) if entry not in KINDS[record.kind].stays]
    return replace(record, identity={**record.identity, ENTRIES: " ".join(passing)})


def check_identity(address: str, record: Record, account: Account) -> None:
    """Raise ValueError for an identity that does not even make the ARNs that rights are about."""
    try:
        KINDS[record.kind].arns(account, record.identity)
    except KeyError as error:
        raise ValueError(f"the identity of {address} lacks {error}") from error


def parse_record(address: str, record: Mapping[str, object]) -> Record:
    """Read one record. Raises KeyError, TypeError or ValueError with what is wrong with it."""
    kind, identity, depends_on = record["kind"], record["identity"], record["depends_on"]
    if not isinstance(kind, str) or not isinstance(identity, dict) or not isinstance(depends_on, list):
        raise TypeError(f"the record of {address} has the wrong shape")
    if not address.startswith(f"{kind}."):
        raise ValueError(f"the record of {address} is of another kind: {kind}")
    if not identity or not all(word and isinstance(word, str) for pair in identity.items() for word in pair):
        raise TypeError(f"the identity of {address} holds something else than words")
    edges = tuple(Address(str(edge)) for edge in depends_on)
    origin, status = Origin(str(record["origin"])), Status(str(record["status"]))
    return Record(kind, identity, edges, origin, status, str(record.get("bound_to", "")))


def as_document(record: Record) -> dict[str, object]:
    """The record as `parse_record` reads it."""
    return {
        "kind": record.kind,
        "identity": dict(record.identity),
        "depends_on": list(record.depends_on),
        "origin": record.origin,
        "status": record.status,
        **({"bound_to": record.bound_to} if record.bound_to else {}),
    }


def interrupted(record: Record) -> bool:
    """Whether a run ended before it could write the outcome down."""
    return record.status is not Status.READY


def with_ready(records: Mapping[Address, Record], addresses: Iterable[Address]) -> dict[Address, Record]:
    """The same records, but these are ready, as far as they are recorded."""
    ready = {address: with_status(records[address], Status.READY) for address in addresses if address in records}
    return {**records, **ready}


def with_status(record: Record, status: Status) -> Record:
    """The same record in another place of its life."""
    return replace(record, status=status)
