"""Looking at a destination of S3's notifications: whether it is there, and whether S3 may send to it. Reads only."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from botocore.exceptions import ClientError

from task_deployer.aws import Account, Aws
from task_deployer.forbidden import CODES
from task_deployer.refusals import code_of
from task_deployer.resources.base import Identity
from task_deployer.resources.bucket import account_of
from task_deployer.resources.s3_allowed import SERVICE, Source, allows

FUNCTION_ACTIONS = ("lambda:GetPolicy", "lambda:GetFunctionConfiguration")
"""The IAM actions that looking at a function takes."""

QUEUE_ACTIONS = ("sqs:GetQueueAttributes",)
"""The IAM actions that looking at a queue takes."""

TOPIC_ACTIONS = ("sns:GetTopicAttributes",)
"""The IAM actions that looking at a topic takes."""

_NO_QUEUE = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}
_NO_TOPIC = {"NotFound", "NotFoundException"}
_REMOVE = "Ask its owner to remove that entry, or to make the {what} again."
_KMS = (
    "A queue with the key alias/aws/sqs cannot get S3's events, because nobody can change that key's policy. Its owner "
    "gives it SSE-SQS (`aws sqs set-queue-attributes --queue-url {url} --attributes SqsManagedSseEnabled=true`), or a "
    "key whose policy allows s3.amazonaws.com kms:GenerateDataKey and kms:Decrypt."
)

_TOPIC_KMS = (
    "A topic with the key alias/aws/sns cannot get S3's events, because nobody can change that key's policy. Its owner "
    "gives it a key whose policy allows s3.amazonaws.com kms:GenerateDataKey and kms:Decrypt."
)


class _TopicReader(Protocol):
    def get_topic_attributes(self, *, TopicArn: str) -> Mapping[str, Mapping[str, str]]:  # noqa: N803 - boto3's name
        """Read a topic's policy and key, among others."""


@dataclass(frozen=True)
class Finding:
    """What was found: in words, and what can be done. Fine: it is there and S3 may send to it."""

    why: str
    advice: str = ""
    is_fine: bool = False
    is_unfit: bool = False
    """Whether S3 never takes such a destination, checked or not."""
    is_absent: bool = False
    """Whether it surely is not there at all."""
    is_dead: bool = False
    """Whether S3 refuses it for what was seen; false where that is only likely, or nothing could be seen."""


def look(aws: Aws, bucket: Identity, arn: str) -> Finding:
    """Look at one destination, as far as we may: a read that is refused is told, and never taken for absence."""
    never = unfit(aws.account, arn)
    if never is not None:
        return never
    source = Source(bucket["bucket"], aws.account.bucket_arn(bucket["bucket"]), account_of(aws, bucket))
    service = arn.split(":")[2] if arn.count(":") >= 5 else ""  # noqa: PLR2004 - arn:partition:service:region:account:rest
    try:
        match service:
            case "lambda":
                return _function(aws, source, arn)
            case "sqs":
                return _queue(aws, source, arn)
            case "sns":
                return _topic(aws, source, arn)
            case _:
                return Finding("S3 cannot send to it, or may not")
    except ClientError as error:
        if code_of(error) not in CODES:
            raise
        return Finding(f"it is not there, or S3 may not send to it; {error.operation_name} on it is refused to us")


def unfit(account: Account, arn: str) -> Finding | None:
    """What makes S3 refuse a destination whatever else is true: another region than the bucket's, or a FIFO queue."""
    region = (arn.split(":") + [""] * 4)[3]
    if arn.endswith(".fifo"):
        advice = "Send to a standard one, or by EventBridge, which takes FIFO queues as targets."
        return Finding("S3 sends to no FIFO queue or topic", advice, is_unfit=True)
    if region and region != account.region:
        advice = f"Use a destination in {account.region}."
        return Finding(f"it is in {region}, and S3 sends only to the bucket's own region", advice, is_unfit=True)
    return None


