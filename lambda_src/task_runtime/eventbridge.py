"""S3's events as EventBridge brings them: one per invocation, the same names translated, keys not encoded. Pure.

The shape is on AWS's pages "EventBridge event message structure" and "Using EventBridge" (S3 User Guide).
"""

from collections.abc import Mapping

from task_runtime import fields
from task_runtime.events import EventError, ObjectEvent

_CREATED = {
    "PutObject": "ObjectCreated:Put",
    "POST Object": "ObjectCreated:Post",
    "CopyObject": "ObjectCreated:Copy",
    "CompleteMultipartUpload": "ObjectCreated:CompleteMultipartUpload",
}
_DELETED = {"Permanently Deleted": "Delete", "Delete Marker Created": "DeleteMarkerCreated"}
_OTHERS = {
    "Object Restore Initiated": "ObjectRestore:Post",
    "Object Restore Completed": "ObjectRestore:Completed",
    "Object Restore Expired": "ObjectRestore:Delete",
    "Object Storage Class Changed": "LifecycleTransition",
    "Object Access Tier Changed": "IntelligentTiering",
    "Object ACL Updated": "ObjectAcl:Put",
    "Object Tags Added": "ObjectTagging:Put",
    "Object Tags Deleted": "ObjectTagging:Delete",
}


def is_eventbridge(event: Mapping[object, object]) -> bool:
    """Whether the event bears EventBridge's marks, of whatever service it tells."""
    return "detail-type" in event


def parse(event: Mapping[str, object]) -> ObjectEvent:
    """Make an ObjectEvent of one event. Raises EventError, naming the field that is wrong or what came instead."""
    if event.get("source") != "aws.s3":
        raise EventError(
            f"the event is not of S3 but of {fields.shown(event.get('source'))}, {fields.shown(event['detail-type'])}"
        )
    detail = event.get("detail")
    bucket = fields.required(detail, "bucket", "name")
    return ObjectEvent(
        name=_name(fields.required(event, "detail-type"), detail),
        key=fields.required(detail, "object", "key"),
        bucket_name=bucket,
        bucket_arn=_bucket_arn(event, bucket),
        region=fields.required(event, "region"),
        time=fields.instant(event, "time"),
        size=fields.whole_number(detail, "object", "size"),
        etag=fields.text(detail, "object", "etag"),
        version_id=fields.text(detail, "object", "version-id"),
        sequencer=fields.text(detail, "object", "sequencer"),
        request_id=fields.text(detail, "request-id"),
        raw=event,
    )


def _name(detail_type: str, detail: object) -> str:
    """Give the name that S3's own notification of the same happening has."""
    if detail_type == "Object Created":
        reason = fields.text(detail, "reason") or ""
        return _CREATED.get(reason, f"ObjectCreated:{reason.replace(' ', '') or 'Put'}")
    if detail_type == "Object Deleted":
        kind = "LifecycleExpiration" if fields.text(detail, "reason") == "Lifecycle Expiration" else "ObjectRemoved"
        return f"{kind}:{_DELETED.get(fields.text(detail, 'deletion-type') or '', 'Delete')}"
    if detail_type in _OTHERS:
        return _OTHERS[detail_type]
    raise EventError(f"S3's EventBridge event is {fields.shown(detail_type)}, which this runtime does not know")


def _bucket_arn(event: Mapping[str, object], bucket: str) -> str:
    resources = event.get("resources")
    first = resources[0] if isinstance(resources, list) and resources else None
    return first if isinstance(first, str) and first else f"arn:aws:s3:::{bucket}"
