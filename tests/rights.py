"""Which IAM actions AWS asks for when it is called, and which of them a printed policy lacks."""

from collections.abc import Iterable, Mapping

from task_deployer import stack
from task_deployer.archive import Archive
from task_deployer.aws import Account
from task_deployer.config import Config
from task_deployer.deployer_policy import deployer_policies
from task_deployer.manifest import Manifest

SERVICES = {"cloudwatch-logs": "logs", "eventbridge": "events", "resource-groups-tagging-api": "tag"}
"""Where IAM names a service otherwise than botocore's events do."""

ACTIONS = {
    "HeadBucket": {"s3:ListBucket"},
    "GetPublicAccessBlock": {"s3:GetBucketPublicAccessBlock"},
    "PutPublicAccessBlock": {"s3:PutBucketPublicAccessBlock"},
    "DeletePublicAccessBlock": {"s3:PutBucketPublicAccessBlock"},
    "GetBucketCors": {"s3:GetBucketCORS"},
    "PutBucketCors": {"s3:PutBucketCORS"},
    "DeleteBucketCors": {"s3:PutBucketCORS"},
    "DeleteBucketTagging": {"s3:PutBucketTagging"},
    "GetBucketEncryption": {"s3:GetEncryptionConfiguration"},
    "GetBucketLifecycleConfiguration": {"s3:GetLifecycleConfiguration"},
    "PutBucketLifecycleConfiguration": {"s3:PutLifecycleConfiguration"},
    "DeleteBucketLifecycle": {"s3:PutLifecycleConfiguration"},
    "GetBucketNotificationConfiguration": {"s3:GetBucketNotification"},
    "PutBucketNotificationConfiguration": {"s3:PutBucketNotification"},
    "ListObjectVersions": {"s3:ListBucketVersions"},
    "ListMultipartUploads": {"s3:ListBucketMultipartUploads"},
    "DeleteObjects": {"s3:DeleteObject", "s3:DeleteObjectVersion"},
    "CreateBucket": {"s3:CreateBucket", "s3:TagResource"},
    "CreateFunction": {"lambda:CreateFunction", "lambda:TagResource", "iam:PassRole"},
    "CreateRole": {"iam:CreateRole", "iam:TagRole"},
    "CreateQueue": {"sqs:CreateQueue", "sqs:TagQueue"},
    "PutRule": {"events:PutRule", "events:TagResource"},
    "CreateEventSourceMapping": {"lambda:CreateEventSourceMapping", "lambda:TagResource"},
    "CreateLogGroup": {"logs:CreateLogGroup", "logs:TagResource"},
}
"""Where the IAM action has another name than the operation, or there are several (Service Authorization Reference)."""


def actions_of(service: str, operation: str) -> set[str]:
    """The actions that a call takes. `service` as in botocore's events: `cloudwatch-logs`."""
    return ACTIONS.get(operation, {f"{SERVICES.get(service, service)}:{operation}"})


def missing(calls: Iterable[tuple[str, str]], allowed: set[str]) -> set[str]:
    """The actions that these calls take, and that are not allowed."""
    return {action for call in calls for action in actions_of(*call)} - allowed


def printed(config: Config, account: Account, recorded: Manifest | None = None) -> Mapping[str, set[str]]:
    """The actions that each command's policy allows, as `policy --deployer` prints them."""
    desired = stack.build(config, account, "", {task: Archive(b"", "", 0) for task in config.tasks})
    found = {}
    for command, document in deployer_policies(desired, account, recorded.records if recorded else {}).items():
        statements = document["Statement"]
        assert isinstance(statements, list)
        found[command] = {action for statement in statements for action in statement["Action"]}
    return found
