"""What FIFO queues remember: a deduplication id counts for five minutes, also once its message was deleted.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html
moto looks only at the messages that still lie in the queue, and never at the group.
"""

import threading
import time
from collections.abc import Callable
from weakref import WeakKeyDictionary

from moto.sqs.models import Message, Queue

SECONDS = 300.0
Scoped = tuple[str | None, str]


class Memory:
    """Which deduplication ids each queue has taken of late. `now` is a clock in seconds that only grows."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._taken: WeakKeyDictionary[Queue, dict[Scoped, float]] = WeakKeyDictionary()

    def repeats(self, queue: Queue, message: Message) -> bool:
        """True if the queue has taken the message's id in the last five minutes; if not, it has now."""
        moved = message.approximate_receive_count > 0  # into a dead-letter queue, and nobody sent it there
        if moved or not queue.fifo_queue or not message.deduplication_id:
            return False
        by_group = queue.attributes.get("DeduplicationScope") == "messageGroup"
        scoped = (message.group_id if by_group else None, message.deduplication_id)
        now = self._now()
        with self._lock:
            known = self._taken.setdefault(queue, {})
            while known and now - next(iter(known.values())) >= SECONDS:
                del known[next(iter(known))]  # the oldest stands first
            if scoped in known:
                return True
            known[scoped] = now
            return False


def add_message_with(memory: Memory, sent: Callable[[], None]) -> Callable[..., None]:
    """What puts messages into queues: all of moto's own but its look for duplicates, and its runs in Docker.

    `sent` is told that a message came.
    """

    def add_message(self: Queue, message: Message) -> None:
        if memory.repeats(self, message):
            return  # the sender is told that all went well, as on AWS
        with self._messages_lock:
            self._messages.append(message)
            self._messages_lock.notify_all()
        sent()

    return add_message
