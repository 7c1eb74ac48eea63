"""How what we recorded fares at AWS: the state of each resource, and the worst of them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from task_deployer.conflicts import Unreadable, is_existing
from task_deployer.outlived import outlived
from task_deployer.plan import Action, Change, Desired
from task_deployer.records import Origin, Record, in_order, interrupted
from task_deployer.resources.base import Address, Difference, Tagged, is_absent
from task_deployer.tags import owner_of
from task_deployer.whose import is_anothers


class State(StrEnum):
    """The state of one resource, from best to worst; `absent` is a whole stack's, before its first `up`."""

    OK = "ok"
    UNKNOWN = "unknown"
    DRIFTED = "drifted"
    INTERRUPTED = "interrupted"
    MISSING = "missing"
    ABSENT = "absent"


_FROM_BEST = list(State)


@dataclass(frozen=True)
class Standing:
    """One resource: its state, and what `up` would do about it."""

    change: Change
    state: State


def worst(standings: Sequence[Standing]) -> State:
    """The state of the whole."""
    return max((standing.state for standing in standings), key=_FROM_BEST.index, default=State.OK)


def compare(
    desired: Sequence[Desired], observed: Mapping[Address, object], records: Mapping[Address, Record], lineage: str
) -> tuple[Standing, ...]:
    """Compare what is recorded, and what the config wants if there is one, with what was seen.

    Without a config `desired` is empty: then what is there counts as ok, since nothing says how it should be.
    """
    wanted = tuple(
        _standing(resource, observed.get(resource.address), records.get(resource.address)) for resource in desired
    )
    stale = outlived(desired, observed, records)
    wanted = tuple(_stale(standing, stale.get(standing.change.address)) for standing in wanted)
    addresses = {resource.address for resource in desired}
    rest = tuple(
        _unwanted(address, records[address], observed.get(address), dropped=bool(desired))
        for address in in_order(records)
        if address not in addresses
    )
    return tuple(_taken(standing, observed, records, lineage) for standing in (*wanted, *rest))


def _standing(resource: Desired, seen: object, record: Record | None) -> Standing:
    change = Change(resource.address, resource.kind, Action.KEEP)
    if isinstance(seen, Unreadable):
        return Standing(replace(change, reason=seen.error.summary), State.UNKNOWN)
    if is_existing(resource):
        there = seen is not None
        reason = "not ours: used, never changed" if there else "not ours, and not there"
        return Standing(replace(change, reason=reason), State.OK if there else State.MISSING)
    begun = record is not None and interrupted(record)
    if seen is None or is_absent(seen):
        if resource.wants_nothing:
            return Standing(change, State.INTERRUPTED if begun else State.OK)
        return Standing(replace(change, action=Action.CREATE), State.INTERRUPTED if begun else State.MISSING)
    if record is None and resource.exclusive:
        return Standing(replace(change, reason="exists, but is not in the manifest"), State.MISSING)
    differences = resource.diff(seen)
    action = Action.UPDATE if differences else Action.KEEP
    state = State.INTERRUPTED if begun else State.DRIFTED if differences else State.OK
    return Standing(replace(change, action=action, differences=differences), state)


def _taken(
    standing: Standing, observed: Mapping[Address, object], records: Mapping[Address, Record], lineage: str
) -> Standing:
    """What bears the name of ours and is another's is not ours, which is missing."""
    address = standing.change.address
    record, seen = records.get(address), observed.get(address)
    if record is None or not isinstance(seen, Tagged) or not is_anothers(record, seen, lineage):
        return standing
    reason = f"somebody made it anew: {owner_of(seen.tags)}"
    return Standing(Change(address, record.kind, Action.KEEP, reason=reason), State.MISSING)


def _stale(standing: Standing, difference: Difference | None) -> Standing:
    """What was made anew beside it is drift of a thing that looks well itself."""
    if difference is None:
        return standing
    change = standing.change
    differences = (difference, *change.differences)
    return Standing(
        replace(change, action=Action.UPDATE, differences=differences, anew=True),
        State.DRIFTED if standing.state is State.OK else standing.state,
    )


def _unwanted(address: Address, record: Record, seen: object, *, dropped: bool) -> Standing:
    change = Change(address, record.kind, Action.KEEP)
    if dropped and record.origin is Origin.CREATED:
        change = replace(change, action=Action.DELETE, reason="no longer in the config")
    if isinstance(seen, Unreadable):
        return Standing(replace(change, reason=seen.error.summary), State.UNKNOWN)
    if interrupted(record):
        return Standing(change, State.INTERRUPTED)
    return Standing(change, State.MISSING if is_absent(seen) else State.OK)
