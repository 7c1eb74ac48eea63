"""From an uploaded object to a message in a queue, through a handler that really runs."""

import json
from typing import TYPE_CHECKING, cast

from task_deployer.local.async_events import LONGEST_CHAIN
from task_deployer.local.process import ACCOUNT

if TYPE_CHECKING:
    from tests.local.conftest import Event, Lab


def record_of(event: "Event") -> "Event":
    """The one record of an event."""
    records = cast("list[Event]", event["Records"])
    assert len(records) == 1
    return records[0]


def object_of(event: "Event") -> "Event":
    """The object that an event is about."""
    return cast("dict[str, Event]", record_of(event)["s3"])["object"]


def test_an_upload_runs_the_function_with_the_event_s3_sends(lab: "Lab", forwarding: tuple[str, str]) -> None:
    """A PutObject becomes one event with every field AWS documents."""
    function, queue = forwarding
    bucket = lab.bucket()
    lab.subscribe(function, bucket, "s3:ObjectCreated:*")
    put = lab.s3.put_object(Bucket=bucket, Key="in/a b+ü.csv", Body=b"abc")
    record = record_of(lab.receive(queue))
    assert record["eventVersion"] == "2.1"
    assert record["eventSource"] == "aws:s3"
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["awsRegion"] == "eu-central-1"
    assert record["userIdentity"] == {"principalId": f"AWS:{ACCOUNT}"}
    assert record["requestParameters"] == {"sourceIPAddress": "127.0.0.1"}
    said = put["ResponseMetadata"]
    assert record["responseElements"] == {"x-amz-request-id": said["RequestId"], "x-amz-id-2": said["HostId"]}
    s3 = cast("dict[str, object]", record["s3"])
    seen = cast("Event", s3["object"])
    assert s3["configurationId"] == "ours"
    assert s3["bucket"] == {
        "name": bucket,
        "arn": f"arn:aws:s3:::{bucket}",
        "ownerIdentity": {"principalId": ACCOUNT},
    }
    assert {"key": "in/a+b%2B%C3%BC.csv", "size": 3, "eTag": put["ETag"].strip('"')}.items() <= seen.items()
    assert "versionId" not in seen


def test_each_way_to_write_and_remove_sends_its_own_single_event(lab: "Lab", forwarding: tuple[str, str]) -> None:
    """Put, copy, multipart upload and deletion each send one event, of their own type and with growing sequencers."""
    function, queue = forwarding
    bucket = lab.bucket()
    lab.subscribe(function, bucket, "s3:ObjectCreated:*", "s3:ObjectRemoved:*")
    seen = []

    def next_event() -> str:
        event = lab.receive(queue)
        seen.append(str(object_of(event)["sequencer"]))
        return str(record_of(event)["eventName"])

    lab.s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    assert next_event() == "ObjectCreated:Put"
    lab.s3.copy_object(Bucket=bucket, Key="b", CopySource={"Bucket": bucket, "Key": "a"})
    assert next_event() == "ObjectCreated:Copy"
    upload = lab.s3.create_multipart_upload(Bucket=bucket, Key="c")["UploadId"]
    part = lab.s3.upload_part(Bucket=bucket, Key="c", UploadId=upload, PartNumber=1, Body=b"3")
    parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
    lab.s3.complete_multipart_upload(Bucket=bucket, Key="c", UploadId=upload, MultipartUpload={"Parts": parts})  # type: ignore[typeddict-item]  # a list of parts
    assert next_event() == "ObjectCreated:CompleteMultipartUpload"
    lab.s3.delete_object(Bucket=bucket, Key="a")
    assert next_event() == "ObjectRemoved:Delete"
    lab.s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "b"}]})
    assert next_event() == "ObjectRemoved:Delete"
    assert seen == sorted(set(seen))


def test_a_versioned_bucket_tells_versions_and_markers(lab: "Lab", forwarding: tuple[str, str]) -> None:
    """A deletion without a version makes a marker, one with a version removes it; each event names its version."""
    function, queue = forwarding
    bucket = lab.bucket(versioned=True)
    lab.subscribe(function, bucket, "s3:ObjectCreated:*", "s3:ObjectRemoved:*")
    version = lab.s3.put_object(Bucket=bucket, Key="a", Body=b"1")["VersionId"]
    assert object_of(lab.receive(queue))["versionId"] == version
    marker = lab.s3.delete_object(Bucket=bucket, Key="a")["VersionId"]
    event = lab.receive(queue)
    assert record_of(event)["eventName"] == "ObjectRemoved:DeleteMarkerCreated"
    assert object_of(event)["versionId"] == marker
    lab.s3.delete_object(Bucket=bucket, Key="a", VersionId=version)
    event = lab.receive(queue)
    assert record_of(event)["eventName"] == "ObjectRemoved:Delete"
    assert object_of(event)["versionId"] == version


