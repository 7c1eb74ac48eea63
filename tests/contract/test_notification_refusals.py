"""Why S3 refuses a bucket's notifications: whose destination it is, what is wrong with it, and what to do next."""

import json
from typing import NoReturn

import pytest
from botocore.exceptions import ClientError

from task_deployer.aws import Aws
from task_deployer.errors import ResourceError
from task_deployer.resources import Notifications
from task_deployer.resources.notification_document import Document, Entry, merge
from task_deployer.retry import NOTIFICATION_VALID, Patience
from tests.aws import Fault, Given, answering, watched
from tests.contract.samples import sample
from tests.contract.wishes import function
from tests.invariants import assert_absent, assert_in_sync

PUT = "PutBucketNotificationConfiguration"
UNABLE = "Unable to validate the following destination configurations"


@pytest.fixture
def wanted(aws: Aws) -> Notifications:
    """One entry of ours, and all that it needs."""
    resource = sample(aws, "notifications").wanted
    assert isinstance(resource, Notifications)
    return resource


def of_others(aws: Aws, wanted: Notifications, destination: str) -> Document:
    """Put an entry of others with this destination, unchecked; returns the document."""
    document = merge({}, [Entry("theirs", destination, ("s3:ObjectCreated:*",), "out/")], ())
    aws.s3.put_bucket_notification_configuration(
        Bucket=wanted.bucket.name,
        NotificationConfiguration=document,  # type: ignore[arg-type]  # a document
        SkipDestinationValidation=True,
    )
    return document


def refused(aws: Aws, wanted: Notifications) -> ResourceError:
    """The error of a create, which has to be told at once: one put, and the document as it was."""
    before = aws.s3.get_bucket_notification_configuration(Bucket=wanted.bucket.name)
    with watched(aws) as asked, pytest.raises(ResourceError) as caught:
        wanted.create(aws)
    assert 1 == asked.count(PUT)
    after = aws.s3.get_bucket_notification_configuration(Bucket=wanted.bucket.name)
    assert {**before, "ResponseMetadata": 0} == {**after, "ResponseMetadata": 0}
    return caught.value


def theirs(aws: Aws, wanted: Notifications, service: str) -> str:
    """The ARN of a destination of others."""
    name = f"{wanted.bucket.name}-theirs"
    return aws.account.arn(service, f"function:{name}" if service == "lambda" else name)


def test_a_dead_function_of_others(aws: Aws, wanted: Notifications) -> None:
    """A function of others that does not exist is named with its entry, as dead, with the two ways out."""
    arn = theirs(aws, wanted, "lambda")
    of_others(aws, wanted, arn)
    error = refused(aws, wanted)
    assert f"an entry that is not ours: {arn}" in error.summary
    assert f"theirs (s3:ObjectCreated:*; prefix 'out/'; to {arn}): the function does not exist" in error.detail
    assert "Not authorized to invoke function" in error.detail
    assert "Ask its owner to remove that entry" in error.hint
    assert "--skip-dead-foreign" in error.hint


def test_a_function_of_others_that_s3_may_not_invoke(aws: Aws, wanted: Notifications) -> None:
    """A function of others that is there is told apart from a dead one: with the command that lets S3 invoke it."""
    made = function(aws, f"{wanted.bucket.name}-theirs")
    made.role.create(aws)
    made.create(aws)
    of_others(aws, wanted, made.arn(aws.account))
    error = refused(aws, wanted)
    assert "the function is there, but nothing lets S3 invoke it" in error.detail
    assert f"aws lambda add-permission --function-name {made.arn(aws.account)}" in error.hint


def test_a_dead_queue_of_others(aws: Aws, wanted: Notifications) -> None:
    """A queue of others that does not exist is told as such."""
    arn = theirs(aws, wanted, "sqs")
    of_others(aws, wanted, arn)
    assert "the queue does not exist\n" in refused(aws, wanted).detail
    of_others(aws, wanted, arn.replace(aws.account.id, "111111111111"))
    assert "or the account 111111111111 does not show it to us" in refused(aws, wanted).detail


