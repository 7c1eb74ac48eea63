"""The plan is data: one change for each resource, decided by pure functions from what is wanted, seen and recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from task_deployer.conflicts import Unreadable, is_existing, refuse_conflicts
from task_deployer.forbidden import together
from task_deployer.left import left_of
from task_deployer.outlived import outlived
from task_deployer.readdress import refuse_divided
from task_deployer.records import Origin, Record, Status, container_of, goes_along, in_order, interrupted
from task_deployer.resources import KINDS
from task_deployer.resources.base import (
    Address,
    AnyResource,
    Difference,
    Left,
    entries_of,
    is_absent,
    same_thing,
)

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
    `former`: the address under which it was recorded until now. `stray`: it was on no record at all, and where whoever
    runs this may not remove it, it is left, and told.
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
    former: Address | None = None
    stray: bool = False


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
    """Decide what makes AWS as wanted, and what of ours is wanted no longer: nothing that is wanted elsewhere.

    Raises what `refuse_divided` and `refuse_conflicts` do.
    """
    refuse_divided(desired, records)
    known = _still_meant(desired, records)
    refuse_conflicts(desired, observed, known, lineage)
    wanted = {resource.address for resource in desired}
    wishes = [_wish(resource, observed.get(resource.address), known.get(resource.address)) for resource in desired]
    changes = _made_anew(wishes, desired, outlived(desired, observed, known))
    left = left_of(records, observed, lineage)
    unwanted = {address: record for address, record in records.items() if address not in wanted}
    return Plan((*changes, *_deletions(unwanted, observed, left, "no longer in the config")))


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
    return keeping(Plan(_deletions(records, observed, left_of(records, observed, lineage), "")), kept)


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


def renamed(plan: Plan, former: Mapping[Address, Address]) -> Plan:
    """The same plan, telling the `former` address of each record that moves."""

    def told(change: Change) -> Change:
        old = former[change.address]
        parts = (f"recorded as {old} until now", change.reason)
        return replace(change, former=old, reason="; ".join(filter(None, parts)))

    return Plan(tuple(told(change) if change.address in former else change for change in plan.changes))


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
    begun = record is not None and interrupted(record)
    again = "an earlier run did not finish this" if begun else ""
    drops = not {*entries} <= {*entries_of(resource.identity), *resource.stays}  # whether they show or not
    if seen is None or (is_absent(seen) and not drops):
        if resource.wants_nothing:
            action = Action.UPDATE if begun and resource.lags else Action.KEEP
            return replace(change, action=action, reason=again)
        gone = "recorded, but not at AWS" if record is not None else ""
        return replace(change, action=Action.CREATE, reason=again or gone)
    differences = resource.diff(seen)
    unknown = record is None and resource.lags and not resource.wants_nothing  # what shows may be gone already
    begun = begun and resource.lags  # and what a run did not live to finish may show as it was before
    action = Action.UPDATE if differences or begun or unknown or drops else Action.KEEP
    sure = "" if differences or not unknown else "not recorded: written, since AWS may only still show it"
    return replace(change, action=action, differences=differences, reason=again or sure)


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
    records: Mapping[Address, Record], observed: Mapping[Address, object], left: Mapping[Address, str], reason: str
) -> tuple[Change, ...]:
    """Delete dependents first, but what is `left` for a reason."""
    return tuple(
        Change(address, records[address].kind, Action.KEEP, forgets=True, reason=left[address])
        if address in left
        else _deletion(address, records, observed, reason)
        for address in reversed(in_order(records))
    )


def _deletion(
    address: Address, records: Mapping[Address, Record], observed: Mapping[Address, object], reason: str
) -> Change:
    record = records[address]
    change = Change(address, record.kind, Action.DELETE, reason=reason, entries=entries_of(record.identity))
    if record.origin is Origin.ADOPTED:
        return replace(change, action=Action.KEEP, forgets=True, reason="not ours: left as it is")
    container = container_of(record)
    whole = records.get(container) if container is not None else None
    if whole is not None and goes_along(record, whole):
        change = replace(change, goes_with=container, reason=f"goes with {container}")
    if is_absent(observed.get(address, ...)):
        return replace(change, gone=True, reason="was not made" if record.status is Status.CREATING else "gone already")
    of_others = whole is not None and whole.origin is Origin.ADOPTED
    stays = [words for entry, words in KINDS[record.kind].stays.items() if of_others and entry in change.entries]
    seen = observed.get(address)
    left = seen.left_to if isinstance(seen, Left) else ""
    return replace(change, reason="; ".join(part for part in (change.reason, *stays, left) if part))
