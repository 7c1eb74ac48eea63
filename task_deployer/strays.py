"""What this stack has in documents that it shares, and no record names: entries and CORS rules of ours. Pure.

A manifest may know less than is at AWS: an older copy of it, or one that was rebuilt after a key was renamed. An entry
of ours is told by its id and by what it goes to, a CORS rule by the entries of ours that it stands beside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from task_deployer.aws import Account
from task_deployer.care import Remark
from task_deployer.errors import ResourceError
from task_deployer.plan import Change, Desired, Plan
from task_deployer.records import Origin, Record
from task_deployer.resources import KINDS, Bucket, Cors, Function, Notifications, Queue
from task_deployer.resources.base import ENTRIES, Address, Identity, entries_of, is_absent, joined, same_thing
from task_deployer.resources.cors import SeenCors
from task_deployer.resources.cors_document import numbered
from task_deployer.resources.notification_document import Entry, entries_in, ours, stem_of
from task_deployer.resources.notifications import SeenNotifications
from task_deployer.resources.shared_rules import Rule
from task_deployer.warnings import Warning  # noqa: A004 - the contract's word
from task_deployer.whose import is_anothers

Records = Mapping[Address, Record]
Ends = Mapping[str, Address]
"""Functions and queues of ours, to which entries go: their addresses by their ARNs."""


@dataclass(frozen=True)
class Strays:
    """What was found: `records` of that alone, and `observed`, the documents that were read for it or that it is in.

    `alone` is what lies in a document that is not recorded at all. `warnings` tell what could not be looked at.
    """

    records: Records = field(default_factory=dict)
    observed: Mapping[Address, object] = field(default_factory=dict)
    alone: frozenset[Address] = frozenset()
    warnings: tuple[Warning, ...] = ()

    def beside(self, records: Records) -> dict[Address, Record]:
        """These records, and what was found."""
        return {**records, **{a: _both(records.get(a), stray) for a, stray in self.records.items()}}

    def named(self, planned: Plan) -> Plan:
        """The same plan, telling what was found."""

        def told(change: Change) -> Change:
            if change.address not in self.records:
                return change
            reason = "; ".join(filter(None, (change.reason, told_of(self.records[change.address]))))
            return replace(change, reason=reason, stray=change.address in self.alone)

        return Plan(tuple(map(told, planned.changes)))


NO_STRAYS = Strays()


def told_of(stray: Record) -> str:
    """What of ours was found, in words."""
    return f"this stack's own, and was not recorded: {_ids(entries_of(stray.identity))}"


def left_there(change: Change, error: ResourceError) -> Remark:
    """What to tell of what was found and may not be taken out."""
    told = f"{_ids(change.entries)}: this stack's own, was not recorded, and stays, since {error.summary}."
    if change.kind != Notifications.kind:
        return Remark("left-over", change.address, f"{told} {error.hint}")
    dead = "It goes to what was deleted, so S3 refuses every change of these notifications while it is there"
    ask = "ask the bucket's owner to remove it (S3 console: the bucket's properties)"
    return Remark("left-dead", change.address, f"{told} {dead}: {ask}. {error.hint}".rstrip())


def ends_of(records: Records, account: Account) -> dict[str, Address]:
    """The functions and queues that we made."""
    return {
        KINDS[record.kind].arns(account, record.identity)[0]: address
        for address, record in records.items()
        if record.kind in (Function.kind, Queue.kind) and record.origin is Origin.CREATED
    }


def going(
    desired: Sequence[Desired], records: Records, observed: Mapping[Address, object], lineage: str, account: Account
) -> dict[str, Address]:
    """Those of them that are there, and that a run which wants only what is desired deletes."""
    wanted = {resource.address for resource in desired}
    return {
        arn: address
        for arn, address in ends_of(records, account).items()
        if address not in wanted
        and not is_absent(observed.get(address))
        and not is_anothers(records[address], observed.get(address), lineage)
    }


def stray_entries(seen: SeenNotifications, record: Record | None, ends: Ends) -> tuple[Entry, ...]:
    """The entries in a document that are ours by id and end, and that its record does not name."""
    known = entries_of(record.identity) if record is not None else ()
    return tuple(
        entry
        for entry in entries_in(seen.document)
        if entry.destination in ends and stem_of(entry) and entry.key not in known
    )


def with_entries(seen: SeenNotifications, entries: Sequence[Entry]) -> SeenNotifications:
    """The same document, with these for ours as well."""
    keys = [entry.key for entry in entries]
    return replace(seen, ours={**seen.ours, **ours(seen.document, keys)})


def record_of_entries(bucket: Identity, entries: Sequence[Entry], ends: Ends, records: Records) -> Record:
    """The record of these entries alone. They go before that to which they go does."""
    identity = {**bucket, ENTRIES: " ".join(sorted(entry.key for entry in entries))}
    edges = dict.fromkeys((bucket_in(bucket, records), *(ends[entry.destination] for entry in entries)))
    return Record(Notifications.kind, identity, tuple(edges))


def stray_rules(
    bucket: Identity, rules: Sequence[Rule], entries: Sequence[Entry], ends: Ends, records: Records
) -> dict[Address, tuple[Record, SeenCors]]:
    """The CORS rules that bear the ids of the same task and key as these entries of ours, and are on no record."""
    known = {e for r in records.values() if r.kind == Cors.kind for e in entries_of(r.identity)}
    found: dict[Address, tuple[Record, SeenCors]] = {}
    for stem, end in {stem_of(entry): ends[entry.destination] for entry in entries}.items():
        mine = [rule for rule in rules if numbered(rule, stem) and rule.get("ID") not in known]
        if mine:
            identity = {**bucket, ENTRIES: " ".join(str(rule.get("ID")) for rule in mine)}
            record = Record(Cors.kind, identity, (bucket_in(bucket, records),))
            address = _cors(stem, end, record, records)
            all_ours = entries_of(_both(records.get(address), record).identity)
            seen = tuple(rule for rule in rules if rule.get("ID") in all_ours)
            found[address] = record, SeenCors(seen, len(rules) - len(seen))
    return found


def bucket_in(bucket: Identity, records: Records) -> Address:
    """The address of this bucket; of one that is on no record, one that nothing else has."""
    named = (a for a, r in records.items() if r.kind == Bucket.kind and r.identity["bucket"] == bucket["bucket"])
    return next(named, Address(f"{Bucket.kind}.{bucket['bucket']}"))


def _cors(stem: str, end: Address, record: Record, records: Records) -> Address:
    """Where the config would have had them, unless another bucket's are recorded there."""
    kind, *scope = end.split(".")
    key = scope[1] if kind == Queue.kind else stem.removeprefix(f"{records[end].identity['name']}-")
    address = Address(f"{Cors.kind}.{scope[0]}.{key}")
    taken = address in records and not same_thing(records[address].identity, record.identity)
    return Address(f"{address}.{record.identity['bucket']}") if taken else address


def _ids(entries: Sequence[str]) -> str:
    return ", ".join(entry.partition("=")[0] for entry in entries)


def _both(known: Record | None, stray: Record) -> Record:
    if known is None:
        return stray
    edges = tuple(dict.fromkeys((*known.depends_on, *stray.depends_on)))
    return replace(known, identity=joined(known.identity, stray.identity), depends_on=edges)
