"""What the local AWS relies on in moto 5.2.5: each seam's shape, and that moto still needs it.

A failure here after a moto upgrade means: look at the seam of that name in task_deployer/local. Where moto has become
right, the seam can go.
"""

import inspect
import io
import zipfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.awslambda import models as lambda_models
from moto.awslambda.models import LambdaFunction
from moto.events import notifications as event_notifications
from moto.events.models import EventPattern
from moto.s3 import models as s3_models
from moto.s3 import notifications
from moto.s3.models import S3Backend
from moto.sqs.models import Queue

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"


@pytest.fixture
def s3() -> "Iterator[S3Client]":
    """S3 of moto as it is, with the bucket `media`."""
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="media")
        yield client


@pytest.fixture
def lambdas() -> "Iterator[LambdaClient]":
    """Lambda of moto as it is, with the function `f`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler.py", "")
    with mock_aws():
        # A trust policy that trusts nobody: moto still takes the role, where Lambda would not.
        role = boto3.client("iam", region_name="us-east-1").create_role(RoleName="r", AssumeRolePolicyDocument="{}")
        client = boto3.client("lambda", region_name="us-east-1")
        client.create_function(
            FunctionName="f",
            Runtime="python3.13",
            Role=role["Role"]["Arn"],
            Handler="handler.handle",
            Code={"ZipFile": buffer.getvalue()},
            LoggingConfig={"LogGroup": "/own"},
        )
        yield client


def parameters(of: Callable[..., object]) -> list[str]:
    """The names of a function's parameters."""
    return list(inspect.signature(of).parameters)


def test_the_pinned_version_is_installed() -> None:
    """The seams were written against this version; another one needs a look first."""
    assert version("moto") == "5.2.5"


def test_the_seams_have_the_shape_that_is_replaced() -> None:
    """Each replaced function takes what its replacement takes, and is looked up where it is replaced."""
    assert parameters(notifications.send_event) == ["account_id", "event_name", "bucket", "key"]
    assert vars(s3_models)["notifications"] is notifications
    assert parameters(S3Backend.put_object)[:4] == ["self", "bucket_name", "key_name", "value"]
    assert parameters(S3Backend.delete_object) == ["self", "bucket_name", "key_name", "version_id", "bypass"]
    assert parameters(S3Backend.copy_object)[:4] == ["self", "src_key", "dest_bucket_name", "dest_key_name"]
    assert parameters(S3Backend.create_bucket) == ["self", "bucket_name", "region_name", "bucket_namespace"]
    assert parameters(Queue.add_message) == ["self", "message"]
    assert parameters(LambdaFunction.__init__) == ["self", "account_id", "spec", "region", "version"]
    assert parameters(LambdaFunction.get_configuration) == ["self", "on_create"]
    assert parameters(LambdaFunction.update_configuration) == ["self", "config_updates"]
    assert "LambdaFunction(" in inspect.getsource(lambda_models.LambdaBackend.create_function)


def test_moto_tells_of_a_completed_upload_twice() -> None:
    """put_object, called by complete_multipart_upload with `multipart`, still tells of a Put that S3 does not send."""
    source = inspect.getsource(S3Backend.complete_multipart_upload)
    assert "multipart=multipart" in source
    assert "disable_notification" not in source.partition("self.put_object(")[2].partition(")")[0]
    assert "disable_notification=True" in inspect.getsource(S3Backend.copy_object)


def test_moto_gives_a_copy_its_sources_checksum() -> None:
    """copy_object still hands on a checksum that is one of parts."""
    assert "new_key.checksum_value = src_key.checksum_value" in inspect.getsource(S3Backend.copy_object)


def test_moto_cannot_empty_a_suspended_bucket_with_a_marker(s3: "S3Client") -> None:
    """DeleteObjects with the versions of a key that has a marker still fails once versioning is suspended."""
    s3.put_bucket_versioning(Bucket="media", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="media", Key="a", Body=b"")
    s3.delete_object(Bucket="media", Key="a")
    s3.put_bucket_versioning(Bucket="media", VersioningConfiguration={"Status": "Suspended"})
    found = s3.list_object_versions(Bucket="media")
    objects: list[ObjectIdentifierTypeDef] = [
        {"Key": "a", "VersionId": item["VersionId"]} for item in (*found["Versions"], *found["DeleteMarkers"])
    ]
    with pytest.raises(AttributeError, match="dispose"):
        s3.delete_objects(Bucket="media", Delete={"Objects": objects})


def test_moto_loses_the_versions_of_a_suspended_bucket(s3: "S3Client") -> None:
    """A write after versioning was suspended still takes the place of all versions."""
    s3.put_bucket_versioning(Bucket="media", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="media", Key="a", Body=b"")
    s3.put_bucket_versioning(Bucket="media", VersioningConfiguration={"Status": "Suspended"})
    s3.put_object(Bucket="media", Key="a", Body=b"")
    assert [item["VersionId"] for item in s3.list_object_versions(Bucket="media")["Versions"]] == ["null"]


