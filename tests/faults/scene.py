"""A stack that uses every kind, beside things of others, and the commands on it with clients that are shared."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from threading import Event as Flag
from typing import Final

from task_deployer import commands
from task_deployer.adopt import adopt
from task_deployer.aws import Aws
from task_deployer.checks import Diagnosis
from task_deployer.commands import Confirm, Run
from task_deployer.config import Config
from task_deployer.data_loss import CAREFUL, Choices
from task_deployer.doctor import diagnose
from task_deployer.events import Event
from task_deployer.in_flight import Lookout
from task_deployer.manifest_file import FOLDER
from task_deployer.policies import Policies, of_tasks
from task_deployer.project import Project
from task_deployer.restore import Choice, Restored, restore
from task_deployer.result import Result
from task_deployer.walk import Means
from tests.invariants import read_foreign

BASE: Final = """
[stack]
name = "{name}"
region = "eu-central-1"

[command_topics.orders]

[command_topics.theirs]
queue = "{name}-theirs"

[tasks.ingest]
source = "src"
callback = "handler:handle"
command_topics = ["orders", "theirs"]
reserved_concurrency = 5

[tasks.ingest.buckets.uploads]
mode = "Read"
versioning = true
expire_days = 30

[tasks.ingest.buckets.theirs]
mode = "Read"
name = "{name}-theirs"
existing = true
prefix = "in/"
[[tasks.ingest.buckets.theirs.cors]]
allowed_origins = ["https://app.example.com"]
allowed_methods = ["GET"]
"""

CHANGED: Final = """
[command_topics.extra]

[tasks.ingest]
memory_mb = 256
retry_attempts = 1
log_retention_days = 7
failure_queue = false
command_topics = ["orders", "extra"]
reserved_concurrency = 4

[tasks.ingest.buckets.uploads]
expire_days = 10
prefix = "in/"

[[tasks.ingest.buckets.uploads.cors]]
allowed_origins = ["https://app.example.com"]
allowed_methods = ["GET"]

[tasks.ingest.buckets.more]
mode = "Write"
events = []
"""
"""Laid over BASE: it changes, adds and drops, so that an `up` creates, updates and deletes."""


DELIVERIES: Final = """
[stack]
name = "{name}"
region = "eu-central-1"

[tasks.ingest]
source = "src"
callback = "handler:handle"

[tasks.ingest.buckets.bridged]
mode = "Read"
name = "{name}-theirs"
existing = true
delivery = "eventbridge"

[tasks.ingest.buckets.queued]
mode = "Read"
name = "{name}-theirs"
existing = true
prefix = "in/"
delivery = "queue"
"""
"""Both deliveries but the direct one, into one bucket of others."""

REDIRECTED: Final = """
[tasks.ingest]
timeout_seconds = 120

[tasks.ingest.buckets.bridged]
delivery = "queue"
prefix = "out/"
batch_size = 5

