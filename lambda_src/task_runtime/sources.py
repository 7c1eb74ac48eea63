"""Every way an S3 event can come to the function: its records, and the answer that its sender takes. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from task_runtime import envelopes, events, fields, jobs
from task_runtime.envelopes import Found
from task_runtime.events import EventError, ObjectEvent
from task_runtime.outcomes import DirectReply, JobReply, QueueReply, Reply


@dataclass(frozen=True)
class Received:
    """One record: its event or why it has none, what to call it, and the message or task that brought it."""

    what: ObjectEvent | EventError
    label: str
    carrier: str | None = None
    group: str | None = None


@dataclass(frozen=True)
class Arrival:
    """The records of one invocation, and how to answer for them."""

    records: tuple[Received, ...]
    reply: Reply


def read(event: object) -> Arrival:
    """Find out what came. Raises EventError where it is nothing that the runtime knows, naming what came."""
    if isinstance(event, Mapping) and jobs.is_job(event):
        return _from_job(event)
    messages = _queue_messages(event)
    if messages is not None:
        return _from_queue(messages)
    return Arrival(tuple(Received(*found) for found in envelopes.unwrapped(event)), DirectReply())


def _from_job(event: Mapping[str, object]) -> Arrival:
    found = jobs.tasks(event)
    ids = [task_id for task_id, _ in found]
    if len(set(ids)) < len(ids):
        raise EventError(f"the job's tasks do not have ids of their own: {fields.shown(ids)}")
    now = datetime.now(UTC)
    records = tuple(_task(task_id, task, event, now) for task_id, task in found)
    return Arrival(records, JobReply(event, ids))


def _task(task_id: str, task: object, event: Mapping[str, object], now: datetime) -> Received:
    try:
        parsed = jobs.parse(task, event, now)
    except EventError as error:
        return Received(error, jobs.label(task), task_id)
    return Received(parsed, events.label(parsed), task_id)


def _queue_messages(event: object) -> list[object] | None:
    """Give the messages of an SQS event source, None where something else came."""
    records = fields.value(event, "Records")
    if isinstance(records, list) and records and all(fields.value(one, "eventSource") == "aws:sqs" for one in records):
        return records
    return None


def _from_queue(messages: list[object]) -> Arrival:
    ids = [fields.required(message, "messageId") for message in messages]
    groups = [_group(message) for message in messages]
    records = [
        Received(*found, carrier, group)
        for message, carrier, group in zip(messages, ids, groups, strict=True)
        for found in _held(message, carrier)
    ]
    return Arrival(tuple(records), QueueReply(ids, groups))


def _held(message: object, carrier: str) -> list[Found]:
    try:
        return list(envelopes.message(fields.value(message, "body")))
    except EventError as error:
        return [Found(error, f"the message {carrier:.100}")]


def _group(message: object) -> str | None:
    """Give the group of a message from a FIFO queue; on standard queues groups are for fairness, not for order."""
    if (fields.text(message, "eventSourceARN") or "").endswith(".fifo"):
        return fields.text(message, "attributes", "MessageGroupId") or ""
    return None
