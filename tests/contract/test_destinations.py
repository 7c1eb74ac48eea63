"""What a look at a destination of notifications finds, and when it is sure that S3 refuses it."""

import json
from collections.abc import Mapping

import pytest

from task_deployer.aws import Aws
from task_deployer.resources.destinations import FUNCTION_ACTIONS, QUEUE_ACTIONS, TOPIC_ACTIONS, look
from tests.aws import Fault, answering, new_name, watched
from tests.contract.wishes import function

OWNER = "210987654321"
BUCKET = {"bucket": "a-bucket"}
ARN = "arn:aws:s3:::a-bucket"


def queue(aws: Aws, **attributes: str) -> str:
    """Make a queue; returns its ARN."""
    name = new_name()
    aws.sqs.create_queue(QueueName=name, Attributes=attributes)  # type: ignore[arg-type]  # SQS's names
    return aws.account.arn("sqs", name)


def allowing(statement: Mapping[str, object]) -> str:
    """A queue's policy of one statement for S3, with this in it or in place of the usual."""
    usual = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage"}
    return json.dumps({"Statement": {**usual, "Resource": "*", **statement}})


def function_that_s3_may_invoke(aws: Aws, account: str) -> str:
    """Make a function that S3 may invoke for the bucket of this account; returns its ARN."""
    made = function(aws, new_name())
    made.role.create(aws)
    made.create(aws)
    aws.lambda_.add_permission(
        FunctionName=made.name,
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn=ARN,
        SourceAccount=account,
    )
    return made.arn(aws.account)


def test_a_function_may_be_told_of_another_accounts_bucket(aws: Aws) -> None:
    """A permission names the account that owns the bucket: what is fine for that one is not for another's."""
    arn = function_that_s3_may_invoke(aws, OWNER)
    assert look(aws, {**BUCKET, "owner": OWNER}, arn).is_fine
    found = look(aws, BUCKET, arn)
    assert found.is_dead
    assert f"--source-account {aws.account.id}" in found.advice


@pytest.mark.parametrize(
    "statement",
    [
        {},
        {"Principal": "*"},
        {"Principal": {"AWS": "*"}},
        {"Principal": {"Service": ["sns.amazonaws.com", "s3.amazonaws.com"]}},
        {"Action": ["sqs:Send*", "sqs:ReceiveMessage"]},
        {"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:a-*"}}},
        {"Condition": {"StringEqualsIgnoreCase": {"AWS:SourceArn": ARN.upper()}}},
        {"Condition": {"StringNotEquals": {"aws:SourceArn": "arn:aws:s3:::another"}}},
        {"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::${aws:PrincipalTag/bucket}"}}},
    ],
    ids=str,
)
def test_a_policy_that_may_allow_it_is_no_obstacle(aws: Aws, statement: Mapping[str, object]) -> None:
    """However a policy allows S3 to send, and where only AWS can judge whether it does, the destination is not dead."""
    assert look(aws, BUCKET, queue(aws, Policy=allowing(statement))).is_fine


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Deny"},
        {"Principal": {"Service": "sns.amazonaws.com"}},
        {"Action": "sqs:ReceiveMessage"},
        {"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::another"}}},
        {"Condition": {"StringEquals": {"aws:SourceAccount": OWNER}}},
    ],
    ids=str,
)
def test_a_policy_that_does_not_is_an_obstacle(aws: Aws, statement: Mapping[str, object]) -> None:
    """A policy that surely allows S3 nothing for this bucket makes a destination that S3 refuses."""
    assert look(aws, BUCKET, queue(aws, Policy=allowing(statement))).is_dead


@pytest.mark.parametrize(
    ("key", "dead"), [("alias/aws/sqs", True), ("arn:aws:kms:eu-central-1:000000000000:key/k", False)]
)
def test_a_key_that_s3_can_never_use(aws: Aws, key: str, dead: bool) -> None:  # noqa: FBT001 - the case
    """AWS's own key shuts S3 out for sure; what another key's policy says was not looked at."""
    assert dead == look(aws, BUCKET, queue(aws, Policy=allowing({}), KmsMasterKeyId=key)).is_dead


@pytest.mark.parametrize("resource", ["function:{}", "{}"])
@pytest.mark.parametrize(("account", "dead"), [("", True), ("111111111111", False)])
def test_what_is_not_there(aws: Aws, resource: str, account: str, dead: bool) -> None:  # noqa: FBT001 - the case
    """Absence is sure in our own account; another one may only hide what it has."""
    arn = aws.account.arn("lambda" if ":" in resource else "sqs", resource.format(new_name()))
    assert dead == look(aws, BUCKET, arn.replace(aws.account.id, account or aws.account.id)).is_dead


