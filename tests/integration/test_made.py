"""What a first `up` makes: tags on all that carries tags, and the defaults of the contract."""

import pytest

from tests.integration.account import ID, Account
from tests.integration.project import CONFIG, REGION, Project

FUNCTION = "media-dev-ingest"
BUCKET = f"media-dev-ingest-uploads-{ID}-{REGION}"
ARN = f"arn:aws:lambda:{REGION}:{ID}:function:{FUNCTION}"

LOGGING = {
    "Sid": "AllowLambdaLogging",
    "Effect": "Allow",
    "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
    "Resource": [
        f"arn:aws:logs:{REGION}:{ID}:log-group:/aws/lambda/{FUNCTION}",
        f"arn:aws:logs:{REGION}:{ID}:log-group:/aws/lambda/{FUNCTION}:*",
    ],
}
READ = {
    "Sid": "allowLambdaReadS3",
    "Effect": "Allow",
    "Action": ["s3:GetObject"],
    "Resource": [f"arn:aws:s3:::{BUCKET}/*"],
}
LIST = {
    "Sid": "allowLambdaListS3",
    "Effect": "Allow",
    "Action": ["s3:ListBucket"],
    "Resource": [f"arn:aws:s3:::{BUCKET}"],
}
WRITE = {
    "Sid": "allowLambdaWriteS3",
    "Effect": "Allow",
    "Action": ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
    "Resource": [f"arn:aws:s3:::{BUCKET}/*"],
}
SEND = {
    "Sid": "AllowLambdaSendSQS",
    "Effect": "Allow",
    "Action": ["sqs:SendMessage"],
    "Resource": [f"arn:aws:sqs:{REGION}:{ID}:media-dev-orders.fifo"],
}
FAILURES = {
    "Sid": "AllowLambdaSendFailures",
    "Effect": "Allow",
    "Action": ["sqs:SendMessage"],
    "Resource": [f"arn:aws:sqs:{REGION}:{ID}:media-dev-ingest-failures"],
}


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("Read", [LOGGING, READ, LIST, SEND, FAILURES]),
        ("Write", [LOGGING, WRITE, SEND, FAILURES]),
        ("ReadWrite", [LOGGING, READ, LIST, WRITE, SEND, FAILURES]),
    ],
)
def test_policy_of_each_mode(project: Project, account: Account, mode: str, expected: list[object]) -> None:
    """The role's policy has the statements of the bucket's mode, in the contract's order, on exactly these ARNs."""
    project.edit("config/task.toml", '"Read"', f'"{mode}"')
    project.succeed("up")
    assert expected == [with_lists(statement) for statement in account.statements("ingest").values()]


def with_lists(statement: dict[str, object]) -> dict[str, object]:
    """IAM takes one action or resource without a list as well: the same statement with lists."""
    return {
        key: [value] if key in ("Action", "Resource") and isinstance(value, str) else value
        for key, value in statement.items()
    }


def test_no_topics_and_no_failure_queue(project: Project, account: Account) -> None:
    """Without command topics and failure queue no statement on SQS is there at all."""
    project.edit("config/task.toml", 'command_topics = ["orders"]', "failure_queue = false")
    project.succeed("up")
    assert [LOGGING, READ, LIST] == [with_lists(statement) for statement in account.statements("ingest").values()]


def test_tags(project: Project, account: Account) -> None:
    """Function, role, both queues, bucket and log group bear the user's tags and the three of the tool."""
    project.edit("config/task.toml", "[command_topics", '[stack.tags]\nteam = "content"\n[command_topics')
    project.succeed("up")
    (log_group,) = account.log_groups()
    role = account.iam.list_role_tags(RoleName=f"{FUNCTION}-{REGION}")["Tags"]
    queues = account.sqs.list_queues()["QueueUrls"]
    found = [
        account.lambda_.list_tags(Resource=ARN)["Tags"],
        {tag["Key"]: tag["Value"] for tag in role},
        account.tags_of_bucket(BUCKET),
        log_group["tags"],
        *(account.sqs.list_queue_tags(QueueUrl=url)["Tags"] for url in queues),
    ]
    lineage = account.tags_of_bucket(BUCKET)["task-deployer:manifest"]
    ours = {"task-deployer:stack": "media", "task-deployer:env": "dev", "task-deployer:manifest": lineage}
    assert [{"team": "content", **ours}] * 6 == found
    assert lineage in project.manifest.read_text(encoding="utf-8")


