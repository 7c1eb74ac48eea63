"""Buckets whose versioning was switched on, and later off."""

from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import pytest
from botocore.exceptions import ClientError

from tests.local.deployed import deploy

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

    from tests.local.conftest import Event, Lab

CONFIG: Final = """\
[stack]
name = "{name}"
region = "eu-central-1"

[tasks.ingest]
source = "src"
callback = "handler:handle"

[tasks.ingest.buckets.uploads]
mode = "Read"
events = []
"""


def suspend(lab: "Lab", bucket: str) -> None:
    """Switches versioning off."""
    lab.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


def fill(lab: "Lab", bucket: str) -> None:
    """Leaves two versions and a delete marker of the key `a` in a bucket that is suspended afterwards."""
    lab.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2"):
        lab.s3.put_object(Bucket=bucket, Key="a", Body=body)
    lab.s3.delete_object(Bucket=bucket, Key="a")
    suspend(lab, bucket)


@pytest.fixture
def suspended(lab: "Lab") -> str:
    """A suspended bucket with two versions and a delete marker of the key `a`."""
    bucket = lab.bucket()
    fill(lab, bucket)
    return bucket


def held(lab: "Lab", bucket: str) -> "list[ObjectIdentifierTypeDef]":
    """All versions and markers, as DeleteObjects takes them."""
    found = lab.s3.list_object_versions(Bucket=bucket)
    both = [*found.get("Versions", []), *found.get("DeleteMarkers", [])]
    return [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in both]


def content(lab: "Lab", bucket: str) -> bytes:
    """What a reader of the key `a` gets."""
    return lab.s3.get_object(Bucket=bucket, Key="a")["Body"].read()


def test_down_empties_a_suspended_bucket(lab: "Lab", tmp_path: Path) -> None:
    """`down --empty-buckets` takes versions and markers along that were made before versioning was switched off."""
    stack = deploy(lab, tmp_path, CONFIG, "def handle(name, key):\n    pass\n")
    bucket = stack.buckets["uploads"]
    fill(lab, bucket)
    stack.project.succeed("down", "--yes", "--empty-buckets")
    with pytest.raises(ClientError, match="404"):
        lab.s3.head_bucket(Bucket=bucket)


@pytest.mark.parametrize("at_once", [True, False])
def test_every_version_goes_by_its_id(lab: "Lab", suspended: str, at_once: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Versions and markers are deleted by id, in one call or in many, until nothing is left."""
    objects = held(lab, suspended)
    assert len(objects) == 3
    if at_once:
        deleted = lab.s3.delete_objects(Bucket=suspended, Delete={"Objects": objects})
        assert len(deleted["Deleted"]) == 3
    else:
        for number, item in enumerate(objects, start=1):
            lab.s3.delete_object(Bucket=suspended, Key=item["Key"], VersionId=item["VersionId"])
            assert len(held(lab, suspended)) == 3 - number
    assert held(lab, suspended) == []
    lab.s3.delete_bucket(Bucket=suspended)


def test_without_its_marker_the_newest_version_is_back(lab: "Lab", suspended: str) -> None:
    """Deleting the delete marker by its id brings the object back, also when versioning is off by then."""
    (marker,) = lab.s3.list_object_versions(Bucket=suspended)["DeleteMarkers"]
    lab.s3.delete_object(Bucket=suspended, Key="a", VersionId=marker["VersionId"])
    assert content(lab, suspended) == b"2"


def test_a_write_replaces_the_null_version_alone(lab: "Lab", suspended: str) -> None:
    """What is written to a suspended bucket is the version `null`; the versions of before stay readable."""
    before = held(lab, suspended)
    for body in (b"3", b"4"):
        lab.s3.put_object(Bucket=suspended, Key="a", Body=body)
    assert content(lab, suspended) == b"4"
    now = held(lab, suspended)
    assert [item["VersionId"] for item in now if item not in before] == ["null"]
    assert len(now) == len(before) + 1
    bodies = [
        lab.s3.get_object(Bucket=suspended, Key="a", VersionId=item["VersionId"])["Body"].read()
        for item in lab.s3.list_object_versions(Bucket=suspended)["Versions"]
    ]
    assert sorted(bodies) == [b"1", b"2", b"4"]


def test_a_deletion_replaces_the_null_version_by_a_marker(lab: "Lab", suspended: str) -> None:
    """Deleting without an id leaves a marker with the id `null` in the place of the version `null`, and one only."""
    before = held(lab, suspended)
    lab.s3.put_object(Bucket=suspended, Key="a", Body=b"3")
    for _ in range(2):
        answer = lab.s3.delete_object(Bucket=suspended, Key="a")
        assert (answer["DeleteMarker"], answer["VersionId"]) == (True, "null")
    with pytest.raises(lab.s3.exceptions.NoSuchKey):
        content(lab, suspended)
    assert [item["VersionId"] for item in held(lab, suspended) if item not in before] == ["null"]
    assert len(held(lab, suspended)) == len(before) + 1


def test_events_tell_no_version_where_there_is_none(lab: "Lab", forwarding: tuple[str, str]) -> None:
    """In a suspended bucket a write and a deletion without an id are told without one, as of the version `null`."""
    function, queue = forwarding
    bucket = lab.bucket(versioned=True)
    suspend(lab, bucket)
    lab.subscribe(function, bucket, "s3:ObjectCreated:*", "s3:ObjectRemoved:*")
    lab.s3.put_object(Bucket=bucket, Key="a")
    written = lab.receive(queue)
    lab.s3.delete_object(Bucket=bucket, Key="a")
    told = [_name_and_version(event) for event in (written, lab.receive(queue))]
    assert told == [("ObjectCreated:Put", None), ("ObjectRemoved:DeleteMarkerCreated", None)]


def _name_and_version(event: "Event") -> tuple[object, object]:
    (record,) = cast("list[Event]", event["Records"])
    changed = cast("dict[str, Event]", record["s3"])["object"]
    return record["eventName"], changed.get("versionId")
