from pathlib import Path

from task_deployer.resources import Notifications
from tests.builders import bucket_table, resources_of

FUNCTION_ARN = "arn:aws:lambda:eu-central-1:123456789012:function:media-dev-ingest"


def document_of(root: Path, tables: str) -> Notifications:
    """The one notification document that these tables want."""
    (found,) = (r for r in resources_of(root, tables).values() if isinstance(r, Notifications))
    return found


def test_events_are_split_in_two_entries(tmp_path: Path) -> None:
    """What is created goes to the `-Created` entry, all the rest to `-Deleted`; a family alone means all of it."""
    tables = bucket_table(
        'events = ["ObjectRemoved", "ObjectCreated:Put", "LifecycleExpiration", "ObjectCreated:Copy"]\n'
        'prefix = "in/"\nsuffix = ".csv"'
    )
    entries = document_of(tmp_path, tables).entries
    assert [(entry.id, entry.events) for entry in entries] == [
        ("media-dev-ingest-uploads-Created", ("s3:ObjectCreated:Put", "s3:ObjectCreated:Copy")),
        ("media-dev-ingest-uploads-Deleted", ("s3:ObjectRemoved:*", "s3:LifecycleExpiration:*")),
    ]
    assert {(entry.prefix, entry.suffix, entry.destination) for entry in entries} == {("in/", ".csv", FUNCTION_ARN)}


def test_one_sort_of_events_makes_one_entry(tmp_path: Path) -> None:
    """An entry without events is not written: S3 refuses it."""
    (entry,) = document_of(tmp_path, bucket_table('events = ["ObjectCreated"]')).entries
    assert entry.events == ("s3:ObjectCreated:*",)


def test_no_events_no_subscription(tmp_path: Path) -> None:
    """`events = []` makes neither a permission nor notifications, and the bucket is there all the same."""
    kinds = {resource.kind for resource in resources_of(tmp_path, bucket_table("events = []")).values()}
    assert "bucket" in kinds
    assert not kinds & {"permission", "notifications"}


def test_tasks_share_one_document(tmp_path: Path) -> None:
    """Two tasks on one bucket make one notification document with the entries of both: one writer."""
    extra = 'existing = true\nname = "theirs"\nprefix = "{}/"'
    tables = bucket_table(extra.format("a"), "one") + bucket_table(extra.format("b"), "two")
    document = document_of(tmp_path, tables)
    assert [entry.id.removeprefix("media-dev-") for entry in document.entries] == [
        "one-uploads-Created",
        "one-uploads-Deleted",
        "two-uploads-Created",
        "two-uploads-Deleted",
    ]
    assert [p.address for p in document.permissions] == ["permission.one.uploads", "permission.two.uploads"]


def test_one_task_alone(tmp_path: Path) -> None:
    """`only` leaves one task and the topics that it names, and spares the other tasks' entries in a shared bucket."""
    extra = 'existing = true\nname = "theirs"\nevents = ["ObjectCreated"]\nprefix = "{}/"'
    tables = "[command_topics.orders]\n[command_topics.unused]\n" + bucket_table(extra.format("a"), "one")
    tables += bucket_table(extra.format("b"), "two").replace(
        "[tasks.two]\n", '[tasks.two]\ncommand_topics = ["orders"]\n'
    )
    found = resources_of(tmp_path, tables, only="two")
    assert not [address for address in found if ".one" in address]
    assert [address for address in found if address.startswith("queue.")] == ["queue.orders", "queue.two.failures"]
    document = found["notifications.theirs"]
    assert isinstance(document, Notifications)
    assert [entry.id for entry in document.entries] == ["media-dev-two-uploads-Created"]
    one, two = (f"media-dev-{task}-uploads-Created={FUNCTION_ARN.replace('ingest', task)}" for task in ("one", "two"))
    assert document.spared == (one,)
    assert document.identity["entries"] == f"{one} {two}"
