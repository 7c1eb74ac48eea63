"""The plan is data: one change for each resource, decided by pure functions from what is wanted, seen and recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from task_deployer.conflicts import Unreadable, is_existing, refuse_conflicts
from task_deployer.forbidden import together
from task_deployer.outlived import outlived
from task_deployer.records import Origin, Record, Status, in_order, interrupted
from task_deployer.resources import KINDS
from task_deployer.resources.base import (
    ENTRIES,
    Address,
    AnyResource,
    Difference,
    Left,
    Tagged,
    entries_of,
    is_absent,
    same_thing,
)
from task_deployer.tags import is_anothers

Desired = AnyResource


class Action(StrEnum):
    """What a change does. A closed set."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    KEEP = "keep"


@dataclass(frozen=True)
class Change:
    """One line of a plan, and one job.

    `goes_with`: the address of the resource whose deletion takes this one along, without a call of its own.
    `empties`: what it holds is removed first. `forgets`: it stays at AWS, and its record is dropped. `entries`: those
    recorded in a shared document that the change is about; what else is recorded there stays. `anew`: it cannot be
    healed in place, so it is deleted and made again. `gone`: it was absent before, so its deletion is no deed of ours.
    """

    address: Address
    kind: str
    action: Action
    differences: tuple[Difference, ...] = ()
    reason: str = ""
    goes_with: Address | None = None
    empties: bool = False
    forgets: bool = False
    entries: tuple[str, ...] = ()
    anew: bool = False
    gone: bool = False


@dataclass(frozen=True)
class Plan:
    """All changes: what is wanted in dependency order, then what goes, dependents first."""

    changes: tuple[Change, ...] = ()

    def of(self, *actions: Action) -> tuple[Change, ...]:
        """The changes with one of these actions."""
        return tuple(change for change in self.changes if change.action in actions)

    @property
    def pending(self) -> tuple[Change, ...]:
        """The changes that do something at AWS."""
        return self.of(Action.CREATE, Action.UPDATE, Action.DELETE)


def plan_up(
    desired: Sequence[Desired],
    observed: Mapping[Address, object],
    records: Mapping[Address, Record],
    lineage: str,
) -> Plan:
    """Decide what makes AWS as wanted, and what of ours is wanted no longer.

    Raises what `refuse_conflicts` does.
    """
    known = _still_meant(desired, records)
    refuse_conflicts(desired, observed, known, lineage)
    wanted = {resource.address for resource in desired}
    wishes = [_wish(resource, observed.get(resource.address), known.get(resource.address)) for resource in desired]
    changes = _made_anew(wishes, desired, outlived(desired, observed, known))
    unwanted = {address: record for address, record in records.items() if address not in wanted}
    return Plan((*changes, *_deletions(unwanted, observed, lineage, "no longer in the config")))


def plan_down(
    records: Mapping[Address, Record],
    observed: Mapping[Address, object],
    lineage: str,
    kept: frozenset[str] = frozenset(),
) -> Plan:
    """Decide how all that is recorded goes: dependents first.

    Raises `ResourceError` that names all refused reads. One of what stays in any case, a thing of the `kept` kinds with
    all that goes with it, is no obstacle.
    """
    refused = [
        seen.error
        for address, seen in observed.items()
        if isinstance(seen, Unreadable) and not {records[address].kind, KINDS[records[address].kind].goes_with} & kept
    ]
    if refused:
        raise together(refused)
    return keeping(Plan(_deletions(records, observed, lineage, "")), kept)


def keeping(plan: Plan, kinds: frozenset[str]) -> Plan:
    """The same plan, but what it would delete of these kinds stays at AWS and is forgotten."""
    kept = {change.address for change in plan.of(Action.DELETE) if change.kind in kinds}
    return Plan(
        tuple(
            replace(change, action=Action.KEEP, forgets=True, reason="left as it is", goes_with=None)
            if change.address in kept or change.goes_with in kept
            else change
            for change in plan.changes
        )
    )


def emptying(plan: Plan) -> Plan:
    """The same plan, but what is deleted is emptied first."""
    return Plan(tuple(replace(change, empties=change.action is Action.DELETE) for change in plan.changes))


def _still_meant(desired: Sequence[Desired], records: Mapping[Address, Record]) -> Mapping[Address, Record]:
    """The records without those of things of others that the config has exchanged: such a thing is simply let go."""
    exchanged = {
        resource.address
        for resource in desired
        if (record := records.get(resource.address)) is not None
        and record.origin is Origin.ADOPTED
        and not same_thing(record.identity, resource.identity)
    }
    return {address: record for address, record in records.items() if address not in exchanged}


