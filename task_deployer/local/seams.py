"""Where moto 5.2.5 is made to behave as AWS does. Every seam is set here, and each has a contract test.

moto has no extension points: these are attributes of its modules that are looked up at each call. A moto upgrade that
moves one fails tests/local/test_seams.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

from moto.awslambda import models as lambda_models
from moto.s3 import models as s3_models
from moto.s3 import notifications
from moto.sqs import models as sqs_models

from task_deployer.local import deduplication, suspended_versioning
from task_deployer.local.s3_event import ObjectChange

Observer = Callable[[ObjectChange], None]


class _Key(Protocol):
    name: str
    size: int
    etag: str
    version_id: str | None
    multipart: object | None


def install(observe: Observer, sent: Callable[[], None]) -> None:
    """Replaces what has to be replaced. Once a process.

    `observe` is told of every change of an object, `sent` that a message came into some queue.
    """
    notifications.send_event = _creations(observe)
    s3_models.S3Backend.put_object = suspended_versioning.put_object_of(s3_models.S3Backend.put_object)  # type: ignore[method-assign]  # the seam
    deletes = suspended_versioning.delete_object_of(s3_models.S3Backend.delete_object)
    s3_models.S3Backend.delete_object = _removals(deletes, observe)  # type: ignore[method-assign]  # the seam
    s3_models.S3Backend.copy_object = _copies()  # type: ignore[method-assign]  # the seam
    s3_models.S3Backend.create_bucket = _todays_defaults()  # type: ignore[method-assign]  # the seam
    lambda_models.LambdaFunction = KeepsItsConfiguration  # type: ignore[misc]  # the seam: moto names the class at each use
    sqs_models.Queue.add_message = deduplication.add_message_with(deduplication.Memory(), sent)  # type: ignore[method-assign]  # the seam


def _creations(observe: Observer) -> Callable[..., None]:
    """What tells of created objects: moto's own calls Lambda through Docker, and swallows what fails."""

    def send_event(account_id: str, event_name: str, bucket: s3_models.FakeBucket, key: _Key) -> None:  # noqa: ARG001 - moto's signature
        name = str(getattr(event_name, "value", event_name)).removeprefix("s3:")
        # Completing an upload stores the object through put_object, so moto also sends Put; S3 sends the one event.
        doubled = name == "ObjectCreated:Put" and key.multipart is not None
        if not doubled and name.startswith("ObjectCreated:"):
            change = _change(name, bucket, key.name, key.version_id)
            observe(replace(change, size=key.size, etag=key.etag.strip('"')))

    return send_event


def _removals(original: suspended_versioning.Delete, observe: Observer) -> suspended_versioning.Delete:
    """What tells of removed objects: moto tells of the last version's removal alone, and never of delete markers."""

    def delete_object(
        self: s3_models.S3Backend,
        bucket_name: str,
        key_name: str,
        version_id: str | None = None,
        bypass: bool = False,  # noqa: FBT001, FBT002 - moto's signature
    ) -> tuple[bool, dict[str, str]]:
        bucket = self.get_bucket(bucket_name)
        present = [str(key.version_id) for key in bucket.keys.getlist(key_name, [])]
        done, said = original(self, bucket_name, key_name, version_id=version_id, bypass=bypass)
        if done and version_id is None and "version-id" in said:  # a marker has an id, also in a suspended bucket
            observe(_change("ObjectRemoved:DeleteMarkerCreated", bucket, key_name, said["version-id"]))
        elif done and (version_id is None or version_id in present):
            observe(_change("ObjectRemoved:Delete", bucket, key_name, version_id))
        return done, said

    return delete_object


def _copies() -> Callable[..., None]:
    """What copies objects: moto gives a copy the checksum of its source's parts, which no client can verify."""
    original = s3_models.S3Backend.copy_object

    def copy_object(
        self: s3_models.S3Backend, src_key: _Key, dest_bucket_name: str, dest_key_name: str, **options: object
    ) -> None:
        original(self, src_key, dest_bucket_name, dest_key_name, **options)  # type: ignore[arg-type]  # moto's own options
        if src_key.multipart is not None:
            copy = self.get_bucket(dest_bucket_name).keys[dest_key_name]
            copy.checksum_value = copy.checksum_algorithm = None

    return copy_object


def _todays_defaults() -> Callable[..., s3_models.FakeBucket]:
    """What makes buckets: since April 2023 S3 gives every new one these three; moto answers 404 for each."""
    original = s3_models.S3Backend.create_bucket

    def create_bucket(
        self: s3_models.S3Backend, bucket_name: str, region_name: str, bucket_namespace: str | None = None
    ) -> s3_models.FakeBucket:
        bucket = original(self, bucket_name, region_name, bucket_namespace)
        bucket.public_access_block = s3_models.PublicAccessBlock(*[True] * 4)
        by_default = {"SSEAlgorithm": "AES256"}
        bucket.encryption = {"Rule": {"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": False}}
        bucket.ownership_rule = "BucketOwnerEnforced"  # type: ignore[assignment]  # moto's note is wrong, it keeps the word
        return bucket

    return create_bucket


class KeepsItsConfiguration(lambda_models.LambdaFunction):
    """A function that keeps LoggingConfig, which moto forgets, and takes two settings that moto's update ignores."""

    def __init__(self, account_id: str, spec: dict[str, object], region: str, version: str | int = 1) -> None:
        super().__init__(account_id, spec, region, version)
        self._logging_config = self._completed(spec.get("LoggingConfig"))

    def _completed(self, given: object) -> dict[str, object]:
        defaults: dict[str, object] = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{self.function_name}"}
        return defaults | (dict(given) if isinstance(given, Mapping) else {})

    def get_configuration(self, on_create: bool = False) -> dict[str, object]:  # noqa: FBT001, FBT002 - moto's signature
        """Adds LoggingConfig with AWS's defaults."""
        seen: dict[str, object] = super().get_configuration(on_create=on_create)
        return seen | {"LoggingConfig": self._logging_config}

    def update_configuration(self, config_updates: dict[str, object]) -> dict[str, object]:
        """Takes LoggingConfig, TracingConfig and EphemeralStorage too."""
        if "LoggingConfig" in config_updates:
            self._logging_config = self._completed(config_updates["LoggingConfig"])
        if isinstance(tracing := config_updates.get("TracingConfig"), dict):
            self.tracing_config = tracing
        if isinstance(storage := config_updates.get("EphemeralStorage"), dict):
            self.ephemeral_storage = storage["Size"]
        return super().update_configuration(config_updates)


def _change(name: str, bucket: s3_models.FakeBucket, key: str, version_id: str | None) -> ObjectChange:
    return ObjectChange(
        name=name,
        bucket=bucket.name,
        bucket_arn=bucket.arn,
        region=bucket.region_name,
        account=bucket.account_id,
        key=key,
        version_id=None if version_id in {None, "null"} else str(version_id),
    )
