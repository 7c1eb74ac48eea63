"""What is wrong is told by words and exit code, and changes nothing at AWS or on the disk."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import boto3
import pytest

from task_deployer.tags import as_pairs
from tests.integration.account import Account
from tests.integration.project import CONFIG, REGION, SECOND_TASK, Project

UNREACHABLE = "http://127.0.0.1:1"
"""Port 1 is privileged, and nothing of ours listens there: connections are refused."""
ARN = f"arn:aws:sqs:{REGION}:123456789012:billing.fifo"


@dataclass(frozen=True)
class Case:
    """One thing that is wrong: how it came to be, how `up` ends, and words that its message has to have."""

    spoil: Callable[[Project, Account], None]
    code: int
    told: tuple[str, ...]


def write(text: str) -> Callable[[Project, Account], None]:
    """The config is this text."""
    return lambda project, _: project.configure(text)


def replace(old: str, new: str) -> Callable[[Project, Account], None]:
    """The config has this instead of that."""
    return write(CONFIG.replace(old, new))


def remove(path: str) -> Callable[[Project, Account], None]:
    """A file is gone."""
    return lambda project, _: (project.root / path).unlink()


def occupy(project: Project, account: Account) -> None:
    """The bucket exists already, and nobody has recorded it."""
    project.configure(CONFIG + 'name = "taken"\n')
    account.bucket("taken")


def occupy_role(_: Project, account: Account) -> None:
    """Somebody else has a role of the name that ours would get."""
    role = f"media-dev-ingest-{REGION}"
    account.iam.create_role(RoleName=role, AssumeRolePolicyDocument="{}", Tags=[{"Key": "owner", "Value": "audit"}])


def occupy_by_this_stack(_: Project, account: Account) -> None:
    """The manifest was lost: a role bears this stack's own tags, and a bucket that holds something, so is no ghost."""
    tags = as_pairs({"task-deployer:stack": "media", "task-deployer:env": "dev", "task-deployer:manifest": "lost"})
    account.iam.create_role(RoleName=f"media-dev-ingest-{REGION}", AssumeRolePolicyDocument="{}", Tags=tags)
    bucket = account.bucket(f"media-dev-ingest-uploads-123456789012-{REGION}")
    account.s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    account.s3.put_object(Bucket=bucket, Key="in/file", Body=b"1")


def occupy_log_group(_: Project, account: Account) -> None:
    """Somebody else has a log group of the name that ours would get, with tags."""
    account.logs.create_log_group(logGroupName="/aws/lambda/media-dev-ingest", tags={"owner": "audit"})


