"""Buckets and their documents, as a deployer reads and writes them."""

from typing import TYPE_CHECKING, Final

import pytest
from botocore.exceptions import ClientError

from task_deployer.local.process import ACCOUNT

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import LambdaFunctionConfigurationTypeDef, NotificationConfigurationTypeDef

    from tests.local.conftest import Lab

REGION: Final = "eu-central-1"


def entry(arn: str, entry_id: str = "ours", prefix: str = "in/") -> "LambdaFunctionConfigurationTypeDef":
    """An entry of ours, its filter name in lower case."""
    return {
        "Id": entry_id,
        "LambdaFunctionArn": arn,
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}},
    }


def read_back(lab: "Lab", bucket: str) -> dict[str, object]:
    """The document as S3 answers it."""
    found: dict[str, object] = dict(lab.s3.get_bucket_notification_configuration(Bucket=bucket))
    found.pop("ResponseMetadata")
    return found


def refused(lab: "Lab", bucket: str, document: "NotificationConfigurationTypeDef") -> dict[str, object]:
    """The error that S3 answers a document with."""
    with pytest.raises(ClientError) as caught:
        lab.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=document)
    return dict(caught.value.response["Error"])


def test_a_fresh_bucket_is_as_s3_makes_them_today(lab: "Lab") -> None:
    """Public access is blocked in all four ways, ACLs are off, encryption is on."""
    bucket = lab.bucket()
    block = lab.s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    assert len(block) == 4
    rules = lab.s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    encryption = lab.s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert encryption["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


def test_a_removed_access_block_stays_removed(lab: "Lab") -> None:
    """The default is given once: what the owner deletes is absent afterwards."""
    bucket = lab.bucket()
    lab.s3.delete_public_access_block(Bucket=bucket)
    with pytest.raises(ClientError, match="NoSuchPublicAccessBlockConfiguration"):
        lab.s3.get_public_access_block(Bucket=bucket)


def test_tags_given_at_creation_are_kept(lab: "Lab") -> None:
    """CreateBucket with tags makes a tagged bucket, and refuses to make it twice."""
    name = lab.name("tagged")
    tags = [{"Key": "task-deployer:stack", "Value": "media"}]
    for attempt in range(2):
        create = {"LocationConstraint": REGION, "Tags": tags}
        if attempt:
            with pytest.raises(lab.s3.exceptions.BucketAlreadyOwnedByYou):
                lab.s3.create_bucket(Bucket=name, CreateBucketConfiguration=create)  # type: ignore[arg-type]  # a plain dict
        else:
            lab.s3.create_bucket(Bucket=name, CreateBucketConfiguration=create)  # type: ignore[arg-type]  # a plain dict
    assert lab.s3.get_bucket_tagging(Bucket=name)["TagSet"] == tags


def test_a_document_that_names_an_untrusting_function_is_refused_and_changes_nothing(
    lab: "Lab", forwarding: tuple[str, str]
) -> None:
    """Without the invoke permission S3 answers InvalidArgument with the ARN, and keeps the old document."""
    function, _ = forwarding
    arn = lab.arn(function)
    bucket = lab.bucket()
    document: NotificationConfigurationTypeDef = {"LambdaFunctionConfigurations": [entry(arn)]}
    error = refused(lab, bucket, document)
    assert error["Code"] == "InvalidArgument"
    assert error["Message"] == "Unable to validate the following destination configurations"
    assert error["ArgumentName1"] == f"{arn}, null"
    assert error["ArgumentValue1"] == f"Not authorized to invoke function [{arn}]"
    assert read_back(lab, bucket) == {}
    lab.permit(function, bucket)
    lab.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=document)
    before = read_back(lab, bucket)
    missing = f"{arn}-deleted"
    error = refused(lab, bucket, {"LambdaFunctionConfigurations": [entry(arn), entry(missing, "stale", "out/")]})
    assert error["ArgumentValue1"] == f"Not authorized to invoke function [{missing}]"
    assert read_back(lab, bucket) == before


@pytest.mark.parametrize("condition", [{"SourceAccount": "111111111111"}, {"SourceArn": "arn:aws:s3:::another"}])
def test_a_permission_for_another_bucket_or_account_is_none(
    lab: "Lab", forwarding: tuple[str, str], condition: dict[str, str]
) -> None:
    """SourceArn and SourceAccount of the permission must be the bucket's."""
    function, _ = forwarding
    bucket = lab.bucket()
    conditions = {"SourceArn": f"arn:aws:s3:::{bucket}", "SourceAccount": ACCOUNT} | condition
    lab.lambda_.add_permission(
        FunctionName=function,
        StatementId="x",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        **conditions,  # type: ignore[arg-type]  # the two conditions, by name
    )
    error = refused(lab, bucket, {"LambdaFunctionConfigurations": [entry(lab.arn(function))]})
    assert error["Code"] == "InvalidArgument"


