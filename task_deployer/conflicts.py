"""What stands in the way of a plan: reads that were refused, references to nothing, and things of others. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from task_deployer.errors import ConfigError, ResourceError, SafetyError
from task_deployer.forbidden import together
from task_deployer.records import Origin, Record
from task_deployer.resources import Cors
from task_deployer.resources.base import (
    ENTRIES,
    Address,
    AnyResource,
    Careful,
    Identity,
    Owned,
    Referenced,
    Tagged,
    entries_of,
    same_thing,
)
from task_deployer.tags import MANIFEST, belongs_to_another, owner_of
from task_deployer.unrecorded import Conflict, unrecorded
from task_deployer.whose import is_anothers

_TAKE_DOWN = "Put the old setting back, or take the old one down first."
_NEVER_OURS = (
    "What somebody else made cannot become this stack's. Put the old setting back (`existing = true`, or `queue`), or "
    "give it another name: then the stack makes one of its own, and lets that one go."
)
_MADE_ANEW = (
    "Somebody made it anew: run `task-deploy state forget {address}`, which leaves it as it is, and name another in "
    "the config, or none. Or it has lost its tags: give it {tag} again, beside those that it bears."
)
_LEAVE = "Put the old setting back with `cors = []` and run `up`, which takes our rules out; then name the other one."


@dataclass(frozen=True)
class Unreadable:
    """AWS refused the read. It is unknown whether the thing is there: never taken for absent."""

    error: ResourceError


def refuse_conflicts(
    desired: Sequence[AnyResource],
    observed: Mapping[Address, object],
    records: Mapping[Address, Record],
    lineage: str,
) -> None:
    """Refuse what `up` must not do, before anything is done.

    Raises `ResourceError` for reads that were refused; `ConfigError` for a reference to what does not exist or cannot
    be used; `SafetyError` for what exists and is not ours, was renamed, or cannot be changed in place. All of one sort
    are told at once.
    """
    _refuse_unreadable(desired, observed, records)
    _refuse_missing_references(desired, observed)
    _refuse_unfit_references(desired, observed)
    made = [resource for resource in desired if not is_existing(resource)]
    own = unrecorded(made, observed, records, lineage)
    told = {address for conflict in own for address, _ in conflict.things}
    others = [
        conflict
        for resource in desired
        if resource.address not in told
        for conflict in _conflicts(resource, observed.get(resource.address), records, lineage)
    ]
    if own or others:
        raise _refusal(own, others)


def is_existing(resource: AnyResource) -> bool:
    """Whether the wish is only to use what somebody else made."""
    return isinstance(resource, Referenced) and resource.existing


def _refuse_unreadable(
    desired: Sequence[AnyResource], observed: Mapping[Address, object], records: Mapping[Address, Record]
) -> None:
    """Unknown is never taken for absent. All reads that were refused are told at once.

    HEAD's 403 on a bucket that we never made says that it is somebody else's, its 301 that it is in another region.
    Where reads of other things are refused too, it is rather whoever runs this that lacks rights.
    """
    refused = {address: seen.error for address, seen in observed.items() if isinstance(seen, Unreadable)}
    referenced = {r.address for r in desired if is_existing(r)}
    for address in referenced & refused.keys():
        if refused[address].code == "301":
            error = refused[address]
            raise ConfigError(error.summary, detail=f"{address}: {error.detail}", hint=error.hint) from error
    claimed = {r.address for r in desired if r.exclusive} - referenced - set(records)
    taken = [address for address, error in refused.items() if address in claimed and error.code == "403"]
    if taken and not _others(refused, taken, desired):
        error = together([refused[address] for address in taken])
        raise SafetyError(error.summary, detail=error.detail, hint=error.hint, address=taken[0]) from error
    if refused:
        raise together(list(refused.values()))


def _others(refused: Iterable[Address], taken: Sequence[Address], desired: Sequence[AnyResource]) -> set[Address]:
    """The refused reads of other things: a bucket of somebody else's forbids the reads of its documents, too."""
    buckets = {r.address: r.identity.get("bucket") for r in desired}
    names = {buckets[address] for address in taken}
    return {a for a in refused if a not in taken and (buckets.get(a) is None or buckets[a] not in names)}


def _refuse_missing_references(desired: Sequence[AnyResource], observed: Mapping[Address, object]) -> None:
    missing = [resource for resource in desired if is_existing(resource) and observed.get(resource.address) is None]
    if missing:
        raise ConfigError(
            "The config refers to what does not exist",
            detail="\n".join(f"{resource.address}: there is no {_named(resource.identity)}" for resource in missing),
            hint="Correct the name in the config, or let task-deploy make it (without `existing`, without `queue`).",
        )


