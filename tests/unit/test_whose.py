"""Whose a recorded thing is now."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from task_deployer.records import Origin, Record, Status
from task_deployer.resources import Bucket, Cors, Function, Lifecycle, LogGroup, Notifications, Queue, Role
from task_deployer.resources.base import Address, Identity
from task_deployer.resources.bucket import SeenBucket
from task_deployer.resources.cors import SeenCors
from task_deployer.resources.lifecycle import SeenLifecycle
from task_deployer.resources.log_group import SeenLogGroup
from task_deployer.resources.notifications import SeenNotifications
from task_deployer.resources.queue import SeenQueue
from task_deployer.tags import tags_of
from task_deployer.whose import is_anothers, signed
from tests.builders import LINEAGE, bucket_table, resources_of
from tests.seen import as_wanted

OURS = tags_of("media", "dev", LINEAGE, {"team": "content"})
ANOTHER_MANIFEST = {**OURS, "task-deployer:manifest": "another"}
ANOTHER_STACK = {"task-deployer:stack": "other", "task-deployer:env": "dev"}
OTHERS = {"team": "billing"}
BUCKET = Address("bucket.ingest.uploads")


def queue(status: Status = Status.READY) -> Record:
    """The record of a queue."""
    return Record(Queue.kind, {"url": "u", "arn": "a"}, status=status)


@pytest.mark.parametrize(
    ("tags", "another"),
    [(OURS, False), ({}, False), (OTHERS, True), (ANOTHER_MANIFEST, True), (ANOTHER_STACK, True)],
)
def test_tags_say_whose_a_thing_is(tags: dict[str, str], another: bool) -> None:  # noqa: FBT001 - a row's field
    """Other tags than our manifest's mean that somebody made it anew; no tags at all say nothing."""
    assert another is is_anothers(queue(), SeenQueue({}, tags), LINEAGE)


@pytest.mark.parametrize(("tags", "another"), [(OURS, False), ({}, True), (OTHERS, True), (ANOTHER_MANIFEST, True)])
def test_what_was_only_begun_bears_our_tags_or_is_anothers(tags: dict[str, str], another: bool) -> None:  # noqa: FBT001 - a row's field
    """What we make bears our tags from its creation, so what bears none was made by somebody else."""
    assert another is is_anothers(queue(Status.CREATING), SeenQueue({}, tags), LINEAGE)


@pytest.mark.parametrize("kind", [Bucket, Function, Queue, Role])
def test_all_that_is_made_with_its_tags_says_so(kind: type[Bucket | Function | Queue | Role]) -> None:
    """What AWS makes with its tags in one call names that call: its refusal leaves no promise."""
    assert kind.made_by == f"Create{kind.__name__}"


def test_a_log_group_that_was_only_begun_may_be_lambdas() -> None:
    """Lambda makes the group as well, without tags: one that we only began is ours all the same."""
    record = Record(LogGroup.kind, {"name": "n"}, status=Status.CREATING)
    assert not is_anothers(record, SeenLogGroup(None, {}), LINEAGE)


def test_what_is_used_is_anothers_all_along() -> None:
    """Nobody can take what is only used from us."""
    assert not is_anothers(replace(queue(), origin=Origin.ADOPTED), SeenQueue({}, OTHERS), LINEAGE)


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize(
    ("tags", "signs", "another"),
    [
        (OURS, (), False),
        (OTHERS, ("media-dev-ingest-uploads-1",), False),
        ({}, ("media-dev-ingest-uploads-1",), False),
        (OTHERS, (), True),
        ({}, (), True),
        (ANOTHER_MANIFEST, ("media-dev-ingest-uploads-1",), True),
        (ANOTHER_STACK, ("media-dev-ingest-uploads-1",), True),
    ],
)
def test_a_bucket_is_known_by_what_is_in_it(
    tags: dict[str, str],
    signs: tuple[str, ...],
    another: bool,  # noqa: FBT001 - a row's field
    status: Status,
) -> None:
    """A bucket without our tags is ours where entries or rules of ours are in it; tags of another stack always win."""
    record = Record(Bucket.kind, {"bucket": "b"}, status=status)
    assert another is is_anothers(record, SeenBucket("eu-central-1", tags, signs), LINEAGE)


