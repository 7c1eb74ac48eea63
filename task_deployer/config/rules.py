"""Rules of the function's, the stack's and the topics' keys that a type cannot say.

Each takes a value and returns it, or raises what is wrong and what would be right. The limits are AWS's documented
ones, unless a docstring says otherwise.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping

from task_deployer.config.table import quoted, wrong

ENVIRONMENT_LIMIT = 4096  # bytes, as compact JSON, names included
TAG_LIMIT = 47  # AWS takes 50 a resource, and three are ours
QUEUE_LIMIT = 80  # characters, .fifo included
RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)

_OUR_VARIABLES = {"TASK_DEPLOY_BUCKETS", "TASK_DEPLOY_CALLBACK", "TASK_DEPLOY_TOPICS"}
# Lambda's "defined runtime environment variables" that are marked reserved. Others that begin with AWS_ may be set.
_LAMBDA_VARIABLES = {
    *("AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"),
    *("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
    *("AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_INITIALIZATION_TYPE"),
    *("AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_MAX_CONCURRENCY"),
    *("AWS_LAMBDA_METADATA_API", "AWS_LAMBDA_METADATA_TOKEN"),
}
_QUEUE_NAME = r"[A-Za-z0-9_-]{1,80}(?:\.fifo)?"
_QUEUE_ARN = re.compile(rf"arn:aws[a-z-]*:sqs:(?P<region>[a-z0-9-]+):[0-9]{{12}}:(?P<name>{_QUEUE_NAME})")
_QUEUE_URL = re.compile(rf"https?://(?:sqs\.(?P<region>[a-z0-9-]+)\.)?[^/\s]+(?:/[^/\s]+)*/(?P<name>{_QUEUE_NAME})")


def retention(days: int) -> int:
    """Refuse a retention that CloudWatch Logs does not offer (the list is that of PutRetentionPolicy)."""
    if days not in RETENTIONS:
        best = min(RETENTIONS, key=lambda offered: abs(offered - days))
        raise wrong(
            f"{days} is no retention that AWS offers", f"The nearest is {best}; all: {', '.join(map(str, RETENTIONS))}."
        )
    return days


def variable_name(name: str) -> str:
    """Refuse an environment variable that Lambda or the tool sets itself, or that Lambda's pattern does not allow."""
    if name in _OUR_VARIABLES:
        raise wrong("is set by task-deploy itself", "Choose another name.")
    if name in _LAMBDA_VARIABLES:
        raise wrong("is reserved by Lambda, which sets it itself", "Choose another name.")
    if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_]+", name):
        advice = "Two or more letters, digits and underscores, a letter first."
        raise wrong(f"{quoted(name)} is no name for an environment variable in Lambda", advice)
    return name


def variables(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Refuse an environment that is too large for Lambda. The message shows no value: they may be secret."""
    size = len(json.dumps(dict(environment), separators=(",", ":"), ensure_ascii=False).encode())
    if size > ENVIRONMENT_LIMIT:
        advice = "Keep large values in S3 or in Parameter Store, and their names here."
        raise wrong(f"takes {size} bytes, {size - ENVIRONMENT_LIMIT} more than Lambda's 4096", advice)
    return environment


def tag_key(key: str) -> str:
    """Refuse a tag key that AWS would refuse, or that is the tool's own."""
    if key.lower().startswith(("aws:", "task-deployer:")):
        raise wrong(f"begins with {key[: key.index(':') + 1]}, which is reserved", "Choose another key.")
    if not 1 <= len(key) <= 128:  # noqa: PLR2004 - AWS's limit
        raise wrong(f"has {len(key)} characters", "A tag's key has 1 to 128.")
    return _tag_text(key)


def tag_value(value: str) -> str:
    """Refuse a tag value that AWS would refuse."""
    if len(value) > 256:  # noqa: PLR2004 - AWS's limit
        raise wrong(f"has {len(value)} characters", "A tag's value has at most 256.")
    return _tag_text(value)


def tags(given: Mapping[str, str]) -> Mapping[str, str]:
    """Refuse too many tags, and keys that differ in case alone: IAM takes those for the same."""
    if len(given) > TAG_LIMIT:
        raise wrong(f"has {len(given)} tags", f"At most {TAG_LIMIT}: AWS takes 50, and three are task-deploy's own.")
    twice = [key for key, count in Counter(map(str.lower, given)).items() if count > 1]
    if twice:
        alike = " and ".join(key for key in given if key.lower() == twice[0])
        raise wrong(f"has {alike}, which are one key to IAM", "Keep one of them.")
    return given


def _tag_text(text: str) -> str:
    bad = [one for one in text if unicodedata.category(one)[0] not in "LZN" and one not in "_.:/=+-@"]
    if bad:
        raise wrong(
            f"has {quoted(bad[0])}, which tags cannot have", "Letters, digits, spaces and _ . : / = + - @ are allowed."
        )
    return text


def queue(reference: str) -> str:
    """Refuse what is neither the ARN, nor the URL, nor the name of an SQS queue."""
    for pattern in (_QUEUE_ARN, _QUEUE_URL, re.compile(f"(?P<name>{_QUEUE_NAME})")):
        found = pattern.fullmatch(reference)
        if found and len(found["name"]) <= QUEUE_LIMIT:
            return reference
    advice = "For example arn:aws:sqs:eu-central-1:123456789012:billing.fifo, the queue's URL, or billing.fifo."
    raise wrong(f"{quoted(reference)} is neither the ARN nor the URL nor the name of a queue", advice)


def queue_region(reference: str) -> str | None:
    """Tell the region that a queue's ARN or URL names, if it names one."""
    found = _QUEUE_ARN.fullmatch(reference) or _QUEUE_URL.fullmatch(reference)
    return found["region"] if found else None
