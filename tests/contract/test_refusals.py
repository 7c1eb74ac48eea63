"""How the kinds take what AWS answers and no emulator does: delays, refusals, lost answers."""

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from task_deployer import policy
from task_deployer.aws import Aws
from task_deployer.errors import ResourceError
from task_deployer.refusals import code_of
from task_deployer.retry import Patience
from tests.aws import Fault, answering, answering_until, new_name, watched
from tests.contract.samples import sample
from tests.contract.wishes import TAGS, bucket, queue, role
from tests.invariants import assert_absent, assert_in_sync

FORBIDDEN = Fault(403, "AccessDenied", "Access Denied")
LAMBDA_FORBIDDEN = Fault(403, "AccessDeniedException", "not authorized")
ROLE_UNKNOWN = Fault(
    400, "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."
)
BUSY = Fault(
    409,
    "ResourceConflictException",
    "The operation cannot be performed at this time. An update is in progress for resource: arn",
)
ABORTED = Fault(
    409,
    "OperationAborted",
    "A conflicting conditional operation is currently in progress against this resource. Please try again.",
)
NO_BUCKET = Fault(404, "NoSuchBucket", "The specified bucket does not exist")
NO_DESTINATION = Fault(
    400, "InvalidParameterValueException", "The destination ARN arn:aws:sqs:eu-central-1:000000000000:q is invalid."
)
COLLIDING = Fault(
    409,
    "ConcurrentModification",
    "The request was rejected because multiple requests to change this object were submitted simultaneously. Wait a "
    "few minutes and submit your request again.",
)
UNMODIFIABLE = Fault(409, "EntityTemporarilyUnmodifiable", "The entity is being deleted. Try again later.")
BOUNDARY = "arn:aws:iam::000000000000:policy/typo"
ANYTHING = policy.text(policy.merge([policy.Statement("All", ("sqs:*",), ("*",))]))

READ_BY = {
    "queue": ("GetQueueAttributes", Fault(403, "AccessDenied", "no")),
    "log_group": ("DescribeLogGroups", Fault(400, "AccessDeniedException", "no")),
    "role": ("GetRole", FORBIDDEN),
    "role_policy": ("GetRolePolicy", FORBIDDEN),
    "function": ("GetFunction", LAMBDA_FORBIDDEN),
    "invoke_config": ("GetFunctionEventInvokeConfig", LAMBDA_FORBIDDEN),
    "bucket": ("GetBucketTagging", FORBIDDEN),
    "bucket_tags": ("GetBucketTagging", FORBIDDEN),
    "public_access_block": ("GetPublicAccessBlock", FORBIDDEN),
    "cors": ("GetBucketCors", FORBIDDEN),
    "cors, on another's bucket": ("GetBucketCors", FORBIDDEN),
    "versioning": ("GetBucketVersioning", FORBIDDEN),
    "lifecycle": ("GetBucketLifecycleConfiguration", FORBIDDEN),
    "permission": ("GetPolicy", LAMBDA_FORBIDDEN),
    "notifications": ("GetBucketNotificationConfiguration", FORBIDDEN),
}


@pytest.mark.parametrize("kind", READ_BY)
def test_a_forbidden_read_is_never_absence(aws: Aws, kind: str) -> None:
    """403 is raised as what it is: neither None nor an empty document."""
    wanted = sample(aws, kind).wanted
    wanted.create(aws)
    operation, fault = READ_BY[kind]
    with answering(aws, operation, fault), pytest.raises(ClientError) as caught:
        wanted.observe(aws, wanted.identity)
    assert fault.code == code_of(caught.value)


def test_a_forbidden_head_says_that_the_bucket_is_not_ours(aws: Aws) -> None:
    """HEAD's 403 has no body, and means a bucket that is there and not ours to read."""
    wanted = bucket(new_name())
    with answering(aws, "HeadBucket", Fault(403)), pytest.raises(ResourceError) as caught:
        wanted.observe(aws, wanted.identity)
    assert "403" == caught.value.code
    assert wanted.name in caught.value.summary


