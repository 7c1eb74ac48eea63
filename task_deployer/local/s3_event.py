"""The event that S3 sends for a change of one object. Pure but for the sequencer's clock.

Shape: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote_plus

from task_deployer.local.call import Call, host_id

EVENT_VERSION = "2.1"
_EMPTY_MD5 = "d41d8cd98f00b204e9800998ecf8427e"
# eTag and size as AWS gives them: a creation has both, a delete marker the ETag of nothing, a removal neither.
_CREATED = "ObjectCreated:"
_MARKER = "ObjectRemoved:DeleteMarkerCreated"


@dataclass(frozen=True)
class ObjectChange:
    """What happened to one object: `name` is the event without `s3:`; `version_id` is None in an unversioned bucket."""

    name: str
    bucket: str
    bucket_arn: str
    region: str
    account: str
    key: str
    size: int = 0
    etag: str = ""
    version_id: str | None = None


class Sequencer:
    """Hands out hexadecimal numbers that only grow, as S3's `sequencer` does for one key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> str:
        """The next number, 18 upper-case hex digits; later is greater, also as a string."""
        with self._lock:
            self._last = max(self._last + 1, time.time_ns())
            return f"{self._last:018X}"


def record(
    change: ObjectChange, call: Call, *, configuration_id: str, sequencer: str, principal: str
) -> dict[str, object]:
    """Builds the event with its one record; `configuration_id` is the matching entry's Id."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "Records": [
            {
                "eventVersion": EVENT_VERSION,
                "eventSource": "aws:s3",
                "awsRegion": change.region,
                "eventTime": now,
                "eventName": change.name,
                "userIdentity": {"principalId": principal},
                "requestParameters": {"sourceIPAddress": call.source_ip},
                "responseElements": {"x-amz-request-id": call.request_id, "x-amz-id-2": host_id(call)},
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": configuration_id,
                    "bucket": {
                        "name": change.bucket,
                        "ownerIdentity": {"principalId": change.account},
                        "arn": change.bucket_arn,
                    },
                    "object": _object(change, sequencer),
                },
            }
        ]
    }


def encode_key(key: str) -> str:
    """Encodes a key as S3 does in events: a form's encoding, but `/` stays."""
    return quote_plus(key, safe="/")


def _object(change: ObjectChange, sequencer: str) -> dict[str, object]:
    seen: dict[str, object] = {"key": encode_key(change.key)}
    if change.name.startswith(_CREATED):
        seen |= {"size": change.size, "eTag": change.etag}
    if change.name == _MARKER:
        seen["eTag"] = _EMPTY_MD5
    if change.version_id is not None:
        seen["versionId"] = change.version_id
    return seen | {"sequencer": sequencer}
