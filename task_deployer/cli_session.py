"""One run of a command for one user: where it works, whom it tells and asks, and how it stops."""

import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event as Flag
from types import FrameType

import typer

from task_deployer import commands, policies
from task_deployer.adopt import adopt
from task_deployer.aws import Aws
from task_deployer.cli_options import Settings
from task_deployer.commands import Run
from task_deployer.data_loss import Choices
from task_deployer.doctor import diagnose
from task_deployer.errors import TaskDeployError, UsageError
from task_deployer.events import Reporter
from task_deployer.project import Project
from task_deployer.proposed import completed_in
from task_deployer.render import diagnosis, json, text
from task_deployer.render.rich import Terminal
from task_deployer.render.text import Line, Style
from task_deployer.restore import Choice, Restored, restore
from task_deployer.result import Result
from task_deployer.session import Access
from task_deployer.status import State
from task_deployer.unanswered import lookout
from task_deployer.walk import Means


class Declined(TaskDeployError):  # noqa: N818 - an answer is no error of anybody's
    """The user said no."""

    word = ""


class Session:
    """Runs commands with the settings of one command line."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.terminal = Terminal(
            colour=not settings.no_color,
            quiet=settings.quiet or settings.json,
            verbose=settings.verbose,
            naming=settings.naming,
        )
        self._stop = Flag()

    @property
    def project(self) -> Project:
        """Where the command works."""
        given = self._settings
        access = Access(given.profile, given.region, given.endpoint_url, workers=given.workers)
        named = given.config is not None
        said = {"is_env_named": "env" in given.given, "is_file_typed": "manifest" in given.typed}
        return Project(given.config or Path("config"), named, given.env, access, given.manifest, given.local, **said)

    def up(
        self, *, only: str | None, strict: bool, empty_buckets: bool, keep_buckets: bool, skip_dead_foreign: bool
    ) -> None:
        """Run `up`; exit with 1 if a resource failed."""
        choices = Choices(empty_buckets, keep_buckets, skip_dead_foreign=skip_dead_foreign)
        with self._run() as run:
            result = commands.up(self.project, run, only=only, strict=strict, choices=choices)
        self._end(result)

    def plan(
        self, *, only: str | None, strict: bool, empty_buckets: bool, keep_buckets: bool, skip_dead_foreign: bool
    ) -> bool:
        """Run `plan`; whether there is anything to do."""
        choices = Choices(empty_buckets, keep_buckets, skip_dead_foreign=skip_dead_foreign)
        with self._run() as run:
            result = commands.plan(self.project, run, only=only, strict=strict, choices=choices)
        self._end(result)
        return bool(result.plan.pending)

    def status(self) -> bool:
        """Run `status`; whether anything is not as it should be."""
        with self._run() as run:
            result = commands.status(self.project, run)
        self._end(result)
        return result.state is not State.OK

    def down(self, *, empty_buckets: bool, keep_buckets: bool, keep_logs: bool, skip_dead_foreign: bool) -> None:
        """Run `down`; exit with 1 if a resource failed."""
        choices = Choices(empty_buckets, keep_buckets, keep_logs, skip_dead_foreign)
        with self._run() as run:
            result = commands.down(self.project, run, choices=choices)
        self._end(result)

    def doctor(self) -> int:
        """Run `doctor`; the exit code."""
        with self._run() as run:
            found = diagnose(self.project, run, lambda: datetime.now(UTC))
        if self._settings.json:
            self.document(diagnosis.document(found))
        else:
            self.terminal.result(diagnosis.lines(found))
        return found.exit_code

    def restore_notifications(self, choice: Choice) -> None:
        """Put former notifications back: show what differs, ask, and say what was done."""
        with self._run() as run:
            restored = restore(self.project, run, choice, self._show_restoration)
        if self._settings.json:
            self.document(json.restoration_document(restored))
        else:
            self.terminal.result(text.restored_lines(restored))

    def _show_restoration(self, restored: Restored) -> None:
        if not self._settings.json:
            self.terminal.say(text.restoration_lines(restored))

    def adopt(self, *, lineage: str | None) -> None:
        """Run `adopt`."""
        with self._run() as run:
            result = adopt(self.project, run, lineage=lineage)
        self._end(result)

    def policy(self, *, deployer: bool, bucket_owner: bool) -> None:
        """Print policies; always JSON, with `--json` in the shape of all its documents."""
        if deployer and bucket_owner:
            raise UsageError("--deployer and --bucket-owner are two policies", hint="Ask for one after the other.")
        with self._run() as run:
            if bucket_owner:
                found = policies.of_bucket_owners(self.project, run)
            else:
                found = policies.of_deployers(self.project, run) if deployer else policies.of_tasks(self.project, run)
        if not self._settings.json:
            self.terminal.say(text.warning_lines(found.warnings))
        self.document(json.policies_document(found) if self._settings.json else found.named)

    def document(self, document: Mapping[str, object]) -> None:
        """Print the one document of `--json`."""
        typer.echo(json.dumps(completed_in(document, self._settings.naming)))

    def _end(self, result: Result) -> None:
        if self._settings.json:
            self.document(json.result_document(result))
        else:
            self.terminal.say(text.warning_lines(result.warnings))
            self.terminal.result(text.result_lines(result, verbose=self._settings.verbose))
            if not (self._settings.local or self._settings.quiet):
                self.terminal.say(text.delay_lines(result))
        if result.outcome.failed:
            raise typer.Exit(1)

    @contextmanager
    def _run(self) -> Iterator[Run]:
        with self.terminal.progress() as report, _interrupts(self._interrupted):
            yield Run(lambda aws: self._means(aws, report), self.confirm, lookout(report))

    def _means(self, aws: Aws, report: Reporter) -> Means:
        return Means(aws, report, max(1, self._settings.workers), self._stop)

    def _interrupted(self) -> None:
        self._stop.set()
        words = "Stopping: nothing new begins, what is under way ends and is recorded. Once more stops at once."
        self.terminal.say([Line(words, Style.WARN)])

    def confirm(self, question: str) -> None:
        """Ask; `UsageError` if nobody can be asked, `Declined` if the answer is no."""
        if self._settings.yes:
            return
        if self._settings.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise UsageError(
                "A question is due, and there is nobody to answer it",
                detail=f"{question} Nothing was changed.",
                hint="Look at the plan, then add --yes.",
            )
        with _plain_interrupt():
            agreed = typer.confirm(question, err=True)
        if not agreed:
            raise Declined("Nothing was changed", detail="The answer was no.")


@contextmanager
def _interrupts(first: Callable[[], None]) -> Iterator[None]:
    """Take the first Ctrl-C (or SIGTERM) as a wish to stop in order; the second ends the process at once."""
    signals = (signal.SIGINT, signal.SIGTERM)

    def handle(_number: int, _frame: FrameType | None) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_DFL)
        first()

    before = {number: signal.signal(number, handle) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _plain_interrupt() -> Iterator[None]:
    """While a question waits for its answer, Ctrl-C ends the question."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
