"""Event source mappings: what Lambda refuses, what a reply means, and where a loop ends."""

import json
import time
from typing import TYPE_CHECKING, Final

import pytest

from task_deployer.local.async_events import LONGEST_CHAIN
from task_deployer.local.event_sources import failed_of
from task_deployer.local.function import Answer

if TYPE_CHECKING:
    from tests.local.conftest import Lab

READS: Final = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
QUIET: Final = "def handle(event, context): ...\n"


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"null", set()),
        (b"{}", set()),
        (b'{"batchItemFailures": null}', set()),
        (b'{"batchItemFailures": []}', set()),
        (b'{"batchItemFailures": [{"itemIdentifier": "b"}]}', {"b"}),
        (b'{"batchItemFailures": [{"itemIdentifier": "c"}]}', {"a", "b"}),
        (b'{"batchItemFailures": [{"itemIdentifier": null}]}', {"a", "b"}),
        (b'{"batchItemFailures": [{"id": "a"}]}', {"a", "b"}),
        (b'"text"', {"a", "b"}),
        (b"no JSON", {"a", "b"}),
    ],
)
def test_a_reply_names_what_failed(payload: bytes, expected: set[str]) -> None:
    """Lambda's own rules: nothing said is success, and what cannot be understood is the whole batch's failure."""
    assert expected == failed_of(Answer(payload, None, b""), ["a", "b"], reports_failures=True)


def test_an_error_fails_the_batch() -> None:
    """A function that raised has done nothing; one whose mapping takes no report has done all that it was given."""
    assert {"a"} == failed_of(Answer(b"{}", "Unhandled", b""), ["a"], reports_failures=True)
    told = b'{"batchItemFailures": [{"itemIdentifier": "a"}]}'
    assert set() == failed_of(Answer(told, None, b""), ["a"], reports_failures=False)


@pytest.mark.parametrize(
    ("timeout", "allowed", "settings", "words"),
    [
        (20, ("sqs:SendMessage",), {}, "does not have permissions to call ReceiveMessage on SQS"),
        (60, READS, {}, "Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds"),
        (20, READS, {"BatchSize": 11}, "Maximum batch window in seconds must be greater than 0"),
    ],
)
def test_what_lambda_refuses(
    lab: "Lab", timeout: int, allowed: tuple[str, ...], settings: dict[str, int], words: str
) -> None:
    """A mapping needs a role that may read, a queue that hides for long enough, and a window for a large batch."""
    queue = lab.queue()
    function = lab.function(QUIET, allow=allowed, timeout=timeout)
    with pytest.raises(lab.lambda_.exceptions.InvalidParameterValueException, match=words):
        lab.lambda_.create_event_source_mapping(
            FunctionName=function,
            EventSourceArn=lab.queue_arn(queue),
            **settings,  # type: ignore[arg-type]  # of one case, a number
        )


def test_a_pair_is_mapped_once(lab: "Lab") -> None:
    """A second mapping of one queue to one function is a conflict that names the first; so is no other pair's."""
    queue, function = lab.queue_arn(lab.queue()), lab.function(QUIET, allow=READS)
    made = lab.lambda_.create_event_source_mapping(FunctionName=function, EventSourceArn=queue)
    with pytest.raises(lab.lambda_.exceptions.ResourceConflictException, match=f"already exists.*{made['UUID']}"):
        lab.lambda_.create_event_source_mapping(FunctionName=function, EventSourceArn=queue)
    other = lab.queue_arn(lab.queue())
    lab.lambda_.create_event_source_mapping(FunctionName=function, EventSourceArn=other)


def test_what_is_not_there_is_not_found(lab: "Lab") -> None:
    """Each call on a mapping that is gone says so with Lambda's code; a queue that is not there cannot be mapped."""
    absent = lab.lambda_.exceptions.ResourceNotFoundException
    for call in (
        lab.lambda_.get_event_source_mapping,
        lab.lambda_.update_event_source_mapping,
        lab.lambda_.delete_event_source_mapping,
    ):
        with pytest.raises(absent, match="The resource you requested does not exist"):
            call(UUID="12345678-1234-1234-1234-123456789012")
    function = lab.function(QUIET, allow=READS)
    arn = f"arn:aws:sqs:eu-central-1:{lab.arn(function).split(':')[4]}:nothing"
    with pytest.raises(lab.lambda_.exceptions.InvalidParameterValueException, match="NonExistentQueue"):
        lab.lambda_.create_event_source_mapping(FunctionName=function, EventSourceArn=arn)
    with pytest.raises(lab.lambda_.exceptions.InvalidParameterValueException, match="not modelled"):
        lab.lambda_.create_event_source_mapping(FunctionName=function, EventSourceArn="arn:aws:kinesis:eu:1:stream/x")


