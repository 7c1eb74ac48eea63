"""One invocation of the function, from what came to the answer. `make_handler` puts the parts together."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from task_runtime import settings, telemetry
from task_runtime.callbacks import Callback
from task_runtime.clients import Lazy, make_sqs
from task_runtime.deadline import Deadline
from task_runtime.dispatch import Answer, Dispatcher
from task_runtime.events import EventError, ObjectEvent
from task_runtime.execute import Executor, GroupHeldError
from task_runtime.ordering import Plan, Sightings, plan
from task_runtime.outcomes import Answered, Outcome
from task_runtime.progress import Progress
from task_runtime.publish import Sqs
from task_runtime.settings import given_or
from task_runtime.sources import Received, read
from task_runtime.storage import S3, Storage

Handler: TypeAlias = Callable[[Any, Any], Answered]


def make_handler(  # noqa: PLR0913 - each is a setting of its own, by name alone, and none is needed
    callback: Callback,
    *,
    topics: Mapping[str, str] | None = None,
    buckets: Mapping[str, str] | None = None,
    service: str | None = None,
    concurrency: int | None = None,
    skip_stale: bool | None = None,
    metrics_namespace: str | None = None,
    sqs: Sqs | None = None,
    s3: S3 | None = None,
    sleep: Callable[[float], object] = time.sleep,
) -> Handler:
    """Make a Lambda handler, `handler(event, context)`, that runs a callback for every S3 record of an event.

    `callback` takes `(event_name, key)` or `(event_name, key, event)`, is async or not, and returns a list of
    actions, or None. `topics` maps topic names to queue URLs (a queue is FIFO if its URL ends in `.fifo`), `buckets`
    bucket names to Read, Write or ReadWrite; without them the deployment's are taken. `service` is the name in each
    command's `meta`; without it the function's own, or `local` outside Lambda. `concurrency`, `skip_stale` and
    `metrics_namespace` have environment variables, see docs/runtime.md. `sqs` and `s3` are anything with the methods
    of boto3's clients that the runtime uses; without them clients are made on first use.

    The handler returns what the event's sender takes for an answer: `batchItemFailures` for SQS, `results` for S3
    Batch Operations, and for all others a Summary, or it raises RecordsFailed. An event that is nothing the runtime
    knows is an EventError.

    Raises CallbackError if the callback's parameters do not fit, ValueError if a setting is broken.
    """
    telemetry.set_up()
    name = service or settings.service()
    storage = Storage(settings.checked_buckets(settings.buckets() if buckets is None else buckets), s3)
    invocation = _Invocation(
        dispatcher=Dispatcher(
            callback, settings.concurrency() if concurrency is None else settings.checked_concurrency(concurrency)
        ),
        executor=Executor(
            topics=settings.topics() if topics is None else topics,
            service=name,
            sqs=Lazy(make_sqs) if sqs is None else sqs,
            storage=storage,
            sleep=sleep,
        ),
        storage=storage,
        sightings=Sightings(),
        skip_stale=given_or(skip_stale, settings.skip_stale()),
        metrics_namespace=given_or(metrics_namespace, settings.metrics_namespace()),
        service=name,
    )
    return invocation.run


@dataclass(frozen=True)
class _Invocation:
    dispatcher: Dispatcher
    executor: Executor
    storage: Storage
    sightings: Sightings
    skip_stale: bool
    metrics_namespace: str
    service: str

    def run(self, event: object, context: object) -> Answered:
        """Work on one event, as Lambda calls it."""
        begun = time.perf_counter()
        deadline = Deadline.of(context)
        arrival = read(event)
        outcomes = self._outcomes(arrival.records, deadline)
        for outcome in outcomes:
            telemetry.tell(outcome, getattr(context, "aws_request_id", None))
        if self.metrics_namespace:
            seconds = time.perf_counter() - begun
            telemetry.measure(outcomes, seconds, namespace=self.metrics_namespace, service=self.service)
        return arrival.reply.answer(outcomes)

    def _outcomes(self, records: Sequence[Received], deadline: Deadline) -> list[Outcome]:
        """Give what becomes of each record, in their order."""
        events = {
            at: replace(one.what, storage=self.storage)
            for at, one in enumerate(records)
            if isinstance(one.what, ObjectEvent)
        }
        groups = {at: one.group for at, one in enumerate(records) if one.group is not None}
        planned = plan(events, groups)
        marked = {at: self.sightings.marked(events[at]) for at in planned.order}
        skipped = {at for at in marked if self.skip_stale and marked[at].is_stale}
        chains = [[at for at in chain if at not in skipped] for chain in planned.chains]
        answers = self.dispatcher.answers(marked, [chain for chain in chains if chain], deadline.for_callbacks)
        progresses = {
            at: Progress(marked[at], answers[at].actions, error=answers[at].error or _held_up(at, records))
            for at in planned.order
            if at in answers
        }
        self.executor.execute(((progress, groups.get(at)) for at, progress in progresses.items()), deadline)
        return [self._outcome(at, records, planned, progresses, answers) for at in range(len(records))]

    def _outcome(
        self,
        at: int,
        records: Sequence[Received],
        planned: Plan,
        progresses: Mapping[int, Progress],
        answers: Mapping[int, Answer],
    ) -> Outcome:
        record = records[at]
        outcome = Outcome(record.label, carrier=record.carrier)
        if isinstance(record.what, EventError):
            return replace(outcome, error=record.what, how="failed")
        first = planned.twins.get(at, at)
        outcome = replace(outcome, event=record.what, how="duplicate" if first != at else "done")
        if first not in progresses:
            return replace(outcome, how="stale")
        progress = progresses[first]
        if progress.error is not None:
            outcome = replace(outcome, error=progress.error, how="failed")
        if first != at:
            return outcome
        return replace(outcome, actions=len(progress.actions), commands=progress.sent, seconds=answers[at].seconds)


def _held_up(at: int, records: Sequence[Received]) -> GroupHeldError | None:
    """Give the error of a FIFO queue's message that comes after an unreadable one of its group."""
    group = records[at].group
    if group is not None and any(one.group == group and isinstance(one.what, EventError) for one in records[:at]):
        return GroupHeldError(f"an earlier message of the group {group!r:.130} is unreadable")
    return None
