"""Listings of keys that XML cannot carry, as boto3 reads them."""

from typing import TYPE_CHECKING, Final

import pytest
from botocore.exceptions import ClientError

from task_deployer.aws import connect
from task_deployer.local.process import ACCESS_KEY, SECRET_KEY
from task_deployer.resources import Bucket
from task_deployer.session import Access

if TYPE_CHECKING:
    from tests.local.conftest import Lab

KEYS: Final = sorted(["a\x01b", "a b+c", "dir\x02/in", "dir\x02/<&>", "plain", "tab\there", "ü%20", "\x1f"])


@pytest.fixture
def bucket(lab: "Lab") -> str:
    """A versioned bucket of such keys."""
    name = lab.bucket(versioned=True)
    for key in KEYS:
        lab.s3.put_object(Bucket=name, Key=key, Body=b"1")
    return name


def test_every_key_is_listed(lab: "Lab", bucket: str) -> None:
    """All three listings give each key as it was put, also with a prefix and a delimiter of such characters."""
    s3 = lab.s3
    assert KEYS == sorted(one["Key"] for one in s3.list_objects(Bucket=bucket)["Contents"])
    assert KEYS == sorted(one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"])
    assert KEYS == sorted(one["Key"] for one in s3.list_object_versions(Bucket=bucket)["Versions"])
    by_control = s3.list_object_versions(Bucket=bucket, Prefix="dir\x02", Delimiter="/")
    assert ("dir\x02", "/", ["dir\x02/"]) == (
        by_control["Prefix"],
        by_control["Delimiter"],
        [one["Prefix"] for one in by_control["CommonPrefixes"]],
    )


@pytest.mark.parametrize("listing", ["list_objects", "list_objects_v2", "list_object_versions"])
def test_listings_are_cut_at_any_character(lab: "Lab", bucket: str, listing: str) -> None:
    """A delimiter that XML cannot carry cuts keys as any other one does, and comes back as it was sent."""
    found = getattr(lab.s3, listing)(Bucket=bucket, Prefix="a", Delimiter="\x01")
    assert ("a", "\x01", ["a\x01"]) == (
        found["Prefix"],
        found["Delimiter"],
        [one["Prefix"] for one in found["CommonPrefixes"]],
    )


def test_pages_go_on_behind_any_key(lab: "Lab", bucket: str) -> None:
    """The marker of the next page is the key that it stands for."""
    paginator = lab.s3.get_paginator("list_object_versions")
    pages = paginator.paginate(Bucket=bucket, PaginationConfig={"PageSize": 1})
    assert KEYS == sorted(one["Key"] for page in pages for one in page.get("Versions", []))


def test_a_listing_that_asks_for_no_form_is_plain(lab: "Lab") -> None:
    """Uploads are listed as they are, unless the form of URLs is asked for."""
    name = lab.bucket()
    lab.s3.create_multipart_upload(Bucket=name, Key="a b")
    plain = lab.s3.list_multipart_uploads(Bucket=name)
    assert "EncodingType" not in plain
    assert ["a b"] == [upload["Key"] for upload in plain["Uploads"]]
    asked = lab.s3.list_multipart_uploads(Bucket=name, EncodingType="url")
    assert "url" == asked["EncodingType"]
    assert ["a+b"] == [upload["Key"] for upload in asked["Uploads"]]


def test_a_refused_listing_stays_a_refusal(lab: "Lab") -> None:
    """A bucket that is not there is told as ever."""
    with pytest.raises(ClientError, match="NoSuchBucket"):
        lab.s3.list_object_versions(Bucket="nobodys-bucket")


def test_a_batch_that_xml_cannot_carry_is_malformed(lab: "Lab", bucket: str) -> None:
    """DeleteObjects refuses the whole of a body that no XML parser takes, as S3 does."""
    with pytest.raises(ClientError, match="MalformedXML"):
        lab.s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a\x01b"}]})


def test_such_a_bucket_is_counted_and_emptied(lab: "Lab", bucket: str) -> None:
    """What `down --empty-buckets` does: all versions and markers, and unfinished uploads under such keys."""
    lab.s3.delete_object(Bucket=bucket, Key="a\x01b")
    with pytest.raises(ClientError):  # the answer repeats the key, which XML cannot carry; the upload is begun
        lab.s3.create_multipart_upload(Bucket=bucket, Key="up\x01")
    aws = connect(Access(endpoint_url=lab.aws.endpoint_url, credentials=(ACCESS_KEY, SECRET_KEY)), "eu-central-1")
    held = Bucket.count(aws, {"bucket": bucket})
    assert {"object version": len(KEYS), "delete marker": 1} == {k: held.numbers[k] for k in list(held.numbers)[:2]}
    assert held.numbers["unfinished upload"]
    Bucket.discard(aws, {"bucket": bucket})
    assert None is Bucket.observe(aws, {"bucket": bucket})
