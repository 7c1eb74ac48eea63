"""Dead destinations of others that are passed over when asked to: what S3 then checks, waits for and is told."""

from typing import NoReturn

import pytest
from botocore.exceptions import ClientError

from task_deployer.aws import Aws
from task_deployer.care import Care, Remark
from task_deployer.errors import ResourceError
from task_deployer.resources import Notifications
from task_deployer.resources.notification_refusal import check_ours
from task_deployer.retry import NOTIFICATION_VALID, Patience
from tests.aws import Fault, answering, watched
from tests.contract.test_notification_refusals import PUT, UNABLE, of_others, theirs, unable, wanted
from tests.invariants import assert_in_sync

__all__ = ["wanted"]


def test_dead_destinations_of_others_are_passed_over_when_asked_to(aws: Aws, wanted: Notifications) -> None:
    """With --skip-dead-foreign ours are put unchecked, theirs stay, it is told; and `delete` works beside them too."""
    arn, told = theirs(aws, wanted, "lambda"), list[Remark]()
    before = of_others(aws, wanted, arn)
    asking = aws.caring_with(Care(tell=told.append, skip_dead_foreign=True))
    wanted.create(asking)
    assert_in_sync(aws, wanted)
    assert [("skipped-validation", wanted.address)] == [(remark.code, remark.address) for remark in told]
    assert arn in told[0].message
    wanted.delete(asking, wanted.identity)
    (left,) = aws.s3.get_bucket_notification_configuration(Bucket=wanted.bucket.name)["LambdaFunctionConfigurations"]
    assert ("theirs", arn) == (left.get("Id"), left["LambdaFunctionArn"])
    assert before


def test_ours_are_looked_at_where_s3_does_not(aws: Aws, wanted: Notifications) -> None:
    """Before S3 is told not to check, our own destinations are: for one that is not ready nothing is put."""
    of_others(aws, wanted, theirs(aws, wanted, "lambda"))
    for permission in wanted.permissions:
        permission.delete(aws, permission.identity)
    refusal = unable(theirs(aws, wanted, "lambda"))
    with watched(aws) as asked, answering(aws, PUT, refusal), pytest.raises(ResourceError) as caught:
        wanted.create(aws.caring_with(Care(skip_dead_foreign=True)))
    assert "DestinationNotReady" == caught.value.code
    assert 1 == asked.count(PUT)


def test_ours_that_are_seen_late_or_not_at_all_are_put_where_s3_checks_nothing(aws: Aws, wanted: Notifications) -> None:
    """S3 has refused those of others alone: a statement of ours that GetPolicy shows late, or hides, is no obstacle."""
    entry = wanted.entries[0]
    for answer in (Fault(404, "ResourceNotFoundException", "no policy"), Fault(403, "AccessDeniedException", "no")):
        with answering(aws, "GetPolicy", answer):
            check_ours(aws, wanted.bucket.identity, [entry.destination])


def test_s3_checks_as_long_as_it_refuses_nobody_else(aws: Aws, wanted: Notifications) -> None:
    """--skip-dead-foreign skips nothing where S3 refuses nothing of others: ours are waited for as ever."""
    told: list[Remark] = []
    asking = aws.caring_with(Care(tell=told.append, skip_dead_foreign=True))
    with answering(aws, PUT, unable(wanted.entries[0].destination)):
        wanted.create(asking)
    assert_in_sync(aws, wanted)
    assert [] == told


def test_ours_that_s3_does_not_see_yet_are_waited_for_beside_dead_ones(aws: Aws, wanted: Notifications) -> None:
    """Where S3 names ours and a dead one of others, the wait goes on until it names theirs alone: then ours are put."""
    arn, told, slept = theirs(aws, wanted, "lambda"), list[Remark](), list[float]()
    of_others(aws, wanted, arn)
    both = unable(wanted.entries[0].destination, arn)
    asking = aws.caring_with(Care(tell=told.append, skip_dead_foreign=True))
    with answering(aws, PUT, *[both] * 5):
        wanted.create(asking.waiting_with(Patience(slept.append)))
    assert 0 < sum(slept) < NOTIFICATION_VALID.seconds
    assert_in_sync(aws, wanted)
    assert ["skipped-validation"] == [remark.code for remark in told]
    assert f"refuses those of others: {arn}. " in told[0].message


def test_what_s3_never_sees_beside_dead_ones_is_told_without_the_flag(aws: Aws, wanted: Notifications) -> None:
    """At the wait's end ours are what is unseen, theirs are told apart, and the flag that was given is not advised."""
    ours, arn = wanted.entries[0].destination, theirs(aws, wanted, "lambda")
    of_others(aws, wanted, arn)

    def refuse(**_: object) -> NoReturn:
        answer = {"Error": {"Code": "InvalidArgument", "Message": UNABLE, **unable(ours, arn).error}}
        raise ClientError(answer, PUT)  # type: ignore[arg-type]  # S3 adds the arguments

    events = aws.s3.meta.events
    events.register(f"before-call.s3.{PUT}", refuse)
    try:
        with pytest.raises(ResourceError) as caught:
            wanted.create(aws.caring_with(Care(skip_dead_foreign=True)))
    finally:
        events.unregister(f"before-call.s3.{PUT}", refuse)
    assert f"may notify {ours}" in caught.value.summary
    assert arn not in caught.value.summary
    assert arn in caught.value.detail
    assert "--skip-dead-foreign" not in caught.value.hint


def test_a_flag_that_was_given_is_not_advised(aws: Aws, wanted: Notifications) -> None:
    """What S3 refuses for another reason is explained as without the flag, but for the advice to add it."""
    arn = theirs(aws, wanted, "lambda")
    of_others(aws, wanted, arn)
    other = Fault(400, "InvalidArgument", "Another reason", unable(arn).error)
    with answering(aws, PUT, other), pytest.raises(ResourceError) as caught:
        wanted.create(aws.caring_with(Care(skip_dead_foreign=True)))
    assert arn in caught.value.summary
    assert "Ask its owner" in caught.value.hint
    assert "--skip-dead-foreign" not in caught.value.hint
