from collections.abc import Mapping
from pathlib import Path

import pytest

from task_deployer.adoption import left_alone, left_over, lineage_of, plan_of, records_of, refuse_unknown
from task_deployer.conflicts import Unreadable
from task_deployer.errors import ResourceError, SafetyError
from task_deployer.plan import Action, Desired
from task_deployer.records import Origin, Record
from task_deployer.resources import Bucket
from task_deployer.resources.base import Address, Owned
from task_deployer.resources.bucket import SeenBucket
from task_deployer.resources.log_group import SeenLogGroup
from tests.builders import ACCOUNT, INGEST, LINEAGE, bucket_table, recorded, resources_of
from tests.seen import as_wanted

ATTACHED = (
    INGEST
    + '[tasks.ingest.buckets.theirs]\nname = "theirs"\nexisting = true\nmode = "Read"\n'
    + 'cors = [{ allowed_origins = ["*"], allowed_methods = ["GET"] }]\n'
)
BUCKET = Address("bucket.ingest.uploads")
Seen = dict[Address, object]


def lost(root: Path, tables: str = ATTACHED) -> tuple[list[Desired], Seen]:
    """A stack that is there as an `up` left it."""
    desired = list(resources_of(root, tables).values())
    return desired, {resource.address: as_wanted(resource) for resource in desired}


def tagged(seen: object, **tags: str) -> SeenBucket:
    """The same bucket with other tags of the tool's."""
    assert isinstance(seen, SeenBucket)
    return SeenBucket(seen.region, {**seen.tags, **{f"task-deployer:{key}": value for key, value in tags.items()}})


def test_all_is_recorded_as_up_would_have(tmp_path: Path) -> None:
    """What is there as wanted gets the records that an `up` would have left; things of others stay others'."""
    desired, seen = lost(tmp_path)
    records = records_of(desired, seen, LINEAGE, {})
    attached = {r.address for r in desired if isinstance(r, Bucket) and r.existing}
    assert attached
    assert {a for a, record in records.items() if record.origin is Origin.ADOPTED} == attached
    created = {a: r for a, r in recorded(*desired).items() if a not in attached}
    assert {a: r for a, r in records.items() if a not in attached} == created


def test_the_tags_say_the_lineage(tmp_path: Path) -> None:
    """The lineage is what all things of this stack bear; without any there is none."""
    desired, seen = lost(tmp_path)
    assert lineage_of(desired, seen, None) == LINEAGE
    assert lineage_of(desired, dict.fromkeys(seen), None) is None


def test_several_lineages_need_a_choice(tmp_path: Path) -> None:
    """Things of two manifests are listed and refused; the one that is chosen is taken, the other is told."""
    desired, seen = lost(tmp_path)
    seen[BUCKET] = tagged(seen[BUCKET], manifest="older")
    with pytest.raises(SafetyError) as caught:
        lineage_of(desired, seen, None)
    assert f"older: {BUCKET}" in caught.value.detail
    assert f"{LINEAGE}: queue.orders" in caught.value.detail
    assert "--lineage" in caught.value.hint

    assert lineage_of(desired, seen, "older") == "older"
    records = records_of(desired, seen, "older", {})
    assert BUCKET in records
    assert "function.ingest" not in records
    told = {warning.address for warning in left_alone(desired, seen, "older")}
    assert told == {"queue.orders", "queue.ingest.failures", "log_group.ingest", "role.ingest", "function.ingest"}


def test_a_lineage_that_nothing_bears_is_refused(tmp_path: Path) -> None:
    """A choice is one of those that are there."""
    desired, seen = lost(tmp_path)
    with pytest.raises(SafetyError, match="Nothing here bears the lineage other") as caught:
        lineage_of(desired, seen, "other")
    assert LINEAGE in caught.value.detail
    with pytest.raises(SafetyError, match="Nothing here bears the lineage other"):
        lineage_of(desired, dict.fromkeys(seen), "other")


@pytest.mark.parametrize("tags", [{}, {"owner": "audit"}, {"task-deployer:stack": "other"}])
def test_things_of_others_are_refused(tmp_path: Path, tags: Mapping[str, str]) -> None:
    """A name of ours that bears no tags, or those of others, is somebody's: told with its tags."""
    desired, seen = lost(tmp_path)
    seen[BUCKET] = SeenBucket("eu-central-1", tags)
    with pytest.raises(SafetyError) as caught:
        lineage_of(desired, seen, None)
    assert caught.value.detail.startswith(f"{BUCKET}: media-dev-ingest-uploads-")


