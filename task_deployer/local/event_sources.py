"""Event source mappings: reads queues, runs functions with batches of messages, and deletes what they have done.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html. A message that failed shows again after a
shortened wait rather than after the queue's visibility timeout. A batch is what is there: windows are not modelled.
"""

import json
import logging
import threading
import uuid
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from task_deployer.local import moto_events, moto_queues, moto_state
from task_deployer.local.async_events import CONCURRENCY, LONGEST_CHAIN, Find, Run
from task_deployer.local.function import Answer
from task_deployer.local.moto_events import Source
from task_deployer.local.moto_queues import Received
from task_deployer.local.permissions import Verdict, judge

READ_ACTIONS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
_BEAT = 0.2  # seconds between two looks; a message that is sent is looked for at once

log = logging.getLogger(__name__)


def batch_of(source: Source, messages: Sequence[Received]) -> bytes:
    """Writes the event that Lambda makes of messages."""
    records = [
        {
            "messageId": message.id,
            "receiptHandle": message.handle,
            "body": message.body,
            "attributes": message.attributes,
            "messageAttributes": {},
            "md5OfBody": message.md5,
            "eventSource": "aws:sqs",
            "eventSourceARN": source.queue,
            "awsRegion": source.region,
        }
        for message in messages
    ]
    return json.dumps({"Records": records}).encode()


def failed_of(answer: Answer, ids: Sequence[str], *, reports_failures: bool) -> set[str]:
    """Which messages failed: all after an error and after a reply that Lambda cannot read, those named otherwise."""
    if answer.error is not None:
        return set(ids)
    if not reports_failures:
        return set()
    try:
        said = json.loads(answer.payload or b"null") or {}
        named = [item["itemIdentifier"] for item in said.get("batchItemFailures") or []]
    except (ValueError, KeyError, TypeError, AttributeError):
        return set(ids)
    unknown = set(named) - set(ids)
    return set(ids if unknown else named)


def may_read(role: str, queue: str) -> bool:
    """True if the role allows all that Lambda does with a queue on its behalf."""
    policies = moto_state.role_policies(role)
    return all(judge(policies, action, queue) is Verdict.ALLOWED for action in READ_ACTIONS)


class EventSources:
    """Reads all queues that functions are mapped to. `waits` are the seconds before a failed message shows again."""

    def __init__(self, *, find: Find, run: Run, waits: Sequence[float]) -> None:
        self._find = find
        self._run = run
        self._waits = waits
        self._running: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._awake = threading.Event()
        self._closed = False
        self._pool = ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="event-source")
        threading.Thread(target=self._read, daemon=True).start()

    def wake(self) -> None:
        """A message was sent somewhere: looks at once."""
        self._awake.set()

    def close(self) -> None:
        """Reads no more, and lets what runs end by itself."""
        self._closed = True
        self._awake.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _read(self) -> None:
        while not self._closed:
            self._awake.wait(_BEAT)
            self._awake.clear()
            for source in moto_events.sources():
                try:
                    self._take(source)
                except Exception:  # a thread's border: nobody else would tell of a bug
                    if not self._closed:
                        log.exception("The queue %s could not be read", source.queue)

    def _take(self, source: Source) -> None:
        function = self._find(source.region, source.function)
        if function is None or not may_read(function.role, source.queue):
            return
        while self._has_room(source) and (messages := moto_queues.receive(source.queue, source.batch_size)):
            with self._lock:
                self._running[source.uuid] += 1
            self._pool.submit(self._work, source, messages)

    def _has_room(self, source: Source) -> bool:
        with self._lock:
            return self._running[source.uuid] < (source.concurrency or CONCURRENCY)

    def _work(self, source: Source, messages: Sequence[Received]) -> None:
        try:
            self._run_batch(source, messages)
        except Exception:  # a thread's border, as above
            if not self._closed:
                log.exception("A batch of %s was lost until its messages show again", source.queue)
        finally:
            with self._lock:
                self._running[source.uuid] -= 1
            self.wake()

    def _run_batch(self, source: Source, messages: Sequence[Received]) -> None:
        function = self._find(source.region, source.function)
        chain = max(message.chain for message in messages)
        if function is None:
            return
        if chain >= LONGEST_CHAIN:
            log.warning("Stopped a loop: %s would run for the %dth time in one chain", function.name, chain + 1)
            for message in messages:
                moto_queues.delete(source.queue, message.handle)
            return
        answer = self._run(function, batch_of(source, messages), str(uuid.uuid4()), chain)
        failed = failed_of(answer, [message.id for message in messages], reports_failures=source.reports_failures)
        for message in messages:
            if message.id in failed:
                wait = self._waits[min(message.tries, len(self._waits)) - 1]
                moto_queues.show_again(source.queue, message.handle, wait)
            else:
                moto_queues.delete(source.queue, message.handle)
