"""What a task's callback is written against: S3 events come in, actions go out, such as commands for SQS queues.

Needs the standard library and boto3 alone, and loads boto3 only when the first call to AWS is due.
"""

from task_runtime.actions import CopyObject, DeleteObject, PublishCommand, PutObject
from task_runtime.events import ObjectEvent
from task_runtime.invocation import make_handler
from task_runtime.outcomes import RecordsFailed

__all__ = [
    "CopyObject",
    "DeleteObject",
    "ObjectEvent",
    "PublishCommand",
    "PutObject",
    "RecordsFailed",
    "make_handler",
]
