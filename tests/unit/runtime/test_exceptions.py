import asyncio
from collections.abc import Callable

import pytest

from task_runtime import PublishCommand, make_handler
from tests.unit.runtime.samples import TOPICS, Queues, event, failure_of, record


def _order(command_id: str) -> list[PublishCommand]:
    return [PublishCommand("orders", command_id, {})]


def _stops(_name: str, _key: str) -> None:
    next(iter([]))


async def _stops_async(_name: str, _key: str) -> None:
    next(iter([]))


def _exits(_name: str, _key: str) -> None:
    raise SystemExit(3)


async def _exits_async(_name: str, _key: str) -> None:
    raise SystemExit(3)


async def _task_exits(name: str, key: str) -> None:
    await asyncio.gather(_exits_async(name, key), asyncio.sleep(0))


async def _cancelled(_name: str, _key: str) -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize("callback", [_stops, _stops_async, _exits, _exits_async, _task_exits, _cancelled])
def test_no_exception_stops_the_others(callback: Callable[..., object]) -> None:
    """Exceptions that mean something to futures and event loops end one record like any other exception."""

    def one_bad(name: str, key: str) -> object:
        return callback(name, key) if key == "bad" else _order(key)

    queues = Queues()
    failed = failure_of(make_handler(one_bad, topics=TOPICS, sqs=queues), event(record("bad"), record("good")))
    assert [failure.record for failure in failed.failures] == ["bad (ObjectCreated:Put)"]
    assert queues.ids == ["good"]


class _WordlessError(Exception):
    def __str__(self) -> str:
        raise LookupError("no words")


def test_an_exception_without_words_fails_its_record() -> None:
    """A user's exception whose own `__str__` fails is told by its type, and the other records are carried out."""

    def callback(_name: str, key: str) -> list[PublishCommand]:
        if key == "bad":
            raise _WordlessError
        return _order(key)

    queues = Queues()
    failed = failure_of(make_handler(callback, topics=TOPICS, sqs=queues), event(record("bad"), record("good")))
    assert str(failed.failures[0]) == "bad (ObjectCreated:Put): _WordlessError"
    assert queues.ids == ["good"]
