"""Entries of others because of which S3 would refuse notifications of ours: seen before anything is changed.

S3 checks every destination of a document whenever any part of it is written, those of others too. So where we are about
to write one, theirs are looked at, all at once. What cannot be seen for sure is S3's to judge.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from task_deployer.aws import Account
from task_deployer.checks import Check, problem, warning
from task_deployer.errors import SafetyError
from task_deployer.observe import Question, observe_all
from task_deployer.plan import Desired, Plan
from task_deployer.records import Record
from task_deployer.resources import Notifications
from task_deployer.resources.base import Address, Identity
from task_deployer.resources.destinations import Finding, look
from task_deployer.resources.notification_document import Entry, others
from task_deployer.resources.notification_refusal import ask_the_owner
from task_deployer.resources.notifications import SeenNotifications
from task_deployer.walk import Means

_WHY = "S3 checks every destination of the document when any part of it is written"
_SKIP = (
    "--skip-dead-foreign: ours are put, or taken out, all the same; where S3 refuses destinations of others it then "
    "checks none."
)


@dataclass(frozen=True)
class Dead:
    """One entry of others that S3 refuses, in the document of this address, and what was found."""

    address: Address
    entry: Entry
    finding: Finding


def about_to_be_written(planned: Plan) -> tuple[Address, ...]:
    """The notification documents that the plan writes."""
    return tuple(change.address for change in planned.pending if change.kind == Notifications.kind and not change.gone)


def dead_foreign(
    means: Means,
    documents: Collection[Address],
    desired: Sequence[Desired],
    records: Mapping[Address, Record],
    observed: Mapping[Address, object],
) -> tuple[Dead, ...]:
    """Look at the destinations of others in these documents, and return the entries that S3 is sure to refuse.

    Nothing is asked where there are none. What may not be looked at, and what is of another account or region, is
    unknown: not returned.
    """
    buckets = {**{a: r.identity for a, r in records.items()}, **{r.address: r.identity for r in desired}}
    account = means.aws.account
    theirs = [(address, entry) for address in documents for entry in _theirs(observed.get(address), account)]
    questions = {_asked(address, entry): _question(buckets[address], entry) for address, entry in theirs}
    seen = observe_all(means, {}, questions)
    found = [(address, entry, seen[_asked(address, entry)]) for address, entry in theirs]
    return tuple(Dead(a, entry, one) for a, entry, one in found if isinstance(one, Finding) and one.is_dead)


def refuse_dead(dead: Sequence[Dead]) -> None:
    """Raise `SafetyError` that names all of them, with what to do; without any it lets pass."""
    if not dead:
        return
    buckets = ", ".join(dict.fromkeys(one.address.partition(".")[2] for one in dead))
    raise SafetyError(
        f"Refused: S3 would not take the notifications of {buckets}, because of what is not ours in them",
        detail="\n".join([*(f"{one.address}: {_told(one)}" for one in dead), f"{_WHY}. Nothing was changed."]),
        hint=" ".join([*_advice(dead), f"Or add {_SKIP}"]),
        address=dead[0].address,
    )


def checks_of_dead(dead: Iterable[Dead], written: Collection[Address]) -> Iterator[Check]:
    """The same as checks: a problem where a document is about to be `written`, else what the next change will meet."""
    for one in dead:
        advice = f"{' '.join(_advice([one]))} Or run `up` with {_SKIP}"
        if one.address in written:
            yield problem(one.address, f"{_told(one)}. {_WHY}, so `up` refuses to begin.", advice)
        else:
            yield warning(one.address, f"{_told(one)}. {_WHY}, so the next change of ours is refused.", advice)


def _theirs(seen: object, account: Account) -> tuple[Entry, ...]:
    """The entries of others in a document whose destinations are of this account and region."""
    if not isinstance(seen, SeenNotifications):
        return ()
    theirs = others(seen.document, tuple(entry.key for entry in seen.ours.values()))
    return tuple(entry for entry in theirs if entry.destination.split(":")[3:5] == [account.region, account.id])


def _asked(address: Address, entry: Entry) -> Address:
    return Address(f"{entry.destination} in {address}")


def _question(bucket: Identity, entry: Entry) -> Question:
    return Question(entry.destination.split(":")[2], partial(look, bucket=bucket, arn=entry.destination))


def _told(one: Dead) -> str:
    return f"{one.entry}: {one.finding.why}"


def _advice(dead: Iterable[Dead]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ask_the_owner(one.finding) for one in dead))
