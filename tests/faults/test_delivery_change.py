"""The order of calls in which a bucket's events change their way, and what of it is told and left."""

import json
from pathlib import Path
from typing import Final

import pytest

from task_deployer.aws import Aws
from task_deployer.config import load
from task_deployer.errors import SafetyError
from task_deployer.manifest import read
from task_deployer.status import State
from tests.aws import Given, answering, new_name, watched
from tests.faults.scene import DELIVERIES, REDIRECTED, Scene, set_up
from tests.invariants import assert_nothing_left
from tests.rights import missing, printed

pytestmark = pytest.mark.faults

TWO_TASKS: Final = """
[stack]
name = "{name}"
region = "eu-central-1"
""" + "".join(
    f"""
[tasks.{task}]
source = "src"
callback = "handler:handle"

[tasks.{task}.buckets.in]
mode = "Read"
name = "{{name}}-theirs"
existing = true
prefix = "{task}/"
delivery = "{delivery}"
"""
    for task, delivery in (("one", "queue"), ("two", "queue"), ("three", "eventbridge"))
)


@pytest.fixture
def scene(aws: Aws, tmp_path: Path) -> Scene:
    """A bucket of others that tells EventBridge and a queue of ours, deployed."""
    name = new_name()
    made = set_up(aws, tmp_path / name, name, DELIVERIES, REDIRECTED)
    made.up()
    return made


def test_the_new_way_is_whole_before_the_old_one_goes(scene: Scene) -> None:
    """All that the new ways need is there before the one put that changes over; all of the old ones goes after it."""
    scene.change()
    with watched(scene.aws) as asked:
        scene.up(workers=8)
    calls = asked.mutating
    assert 1 == calls.count("PutBucketNotificationConfiguration")
    over = calls.index("PutBucketNotificationConfiguration")
    made = {"CreateQueue", "CreateEventSourceMapping", "AddPermission", "UpdateFunctionConfiguration"}
    gone = {"RemoveTargets", "DeleteRule", "RemovePermission", "DeleteEventSourceMapping", "DeleteQueue"}
    assert made <= set(calls[:over])
    assert gone <= set(calls[over:])
    assert not gone & set(calls[:over])
    assert not made & set(calls[over:])
    assert calls.index("DeleteEventSourceMapping") < calls.index("DeleteQueue")
    assert calls.index("RemoveTargets") < calls.index("DeleteRule") < calls.index("RemovePermission")


def test_the_rule_ends_before_its_function(scene: Scene) -> None:
    """`down` ends what sends events before what takes them; what is in the function's own documents goes with it."""
    with watched(scene.aws) as asked:
        result = scene.down(workers=8)
    calls = asked.mutating
    for sender in ("DeleteRule", "DeleteEventSourceMapping"):
        assert calls.index(sender) < calls.index("DeleteFunction")
    assert "RemovePermission" not in calls
    told = [change.reason for change in result.plan.changes if change.kind == "notifications"]
    assert ["EventBridge stays on: others may rely on it"] == told


def test_eventbridge_that_we_turned_on_stays_on(aws: Aws, scene: Scene) -> None:
    """In a bucket of others EventBridge is turned on where it is off, and left on: others may use it since."""
    scene.down()
    theirs = f"{scene.name}-theirs"
    aws.s3.put_bucket_notification_configuration(Bucket=theirs, NotificationConfiguration={})
    scene.up()
    assert "EventBridgeConfiguration" in aws.s3.get_bucket_notification_configuration(Bucket=theirs)
    scene.down()
    after = aws.s3.get_bucket_notification_configuration(Bucket=theirs)
    assert {"EventBridgeConfiguration", "ResponseMetadata"} == set(after)


def test_a_task_alone_changes_its_own_way(aws: Aws, tmp_path: Path) -> None:
    """`--only` takes out the entry to that task's queue, and leaves those of the other tasks and EventBridge."""
    name = new_name()
    scene = set_up(aws, tmp_path / name, name, TWO_TASKS, "[tasks.one.buckets.in]\nevents = []\n")
    scene.up()
    scene.change()
    scene.up(only="one")
    document = aws.s3.get_bucket_notification_configuration(Bucket=f"{name}-theirs")
    ours = [entry.get("Id") for entry in document["QueueConfigurations"] if entry.get("Id") != "theirs"]
    assert [f"{name}-dev-two-in-Created", f"{name}-dev-two-in-Deleted"] == ours
    assert "EventBridgeConfiguration" in document
    with watched(aws) as asked:
        again = scene.up()
    assert ([], ()) == (asked.mutating, again.plan.pending)
    scene.down()
    document = aws.s3.get_bucket_notification_configuration(Bucket=f"{name}-theirs")
    assert ["theirs"] == [entry.get("Id") for entry in document["QueueConfigurations"]]


