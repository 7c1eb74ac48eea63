r"""Tests a callback without AWS: builders of every event, topics and buckets in memory, and `run`.

A test is three lines:

    def test_a_row_becomes_a_command():
        done = run(handle_event, s3_event("in/a.csv"), objects={"in/a.csv": b"sku\nA-1\n"})
        assert [sent.id for sent in done.commands] == ["A-1"]
"""

from task_runtime.testing.events import (
    batch_event,
    dead_letter,
    eventbridge_event,
    failure_record,
    s3_event,
    s3_record,
    s3_test_event,
    sns_event,
    sqs_event,
)
from task_runtime.testing.memory import Bucket, Context, Sent, Topics
from task_runtime.testing.run import Run, run

__all__ = [
    "Bucket",
    "Context",
    "Run",
    "Sent",
    "Topics",
    "batch_event",
    "dead_letter",
    "eventbridge_event",
    "failure_record",
    "run",
    "s3_event",
    "s3_record",
    "s3_test_event",
    "sns_event",
    "sqs_event",
]
