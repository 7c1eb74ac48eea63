import json
from dataclasses import replace
from pathlib import Path

import pytest

from task_deployer import stack
from task_deployer.errors import ConfigError
from task_deployer.resources import Function, InvokeConfig, Queue, RolePolicy
from tests.builders import ACCOUNT, ARCHIVE, INGEST, LINEAGE, TASK, bucket_table, config_of, resources_of

TAGS = {"task-deployer:stack": "media", "task-deployer:env": "dev", "task-deployer:manifest": LINEAGE}
UPLOADS = "media-dev-ingest-uploads-123456789012-eu-central-1"


def function_of(root: Path, tables: str) -> Function:
    """The function of the task `ingest`."""
    function = resources_of(root, tables)["function.ingest"]
    assert isinstance(function, Function)
    return function


def test_the_addresses_of_a_stack(tmp_path: Path) -> None:
    """A stack with one task has the promised addresses, those that others depend on first."""
    assert list(resources_of(tmp_path)) == [
        "queue.orders",
        "log_group.ingest",
        "role.ingest",
        "queue.ingest.failures",
        "role_policy.ingest",
        "function.ingest",
        "invoke_config.ingest",
        "bucket.ingest.uploads",
        "bucket_tags.ingest.uploads",
        "public_access_block.ingest.uploads",
        "cors.ingest.uploads",
        "permission.ingest.uploads",
        f"notifications.{UPLOADS}",
    ]


def test_everything_stands_behind_what_it_depends_on(tmp_path: Path) -> None:
    """In the order given, nothing refers to what comes later, and nothing refers to what is not there."""
    tables = INGEST + "versioning = true\nexpire_days = 3\n" + bucket_table('name = "b-2"', "second", "other")
    met: set[str] = set()
    for address, resource in resources_of(tmp_path, tables).items():
        assert {parent.address for parent in resource.depends_on} <= met
        met.add(address)


def test_the_edges_of_a_stack(tmp_path: Path) -> None:
    """To refer is to depend: the notifications wait for all that an event needs, the invoke config for its rights."""
    edges = {a: {p.address for p in r.depends_on} for a, r in resources_of(tmp_path).items()}
    assert edges["function.ingest"] == {"role.ingest"}
    assert edges["invoke_config.ingest"] == {"function.ingest", "role_policy.ingest", "queue.ingest.failures"}
    assert edges["cors.ingest.uploads"] == {"bucket.ingest.uploads", "public_access_block.ingest.uploads"}
    assert edges[f"notifications.{UPLOADS}"] == {
        "bucket.ingest.uploads",
        "permission.ingest.uploads",
        "role_policy.ingest",
        "invoke_config.ingest",
        "log_group.ingest",
        "queue.orders",
        "cors.ingest.uploads",
    }


@pytest.mark.parametrize(
    ("queue", "url", "arn"),
    [
        (
            "arn:aws:sqs:eu-central-1:999999999999:billing.fifo",
            "https://sqs.eu-central-1.amazonaws.com/999999999999/billing.fifo",
            "arn:aws:sqs:eu-central-1:999999999999:billing.fifo",
        ),
        (
            "https://sqs.eu-central-1.amazonaws.com/999999999999/billing",
            "https://sqs.eu-central-1.amazonaws.com/999999999999/billing",
            "arn:aws:sqs:eu-central-1:999999999999:billing",
        ),
        (
            "billing",
            "https://sqs.eu-central-1.amazonaws.com/123456789012/billing",
            "arn:aws:sqs:eu-central-1:123456789012:billing",
        ),
    ],
)
def test_a_queue_may_be_given_by_arn_url_or_name(tmp_path: Path, queue: str, url: str, arn: str) -> None:
    """However a queue is named, its URL and ARN follow, and it gets no tags of ours."""
    tables = f'[command_topics.billing]\nqueue = "{queue}"\n[tasks.ingest]\n{TASK}command_topics = ["billing"]\n'
    found = resources_of(tmp_path, tables)
    assert found["queue.billing"] == Queue("billing", arn.rpartition(":")[2], url, arn, existing=True)
    role_policy = found["role_policy.ingest"]
    assert isinstance(role_policy, RolePolicy)
    assert json.dumps([arn]) in json.dumps(role_policy.document)


def test_a_queue_of_another_region(tmp_path: Path) -> None:
    """A queue elsewhere is refused also where the region comes from outside the config, with its line."""
    tables = f'[command_topics.b]\nqueue = "arn:aws:sqs:us-east-1:999999999999:b"\n[tasks.ingest]\n{TASK}'
    with pytest.raises(ConfigError) as caught:
        resources_of(tmp_path, tables)
    (mistake,) = caught.value.mistakes
    assert (mistake.line, mistake.key) == (4, "command_topics.b.queue")
    assert mistake.problem == "lies in us-east-1, but the stack is deployed to eu-central-1"


