"""The public access block: new buckets have it, so it is written only where something of it is off."""

import pytest

from task_deployer.aws import Aws
from task_deployer.refusals import code_of
from task_deployer.resources import PublicAccessBlock
from tests.aws import Fault, answering, new_name, watched
from tests.contract.wishes import bucket
from tests.invariants import assert_in_sync

ABORTED = Fault(409, "OperationAborted", "A conflicting conditional operation is currently in progress.")


@pytest.fixture
def wanted(aws: Aws) -> PublicAccessBlock:
    """The block of a bucket that was just made."""
    made = bucket(new_name())
    made.create(aws)
    return PublicAccessBlock("any", made)


def test_what_a_new_bucket_has_is_not_written(aws: Aws, wanted: PublicAccessBlock) -> None:
    """Where all four parts are on already, one look is all: who may not write them need not."""
    with watched(aws) as asked:
        wanted.create(aws)
    assert ["GetPublicAccessBlock"] == asked.operations
    assert_in_sync(aws, wanted)


def test_what_a_bucket_lacks_is_written(aws: Aws, wanted: PublicAccessBlock) -> None:
    """A bucket without the block is given it, also where another write is under way."""
    aws.s3.delete_public_access_block(Bucket=wanted.bucket.name)
    with answering(aws, "PutPublicAccessBlock", ABORTED):
        wanted.create(aws)
    assert_in_sync(aws, wanted)


def test_what_was_seen_off_is_written_at_once(aws: Aws, wanted: PublicAccessBlock) -> None:
    """A part that the plan saw off is turned on without another look, which might show what was there before."""
    aws.s3.put_public_access_block(
        Bucket=wanted.bucket.name, PublicAccessBlockConfiguration={"BlockPublicAcls": True, "BlockPublicPolicy": False}
    )
    seen = wanted.observe(aws, wanted.identity)
    assert seen is not None
    with watched(aws) as asked:
        wanted.update(aws, seen)
    assert ["PutPublicAccessBlock"] == asked.operations
    assert_in_sync(aws, wanted)


def test_a_look_that_is_refused_is_no_absence(aws: Aws, wanted: PublicAccessBlock) -> None:
    """A block that may not be read is never taken for none, nor written over."""
    forbidden = Fault(403, "AccessDenied", "no")
    with (
        watched(aws) as asked,
        answering(aws, "GetPublicAccessBlock", forbidden),
        pytest.raises(aws.s3.exceptions.ClientError) as caught,
    ):
        wanted.create(aws)
    assert ("AccessDenied", []) == (code_of(caught.value), asked.mutating)