[tasks.ingest.buckets.queued]
delivery = "direct"
"""
"""Laid over DELIVERIES: each bucket takes another way, and the function may run longer."""


class SharedClients(Project):
    """A project that connects with clients that are there already: making them takes longer than a whole `up`."""

    aws: Aws

    def connect(self, region: str, config: Config | None, lookout: Lookout) -> Aws:  # noqa: ARG002 - its clients have one
        """The shared clients."""
        assert region == self.aws.account.region
        assert config is None or config.stack.region == region
        return self.aws


class _NoTime(Flag):
    """A flag that nobody waits for: what would be slept is over at once."""

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002 - it is Flag's own
        """Whether it is set."""
        return self.is_set()


def _tell_nobody(_: Event) -> None:
    """Nobody listens."""


def _agree(_: str) -> None:
    """Whatever the question is, the answer is yes."""


@dataclass(frozen=True)
class Scene:
    """One project and its AWS. `env` is `dev`, or `changed` after `change`.

    `report` hears what happens; `new_flag` makes the flag that says stop, whose `wait` is how the verbs sleep;
    `confirm` is asked, and agrees.
    """

    aws: Aws
    folder: Path
    name: str
    foreign: object
    changed: str = CHANGED
    report: Callable[[Event], None] = _tell_nobody
    new_flag: Callable[[], Flag] = _NoTime
    confirm: Confirm = _agree

    @property
    def manifest(self) -> Path:
        """Where the manifest is."""
        return self.folder / FOLDER / f"{self.name}.dev.json"

    @property
    def project(self) -> Project:
        """Where the commands work."""
        project = SharedClients(folder=self.folder / "config")
        object.__setattr__(project, "aws", self.aws)
        return project

    def up(self, workers: int = 1, only: str | None = None, choices: Choices = CAREFUL) -> Result:
        """Run `up`."""
        return commands.up(self.project, self._run(workers), only=only, choices=choices)

    def plan(self, workers: int = 1, choices: Choices = CAREFUL) -> Result:
        """Run `plan`."""
        return commands.plan(self.project, self._run(workers), choices=choices)

    def status(self, workers: int = 1) -> Result:
        """Run `status`."""
        return commands.status(self.project, self._run(workers))

    def down(self, workers: int = 1, choices: Choices = CAREFUL) -> Result:
        """Run `down`."""
        return commands.down(self.project, self._run(workers), choices=choices)

    def adopt(self) -> Result:
        """Run `adopt`."""
        return adopt(self.project, self._run(4))

    def restore(self) -> Restored:
        """Run `restore-notifications` for the bucket of others."""
        return restore(self.project, self._run(1), Choice(f"{self.name}-theirs"), lambda _: None)

    def role_policies(self) -> Policies:
        """Run `policy`."""
        return of_tasks(self.project, self._run(4))

    def doctor(self) -> Diagnosis:
        """Run `doctor`, at the time at which STS was asked: the clients are older than this test."""
        asked = parsedate_to_datetime(self.aws.caller.date)
        return diagnose(self.project, self._run(4), lambda: asked)

    def files(self) -> dict[str, bytes]:
        """All files of the project with their content."""
        return {str(path): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}

    def change(self) -> None:
        """Lay the changes over the config."""
        (self.folder / "config" / "dev.toml").write_text(self.changed)

    def _run(self, workers: int) -> Run:
        return Run(lambda aws: Means(aws, self.report, workers, self.new_flag()), self.confirm)


def set_up(aws: Aws, folder: Path, name: str, base: str = BASE, changed: str = CHANGED) -> Scene:
    """Write the project, and put the things of others beside it. `changed` is laid over `base` by `change`."""
    (folder / "config").mkdir(parents=True)
    (folder / "config" / "task.toml").write_text(base.format(name=name))
    (folder / "src").mkdir()
    (folder / "src" / "handler.py").write_text("def handle(event_name, key): ...\n")
    _put_foreign(aws, name)
    return Scene(aws, folder, name, read_foreign(aws, name), changed)


def _put_foreign(aws: Aws, name: str) -> None:
    """Somebody else's queue and bucket, with a notification entry, EventBridge, a CORS rule and a tag of theirs."""
    theirs = f"{name}-theirs"
    arn = aws.account.arn("sqs", theirs)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.sqs.create_queue(QueueName=theirs, Attributes={"Policy": policy}, tags={"colour": "blue"})
    aws.s3.create_bucket(Bucket=theirs, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    aws.s3.put_bucket_tagging(Bucket=theirs, Tagging={"TagSet": [{"Key": "colour", "Value": "blue"}]})
    aws.s3.put_bucket_cors(
        Bucket=theirs,
        CORSConfiguration={"CORSRules": [{"ID": "theirs", "AllowedMethods": ["PUT"], "AllowedOrigins": ["*"]}]},
    )
    entry = {"Id": "theirs", "QueueArn": arn, "Events": ["s3:ObjectRestore:*"]}
    aws.s3.put_bucket_notification_configuration(
        Bucket=theirs,
        NotificationConfiguration={"QueueConfigurations": [entry], "EventBridgeConfiguration": {}},  # type: ignore[list-item]  # an entry
    )
