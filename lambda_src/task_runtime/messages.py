"""One command as SQS's SendMessage wants it, with ids that come out the same whenever S3's event comes again. Pure.

S3 delivers at least once and Lambda retries, so the same event may be worked on twice. Body, group and
deduplication id therefore follow from the event alone, never from the clock or from chance.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import NotRequired, TypedDict
from uuid import UUID, uuid5

from task_runtime.actions import PublishCommand
from task_runtime.events import ObjectEvent

MAX_BODY_BYTES = 1_048_576  # SQS User Guide, message quotas: 1 MiB a message since August 2025
MAX_DELAY_SECONDS = 900  # SQS API reference, SendMessage, DelaySeconds

_NAMESPACE = UUID("cf652149-4d02-4f2d-954e-c2cecf15aebf")  # ours alone; another one would change every command's id

# SQS API reference, SendMessage, MessageGroupId: up to 128 of the ASCII letters, digits and punctuation.
_GROUP_ID = re.compile(r"[!-~]{1,128}")

# SQS API reference, SendMessage, MessageBody: code points that make SQS refuse the message (InvalidMessageContents).
# In JSON text they stand in strings alone, where an escape means the same.
_REFUSED_CHARACTER = re.compile("[\ud800-\udfff\ufffe\uffff]")


class CommandError(ValueError):
    """A command that no topic takes or that SQS would refuse."""


class SendMessage(TypedDict):
    """The arguments of SQS's SendMessage that the runtime uses."""

    QueueUrl: str
    MessageBody: str
    MessageGroupId: NotRequired[str]
    MessageDeduplicationId: NotRequired[str]
    DelaySeconds: NotRequired[int]


def message(
    command: PublishCommand, position: int, event: ObjectEvent, *, topics: Mapping[str, str], service: str
) -> SendMessage:
    """Give the message for one command: the one at `position` (from 0) in the list returned for `event`.

    `topics` maps the names of topics to queue URLs. Raises CommandError, which says what is wrong and what would
    be right.
    """
    url = _queue_url(command, topics)
    _check_id(command.id)
    is_fifo = url.endswith(".fifo")
    _check_delay(command.delay_seconds, is_fifo=is_fifo)
    request = SendMessage(QueueUrl=url, MessageBody=body(command, position, event, service=service))
    if is_fifo:
        request["MessageGroupId"] = group_id(command.id)
        request["MessageDeduplicationId"] = message_id(event, position)
    elif command.delay_seconds:
        request["DelaySeconds"] = command.delay_seconds
    return request


def body(command: PublishCommand, position: int, event: ObjectEvent, *, service: str) -> str:
    """Give the JSON text `{"id": ..., "meta": {...}, "command": ...}`, always the same bytes for the same event.

    Raises CommandError for a command that is no JSON, or whose text is over 1 MiB in UTF-8.
    """
    meta = {
        "service": service,
        "time": event.raw["eventTime"],
        "msgId": message_id(event, position),
        "correlationId": correlation_id(event),
    }
    if event.request_id:
        meta["causationId"] = event.request_id
    if command.headers:
        meta["headers"] = _checked_headers(command.headers)
    text = _json({"id": command.id, "meta": meta, "command": command.command})
    size = len(text.encode())
    if size > MAX_BODY_BYTES:
        raise CommandError(
            f"its message has {size} bytes and SQS takes {MAX_BODY_BYTES}: "
            "put the content into an object and send its key"
        )
    return text


def message_id(event: ObjectEvent, position: int) -> str:
    """Give the `msgId` of the command at a position (from 0) in the list returned for this event."""
    return _stable_id([*_identity(event), position])


def correlation_id(event: ObjectEvent) -> str:
    """Give the id that all commands of one S3 event share."""
    return _stable_id(_identity(event))


def group_id(command_id: str) -> str:
    """Give the FIFO group of a command's id: the id itself, or its SHA-256 where SQS does not allow the id."""
    if _GROUP_ID.fullmatch(command_id):
        return command_id
    return hashlib.sha256(command_id.encode(errors="surrogatepass")).hexdigest()


def _identity(event: ObjectEvent) -> list[str | int]:
    # Where versioning is suspended every overwrite bears the version "null"; only the sequencer tells them apart.
    version = event.version_id if event.version_id != "null" else None
    occurrence = version or event.sequencer or str(event.raw["eventTime"])
    return [event.bucket_name, event.key, occurrence, event.name]


def _stable_id(parts: list[str | int]) -> str:
    return str(uuid5(_NAMESPACE, json.dumps(parts, separators=(",", ":"))))


def _json(value: object) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise CommandError(f"its content is no JSON: {error}") from error
    return _REFUSED_CHARACTER.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _queue_url(command: PublishCommand, topics: Mapping[str, str]) -> str:
    if command.topic in topics:
        return topics[command.topic]
    known = ", ".join(sorted(topics)) or "none"
    raise CommandError(
        f"there is no topic {command.topic!r} here (known: {known}); name it in the task's command_topics"
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


def _checked_headers(headers: object) -> dict[str, str]:
    if isinstance(headers, Mapping) and all(isinstance(text, str) for pair in headers.items() for text in pair):
        return dict(headers)
    raise CommandError(f"its headers must map strings to strings, not {headers!r:.80}")
