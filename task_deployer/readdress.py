"""What is recorded under one address and wanted under another: the record moves, since the thing is in use. Pure.

Names at AWS can be given, and two tasks can come by one, so a key or a task that is renamed in the config may mean the
same thing as before. It is known by its identity, and never deleted for want of its former address.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from task_deployer.conflicts import is_existing
from task_deployer.errors import SafetyError
from task_deployer.records import Origin, Record, container_of
from task_deployer.resources import KINDS
from task_deployer.resources.base import ENTRIES, Address, AnyResource, Identity, entries_of

_FORGET = "or, if it is to be this stack's no longer, leave it as it is with `task-deploy state forget"


@dataclass(frozen=True)
class Readdressed:
    """All records, each under the address under which it is wanted; `former` has the old address of each that moved."""

    records: Mapping[Address, Record]
    former: Mapping[Address, Address] = field(default_factory=dict)


def readdressed(desired: Sequence[AnyResource], records: Mapping[Address, Record]) -> Readdressed:
    """Move what we made to the address under which the config wants it now, with its parts; edges follow.

    What is recorded under both addresses is so once then. A record stays where its new place is another thing's.
    """
    moves = _moves(desired, records)
    moved = {address: record for address, record in records.items() if address not in moves}
    for old, new in moves.items():
        moved.setdefault(new, records[old])
    edges = {a: tuple(dict.fromkeys(moves.get(edge, edge) for edge in r.depends_on)) for a, r in moved.items()}
    return Readdressed(
        {address: replace(record, depends_on=edges[address]) for address, record in sorted(moved.items())},
        {new: old for old, new in moves.items()},
    )


def refuse_divided(desired: Sequence[AnyResource], records: Mapping[Address, Record]) -> None:
    """Raise `SafetyError` for what we made and the config uses under another address, to which it cannot move.

    Without this a plan would delete under the old address what it uses under the new one.
    """
    divided = list(_elsewhere(desired, records))
    if not divided:
        return
    old, wanted = divided[0]
    raise SafetyError(
        "Refused: what this stack made is wanted under another address, and its record cannot move there",
        detail="\n".join([*(_divided(one, other, records) for one, other in divided), "Nothing was changed."]),
        hint=_way(old, wanted),
        address=wanted.address,
    )


def _divided(old: Address, wanted: AnyResource, records: Mapping[Address, Record]) -> str:
    named = ", ".join(f"{key} {value}" for key, value in records[old].identity.items() if key != ENTRIES)
    if is_existing(wanted):
        why = "as somebody else's"
    else:
        why = "where another thing is recorded" if wanted.address in records else "besides what is recorded there"
    return f"{old}: {named} is recorded as ours, and the config wants it as {wanted.address}, {why}"


def _way(old: Address, wanted: AnyResource) -> str:
    if not is_existing(wanted):
        return f"Name it {old} again, and rename one thing after the other, with an `up` between."
    setting = "queue" if wanted.kind == "queue" else "existing"
    return f"Name it as {old} again, without `{setting}`; {_FORGET} {old}`, and run this again."


def _moves(desired: Sequence[AnyResource], records: Mapping[Address, Record]) -> dict[Address, Address]:
    """The old address and the new one of each record that moves."""
    things = {old: wanted.address for old, wanted in _elsewhere(desired, records) if not is_existing(wanted)}
    moves = dict(_parts(things, records)) | things
    while blocked := [old for old, new in moves.items() if _is_taken(new, old, moves, records)]:
        moves = {old: new for old, new in moves.items() if old not in blocked}
    return moves


def _is_taken(new: Address, old: Address, moves: Mapping[Address, Address], records: Mapping[Address, Record]) -> bool:
    there, record = records.get(new), records[old]
    is_one = there is not None and there.origin is record.origin and _is_same(there, record.kind, record.identity)
    return there is not None and new not in moves and not is_one


def _parts(things: Mapping[Address, Address], records: Mapping[Address, Record]) -> Iterator[tuple[Address, Address]]:
    """What is a part of what moves and bears the same scope: also those parts that are wanted no longer."""
    for address, record in records.items():
        whole = container_of(record)
        if whole is not None and whole in things and _scope(address) == _scope(whole):
            yield address, Address(f"{record.kind}.{_scope(things[whole])}")


def _elsewhere(
    desired: Sequence[AnyResource], records: Mapping[Address, Record]
) -> Iterator[tuple[Address, AnyResource]]:
    """The things that we made, and the wishes for them under another address."""
    by_address = {resource.address: resource for resource in desired}
    for address, record in records.items():
        here = by_address.get(address)
        if record.origin is Origin.ADOPTED or (here is not None and _is_same(record, here.kind, here.identity)):
            continue
        wish = next((r for r in desired if _is_same(record, r.kind, r.identity)), None)
        if wish is not None:
            yield address, wish


def _is_same(record: Record, kind: str, identity: Identity) -> bool:
    """Whether it is the recorded thing, however it is reached; in a shared document, whether any entry is the same."""
    if record.kind != kind or _mark(kind, record.identity) != _mark(kind, identity):
        return False
    is_whole = ENTRIES not in record.identity and ENTRIES not in identity
    return is_whole or not set(entries_of(record.identity)).isdisjoint(entries_of(identity))


def _mark(kind: str, identity: Identity) -> Identity:
    return {key: value for key, value in identity.items() if key not in (*KINDS[kind].reached_by, ENTRIES)}


def _scope(address: Address) -> str:
    return address.partition(".")[2]
