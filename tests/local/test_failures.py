"""Asynchronous events that fail: tries, and the record of the failure."""

from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from tests.local.conftest import Event, Lab

FAILING = """
import boto3, json, os

def handle(event, context):
    boto3.client("sqs").send_message(QueueUrl=os.environ["TRIES"], MessageBody=json.dumps(context.aws_request_id))
    raise RuntimeError("always")
"""


@pytest.fixture
def failing(lab: "Lab") -> tuple[str, str, str]:
    """A function that always fails, the queue that counts its tries, and its failure queue."""
    tries, failures = lab.queue(), lab.queue()
    return lab.function(FAILING, environment={"TRIES": tries}), tries, failures


def configure(lab: "Lab", function: str, attempts: int, failures: str) -> None:
    """Sets tries after the first, and the failure queue."""
    lab.lambda_.put_function_event_invoke_config(
        FunctionName=function,
        MaximumRetryAttempts=attempts,
        MaximumEventAgeInSeconds=60,
        DestinationConfig={"OnFailure": {"Destination": lab.queue_arn(failures)}},
    )


def test_a_failed_upload_event_ends_in_the_failure_queue(lab: "Lab", failing: tuple[str, str, str]) -> None:
    """After the configured tries the OnFailure record arrives, in AWS's shape, and no further try is made."""
    function, tries, failures = failing
    configure(lab, function, 1, failures)
    bucket = lab.bucket()
    lab.subscribe(function, bucket, "s3:ObjectCreated:*")
    lab.s3.put_object(Bucket=bucket, Key="a", Body=b"")
    record = lab.receive(failures)
    first, second = lab.receive(tries), lab.receive(tries)
    assert first == second, "a retry has the request id of the event"
    assert "Messages" not in lab.sqs.receive_message(QueueUrl=tries)
    assert record["version"] == "1.0"
    assert record["requestContext"] == {
        "requestId": first,
        "functionArn": f"{lab.arn(function)}:$LATEST",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 2,
    }
    assert record["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    payload = cast("Event", record["responsePayload"])
    assert (payload["errorType"], payload["errorMessage"]) == ("RuntimeError", "always")
    request = cast("dict[str, list[Event]]", record["requestPayload"])
    assert request["Records"][0]["eventName"] == "ObjectCreated:Put"


def test_a_later_config_replaces_the_earlier_one(lab: "Lab", failing: tuple[str, str, str]) -> None:
    """A second PutFunctionEventInvokeConfig is what is read and what is followed."""
    function, _, failures = failing
    configure(lab, function, 2, failures)
    configure(lab, function, 0, failures)
    assert lab.lambda_.get_function_event_invoke_config(FunctionName=function)["MaximumRetryAttempts"] == 0
    lab.lambda_.invoke(FunctionName=function, InvocationType="Event")
    context = cast("Event", lab.receive(failures)["requestContext"])
    assert context["approximateInvokeCount"] == 1


def test_a_record_the_role_may_not_send_is_dropped(lab: "Lab", failing: tuple[str, str, str]) -> None:
    """The failure record goes out with the function's own rights: without them it is dropped, and the log says so."""
    function, tries, failures = failing
    configure(lab, function, 0, failures)
    lab.allow(function, ["sqs:SendMessage"], lab.queue_arn(tries))
    lab.lambda_.invoke(FunctionName=function, InvocationType="Event")
    lab.receive(tries)
    # The handler has told of its try before it fails: the record is due later, and must not meet the rights of below.
    lab.wait_for_words(
        f"A failure record of {function} was dropped: its role may not send to {lab.queue_arn(failures)}"
    )
    lab.allow(function, ["sqs:SendMessage"])
    lab.lambda_.invoke(FunctionName=function, InvocationType="Event")
    second = lab.receive(tries)
    assert cast("Event", lab.receive(failures)["requestContext"])["requestId"] == second
