import json
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import pytest

from task_runtime.testing import s3_event, s3_record
from tests.local.deployed import Command, Deployed, deploy

if TYPE_CHECKING:
    from tests.local.conftest import Lab

CONFIG: Final = """\
[stack]
name = "{name}"
region = "eu-central-1"

[command_topics.orders]

[command_topics.audit]
fifo = false

[tasks.ingest]
source = "src"
callback = "handler:handle"
command_topics = ["orders", "audit"]

[tasks.ingest.buckets.uploads]
mode = "Read"
"""

HANDLER: Final = """\
from task_runtime import PublishCommand


async def handle(name, key):
    if key.startswith("bad/"):
        raise LookupError(f"nobody knows {key}")
    topic = "order" if key.startswith("typo/") else "orders"
    return [PublishCommand("audit", key, {"of": key}), PublishCommand(topic, key, {"of": key})]
"""

TRIES: Final = 3  # one, and Lambda's two more


@pytest.fixture(scope="module")
def stack(lab: "Lab", tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """A task that fails at keys in bad/, and names an unknown topic at those in typo/."""
    return deploy(lab, tmp_path_factory.mktemp("failures"), CONFIG, HANDLER)


def ids(commands: list[Command]) -> list[str]:
    """Whom the commands are for, sorted."""
    return sorted(command["id"] for command in commands)


def test_a_file_that_fails_leaves_its_neighbours_alone(stack: Deployed) -> None:
    """Of files uploaded together the failing one is tried thrice and reaches the failure queue, the others run once."""
    for key in ("good/1", "bad/1", "good/2"):
        stack.upload(key)
    record = stack.failure()
    assert "RetriesExhausted" == record["requestContext"]["condition"]
    assert TRIES == record["requestContext"]["approximateInvokeCount"]
    assert "RecordsFailed" == record["responsePayload"]["errorType"]
    words = "1 of 1 records failed:\nbad/1 (ObjectCreated:Put): LookupError: nobody knows bad/1"
    assert words == record["responsePayload"]["errorMessage"]
    for topic in ("orders", "audit"):
        assert ["good/1", "good/2"] == ids(stack.commands(topic, 2))


def test_a_record_that_fails_leaves_its_neighbours_alone(stack: Deployed) -> None:
    """Of records in one invocation the failing one is named; the others' commands come with each try, a FIFO's once."""
    bucket = stack.buckets["uploads"]
    event = s3_event(*(s3_record(key, bucket=bucket) for key in ("good/3", "bad/3", "good/4", "bad/4")))
    stack.invoke_and_forget(event)
    record = stack.failure()
    assert event == record["requestPayload"]
    words = record["responsePayload"]["errorMessage"].splitlines()
    assert [
        "2 of 4 records failed:",
        *(f"bad/{n} (ObjectCreated:Put): LookupError: nobody knows bad/{n}" for n in "34"),
    ] == words
    assert ["good/3", "good/4"] == ids(stack.commands("orders", 2))
    audit = stack.commands("audit", 2 * TRIES)
    assert sorted(["good/3", "good/4"] * TRIES) == ids(audit)
    assert 2 == len({str(command) for command in audit}), "a try repeats the messages with all their ids"


def test_an_unknown_topic_is_named_beside_the_known(stack: Deployed) -> None:
    """A command for a topic that is none of the task's fails its record before anything of it is sent, and says why."""
    stack.upload("typo/1")
    words = stack.failure()["responsePayload"]["errorMessage"]
    assert "there is no topic 'order' here (known: audit, orders); name it in the task's command_topics" in words
    assert stack.is_empty("audit")
    assert stack.is_empty("orders")


def test_the_log_tells_each_record_and_each_invocation(stack: Deployed) -> None:
    """The log group has one JSON line a record, with the reason of a failure, and one of metrics an invocation."""
    bucket = stack.buckets["uploads"]
    event = s3_event(s3_record("good/logged", bucket=bucket), s3_record("bad/logged", bucket=bucket))
    stack.invoke(event)
    correlation_id = stack.command("orders")["meta"]["correlationId"]
    assert correlation_id == stack.command("audit")["meta"]["correlationId"]
    log = stack.json_log()
    (good,) = (line for line in log if line.get("key") == "good/logged")
    (bad,) = (line for line in log if line.get("key") == "bad/logged")
    told = {"outcome": "done", "event": "ObjectCreated:Put", "bucket": bucket, "correlationId": correlation_id}
    assert told.items() <= good.items()
    assert "LookupError: nobody knows bad/logged" == bad["error"]
    assert "handler.py" in str(bad["traceback"])
    assert ("INFO", "ERROR") == (good["level"], bad["level"])
    assert good["requestId"] == bad["requestId"]
    counted = {"service": stack.function, "Processed": 2, "Failed": 1, "Commands": 2}
    (metrics,) = (line for line in log if counted.items() <= line.items())
    (directive,) = cast("dict[str, list[dict[str, object]]]", metrics["_aws"])["CloudWatchMetrics"]
    assert ("TaskDeploy", [["service"]]) == (directive["Namespace"], directive["Dimensions"])


def test_a_failed_event_runs_again_once_the_handler_is_right(lab: "Lab", tmp_path: Path) -> None:
    """A record out of the failure queue runs its event again, bare or as SQS gave it, with the ids it always had."""
    stack = deploy(lab, tmp_path, CONFIG, HANDLER)
    stack.upload("bad/5")
    asked = (lab.sqs.receive_message(QueueUrl=stack.failure_queue, WaitTimeSeconds=20) for _ in range(3))
    answer = next(answer for answer in asked if answer.get("Messages"))
    stack.project.edit("src/handler.py", "bad/", "worse/")
    stack.project.succeed("up")
    record = json.loads(answer["Messages"][0]["Body"])
    assert {"records": 1, "commands": 2} == stack.invoke(record)
    assert {"records": 1, "commands": 2} == stack.invoke(answer)
    once, twice = stack.commands("audit", 2)
    assert once == twice
    tried = {line.get("correlationId") for line in stack.json_log() if line.get("outcome") == "failed"}
    assert {once["meta"]["correlationId"]} == tried
    assert [once["command"]] == [command["command"] for command in stack.commands("orders", 1)]
