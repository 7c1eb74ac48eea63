"""A bucket's notification document as a value: our entries in it, everybody else's, and how they are merged. Pure.

The document belongs to all who have entries in it. What is not ours is carried through exactly as S3 gave it.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

Document = Mapping[str, object]

LAMBDA, QUEUE, TOPIC = "LambdaFunctionConfigurations", "QueueConfigurations", "TopicConfigurations"
EVENTBRIDGE = "EventBridgeConfiguration"
"""The document's key for EventBridge, and what stands for it among the keys of what is ours.

On GET it is present and empty, so it is asked for by `in`, never by its truth.
"""

_ARNS = {LAMBDA: "LambdaFunctionArn", QUEUE: "QueueArn", TOPIC: "TopicArn"}
LISTS = tuple(_ARNS)
"""The lists of entries in a document."""

_BY_ARN = {"arn:[^:]+:lambda:": LAMBDA, "arn:[^:]+:sqs:": QUEUE, "arn:[^:]+:sns:": TOPIC}
_HALVES = ("Created", "Deleted")
_KEY = re.compile("[a-z][a-z0-9-]*")
_UNQUALIFIED = re.compile("arn:[^:]+:(lambda:[^:]*:[^:]*:function|sqs:[^:]*:[^:]*):[^:]+")
_OURS = (LAMBDA, QUEUE)
"""The lists in which entries of ours can be."""


@dataclass(frozen=True)
class Entry:
    """One entry: which events, of which keys, go to which function, queue or topic (its ARN)."""

    id: str
    destination: str
    events: tuple[str, ...]
    prefix: str = ""
    suffix: str = ""

    @property
    def key(self) -> str:
        """What tells it from every other entry: another stack may come by the same id, but not by our destination."""
        return f"{self.id}={self.destination}"

    @property
    def list(self) -> str:
        """Which of the document's lists it is in: the service in the destination's ARN says so."""
        return next((name for start, name in _BY_ARN.items() if re.match(start, self.destination)), LAMBDA)

    @property
    def arn_name(self) -> str:
        """What S3 calls the destination's ARN in that list."""
        return _ARNS[self.list]

    @property
    def filters(self) -> str:
        """Its filters in words."""
        named = (("prefix", self.prefix), ("suffix", self.suffix))
        return " ".join(f"{name} {value!r}" for name, value in named if value) or "all keys"

    def render(self) -> dict[str, object]:
        """The entry as S3 takes it."""
        rendered: dict[str, object] = {
            "Id": self.id,
            self.arn_name: self.destination,
            "Events": [*self.events],
        }
        named = (("prefix", self.prefix), ("suffix", self.suffix))
        rules = [{"Name": name, "Value": value} for name, value in named if value]
        if rules:
            rendered["Filter"] = {"Key": {"FilterRules": rules}}
        return rendered

    def __str__(self) -> str:
        return f"{self.id} ({', '.join(self.events)}; {self.filters}; to {self.destination})"


def going_to(keys: Sequence[str], names: Collection[str]) -> tuple[str, ...]:
    """Those of these keys whose entries go to a function or queue of one of these names."""
    return tuple(key for key in keys if key.rpartition(":")[2] in names)


def stem_of(entry: Entry) -> str:
    """What an entry of ours is named after, its id without `-Created` or `-Deleted`; empty for one of another form.

    Id and destination go together: the one of a function `F` begins with `F-` and goes on with a bucket's key, that of
    a queue `S-events` begins with `S` and has nothing more. So no stack's entry passes for another's.
    """
    stem, _, which = entry.id.rpartition("-")
    name = entry.destination.rpartition(":")[2]
    if which not in _HALVES or _UNQUALIFIED.fullmatch(entry.destination) is None:
        return ""
    if entry.list == QUEUE:
        return stem if name == f"{stem}-events" else ""
    return stem if _KEY.fullmatch(stem.removeprefix(f"{name}-")) and stem.startswith(f"{name}-") else ""


def named(entries: Iterable[Entry]) -> dict[str, Entry]:
    """Entries by id, in a form to compare: the order of events means nothing to S3."""
    return {entry.id: replace(entry, events=tuple(sorted(entry.events))) for entry in entries}


