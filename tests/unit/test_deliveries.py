import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from task_deployer.deliveries import with_outgoing
from task_deployer.errors import ConfigError
from task_deployer.records import Record
from task_deployer.resources import EventRule, EventSource, Function, Notifications, Permission, Queue, RolePolicy
from task_deployer.resources.base import Address, entries_of
from task_deployer.resources.notification_document import going_to
from task_deployer.resources.queue import SeenQueue
from tests.builders import LINEAGE, TASK, bucket_table, recorded, resources_of

Records = Mapping[Address, Record]

ARN = "arn:aws:{}:eu-central-1:123456789012:{}"
QUEUE = ARN.format("sqs", "media-dev-ingest-uploads-events")
BUCKET = "media-dev-ingest-uploads-123456789012-eu-central-1"
DOCUMENT = f"notifications.{BUCKET}"


def test_by_eventbridge(tmp_path: Path) -> None:
    """A rule of the account's default bus takes the bucket's events, may invoke the function, and needs no entry."""
    made = resources_of(tmp_path, bucket_table('delivery = "eventbridge"\nprefix = "in/"'))
    rule, permission = made["event_rule.ingest.uploads"], made["permission.ingest.uploads.events"]
    assert isinstance(rule, EventRule)
    assert isinstance(permission, Permission)
    assert "media-dev-ingest-uploads" == rule.name
    assert ARN.format("lambda", "function:media-dev-ingest") == rule.function_arn
    assert {
        "Effect": "Allow",
        "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com",
        "SourceArn": ARN.format("events", "rule/media-dev-ingest-uploads"),
    } == permission.statement
    assert "AllowEventBridgeInvoke-uploads" == permission.statement_id
    document = made[DOCUMENT]
    assert isinstance(document, Notifications)
    assert ((), True) == (document.entries, document.eventbridge)
    assert "permission.ingest.uploads" not in made


def test_by_queue(tmp_path: Path) -> None:
    """S3 alone, for this bucket of this account, may send to a queue that hides messages long enough."""
    made = resources_of(tmp_path, bucket_table('delivery = "queue"\nbatch_window_seconds = 20\nbatch_size = 100'))
    queue, source = made["queue.ingest.uploads.events"], made["event_source.ingest.uploads"]
    assert isinstance(queue, Queue)
    assert isinstance(source, EventSource)
    assert QUEUE == queue.arn
    assert (6 * 60 + 20, 14 * 86400) == tuple(
        int(queue.attributes[name]) for name in ("VisibilityTimeout", "MessageRetentionPeriod")
    )
    redrive = {"deadLetterTargetArn": ARN.format("sqs", "media-dev-ingest-failures"), "maxReceiveCount": 5}
    assert redrive == json.loads(queue.attributes["RedrivePolicy"])
    (statement,) = json.loads(queue.attributes["Policy"])["Statement"]
    condition = {
        "ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{BUCKET}"},
        "StringEquals": {"aws:SourceAccount": "123456789012"},
    }
    assert ({"Service": "s3.amazonaws.com"}, QUEUE, condition) == tuple(
        statement[key] for key in ("Principal", "Resource", "Condition")
    )
    assert (100, 20, None) == (source.batch_size, source.batch_window_seconds, source.maximum_concurrency)
    document = made[DOCUMENT]
    assert isinstance(document, Notifications)
    assert {QUEUE} == {entry.destination for entry in document.entries}
    assert not [address for address in made if address.startswith("permission.")]


def test_the_role_may_read_the_queue(tmp_path: Path) -> None:
    """The policy has a statement for exactly the queues of events, behind all others."""
    policy = resources_of(tmp_path, bucket_table('delivery = "queue"'))["role_policy.ingest"]
    assert isinstance(policy, RolePolicy)
    statements = policy.document["Statement"]
    assert isinstance(statements, list)
    assert {
        "Sid": "AllowLambdaReceiveSQS",
        "Effect": "Allow",
        "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
        "Resource": [QUEUE],
    } == statements[-1]


def test_without_a_failure_queue_nothing_is_redriven(tmp_path: Path) -> None:
    """An empty redrive policy is a wish: one that was there before goes."""
    tables = bucket_table('delivery = "queue"').replace("[tasks.ingest]\n", "[tasks.ingest]\nfailure_queue = false\n")
    queue = resources_of(tmp_path, tables)["queue.ingest.uploads.events"]
    assert isinstance(queue, Queue)
    assert "" == queue.attributes["RedrivePolicy"]


def test_no_events_need_no_way(tmp_path: Path) -> None:
    """`events = []` makes neither rule nor queue, whatever the delivery."""
    for delivery in ("eventbridge", "queue"):
        made = resources_of(tmp_path, bucket_table(f'delivery = "{delivery}"\nevents = []'))
        kinds = {resource.kind for resource in made.values()}
        assert not kinds & {"event_rule", "event_source", "permission", "notifications"}
        assert not [address for address in made if address.endswith(".events")]


