"""Asynchronous invocation: events wait in a queue, are tried again, grow too old, and end as failure records.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html; the waits between tries (1 and 2
minutes on AWS) are shortened.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from task_deployer.local.function import Answer, AsyncConfig, Function

# So many at once, the rest waits. AWS starts a sandbox for each event; here it is the starting that takes the time.
CONCURRENCY = 4 * (os.cpu_count() or 1)
# Lambda's loop detection ends a chain "approximately 16 times" long:
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
LONGEST_CHAIN = 16
Condition = Literal["RetriesExhausted", "EventAgeExceeded"]
Find = Callable[[str, str], Function | None]
Run = Callable[[Function, bytes, str, int], Answer]
Send = Callable[[Function, str], None]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AsyncEvent:
    """An event on its way to a function: how often it was tried, and how many functions caused each other before."""

    region: str
    function: str
    payload: bytes
    request_id: str
    tries: int = 0
    chain: int = 0
    accepted: float = field(default_factory=time.monotonic)


def next_step(config: AsyncConfig, tries: int, age: float, waits: Sequence[float]) -> float | Condition:
    """Says what follows the failure of try number `tries`: seconds to wait for the next, or why there is none."""
    if tries > config.attempts:
        return "RetriesExhausted"
    wait = waits[min(tries, len(waits)) - 1]
    return "EventAgeExceeded" if age + wait > config.max_age_seconds else wait


def failure_record(function: Function, event: AsyncEvent, answer: Answer, condition: Condition) -> str:
    """Writes the record that Lambda sends to the OnFailure destination."""
    return json.dumps(
        {
            "version": "1.0",
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "requestContext": {
                "requestId": event.request_id,
                "functionArn": f"{function.arn}:$LATEST",
                "condition": condition,
                "approximateInvokeCount": event.tries,
            },
            "requestPayload": json.loads(event.payload),
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": answer.error},
            "responsePayload": json.loads(answer.payload),
        }
    )


class AsyncEvents:
    """The queue. `find` gives the function as it is at each try, `run` runs it, `send_failure` delivers a record."""

    def __init__(self, *, find: Find, run: Run, send_failure: Send, waits: Sequence[float]) -> None:
        self._find = find
        self._run = run
        self._send_failure = send_failure
        self._waits = waits
        self._pool = ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="async-event")
        self._closed = False

    def accept(self, event: AsyncEvent) -> None:
        """Takes the event and returns; it is tried as soon as there is room."""
        if not self._closed:
            self._pool.submit(self._try, event)

    def close(self) -> None:
        """Takes no more, forgets what waits, and lets what runs end by itself."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _try(self, event: AsyncEvent) -> None:
        try:
            self._try_once(replace(event, tries=event.tries + 1))
        except Exception:  # a thread's border: nobody else would tell of a bug
            if not self._closed:
                log.exception("An event for %s was lost", event.function)

    def _try_once(self, event: AsyncEvent) -> None:
        function = self._find(event.region, event.function)
        if function is None:
            return  # deleted meanwhile: its queued events are gone with it, as on AWS
        answer = self._run(function, event.payload, event.request_id, event.chain)
        if answer.error is None:
            return
        step = next_step(function.asynchronous, event.tries, time.monotonic() - event.accepted, self._waits)
        if isinstance(step, str):
            self._send_failure(function, failure_record(function, event, answer, step))
            return
        later = threading.Timer(step, self.accept, (event,))
        later.daemon = True
        later.start()