def _function(aws: Aws, source: Source, arn: str) -> Finding:
    name, qualifier = [*arn.split(":")[6:], ""][:2]
    which = {"Qualifier": qualifier} if qualifier else {}
    function = ":".join(arn.split(":")[:7]) if name else arn
    try:
        policy = aws.lambda_.get_policy(FunctionName=function, **which)["Policy"]
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        policy = "{}"
        if not _function_exists(aws, function):
            here = _is_here(aws, arn)
            return Finding("the function does not exist", _REMOVE.format(what="function"), is_absent=here, is_dead=here)
    if allows(policy, source, "lambda:InvokeFunction"):
        return Finding("the function is there, and its policy lets S3 invoke it", is_fine=True)
    return Finding("the function is there, but nothing lets S3 invoke it", _permit(source, arn), is_dead=True)


def _function_exists(aws: Aws, function: str) -> bool:
    """GetPolicy has one 404 for no function and for no policy."""
    try:
        aws.lambda_.get_function_configuration(FunctionName=function)
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return False
        raise
    return True


def _is_here(aws: Aws, arn: str) -> bool:
    """Whether it is of this account: another one may hide what it has, so that absence proves nothing."""
    return arn.split(":")[4] == aws.account.id


def _permit(source: Source, arn: str) -> str:
    return (
        f"Its owner allows it: `aws lambda add-permission --function-name {arn} --statement-id s3-{source.name} "
        f"--action lambda:InvokeFunction --principal {SERVICE} --source-arn {source.arn} "
        f"--source-account {source.account}`."
    )


def _queue(aws: Aws, source: Source, arn: str) -> Finding:
    owner, name = arn.split(":")[4:6]
    url = replace(aws.account, id=owner).queue_url(name)
    try:
        found = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy", "KmsMasterKeyId"])
    except ClientError as error:
        if code_of(error) not in _NO_QUEUE:
            raise
        return _not_there(aws, "queue", arn)
    attributes = {str(key): value for key, value in found.get("Attributes", {}).items()}
    if attributes.get("KmsMasterKeyId", "").endswith("alias/aws/sqs"):
        why = "the queue is encrypted with alias/aws/sqs, which S3 cannot use"
        return Finding(why, _KMS.format(url=url), is_dead=True)
    return _judged("queue", attributes, source, arn, "sqs:SendMessage")


def _topic(aws: Aws, source: Source, arn: str) -> Finding:
    client: _TopicReader = aws.rare("sns")  # type: ignore[assignment]  # a client of that service
    try:
        attributes = client.get_topic_attributes(TopicArn=arn)["Attributes"]
    except ClientError as error:
        if code_of(error) not in _NO_TOPIC:
            raise
        return _not_there(aws, "topic", arn)
    if attributes.get("KmsMasterKeyId", "").endswith("alias/aws/sns"):
        return Finding("the topic is encrypted with alias/aws/sns, which S3 cannot use", _TOPIC_KMS, is_dead=True)
    return _judged("topic", attributes, source, arn, "sns:Publish")


def _not_there(aws: Aws, what: str, arn: str) -> Finding:
    here = _is_here(aws, arn)
    hidden = "" if here else f", or the account {arn.split(':')[4]} does not show it to us"
    return Finding(f"the {what} does not exist{hidden}", _REMOVE.format(what=what), is_absent=here, is_dead=here)


def _judged(what: str, attributes: Mapping[str, str], source: Source, arn: str, action: str) -> Finding:
    """Judge by policy and key. A topic's first policy asks for AWS:SourceOwner: what S3 says there only AWS knows."""
    policy, key = attributes.get("Policy") or "{}", attributes.get("KmsMasterKeyId", "")
    if not allows(policy, source, action):
        advice = _let_send(what, source, arn, action)
        return Finding(f"the {what} is there, but its policy lets S3 not send to it", advice, is_dead=True)
    if "aws:sourceowner" in policy.lower():
        why = f"the {what} is there, and only AWS can tell whether its policy lets S3 send to it"
        return Finding(why, _let_send(what, source, arn, action))
    if not key:
        return Finding(f"the {what} is there, and its policy lets S3 send to it", is_fine=True)
    advice = f"The policy of the key {key} has to allow {SERVICE} kms:GenerateDataKey and kms:Decrypt."
    return Finding(f"the {what} lets S3 send to it, and is encrypted with {key}, which S3 may not use", advice)


def _let_send(what: str, source: Source, arn: str, action: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": action,
        "Resource": arn,
        "Condition": {
            "ArnLike": {"aws:SourceArn": source.arn},
            "StringEquals": {"aws:SourceAccount": source.account},
        },
    }
    return f"Its owner adds this statement to the {what}'s policy: {json.dumps(statement)}"
