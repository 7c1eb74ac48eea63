"""What the local AWS does with moto's queues outside of requests. Whoever touches them holds `moto_state.LOCK`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from moto.core.utils import unix_time_millis
from moto.sqs.exceptions import QueueDoesNotExist, ReceiptHandleIsInvalid
from moto.sqs.models import Message, Queue, sqs_backends

from task_deployer.local.moto_state import LOCK
from task_deployer.local.permissions import Statement, statements_of

_LINEAGE = "AWSTraceHeader"
"""The system attribute in which AWS carries a chain of functions through a queue."""


@dataclass(frozen=True)
class Received:
    """A message that was received: `chain` functions caused each other before it, `tries` counts this one."""

    id: str
    handle: str
    body: str
    md5: str
    attributes: Mapping[str, str]
    tries: int
    chain: int


def queue_statements(arn: str) -> tuple[Statement, ...] | None:
    """The statements of a queue's policy; None if there is no such queue."""
    with LOCK:
        queue = _find(arn)
        if queue is None:
            return None
        return tuple(statements_of([json.loads(queue.policy)])) if queue.policy else ()


def visibility_timeout(arn: str) -> int | None:
    """For how many seconds the queue hides a message that was received; None if there is no such queue."""
    with LOCK:
        queue = _find(arn)
        return None if queue is None else _visibility(queue)


def send(arn: str, body: str, chain: int = 0) -> bool:
    """Sends a message on AWS's behalf; False if there is no such queue."""
    with LOCK:
        if _find(arn) is None:
            return False
        _, _, _, region, account, name = arn.split(":", 5)
        lineage = {_LINEAGE: {"DataType": "String", "StringValue": str(chain)}}
        sqs_backends[account][region].send_message(name, body, system_attributes=lineage)
        return True


def receive(arn: str, most: int) -> tuple[Received, ...]:
    """Receives as many messages as there are, up to `most`, and hides them; none if there is no such queue."""
    with LOCK:
        queue = _find(arn)
        if queue is None:
            return ()
        _, _, _, region, account, name = arn.split(":", 5)
        found = sqs_backends[account][region].receive_message(name, most, 0, _visibility(queue))
        return tuple(_received(message) for message in found)


def delete(arn: str, handle: str) -> None:
    """Deletes a message that was received; one that is gone already is no error."""
    with LOCK:
        queue = _find(arn)
        if queue is not None:
            try:
                queue.delete_message(handle)
            except ReceiptHandleIsInvalid:
                return


def show_again(arn: str, handle: str, seconds: float) -> None:
    """Lets a message that was received be received again after so many seconds."""
    with LOCK:
        queue = _find(arn)
        for message in () if queue is None else queue._messages:  # noqa: SLF001 - moto's visibility knows whole seconds
            if message.had_receipt_handle(handle):
                message.visible_at = unix_time_millis() + seconds * 1000


def _find(arn: str) -> Queue | None:
    _, _, _, region, account, name = arn.split(":", 5)
    try:
        return sqs_backends[account][region].get_queue(name)
    except QueueDoesNotExist:
        return None


def _visibility(queue: Queue) -> int:
    return int(str(queue.visibility_timeout))  # type: ignore[attr-defined]  # moto sets it by its name


def _received(message: Message) -> Received:
    lineage: Mapping[str, str] = message.system_attributes.get(_LINEAGE, {})
    attributes = {
        "ApproximateReceiveCount": str(message.approximate_receive_count),
        "SentTimestamp": str(message.sent_timestamp),
        "SenderId": str(message.sender_id),
        "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
    }
    if message.group_id:
        attributes["MessageGroupId"] = message.group_id
    return Received(
        id=message.id,
        handle=str(message.receipt_handle),
        body=message.body,
        md5=message.body_md5,
        attributes=attributes,
        tries=message.approximate_receive_count,
        chain=int(lineage.get("StringValue", "0")) if lineage.get("StringValue", "0").isdigit() else 0,
    )
