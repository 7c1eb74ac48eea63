"""A stack that `task-deploy up` made on the local AWS, and what its user sees of it: queues, failures, logs."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypedDict, cast

from task_deployer.local import process
from tests.integration.project import Project

if TYPE_CHECKING:
    from tests.local.conftest import Lab

TASK: Final = "ingest"


class Command(TypedDict):
    """A message as it is on a topic's queue."""

    id: str
    meta: dict[str, str]
    command: dict[str, object]


class Cause(TypedDict):
    """What a function that fails answers."""

    errorType: str
    errorMessage: str


class FailureRecord(TypedDict):
    """What Lambda puts into a failure queue, as far as it is looked at."""

    requestContext: dict[str, object]
    requestPayload: dict[str, object]
    responsePayload: Cause


@dataclass(frozen=True)
class Deployed:
    """A project on the disk and the stack it became. `queues` are the topics' URLs, `buckets` the names at AWS."""

    lab: "Lab"
    project: Project
    function: str
    log_group: str
    failure_queue: str
    queues: Mapping[str, str]
    buckets: Mapping[str, str]

    def upload(self, key: str, body: bytes = b"", *, bucket: str = "uploads") -> None:
        """Put an object into one of the stack's buckets."""
        self.lab.s3.put_object(Bucket=self.buckets[bucket], Key=key, Body=body)

    def command(self, topic: str) -> Command:
        """Wait for the next command on a topic and take it from the queue."""
        return cast("Command", self.lab.receive(self.queues[topic]))

    def commands(self, topic: str, number: int) -> list[Command]:
        """Wait for so many commands on a topic, and see that there is no other."""
        taken = [self.command(topic) for _ in range(number)]
        assert self.is_empty(topic), "more commands came than were expected"
        return taken

    def is_empty(self, topic: str) -> bool:
        """Whether a topic has nothing to receive now."""
        return "Messages" not in self.lab.sqs.receive_message(QueueUrl=self.queues[topic], WaitTimeSeconds=0)

    def failure(self) -> FailureRecord:
        """Wait for the next record in the failure queue and take it; Lambda has tried for the last time then."""
        return cast("FailureRecord", self.lab.receive(self.failure_queue))

    def invoke(self, event: object) -> object:
        """Invoke the function and wait for its answer, or its error's document."""
        return self.lab.invoke(self.function, event)

    def invoke_and_forget(self, event: object) -> None:
        """Invoke the function as S3 does: Lambda keeps the event, tries again where it fails, and tells the queue."""
        self.lab.lambda_.invoke(FunctionName=self.function, InvocationType="Event", Payload=json.dumps(event))

    def log(self) -> list[str]:
        """What the log group holds. It is complete for an invocation that was answered, or ended as a failure."""
        pages = self.lab.logs.get_paginator("filter_log_events").paginate(logGroupName=self.log_group)
        return [event["message"] for page in pages for event in page["events"]]

    def json_log(self) -> list[dict[str, object]]:
        """The lines of the log group that are JSON objects."""
        return [json.loads(line) for line in self.log() if line.startswith("{")]


def deploy(lab: "Lab", folder: Path, config: str, handler: str) -> Deployed:
    """Write a project with one task, `ingest`, and deploy it with the installed command. `{name}` in it is new."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "AWS_ENDPOINT_URL": lab.aws.endpoint_url,
        "AWS_ACCESS_KEY_ID": process.ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": process.SECRET_KEY,
    }
    project = Project(folder / "work", environment)
    project.configure(config.format(name=lab.name("runtime")))
    project.write("src/handler.py", handler)
    outputs = project.succeed("up", "--json").document["outputs"]
    task = cast("dict[str, dict[str, str]]", outputs["tasks"][TASK])
    buckets = cast("dict[str, dict[str, str]]", outputs["tasks"][TASK]["buckets"])
    return Deployed(
        lab=lab,
        project=project,
        function=task["function"]["name"],
        log_group=str(task["log_group"]),
        failure_queue=task["failure_queue"]["url"],
        queues={topic: str(queue["url"]) for topic, queue in outputs["command_topics"].items()},
        buckets={bucket: made["name"] for bucket, made in buckets.items()},
    )
