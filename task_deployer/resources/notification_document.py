"""A bucket's notification document as a value: our entries in it, everybody else's, and how they meet. Pure.

The document belongs to all who have entries in it. What is not ours is carried through exactly as S3 gave it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

Document = Mapping[str, object]

LAMBDA = "LambdaFunctionConfigurations"
_LISTS = (LAMBDA, "QueueConfigurations", "TopicConfigurations")


@dataclass(frozen=True)
class Entry:
    """One entry of ours: which events, of which keys, invoke which function."""

    id: str
    function_arn: str
    events: tuple[str, ...]
    prefix: str = ""
    suffix: str = ""

    @property
    def key(self) -> str:
        """What tells it from every other entry: another stack may come by the same id, but not by our function."""
        return f"{self.id}={self.function_arn}"

    def render(self) -> dict[str, object]:
        """The entry as S3 takes it."""
        rendered: dict[str, object] = {
            "Id": self.id,
            "LambdaFunctionArn": self.function_arn,
            "Events": list(self.events),
        }
        rules = [{"Name": name, "Value": value} for name, value in self._filters() if value]
        if rules:
            rendered["Filter"] = {"Key": {"FilterRules": rules}}
        return rendered

    def _filters(self) -> tuple[tuple[str, str], tuple[str, str]]:
        return ("prefix", self.prefix), ("suffix", self.suffix)


def of_function(keys: Sequence[str], name: str) -> tuple[str, ...]:
    """Those of these keys whose entries invoke the function of this name."""
    return tuple(key for key in keys if key.endswith(f":function:{name}"))


def ours(document: Document, keys: Sequence[str]) -> dict[str, Entry]:
    """Our entries in the document, by id. Keys are matched whole: an id of ours that invokes another's is theirs."""
    entries = (_parse(item) for item in _items(document, LAMBDA))
    return {entry.id: entry for entry in entries if entry.key in keys}


def merge(document: Document, entries: Sequence[Entry], keys: Sequence[str]) -> dict[str, object]:
    """The document with exactly these entries of ours in it.

    An entry that is there keeps its place, a new one goes to the end, one with a key of ours that is no longer wanted
    goes. Everything else stays as it is, EventBridge's setting included: on GET it is present and empty, so it is
    asked for by `in`, never by its truth.
    """
    wanted = {entry.id: entry.render() for entry in entries}
    written = {*keys, *(entry.key for entry in entries)}
    kept: list[Mapping[str, object]] = []
    for item in _items(document, LAMBDA):
        entry = _parse(item)
        if entry.key not in written:
            kept.append(item)
        elif entry.id in wanted:
            kept.append(wanted.pop(entry.id))
    merged = {key: value for key, value in document.items() if key not in (LAMBDA, "ResponseMetadata")}
    if kept or wanted:
        merged[LAMBDA] = [*kept, *wanted.values()]
    return merged


def foreign(document: Document, keys: Sequence[str]) -> dict[str, object]:
    """What of the document is not ours."""
    return merge(document, (), keys)


def same(one: Document, other: Document) -> bool:
    """Whether two documents say the same: the order of the entries means nothing to S3, everything else counts."""
    return _unordered(one) == _unordered(other)


def clashes(document: Document, entries: Sequence[Entry], keys: Sequence[str]) -> tuple[str, ...]:
    """Say which entries of others bear an id that ours would get: S3 takes an id once, whatever it invokes."""
    wanted = {entry.id for entry in entries}
    others = (other for other in _others(document, keys) if other.id in wanted)
    return tuple(f"{_in_words(other)} bears an id of ours, and is not ours" for other in others)


def overlaps(document: Document, entries: Sequence[Entry], keys: Sequence[str]) -> tuple[str, ...]:
    """Say which entries of ours S3 would refuse, because another entry's keys and events meet theirs.

    S3's rule (user guide, "Configuring event notifications using object key name filtering"): two entries conflict if
    they share an event type, some key can begin with both prefixes, and some key can end with both suffixes; a missing
    filter matches everything. It holds across functions, queues and topics.
    """
    others = _others(document, keys)
    found = [(mine, other) for mine in entries for other in others if _overlap(mine, other)]
    found += [(one, other) for one, other in combinations(entries, 2) if _overlap(one, other)]
    return tuple(f"{_in_words(mine)} overlaps {_in_words(other)}" for mine, other in found)


def _others(document: Document, keys: Sequence[str]) -> list[Entry]:
    """The entries of others, of any destination. Only those that invoke functions can be ours."""
    entries = [(name, _parse(item)) for name in _LISTS for item in _items(document, name)]
    return [entry for name, entry in entries if name != LAMBDA or entry.key not in keys]


def _items(document: Document, key: str) -> list[Mapping[str, object]]:
    value = document.get(key)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _unordered(document: Document) -> dict[str, object]:
    return {
        key: sorted(map(repr, _items(document, key))) if key in _LISTS else value for key, value in document.items()
    }


def _parse(item: Mapping[str, object]) -> Entry:
    """Read an entry of any destination. S3 gives filters' names back as `Prefix` and `Suffix`, whatever was sent."""
    filters = {"prefix": "", "suffix": ""}
    key = item.get("Filter")
    rules = key.get("Key", {}).get("FilterRules", []) if isinstance(key, Mapping) else []
    for rule in rules:
        filters[str(rule.get("Name")).lower()] = str(rule.get("Value", ""))
    arn = item.get("LambdaFunctionArn") or item.get("QueueArn") or item.get("TopicArn")
    events = item.get("Events")
    names = tuple(sorted(map(str, events))) if isinstance(events, list) else ()
    return Entry(str(item.get("Id")), str(arn), names, filters["prefix"], filters["suffix"])


def _overlap(one: Entry, other: Entry) -> bool:
    return (
        any(_same_event(a, b) for a in one.events for b in other.events)
        and (one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix))
        and (one.suffix.endswith(other.suffix) or other.suffix.endswith(one.suffix))
    )


def _same_event(one: str, other: str) -> bool:
    (family, _, name), (other_family, _, other_name) = one.rpartition(":"), other.rpartition(":")
    return family == other_family and (name == other_name or "*" in (name, other_name))


def _in_words(entry: Entry) -> str:
    keys = " ".join(f"{name} {value!r}" for name, value in entry._filters() if value) or "all keys"  # noqa: SLF001 - of this module
    return f"{entry.id} ({', '.join(entry.events)}; {keys}; to {entry.function_arn})"
