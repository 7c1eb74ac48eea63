"""Writing our rules into a document of a bucket beside other writers, losing nobody's.

S3 replaces such a document as a whole and has no lock on it, as with notifications: so it is read, merged by a pure
function and put, others have their turn, and it is read back. If our rules are not as wanted then, they are merged into
what is there now and put once more. A change that another makes between our read and our put cannot be seen.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from task_deployer.aws import Aws
from task_deployer.care import Remark
from task_deployer.errors import ResourceError, SafetyError
from task_deployer.resources.other_writers import (
    let_others_have_their_turn,
    sent,
    slow_write,
    until_steady,
    until_there,
)

Rule = Mapping[str, object]
"""A rule as S3 gives it; its `ID` tells whose it is."""

D = TypeVar("D")

_ATTEMPTS = 2


class Part(Protocol[D]):
    """What is to be ours in the document of one bucket, and how that is read and put."""

    @property
    def kind(self) -> str:
        """What it is a part of: `cors`."""

    @property
    def bucket(self) -> str:
        """The bucket's name."""

    @property
    def called(self) -> str:
        """What people call such rules: `CORS rules`."""

    @property
    def is_gone_at_sight(self) -> bool:
        """Whether a first look without any of ours is believed, where nothing of ours is to be there."""

    def read(self, aws: Aws) -> D:
        """Get the document; none at all is an empty one. No refusal is ever taken for that."""

    def is_old(self, found: D) -> bool:
        """Whether it is from before something of this stack came that is known to be there: then it is read again."""

    def put(self, aws: Aws, document: D) -> None:
        """Replace the document."""

    def merged(self, found: D) -> D:
        """The document with our part as wanted."""

    def is_in(self, found: D) -> bool:
        """Whether our part is as wanted, whatever others have there."""

    def rules(self, found: D) -> Sequence[Rule]:
        """All rules."""

    def theirs(self, found: D) -> Sequence[Rule]:
        """The rules of others."""

    def has_others(self, found: D) -> bool:
        """Whether others may write to this document: then their turn is waited for."""


def write_rules(aws: Aws, part: Part[D], check: Callable[[D], None] | None = None) -> None:
    """Make our part as wanted, and see that it stays.

    It is put even where the first look shows it already, since that may be from before we took it out ourselves.
    `check` is for rules that are made: it refuses what it must not write over. Raises `ResourceError` if another writer
    undid it twice. What others took out of their own meanwhile may have been their wish: it is told, and not put back.
    """
    former = until_there(aws.patience, lambda: part.read(aws), lambda found: not part.is_old(found))
    found = former
    for again in range(_ATTEMPTS):
        shown = part.is_in(found)
        if shown and (again or part.is_gone_at_sight):
            break
        try:
            if check is not None and not shown:
                check(found)
        except SafetyError:
            if again:
                break  # a refusal now would take our record back, and some of ours may be there
            raise
        found = _put(aws, part, found)
    _tell_lost(aws, part, former, found)
    if not part.is_in(found):
        raise _contended(part, found)


def _put(aws: Aws, part: Part[D], found: D) -> D:
    """Put our part, and return what is there when others have had their turn; where there are none, what was put.

    Where the answer was lost, that tells whether S3 took it. If not, the error is raised, so that the whole verb is
    done again, from its read.
    """
    merged = part.merged(found)
    put = sent(aws.patience, lambda: part.put(aws, merged))
    if not part.has_others(found):
        if put.error is not None:
            raise put.error
        return merged
    if put.slow:
        aws.care.tell(slow_write(_address(part), f"the {part.called}", "rules"))
    let_others_have_their_turn(aws.patience, f"the bucket's {part.called}")
    shown = until_steady(aws.patience, lambda: part.read(aws), arrived=part.is_in, former=found, same=_same)
    if put.error is not None and _same(shown, found):
        raise put.error
    return shown


def _same(one: D, other: D) -> bool:
    return one == other


def _tell_lost(aws: Aws, part: Part[D], former: D, found: D) -> None:
    there = part.rules(found)
    lost = [rule for rule in part.theirs(former) if rule not in there]
    if lost:
        message = f"While this run wrote, somebody else removed or changed these {part.called} of others: {lost}"
        aws.care.tell(Remark("foreign-rules-changed", _address(part), message))


def _contended(part: Part[D], found: D) -> ResourceError:
    ids = ", ".join(str(rule.get("ID")) for rule in part.rules(found))
    return ResourceError(
        f"Another writer undoes what this stack does to the {part.called} of the bucket {part.bucket}",
        code=f"{part.kind.capitalize()}Contended",
        detail=f"There now: {ids or 'no rule at all'}",
        hint="Several deployments write to this bucket at once. Run the same again when the others have ended.",
    )


def _address(part: Part[D]) -> str:
    return f"{part.kind}.{part.bucket}"
