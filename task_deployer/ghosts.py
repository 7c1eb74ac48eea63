"""What AWS still shows of what is deleted: it is waited out, since what is made anew would be taken for it.

AWS shows a queue for up to 60 seconds after its deletion (DeleteQueue, API reference), and a bucket, a role or a rule
as long as it answers from a place that has not heard of it. A ghost looks just like what a manifest recorded that was
lost: the same name and the same tags. Something that is certainly there tells the two apart.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from task_deployer.aws import Aws
from task_deployer.conflicts import Unreadable, is_existing
from task_deployer.observe import FORGET, Question, ask, ask_all, observe_one
from task_deployer.records import Record, Status
from task_deployer.resources.base import Address, AnyResource, Careful, HoldsData, Left, Owned, Tagged
from task_deployer.retry import looking
from task_deployer.tags import belongs_to_another
from task_deployer.walk import Means

_SECONDS = 70
"""How long a ghost is waited out: SQS shows a queue longest, and has 60 seconds for it."""

_RECENT_SECONDS = 300
"""How long after its record was written a deletion may still show: its own waits take up to two minutes."""


def let_ghosts_pass(
    means: Means,
    desired: Iterable[AnyResource],
    records: Mapping[Address, Record],
    observed: Mapping[Address, object],
    age: float = 0,
) -> dict[Address, object]:
    """What was observed, without what AWS still shows of what was deleted a moment ago.

    That is what bears this stack's tags or ids without a record, unless any of it is certainly there: then nothing is
    waited for. And it is what a run that was interrupted was about to delete, and may have deleted: each unless it is
    certainly there. `age` is that of the newest record in seconds.
    """
    wanted = tuple(desired)
    ours = [resource for resource in wanted if _is_our_own(resource, observed.get(resource.address))]
    unrecorded = [resource for resource in ours if resource.exclusive and resource.address not in records]
    begun = [r for r in ours if r.exclusive and _is_going(records.get(r.address)) and age < _RECENT_SECONDS]
    going = [resource for resource in begun if not _any_is_there(means, [resource], observed)]
    left = [r for r in wanted if r.address not in records and _bears_our_ids(r, observed.get(r.address))]
    certain = _any_is_there(means, unrecorded, observed)
    looks = ask_all(
        means,
        {
            **{ghost.address: partial(_until_forgotten, ghost) for ghost in (*going, *([] if certain else unrecorded))},
            **{part.address: partial(_until_taken_out, part) for part in ([] if certain else left)},
        },
    )
    return _without_parts_of_the_absent(wanted, {**observed, **looks})


def _is_going(record: Record | None) -> bool:
    return record is not None and record.status is Status.DELETING


def _is_our_own(wanted: AnyResource, seen: object) -> bool:
    if not isinstance(wanted, Owned) or is_existing(wanted):
        return False
    return isinstance(seen, Tagged) and not belongs_to_another(seen.tags, wanted.tags)


def _bears_our_ids(wanted: AnyResource, seen: object) -> bool:
    """Whether a document of others shows what bears our ids, and nobody has recorded."""
    return isinstance(wanted, Careful) and any(refusal.bears_our_id for refusal in wanted.refusals(seen, ()))


def _any_is_there(means: Means, suspects: Sequence[AnyResource], observed: Mapping[Address, object]) -> bool:
    """Whether any of these is certainly no ghost: by its kind, by what others have on it, or by what it holds."""
    seen = [observed[suspect.address] for suspect in suspects]
    if any(suspect.vanishes for suspect in suspects) or any(isinstance(one, Left) and one.left_to for one in seen):
        return True
    holders = [suspect for suspect in suspects if isinstance(suspect, HoldsData) and not suspect.lingers]
    return any(ask_all(means, {holder.address: partial(_holds, holder) for holder in holders}).values())


def _holds(holder: AnyResource, aws: Aws) -> bool:
    """Whether there is anything in it; what may not be counted says nothing."""
    if not isinstance(holder, HoldsData):
        return False
    count = partial(holder.count, identity=holder.identity)
    held = ask(Question(holder.rights.api, count), aws)
    return not isinstance(held, Unreadable) and bool(held)


def _until_forgotten(ghost: AnyResource, aws: Aws) -> object:
    look = partial(observe_one, ghost.kind, ghost.identity, aws)
    return looking(aws.patience, FORGET, _SECONDS, look, lambda seen: seen is not None)


def _until_taken_out(part: AnyResource, aws: Aws) -> object:
    """Look until two looks in a row show nothing with our ids: documents are read old and new in turns."""
    clean: list[bool] = []

    def look() -> object:
        seen = observe_one(part.kind, part.identity, aws)
        clean.append(not _bears_our_ids(part, seen))
        return seen

    return looking(aws.patience, FORGET, _SECONDS, look, lambda _: clean[-2:] != [True, True])


def _without_parts_of_the_absent(
    desired: Iterable[AnyResource], observed: Mapping[Address, object]
) -> dict[Address, object]:
    """The same, but a part of what is absent is absent too: it went with it, and is only shown still.

    A part's identity names the thing that it is a part of, by its kind. What could not be read stays so.
    """
    parts = {
        resource.address: None
        for resource in desired
        if any(p.kind in resource.identity and observed.get(p.address, ...) is None for p in resource.depends_on)
        and not isinstance(observed.get(resource.address), Unreadable)
    }
    return {**observed, **parts}
