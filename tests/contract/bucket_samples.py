"""Samples of the documents of a bucket."""

import json
from collections.abc import Mapping
from typing import Final

from botocore.exceptions import ClientError

from task_deployer import policy
from task_deployer.aws import Aws
from task_deployer.resources import BucketTags, Lifecycle, PublicAccessBlock, Versioning
from task_deployer.resources.lifecycle import LifecycleRule
from tests.contract.life import Foreign, Sample
from tests.contract.wishes import bucket, cors, notifications

ARCHIVE: Final = {
    "ID": "security-keep-7y",
    "Status": "Enabled",
    "Filter": {"Prefix": "audit/"},
    "Transitions": [{"Days": 0, "StorageClass": "GLACIER"}],
}
"""A rule of a security team: what is under one prefix is archived."""


def bucket_sample(_: Aws, name: str) -> Sample:
    """A bucket; nothing of it can change but its documents."""
    return Sample(bucket(name))


def bucket_tags_sample(aws: Aws, name: str) -> Sample:
    """The tags, beside one of others."""

    def drift() -> None:
        found = aws.s3.get_bucket_tagging(Bucket=name)["TagSet"]
        changed = [{**tag, "Value": "sales"} if tag["Key"] == "team" else tag for tag in found]
        aws.s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": changed})  # type: ignore[typeddict-item]  # Key and Value

    wanted = BucketTags(name, bucket(name))
    return Sample(wanted, drift, "team", _tag_of_others(aws, name))


def _tag_of_others(aws: Aws, bucket_name: str) -> Foreign:
    def read() -> object:
        return [tag for tag in aws.s3.get_bucket_tagging(Bucket=bucket_name)["TagSet"] if tag["Key"] == "colour"]

    def put() -> None:
        found = aws.s3.get_bucket_tagging(Bucket=bucket_name)["TagSet"]
        aws.s3.put_bucket_tagging(Bucket=bucket_name, Tagging={"TagSet": [*found, {"Key": "colour", "Value": "blue"}]})

    return Foreign(put, read)


def public_access_block_sample(aws: Aws, name: str) -> Sample:
    """The four parts, of which some are turned off."""

    def drift() -> None:
        aws.s3.put_public_access_block(
            Bucket=name, PublicAccessBlockConfiguration={"BlockPublicAcls": True, "BlockPublicPolicy": False}
        )

    return Sample(PublicAccessBlock(name, bucket(name)), drift, "BlockPublicPolicy")


def cors_sample(aws: Aws, name: str) -> Sample:
    """The rules of a bucket of ours."""
    return Sample(cors(name, shared=False), lambda: _put_cors(aws, name, []), "CORSRules[1].AllowedOrigins")


def shared_cors_sample(aws: Aws, name: str) -> Sample:
    """Our rule on somebody else's bucket, beside theirs."""
    theirs: dict[str, object] = {"ID": "theirs", "AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}

    def put() -> None:
        aws.s3.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": [theirs]})  # type: ignore[list-item]  # a rule

    def read() -> object:
        return [rule for rule in aws.s3.get_bucket_cors(Bucket=name)["CORSRules"] if rule.get("ID") == "theirs"]

    return Sample(
        cors(name, shared=True),
        lambda: _put_cors(aws, name, [theirs]),
        "CORSRules[1].AllowedOrigins",
        Foreign(put, read),
    )


def _put_cors(aws: Aws, name: str, others: list[dict[str, object]]) -> None:
    drifted = {**cors(name, shared=False).rules[0].render(), "AllowedOrigins": ["*"]}
    aws.s3.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": [*others, drifted]})  # type: ignore[list-item]  # rules


def versioning_sample(aws: Aws, name: str) -> Sample:
    """Versioning; suspended, it counts as absent."""
    return Sample(
        Versioning(name, bucket(name)),
        lambda: aws.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Suspended"}),
    )


def lifecycle_sample(aws: Aws, name: str) -> Sample:
    """Two rules, for objects and for uploads, beside one of a security team."""
    rules = (LifecycleRule(f"{name}-expire", expire_days=30), LifecycleRule(f"{name}-abort", abort_uploads_days=7))

    def drift() -> None:
        put_lifecycle(aws, name, *_lifecycle_of_others(aws, name), {**LifecycleRule(f"{name}-expire", 1).render()})

    foreign = Foreign(lambda: put_lifecycle(aws, name, ARCHIVE), lambda: _lifecycle_of_others(aws, name))
    return Sample(Lifecycle(name, bucket(name), rules=rules), drift, f"{name}-expire", foreign)


def put_lifecycle(aws: Aws, name: str, *rules: Mapping[str, object]) -> None:
    """Write a document, as somebody else may."""
    aws.s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})  # type: ignore[typeddict-item]  # rules


def lifecycle_of(aws: Aws, name: str) -> list[dict[str, object]]:
    """All rules of a bucket."""
    try:
        found = aws.s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchLifecycleConfiguration":
            raise
        return []
    return [{**rule} for rule in found]


def _lifecycle_of_others(aws: Aws, name: str) -> list[dict[str, object]]:
    return [rule for rule in lifecycle_of(aws, name) if rule["ID"] == ARCHIVE["ID"]]


def notifications_sample(aws: Aws, name: str) -> Sample:
    """An entry of ours, beside a queue of others and EventBridge."""
    wanted = notifications(aws, name)
    theirs = aws.account.arn("sqs", f"{name}-theirs")

    def put() -> None:
        statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": theirs}
        attributes = {"Policy": json.dumps({"Version": policy.VERSION, "Statement": [statement]})}
        aws.sqs.create_queue(QueueName=f"{name}-theirs", Attributes=attributes)  # type: ignore[arg-type]  # SQS's names
        rules = [{"Name": "prefix", "Value": "out/"}]
        entry = {
            "Id": "theirs",
            "QueueArn": theirs,
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": rules}},
        }
        aws.s3.put_bucket_notification_configuration(
            Bucket=name,
            NotificationConfiguration={"QueueConfigurations": [entry], "EventBridgeConfiguration": {}},  # type: ignore[list-item]  # an entry
        )

    def read() -> object:
        found = aws.s3.get_bucket_notification_configuration(Bucket=name)
        return found["QueueConfigurations"], found["EventBridgeConfiguration"]

    def drift() -> None:
        found = {**aws.s3.get_bucket_notification_configuration(Bucket=name)}
        del found["ResponseMetadata"]
        ours = {**wanted.entries[0].render(), "Events": ["s3:ObjectCreated:Put"]}
        document = {**found, "LambdaFunctionConfigurations": [ours]}
        aws.s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=document)  # type: ignore[arg-type]  # read before

    return Sample(wanted, drift, f"{name}-Created.Events", Foreign(put, read))
