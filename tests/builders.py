"""What tests need to begin with: an account, a project on the disk, its config and its resources."""

from collections.abc import Mapping
from pathlib import Path

from task_deployer import stack
from task_deployer.archive import Archive
from task_deployer.aws import Account
from task_deployer.config import Config, load
from task_deployer.plan import Desired
from task_deployer.records import Record
from task_deployer.resources.base import Address

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder of our own is made in it
"""Where property tests keep their files: the manifest is synced at each write, and a disk would be waited for."""

ACCOUNT = Account("123456789012", "eu-central-1")
LINEAGE = "0123456789abcdef"
ARCHIVE = Archive(b"a zip", "Y29kZQ==", 1)
TASK = 'source = "src"\ncallback = "handler:handle"\n'
INGEST = f"""\
[command_topics.orders]
[tasks.ingest]
{TASK}command_topics = ["orders"]
[tasks.ingest.buckets.uploads]
mode = "ReadWrite"
"""


def bucket_table(extra: str, task: str = "ingest", key: str = "uploads", mode: str = "ReadWrite") -> str:
    """A task with one bucket."""
    return f'[tasks.{task}]\n{TASK}[tasks.{task}.buckets.{key}]\nmode = "{mode}"\n{extra}\n'


def config_of(root: Path, tables: str = INGEST, *, stack: str = "media", env: str = "dev") -> Config:
    """Write a project with these tables beside `[stack]`, and load its config."""
    (root / "config").mkdir(exist_ok=True)
    (root / "src").mkdir(exist_ok=True)
    (root / "src" / "handler.py").write_text("def handle(event_name, key): ...\n", encoding="utf-8")
    (root / "config" / "task.toml").write_text(f'[stack]\nname = "{stack}"\n{tables}', encoding="utf-8")
    return load(root / "config", env)


def resources_of(
    root: Path, tables: str = INGEST, *, account: Account = ACCOUNT, only: str | None = None
) -> Mapping[str, Desired]:
    """What a stack with these tables wants, by address and in order."""
    config = config_of(root, tables)
    archives = dict.fromkeys(config.tasks, ARCHIVE)
    return {resource.address: resource for resource in stack.build(config, account, LINEAGE, archives, only)}


def recorded(*resources: Desired) -> dict[Address, Record]:
    """The records of these resources as an `up` that went well leaves them."""
    return {
        resource.address: Record(
            resource.kind, resource.identity, tuple(parent.address for parent in resource.depends_on)
        )
        for resource in resources
    }
