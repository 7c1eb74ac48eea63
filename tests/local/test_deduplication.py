"""FIFO queues of the local AWS: what is taken for a repetition, and for how long."""

from typing import TYPE_CHECKING, Literal

import pytest
from moto.sqs.models import Message, Queue

from task_deployer.local.deduplication import SECONDS, Memory
from task_deployer.local.process import ACCOUNT
from tests.local.conftest import REGION

if TYPE_CHECKING:
    from tests.local.conftest import Lab

Scope = Literal["queue", "messageGroup"]


def fifo_queue(lab: "Lab", scope: Scope = "queue", **attributes: str) -> str:
    """Makes a FIFO queue and gives its URL."""
    limit = {"queue": "perQueue", "messageGroup": "perMessageGroupId"}[scope]
    said = {"FifoQueue": "true", "DeduplicationScope": scope, "FifoThroughputLimit": limit, **attributes}
    return lab.sqs.create_queue(QueueName=f"{lab.name('queue')}.fifo", Attributes=said)["QueueUrl"]  # type: ignore[arg-type]  # a plain dict


def send(lab: "Lab", queue: str, body: str, deduplication_id: str, group: str = "one") -> None:
    """Sends a message."""
    lab.sqs.send_message(
        QueueUrl=queue, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=deduplication_id
    )


def taken(lab: "Lab", queue: str) -> list[str]:
    """Takes all that can be had now from the queue: the bodies."""
    bodies: list[str] = []
    while messages := lab.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            bodies.append(message["Body"])
            lab.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return bodies


@pytest.mark.parametrize("scope", ["queue", "messageGroup"])
def test_a_repetition_adds_nothing_even_after_the_first_was_taken(lab: "Lab", scope: Scope) -> None:
    """A message with an id that the queue has seen lately is accepted and dropped, wherever the first one is now."""
    queue = fifo_queue(lab, scope)
    send(lab, queue, "first", "x")
    send(lab, queue, "while it waits", "x")
    assert taken(lab, queue) == ["first"]
    send(lab, queue, "after it was deleted", "x")
    send(lab, queue, "another", "y")
    assert taken(lab, queue) == ["another"]


def test_a_batch_is_told_that_its_repetitions_went_well(lab: "Lab") -> None:
    """SendMessageBatch reports a repetition as successful, as AWS does, and adds only what is new."""
    queue = fifo_queue(lab)
    send(lab, queue, "old", "0")
    assert taken(lab, queue) == ["old"]
    answer = lab.sqs.send_message_batch(
        QueueUrl=queue,
        Entries=[
            {"Id": str(n), "MessageBody": str(n), "MessageGroupId": "one", "MessageDeduplicationId": str(n)}
            for n in range(2)
        ],
    )
    assert [entry["Id"] for entry in answer["Successful"]] == ["0", "1"]
    assert taken(lab, queue) == ["1"]


@pytest.mark.parametrize(("scope", "expected"), [("queue", ["one"]), ("messageGroup", ["one", "other"])])
def test_an_id_counts_within_the_queues_scope(lab: "Lab", scope: Scope, expected: list[str]) -> None:
    """With the scope `messageGroup` two groups may use one id; with `queue` the second is a repetition."""
    queue = fifo_queue(lab, scope)
    for group in ("one", "other"):
        send(lab, queue, group, "x", group)
    assert sorted(taken(lab, queue)) == expected


def test_equal_bodies_are_repetitions_where_the_content_counts(lab: "Lab") -> None:
    """With content-based deduplication the body stands for the id."""
    queue = fifo_queue(lab, ContentBasedDeduplication="true")
    for _ in range(2):
        lab.sqs.send_message(QueueUrl=queue, MessageBody="same", MessageGroupId="one")
        lab.sqs.send_message(QueueUrl=queue, MessageBody="same", MessageGroupId="other")
    assert taken(lab, queue) == ["same"]


def test_a_standard_queue_takes_all(lab: "Lab") -> None:
    """Only FIFO queues look for repetitions."""
    queue = lab.queue()
    for _ in range(2):
        lab.sqs.send_message(QueueUrl=queue, MessageBody="same")
    assert taken(lab, queue) == ["same", "same"]


def test_an_id_is_forgotten_after_five_minutes() -> None:
    """The interval runs from the first message: repetitions do not prolong it."""
    now = 1000.0
    memory = Memory(lambda: now)
    queue = Queue("q.fifo", REGION, ACCOUNT, FifoQueue="true")  # type: ignore[abstract]  # moto makes them so too
    message = Message("1", "body")
    message.deduplication_id = "x"
    assert not memory.repeats(queue, message)
    now += SECONDS - 1
    assert memory.repeats(queue, message)
    now += 1
    assert not memory.repeats(queue, message)
    assert memory.repeats(queue, message)


def test_a_move_to_a_dead_letter_queue_is_no_repetition(lab: "Lab") -> None:
    """Messages of two groups with one id both arrive in a dead-letter queue that counts ids for the whole queue."""
    dead = fifo_queue(lab)
    policy = f'{{"deadLetterTargetArn": "{lab.queue_arn(dead)}", "maxReceiveCount": 1}}'
    queue = fifo_queue(lab, "messageGroup", RedrivePolicy=policy, VisibilityTimeout="0")
    for group in ("one", "other"):
        send(lab, queue, group, "x", group)
    for _ in range(2):
        lab.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    assert sorted(taken(lab, dead)) == ["one", "other"]