def test_a_target_of_others_on_our_rule_outlives_us(scene: Scene) -> None:
    """Others' targets are no drift and survive `up`; the plan says that the rule stays for them where ours goes."""
    events, rule = scene.aws.events, f"{scene.name}-dev-ingest-bridged"
    theirs = {"Id": "theirs", "Arn": scene.aws.account.arn("sqs", f"{scene.name}-theirs")}
    events.put_targets(Rule=rule, Targets=[theirs])  # type: ignore[list-item]  # Id and Arn
    assert ((), State.OK) == (scene.plan().plan.pending, scene.status().state)
    events.put_rule(Name=rule, EventPattern='{"source": ["aws.s3"]}')
    scene.up()
    assert theirs in events.list_targets_by_rule(Rule=rule)["Targets"]
    scene.change()
    stays = "no longer in the config; the rule stays for targets of others: theirs"
    assert stays in {change.reason for change in scene.plan().plan.changes if change.kind == "event_rule"}
    scene.up()
    assert [theirs] == events.list_targets_by_rule(Rule=rule)["Targets"]


def test_a_rule_that_was_left_is_told_and_can_be_had_back(scene: Scene) -> None:
    """`down` warns of a rule that it leaves for others; a later `up` says how to take it over, and touches nothing."""
    events, rule = scene.aws.events, f"{scene.name}-dev-ingest-bridged"
    events.put_targets(Rule=rule, Targets=[{"Id": "theirs", "Arn": scene.aws.account.arn("sqs", "theirs")}])
    result = scene.down()
    assert ["rule-left"] == [warning.code for warning in result.warnings]
    assert not scene.manifest.exists()
    with watched(scene.aws) as asked, pytest.raises(SafetyError) as caught:
        scene.up()
    assert [] == asked.mutating
    assert "task-deploy adopt" in caught.value.hint


QUEUED: Final = """
[stack]
name = "{name}"
region = "eu-central-1"

[tasks.ingest]
source = "src"
callback = "handler:handle"

[tasks.ingest.buckets.queued]
mode = "Read"
name = "{name}-theirs"
existing = true
prefix = "in/"
delivery = "queue"
"""

ORDER: Final = [
    "SetQueueAttributes",
    "UpdateFunctionConfiguration",
    "PutBucketNotificationConfiguration",
    "DeleteEventSourceMapping",
    "DeleteQueue",
]

LONGER: Final = "[tasks.ingest]\ntimeout_seconds = 600\n[tasks.ingest.buckets.queued]\n"


@pytest.mark.parametrize("change", ['delivery = "direct"', 'delivery = "eventbridge"', "events = []"])
def test_a_queue_that_goes_holds_no_longer_timeout_back(aws: Aws, tmp_path: Path, change: str) -> None:
    """One `up` leaves a queue and raises the timeout above what it hides messages for; the queue still goes last."""
    name = new_name()
    scene = set_up(aws, tmp_path / name, name, QUEUED, f"{LONGER}{change}\n")
    scene.up()
    scene.change()
    allowed = printed(load(scene.folder / "config", "dev"), aws.account, read(scene.manifest))["up"]
    with watched(aws) as asked:
        result = scene.up(workers=8)
    assert () == result.outcome.failed
    calls = asked.mutating
    assert ORDER == sorted(ORDER, key=calls.index)
    assert set() == missing(asked.calls, allowed)
    assert 600 == aws.lambda_.get_function_configuration(FunctionName=f"{name}-dev-ingest")["Timeout"]
    with watched(aws) as asked:
        again = scene.up()
    assert ([], ()) == (asked.mutating, again.plan.pending)
    scene.down()
    assert_nothing_left(aws, name, scene.folder)


def test_a_queue_that_hides_for_long_enough_is_left_as_it_is(aws: Aws, tmp_path: Path) -> None:
    """A queue that is about to go costs no call where the new timeout is no longer than it hides messages for."""
    name = new_name()
    scene = set_up(aws, tmp_path / name, name, QUEUED, LONGER.replace("600", "360") + 'delivery = "direct"\n')
    scene.up()
    scene.change()
    with watched(aws) as asked:
        assert () == scene.up().outcome.failed
    assert 0 == asked.count("SetQueueAttributes")


def test_a_mapping_is_taken_over_without_a_word(aws: Aws, scene: Scene) -> None:
    """`adopt` records our mapping, and does not tell anybody to remove it by hand, though AWS chose its ARN."""
    scene.manifest.unlink()
    (found,) = aws.lambda_.list_event_source_mappings(FunctionName=f"{scene.name}-dev-ingest")["EventSourceMappings"]
    arn = aws.account.arn("lambda", f"event-source-mapping:{found['UUID']}")
    listed = {"PaginationToken": "", "ResourceTagMappingList": [{"ResourceARN": arn, "Tags": []}]}
    with answering(aws, "GetResources", Given(200, body=json.dumps(listed))):
        result = scene.adopt()
    assert [] == [warning for warning in result.warnings if warning.code == "left-over"]
    assert () == scene.plan().plan.pending
