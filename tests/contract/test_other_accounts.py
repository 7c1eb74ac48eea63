"""Buckets of another account: every call expects that owner, and a refusal says whom to ask."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import pytest

from task_deployer.aws import Aws
from task_deployer.errors import ResourceError
from task_deployer.resources.base import AnyResource
from task_deployer.resources.bucket_traits import ACCESS_BLOCK, ENCRYPTION, TRAITS, VERSIONING, Trait
from tests.aws import Fault, answering, new_name, watched
from tests.contract.life import Sample
from tests.contract.wishes import bucket, cors, notifications
from tests.invariants import assert_absent, assert_in_sync

OWNER = "210987654321"
DENIED = Fault(403, "AccessDenied", "Access Denied")


@contextmanager
def owned_by(aws: Aws, owner: str) -> Iterator[None]:
    """All buckets are of this account: S3 answers 403 to a call that expects any other."""

    def expect(params: dict[str, object], **_: object) -> None:
        params["ExpectedBucketOwner"] = aws.account.id if params["ExpectedBucketOwner"] == owner else "999999999999"

    aws.s3.meta.events.register("before-parameter-build.s3", expect)
    try:
        yield
    finally:
        aws.s3.meta.events.unregister("before-parameter-build.s3", expect)


def theirs(aws: Aws, kind: str, name: str) -> AnyResource:
    """A resource of this kind about another account's bucket."""
    owned = replace(bucket(name, existing=True), owner=OWNER)
    resources: Mapping[str, AnyResource] = {
        "bucket": owned,
        "cors": replace(cors(name, shared=True), bucket=owned),
        "notifications": replace(notifications(aws, name), bucket=owned),
    }
    return resources[kind]


@pytest.mark.parametrize("kind", ["cors", "notifications"])
def test_our_part_in_another_accounts_bucket_lives(aws: Aws, kind: str) -> None:
    """What is ours in another account's bucket is made, seen and taken out again, and every call expects that owner."""
    name = new_name()
    wanted = theirs(aws, kind, name)
    bucket(name).create(aws)
    for parent in wanted.depends_on:
        if parent.kind != "bucket":
            Sample(parent).prepare(aws)
            parent.create(aws)
    with owned_by(aws, OWNER):
        wanted.create(aws)
        assert_in_sync(aws, wanted)
        type(wanted).delete(aws, wanted.identity)
        assert_absent(aws, wanted)


def test_tags_of_another_account_say_nothing(aws: Aws) -> None:
    """Another account's bucket is looked at, and its tags are not: they could not tell whose it is."""
    name = new_name()
    bucket(name).create(aws)
    wanted = theirs(aws, "bucket", name)
    with owned_by(aws, OWNER), watched(aws) as asked:
        assert_in_sync(aws, wanted)
    assert ["HeadBucket"] == asked.operations


@pytest.mark.parametrize("trait", TRAITS, ids=lambda trait: trait.name)
def test_traits_expect_the_owner(aws: Aws, trait: Trait) -> None:
    """Every look at a trait expects the bucket's owner."""
    name = new_name()
    bucket(name).create(aws)
    with owned_by(aws, OWNER):
        assert "" == trait.read(aws, theirs(aws, "bucket", name).identity)


@pytest.mark.parametrize(
    ("kind", "operation"),
    [
        ("bucket", "HeadBucket"),
        ("cors", "GetBucketCors"),
        ("cors", "PutBucketCors"),
        ("notifications", "GetBucketNotificationConfiguration"),
        ("notifications", "PutBucketNotificationConfiguration"),
    ],
)
def test_a_refusal_says_whom_to_ask(aws: Aws, kind: str, operation: str) -> None:
    """What another account's bucket forbids names its owner, and the command that prints what to ask for."""
    name = new_name()
    bucket(name).create(aws)
    wanted = theirs(aws, kind, name)
    fault = Fault(403) if operation == "HeadBucket" else DENIED
    verb = partial(wanted.create, aws) if operation.startswith("Put") else partial(wanted.observe, aws, wanted.identity)
    with owned_by(aws, OWNER), answering(aws, operation, fault), pytest.raises(ResourceError) as caught:
        verb()
    assert f"{operation} on the bucket {name} of account {OWNER} is forbidden" == caught.value.summary
    assert "policy --bucket-owner" in caught.value.hint


def test_the_traits_of_a_bucket(aws: Aws) -> None:
    """Key, versioning and what is open are read as they are, whatever form the owner gave them."""
    name = new_name()
    bucket(name).create(aws)
    identity = bucket(name).identity
    aws.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Suspended"})
    assert "Suspended" == VERSIONING.read(aws, identity)
    aws.s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    assert "IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets" == ACCESS_BLOCK.read(aws, identity)
    aws.s3.delete_public_access_block(Bucket=name)
    parts = "BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets"
    assert parts == ACCESS_BLOCK.read(aws, identity)


@pytest.mark.parametrize(
    ("default", "key"),
    [
        ({"SSEAlgorithm": "AES256"}, ""),
        ({"SSEAlgorithm": "aws:kms"}, "alias/aws/s3"),
        ({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/mine"}, "alias/mine"),
        ({"SSEAlgorithm": "aws:kms:dsse", "KMSMasterKeyID": "1234"}, "1234"),
    ],
)
def test_the_key_of_a_bucket(aws: Aws, default: Mapping[str, str], key: str) -> None:
    """The key is told as its owner wrote it; where KMS is asked for without one, it is the one that AWS manages."""
    name = new_name()
    bucket(name).create(aws)
    configuration = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    aws.s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration=configuration)  # type: ignore[arg-type]  # a rule
    assert key == ENCRYPTION.read(aws, bucket(name).identity)


def test_a_bucket_without_encryption_has_no_key(aws: Aws) -> None:
    """Buckets had no default encryption before 2023: that is an answer, and no refusal."""
    name = new_name()
    bucket(name).create(aws)
    absent = Fault(404, "ServerSideEncryptionConfigurationNotFoundError", "not found")
    with answering(aws, "GetBucketEncryption", absent):
        assert "" == ENCRYPTION.read(aws, bucket(name).identity)
