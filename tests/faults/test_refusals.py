"""AWS refuses in the middle of a command: nothing is taken for absent, and nothing of others for ours."""

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from task_deployer.aws import Aws
from task_deployer.errors import ResourceError, SafetyError
from task_deployer.manifest import Manifest, read
from task_deployer.records import Status, with_status
from task_deployer.resources.base import Address
from task_deployer.status import State
from task_deployer.uploads import LARGE
from tests.aws import Fault, Given, answering, new_name, watched
from tests.faults.scene import Scene, set_up
from tests.invariants import assert_all_recorded, assert_nothing_left, read_foreign

FORBIDDEN = Fault(403, "AccessDenied", "Access Denied")

pytestmark = pytest.mark.faults


def recorded(scene: Scene) -> Manifest:
    """The manifest as it is on the disk."""
    found = read(scene.manifest)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "read",
    [
        "GetQueueAttributes",
        "GetRole",
        "GetRolePolicy",
        "GetFunction",
        "GetPolicy",
        "GetBucketNotificationConfiguration",
    ],
)
def test_up_stops_at_a_refused_read(new_scene: Callable[[], Scene], read: str) -> None:
    """A read that AWS refuses stops `up` before any mutating call, also where it looks as if all were new."""
    scene = new_scene()
    with watched(scene.aws) as asked, answering(scene.aws, read, FORBIDDEN), pytest.raises(ResourceError):
        scene.up()
    assert [] == asked.mutating


def test_up_names_all_refused_reads(new_scene: Callable[[], Scene]) -> None:
    """Whoever may read little hears of all of it at once: each right with its ARN, and one policy that grants them."""
    scene = new_scene()
    with (
        watched(scene.aws) as asked,
        answering(scene.aws, "GetRole", FORBIDDEN),
        answering(scene.aws, "GetPolicy", Fault(403, "AccessDeniedException", "not for you")),
        answering(scene.aws, "GetBucketVersioning", FORBIDDEN),
        pytest.raises(ResourceError) as caught,
    ):
        scene.up()
    assert [] == asked.mutating
    account = scene.aws.account
    rights = {
        "iam:GetRole": account.iam_arn(f"role/{scene.name}-dev-ingest-eu-central-1"),
        "lambda:GetPolicy": account.arn("lambda", f"function:{scene.name}-dev-ingest"),
        "s3:GetBucketVersioning": account.bucket_arn(f"{scene.name}-dev-ingest-uploads-{account.id}-{account.region}"),
    }
    granted = json.loads(next(line for line in caught.value.detail.splitlines() if line.startswith("{")))
    assert rights == {one["Action"][0]: one["Resource"][0] for one in granted["Statement"]}
    for action, arn in rights.items():
        assert f"{action} on {arn}" in caught.value.detail
        assert action in caught.value.hint


def test_a_name_that_is_taken_is_no_excuse_for_missing_rights(new_scene: Callable[[], Scene]) -> None:
    """A bucket that answers 403 beside refused reads of other things is a right that is missing, too: exit 1."""
    scene = new_scene()
    head, role = answering(scene.aws, "HeadBucket", Fault(403)), answering(scene.aws, "GetRole", FORBIDDEN)
    with head, role, pytest.raises(ResourceError) as caught:
        scene.up()
    assert "s3:ListBucket" in caught.value.hint
    assert "iam:GetRole" in caught.value.hint


def test_a_forbidden_write_names_right_and_arn(new_scene: Callable[[], Scene]) -> None:
    """A write that S3 forbids without a reason is told with the action and the ARN to allow."""
    scene = new_scene()
    with answering(scene.aws, "PutBucketLifecycleConfiguration", FORBIDDEN):
        (failed,) = scene.up().outcome.failed
    account = scene.aws.account
    bucket = account.bucket_arn(f"{scene.name}-dev-ingest-uploads-{account.id}-{account.region}")
    assert f"s3:PutLifecycleConfiguration on {bucket}" in failed.error.summary
    assert "Access Denied" in failed.error.detail
    assert '"Action": ["s3:PutLifecycleConfiguration"]' in failed.error.detail


