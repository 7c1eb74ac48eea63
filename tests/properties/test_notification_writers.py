"""Several writers of one document that has no lock: what any order and any delay leave of it."""

from collections.abc import Callable
from itertools import cycle

from hypothesis import given
from hypothesis import strategies as st

from task_deployer.care import Care, Remark
from task_deployer.errors import ResourceError
from task_deployer.resources.notification_document import EVENTBRIDGE, LAMBDA, Document, Entry, entries_in, merge
from task_deployer.resources.notification_write import Part, write
from task_deployer.resources.other_writers import OTHERS_TURN
from task_deployer.throttle import persistently
from tests.properties.stores import LIVES, UNANSWERED, UNSEEN, Client, Clock, Store

BUCKET = "everybodys-bucket"
STACKS = ("one", "two", "three")
LATENCY = OTHERS_TURN / 6
"""A read's way back, a put's way there and what is done in between stay well within the others' turn."""

THEIRS = st.lists(
    st.builds(
        lambda name, event: Entry(name, f"arn:aws:sqs:eu-central-1:123456789012:{name}", (event,), f"{name}/"),
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]),
    ),
    max_size=3,
    unique_by=lambda entry: entry.id,
)
latencies = st.lists(st.floats(0, LATENCY), min_size=1, max_size=8)


def entries_of(stack: str) -> tuple[Entry, ...]:
    """The two entries of a stack, which meet no others."""
    arn = f"arn:aws:lambda:eu-central-1:123456789012:function:{stack}"
    return (
        Entry(f"{stack}-Created", arn, ("s3:ObjectCreated:*",), f"{stack}/"),
        Entry(f"{stack}-Deleted", arn, ("s3:ObjectRemoved:*",), f"{stack}/"),
    )


def part_of(stack: str, *, gone: bool = False) -> Part:
    """What an `up` or a `down` of the stack wants in the document."""
    entries = entries_of(stack)
    return Part(BUCKET, () if gone else entries, tuple(entry.key for entry in entries), shared=True)


def names(document: Document) -> set[str]:
    """The ids of all entries."""
    return {entry.id for entry in entries_in(document)}


@given(
    edits=st.lists(THEIRS, min_size=1, max_size=4),
    runs=st.lists(st.tuples(st.sampled_from(STACKS), st.booleans()), max_size=8),
    eventbridge=st.booleans(),
)
def test_what_is_foreign_is_as_it_was_after_any_order(
    *, edits: list[list[Entry]], runs: list[tuple[str, bool]], eventbridge: bool
) -> None:
    """`up` and `down` of several stacks in any order, others' edits in between, leave all of others as it was."""
    clock, there = Clock(), set[str]()
    store = Store({EVENTBRIDGE: {}} if eventbridge else {})

    def play() -> None:
        theirs: list[Entry] = []
        for number, (stack, gone) in enumerate(runs):
            edit = edits[number % len(edits)]
            store.document = merge(store.document, edit, [entry.key for entry in theirs])
            theirs, before = edit, foreign_entries(store)
            write(Client(store, clock, cycle([0.0])).aws(Care()), part_of(stack, gone=gone))
            assert before == foreign_entries(store)
            assert (EVENTBRIDGE in store.document) is eventbridge
            there.difference_update({stack}) if gone else there.add(stack)
            assert {entry.id for one in there for entry in entries_of(one)} == names(store.document) - {"a", "b", "c"}

    clock.run([play])


def foreign_entries(store: Store) -> tuple[Entry, ...]:
    """The entries that are of no stack."""
    ours = {entry.key for stack in STACKS for entry in entries_of(stack)}
    return tuple(entry for entry in entries_in(store.document) if entry.key not in ours)


@given(theirs=THEIRS, first=latencies, second=latencies, later=st.floats(0, 3 * LATENCY), leaving=st.booleans())
def test_two_deployments_at_once_lose_nothing_silently(
    *, theirs: list[Entry], first: list[float], second: list[float], later: float, leaving: bool
) -> None:
    """Whatever the delays within a turn, both end with their part in the document, or the one whose is not says so."""
    clock, store = Clock(), Store(merge({}, [*theirs, *entries_of("two")], ()))
    failed: set[str] = set()

    def job(part: Part, stack: str, delays: list[float], after: float) -> Callable[[], None]:
        def play() -> None:
            clock.sleep(after)
            try:
                write(Client(store, clock, cycle(delays)).aws(Care()), part)
            except ResourceError:
                failed.add(stack)

        return play

    parts = {"one": part_of("one"), "two": part_of("two", gone=leaving)}
    clock.run([job(parts["one"], "one", first, 0.0), job(parts["two"], "two", second, later)])
    assert {stack for stack, part in parts.items() if not part.is_in(store.document)} <= failed
    assert {entry.id for entry in theirs} == names(store.document) & {"a", "b", "c"}


