"""One thing that happened to one object, however S3 told of it; and S3's own notification records, parsed. Pure.

The shape of a record is on AWS's page "Event message structure" (S3 User Guide). That page asks to compare the major
version for equality, the minor with at-least, and to ignore unknown fields; since 2.4 all types share one version.
"""

import io
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from task_runtime import fields
from task_runtime.fields import EventError
from task_runtime.keys import decode_key, printable
from task_runtime.storage import TASKS_OWN, Storage

__all__ = ["EventError", "ObjectEvent", "decode_key", "label", "parse"]


@dataclass(frozen=True)
class ObjectEvent:
    """One thing that happened to one object.

    `name` is S3's, without `s3:` ("ObjectCreated:Put"); events of EventBridge bear the same names, a task of S3 Batch
    Operations is "BatchOperations:Invoke". `key` is decoded. `time` is aware, in UTC; Batch Operations tells none, so
    there it is when the task came. `size` counts bytes. What S3 leaves out is None: removals have no size, unversioned
    buckets no version, and so on. `sequencer` orders the creations and removals of one key. `job_id` is the job of
    Batch Operations. `raw` is the record as it came, for everything else.

    `is_stale` says that a later event of this key was seen before, by this sandbox; other sandboxes are not asked.
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
    job_id: str | None = field(default=None, kw_only=True)
    is_stale: bool = field(default=False, kw_only=True)
    storage: Storage = field(default=TASKS_OWN, kw_only=True, repr=False, compare=False)

    def open(self) -> io.BufferedReader:
        """Open the object for reading, at the event's version: a binary file that streams, and is not kept in memory.

        Without a version (unversioned buckets) it is what stands under the key now, which may be newer than the event.
        Blocks: an async callback had better do it in `asyncio.to_thread`. Raises AccessError before the call where
        the task may not read the bucket; AWS's own error where the object is gone.
        """
        return self.storage.open(self.bucket_name, self.key, self.version_id)

    def lines(self, encoding: str = "utf-8-sig") -> Iterator[str]:
        """Give the object's text line by line while it streams, each with its line end, as the csv module wants them.

        The default drops the byte order mark that spreadsheets write. Otherwise as `open`.
        """
        with self.open() as content, io.TextIOWrapper(content, encoding, newline="") as lines:
            yield from lines


def parse(record: object) -> ObjectEvent:
    """Make an ObjectEvent of one S3 record. Raises EventError, naming the field that is wrong."""
    if not isinstance(record, Mapping):
        raise EventError(f"the record is no JSON object but {type(record).__name__}: {fields.shown(record)}")
    _check_version(record)
    return ObjectEvent(
        name=fields.required(record, "eventName").removeprefix("s3:"),  # S3 omits the prefix, some emulators do not
        key=decode_key(fields.required(record, "s3", "object", "key")),
        bucket_name=fields.required(record, "s3", "bucket", "name"),
        bucket_arn=fields.required(record, "s3", "bucket", "arn"),
        region=fields.required(record, "awsRegion"),
        time=fields.instant(record, "eventTime"),
        size=fields.whole_number(record, "s3", "object", "size"),
        etag=fields.text(record, "s3", "object", "eTag"),
        version_id=fields.text(record, "s3", "object", "versionId"),
        sequencer=fields.text(record, "s3", "object", "sequencer"),
        request_id=fields.text(record, "responseElements", "x-amz-request-id"),
        raw=record,
    )


def label(record: object) -> str:
    """Give the key and event name to call a record by in messages, however malformed it is."""
    if isinstance(record, ObjectEvent):
        return f"{printable(record.key)} ({printable(record.name)})"
    name = fields.value(record, "eventName")
    key = fields.value(record, "s3", "object", "key")
    if isinstance(key, str):
        with suppress(EventError):
            key = decode_key(key)
    return f"{_words(key) or 'a record without key'} ({_words(name) or 'no event name'})"


def _words(found: object) -> str:
    if isinstance(found, str):
        return printable(found[:1024])
    return fields.shown(found) if found else ""


def _check_version(record: Mapping[object, object]) -> None:
    version = fields.text(record, "eventVersion")
    if version and version.partition(".")[0] != "2":
        raise EventError(f"the record's eventVersion is {fields.shown(version)}; this runtime knows 2.x")
