"""What plain moto does with buckets where S3 does otherwise, row by row, as test_functions.py says."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Final

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest

from tests.faults.moto_today.plain import TAG, Moto, code_of, error_of
from tests.integration.account import ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CORSConfigurationTypeDef, CORSRuleTypeDef

CORS: "Final[CORSConfigurationTypeDef]" = {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}


@pytest.fixture
def virginia(moto: Moto) -> "Iterator[S3Client]":
    """A client in us-east-1, where S3 keeps a rule of its own."""
    with closing(boto3.client("s3", region_name="us-east-1", endpoint_url=moto.endpoint_url)) as client:
        yield client


def test_row_12_a_write_is_read_at_once(moto: Moto) -> None:
    """Row 12: CORS rules are read right after they are written, and gone right after.

    AWS: old and new in turn, for a minute.
    """
    s3, bucket = moto.account.s3, moto.bucket()
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration=CORS)
    assert 1 == len(s3.get_bucket_cors(Bucket=bucket)["CORSRules"])
    s3.delete_bucket_cors(Bucket=bucket)
    assert "NoSuchCORSConfiguration" == code_of(lambda: s3.get_bucket_cors(Bucket=bucket))


def test_row_13_a_bucket_is_there_and_gone_at_once(moto: Moto) -> None:
    """Row 13: HeadBucket knows of a creation and a deletion at once.

    AWS: 404 for a while, then 200 for a while.
    """
    s3, bucket = moto.account.s3, moto.bucket()
    assert 200 == s3.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"]
    s3.delete_bucket(Bucket=bucket)
    assert "404" == code_of(lambda: s3.head_bucket(Bucket=bucket))


def test_row_14_writes_do_not_collide(moto: Moto) -> None:
    """Row 14: writes to one bucket at the same time all succeed, and its name is free at once.

    AWS: OperationAborted 409.
    """
    s3, bucket = moto.account.s3, moto.bucket()
    writes: tuple[Callable[[], object], ...] = (
        lambda: s3.put_bucket_cors(Bucket=bucket, CORSConfiguration=CORS),
        lambda: s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}),
        lambda: s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [TAG]}),
    )
    with ThreadPoolExecutor(len(writes)) as pool:
        assert all(pool.map(lambda write: write(), writes))
    s3.delete_bucket(Bucket=bucket)
    assert bucket == moto.bucket()


def test_row_15_one_text_for_every_full_bucket(moto: Moto) -> None:
    """Row 15: versions and markers alone are told as objects are.

    AWS adds "You must delete all versions in the bucket.".
    """
    s3, bucket = moto.account.s3, moto.bucket()
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    s3.delete_object(Bucket=bucket, Key="k")
    refused = error_of(lambda: s3.delete_bucket(Bucket=bucket))
    assert ("BucketNotEmpty", "The bucket you tried to delete is not empty") == refused


def test_row_15_any_number_is_deleted_in_one_call(moto: Moto) -> None:
    """Row 15: DeleteObjects takes 1,001 keys, and no key ever fails.

    AWS: MalformedXML over 1,000, and `Errors` for some.
    """
    keys = [{"Key": str(number)} for number in range(1001)]
    answer = moto.account.s3.delete_objects(Bucket=moto.bucket(), Delete={"Objects": keys})  # type: ignore[typeddict-item]  # keys alone
    assert (1001, False) == (len(answer["Deleted"]), "Errors" in answer)


def test_row_15_a_control_character_breaks_the_listing(moto: Moto) -> None:
    """Row 15: a bucket with a control character in a key cannot be listed.

    AWS lists it, and refuses it in DeleteObjects.
    """
    s3, bucket = moto.account.s3, moto.bucket()
    s3.put_object(Bucket=bucket, Key="a\x01b", Body=b"")
    assert "500" == code_of(lambda: s3.list_object_versions(Bucket=bucket))


def test_row_19_the_rule_of_us_east_1(moto: Moto, virginia: "S3Client") -> None:
    """Row 19: one's own bucket can be made again in us-east-1 alone, with tags too.

    AWS: with tags 409 there as well.
    """
    for _ in range(2):
        virginia.create_bucket(Bucket=moto.name)
    virginia.create_bucket(Bucket=moto.name, CreateBucketConfiguration={"Tags": [TAG]})
    elsewhere = moto.named(f"{moto.name}-else")
    elsewhere.bucket()
    assert "BucketAlreadyOwnedByYou" == code_of(elsewhere.bucket)


def test_row_19_an_expected_owner_is_not_looked_at(moto: Moto) -> None:
    """Row 19: ExpectedBucketOwner may name anybody.

    AWS: 403 AccessDenied for any but the owner.
    """
    answer = moto.account.s3.put_bucket_cors(
        Bucket=moto.bucket(), CORSConfiguration=CORS, ExpectedBucketOwner="999999999999"
    )
    assert 200 == answer["ResponseMetadata"]["HTTPStatusCode"]


def test_row_19_tags_given_at_creation_are_dropped(moto: Moto) -> None:
    """Row 19: a bucket made with tags has none.

    AWS gives them in the same call.
    """
    moto.account.s3.create_bucket(
        Bucket=moto.name,
        CreateBucketConfiguration={"LocationConstraint": "eu-central-1", "Tags": [TAG]},
    )
    assert "NoSuchTagSet" == code_of(lambda: moto.account.s3.get_bucket_tagging(Bucket=moto.name))


def test_row_19_the_tags_of_a_deleted_bucket_live_on(moto: Moto) -> None:
    """Row 19: a bucket made again under its old name has the old one's tags.

    AWS: a new bucket has what it is given.
    """
    s3, bucket = moto.account.s3, moto.bucket()
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [TAG]})
    s3.delete_bucket(Bucket=bucket)
    moto.bucket()
    assert [TAG] == s3.get_bucket_tagging(Bucket=bucket)["TagSet"]


def test_row_20_a_fresh_bucket_has_no_settings(moto: Moto) -> None:
    """Row 20: a fresh bucket has neither public access block nor owner's controls nor encryption.

    AWS: all three, always.
    """
    s3, bucket = moto.account.s3, moto.bucket()
    assert [
        "NoSuchPublicAccessBlockConfiguration",
        "OwnershipControlsNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError",
    ] == [
        code_of(lambda: s3.get_public_access_block(Bucket=bucket)),
        code_of(lambda: s3.get_bucket_ownership_controls(Bucket=bucket)),
        code_of(lambda: s3.get_bucket_encryption(Bucket=bucket)),
    ]


def test_row_25_two_wildcards_in_an_origin(moto: Moto) -> None:
    """Row 25: an origin with two wildcards is taken.

    AWS: InvalidRequest "can not have more than one wildcard".
    """
    s3, bucket, origin = moto.account.s3, moto.bucket(), "https://*.a.*"
    rule: CORSRuleTypeDef = {"AllowedMethods": ["GET"], "AllowedOrigins": [origin]}
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    assert [origin] == s3.get_bucket_cors(Bucket=bucket)["CORSRules"][0]["AllowedOrigins"]


def test_row_29_there_are_no_batch_jobs(moto: Moto) -> None:
    """Row 29: CreateJob of S3 Batch Operations is not found.

    AWS: a job.
    """

    def without_account(request: AWSPreparedRequest, **_: object) -> None:
        """Take the account out of the host's name: before an address of numbers it cannot be resolved."""
        request.url = request.url.replace(f"{ID}.", "")

    with closing(boto3.client("s3control", "eu-central-1", endpoint_url=moto.endpoint_url)) as control:
        control.meta.events.register("before-send", without_account)
        assert "404" == code_of(
            lambda: control.create_job(
                AccountId=ID,
                Operation={"LambdaInvoke": {"FunctionArn": moto.arn("lambda", "function:missing")}},
                Report={"Enabled": False},
                ClientRequestToken=moto.name,
                Priority=1,
                RoleArn=f"arn:aws:iam::{ID}:role/missing",
            )
        )
