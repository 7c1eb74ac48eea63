from pathlib import Path

import pytest

from task_deployer.config import BucketConfig, CorsRule, StackConfig, TaskConfig, TopicConfig, load
from task_deployer.errors import ConfigError
from tests.unit.config.project import Project, valid

EVERYTHING = """\
[stack]
name = "media"
environments = ["dev", "prod", "pr-*"]
region = "eu-central-1"
account = "123456789012"
[stack.tags]
team = "content"

[command_topics.orders]
fifo = false
[command_topics.billing]
queue = "arn:aws:sqs:eu-central-1:123456789012:billing.fifo"

[tasks.ingest]
source = "lambda_src"
callback = "handler:handle_event"
runtime = "python3.12"
architecture = "x86_64"
memory_mb = 1024
timeout_seconds = 30
ephemeral_storage_mb = 1024
environment = { LOG_LEVEL = "INFO" }
command_topics = ["orders", "billing"]
requirements = "needs.txt"
log_retention_days = 7
reserved_concurrency = 0
retry_attempts = 0
max_event_age_seconds = 60
failure_queue = false
role_path = "/teams/content/"
permissions_boundary = "arn:aws:iam::123456789012:policy/boundary"

[tasks.ingest.buckets.uploads]
mode = "Read"
name = "my-bucket"
existing = false
events = ["ObjectCreated:Put", "LifecycleExpiration"]
prefix = "in/"
suffix = ".csv"
versioning = true
expire_days = 30
abort_uploads_days = 7
allow_recursion = true
[[tasks.ingest.buckets.uploads.cors]]
allowed_origins = ["https://app.example.com", "http://localhost:3000", "https://*.example.com", "*"]
allowed_methods = ["GET", "HEAD", "PUT"]
allowed_headers = ["*"]
expose_headers = ["ETag"]
max_age_seconds = 60
"""

SEED_RULE = CorsRule(
    allowed_origins=("*",),
    allowed_methods=("HEAD", "GET"),
    allowed_headers=("*",),
    expose_headers=("x-amz-server-side-encryption", "x-amz-request-id", "x-amz-id-2", "ETag"),
    max_age_seconds=3000,
)


def test_every_key_arrives(project: Project) -> None:
    """Each key of the format is read into its field."""
    (project.root / "lambda_src" / "needs.txt").touch()
    project.write(EVERYTHING)
    config = project.load()

    expected_stack = StackConfig(
        name="media",
        environments=("dev", "prod", "pr-*"),
        region="eu-central-1",
        account="123456789012",
        tags={"team": "content"},
    )
    expected_rule = CorsRule(
        allowed_origins=("https://app.example.com", "http://localhost:3000", "https://*.example.com", "*"),
        allowed_methods=("GET", "HEAD", "PUT"),
        allowed_headers=("*",),
        expose_headers=("ETag",),
        max_age_seconds=60,
    )
    expected_bucket = BucketConfig(
        mode="Read",
        name="my-bucket",
        existing=False,
        events=("ObjectCreated:Put", "LifecycleExpiration"),
        prefix="in/",
        suffix=".csv",
        versioning=True,
        expire_days=30,
        abort_uploads_days=7,
        allow_recursion=True,
        cors=(expected_rule,),
    )
    expected_task = TaskConfig(
        source="lambda_src",
        callback="handler:handle_event",
        runtime="python3.12",
        architecture="x86_64",
        memory_mb=1024,
        timeout_seconds=30,
        ephemeral_storage_mb=1024,
        environment={"LOG_LEVEL": "INFO"},
        command_topics=("orders", "billing"),
        requirements="needs.txt",
        log_retention_days=7,
        reserved_concurrency=0,
        retry_attempts=0,
        max_event_age_seconds=60,
        failure_queue=False,
        role_path="/teams/content/",
        permissions_boundary="arn:aws:iam::123456789012:policy/boundary",
        buckets={"uploads": expected_bucket},
    )
    assert expected_stack == config.stack
    assert {"orders", "billing"} == set(config.command_topics)
    assert {"ingest": expected_task} == config.tasks


