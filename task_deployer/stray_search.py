"""Looking for what this stack has in documents that it shares, and no record names.

What lets S3 in names its buckets: so the policies of functions and queues lead to all entries that go to them.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from task_deployer.aws import Account, Aws
from task_deployer.conflicts import Unreadable
from task_deployer.observe import Question, observe_all
from task_deployer.plan import Desired
from task_deployer.records import Origin
from task_deployer.resources import Cors, Function, Notifications, cors_write
from task_deployer.resources.base import ENTRIES, Address, Identity
from task_deployer.resources.bucket import identity_of
from task_deployer.resources.notification_document import Entry
from task_deployer.resources.notifications import SeenNotifications
from task_deployer.resources.queue import SeenQueue
from task_deployer.resources.s3_allowed import sources
from task_deployer.resources.statements import read as statements_of
from task_deployer.strays import (
    Ends,
    Records,
    Strays,
    bucket_in,
    record_of_entries,
    stray_entries,
    stray_rules,
    with_entries,
)
from task_deployer.walk import Means
from task_deployer.warnings import Warning  # noqa: A004 - the contract's word

Seen = Mapping[Address, object]

_DEAD = (
    "An entry of ours that is on no record stays there, and is dead once that to which it goes is deleted: S3 then "
    "refuses every change of that bucket's notifications. Whoever may read it can look first."
)


@dataclass(frozen=True)
class _Found:
    """A document with entries of ours in it that are on no record, and the bucket's identity."""

    bucket: Identity
    seen: SeenNotifications
    entries: tuple[Entry, ...]


def strays(means: Means, ends: Ends, desired: Sequence[Desired], records: Records, observed: Seen) -> Strays:
    """Find what is ours, goes to these ends and is on no record; and read what may hold entries of others that do.

    `records` have those of the ends. It takes a call for each function, and one for each bucket that was not looked at:
    nothing without an end. Where there are such entries, the bucket's CORS rules are read as well.
    """
    if not ends:
        return Strays()
    policies = _policies(means, ends, observed)
    sent = dict(_sent(policies.values(), means.aws.account))
    read = observe_all(means, {a: (Notifications.kind, bucket) for a, bucket in sent.items() if a not in observed})
    wanted = {r.address: r.bucket.identity for r in desired if isinstance(r, Notifications)}
    buckets = {**sent, **wanted, **{a: _bucket(r.identity) for a, r in records.items() if r.kind == Notifications.kind}}
    found = {
        address: _Found(buckets[address], one, entries)
        for address, one in {**observed, **read}.items()
        if isinstance(one, SeenNotifications) and (entries := stray_entries(one, records.get(address), ends))
    }
    rules = _rules(means, found.values(), records)
    parts = {
        address: part
        for one in found.values()
        if isinstance(there := rules.get(_cors(one)), Sequence)
        for address, part in stray_rules(one.bucket, there, one.entries, ends, records).items()
    }
    wholes = {a: record_of_entries(one.bucket, one.entries, ends, records) for a, one in found.items()}
    new = {**wholes, **{address: record for address, (record, _) in parts.items()}}
    return Strays(
        new,
        {
            **{address: one for address, one in read.items() if isinstance(one, SeenNotifications)},
            **{address: with_entries(one.seen, one.entries) for address, one in found.items()},
            **{address: seen for address, (_, seen) in parts.items()},
        },
        frozenset(new.keys() - records.keys()),
        tuple(_unknown(policies, read, rules)),
    )


def _policies(means: Means, ends: Ends, observed: Seen) -> dict[Address, object]:
    """The policies of the ends, by their addresses: a queue's came with its other attributes."""
    questions = {
        address: Question("lambda", partial(_policy_of, arn.rpartition(":")[2]))
        for arn, address in ends.items()
        if address.startswith(f"{Function.kind}.")
    }
    queues = {
        a: one.attributes.get("Policy", "") for a in ends.values() if isinstance(one := observed.get(a), SeenQueue)
    }
    return {**queues, **observe_all(means, {}, questions)}


def _policy_of(function: str, aws: Aws) -> str:
    return json.dumps({"Statement": list(statements_of(aws, function))})


def _sent(policies: Iterable[object], account: Account) -> Iterator[tuple[Address, Identity]]:
    """The documents of the buckets that these policies let send, with the bucket's identity."""
    for policy in policies:
        for source in sources(policy) if isinstance(policy, str) and policy else ():
            owner = None if source.account in ("", account.id) else source.account
            yield Address(f"{Notifications.kind}.{source.name}"), identity_of(source.name, owner)


def _bucket(identity: Identity) -> Identity:
    return {key: value for key, value in identity.items() if key != ENTRIES}


def _rules(means: Means, found: Iterable[_Found], records: Records) -> dict[Address, object]:
    """The CORS rules of these documents' buckets, but of our own: the rules of such a one are ours all together."""

    def question(bucket: Identity) -> Question:
        return Question("s3", lambda aws: cors_write.read(aws, bucket))

    made = {address for address, record in records.items() if record.origin is Origin.CREATED}
    others = [one for one in found if bucket_in(one.bucket, records) not in made]
    return observe_all(means, {}, {_cors(one): question(one.bucket) for one in others})


def _cors(found: _Found) -> Address:
    return Address(f"{Cors.kind}.{found.bucket['bucket']}")


def _unknown(policies: Seen, documents: Seen, rules: Seen) -> Iterator[Warning]:
    """Tell what may not be read: unknown is not empty."""
    yield from _unread(policies, "left-dead", "which buckets have entries that go to it is not known: ", _DEAD)
    yield from _unread(documents, "left-dead", "this bucket may send to what is this stack's, and ", _DEAD)
    yield from _unread(rules, "left-over", "", "CORS rules of ours that are on no record stay there.")


def _unread(seen: Seen, code: str, why: str, consequence: str) -> Iterator[Warning]:
    for address, one in seen.items():
        if isinstance(one, Unreadable):
            yield Warning(code, address, f"{why}{one.error.summary}. {consequence}")
