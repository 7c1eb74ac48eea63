"""Ids that come out the same whenever S3's event comes again: S3 delivers at least once, and Lambda retries. Pure."""

import hashlib
import json
import re
from datetime import UTC
from uuid import UUID, uuid5

from task_runtime.events import ObjectEvent

_NAMESPACE = UUID("cf652149-4d02-4f2d-954e-c2cecf15aebf")  # ours alone; another one would change every command's id

# SQS API reference, SendMessage, MessageGroupId: up to 128 of the ASCII letters, digits and punctuation.
_GROUP_ID = re.compile(r"[!-~]{1,128}")


def message_id(event: ObjectEvent, position: int) -> str:
    """Give the `msgId` of the command at a position (from 0) in the list returned for this event."""
    return _stable_id([*identity(event), position])


def correlation_id(event: ObjectEvent) -> str:
    """Give the id that all commands of one S3 event share."""
    return _stable_id([*identity(event)])


def group_id(command_id: str) -> str:
    """Give the FIFO group of a command's id: the id itself, or its SHA-256 where SQS does not allow the id."""
    if _GROUP_ID.fullmatch(command_id):
        return command_id
    return hashlib.sha256(command_id.encode(errors="surrogatepass")).hexdigest()


def identity(event: ObjectEvent) -> tuple[str, ...]:
    """Give what is the same in two deliveries of one event, and in no other event of the bucket."""
    return (event.bucket_name, event.key, _occurrence(event), event.name)


def time_text(event: ObjectEvent) -> str | None:
    """Give the event's time as S3 writes it; None where S3 told none, for a clock's would differ in the retry."""
    if event.job_id:
        return None
    return event.time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _occurrence(event: ObjectEvent) -> str:
    """Give what tells an event from others of its key and name."""
    # Where versioning is suspended every overwrite bears the version "null"; only the sequencer tells them apart.
    version = (event.version_id if event.version_id != "null" else None) or ""
    if event.job_id:
        return f"{event.job_id} {event.version_id or ''}"
    if event.sequencer:
        return version or event.sequencer
    # Tagging or restoring one version twice are two events without sequencer (S3 User Guide, as above).
    return " ".join(filter(None, (version, time_text(event), event.request_id)))


def _stable_id(parts: list[str | int]) -> str:
    return str(uuid5(_NAMESPACE, json.dumps(parts, separators=(",", ":"))))
