"""The pattern of an EventBridge rule: which of a bucket's events it takes. Pure.

S3's event types are told apart by `detail-type`, `detail.reason` and `detail.deletion-type`: S3 User Guide, "Using
EventBridge". Keys are not encoded there, as they are for S3's own filters. Filters: EventBridge User Guide, "Comparison
operators in event patterns".
"""

from collections.abc import Mapping, Sequence

from task_deployer.config.delivery import plain_filter

LONGEST = 2048
"""How many characters of JSON a pattern may have (EventBridge quotas)."""

_CREATED, _DELETED = "Object Created", "Object Deleted"
_FOR_GOOD, _MARKER = "Permanently Deleted", "Delete Marker Created"
_REASONS = {
    "ObjectCreated:Put": "PutObject",
    "ObjectCreated:Post": "POST Object",
    "ObjectCreated:Copy": "CopyObject",
    "ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
}
_DELETIONS = {
    "ObjectRemoved:Delete": ("DeleteObject", _FOR_GOOD),
    "ObjectRemoved:DeleteMarkerCreated": ("DeleteObject", _MARKER),
    "LifecycleExpiration:Delete": ("Lifecycle Expiration", _FOR_GOOD),
    "LifecycleExpiration:DeleteMarkerCreated": ("Lifecycle Expiration", _MARKER),
}


def pattern_of(bucket: str, events: Sequence[str], prefix: str, suffix: str) -> Mapping[str, object]:
    """Make the pattern for these events of the config (`ObjectCreated`, `ObjectRemoved:Delete`) and these filters."""
    created = [reason for event, reason in _REASONS.items() if _wanted(event, events)]
    deleted = [pair for event, pair in _DELETIONS.items() if _wanted(event, events)]
    detail: dict[str, object] = {"bucket": {"name": [bucket]}}
    if keys := _keys(plain_filter(prefix), plain_filter(suffix)):
        detail["object"] = {"key": keys}
    return {
        "source": ["aws.s3"],
        "detail-type": [*([_CREATED] if created else []), *([_DELETED] if deleted else [])],
        "detail": {**detail, **_happenings(created, deleted)},
    }


def _wanted(event: str, events: Sequence[str]) -> bool:
    return event in events or event.partition(":")[0] in events


def _happenings(created: Sequence[str], deleted: Sequence[tuple[str, str]]) -> Mapping[str, object]:
    """Tell the reasons apart, and the sorts of deletion where only one of a reason's two is wanted."""
    if len(created) in (0, len(_REASONS)) and len(deleted) in (0, len(_DELETIONS)):
        return {}  # all that the detail types have
    sorts: dict[str, list[str]] = {}
    for reason, sort in deleted:
        sorts.setdefault(reason, []).append(sort)
    whole = [*created, *(reason for reason, both in sorts.items() if len(both) > 1)]
    ways: list[Mapping[str, object]] = [{"reason": whole}] if whole else []
    ways += [{"reason": [reason], "deletion-type": one} for reason, one in sorts.items() if len(one) == 1]
    return ways[0] if len(ways) == 1 else {"$or": ways}


def _keys(prefix: str, suffix: str) -> list[object]:
    """The filters of the key, any of which may match.

    S3 looks at prefix and suffix apart, so they may share characters: `in/a` and `a.csv` match `in/a.csv`, which the
    wildcard does not.
    """
    if not (prefix and suffix):
        return [{name: value} for name, value in (("prefix", prefix), ("suffix", suffix)) if value]
    shared = range(1, min(len(prefix), len(suffix)) + 1)
    meeting = [prefix + suffix[number:] for number in shared if prefix.endswith(suffix[:number])]
    return [{"wildcard": f"{_literal(prefix)}*{_literal(suffix)}"}, *meeting]


def _literal(value: str) -> str:
    """Escape what a wildcard filter would not take literally."""
    return value.replace("\\", "\\\\").replace("*", "\\*")