def test_foreign_entries_and_event_bridge_come_back_as_s3_gives_them(lab: "Lab", forwarding: tuple[str, str]) -> None:
    """Entries of every kind and the EventBridge setting are returned, filter names capitalised."""
    function, _ = forwarding
    bucket = lab.bucket()
    lab.permit(function, bucket)
    arn = lab.arn(function)
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:topic"
    lab.s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "LambdaFunctionConfigurations": [entry(arn)],
            "TopicConfigurations": [{"Id": "theirs", "TopicArn": topic, "Events": ["s3:ObjectRemoved:*"]}],
            "EventBridgeConfiguration": {},
        },
    )
    assert read_back(lab, bucket) == {
        "LambdaFunctionConfigurations": [
            {
                "Id": "ours",
                "LambdaFunctionArn": arn,
                "Events": ["s3:ObjectCreated:*"],
                "Filter": {"Key": {"FilterRules": [{"Name": "Prefix", "Value": "in/"}]}},
            }
        ],
        "TopicConfigurations": [{"Id": "theirs", "TopicArn": topic, "Events": ["s3:ObjectRemoved:*"]}],
        "EventBridgeConfiguration": {},
    }
    lab.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    assert read_back(lab, bucket) == {}


def test_a_queue_that_lets_s3_in_gets_the_test_event_and_the_events(lab: "Lab") -> None:
    """A queue needs a policy for S3; then it hears of the document and of each object."""
    bucket, queue = lab.bucket(), lab.queue()
    arn = lab.queue_arn(queue)
    document: NotificationConfigurationTypeDef = {
        "QueueConfigurations": [{"Id": "q", "QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]
    }
    assert "Permissions on the destination queue" in str(refused(lab, bucket, document)["ArgumentValue1"])
    statement = (
        '{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}'
    )
    lab.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": f'{{"Statement":[{statement}]}}'})
    lab.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=document)
    test = lab.receive(queue)
    assert (test["Event"], test["Bucket"]) == ("s3:TestEvent", bucket)
    lab.s3.put_object(Bucket=bucket, Key="a", Body=b"")
    assert "Records" in lab.receive(queue)


def test_a_bucket_made_again_starts_without_notifications(lab: "Lab", forwarding: tuple[str, str]) -> None:
    """A bucket's document goes with the bucket."""
    function, _ = forwarding
    bucket = lab.bucket()
    lab.subscribe(function, bucket, "s3:ObjectCreated:*")
    lab.s3.delete_bucket(Bucket=bucket)
    lab.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    assert read_back(lab, bucket) == {}
    with pytest.raises(ClientError, match="NoSuchBucket"):
        lab.s3.get_bucket_notification_configuration(Bucket=f"{bucket}-never-made")


def test_another_accounts_bucket_is_refused(lab: "Lab") -> None:
    """ExpectedBucketOwner is honoured: another account's is 403, on buckets and objects alike; ours passes."""
    bucket = lab.bucket()
    lab.s3.put_object(Bucket=bucket, Key="a", Body=b"", ExpectedBucketOwner=ACCOUNT)
    for read in (
        lambda: lab.s3.get_bucket_location(Bucket=bucket, ExpectedBucketOwner="111111111111"),
        lambda: lab.s3.get_object(Bucket=bucket, Key="a", ExpectedBucketOwner="111111111111"),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            read()


def test_a_copy_of_an_upload_in_parts_can_be_read(lab: "Lab") -> None:
    """A copy of a multipart object has a checksum that fits it, or none."""
    bucket = lab.bucket()
    upload = lab.s3.create_multipart_upload(Bucket=bucket, Key="parts", ChecksumAlgorithm="CRC32")["UploadId"]
    part = lab.s3.upload_part(
        Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1, Body=b"content", ChecksumAlgorithm="CRC32"
    )
    lab.s3.complete_multipart_upload(
        Bucket=bucket,
        Key="parts",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"], "ChecksumCRC32": part["ChecksumCRC32"]}]},
    )
    lab.s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "parts"})
    assert lab.s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == b"content"
