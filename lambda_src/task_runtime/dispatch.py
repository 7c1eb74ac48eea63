"""The callback runs for many records at once, and one record's failure stays its own."""

import asyncio
import contextvars
import inspect
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from task_runtime.actions import Action, actions_in
from task_runtime.callbacks import Callback, callback_name, takes_event, tamed
from task_runtime.deadline import OutOfTimeError
from task_runtime.events import ObjectEvent
from task_runtime.workshop import Workshop


@dataclass(frozen=True)
class Answer:
    """What came of one record's callback: actions, or the exception that ended it; and how many seconds it took."""

    actions: tuple[Action, ...] = ()
    error: BaseException | None = None
    seconds: float = 0.0


class Dispatcher:
    """Calls one callback: an async or a plain function of two or three positional parameters.

    At most `concurrency` calls run at once. The event loop and the threads stay from one invocation to the next: an
    HTTP session or pool that an async callback keeps in its module is bound to its loop, and would be broken if every
    invocation had a loop of its own. Lambda gives a sandbox one invocation at a time, and so must a caller.

    Raises CallbackError where the parameters do not fit.
    """

    def __init__(self, callback: Callback, concurrency: int) -> None:
        self._callback = callback
        self._name = callback_name(callback)
        self._takes_event = takes_event(callback)
        self._concurrency = concurrency
        self._workshop = Workshop(concurrency)

    def answers(
        self, events: Mapping[int, ObjectEvent], chains: Sequence[Sequence[int]], seconds: float | None = None
    ) -> dict[int, Answer]:
        """Call the callback for all events and give what came of each, by its place.

        A chain's events are called one after another, chains at once. What has not ended in so many seconds gets
        OutOfTimeError for an answer: async callbacks are cancelled; a thread cannot be, so a plain callback may run
        on beside the next invocation, and what it returns is dropped.
        """
        ended: dict[int, Answer] = {}
        if chains:
            self._workshop.run(partial(self._all, events, chains, ended), seconds)
        in_time = dict(ended)  # a copy: what ends from now on ends too late
        return {place: in_time.get(place) or self._too_late(seconds or 0.0) for chain in chains for place in chain}

    def _too_late(self, seconds: float) -> Answer:
        text = f"{self._name} had not ended after {seconds:.1f} s, all the time that callbacks could be given"
        return Answer(error=OutOfTimeError(text), seconds=seconds)

    async def _all(
        self, events: Mapping[int, ObjectEvent], chains: Sequence[Sequence[int]], ended: dict[int, Answer]
    ) -> None:
        waiting = iter(chains)  # shared: whoever is free takes the next chain
        workers = min(self._concurrency, len(chains))
        await asyncio.gather(*(self._work(events, waiting, ended) for _ in range(workers)))

    async def _work(
        self, events: Mapping[int, ObjectEvent], waiting: Iterator[Sequence[int]], ended: dict[int, Answer]
    ) -> None:
        for chain in waiting:
            for place in chain:
                answer = await self._answer(events[place])
                if _is_over():  # a callback may swallow its cancellation: it has not ended well, and no other is begun
                    return
                ended[place] = answer

    async def _answer(self, event: ObjectEvent) -> Answer:
        begun = time.perf_counter()
        try:
            actions = actions_in(await self._returned(event), self._name)
        except BaseException as error:  # the border between records: whatever ends one leaves the others alone
            if isinstance(error, asyncio.CancelledError) and _is_over():
                raise
            return Answer(error=tamed(error, self._name), seconds=time.perf_counter() - begun)
        return Answer(actions, seconds=time.perf_counter() - begun)

    async def _returned(self, event: ObjectEvent) -> object:
        arguments = (event.name, event.key, event) if self._takes_event else (event.name, event.key)
        if inspect.iscoroutinefunction(self._callback):
            return await self._callback(*arguments)
        call = partial(contextvars.copy_context().run, self._call, arguments)
        returned = await self._workshop.in_thread(call)
        return await returned if inspect.isawaitable(returned) else returned

    def _call(self, arguments: tuple[object, ...]) -> object:
        try:
            return self._callback(*arguments)
        except BaseException as error:
            # A future holds no StopIteration before Python 3.12, and an event loop is ended by SystemExit.
            raise tamed(error, self._name) from error


def _is_over() -> bool:
    """Whether the deadline has cancelled what runs here, rather than the callback having raised CancelledError."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
