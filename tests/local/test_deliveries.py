"""A file becomes a command by each of the three deliveries, and the callback does not notice which."""

from itertools import pairwise
from typing import TYPE_CHECKING, Final, cast

import pytest

from tests.local.deployed import Command, Deployed, deploy

if TYPE_CHECKING:
    from tests.local.conftest import Lab

DELIVERIES: Final = ("direct", "eventbridge", "queue")

STACK: Final = """\
[stack]
name = "{name}"
region = "eu-central-1"

[command_topics.seen]
fifo = false
"""

TASK: Final = """\
[tasks.{task}]
source = "src"
callback = "handler:handle"
command_topics = ["seen"]
"""

BUCKET: Final = """\
[tasks.{task}.buckets.{key}]
mode = "Read"
delivery = "{delivery}"
{more}
"""

HANDLER: Final = """\
from task_runtime import PublishCommand


def handle(name, key, event):
    if "bad" in key:
        raise LookupError(f"nobody knows {key}")
    told = {"name": name, "size": event.size, "etag": event.etag, "version": event.version_id}
    return [PublishCommand("seen", id=key, command={**told, "sequencer": event.sequencer})]
"""

FILTERS: Final = 'versioning = true\nprefix = "in+dir/"\nsuffix = "%C3%BC.csv"'


@pytest.fixture(scope="module")
def stack(lab: "Lab", tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """A task with a bucket for each delivery, whose filters are written as S3 wants them: encoded."""
    buckets = [BUCKET.format(task="ingest", key=one, delivery=one, more=FILTERS) for one in DELIVERIES]
    config = STACK + TASK.format(task="ingest") + "".join(buckets)
    return deploy(lab, tmp_path_factory.mktemp("deliveries"), config, HANDLER)


@pytest.mark.parametrize("delivery", DELIVERIES)
def test_a_file_becomes_a_command(stack: Deployed, delivery: str) -> None:
    """An upload, a deletion and the removal of a version are told alike, with the plain key, by each delivery."""
    stack.upload("in+dir/not ü.csv", bucket=delivery)  # its encoded key begins otherwise
    stack.upload("in dir/not.csv", bucket=delivery)
    stack.upload("in dir/the + ü.csv", b"abc", bucket=delivery)
    created = stack.command("seen")
    version = str(created["command"]["version"])
    told = {"name": "ObjectCreated:Put", "size": 3, "etag": "900150983cd24fb0d6963f7d28e17f72", "version": version}
    assert ("in dir/the + ü.csv", told) == (created["id"], _without_sequencer(created))
    bucket, key = stack.buckets[delivery], "in dir/the + ü.csv"
    marker = stack.lab.s3.delete_object(Bucket=bucket, Key=key)["VersionId"]
    assert ("ObjectRemoved:DeleteMarkerCreated", marker) == _name_and_version(stack.command("seen"))
    stack.lab.s3.delete_object(Bucket=bucket, Key=key, VersionId=version)
    assert ("ObjectRemoved:Delete", version) == _name_and_version(stack.command("seen"))
    assert stack.is_empty("seen")


def _without_sequencer(command: Command) -> dict[str, object]:
    return {field: value for field, value in command["command"].items() if field != "sequencer"}


def _name_and_version(command: Command) -> tuple[object, object]:
    return command["command"]["name"], command["command"]["version"]


@pytest.mark.parametrize("delivery", ["direct", "queue"])
def test_two_deliveries_bring_one_message(lab: "Lab", tmp_path_factory: pytest.TempPathFactory, delivery: str) -> None:
    """One event that comes two ways at once becomes the same message twice, but for the function that sent it."""
    bucket = lab.bucket()
    more = f'existing = true\nname = "{bucket}"'
    config = STACK + "".join(
        TASK.format(task=task) + BUCKET.format(task=task, key="shared", delivery=how, more=more)
        for task, how in (("ingest", delivery), ("other", "eventbridge"))
    )
    stack = deploy(lab, tmp_path_factory.mktemp("twice"), config, HANDLER)
    stack.upload("a b.csv", b"abc", bucket="shared")
    one, other = (_but_for_its_sender(command) for command in stack.commands("seen", 2))
    assert one == other


def _but_for_its_sender(command: Command) -> dict[str, object]:
    """EventBridge tells whole seconds, S3 tells milliseconds."""
    meta = {**command["meta"], "service": "", "time": command["meta"]["time"][:19]}
    return {**command, "meta": meta}


def test_a_bad_file_leaves_its_batch_alone(lab: "Lab", tmp_path_factory: pytest.TempPathFactory) -> None:
    """Of a batch, what failed alone is tried again, five times in all, and then lies in the failure queue."""
    config = STACK + TASK.format(task="ingest") + BUCKET.format(task="ingest", key="in", delivery="queue", more="")
    stack = deploy(lab, tmp_path_factory.mktemp("batch"), config, HANDLER)
    for key in ("good 1", "bad", "good 2"):
        stack.upload(key, bucket="in")
    assert {"good 1", "good 2"} == {command["id"] for command in stack.commands("seen", 2)}
    failed = cast("dict[str, list[dict[str, dict[str, dict[str, str]]]]]", lab.receive(stack.failure_queue))
    assert "bad" == failed["Records"][0]["s3"]["object"]["key"]
    told = [line for line in stack.json_log() if line.get("outcome") == "failed"]
    assert ["bad (ObjectCreated:Put)"] * 5 == [line["record"] for line in told]
    assert stack.is_empty("seen")


def test_the_delivery_can_be_changed(lab: "Lab", tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each change on a living bucket is one `up`; the next file comes by the new way, once, and nothing old is left."""
    table = BUCKET.format(task="ingest", key="in", delivery="{delivery}", more="")
    name = "{name}"
    config = STACK + TASK.format(task="ingest") + table
    first = config.format(name=name, delivery="direct")
    stack = deploy(lab, tmp_path_factory.mktemp("change"), first, HANDLER)
    stack.upload("0", bucket="in")
    assert "0" == stack.command("seen")["id"]
    ways = ("direct", "eventbridge", "queue", "direct", "queue", "eventbridge", "direct")
    for number, (old, new) in enumerate(pairwise(ways), 1):
        stack.project.edit("config/task.toml", f'delivery = "{old}"', f'delivery = "{new}"')
        stack.project.succeed("up", "--yes")
        stack.upload(str(number), bucket="in")
        assert [str(number)] == [command["id"] for command in stack.commands("seen", 1)], (old, new)
    assert {} == stack.project.succeed("plan", "--json").differing
    assert _of_other_ways(stack) == []
    stack.project.succeed("down", "--yes", "--empty-buckets")


def _of_other_ways(stack: Deployed) -> list[str]:
    """The permissions, queues and mappings that the direct delivery does not need."""
    lab, function = stack.lab, stack.function
    mappings = lab.lambda_.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
    queues = lab.sqs.list_queues(QueueNamePrefix=f"{function}-in").get("QueueUrls", [])
    policy = lab.lambda_.get_policy(FunctionName=function)["Policy"]
    return [*(mapping["UUID"] for mapping in mappings), *queues, *(["EventBridge"] if "EventBridge" in policy else [])]
