"""One invocation of the function, from S3's event to the commands sent. `make_handler` puts the parts together."""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypedDict

from task_runtime.dispatch import Answer, Callback, Dispatcher
from task_runtime.events import EventError, label
from task_runtime.publish import Publisher, Sqs, topics_from_environment

log = logging.getLogger("task_runtime")


class Summary(TypedDict):
    """What an invocation without failure returns: how many records it saw, how many commands it sent."""

    records: int
    commands: int


Handler: TypeAlias = Callable[[object, object], Summary]


@dataclass(frozen=True)
class Failure:
    """One record that failed: what it is called, and the exception that ended it."""

    record: str
    error: BaseException

    def __str__(self) -> str:
        return f"{self.record}: {type(self.error).__name__}: {self.error}"


class RecordsFailed(Exception):  # noqa: N818 - reads as what happened in Lambda's errorType
    """Some records of an invocation failed; the others' commands are sent. Lambda retries the whole invocation.

    The retry sends the same messages with the same ids once more, so FIFO queues drop what they had within five
    minutes, and other consumers recognise it by `meta.msgId`. `failures` holds one Failure a record, in their order.
    """

    def __init__(self, failures: Sequence[Failure], records: int) -> None:
        super().__init__("\n".join([f"{len(failures)} of {records} records failed:", *map(str, failures)]))
        self.failures = tuple(failures)


def make_handler(
    callback: Callback,
    *,
    topics: Mapping[str, str] | None = None,
    service: str | None = None,
    sqs: Sqs | None = None,
) -> Handler:
    """Make a Lambda handler, `handler(event, context)`, that runs a callback for every S3 record of an event.

    `callback` takes `(event_name, key)` or `(event_name, key, event)`, is async or not, and returns a list of
    PublishCommand, or None. `topics` maps topic names to queue URLs (a queue is FIFO if its URL ends in `.fifo`);
    without it the deployment's are taken, from TASK_DEPLOY_TOPICS. `service` is the name in each command's `meta`;
    without it the function's own, or `local` outside Lambda. `sqs` is anything with boto3's `send_message`; without
    it a client is made when the first command is sent.

    The handler returns a Summary, or raises RecordsFailed. Raises CallbackError if the callback's parameters do
    not fit, ValueError if TASK_DEPLOY_TOPICS is broken.
    """
    _set_log_level()
    dispatcher = Dispatcher(callback)
    publisher = Publisher(
        topics_from_environment() if topics is None else topics,
        service or os.environ.get("AWS_LAMBDA_FUNCTION_NAME") or "local",
        sqs,
    )

    def handler(event: object, context: object) -> Summary:  # noqa: ARG001 - Lambda gives it to every handler
        return _invoke(event, dispatcher, publisher)

    return handler


def s3_records(event: object) -> list[object]:
    """Give the S3 records of a Lambda event, in order; S3's test event, and one without records, have none.

    Records of other sources are left out, and a log line says so. Raises EventError where there can be no
    records at all, because the event is no JSON object or its `Records` no list.
    """
    if not isinstance(event, Mapping):
        raise EventError(f"the event is no JSON object but {type(event).__name__}: {event!r:.200}")
    if "Records" not in event:
        log.info("nothing to do: %s", event.get("Event") or f"an event without Records, {event!r:.200}")
        return []
    records = event["Records"]
    if not isinstance(records, list):
        raise EventError(f"the event's Records are no list but {type(records).__name__}: {records!r:.200}")
    return [record for record in records if not _is_foreign(record)]


def _invoke(event: object, dispatcher: Dispatcher, publisher: Publisher) -> Summary:
    records = s3_records(event)
    answers = dispatcher.answers(records)
    outcomes = [_carry_out(*pair, publisher) for pair in zip(records, answers, strict=True)]
    failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    if failures:
        raise RecordsFailed(failures, len(records)) from failures[0].error
    return Summary(records=len(records), commands=sum(outcome for outcome in outcomes if isinstance(outcome, int)))


def _carry_out(record: object, answer: Answer | BaseException, publisher: Publisher) -> int | Failure:
    """Send what one record asks for and give the number of commands, or log and give its failure."""
    if isinstance(answer, BaseException):
        return _failed(record, answer)
    event, commands = answer
    log.info("%s, actions: %d", label(record), len(commands))
    try:
        publisher.publish(event, commands)
    except Exception as error:  # noqa: BLE001 - the border between records: whatever ends one leaves the others alone
        return _failed(record, error)
    return len(commands)


def _failed(record: object, error: BaseException) -> Failure:
    failure = Failure(label(record), error)
    log.error("failed: %s", failure, exc_info=error)
    return failure


def _is_foreign(record: object) -> bool:
    if not isinstance(record, Mapping) or record.get("eventSource") == "aws:s3":
        return False
    log.warning("ignored a record of %s: it is not of aws:s3", record.get("eventSource") or "an unnamed source")
    return True


def _set_log_level() -> None:
    """Let the runtime's own lines through as LOG_LEVEL says; a level that the user's code has set stays.

    Lambda's root logger has a handler but the level WARNING, which would hide the line per record. LOG_LEVEL may be
    the user's own and mean something else to them, so an unknown word counts as INFO.
    """
    if log.level == logging.NOTSET:
        level = os.environ.get("LOG_LEVEL", "INFO").upper()
        log.setLevel(logging.getLevelNamesMapping().get(level, logging.INFO))
