"""What S3 would refuse in a notification document: taken ids, rules that overlap, too many entries. Pure."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from task_deployer.resources.base import Refusal
from task_deployer.resources.notification_document import Document, Entry, others, stem_of

MOST = 100
"""How many entries a bucket's document may have (S3 user guide, "Amazon S3 Event Notifications")."""

SAME_ID = "Rename the task, or the bucket's key in the config; or remove that entry if it is yours to remove."
_OVERLAP = (
    'Tell the rules apart by prefix or suffix, drop one of them, or set `delivery = "eventbridge"` for this bucket: '
    "EventBridge knows no overlap."
)
_SPARED = (
    "It is this stack's own, and --only leaves it as it is: run `up` without --only, which makes all entries as the "
    "config wants them."
)
_NOT_RECORDED = (
    "Run `task-deploy adopt`: it records that entry, and changes nothing at AWS. The next `up` then takes it out."
)
_TOO_MANY = (
    'Let one task listen where several do, or set `delivery = "eventbridge"` for this bucket: that needs no entries.'
)


def obstacles(
    document: Document, entries: Sequence[Entry], keys: Sequence[str], spared: Sequence[str] = ()
) -> tuple[Refusal, ...]:
    """Why S3 would refuse these entries of ours beside what is there; empty if it would not.

    `keys` are those of ours that are written over, `spared` those that this run leaves alone. An id that is taken is
    told alone: its entry overlaps as well.
    """
    taken = tuple(Refusal(what, SAME_ID) for what in clashes(document, entries, keys))
    ends = {*(entry.destination for entry in entries), *(key.partition("=")[2] for key in spared)}
    strays = [other for other in others(document, (*keys, *spared)) if stem_of(other) and other.destination in ends]
    met = tuple(_refusal(*two, spared, strays) for two in _overlapping(document, entries, keys))
    return taken or (*met, *_too_many(document, entries, keys))


def _refusal(mine: Entry, other: Entry, spared: Sequence[str], strays: Sequence[Entry]) -> Refusal:
    """What to do depends on whose the other is: `strays` are this stack's own, and on no record."""
    if other in strays:
        return Refusal(f"this stack's own, not recorded: {_told(other, mine)}", _NOT_RECORDED, bears_our_id=True)
    return Refusal(_told(mine, other), _SPARED if other.key in spared else _OVERLAP)


def clashes(document: Document, entries: Sequence[Entry], keys: Sequence[str]) -> tuple[str, ...]:
    """Say which entries of others bear an id that ours would get: S3 takes an id once, wherever it goes."""
    wanted = {entry.id for entry in entries}
    return tuple(
        f"{other} bears an id of ours, and is not ours" for other in others(document, keys) if other.id in wanted
    )


def overlaps(document: Document, entries: Sequence[Entry], keys: Sequence[str]) -> tuple[str, ...]:
    """Say which entries of ours S3 would refuse, because another entry's keys and events meet theirs.

    It holds across functions, queues and topics. Each is told with a key that both would match.
    """
    return tuple(_told(mine, other) for mine, other in _overlapping(document, entries, keys))


def _overlapping(document: Document, entries: Sequence[Entry], keys: Sequence[str]) -> Iterator[tuple[Entry, Entry]]:
    theirs = others(document, keys)
    yield from ((mine, other) for mine in entries for other in theirs if overlap(mine, other))
    yield from ((one, other) for one, other in combinations(entries, 2) if overlap(one, other))


def _told(mine: Entry, other: Entry) -> str:
    both = f"{_shared_event(mine, other)} of the key {shared_key(mine, other)!r}"
    return f"{mine} overlaps {other}: {both} would go to both"


def overlap(one: Entry, other: Entry) -> bool:
    """Whether S3 takes two entries for ambiguous.

    S3's rule (user guide, "Configuring event notifications using object key name filtering"): they share an event
    type, some key can begin with both prefixes, and some key can end with both suffixes; a missing filter matches
    everything. Prefix and suffix are looked at apart, so a key that is as long as it takes always exists: `shared_key`.
    """
    return (
        _shared_event(one, other) != ""
        and (one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix))
        and (one.suffix.endswith(other.suffix) or other.suffix.endswith(one.suffix))
    )


def shared_key(one: Entry, other: Entry) -> str:
    """A key that two entries which overlap both match, as S3 writes keys in events: percent-encoded."""
    return max(one.prefix, other.prefix, key=len) + "example" + max(one.suffix, other.suffix, key=len)


def _shared_event(one: Entry, other: Entry) -> str:
    """The narrower of two events that meet, or nothing: `s3:ObjectCreated:*` has all that begins like it in it."""
    return next(_meetings(one, other), "")


def _meetings(one: Entry, other: Entry) -> Iterator[str]:
    for mine in one.events:
        for theirs in other.events:
            (family, _, name), (their_family, _, their_name) = mine.rpartition(":"), theirs.rpartition(":")
            if family == their_family and (name == their_name or "*" in (name, their_name)):
                yield theirs if name == "*" else mine


def _too_many(document: Document, entries: Sequence[Entry], keys: Sequence[str]) -> tuple[Refusal, ...]:
    theirs = len(others(document, keys))
    if theirs + len(entries) <= MOST:
        return ()
    what = f"the bucket would have {theirs + len(entries)} notification entries, {theirs} of them not ours"
    return (Refusal(f"{what}; S3 takes {MOST}", _TOO_MANY),)