def test_a_mapped_function_runs_no_longer_than_its_queue_hides(lab: "Lab") -> None:
    """A timeout above the visibility timeout of a mapped queue is refused, and taken once the queue is changed."""
    url, function = lab.queue(), lab.function(QUIET, allow=READS)
    lab.lambda_.create_event_source_mapping(FunctionName=function, EventSourceArn=lab.queue_arn(url))
    with pytest.raises(lab.lambda_.exceptions.InvalidParameterValueException, match="30 seconds is less than"):
        lab.lambda_.update_function_configuration(FunctionName=function, Timeout=60)
    lab.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "360"})
    assert 60 == lab.lambda_.update_function_configuration(FunctionName=function, Timeout=60)["Timeout"]


def test_a_mapping_that_is_off_reads_nothing(lab: "Lab", forwarding: tuple[str, str]) -> None:
    """A disabled mapping leaves its messages alone; enabled, it reads them."""
    function, told = forwarding
    lab.allow(function, [*READS, "sqs:SendMessage"])
    url = lab.queue()
    mapping = lab.lambda_.create_event_source_mapping(
        FunctionName=function, EventSourceArn=lab.queue_arn(url), Enabled=False
    )
    lab.sqs.send_message(QueueUrl=url, MessageBody="first")
    assert "1" == _waiting(lab, url)
    lab.lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    records = lab.receive(told)["Records"]
    assert isinstance(records, list)
    assert ("first", lab.queue_arn(url), "aws:sqs") == tuple(
        records[0][key] for key in ("body", "eventSourceARN", "eventSource")
    )
    patience = time.monotonic() + 120
    while "0" != _waiting(lab, url, "NotVisible"):
        assert time.monotonic() < patience, "the message was never deleted"


def _waiting(lab: "Lab", url: str, how: str = "") -> str:
    """How many messages a queue holds: those that can be received, or those that were."""
    name = f"ApproximateNumberOfMessages{how}"
    return lab.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"][name]  # type: ignore[index]  # one of SQS's names


def test_a_loop_through_a_queue_ends(lab: "Lab") -> None:
    """A function whose own upload comes back to it by a queue is stopped, as Lambda's loop detection does."""
    bucket, url = lab.bucket(), lab.queue()
    arn = lab.queue_arn(url)
    statement = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Resource": arn}]})
    lab.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    source = f"""
        import boto3, json

        def handle(event, context):
            if "Records" in json.loads(event["Records"][0]["body"]):
                s3 = boto3.client("s3")
                s3.put_object(Bucket="{bucket}", Key=f"{{context.aws_request_id}}", Body=b"")
    """
    function = lab.function(source, allow=[*READS, "s3:PutObject"])
    lab.lambda_.create_event_source_mapping(FunctionName=function, EventSourceArn=arn)
    entry = {"Id": "ours", "QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}
    lab.s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={"QueueConfigurations": [entry]},  # type: ignore[list-item]  # a plain dict
    )
    lab.s3.put_object(Bucket=bucket, Key="first", Body=b"")
    lab.wait_for_words(f"Stopped a loop: {function} would run for the {LONGEST_CHAIN + 1}th time")
    assert LONGEST_CHAIN + 1 == len(lab.s3.list_objects_v2(Bucket=bucket)["Contents"])


def test_a_rule_invokes_only_a_function_that_trusts_it(lab: "Lab", forwarding: tuple[str, str]) -> None:
    """Without a statement for the rule its events are dropped; with one they arrive. Disabled, it takes nothing."""
    function, told = forwarding
    bucket, rule = lab.bucket(), lab.name("rule")
    lab.s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    pattern = json.dumps({"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}})
    arn = lab.events.put_rule(Name=rule, EventPattern=pattern)["RuleArn"]
    lab.events.put_targets(Rule=rule, Targets=[{"Id": "function", "Arn": lab.arn(function)}])
    lab.s3.put_object(Bucket=bucket, Key="dropped", Body=b"")
    lab.lambda_.add_permission(
        FunctionName=function,
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=arn,
    )
    lab.events.disable_rule(Name=rule)
    lab.s3.put_object(Bucket=bucket, Key="not taken", Body=b"")
    lab.events.enable_rule(Name=rule)
    put = lab.s3.put_object(Bucket=bucket, Key="a b+ü.csv", Body=b"abc")
    event = lab.receive(told)
    detail = event["detail"]
    assert isinstance(detail, dict)
    assert ("Object Created", "aws.s3", [f"arn:aws:s3:::{bucket}"]) == (
        event["detail-type"],
        event["source"],
        event["resources"],
    )
    assert ("PutObject", put["ResponseMetadata"]["RequestId"], {"name": bucket}) == (
        detail["reason"],
        detail["request-id"],
        detail["bucket"],
    )
    seen = {key: value for key, value in detail["object"].items() if key != "sequencer"}
    assert {"key": "a b+ü.csv", "size": 3, "etag": put["ETag"].strip('"')} == seen
    assert "Messages" not in lab.sqs.receive_message(QueueUrl=told)
