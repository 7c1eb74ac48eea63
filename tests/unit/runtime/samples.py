"""S3 events as S3 sends them, queues that remember what they were sent, and patience for properties."""

import json
from collections.abc import Sequence
from typing import TypedDict
from urllib.parse import quote_plus

from hypothesis import HealthCheck, settings

from task_runtime import RecordsFailed
from task_runtime.invocation import Handler
from task_runtime.messages import Entry

ORDERS = "https://sqs.eu-central-1.amazonaws.com/123456789012/media-dev-orders.fifo"
MAILS = "https://sqs.eu-central-1.amazonaws.com/123456789012/media-dev-mails"
TOPICS = {"orders": ORDERS, "mails": MAILS}

# A loaded machine makes an example slow, not wrong.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


class S3Object(TypedDict, total=False):
    """The part of a record that is about the object."""

    key: str
    size: int
    eTag: str
    versionId: str
    sequencer: str


def record(
    key: str = "in/a.csv",
    *,
    name: str = "ObjectCreated:Put",
    encoded_key: str | None = None,
    version_id: str | None = None,
    sequencer: str | None = "0A1B2C3D4E5F678901",
) -> dict[str, object]:
    """Make one record; `encoded_key` says how the key stands in it, where that is no proper encoding of `key`."""
    stored: S3Object = {"key": quote_plus(key, safe="/") if encoded_key is None else encoded_key}
    if name.startswith("ObjectCreated"):
        stored |= {"size": 1024, "eTag": "d41d8cd98f00b204e9800998ecf8427e"}
    if version_id is not None:
        stored["versionId"] = version_id
    if sequencer is not None:
        stored["sequencer"] = sequencer
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-central-1",
        "eventTime": "2026-11-23T09:15:30.123Z",
        "eventName": name,
        "userIdentity": {"principalId": "AWS:AIDAINPONIXQXHT3IKHL2"},
        "requestParameters": {"sourceIPAddress": "203.0.113.7"},
        "responseElements": {"x-amz-request-id": "D82B88E5F771F645", "x-amz-id-2": "vlR7PnpV2Ce81l0PRw6jlUpck7Jo5ZsQ"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "media-dev-ingest-uploads-Created",
            "bucket": {
                "name": "my-bucket",
                "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
                "arn": "arn:aws:s3:::my-bucket",
            },
            "object": stored,
        },
    }


def event(*records: object) -> dict[str, object]:
    """Make the event that S3 hands to Lambda, through JSON, so that no test shares a part of it with another."""
    copied: dict[str, object] = json.loads(json.dumps({"Records": records}))
    return copied


class Sent(Entry):
    """An entry of a batch that a queue took, and the queue."""

    QueueUrl: str


class Queues:
    """All queues at once: keeps the entries in the order in which they came; refuses bodies that hold `refused`.

    `faults` are what the first calls get for an answer instead: an exception to raise, or the numbers of entries that
    fail on AWS's side.
    """

    def __init__(self, refused: str | None = None, faults: Sequence[Exception | set[int]] = ()) -> None:
        self.sent: list[Sent] = []
        self.calls: list[list[str]] = []
        self._refused = refused
        self._faults = list(faults)

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Entry]) -> dict[str, list[dict[str, object]]]:  # noqa: N803 - AWS's names
        """Keep the entries, but for those that are refused."""
        self.calls.append([json.loads(entry["MessageBody"])["id"] for entry in Entries])
        fault = self._faults.pop(0) if self._faults else set[int]()
        if isinstance(fault, Exception):
            raise fault
        failed: list[dict[str, object]] = []
        for number, entry in enumerate(Entries):
            if self._refused is not None and self._refused in entry["MessageBody"]:
                failed.append({"Id": entry["Id"], "SenderFault": True, "Code": "Refused", "Message": "not wanted"})
            elif number in fault:
                failed.append({"Id": entry["Id"], "SenderFault": False, "Code": "InternalError", "Message": "sorry"})
            else:
                self.sent.append({**entry, "QueueUrl": QueueUrl})
        return {"Failed": failed}

    @property
    def ids(self) -> list[str]:
        """The ids of the commands that came, in order."""
        return [json.loads(request["MessageBody"])["id"] for request in self.sent]


def failure_of(handler: Handler, given: object) -> RecordsFailed:
    """Invoke a handler that must fail, and give what it raised."""
    try:
        summary = handler(given, None)
    except RecordsFailed as failed:
        return failed
    raise AssertionError(f"no record failed, the summary is {summary}")
