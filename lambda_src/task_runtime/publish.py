"""Commands go to their queues: all of a record checked, then each sent in turn."""

import json
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Protocol, Unpack

from task_runtime.actions import PublishCommand
from task_runtime.events import ObjectEvent
from task_runtime.messages import CommandError, SendMessage, message

TOPICS_VARIABLE = "TASK_DEPLOY_TOPICS"


class SendError(RuntimeError):
    """SQS did not take a command. Those before it in the record's list are sent, those after it are not."""


class Sqs(Protocol):
    """What the runtime uses of an SQS client; boto3's has it, and a test's own class needs no more."""

    def send_message(self, **request: Unpack[SendMessage]) -> object:
        """Send one message, or raise."""


class Publisher:
    """Sends commands to the queues of `topics`, which maps names to queue URLs, in the name of `service`."""

    def __init__(self, topics: Mapping[str, str], service: str, sqs: Sqs | None = None) -> None:
        self._topics = dict(topics)
        self._service = service
        self._given_sqs = sqs

    def publish(self, event: ObjectEvent, commands: Sequence[PublishCommand]) -> None:
        """Send the commands of one event, in the order of the list, each after the one before.

        Raises CommandError before anything is sent where one of them cannot be sent, SendError at the first
        one that SQS does not take.
        """
        requests = [self._message(event, commands, position) for position in range(len(commands))]
        for position, request in enumerate(requests):
            try:
                self._sqs.send_message(**request)
            except Exception as error:
                raise SendError(
                    f"{_which(commands, position)} was not sent to {commands[position].topic!r}, "
                    f"nor was any after it: {type(error).__name__}: {error}"
                ) from error

    def _message(self, event: ObjectEvent, commands: Sequence[PublishCommand], position: int) -> SendMessage:
        try:
            return message(commands[position], position, event, topics=self._topics, service=self._service)
        except CommandError as error:
            raise CommandError(f"{_which(commands, position)} cannot be sent, so none was: {error}") from error

    @cached_property
    def _sqs(self) -> Sqs:
        return _client() if self._given_sqs is None else self._given_sqs


def topics_from_environment() -> dict[str, str]:
    """Give the topics that the deployment has set: `TASK_DEPLOY_TOPICS`, JSON, topic name to queue URL.

    None are set where the variable is missing. Raises ValueError where it is something else.
    """
    text = os.environ.get(TOPICS_VARIABLE, "{}")
    try:
        topics = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{TOPICS_VARIABLE} is no JSON ({error}): {text!r:.200}") from error
    if not isinstance(topics, dict) or not all(isinstance(url, str) for url in topics.values()):
        raise ValueError(f"{TOPICS_VARIABLE} is no JSON object of topic names and queue URLs: {text!r:.200}")
    return topics


def _which(commands: Sequence[PublishCommand], position: int) -> str:
    return f"command {position + 1} of {len(commands)}"


def _client() -> Sqs:
    # Loading boto3 takes a good part of a second on a small function; one that publishes nothing is spared it.
    import boto3  # noqa: PLC0415 - see above
    from botocore.config import Config  # noqa: PLC0415 - see above

    return boto3.client("sqs", config=Config(retries={"mode": "standard", "total_max_attempts": 5}))
