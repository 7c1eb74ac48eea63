import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from task_runtime import ObjectEvent, make_handler
from task_runtime.testing import Bucket, run, s3_event, s3_record
from tests.unit.runtime.samples import failure_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


MIB = 1 << 20


def test_the_object_streams_at_its_version(s3: "S3Client") -> None:
    """With boto3's own body, `open` reads in pieces and `lines` decodes across them, at the event's version."""
    content = "".join(f"{n}: grüße\r\n" for n in range(20_000))
    version = s3.put_object(Bucket="my-bucket", Key="a b+c", Body=b"\xef\xbb\xbf" + content.encode())["VersionId"]
    s3.put_object(Bucket="my-bucket", Key="a b+c", Body=b"later")
    seen: list[object] = []

    def callback(_name: str, _key: str, event: ObjectEvent) -> None:
        seen.append("".join(event.lines()))
        with event.open() as stream:
            seen.append(stream.read(3))

    make_handler(callback)(s3_event(s3_record("a b+c", version_id=version)), None)
    assert seen == [content, b"\xef\xbb\xbf"]


def test_an_object_that_is_gone_fails_the_record_in_awss_words(s3: "S3Client") -> None:
    """Reading an object that was deleted since fails its record with S3's own code."""
    del s3
    failed = failure_of(make_handler(lambda _name, _key, event: [*event.lines()] and None), s3_event("gone"))
    assert "NoSuchKey" in str(failed)


def test_reading_is_checked_too() -> None:
    """`event.open` on a bucket of mode Write is refused before the call."""
    done = run(
        lambda _name, _key, event: event.open() and None, s3_event("a"), buckets={"my-bucket": "Write"}, check=False
    )
    assert "this needs Read" in str(done.failures[0])


class _Endless:
    """A body of so many bytes that are made as they are read, in lines of 64."""

    def __init__(self, size: int) -> None:
        self._left = size

    def read(self, size: int) -> bytes:
        """Give the next bytes."""
        size = min(size, self._left)
        self._left -= size
        return (b"x" * 63 + b"\n") * (size // 64)

    def close(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize("how", ["open", "lines"])
def test_reading_keeps_no_object_in_memory(how: str) -> None:
    """Reading 64 MiB through the event takes less than one MiB of memory at any moment."""

    class Large(Bucket):
        def get_object(self, **_request: Any) -> dict[str, Any]:  # noqa: ANN401 - not looked at
            return {"Body": _Endless(64 * MIB)}

    seen = []

    def callback(_name: str, _key: str, event: ObjectEvent) -> None:
        if how == "lines":
            seen.append(sum(len(line) for line in event.lines()))
        else:
            with event.open() as stream:
                seen.append(sum(map(len, iter(lambda: stream.read(65536), b""))))

    handler = make_handler(callback, s3=Large())
    tracemalloc.start()
    try:
        handler(s3_event("a"), None)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert seen == [64 * MIB]
    assert peak < MIB