def test_down_stops_at_a_refused_read(new_scene: Callable[[], Scene]) -> None:
    """A read that AWS refuses stops `down` before any mutating call; allowed again, it removes all."""
    scene = new_scene()
    scene.up()
    with watched(scene.aws) as asked, answering(scene.aws, "GetRole", FORBIDDEN), pytest.raises(ResourceError):
        scene.down()
    assert [] == asked.mutating
    scene.down()
    assert_nothing_left(scene.aws, scene.name, scene.folder)


def test_what_others_made_while_up_was_at_work_stays_theirs(new_scene: Callable[[], Scene]) -> None:
    """A role that somebody made between our look and our call is refused, not recorded, and survives `down`."""
    scene = new_scene()
    iam = scene.aws.iam
    name = f"{scene.name}-dev-ingest-eu-central-1"

    def be_quicker(**_: object) -> None:
        iam.meta.events.unregister("before-call.iam.CreateRole", be_quicker)
        iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}", Tags=[{"Key": "colour", "Value": "blue"}])

    iam.meta.events.register("before-call.iam.CreateRole", be_quicker)
    failed = scene.up().outcome.failed
    assert ["role.ingest"] == [failure.change.address for failure in failed]
    assert isinstance(failed[0].error, SafetyError)
    scene.down()
    assert [{"Key": "colour", "Value": "blue"}] == iam.get_role(RoleName=name)["Role"]["Tags"]
    iam.delete_role(RoleName=name)
    assert_nothing_left(scene.aws, scene.name, scene.folder)
    assert scene.foreign == read_foreign(scene.aws, scene.name)


@pytest.mark.parametrize(
    ("operation", "address"),
    [
        ("CreateBucket", "bucket.ingest.uploads"),
        ("CreateRole", "role.ingest"),
        ("CreateQueue", "queue.orders"),
        ("CreateFunction", "function.ingest"),
    ],
)
def test_a_creation_that_was_refused_is_no_promise(
    new_scene: Callable[[], Scene], operation: str, address: str
) -> None:
    """What AWS refuses to make is not recorded: whatever bears its name later is somebody else's."""
    scene = new_scene()
    with answering(scene.aws, operation, FORBIDDEN):
        failed = [failure.change.address for failure in scene.up().outcome.failed]
    assert [address] == failed
    assert address not in recorded(scene).records
    assert () == scene.up().outcome.failed
    scene.down()
    assert_nothing_left(scene.aws, scene.name, scene.folder)


def test_a_refusal_after_a_lost_answer_keeps_the_promise(new_scene: Callable[[], Scene]) -> None:
    """Where a first try may have made the thing, a later refusal of it takes no promise back."""
    scene = new_scene()
    broken = Fault(500, "InternalError", "We encountered an internal error. Please try again.")
    with answering(scene.aws, "CreateBucket", broken, FORBIDDEN):
        assert scene.up().outcome.failed
    assert recorded(scene).records[Address("bucket.ingest.uploads")].status is Status.CREATING


def test_what_others_made_after_a_refusal_stays_theirs(new_scene: Callable[[], Scene]) -> None:
    """A role that was refused to us and that an administrator then made is a conflict, and `down` leaves it."""
    scene = new_scene()
    iam = scene.aws.iam
    name = f"{scene.name}-dev-ingest-eu-central-1"
    with answering(scene.aws, "CreateRole", FORBIDDEN):
        scene.up()
    iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    with watched(scene.aws) as asked, pytest.raises(SafetyError, match="cannot be made as wanted"):
        scene.up()
    assert [] == asked.mutating
    scene.down()
    assert iam.get_role(RoleName=name)
    iam.delete_role(RoleName=name)
    assert_nothing_left(scene.aws, scene.name, scene.folder)


