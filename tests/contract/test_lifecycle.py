"""Lifecycle rules of ours in the document of a bucket of ours, in which a security team may have rules as well."""

from dataclasses import replace

import pytest

from task_deployer.aws import Aws
from task_deployer.care import Care, Remark
from task_deployer.errors import ResourceError
from task_deployer.resources.base import joined
from task_deployer.resources.lifecycle import Lifecycle, LifecycleRule
from tests.aws import Fault, answering, new_name, watched
from tests.contract.bucket_samples import ARCHIVE, lifecycle_of, put_lifecycle
from tests.contract.wishes import bucket
from tests.invariants import assert_absent, assert_in_sync

PUT, GET = "PutBucketLifecycleConfiguration", "GetBucketLifecycleConfiguration"


@pytest.fixture
def wanted(aws: Aws) -> Lifecycle:
    """A rule of ours, wanted on a bucket that is there."""
    name = new_name()
    bucket(name).create(aws)
    return Lifecycle(name, bucket(name), rules=(LifecycleRule(f"{name}-expire", expire_days=30),))


def ids(aws: Aws, wanted: Lifecycle) -> list[object]:
    """The ids in the document; ours by what they do."""
    name = wanted.bucket.name
    return [str(rule["ID"]).removeprefix(f"{name}-") for rule in lifecycle_of(aws, name)]


def test_what_others_add_is_no_difference(aws: Aws, wanted: Lifecycle) -> None:
    """A rule that others add to a bucket of ours is nothing to write for, and is not ours to remove."""
    wanted.create(aws)
    put_lifecycle(aws, wanted.bucket.name, *lifecycle_of(aws, wanted.bucket.name), ARCHIVE)
    assert_in_sync(aws, wanted)
    wanted.delete(aws, wanted.identity)
    assert_absent(aws, wanted)
    assert ["security-keep-7y"] == ids(aws, wanted)


def test_a_document_of_our_own_takes_two_calls(aws: Aws, wanted: Lifecycle) -> None:
    """Where nobody else has rules there is nobody to wait for: it is read and put; the last rule takes it away."""
    with watched(aws) as asked:
        wanted.create(aws)
        wanted.delete(aws, wanted.identity)
    assert [GET, PUT, GET, "DeleteBucketLifecycle"] == asked.operations
    assert [] == lifecycle_of(aws, wanted.bucket.name)


def test_a_rule_whose_id_was_another_goes(aws: Aws, wanted: Lifecycle) -> None:
    """After a renaming the rule of the former id is seen by its record, named, and gone with the update."""
    former = replace(wanted, rules=(LifecycleRule(f"{wanted.bucket.name}-former", expire_days=30),))
    put_lifecycle(aws, wanted.bucket.name, ARCHIVE)
    former.create(aws)
    seen = Lifecycle.observe(aws, joined(wanted.identity, former.identity))
    assert seen is not None
    assert {rule.id for rule in (*wanted.rules, *former.rules)} == {one.path for one in wanted.diff(seen)}
    wanted.update(aws, seen)
    assert ["security-keep-7y", "expire"] == ids(aws, wanted)


def test_a_first_look_that_is_late_leaves_no_rule_behind(aws: Aws, wanted: Lifecycle) -> None:
    """S3 may still show the document from before ours: the rule is removed all the same, else it deletes for ever."""
    wanted.create(aws)
    with answering(aws, GET, Fault(404, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")):
        wanted.delete(aws, wanted.identity)
    assert [] == lifecycle_of(aws, wanted.bucket.name)


def test_ours_take_the_form_of_theirs(aws: Aws, wanted: Lifecycle) -> None:
    """S3 refuses a document in which rules of the older form, with a bare prefix, stand beside those with a filter."""
    older = {"ID": "older", "Status": "Enabled", "Prefix": "audit/", "Expiration": {"Days": 9}}
    put_lifecycle(aws, wanted.bucket.name, older)
    before = lifecycle_of(aws, wanted.bucket.name)
    wanted.create(aws)
    *theirs, ours = lifecycle_of(aws, wanted.bucket.name)
    assert before == theirs
    assert "Filter" not in ours
    assert_in_sync(aws, wanted)


def test_the_setting_beside_the_rules_stays(aws: Aws, wanted: Lifecycle) -> None:
    """From which size on objects are moved is a setting of the whole document: a put without it would reset it."""
    put_lifecycle(aws, wanted.bucket.name, ARCHIVE)
    sent: list[object] = []

    def show(parsed: dict[str, object], **_: object) -> None:
        parsed["TransitionDefaultMinimumObjectSize"] = "varies_by_storage_class"

    def note(params: dict[str, object], **_: object) -> None:
        sent.append(params.get("TransitionDefaultMinimumObjectSize"))

    events = aws.s3.meta.events
    events.register(f"after-call.s3.{GET}", show)
    events.register(f"provide-client-params.s3.{PUT}", note)
    try:
        wanted.create(aws)
        wanted.delete(aws, wanted.identity)
    finally:
        events.unregister(f"after-call.s3.{GET}", show)
        events.unregister(f"provide-client-params.s3.{PUT}", note)
    assert ["varies_by_storage_class"] * 2 == sent


@pytest.mark.parametrize("times", [1, 2])
def test_another_writer_who_had_read_before_us(aws: Aws, wanted: Lifecycle, times: int) -> None:
    """Where another puts his older copy over ours, ours are put once more beside his; a second time it is said."""
    left, name = [times], wanted.bucket.name
    put_lifecycle(aws, name, ARCHIVE)

    def overwrite(**_: object) -> None:
        if left and left[0]:
            writes = left.pop() - 1
            put_lifecycle(aws, name, ARCHIVE, {**LifecycleRule("billing", 400).render()})
            left.append(writes)

    events = aws.s3.meta.events
    events.register(f"after-call.s3.{PUT}", overwrite)
    try:
        if times == 1:
            wanted.create(aws)
            assert ["security-keep-7y", "billing", "expire"] == ids(aws, wanted)
        else:
            with pytest.raises(ResourceError, match="undoes what this stack does to the lifecycle rules"):
                wanted.create(aws)
    finally:
        events.unregister(f"after-call.s3.{PUT}", overwrite)


def test_what_others_take_out_meanwhile_is_told(aws: Aws, wanted: Lifecycle) -> None:
    """A rule of others that goes while we write may have been meant to go: it is told, and not put back."""
    name = wanted.bucket.name
    put_lifecycle(aws, name, ARCHIVE)

    def interfere(**_: object) -> None:
        events.unregister(f"after-call.s3.{PUT}", interfere)
        put_lifecycle(aws, name, {**wanted.rules[0].render()})

    events, told = aws.s3.meta.events, list[Remark]()
    events.register(f"after-call.s3.{PUT}", interfere)
    wanted.create(aws.caring_with(Care(tell=told.append)))
    assert [("foreign-rules-changed", f"lifecycle.{name}")] == [(one.code, one.address) for one in told]
    assert "security-keep-7y" in told[0].message
    assert ["expire"] == ids(aws, wanted)
