"""One command as SQS's SendMessageBatch wants it, the same to the byte whenever S3's event comes again. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NotRequired, TypedDict

from task_runtime.actions import ActionError, PublishCommand
from task_runtime.events import ObjectEvent
from task_runtime.ids import correlation_id, group_id, message_id, time_text

MAX_BODY_BYTES = 1_048_576  # SQS Developer Guide, message quotas: 1 MiB a message since August 2025
MAX_DELAY_SECONDS = 900  # SQS API reference, SendMessage, DelaySeconds

# SQS API reference, SendMessage, MessageBody: code points that make SQS refuse the message (InvalidMessageContents).
# In JSON text they stand in strings alone, where an escape means the same.
_REFUSED_CHARACTER = re.compile("[\ud800-\udfff\ufffe\uffff]")

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")  # W3C Trace Context, section 3.2


class CommandError(ActionError):
    """A command that no topic takes or that SQS would refuse."""


class Entry(TypedDict):
    """One entry of SendMessageBatch, as far as the runtime uses it; the batch gives it its `Id`."""

    Id: str
    MessageBody: str
    MessageGroupId: NotRequired[str]
    MessageDeduplicationId: NotRequired[str]
    DelaySeconds: NotRequired[int]


@dataclass(frozen=True)
class Message:
    """A command made ready: the queue it goes to, the entry, and the size of its body in bytes."""

    queue_url: str
    entry: Entry
    size: int


def message(
    command: PublishCommand, position: int, event: ObjectEvent, *, topics: Mapping[str, str], service: str
) -> Message:
    """Give the message for one command: the one at `position` (from 0) in the list returned for `event`.

    `topics` maps the names of topics to queue URLs. Raises CommandError, which says what is wrong and what would
    be right.
    """
    url = _queue_url(command, topics)
    _check_id(command.id)
    is_fifo = url.endswith(".fifo")
    _check_delay(command.delay_seconds, is_fifo=is_fifo)
    text, size = body(command, position, event, service=service)
    entry = Entry(Id="0", MessageBody=text)
    if is_fifo:
        entry["MessageGroupId"] = group_id(command.id)
        entry["MessageDeduplicationId"] = message_id(event, position)
    elif command.delay_seconds:
        entry["DelaySeconds"] = command.delay_seconds
    return Message(url, entry, size)


def body(command: PublishCommand, position: int, event: ObjectEvent, *, service: str) -> tuple[str, int]:
    """Give the JSON text `{"id": ..., "meta": {...}, "command": ...}`, and its size in UTF-8.

    Raises CommandError for a command that is no JSON, or whose text is over 1 MiB.
    """
    meta: dict[str, object] = {
        "service": service,
        "time": time_text(event),
        "msgId": message_id(event, position),
        "correlationId": correlation_id(event),
        "causationId": event.request_id or None,
        "traceparent": _checked_traceparent(command.traceparent),
        "headers": _checked_headers(command.headers),
    }
    known = {name: value for name, value in meta.items() if value is not None}
    text = _json({"id": command.id, "meta": known, "command": command.command})
    size = len(text.encode())
    if size > MAX_BODY_BYTES:
        raise CommandError(
            f"its message has {size} bytes and SQS takes {MAX_BODY_BYTES}: "
            "put the content into an object and send its key"
        )
    return text, size


def _json(value: object) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise CommandError(f"its content is no JSON: {error}") from error
    return _REFUSED_CHARACTER.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _queue_url(command: PublishCommand, topics: Mapping[str, str]) -> str:
    if str(command.topic) in topics:
        return topics[str(command.topic)]
    known = ", ".join(sorted(topics)) or "none"
    raise CommandError(
        f"there is no topic {command.topic!r:.80} here (known: {known}); name it in the task's command_topics"
    )


def _check_id(command_id: object) -> None:
    if not isinstance(command_id, str) or not command_id:
        raise CommandError(f"its id must be a string that is not empty, not {command_id!r:.80}")


def _check_delay(delay: object, *, is_fifo: bool) -> None:
    if not isinstance(delay, int) or isinstance(delay, bool) or not 0 <= delay <= MAX_DELAY_SECONDS:
        raise CommandError(f"delay_seconds must be a whole number from 0 to {MAX_DELAY_SECONDS}, not {delay!r:.80}")
    if is_fifo and delay:
        raise CommandError(
            f"delay_seconds is {delay}, but a FIFO queue delays no single message: "
            "leave it out, or use a topic with fifo = false"
        )


def _checked_headers(headers: object) -> dict[str, str] | None:
    if headers is None:
        return None
    if isinstance(headers, Mapping) and all(isinstance(text, str) for pair in headers.items() for text in pair):
        return dict(headers) or None
    raise CommandError(f"its headers must map strings to strings, not {headers!r:.80}")


def _checked_traceparent(traceparent: object) -> str | None:
    if traceparent is None or (isinstance(traceparent, str) and _TRACEPARENT.fullmatch(traceparent)):
        return traceparent
    raise CommandError(f"its traceparent is not of the W3C's form (00-...-...-01): {traceparent!r:.80}")
