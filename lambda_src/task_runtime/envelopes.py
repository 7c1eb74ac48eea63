"""What S3 events are wrapped in on their way, taken off: SNS, SQS, dead letters and OnFailure records. Pure.

Shapes: Lambda Developer Guide ("Using Lambda with Amazon SQS", "... with Amazon SNS", "Capturing records of
asynchronous invocations"); SNS Developer Guide ("Amazon SNS message and JSON formats").
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from task_runtime import eventbridge, events, fields
from task_runtime.events import EventError, ObjectEvent

log = logging.getLogger("task_runtime")

# S3 -> SNS -> SQS -> dead-letter queue -> SQS -> OnFailure is six; a message made to be deep must end somewhere.
MAX_DEPTH = 10


class Found(NamedTuple):
    """One record: the event it holds, or why it holds none; and what to call it."""

    what: ObjectEvent | EventError
    label: str


def unwrapped(event: object, depth: int = 0) -> Iterator[Found]:
    """Give the S3 records that an event or a message holds, in order.

    S3's test event has none, and at the outside an event without any marks neither: someone's warming or trying.
    Raises EventError where what came can hold no S3 event, naming what came.
    """
    if not isinstance(event, Mapping):
        raise EventError(f"the event is no JSON object but {type(event).__name__}: {fields.shown(event)}")
    if depth > MAX_DEPTH:
        raise EventError(f"the event is wrapped more than {MAX_DEPTH} times")
    if "Records" in event:
        yield from _records(event["Records"], depth)
    elif "requestPayload" in event:  # an OnFailure (or OnSuccess) record of Lambda
        yield from unwrapped(event["requestPayload"], depth + 1)
    elif eventbridge.is_eventbridge(event):
        yield _parsed(event, eventbridge.parse, _eventbridge_label(event))
    elif event.get("Type") == "Notification":  # SNS's envelope, in a queue
        yield from message(event.get("Message"), depth)
    elif "Messages" in event:  # the answer of SQS's ReceiveMessage, as the AWS CLI prints it
        yield from _messages(event["Messages"], depth)
    elif "Body" in event:  # one message of it
        yield from message(event["Body"], depth)
    else:
        _nothing(event, depth)


def message(body: object, depth: int = 0) -> Iterator[Found]:
    """Give the S3 records in the text of a message. Raises EventError where it is no JSON or holds no S3 event."""
    if not isinstance(body, str):
        raise EventError(f"the message's body is no text but {type(body).__name__}: {fields.shown(body)}")
    try:
        held = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise EventError(f"the message {fields.shown(body)} is no JSON: {error}") from error
    yield from unwrapped(held, depth + 1)


def _records(records: object, depth: int) -> Iterator[Found]:
    if not isinstance(records, list):
        raise EventError(f"the event's Records are no list but {type(records).__name__}: {fields.shown(records)}")
    foreign = [record for record in records if _is_foreign(record)]
    sources = ", ".join(sorted({_source(record) or "an unnamed source" for record in foreign}))
    if foreign and len(foreign) == len(records):
        raise EventError(f"none of the event's records is of S3; they are of {sources:.200}")
    if foreign:
        log.warning("ignored %d records that are not of aws:s3 but of %s", len(foreign), sources)
    for record in records:
        if not _is_foreign(record):
            yield from _record(record, depth)


def _record(record: object, depth: int) -> Iterator[Found]:
    match _source(record):
        case "aws:sns":
            yield from _kept_apart(fields.value(record, "Sns", "Message"), "an SNS message", depth)
        case "aws:sqs":
            yield from _kept_apart(fields.value(record, "body"), "an SQS message", depth)
        case _:
            yield _parsed(record, events.parse, events.label(record))


def _messages(messages: object, depth: int) -> Iterator[Found]:
    if not isinstance(messages, list):
        raise EventError(f"the event's Messages are no list but {type(messages).__name__}: {fields.shown(messages)}")
    for one in messages:
        yield from _kept_apart(fields.value(one, "Body"), "a message", depth)


def _kept_apart(body: object, name: str, depth: int) -> Iterator[Found]:
    """Give what one message among others holds; where it is unreadable, that is its own record's failure."""
    try:
        yield from list(message(body, depth))
    except EventError as error:
        yield Found(error, name)


def _parsed(record: object, parse: Callable[[Any], ObjectEvent], name: str) -> Found:
    try:
        event = parse(record)
    except EventError as error:
        return Found(error, name)
    return Found(event, events.label(event))


def _nothing(event: Mapping[object, object], depth: int) -> None:
    if event.get("Event") == "s3:TestEvent":
        log.info("nothing to do: s3:TestEvent, which S3 sends when notifications are set up")
    elif depth:
        raise EventError(f"it holds no S3 event: {fields.shown(event)}")
    else:
        log.warning("nothing to do: an event without Records, %s", fields.shown(event))


def _source(record: object) -> str:
    found = fields.value(record, "eventSource") or fields.value(record, "EventSource")  # SNS capitalises
    return found if isinstance(found, str) else ""


def _is_foreign(record: object) -> bool:
    return isinstance(record, Mapping) and _source(record) not in {"aws:s3", "aws:sns", "aws:sqs"}


def _eventbridge_label(event: object) -> str:
    key = fields.value(event, "detail", "object", "key")
    return f"{fields.shown(key or 'an event without key')} ({fields.shown(fields.value(event, 'detail-type'))})"
