"""What a run looks at before it decides: all that is wanted or recorded, and the things of others that it uses.

One wave of reads; a second one only where an alias stands for a KMS key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from task_deployer.attached import (
    Findings,
    aliases_of,
    attached_buckets,
    findings,
    key_question,
    question_of,
)
from task_deployer.bucket_owner import asking
from task_deployer.events import Observing
from task_deployer.ghosts import let_ghosts_pass
from task_deployer.hidden import let_hidden_show, let_tags_show
from task_deployer.manifest import Manifest
from task_deployer.observe import Question, observe_all
from task_deployer.plan import Desired
from task_deployer.readdress import Readdressed
from task_deployer.records import Record
from task_deployer.resources import Bucket
from task_deployer.resources.base import Address, Identity, joined, same_thing
from task_deployer.resources.bucket_traits import TRAITS, Trait
from task_deployer.resources.kms_key import KeyDescriber, arn_of
from task_deployer.walk import Means
from task_deployer.whose import signed


@dataclass(frozen=True)
class Survey:
    """What was seen of each resource: as it is, None for absent, or `Unreadable`; and what follows from the rest."""

    observed: Mapping[Address, object]
    findings: Findings


def survey(means: Means, desired: Sequence[Desired], known: Readdressed, base: str, age: float = 0) -> Survey:
    """Read all that is wanted or recorded; in a shared document, the entries of either.

    `base` is how the stack's ids begin, which tell its buckets where their tags do not. `age` is that of the newest
    record in seconds: AWS may hide what is new.
    """
    records = known.records
    things: dict[Address, tuple[str, Identity]] = {a: (r.kind, r.identity) for a, r in records.items()}
    for resource in desired:
        address, wanted = resource.address, resource.identity
        found = things.get(address)
        both = joined(wanted, found[1]) if found and same_thing(wanted, found[1]) else wanted
        things[address] = (resource.kind, both)
    means.report(Observing(len(things)))
    account = means.aws.account
    seen = observe_all(means, things, _traits(desired))
    if aliases := aliases_of(desired, seen, account):
        seen |= observe_all(means, {}, _keys(means, aliases))
    identities = {address: identity for address, (_, identity) in things.items()}
    shown = let_hidden_show(means, desired, records, {address: seen[address] for address in things}, age)
    observed = signed(shown, identities, base, records, known.former)
    return Survey(asking(desired, observed, account), findings(desired, seen, account))


def settled(
    means: Means, desired: Sequence[Desired], records: Mapping[Address, Record], sight: Survey, journal: Manifest
) -> Survey:
    """The same, when what is only still shown has passed, and tags have come: for a run that is to make the wanted."""
    observed = let_ghosts_pass(means, desired, records, sight.observed, journal.age)
    return replace(sight, observed=let_tags_show(means, records, observed, journal.lineage))


def _traits(desired: Sequence[Desired]) -> dict[Address, Question]:
    def question(trait: Trait, bucket: Bucket) -> Question:
        return Question("s3", lambda aws: trait.read(aws, bucket.identity))

    buckets = attached_buckets(desired)
    return {question_of(trait, bucket): question(trait, bucket) for bucket in buckets for trait in TRAITS}


def _keys(means: Means, aliases: Sequence[str]) -> dict[Address, Question]:
    kms: KeyDescriber = means.aws.rare("kms")  # type: ignore[assignment]  # a client of that service

    def question(alias: str) -> Question:
        return Question("kms", lambda _: arn_of(kms, alias))

    return {key_question(alias): question(alias) for alias in aliases}