def test_moto_forgets_a_deduplication_id_with_its_message() -> None:
    """A FIFO queue still takes an id again as soon as its message is deleted, and still looks at no group."""
    with mock_aws():
        sqs = boto3.client("sqs", region_name="us-east-1")
        attributes = {"FifoQueue": "true", "DeduplicationScope": "messageGroup"}
        queue = sqs.create_queue(QueueName="q.fifo", Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]  # a plain dict
        for group in ("one", "other"):
            sqs.send_message(QueueUrl=queue, MessageBody="a", MessageGroupId=group, MessageDeduplicationId="x")
        (first,) = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"])
        sqs.send_message(QueueUrl=queue, MessageBody="a", MessageGroupId="one", MessageDeduplicationId="x")
        assert len(sqs.receive_message(QueueUrl=queue)["Messages"]) == 1


def test_moto_runs_event_source_mappings_in_docker() -> None:
    """add_message still ends with them; ours leaves them out, and reads the queues by itself."""
    assert "lambda_event_source_mappings" in inspect.getsource(Queue.add_message)


def test_moto_changes_mappings_that_are_not_there(lambdas: "LambdaClient") -> None:
    """A change and a deletion of a mapping that is not there are answered as done, with nothing in it."""
    for call in (lambdas.update_event_source_mapping, lambdas.delete_event_source_mapping):
        answer = call(UUID="12345678-1234-1234-1234-123456789012")
        assert set(answer) == {"ResponseMetadata"}


def test_moto_maps_a_pair_twice_and_asks_no_role(lambdas: "LambdaClient") -> None:
    """Neither a second mapping of a pair, nor a role without rights, nor a short visibility timeout is refused."""
    sqs = boto3.client("sqs", region_name="us-east-1")
    url = sqs.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    for _ in range(2):
        lambdas.create_event_source_mapping(FunctionName="f", EventSourceArn=arn, BatchSize=100)
    assert len(lambdas.list_event_source_mappings(FunctionName="f")["EventSourceMappings"]) == 2


def test_moto_tells_rules_nothing_of_objects(s3: "S3Client") -> None:
    """What moto sends EventBridge is one event, of a new bucket; and a rule without a pattern takes anything."""
    assert 'event_name == "CreateBucket"' in inspect.getsource(event_notifications)
    s3.put_object(Bucket="media", Key="k", Body=b"")
    assert EventPattern.load(None).matches_event({"source": "aws.s3"})  # type: ignore[typeddict-item]  # a part of one


def test_moto_makes_buckets_of_before_2023(s3: "S3Client") -> None:
    """A fresh bucket still has neither access block nor ownership nor encryption."""
    for read in (s3.get_public_access_block, s3.get_bucket_ownership_controls, s3.get_bucket_encryption):
        with pytest.raises(ClientError) as caught:
            read(Bucket="media")
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_moto_drops_tags_given_at_creation(s3: "S3Client") -> None:
    """CreateBucket still ignores its tags."""
    s3.create_bucket(Bucket="tagged", CreateBucketConfiguration={"Tags": [{"Key": "a", "Value": "b"}]})
    with pytest.raises(ClientError, match="NoSuchTagSet"):
        s3.get_bucket_tagging(Bucket="tagged")


def test_moto_ignores_the_expected_owner(s3: "S3Client") -> None:
    """ExpectedBucketOwner of another account still passes."""
    s3.get_bucket_location(Bucket="media", ExpectedBucketOwner="111111111111")


def test_moto_takes_any_destination_and_forgets_event_bridge(s3: "S3Client") -> None:
    """A document for a function that is not there is still taken, and EventBridge not returned."""
    entry = {"Id": "a", "LambdaFunctionArn": FUNCTION, "Events": ["s3:ObjectCreated:*"]}
    document = {"LambdaFunctionConfigurations": [entry], "EventBridgeConfiguration": {}}
    s3.put_bucket_notification_configuration(Bucket="media", NotificationConfiguration=document)  # type: ignore[arg-type]  # a plain dict
    found = s3.get_bucket_notification_configuration(Bucket="media")
    assert found["LambdaFunctionConfigurations"] == [entry]
    assert "EventBridgeConfiguration" not in found


def test_moto_appends_a_second_statement_with_the_same_id(lambdas: "LambdaClient") -> None:
    """AddPermission still takes an id twice."""
    for _ in range(2):
        lambdas.add_permission(
            FunctionName="f", StatementId="x", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
        )
    assert lambdas.get_policy(FunctionName="f")["Policy"].count('"Sid"') == 2


def test_moto_reads_the_first_event_invoke_config_for_ever(lambdas: "LambdaClient") -> None:
    """A second PutFunctionEventInvokeConfig is still not seen on read."""
    for attempts in (2, 0):
        lambdas.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=attempts)
    assert lambdas.get_function_event_invoke_config(FunctionName="f")["MaximumRetryAttempts"] == 2


def test_moto_forgets_the_logging_config_and_two_updates(lambdas: "LambdaClient") -> None:
    """LoggingConfig is still dropped, and ephemeral storage and tracing are still not updated."""
    lambdas.update_function_configuration(
        FunctionName="f", EphemeralStorage={"Size": 1024}, TracingConfig={"Mode": "Active"}
    )
    found = lambdas.get_function_configuration(FunctionName="f")
    assert "LoggingConfig" not in found
    assert found["EphemeralStorage"] == {"Size": 512}
    assert found["TracingConfig"] == {"Mode": "PassThrough"}