@pytest.mark.parametrize(
    ("kind", "operation", "fault"),
    [
        ("function", "CreateFunction", ROLE_UNKNOWN),
        ("role", "CreateRole", COLLIDING),
        ("role_policy", "PutRolePolicy", Fault(404, "NoSuchEntity", "The role with name r cannot be found.")),
        ("role_policy", "PutRolePolicy", COLLIDING),
        ("role_policy", "PutRolePolicy", UNMODIFIABLE),
        ("invoke_config", "PutFunctionEventInvokeConfig", NO_DESTINATION),
        ("invoke_config", "PutFunctionEventInvokeConfig", BUSY),
        ("permission", "AddPermission", BUSY),
        ("bucket", "CreateBucket", ABORTED),
        ("bucket_tags", "GetBucketTagging", NO_BUCKET),
        ("public_access_block", "GetPublicAccessBlock", NO_BUCKET),
        ("versioning", "PutBucketVersioning", NO_BUCKET),
        ("lifecycle", "PutBucketLifecycleConfiguration", ABORTED),
        ("cors", "PutBucketCors", NO_BUCKET),
        ("notifications", "PutBucketNotificationConfiguration", ABORTED),
        (
            "queue",
            "CreateQueue",
            Fault(
                400,
                "AWS.SimpleQueueService.QueueDeletedRecently",
                "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
            ),
        ),
        ("log_group", "CreateLogGroup", Fault(400, "OperationAbortedException", "try again")),
    ],
)
def test_what_passes_by_itself_is_waited_for(aws: Aws, kind: str, operation: str, fault: Fault) -> None:
    """A create that AWS puts off twice is made at the third try."""
    wanted = sample(aws, kind).wanted
    with answering(aws, operation, fault, fault):
        wanted.create(aws)
    assert_in_sync(aws, wanted)


@pytest.mark.parametrize(
    ("kind", "operation", "fault"),
    [
        ("function", "DeleteFunction", BUSY),
        ("bucket", "DeleteBucket", ABORTED),
        ("cors", "DeleteBucketCors", ABORTED),
        ("notifications", "PutBucketNotificationConfiguration", ABORTED),
        ("log_group", "DeleteLogGroup", Fault(400, "OperationAbortedException", "try again")),
        ("role", "DeleteRole", Fault(409, "DeleteConflict", "Cannot delete entity, must delete policies first.")),
        ("role", "DeleteRole", COLLIDING),
        ("role_policy", "DeleteRolePolicy", COLLIDING),
    ],
)
def test_a_deletion_that_aws_puts_off_is_waited_for(aws: Aws, kind: str, operation: str, fault: Fault) -> None:
    """A delete that AWS puts off twice is done at the third try."""
    wanted = sample(aws, kind).wanted
    wanted.create(aws)
    with answering(aws, operation, fault, fault):
        wanted.delete(aws, wanted.identity)
    assert_absent(aws, wanted)


@pytest.mark.parametrize(
    "operation", ["UpdateAssumeRolePolicy", "PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary", "TagRole"]
)
def test_a_change_of_a_role_that_collides_is_waited_for(aws: Aws, operation: str) -> None:
    """Each call that changes a role is made again when IAM was at another change of it."""
    bounded = operation.startswith("Put")
    before = role(new_name())
    ours = _policy(aws, before.name)
    wanted = replace(before, boundary=ours if bounded else None)
    aws.iam.create_role(
        RoleName=before.name,
        AssumeRolePolicyDocument=ANYTHING,
        **({} if bounded else {"PermissionsBoundary": ours}),  # type: ignore[arg-type]  # one of its parameters
    )
    seen = wanted.observe(aws, wanted.identity)
    assert seen
    with answering(aws, operation, COLLIDING, COLLIDING):
        wanted.update(aws, seen)
    assert_in_sync(aws, wanted)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(404, "NoSuchEntity", f"Policy {BOUNDARY} does not exist or is not attachable."),
        Fault(404, "NoSuchEntity", f"Scope ARN: {BOUNDARY} does not exist or is not attachable."),
        Fault(400, "PolicyNotAttachable", "A service-linked role's policy cannot be attached."),
    ],
)
@pytest.mark.parametrize("operation", ["CreateRole", "PutRolePermissionsBoundary"])
def test_a_boundary_that_iam_does_not_take_is_named_at_once(aws: Aws, operation: str, fault: Fault) -> None:
    """NoSuchEntity is about the boundary here, and not about a role that IAM will show in a moment."""
    wanted = replace(role(new_name()), boundary=BOUNDARY)
    if operation != "CreateRole":
        replace(wanted, boundary=None).create(aws)
    seen = wanted.observe(aws, wanted.identity)
    with watched(aws) as asked, answering(aws, operation, fault), pytest.raises(ResourceError) as caught:
        wanted.create(aws) if seen is None else wanted.update(aws, seen)
    assert 1 == asked.count(operation)
    assert BOUNDARY in caught.value.summary
    assert "permissions_boundary" in caught.value.hint
    assert fault.code == caught.value.code