def _wish(resource: Desired, seen: object | None, record: Record | None) -> Change:
    entries = entries_of(record.identity) if record is not None else ()
    change = Change(resource.address, resource.kind, Action.KEEP, entries=entries)
    if is_existing(resource):
        return replace(change, reason="not ours: used, never changed")
    again = "an earlier run did not finish this" if record is not None and interrupted(record) else ""
    if seen is None or is_absent(seen):
        if resource.wants_nothing:
            return replace(change, reason=again)
        gone = "recorded, but not at AWS" if record is not None else ""
        return replace(change, action=Action.CREATE, reason=again or gone)
    differences = resource.diff(seen)
    going = record is not None and record.status is Status.DELETING and resource.lags  # what shows may be gone already
    action = Action.UPDATE if differences or going else Action.KEEP
    anew = going and ENTRIES in resource.identity  # a write that finds its entries there would change nothing
    return replace(change, action=action, differences=differences, reason=again, anew=anew)


def _made_anew(
    changes: Sequence[Change], desired: Sequence[Desired], stale: Mapping[Address, Difference]
) -> list[Change]:
    """The same changes, but what outlived its other half is made again, and so is what goes with it at AWS."""
    parents = {r.address: [p.address for p in r.depends_on if p.kind == r.goes_with] for r in desired}

    def settled(change: Change) -> Change:
        if change.address in stale:
            difference = stale[change.address]
            reason = f"{difference.path.removesuffix('.UniqueId')} is another than the one it was made with"
            differences = (difference, *change.differences)
            return replace(change, action=Action.UPDATE, differences=differences, reason=reason, anew=True)
        gone_with = [parent for parent in parents[change.address] if parent in stale]
        if gone_with:
            reason = f"goes with {gone_with[0]}, which is made again"
            return replace(change, action=Action.CREATE, differences=(), reason=reason)
        return change

    return [settled(change) for change in changes]


def _deletions(
    records: Mapping[Address, Record], observed: Mapping[Address, object], lineage: str, reason: str
) -> tuple[Change, ...]:
    """Delete dependents first. What somebody made anew in the place of ours is left, with all that lies in it.

    Our entries in a shared document are no part of that: they are known one by one, and go whoever owns the document.
    """
    left = {address for address, record in records.items() if _is_anothers(record, observed.get(address), lineage)}
    left |= {
        address
        for address, record in records.items()
        if ENTRIES not in record.identity and _container(address, records) in left
    }
    return tuple(
        Change(address, records[address].kind, Action.KEEP, forgets=True, reason="left: it bears another owner's tags")
        if address in left
        else _deletion(address, records, observed, reason)
        for address in reversed(in_order(records))
    )


def _is_anothers(record: Record, seen: object, lineage: str) -> bool:
    if record.origin is Origin.ADOPTED or not isinstance(seen, Tagged):
        return False
    return is_anothers(seen.tags, lineage, shed=KINDS[record.kind].sheds_tags)


def _container(address: Address, records: Mapping[Address, Record]) -> Address | None:
    """The recorded thing that this one is a part of at AWS: its own identity names it by its kind, as in `bucket`."""
    record = records[address]
    return next((e for e in record.depends_on if e in records and records[e].kind in record.identity), None)


def _deletion(
    address: Address, records: Mapping[Address, Record], observed: Mapping[Address, object], reason: str
) -> Change:
    record = records[address]
    change = Change(address, record.kind, Action.DELETE, reason=reason, entries=entries_of(record.identity))
    if record.origin is Origin.ADOPTED:
        return replace(change, action=Action.KEEP, forgets=True, reason="not ours: left as it is")
    container = _container(address, records)
    with_it = container is not None and records[container].kind == KINDS[record.kind].goes_with
    if container is not None and with_it and records[container].origin is Origin.CREATED:
        change = replace(change, goes_with=container, reason=f"goes with {container}")
    if is_absent(observed.get(address, ...)):
        return replace(change, gone=True, reason="was not made" if record.status is Status.CREATING else "gone already")
    kind, of_others = KINDS[record.kind], container is not None and records[container].origin is Origin.ADOPTED
    stays = [words for entry, words in kind.stays.items() if of_others and entry in change.entries]
    seen = observed.get(address)
    left = seen.left_to if isinstance(seen, Left) else ""
    return replace(change, reason="; ".join(part for part in (change.reason, *stays, left) if part))
