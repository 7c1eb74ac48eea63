"""Commands go to their queues in batches, in their order; what AWS did not take of a batch goes again, alone.

A batch holds consecutive commands for one queue, at most ten and at most 1 MiB in all (SQS API reference,
SendMessageBatch). The next batch leaves when all of the one before is taken or given up: no later batch overtakes.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from task_runtime.deadline import Deadline, OutOfTimeError
from task_runtime.fields import reason
from task_runtime.messages import MAX_BODY_BYTES, Entry, Message
from task_runtime.progress import Progress

MAX_ENTRIES = 10
PAUSES = (0.1, 0.4, 1.6)  # seconds before an entry that failed on AWS's side is sent again

# What makes SQS refuse a whole call though one entry alone is to blame (SQS API reference, SendMessageBatch, Errors).
_ONE_ENTRYS_FAULT = {
    "InvalidMessageContents",
    "InvalidParameterValue",
    "InvalidParameterValueException",
    "AWS.SimpleQueueService.BatchRequestTooLong",
    "BatchRequestTooLong",
}


class SendError(RuntimeError):
    """SQS did not take a command. Those after it in the record's list are not sent, but for the rest of its batch."""


class Sqs(Protocol):
    """What the runtime uses of an SQS client; boto3's has it, and a test's own class needs no more."""

    @property
    def send_message_batch(self) -> Callable[..., Any]:
        """Send the `Entries` to the queue `QueueUrl`; of the answer `Failed` is read."""


@dataclass(frozen=True)
class Letter:
    """A message on its way: whose it is, and which of that record's actions."""

    message: Message
    progress: Progress
    position: int


class Outbox:
    """Gathers messages into batches and sends each batch when it is full, or when the next message cannot join it."""

    def __init__(self, sqs: Sqs, deadline: Deadline, sleep: Callable[[float], object] = time.sleep) -> None:
        self._sqs = sqs
        self._deadline = deadline
        self._sleep = sleep
        self._waiting: list[Letter] = []
        self._size = 0

    def add(self, letter: Letter) -> None:
        """Take a message, in its turn."""
        if not self._fits(letter.message):
            self.flush()
        self._waiting.append(letter)
        self._size += letter.message.size

    def flush(self) -> None:
        """Send what waits. Whatever AWS does not take fails its record."""
        batch = [letter for letter in self._waiting if letter.progress.error is None]
        self._waiting, self._size = [], 0
        if batch:
            self._send(batch)

    def _fits(self, message: Message) -> bool:
        if not self._waiting:
            return True
        is_same = self._waiting[0].message.queue_url == message.queue_url
        return is_same and len(self._waiting) < MAX_ENTRIES and self._size + message.size <= MAX_BODY_BYTES

    def _send(self, batch: list[Letter]) -> None:
        try:
            refused = self._attempt(batch)
        except Exception as error:  # noqa: BLE001 - whatever ends the call ends these records, and no others
            if len(batch) > 1 and _code(error) in _ONE_ENTRYS_FAULT:
                for letter in batch:
                    self._send_alone(letter)
                return
            for letter in batch:
                _give_up(letter, error)
            return
        for letter, why in refused:
            self._settle(letter, why)

    def _send_alone(self, letter: Letter) -> None:
        if letter.progress.error is None:
            self._send([letter])

    def _settle(self, letter: Letter, refused: Mapping[str, Any]) -> None:
        """Send a refused message again, after a while, unless the mistake is ours or its record has failed."""
        for pause in PAUSES:
            if letter.progress.error is not None:
                return
            if refused.get("SenderFault") or not self._deadline.allows(pause):
                break
            self._sleep(pause)
            try:
                again = self._attempt([letter])
            except Exception as error:  # noqa: BLE001 - as above
                _give_up(letter, error)
                return
            if not again:
                return
            refused = again[0][1]
        _give_up(letter, SendError(f"{refused.get('Code', 'no code')}: {refused.get('Message', 'SQS gave no reason')}"))

    def _attempt(self, batch: list[Letter]) -> list[tuple[Letter, Mapping[str, Any]]]:
        """Send a batch once; give what was refused, with the reason."""
        if not self._deadline.allows():
            raise OutOfTimeError("no time was left to send it")
        entries = [_entry(letter, number) for number, letter in enumerate(batch)]
        answer = self._sqs.send_message_batch(QueueUrl=batch[0].message.queue_url, Entries=entries) or {}
        refused = {str(failed.get("Id")): failed for failed in answer.get("Failed") or ()}
        for number, letter in enumerate(batch):
            letter.progress.sent += str(number) not in refused
        return [(letter, refused[str(number)]) for number, letter in enumerate(batch) if str(number) in refused]


def _entry(letter: Letter, number: int) -> Entry:
    return {**letter.message.entry, "Id": str(number)}


def _give_up(letter: Letter, error: Exception) -> None:
    progress = letter.progress
    if progress.error is None:
        words = str(error) if isinstance(error, SendError) else reason(error)
        failure = SendError(f"{progress.named(letter.position)} was not sent, nor was any batch after it: {words}")
        failure.__cause__ = error
        progress.error = failure


def _code(error: Exception) -> object:
    """Give the code of a botocore ClientError, without an import of botocore."""
    response = getattr(error, "response", None)
    found = response.get("Error", {}) if isinstance(response, Mapping) else {}
    return found.get("Code") if isinstance(found, Mapping) else None
