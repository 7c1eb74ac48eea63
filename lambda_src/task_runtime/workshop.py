"""An event loop and a pool of threads that outlive one invocation, and are left behind if they are stuck.

The loop runs in a thread of its own, so that the invocation can end in time even where a callback blocks the loop.
"""

import asyncio
import concurrent.futures
import threading
import weakref
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

GRACE = 0.1  # seconds in which cancelled callbacks may clean up after themselves


class Workshop:
    """Runs coroutines on the loop that it keeps, and plain functions on its `threads` threads."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._place: _Place | None = None

    def run(self, work: Callable[[], Coroutine[Any, Any, None]], seconds: float | None) -> None:
        """Run a coroutine to its end, or cancel it after so many seconds."""
        if self._place is None:
            self._place = _Place(self._threads)
        ended = threading.Event()
        future = asyncio.run_coroutine_threadsafe(_until_end(work, ended), self._place.loop)
        with suppress(TimeoutError, concurrent.futures.CancelledError):
            future.result(seconds)
            return
        future.cancel()
        if not (ended.wait(GRACE) and self._place.is_free):
            self._place.leave()
            self._place = None

    async def in_thread(self, call: Callable[[], object]) -> object:
        """Run a plain function in a thread, and give what it returns."""
        place = self._place
        if place is None:  # the invocation has ended without this callback
            raise asyncio.CancelledError
        return await place.in_thread(call)


class _Place:
    def __init__(self, threads: int) -> None:
        self.loop = asyncio.new_event_loop()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="callback")
        self._busy = 0
        thread = threading.Thread(target=_run, args=(self.loop,), name="callbacks", daemon=True)
        thread.start()
        self._finalizer = weakref.finalize(self, _stop, self.loop, self._pool, thread)

    async def in_thread(self, call: Callable[[], object]) -> object:
        self._busy += 1
        future = self.loop.run_in_executor(self._pool, call)
        future.add_done_callback(self._one_less)
        return await future

    def _one_less(self, future: "asyncio.Future[object]") -> None:
        if not future.cancelled():  # a cancelled one's thread goes on
            self._busy -= 1

    @property
    def is_free(self) -> bool:
        """Whether no thread is at work any more."""
        return not self._busy

    def leave(self) -> None:
        """Take no more work; what is stuck here goes on until it ends, and holds up no one."""
        self._finalizer()


async def _until_end(work: Callable[[], Coroutine[Any, Any, None]], ended: threading.Event) -> None:
    try:
        await work()
    finally:
        ended.set()


def _run(loop: asyncio.AbstractEventLoop) -> None:
    try:
        while not _ended(loop):
            pass
    finally:
        loop.close()


def _ended(loop: asyncio.AbstractEventLoop) -> bool:
    """Run the loop until it is stopped, or until a task calls sys.exit: asyncio lets that end the loop as well."""
    try:
        loop.run_forever()
    except (SystemExit, KeyboardInterrupt):  # whoever awaits that task gets it, too
        return False
    return True


def _stop(loop: asyncio.AbstractEventLoop, pool: ThreadPoolExecutor, thread: threading.Thread) -> None:
    pool.shutdown(wait=False, cancel_futures=True)
    if not loop.is_closed():
        loop.call_soon_threadsafe(loop.stop)
    if thread is not threading.current_thread():
        thread.join(GRACE)
