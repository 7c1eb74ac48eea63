"""A local AWS for the tests of a worker, and what it takes to have something run on it."""

import hashlib
import io
import itertools
import json
import textwrap
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import boto3
import pytest

from task_deployer.local import process
from task_deployer.local.function import Function
from task_deployer.local.place import Place

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

REGION: Final = "eu-central-1"
Event = dict[str, object]


class Lab:
    """The running local AWS of a project with clients, and short ways to deploy to it. Names are new each time."""

    def __init__(self, root: "Path", aws: process.LocalAws) -> None:
        self.aws = aws
        self._server_log = Place.of(root).log
        session = boto3.Session(process.ACCESS_KEY, process.SECRET_KEY, region_name=REGION)
        self.s3: S3Client = session.client("s3", endpoint_url=aws.endpoint_url)
        self.lambda_: LambdaClient = session.client("lambda", endpoint_url=aws.endpoint_url)
        self.iam: IAMClient = session.client("iam", endpoint_url=aws.endpoint_url)
        self.sqs: SQSClient = session.client("sqs", endpoint_url=aws.endpoint_url)
        self.logs: CloudWatchLogsClient = session.client("logs", endpoint_url=aws.endpoint_url)
        self.events: EventBridgeClient = session.client("events", endpoint_url=aws.endpoint_url)
        self._numbers = itertools.count(1)

    def close(self) -> None:
        """Closes the clients' connections."""
        for client in (self.s3, self.lambda_, self.iam, self.sqs, self.logs, self.events):
            client.close()

    def name(self, what: str) -> str:
        """A name that nothing has yet."""
        return f"{what}-{next(self._numbers)}"

    def queue(self) -> str:
        """Makes a queue and gives its URL."""
        return self.sqs.create_queue(QueueName=self.name("queue"))["QueueUrl"]

    def queue_arn(self, url: str) -> str:
        """The ARN of a queue."""
        return self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def bucket(self, *, versioned: bool = False) -> str:
        """Makes a bucket and gives its name."""
        name = self.name("bucket")
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        if versioned:
            self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def role(self, name: str, service: str = "lambda.amazonaws.com") -> str:
        """Makes a role that the service may assume, and gives its ARN."""
        statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        return self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]

    def function(
        self,
        source: str,
        *,
        allow: Sequence[str] = ("sqs:SendMessage", "logs:*"),
        timeout: int = 20,
        environment: Mapping[str, str] | None = None,
    ) -> str:
        """Deploys `source` as handler.py, whose `handle` is called, with a role that may do `allow`; gives the name."""
        name = self.name("function")
        role = self.role(name)
        self.allow(name, allow)
        self.lambda_.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role,
            Handler="handler.handle",
            Code={"ZipFile": zipped(source)},
            Timeout=timeout,
            Environment={"Variables": dict(environment or {})},
        )
        return name

    def allow(self, role: str, actions: Sequence[str], resource: str = "*") -> None:
        """Gives a role its one inline policy."""
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.iam.put_role_policy(RoleName=role, PolicyName="LambdaPolicy", PolicyDocument=document)

    def arn(self, function: str) -> str:
        """The ARN of a function."""
        return self.lambda_.get_function(FunctionName=function)["Configuration"]["FunctionArn"]

    def permit(self, function: str, bucket: str) -> None:
        """Lets S3 invoke the function on behalf of the bucket."""
        self.lambda_.add_permission(
            FunctionName=function,
            StatementId="AllowS3Invoke",
            Action="lambda:InvokeFunction",
            Principal="s3.amazonaws.com",
            SourceArn=f"arn:aws:s3:::{bucket}",
            SourceAccount=process.ACCOUNT,
        )

    def subscribe(self, function: str, bucket: str, *events: str) -> None:
        """Permits and connects: the events (`s3:ObjectCreated:*`) of the bucket run the function."""
        self.permit(function, bucket)
        entry = {"Id": "ours", "LambdaFunctionArn": self.arn(function), "Events": events}
        self.s3.put_bucket_notification_configuration(
            Bucket=bucket,
            NotificationConfiguration={"LambdaFunctionConfigurations": [entry]},  # type: ignore[list-item]  # a plain dict
        )

    def receive(self, url: str) -> Event:
        """Waits for the next message of a queue, removes it and gives its body, which is JSON."""
        patience = time.monotonic() + 120
        while time.monotonic() < patience:
            for message in self.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5).get("Messages", []):
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                body: Event = json.loads(message["Body"])
                return body
        pytest.fail("no message came")

    def wait_for_words(self, words: str) -> None:
        """Waits until the server has said something in its log."""
        patience = time.monotonic() + 120
        while words not in self._server_log.read_text(encoding="utf-8"):
            assert time.monotonic() < patience, f"the server's log never said: {words}"
            time.sleep(0.02)

    def invoke(self, function: str, event: object = None) -> object:
        """Invokes and gives what the handler returned, or the error's document."""
        return json.loads(self.lambda_.invoke(FunctionName=function, Payload=json.dumps(event))["Payload"].read())


def zipped(source: str) -> bytes:
    """A deployment package with the one module handler.py."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler.py", textwrap.dedent(source))
    return buffer.getvalue()


@pytest.fixture(scope="session")
def package() -> Callable[[str], bytes]:
    """Makes a deployment package of the text of handler.py."""
    return zipped


@pytest.fixture(scope="session")
def function_with() -> Callable[[str], Function]:
    """Makes a function of the text of handler.py, for what runs functions without moto."""

    def make(source: str) -> Function:
        code = zipped(source)
        return Function(
            name="f",
            arn=f"arn:aws:lambda:{REGION}:{process.ACCOUNT}:function:f",
            region=REGION,
            handler="handler.handle",
            runtime="python3.13",
            role=f"arn:aws:iam::{process.ACCOUNT}:role/f",
            timeout_seconds=30,
            memory_mb=128,
            log_group="/aws/lambda/f",
            environment=(),
            code_sha256=hashlib.sha256(code).hexdigest(),
            code=code,
        )

    return make


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One local AWS for all tests of a worker."""
    root: Path = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        patch.setenv("HOST_SECRET", "must not reach a handler")
        opened = Lab(root, process.start(root, retry_waits=(0.1, 0.2)))
        yield opened
        opened.close()
        process.stop(root)


@pytest.fixture
def forwarding(lab: Lab) -> tuple[str, str]:
    """A function that sends its event on to a queue: the function's name and the queue's URL."""
    queue = lab.queue()
    source = """
        import boto3, json, os

        def handle(event, context):
            boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps(event))
    """
    return lab.function(source, environment={"QUEUE": queue}), queue


@pytest.fixture
def new_lab() -> type[Lab]:
    """Makes clients for a local AWS that a test started itself; the test closes them."""
    return Lab