def entries_in(document: Document) -> tuple[Entry, ...]:
    """All entries, of any destination and whoever's."""
    return tuple(entry for _, entry, _ in placed(document))


def placed(document: Document) -> Iterator[tuple[str, Entry, Mapping[str, object]]]:
    """All entries: the list that each is in, what it says, and it as S3 gave it."""
    for name in LISTS:
        yield from ((name, _parse(item), item) for item in _items(document, name))


def ours(document: Document, keys: Sequence[str]) -> dict[str, Entry]:
    """Our entries in the document, by id. Keys are matched whole: an id of ours that goes elsewhere is theirs."""
    return named(entry for entry in entries_in(document) if entry.key in keys)


def others(document: Document, keys: Sequence[str]) -> tuple[Entry, ...]:
    """The entries of others, of any destination."""
    return tuple(entry for entry in entries_in(document) if entry.key not in keys)


def merge(
    document: Document, entries: Sequence[Entry], keys: Sequence[str], *, eventbridge: bool = False
) -> dict[str, object]:
    """The document with exactly these entries of ours in it, and EventBridge if it is asked for.

    An entry that is there keeps its place, a new one goes to the end of its list, one with a key of ours that is no
    longer wanted goes. Everything else stays as it is. EventBridge is never taken out: it bears no name, so nobody can
    tell whose wish it is.
    """
    merged = {key: value for key, value in document.items() if key not in (*_OURS, "ResponseMetadata")}
    written = {*keys, *(entry.key for entry in entries)}
    for name in _OURS:
        wanted = {entry.key: entry.render() for entry in entries if entry.list == name}
        kept = [*_kept(_items(document, name), wanted, written), *wanted.values()]
        if kept:
            merged[name] = kept
    if eventbridge:
        merged.setdefault(EVENTBRIDGE, {})
    return merged


def _kept(
    items: Sequence[Mapping[str, object]], wanted: dict[str, dict[str, object]], written: set[str]
) -> Iterator[Mapping[str, object]]:
    """What stays at its place in a list: theirs as they are, ours as wanted. Takes from `wanted` what has a place."""
    for item in items:
        key = _parse(item).key
        if key not in written:
            yield item
        elif key in wanted:
            yield wanted.pop(key)


def foreign(document: Document, keys: Sequence[str]) -> dict[str, object]:
    """What of the document is not ours."""
    return merge(document, (), keys)


def gone(former: Document, found: Document) -> Iterator[Entry]:
    """The entries of one document that are not in another one as they were."""
    there = entries_in(found)
    yield from (entry for entry in entries_in(former) if entry not in there)


def same(one: Document, other: Document) -> bool:
    """Whether two documents say the same.

    The order of the entries, of an entry's events and of its filters means nothing to S3; everything else counts.
    """
    return _canonical(one) == _canonical(other)


def _items(document: Document, key: str) -> list[Mapping[str, object]]:
    value = document.get(key)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _canonical(document: Document) -> dict[str, object]:
    return {
        key: sorted(_text(item) for item in _items(document, key)) if key in _ARNS else _text(value)
        for key, value in document.items()
        if value or key not in _ARNS
    }


def _text(value: object) -> str:
    """One text for all that S3 means alike: in an entry no list has an order."""
    return json.dumps(_unordered(value), sort_keys=True, default=str)


def _unordered(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _unordered(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted(json.dumps(_unordered(item), sort_keys=True, default=str) for item in value)
    return value


def _parse(item: Mapping[str, object]) -> Entry:
    """Read an entry of any destination. S3 gives filters' names back as `Prefix` and `Suffix`, whatever was sent."""
    filters = {"prefix": "", "suffix": ""}
    key = item.get("Filter")
    rules = key.get("Key", {}).get("FilterRules", []) if isinstance(key, Mapping) else []
    for rule in rules:
        filters[str(rule.get("Name")).lower()] = str(rule.get("Value", ""))
    arn = next((item[name] for name in _ARNS.values() if name in item), "")
    events = item.get("Events")
    names = tuple(sorted(map(str, events))) if isinstance(events, list) else ()
    return Entry(str(item.get("Id")), str(arn), names, filters["prefix"], filters["suffix"])
