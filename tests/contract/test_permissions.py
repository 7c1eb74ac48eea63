"""A statement that is replaced: what may invoke meanwhile, and what a run that dies in between leaves."""

import json
from dataclasses import replace

import pytest

from task_deployer.aws import Aws
from task_deployer.resources import Permission
from tests.aws import Crash, crashing, new_name, watched
from tests.contract.life import Sample
from tests.contract.wishes import permission
from tests.invariants import assert_absent, assert_in_sync

CALLS = 4
"""The mutating calls of a replacement."""


@pytest.fixture
def wanted(aws: Aws) -> Permission:
    """A statement that is there for another bucket than is wanted now."""
    wish = permission(aws, new_name())
    Sample(wish).prepare(aws)
    replace(wish, source_arn=aws.account.bucket_arn("before")).create(aws)
    return wish


def statements(aws: Aws, wish: Permission) -> dict[str, str]:
    """The ids of all that is in the function's policy, with the bucket that each lets in."""
    document = json.loads(aws.lambda_.get_policy(FunctionName=wish.function.name)["Policy"])
    return {one["Sid"]: one["Condition"]["ArnLike"]["AWS:SourceArn"] for one in document["Statement"]}


def heal(aws: Aws, wish: Permission) -> None:
    """What the next `up` does."""
    seen = wish.observe(aws, wish.identity)
    assert seen is not None
    if wish.diff(seen):
        wish.update(aws, seen)


@pytest.mark.parametrize("number", range(CALLS))
def test_a_replacement_leaves_no_moment_without_the_right(aws: Aws, wanted: Permission, number: int) -> None:
    """After each call of it the bucket may invoke; a death there is healed by the next run, to one statement."""
    with crashing(aws, "after-call", number), pytest.raises(Crash):
        heal(aws, wanted)
    assert wanted.source_arn in statements(aws, wanted).values()
    heal(aws, wanted)
    assert {wanted.statement_id: wanted.source_arn} == statements(aws, wanted)


def test_a_replacement_takes_four_calls(aws: Aws, wanted: Permission) -> None:
    """Beside the two calls that replace it, the bridge costs two; a second look finds nothing to do."""
    with watched(aws) as asked:
        heal(aws, wanted)
    assert ["AddPermission", "RemovePermission", "AddPermission", "RemovePermission"] == asked.mutating
    assert_in_sync(aws, wanted)


@pytest.mark.parametrize("number", range(CALLS))
def test_another_wish_meets_what_a_dead_run_left(aws: Aws, wanted: Permission, number: int) -> None:
    """Whatever a replacement left when it died, one by another wish ends with that wish alone."""
    with crashing(aws, "after-call", number), pytest.raises(Crash):
        heal(aws, wanted)
    other = replace(wanted, source_arn=aws.account.bucket_arn("other"))
    heal(aws, other)
    assert {other.statement_id: other.source_arn} == statements(aws, other)


@pytest.mark.parametrize("number", range(CALLS))
def test_a_deletion_takes_what_a_dead_run_left(aws: Aws, wanted: Permission, number: int) -> None:
    """Nothing may invoke any more, also where the replacement before it died."""
    with crashing(aws, "after-call", number), pytest.raises(Crash):
        heal(aws, wanted)
    wanted.delete(aws, wanted.identity)
    assert_absent(aws, wanted)
