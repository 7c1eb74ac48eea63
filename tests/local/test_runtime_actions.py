import time
from typing import TYPE_CHECKING, Final

import pytest

from tests.local.deployed import Deployed, deploy

if TYPE_CHECKING:
    from tests.local.conftest import Lab

CONFIG: Final = """\
[stack]
name = "{name}"
region = "eu-central-1"

[command_topics.rows]

[command_topics.later]
fifo = false

[tasks.ingest]
source = "src"
callback = "handler:handle"
command_topics = ["rows", "later"]

[tasks.ingest.buckets.uploads]
mode = "ReadWrite"
events = ["ObjectCreated"]  # what the task removes there is no event of its own
prefix = "in/"

[tasks.ingest.buckets.archive]
mode = "Read"
"""

HANDLER: Final = """\
import logging

from task_runtime import CopyObject, DeleteObject, PublishCommand, PutObject

logging.getLogger("botocore.endpoint").setLevel("DEBUG")  # tells each call to AWS in the log


def handle(name, key, event):
    what = key.split("/")[1]
    if what == "rows":
        return [PublishCommand("rows", key, {"row": row.strip()}) for row in event.lines()]
    if what == "later":
        return [PublishCommand("later", key, {"is": 1}, delay_seconds=900), PublishCommand("later", key, {"is": 2})]
    if what == "objects":
        put = PutObject("out/put.txt", "Grüße", content_type="text/plain", metadata={"made-by": "task"})
        copy = CopyObject("out/copied", source_key=key)
        return [put, copy, DeleteObject(key), PublishCommand("rows", key, {"is": "done"})]
    risky = {
        "put": PutObject("out/put.txt", "no"),
        "copy": CopyObject("out/copied", source_key="out/never-was"),
        "delete": DeleteObject(key),
    }
    return [PublishCommand("later", key, {"is": 1}), risky[what], PublishCommand("later", key, {"is": 2})]
"""

TRIES: Final = 3  # one, and Lambda's two more


@pytest.fixture(scope="module")
def stack(lab: "Lab", tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """A task whose actions are those of its files' folder; it may write into `uploads`, and not into `archive`."""
    return deploy(lab, tmp_path_factory.mktemp("actions"), CONFIG, HANDLER)


def calls(stack: Deployed, operation: str, about: str) -> int:
    """How often the handler asked AWS for an operation with these words in it, as far as the log tells yet."""
    return sum(f"(name={operation})" in line and about in line for line in stack.log())


def wait_for_log(stack: Deployed, key: str) -> None:
    """Wait until the log tells of a key's record: what was asked of AWS for it stands there too then."""
    patience = time.monotonic() + 120
    while not any(line.get("key") == key for line in stack.json_log()):
        assert time.monotonic() < patience, f"the log has no line for {key}"
        time.sleep(0.05)


def keys(stack: Deployed, bucket: str) -> list[str]:
    """What a bucket holds."""
    found = stack.lab.s3.list_objects_v2(Bucket=stack.buckets[bucket]).get("Contents", [])
    return [each["Key"] for each in found]


def test_a_files_commands_arrive_in_its_order(stack: Deployed) -> None:
    """The 29 rows of a file are 29 commands on a FIFO topic, in the order of the file, sent in three batches."""
    rows = [f"row {number}" for number in range(1, 30)]
    stack.upload("in/rows/many.csv", "\n".join(rows).encode())
    assert [{"row": row} for row in rows] == [command["command"] for command in stack.commands("rows", 29)]
    wait_for_log(stack, "in/rows/many.csv")
    assert 3 == calls(stack, "SendMessageBatch", "in/rows/many.csv")


def test_a_delayed_command_waits_on_a_standard_topic(stack: Deployed) -> None:
    """A command with a delay is on its queue and not to be had yet, while the one after it is."""
    stack.upload("in/later/a")
    assert [{"is": 2}] == [command["command"] for command in stack.commands("later", 1)]
    asked = stack.lab.sqs.get_queue_attributes(
        QueueUrl=stack.queues["later"], AttributeNames=["ApproximateNumberOfMessagesDelayed"]
    )
    assert {"ApproximateNumberOfMessagesDelayed": "1"} == asked["Attributes"]


def test_objects_are_written_copied_and_removed(stack: Deployed) -> None:
    """On a bucket of mode ReadWrite the actions put, copy and remove objects in S3, in their order."""
    s3, bucket = stack.lab.s3, stack.buckets["uploads"]
    s3.put_object(Bucket=bucket, Key="in/objects/a", Body=b"original", Metadata={"kind": "master"})
    assert [{"is": "done"}] == [command["command"] for command in stack.commands("rows", 1)]
    put = s3.get_object(Bucket=bucket, Key="out/put.txt")
    copied = s3.get_object(Bucket=bucket, Key="out/copied")
    assert ("text/plain", {"made-by": "task"}) == (put["ContentType"], put["Metadata"])
    assert "Grüße" == put["Body"].read().decode()
    assert {"kind": "master"} == copied["Metadata"]
    assert b"original" == copied["Body"].read()
    assert "in/objects/a" not in keys(stack, "uploads")
    wait_for_log(stack, "in/objects/a")
    assert 1 == calls(stack, "PutObject", bucket)


@pytest.mark.parametrize(("what", "action"), [("put", "PutObject"), ("copy", "CopyObject"), ("delete", "DeleteObject")])
def test_a_bucket_that_is_only_read_is_not_changed(stack: Deployed, what: str, action: str) -> None:
    """On a bucket of mode Read an action on objects fails its record, naming the mode, before AWS is asked anything."""
    bucket, key = stack.buckets["archive"], f"in/{what}/a"
    stack.upload(key, bucket="archive")
    words = stack.failure()["responsePayload"]["errorMessage"]
    assert f'the bucket {bucket!r} has mode = "Read" and this needs Write; set it to "ReadWrite"' in words
    assert action in words
    assert key in keys(stack, "archive")
    assert stack.is_empty("later")
    assert 0 == calls(stack, action, bucket)
    assert 0 == calls(stack, "SendMessageBatch", key)


def test_what_s3_refuses_ends_the_record_there(stack: Deployed) -> None:
    """Of a list with a copy of nothing in it, each try does what stands before, by the same ids, and never the rest."""
    stack.upload("in/copy/b")
    assert "NoSuchKey" in stack.failure()["responsePayload"]["errorMessage"]
    first, *others = stack.commands("later", TRIES)
    assert {"is": 1} == first["command"]
    assert [first] * (TRIES - 1) == others
