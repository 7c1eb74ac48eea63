"""What a task's callback is written against: S3 events come in, commands for SQS queues go out.

Needs the standard library and boto3 alone, and loads boto3 only when the first command is sent.
"""

from task_runtime.actions import PublishCommand
from task_runtime.events import ObjectEvent
from task_runtime.invocation import RecordsFailed, make_handler

__all__ = ["ObjectEvent", "PublishCommand", "RecordsFailed", "make_handler"]
