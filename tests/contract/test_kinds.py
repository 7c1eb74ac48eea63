"""One life of a resource, the same for every kind: absent, made, drifted, healed, gone. What is of others stays."""

import pytest

from task_deployer.aws import Aws
from task_deployer.resources import KINDS
from task_deployer.resources.base import AnyResource, is_absent
from tests.aws import watched
from tests.contract.life import Sample
from tests.contract.samples import SAMPLES, sample
from tests.invariants import assert_absent, assert_in_sync, differences

BESIDE = (
    "role_policy",
    "invoke_config",
    "bucket_tags",
    "cors, on another's bucket",
    "lifecycle",
    "permission",
    "notifications",
)
LATE = ("queue", "role", "role_policy", "permission", "bucket_tags", "versioning", "lifecycle", "cors")
ON_IT = ("queue", "log_group", "role", "function", "event_rule", "event_source")


def test_every_kind_has_a_sample(aws: Aws) -> None:
    """Every kind goes through the tests of this file."""
    assert set(KINDS) == {make(aws, "any").wanted.kind for make in SAMPLES.values()}


def test_what_was_not_made_is_absent(aws: Aws, life: Sample) -> None:
    """Before it is made, a resource is seen as absent; what AWS gives every bucket is seen as wanted."""
    resource = life.wanted
    seen = resource.observe(aws, resource.identity)
    if resource.kind in {"bucket_tags", "public_access_block"}:
        assert () == resource.diff(seen)
    else:
        assert is_absent(seen)


def test_what_is_made_is_as_wanted(aws: Aws, life: Sample) -> None:
    """What create makes differs in nothing from the wish."""
    life.wanted.create(aws)
    assert_in_sync(aws, life.wanted)


def test_making_again_is_harmless(aws: Aws, life: Sample) -> None:
    """A second create leaves the resource as the first one made it."""
    life.wanted.create(aws)
    life.wanted.create(aws)
    assert_in_sync(aws, life.wanted)


@pytest.mark.parametrize("life", sorted(set(SAMPLES) - {"bucket"}), indirect=True)  # nothing of a bucket can change
def test_drift_is_named_and_healed(aws: Aws, life: Sample) -> None:
    """A change made behind our back is named by its path, and undone by update."""
    assert life.drift
    life.wanted.create(aws)
    life.drift()
    assert life.drifted in _paths(aws, life.wanted)
    _heal(aws, life.wanted)
    assert_in_sync(aws, life.wanted)


def test_what_is_deleted_is_absent(aws: Aws, life: Sample) -> None:
    """After delete the resource is absent, and it can be made again."""
    resource = life.wanted
    resource.create(aws)
    resource.delete(aws, resource.identity)
    assert_absent(aws, resource)
    resource.create(aws)
    assert_in_sync(aws, resource)


def test_deleting_what_is_absent_is_done(aws: Aws, life: Sample) -> None:
    """A second delete finds nothing to do, and so does one whose bucket or function is gone as well."""
    resource = life.wanted
    resource.create(aws)
    resource.delete(aws, resource.identity)
    resource.delete(aws, resource.identity)
    for parent in reversed(resource.depends_on):
        parent.delete(aws, parent.identity)
    resource.delete(aws, resource.identity)
    assert_absent(aws, resource)


@pytest.mark.parametrize("life", LATE, indirect=True)
def test_an_update_of_what_shows_as_wanted_writes_it(aws: Aws, life: Sample) -> None:
    """Where AWS may show what was there before a write, a look decides nothing: the config's words are written."""
    resource = life.wanted
    assert resource.lags
    resource.create(aws)
    seen = resource.observe(aws, resource.identity)
    assert not resource.diff(seen)
    with watched(aws) as asked:
        resource.update(aws, seen)
    assert asked.mutating
    assert_in_sync(aws, resource)


def test_a_public_access_block_that_is_on_is_not_put(aws: Aws) -> None:
    """An organization may forbid to put it, so what is on is left, also where a run died before it knew."""
    wanted = sample(aws, "public_access_block").wanted
    wanted.create(aws)
    with watched(aws) as asked:
        wanted.update(aws, wanted.observe(aws, wanted.identity))
    assert [] == asked.mutating


def test_reading_writes_nothing(aws: Aws, life: Sample) -> None:
    """A look at a resource makes no call that may change anything."""
    life.wanted.create(aws)
    with watched(aws) as asked:
        life.wanted.observe(aws, life.wanted.identity)
    assert asked.operations
    assert [] == asked.mutating


@pytest.mark.parametrize("life", BESIDE, indirect=True)
def test_what_others_put_beside_it_survives_all_of_its_life(aws: Aws, life: Sample) -> None:
    """Entries, rules, statements and tags of others are the same after create, update and delete."""
    resource, foreign = life.wanted, life.foreign
    assert foreign
    foreign.put()
    before = foreign.read()
    resource.create(aws)
    resource.create(aws)
    assert before == foreign.read()
    if life.drift:
        life.drift()
        _heal(aws, resource)
    assert before == foreign.read()
    resource.delete(aws, resource.identity)
    assert_absent(aws, resource)
    assert before == foreign.read()


@pytest.mark.parametrize("life", ON_IT, indirect=True)
def test_what_others_put_on_it_survives_an_update(aws: Aws, life: Sample) -> None:
    """Tags that others gave to a thing of ours stay when we change it."""
    resource, foreign = life.wanted, life.foreign
    assert foreign
    assert life.drift
    resource.create(aws)
    foreign.put()
    before = foreign.read()
    life.drift()
    _heal(aws, resource)
    assert_in_sync(aws, resource)
    assert before == foreign.read()


def _paths(aws: Aws, resource: AnyResource) -> list[str | None]:
    """The paths that differ; [None] where the drift made it absent."""
    if is_absent(resource.observe(aws, resource.identity)):
        return [None]
    return [difference.path for difference in differences(aws, resource)]


def _heal(aws: Aws, resource: AnyResource) -> None:
    """What `up` does with a difference."""
    seen = resource.observe(aws, resource.identity)
    if is_absent(seen):
        resource.create(aws)
    else:
        resource.update(aws, seen)


ACTIONS = {
    "PutBucketCors": "PutBucketCORS",
    "DeleteBucketCors": "PutBucketCORS",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
}
"""S3's operations whose IAM actions have other names (service authorization reference)."""


def test_what_it_writes_with_is_among_its_rights(aws: Aws, life: Sample) -> None:
    """Every call that create and update make to change something is allowed by the rights to write of the kind."""
    with watched(aws) as making:
        life.wanted.create(aws)
        life.wanted.create(aws)
    if life.drift:
        life.drift()
    with watched(aws) as healing:
        _heal(aws, life.wanted)
    rights = life.wanted.rights
    allowed = {action.partition(":")[2] for action in (*rights.write, *rights.making)}
    assert {ACTIONS.get(operation, operation) for operation in (*making.mutating, *healing.mutating)} <= allowed
