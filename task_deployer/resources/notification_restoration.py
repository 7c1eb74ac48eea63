"""What putting back a former notification document comes to, beside what is there now. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from task_deployer.resources.base import Refusal
from task_deployer.resources.notification_document import (
    EVENTBRIDGE,
    LISTS,
    Document,
    Entry,
    foreign,
    placed,
    same,
)
from task_deployer.resources.notification_overlap import overlap, shared_key

_DROP = "Remove or change the entry that is in the way, or add --drop-new if it appeared since."
_REFILTER = (
    "What is in the way is this stack's own, which --drop-new leaves alone: change that bucket's prefix or suffix in "
    "the config, or drop the bucket there, and run `task-deploy up`; then run this command again."
)
_RENAME = (
    "What bears the id is this stack's own, which --drop-new leaves alone: rename the task, or the bucket's key in the "
    "config, and run `task-deploy up`; then run this command again."
)


@dataclass(frozen=True)
class RestoredPart:
    """One entry, or a setting such as EventBridge: as it was kept, and as it is now; None where it is not there."""

    id: str
    kept: str | None
    found: str | None
    stays: bool = False
    """Whether it appeared since, and is left as it is."""

    @property
    def action(self) -> str:
        """What happens to it: a word of a plan's."""
        if self.stays:
            return "keep"
        return "create" if self.found is None else "delete" if self.kept is None else "update"


@dataclass(frozen=True)
class Restoration:
    """The document found, what it becomes, each entry that differs, and what S3 would refuse."""

    found: Document
    target: Document
    entries: tuple[RestoredPart, ...]
    refusals: tuple[Refusal, ...] = ()

    @property
    def changes(self) -> tuple[RestoredPart, ...]:
        """What is changed."""
        return tuple(entry for entry in self.entries if not entry.stays)


_Items = dict[str, tuple[str, Entry, Mapping[str, object]]]


def restoration(kept: Document, found: Document, ours: Sequence[str], *, drop_new: bool) -> Restoration:
    """Work out what putting back comes to.

    An entry is known by its id, which a document has once. Those with keys of ours are not looked at: they stay as
    they are. What appeared since stays, unless `drop_new`; EventBridge does even then.
    """
    then, now = _items(foreign(kept, ours)), _items(foreign(found, ours))
    stay = {} if drop_new else {name: item for name, item in now.items() if name not in then}
    mine = [item for item in placed(found) if item[1].key in ours]
    every = [*mine, *({**stay, **then}).values()]
    settings = _settings(kept, found, drop_new=drop_new)
    target = {**settings, **{name: rows for name in LISTS if (rows := [row for at, _, row in every if at == name])}}
    entries = (*_entries(then, now, stay), *_changed_settings(found, settings, kept))
    back = [entry for name, (_, entry, row) in then.items() if name not in now or not _alike(row, now[name][2])]
    return Restoration(found, target, entries, tuple(_refusals(back, [entry for _, entry, _ in every], ours)))


def _items(document: Document) -> _Items:
    return {item[1].id: item for item in placed(document)}


def _alike(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    return same({LISTS[0]: [one]}, {LISTS[0]: [other]})


def _entries(then: _Items, now: _Items, stay: _Items) -> Iterator[RestoredPart]:
    for name in {**then, **now}:
        kept, found = then.get(name), now.get(name)
        if kept is None or found is None or not _alike(kept[2], found[2]):
            yield RestoredPart(name, str(kept[1]) if kept else None, str(found[1]) if found else None, name in stay)


def _settings(kept: Document, found: Document, *, drop_new: bool) -> dict[str, object]:
    """What is no entry: EventBridge, and what S3 may have some day.

    EventBridge is never switched off. It bears no name: it may be on for a rule of ours, or for anybody's.
    """
    then = {key: value for key, value in kept.items() if key not in LISTS}
    now = {key: value for key, value in found.items() if key not in LISTS}
    left = {key: value for key, value in now.items() if key == EVENTBRIDGE or not drop_new}
    return {**left, **then}


def _changed_settings(found: Document, settings: Mapping[str, object], kept: Document) -> Iterator[RestoredPart]:
    for key in {*settings, *found, *kept} - {*LISTS}:
        word = "on" if key == EVENTBRIDGE else "set"
        if key not in found or key not in settings or found[key] != settings[key]:
            yield RestoredPart(key, word if key in settings else None, word if key in found else None)
        elif key not in kept:
            yield RestoredPart(key, None, word, stays=True)


def _refusals(back: Sequence[Entry], every: Sequence[Entry], ours: Sequence[str]) -> Iterator[Refusal]:
    mine = [entry for entry in every if entry.key in ours]
    for entry in back:
        for one in mine:
            if one.id == entry.id:
                yield Refusal(f"{entry} has the id of {one}, which is this stack's", _RENAME)
        for other in every:
            if other is not entry and overlap(entry, other):
                shared = f"events of the key {shared_key(entry, other)!r} would go to both"
                whose, advice = (", which is this stack's", _REFILTER) if other in mine else ("", _DROP)
                yield Refusal(f"{entry} overlaps {other}{whose}: {shared}", advice)