def _refuse_unfit_references(desired: Sequence[AnyResource], observed: Mapping[Address, object]) -> None:
    """What is somebody else's is never changed, so what cannot be changed at all is what counts: a bucket's region."""
    unfit = [
        f"{resource.address}: {_named(resource.identity)} has {difference.path} {difference.found!r}, and this stack "
        f"needs {difference.wanted!r}"
        for resource in desired
        if is_existing(resource)
        for difference in resource.diff(observed[resource.address])
        if difference.fixed
    ]
    if unfit:
        raise ConfigError(
            "The config refers to what this stack cannot use",
            detail="\n".join(unfit),
            hint="Name another one in the config, or deploy the stack to that region.",
        )


def _conflicts(
    resource: AnyResource, seen: object | None, records: Mapping[Address, Record], lineage: str
) -> tuple[Conflict, ...]:
    """Look for the gravest first: what is recorded otherwise, then whose it is, then what cannot be written."""
    record = records.get(resource.address)
    if record is not None and (otherwise := _recorded_otherwise(resource, record)):
        return (otherwise,)
    if is_existing(resource):
        return ()
    if isinstance(resource, Owned) and isinstance(seen, Tagged):
        anothers = _anothers(resource, resource.tags, seen, records, lineage)
        if anothers:
            return (anothers,)
    return (*_refusals(resource, seen, record), *_fixed(resource, seen))


def _recorded_otherwise(resource: AnyResource, record: Record) -> Conflict | None:
    address = resource.address
    if not same_thing(record.identity, resource.identity):
        what = f"is recorded as {_named(record.identity)}, and the config makes it {_named(resource.identity)}"
        way = _LEAVE if record.kind == Cors.kind and ENTRIES in record.identity else _TAKE_DOWN
        return _conflict(address, what, way)
    if is_existing(resource) and record.origin is Origin.CREATED:
        way = f"Put the old setting back, or run `task-deploy state forget {address}`, which leaves it as it is."
        return _conflict(address, "was made by us, and the config says it is somebody else's", way)
    if not is_existing(resource) and record.origin is Origin.ADOPTED:
        return _conflict(address, "is recorded as not ours, and the config says it is", _NEVER_OURS)
    return None


def _anothers(
    resource: AnyResource, ours: Mapping[str, str], seen: Tagged, records: Mapping[Address, Record], lineage: str
) -> Conflict | None:
    address, named = resource.address, _named(resource.identity)
    record = records.get(address)
    of_others = belongs_to_another(seen.tags, ours)
    if record is None and (resource.exclusive or (seen.tags and of_others)):
        what = f"{named} exists already and is not in the manifest; {owner_of(seen.tags)}"
        return _conflict(address, what, "Choose another name, or remove that one if it is yours to remove.")
    if record is not None and is_anothers(record, seen, lineage):
        what = f"{named} is recorded as ours, but {owner_of(seen.tags)}"
        return _conflict(address, what, _MADE_ANEW.format(address=address, tag=f"{MANIFEST}={lineage}"))
    return None


def _refusals(resource: AnyResource, seen: object | None, record: Record | None) -> Iterator[Conflict]:
    recorded = entries_of(record.identity) if record is not None else ()
    for refusal in resource.refusals(seen, recorded) if isinstance(resource, Careful) else ():
        yield _conflict(resource.address, refusal.what, refusal.advice)


def _fixed(resource: AnyResource, seen: object | None) -> Iterator[Conflict]:
    for difference in () if seen is None else resource.diff(seen):
        if difference.fixed:
            what = f"has {difference.path} {difference.found!r}, and the config wants {difference.wanted!r}"
            advice = "AWS cannot change that in place. Put the old setting back, or take the old one down first."
            yield _conflict(resource.address, what, advice)


def _conflict(address: Address, what: str, advice: str) -> Conflict:
    return Conflict(((address, what),), advice)


def _refusal(own: Sequence[Conflict], others: Sequence[Conflict]) -> SafetyError:
    """One advice for all is the hint; where there are several, each is told beside what it is for."""
    conflicts = (*own, *others)
    apart = len({conflict.advice for conflict in conflicts}) > 1
    things = list(dict.fromkeys(address for conflict in conflicts for address, _ in conflict.things))
    many, are = ("one thing", "is") if len(things) == 1 else (f"{len(things)} things", "are")
    why = "cannot be made as wanted" if others else f"of this stack {are} at AWS already, and not in the manifest"
    return SafetyError(
        f"Refused: {many} {why}",
        detail="\n".join([*chain.from_iterable(_lines(one, apart=apart) for one in conflicts), "Nothing was changed."]),
        hint="" if apart else conflicts[0].advice,
        address=things[0],
    )


def _lines(conflict: Conflict, *, apart: bool) -> Iterator[str]:
    yield from (f"{address}: {what}" for address, what in conflict.things)
    said = [conflict.why, conflict.advice] if apart else [conflict.why]
    yield from (f"{'    ' if apart else ''}{words}" for words in said if words)


def _named(identity: Identity) -> str:
    return ", ".join(f"{key} {value}" for key, value in identity.items() if key != ENTRIES)
