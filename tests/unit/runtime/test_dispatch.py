import asyncio
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial

import pytest

from task_runtime import ObjectEvent, PublishCommand, make_handler
from task_runtime.actions import CallbackError
from task_runtime.events import parse
from tests.unit.runtime.samples import TOPICS, Queues, event, failure_of, record

PATIENCE = 30  # seconds until a test gives up; never waited for when the law holds


def _order(command_id: str) -> list[PublishCommand]:
    return [PublishCommand("orders", command_id, {})]


def _plain(_name: str, key: str) -> list[PublishCommand]:
    return _order(key)


async def _coroutine(_name: str, key: str) -> list[PublishCommand]:
    await asyncio.sleep(0)
    return _order(key)


def _returns_awaitable(name: str, key: str) -> object:
    return _coroutine(name, key)


def _with_event(_name: str, _key: str, occurred: ObjectEvent) -> list[PublishCommand]:
    return _order(occurred.key)


def _with_optional_event(_name: str, _key: str, occurred: ObjectEvent | None = None) -> list[PublishCommand]:
    return _order(occurred.key if occurred else "no event")


def _with_any(*arguments: object) -> list[PublishCommand]:
    assert len(arguments) == 3
    return _order(str(arguments[1]))


class _AsyncObject:
    async def __call__(self, name: str, key: str) -> list[PublishCommand]:
        return await _coroutine(name, key)


@pytest.mark.parametrize(
    "callback",
    [
        _plain,
        _coroutine,
        _returns_awaitable,
        _with_event,
        _with_optional_event,
        _with_any,
        _AsyncObject(),
        partial(_with_event, occurred=parse(record())),
        lambda _name, key: tuple(_order(key)),
    ],
)
def test_every_kind_of_callback_works(callback: Callable[..., object]) -> None:
    """Plain and async callbacks of two or three positional parameters, and what stands in for one, are all called."""
    queues = Queues()
    assert make_handler(callback, topics=TOPICS, sqs=queues)(event(record()), None) == {"records": 1, "commands": 1}
    assert queues.ids == ["in/a.csv"]


def test_a_callback_is_given_name_key_and_event() -> None:
    """The three arguments are the event's name, the decoded key, and the ObjectEvent of that very record."""
    seen: list[tuple[str, str, ObjectEvent]] = []

    def callback(name: str, key: str, occurred: ObjectEvent) -> None:
        seen.append((name, key, occurred))

    given = event(record("in/a b.csv"))
    assert make_handler(callback)(given, None) == {"records": 1, "commands": 0}
    assert seen == [("ObjectCreated:Put", "in/a b.csv", parse(record("in/a b.csv")))]


def _no_parameters() -> None: ...


def _four_parameters(_a: str, _b: str, _c: str, _d: str) -> None: ...


def _keyword_needed(_a: str, _b: str, *, mode: str) -> None: ...


@pytest.mark.parametrize("callback", [_no_parameters, _four_parameters, _keyword_needed, "handler:handle_event", None])
def test_a_callback_that_cannot_be_called_is_refused_at_once(callback: object) -> None:
    """A callback that takes other arguments, or is no function, is refused when the handler is made, by its name."""
    with pytest.raises(CallbackError) as refused:
        make_handler(callback)  # type: ignore[arg-type]  # the mistake in question
    assert getattr(callback, "__name__", repr(callback)) in str(refused.value)


def test_plain_callbacks_run_at_the_same_time() -> None:
    """Eight plain callbacks that wait for one another all come to an end, so slow ones take about one's time."""
    together = threading.Barrier(8, timeout=PATIENCE)

    def callback(_name: str, _key: str) -> None:
        together.wait()

    records = [record(f"in/{n}.csv") for n in range(8)]
    assert make_handler(callback)(event(*records), None)["records"] == 8


def test_async_callbacks_run_at_the_same_time() -> None:
    """As many async callbacks as may run at once, waiting for one another, all come to an end."""
    together = asyncio.Barrier(32)

    async def callback(_name: str, _key: str) -> None:
        async with asyncio.timeout(PATIENCE):
            await together.wait()

    records = [record(f"in/{n}.csv") for n in range(32)]
    assert make_handler(callback)(event(*records), None)["records"] == 32


def test_at_most_32_plain_callbacks_run_at_the_same_time() -> None:
    """Of 64 plain callbacks 32 run together, on as many threads, and no more."""
    threads: set[int] = set()
    full = threading.Barrier(32, timeout=PATIENCE)

    def callback(_name: str, _key: str) -> None:
        threads.add(threading.get_ident())
        full.wait()

    records = [record(f"in/{n}.csv") for n in range(64)]
    assert make_handler(callback)(event(*records), None)["records"] == 64
    assert len(threads) == 32


def test_the_event_loop_stays_from_one_invocation_to_the_next() -> None:
    """What an async callback binds to the loop and keeps, such as an HTTP session, is good for the next event."""
    loops: list[asyncio.AbstractEventLoop] = []

    async def callback(_name: str, _key: str) -> None:
        loops.append(asyncio.get_running_loop())

    handler = make_handler(callback)
    handler(event(record()), None)
    handler(event(record()), None)
    assert loops[0] is loops[1]


def _generator(_name: str, _key: str) -> Iterator[PublishCommand]:
    yield from _order("o-1")


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        (PublishCommand("orders", "o-1", {}), "returned PublishCommand"),
        ("orders", "returned str 'orders'"),
        ({"orders": "o-1"}, "returned dict"),
        (0, "returned int 0"),
        ([PublishCommand("orders", "o-1", {}), {"topic": "orders"}], "item 2 is dict"),
        ([None], "item 1 is NoneType"),
    ],
)
def test_a_wrong_return_fails_its_record_by_name(returned: object, told: str) -> None:
    """What is no list of actions fails the record; the failure names the callback and shows what came."""

    def give(_name: str, _key: str) -> object:
        return returned

    queues = Queues()
    failed = failure_of(make_handler(give, topics=TOPICS, sqs=queues), event(record()))
    assert told in str(failed)
    assert f"{give.__module__}.{give.__qualname__}" in str(failed)
    assert queues.sent == []


def test_a_generator_is_no_list() -> None:
    """A callback with `yield` fails its record, rather than being run after all callbacks should have ended."""
    assert "returned generator" in str(failure_of(make_handler(_generator), event(record())))


def test_a_callback_sees_the_callers_context_variables() -> None:
    """What tracing or logging keeps in context variables reaches plain and async callbacks."""
    trace = ContextVar("trace", default="none")
    seen: list[str] = []

    async def on_the_loop(_name: str, _key: str) -> None:
        seen.append(trace.get())

    def in_a_thread(_name: str, _key: str) -> None:
        seen.append(trace.get())

    trace.set("root=1")
    for callback in (on_the_loop, in_a_thread):
        make_handler(callback)(event(record()), None)
    assert seen == ["root=1", "root=1"]
