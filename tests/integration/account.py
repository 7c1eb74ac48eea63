"""The AWS account of a test: its clients, and a listing of all that is in it."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

import boto3
from botocore.exceptions import ClientError

from tests.integration.project import REGION

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

ID: Final = "123456789012"
Listing = dict[str, object]


class Account:
    """Clients of one account at moto's server."""

    def __init__(self, endpoint_url: str) -> None:
        session = boto3.Session("testing", "testing", region_name=REGION)
        self.s3: S3Client = session.client("s3", endpoint_url=endpoint_url)
        self.lambda_: LambdaClient = session.client("lambda", endpoint_url=endpoint_url)
        self.iam: IAMClient = session.client("iam", endpoint_url=endpoint_url)
        self.sqs: SQSClient = session.client("sqs", endpoint_url=endpoint_url)
        self.logs: CloudWatchLogsClient = session.client("logs", endpoint_url=endpoint_url)
        self._sns = session.client("sns", endpoint_url=endpoint_url)

    def close(self) -> None:
        """Close the clients' connections."""
        for client in (self.s3, self.lambda_, self.iam, self.sqs, self.logs, self._sns):
            client.close()

    def bucket(self, name: str) -> str:
        """Make a bucket; returns its name."""
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        return name

    def queue(self, name: str) -> str:
        """Make a queue that S3 may send to, without which it could be in no bucket's notifications; returns its ARN."""
        arn = f"arn:aws:sqs:{REGION}:{ID}:{name}"
        statement = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage"}
        self.sqs.create_queue(
            QueueName=name, Attributes={"Policy": json.dumps({"Statement": [{**statement, "Resource": arn}]})}
        )
        return arn

    def topic(self, name: str) -> str:
        """Make a topic that S3 may publish to, as the queue; returns its ARN."""
        arn = f"arn:aws:sns:{REGION}:{ID}:{name}"
        statement = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sns:Publish"}
        policy = json.dumps({"Statement": [{**statement, "Resource": arn}]})
        self._sns.create_topic(Name=name, Attributes={"Policy": policy})
        return arn

    def listing(self) -> Listing:
        """All that is in the account, with every document of it: equal before and after means that nothing changed."""
        return {
            **dict(self._buckets()),
            **dict(self._functions()),
            **dict(self._roles()),
            **dict(self._queues()),
            **{f"log group {group['logGroupName']}": group for group in self.log_groups()},
        }

    def names(self) -> set[str]:
        """What is in the account, by the names that the listing has: a few reads instead of all of them."""
        return {
            *(f"bucket {bucket['Name']}" for bucket in self.s3.list_buckets()["Buckets"]),
            *(f"function {function['FunctionName']}" for function in self.lambda_.list_functions()["Functions"]),
            *(f"role {role['RoleName']}" for role in self.iam.list_roles()["Roles"]),
            *(f"queue {url.rpartition('/')[2]}" for url in self.sqs.list_queues().get("QueueUrls", [])),
            *(f"log group {group['logGroupName']}" for group in self.logs.describe_log_groups()["logGroups"]),
        }

    def log_groups(self) -> list[dict[str, object]]:
        """The log groups with their tags."""
        groups = self.logs.describe_log_groups()["logGroups"]
        return [
            {**group, "tags": self.logs.list_tags_log_group(logGroupName=group["logGroupName"])["tags"]}
            for group in groups
        ]

    def tags_of_bucket(self, bucket: str) -> dict[str, str]:
        """The tags of a bucket."""
        return {tag["Key"]: tag["Value"] for tag in self.s3.get_bucket_tagging(Bucket=bucket)["TagSet"]}

    def statements(self, task: str) -> dict[str, dict[str, object]]:
        """The statements of the policy of a task's role, by their ids, in their order."""
        found = self.iam.get_role_policy(RoleName=f"media-dev-{task}-{REGION}", PolicyName="LambdaPolicy")
        return _by_id(found["PolicyDocument"])

    def permissions(self, function: str) -> dict[str, dict[str, object]]:
        """The statements of a function's own policy, by their ids."""
        return _by_id(json.loads(self.lambda_.get_policy(FunctionName=function)["Policy"]))

    def _buckets(self) -> Iterator[tuple[str, object]]:
        for bucket in self.s3.list_buckets()["Buckets"]:
            name = bucket["Name"]
            reads: Mapping[str, Callable[..., object]] = {
                "tags": self.s3.get_bucket_tagging,
                "cors": self.s3.get_bucket_cors,
                "versioning": self.s3.get_bucket_versioning,
                "lifecycle": self.s3.get_bucket_lifecycle_configuration,
                "public access block": self.s3.get_public_access_block,
                "notifications": self.s3.get_bucket_notification_configuration,
                "objects": self.s3.list_object_versions,
                "uploads": self.s3.list_multipart_uploads,
            }
            yield f"bucket {name}", {what: _read(read, Bucket=name) for what, read in reads.items()}

    def _functions(self) -> Iterator[tuple[str, object]]:
        for function in self.lambda_.list_functions()["Functions"]:
            name, arn = function["FunctionName"], function["FunctionArn"]
            yield (
                f"function {name}",
                {
                    "configuration": function,
                    "tags": self.lambda_.list_tags(Resource=arn)["Tags"],
                    "policy": _read(self.lambda_.get_policy, FunctionName=name),
                    "invoke config": _read(self.lambda_.get_function_event_invoke_config, FunctionName=name),
                    "concurrency": _read(self.lambda_.get_function_concurrency, FunctionName=name),
                },
            )

    def _roles(self) -> Iterator[tuple[str, object]]:
        for role in self.iam.list_roles()["Roles"]:
            name = role["RoleName"]
            inline = self.iam.list_role_policies(RoleName=name)["PolicyNames"]
            policies = {one: _read(self.iam.get_role_policy, RoleName=name, PolicyName=one) for one in inline}
            yield f"role {name}", {"role": _read(self.iam.get_role, RoleName=name), "policies": policies}

    def _queues(self) -> Iterator[tuple[str, object]]:
        for url in self.sqs.list_queues().get("QueueUrls", []):
            attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            # S3 sends a test message to the destinations at each change of a bucket's notifications: no count of them.
            lasting = {key: value for key, value in attributes.items() if not key.startswith("Approximate")}
            tags = self.sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
            yield f"queue {url.rpartition('/')[2]}", {"attributes": lasting, "tags": tags}


def _read(read: Callable[..., object], **which: str) -> object:
    """A document without what belongs to the answer alone; the error's code where there is none."""
    try:
        answer = read(**which)
    except ClientError as error:
        return error.response["Error"]["Code"]
    assert isinstance(answer, dict)
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def _by_id(document: object) -> dict[str, dict[str, object]]:
    """The statements of a policy document; botocore has parsed an IAM one already, its stub says otherwise."""
    assert isinstance(document, dict)
    return {str(statement["Sid"]): statement for statement in document["Statement"]}
