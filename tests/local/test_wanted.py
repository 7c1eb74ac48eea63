import json

import pytest

from task_deployer.local.call import read_call
from task_deployer.local.wanted import Wanted, wanted

QUEUE = "http://127.0.0.1:1/000000000000/orders.fifo"


def needs(service: str, method: str, target: str, body: bytes = b"", **headers: str) -> list[tuple[str, str]]:
    """Actions and resources (without `arn:aws:`) that a request needs."""
    scope = (
        f"AWS4-HMAC-SHA256 Credential=ASIAASIAASIAASIA0000/20261123/eu-central-1/{service}/aws4_request, Signature=x"
    )
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    call = read_call(method, target, {"authorization": scope, **named}, body, "127.0.0.1")
    found: tuple[Wanted, ...] = wanted(call, partition="aws", account="000000000000")
    return [(need.action, need.resource.removeprefix("arn:aws:")) for need in found]


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("GET", "/b/a/k.csv", ("s3:GetObject", "s3:::b/a/k.csv")),
        ("HEAD", "/b/a%20k", ("s3:GetObject", "s3:::b/a k")),
        ("GET", "/b/k?versionId=1", ("s3:GetObjectVersion", "s3:::b/k")),
        ("PUT", "/b/k", ("s3:PutObject", "s3:::b/k")),
        ("PUT", "/b/k?partNumber=1&uploadId=u", ("s3:PutObject", "s3:::b/k")),
        ("POST", "/b/k?uploads", ("s3:PutObject", "s3:::b/k")),
        ("DELETE", "/b/k", ("s3:DeleteObject", "s3:::b/k")),
        ("DELETE", "/b/k?uploadId=u", ("s3:AbortMultipartUpload", "s3:::b/k")),
        ("GET", "/b/k?tagging", ("s3:GetObjectTagging", "s3:::b/k")),
        ("GET", "/b?list-type=2&prefix=a", ("s3:ListBucket", "s3:::b")),
        ("HEAD", "/b", ("s3:ListBucket", "s3:::b")),
        ("GET", "/b?versions", ("s3:ListBucketVersions", "s3:::b")),
        ("PUT", "/b?notification", ("s3:PutBucketNotification", "s3:::b")),
        ("DELETE", "/b", ("s3:DeleteBucket", "s3:::b")),
        ("GET", "/", ("s3:ListAllMyBuckets", "*")),
    ],
)
def test_an_s3_request_needs_the_action_aws_documents(method: str, target: str, expected: tuple[str, str]) -> None:
    """Each S3 request maps to its IAM action and the bucket or object it is about."""
    assert [expected] == needs("s3", method, target)


def test_a_copy_needs_to_read_its_source_too() -> None:
    """CopyObject needs PutObject on the target and GetObject on the source."""
    found = needs("s3", "PUT", "/b/new", x_amz_copy_source="/a/old%20one")
    assert found == [("s3:PutObject", "s3:::b/new"), ("s3:GetObject", "s3:::a/old one")]


def test_a_batch_deletion_needs_each_key() -> None:
    """DeleteObjects needs DeleteObject on every key, and DeleteObjectVersion where a version is named."""
    body = b'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a</Key></Object>'
    body += b"<Object><Key>b</Key><VersionId>1</VersionId></Object></Delete>"
    expected = [("s3:DeleteObject", "s3:::b/a"), ("s3:DeleteObjectVersion", "s3:::b/b")]
    assert expected == needs("s3", "POST", "/b?delete", body)


def test_sqs_and_logs_name_their_resource_in_the_body() -> None:
    """A batch needs the single action's right, on the queue of its URL; a log call needs its stream."""
    queue = ("sqs:SendMessage", "sqs:eu-central-1:000000000000:orders.fifo")
    body = json.dumps({"QueueUrl": QUEUE, "Entries": []}).encode()
    assert [queue] == needs("sqs", "POST", "/", body, x_amz_target="AmazonSQS.SendMessageBatch")
    assert [queue] == needs("sqs", "POST", "/", f"Action=SendMessage&QueueUrl={QUEUE}".encode())
    body = json.dumps({"logGroupName": "/aws/lambda/f", "logStreamName": "s"}).encode()
    stream = ("logs:PutLogEvents", "logs:eu-central-1:000000000000:log-group:/aws/lambda/f:log-stream:s")
    assert [stream] == needs("logs", "POST", "/", body, x_amz_target="Logs_20140328.PutLogEvents")


def test_lambda_knows_invoke_and_leaves_the_rest_to_a_wildcard() -> None:
    """Invoke needs InvokeFunction on the function; other Lambda calls need a name only `lambda:*` covers."""
    function = ("lambda:InvokeFunction", "lambda:eu-central-1:000000000000:function:f")
    assert [function] == needs("lambda", "POST", "/2015-03-31/functions/f/invocations")
    assert needs("lambda", "GET", "/2015-03-31/functions/f") == [("lambda:NotModelled", "*")]


def test_everybody_may_ask_who_they_are() -> None:
    """`sts:GetCallerIdentity` needs no permission, as on AWS."""
    assert needs("sts", "POST", "/", b"Action=GetCallerIdentity&Version=2011-06-15") == []
