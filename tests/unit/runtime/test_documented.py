"""Records as AWS's documentation shows them, of every source: facts, with their values, and what comes of them."""

import json
from datetime import UTC, datetime

import pytest

from task_runtime import ObjectEvent
from task_runtime.testing import (
    batch_event,
    run,
)

# S3 User Guide, "Event message structure": the sample of an object that was put.
NOTIFICATION = """
{"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-west-2",
 "eventTime": "1970-01-01T00:00:00.000Z", "eventName": "ObjectCreated:Put",
 "userIdentity": {"principalId": "AIDAJDPLRKLG7UEXAMPLE"}, "requestParameters": {"sourceIPAddress": "172.16.0.1"},
 "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810",
  "x-amz-id-2": "FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpD"},
 "s3": {"s3SchemaVersion": "1.0", "configurationId": "testConfigRule",
  "bucket": {"name": "amzn-s3-demo-bucket", "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
   "arn": "arn:aws:s3:::amzn-s3-demo-bucket"},
  "object": {"key": "HappyFace.jpg", "size": 1024, "eTag": "d41d8cd98f00b204e9800998ecf8427e",
   "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko", "sequencer": "0055AED6DCD90281E5"}}}]}
"""


# S3 User Guide, "EventBridge event message structure": created, and deleted with a marker left behind.
CREATED = """
{"version": "0", "id": "17793124-05d4-b198-2fde-7ededc63b103", "detail-type": "Object Created", "source": "aws.s3",
 "account": "111122223333", "time": "2021-11-12T00:00:00Z", "region": "ca-central-1",
 "resources": ["arn:aws:s3:::amzn-s3-demo-bucket1"],
 "detail": {"version": "0", "bucket": {"name": "amzn-s3-demo-bucket1"},
  "object": {"key": "example-key", "size": 5, "etag": "b1946ac92492d2347c6235b4d2611184",
   "version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e", "sequencer": "617f08299329d189"},
  "request-id": "N4N7GDK58NMKJ12R", "requester": "123456789012", "source-ip-address": "1.2.3.4",
  "reason": "PutObject"}}
"""


DELETED = """
{"version": "0", "id": "2ee9cc15-d022-99ea-1fb8-1b1bac4850f9", "detail-type": "Object Deleted", "source": "aws.s3",
 "account": "111122223333", "time": "2021-11-12T00:00:00Z", "region": "ca-central-1",
 "resources": ["arn:aws:s3:::amzn-s3-demo-bucket1"],
 "detail": {"version": "0", "bucket": {"name": "amzn-s3-demo-bucket1"},
  "object": {"key": "example-key", "etag": "d41d8cd98f00b204e9800998ecf8427e",
   "version-id": "1QW9g1Z99LUNbvaaYVpW9xDlOLU.qxgF", "sequencer": "617f0837b476e463"},
  "request-id": "0BH729840619AG5K", "requester": "123456789012", "source-ip-address": "1.2.3.4",
  "reason": "DeleteObject", "deletion-type": "Delete Marker Created"}}
"""


# S3 User Guide, "Invoke AWS Lambda function" (Batch Operations): schemas 1.0 and 2.0.
JOB_1 = """
{"invocationSchemaVersion": "1.0", "invocationId": "YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo",
 "job": {"id": "f3cc4f60-61f6-4a2b-8a21-d07600c373ce"},
 "tasks": [{"taskId": "dGFza2lkZ29lc2hlcmUK", "s3Key": "customerImage1.jpg", "s3VersionId": "1",
  "s3BucketArn": "arn:aws:s3:us-east-1:0123456788:amzn-s3-demo-bucket"}]}
"""


JOB_2 = """
{"invocationSchemaVersion": "2.0", "invocationId": "YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo",
 "job": {"id": "f3cc4f60-61f6-4a2b-8a21-d07600c373ce", "userArguments": {"MyDestinationBucket": "archive"}},
 "tasks": [{"taskId": "dGFza2lkZ29lc2hlcmUK", "s3Key": "customerImage1.jpg", "s3VersionId": null,
  "s3Bucket": "amzn-s3-demo-bucket"}]}
"""


def _seen(event: object) -> list[ObjectEvent]:
    """Give the events that a callback gets of what came."""
    seen: list[ObjectEvent] = []

    def callback(_name: str, _key: str, event: ObjectEvent) -> None:
        seen.append(event)

    run(callback, event)
    return seen


