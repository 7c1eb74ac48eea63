"""Looking at a destination of S3's notifications: whether it is there, and whether S3 may send to it. Reads only."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from botocore.exceptions import ClientError

from task_deployer.aws import Account, Aws
from task_deployer.forbidden import CODES
from task_deployer.refusals import code_of

_SERVICE = "s3.amazonaws.com"
_NO_QUEUE = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}
_REMOVE = "Ask its owner to remove that entry, or to make the {what} again."
_KMS = (
    "A queue with the key alias/aws/sqs cannot get S3's events, because nobody can change that key's policy. Its owner "
    "gives it SSE-SQS (`aws sqs set-queue-attributes --queue-url {url} --attributes SqsManagedSseEnabled=true`), or a "
    "key whose policy allows s3.amazonaws.com kms:GenerateDataKey and kms:Decrypt."
)


@dataclass(frozen=True)
class Finding:
    """What was found: in words, and what can be done. Fine: it is there and S3 may send to it."""

    why: str
    advice: str = ""
    is_fine: bool = False
    is_unfit: bool = False
    """Whether S3 never takes such a destination, checked or not."""


def look(aws: Aws, bucket: str, arn: str) -> Finding:
    """Look at one destination, as far as we may: a read that is refused is told, and never taken for absence."""
    never = unfit(aws.account, arn)
    if never is not None:
        return never
    service = arn.split(":")[2] if arn.count(":") >= 5 else ""  # noqa: PLR2004 - arn:partition:service:region:account:rest
    try:
        match service:
            case "lambda":
                return _function(aws, bucket, arn)
            case "sqs":
                return _queue(aws, bucket, arn)
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
        advice = "Send to a standard queue, or by EventBridge, which takes FIFO queues as targets."
        return Finding("S3 sends to no FIFO queue", advice, is_unfit=True)
    if region and region != account.region:
        advice = f"Use a destination in {account.region}."
        return Finding(f"it is in {region}, and S3 sends only to the bucket's own region", advice, is_unfit=True)
    return None


def _function(aws: Aws, bucket: str, arn: str) -> Finding:
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
            return Finding("the function does not exist", _REMOVE.format(what="function"))
    if _allows(policy, aws.account, bucket, "lambda:InvokeFunction"):
        return Finding("the function is there, and its policy lets S3 invoke it", is_fine=True)
    return Finding("the function is there, but nothing lets S3 invoke it", _permit(aws.account, bucket, arn))


def _function_exists(aws: Aws, function: str) -> bool:
    """GetPolicy has one 404 for no function and for no policy."""
    try:
        aws.lambda_.get_function_configuration(FunctionName=function)
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return False
        raise
    return True


def _permit(account: Account, bucket: str, arn: str) -> str:
    return (
        f"Its owner allows it: `aws lambda add-permission --function-name {arn} --statement-id s3-{bucket} "
        f"--action lambda:InvokeFunction --principal {_SERVICE} --source-arn {account.bucket_arn(bucket)} "
        f"--source-account {account.id}`."
    )


def _queue(aws: Aws, bucket: str, arn: str) -> Finding:
    owner, name = arn.split(":")[4:6]
    try:
        url = aws.sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=owner)["QueueUrl"]
        found = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy", "KmsMasterKeyId"])
    except ClientError as error:
        if code_of(error) not in _NO_QUEUE:
            raise
        hidden = "" if owner == aws.account.id else f", or the account {owner} does not show it to us"
        return Finding(f"the queue does not exist{hidden}", _REMOVE.format(what="queue"))
    attributes = {str(key): value for key, value in found.get("Attributes", {}).items()}
    if attributes.get("KmsMasterKeyId", "").endswith("alias/aws/sqs"):
        return Finding("the queue is encrypted with alias/aws/sqs, which S3 cannot use", _KMS.format(url=url))
    if _allows(attributes.get("Policy", "{}"), aws.account, bucket, "sqs:SendMessage"):
        return _queue_allows(attributes.get("KmsMasterKeyId", ""))
    return Finding("the queue is there, but its policy lets S3 not send to it", _let_send(aws.account, bucket, arn))


def _queue_allows(key: str) -> Finding:
    if not key:
        return Finding("the queue is there, and its policy lets S3 send to it", is_fine=True)
    advice = f"The policy of the key {key} has to allow {_SERVICE} kms:GenerateDataKey and kms:Decrypt."
    return Finding(f"the queue lets S3 send to it, and is encrypted with {key}, which S3 may not use", advice)


def _let_send(account: Account, bucket: str, arn: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": _SERVICE},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {
            "ArnLike": {"aws:SourceArn": account.bucket_arn(bucket)},
            "StringEquals": {"aws:SourceAccount": account.id},
        },
    }
    return f"Its owner adds this statement to the queue's policy: {json.dumps(statement)}"


def _allows(policy: str, account: Account, bucket: str, action: str) -> bool:
    """Whether some statement lets S3 do this for this bucket. Conditions that only AWS can judge count as met."""
    source = {"aws:sourcearn": account.bucket_arn(bucket), "aws:sourceaccount": account.id}
    return any(
        statement.get("Effect") == "Allow"
        and _is_s3(statement.get("Principal"))
        and any(fnmatchcase(action.lower(), word.lower()) for word in _words(statement.get("Action")))
        and all(_holds(pair, source) for pair in _conditions(statement.get("Condition")))
        for statement in _mappings(json.loads(policy).get("Statement", []))
    )


def _is_s3(principal: object) -> bool:
    if isinstance(principal, Mapping):
        return _SERVICE in _words(principal.get("Service")) or "*" in _words(principal.get("AWS"))
    return principal == "*"


def _holds(condition: tuple[str, object], source: Mapping[str, str]) -> bool:
    key, wanted = condition
    return key not in source or any(fnmatchcase(source[key], word) for word in _words(wanted))


def _conditions(condition: object) -> Iterator[tuple[str, object]]:
    for tests in condition.values() if isinstance(condition, Mapping) else ():
        yield from ((str(key).lower(), value) for key, value in tests.items())


def _mappings(value: object) -> list[Mapping[str, object]]:
    found = value if isinstance(value, list) else [value]
    return [item for item in found if isinstance(item, Mapping)]


def _words(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [str(item) for item in value] if isinstance(value, list) else []
