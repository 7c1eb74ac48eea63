"""Which records run, and in what order: one key's by sequencer, the same event once, late ones known as late. Pure.

S3 delivers at least once and in no order. `sequencer`, a hexadecimal text, orders the creations and removals of one
key: right-pad the shorter with zeros, then compare as text (S3 User Guide, "Event message structure").
"""

from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from task_runtime.events import ObjectEvent
from task_runtime.ids import identity

SEEN_KEYS = 10_000  # remembered by one sandbox; about 2 MB with keys of common length


@dataclass(frozen=True)
class Plan:
    """The order of work on the records that can be read, by their places in what came.

    `order` is the order of their actions. `chains` are the same places; those of one chain run one after another, in
    this order, different chains at once. `twins` maps the place of a repeated event to the place of the first.
    """

    order: tuple[int, ...]
    chains: tuple[tuple[int, ...], ...]
    twins: Mapping[int, int]


def is_earlier(one: str, other: str) -> bool:
    """Whether the sequencer `one` is of an earlier event than `other`, of the same key."""
    width = max(len(one), len(other))
    return one.upper().ljust(width, "0") < other.upper().ljust(width, "0")


class _Sequencer(str):
    """A sequencer, sortable."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return is_earlier(self, other)


def plan(events: Mapping[int, ObjectEvent], groups: Mapping[int, str] | None = None) -> Plan:
    """Make the order for events, given by place, in the order in which they came.

    Events of one key swap places among themselves until their sequencers rise; those without one stay where they are.
    `groups` names, by place, the group of a FIFO queue that brought an event: there the queue's order counts, and a
    group's events make one chain.
    """
    groups = groups or {}
    twins = _twins(events)
    came = [place for place in events if place not in twins]
    places = defaultdict(list)
    for place in came:
        places[_chain(events[place], groups.get(place))].append(place)
    moved: dict[int, int] = {}
    for (kind, *_), chain in places.items():
        moved |= dict(zip(chain, chain if kind == "group" else _by_sequencer(chain, events), strict=True))
    return Plan(
        order=tuple(moved[place] for place in came),
        chains=tuple(tuple(moved[place] for place in chain) for chain in places.values()),
        twins=twins,
    )


class Sightings:
    """The latest sequencer of each key that this sandbox has seen; of the keys, the most recent `size` are known."""

    def __init__(self, size: int = SEEN_KEYS) -> None:
        self._size = size
        self._latest: OrderedDict[tuple[str, str], str] = OrderedDict()

    def marked(self, event: ObjectEvent) -> ObjectEvent:
        """See an event: give it as stale if a later one of its key was seen before, or else as it is."""
        if not event.sequencer:
            return event
        key = (event.bucket_name, event.key)
        latest = self._latest.get(key, "")
        is_stale = is_earlier(event.sequencer, latest)
        self._latest[key] = latest if is_stale else event.sequencer
        self._latest.move_to_end(key)
        if len(self._latest) > self._size:
            self._latest.popitem(last=False)
        return replace(event, is_stale=True) if is_stale else event

    def __len__(self) -> int:
        return len(self._latest)


def _twins(events: Mapping[int, ObjectEvent]) -> dict[int, int]:
    first: dict[tuple[str, ...], int] = {}
    twins = {}
    for place, event in events.items():
        known = first.setdefault(identity(event), place)
        if known != place:
            twins[place] = known
    return twins


def _chain(event: ObjectEvent, group: str | None) -> tuple[str, ...]:
    return ("group", group) if group is not None else ("key", event.bucket_name, event.key)


def _by_sequencer(chain: Sequence[int], events: Mapping[int, ObjectEvent]) -> list[int]:
    """Give the places of one key with those that have a sequencer in its order, the others where they were."""
    if len(chain) == 1:
        return list(chain)
    in_order = iter(sorted((at for at in chain if events[at].sequencer), key=lambda at: _sequencer(events[at])))
    return [next(in_order) if events[at].sequencer else at for at in chain]


def _sequencer(event: ObjectEvent) -> _Sequencer:
    return _Sequencer(event.sequencer or "")
