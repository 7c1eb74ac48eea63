"""`task-deploy demo`: the main job on this machine, from nothing to nothing, told as it happens.

It works on a copy of the example project in a folder of its own, with a local AWS of its own: nothing of the user's is
touched, and nothing is left.
"""

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar, cast

from task_deployer import commands
from task_deployer.aws import Aws
from task_deployer.commands import Run
from task_deployer.errors import TaskDeployError
from task_deployer.in_flight import Lookout
from task_deployer.local import process
from task_deployer.project import Project
from task_deployer.render import progress, text
from task_deployer.render.text import Line, Style
from task_deployer.unanswered import lookout
from task_deployer.walk import Means

KEY = "in/Öffnungszeiten & prices + 100% (new).csv"
ROWS = "article,price,note\ntea-1,3.20,green\ncoffee-2,4.10,black\ncake-3,2.80,with cream & cherries\n"

_WIDTH = 150  # characters of a log line; the runtime's own lines are JSON and long
_PATIENCE = 60  # seconds until a command or a log line is missed
_PACKAGED = Path(__file__).parent / "example"
_REPOSITORY = Path(__file__).parent.parent

Write = Callable[[Line], None]
T = TypeVar("T")


class DemoError(TaskDeployError):
    """The demo did not see what it should have seen."""


def run(write: Write) -> float:
    """Play the whole story; return its seconds. Raises `DemoError` at the first thing that is not as it should be."""
    begun = time.monotonic()
    with _example_project() as root, _local_aws(root, lookout(progress.reporter(write))) as endpoint:
        _title(write, f"A local AWS runs at {endpoint}: no account, no Docker")
        story = _Story(Project(root / "config", is_named=True, local=True), write)
        story.deploy()
        story.upload()
        story.show_status()
        story.remove_file()
        story.take_down()
    _title(write, "The local AWS has stopped; nothing is left on this machine")
    seconds = time.monotonic() - begun
    write(Line(f"It took {seconds:.0f} s.", Style.QUIET))
    return seconds