def test_a_queue_of_others_that_s3_may_not_send_to(aws: Aws, wanted: Notifications) -> None:
    """A queue of others whose policy does not name S3 is told with the statement that is missing."""
    arn = theirs(aws, wanted, "sqs")
    aws.sqs.create_queue(QueueName=arn.rpartition(":")[2])
    of_others(aws, wanted, arn)
    error = refused(aws, wanted)
    assert "its policy lets S3 not send to it" in error.detail
    statement = json.loads(error.hint[error.hint.index("{") : error.hint.rindex("}") + 1])
    assert ("s3.amazonaws.com", arn) == (statement["Principal"]["Service"], statement["Resource"])


@pytest.mark.parametrize(
    ("key", "why", "advice"),
    [
        ("alias/aws/sqs", "alias/aws/sqs, which S3 cannot use", "SqsManagedSseEnabled=true"),
        ("arn:aws:kms:eu-central-1:000000000000:key/k", "which S3 may not use", "kms:GenerateDataKey and kms:Decrypt"),
    ],
)
def test_an_encrypted_queue_of_others(aws: Aws, wanted: Notifications, key: str, why: str, advice: str) -> None:
    """Where the policy is right and S3 refuses all the same, the queue's key is what is wrong."""
    arn = theirs(aws, wanted, "sqs")
    statement = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "SQS:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": arn}]}
    attributes = {"KmsMasterKeyId": key, "Policy": json.dumps(policy)}
    aws.sqs.create_queue(QueueName=arn.rpartition(":")[2], Attributes=attributes)  # type: ignore[arg-type]  # SQS's names
    of_others(aws, wanted, arn)
    with answering(aws, PUT, unable(arn)):
        error = refused(aws, wanted)
    assert why in error.detail
    assert advice in error.hint


@pytest.mark.parametrize(
    ("destination", "message", "why"),
    [
        ("arn:aws:sqs:eu-central-1:1:q.fifo", "FIFO SQS queues are not supported.", "S3 sends to no FIFO queue"),
        (
            "arn:aws:sqs:us-east-1:1:q",
            "The notification destination service region is not valid for the bucket location constraint",
            "it is in us-east-1, and S3 sends only to the bucket's own region",
        ),
    ],
)
def test_what_s3_never_takes_is_found_though_s3_names_nobody(
    aws: Aws, wanted: Notifications, destination: str, message: str, why: str
) -> None:
    """For a FIFO queue and another region S3 names no destination: it is found, and skipping the check is no way."""
    with (
        answering(aws, "GetBucketNotificationConfiguration", _queue_document(destination)),
        answering(aws, PUT, Fault(400, "InvalidArgument", message)),
        pytest.raises(ResourceError) as caught,
    ):
        wanted.create(aws)
    assert destination in caught.value.summary
    assert why in caught.value.detail
    assert "--skip-dead-foreign" not in caught.value.hint


def test_what_may_not_be_looked_at_is_not_taken_for_dead(aws: Aws, wanted: Notifications) -> None:
    """Where the look is refused, the error says so: neither dead nor forbidden."""
    of_others(aws, wanted, theirs(aws, wanted, "lambda"))
    with answering(aws, "GetPolicy", Fault(403, "AccessDeniedException", "no")):
        error = refused(aws, wanted)
    assert "GetPolicy on it is refused to us" in error.detail


def test_a_function_of_ours_that_is_gone_is_not_waited_for(aws: Aws, wanted: Notifications) -> None:
    """Where S3 goes on refusing ours and two looks find no function, the wait ends and says what is missing."""
    for permission in wanted.permissions:
        permission.function.delete(aws, permission.function.identity)
    with watched(aws) as asked, pytest.raises(ResourceError) as caught:
        wanted.create(aws)
    assert 5 == asked.count(PUT)
    assert "an entry of ours" in caught.value.summary
    assert "the function does not exist" in caught.value.detail
    assert_absent(aws, wanted)


