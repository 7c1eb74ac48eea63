import urllib.request
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final, cast

import pytest

from tests.local.deployed import Deployed, deploy

if TYPE_CHECKING:
    from tests.local.conftest import Lab

CONFIG: Final = """\
[stack]
name = "{name}"
region = "eu-central-1"

[command_topics.seen]
fifo = false

[tasks.ingest]
source = "src"
callback = "handler:handle"
command_topics = ["seen"]

[tasks.ingest.buckets.uploads]
mode = "Read"

[tasks.ingest.buckets.kept]
mode = "Read"
versioning = true
"""

HANDLER: Final = """\
from task_runtime import PublishCommand

TOLD = ("name", "key", "bucket_name", "bucket_arn", "region", "size", "etag", "version_id", "sequencer", "request_id")


def handle(name, key, event):
    told = {field: getattr(event, field) for field in TOLD} | {"time": str(event.time), "raw": event.raw}
    if name.startswith("ObjectCreated:"):
        with event.open() as content:
            told["beginning"] = content.read(20).decode()
    return [PublishCommand("seen", id=key, command=told)]
"""

PART: Final = b"x" * 5 * 1024 * 1024  # the least that S3 takes as a part that is not the last


@pytest.fixture(scope="module")
def stack(lab: "Lab", tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """A task that tells what its event says and what the object holds; the bucket `kept` is versioned."""
    return deploy(lab, tmp_path_factory.mktemp("events"), CONFIG, HANDLER)


def seen(stack: Deployed) -> dict[str, object]:
    """What the callback was called with, once."""
    return stack.commands("seen", 1)[0]["command"]


def put(stack: Deployed, key: str) -> None:
    """Upload an object in one piece."""
    stack.upload(key, b"whole")


def post(stack: Deployed, key: str) -> None:
    """Upload an object as a browser's form does."""
    form = stack.lab.s3.generate_presigned_post(stack.buckets["uploads"], key)
    parts = [*form["fields"].items(), ("file", "whole")]
    body = "".join(f'--line\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in parts)
    headers = {"Content-Type": "multipart/form-data; boundary=line"}
    request = urllib.request.Request(form["url"], f"{body}--line--\r\n".encode(), headers)  # noqa: S310 - http, ours
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - same
        assert answer.status in {200, 204}


def copy(stack: Deployed, key: str) -> None:
    """Copy an object of the versioned bucket, whose own event is waited for."""
    stack.upload(key, b"whole", bucket="kept")
    assert stack.buckets["kept"] == seen(stack)["bucket_name"]
    source = {"Bucket": stack.buckets["kept"], "Key": key}
    stack.lab.s3.copy_object(Bucket=stack.buckets["uploads"], Key=key, CopySource=source)  # type: ignore[arg-type]  # a plain dict


@pytest.mark.parametrize(
    ("write", "name"), [(put, "ObjectCreated:Put"), (post, "ObjectCreated:Post"), (copy, "ObjectCreated:Copy")]
)
def test_each_way_to_write_calls_back_once(stack: Deployed, write: Callable[[Deployed, str], None], name: str) -> None:
    """However an object is written, the callback is called once, by the event's own name, and can read it."""
    write(stack, f"written/{name}")
    told = seen(stack)
    assert (name, f"written/{name}", "whole") == (told["name"], told["key"], told["beginning"])


def test_an_upload_in_parts_calls_back_once(stack: Deployed) -> None:
    """The parts of a multipart upload call nobody; its completion does, once, with the whole object's size."""
    s3, bucket, key = stack.lab.s3, stack.buckets["uploads"], "in parts"
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    etags = [
        s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=body)["ETag"]
        for number, body in ((1, PART), (2, b"end"))
    ]
    parts = {"Parts": [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, start=1)]}
    etag = s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload=parts)["ETag"]  # type: ignore[arg-type]  # a plain dict
    told = seen(stack)
    assert ("ObjectCreated:CompleteMultipartUpload", key) == (told["name"], told["key"])
    assert (len(PART) + 3, etag.strip('"')) == (told["size"], told["etag"])
    assert "x" * 20 == told["beginning"]


def test_an_event_tells_what_s3_said_to_the_uploader(stack: Deployed) -> None:
    """Bucket, size, ETag, version and request id in the callback are those of the upload, the time is S3's own."""
    bucket = stack.buckets["kept"]
    put = stack.lab.s3.put_object(Bucket=bucket, Key="told", Body=b"12345")
    told = seen(stack)
    raw = cast("dict[str, str]", told["raw"])
    assert told.pop("sequencer")
    assert told == {
        "name": "ObjectCreated:Put",
        "key": "told",
        "bucket_name": bucket,
        "bucket_arn": f"arn:aws:s3:::{bucket}",
        "region": "eu-central-1",
        "size": 5,
        "etag": put["ETag"].strip('"'),
        "version_id": put["VersionId"],
        "request_id": put["ResponseMetadata"]["RequestId"],
        "time": str(datetime.fromisoformat(raw["eventTime"])),
        "beginning": "12345",
        "raw": raw,
    }


def test_a_removal_calls_back_by_its_kind(stack: Deployed) -> None:
    """Gone for good, hidden by a delete marker, and one version gone are told apart, with the version each is about."""
    s3, kept = stack.lab.s3, stack.buckets["kept"]
    stack.upload("gone")
    version = s3.put_object(Bucket=kept, Key="gone")["VersionId"]
    stack.commands("seen", 2)
    s3.delete_object(Bucket=stack.buckets["uploads"], Key="gone")
    for_good = seen(stack)
    marker = s3.delete_object(Bucket=kept, Key="gone")["VersionId"]
    hidden = seen(stack)
    s3.delete_object(Bucket=kept, Key="gone", VersionId=version)
    one_version = seen(stack)
    assert ("ObjectRemoved:Delete", None) == (for_good["name"], for_good["version_id"])
    assert ("ObjectRemoved:DeleteMarkerCreated", marker) == (hidden["name"], hidden["version_id"])
    assert ("ObjectRemoved:Delete", version) == (one_version["name"], one_version["version_id"])
    assert (None, None) == (for_good["size"], hidden["size"])


def test_an_event_opens_its_own_version(stack: Deployed) -> None:
    """On a versioned bucket an event that comes again late reads what it was about, not what stands there now."""
    kept = stack.buckets["kept"]
    stack.upload("changed", b"first", bucket="kept")
    first = stack.command("seen")
    stack.upload("changed", b"second", bucket="kept")
    assert "second" == seen(stack)["beginning"]
    stack.lab.s3.delete_object(Bucket=kept, Key="changed")
    assert "ObjectRemoved:DeleteMarkerCreated" == seen(stack)["name"]
    stack.invoke({"Records": [first["command"]["raw"]]})
    assert [first] == stack.commands("seen", 1)
    assert "first" == first["command"]["beginning"]
