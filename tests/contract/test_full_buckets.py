"""A bucket and what is in it: counted, emptied, refused."""

import pytest

from task_deployer.aws import Aws
from task_deployer.errors import ResourceError
from task_deployer.resources import Bucket
from task_deployer.resources.held import Held
from task_deployer.retry import Patience
from tests.aws import Fault, Given, answering, new_name, watched
from tests.contract.wishes import bucket

ALL = Held({"object version": 3, "delete marker": 1, "unfinished upload": 1})


@pytest.fixture
def full(aws: Aws) -> Bucket:
    """A versioned bucket with three versions, a delete marker and an unfinished upload."""
    made = bucket(new_name())
    made.create(aws)
    aws.s3.put_bucket_versioning(Bucket=made.name, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2", b"3"):
        aws.s3.put_object(Bucket=made.name, Key="a b+c/ü", Body=body)
    aws.s3.delete_object(Bucket=made.name, Key="a b+c/ü")
    aws.s3.create_multipart_upload(Bucket=made.name, Key="unfinished")
    return made


def test_emptying_removes_versions_markers_and_uploads(aws: Aws, full: Bucket) -> None:
    """A bucket that was emptied holds nothing, and can be deleted."""
    assert ALL == Bucket.count(aws, full.identity)
    Bucket.empty(aws, full.identity)
    assert not Bucket.count(aws, full.identity)
    assert [] == aws.s3.list_multipart_uploads(Bucket=full.name).get("Uploads", [])
    Bucket.delete(aws, full.identity)
    assert Bucket.observe(aws, full.identity) is None


@pytest.mark.parametrize("code", ["SlowDown", "InternalError"])
def test_deletions_that_s3_puts_off_are_tried_again(aws: Aws, full: Bucket, code: str) -> None:
    """DeleteObjects answers 200 with errors inside; those that pass are tried again after a pause."""
    pauses: list[float] = []
    with answering(aws, "DeleteObjects", _not_deleted(code)):
        Bucket.empty(aws.waiting_with(Patience(sleep=pauses.append)), full.identity)
    assert [1] == pauses
    assert not Bucket.count(aws, full.identity)


def test_an_object_that_cannot_be_deleted_is_named(aws: Aws, full: Bucket) -> None:
    """An object lock, or a right that is missing, is told with the key and S3's code; nothing is tried again."""
    with (
        watched(aws) as asked,
        answering(aws, "DeleteObjects", _not_deleted("AccessDenied")),
        pytest.raises(ResourceError) as caught,
    ):
        Bucket.empty(aws, full.identity)
    assert "AccessDenied" == caught.value.code
    assert "locked" in caught.value.summary
    assert 1 == asked.count("DeleteObjects")


def _not_deleted(code: str) -> Given:
    """A 200 of DeleteObjects that says that one key was not deleted."""
    error = f"<Error><Key>locked</Key><Code>{code}</Code><Message>no</Message></Error>"
    return Given(200, body=f"<DeleteResult>{error}</DeleteResult>")


def test_keys_that_xml_cannot_carry_go_one_by_one(aws: Aws, full: Bucket) -> None:
    """S3 refuses the whole of a DeleteObjects with such a key as MalformedXML."""
    with answering(aws, "DeleteObjects", Fault(400, "MalformedXML", "not well-formed")), watched(aws) as asked:
        Bucket.empty(aws, full.identity)
    assert 4 == asked.count("DeleteObject")
    assert not Bucket.count(aws, full.identity)


def test_a_bucket_that_fills_again_is_told(aws: Aws, full: Bucket) -> None:
    """Whoever goes on writing while we empty is not fought for ever; the message says what is going on."""

    def write(**_: object) -> None:
        aws.s3.put_object(Bucket=full.name, Key="late", Body=b"")

    aws.s3.meta.events.register("after-call.s3.DeleteObjects", write)
    try:
        with pytest.raises(ResourceError) as caught:
            Bucket.empty(aws, full.identity)
    finally:
        aws.s3.meta.events.unregister("after-call.s3.DeleteObjects", write)
    assert "BucketNotEmpty" == caught.value.code


def test_a_bucket_that_is_not_empty_stays(aws: Aws, full: Bucket) -> None:
    """An object that came after the look keeps its bucket: the message names both ways on."""
    with pytest.raises(ResourceError) as caught:
        Bucket.delete(aws, full.identity)
    assert "--empty-buckets" in caught.value.hint
    assert ALL == Bucket.count(aws, full.identity)