def test_defaults(project: Project) -> None:
    """What the files leave out has the default that the format promises."""
    config = project.load()

    assert StackConfig(name="media", environments=(), region=None, account=None, tags={}) == config.stack
    task = config.tasks["ingest"]
    assert (
        task.runtime,
        task.architecture,
        task.memory_mb,
        task.timeout_seconds,
        task.ephemeral_storage_mb,
    ) == ("python3.13", "arm64", 512, 60, 512)
    assert (
        task.log_retention_days,
        task.retry_attempts,
        task.max_event_age_seconds,
        task.failure_queue,
    ) == (30, 2, 21600, True)
    assert (
        task.environment,
        task.command_topics,
        task.requirements,
        task.reserved_concurrency,
        task.role_path,
        task.permissions_boundary,
    ) == ({}, (), None, None, "/", None)
    bucket = task.buckets["uploads"]
    assert (bucket.name, bucket.existing, bucket.events) == (None, False, ("ObjectCreated", "ObjectRemoved"))
    assert (
        bucket.prefix,
        bucket.suffix,
        bucket.versioning,
        bucket.expire_days,
        bucket.abort_uploads_days,
        bucket.allow_recursion,
    ) == ("", "", False, None, None, False)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("", (SEED_RULE,)),
        ("cors = []", ()),
        ('existing = true\nname = "theirs"', ()),
        ('existing = true\nname = "theirs"\ncors = [{ allowed_origins = ["*"], allowed_methods = ["PUT"] }]', ("PUT",)),
    ],
)
def test_default_cors(project: Project, keys: str, expected: tuple[CorsRule | str, ...]) -> None:
    """A bucket of ours has the one rule of the original system unless the file says otherwise, an existing one none."""
    project.write(valid(bucket=keys))
    rules = project.load().tasks["ingest"].buckets["uploads"].cors
    assert expected == (rules if expected == (SEED_RULE,) else tuple(rule.allowed_methods[0] for rule in rules))


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("", TopicConfig(queue=None, fifo=True)),
        ("fifo = false", TopicConfig(queue=None, fifo=False)),
        ('queue = "billing.fifo"', TopicConfig(queue="billing.fifo", fifo=True)),
        ('queue = "billing"', TopicConfig(queue="billing", fifo=False)),
        ('queue = "billing"\nfifo = false', TopicConfig(queue="billing", fifo=False)),
        (
            'queue = "https://sqs.eu-central-1.amazonaws.com/123456789012/billing.fifo"',
            TopicConfig(queue="https://sqs.eu-central-1.amazonaws.com/123456789012/billing.fifo", fifo=True),
        ),
        (
            'queue = "http://localhost:5000/123456789012/billing"',
            TopicConfig(queue="http://localhost:5000/123456789012/billing", fifo=False),
        ),
    ],
)
def test_topics(project: Project, keys: str, expected: TopicConfig) -> None:
    """A queue that the tool makes is FIFO unless told otherwise; of a given queue the name decides."""
    project.write(valid(topic=keys))
    assert expected == project.load().command_topics["orders"]


def test_paths(project: Project) -> None:
    """The root is the folder that holds the config folder, and absolute, however the config folder was named."""
    (project.root / "deep").mkdir()
    config = load(Path("deep/../config"), "dev")
    assert (project.root, project.root / "config", "dev") == (config.root, config.folder, config.env)


@pytest.mark.parametrize("env", ["dev", "pr-17"])
def test_environments_that_are_listed(project: Project, env: str) -> None:
    """An environment that a name or a pattern of the list covers is taken."""
    project.write(valid(stack='environments = ["dev", "pr-*"]'))
    assert env == project.load(env).env


def test_existing_bucket(project: Project) -> None:
    """An existing bucket needs its name alone."""
    project.write(valid(bucket='existing = true\nname = "theirs"'))
    assert project.load().tasks["ingest"].buckets["uploads"].name == "theirs"


def test_missing_folder(project: Project) -> None:
    """A folder that does not exist is named, with what makes one."""
    with pytest.raises(ConfigError) as caught:
        load(project.root / "confg", "dev")
    assert caught.value.summary == "There is no configuration folder confg"
    assert caught.value.hint == "Write one, as the README shows, or name another folder with --config."


def test_missing_base(project: Project) -> None:
    """An overlay alone is no configuration: the base is named."""
    (project.root / "config" / "task.toml").rename(project.root / "config" / "dev.toml")
    with pytest.raises(ConfigError) as caught:
        project.load()
    assert caught.value.summary == "There is no configuration file config/task.toml"


@pytest.mark.parametrize("env", ["Dev", "", "../dev", "dev\n", "1st"])
def test_names_that_no_environment_can_have(project: Project, env: str) -> None:
    """An environment's name has the form of all names, so that it leads to no file outside the folder."""
    with pytest.raises(ConfigError, match="cannot be the name of an environment") as caught:
        project.load(env)
    assert caught.value.hint == "Choose another name: small letters, digits and hyphens, a letter first."


def test_environment_named_as_the_base(project: Project) -> None:
    """`task` is no environment: its overlay would be the base itself."""
    with pytest.raises(ConfigError) as caught:
        project.load("task")
    assert caught.value.hint == "Choose another name: task.toml is the base of all environments."


def test_environment_with_a_name_too_long_for_the_disk(project: Project) -> None:
    """A name that no file can have is an error of the configuration, and no crash."""
    with pytest.raises(ConfigError):
        project.load("a" * 300)