@pytest.fixture
def scene(tmp_path: Path) -> tuple[dict[Address, object], dict[Address, Identity]]:
    """All that a stack with one bucket wants, as it is seen, and what finds it."""
    desired = resources_of(tmp_path, bucket_table("expire_days = 3\nabort_uploads_days = 7"))
    seen = {resource.address: as_wanted(resource) for resource in desired.values()}
    return seen, {resource.address: resource.identity for resource in desired.values()}


def signs(seen: Mapping[Address, object], things: Mapping[Address, Identity], base: str = "media-dev") -> list[str]:
    """The signs of the bucket."""
    found = signed(seen, things, base)[BUCKET]
    assert isinstance(found, SeenBucket)
    return sorted(found.signs)


def test_signs_are_the_ids_in_its_documents(scene: tuple[dict[Address, object], dict[Address, Identity]]) -> None:
    """Notification entries, CORS and lifecycle rules are signs by our ids; by another environment's they are not."""
    seen, things = scene
    assert signs(seen, things) == [
        "media-dev-ingest-uploads-1",
        "media-dev-ingest-uploads-Created",
        "media-dev-ingest-uploads-Deleted",
        "media-dev-ingest-uploads-abort-uploads",
        "media-dev-ingest-uploads-expire",
    ]
    assert signs(seen, things, "media-prod") == []


@pytest.mark.parametrize("kind", [Cors.kind, Lifecycle.kind, Notifications.kind])
def test_each_document_is_a_sign_by_itself(
    scene: tuple[dict[Address, object], dict[Address, Identity]], kind: str
) -> None:
    """One document with ids of ours is enough; what was not seen is none."""
    seen, things = scene
    documents = (Cors.kind, Lifecycle.kind, Notifications.kind)
    others = {a: None for a in seen if a.partition(".")[0] in documents and not a.startswith(f"{kind}.")}
    assert signs({**seen, **others}, things)
    assert signs({**seen, **dict.fromkeys((a for a in seen if a != BUCKET), None)}, things) == []


def test_ids_of_the_former_address_are_signs(scene: tuple[dict[Address, object], dict[Address, Identity]]) -> None:
    """What a record that moves has written bears the ids of its old address; another address's ids are no signs."""
    seen, things = scene
    new = Address("bucket.importer.incoming")
    moved = {(new if a == BUCKET else a): i for a, i in things.items()}
    there = {(new if a == BUCKET else a): one for a, one in seen.items()}
    for former, known in (({new: BUCKET}, True), ({new: Address("bucket.ingest.others")}, False), ({}, False)):
        found = signed(there, moved, "media-dev", former=former)[new]
        assert isinstance(found, SeenBucket)
        assert known is bool(found.signs)


def test_documents_of_another_bucket_are_no_signs(
    scene: tuple[dict[Address, object], dict[Address, Identity]],
) -> None:
    """What bears our ids in another bucket says nothing of this one."""
    seen, things = scene
    moved = {a: {**i, "bucket": "another"} if a != BUCKET and "bucket" in i else i for a, i in things.items()}
    assert signs(seen, moved) == []


def test_rules_of_others_are_no_signs(scene: tuple[dict[Address, object], dict[Address, Identity]]) -> None:
    """A bucket with CORS rules and entries of others alone has no sign of ours."""
    seen, things = scene
    theirs = {
        Address("cors.ingest.uploads"): SeenCors(({"ID": "billing-app"}, {})),
        Address("lifecycle.ingest.uploads"): SeenLifecycle(({"ID": "billing"},)),
        next(a for a in seen if a.startswith("notifications.")): SeenNotifications({}, {}),
    }
    assert signs({**seen, **theirs}, things) == []


@pytest.mark.parametrize(
    ("tags", "given", "expected"),
    [({}, None, True), ({}, Status.CREATING, True), ({}, Status.READY, False), (OTHERS, None, False)],
)
def test_a_bucket_whose_tags_were_not_given_yet_is_ours(
    tags: dict[str, str],
    given: Status | None,
    expected: bool,  # noqa: FBT001 - a row's field
) -> None:
    """Where a run died between the bucket and its tags, no tags at all are a sign; tags of others are none."""
    records = {BUCKET: Record(Bucket.kind, {"bucket": "b"})}
    if given is not None:
        records[Address("bucket_tags.ingest.uploads")] = Record("bucket_tags", {"bucket": "b"}, status=given)
    things = {BUCKET: records[BUCKET].identity}
    seen = signed({BUCKET: SeenBucket("eu-central-1", tags)}, things, "media-dev", records)[BUCKET]
    assert expected is not is_anothers(records[BUCKET], seen, LINEAGE)
