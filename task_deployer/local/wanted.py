"""Which IAM actions a request needs, on which resources. Pure.

Exact for S3 objects, SQS, Logs and Lambda's Invoke, which is what handlers call. For other services the action is the
operation's name and the resource `*`; Lambda's other operations come out as `lambda:NotModelled`, so that only a policy
with `lambda:*` allows them.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree as ET

from task_deployer.local.call import Call

# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
_BUCKET_READS = {
    "versions": "ListBucketVersions",
    "uploads": "ListBucketMultipartUploads",
    "location": "GetBucketLocation",
}
_SQS_ALIASES = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}


@dataclass(frozen=True)
class Wanted:
    """One action on one resource ARN."""

    action: str
    resource: str


def wanted(call: Call, *, partition: str, account: str) -> tuple[Wanted, ...]:
    """Says what a request needs; empty for what AWS always allows (`sts:GetCallerIdentity`)."""
    if call.service == "s3":
        return _of_s3(call, f"arn:{partition}:s3:::")
    prefix = f"arn:{partition}:{call.service}:{call.region}:{account}:"
    if call.service == "lambda":
        return (_of_lambda(call, prefix),)
    operation, parameters = _operation(call)
    if call.service == "sqs":
        return (_of_sqs(operation, parameters, prefix),)
    if call.service == "logs":
        return (Wanted(f"logs:{operation}", _log_arn(parameters, prefix)),)
    if (call.service, operation) == ("sts", "GetCallerIdentity"):
        return ()
    return (Wanted(f"{call.service}:{operation}", "*"),)


def _of_s3(call: Call, prefix: str) -> tuple[Wanted, ...]:
    bucket = f"{prefix}{call.bucket}"
    if not call.bucket:
        return (Wanted("s3:ListAllMyBuckets", "*"),)
    if call.key:
        needs = (Wanted(f"s3:{_object_action(call)}", f"{bucket}/{call.key}"),)
        return needs + _copy_source(call, prefix)
    if call.method == "POST" and "delete" in call.query:
        return tuple(Wanted(f"s3:{action}", f"{bucket}/{key}") for key, action in _deletions(call.body))
    if call.method in {"GET", "HEAD"}:
        named = next((action for sub, action in _BUCKET_READS.items() if sub in call.query), None)
        return (Wanted(f"s3:{named or _configuration_action('Get', call)}", bucket),)
    verb = {"PUT": "Put", "DELETE": "Delete"}.get(call.method, "Put")
    return (Wanted(f"s3:{_configuration_action(verb, call)}", bucket),)


def _configuration_action(verb: str, call: Call) -> str:
    plain = {"Get": "ListBucket", "Put": "CreateBucket", "Delete": "DeleteBucket"}
    subresources = {"cors": "BucketCORS", "notification": "BucketNotification", "tagging": "BucketTagging"}
    found = next((name for sub, name in subresources.items() if sub in call.query), None)
    if found:
        return f"{'Get' if verb == 'Get' else 'Put'}{found}"
    settings = {"versioning", "policy", "lifecycle", "encryption", "acl", "publicAccessBlock", "logging", "website"}
    return "NotModelled" if settings & set(call.query) else plain[verb]


def _object_action(call: Call) -> str:
    version = "Version" if "versionId" in call.query else ""
    if "tagging" in call.query:
        return {"GET": "Get", "PUT": "Put", "DELETE": "Delete"}.get(call.method, "Get") + f"Object{version}Tagging"
    if "acl" in call.query:
        return ("Get" if call.method == "GET" else "Put") + f"Object{version}Acl"
    if call.method == "DELETE":
        return "AbortMultipartUpload" if "uploadId" in call.query else f"DeleteObject{version}"
    if call.method in {"GET", "HEAD"}:
        return "ListMultipartUploadParts" if "uploadId" in call.query else f"GetObject{version}"
    return "PutObject"


def _copy_source(call: Call, prefix: str) -> tuple[Wanted, ...]:
    source = call.headers.get("x-amz-copy-source")
    if source is None:
        return ()
    path, _, version = source.partition("?versionId=")
    action = "s3:GetObjectVersion" if version else "s3:GetObject"
    return (Wanted(action, prefix + unquote(path).removeprefix("/")),)


def _deletions(body: bytes) -> list[tuple[str, str]]:
    root = ET.fromstring(body)  # noqa: S314 - the caller is a local client of the same user
    return [
        (item.findtext("{*}Key") or "", "DeleteObject" if item.find("{*}VersionId") is None else "DeleteObjectVersion")
        for item in root.iter()
        if item.tag.rpartition("}")[2] == "Object"
    ]


def _of_lambda(call: Call, prefix: str) -> Wanted:
    found = re.fullmatch(r"/[\d-]+/functions/(?P<name>[^/]+)/invocations/?", call.path)
    if found is None:
        return Wanted("lambda:NotModelled", "*")
    return Wanted("lambda:InvokeFunction", f"{prefix}function:{found['name'].rpartition('function:')[2]}")


def _of_sqs(operation: str, parameters: Mapping[str, str], prefix: str) -> Wanted:
    name = urlsplit(parameters.get("QueueUrl", "")).path.rpartition("/")[2] or parameters.get("QueueName", "*")
    return Wanted(f"sqs:{_SQS_ALIASES.get(operation, operation)}", prefix + name)


def _log_arn(parameters: Mapping[str, str], prefix: str) -> str:
    group = f"{prefix}log-group:{parameters.get('logGroupName', '*')}"
    stream = parameters.get("logStreamName")
    return f"{group}:log-stream:{stream}" if stream else f"{group}:*"


def _operation(call: Call) -> tuple[str, Mapping[str, str]]:
    target = call.headers.get("x-amz-target")
    if target is not None:
        parameters = json.loads(call.body or b"{}")
        return target.rpartition(".")[2], {name: value for name, value in parameters.items() if isinstance(value, str)}
    form = {name: values[-1] for name, values in parse_qs(call.body.decode("utf-8", "replace")).items()}
    return form.get("Action", "NotModelled"), form