def test_what_others_made_while_we_were_dead_stays_theirs(new_scene: Callable[[], Scene]) -> None:
    """A thing that a run had only begun when it died and that bears no tags is somebody else's, and is left."""
    scene, address = new_scene(), Address("queue.ingest.failures")
    scene.up()
    begun = recorded(scene)
    begun.put(address, with_status(begun.records[address], Status.CREATING))
    url = begun.records[address].identity["url"]
    scene.aws.sqs.delete_queue(QueueUrl=url)
    scene.aws.sqs.create_queue(QueueName=url.rpartition("/")[2])
    assert scene.status().state is State.MISSING
    with watched(scene.aws) as asked, pytest.raises(SafetyError, match="cannot be made as wanted"):
        scene.up()
    assert [] == asked.mutating
    scene.down()
    assert {} == scene.aws.sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
    scene.aws.sqs.delete_queue(QueueUrl=url)
    assert_nothing_left(scene.aws, scene.name, scene.folder)


def test_tags_that_are_not_shown_yet_are_waited_for(new_scene: Callable[[], Scene]) -> None:
    """A thing of ours that AWS shows without its tags for a moment is looked at again, and taken for ours."""
    scene, address = new_scene(), Address("queue.ingest.failures")
    scene.up()
    begun = recorded(scene)
    begun.put(address, with_status(begun.records[address], Status.CREATING))
    with answering(scene.aws, "ListQueueTags", *[Given(200, body="{}")] * 3):
        assert () == scene.up().outcome.failed
    assert_all_recorded(scene.manifest)


def test_what_passes_by_itself_is_no_failure(new_scene: Callable[[], Scene]) -> None:
    """Refusals that pass by themselves, of several calls in one `up`, show in nothing but time."""
    scene = new_scene()
    busy = Fault(409, "OperationAborted", "A conflicting conditional operation is currently in progress.")
    unknown = Fault(
        400, "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."
    )
    with answering(scene.aws, "PutBucketCors", busy), answering(scene.aws, "CreateFunction", unknown):
        assert () == scene.up().outcome.failed
    with watched(scene.aws) as asked:
        scene.up()
    assert [] == asked.mutating


def test_a_function_that_may_not_be_deleted_goes_on_working(new_scene: Callable[[], Scene]) -> None:
    """Where AWS refuses to delete the function, its role's policy and its failure queue stay until it goes."""
    scene = new_scene()
    scene.up()
    role, queue = f"{scene.name}-dev-ingest-eu-central-1", f"{scene.name}-dev-ingest-failures"
    with answering(scene.aws, "DeleteFunction", FORBIDDEN):
        failed = scene.down(workers=8).outcome.failed
    assert ["function.ingest"] == [failure.change.address for failure in failed]
    assert scene.aws.iam.get_role_policy(RoleName=role, PolicyName="LambdaPolicy")["PolicyDocument"]
    assert queue in scene.aws.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    scene.down()
    assert_nothing_left(scene.aws, scene.name, scene.folder)


TWO_TASKS: Final = """
[stack]
name = "{name}"
region = "eu-central-1"
[tasks.one]
source = "src"
callback = "handler:handle"
[tasks.two]
source = "src"
callback = "handler:handle"
"""
EXPIRED = Fault(
    403,
    "InvalidSignatureException",
    "Signature expired: 20261123T170000Z is now earlier than 20261123T170300Z (20261123T170800Z - 5 min.)",
)


def test_a_slow_upload_is_no_wrong_clock(aws: Aws, tmp_path: Path) -> None:
    """A signature that expired on the way fails that function alone, with the archive's size; the rest goes on.

    The next run goes on from there: nothing was made, so nothing is recorded of it.
    """
    name = new_name()
    slow = aws.waiting_with(replace(aws.patience, now=count(0, 120).__next__))
    scene = set_up(slow, tmp_path / name, name, TWO_TASKS)
    (scene.folder / "src" / "model.bin").write_bytes(os.urandom(LARGE))
    with answering(aws, "CreateFunction", EXPIRED):
        outcome = scene.up().outcome
    (failed,) = outcome.failed
    assert "function.one" == failed.error.address
    assert re.fullmatch(r"An upload of 1\.\d MB was broken off", failed.error.summary)
    assert "source folder" in failed.error.hint
    assert {"function.two", "invoke_config.two"} <= set(outcome.done)
    assert Address("function.one") not in recorded(scene).records
    assert () == scene.up().outcome.failed
    assert_all_recorded(scene.manifest)
