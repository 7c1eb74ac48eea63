"""Events of every source, as AWS sends them. What is not given is filled in; the same arguments make the same event.

Shapes: S3 User Guide ("Event message structure", "EventBridge event message structure", "Invoke AWS Lambda
function"); Lambda Developer Guide ("Using Lambda with Amazon SQS", "... SNS", "Capturing records of asynchronous
invocations", "Dead-letter queues").
"""

import json
from typing import Any, TypeAlias
from urllib.parse import quote_plus

from task_runtime.keys import decode_key

Event: TypeAlias = dict[str, Any]

BUCKET = "my-bucket"
REGION = "eu-central-1"
TIME = "2026-11-23T09:15:30.123Z"
ETAG = "d41d8cd98f00b204e9800998ecf8427e"
ACCOUNT = "123456789012"

_REASONS = {
    "ObjectCreated:Put": ("Object Created", {"reason": "PutObject"}),
    "ObjectCreated:Post": ("Object Created", {"reason": "POST Object"}),
    "ObjectCreated:Copy": ("Object Created", {"reason": "CopyObject"}),
    "ObjectCreated:CompleteMultipartUpload": ("Object Created", {"reason": "CompleteMultipartUpload"}),
    "ObjectRemoved:Delete": ("Object Deleted", {"reason": "DeleteObject", "deletion-type": "Permanently Deleted"}),
    "ObjectRemoved:DeleteMarkerCreated": (
        "Object Deleted",
        {"reason": "DeleteObject", "deletion-type": "Delete Marker Created"},
    ),
    "LifecycleExpiration:Delete": (
        "Object Deleted",
        {"reason": "Lifecycle Expiration", "deletion-type": "Permanently Deleted"},
    ),
}


def s3_record(  # noqa: PLR0913 - the fields that tests vary, by name alone
    key: str = "in/a.csv",
    *,
    name: str = "ObjectCreated:Put",
    bucket: str = BUCKET,
    size: int = 1024,
    etag: str = ETAG,
    version_id: str | None = None,
    sequencer: str | None = "0A1B2C3D4E5F678901",
    time: str = TIME,
) -> Event:
    """Make one record of S3's notifications; `key` is given as it is, and encoded as S3 does."""
    stored: Event = {"key": quote_plus(key, safe="/")}
    if name.startswith("ObjectCreated"):
        stored |= {"size": size, "eTag": etag}
    elif name == "ObjectRemoved:DeleteMarkerCreated":
        stored |= {"eTag": ETAG}
    stored |= {} if version_id is None else {"versionId": version_id}
    stored |= {} if sequencer is None else {"sequencer": sequencer}
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": time,
        "eventName": name,
        "userIdentity": {"principalId": "AWS:AIDAINPONIXQXHT3IKHL2"},
        "requestParameters": {"sourceIPAddress": "203.0.113.7"},
        "responseElements": {"x-amz-request-id": "D82B88E5F771F645", "x-amz-id-2": "vlR7PnpV2Ce81l0PRw6jlUpck7Jo5ZsQ"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "media-dev-ingest-uploads-Created",
            "bucket": {
                "name": bucket,
                "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
                "arn": f"arn:aws:s3:::{bucket}",
            },
            "object": stored,
        },
    }


def s3_event(*records: str | Event) -> Event:
    """Make S3's own event; a text among the records is the key of an object that was put."""
    return {"Records": [s3_record(record) if isinstance(record, str) else _copy(record) for record in records]}


def s3_test_event(bucket: str = BUCKET) -> Event:
    """Make the event with which S3 tries a queue or topic when notifications are set up."""
    return {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": TIME,
        "Bucket": bucket,
        "RequestId": "5582815E1AEA5ADF",
        "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR",
    }


