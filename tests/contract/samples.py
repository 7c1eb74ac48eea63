"""A sample of every kind: a new kind needs one line in SAMPLES, and all tests of kinds run for it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from task_deployer import policy, tags
from task_deployer.aws import Aws
from task_deployer.resources import InvokeConfig, Notifications
from tests.aws import new_name
from tests.contract.bucket_samples import (
    bucket_sample,
    bucket_tags_sample,
    cors_sample,
    lifecycle_sample,
    notifications_sample,
    public_access_block_sample,
    shared_cors_sample,
    versioning_sample,
)
from tests.contract.event_samples import (
    disabled_rule_sample,
    event_permission_sample,
    event_queue_sample,
    event_rule_sample,
    event_source_sample,
    limited_source_sample,
    rule_without_target_sample,
)
from tests.contract.life import Foreign, Sample
from tests.contract.wishes import archive, function, log_group, permission, queue, role, role_policy


def _queue(aws: Aws, name: str) -> Sample:
    wanted = queue(aws, name, {"MessageRetentionPeriod": "1209600"})
    url = wanted.url
    return Sample(
        wanted,
        lambda: aws.sqs.set_queue_attributes(QueueUrl=url, Attributes={"MessageRetentionPeriod": "60"}),
        "MessageRetentionPeriod",
        Foreign(
            lambda: aws.sqs.tag_queue(QueueUrl=url, Tags={"colour": "blue"}),
            lambda: aws.sqs.list_queue_tags(QueueUrl=url)["Tags"]["colour"],
        ),
    )


def _fifo_queue(aws: Aws, name: str) -> Sample:
    attributes = {"FifoQueue": "true", "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
    wanted = queue(aws, f"{name}.fifo", attributes)
    return Sample(
        wanted,
        lambda: aws.sqs.tag_queue(QueueUrl=wanted.url, Tags={tags.ENV: "prod"}),
        f"Tags.{tags.ENV}",
    )


def _log_group(aws: Aws, name: str) -> Sample:
    wanted = log_group(name)
    arn = aws.account.arn("logs", f"log-group:{wanted.name}")
    return Sample(
        wanted,
        lambda: aws.logs.put_retention_policy(logGroupName=wanted.name, retentionInDays=7),
        "RetentionInDays",
        Foreign(
            lambda: aws.logs.tag_resource(resourceArn=arn, tags={"colour": "blue"}),
            lambda: aws.logs.list_tags_for_resource(resourceArn=arn)["tags"]["colour"],
        ),
    )


def _role(aws: Aws, name: str) -> Sample:
    trust = {
        "Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    }
    document = json.dumps({"Version": policy.VERSION, **trust})
    return Sample(
        role(name),
        lambda: aws.iam.update_assume_role_policy(RoleName=name, PolicyDocument=document),
        "AssumeRolePolicyDocument",
        Foreign(
            lambda: aws.iam.tag_role(RoleName=name, Tags=[{"Key": "colour", "Value": "blue"}]),
            lambda: [tag for tag in aws.iam.list_role_tags(RoleName=name)["Tags"] if tag["Key"] == "colour"],
        ),
    )


def _role_policy(aws: Aws, name: str) -> Sample:
    statement = policy.Statement("AllowLambdaSendSQS", ("sqs:*",), ("*",))
    document = policy.text(policy.merge([statement]))
    return Sample(
        role_policy(aws, name),
        lambda: aws.iam.put_role_policy(RoleName=name, PolicyName="LambdaPolicy", PolicyDocument=document),
        "Statement.AllowLambdaSendSQS",
        Foreign(
            lambda: aws.iam.put_role_policy(RoleName=name, PolicyName="Theirs", PolicyDocument=document),
            lambda: aws.iam.get_role_policy(RoleName=name, PolicyName="Theirs")["PolicyDocument"],
        ),
    )


def _function(aws: Aws, name: str) -> Sample:
    wanted = function(aws, name)
    arn = wanted.arn(aws.account)
    return Sample(
        wanted,
        lambda: aws.lambda_.update_function_configuration(FunctionName=name, MemorySize=128),
        "MemorySize",
        Foreign(
            lambda: aws.lambda_.tag_resource(Resource=arn, Tags={"colour": "blue"}),
            lambda: aws.lambda_.list_tags(Resource=arn)["Tags"]["colour"],
        ),
    )


def _function_with_a_reservation(aws: Aws, name: str) -> Sample:
    return Sample(
        function(aws, name, concurrency=5),
        lambda: aws.lambda_.delete_function_concurrency(FunctionName=name),
        "ReservedConcurrentExecutions",
    )


def _function_with_other_code(aws: Aws, name: str) -> Sample:
    other = archive("def handler(event, context): return 1")
    return Sample(
        function(aws, name),
        lambda: aws.lambda_.update_function_code(FunctionName=name, ZipFile=other.content),
        "CodeSha256",
    )


def _invoke_config(aws: Aws, name: str) -> Sample:
    failures = queue(aws, f"{name}-failures")
    wanted = InvokeConfig(name, function(aws, name), role_policy(aws, name), 2, 21600, failures, failures.arn)
    return Sample(
        wanted,
        lambda: aws.lambda_.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0),
        "OnFailure",
        _statement_of_others(aws, name),
    )


def _permission(aws: Aws, name: str) -> Sample:
    def drift() -> None:
        aws.lambda_.remove_permission(FunctionName=name, StatementId="AllowS3Invoke-in")
        aws.lambda_.add_permission(
            FunctionName=name,
            StatementId="AllowS3Invoke-in",
            Action="lambda:InvokeFunction",
            Principal="s3.amazonaws.com",
            SourceArn="arn:aws:s3:::another",
        )

    return Sample(permission(aws, name), drift, "SourceArn", _statement_of_others(aws, name))


def _statement_of_others(aws: Aws, function_name: str) -> Foreign:
    def put() -> None:
        aws.lambda_.add_permission(
            FunctionName=function_name,
            StatementId="theirs",
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
        )

    def read() -> object:
        statements = json.loads(aws.lambda_.get_policy(FunctionName=function_name)["Policy"])["Statement"]
        return [statement for statement in statements if statement["Sid"] == "theirs"]

    return Foreign(put, read)


SAMPLES: Final[Mapping[str, Callable[[Aws, str], Sample]]] = {
    "queue": _queue,
    "queue, fifo": _fifo_queue,
    "log_group": _log_group,
    "role": _role,
    "role_policy": _role_policy,
    "function": _function,
    "function, with a reservation": _function_with_a_reservation,
    "function, with other code": _function_with_other_code,
    "invoke_config": _invoke_config,
    "bucket": bucket_sample,
    "bucket_tags": bucket_tags_sample,
    "public_access_block": public_access_block_sample,
    "cors": cors_sample,
    "cors, on another's bucket": shared_cors_sample,
    "versioning": versioning_sample,
    "lifecycle": lifecycle_sample,
    "permission": _permission,
    "permission, for a rule": event_permission_sample,
    "event_rule": event_rule_sample,
    "event_rule, turned off": disabled_rule_sample,
    "event_rule, without its target": rule_without_target_sample,
    "queue, of events": event_queue_sample,
    "event_source": event_source_sample,
    "event_source, limited": limited_source_sample,
    "notifications": notifications_sample,
}


def sample(aws: Aws, which: str) -> Sample:
    """A fresh sample with all that it needs made."""
    made = SAMPLES[which](aws, new_name())
    made.prepare(aws)
    return made


def notifications_beside_others(aws: Aws) -> Notifications:
    """One entry of ours, wanted in somebody else's bucket, in which a queue of others is told of restored objects."""
    life = sample(aws, "notifications")
    assert isinstance(life.wanted, Notifications)
    assert life.foreign
    life.foreign.put()
    return replace(life.wanted, bucket=replace(life.wanted.bucket, existing=True))
