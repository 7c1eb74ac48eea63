"""When S3 takes two rules for ambiguous: about their prefixes and suffixes, each looked at by itself."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from task_deployer.resources.notification_document import LAMBDA, Document, Entry, merge
from task_deployer.resources.notification_overlap import MOST, obstacles, overlap, shared_key

EVENTS = {
    "s3:ObjectCreated:*": {"s3:ObjectCreated:Put", "s3:ObjectCreated:Copy"},
    "s3:ObjectRemoved:*": {"s3:ObjectRemoved:Delete"},
}
NAMES = (*EVENTS, "s3:ObjectCreated:Put", "s3:ObjectCreated:Copy", "s3:ObjectRemoved:Delete", "s3:LifecycleTransition")
STRINGS = ["".join(letters) for length in range(4) for letters in product("ab", repeat=length)]
KEYS = ["".join(letters) for length in range(7) for letters in product("ab", repeat=length)]

affixes = st.text("ab", max_size=3)
rules = st.builds(
    Entry,
    st.sampled_from(["one", "two"]),
    st.just("arn:aws:lambda:r:1:function:f"),
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True).map(tuple),
    affixes,
    affixes,
)


def events_of(rule: Entry) -> set[str]:
    """The single events that a rule asks for."""
    return {single for event in rule.events for single in EVENTS.get(event, {event})}


@given(rules, rules)
def test_rules_are_looked_at_and_not_keys(one: Entry, other: Entry) -> None:
    """S3's rule word by word: a common event, a string that begins with both, and another that ends with both."""
    begins = any(text.startswith(one.prefix) and text.startswith(other.prefix) for text in STRINGS)
    ends = any(text.endswith(one.suffix) and text.endswith(other.suffix) for text in STRINGS)
    assert overlap(one, other) is (bool(events_of(one) & events_of(other)) and begins and ends)


@given(rules, rules)
def test_rules_overlap_if_a_key_matches_both(one: Entry, other: Entry) -> None:
    """That comes to the same as trying out every key that is long enough for a prefix and a suffix side by side."""
    both = any(all(key.startswith(e.prefix) and key.endswith(e.suffix) for e in (one, other)) for key in KEYS)
    assert overlap(one, other) is (bool(events_of(one) & events_of(other)) and both)


@given(rules, rules)
def test_the_key_that_is_told_matches_both(one: Entry, other: Entry) -> None:
    """Of rules that overlap, the key in the refusal begins and ends as both of them want."""
    if overlap(one, other):
        key = shared_key(one, other)
        assert all(key.startswith(rule.prefix) and key.endswith(rule.suffix) for rule in (one, other))


def rule(name: str, *, prefix: str = "", events: tuple[str, ...] = ("s3:ObjectCreated:*",)) -> Entry:
    """A rule of this name."""
    return Entry(name, f"arn:aws:lambda:eu-central-1:1:function:{name}", events, prefix)


def test_the_refusal_names_both_rules_the_event_the_key_and_the_ways_out() -> None:
    """Whoever reads it can act on it without looking anything up."""
    theirs = merge({}, [rule("theirs", prefix="in/raw/", events=("s3:ObjectCreated:Put",))], ())
    (refusal,) = obstacles(theirs, [rule("ours", prefix="in/")], ())
    assert (
        "ours (s3:ObjectCreated:*; prefix 'in/'; to arn:aws:lambda:eu-central-1:1:function:ours) overlaps "
        "theirs (s3:ObjectCreated:Put; prefix 'in/raw/'; to arn:aws:lambda:eu-central-1:1:function:theirs): "
        "s3:ObjectCreated:Put of the key 'in/raw/example' would go to both"
    ) == refusal.what
    for way in ("prefix or suffix", "drop one", 'delivery = "eventbridge"'):
        assert way in refusal.advice


def test_filters_as_s3_gives_them_back() -> None:
    """Names in capitals and an empty value mean what they mean in small letters and left out."""
    row = {**rule("theirs").render(), "Filter": {"Key": {"FilterRules": [{"Name": "Prefix", "Value": "out/"}]}}}
    empty = {**row, "Filter": {"Key": {"FilterRules": [{"Name": "Suffix", "Value": ""}]}}}
    assert () == obstacles({LAMBDA: [row]}, [rule("ours", prefix="in/")], ())
    assert 1 == len(obstacles({LAMBDA: [empty]}, [rule("ours", prefix="in/")], ()))


def test_more_entries_than_s3_takes() -> None:
    """The hundred and first entry is refused by number, before S3 does; what of ours is written over does not count."""
    there: Document = merge({}, [rule(f"r{n}", prefix=f"{n}/") for n in range(MOST)], ())
    ours = rule("ours", prefix="in/")
    (refusal,) = obstacles(there, [ours], ())
    assert "would have 101 notification entries, 100 of them not ours; S3 takes 100" in refusal.what
    assert () == obstacles(there, [ours], [rule("r0").key])
