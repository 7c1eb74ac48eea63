"""A create that meets what is there already: our own first success whose answer was lost, or something of others."""

import json
from collections.abc import Callable

import pytest

from task_deployer import tags
from task_deployer.aws import Aws
from task_deployer.errors import SafetyError, UnsureError
from task_deployer.resources.base import AnyResource
from tests.aws import Fault, Given, answering, losing_the_answer, new_name, watched
from tests.contract.life import Sample
from tests.contract.samples import sample
from tests.contract.wishes import bucket, function, log_group, permission, queue, role
from tests.invariants import assert_in_sync

CREATED_BY = {
    "queue": "CreateQueue",
    "log_group": "CreateLogGroup",
    "role": "CreateRole",
    "function": "CreateFunction",
    "bucket": "CreateBucket",
    "permission": "AddPermission",
}


@pytest.mark.parametrize("kind", CREATED_BY)
def test_a_create_whose_answer_was_lost_is_done(aws: Aws, kind: str) -> None:
    """The repeated create meets its own first success; by its tags it is ours, so it is made."""
    wanted = sample(aws, kind).wanted
    with watched(aws) as asked, losing_the_answer(aws, CREATED_BY[kind]):
        wanted.create(aws)
    assert 2 == asked.count(CREATED_BY[kind])
    assert_in_sync(aws, wanted)


THEIRS = tags.tags_of("media", "dev", "another lineage", {})


def _log_group_of_others(aws: Aws, name: str) -> AnyResource:
    aws.logs.create_log_group(logGroupName=f"/aws/lambda/{name}", tags=THEIRS)
    return log_group(name)


def _role_of_others(aws: Aws, name: str) -> AnyResource:
    aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    return role(name)


def _function_of_others(aws: Aws, name: str) -> AnyResource:
    ours, theirs = function(aws, name), function(aws, name, tagged=THEIRS)
    Sample(ours).prepare(aws)
    theirs.create(aws)
    return ours


def _bucket_of_others(aws: Aws, name: str) -> AnyResource:
    aws.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return bucket(name)


@pytest.mark.parametrize(
    "taken",
    [
        pytest.param(_log_group_of_others, id="log group"),
        pytest.param(_role_of_others, id="role"),
        pytest.param(_function_of_others, id="function"),
        pytest.param(_bucket_of_others, id="bucket"),
    ],
)
def test_a_create_that_meets_something_of_others_is_refused(aws: Aws, taken: Callable[[Aws, str], AnyResource]) -> None:
    """A name that somebody took between our look and our call stays theirs: exit code 5, and nothing of it changes."""
    wanted = taken(aws, new_name())
    before = wanted.observe(aws, wanted.identity)
    with pytest.raises(SafetyError) as caught:
        wanted.create(aws)
    assert "not ours" in caught.value.summary
    assert before == wanted.observe(aws, wanted.identity)


@pytest.mark.parametrize("answer", [Fault(200), Fault(400, "QueueAlreadyExists", "exists with a different value")])
def test_a_queue_of_others_is_refused_whatever_its_attributes(aws: Aws, answer: Fault) -> None:
    """SQS answers 200 for a queue that is there with the attributes asked for, and 400 for another; theirs it stays."""
    wanted = queue(aws, new_name())
    aws.sqs.create_queue(QueueName=wanted.name, tags=THEIRS)
    before = wanted.observe(aws, wanted.identity)
    with answering(aws, "CreateQueue", answer), pytest.raises(SafetyError):
        wanted.create(aws)
    assert before == wanted.observe(aws, wanted.identity)


@pytest.mark.parametrize("looks", [1, 5])
def test_the_tags_of_a_former_queue_pass(aws: Aws, looks: int) -> None:
    """A new queue that SQS shows for a while with the tags of one that had its name before is ours."""
    wanted = queue(aws, new_name())
    with answering(aws, "ListQueueTags", *[Given(200, body=json.dumps({"Tags": THEIRS}))] * looks):
        wanted.create(aws)
    assert_in_sync(aws, wanted)


@pytest.mark.parametrize(("theirs", "stays"), [(THEIRS, True), ({"colour": "blue"}, True), ({}, False)])
def test_what_may_be_ours_stays_on_record(aws: Aws, theirs: dict[str, str], *, stays: bool) -> None:
    """Where AWS answered our creation and goes on to show others' tags, the refusal is told apart: it may be ours.

    What bears none is not: the next run would take it for what it was about to make, and `down` would delete it.
    """
    wanted = queue(aws, new_name())
    aws.sqs.create_queue(QueueName=wanted.name, tags=theirs)
    with answering(aws, "CreateQueue", Fault(200)), pytest.raises(SafetyError) as caught:
        wanted.create(aws)
    assert stays == isinstance(caught.value, UnsureError)


def test_a_bucket_of_another_account_is_refused(aws: Aws) -> None:
    """The whole world shares bucket names: BucketAlreadyExists is somebody else's."""
    with (
        answering(aws, "CreateBucket", Fault(409, "BucketAlreadyExists", "not available")),
        pytest.raises(SafetyError),
    ):
        bucket(new_name()).create(aws)


def test_the_log_group_that_lambda_made_is_taken_over(aws: Aws) -> None:
    """Lambda makes the group too, at the first log line and without tags: it is given our retention and tags."""
    wanted = log_group(new_name())
    aws.logs.create_log_group(logGroupName=wanted.name)
    wanted.create(aws)
    assert_in_sync(aws, wanted)


def test_a_statement_that_is_there_already_is_made_as_wanted(aws: Aws) -> None:
    """AddPermission refuses an id that exists, even for the same statement; another one is replaced."""
    wanted = permission(aws, new_name())
    Sample(wanted).prepare(aws)
    aws.lambda_.add_permission(
        FunctionName=wanted.function.name,
        StatementId=wanted.statement_id,
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
    )
    wanted.create(aws)
    assert_in_sync(aws, wanted)
