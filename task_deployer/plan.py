"""The plan is data: one change for each resource, decided by pure functions from what is wanted, seen and recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from task_deployer.errors import ConfigError, ResourceError, SafetyError
from task_deployer.manifest import Origin, Record, interrupted
from task_deployer.resources import KINDS
from task_deployer.resources.base import (
    ENTRIES,
    Address,
    AnyResource,
    Careful,
    Difference,
    Identity,
    Owned,
    Referenced,
    Tagged,
    is_absent,
    same_thing,
)
from task_deployer.tags import belongs_to_another, is_anothers, owner_of

Desired = AnyResource


@dataclass(frozen=True)
class Unreadable:
    """AWS refused the read. It is unknown whether the thing is there: never taken for absent."""

    error: ResourceError


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
    `empties`: what it holds is removed first. `forgets`: it stays at AWS, and its record is dropped.
    """

    address: Address
    kind: str
    action: Action
    differences: tuple[Difference, ...] = ()
    reason: str = ""
    goes_with: Address | None = None
    empties: bool = False
    forgets: bool = False


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

    Raises the first read that was refused; `ConfigError` for a reference to what does not exist; `SafetyError` for what
    exists and is not ours, was renamed, or cannot be changed in place. All of one sort are told at once.
    """
    _refuse_unreadable(desired, observed, records)
    _refuse_missing_references(desired, observed)
    conflicts = [
        conflict
        for resource in desired
        for conflict in _conflicts(resource, observed.get(resource.address), records.get(resource.address), lineage)
    ]
    if conflicts:
        raise _refusal(conflicts)
    wanted = {resource.address for resource in desired}
    changes = [_wish(resource, observed.get(resource.address), records.get(resource.address)) for resource in desired]
    unwanted = {address: record for address, record in records.items() if address not in wanted}
    return Plan((*changes, *_deletions(unwanted, observed, lineage, "no longer in the config")))


def plan_down(records: Mapping[Address, Record], observed: Mapping[Address, object], lineage: str) -> Plan:
    """Decide how all that is recorded goes: dependents first. Raises the first read that was refused."""
    for seen in observed.values():
        if isinstance(seen, Unreadable):
            raise seen.error
    return Plan(_deletions(records, observed, lineage, ""))


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


def _wish(resource: Desired, seen: object | None, record: Record | None) -> Change:
    change = Change(resource.address, resource.kind, Action.KEEP)
    if isinstance(resource, Referenced) and resource.existing:
        return replace(change, reason="not ours: used, never changed")
    if seen is None or is_absent(seen):
        gone = record is not None and not interrupted(record)
        return replace(change, action=Action.CREATE, reason="recorded, but not at AWS" if gone else "")
    differences = resource.diff(seen)
    reason = "an earlier run was interrupted here" if record is not None and interrupted(record) else ""
    return replace(change, action=Action.UPDATE if differences else Action.KEEP, differences=differences, reason=reason)


def _deletions(
    records: Mapping[Address, Record], observed: Mapping[Address, object], lineage: str, reason: str
) -> tuple[Change, ...]:
    left = {
        address
        for address, record in records.items()
        if record.origin is Origin.CREATED and _is_anothers(observed.get(address), lineage)
    }
    deletions = [_deletion(address, records, observed, reason) for address in reversed(in_order(records))]
    return tuple(
        replace(d, action=Action.KEEP, forgets=True, goes_with=None, reason="left: it bears another owner's tags")
        if d.address in left or d.goes_with in left
        else d
        for d in deletions
    )


def _is_anothers(seen: object, lineage: str) -> bool:
    return isinstance(seen, Tagged) and is_anothers(seen.tags, lineage)


def _deletion(
    address: Address, records: Mapping[Address, Record], observed: Mapping[Address, object], reason: str
) -> Change:
    record = records[address]
    change = Change(address, record.kind, Action.DELETE, reason=reason)
    if record.origin is Origin.ADOPTED:
        return replace(change, action=Action.KEEP, forgets=True, reason="not ours: left as it is")
    if is_absent(observed.get(address, ...)):
        return replace(change, reason="not at AWS any more")
    parent = KINDS[record.kind].goes_with
    with_it = next((edge for edge in record.depends_on if edge in records and records[edge].kind == parent), None)
    if with_it is not None and records[with_it].origin is Origin.CREATED:
        return replace(change, goes_with=with_it, reason=f"goes with {with_it}")
    return change


def in_order(records: Mapping[Address, Record]) -> tuple[Address, ...]:
    """The addresses of the records, each behind those that it depends on. Edges to what is not among them are left out.

    Raises `ValueError` for a circle.
    """
    ordered: dict[Address, None] = {}

    def visit(address: Address, path: tuple[Address, ...]) -> None:
        if address in path:
            raise ValueError(f"a circle: {' -> '.join((*path, address))}")
        if address in ordered or address not in records:
            return
        for edge in records[address].depends_on:
            visit(edge, (*path, address))
        ordered[address] = None

    for address in sorted(records):
        visit(address, ())
    return tuple(ordered)


def _refuse_unreadable(
    desired: Sequence[Desired], observed: Mapping[Address, object], records: Mapping[Address, Record]
) -> None:
    """Unknown is never taken for absent. HEAD's 403 on a bucket that we never made says that it is somebody else's."""
    claimed = {r.address for r in desired if r.exclusive and r.address not in records}
    for address, seen in observed.items():
        if isinstance(seen, Unreadable):
            if address in claimed and seen.error.code == "403":
                raise SafetyError(
                    seen.error.summary, detail=seen.error.detail, hint=seen.error.hint, address=address
                ) from seen.error
            raise seen.error


def _refuse_missing_references(desired: Sequence[Desired], observed: Mapping[Address, object]) -> None:
    missing = [
        resource
        for resource in desired
        if isinstance(resource, Referenced) and resource.existing and observed.get(resource.address) is None
    ]
    if missing:
        raise ConfigError(
            "The config refers to what does not exist",
            detail="\n".join(f"{resource.address}: there is no {_named(resource.identity)}" for resource in missing),
            hint="Correct the name in the config, or let task-deploy make it (without `existing`, without `queue`).",
        )


@dataclass(frozen=True)
class _Conflict:
    address: Address
    what: str
    hint: str


def _conflicts(resource: Desired, seen: object | None, record: Record | None, lineage: str) -> list[_Conflict]:
    address = resource.address
    if record is not None and not same_thing(record.identity, resource.identity):
        what = f"is recorded as {_named(record.identity)}, and the config makes it {_named(resource.identity)}"
        return [_Conflict(address, what, "Put the old setting back, or take the old one down first.")]
    existing = isinstance(resource, Referenced) and resource.existing
    if record is not None and existing is (record.origin is Origin.CREATED):
        what = "was made by us, and the config says it is somebody else's" if existing else "is recorded as not ours"
        return [_Conflict(address, what, "Run `task-deploy down --keep-buckets` first, or put the old setting back.")]
    if existing or (seen is None and not isinstance(resource, Careful)):
        return []
    if isinstance(resource, Owned) and isinstance(seen, Tagged):
        conflict = _ownership(resource, resource.tags, seen, record, lineage)
        if conflict:
            return [conflict]
    overlaps = resource.refusals(seen) if isinstance(resource, Careful) else ()
    if seen is None:
        fixed: tuple[Difference, ...] = ()
    else:
        fixed = tuple(difference for difference in resource.diff(seen) if difference.fixed)
    return [
        *(
            _Conflict(address, what, "Tell the rules apart by prefix or suffix, or drop one of them.")
            for what in overlaps
        ),
        *(
            _Conflict(
                address, f"has {d.path} {d.found!r}, and the config wants {d.wanted!r}", "AWS cannot change that."
            )
            for d in fixed
        ),
    ]


def _ownership(
    resource: Desired, ours: Mapping[str, str], seen: Tagged, record: Record | None, lineage: str
) -> _Conflict | None:
    named = _named(resource.identity)
    if record is None and resource.exclusive:
        what = f"{named} exists already and is not in the manifest; {owner_of(seen.tags)}"
        if not belongs_to_another(seen.tags, ours):
            hint = "These are this stack's own tags: its manifest was lost. Put it back; `adopt` takes things over."
            return _Conflict(resource.address, what, hint)
        return _Conflict(resource.address, what, "Choose another name, or remove that one if it is yours to remove.")
    if record is not None and is_anothers(seen.tags, lineage):
        what = f"{named} is recorded as ours, but {owner_of(seen.tags)}"
        return _Conflict(resource.address, what, "Somebody made it anew. Take it out of this config, or ask its owner.")
    return None


def _refusal(conflicts: Sequence[_Conflict]) -> SafetyError:
    first = conflicts[0]
    return SafetyError(
        "Refused: "
        + ("one thing is" if len(conflicts) == 1 else f"{len(conflicts)} things are")
        + " not ours to change",
        detail="\n".join(f"{conflict.address}: {conflict.what}" for conflict in conflicts),
        hint=first.hint,
        address=first.address,
    )


def _named(identity: Identity) -> str:
    return ", ".join(f"{key} {value}" for key, value in identity.items() if key != ENTRIES)
