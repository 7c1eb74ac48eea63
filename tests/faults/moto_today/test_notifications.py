"""What plain moto does with a bucket's notifications where S3 does otherwise, row by row, as test_functions.py says."""

import json
from typing import TYPE_CHECKING

from tests.faults.moto_today.plain import Moto, code_of, error_of

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import (
        LambdaFunctionConfigurationOutputTypeDef,
        LambdaFunctionConfigurationTypeDef,
        NotificationConfigurationTypeDef,
    )


def entry(moto: Moto, *, name: str = "prefix", region: str = "eu-central-1") -> "LambdaFunctionConfigurationTypeDef":
    """An entry for a function that is not there."""
    return {
        "Id": region,
        "LambdaFunctionArn": moto.arn("lambda", "function:missing").replace("eu-central-1", region),
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": name, "Value": "in/"}]}},  # type: ignore[typeddict-item, misc]  # any case
    }


def put(moto: Moto, document: "NotificationConfigurationTypeDef") -> None:
    """Write the bucket's document."""
    moto.account.s3.put_bucket_notification_configuration(Bucket=moto.name, NotificationConfiguration=document)


def entries(moto: Moto) -> "list[LambdaFunctionConfigurationOutputTypeDef]":
    """The entries for functions in the bucket's document."""
    return moto.account.s3.get_bucket_notification_configuration(Bucket=moto.name)["LambdaFunctionConfigurations"]


def test_row_3_a_destination_is_not_checked(moto: Moto) -> None:
    """Row 3: a function that is not there is taken.

    AWS: InvalidArgument "Unable to validate ...", and nothing is changed.
    """
    moto.bucket()
    put(moto, {"LambdaFunctionConfigurations": [entry(moto)]})
    assert ["eu-central-1"] == [found["Id"] for found in entries(moto)]


def test_row_3_a_refused_document_is_kept(moto: Moto) -> None:
    """Row 3: a document that is refused, for its region, replaces the old one all the same.

    AWS leaves the old one.
    """
    moto.bucket()
    put(moto, {"LambdaFunctionConfigurations": [entry(moto)]})
    far: NotificationConfigurationTypeDef = {"LambdaFunctionConfigurations": [entry(moto, region="us-east-1")]}
    assert "InvalidArgument" == code_of(lambda: put(moto, far))
    assert ["us-east-1"] == [found["Id"] for found in entries(moto)]


def test_row_7_eventbridge_is_not_shown(moto: Moto) -> None:
    """Row 7: EventBridge, switched on, is not in the answer.

    AWS: an empty `EventBridgeConfiguration`.
    """
    moto.bucket()
    put(moto, {"EventBridgeConfiguration": {}})
    assert "EventBridgeConfiguration" not in moto.account.s3.get_bucket_notification_configuration(Bucket=moto.name)


def test_row_7_a_filter_keeps_its_small_letter(moto: Moto) -> None:
    """Row 7: a filter's name comes back as it was sent.

    AWS: `Prefix`, whatever was sent.
    """
    moto.bucket()
    put(moto, {"LambdaFunctionConfigurations": [entry(moto)]})
    assert ["prefix"] == [rule["Name"] for rule in entries(moto)[0]["Filter"]["Key"]["FilterRules"]]


def test_row_7_a_capital_prefix_is_an_error(moto: Moto) -> None:
    """Row 7: a filter named `Prefix`, as S3 itself answers, is 500.

    AWS takes it.
    """
    moto.bucket()
    capital: NotificationConfigurationTypeDef = {"LambdaFunctionConfigurations": [entry(moto, name="Prefix")]}
    assert ("500", "Internal Server Error") == error_of(lambda: put(moto, capital))


def test_row_7_the_whole_document_is_replaced(moto: Moto) -> None:
    """Row 7: what a document leaves out is gone, others' entries too; so it is at AWS."""
    moto.bucket()
    put(moto, {"LambdaFunctionConfigurations": [entry(moto)]})
    put(moto, {})
    assert "LambdaFunctionConfigurations" not in moto.account.s3.get_bucket_notification_configuration(Bucket=moto.name)


def test_row_8_equal_entries_are_taken(moto: Moto) -> None:
    """Row 8: two entries that overlap and bear one id are taken.

    AWS: InvalidArgument for either.
    """
    moto.bucket()
    put(moto, {"LambdaFunctionConfigurations": [entry(moto), entry(moto)]})
    assert 2 == len(entries(moto))


def test_row_24_an_event_lacks_much(moto: Moto) -> None:
    """Row 24: an event has a `/` as %2F, size and tag on removal, and no sequencer.

    AWS: the contrary, twice, late, unordered.
    """
    moto.bucket()
    url = moto.queue()
    events = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]
    put(moto, {"QueueConfigurations": [{"Id": "q", "QueueArn": moto.arn("sqs", moto.name), "Events": events}]})  # type: ignore[list-item, misc]  # S3's words
    moto.account.s3.put_object(Bucket=moto.name, Key="in/a b+é", Body=b"xx")
    moto.account.s3.delete_object(Bucket=moto.name, Key="in/a b+é")
    received = [json.loads(body) for body in drained(moto, url)]
    assert "s3:TestEvent" == received[0]["Event"]
    made, removed = (message["Records"][0] for message in received[1:])
    assert ("ObjectCreated:Put", "ObjectRemoved:Delete") == (made["eventName"], removed["eventName"])
    assert {"key", "size", "eTag"} == set(made["s3"]["object"]) == set(removed["s3"]["object"])
    assert "in%2Fa+b%2B%C3%A9" == made["s3"]["object"]["key"]
    assert {"name", "arn"} == set(made["s3"]["bucket"])
    assert {"userIdentity", "requestParameters", "responseElements"}.isdisjoint(made)


def drained(moto: Moto, url: str) -> list[str]:
    """The bodies of all messages on a queue."""
    found: list[str] = []
    while messages := moto.account.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [message["Body"] for message in messages]
    return found


def test_row_34_a_queue_with_the_managed_key_is_taken(moto: Moto) -> None:
    """Row 34: a queue under alias/aws/sqs is taken as a target.

    AWS: S3 cannot use that key, and refuses the document.
    """
    moto.bucket()
    moto.account.sqs.create_queue(QueueName=moto.name, Attributes={"KmsMasterKeyId": "alias/aws/sqs"})
    arn = moto.arn("sqs", moto.name)
    put(moto, {"QueueConfigurations": [{"Id": "q", "QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]})
    document = moto.account.s3.get_bucket_notification_configuration(Bucket=moto.name)
    assert [arn] == [found["QueueArn"] for found in document["QueueConfigurations"]]