def test_a_topic_queue_of_ours(tmp_path: Path) -> None:
    """A topic without a queue gets a FIFO queue with high throughput by group; `fifo = false` a plain one."""
    tables = f"[command_topics.orders]\n[command_topics.plain]\nfifo = false\n[tasks.ingest]\n{TASK}"
    found = resources_of(tmp_path, tables)
    orders, plain = found["queue.orders"], found["queue.plain"]
    assert isinstance(orders, Queue)
    assert isinstance(plain, Queue)
    assert (orders.name, orders.tags) == ("media-dev-orders.fifo", TAGS)
    assert orders.attributes == {
        "FifoQueue": "true",
        "DeduplicationScope": "messageGroup",
        "FifoThroughputLimit": "perMessageGroupId",
    }
    assert (plain.name, plain.attributes) == ("media-dev-plain", {})


def test_the_function_knows_its_callback_and_topics(tmp_path: Path) -> None:
    """The runtime finds the callback and exactly the named topics in the variables, sorted, beside the user's own."""
    tables = "[command_topics.b]\n[command_topics.a]\n[command_topics.unnamed]\n[tasks.ingest]\n"
    function = function_of(tmp_path, tables + TASK + 'command_topics = ["b", "a"]\nenvironment = { LOG = "x" }\n')
    urls = {t: f"https://sqs.eu-central-1.amazonaws.com/123456789012/media-dev-{t}.fifo" for t in "ab"}
    assert function.environment == {
        "LOG": "x",
        "TASK_DEPLOY_CALLBACK": "handler:handle",
        "TASK_DEPLOY_TOPICS": json.dumps(urls, separators=(",", ":")),
    }
    assert function.shown == {"TASK_DEPLOY_CALLBACK", "TASK_DEPLOY_TOPICS"}


def test_the_function_knows_what_it_may_do_with_objects(tmp_path: Path) -> None:
    """A source that acts on objects is told each bucket's mode by its name; one that two tables name has both modes."""
    tables = INGEST
    for key, mode in (("one", "Read"), ("two", "Write")):
        tables += f'[tasks.ingest.buckets.{key}]\nmode = "{mode}"\nname = "shared"\nexisting = true\nevents = []\n'
    config = config_of(tmp_path, tables)
    built = stack.build(config, ACCOUNT, LINEAGE, {"ingest": replace(ARCHIVE, acts_on_objects=True)})
    (function,) = (resource for resource in built if isinstance(resource, Function))
    modes = json.loads(function.environment["TASK_DEPLOY_BUCKETS"])
    assert {UPLOADS: "ReadWrite", "shared": "ReadWrite"} == modes


def test_the_environment_has_room_for_ours(tmp_path: Path) -> None:
    """Variables that fit by themselves but not with the tool's own are refused, with their line and the size."""
    with pytest.raises(ConfigError) as caught:
        resources_of(tmp_path, f'[tasks.ingest]\n{TASK}environment = {{ LARGE = "{"x" * 4070}" }}\n')
    (mistake,) = caught.value.mistakes
    assert (mistake.line, mistake.key) == (6, "tasks.ingest.environment")
    assert "have 4148 bytes; Lambda allows 4096" in mistake.problem


def test_without_a_failure_queue(tmp_path: Path) -> None:
    """`failure_queue = false` makes no queue, no destination and no right to send."""
    found = resources_of(tmp_path, f"[tasks.ingest]\n{TASK}failure_queue = false\n")
    invoke_config, role_policy = found["invoke_config.ingest"], found["role_policy.ingest"]
    assert isinstance(invoke_config, InvokeConfig)
    assert isinstance(role_policy, RolePolicy)
    assert "queue.ingest.failures" not in found
    assert invoke_config.failure_queue_arn is None
    assert "sqs" not in json.dumps(role_policy.document)


def test_a_policy_that_is_too_large(tmp_path: Path) -> None:
    """A task with more buckets than fit a role's policy is refused before anything is made."""
    tables = f"[tasks.ingest]\n{TASK}" + "".join(
        f'[tasks.ingest.buckets.b{n}]\nmode = "ReadWrite"\nname = "{"x" * 55}{n}"\n' for n in range(60)
    )
    with pytest.raises(ConfigError, match="more than AWS allows"):
        resources_of(tmp_path, tables)


def test_the_same_config_makes_the_same_resources(tmp_path: Path) -> None:
    """Nothing is random: built twice, the resources are equal."""
    config = config_of(tmp_path)
    once, twice = (stack.build(config, ACCOUNT, LINEAGE, {"ingest": ARCHIVE}) for _ in range(2))
    assert once == twice


def test_a_wish_shows_its_tags(tmp_path: Path) -> None:
    """All that carries tags bears stack, environment, manifest and the user's own."""
    found = resources_of(tmp_path, '[stack.tags]\nteam = "content"\n' + INGEST)
    for address in ("queue.orders", "queue.ingest.failures", "log_group.ingest", "role.ingest", "function.ingest"):
        assert getattr(found[address], "tags", None) == {**TAGS, "team": "content"}
    assert getattr(found["bucket.ingest.uploads"], "tags", None) == {**TAGS, "team": "content"}