class _Story:
    """The chapters, and what is handed from one to the next: the clients, and the names of what was made."""

    def __init__(self, project: Project, write: Write) -> None:
        self._project = project
        self._write = write
        self._aws: Aws | None = None
        self._bucket = self._queue = self._log_group = ""
        self._told: set[str] = set()

    @property
    def _run(self) -> Run:
        return Run(self._means, lambda _: None, lookout(progress.reporter(self._write)))

    def deploy(self) -> None:
        _title(self._write, "$ task-deploy up --local")
        result = commands.up(self._project, self._run)
        for line in text.result_lines(result):
            self._write(line)
        _expect(not result.outcome.failed, "`up` failed", "see the lines above")
        outputs = result.outputs or {}
        task, topics = outputs["tasks"]["ingest"], outputs["command_topics"]
        buckets = cast("dict[str, dict[str, str]]", task["buckets"])
        self._bucket, self._log_group = buckets["uploads"]["name"], str(task["log_group"])
        self._queue = str(topics["imports"]["url"])

    def upload(self) -> None:
        _title(self._write, f"A file arrives: {KEY}")
        for row in ROWS.splitlines():
            self._write(Line(f"  | {row}"))
        self._clients.s3.put_object(Bucket=self._bucket, Key=KEY, Body=ROWS.encode())
        self._show_commands(expected=len(ROWS.splitlines()) - 1, kind="ImportRow")

    def show_status(self) -> None:
        _title(self._write, "$ task-deploy status --local")
        result = commands.status(self._project, self._run)
        for line in text.result_lines(result):
            self._write(line)
        _expect(result.state == "ok", f"the state is {result.state}", "`status` should find all as it was made")

    def remove_file(self) -> None:
        _title(self._write, f"The file is deleted: {KEY}")
        self._clients.s3.delete_object(Bucket=self._bucket, Key=KEY)
        self._show_commands(expected=1, kind="RemoveImport")

    def take_down(self) -> None:
        _title(self._write, "$ task-deploy down --local --yes")
        result = commands.down(self._project, self._run)
        for line in text.result_lines(result):
            self._write(line)
        left = _left(self._clients)
        _title(self._write, "What is left in the account")
        for kind, names in left.items():
            self._write(Line(f"  {kind}: {', '.join(names) or 'none'}", Style.BAD if names else Style.GOOD))
        _expect(not any(left.values()), "something is left", "`down` should leave nothing of ours")

    @property
    def _clients(self) -> Aws:
        if self._aws is None:
            raise DemoError("The demo spoke to AWS before it was connected")
        return self._aws

    def _means(self, aws: Aws) -> Means:
        self._aws = aws
        return Means(aws, progress.reporter(self._write))

    def _show_commands(self, *, expected: int, kind: str) -> None:
        received = _within_patience(lambda: self._receive(expected), f"{expected} commands on {self._queue}")
        self._write(Line("What the handler said, from its log group:", Style.TITLE))
        for line in _within_patience(self._new_log_lines, f"the handler's lines in {self._log_group}"):
            self._write(Line(f"  {line if len(line) <= _WIDTH else f'{line[:_WIDTH]}…'}", Style.QUIET))
        self._write(Line(f"What arrived on the queue {self._queue.rpartition('/')[2]}:", Style.TITLE))
        for body in received:
            self._write(Line(f"  {json.dumps(body['command'], ensure_ascii=False)}  id {body['id']}", Style.CREATE))
        kinds = [body["command"]["type"] for body in received]
        _expect(kinds == [kind] * expected, f"the commands are {kinds}", f"{expected} of {kind} should have come")

    def _receive(self, expected: int) -> "list[dict[str, dict[str, str]]]":
        """Take what is there, until as many as expected have come: a FIFO queue gives one group's after another's."""
        bodies = []
        for _ in range(expected):
            answer = self._clients.sqs.receive_message(
                QueueUrl=self._queue, MaxNumberOfMessages=10, WaitTimeSeconds=_PATIENCE // 3
            )
            for message in answer.get("Messages", []):
                bodies.append(json.loads(message["Body"]))
                self._clients.sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
            if len(bodies) >= expected:
                break
        return bodies

    def _new_log_lines(self) -> list[str]:
        """What the log group has to say that was not told yet, once the invocation has reported."""
        events = self._clients.logs.filter_log_events(logGroupName=self._log_group)["events"]
        new = [event for event in events if str(event["eventId"]) not in self._told]
        lines = [event["message"].rstrip() for event in new]
        if not any(line.startswith("REPORT") for line in lines):
            return []
        self._told |= {str(event["eventId"]) for event in new}
        return [line for line in lines if not line.startswith(("START", "END"))]


@contextmanager
def _example_project() -> Iterator[Path]:
    """Copy the example project into a folder of its own, and remove the folder at the end."""
    source = _PACKAGED if _PACKAGED.is_dir() else _REPOSITORY
    with tempfile.TemporaryDirectory(prefix="task-deploy-demo-") as folder:
        for part in ("config/task.toml", "lambda_src/handler.py"):
            target = Path(folder) / part
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(source / part, target)
        yield Path(folder)


@contextmanager
def _local_aws(root: Path, watch: Lookout) -> Iterator[str]:
    running = watch.wait_for("local", process.STARTING, lambda: process.start(root))
    try:
        yield running.endpoint_url
    finally:
        process.stop(root)


def _left(aws: Aws) -> dict[str, list[str]]:
    """Everything of the kinds we make that the account holds."""
    return {
        "buckets": [bucket["Name"] for bucket in aws.s3.list_buckets()["Buckets"]],
        "functions": [function["FunctionName"] for function in aws.lambda_.list_functions()["Functions"]],
        "roles": [role["RoleName"] for role in aws.iam.list_roles()["Roles"]],
        "queues": aws.sqs.list_queues().get("QueueUrls", []),
        "log groups": [str(group["logGroupName"]) for group in aws.logs.describe_log_groups()["logGroups"]],
    }


def _within_patience(look: Callable[[], list[T]], what: str) -> list[T]:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.1)
    raise DemoError(f"{what} did not come within {_PATIENCE} s", hint="Run it again with -v, or report it.")


def _expect(held: object, what: str, why: str) -> None:
    if not held:
        raise DemoError(f"The demo is not as it should be: {what}", detail=why)


def _title(write: Write, words: str) -> None:
    write(Line(""))
    write(Line(words, Style.TITLE))
