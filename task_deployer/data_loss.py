"""What a plan would lose that cannot be had back, and what the user chose about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from task_deployer.aws import Aws
from task_deployer.errors import SafetyError
from task_deployer.observe import ask_all
from task_deployer.plan import Action, Change, Plan, emptying, keeping
from task_deployer.records import Record
from task_deployer.resources import KINDS
from task_deployer.resources.base import Address, HoldsData, Identity
from task_deployer.resources.bucket_contents import COUNTED
from task_deployer.walk import Means


@dataclass(frozen=True)
class Choices:
    """What the user chose about data: buckets emptied first, or left; log groups left.

    `skip_dead_foreign`: events of others that cannot be delivered are no obstacle to ours.
    """

    empty_buckets: bool = False
    keep_buckets: bool = False
    keep_logs: bool = False
    skip_dead_foreign: bool = False

    @property
    def kept(self) -> frozenset[str]:
        """The kinds that stay at AWS."""
        pairs = (("bucket", self.keep_buckets), ("log_group", self.keep_logs))
        return frozenset(kind for kind, chosen in pairs if chosen)


CAREFUL = Choices()
"""Nothing that holds objects goes."""


def heeding(planned: Plan, choices: Choices) -> Plan:
    """The same plan, heeding what the user chose."""
    kept = keeping(planned, choices.kept)
    return emptying(kept) if choices.empty_buckets else kept


def refuse_loss(planned: Plan, means: Means, records: Mapping[Address, Record], choices: Choices) -> tuple[Change, ...]:
    """Return the deletions to ask the user about; raise `SafetyError` for buckets that still hold objects."""
    counted = _count(planned, means, records)
    full = {change: n for change, n in counted.items() if n and change.kind == "bucket" and not choices.empty_buckets}
    if full:
        first = next(iter(full))
        raise SafetyError(
            "A bucket to be deleted still holds objects"
            if len(full) == 1
            else f"{len(full)} buckets to be deleted still hold objects",
            detail="\n".join(
                f"{change.address} ({records[change.address].identity['bucket']}): {_told(n)} object versions and "
                "delete markers"
                for change, n in full.items()
            )
            + "\nNothing was changed.",
            hint="--empty-buckets deletes all of them first, for good; --keep-buckets leaves and forgets the buckets.",
            address=first.address,
        )
    return tuple(change for change, n in counted.items() if n or change.kind == "bucket")


def _count(planned: Plan, means: Means, records: Mapping[Address, Record]) -> dict[Change, int]:
    """Count what each deletion would lose, all at once."""
    changes = {change.address: change for change in planned.of(Action.DELETE)}
    holding = {address: kind for address in changes if issubclass(kind := KINDS[changes[address].kind], HoldsData)}
    questions = {address: partial(_counted, kind, records[address].identity) for address, kind in holding.items()}
    return {changes[address]: number for address, number in ask_all(means, questions).items()}


def _counted(kind: type[HoldsData], identity: Identity, aws: Aws) -> int:
    return kind.count(aws, identity)


def _told(count: int) -> str:
    return f"at least {count:,}" if count >= COUNTED else f"{count:,}"