@given(st.lists(latencies, min_size=2, max_size=3))
def test_several_deployments_at_once_lose_nothing_silently(delays: list[list[float]]) -> None:
    """Three that add their entries at once: each has them in the document, or says that it has not."""
    clock, store = Clock(), Store({})
    failed: set[str] = set()

    def job(stack: str, delay: list[float]) -> Callable[[], None]:
        def play() -> None:
            try:
                write(Client(store, clock, cycle(delay)).aws(Care()), part_of(stack))
            except ResourceError:
                failed.add(stack)

        return play

    clock.run([job(stack, delay) for stack, delay in zip(STACKS, delays, strict=False)])
    there = {stack for stack in STACKS[: len(delays)] if part_of(stack).is_in(store.document)}
    assert set(STACKS[: len(delays)]) - there <= failed


@given(
    fates=st.tuples(*[st.lists(st.sampled_from([LIVES, UNSEEN, UNANSWERED]), max_size=3)] * 2),
    delays=st.tuples(latencies, latencies),
    later=st.floats(0, 3 * LATENCY),
)
def test_lost_puts_lose_nothing_silently(
    *, fates: tuple[list[str], list[str]], delays: tuple[list[float], list[float]], later: float
) -> None:
    """Whatever puts or answers are lost, both of two deployments end with their part, or say that they have not."""
    clock, store = Clock(), Store({})
    failed: set[str] = set()

    def job(number: int) -> Callable[[], None]:
        def play() -> None:
            clock.sleep(number * later)
            aws = Client(store, clock, cycle(delays[number]), fates[number]).aws(Care())
            try:
                persistently(aws.patience, aws.pace, "s3", lambda: write(aws, part_of(STACKS[number])))
            except ResourceError:
                failed.add(STACKS[number])

        return play

    clock.run([job(0), job(1)])
    assert {stack for stack in STACKS[:2] if not part_of(stack).is_in(store.document)} <= failed


@given(latencies, latencies, st.floats(0, OTHERS_TURN))
def test_what_its_owner_takes_out_meanwhile_stays_out(mine: list[float], others: list[float], later: float) -> None:
    """An entry that its owner removes while we write is never put back once we have seen it gone, and it is told."""
    clock = Clock()
    gone = Entry("a", "arn:aws:sqs:eu-central-1:123456789012:a", ("s3:ObjectCreated:*",), "a/")
    store, remarks, after_us = Store(merge({}, [gone], ())), list[Remark](), list[bool]()
    theirs = Client(store, clock, cycle(others))

    def remove() -> None:
        clock.sleep(later)
        found = theirs.get_bucket_notification_configuration()
        after_us.append(part_of("one").is_in(found))
        theirs.put_bucket_notification_configuration(NotificationConfiguration=merge(found, (), [gone.key]))
        after_us.append("a" not in names(store.document))

    clock.run([lambda: write(Client(store, clock, cycle(mine)).aws(Care(tell=remarks.append)), part_of("one")), remove])
    assert part_of("one").is_in(store.document)
    told = [remark.code for remark in remarks]
    if "a" in names(store.document):  # our put came after theirs, between our read and our put: the window that is left
        assert [] == told
    assert set(told) <= {"foreign-entries-changed"}


@given(latencies)
def test_a_writer_that_always_takes_ours_out_is_told_loudly(delays: list[float]) -> None:
    """Where another puts an older copy again and again, two attempts are made, and then it is an error."""
    clock, store = Clock(), Store({LAMBDA: [Entry("a", "arn:aws:lambda:r:1:function:a", ("s3:Test",)).render()]})
    old, told = store.document, list[str]()
    aws = Client(store, clock, cycle(delays)).aws(Care(keep=lambda _: "the place"))

    def insist() -> None:
        for _ in range(400):
            clock.sleep(LATENCY)
            store.document = old

    def play() -> None:
        try:
            write(aws, part_of("one"))
        except ResourceError as error:
            told.extend([error.code, error.detail])

    clock.run([play, insist])
    assert told[:1] == ["NotificationsContended"]
    assert "one-Created" in told[1]
    assert "the place" in told[1]