def test_s3_stops_delivering_when_the_function_no_longer_trusts_it(lab: "Lab", forwarding: tuple[str, str]) -> None:
    """An event after RemovePermission is dropped, though the notification document still names the function."""
    function, queue = forwarding
    bucket = lab.bucket()
    lab.subscribe(function, bucket, "s3:ObjectCreated:*")
    lab.lambda_.remove_permission(FunctionName=function, StatementId="AllowS3Invoke")
    lab.s3.put_object(Bucket=bucket, Key="dropped", Body=b"")
    lab.permit(function, bucket)
    lab.s3.put_object(Bucket=bucket, Key="delivered", Body=b"")
    assert object_of(lab.receive(queue))["key"] == "delivered"
    assert "Messages" not in lab.sqs.receive_message(QueueUrl=queue)


def test_the_role_decides_what_the_handler_may_do(lab: "Lab") -> None:
    """A handler's own call that no policy allows is AccessDenied, and works once the policy allows it."""
    bucket = lab.bucket()
    source = """
        import boto3, os
        from botocore.exceptions import ClientError

        def handle(event, context):
            try:
                boto3.client("s3").get_object(Bucket=os.environ["BUCKET"], Key=event)
            except ClientError as error:
                return error.response["Error"] | {"status": error.response["ResponseMetadata"]["HTTPStatusCode"]}
            return "read"
    """
    lab.s3.put_object(Bucket=bucket, Key="there", Body=b"")
    function = lab.function(source, allow=["sqs:SendMessage"], environment={"BUCKET": bucket})
    refused = cast("Event", lab.invoke(function, "there"))
    assert (refused["Code"], refused["status"]) == ("AccessDenied", 403)
    assert f"is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::{bucket}/there" in str(
        refused["Message"]
    )
    lab.allow(function, ["s3:GetObject"], f"arn:aws:s3:::{bucket}/*")
    assert lab.invoke(function, "there") == "read"
    # Without s3:ListBucket an absent key is told as forbidden.
    assert cast("Event", lab.invoke(function, "absent"))["Code"] == "AccessDenied"
    lab.allow(function, ["s3:GetObject", "s3:ListBucket"])
    assert cast("Event", lab.invoke(function, "absent"))["Code"] == "NoSuchKey"


def test_an_attached_policy_counts_like_an_inline_one(lab: "Lab") -> None:
    """A managed policy attached to the role allows what it allows, and IAM's refusal has IAM's shape."""
    source = """
        import boto3
        from botocore.exceptions import ClientError

        def handle(event, context):
            identity = boto3.client("sts").get_caller_identity()["Arn"]
            try:
                boto3.client("iam").list_roles()
            except ClientError as error:
                return [identity, error.response["Error"]["Code"]]
            return [identity, "listed"]
    """
    function = lab.function(source)
    expected = f"arn:aws:sts::{ACCOUNT}:assumed-role/{function}/{function}"
    assert lab.invoke(function) == [expected, "AccessDenied"]
    statement = {"Effect": "Allow", "Action": "iam:List*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arn = lab.iam.create_policy(PolicyName=function, PolicyDocument=document)["Policy"]["Arn"]
    lab.iam.attach_role_policy(RoleName=function, PolicyArn=arn)
    assert lab.invoke(function) == [expected, "listed"]


def test_a_function_that_feeds_itself_is_stopped(lab: "Lab") -> None:
    """A loop through a bucket ends after some sixteen runs, as Lambda's loop detection ends it, and the log says so."""
    source = """
        import boto3

        def handle(event, context):
            bucket = event["Records"][0]["s3"]["bucket"]["name"]
            boto3.client("s3").put_object(Bucket=bucket, Key=context.aws_request_id, Body=b"")
    """
    function = lab.function(source, allow=["s3:PutObject", "logs:*"])
    bucket = lab.bucket()
    lab.subscribe(function, bucket, "s3:ObjectCreated:*")
    lab.s3.put_object(Bucket=bucket, Key="first", Body=b"")

    lab.wait_for_words(f"Stopped a loop: {lab.arn(function)} ")
    assert len(lab.s3.list_objects_v2(Bucket=bucket)["Contents"]) == 1 + LONGEST_CHAIN
