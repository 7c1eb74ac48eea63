"""Two stacks, each with a manifest of its own, deployed to one bucket of others at the same time."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from bench.latency import slowed
from tests.integration.account import Account
from tests.integration.project import HANDLER, REGION, Project, Ran, ended

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import NotificationConfigurationTypeDef

SHARED: Final = "everybodys-bucket"
STACKS: Final = ("first", "second")
TASKS: Final = 5
SLOW: Final = 0.1  # seconds each call takes: then each reads while the other is about to write
ROUNDS: Final = 3


@pytest.fixture
def projects(project: Project, account: Account) -> tuple[Project, ...]:
    """Two projects of five tasks each, which all listen to the same bucket; others are told of restored objects."""
    account.bucket(SHARED)
    theirs = {"Id": "theirs", "QueueArn": account.queue("theirs"), "Events": ["s3:ObjectRestore:*"]}
    document: NotificationConfigurationTypeDef = {"QueueConfigurations": [theirs]}  # type: ignore[list-item]  # an entry
    account.s3.put_bucket_notification_configuration(Bucket=SHARED, NotificationConfiguration=document)
    return tuple(_project(project, stack) for stack in STACKS)


def _project(beside: Project, stack: str) -> Project:
    made = replace(beside, root=beside.root.parent / stack)
    made.configure(f'[stack]\nname = "{stack}"\nregion = "{REGION}"\n' + "".join(_task(stack, n) for n in range(TASKS)))
    made.write("src/handler.py", HANDLER)
    return made


def _task(stack: str, number: int) -> str:
    return f"""
[tasks.t{number}]
source = "src"
callback = "handler:handle_event"
failure_queue = false

[tasks.t{number}.buckets.shared]
mode = "Read"
name = "{SHARED}"
existing = true
prefix = "{stack}/{number}/"
"""


def at_once(projects: tuple[Project, ...], endpoint_url: str, *words: str) -> list[Ran]:
    """Run the command in all projects at the same time."""
    return [ended(run) for run in [p.start(*words, "--json", AWS_ENDPOINT_URL=endpoint_url) for p in projects]]


def entries(account: Account, stack: str) -> set[str]:
    """The ids of a stack's entries in the bucket."""
    found = account.s3.get_bucket_notification_configuration(Bucket=SHARED).get("LambdaFunctionConfigurations", [])
    return {str(entry.get("Id")) for entry in found if str(entry.get("Id")).startswith(f"{stack}-dev-")}


def expected(stack: str) -> set[str]:
    """The ids of all entries that the stack wants."""
    return {f"{stack}-dev-t{number}-shared-{word}" for number in range(TASKS) for word in ("Created", "Deleted")}


def test_neither_loses_its_entries_silently(projects: tuple[Project, ...], account: Account, endpoint_url: str) -> None:
    """Of two `up` at once and two `down` at once each has its way or says by name that it has not; others' stay."""
    for _ in range(ROUNDS):
        with slowed(endpoint_url, SLOW) as proxy:
            ups = at_once(projects, proxy.endpoint_url, "up")
            for stack, ran in zip(STACKS, ups, strict=True):
                assert entries(account, stack) == expected(stack) or _says_so(ran), ran
            for project in projects:
                project.succeed("up")  # the loser's way out
            assert [expected(stack) for stack in STACKS] == [entries(account, stack) for stack in STACKS]
            downs = at_once(projects, proxy.endpoint_url, "down", "--yes")
            for stack, ran in zip(STACKS, downs, strict=True):
                assert not entries(account, stack) or _says_so(ran), ran
            for project in projects:
                project.succeed("down", "--yes")
    found = account.s3.get_bucket_notification_configuration(Bucket=SHARED)
    assert ["theirs"] == [entry.get("Id") for entry in found["QueueConfigurations"]]
    assert "LambdaFunctionConfigurations" not in found


def _says_so(ran: Ran) -> bool:
    failed = json.loads(ran.out)["outcome"]["failed"]
    return ran.code == 1 and f"notifications.{SHARED}" in [failure["address"] for failure in failed]
