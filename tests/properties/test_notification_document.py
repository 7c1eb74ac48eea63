from dataclasses import replace
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from task_deployer.resources.notification_document import EVENTBRIDGE, LAMBDA, QUEUE, Entry, foreign, merge, ours
from task_deployer.resources.notification_overlap import clashes, overlaps

EVENTS = ("s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectCreated:Copy", "s3:ObjectRemoved:*", "s3:Other")
EXPANDED = {
    "s3:ObjectCreated:*": {"s3:ObjectCreated:Put", "s3:ObjectCreated:Copy", "s3:ObjectCreated:Post"},
    "s3:ObjectRemoved:*": {"s3:ObjectRemoved:Delete"},
}
KEYS = ["".join(letters) for length in range(5) for letters in product("ab", repeat=length)]
OURS, THEIRS = ("media-1", "media-2", "media-3"), ("media-11", "theirs", "media-")
FUNCTIONS = ("arn:f", "arn:g")
KEYS_OF_OURS = tuple(f"{entry_id}={arn}" for entry_id in OURS for arn in FUNCTIONS)

affixes = st.text("ab", max_size=2)
several_events = st.lists(st.sampled_from(EVENTS), min_size=1, max_size=3, unique=True).map(tuple)


def entries(ids: tuple[str, ...]) -> st.SearchStrategy[list[Entry]]:
    """Entries with some of these ids."""
    entry = st.builds(Entry, st.sampled_from(ids), st.sampled_from(FUNCTIONS), several_events, affixes, affixes)
    return st.lists(entry, max_size=3, unique_by=lambda one: one.id)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, object]:
    """A document as S3 gives it: entries of others and ours in any order, of any destination, with or without more."""
    lambdas = draw(st.permutations([entry.render() for entry in draw(entries(OURS)) + draw(entries(THEIRS))]))
    queues = [{"QueueArn": "arn:q", "Events": [event], "Id": "media-1"} for event in draw(several_events)]
    found: dict[str, object] = {LAMBDA: list(lambdas)} if lambdas else {}
    if draw(st.booleans()):
        found["QueueConfigurations"] = queues
    if draw(st.booleans()):
        found["EventBridgeConfiguration"] = {}
    if draw(st.booleans()):
        found["ATableOfTomorrow"] = {"Deep": [1, {"k": "v"}]}
    return found


@given(documents(), entries(OURS))
def test_what_is_foreign_stays(document: dict[str, object], wanted: list[Entry]) -> None:
    """Whatever we write, everything of others is as before and in its order, EventBridge and the unknown included."""
    merged = merge(document, wanted, KEYS_OF_OURS)
    assert foreign(merged, KEYS_OF_OURS) == foreign(document, KEYS_OF_OURS)
    assert {k: v for k, v in merged.items() if k != LAMBDA} == {k: v for k, v in document.items() if k != LAMBDA}


@given(documents(), entries(OURS))
def test_ours_are_exactly_those_wanted(document: dict[str, object], wanted: list[Entry]) -> None:
    """After a merge our entries are those wanted, and no other of our ids is left."""
    found = ours(merge(document, wanted, KEYS_OF_OURS), KEYS_OF_OURS)
    assert {(e.id, e.destination, frozenset(e.events), e.prefix, e.suffix) for e in found.values()} == {
        (e.id, e.destination, frozenset(e.events), e.prefix, e.suffix) for e in wanted
    }


@given(documents(), entries(OURS))
def test_merging_twice_changes_nothing(document: dict[str, object], wanted: list[Entry]) -> None:
    """A merge of what is merged already is the same document."""
    once = merge(document, wanted, KEYS_OF_OURS)
    assert merge(once, wanted, KEYS_OF_OURS) == once


@given(documents(), entries(OURS))
def test_removal_undoes_the_merge(document: dict[str, object], wanted: list[Entry]) -> None:
    """Our entries put in and taken out again leave the document as it was without any of ours."""
    without = foreign(document, KEYS_OF_OURS)
    assert merge(merge(without, wanted, KEYS_OF_OURS), (), KEYS_OF_OURS) == without


