"""Two stacks, each with a manifest of its own, deployed to one bucket of others at the same time."""

import itertools
import json
from contextlib import suppress
from dataclasses import replace
from threading import Barrier, BrokenBarrierError, Event
from typing import TYPE_CHECKING, Final

import pytest

from bench.latency import LatencyProxy, slowed
from task_deployer.resources.other_writers import OTHERS_TURN
from tests.integration.account import Account
from tests.integration.project import HANDLER, REGION, Project, Ran, ended

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import NotificationConfigurationTypeDef

SHARED: Final = "everybodys-bucket"
STACKS: Final = ("first", "second")
TASKS: Final = 5
SECOND: Final = 2
ROUNDS: Final = 2
READ, PUT = f"GET /{SHARED}?notification", f"PUT /{SHARED}?notification"


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


class Meeting:
    """Two processes read the document at the same time for their writes, and one puts it after the other has put it.

    The later put is held until the other process reads back, but only for a part of the others' turn: a process that
    reads back at once sees nothing of it, one that waits for the others sees its entries gone.
    """

    def __init__(self) -> None:
        self._reads = Barrier(2, timeout=60)
        self._puts = Barrier(2, timeout=OTHERS_TURN / 3)
        self._read_back = Event()
        self.met = 0

    def attend(self, proxy: LatencyProxy) -> None:
        """Hold one process's second read (the first is the plan's), and its first put."""
        reads, puts = itertools.count(1), itertools.count(1)

        def hold(what: str) -> None:
            if what == READ:
                self._before_read(next(reads))
            if what == PUT and next(puts) == 1:
                self._before_put()

        proxy.hold = hold

    def _before_read(self, number: int) -> None:
        if number == SECOND:
            with suppress(BrokenBarrierError):  # the other one has nothing to write
                self._reads.wait()
        elif number > SECOND:
            self._read_back.set()

    def _before_put(self) -> None:
        with suppress(BrokenBarrierError):  # the other one is late
            if self._puts.wait() == 0:
                self.met += 1
                self._read_back.wait(OTHERS_TURN / 3)


def at_once(projects: tuple[Project, ...], endpoint_url: str, *words: str) -> tuple[list[Ran], Meeting]:
    """Run the command in both projects at the same time, so that they meet at the bucket's notifications."""
    meeting = Meeting()
    with slowed(endpoint_url, 0) as first, slowed(endpoint_url, 0) as second:
        meeting.attend(first)
        meeting.attend(second)
        endpoints = (first.endpoint_url, second.endpoint_url)
        runs = [
            project.start(*words, "--json", AWS_ENDPOINT_URL=url)
            for project, url in zip(projects, endpoints, strict=True)
        ]
        return [ended(run) for run in runs], meeting


def entries(account: Account, stack: str) -> set[str]:
    """The ids of a stack's entries in the bucket."""
    found = account.s3.get_bucket_notification_configuration(Bucket=SHARED).get("LambdaFunctionConfigurations", [])
    return {str(entry.get("Id")) for entry in found if str(entry.get("Id")).startswith(f"{stack}-dev-")}


def expected(stack: str) -> set[str]:
    """The ids of all entries that the stack wants."""
    return {f"{stack}-dev-t{number}-shared-{word}" for number in range(TASKS) for word in ("Created", "Deleted")}


@pytest.mark.waits
def test_neither_loses_its_entries_silently(projects: tuple[Project, ...], account: Account, endpoint_url: str) -> None:
    """Of two `up` at once and two `down` at once each has its way or says by name that it has not; others' stay."""
    met = 0
    for _ in range(ROUNDS):
        ups, at_up = at_once(projects, endpoint_url, "up")
        for stack, ran, project in zip(STACKS, ups, projects, strict=True):
            assert entries(account, stack) == expected(stack) or _says_so(ran), ran
            if ran.code != 0:
                project.succeed("up")  # the loser's way out
        assert [expected(stack) for stack in STACKS] == [entries(account, stack) for stack in STACKS]
        downs, at_down = at_once(projects, endpoint_url, "down", "--yes")
        for stack, ran, project in zip(STACKS, downs, projects, strict=True):
            assert not entries(account, stack) or _says_so(ran), ran
            if ran.code != 0:
                project.succeed("down", "--yes")
        met += at_up.met + at_down.met
    assert met > 0, "they never wrote at the same time"
    found = account.s3.get_bucket_notification_configuration(Bucket=SHARED)
    assert ["theirs"] == [entry.get("Id") for entry in found["QueueConfigurations"]]
    assert "LambdaFunctionConfigurations" not in found


def _says_so(ran: Ran) -> bool:
    failed = json.loads(ran.out)["outcome"]["failed"]
    return ran.code == 1 and f"notifications.{SHARED}" in [failure["address"] for failure in failed]
