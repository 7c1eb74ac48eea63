from pathlib import Path

import pytest

from task_deployer.errors import ConfigError
from task_deployer.names import Names, check
from tests.builders import ACCOUNT, TASK, bucket_table, config_of

NAMES = Names("media", "dev", ACCOUNT)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (NAMES.function("ingest"), "media-dev-ingest"),
        (NAMES.role("ingest"), "media-dev-ingest-eu-central-1"),
        (NAMES.log_group("ingest"), "/aws/lambda/media-dev-ingest"),
        (NAMES.bucket("ingest", "uploads"), "media-dev-ingest-uploads-123456789012-eu-central-1"),
        (NAMES.topic_queue("orders", fifo=True), "media-dev-orders.fifo"),
        (NAMES.topic_queue("orders", fifo=False), "media-dev-orders"),
        (NAMES.failure_queue("ingest"), "media-dev-ingest-failures"),
        (NAMES.entry("ingest", "uploads", "Created"), "media-dev-ingest-uploads-Created"),
        (NAMES.permission("uploads"), "AllowS3Invoke-uploads"),
        (NAMES.event_rule("ingest", "uploads"), "media-dev-ingest-uploads"),
        (NAMES.event_permission("uploads"), "AllowEventBridgeInvoke-uploads"),
        (NAMES.event_queue("ingest", "uploads"), "media-dev-ingest-uploads-events"),
        (NAMES.cors_rule("ingest", "uploads", 1), "media-dev-ingest-uploads-1"),
    ],
)
def test_names_are_those_of_the_contract(found: str, expected: str) -> None:
    """Every name is computed from stack, environment, task, account and region alone."""
    assert found == expected


def mistakes(root: Path, tables: str) -> list[str]:
    """What is told about the names of a stack with these tables."""
    with pytest.raises(ConfigError) as caught:
        check(config_of(root, tables), ACCOUNT)
    return [str(mistake) for mistake in caught.value.mistakes]


def test_a_bucket_name_that_is_too_long(tmp_path: Path) -> None:
    """A computed bucket name over 63 characters is told by how much, with its place and with what would help."""
    key = "u" * 27
    told = mistakes(tmp_path, f'[tasks.ingest]\n{TASK}[tasks.ingest.buckets.{key}]\nmode = "Read"\n')
    name = f"media-dev-ingest-{key}-123456789012-eu-central-1"
    assert len(name) == 63 + 7
    (only,) = told
    assert only.endswith(
        f"task.toml:6: tasks.ingest.buckets.{key}: the bucket's name {name} is 7 characters too long: AWS allows 63\n"
        "    Shorten the names it is made of, or give the bucket a `name`."
    )


def test_a_name_at_the_limit_passes(tmp_path: Path) -> None:
    """Sixty-three characters are not too long, and sixty-four are, by one."""
    tables = "[tasks.ingest]\n" + TASK + '[tasks.ingest.buckets.{}]\nmode = "Read"\n'
    check(config_of(tmp_path, tables.format("u" * 20)), ACCOUNT)
    (told,) = mistakes(tmp_path, tables.format("u" * 21))
    assert "is 1 character too long" in told


def test_a_given_name_does_not_grow(tmp_path: Path) -> None:
    """A bucket with a name of its own is not measured by the computed one."""
    tables = f'[tasks.ingest]\n{TASK}[tasks.ingest.buckets.{"u" * 40}]\nmode = "Read"\nname = "short"\n'
    check(config_of(tmp_path, tables), ACCOUNT)


def test_all_long_names_are_told_at_once(tmp_path: Path) -> None:
    """A task's name makes function, role and failure queue too long at once, each by its own limit."""
    task, topic = "t" * 75, "o" * 70
    told = mistakes(tmp_path, f"[command_topics.{topic}]\n[tasks.{task}]\n{TASK}")
    assert sorted(one.split(" is ")[1].split(":")[0] for one in told) == [
        "14 characters too long",
        "21 characters too long",
        "34 characters too long",
        "5 characters too long",
    ]


