"""Looking at a destination of S3's notifications: whether it is there, and whether S3 may send to it. Reads only."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from botocore.exceptions import ClientError

from task_deployer.aws import Account, Aws
from task_deployer.forbidden import CODES
from task_deployer.refusals import code_of
from task_deployer.resources.base import Identity
from task_deployer.resources.bucket import account_of

FUNCTION_ACTIONS = ("lambda:GetPolicy", "lambda:GetFunctionConfiguration")
"""The IAM actions that looking at a function takes."""

QUEUE_ACTIONS = ("sqs:GetQueueAttributes",)
"""The IAM actions that looking at a queue takes."""

_SERVICE = "s3.amazonaws.com"
_LIKENESS = re.compile(r"(ForAnyValue:|ForAllValues:)?(String|Arn)(Equals|EqualsIgnoreCase|Like)(IfExists)?")
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
    is_absent: bool = False
    """Whether it surely is not there at all."""
    is_dead: bool = False
    """Whether S3 refuses it for what was seen; false where that is only likely, or nothing could be seen."""


@dataclass(frozen=True)
class _Source:
    """A bucket as a policy's conditions tell it."""

    name: str
    arn: str
    account: str


def look(aws: Aws, bucket: Identity, arn: str) -> Finding:
    """Look at one destination, as far as we may: a read that is refused is told, and never taken for absence."""
    never = unfit(aws.account, arn)
    if never is not None:
        return never
    source = _Source(bucket["bucket"], aws.account.bucket_arn(bucket["bucket"]), account_of(aws, bucket))
    service = arn.split(":")[2] if arn.count(":") >= 5 else ""  # noqa: PLR2004 - arn:partition:service:region:account:rest
    try:
        match service:
            case "lambda":
                return _function(aws, source, arn)
            case "sqs":
                return _queue(aws, source, arn)
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


def _function(aws: Aws, source: _Source, arn: str) -> Finding:
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
    if _allows(policy, source, "lambda:InvokeFunction"):
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


def _permit(source: _Source, arn: str) -> str:
    return (
        f"Its owner allows it: `aws lambda add-permission --function-name {arn} --statement-id s3-{source.name} "
        f"--action lambda:InvokeFunction --principal {_SERVICE} --source-arn {source.arn} "
        f"--source-account {source.account}`."
    )


def _queue(aws: Aws, source: _Source, arn: str) -> Finding:
    owner, name = arn.split(":")[4:6]
    url = replace(aws.account, id=owner).queue_url(name)
    try:
        found = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy", "KmsMasterKeyId"])
    except ClientError as error:
        if code_of(error) not in _NO_QUEUE:
            raise
        here = _is_here(aws, arn)
        hidden = "" if here else f", or the account {owner} does not show it to us"
        return Finding(f"the queue does not exist{hidden}", _REMOVE.format(what="queue"), is_absent=here, is_dead=here)
    attributes = {str(key): value for key, value in found.get("Attributes", {}).items()}
    if attributes.get("KmsMasterKeyId", "").endswith("alias/aws/sqs"):
        why = "the queue is encrypted with alias/aws/sqs, which S3 cannot use"
        return Finding(why, _KMS.format(url=url), is_dead=True)
    if _allows(attributes.get("Policy") or "{}", source, "sqs:SendMessage"):
        return _queue_allows(attributes.get("KmsMasterKeyId", ""))
    return Finding("the queue is there, but its policy lets S3 not send to it", _let_send(source, arn), is_dead=True)


def _queue_allows(key: str) -> Finding:
    if not key:
        return Finding("the queue is there, and its policy lets S3 send to it", is_fine=True)
    advice = f"The policy of the key {key} has to allow {_SERVICE} kms:GenerateDataKey and kms:Decrypt."
    return Finding(f"the queue lets S3 send to it, and is encrypted with {key}, which S3 may not use", advice)


def _let_send(source: _Source, arn: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": _SERVICE},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {
            "ArnLike": {"aws:SourceArn": source.arn},
            "StringEquals": {"aws:SourceAccount": source.account},
        },
    }
    return f"Its owner adds this statement to the queue's policy: {json.dumps(statement)}"


def _allows(policy: str, source: _Source, action: str) -> bool:
    """Whether some statement may let S3 do this for this bucket. What only AWS can judge counts as met."""
    known = {"aws:sourcearn": source.arn, "aws:sourceaccount": source.account}
    return any(
        statement.get("Effect") == "Allow"
        and ("NotPrincipal" in statement or _is_s3(statement.get("Principal")))
        and ("NotAction" in statement or _matches(action.lower(), _words(statement.get("Action"))))
        and all(_holds(pair, known) for pair in _conditions(statement.get("Condition")))
        for statement in _mappings(json.loads(policy).get("Statement", []))
    )


def _is_s3(principal: object) -> bool:
    if isinstance(principal, Mapping):
        return bool({_SERVICE, "*"} & {*_words(principal.get("Service"))}) or "*" in _words(principal.get("AWS"))
    return principal == "*"


def _holds(condition: tuple[str, object], known: Mapping[str, str]) -> bool:
    key, wanted = condition
    words = _words(wanted)
    return key not in known or any("${" in word for word in words) or _matches(known[key].lower(), words)


def _matches(value: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(value, pattern.lower()) for pattern in patterns)


def _conditions(condition: object) -> Iterator[tuple[str, object]]:
    """Keys and values of those conditions that ask for a likeness, as in `ArnLikeIfExists`; others AWS alone judges."""
    for operator, tests in condition.items() if isinstance(condition, Mapping) else ():
        if isinstance(tests, Mapping) and _LIKENESS.fullmatch(str(operator)):
            yield from ((str(key).lower(), value) for key, value in tests.items())


def _mappings(value: object) -> list[Mapping[str, object]]:
    found = value if isinstance(value, list) else [value]
    return [item for item in found if isinstance(item, Mapping)]


def _words(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [str(item) for item in value] if isinstance(value, list) else []
