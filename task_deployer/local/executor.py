"""Runs functions: a sandbox for each concurrent execution, kept warm, thrown away when it failed or is outdated."""

import base64
import itertools
import threading
import time
from collections.abc import Callable

from task_deployer.local.function import Answer, Function
from task_deployer.local.log_lines import Report, events_of, tail_of
from task_deployer.local.runtime_api import Invocation
from task_deployer.local.sandbox import Credentials, Host, Outcome, Sandbox

IDLE_SECONDS = 300.0

Assume = Callable[[Function, str], Credentials]
Publish = Callable[[Function, str, tuple[str, ...]], None]


class Executor:
    """The sandboxes of all functions. `assume` gives a role's credentials, `publish` takes log events of a stream."""

    def __init__(
        self,
        host: Host,
        *,
        assume: Assume,
        publish: Publish,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._host = host
        self._assume = assume
        self._publish = publish
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._idle: dict[str, list[Sandbox]] = {}
        self._all: set[Sandbox] = set()
        self._chains: dict[str, int] = {}
        self._numbers = itertools.count(1)
        self._closed = threading.Event()
        threading.Thread(target=self._sweep, daemon=True).start()

    def run(self, function: Function, payload: bytes, request_id: str, chain: int = 0) -> Answer:
        """Runs the function once and gives its answer; a failure of the function is an answer too.

        `chain` is how many functions caused each other before this one; see `chain_of`.
        """
        sandbox, started_now = self._lease(function)
        self._chains[sandbox.access_key] = chain
        began = time.monotonic()
        outcome = (sandbox.wait_until_ready(request_id) if started_now else None) or sandbox.run(
            Invocation(request_id, function.arn, payload, function.timeout_seconds)
        )
        report = Report(
            request_id=request_id,
            duration_ms=(time.monotonic() - began - (sandbox.init_seconds if started_now else 0)) * 1000,
            memory_mb=function.memory_mb,
            used_mb=sandbox.peak_memory_mb(),
            init_ms=sandbox.init_seconds * 1000 if started_now else None,
        )
        try:
            tail = self._tell(function, sandbox, outcome, report)
        finally:
            self._give_back(function, sandbox, outcome)
        return Answer(outcome.payload, "Unhandled" if outcome.failed else None, base64.b64encode(tail))

    def chain_of(self, access_key: str) -> int:
        """How long the chain is that a call signed with this key belongs to; 0 for a call from outside."""
        return self._chains.get(access_key, -1) + 1

    def retire(self, function_arn: str) -> None:
        """Ends what is kept warm for a function that is gone: idle sandboxes now, busy ones once they have answered."""
        with self._lock:
            idle = self._idle.pop(function_arn, [])
            for sandbox in self._all:
                sandbox.retired = sandbox.retired or sandbox.function_arn == function_arn
        self._discard(*idle)

    def close(self) -> None:
        """Ends all sandboxes; nothing is run afterwards."""
        self._closed.set()
        with self._lock:
            doomed = tuple(self._all)
            self._idle.clear()
            self._all.clear()
        for sandbox in doomed:
            sandbox.close()

    def _lease(self, function: Function) -> tuple[Sandbox, bool]:
        with self._lock:
            waiting = self._idle.get(function.arn, [])
            current = [sandbox for sandbox in waiting if sandbox.is_alive and sandbox.revision == function.revision]
            outdated = [sandbox for sandbox in waiting if sandbox not in current]
            warm = current.pop() if current else None
            self._idle[function.arn] = current
        self._discard(*outdated)
        return (warm, False) if warm else (self._start(function), True)

    def _start(self, function: Function) -> Sandbox:
        with self._lock:
            number = next(self._numbers)
        sandbox = Sandbox(function, self._host, str(number), self._assume(function, function.name))
        with self._lock:
            self._all.add(sandbox)
        if self._closed.is_set():
            self._discard(sandbox)
        return sandbox

    def _tell(self, function: Function, sandbox: Sandbox, outcome: Outcome, report: Report) -> bytes:
        events = events_of(sandbox.new_output() + outcome.note, report)
        self._publish(function, sandbox.log_stream, events)
        return tail_of(events)

    def _give_back(self, function: Function, sandbox: Sandbox, outcome: Outcome) -> None:
        sandbox.idle_since = time.monotonic()
        with self._lock:
            kept = outcome.reusable and not sandbox.retired and sandbox in self._all
            if kept:
                self._idle.setdefault(function.arn, []).append(sandbox)
        if not kept:
            self._discard(sandbox)

    def _discard(self, *sandboxes: Sandbox) -> None:
        for sandbox in sandboxes:
            with self._lock:
                ours = sandbox in self._all
                self._all.discard(sandbox)
                self._chains.pop(sandbox.access_key, None)
            if ours:
                sandbox.close()

    def _sweep(self) -> None:
        while not self._closed.wait(self._idle_seconds / 10):
            too_old = time.monotonic() - self._idle_seconds
            with self._lock:
                doomed = [s for waiting in self._idle.values() for s in waiting if s.idle_since < too_old]
                self._idle = {arn: [s for s in waiting if s not in doomed] for arn, waiting in self._idle.items()}
            self._discard(*doomed)
