"""What others have in documents that a plan does something to: it goes with a bucket of ours, or loses its function.

The documents are those that a run reads anyway: of a bucket of ours without a rule of ours on record its CORS rules are
not among them. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from task_deployer.aws import Account
from task_deployer.plan import Action, Change, Plan
from task_deployer.records import Record
from task_deployer.resources import Bucket
from task_deployer.resources.base import Address, entries_of
from task_deployer.resources.cors import SeenCors
from task_deployer.resources.cors_document import told
from task_deployer.resources.notification_document import Entry, others
from task_deployer.resources.notifications import SeenNotifications
from task_deployer.strays import ends_of
from task_deployer.warnings import Warning  # noqa: A004 - the contract's word
from task_deployer.whose import id_start


@dataclass(frozen=True)
class Bystander:
    """An entry of others in the notifications of this bucket, in words, and whose deletion it is that concerns it.

    `stays`: it is the entry's destination that goes, so the entry is dead from then on; else its bucket goes.
    `listens`: it is such an entry; else it is a CORS rule.
    """

    bucket: str
    what: str
    because: Address
    stays: bool = False
    listens: bool = True


def bystanders(
    planned: Plan, observed: Mapping[Address, object], records: Mapping[Address, Record], account: Account, base: str
) -> tuple[Bystander, ...]:
    """Find them in all documents that were read. What any record of the manifest names is ours.

    `base` is how this stack's ids begin, which tell its CORS rules.
    """
    going = [change for change in planned.of(Action.DELETE) if not change.gone]
    buckets = {records[c.address].identity["bucket"]: c.address for c in going if c.kind == Bucket.kind}
    fed = ends_of({change.address: records[change.address] for change in going}, account)
    entries = (
        found
        for address, seen in sorted(observed.items())
        if isinstance(seen, SeenNotifications)
        for entry in _theirs(seen, records.get(address))
        for found in _concerned(address.partition(".")[2], entry, buckets, fed)
    )
    return (*entries, *_rules(observed, records, buckets, base))


def naming(planned: Plan, found: Sequence[Bystander]) -> Plan:
    """The same plan, naming the entries of others in the reason of the deletion that concerns them."""

    def named(change: Change) -> Change:
        words = [_reason(one) for one in found if one.because == change.address]
        return replace(change, reason="; ".join(filter(None, (change.reason, *words)))) if words else change

    return Plan(tuple(map(named, planned.changes)))


def consequences(found: Sequence[Bystander]) -> str:
    """What a question has to say of them; it begins with a blank, and is empty without any."""
    lost = [one for one in found if one.listens and not one.stays]
    said = {
        "What others listen by is lost with it": lost,
        "What others allow web pages is lost with it": [one for one in found if not one.listens],
        "Entries of others are left dead": [one for one in found if one.stays],
    }
    return "".join(
        f" {words}: {', '.join(f'{one.what} in {one.bucket}' for one in them)}." for words, them in said.items() if them
    )


def left_dead(found: Sequence[Bystander]) -> Iterator[Warning]:
    """Warn of the entries that stay without a destination, and say how to be rid of them."""
    for one in found:
        if one.stays:
            yield Warning(
                "left-dead",
                Address(f"notifications.{one.bucket}"),
                f"{one.what} is not this stack's and stays, without {one.because}: S3 refuses every change of these "
                "notifications while it is there. If it is yours, remove it (S3 console: the bucket's properties), "
                "else ask the bucket's owner. With --skip-dead-foreign a later `up` puts ours all the same, and a "
                "later `down` takes them out.",
            )


def _theirs(seen: SeenNotifications, record: Record | None) -> tuple[Entry, ...]:
    recorded = entries_of(record.identity) if record is not None else ()
    return others(seen.document, (*recorded, *(entry.key for entry in seen.ours.values())))


def _concerned(
    bucket: str, entry: Entry, buckets: Mapping[str, Address], fed: Mapping[str, Address]
) -> Iterator[Bystander]:
    """A function's ARN may end in a version or an alias."""
    if bucket in buckets:
        yield Bystander(bucket, str(entry), buckets[bucket])
        return
    for arn, address in fed.items():
        if entry.destination == arn or entry.destination.startswith(f"{arn}:"):
            yield Bystander(bucket, str(entry), address, stays=True)


def _rules(
    observed: Mapping[Address, object], records: Mapping[Address, Record], buckets: Mapping[str, Address], base: str
) -> Iterator[Bystander]:
    """The CORS rules in buckets that go without one of our ids: on a bucket of ours all are read."""
    for address, seen in sorted(observed.items()):
        bucket = records[address].identity.get("bucket", "") if address in records else ""
        for rule in seen.rules if isinstance(seen, SeenCors) and bucket in buckets else ():
            if not str(rule.get("ID", "")).startswith(id_start(base, buckets[bucket])):
                yield Bystander(bucket, told(rule), buckets[bucket], listens=False)


def _reason(one: Bystander) -> str:
    if one.stays:
        return f"leaves dead what is not ours in {one.bucket}: {one.what}"
    return f"takes along what is not ours: {one.what}"
