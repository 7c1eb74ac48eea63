import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from task_runtime import PublishCommand, make_handler
from tests.unit.runtime.samples import event, failure_of, record

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Iterator["SQSClient"]:
    """Give a client of an empty SQS; the runtime's own client, made as in Lambda, reaches the same one."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield boto3.client("sqs", region_name="eu-central-1")


def _orders(_name: str, key: str) -> list[PublishCommand]:
    return [PublishCommand("orders", "o-1", {"key": key, "n": n}) for n in range(2)]


def _bodies(sqs: "SQSClient", url: str) -> list[object]:
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [json.loads(message["Body"])["command"] for message in answer.get("Messages", [])]


def test_the_deployed_topics_are_published_to(sqs: "SQSClient", monkeypatch: pytest.MonkeyPatch) -> None:
    """With TASK_DEPLOY_TOPICS alone, commands reach the FIFO queue in order, and a retry adds none of them again."""
    url = sqs.create_queue(QueueName="media-dev-orders.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    monkeypatch.setenv("TASK_DEPLOY_TOPICS", json.dumps({"orders": url}))
    handler = make_handler(_orders)
    handler(event(record("a")), None)
    handler(event(record("a")), None)
    assert _bodies(sqs, url) == [{"key": "a", "n": 0}, {"key": "a", "n": 1}]


def test_a_standard_queue_is_published_to(sqs: "SQSClient") -> None:
    """SQS takes what the runtime sends to a standard queue."""
    url = sqs.create_queue(QueueName="media-dev-orders")["QueueUrl"]
    assert make_handler(_orders, topics={"orders": url})(event(record("a")), None) == {"records": 1, "commands": 2}
    assert len(_bodies(sqs, url)) == 2


def test_a_queue_that_is_gone_fails_the_record(sqs: "SQSClient") -> None:
    """Where AWS refuses a command, the failure has AWS's own words."""
    url = sqs.create_queue(QueueName="media-dev-orders")["QueueUrl"]
    sqs.delete_queue(QueueUrl=url)
    failed = failure_of(make_handler(_orders, topics={"orders": url}), event(record()))
    assert "action 1 of 2, the command for 'orders', was not sent" in str(failed)
    assert "NonExistentQueue" in str(failed)


@pytest.mark.parametrize("text", ["", "orders", "[]", '{"orders": 7}', "null"])
def test_broken_topics_are_told_at_once(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """TASK_DEPLOY_TOPICS that is no JSON object of texts is refused when the handler is made, and shown."""
    monkeypatch.setenv("TASK_DEPLOY_TOPICS", text)
    with pytest.raises(ValueError, match=r"TASK_DEPLOY_TOPICS is no JSON") as refused:
        make_handler(_orders)
    assert repr(text) in str(refused.value)


def test_an_empty_queue_of_the_users_is_still_the_users() -> None:
    """A stand-in for SQS that counts as false, such as an empty list of messages, is used all the same."""

    class Messages(list[object]):
        def send_message_batch(self, **request: object) -> None:
            self.append(request)

    messages = Messages()
    make_handler(_orders, topics={"orders": "https://sqs.example/orders"}, sqs=messages)(event(record()), None)
    assert len(messages) == 1
