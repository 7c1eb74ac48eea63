"""Buckets and queues of others: their keys and versions are granted, and what matters of them is told."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import boto3
import pytest

from tests.integration.account import ID, Account
from tests.integration.project import CONFIG, REGION, Project

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import PublicAccessBlockConfigurationTypeDef

THEIRS, OWNER, KMS = "everybodys-bucket", "210987654321", "AllowLambdaUseKMS"
BUCKET: Final = (
    f'[tasks.ingest.buckets.theirs]\nmode = "ReadWrite"\nname = "{THEIRS}"\nexisting = true\nprefix = "in/"\n'
)
QUEUE: Final = '[command_topics.billing]\nqueue = "billing"\n'
CLOSED: "PublicAccessBlockConfigurationTypeDef" = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


@pytest.fixture
def key(project: Project, account: Account) -> str:
    """The ARN of a key, `alias/mine`, that encrypts somebody else's bucket: closed and never versioned."""
    kms = boto3.Session("testing", "testing", region_name=REGION).client(
        "kms", endpoint_url=project.environment["AWS_ENDPOINT_URL"]
    )
    arn = str(kms.create_key()["KeyMetadata"]["Arn"])
    kms.create_alias(AliasName="alias/mine", TargetKeyId=arn)
    kms.close()
    account.bucket(THEIRS)
    account.s3.put_public_access_block(Bucket=THEIRS, PublicAccessBlockConfiguration=CLOSED)
    encrypt(account, {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn})
    return arn


def encrypt(account: Account, default: Mapping[str, str]) -> None:
    """Set the default encryption of somebody else's bucket."""
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    account.s3.put_bucket_encryption(Bucket=THEIRS, ServerSideEncryptionConfiguration=rules)  # type: ignore[arg-type]  # a rule


@pytest.mark.parametrize("alias", [False, True])
def test_the_key_of_a_bucket_is_granted(project: Project, account: Account, key: str, alias: bool) -> None:  # noqa: FBT001 - a row's field
    """The role may use the key of an existing bucket, named by alias or not; a second `up` changes nothing."""
    if alias:
        encrypt(account, {"SSEAlgorithm": "aws:kms:dsse", "KMSMasterKeyID": "alias/mine"})
    project.configure(CONFIG + BUCKET)
    project.succeed("up")
    statement = account.statements("ingest")[KMS]
    assert (statement["Action"], statement["Resource"]) == (["kms:Decrypt", "kms:GenerateDataKey"], [key])
    again = project.succeed("up", "--json", "--strict")
    assert (again.document["api_calls"]["mutating"], again.document["warnings"]) == (0, [])

    encrypt(account, {"SSEAlgorithm": "AES256"})
    assert project.succeed("up", "--json").differing == {"role_policy.ingest": {f"Statement.{KMS}"}}
    assert KMS not in account.statements("ingest")


def test_the_key_of_a_queue_is_granted(project: Project, account: Account, key: str) -> None:
    """The role may use the key of a referenced queue; the key that AWS manages needs no grant."""
    account.sqs.create_queue(QueueName="billing", Attributes={"KmsMasterKeyId": "alias/aws/sqs"})
    project.configure(QUEUE + CONFIG.replace('["orders"]', '["orders", "billing"]'))
    project.succeed("up")
    assert KMS not in account.statements("ingest")
    url = account.sqs.get_queue_url(QueueName="billing")["QueueUrl"]
    account.sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": key})
    project.succeed("up")
    assert account.statements("ingest")[KMS]["Resource"] == [key]


def test_the_printed_policy_has_the_key(project: Project, key: str) -> None:
    """`policy` prints what `up` would write, keys included; where AWS cannot be asked it says what may lack."""
    project.configure(CONFIG.replace("[stack]\n", f'[stack]\naccount = "{ID}"\n') + BUCKET)
    ran = project.succeed("policy")
    statements = json.loads(ran.out)["ingest"]["Statement"]
    assert [(s["Sid"], s["Resource"]) for s in statements][-1] == (KMS, [key])
    assert ran.err == ""

    blind = project.succeed("policy", AWS_ENDPOINT_URL="http://127.0.0.1:1")
    assert KMS not in blind.out
    assert "Warning: bucket.ingest.theirs: AWS could not be asked" in blind.err


def test_versions_of_others_may_be_read(project: Project, account: Account, key: str) -> None:
    """The role of a task that reads a versioned bucket may read its versions, and nothing of the bucket changes."""
    account.s3.put_bucket_versioning(Bucket=THEIRS, VersioningConfiguration={"Status": "Enabled"})
    assert key
    project.configure(CONFIG + BUCKET)
    before = account.listing()[f"bucket {THEIRS}"]
    project.succeed("up", "--strict")
    assert account.statements("ingest")["allowLambdaReadS3Versions"]["Resource"] == [f"arn:aws:s3:::{THEIRS}/*"]
    plan = project.succeed("plan", "--json").document["changes"]
    (reason,) = [change["reason"] for change in plan if change["address"] == "bucket.ingest.theirs"]
    assert reason.startswith("not ours: used, never changed; it is versioned")
    project.succeed("down", "--yes")
    assert before == account.listing()[f"bucket {THEIRS}"]


def test_what_matters_is_warned_of(project: Project, account: Account, key: str) -> None:
    """Suspended versioning and an open access block are warnings with stable codes, which --strict refuses."""
    assert key
    account.s3.put_bucket_versioning(Bucket=THEIRS, VersioningConfiguration={"Status": "Suspended"})
    account.s3.delete_public_access_block(Bucket=THEIRS)
    project.configure(CONFIG + BUCKET)
    warnings = project.succeed("plan", "--json").document["warnings"]
    assert [(w["code"], w["address"]) for w in warnings] == [
        ("versioning-suspended", "bucket.ingest.theirs"),
        ("public-access", "bucket.ingest.theirs"),
    ]
    before = account.listing()
    assert "2 warnings" in project.refused("up", "--strict", code=5)["summary"]
    assert before == account.listing()


def test_a_bucket_of_another_account(project: Project, account: Account, key: str) -> None:
    """The bucket's owner is the one that the permission is for; what to ask of that owner can be printed beforehand."""
    assert key
    project.configure(CONFIG + BUCKET + f'owner = "{OWNER}"\n')
    asked = json.loads(project.succeed("policy", "--bucket-owner").out)
    assert asked[THEIRS]["Statement"][0]["Sid"] == "SetUp"
    project.succeed("up")  # moto does not look at the owner that is expected
    conditions = account.permissions("media-dev-ingest")["AllowS3Invoke-theirs"]["Condition"]
    assert OWNER in json.dumps(conditions)
    assert ID in json.dumps(account.permissions("media-dev-ingest")["AllowS3Invoke-uploads"]["Condition"])
    assert project.succeed("up", "--json").document["api_calls"]["mutating"] == 0
    project.succeed("down", "--yes")
    assert not account.s3.get_bucket_notification_configuration(Bucket=THEIRS).get("LambdaFunctionConfigurations")


def test_one_policy_at_a_time(project: Project) -> None:
    """The policies for the tool's user and for buckets' owners are two documents: asked for one after the other."""
    project.refused("policy", "--deployer", "--bucket-owner", code=2)
