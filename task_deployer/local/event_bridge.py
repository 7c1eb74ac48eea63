"""The event that S3 sends to EventBridge for a change of one object. Pure.

Shape: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html. The key is not encoded, times have no
fraction of a second, and what a deletion did is a field of its own.
"""

import uuid
from datetime import UTC, datetime

from task_deployer.local.call import Call
from task_deployer.local.s3_event import ObjectChange

_REASONS = {
    "ObjectCreated:Put": "PutObject",
    "ObjectCreated:Post": "POST Object",
    "ObjectCreated:Copy": "CopyObject",
    "ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
}
_DELETIONS = {
    "ObjectRemoved:Delete": "Permanently Deleted",
    "ObjectRemoved:DeleteMarkerCreated": "Delete Marker Created",
}


def event_of(change: ObjectChange, call: Call, *, sequencer: str, requester: str) -> dict[str, object]:
    """Builds the event. Changes that S3 does not tell EventBridge of do not come here: moto knows none."""
    seen: dict[str, object] = {"key": change.key}
    detail_type = "Object Created" if change.name in _REASONS else "Object Deleted"
    if change.name in _REASONS:
        seen |= {"size": change.size, "etag": change.etag}
    if change.version_id is not None:
        seen["version-id"] = change.version_id
    detail = {
        "version": "0",
        "bucket": {"name": change.bucket},
        "object": seen | {"sequencer": sequencer},
        "request-id": call.request_id,
        "requester": requester,
        "source-ip-address": call.source_ip,
        "reason": _REASONS.get(change.name, "DeleteObject"),
    }
    if change.name in _DELETIONS:
        detail["deletion-type"] = _DELETIONS[change.name]
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": "aws.s3",
        "account": change.account,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": change.region,
        "resources": [change.bucket_arn],
        "detail": detail,
    }
