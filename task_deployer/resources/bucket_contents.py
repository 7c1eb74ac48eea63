"""What is in a bucket: counting it, and removing all of it before the bucket goes."""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, as_completed, wait
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote_plus

from botocore.exceptions import ClientError

from task_deployer.refusals import code_of
from task_deployer.resources import bucket_deletions, bucket_writers
from task_deployer.resources.held import Held

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ListObjectVersionsOutputTypeDef, ObjectIdentifierTypeDef

    from task_deployer.aws import Aws

COUNTED = 10_000
"""Counting stops here. S3 lists 1,000 at a time, one page after the other, so that counting a huge bucket would take as
long as emptying it; whoever is asked wants to know whether there is much."""

_PAGE = 1000  # what ListObjectVersions gives and DeleteObjects takes at the most
_AT_ONCE = 4  # calls for one bucket: S3 takes 3,500 deletions a second of one prefix, and each call is a thousand
_PAUSES = (0, 0, 1, 2, 4, 8, 16, 30, 30, 30)  # seconds before each look into a bucket that keeps filling

T = TypeVar("T")


@dataclass(frozen=True)
class _Upload:
    """One unfinished multipart upload."""

    key: str
    id: str


def count(aws: "Aws", bucket: str) -> Held:
    """Count object versions, delete markers and unfinished uploads, up to COUNTED. A bucket that is gone holds none."""
    with ThreadPoolExecutor(1) as pool:
        uploads = pool.submit(copy_context().run, lambda: sum(map(len, _uploads(aws, bucket))))
        versions = markers = 0
        more = False
        try:
            for page in _listing(aws, bucket):
                versions += len(page.get("Versions", []))
                markers += len(page.get("DeleteMarkers", []))
                more = page["IsTruncated"]
                if versions + markers >= COUNTED:
                    break
            return Held(
                {"object version": versions, "delete marker": markers, "unfinished upload": uploads.result()}, more
            )
        except ClientError as error:
            if code_of(error) == "NoSuchBucket":
                return Held()
            raise


def empty(aws: "Aws", bucket: str) -> None:
    """Remove all versions, delete markers and unfinished multipart uploads; tell `aws.patience` how far it is.

    The bucket is looked into until nothing is found any more, for about two minutes if it keeps filling. Raises
    `ResourceError` with the first key that S3 will not delete (an object lock, a legal hold, a missing right), and when
    the bucket still fills at the end; what `aws.patience` raises, once the calls under way have ended.
    """
    removed = 0
    try:
        for pause in _PAUSES:
            if pause:
                aws.patience.tell("whoever writes to the bucket to end")
                aws.patience.sleep(pause)
            before, removed = removed, _sweep(aws, bucket, removed)
            if removed == before:
                return
        raise bucket_writers.refilled(aws, bucket)
    except ClientError as error:
        if code_of(error) != "NoSuchBucket":
            raise


def _sweep(aws: "Aws", bucket: str, removed: int) -> int:
    """Remove what is there now; returns how many things are removed in all."""
    found = _Found(aws, bucket)
    total = removed
    for number in _few_at_once(found.removals()):
        total += number
        aws.patience.progress(total, removed + found.number if found.all else None)
    return total


class _Found:
    """What a walk through the listings has come by so far: `number` things; whether that is `all`."""

    def __init__(self, aws: "Aws", bucket: str) -> None:
        self._aws = aws
        self._bucket = bucket
        self.number = 0
        self.all = False

    def removals(self) -> "Iterator[Callable[[], int]]":
        """What removes it, piece by piece; each says how many it has removed."""
        for uploads in _uploads(self._aws, self._bucket):
            self.number += len(uploads)
            for upload in uploads:
                yield partial(_abort, self._aws, self._bucket, upload)
        for batch in _ahead(_batches(self._aws, self._bucket)):
            self.number += len(batch)
            yield partial(bucket_deletions.delete, self._aws, self._bucket, batch)
        self.all = True


def _few_at_once(jobs: "Iterator[Callable[[], int]]") -> Iterator[int]:
    """Run the jobs in parallel, taking the next one when there is room for it: memory does not grow with the bucket."""
    running: set[Future[int]] = set()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for job in jobs:
            running.add(pool.submit(copy_context().run, job))
            if len(running) == _AT_ONCE:
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (one.result() for one in ended)
        yield from (one.result() for one in as_completed(running))


def _ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, each when the next one is there already.

    A page of a listing begins behind the last version of the page before: where that one is gone by then, not every
    server that speaks S3 goes on.
    """
    last = next(items, None)
    for item in items:
        if last is not None:
            yield last
        last = item
    if last is not None:
        yield last


def _batches(aws: "Aws", bucket: str) -> "Iterator[list[ObjectIdentifierTypeDef]]":
    for page in _listing(aws, bucket):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if found:
            yield [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]


def _listing(aws: "Aws", bucket: str) -> "Iterator[ListObjectVersionsOutputTypeDef]":
    paginator = aws.s3.get_paginator("list_object_versions")
    yield from paginator.paginate(
        Bucket=bucket, ExpectedBucketOwner=aws.account.id, PaginationConfig={"PageSize": _PAGE}
    )


def _uploads(aws: "Aws", bucket: str) -> "Iterator[list[_Upload]]":
    """The unfinished uploads, page by page.

    botocore asks for keys in the form of URLs where it lists versions, and not here: without that a key with a
    character that XML cannot carry would make the answer unreadable.
    """
    marker = _Upload("", "")
    while True:
        page = aws.s3.list_multipart_uploads(
            Bucket=bucket,
            ExpectedBucketOwner=aws.account.id,
            EncodingType="url",
            KeyMarker=marker.key,
            UploadIdMarker=marker.id,
        )
        plain = unquote_plus if page.get("EncodingType") == "url" else str
        yield [_Upload(plain(item["Key"]), item["UploadId"]) for item in page.get("Uploads", [])]
        if not page.get("IsTruncated"):
            return
        marker = _Upload(plain(page["NextKeyMarker"]), page["NextUploadIdMarker"])


def _abort(aws: "Aws", bucket: str, upload: _Upload) -> int:
    """Abort one upload. A part that was under way may live on: the next look finds it again."""
    try:
        aws.s3.abort_multipart_upload(
            Bucket=bucket, Key=upload.key, UploadId=upload.id, ExpectedBucketOwner=aws.account.id
        )
    except ClientError as error:
        if code_of(error) != "NoSuchUpload":  # it was completed or aborted meanwhile
            raise
    return 1
