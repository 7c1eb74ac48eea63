"""A queue that the config no longer names and that still runs a function, until the run deletes it at its end."""

from dataclasses import dataclass

from botocore.exceptions import ClientError

from task_deployer.aws import Aws
from task_deployer.refusals import code_of, on_behalf_of
from task_deployer.resources.queue import ABSENT, Queue


@dataclass(frozen=True)
class OutgoingQueue:
    """One of ours that hides a message for too short a time. `visibility_seconds` are long enough for the function.

    Events go on to arrive and to be handled until the bucket's new way is whole, so neither the queue nor its mapping
    can go before the function is changed.
    """

    url: str
    arn: str
    visibility_seconds: int

    def widen(self, aws: Aws) -> None:
        """Let it hide messages for long enough. One that is gone stands in nobody's way."""
        try:
            with on_behalf_of(Queue.rights, (self.arn,)):
                attributes = {"VisibilityTimeout": str(self.visibility_seconds)}
                aws.sqs.set_queue_attributes(QueueUrl=self.url, Attributes=attributes)  # type: ignore[arg-type]  # SQS's name
        except ClientError as error:
            if code_of(error) not in ABSENT:
                raise
