"""The engine: reads all at once, then carries a plan out, as wide as the references allow.

One thread, the caller's, decides, records and reports; the workers only speak to AWS. A failed change stops what
depends on it and nothing else.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter
from queue import Empty, SimpleQueue
from threading import Event as Flag

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from task_deployer.aws import Aws
from task_deployer.errors import CredentialsError, Interrupted, ResourceError, SafetyError, TaskDeployError
from task_deployer.events import Event, Failed, Finished, Outcome, Reporter, Skipped, Started, Waiting
from task_deployer.manifest import Manifest, Origin, Record, Status, with_status
from task_deployer.plan import Action, Change, Desired, Plan, Unreadable
from task_deployer.refusals import explain
from task_deployer.resources import KINDS
from task_deployer.resources.base import Address, HoldsData, Identity, Referenced, joined
from task_deployer.retry import Patience

_BEAT = 0.1
"""Seconds between two looks at what the workers have to tell."""


@dataclass(frozen=True)
class Means:
    """What an execution works with: the clients, how many workers, whom to tell, and the flag that says stop."""

    aws: Aws
    report: Reporter
    workers: int = 16
    stop: Flag = field(default_factory=Flag)


def observe_all(means: Means, things: Mapping[Address, tuple[str, Identity]]) -> dict[Address, object]:
    """Read all these (kind, identity) at once: what was seen, None for absent, or `Unreadable`.

    Raises `CredentialsError` and what is no refusal of a read; `Interrupted` when asked to stop.
    """

    def observe(kind: str, identity: Identity) -> object:
        try:
            return KINDS[kind].observe(means.aws, identity)
        except ResourceError as error:
            return Unreadable(error)
        except (ClientError, BotoCoreError, HTTPClientError) as error:
            explained = explain(error)
            if isinstance(explained, ResourceError) and isinstance(error, ClientError):
                return Unreadable(explained)
            raise explained from error

    with ThreadPoolExecutor(means.workers) as pool:
        jobs = {address: pool.submit(observe, kind, identity) for address, (kind, identity) in things.items()}
        running: set[Future[object]] = set(jobs.values())
        while running and not means.stop.is_set():
            _, running = wait(running, timeout=_BEAT, return_when=FIRST_COMPLETED)
        if means.stop.is_set():
            pool.shutdown(cancel_futures=True)
            raise Interrupted("Stopped while reading", detail="Nothing was changed.")
        seen = {address: job.result() for address, job in jobs.items()}
    return {address: _named(value, address) for address, value in seen.items()}


def execute(
    plan: Plan, desired: Mapping[Address, Desired], observed: Mapping[Address, object], manifest: Manifest, means: Means
) -> Outcome:
    """Carry the plan out: what is wanted forwards, then, if all of that went well, what goes backwards."""
    wishes = tuple(change for change in plan.changes if change.address in desired)
    outcome = _forwards(wishes, desired, observed, manifest, means)
    removals = tuple(change for change in plan.changes if change.address not in desired)
    if outcome.failed or outcome.stopped:
        because = "stopped" if outcome.stopped else "something else failed before it"
        for change in removals:
            means.report(Skipped(change, because))
        return replace(outcome, skipped=(*outcome.skipped, *(change.address for change in removals)))
    after = _backwards(removals, manifest, means)
    return replace(after, done=(*outcome.done, *after.done))


def _forwards(
    changes: tuple[Change, ...],
    desired: Mapping[Address, Desired],
    observed: Mapping[Address, object],
    manifest: Manifest,
    means: Means,
) -> Outcome:
    def record(change: Change) -> Record:
        resource = desired[change.address]
        adopted = isinstance(resource, Referenced) and resource.existing
        edges = tuple(parent.address for parent in resource.depends_on)
        return Record(resource.kind, resource.identity, edges, Origin.ADOPTED if adopted else Origin.CREATED)

    def intend(change: Change) -> None:
        if change.action is Action.KEEP:
            return
        new, old = record(change), manifest.records.get(change.address)
        identity = joined(new.identity, old.identity) if old else new.identity
        status = Status.CREATING if change.action is Action.CREATE else Status.UPDATING
        manifest.put(change.address, replace(new, identity=identity, status=status))

    def job(change: Change, aws: Aws) -> None:
        resource, seen = desired[change.address], observed.get(change.address)
        if change.action is Action.CREATE:
            resource.create(aws)
        elif change.action is Action.UPDATE and seen is not None:
            resource.update(aws, seen)

    def settle(change: Change) -> None:
        manifest.put(change.address, record(change))

    known = frozenset(manifest.records)

    def refused(change: Change) -> None:
        if change.address not in known:
            manifest.forget(change.address)

    edges = {change.address: {p.address for p in desired[change.address].depends_on} for change in changes}
    return _Walk(changes, edges, _Steps(intend, job, settle, refused), means).run()


def _backwards(changes: tuple[Change, ...], manifest: Manifest, means: Means) -> Outcome:
    records = dict(manifest.records)

    def intend(change: Change) -> None:
        if _calls(change):
            manifest.put(change.address, with_status(records[change.address], Status.DELETING))

    def job(change: Change, aws: Aws) -> None:
        kind, identity = KINDS[change.kind], records[change.address].identity
        if _calls(change):
            if change.empties and issubclass(kind, HoldsData):
                kind.empty(aws, identity)
            kind.delete(aws, identity)

    def settle(change: Change) -> None:
        if change.action is Action.DELETE or change.forgets:
            manifest.forget(change.address)

    edges: dict[Address, set[Address]] = {change.address: set() for change in changes}
    for change in changes:
        for parent in records[change.address].depends_on:
            if parent in edges:
                edges[parent].add(change.address)
    return _Walk(changes, edges, _Steps(intend, job, settle), means).run()


def _calls(change: Change) -> bool:
    return change.action is Action.DELETE and change.goes_with is None


@dataclass(frozen=True)
class _Steps:
    """What is done with one change: before its job and after it on the calling thread, its job on a worker."""

    intend: Callable[[Change], None]
    job: Callable[[Change, Aws], None]
    settle: Callable[[Change], None]
    refused: Callable[[Change], None] = lambda _: None
    """The thing turned out to be somebody else's: nothing of ours was made, so no promise may stay on record."""