def test_a_permission_of_ours_that_no_read_shows_is_waited_for(aws: Aws, wanted: Notifications) -> None:
    """GetPolicy shows a fresh statement as late as S3 sees it: one that does not show is no reason to give up."""
    ours, unknown = unable(wanted.entries[0].destination), Fault(404, "ResourceNotFoundException", "no policy")
    with answering(aws, PUT, *[ours] * 8), answering(aws, "GetPolicy", unknown):
        wanted.create(aws)
    assert_in_sync(aws, wanted)


def test_a_destination_of_ours_that_may_not_be_read_is_waited_for(aws: Aws, wanted: Notifications) -> None:
    """A look that is refused says nothing of ours: S3 is asked on."""
    ours, refusal = unable(wanted.entries[0].destination), Fault(403, "AccessDeniedException", "no")
    with answering(aws, PUT, *[ours] * 8), answering(aws, "GetPolicy", refusal):
        wanted.create(aws)
    assert_in_sync(aws, wanted)


def test_a_permission_of_ours_that_stays_away_is_told_in_the_end(aws: Aws, wanted: Notifications) -> None:
    """Where our statement is not there when the wait is over that is said, and `up` makes it: nobody does by hand."""
    for permission in wanted.permissions:
        permission.delete(aws, permission.identity)
    with pytest.raises(ResourceError) as caught:
        wanted.create(aws)
    assert "nothing lets S3 invoke it" in caught.value.detail
    assert "task-deploy up" in caught.value.hint
    assert "add-permission" not in caught.value.hint
    assert_absent(aws, wanted)


def test_a_permission_of_ours_that_is_there_is_waited_for_to_the_end(aws: Aws, wanted: Notifications) -> None:
    """Our function and statement are there: S3 does not see them yet, so its own words stand after the wait."""
    ours = unable(wanted.entries[0].destination)
    slept: list[float] = []
    with answering(aws, PUT, *[ours] * 12):
        wanted.create(aws.waiting_with(Patience(slept.append)))
    assert sum(slept) < NOTIFICATION_VALID.seconds
    assert_in_sync(aws, wanted)


def test_a_permission_of_ours_that_s3_never_sees_is_told(aws: Aws, wanted: Notifications) -> None:
    """Where S3 refuses ours to the end of the wait, and nothing is wrong with them, the error says so."""

    def refuse(**_: object) -> NoReturn:
        arguments = {"ArgumentName1": f"{wanted.entries[0].destination}, null", "ArgumentValue1": "Not authorized"}
        answer = {"Error": {"Code": "InvalidArgument", "Message": UNABLE, **arguments}}
        raise ClientError(answer, PUT)  # type: ignore[arg-type]  # S3 adds the arguments

    events = aws.s3.meta.events
    events.register(f"before-call.s3.{PUT}", refuse)
    try:
        with pytest.raises(ResourceError) as caught:
            wanted.create(aws)
    finally:
        events.unregister(f"before-call.s3.{PUT}", refuse)
    assert "within 90 seconds" in caught.value.summary
    assert "Run the same command again" in caught.value.hint


def unable(*destinations: str) -> Fault:
    """S3's refusal of these destinations."""
    arguments = {
        key: value
        for number, arn in enumerate(destinations, 1)
        for key, value in ((f"ArgumentName{number}", f"{arn}, null"), (f"ArgumentValue{number}", "Not authorized"))
    }
    return Fault(400, "InvalidArgument", UNABLE, arguments)


def _queue_document(destination: str) -> Fault:
    """A document with one entry of others, to this queue."""
    body = (
        '<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><QueueConfiguration><Id>theirs</Id>'
        f"<Queue>{destination}</Queue><Event>s3:ObjectTagging:*</Event></QueueConfiguration></NotificationConfiguration>"
    )
    return Given(200, body=body)