def eventbridge_event(record: str | Event = "in/a.csv") -> Event:
    """Make EventBridge's event of what a record (or the key of an object that was put) tells."""
    told = s3_record(record) if isinstance(record, str) else _copy(record)
    plain = decode_key(told["s3"]["object"]["key"])
    stored = told["s3"]["object"]
    renamed = {"size": "size", "eTag": "etag", "versionId": "version-id", "sequencer": "sequencer"}
    detail_type, reason = _REASONS[told["eventName"]]
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": detail_type,
        "source": "aws.s3",
        "account": ACCOUNT,
        "time": told["eventTime"],
        "region": told["awsRegion"],
        "resources": [told["s3"]["bucket"]["arn"]],
        "detail": {
            "version": "0",
            "bucket": {"name": told["s3"]["bucket"]["name"]},
            "object": {"key": plain} | {new: stored[old] for old, new in renamed.items() if old in stored},
            "request-id": told["responseElements"]["x-amz-request-id"],
            "requester": ACCOUNT,
            "source-ip-address": "203.0.113.7",
            **reason,
        },
    }


def sqs_event(*bodies: str | Event, fifo_groups: tuple[str, ...] | None = None) -> Event:
    """Make the event of an SQS event source with one message a body, `message-1` and so on.

    A body that is an event is put into JSON. `fifo_groups` names the group of each message, of a FIFO queue then.
    """
    suffix = "" if fifo_groups is None else ".fifo"
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": {"ApproximateReceiveCount": "1", "SenderId": "AIDAIENQZJOLO23YVJ4VO"}
                | ({} if fifo_groups is None else {"MessageGroupId": fifo_groups[number - 1]}),
                "messageAttributes": {},
                "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:uploads{suffix}",
                "awsRegion": REGION,
            }
            for number, body in enumerate(bodies, start=1)
        ]
    }


def sns_event(*messages: str | Event) -> Event:
    """Make the event of an SNS subscription; AWS sends one message an event."""
    return {
        "Records": [
            {
                "EventVersion": "1.0",
                "EventSubscriptionArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:uploads:21be56ed-a058-49f5-8c98-aedd2564c486",
                "EventSource": "aws:sns",
                "Sns": {
                    "SignatureVersion": "1",
                    "Timestamp": TIME,
                    "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
                    "Message": message if isinstance(message, str) else json.dumps(message),
                    "MessageAttributes": {},
                    "Type": "Notification",
                    "TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:uploads",
                    "Subject": "Amazon S3 Notification",
                },
            }
            for message in messages
        ]
    }


def failure_record(event: Event) -> Event:
    """Make the record that Lambda's OnFailure destination gets of an event whose retries are used up."""
    function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:media-dev-ingest:$LATEST"
    return {
        "version": "1.0",
        "timestamp": TIME,
        "requestContext": {
            "requestId": "e4b46cbf-b738-xmpl-8880-a18cdf61200e",
            "functionArn": function,
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": event,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorMessage": "1 of 1 records failed", "errorType": "RecordsFailed"},
    }


def dead_letter(event: Event) -> Event:
    """Make the message that a dead-letter queue holds, as SQS's ReceiveMessage (and the AWS CLI) gives it."""
    return {
        "MessageId": "58bcc209-492f-4bef-b573-7a1e1d6f7d11",
        "ReceiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        "Body": json.dumps(event),
        "MessageAttributes": {
            "RequestID": {"StringValue": "e4b46cbf-b738-xmpl-8880-a18cdf61200e", "DataType": "String"},
            "ErrorCode": {"StringValue": "200", "DataType": "Number"},
            "ErrorMessage": {"StringValue": "1 of 1 records failed", "DataType": "String"},
        },
    }


def batch_event(*keys: str, schema: str = "1.0", bucket: str = BUCKET, version_id: str | None = None) -> Event:
    """Make a job's call of S3 Batch Operations with one task a key, `task-1` and so on; AWS sends one task a call."""
    where = {"s3BucketArn": f"arn:aws:s3:::{bucket}"} if schema == "1.0" else {"s3Bucket": bucket}
    job: Event = {"id": "f3cc4f60-61f6-4a2b-8a21-d07600c373ce"}
    return {
        "invocationSchemaVersion": schema,
        "invocationId": "YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo",
        "job": job if schema == "1.0" else job | {"userArguments": {"MyDestinationBucket": "my-archive"}},
        "tasks": [
            {"taskId": f"task-{number}", "s3Key": quote_plus(key, safe="/"), "s3VersionId": version_id, **where}
            for number, key in enumerate(keys, start=1)
        ],
    }


def _copy(record: Event) -> Event:
    copied: Event = json.loads(json.dumps(record))
    return copied
