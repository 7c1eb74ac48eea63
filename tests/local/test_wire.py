"""HTTP as clients meet it."""

import http.client
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from task_deployer.local import process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local.conftest import Lab


@pytest.fixture
def connection(lab: "Lab") -> "Iterator[http.client.HTTPConnection]":
    """A bare connection to the local AWS."""
    opened = http.client.HTTPConnection(lab.aws.endpoint_url.removeprefix("http://"), timeout=30)
    yield opened
    opened.close()


def test_a_connection_serves_many_requests(lab: "Lab", connection: http.client.HTTPConnection) -> None:
    """The same socket carries an upload in chunks, a read, a HEAD without a body, and a read again."""
    bucket = lab.bucket()

    def signed(operation: str, key: str) -> str:
        url = lab.s3.generate_presigned_url(operation, Params={"Bucket": bucket, "Key": key})
        return url.removeprefix(lab.aws.endpoint_url)

    connection.request("PUT", signed("put_object", "a"), body=iter([b"ab", b"cd"]))
    assert connection.getresponse().read() == b""
    first = connection.sock
    connection.request("GET", signed("get_object", "a"))
    assert connection.getresponse().read() == b"abcd"
    connection.request("HEAD", signed("head_object", "a"))
    head = connection.getresponse()
    assert (head.read(), head.headers["Content-Length"]) == (b"", "4")
    connection.request("GET", signed("get_object", "absent"))
    absent = connection.getresponse()
    assert (absent.status, b"NoSuchKey" in absent.read()) == (404, True)
    assert connection.sock is first


def test_a_call_that_the_local_aws_does_not_know_says_so(lab: "Lab") -> None:
    """Neither a missing operation nor a missing path is taken for a failure that may pass, or for an absence."""
    queue = lab.queue()
    with pytest.raises(ClientError, match="does not know this call") as missing_operation:
        lab.sqs.start_message_move_task(SourceArn=lab.queue_arn(queue))
    with pytest.raises(ClientError, match="does not know this call") as missing_path:
        lab.lambda_.list_code_signing_configs()
    with pytest.raises(ClientError, match="does not know this call") as missing_query:
        lab.iam.simulate_custom_policy(PolicyInputList=["{}"], ActionNames=["s3:GetObject"])
    for caught in (missing_operation, missing_path, missing_query):
        assert caught.value.response["Error"]["Code"] == "NotImplemented"
        assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 0


def test_a_failure_of_the_local_aws_names_its_log(lab: "Lab", connection: http.client.HTTPConnection) -> None:
    """What nobody foresaw is told in the service's own format, with the file that says more, and serving goes on."""
    scope = f"{process.ACCESS_KEY}/20260101/eu-central-1/lambda/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}"}
    connection.request("POST", "/2015-03-31/functions", b"no JSON, which no client sends", headers)
    answer = connection.getresponse()
    said = json.loads(answer.read())
    assert (answer.status, said["__type"]) == (500, "InternalError")
    told = Path(said["message"].rpartition(": ")[2]).read_text(encoding="utf-8")
    assert "POST /2015-03-31/functions failed" in told
    assert "JSONDecodeError" in told
    assert lab.s3.list_buckets()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_an_upload_may_wait_for_the_go_ahead(lab: "Lab") -> None:
    """A client that sends `Expect: 100-continue`, as boto3 does for uploads, is answered; large bodies come through."""
    bucket = lab.bucket()
    body = bytes(range(256)) * 20_000
    lab.s3.put_object(Bucket=bucket, Key="large", Body=body)
    assert lab.s3.get_object(Bucket=bucket, Key="large")["Body"].read() == body


def test_a_preflight_is_answered_by_the_buckets_own_rules(lab: "Lab", connection: http.client.HTTPConnection) -> None:
    """Without a CORS rule a browser is told nothing; with one it is told its own origin."""
    bucket = lab.bucket()
    headers = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "PUT"}
    connection.request("OPTIONS", f"/{bucket}/a", headers=headers)
    unruled = connection.getresponse()
    unruled.read()
    assert unruled.headers["Access-Control-Allow-Origin"] is None
    rule = {"AllowedOrigins": ["https://app.example.com"], "AllowedMethods": ["PUT"]}
    lab.s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})  # type: ignore[list-item]  # a plain dict
    connection.request("OPTIONS", f"/{bucket}/a", headers=headers)
    allowed = connection.getresponse()
    allowed.read()
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://app.example.com"


def test_a_presigned_upload_runs_the_function(lab: "Lab", forwarding: tuple[str, str]) -> None:
    """A PUT to a presigned URL, as a browser does it, is an upload like any other."""
    function, queue = forwarding
    bucket = lab.bucket()
    lab.subscribe(function, bucket, "s3:ObjectCreated:*")
    url = lab.s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "a b"})
    connection = http.client.HTTPConnection(lab.aws.endpoint_url.removeprefix("http://"), timeout=30)
    connection.request("PUT", url.removeprefix(lab.aws.endpoint_url), body=b"x")
    assert connection.getresponse().status == 200
    connection.close()
    assert "Records" in lab.receive(queue)


def test_a_waiting_receiver_keeps_nobody_else_waiting(lab: "Lab", forwarding: tuple[str, str]) -> None:
    """While one client waits for messages, others upload, and the waiting one gets what comes of it."""
    function, queue = forwarding
    bucket = lab.bucket()
    lab.subscribe(function, bucket, "s3:ObjectCreated:*")
    lab.s3.put_object(Bucket=bucket, Key="a", Body=b"")
    # The handler's own call must pass while this one waits: with a lock held it would come too late.
    assert "Messages" in lab.sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)
