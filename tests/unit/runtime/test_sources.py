"""Records as AWS's documentation shows them, of every source: facts, with their values, and what comes of them."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

import pytest

from task_runtime import ObjectEvent, PublishCommand, make_handler
from task_runtime.events import EventError
from task_runtime.testing import (
    Bucket,
    Run,
    batch_event,
    dead_letter,
    eventbridge_event,
    failure_record,
    run,
    s3_event,
    s3_record,
    s3_test_event,
    sns_event,
    sqs_event,
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


def _commands(_name: str, key: str) -> list[PublishCommand]:
    return [PublishCommand("orders", key, {})]


def _ids(done: Run) -> list[str]:
    return [sent.id for sent in done.commands]


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


NOTIFIED = s3_event("in/a b.csv")


@pytest.mark.parametrize(
    "event",
    [
        NOTIFIED,
        sqs_event(NOTIFIED),
        sns_event(NOTIFIED),
        sqs_event(sns_event(NOTIFIED)["Records"][0]["Sns"]),
        failure_record(NOTIFIED),
        failure_record(sns_event(NOTIFIED)),
        sqs_event(failure_record(NOTIFIED)),
        dead_letter(NOTIFIED),
        {"Messages": [dead_letter(NOTIFIED)]},
        sqs_event(NOTIFIED | {"more": 1}),
        sqs_event(dead_letter(NOTIFIED)["Body"]),
        eventbridge_event("in/a b.csv"),
        sqs_event(eventbridge_event("in/a b.csv")),
        sns_event(eventbridge_event("in/a b.csv")),
    ],
)
def test_one_event_is_the_same_on_every_way(event: dict[str, Any]) -> None:
    """However an event comes, wrapped once or more, the callback sees the same and its commands bear the same ids."""
    (direct,) = run(_commands, NOTIFIED).commands
    (sent,) = run(_commands, event).commands
    assert (sent.id, sent.deduplication_id, sent.meta) == (direct.id, direct.deduplication_id, direct.meta)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_any_number_of_records(count: int) -> None:
    """0, 1 and n records are so many calls, in order."""
    assert _ids(run(_commands, s3_event(*map(str, range(count))))) == [*map(str, range(count))]


@pytest.mark.parametrize("event", [s3_test_event(), sqs_event(s3_test_event()), sns_event(s3_test_event())])
def test_the_test_event_is_nothing_to_do(event: dict[str, Any]) -> None:
    """S3's test event, on whichever way, calls nothing and is no failure."""
    done = run(_commands, event)
    assert done.answer in ({"records": 0, "commands": 0}, {"batchItemFailures": []})


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.6", "2.99"])
def test_minor_versions_are_taken(version: str) -> None:
    """Any event version 2.x is read, and unknown fields are ignored."""
    record = s3_record("a") | {"eventVersion": version, "glacierEventData": {"new": []}}
    assert _ids(run(_commands, s3_event(record))) == ["a"]


def test_another_major_version_is_refused() -> None:
    """A record of event version 3 may mean something else, and fails."""
    done = run(_commands, s3_event(s3_record("a") | {"eventVersion": "3.0"}, "b"), check=False)
    assert "eventVersion is '3.0'" in str(done.failures[0])
    assert _ids(done) == ["b"]


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({"source": "aws.ec2", "detail-type": "EC2 Instance State-change Notification"}, r"not of S3 but of 'aws.ec2'"),
        (json.loads(CREATED) | {"detail-type": "Object Forgotten"}, "'Object Forgotten', which this runtime"),
        (
            {"Records": [{"eventSource": "aws:dynamodb"}, {"eventSource": "aws:kinesis"}]},
            "of aws:dynamodb, aws:kinesis",
        ),
        ({"Records": [{}]}, "of an unnamed source"),
        ({"Records": "many"}, "no list but str: 'many'"),
        ({"Messages": 7}, "no list but int: 7"),
        ({"Body": "no json"}, "'no json' is no JSON"),
        ({"Body": "{}"}, "it holds no S3 event: {}"),
        ({"Type": "Notification", "Message": 1}, "no text but int: 1"),
        ({"requestPayload": [1]}, r"no JSON object but list: \[1\]"),
        (batch_event("a") | {"invocationSchemaVersion": "9.0"}, "is '9.0'; this runtime knows 1.0 and 2.0"),
        (batch_event("a") | {"tasks": None}, "tasks are no list but NoneType"),
        (batch_event("a") | {"tasks": [{}]}, "no taskId"),
        (batch_event("a") | {"invocationId": ""}, "no invocationId"),
        ({"Records": [{"eventSource": "aws:sqs", "body": "{}"}]}, "no messageId"),
    ],
)
def test_what_is_no_s3_event_is_named(event: dict[str, Any], told: str) -> None:
    """An event that the runtime does not know is an error that shows what came, and calls nothing."""
    with pytest.raises((EventError, Exception), match=told) as refused:
        run(lambda _name, _key: pytest.fail("called"), event)
    assert type(refused.value).__name__ in {"EventError", "RecordsFailed"}


def test_wrapping_has_an_end() -> None:
    """An event that is wrapped without end fails, rather than the whole sandbox."""
    event: dict[str, Any] = NOTIFIED
    for _ in range(12):
        event = {"requestPayload": event}
    with pytest.raises(EventError, match="wrapped more than 10 times"):
        run(_commands, event)


def test_a_message_without_an_s3_event_fails_alone() -> None:
    """Of three SNS messages one is unreadable: it alone fails, the others' records run."""
    done = run(_commands, sns_event(s3_event("a"), "no json", s3_event("b")), check=False)
    assert _ids(done) == ["a", "b"]
    assert [failure.record for failure in done.failures] == ["an SNS message"]


def test_a_foreign_record_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """Among S3's records, one of another source is no failure, and a log line names its source."""
    with caplog.at_level(logging.WARNING):
        assert _ids(run(_commands, {"Records": [{"eventSource": "aws:codecommit"}, s3_record("a")]})) == ["a"]
    assert "aws:codecommit" in caplog.text


def test_the_object_is_read_at_the_events_version() -> None:
    """`open` and `lines` read the version that the event tells of, though a later one is current."""
    s3 = Bucket()
    s3.put_object(Bucket="my-bucket", Key="a", Body=b"first\r\nline")
    s3.put_object(Bucket="my-bucket", Key="a", Body=b"second")
    seen: list[object] = []

    def callback(_name: str, _key: str, event: ObjectEvent) -> None:
        with event.open() as content:
            seen.append(content.read())
        seen.extend(event.lines())

    make_handler(callback, s3=s3)(s3_event(s3_record("a", version_id="v1")), None)
    assert seen == [b"first\r\nline", "first\r\n", "line"]