def test_bucket_documents(project: Project, account: Account) -> None:
    """A bucket gets the seed's CORS rule, no public access, and both sorts of events; S3 alone may invoke."""
    project.succeed("up")
    (rule,) = account.s3.get_bucket_cors(Bucket=BUCKET)["CORSRules"]
    assert rule == {
        "ID": "media-dev-ingest-uploads-1",
        "AllowedHeaders": ["*"],
        "AllowedMethods": ["HEAD", "GET"],
        "AllowedOrigins": ["*"],
        "ExposeHeaders": ["x-amz-server-side-encryption", "x-amz-request-id", "x-amz-id-2", "ETag"],
        "MaxAgeSeconds": 3000,
    }
    assert set(account.s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"].values()) == {True}

    entries = account.s3.get_bucket_notification_configuration(Bucket=BUCKET)["LambdaFunctionConfigurations"]
    assert entries == [
        {"Id": "media-dev-ingest-uploads-Created", "LambdaFunctionArn": ARN, "Events": ["s3:ObjectCreated:*"]},
        {"Id": "media-dev-ingest-uploads-Deleted", "LambdaFunctionArn": ARN, "Events": ["s3:ObjectRemoved:*"]},
    ]
    assert account.permissions(FUNCTION) == {
        "AllowS3Invoke-uploads": {
            "Sid": "AllowS3Invoke-uploads",
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "lambda:InvokeFunction",
            "Resource": ARN,
            "Condition": {
                "ArnLike": {"AWS:SourceArn": f"arn:aws:s3:::{BUCKET}"},
                "StringEquals": {"AWS:SourceAccount": ID},
            },
        }
    }


def test_function_and_queues(project: Project, account: Account) -> None:
    """The function has the contract's defaults and a failure queue; the topic is FIFO; logs last 30 days."""
    project.succeed("up")
    function = account.lambda_.get_function_configuration(FunctionName=FUNCTION)
    assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])
    assert (function["MemorySize"], function["Timeout"], function["EphemeralStorage"]) == (512, 60, {"Size": 512})
    assert function["Environment"]["Variables"]["TASK_DEPLOY_CALLBACK"] == "handler:handle_event"
    invoke = account.lambda_.get_function_event_invoke_config(FunctionName=FUNCTION)
    assert (invoke["MaximumRetryAttempts"], invoke["MaximumEventAgeInSeconds"]) == (2, 21600)
    assert invoke["DestinationConfig"]["OnFailure"] == {"Destination": FAILURES["Resource"][0]}
    topic = account.sqs.get_queue_attributes(QueueUrl="media-dev-orders.fifo", AttributeNames=["FifoQueue"])
    assert topic["Attributes"] == {"FifoQueue": "true"}
    assert [30] == [group["retentionInDays"] for group in account.log_groups()]


def test_everything_given(project: Project, account: Account) -> None:
    """Settings other than the defaults arrive at AWS, and the second `up` finds them there."""
    project.configure(
        CONFIG.replace("orders]", "orders]\nfifo = false", 1).replace(
            '"src"',
            '"src"\nmemory_mb = 1024\narchitecture = "x86_64"\nlog_retention_days = 7\nreserved_concurrency = 5',
        )
        + 'events = ["ObjectCreated:Put", "LifecycleExpiration"]\nprefix = "in/"\nsuffix = ".csv"\nversioning = true\n'
        + "expire_days = 30\nabort_uploads_days = 7\ncors = []\n"
    )
    project.succeed("up")
    assert project.succeed("up", "--json").document["api_calls"]["mutating"] == 0
    entries = account.s3.get_bucket_notification_configuration(Bucket=BUCKET)["LambdaFunctionConfigurations"]
    assert [["s3:ObjectCreated:Put"], ["s3:LifecycleExpiration:*"]] == [entry["Events"] for entry in entries]
    assert account.s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    assert len(account.s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]) == 2
    assert account.statements("ingest")["allowLambdaReadS3Versions"]["Action"] in (
        "s3:GetObjectVersion",
        ["s3:GetObjectVersion"],
    )
    assert account.lambda_.get_function_concurrency(FunctionName=FUNCTION)["ReservedConcurrentExecutions"] == 5
    with pytest.raises(account.s3.exceptions.ClientError, match="NoSuchCORSConfiguration"):
        account.s3.get_bucket_cors(Bucket=BUCKET)
    project.succeed("down", "--yes")
    assert account.listing() == {}
