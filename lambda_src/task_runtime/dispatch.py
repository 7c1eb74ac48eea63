"""The callback runs for all records at once, and one record's failure stays its own."""

import asyncio
import inspect
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

from task_runtime.actions import Action, CallbackError, actions_in
from task_runtime.events import ObjectEvent, parse

MAX_THREADS = 32  # plain callbacks at a time; more would fight for the sandbox's memory and few CPUs

Callback: TypeAlias = Callable[..., object]
Answer: TypeAlias = tuple[ObjectEvent, tuple[Action, ...]]


class Dispatcher:
    """Calls one callback: an async or a plain function of two or three positional parameters.

    Its event loop and threads stay from one invocation to the next. An HTTP session or pool that an async callback
    keeps in its module is bound to its loop, and would be broken if every invocation had a loop of its own. Lambda
    gives a sandbox one invocation at a time, and so must a caller.

    Raises CallbackError where the parameters do not fit.
    """

    def __init__(self, callback: Callback) -> None:
        self._callback = callback
        self._name = callback_name(callback)
        self._takes_event = _takes_event(callback, self._name)
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="callback"))
        weakref.finalize(self, self._loop.close)

    def answers(self, records: Sequence[object]) -> list[Answer | BaseException]:
        """Call the callback for all records at once, wait for all, and give what came of each, in their order.

        An answer is the parsed event with its actions, or the exception that ended that record.
        """
        return self._loop.run_until_complete(self._gather(records))

    async def _gather(self, records: Sequence[object]) -> list[Answer | BaseException]:
        return await asyncio.gather(*map(self._answer, records), return_exceptions=True)

    async def _answer(self, record: object) -> Answer:
        event = parse(record)
        try:
            returned = await self._returned(event)
        except SystemExit as error:  # would end the event loop, and with it the other records
            raise RuntimeError(f"{self._name} called sys.exit({error.code!r})") from error
        return event, actions_in(returned, self._name)

    async def _returned(self, event: ObjectEvent) -> object:
        arguments = (event.name, event.key, event) if self._takes_event else (event.name, event.key)
        if inspect.iscoroutinefunction(self._callback):
            return await self._callback(*arguments)
        returned = await asyncio.to_thread(self._call, arguments)
        return await returned if inspect.isawaitable(returned) else returned

    def _call(self, arguments: tuple[object, ...]) -> object:
        try:
            return self._callback(*arguments)
        except StopIteration as error:  # before Python 3.12 a future cannot hold one, and would wait for ever
            raise RuntimeError(f"{self._name} raised StopIteration") from error


def callback_name(callback: object) -> str:
    """Give the name by which messages call a callback: `module.function` where it has one."""
    name = getattr(callback, "__qualname__", None)
    return f"{getattr(callback, '__module__', '?')}.{name}" if name else repr(callback)


def _takes_event(callback: Callback, name: str) -> bool:
    if not callable(callback):
        raise CallbackError(f"the callback {name} is no function but {type(callback).__name__}")
    signature = inspect.signature(callback)
    if _fits(signature, 3):
        return True
    if _fits(signature, 2):
        return False
    raise CallbackError(f"{name}{signature} cannot be called with (event_name, key), nor with (event_name, key, event)")


def _fits(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True
