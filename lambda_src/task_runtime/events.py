"""S3's notification events, parsed: one `ObjectEvent` per record. Pure.

The shape of an event is on AWS's page "Event message structure" (S3 User Guide); since version 2.4 all event types
share one version. Unknown fields are ignored, as that page asks.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class EventError(ValueError):
    """An event, or one record of it, is not what S3 sends."""


@dataclass(frozen=True)
class ObjectEvent:
    """One thing that happened to one object.

    `name` is S3's, without `s3:` ("ObjectCreated:Put"); `key` is decoded; `time` is aware; `size` counts bytes.
    What S3 leaves out is None: removals have no size, unversioned buckets no version, and so on. `sequencer` orders
    the creations and removals of one key. `raw` is the record as it came, for everything else.
    """

    name: str
    key: str
    bucket_name: str
    bucket_arn: str
    region: str
    time: datetime
    size: int | None
    etag: str | None
    version_id: str | None
    sequencer: str | None
    request_id: str | None
    raw: Mapping[str, Any] = field(repr=False, hash=False)  # Any: callers dig in it, and JSON has no better type


def parse(record: object) -> ObjectEvent:
    """Make an ObjectEvent of one S3 record. Raises EventError, naming the field that is wrong."""
    if not isinstance(record, Mapping):
        raise EventError(f"the record is no JSON object but {type(record).__name__}: {record!r:.200}")
    return ObjectEvent(
        name=_required_text(record, "eventName").removeprefix("s3:"),  # S3 omits the prefix, some emulators do not
        key=decode_key(_required_text(record, "s3", "object", "key")),
        bucket_name=_required_text(record, "s3", "bucket", "name"),
        bucket_arn=_required_text(record, "s3", "bucket", "arn"),
        region=_required_text(record, "awsRegion"),
        time=_time(_required_text(record, "eventTime")),
        size=_size(record),
        etag=_text(record, "s3", "object", "eTag"),
        version_id=_text(record, "s3", "object", "versionId"),
        sequencer=_text(record, "s3", "object", "sequencer"),
        request_id=_text(record, "responseElements", "x-amz-request-id"),
        raw=record,
    )


def decode_key(encoded: str) -> str:
    """Decode an object key: S3 sends it form-encoded, a space as `+`, other characters as `%` and UTF-8 in hex.

    Raises EventError for what S3 cannot have encoded; a guess would name some other object.
    """
    broken = _BROKEN_ESCAPE.search(encoded)
    if broken:
        raise EventError(f"the key {encoded!r} has no two hex digits after the % at position {broken.start()}")
    try:
        return unquote_plus(encoded, errors="strict")
    except UnicodeDecodeError as error:
        raise EventError(f"the key {encoded!r} is not UTF-8 once decoded: {error}") from error


def label(record: object) -> str:
    """Give the key and event name to call a record by in messages, however malformed it is."""
    name = _value(record, "eventName")
    key = _value(record, "s3", "object", "key")
    if isinstance(key, str):
        with suppress(EventError):
            key = decode_key(key)
        if not key.isprintable():
            key = repr(key)  # one line in the log, whatever the key
    return f"{key or 'a record without key'} ({name or 'no event name'})"


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise EventError(f"eventTime {text!r} is no ISO-8601 time") from error
    if time.tzinfo is None:
        raise EventError(f"eventTime {text!r} has no time zone; S3's ends in Z")
    return time


def _size(record: Mapping[object, object]) -> int | None:
    size = _value(record, "s3", "object", "size")
    if size is None or (isinstance(size, int) and not isinstance(size, bool)):
        return size
    raise EventError(f"the record's s3.object.size is no number of bytes but {size!r:.200}")


def _required_text(record: Mapping[object, object], *path: str) -> str:
    text = _text(record, *path)
    if not text:
        raise EventError(f"the record has no {'.'.join(path)}")
    return text


def _text(record: Mapping[object, object], *path: str) -> str | None:
    value = _value(record, *path)
    if value is None or isinstance(value, str):
        return value
    raise EventError(f"the record's {'.'.join(path)} is no string but {value!r:.200}")


def _value(record: object, *path: str) -> object:
    value = record
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