@pytest.mark.parametrize(
    ("delivery", "chain"),
    [
        ("direct", ["permission.ingest.uploads"]),
        ("eventbridge", ["event_rule.ingest.uploads", "permission.ingest.uploads.events"]),
        ("queue", ["event_source.ingest.uploads", "queue.ingest.uploads.events", "queue.ingest.failures"]),
    ],
)
def test_nothing_is_sent_before_all_is_there(tmp_path: Path, delivery: str, chain: list[str]) -> None:
    """The bucket's document waits for the whole way, and that for the function and what it needs."""
    made = resources_of(tmp_path, bucket_table(f'delivery = "{delivery}"'))
    behind, found = [made[DOCUMENT]], set()
    while behind:
        parents = [parent for one in behind for parent in one.depends_on if parent.address not in found]
        found |= {parent.address for parent in parents}
        behind = parents
    assert {*chain, "function.ingest", "role_policy.ingest", "invoke_config.ingest"} <= found


def test_a_function_waits_for_the_queue_that_it_reads(tmp_path: Path) -> None:
    """Lambda takes no timeout above the time for which a mapped queue hides a message: that is raised first."""
    function = resources_of(tmp_path, bucket_table('delivery = "queue"'))["function.ingest"]
    assert isinstance(function, Function)
    assert "queue.ingest.uploads.events" in [parent.address for parent in function.depends_on]


def test_a_pattern_that_is_too_long(tmp_path: Path) -> None:
    """A pattern that EventBridge would refuse is told with its line, before anything is made."""
    tables = bucket_table(f'prefix = "{"p" * 1000}"\nsuffix = "{"s" * 1000}"\ndelivery = "eventbridge"')
    with pytest.raises(ConfigError) as caught:
        resources_of(tmp_path, tables)
    (mistake,) = caught.value.mistakes
    assert ("tasks.ingest.buckets.uploads.delivery", 10) == (mistake.key, mistake.line)
    assert "EventBridge allows 2048" in mistake.problem


def test_what_a_document_records_of_one_task(tmp_path: Path) -> None:
    """Of a document that tasks share, the entries to a task's function and to its queue are told from all others."""
    extra = 'existing = true\nname = "theirs"\nevents = ["ObjectCreated"]\nprefix = "{}/"\ndelivery = "{}"'
    ways = (("one", "queue"), ("two", "direct"), ("one-uploads", "queue"))
    tables = "".join(bucket_table(extra.format(task, delivery), task) for task, delivery in ways)
    keys = entries_of(resources_of(tmp_path, tables)["notifications.theirs"].identity)
    assert 3 == len(keys)
    mine = going_to(keys, {"media-dev-one", "media-dev-one-uploads-events"})
    assert (f"media-dev-one-uploads-Created={ARN.format('sqs', 'media-dev-one-uploads-events')}",) == mine


def outgoing_of(root: Path, records: Records | None = None, tags: Mapping[str, str] | None = None) -> list[str]:
    """The queues that hold the function back, where the one by which it was told until now bears these tags."""
    former = resources_of(root, bucket_table('delivery = "queue"'))
    queue = former["queue.ingest.uploads.events"]
    assert isinstance(queue, Queue)
    seen = {queue.address: SeenQueue(queue.attributes, {**queue.tags, **(tags or {})})}
    longer = bucket_table("").replace(TASK, f"{TASK}timeout_seconds = 361\n")
    known = {**recorded(*former.values()), **(records or {})}
    made = with_outgoing(resources_of(root, longer).values(), known, seen, LINEAGE)
    (function,) = (one for one in made if isinstance(one, Function))
    return [f"{one.arn} {one.visibility_seconds}" for one in function.outgoing]


def test_a_queue_that_goes_is_known_to_its_function(tmp_path: Path) -> None:
    """A recorded queue that the config no longer names hides messages for six times the new timeout until it goes."""
    assert [f"{QUEUE} {6 * 361}"] == outgoing_of(tmp_path)


def test_a_queue_of_others_is_not_written_to(tmp_path: Path) -> None:
    """A queue that somebody made anew under the name of ours is not touched, whatever it holds back."""
    assert [] == outgoing_of(tmp_path, tags={"task-deployer:manifest": "another"})


def test_the_queue_of_another_function_holds_nothing_back(tmp_path: Path) -> None:
    """Lambda compares a function's timeout with the queues that are mapped to it alone."""
    others = Record("event_source", {"invokes": "media-dev-other", "reads": QUEUE})
    assert [] == outgoing_of(tmp_path, {Address("event_source.ingest.uploads"): others})
