"""Putting back what others had, where one of their destinations is dead: the command, as a user follows its advice."""

from pathlib import Path

import pytest

from task_deployer.aws import Aws
from task_deployer.care import Former
from task_deployer.kept_documents import Keeper
from task_deployer.local import process
from task_deployer.resources.notification_document import Document, Entry, merge
from task_deployer.resources.notification_write import read
from tests.aws import new_name
from tests.integration.conftest import environment
from tests.integration.project import Project

TAGGING = ("s3:ObjectTagging:*",)


@pytest.fixture
def project(endpoint_url: str, tmp_path: Path) -> Project:
    """A folder of a user who works on an AWS that checks destinations."""
    keys = {"AWS_ACCESS_KEY_ID": process.ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": process.SECRET_KEY}
    made = Project(tmp_path / "work", environment(endpoint_url, tmp_path / "home") | keys)
    made.root.mkdir(exist_ok=True)
    return made


def ids(aws: Aws, bucket: str) -> set[str | None]:
    """Whose entries are in the bucket's document."""
    found = aws.s3.get_bucket_notification_configuration(Bucket=bucket)
    return {one.get("Id") for one in found.get("LambdaFunctionConfigurations", [])}


def put(aws: Aws, bucket: str, document: Document) -> None:
    """Others write the document, unchecked."""
    aws.s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration=document,  # type: ignore[arg-type]  # a document
        SkipDestinationValidation=True,
    )


def test_a_refused_restoration_succeeds_as_it_advises(aws: Aws, project: Project) -> None:
    """What S3 refused beside a dead entry is all put back with the flag that the refusal names, and once more is not.

    The broken document, which is kept before each put, is never what is put back.
    """
    bucket = new_name()
    aws.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    arns = {name: aws.account.arn("lambda", f"function:{bucket}-{name}") for name in ("one", "dead")}
    entries = [Entry(name, arn, TAGGING, f"{name}/") for name, arn in arns.items()]
    put(aws, bucket, merge({}, entries, ()))
    Keeper(project.manifest, aws.account)(Former(bucket, read(aws, bucket), ()))
    put(aws, bucket, {})
    command = ("restore-notifications", bucket, "--yes")
    advice = "Or add --skip-dead-foreign: S3 then checks no destination, and what was kept is put back."
    assert advice in project.refused(*command, code=1)["hint"]
    assert set() == ids(aws, bucket)
    assert "Done: 2 changes" in project.succeed(*command, "--skip-dead-foreign").out
    assert {"one", "dead"} == ids(aws, bucket)
    assert "Nothing to do" in project.succeed(*command, "--skip-dead-foreign").out
