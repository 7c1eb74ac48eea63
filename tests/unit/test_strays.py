import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from task_deployer.adoption import left_over_entries
from task_deployer.records import Record
from task_deployer.resources import Notifications
from task_deployer.resources.base import Address
from task_deployer.resources.notification_document import Entry, merge, stem_of
from task_deployer.resources.notifications import SeenNotifications
from task_deployer.resources.s3_allowed import Source, sources
from task_deployer.resources.shared_rules import Rule
from task_deployer.strays import ends_of, stray_rules
from tests.builders import ACCOUNT, INGEST, bucket_table, recorded, resources_of

EVENTS = ("s3:ObjectCreated:*",)
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:media-dev-ingest"
QUEUE = "arn:aws:sqs:eu-central-1:123456789012:media-dev-ingest-uploads-events"


@pytest.mark.parametrize("delivery", ["direct", "queue"])
def test_the_entries_that_are_made_are_known_again(tmp_path: Path, delivery: str) -> None:
    """Every entry that a config makes is told by its id and its destination, whichever way its events take."""
    wanted = resources_of(tmp_path, bucket_table(f'delivery = "{delivery}"')).values()
    (document,) = (one for one in wanted if isinstance(one, Notifications))
    assert ["media-dev-ingest-uploads"] * 2 == [stem_of(entry) for entry in document.entries]


@pytest.mark.parametrize(
    ("entry_id", "destination"),
    [
        ("media-dev-ingest-uploads-Created", f"{FUNCTION}:live"),
        ("media-dev-ingest-uploads-created", FUNCTION),
        ("media-dev-ingest-Created", FUNCTION),
        ("media-dev-ingest--Created", FUNCTION),
        ("media-dev-ingest-1-Created", FUNCTION),
        ("media-dev-ingest-Uploads-Created", FUNCTION),
        ("media-dev-ingested-uploads-Created", FUNCTION),
        ("by-hand", FUNCTION),
        ("media-dev-ingest-uploads-Created", QUEUE.removesuffix("-events")),
        ("media-dev-ingest-uploads-more-Created", QUEUE),
        ("media-dev-ingest-uploads-Created", "arn:aws:sns:eu-central-1:123456789012:media-dev-ingest"),
    ],
)
def test_what_others_write_is_not_taken_for_ours(entry_id: str, destination: str) -> None:
    """An id of another form, or one that does not go with its destination, is somebody else's."""
    assert "" == stem_of(Entry(entry_id, destination, EVENTS))


def test_a_neighbour_whose_ids_begin_alike(tmp_path: Path) -> None:
    """Of two stacks, one of which is named as the other one's task, each knows its own entries alone."""
    neighbour = Entry("media-dev-ingest-uploads-x-Created", f"{FUNCTION}-uploads", EVENTS)
    ends = ends_of(recorded(*resources_of(tmp_path, INGEST).values()), ACCOUNT)
    assert FUNCTION in ends
    assert neighbour.destination not in ends


def policy(condition: Mapping[str, object], principal: str = "s3.amazonaws.com") -> str:
    """A policy with one statement."""
    statement = {"Effect": "Allow", "Principal": {"Service": principal}, "Action": "x", "Condition": condition}
    return json.dumps({"Statement": [statement]})


def test_a_policy_names_its_buckets() -> None:
    """Each bucket that a statement names is told with its account, however the condition is spelled."""
    arn = "arn:aws:s3:::a.bucket"
    both = policy({"ArnLike": {"AWS:SourceArn": arn}, "StringEquals": {"AWS:SourceAccount": "1"}})
    assert [Source("a.bucket", arn, "1")] == list(sources(both))
    several = policy({"ArnEquals": {"aws:SourceArn": [arn, "arn:aws:s3:::other"]}})
    assert ["a.bucket", "other"] == [one.name for one in sources(several)]
    for unnamed in ("arn:aws:s3:::a-*", "arn:aws:events:eu-central-1:1:rule/x", "arn:aws:s3:::${aws:x}"):
        assert [] == list(sources(policy({"ArnLike": {"aws:SourceArn": unnamed}})))
    assert [] == list(sources("{}"))


def rule(name: str) -> Rule:
    """A CORS rule of this id."""
    return {"ID": name, "AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}


def test_rules_are_known_by_the_entries_beside_them(tmp_path: Path) -> None:
    """The rules of the same task and key as an entry of ours are ours, but those that are recorded; no others are."""
    records: dict[Address, Record] = recorded(*resources_of(tmp_path, INGEST).values())
    records[Address("cors.ingest.former")] = Record(
        "cors", {"bucket": "theirs", "entries": "media-dev-ingest-former-2"}
    )
    entry = Entry("media-dev-ingest-former-Created", FUNCTION, EVENTS)
    ids = ["media-dev-ingest-former-1", "media-dev-ingest-former-2", "media-dev-ingest-former-x-1", "theirs"]
    found = stray_rules({"bucket": "theirs"}, [*map(rule, ids)], [entry], ends_of(records, ACCOUNT), records)
    ((address, (record, seen)),) = found.items()
    assert ("cors.ingest.former", ids[0]) == (address, record.identity["entries"])
    assert [[*ids[:2]], 2] == [[one["ID"] for one in seen.rules], seen.foreign]

    elsewhere = stray_rules({"bucket": "other"}, [rule(ids[0])], [entry], ends_of(records, ACCOUNT), records)
    assert ["cors.ingest.former.other"] == list(elsewhere)


def test_entries_that_adopt_cannot_record_are_told(tmp_path: Path) -> None:
    """An entry of ours to a queue of the lineage that the config does not name is warned of, with what to do."""
    desired = list(resources_of(tmp_path, INGEST).values())
    mine, theirs = Entry("media-dev-ingest-uploads-Created", QUEUE, EVENTS), Entry("by-hand", QUEUE, EVENTS)
    seen = {Address("notifications.theirs"): SeenNotifications(merge({}, [mine, theirs], ()), {})}
    (warning,) = left_over_entries([QUEUE], desired, seen, ACCOUNT)
    assert ("left-over", "notifications.theirs") == (warning.code, warning.address)
    assert str(mine) in warning.message
    assert "take the entry out by hand" in warning.message
    assert [] == list(left_over_entries([], desired, seen, ACCOUNT))
