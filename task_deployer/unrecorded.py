"""What is this stack's own by its tags, and is not in its manifest: kept, lost, or deployed by others. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from task_deployer.records import Record
from task_deployer.resources.base import Address, AnyResource, Careful, Owned, Referenced, Tagged
from task_deployer.resources.seen_function import SeenFunction
from task_deployer.tags import ENV, MANIFEST, STACK, belongs_to_another

_OWN = (
    "left to others or kept by an earlier `down --keep-buckets`, or the manifest was lost, or somebody else deploys a "
    "stack of this name with a manifest of his own."
)
_USE = "use it as somebody else's (a bucket by `existing = true`, a topic by `queue`)"


@dataclass(frozen=True)
class Conflict:
    """Why things may not be made as wanted: what is in the way of each, why it is, and what their author can do."""

    things: tuple[tuple[Address, str], ...]
    advice: str
    why: str = ""


def unrecorded(
    desired: Sequence[AnyResource],
    observed: Mapping[Address, object],
    records: Mapping[Address, Record],
    lineage: str,
) -> tuple[Conflict, ...]:
    """Find what this stack has made before and would make again: one conflict for all of one lineage.

    What may simply be taken, as `up` does with a log group, is one only beside another thing of its lineage: then
    `down --keep-logs` has not left it. `desired` is without what is only to be used. `lineage` is this manifest's: one
    that records something takes over what is of its own lineage, and nothing else; where it records nothing, what bears
    our ids in documents of others is taken over with the rest.
    """
    own: dict[str, list[AnyResource]] = {}
    for resource in desired:
        seen = observed.get(resource.address)
        if resource.address not in records and isinstance(seen, Tagged) and _is_own(resource, seen):
            own.setdefault(seen.tags.get(MANIFEST, ""), []).append(resource)
    found = {theirs: things for theirs, things in own.items() if any(thing.exclusive for thing in things)}
    parts = tuple(_parts(desired, observed)) if found and not records else ()
    conflicts = []
    for theirs, things in found.items():
        adoptable = bool(theirs) and (not records or theirs == lineage)
        with_it, parts = (parts, ()) if adoptable else ((), parts)
        here = f"The manifest here is of lineage {lineage}." if records and theirs != lineage else ""
        why = " ".join(filter(None, (f"{theirs or 'unknown'}: {_OWN}", here, last_change(things, observed))))
        conflicts.append(_conflict(things, with_it, why, adoptable=adoptable))
    return tuple(conflicts)


def last_change(things: Iterable[AnyResource], observed: Mapping[Address, object]) -> str:
    """Say when the last of the functions among these was changed: somebody may be at work there. Empty without one."""
    seen = [
        (found.changed, one.address) for one in things if isinstance(found := observed.get(one.address), SeenFunction)
    ]
    changed, address = max(seen, default=("", ""))
    return f"{address} was last changed at {changed}." if changed else ""


def _conflict(
    things: Sequence[AnyResource], parts: tuple[tuple[Address, str], ...], why: str, *, adoptable: bool
) -> Conflict:
    ours = things[0].tags if isinstance(things[0], Owned) else {}
    usable = not parts and all(isinstance(thing, Referenced) for thing in things if thing.exclusive)
    return Conflict(
        (*((thing.address, _named(thing)) for thing in things), *parts),
        _adopt(usable=usable) if adoptable else _leave(usable=usable),
        f"The tags say stack {ours.get(STACK)!r}, environment {ours.get(ENV)!r}, lineage {why}",
    )


def _adopt(*, usable: bool) -> str:
    advice = (
        "If nobody else deploys this stack, run `task-deploy adopt`: it records all that bears these tags, and changes "
        "nothing at AWS. If somebody does, use his manifest, or another `stack.name`."
    )
    return f"{advice} Or {_USE}." if usable else advice


def _leave(*, usable: bool) -> str:
    ways = ["put the manifest back", *(["choose another name", _USE] if usable else [])]
    advice = f"{'; '.join(ways)}; or delete that one if nothing needs it."
    return advice[0].upper() + advice[1:]


def _is_own(resource: AnyResource, seen: Tagged) -> bool:
    """Whether it bears this stack's tags."""
    return isinstance(resource, Owned) and not belongs_to_another(seen.tags, resource.tags)


def _parts(desired: Iterable[AnyResource], observed: Mapping[Address, object]) -> Iterator[tuple[Address, str]]:
    for resource in desired:
        seen = observed.get(resource.address)
        for refusal in resource.refusals(seen, ()) if isinstance(resource, Careful) else ():
            if refusal.bears_our_id:
                yield resource.address, refusal.what


def _named(resource: AnyResource) -> str:
    key, value = next(iter(resource.identity.items()))
    return f"{key} {value} exists already"
