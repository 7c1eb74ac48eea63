"""Samples of what brings events to a function besides S3 itself: rules, queues and their mappings."""

import json

from task_deployer import tags
from task_deployer.aws import Aws
from task_deployer.resources.event_rule import TARGET
from tests.contract.life import Foreign, Sample
from tests.contract.wishes import event_permission, event_queue, event_rule, event_source, queue


def event_permission_sample(aws: Aws, name: str) -> Sample:
    """The statement for EventBridge, which names no account."""

    def drift() -> None:
        statement = "AllowEventBridgeInvoke-in"
        aws.lambda_.remove_permission(FunctionName=name, StatementId=statement)
        aws.lambda_.add_permission(
            FunctionName=name,
            StatementId=statement,
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
        )

    return Sample(event_permission(aws, name), drift, "SourceArn")


def event_rule_sample(aws: Aws, name: str) -> Sample:
    """A rule whose pattern somebody changed, beside tags and a target of others."""
    arn = aws.account.arn("events", f"rule/{name}")
    other = queue(aws, f"{name}-theirs").arn

    def put() -> None:
        aws.events.tag_resource(ResourceARN=arn, Tags=[{"Key": "colour", "Value": "blue"}])
        aws.events.put_targets(Rule=name, Targets=[{"Id": "theirs", "Arn": other}])

    def read() -> object:
        found = aws.events.list_tags_for_resource(ResourceARN=arn)["Tags"]
        targets = aws.events.list_targets_by_rule(Rule=name)["Targets"]
        return [tag for tag in found if tag["Key"] == "colour"], [one for one in targets if one["Id"] == "theirs"]

    def drift() -> None:
        aws.events.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.s3"]}))

    return Sample(event_rule(aws, name), drift, "EventPattern", Foreign(put, read))


def disabled_rule_sample(aws: Aws, name: str) -> Sample:
    """A rule that somebody turned off."""
    return Sample(event_rule(aws, name), lambda: aws.events.disable_rule(Name=name), "State")


def rule_without_target_sample(aws: Aws, name: str) -> Sample:
    """A rule whose target somebody took away."""
    return Sample(event_rule(aws, name), lambda: aws.events.remove_targets(Rule=name, Ids=[TARGET]), "Target")


def event_queue_sample(aws: Aws, name: str) -> Sample:
    """A queue whose failures somebody sends nowhere."""
    wanted = event_queue(aws, name)
    return Sample(
        wanted,
        lambda: aws.sqs.set_queue_attributes(QueueUrl=wanted.url, Attributes={"RedrivePolicy": ""}),
        "RedrivePolicy",
    )


def event_source_sample(aws: Aws, name: str) -> Sample:
    """A mapping that somebody turned off, with tags of others."""
    wanted = event_source(aws, name)

    def found() -> tuple[str, str]:
        (mapping,) = aws.lambda_.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
        return mapping["UUID"], aws.account.arn("lambda", f"event-source-mapping:{mapping['UUID']}")

    return Sample(
        wanted,
        lambda: aws.lambda_.update_event_source_mapping(UUID=found()[0], Enabled=False),
        "State",
        Foreign(
            lambda: aws.lambda_.tag_resource(Resource=found()[1], Tags={"colour": "blue"}),
            lambda: aws.lambda_.list_tags(Resource=found()[1])["Tags"]["colour"],
        ),
    )


def limited_source_sample(aws: Aws, name: str) -> Sample:
    """A mapping whose limit somebody took away, and whose tags somebody changed."""
    wanted = event_source(aws, name, maximum_concurrency=5)

    def drift() -> None:
        (mapping,) = aws.lambda_.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
        arn = aws.account.arn("lambda", f"event-source-mapping:{mapping['UUID']}")
        aws.lambda_.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig={})
        aws.lambda_.tag_resource(Resource=arn, Tags={tags.ENV: "prod"})

    return Sample(wanted, drift, "MaximumConcurrency")
