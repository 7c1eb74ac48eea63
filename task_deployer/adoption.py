"""What of a stack can be taken over: its own things by their tags, and their parts with them. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from task_deployer.aws import Account
from task_deployer.conflicts import Unreadable, is_existing
from task_deployer.errors import SafetyError
from task_deployer.plan import Action, Change, Desired, Plan
from task_deployer.records import Origin, Record
from task_deployer.resources.base import Address, Difference, Numbered, Owned, Tagged, entries_of, is_absent
from task_deployer.resources.notification_document import entries_in, stem_of
from task_deployer.resources.notifications import SeenNotifications
from task_deployer.strays import Strays
from task_deployer.tags import MANIFEST, belongs_to_another, owner_of
from task_deployer.warnings import Warning  # noqa: A004 - the contract's word

Seen = Mapping[Address, object]


def refuse_unknown(seen: Seen) -> None:
    """Raise the first read that was refused: what is unknown would be forgotten."""
    for value in seen.values():
        if isinstance(value, Unreadable):
            raise value.error


def lineage_of(desired: Sequence[Desired], seen: Seen, chosen: str | None) -> str | None:
    """The lineage of what bears this stack's tags; None if nothing does.

    `chosen` is the one that is meant, if it is known. Raises `SafetyError` for things of others under our names, for
    several lineages without a choice, and for a choice that nothing bears.
    """
    _refuse_foreign(desired, seen)
    found = _lineages(desired, seen)
    if chosen is not None and chosen not in found:
        raise SafetyError(
            f"Nothing here bears the lineage {chosen}",
            detail="\n".join([*_listed(found), "Nothing was changed."]),
            hint="Choose one of those with --lineage." if found else "There is nothing of this stack to take over.",
        )
    if chosen is None and len(found) > 1:
        raise SafetyError(
            f"There are things of {len(found)} manifests of this stack",
            detail="\n".join([*_listed(found), "Nothing was changed."]),
            hint="Say with --lineage whose to take over; what is of another one stays as it is.",
        )
    return chosen or next(iter(found), None)


def records_of(
    desired: Sequence[Desired], seen: Seen, lineage: str, known: Mapping[Address, Record]
) -> dict[Address, Record]:
    """The records of all that is there, of this lineage and in no manifest (`known`), as `up` would have left them.

    A part (a document, a statement, an entry) bears no tags: it is taken with the thing that it is a part of. Without a
    thing that bears the lineage, nothing is.
    """
    records: dict[Address, Record] = {}
    for resource in desired:
        there = seen.get(resource.address)
        if resource.address not in known and _is_taken(resource, there, lineage, records):
            edges = tuple(dict.fromkeys(parent.address for parent in resource.depends_on))
            origin = Origin.ADOPTED if is_existing(resource) else Origin.CREATED
            records[resource.address] = Record(resource.kind, resource.identity, edges, origin)
    return records if any(resource.address in records for resource, _ in _owned(desired, seen)) else {}


def plan_of(desired: Sequence[Desired], seen: Seen, records: Mapping[Address, Record]) -> Plan:
    """What is taken over, as it is; the differences are what the next `up` changes."""
    return Plan(
        tuple(
            Change(r.address, r.kind, Action.KEEP, _differences(r, seen), _reason(records[r.address]))
            for r in desired
            if r.address in records
        )
    )


def plan_of_strays(desired: Sequence[Desired], found: Strays) -> Plan:
    """What of ours was found under addresses that the config does not name: the next `up` takes it out."""
    wanted = {resource.address for resource in desired}
    unwanted = {address: record for address, record in found.records.items() if address not in wanted}
    return found.named(Plan(tuple(Change(a, r.kind, Action.KEEP, _unwanted(r)) for a, r in unwanted.items())))


def left_alone(desired: Sequence[Desired], seen: Seen, lineage: str) -> Iterator[Warning]:
    """Warn of what is this stack's by its tags, but of another lineage."""
    for other, addresses in _lineages(desired, seen).items():
        if other != lineage:
            for address in addresses:
                yield Warning("other-lineage", address, f"it is of the lineage {other} and was left as it is.")