@given(documents(), entries(OURS))
def test_the_given_document_is_not_changed(document: dict[str, object], wanted: list[Entry]) -> None:
    """A merge makes a new document; what was seen stays as it was seen."""
    before = repr(document)
    merge(document, wanted, KEYS_OF_OURS)
    assert repr(document) == before


def meets(one: Entry, other: Entry) -> bool:
    """Whether some event of some key would go to both: tried out key by key."""
    events, others = ({s for event in entry.events for s in EXPANDED.get(event, {event})} for entry in (one, other))
    both = (key for key in KEYS if all(key.startswith(e.prefix) and key.endswith(e.suffix) for e in (one, other)))
    return bool(events & others) and any(True for _ in both)


one_entry = st.builds(Entry, st.just("media-1"), st.just("arn:f"), several_events, affixes, affixes)


@given(one_entry, one_entry)
def test_overlaps_agree_with_trying_out(mine: Entry, other: Entry) -> None:
    """Two entries overlap exactly if some key and some event would be sent to both."""
    expected = meets(mine, other)
    assert bool(overlaps({}, [mine, other], ())) is expected
    theirs = {**other.render(), "Id": "theirs"}
    assert bool(overlaps({LAMBDA: [theirs]}, [mine], KEYS_OF_OURS)) is expected


@given(one_entry, one_entry)
def test_destinations_of_every_sort_count(mine: Entry, other: Entry) -> None:
    """An entry to a queue or a topic overlaps as one to a function does, even if it bears an id of ours."""
    rendered = {k: v for k, v in other.render().items() if k != "LambdaFunctionArn"}
    for key, arn in (("QueueConfigurations", "QueueArn"), ("TopicConfigurations", "TopicArn")):
        document = {key: [{**rendered, arn: "arn:theirs"}]}
        assert bool(overlaps(document, [mine], KEYS_OF_OURS)) is meets(mine, other)


@given(one_entry, one_entry)
def test_what_we_replace_is_in_nobodys_way(mine: Entry, old: Entry) -> None:
    """Our own entry that is written over does not overlap its successor."""
    assert overlaps({LAMBDA: [old.render()]}, [mine], KEYS_OF_OURS) == ()


@given(documents(), entries(OURS))
def test_an_id_of_ours_on_what_is_not_ours_is_told(document: dict[str, object], wanted: list[Entry]) -> None:
    """An entry with an id that we want clashes if it is of another function, or a queue's; one of our keys does not."""
    mine = [entry.key for entry in wanted if entry.destination == "arn:f"]
    lambdas = ours(document, KEYS_OF_OURS).values()
    clashing = [e.id for e in lambdas if e.key not in mine and e.id in {one.id for one in wanted}]
    queues = document.get("QueueConfigurations")
    if isinstance(queues, list) and "media-1" in {one.id for one in wanted}:
        clashing += ["media-1"] * len(queues)
    assert sorted(told.split(" ")[0] for told in clashes(document, wanted, mine)) == sorted(clashing)


def test_an_entry_to_a_queue_is_ours_as_one_to_a_function_is() -> None:
    """The list that an entry is in follows from its destination; one whose destination changed moves, and stays one."""
    to_function = Entry("media-1", "arn:aws:lambda:r:a:function:f", ("s3:ObjectCreated:*",))
    to_queue = replace(to_function, destination="arn:aws-cn:sqs:r:a:q")
    document = merge({}, [to_function], ())
    moved = merge(document, [to_queue], [to_function.key])
    assert {QUEUE: [to_queue.render()]} == moved
    assert {"media-1": to_queue} == ours(moved, [to_queue.key])
    assert {} == merge(moved, (), [to_queue.key])


@given(documents(), entries(OURS))
def test_eventbridge_is_put_in_and_never_taken_out(document: dict[str, object], wanted: list[Entry]) -> None:
    """Whoever wished for EventBridge, it stays on, also when our entries go."""
    on = merge(document, wanted, KEYS_OF_OURS, eventbridge=True)
    assert on[EVENTBRIDGE] == {}
    assert EVENTBRIDGE in merge(on, (), KEYS_OF_OURS)
