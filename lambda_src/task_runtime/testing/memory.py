"""Topics, a bucket and a context that live in memory, with as much of AWS's behaviour as callbacks meet."""

import io
import itertools
import json
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

ANY = "memory://"


@dataclass(frozen=True)
class Sent:
    """One command that arrived: the topic, and the three parts of its body; on a FIFO topic its group."""

    topic: str
    id: str
    command: Any  # JSON
    meta: Mapping[str, Any] = field(repr=False, compare=False)
    delay_seconds: int = 0
    group: str | None = field(default=None, compare=False)
    deduplication_id: str | None = field(default=None, repr=False, compare=False)


class Topics(Mapping[str, str]):
    """Topics by name. Without `names` every name is a topic; those in `standard` are no FIFO topics.

    It is both what `make_handler` takes as `topics` and as `sqs`. As FIFO queues do, a topic takes a deduplication id
    once (SQS: within five minutes); `batches` counts the calls.
    """

    def __init__(self, names: Collection[str] | None = None, *, standard: Collection[str] = ()) -> None:
        self._names = names
        self._standard = frozenset(standard)
        self._known: set[str] = set()
        self.sent: list[Sent] = []
        self.batches = 0

    def __getitem__(self, name: str) -> str:
        if name not in self:
            raise KeyError(name)
        return f"{ANY}{name}" if name in self._standard else f"{ANY}{name}.fifo"

    def __contains__(self, name: object) -> bool:
        return self._names is None or name in self._names or name in self._standard

    def __iter__(self) -> Iterator[str]:
        return iter([*(self._names or ()), *self._standard])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - AWS's names
        """Take a batch as SQS does."""
        self.batches += 1
        for entry in Entries:
            body = json.loads(entry["MessageBody"])
            deduplication_id = entry.get("MessageDeduplicationId")
            if deduplication_id is None or deduplication_id not in self._known:
                self._known |= {deduplication_id} if deduplication_id else set()
                self.sent.append(
                    Sent(
                        topic=QueueUrl.removeprefix(ANY).removesuffix(".fifo"),
                        id=body["id"],
                        command=body["command"],
                        meta=body["meta"],
                        delay_seconds=entry.get("DelaySeconds", 0),
                        group=entry.get("MessageGroupId"),
                        deduplication_id=deduplication_id,
                    )
                )
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}


class MissingKeyError(KeyError):
    """There is no such object, or no such version of it."""


class Bucket:
    """All buckets at once, each object by bucket and key: what `make_handler` takes as `s3`.

    Each put makes a new version, "v1" and so on, and all stay readable, as on a versioned bucket.
    """

    def __init__(self) -> None:
        self._current: dict[tuple[str, str], bytes] = {}
        self._versions: dict[tuple[str, str, str], bytes] = {}
        self._numbers = itertools.count(1)
        self.options: dict[tuple[str, str], Mapping[str, Any]] = {}

    def contents(self, bucket: str) -> dict[str, bytes]:
        """Give what a bucket holds now, by key."""
        return {key: content for (name, key), content in self._current.items() if name == bucket}

    def put_object(self, *, Bucket: str, Key: str, Body: Any, **options: Any) -> dict[str, Any]:  # noqa: ANN401, N803 - AWS's names
        """Store an object."""
        content = Body if isinstance(Body, bytes) else Body.read()
        version = f"v{next(self._numbers)}"
        self._current[Bucket, Key] = self._versions[Bucket, Key, version] = content
        self.options[Bucket, Key] = options
        return {"VersionId": version}

    def get_object(self, *, Bucket: str, Key: str, VersionId: str | None = None) -> dict[str, Any]:  # noqa: N803 - AWS's names
        """Give an object, or that version of it."""
        try:
            found = self._current[Bucket, Key] if VersionId is None else self._versions[Bucket, Key, VersionId]
        except KeyError as error:
            raise MissingKeyError(f"NoSuchKey: {Bucket}/{Key}, version {VersionId or 'now'}") from error
        return {"Body": io.BytesIO(found), "ContentLength": len(found)}

    def delete_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - AWS's names
        """Remove an object; its versions stay."""
        self._current.pop((Bucket, Key), None)
        return {}

    def copy_object(self, *, Bucket: str, Key: str, CopySource: Mapping[str, str]) -> dict[str, Any]:  # noqa: N803 - AWS's names
        """Copy an object, or a version of it."""
        source = self.get_object(**CopySource)
        return self.put_object(Bucket=Bucket, Key=Key, Body=source["Body"])


class Context:
    """Lambda's context as far as the runtime uses it; `seconds` of the function's time are left when it is made."""

    def __init__(self, seconds: float = 60.0, request_id: str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd") -> None:
        self._end = time.monotonic() + seconds
        self.aws_request_id = request_id

    def get_remaining_time_in_millis(self) -> int:
        """Give the milliseconds that are left."""
        return max(int((self._end - time.monotonic()) * 1000), 0)
