"""Which calls the commands make: no more than their policy allows, and in an order that leaves no trace."""

from collections.abc import Callable, Mapping

import pytest

from task_deployer import stack
from task_deployer.archive import Archive
from task_deployer.config import load
from task_deployer.deployer_policy import deployer_policies
from tests.aws import watched
from tests.faults.scene import Scene

pytestmark = pytest.mark.faults

# Where the IAM action has another name than the operation (Service Authorization Reference of S3).
ACTIONS = {
    "HeadBucket": {"s3:ListBucket"},
    "GetPublicAccessBlock": {"s3:GetBucketPublicAccessBlock"},
    "PutPublicAccessBlock": {"s3:PutBucketPublicAccessBlock"},
    "GetBucketCors": {"s3:GetBucketCORS"},
    "PutBucketCors": {"s3:PutBucketCORS"},
    "DeleteBucketCors": {"s3:PutBucketCORS"},
    "GetBucketEncryption": {"s3:GetEncryptionConfiguration"},
    "GetBucketLifecycleConfiguration": {"s3:GetLifecycleConfiguration"},
    "PutBucketLifecycleConfiguration": {"s3:PutLifecycleConfiguration"},
    "GetBucketNotificationConfiguration": {"s3:GetBucketNotification"},
    "PutBucketNotificationConfiguration": {"s3:PutBucketNotification"},
    "ListObjectVersions": {"s3:ListBucketVersions"},
    "ListMultipartUploads": {"s3:ListBucketMultipartUploads"},
    "CreateBucket": {"s3:CreateBucket", "s3:TagResource"},
    "CreateFunction": {"lambda:CreateFunction", "lambda:TagResource", "iam:PassRole"},
    "CreateRole": {"iam:CreateRole", "iam:TagRole"},
    "CreateQueue": {"sqs:CreateQueue", "sqs:TagQueue"},
    "PutRule": {"events:PutRule", "events:TagResource"},
    "CreateEventSourceMapping": {"lambda:CreateEventSourceMapping", "lambda:TagResource"},
    "CreateLogGroup": {"logs:CreateLogGroup", "logs:TagResource"},
}

LISTINGS = {
    "log_group": ["logs:DescribeLogGroups"],
    "event_source": ["lambda:ListEventSourceMappings", "lambda:GetEventSourceMapping"],
}


def policies(scene: Scene) -> Mapping[str, set[str]]:
    """The actions that each command's policy allows, for the scene's config."""
    config = load(scene.folder / "config", "dev")
    archives = {task: Archive(b"", "", 0) for task in config.tasks}
    desired = stack.build(config, scene.aws.account, "", archives)
    found = {}
    for command, document in deployer_policies(desired, scene.aws.account).items():
        statements = document["Statement"]
        assert isinstance(statements, list)
        found[command] = {action for statement in statements for action in statement["Action"]}
    return found


def missing(operations: list[str], allowed: set[str]) -> set[str]:
    """The operations that need an action which is not allowed."""
    names = {action.partition(":")[2] for action in allowed}
    return {
        operation
        for operation in operations
        if not (ACTIONS[operation] <= allowed if operation in ACTIONS else operation in names)
    }


def test_each_command_keeps_to_its_policy(new_scene_of_any_sort: Callable[[], Scene]) -> None:
    """Every call that a command makes is allowed by the policy that `policy --deployer` prints for it."""
    scene = new_scene_of_any_sort()
    allowed = policies(scene)
    for command, run in (("up", scene.up), ("up", scene.up), ("down", scene.down)):
        with watched(scene.aws) as asked:
            run()
        assert not missing(asked.operations, allowed[command]), command


def test_an_update_keeps_to_the_policies(new_scene_of_any_sort: Callable[[], Scene]) -> None:
    """An `up` that changes, adds and drops is allowed what `up` is, and what `down` was before the change."""
    scene = new_scene_of_any_sort()
    scene.up()
    before = policies(scene)
    scene.change()
    allowed = policies(scene)
    with watched(scene.aws) as asked:
        scene.up()
    assert not missing(asked.operations, allowed["up"] | before["down"])


def test_nothing_but_listings_is_allowed_everywhere(new_scene_of_any_sort: Callable[[], Scene]) -> None:
    """Only what AWS cannot limit to one thing is allowed on all of them, and a write then only for our functions."""
    scene = new_scene_of_any_sort()
    config = load(scene.folder / "config", "dev")
    desired = stack.build(config, scene.aws.account, "", {task: Archive(b"", "", 0) for task in config.tasks})
    listed = [action for kind, actions in LISTINGS.items() if kind in {r.kind for r in desired} for action in actions]
    for command, document in deployer_policies(desired, scene.aws.account).items():
        statements = document["Statement"]
        assert isinstance(statements, list)
        wide = [s for s in statements if any(arn.endswith((":*", "*")) and arn.count(":") < 6 for arn in s["Resource"])]
        everywhere = [*listed, *(["tag:GetResources"] if command == "adopt" else [])]
        assert [everywhere] == [s["Action"] for s in wide if s["Resource"] == ["*"] and "Condition" not in s]
        limited = [s["Condition"] for s in statements if s["Resource"] == ["*"] and "Condition" in s]
        function = scene.aws.account.arn("lambda", f"function:{scene.name}-dev-ingest")
        assert all(condition == {"ArnEquals": {"lambda:FunctionArn": function}} for condition in limited)


def test_events_end_first_and_logs_last(new_scene_of_any_sort: Callable[[], Scene]) -> None:
    """`down` takes the notification out before anything else, and the log group after the function writing to it."""
    scene = new_scene_of_any_sort()
    scene.up()
    with watched(scene.aws) as asked:
        scene.down(workers=8)
    calls = asked.mutating
    assert calls[0] == "PutBucketNotificationConfiguration"
    assert calls.index("DeleteFunction") < calls.index("DeleteLogGroup")
