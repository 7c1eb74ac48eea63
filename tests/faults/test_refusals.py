"""AWS refuses in the middle of a command: nothing is taken for absent, and nothing of others for ours."""

import json
from collections.abc import Callable

import pytest

from task_deployer.errors import ResourceError, SafetyError
from tests.aws import Fault, answering, watched
from tests.faults.scene import Scene
from tests.invariants import assert_nothing_left, read_foreign

FORBIDDEN = Fault(403, "AccessDenied", "Access Denied")

pytestmark = pytest.mark.faults


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