def test_a_collision_names_both(tmp_path: Path) -> None:
    """Two buckets that would have one name are told by both their paths."""
    tables = "".join(
        f'[tasks.{task}]\n{TASK}[tasks.{task}.buckets.{bucket}]\nmode = "Read"\n'
        for task, bucket in (("a", "b-c"), ("a-b", "c"))
    )
    told = mistakes(tmp_path, tables)
    name = "media-dev-a-b-c-123456789012-eu-central-1"
    assert any(f"tasks.a.buckets.b-c and tasks.a-b.buckets.c would have one bucket name: {name}" in one for one in told)


def test_a_topic_and_a_failure_queue_collide(tmp_path: Path) -> None:
    """A topic whose queue would be a task's failure queue is told with that task."""
    (told,) = mistakes(tmp_path, f"[command_topics.ingest-failures]\nfifo = false\n[tasks.ingest]\n{TASK}")
    assert "command_topics.ingest-failures and tasks.ingest would have one queue name" in told


def test_a_bucket_that_is_both_ours_and_somebody_elses(tmp_path: Path) -> None:
    """A bucket made by one task and attached to as existing by another is refused."""
    tables = (
        f'[tasks.a]\n{TASK}[tasks.a.buckets.made]\nmode = "Read"\nname = "one-bucket"\n'
        f'[tasks.b]\n{TASK}[tasks.b.buckets.used]\nmode = "Read"\nname = "one-bucket"\nexisting = true\n'
    )
    (told,) = mistakes(tmp_path, tables)
    assert "tasks.a.buckets.made: the bucket one-bucket is made here, and attached to with `existing`" in told


def test_an_existing_bucket_may_be_shared(tmp_path: Path) -> None:
    """Several tasks may attach to one existing bucket."""
    tables = "".join(
        f'[tasks.{task}]\n{TASK}[tasks.{task}.buckets.in]\nmode = "Read"\nname = "one-bucket"\nexisting = true\n'
        for task in "ab"
    )
    check(config_of(tmp_path, tables), ACCOUNT)


def test_a_bucket_has_one_owner(tmp_path: Path) -> None:
    """Tasks that attach to one bucket of another account name the same owner, at the same key."""
    tables = "".join(
        f'[tasks.{task}]\n{TASK}[tasks.{task}.buckets.in]\nmode = "Read"\nname = "one-bucket"\n'
        f"existing = true\n{owner}\n"
        for task, owner in (("a", 'owner = "210987654321"'), ("b", ""))
    )
    (told,) = mistakes(tmp_path, tables)
    assert "tasks.b.buckets.in: the bucket one-bucket has another owner, or none, elsewhere" in told
    same = tables.replace("existing = true\n\n", 'existing = true\nowner = "210987654321"\n')
    check(config_of(tmp_path, same), ACCOUNT)


@pytest.mark.parametrize(
    ("delivery", "sort", "suffix", "limit"),
    [("eventbridge", "event rule", "", 64), ("queue", "queue", "-events", 80)],
)
def test_the_names_of_a_delivery_are_measured(
    tmp_path: Path, delivery: str, sort: str, suffix: str, limit: int
) -> None:
    """A rule may have 64 characters and a queue 80; those of a delivery that is not chosen do not count."""
    key = "u" * (limit - len("media-dev-ingest-") - len(suffix))
    more = 'name = "short"\ndelivery = "{}"'
    check(config_of(tmp_path, bucket_table(more.format(delivery), key=key)), ACCOUNT)
    (told,) = mistakes(tmp_path, bucket_table(more.format(delivery), key=f"{key}u"))
    assert f"the {sort}'s name media-dev-ingest-{key}u{suffix} is 1 character too long" in told
    check(config_of(tmp_path, bucket_table(more.format("direct"), key=f"{key}u")), ACCOUNT)


def test_a_topic_and_a_queue_of_events_collide(tmp_path: Path) -> None:
    """A topic whose queue would be that of a bucket's events is told with that bucket."""
    tables = "[command_topics.ingest-uploads-events]\nfifo = false\n" + bucket_table('delivery = "queue"')
    (told,) = mistakes(tmp_path, tables)
    both = "command_topics.ingest-uploads-events and tasks.ingest.buckets.uploads would have one queue name"
    assert both in told