class _Walk:
    """One walk over a graph of changes; `edges` gives for each address those that must be done before it."""

    def __init__(
        self, changes: tuple[Change, ...], edges: Mapping[Address, set[Address]], steps: _Steps, means: Means
    ) -> None:
        self._changes = {change.address: change for change in changes}
        self._edges = edges
        self._sorter = TopologicalSorter(edges)
        self._steps = steps
        self._means = means
        self._told: SimpleQueue[Event] = SimpleQueue()
        self._running: dict[Future[float], Change] = {}
        self._done: list[Address] = []
        self._failed: list[Failed] = []

    def run(self) -> Outcome:
        """Walk until nothing is ready and nothing runs.

        (The sorter's `is_active` stays true for ever after a node that failed: it is never marked done.)
        """
        self._sorter.prepare()
        with ThreadPoolExecutor(self._means.workers) as pool:
            try:
                self._start_ready(pool)
                while self._running:
                    self._drain_told()
                    ended, _ = wait(self._running, timeout=_BEAT, return_when=FIRST_COMPLETED)
                    for job in ended:
                        self._finish(job)
                    self._start_ready(pool)
            except BaseException:
                self._means.stop.set()  # wakes what waits; the pool then lets calls in flight end
                raise
        self._drain_told()
        return self._outcome()

    def _start_ready(self, pool: ThreadPoolExecutor) -> None:
        while not self._means.stop.is_set():
            ready = self._sorter.get_ready()
            if not ready:
                return
            for address in ready:
                self._start(self._changes[address], pool)

    def _start(self, change: Change, pool: ThreadPoolExecutor) -> None:
        if change.action is Action.KEEP or change.goes_with is not None:
            self._steps.settle(change)
            self._sorter.done(change.address)
            if change.goes_with is not None:
                self._done.append(change.address)
            return
        if self._means.stop.is_set():
            return
        self._steps.intend(change)
        self._means.report(Started(change))
        self._running[pool.submit(self._work, change)] = change

    def _work(self, change: Change) -> float:
        begun = time.monotonic()
        patience = Patience(self._sleep, lambda reason: self._told.put(Waiting(change.address, reason)))
        self._steps.job(change, self._means.aws.waiting_with(patience))
        return time.monotonic() - begun

    def _sleep(self, seconds: float) -> None:
        if self._means.stop.wait(seconds):
            raise Interrupted("Stopped while waiting for AWS", detail="The manifest says what was begun.")

    def _finish(self, job: Future[float]) -> None:
        change = self._running.pop(job)
        try:
            seconds = job.result()
        except TaskDeployError as error:
            self._fail(change, error)
        except (ClientError, BotoCoreError, HTTPClientError) as error:
            explained = explain(error, change.address)
            explained.__cause__ = error
            self._fail(change, explained)
        else:
            self._steps.settle(change)
            self._sorter.done(change.address)
            self._done.append(change.address)
            self._means.report(Finished(change, seconds))

    def _fail(self, change: Change, error: TaskDeployError) -> None:
        error.address = error.address or change.address
        if isinstance(error, Interrupted):
            return
        if isinstance(error, SafetyError):
            self._steps.refused(change)
        if isinstance(error, CredentialsError):
            self._means.stop.set()  # nothing else can succeed
        failed = Failed(change, error)
        self._failed.append(failed)
        self._means.report(failed)

    def _drain_told(self) -> None:
        while True:
            try:
                self._means.report(self._told.get_nowait())
            except Empty:
                return

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
            tuple(self._done),
            tuple(self._failed),
            tuple(change.address for change in skipped),
            stopped=self._means.stop.is_set(),
        )

    def _because(self, change: Change) -> str:
        failed = {failure.change.address for failure in self._failed}
        waiting, met = [change.address], set[Address]()
        while waiting:
            address = waiting.pop()
            if address in failed:
                return f"{address} failed"
            met.add(address)
            waiting.extend(self._edges.get(address, set()) - met)
        return "stopped"


def _named(value: object, address: Address) -> object:
    if isinstance(value, Unreadable):
        value.error.address = value.error.address or address
    return value
