"""What became of each record, and how the caller is told: by one exception, or record by record where it can take it.

Replies: Lambda Developer Guide, "Reporting batch item failures" (SQS); S3 User Guide, "Invoke AWS Lambda function"
(Batch Operations).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypedDict

from task_runtime.actions import ActionError, CallbackError
from task_runtime.events import EventError, ObjectEvent
from task_runtime.fields import reason
from task_runtime.storage import AccessError

# An OnFailure record that is too large for its queue is dropped by Lambda, and the event with it; so failures are told
# shortly. The log has all of it.
MAX_REASON = 500
MAX_TOLD = 100
MAX_RESULT = 1024  # S3 User Guide: the job's report has the first 1,024 characters of resultString

How: TypeAlias = Literal["done", "failed", "duplicate", "stale"]


@dataclass(frozen=True)
class Outcome:
    """What became of one record: what it is called, how it ended, and the message or task that brought it."""

    record: str
    event: ObjectEvent | None = field(default=None, repr=False)
    error: BaseException | None = None
    how: How = "done"
    actions: int = 0
    commands: int = 0
    seconds: float = 0.0
    carrier: str | None = None


@dataclass(frozen=True)
class Failure:
    """One record that failed: what it is called, and the exception that ended it."""

    record: str
    error: BaseException

    def __str__(self) -> str:
        return f"{self.record}: {reason(self.error)}"


class RecordsFailed(Exception):  # noqa: N818 - reads as what happened in Lambda's errorType
    """Some records of an invocation failed; the others' actions are done. Lambda retries the whole invocation.

    The retry sends the same messages with the same ids once more, so FIFO queues drop what they had within five
    minutes, and other consumers recognise it by `meta.msgId`. `failures` holds one Failure a record, in their order.
    """

    def __init__(self, failures: Sequence[Failure], records: int) -> None:
        told = [_shortened(str(failure), MAX_REASON + len(failure.record)) for failure in failures[:MAX_TOLD]]
        more = [f"and {len(failures) - MAX_TOLD} more, which the log names"] if len(failures) > MAX_TOLD else []
        super().__init__("\n".join([f"{len(failures)} of {records} records failed:", *told, *more]))
        self.failures = tuple(failures)


class Summary(TypedDict):
    """What an invocation without failure returns: how many records it saw, how many commands it sent."""

    records: int
    commands: int


Answered: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class DirectReply:
    """The answer to S3, SNS, EventBridge and whoever invoked the function: all went well, or an exception."""

    def answer(self, outcomes: Sequence[Outcome]) -> Answered:
        """Give the Summary, or raise RecordsFailed."""
        failures = failures_of(outcomes)
        if failures:
            raise RecordsFailed(failures, len(outcomes)) from failures[0].error
        return Summary(records=len(outcomes), commands=sum(outcome.commands for outcome in outcomes))


@dataclass(frozen=True)
class QueueReply:
    """The answer to an SQS event source: which messages failed. `groups` has each message's FIFO group, or None.

    On a FIFO queue everything after a group's first failure is told as failed too, as AWS asks: deleted, it would
    have overtaken.
    """

    messages: Sequence[str]
    groups: Sequence[str | None]

    def answer(self, outcomes: Sequence[Outcome]) -> Answered:
        """Give `batchItemFailures`."""
        failed = {outcome.carrier for outcome in outcomes if outcome.error is not None}
        held: set[str] = set()
        told = []
        for message, group in zip(self.messages, self.groups, strict=True):
            if message in failed or group in held:
                told.append({"itemIdentifier": message})
                held |= {group} if group is not None else set()
        return {"batchItemFailures": told}


@dataclass(frozen=True)
class JobReply:
    """The answer to S3 Batch Operations: one result per task."""

    event: Mapping[str, Any]
    tasks: Sequence[str]

    def answer(self, outcomes: Sequence[Outcome]) -> Answered:
        """Give the results. What a retry cannot mend is a PermanentFailure, anything else a TemporaryFailure."""
        by_task = {outcome.carrier: outcome for outcome in outcomes}
        return {
            "invocationSchemaVersion": self.event["invocationSchemaVersion"],
            "treatMissingKeysAs": "PermanentFailure",
            "invocationId": self.event["invocationId"],
            "results": [{"taskId": task, **_result(by_task[task])} for task in self.tasks],
        }


Reply: TypeAlias = DirectReply | QueueReply | JobReply


def failures_of(outcomes: Sequence[Outcome]) -> list[Failure]:
    """Give the failures among outcomes, in their order."""
    return [Failure(outcome.record, outcome.error) for outcome in outcomes if outcome.error is not None]


def _result(outcome: Outcome) -> dict[str, str]:
    if outcome.error is None:
        return {"resultCode": "Succeeded", "resultString": f"{outcome.how}, commands: {outcome.commands}"}
    is_lasting = isinstance(outcome.error, ActionError | AccessError | CallbackError | EventError)
    code = "PermanentFailure" if is_lasting else "TemporaryFailure"
    return {
        "resultCode": code,
        "resultString": _shortened(reason(outcome.error), MAX_RESULT),
    }


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 3]}..."
