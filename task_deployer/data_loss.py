"""What a plan would lose that cannot be had back, and what the user chose about it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from task_deployer.aws import Aws
from task_deployer.conflicts import Unreadable
from task_deployer.errors import SafetyError, UsageError
from task_deployer.forbidden import together
from task_deployer.observe import Question, ask_all, observe_all
from task_deployer.plan import Action, Change, Plan, emptying, keeping
from task_deployer.records import Record
from task_deployer.refusals import on_behalf_of
from task_deployer.resources import KINDS, Bucket, Function
from task_deployer.resources.base import Address, HoldsData, Identity
from task_deployer.resources.held import Held
from task_deployer.resources.published import SORTS, published
from task_deployer.throttle import persistently
from task_deployer.walk import Means


@dataclass(frozen=True)
class Choices:
    """What the user chose about data: buckets emptied first, or left; log groups left.

    `skip_dead_foreign`: events of others that cannot be delivered are no obstacle to ours. Raises `UsageError` for
    buckets that are to be emptied and kept: neither is a harmless guess at what was meant.
    """

    empty_buckets: bool = False
    keep_buckets: bool = False
    keep_logs: bool = False
    skip_dead_foreign: bool = False

    def __post_init__(self) -> None:
        """Refuse what contradicts itself, before anything else is looked at."""
        if self.empty_buckets and self.keep_buckets:
            raise UsageError(
                "--empty-buckets and --keep-buckets contradict each other",
                detail="--empty-buckets deletes all that is in the buckets that would go, for good, and then the "
                "buckets. --keep-buckets leaves those buckets with all that is in them, and forgets them. Nothing was "
                "changed.",
                hint="Choose one of them.",
            )

    @property
    def kept(self) -> frozenset[str]:
        """The kinds that stay at AWS."""
        pairs = (("bucket", self.keep_buckets), ("log_group", self.keep_logs))
        return frozenset(kind for kind, chosen in pairs if chosen)


CAREFUL = Choices()
"""Nothing that holds objects goes."""


def heeding(planned: Plan, choices: Choices, records: Mapping[Address, Record]) -> Plan:
    """The same plan, heeding what the user chose. A bucket that stays is named: its record will be gone."""
    kept = keeping(planned, choices.kept)
    named = Plan(tuple(_named(change, records) for change in kept.changes))
    return emptying(named) if choices.empty_buckets else named


def _named(change: Change, records: Mapping[Address, Record]) -> Change:
    if not (change.forgets and change.kind == Bucket.kind):
        return change
    return replace(change, reason=f"{change.reason}: {records[change.address].identity['bucket']}")


def refuse_loss(
    planned: Plan, means: Means, records: Mapping[Address, Record], choices: Choices
) -> Mapping[Change, Held]:
    """Return the deletions to ask the user about, with what is in each; raise `SafetyError` for full buckets."""
    counted = _count(planned, means, records)
    full = [
        f"{change.address} ({records[change.address].identity['bucket']}): {held}"
        for change, held in counted.items()
        if held and change.kind == Bucket.kind and not choices.empty_buckets
    ]
    if full:
        raise SafetyError(
            "A bucket to be deleted still holds objects"
            if len(full) == 1
            else f"{len(full)} buckets to be deleted still hold objects",
            detail="\n".join([*full, "Nothing was changed."]),
            hint="--empty-buckets deletes all of them first, for good; --keep-buckets leaves and forgets the buckets.",
            address=full[0].partition(" ")[0],
        )
    return {
        change: held for change, held in counted.items() if held or (change.kind == Bucket.kind and not change.gone)
    }


def lost_anew(planned: Plan, means: Means, records: Mapping[Address, Record]) -> Mapping[Address, str]:
    """What is lost for good with each function that is to be made anew, in words; none is asked about otherwise.

    Raises `ResourceError` that names all refused reads: what is unknown is never taken for nothing.
    """
    anew = [change.address for change in planned.changes if change.anew and change.kind == Function.kind]
    questions = {
        _of(address, sort): Question(Function.rights.api, partial(_published, records[address].identity, sort))
        for address in anew
        for sort in SORTS
    }
    found = observe_all(means, {}, questions)
    refused = [seen.error for seen in found.values() if isinstance(seen, Unreadable)]
    if refused:
        raise together(refused)
    lost = {address: ", ".join(filter(None, (str(found[_of(address, sort)]) for sort in SORTS))) for address in anew}
    return {address: words for address, words in lost.items() if words}


def naming_lost(planned: Plan, lost: Mapping[Address, str]) -> Plan:
    """The same plan, naming what is lost with what is made anew."""
    return Plan(
        tuple(
            replace(change, reason=f"{change.reason}; loses for good: {lost[change.address]}")
            if change.address in lost
            else change
            for change in planned.changes
        )
    )


def question_up(holding: Mapping[Change, Held], lost: Mapping[Address, str], consequences: str) -> str:
    """What `up` asks before it loses anything, and the `consequences` for others; empty where there is no question."""
    deleted = f"This deletes {losses(holding)}, which can hold data.{consequences}" if holding else ""
    anew = (f"This makes {address} anew, which loses for good: {words}." for address, words in lost.items())
    return " ".join(filter(None, (deleted, *anew, "Go on?"))) if holding or lost else ""


def losses(holding: Mapping[Change, Held]) -> str:
    """What goes, each with what is in it."""
    return ", ".join(f"{change.address} ({held})" if held else change.address for change, held in holding.items())


def question(planned: Plan, where: str, holding: Mapping[Change, Held], consequences: str = "") -> str:
    """What `down` asks: how many things of ours go, what is lost with them, and the `consequences` for others."""
    number = sum(not change.gone for change in planned.of(Action.DELETE))
    full = {change: held for change, held in holding.items() if held}
    lost = f", and for good what is in {losses(full)}" if full else ""
    return f"This deletes {number} resources of {where}{lost}.{consequences} Go on?"


def _count(planned: Plan, means: Means, records: Mapping[Address, Record]) -> dict[Change, Held]:
    """Count what each deletion would lose, all at once."""
    changes = {change.address: change for change in planned.of(Action.DELETE)}
    holding = {address: kind for address in changes if issubclass(kind := KINDS[changes[address].kind], HoldsData)}
    questions = {
        address: partial(_counted, kind, KINDS[changes[address].kind].rights.api, records[address].identity)
        for address, kind in holding.items()
    }
    return {changes[address]: held for address, held in ask_all(means, questions).items()}


def _of(function: Address, sort: str) -> Address:
    return Address(f"{function} {sort}")


def _published(identity: Identity, sort: str, aws: Aws) -> str:
    with on_behalf_of(Function.rights, Function.arns(aws.account, identity)):
        return published(aws, identity["name"], sort)


def _counted(kind: type[HoldsData], api: str, identity: Identity, aws: Aws) -> Held:
    return persistently(aws.patience, aws.pace, api, partial(kind.count, aws, identity))
