import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from task_runtime import PublishCommand, make_handler
from task_runtime.deadline import Deadline
from task_runtime.testing import Context, Topics, s3_event
from tests.unit.runtime.samples import failure_of

# Seconds that the function has in these tests; a callback that is too slow takes for ever, so none depends on speed.
SHORT = 1.5


def _timed(callback: Callable[..., object]) -> tuple[list[str], list[str]]:
    """Run a callback on `slow` and `quick` with little time; give what was sent and what failed."""
    topics = Topics()
    handler = make_handler(callback, topics=topics, sqs=topics)
    begun = time.monotonic()
    failed = failure_of(lambda event, _: handler(event, Context(SHORT)), s3_event("slow", "quick"))
    assert time.monotonic() - begun < SHORT
    return [sent.id for sent in topics.sent], [str(failure) for failure in failed.failures]


def test_an_async_callback_that_is_too_slow_is_cancelled() -> None:
    """What has not ended in time is cancelled and fails; what has ended is carried out before the time is up."""
    cancelled = threading.Event()

    async def callback(_name: str, key: str) -> list[PublishCommand]:
        try:
            await asyncio.sleep(0 if key == "quick" else 3600)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return [PublishCommand("orders", key, {})]

    sent, (failure,) = _timed(callback)
    assert sent == ["quick"]
    assert failure.startswith("slow (ObjectCreated:Put): OutOfTimeError:")
    assert "callback had not ended after 0." in failure
    assert cancelled.is_set()


def test_a_plain_callback_that_is_too_slow_is_left_behind() -> None:
    """A thread cannot be stopped: its record fails in time all the same, and the others are carried out."""
    release = threading.Event()

    def callback(_name: str, key: str) -> list[PublishCommand]:
        if key == "slow":
            release.wait(60)
        return [PublishCommand("orders", key, {})]

    try:
        assert _timed(callback)[0] == ["quick"]
    finally:
        release.set()


def test_an_async_callback_that_blocks_the_loop_does_not_stop_the_invocation() -> None:
    """An async callback that blocks, as with a plain boto3 call, fails alone; what ended before is carried out."""
    release = threading.Event()

    async def callback(_name: str, key: str) -> list[PublishCommand]:
        if key == "slow":
            await asyncio.sleep(0.05)  # lets the quick one end
            release.wait(60)
        return [PublishCommand("orders", key, {})]

    try:
        assert _timed(callback)[0] == ["quick"]
    finally:
        release.set()


@pytest.mark.parametrize("blocks", ["thread", "loop"])
def test_the_next_invocation_is_not_held_up(blocks: str) -> None:
    """After an invocation that ran out of time, with a thread or the loop stuck, the next one works."""
    release = threading.Event()

    async def on_the_loop(_name: str, key: str) -> None:
        if key == "slow":
            release.wait(60)

    def in_a_thread(_name: str, key: str) -> None:
        if key == "slow":
            release.wait(60)

    handler = make_handler(on_the_loop if blocks == "loop" else in_a_thread, concurrency=1)
    try:
        failure_of(lambda event, _: handler(event, Context(0.6)), s3_event("slow"))
        assert handler(s3_event("quick"), Context(60)) == {"records": 1, "commands": 0}
    finally:
        release.set()


def test_a_callback_that_swallows_its_cancellation_begins_no_other() -> None:
    """A callback that catches its cancellation ends; the records that waited behind it are not begun any more."""
    begun: list[str] = []

    async def callback(_name: str, key: str) -> None:
        begun.append(key)
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            return

    handler = make_handler(callback, concurrency=1)
    failed = failure_of(lambda event, _: handler(event, Context(0.6)), s3_event("a", "b", "c"))
    assert (begun, len(failed.failures)) == (["a"], 3)


@pytest.mark.parametrize("kind", ["async", "plain"])
def test_no_more_run_at_once_than_is_set(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """TASK_RUNTIME_CONCURRENCY bounds how many callbacks run at once, plain or async, and that many do."""
    monkeypatch.setenv("TASK_RUNTIME_CONCURRENCY", "3")
    running, most = 0, 0
    lock = threading.Lock()

    def count(change: int) -> None:
        nonlocal running, most
        with lock:
            running += change
            most = max(most, running)

    async def on_the_loop(_name: str, _key: str) -> None:
        count(1)
        await asyncio.sleep(0.01)
        count(-1)

    def in_a_thread(_name: str, _key: str) -> None:
        count(1)
        time.sleep(0.01)
        count(-1)

    handler = make_handler(on_the_loop if kind == "async" else in_a_thread)
    handler(s3_event(*map(str, range(12))), None)
    assert most == 3


@pytest.mark.parametrize(
    ("seconds", "for_callbacks"),
    [(None, None), (600.0, 585.0), (60.0, 54.0), (3.0, 2.0), (1.0, 0.5), (0.0, 0.0), (-1.0, 0.0)],
)
def test_a_part_of_the_time_is_kept_for_actions(seconds: float | None, for_callbacks: float | None) -> None:
    """A tenth of the time, at least one second, at most 15 and at most half, is kept; without an end all is allowed."""
    assert Deadline(seconds, clock=lambda: 100.0).for_callbacks == (
        None if for_callbacks is None else pytest.approx(for_callbacks)
    )


def test_a_context_without_a_time_sets_no_end() -> None:
    """A context that tells no remaining time, as in tests and by hand, gives callbacks all the time they want."""
    assert Deadline.of(None).for_callbacks is None
    assert Deadline.of(object()).allows(1e9)
