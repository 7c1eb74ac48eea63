"""What AWS hides for a moment although it is there: looked for again before anything is deleted or forgotten for it.

IAM answers from several places, and for a while after a write some of them do not know the role.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from task_deployer.aws import Aws
from task_deployer.conflicts import Unreadable
from task_deployer.observe import SHOWN_SECONDS, ask_all, observe_one
from task_deployer.outlived import known_id, missed
from task_deployer.records import Origin, Record, Status, entries_in_others
from task_deployer.resources import KINDS
from task_deployer.resources.base import ENTRIES, Address, AnyResource, Tagged, is_absent
from task_deployer.resources.other_writers import STALE_SECONDS, Borrowing
from task_deployer.resources.tied import Unique
from task_deployer.retry import looking, until_visible
from task_deployer.walk import Means
from task_deployer.whose import is_anothers

_HIDDEN_SECONDS = 10
"""How long IAM mostly takes to show a role again that some of its places do not know yet: seconds, seldom minutes."""

_KNOWN_SECONDS = 300
"""After how long each of AWS's places knows of what was made: IAM takes 2 minutes at the most (see SHOWN_SECONDS)."""

_NEW_SECONDS = 30
"""How long AWS may not show what is new: a bucket for up to 30 seconds (NoSuchBucket), others are quicker."""

_BEGUN_SECONDS = 300
"""How long after it was recorded what a run had begun may still have been put: verbs wait for minutes."""

_TAGGED_SECONDS = 60
"""How long AWS may show a thing without the tags that it bears: a bucket's for a minute or two, others' for seconds."""


def let_hidden_show(
    means: Means,
    desired: Sequence[AnyResource],
    records: Mapping[Address, Record],
    observed: Mapping[Address, object],
    age: float,
) -> dict[Address, object]:
    """What was observed, with what AWS hid at the first look and has something living tied to it.

    Were it gone, a function would be deleted to be made anew, so one look is not enough. `age` is that of the newest
    record in seconds: of what has long been there AWS hides nothing, so that a second look at once is believed. What is
    new is looked for; as long as AWS may ever hide it, where a record holds no id that could still tell it from one
    made anew.
    """

    def seconds(tied: Address) -> float:
        if age > _KNOWN_SECONDS:
            return 0
        return SHOWN_SECONDS if tied in records and not known_id(records[tied]) else _HIDDEN_SECONDS

    missing = missed(desired, observed).items()
    looks = {parent.address: partial(_until_there, parent, seconds(tied)) for tied, parent in missing}
    return {**observed, **ask_all(means, looks)}


def let_new_show(
    means: Means, going: Mapping[Address, Record], observed: Mapping[Address, object], age: float
) -> Mapping[Address, object]:
    """What was observed, where a run is about to remove it: new things are looked for before they are taken for gone.

    `going` are the records of all that goes, `age` is that of the newest record in seconds. What was only begun may be
    there, too: the run died before it knew. What goes with something else needs no look. Entries of ours in what stays
    are looked for longest: nobody would take them out any more, and what they invoke would be gone.
    """
    left = entries_in_others(going)
    things = {address: record for address, record in going.items() if _is_new(record, observed.get(address, ...))}
    looks = {
        **{address: partial(_until_seen, record, _NEW_SECONDS - age) for address, record in things.items()},
        **{
            address: partial(_until_seen, record, _seconds_for(record, age))
            for address, record in left.items()
            if issubclass(KINDS[record.kind], Borrowing)
            if is_absent(observed.get(address, ...)) or record.identity != going[address].identity
        },
    }
    due = {address: look for address, look in looks.items() if look.args[1] > 0}
    shown = {address: seen for address, seen in ask_all(means, due).items() if not is_absent(seen)}
    return {**observed, **shown}


def let_tags_show(
    means: Means, records: Mapping[Address, Record], observed: Mapping[Address, object], lineage: str
) -> dict[Address, object]:
    """What was observed, with the tags of what shows none, and so passes for another's: AWS may show them late.

    `lineage` is the manifest's. What bears others' tags is theirs at once.
    """
    bare = {
        address: partial(_until_tagged, record)
        for address, record in records.items()
        if _is_bare(seen := observed.get(address)) and is_anothers(record, seen, lineage)
    }
    return {**observed, **ask_all(means, bare)}


def is_still_there(aws: Aws, wanted: AnyResource, unique_id: str) -> bool:
    """Whether AWS shows the very thing that it gave this id, looked for as long as it may hide what is there.

    Raises `ResourceError` where the read is refused: then nobody knows.
    """
    look = partial(observe_one, wanted.kind, wanted.identity, aws)
    seen = until_visible(aws.patience, f"AWS to show {wanted.address}", look)
    if isinstance(seen, Unreadable):
        raise seen.error
    return isinstance(seen, Unique) and seen.unique_id == unique_id


def _is_new(record: Record, seen: object) -> bool:
    """Whether it may be there although it does not show, and would stay: nothing else takes it along."""
    alone = KINDS[record.kind].goes_with is None and ENTRIES not in record.identity
    return alone and record.origin is Origin.CREATED and record.status is not Status.DELETING and is_absent(seen)


def _seconds_for(entries: Record, age: float) -> float:
    """For how long entries of ours in what stays are looked for while none of them shows."""
    begun = entries.status in (Status.CREATING, Status.UPDATING)
    return min(STALE_SECONDS, _BEGUN_SECONDS - age) if begun else STALE_SECONDS - age


def _until_there(hidden: AnyResource, seconds: float, aws: Aws) -> object:
    look = partial(observe_one, hidden.kind, hidden.identity, aws)
    reason = f"AWS to show {hidden.address}, which is not found although something is tied to it"
    return looking(aws.patience, reason, seconds, look, lambda seen: seen is None)


def _until_seen(record: Record, seconds: float, aws: Aws) -> object:
    look = partial(observe_one, record.kind, record.identity, aws)
    return looking(aws.patience, "AWS to show what was made a moment ago", seconds, look, is_absent)


def _until_tagged(record: Record, aws: Aws) -> object:
    look = partial(observe_one, record.kind, record.identity, aws)
    return looking(aws.patience, "AWS to show the tags of what is recorded", _TAGGED_SECONDS, look, _is_bare)


def _is_bare(seen: object) -> bool:
    return isinstance(seen, Tagged) and not seen.tags
