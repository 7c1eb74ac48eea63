"""One walk over a graph of changes, as wide as its edges allow.

One thread, the caller's, decides, records and reports; the workers only speak to AWS. A failed change stops what
depends on it and nothing else.
"""

import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from queue import Empty, SimpleQueue
from threading import Event as Flag
from typing import TypeVar

from task_deployer.aws import Aws
from task_deployer.errors import AccountChangedError, CredentialsError, Interrupted, TaskDeployError
from task_deployer.events import Come, Emptying, Event, Failed, Finished, Outcome, Reporter, Skipped, Started, Waiting
from task_deployer.in_flight import BEAT, working_for
from task_deployer.plan import Action, Change
from task_deployer.refusals import CALL_ERRORS, explain
from task_deployer.resources import KINDS
from task_deployer.resources.base import Address
from task_deployer.retry import Patience
from task_deployer.throttle import persistently

T = TypeVar("T")


@dataclass(frozen=True)
class Means:
    """What an execution works with: the clients, how many workers, whom to tell, the flag that says stop.

    The clients' patience says what time it is; to wait is to wait for the flag.
    """

    aws: Aws
    report: Reporter
    workers: int = 16
    stop: Flag = field(default_factory=Flag)


class Waits:
    """The workers' side of telling: they wait here, and the calling thread reports why."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._told: SimpleQueue[Event] = SimpleQueue()

    def do(self, address: Address, job: Callable[[Aws], T]) -> T:
        """Do a job of this address: what it waits for is told as that one's."""
        since = dict[str, float]()
        try:
            return working_for(address, lambda: job(self._aws_for(address, since)))
        finally:
            for reason in since:
                self._told.put(Come(address, reason))

    def _aws_for(self, address: Address, since: dict[str, float]) -> Aws:
        """The clients, with the patience of one job: it ends when asked to stop, and tells what it waits for."""
        now = self._means.aws.patience.now

        def tell(reason: str) -> None:
            time = now()
            self._told.put(Waiting(address, reason, time - since.setdefault(reason, time)))

        def progress(removed: int, total: int | None) -> None:
            self._sleep(0)
            self._told.put(Emptying(address, removed, total))

        return self._means.aws.waiting_with(Patience(self._sleep, tell, now, progress))

    def report(self) -> None:
        """Report what was told meanwhile, and what has not been answered for long. The calling thread's."""
        self._means.aws.lookout.tell()
        while True:
            try:
                self._means.report(self._told.get_nowait())
            except Empty:
                return

    def _sleep(self, seconds: float) -> None:
        if self._means.stop.wait(seconds):
            raise Interrupted("Stopped while waiting for AWS", detail="The manifest says what was begun.")


@dataclass(frozen=True)
class Steps:
    """What is done with one change: before its job and after it on the calling thread, its job on a worker."""

    intend: Callable[[Change], None]
    job: Callable[[Change, Aws], None]
    settle: Callable[[Change], None]
    failed: Callable[[Change, TaskDeployError], None] = lambda _change, _error: None
    """Its job failed: where that says that nothing of ours was made, no promise may stay on record."""


class Walk:
    """`edges` gives for each address those that must be done before it. A walk is run once."""

    def __init__(
        self, changes: tuple[Change, ...], edges: Mapping[Address, set[Address]], steps: Steps, means: Means
    ) -> None:
        self._changes = {change.address: change for change in changes}
        self._edges = edges
        self._sorter = TopologicalSorter({address: sorted(before) for address, before in edges.items()})
        self._steps = steps
        self._means = means
        self._ready: deque[Address] = deque()
        self._waits = Waits(means)
        self._running: dict[Future[float], Change] = {}
        self._done: list[Address] = []
        self._failed: list[Failed] = []
        self._going_with: defaultdict[Address, list[Address]] = defaultdict(list)
        for change in changes:
            if change.goes_with is not None:
                self._going_with[change.goes_with].append(change.address)

    def run(self) -> Outcome:
        """Walk until nothing is ready and nothing runs.

        (The sorter's `is_active` stays true for ever after a node that failed: it is never marked done.)
        """
        self._sorter.prepare()
        with ThreadPoolExecutor(self._means.workers) as pool:
            try:
                self._start_ready(pool)
                while self._running:
                    self._waits.report()
                    ended, _ = wait(self._running, timeout=BEAT, return_when=FIRST_COMPLETED)
                    for job in ended:
                        self._finish(job)
                    self._start_ready(pool)
            except BaseException:
                self._means.stop.set()  # wakes what waits; the pool then lets calls in flight end
                raise
        self._waits.report()
        return self._outcome()

    def _start_ready(self, pool: ThreadPoolExecutor) -> None:
        """Start what is ready, one change for each free worker: what the pool has taken, a stop could not hold back."""
        while not self._means.stop.is_set():
            self._ready.extend(self._sorter.get_ready())
            if not self._ready or len(self._running) == self._means.workers:
                return
            self._start(self._changes[self._ready.popleft()], pool)

    def _start(self, change: Change, pool: ThreadPoolExecutor) -> None:
        if change.goes_with is not None:  # it is over when the one that takes it along is
            self._sorter.done(change.address)
        elif change.action is Action.KEEP:
            self._steps.settle(change)
            self._sorter.done(change.address)
        else:
            self._steps.intend(change)
            self._means.report(Started(change))
            self._running[pool.submit(self._work, change)] = change

    def _work(self, change: Change) -> float:
        begun, api = time.monotonic(), KINDS[change.kind].rights.api

        def job(aws: Aws) -> None:
            persistently(aws.patience, aws.pace, api, lambda: self._steps.job(change, aws))

        self._waits.do(change.address, job)
        return time.monotonic() - begun

    def _finish(self, job: Future[float]) -> None:
        change = self._running.pop(job)
        try:
            seconds = job.result()
        except TaskDeployError as error:
            self._fail(change, error)
        except CALL_ERRORS as error:
            explained = explain(error, change.address)
            explained.__cause__ = error
            self._fail(change, explained)
        else:
            self._steps.settle(change)
            self._sorter.done(change.address)
            self._done += [*self._going_with[change.address], change.address]
            self._means.report(Finished(change, seconds))

    def _fail(self, change: Change, error: TaskDeployError) -> None:
        error.address = error.address or change.address
        if isinstance(error, Interrupted):
            return
        self._steps.failed(change, error)
        if isinstance(error, AccountChangedError | CredentialsError):
            self._means.stop.set()  # nothing else can succeed
        failed = Failed(change, error)
        self._failed.append(failed)
        self._means.report(failed)

    def _outcome(self) -> Outcome:
        over = {*self._done, *(failed.change.address for failed in self._failed)}
        skipped = [
            change
            for change in self._changes.values()
            if change.action is not Action.KEEP and change.address not in over
        ]
        for change in skipped:
            self._means.report(Skipped(change, self._because(change)))
        return Outcome(
            tuple(address for address in self._done if not self._changes[address].gone),
            tuple(self._failed),
            tuple(change.address for change in skipped),
            stopped=self._means.stop.is_set(),
        )

    def _because(self, change: Change) -> str:
        """Name the failure that this change waited for, however far before it; without one the walk was stopped."""
        failed = {failure.change.address for failure in self._failed}
        waiting, met = [change.goes_with or change.address], set[Address]()
        while waiting:
            address = waiting.pop()
            if address in failed:
                return f"{address} failed"
            met.add(address)
            waiting.extend(self._edges.get(address, set()) - met)
        return "stopped"
