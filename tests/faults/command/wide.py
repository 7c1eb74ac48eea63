"""A project that uses every kind, in three tasks, beside things of others; and what must hold of it at any moment."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict

from task_deployer.kept_documents import paths_of
from task_deployer.manifest_file import FOLDER
from tests.integration.account import ID, Account, Listing
from tests.integration.project import HANDLER, REGION, Project, Ran

THEIRS: Final = "theirs"
UPLOADS: Final = f"media-dev-ingest-uploads-{ID}-{REGION}"

BASE: Final = """
[stack]
name = "media"
region = "eu-central-1"
[stack.tags]
team = "content"

[command_topics.orders]

[command_topics.notes]
fifo = false

[command_topics.theirs]
queue = "theirs"

[tasks.ingest]
source = "src"
callback = "handler:handle_event"
command_topics = ["orders", "theirs"]
reserved_concurrency = 5

[tasks.ingest.buckets.uploads]
mode = "Read"
versioning = true
expire_days = 30

[tasks.ingest.buckets.shared]
mode = "Read"
name = "theirs"
existing = true
prefix = "in/"
[[tasks.ingest.buckets.shared.cors]]
allowed_origins = ["https://app.example.com"]
allowed_methods = ["GET"]

[tasks.resize]
source = "src"
callback = "handler:handle_event"
command_topics = ["notes"]
failure_queue = false

[tasks.resize.buckets.images]
mode = "ReadWrite"
suffix = ".jpg"
allow_recursion = true
cors = []

[tasks.resize.buckets.shared]
mode = "Read"
name = "theirs"
existing = true
prefix = "out/"
"""

REPORT: Final = """
[tasks.report]
source = "src"
callback = "handler:handle_event"

[tasks.report.buckets.sheets]
mode = "Write"
name = "media-sheets"
"""

FOURTH: Final = """
[command_topics.extra]

[tasks.fourth]
source = "src"
callback = "handler:handle_event"
command_topics = ["extra"]

[tasks.fourth.buckets.sheets]
mode = "Read"
"""


class _Recorded(TypedDict):
    kind: str
    identity: dict[str, str]
    status: str


@dataclass(frozen=True)
class Wide:
    """The project, its account, and what was in that before the first `up`."""

    project: Project
    account: Account
    before: Listing

    def change(self) -> None:
        """Give the config other values, one task more and one task less."""
        changed = BASE.replace("reserved_concurrency = 5", "memory_mb = 256").replace(
            'prefix = "in/"', 'prefix = "new/"'
        )
        self.project.configure(changed.replace('team = "content"', 'team = "sales"') + FOURTH)

    def fill(self) -> None:
        """Put two versions of an object and a delete marker into a bucket that keeps versions."""
        for body in (b"one", b"two"):
            self.account.s3.put_object(Bucket=UPLOADS, Key="in/file", Body=body)
        self.account.s3.delete_object(Bucket=UPLOADS, Key="in/file")

    def recorded(self) -> dict[str, str]:
        """What the manifest records of things with a name of their own, as the account lists them: their status."""
        if not self.project.manifest.exists():
            return {}
        records: dict[str, _Recorded] = json.loads(self.project.manifest.read_text(encoding="utf-8"))["resources"]
        return {
            f"{record['kind'].replace('_', ' ')} {_name(record['identity'])}": record["status"]
            for record in records.values()
            if record["kind"] in {"bucket", "function", "role", "queue", "log_group"}
        }

    def begun(self) -> set[str]:
        """What of that is recorded as begun, and not as done."""
        return {thing for thing, status in self.recorded().items() if status != "ready"}

    def assert_recorded(self) -> None:
        """All that is at AWS beside what was there before is recorded, and all that is recorded as ready is there."""
        there = self.account.names()
        recorded = self.recorded()
        assert set() == there - recorded.keys() - self.before.keys(), "at AWS, and not in the manifest"
        assert set() == recorded.keys() - self.begun() - there, "ready in the manifest, and not at AWS"

    def assert_converged(self) -> None:
        """A further `up` finds nothing to do, and what others have in shared documents is as it was."""
        again = self.project.succeed("up", "--yes", "--json").document
        assert (0, 0) == (again["outcome"]["done"], again["api_calls"]["mutating"])
        self.assert_recorded()
        assert _of_others(self.before) == _of_others(self.account.listing())

    def assert_gone(self) -> None:
        """The account is as it was before the first `up`, and of the tool's folder only what others had is kept."""
        assert self.before == self.account.listing()
        folder = self.project.root / FOLDER
        kept = {*paths_of(folder / "notifications", THEIRS)}
        files = {path for path in folder.rglob("*") if path.is_file()}
        assert files == kept | ({folder / ".gitignore"} if kept else set())

    def up(self) -> Ran:
        """Run `up` to its good end."""
        return self.project.succeed("up", "--yes", "--empty-buckets")

    def down(self) -> Ran:
        """Run `down` to its good end."""
        return self.project.succeed("down", "--yes", "--empty-buckets")


def set_up(account: Account, folder: Path, environment: dict[str, str]) -> Wide:
    """Write the project, and put the things of others beside it."""
    _put_foreign(account)
    project = Project(folder, environment)
    project.configure(BASE + REPORT)
    project.write("src/handler.py", HANDLER)
    return Wide(project, account, account.listing())


def _put_foreign(account: Account) -> None:
    """Somebody else's queue, and their bucket with a notification entry, a CORS rule and a tag."""
    arn = account.queue(THEIRS)
    bucket = account.bucket(THEIRS)
    account.s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "colour", "Value": "blue"}]})
    account.s3.put_bucket_cors(
        Bucket=bucket,
        CORSConfiguration={"CORSRules": [{"ID": "theirs", "AllowedMethods": ["PUT"], "AllowedOrigins": ["*"]}]},
    )
    account.s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "QueueConfigurations": [{"Id": "theirs", "QueueArn": arn, "Events": ["s3:ObjectRestore:*"]}]
        },
    )


def _of_others(listing: Listing) -> object:
    """What of others is in the account, without what is ours in their bucket's documents."""
    bucket = listing[f"bucket {THEIRS}"]
    assert isinstance(bucket, dict)
    return {
        "queue": listing[f"queue {THEIRS}"],
        "tags": bucket["tags"],
        "rules": [rule for rule in bucket["cors"]["CORSRules"] if rule["ID"] == "theirs"],
        "entries": bucket["notifications"]["QueueConfigurations"],
    }


def _name(identity: dict[str, str]) -> str:
    return identity.get("bucket") or identity.get("name") or identity["arn"].rpartition(":")[2]
