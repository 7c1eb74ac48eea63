"""Objects are read, written, removed and copied, each only where the bucket's mode allows it."""

import io
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from task_runtime.clients import Lazy, make_s3

if TYPE_CHECKING:
    from collections.abc import Callable

    from task_runtime.actions import CopyObject, DeleteObject, PutObject

READ = "Read"
WRITE = "Write"
MODES = {"Read": frozenset({READ}), "Write": frozenset({WRITE}), "ReadWrite": frozenset({READ, WRITE})}


class AccessError(PermissionError):
    """The task's configuration does not let it use that bucket in that way."""


class S3(Protocol):
    """What the runtime uses of an S3 client; boto3's has it, and a test's own class needs no more."""

    @property
    def get_object(self) -> "Callable[..., Any]":
        """Give an object, its `Body` as a stream."""

    @property
    def put_object(self) -> "Callable[..., Any]":
        """Store an object."""

    @property
    def delete_object(self) -> "Callable[..., Any]":
        """Remove an object."""

    @property
    def copy_object(self) -> "Callable[..., Any]":
        """Copy an object inside S3."""


class Storage:
    """The task's buckets. `modes` maps bucket names to Read, Write or ReadWrite; empty, nothing is known of any.

    `s3` is anything that has the methods of S3; without it one client is made on first use, for the sandbox's life.
    """

    def __init__(self, modes: Mapping[str, str] | None = None, s3: S3 | None = None) -> None:
        self._modes = dict(modes or {})
        self._s3 = Lazy(make_s3) if s3 is None else s3

    def check(self, bucket: str, use: str) -> None:
        """Let a use (READ or WRITE) of a bucket pass, or raise AccessError, which says what to change."""
        if not self._modes:
            return
        if bucket not in self._modes:
            known = ", ".join(sorted(self._modes))
            raise AccessError(f"the bucket {bucket!r} is none of the task's (known: {known}); add it to the task")
        mode = self._modes[bucket]
        if use not in MODES[mode]:
            raise AccessError(f'the bucket {bucket!r} has mode = "{mode}" and this needs {use}; set it to "ReadWrite"')

    def open(self, bucket: str, key: str, version_id: str | None) -> io.BufferedReader:
        """Open an object for reading, at a version if there is one."""
        self.check(bucket, READ)
        version = {"VersionId": version_id} if version_id else {}
        body = self._s3.get_object(Bucket=bucket, Key=key, **version)["Body"]
        return io.BufferedReader(_Stream(body), buffer_size=65536)

    def put(self, bucket: str, action: "PutObject") -> None:
        """Store what a PutObject asks for; a body that is a path is read as it is sent."""
        options: dict[str, object] = {"Metadata": dict(action.metadata)} if action.metadata else {}
        if action.content_type:
            options["ContentType"] = action.content_type
        put = partial(self._s3.put_object, Bucket=bucket, Key=action.key, **options)
        if isinstance(action.body, str | bytes):
            put(Body=action.body.encode() if isinstance(action.body, str) else action.body)
            return
        with action.body.open("rb") as content:
            put(Body=content)

    def delete(self, bucket: str, action: "DeleteObject") -> None:
        """Remove an object; on a versioned bucket that puts a delete marker on top. An absent one is no failure."""
        self._s3.delete_object(Bucket=bucket, Key=action.key)

    def copy(self, bucket: str, source_bucket: str, action: "CopyObject") -> None:
        """Copy an object inside S3, at a version of it if one is named."""
        source = {"Bucket": source_bucket, "Key": action.source_key}
        if action.source_version_id:
            source["VersionId"] = action.source_version_id
        self._s3.copy_object(Bucket=bucket, Key=action.key, CopySource=source)


class _Stream(io.RawIOBase):
    """A body of boto3 as a raw binary file, so that the standard library can buffer, decode and close it."""

    def __init__(self, body: Any) -> None:  # noqa: ANN401 - a StreamingBody, or any file; both untyped here
        super().__init__()
        self._body = body

    def readable(self) -> bool:
        """It can be read, and that is all."""
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - the standard library's Buffer type is of Python 3.12
        """Fill a part of the buffer with what comes next; nothing, at the end."""
        content = self._body.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        """Give the connection back."""
        if not self.closed:
            self._body.close()
        super().close()


TASKS_OWN = Storage()