def left_over(arns: Sequence[str], desired: Sequence[Desired], seen: Seen, account: Account) -> Iterator[Warning]:
    """Warn of what bears the lineage and is not in the config."""
    known = {arn for resource in desired for arn in _arns(resource, seen.get(resource.address), account)}
    for arn in arns:
        if arn not in known:
            what = "it bears this stack's tags, but the config does not name it, so it was not taken over"
            yield Warning("left-over", Address(arn), f"{what}: name it and run this again, or remove it by hand.")


def left_over_entries(
    arns: Sequence[str], desired: Sequence[Desired], seen: Seen, account: Account
) -> Iterator[Warning]:
    """Warn of entries of ours, in documents that were read, that go to such things of the lineage."""
    known = {arn for resource in desired for arn in resource.arns(account, resource.identity)}
    for address, document in seen.items():
        for entry in entries_in(document.document) if isinstance(document, SeenNotifications) else ():
            if stem_of(entry) and entry.destination in arns and entry.destination not in known:
                yield Warning(
                    "left-over",
                    address,
                    f"{entry} is this stack's own, and was not taken over, since the config does not name what it goes "
                    "to: name that and run this again, or take the entry out by hand (S3 console: the bucket's "
                    "properties) before you remove that. Dead, it lets S3 refuse every change of these notifications.",
                )


def _arns(resource: Desired, there: object, account: Account) -> tuple[str, ...]:
    """The ARNs of a thing, by what was seen of it where AWS chose a part of them."""
    return (there.arn(account),) if isinstance(there, Numbered) else resource.arns(account, resource.identity)


def _is_taken(resource: Desired, there: object, lineage: str, records: Mapping[Address, Record]) -> bool:
    if there is None or is_absent(there):
        return False
    if is_existing(resource):
        return True
    if isinstance(resource, Owned) and isinstance(there, Tagged):
        return there.tags.get(MANIFEST) == lineage
    return all(parent.address in records for parent in resource.depends_on if parent.kind in resource.identity)


def _differences(resource: Desired, seen: Seen) -> tuple[Difference, ...]:
    return () if is_existing(resource) else resource.diff(seen[resource.address])


def _unwanted(record: Record) -> tuple[Difference, ...]:
    return tuple(Difference(entry.partition("=")[0], None, "there") for entry in entries_of(record.identity))


def _reason(record: Record) -> str:
    return "not ours: used, never changed" if record.origin is Origin.ADOPTED else "taken over"


def _refuse_foreign(desired: Sequence[Desired], seen: Seen) -> None:
    """A name of ours that bears other tags is somebody's. A log group without any is Lambda's, and `up` takes that."""
    foreign = [
        f"{resource.address}: {', '.join(resource.identity.values())}: {owner_of(there.tags)}"
        for resource, there in _owned(desired, seen)
        if (resource.exclusive or there.tags) and not _is_ours(resource, there)
    ]
    if foreign:
        raise SafetyError(
            "Refused: what has a name of this config is not this stack's",
            detail="\n".join([*foreign, "Nothing was changed."]),
            hint="Choose other names; or where tags were lost, give back those of its neighbours, and try again.",
        )


def _lineages(desired: Sequence[Desired], seen: Seen) -> dict[str, list[Address]]:
    found: dict[str, list[Address]] = {}
    for resource, there in _owned(desired, seen):
        if _is_ours(resource, there):
            found.setdefault(there.tags[MANIFEST], []).append(resource.address)
    return found


def _owned(desired: Sequence[Desired], seen: Seen) -> Iterator[tuple[Desired, Tagged]]:
    for resource in desired:
        there = seen.get(resource.address)
        if isinstance(resource, Owned) and not is_existing(resource) and isinstance(there, Tagged):
            yield resource, there


def _is_ours(resource: Desired, there: Tagged) -> bool:
    ours = resource.tags if isinstance(resource, Owned) else {}
    return MANIFEST in there.tags and not belongs_to_another(there.tags, ours)


def _listed(lineages: Mapping[str, Sequence[Address]]) -> Iterator[str]:
    for lineage, addresses in lineages.items():
        yield f"{lineage}: {', '.join(addresses)}"
