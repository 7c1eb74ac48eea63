import threading
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_runtime import ObjectEvent, PublishCommand, make_handler
from task_runtime.events import parse
from task_runtime.ordering import Sightings, is_earlier, plan
from task_runtime.testing import run, s3_event, s3_record
from tests.unit.runtime.samples import Queues, patient

sequencers = st.text("0123456789ABCDEF", min_size=1, max_size=18)


def _commands(_name: str, key: str, event: ObjectEvent) -> list[PublishCommand]:
    return [PublishCommand("orders", key, event.sequencer)]


def _made(key: str, sequencer: str | None, **more: str) -> ObjectEvent:
    return parse(s3_record(key, sequencer=sequencer, **more))  # type: ignore[arg-type]  # all of them are texts


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("0A", "0B", True),
        ("0B", "0A", False),
        ("0A", "0A00", False),  # the shorter is padded on the right
        ("0A00", "0A", False),
        ("0A", "0A01", True),
        ("1", "0FFF", False),  # as numbers, or padded on the left, it would be the other way round
        ("0a", "0B", True),
    ],
)
def test_sequencers_are_right_padded(one: str, other: str, expected: bool) -> None:  # noqa: FBT001 - a table's column
    """The shorter sequencer gets zeros on the right, then text decides."""
    assert is_earlier(one, other) is expected


@patient
@given(st.lists(st.tuples(st.sampled_from("abc"), sequencers), max_size=12, unique=True))
def test_one_keys_records_run_in_sequencer_order(arrived: list[tuple[str, str]]) -> None:
    """In whatever order records come, those of one key run and publish in sequencer order, and none is lost."""
    done = run(_commands, s3_event(*(s3_record(key, sequencer=at) for key, at in arrived)))
    by_key = {key: [str(sent.command) for sent in done.commands if sent.id == key] for key in "abc"}
    for key, told in by_key.items():
        assert sorted(told) == sorted(at for name, at in arrived if name == key)
        assert not any(is_earlier(later, earlier) for earlier, later in pairwise(told))


@patient
@given(st.lists(st.tuples(st.sampled_from("abc"), st.none() | sequencers), max_size=12, unique=True))
def test_keys_keep_their_places(arrived: list[tuple[str, str | None]]) -> None:
    """Sorting one key's records moves no other key's, nor any record without a sequencer."""
    events = {
        at: _made(key, sequencer, time=f"2026-11-23T09:15:{at:02}.000Z") for at, (key, sequencer) in enumerate(arrived)
    }
    order = plan(events).order
    assert [events[at].key for at in order] == [key for key, _ in arrived]
    assert [at for at in order if not events[at].sequencer] == [at for at in events if not events[at].sequencer]
    assert sorted(order) == [*events]


def test_records_of_one_key_never_run_at_the_same_time() -> None:
    """While a key's first record runs, its second waits, though other keys go on."""
    running: dict[str, int] = {}
    lock = threading.Lock()
    most: list[int] = []

    def callback(_name: str, key: str) -> None:
        with lock:
            running[key] = running.get(key, 0) + 1
            most.append(running[key])
        time.sleep(0.005)
        with lock:
            running[key] -= 1

    records = [s3_record(key, sequencer=f"{n:02}") for n in range(8) for key in "ab"]
    assert run(callback, s3_event(*records)).answer == {"records": 16, "commands": 0}
    assert set(most) == {1}


def test_different_keys_run_at_the_same_time() -> None:
    """Two keys' records that wait for each other both come to an end."""
    together = threading.Barrier(2, timeout=30)

    def callback(_name: str, _key: str) -> None:
        together.wait()

    assert run(callback, s3_event("a", "b")).answer == {"records": 2, "commands": 0}


@pytest.mark.parametrize(
    ("first", "second", "calls"),
    [
        (s3_record("a"), s3_record("a"), 1),
        (s3_record("a", version_id="v1"), s3_record("a", version_id="v1"), 1),
        (s3_record("a", sequencer="01"), s3_record("a", sequencer="02"), 2),
        (s3_record("a"), s3_record("a", name="ObjectRemoved:Delete"), 2),
        (s3_record("a"), s3_record("a", bucket="other"), 2),
        (s3_record("a"), s3_record("b"), 2),
        (s3_record("a", sequencer=None), s3_record("a", sequencer=None), 1),
        (s3_record("a", sequencer=None), s3_record("a", sequencer=None, time="2026-11-23T09:15:31Z"), 2),
    ],
)
def test_the_same_event_runs_once(first: dict[str, object], second: dict[str, object], calls: int) -> None:
    """Twice the same bucket, key, name and version or sequencer in one invocation is one call; anything else is two."""
    called: list[str] = []
    done = run(lambda _name, key: called.append(key), s3_event(first, second))
    assert len(called) == calls
    assert done.answer == {"records": 2, "commands": 0}


def test_a_repeated_event_shares_the_failure() -> None:
    """Where an event that came twice fails, both records are failures, from one call."""
    called: list[str] = []

    def callback(_name: str, key: str) -> None:
        called.append(key)
        raise LookupError(key)

    done = run(callback, s3_event("a", "a"), check=False)
    assert (len(called), len(done.failures)) == (1, 2)


def test_a_late_event_is_marked() -> None:
    """An event older than one that this sandbox has seen of its key is stale; equal, newer or another key's is not."""
    seen: list[tuple[str, str | None, bool]] = []

    def callback(_name: str, key: str, event: ObjectEvent) -> None:
        seen.append((key, event.sequencer, event.is_stale))

    handler = make_handler(callback)
    for key, sequencer in [("a", "05"), ("a", "04"), ("a", "05"), ("b", "01"), ("a", "0501"), ("a", "05")]:
        handler(s3_event(s3_record(key, sequencer=sequencer)), None)
    assert [key for key in seen if key[2]] == [("a", "04", True), ("a", "05", True)]
    assert len(seen) == 6


def test_a_late_event_is_skipped_on_demand(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """With TASK_RUNTIME_SKIP_STALE a stale event is not given to the callback, is no failure, and is in the log."""
    monkeypatch.setenv("TASK_RUNTIME_SKIP_STALE", "true")
    queues = Queues()
    handler = make_handler(_commands, topics={"orders": "https://sqs/orders.fifo"}, sqs=queues)
    handler(s3_event(s3_record("a", sequencer="05")), None)
    assert handler(s3_event(s3_record("a", sequencer="04"), "b"), None) == {"records": 2, "commands": 1}
    assert queues.ids == ["a", "b"]
    assert '"outcome": "stale"' in caplog.text


def test_records_out_of_order_in_one_invocation_are_not_stale() -> None:
    """Records of one invocation are put in order first, so none of them is late."""
    seen: list[bool] = []
    records = [s3_record("a", sequencer=at) for at in ("03", "01", "02")]
    run(lambda _name, _key, event: seen.append(event.is_stale), s3_event(*records))
    assert seen == [False, False, False]


def test_what_is_remembered_is_bounded() -> None:
    """Of the keys seen the most recent 10,000 are known, so a long-lived sandbox does not grow."""
    sightings = Sightings()
    for number in range(10_050):
        sightings.marked(_made(str(number), "05"))
    assert len(sightings) == 10_000
    assert sightings.marked(_made("10049", "04")).is_stale
    assert not sightings.marked(_made("0", "04")).is_stale