def test_the_documented_notification() -> None:
    """S3's own record gives every field of the event."""
    (seen,) = _seen(json.loads(NOTIFICATION))
    assert seen == ObjectEvent(
        name="ObjectCreated:Put",
        key="HappyFace.jpg",
        bucket_name="amzn-s3-demo-bucket",
        bucket_arn="arn:aws:s3:::amzn-s3-demo-bucket",
        region="us-west-2",
        time=datetime(1970, 1, 1, tzinfo=UTC),
        size=1024,
        etag="d41d8cd98f00b204e9800998ecf8427e",
        version_id="096fKKXTRTtl3on89fVO.nfljtsv6qko",
        sequencer="0055AED6DCD90281E5",
        request_id="C3D13FE58DE4C810",
        raw=json.loads(NOTIFICATION)["Records"][0],
    )


def test_the_documented_creation_by_eventbridge() -> None:
    """EventBridge's event gives the same fields under the same names, and `raw` is all of it."""
    (seen,) = _seen(json.loads(CREATED))
    assert seen == ObjectEvent(
        name="ObjectCreated:Put",
        key="example-key",
        bucket_name="amzn-s3-demo-bucket1",
        bucket_arn="arn:aws:s3:::amzn-s3-demo-bucket1",
        region="ca-central-1",
        time=datetime(2021, 11, 12, tzinfo=UTC),
        size=5,
        etag="b1946ac92492d2347c6235b4d2611184",
        version_id="IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
        sequencer="617f08299329d189",
        request_id="N4N7GDK58NMKJ12R",
        raw=json.loads(CREATED),
    )


def test_the_documented_deletion_by_eventbridge() -> None:
    """A delete marker has the name that S3's own notification gives it, and no size."""
    (seen,) = _seen(json.loads(DELETED))
    assert (seen.name, seen.size, seen.sequencer) == ("ObjectRemoved:DeleteMarkerCreated", None, "617f0837b476e463")


@pytest.mark.parametrize(
    ("detail_type", "reason", "deletion", "name"),
    [
        ("Object Created", "POST Object", None, "ObjectCreated:Post"),
        ("Object Created", "CopyObject", None, "ObjectCreated:Copy"),
        ("Object Created", "CompleteMultipartUpload", None, "ObjectCreated:CompleteMultipartUpload"),
        ("Object Deleted", "DeleteObject", "Permanently Deleted", "ObjectRemoved:Delete"),
        ("Object Deleted", "Lifecycle Expiration", "Permanently Deleted", "LifecycleExpiration:Delete"),
        ("Object Deleted", "Lifecycle Expiration", "Delete Marker Created", "LifecycleExpiration:DeleteMarkerCreated"),
        ("Object Restore Completed", None, None, "ObjectRestore:Completed"),
        ("Object Tags Added", None, None, "ObjectTagging:Put"),
    ],
)
def test_eventbridges_names_are_translated(
    detail_type: str, reason: str | None, deletion: str | None, name: str
) -> None:
    """Each of EventBridge's detail types and reasons has the name of S3's own event (S3 User Guide)."""
    event = json.loads(CREATED)
    event["detail-type"] = detail_type
    event["detail"] |= {"reason": reason, "deletion-type": deletion}
    assert [seen.name for seen in _seen(event)] == [name]


def test_eventbridges_keys_are_not_decoded() -> None:
    """EventBridge does not encode keys: plus, percent and space stay what they are."""
    event = json.loads(CREATED)
    event["detail"]["object"]["key"] = "a+b %41.txt"
    assert [seen.key for seen in _seen(event)] == ["a+b %41.txt"]


@pytest.mark.parametrize(("text", "version"), [(JOB_1, "1"), (JOB_2, None)])
def test_the_documented_tasks_of_a_job(text: str, version: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task of either schema is an event with bucket and key; `raw` has the user's arguments."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    (seen,) = _seen(json.loads(text))
    assert (seen.name, seen.key, seen.bucket_name) == (
        "BatchOperations:Invoke",
        "customerImage1.jpg",
        "amzn-s3-demo-bucket",
    )
    assert (seen.version_id, seen.region, seen.job_id) == (version, "us-east-1", "f3cc4f60-61f6-4a2b-8a21-d07600c373ce")
    assert seen.raw == json.loads(text)
    assert seen.time.tzinfo is UTC


@pytest.mark.parametrize(
    ("region", "arn"), [("cn-north-1", "arn:aws-cn:s3:::b"), ("us-gov-west-1", "arn:aws-us-gov:s3:::b")]
)
def test_a_jobs_bucket_has_the_arn_of_its_partition(region: str, arn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Schema 2.0 names the bucket alone; its ARN is made for the partition that the function runs in."""
    monkeypatch.setenv("AWS_REGION", region)
    assert [seen.bucket_arn for seen in _seen(batch_event("a", schema="2.0", bucket="b"))] == [arn]