@pytest.mark.parametrize(
    ("service", "resource", "read"),
    [("lambda", "function:f", "GetPolicy"), ("sqs", "q", "GetQueueAttributes"), ("sns", "t", "GetTopicAttributes")],
)
def test_what_may_not_be_read_is_not_dead(aws: Aws, service: str, resource: str, read: str) -> None:
    """A refused read says nothing of the destination."""
    with answering(aws, read, Fault(403, "AccessDenied", "no")):
        found = look(aws, BUCKET, aws.account.arn(service, resource))
    assert (False, False) == (found.is_fine, found.is_dead)
    assert f"{read} on it is refused to us" in found.why


@pytest.mark.parametrize("resource", ["q.fifo", "q"])
def test_what_is_unfit_is_not_asked_for(aws: Aws, resource: str) -> None:
    """A FIFO queue and another region cost no call; S3 has taken what is in its document, so they are not dead."""
    region = aws.account.region if resource.endswith(".fifo") else "us-east-1"
    with watched(aws) as asked:
        found = look(aws, BUCKET, aws.account.arn("sqs", resource).replace(aws.account.region, region))
    assert (True, False) == (found.is_unfit, found.is_dead)
    assert [] == asked.operations


def test_a_look_takes_the_rights_that_are_named(aws: Aws) -> None:
    """What a look asks AWS is what its actions name, and nothing in two steps that can be had in one."""
    with watched(aws) as asked:
        look(aws, BUCKET, aws.account.arn("lambda", "function:none"))
        look(aws, BUCKET, aws.account.arn("sqs", "none"))
        look(aws, BUCKET, aws.account.arn("sns", "none"))
    actions = [*FUNCTION_ACTIONS, *QUEUE_ACTIONS, *TOPIC_ACTIONS]
    assert [action.partition(":")[2] for action in actions] == asked.operations


def topic(aws: Aws, **attributes: str) -> str:
    """Make a topic; returns its ARN."""
    client = aws.rare("sns")
    return str(client.create_topic(Name=new_name(), Attributes=attributes)["TopicArn"])  # type: ignore[attr-defined]  # its client


def publishing(**statement: object) -> str:
    """A topic's policy of one statement for S3, with this in it or in place of the usual."""
    return allowing({"Action": "sns:Publish", **statement})


def test_a_topic_that_s3_may_publish_to(aws: Aws) -> None:
    """A topic is looked at as a queue is: one that is there, and whose policy lets S3 publish, is fine."""
    assert look(aws, BUCKET, topic(aws, Policy=publishing())).is_fine


def test_a_topic_that_s3_may_not_publish_to(aws: Aws) -> None:
    """A forbidden topic is told apart from a dead one, with the statement that is missing."""
    arn = topic(aws, Policy=publishing(Principal={"Service": "sqs.amazonaws.com"}))
    found = look(aws, BUCKET, arn)
    assert (True, False) == (found.is_dead, found.is_absent)
    statement = json.loads(found.advice[found.advice.index("{") :])
    assert ("sns:Publish", arn) == (statement["Action"], statement["Resource"])


def test_a_topic_with_the_policy_of_its_birth(aws: Aws) -> None:
    """The policy that SNS gives a topic asks for AWS:SourceOwner, which AWS alone can judge: neither fine nor dead."""
    statement = {"Principal": {"AWS": "*"}, "Condition": {"StringEquals": {"AWS:SourceOwner": aws.account.id}}}
    found = look(aws, BUCKET, topic(aws, Policy=publishing(**statement)))
    assert (False, False) == (found.is_fine, found.is_dead)
    assert "sns:Publish" in found.advice


@pytest.mark.parametrize(
    ("key", "dead"), [("alias/aws/sns", True), ("arn:aws:kms:eu-central-1:000000000000:key/k", False)]
)
def test_a_topic_with_a_key(aws: Aws, key: str, dead: bool) -> None:  # noqa: FBT001 - the case
    """AWS's own key shuts S3 out of a topic too; of another one it is said what its policy has to allow."""
    found = look(aws, BUCKET, topic(aws, Policy=publishing(), KmsMasterKeyId=key))
    assert (dead, False) == (found.is_dead, found.is_fine)
    assert "kms:GenerateDataKey" in found.advice


@pytest.mark.parametrize(("account", "dead"), [("", True), ("111111111111", False)])
def test_a_topic_that_is_not_there(aws: Aws, account: str, dead: bool) -> None:  # noqa: FBT001 - the case
    """A topic that does not exist is dead where it would be ours to see; another account may only hide it."""
    arn = aws.account.arn("sns", new_name()).replace(aws.account.id, account or aws.account.id)
    with answering(aws, "GetTopicAttributes", Fault(404, "NotFound", "Topic does not exist")):
        found = look(aws, BUCKET, arn)
    assert dead == found.is_dead
    assert "the topic does not exist" in found.why