def attach_elsewhere(project: Project, account: Account) -> None:
    """The existing bucket is in another region."""
    project.configure(CONFIG + 'name = "far-away"\nexisting = true\n')
    endpoint_url = account.s3.meta.endpoint_url
    there = boto3.Session("testing", "testing", region_name="us-west-2").client("s3", endpoint_url=endpoint_url)
    there.create_bucket(Bucket="far-away", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    there.close()


def overlap(project: Project, account: Account) -> None:
    """A foreign entry of the bucket's notifications listens to the same keys and events."""
    project.configure(CONFIG + 'name = "shared"\nexisting = true\n')
    entry = {"Id": "nightly-import", "QueueArn": account.queue("theirs"), "Events": ["s3:ObjectCreated:Put"]}
    account.s3.put_bucket_notification_configuration(
        Bucket=account.bucket("shared"),
        NotificationConfiguration={"QueueConfigurations": [entry]},  # type: ignore[list-item]  # a plain dict
    )


CASES = {
    "config missing": Case(remove("config/task.toml"), 2, ("task.toml",)),
    "malformed TOML": Case(write("[stack\nname = 1\n"), 2, ("config/task.toml:1", "is not TOML")),
    "wrong types": Case(
        replace('"src"', '"src"\nmemory_mb = "big"\ntimeout_seconds = true'),
        2,
        ("tasks.ingest.memory_mb", "tasks.ingest.timeout_seconds"),
    ),
    "unknown key": Case(replace("callback", "calback"), 2, ("task.toml:9: tasks.ingest.calback", "callback")),
    "name too long": Case(
        write(CONFIG.replace(".uploads]", f".{'x' * 30}]")), 2, (f"tasks.ingest.buckets.{'x' * 30}", "too long")
    ),
    "callback missing": Case(replace("handler:handle_event", "handler:absent"), 2, ("callback", "absent")),
    "module missing": Case(replace("handler:handle_event", "absent:handle_event"), 2, ("callback", "absent")),
    "source missing": Case(replace('"src"', '"absent"'), 2, ("tasks.ingest.source", "absent")),
    "environment not allowed": Case(
        replace("[stack]", '[stack]\nenvironments = ["prod"]'), 2, ("dev", "prod", "environments")
    ),
    "two things of one name": Case(
        write(CONFIG + 'name = "one"\n' + SECOND_TASK + 'name = "one"\n'),
        2,
        ("tasks.ingest.buckets.uploads", "tasks.resize.buckets.images", "one"),
    ),
    "referenced queue missing": Case(
        replace("[command_topics.orders]", f'[command_topics.orders]\nqueue = "{ARN}"'), 2, ("queue.orders", "billing")
    ),
    "existing bucket missing": Case(
        write(CONFIG + 'name = "absent-bucket"\nexisting = true\n'), 2, ("bucket.ingest.uploads", "absent-bucket")
    ),
    "another account than the config's": Case(
        replace("[stack]", '[stack]\naccount = "999999999999"'), 5, ("999999999999", "123456789012")
    ),
    "bucket unrecorded": Case(occupy, 5, ("bucket.ingest.uploads", "taken", "bears no tags")),
    "role of somebody else's": Case(occupy_role, 5, ("role.ingest", "owner=audit")),
    "manifest lost": Case(occupy_by_this_stack, 5, ("role.ingest", "stack 'media'", "the manifest was lost")),
    "log group of somebody else's": Case(occupy_log_group, 5, ("log_group.ingest", "owner=audit")),
    "existing bucket in another region": Case(
        attach_elsewhere, 2, ("bucket.ingest.uploads", "us-west-2", "eu-central-1")
    ),
    "overlapping notifications": Case(overlap, 5, ("nightly-import", "media-dev-ingest-uploads-Created")),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_refused_before_anything_is_made(project: Project, account: Account, case: Case) -> None:
    """`up` stops with the exit code of the contract and says what is wrong; it changes nothing, there or here."""
    case.spoil(project, account)
    before = project.files(), account.listing()
    error = json.dumps(project.refused("up", "--yes", code=case.code), ensure_ascii=False)
    for words in case.told:
        assert words in error
    assert before == (project.files(), account.listing())


@pytest.mark.parametrize("name", ["wrong types", "existing bucket missing", "bucket unrecorded"])
def test_refused_in_words(project: Project, account: Account, name: str) -> None:
    """`plan` ends as `up` would, and without --json tells it in words on stderr alone, without a traceback."""
    case = CASES[name]
    case.spoil(project, account)
    ran = project.run("plan")
    assert (case.code, "") == (ran.code, ran.out)
    assert ran.err.startswith("Error: ")
    assert "Next: " in ran.err or "config/task.toml:" in ran.err
    assert "Traceback" not in ran.err
    for words in case.told:
        assert words in ran.err


def test_all_mistakes_at_once(project: Project) -> None:
    """Two mistakes in two files are told in one run, each with its file and line."""
    project.edit("config/task.toml", '"Read"', '"read"')
    project.configure("[tasks.ingest]\nmemory_mb = 1\n", "dev")
    error = project.run("plan").err
    assert "config/task.toml:13: tasks.ingest.buckets.uploads.mode" in error
    assert "config/dev.toml:2: tasks.ingest.memory_mb" in error


@pytest.mark.parametrize("command", ["up", "status"])
def test_no_credentials(project: Project, command: str) -> None:
    """Without credentials a command ends with 3 and says how to get some."""
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    before = project.files()
    assert "aws configure" in project.refused(command, code=3, **nobody)["hint"]
    assert before == project.files()


@pytest.mark.parametrize("command", ["up", "plan", "status", "policy", "adopt"])
def test_a_login_that_has_expired(project: Project, command: str) -> None:
    """A profile whose program gives no credentials any more is 3, with what the program said and the profile's file."""
    project.write("aws", '[default]\ncredential_process = sh -c "echo session expired >&2; exit 3"\n')
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_CONFIG_FILE": str(project.root / "aws")}
    before = project.files()
    refusal = project.refused(command, code=3, **nobody)
    assert "session expired" in refusal["detail"]
    assert str(project.root / "aws") in refusal["detail"]
    assert before == project.files()


def test_unknown_profile(project: Project) -> None:
    """A profile that does not exist is named, with 3."""
    assert "nobody" in project.refused("plan", "--profile", "nobody", code=3)["summary"]


@pytest.mark.parametrize(
    "words", [("--endpoint-url", "nowhere"), ("--region", "mars 1"), ("--env", "Bad Env")], ids=" ".join
)
def test_no_such_place(project: Project, words: tuple[str, str]) -> None:
    """What can be no endpoint, no region, or no environment is exit 2 and is named."""
    assert words[1] in json.dumps(project.refused("plan", *words, code=2))


def test_unreachable_endpoint(project: Project) -> None:
    """An endpoint that cannot be reached is exit 1 and is named; nothing is written."""
    before = project.files()
    assert UNREACHABLE in project.refused("up", "--endpoint-url", UNREACHABLE, code=1)["summary"]
    assert before == project.files()


@pytest.mark.parametrize(
    "words",
    [("up", "--nonsense"), ("nonsense",), ("up", "--workers"), ("up", "--only", "absent"), ("plan", "extra")],
    ids=" ".join,
)
def test_usage_error(project: Project, account: Account, words: tuple[str, ...]) -> None:
    """A wrong command line is exit 2, told on stderr, or with --json as one document on stdout."""
    told = project.run(*words)
    assert (2, "") == (told.code, told.out)
    assert words[-1] in told.err
    assert words[-1] in json.dumps(project.refused(*words, code=2))
    assert account.listing() == {}