def test_a_log_group_that_lambda_made_is_no_obstacle(tmp_path: Path) -> None:
    """A log group without tags is Lambda's: it is left for `up`, which takes it over. One with others' is theirs."""
    desired, seen = lost(tmp_path)
    address = Address("log_group.ingest")
    seen[address] = SeenLogGroup(None, {})
    assert lineage_of(desired, seen, None) == LINEAGE
    assert address not in records_of(desired, seen, LINEAGE, {})
    seen[address] = SeenLogGroup(None, {"owner": "audit"})
    with pytest.raises(SafetyError, match="not this stack's"):
        lineage_of(desired, seen, None)


def test_parts_are_taken_with_what_they_are_parts_of(tmp_path: Path) -> None:
    """Without the bucket none of its documents is ours, without the function none of its settings."""
    desired, seen = lost(tmp_path)
    seen[BUCKET] = tagged(seen[BUCKET], manifest="older")
    seen[Address("function.ingest")] = None
    taken = set(records_of(desired, seen, LINEAGE, {}))
    assert {"role.ingest", "role_policy.ingest", "cors.ingest.theirs", "notifications.theirs"} <= taken
    gone = {"bucket_tags.ingest.uploads", "cors.ingest.uploads", "permission.ingest.uploads", "invoke_config.ingest"}
    assert not taken & gone


def test_entries_alone_are_nobodys(tmp_path: Path) -> None:
    """Entries with our names in a bucket of others are taken only where something bears the lineage."""
    desired, seen = lost(tmp_path)
    seen |= {r.address: None for r in desired if isinstance(r, Owned) and r.tags}
    assert records_of(desired, seen, LINEAGE, {}) == {}


def test_what_is_recorded_is_not_touched(tmp_path: Path) -> None:
    """To a manifest that records something, only what it lacks is added."""
    desired, seen = lost(tmp_path)
    known = {a: Record(r.kind, r.identity) for a, r in recorded(*desired).items() if "uploads" not in a}
    added = records_of(desired, seen, LINEAGE, known)
    assert BUCKET in added
    assert not added.keys() & known.keys()


def test_what_up_will_change_is_shown(tmp_path: Path) -> None:
    """The list of what is taken over names what differs from the config; nothing of it is a change."""
    desired, seen = lost(tmp_path)
    seen[Address("log_group.ingest")] = SeenLogGroup(7, recorded_tags(desired))
    plan = plan_of(desired, seen, records_of(desired, seen, LINEAGE, {}))
    assert plan.pending == ()
    assert {change.address for change in plan.changes if change.differences} == {"log_group.ingest"}
    assert {change.reason for change in plan.of(Action.KEEP)} == {"taken over", "not ours: used, never changed"}


def recorded_tags(desired: list[Desired]) -> Mapping[str, str]:
    """The tags that the stack's things bear."""
    return next(resource.tags for resource in desired if isinstance(resource, Owned) and resource.tags)


def test_a_refused_read_stops_it(tmp_path: Path) -> None:
    """What cannot be read would be forgotten: nothing is recorded then."""
    _, seen = lost(tmp_path)
    refuse_unknown(seen)
    with pytest.raises(ResourceError, match="refused"):
        refuse_unknown({**seen, BUCKET: Unreadable(ResourceError("refused", code="AccessDenied"))})


def test_what_the_config_no_longer_names_is_told(tmp_path: Path) -> None:
    """What bears the lineage and has no place in the config is warned of by its ARN; what has is not."""
    desired, seen = lost(tmp_path)
    known = [arn for resource in desired for arn in resource.arns(ACCOUNT, resource.identity)]
    old = ACCOUNT.arn("lambda", "function:media-dev-old")
    assert [(w.code, w.address) for w in left_over([*known, old], desired, seen, ACCOUNT)] == [("left-over", old)]


def test_a_mapping_is_known_by_the_id_that_it_was_seen_with(tmp_path: Path) -> None:
    """AWS chose the id in a mapping's ARN: ours is not told as left over, and another one of this stack's is."""
    desired, seen = lost(tmp_path, bucket_table('delivery = "queue"'))
    mappings = [ACCOUNT.arn("lambda", f"event-source-mapping:{uuid}") for uuid in ("a-uuid", "another")]
    assert [w.address for w in left_over(mappings, desired, seen, ACCOUNT)] == mappings[1:]
    unseen = {**seen, Address("event_source.ingest.uploads"): None}
    assert [w.address for w in left_over(mappings, desired, unseen, ACCOUNT)] == mappings
