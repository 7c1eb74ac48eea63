"""Buckets whose versioning was switched off, as S3 keeps them. moto loses their versions, or fails on their markers.

What is written or deleted without a version id takes the place of the version `null`; every other version and every
delete marker stays until it is deleted by its id:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/VersionSuspendedBehavior.html
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from moto.s3.models import FakeBucket, FakeKey, S3Backend

_NULL = "null"
Put = Callable[..., FakeKey]
Delete = Callable[..., tuple[bool, dict[str, str]]]


def put_object_of(original: Put) -> Put:
    """What stores objects: in a suspended bucket moto puts the new one in the place of all versions."""

    def put_object(self: S3Backend, bucket_name: str, key_name: str, value: bytes, **options: object) -> FakeKey:
        bucket = self.get_bucket(bucket_name)
        if not _is_suspended(bucket):
            return original(self, bucket_name, key_name, value, **options)
        with _older_versions_kept(bucket, key_name):
            return original(self, bucket_name, key_name, value, **options)

    return put_object


def delete_object_of(original: Delete) -> Delete:
    """What deletes objects: in a suspended bucket moto drops all versions at once, and fails if one is a marker."""

    def delete_object(
        self: S3Backend,
        bucket_name: str,
        key_name: str,
        version_id: str | None = None,
        bypass: bool = False,  # noqa: FBT001, FBT002 - moto's signature
    ) -> tuple[bool, dict[str, str]]:
        bucket = self.get_bucket(bucket_name)
        if not _is_suspended(bucket):
            return original(self, bucket_name, key_name, version_id=version_id, bypass=bypass)
        with _versioning_on(bucket):
            done, said = original(self, bucket_name, key_name, version_id=version_id, bypass=bypass)
        if done and version_id is None:
            _become_the_null_version(bucket, key_name)
            said["version-id"] = _NULL
        return done, said

    return delete_object


def _is_suspended(bucket: FakeBucket) -> bool:
    return bucket.versioning_status == "Suspended"


@contextmanager
def _older_versions_kept(bucket: FakeBucket, key: str) -> Iterator[None]:
    """Hides a key's versions from moto, which would empty them, and puts those with an id back under the new one."""
    before = bucket.keys.getlist(key, [])
    dict.pop(bucket.keys, key, None)  # the store's own `pop` empties what it removes
    try:
        yield
    finally:
        written = bucket.keys.getlist(key, [])
        kept = [version for version in before if version.version_id != _NULL] if written else before
        if kept or written:
            bucket.keys.setlist(key, [*kept, *written])


@contextmanager
def _versioning_on(bucket: FakeBucket) -> Iterator[None]:
    """Lets moto delete as in a versioned bucket. Whoever serves a request of S3's holds the lock, so nobody sees it."""
    bucket.versioning_status = "Enabled"
    try:
        yield
    finally:
        bucket.versioning_status = "Suspended"


def _become_the_null_version(bucket: FakeBucket, key: str) -> None:
    *others, marker = bucket.keys.getlist(key)
    marker._version_id = _NULL  # noqa: SLF001 - moto's markers have no other way to be given an id
    bucket.keys.setlist(key, [*(version for version in others if version.version_id != _NULL), marker])