def test_a_role_that_is_not_shown_yet_gets_its_boundary(aws: Aws) -> None:
    """NoSuchEntity that is about the role itself passes: IAM shows it a moment later."""
    bare = role(new_name())
    bare.create(aws)
    wanted = replace(bare, boundary=_policy(aws, bare.name))
    seen = wanted.observe(aws, wanted.identity)
    assert seen
    hidden = Fault(404, "NoSuchEntity", f"The role with name {wanted.name} cannot be found.")
    with answering(aws, "PutRolePermissionsBoundary", hidden, hidden):
        wanted.update(aws, seen)
    assert_in_sync(aws, wanted)


def _policy(aws: Aws, name: str) -> str:
    return aws.iam.create_policy(PolicyName=name, PolicyDocument=ANYTHING)["Policy"]["Arn"]


def test_a_name_that_s3_does_not_free_is_told(aws: Aws) -> None:
    """A name that stays busy for five minutes was probably deleted recently: so it says, and what to do."""
    wanted = bucket(new_name())
    slept: list[float] = []
    waiting = aws.waiting_with(Patience(sleep=slept.append))
    with answering_until(aws, "DeleteBucket", "CreateBucket", ABORTED):
        with pytest.raises(ResourceError) as caught:
            wanted.create(waiting)
        wanted.delete(aws, wanted.identity)
    error = caught.value
    assert "OperationAborted" == error.code
    assert wanted.name in error.summary
    assert "deleted recently" in error.detail
    assert "again in a while" in error.hint
    assert 300 <= sum(slept)


def test_a_refusal_for_good_is_not_tried_again(aws: Aws) -> None:
    """What no time heals fails at the first call: here, an archive that Lambda cannot open."""
    wanted = sample(aws, "function").wanted
    fault = Fault(400, "InvalidParameterValueException", "Could not unzip uploaded file.")
    with watched(aws) as asked, answering(aws, "CreateFunction", fault), pytest.raises(ClientError):
        wanted.create(aws)
    assert 1 == asked.count("CreateFunction")


def test_no_text_of_aws_shows_the_variables(aws: Aws) -> None:
    """A refusal that repeats the function's variables is told without them: they may be secrets."""
    wanted = sample(aws, "function").wanted
    text = "the environment variables you have provided exceeded the 4KB limit. String measured: {'KEY':'hunter2'}"
    fault = Fault(400, "InvalidParameterValueException", text)
    with answering(aws, "CreateFunction", fault), pytest.raises(ResourceError) as caught:
        wanted.create(aws)
    error = caught.value
    assert "hunter2" not in f"{error.summary} {error.detail} {error.hint}"
    assert error.__suppress_context__


def test_a_queue_of_another_account_is_read_without_its_tags(aws: Aws) -> None:
    """ListQueueTags is refused across accounts, so it is not asked: the queue is there all the same."""
    wanted = queue(aws, new_name())
    wanted.create(aws)
    identity = {"url": wanted.url, "arn": wanted.arn.replace(aws.account.id, "111111111111")}
    with watched(aws) as asked:
        seen = wanted.observe(aws, identity)
    assert seen is not None
    assert {} == seen.tags
    assert ["GetQueueAttributes"] == asked.operations


def test_attached_policies_of_others_are_named(aws: Aws) -> None:
    """A role that others attached a policy to is not deleted, and the message names that policy, at once."""
    wanted = role(new_name())
    wanted.create(aws)
    arn = _policy(aws, f"{wanted.name}-theirs")
    aws.iam.attach_role_policy(RoleName=wanted.name, PolicyArn=arn)
    with watched(aws) as asked, pytest.raises(ResourceError) as caught:
        wanted.delete(aws, wanted.identity)
    assert f"{wanted.name}-theirs" in caught.value.summary
    assert 1 == asked.count("DeleteRole")
    assert TAGS == getattr(wanted.observe(aws, wanted.identity), "tags", None)


def test_inline_policies_of_others_are_named(aws: Aws) -> None:
    """A role that others gave an inline policy is not deleted; once IAM's echo of ours is past, it is named."""
    wanted = role(new_name())
    wanted.create(aws)
    aws.iam.put_role_policy(RoleName=wanted.name, PolicyName="Theirs", PolicyDocument=ANYTHING)
    with pytest.raises(ResourceError) as caught:
        wanted.delete(aws, wanted.identity)
    assert "Theirs" in caught.value.summary
