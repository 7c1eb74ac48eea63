"""What `doctor` finds: one check a line, each with what to do next. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

from task_deployer.errors import ConfigError, CredentialsError, TaskDeployError
from task_deployer.lock_holder import Life
from task_deployer.manifest_lock import Hold

_TOLERATED = 60  # seconds: what an answer may take, and a clock may drift
_REFUSED = 240  # AWS refuses what is signed 5 minutes off (IAM user guide, signing requests); a minute before it


class Verdict(StrEnum):
    """How a check ended, from best to worst."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `exit_code` is what a problem of this sort ends the command with."""

    name: str
    state: Verdict
    detail: str = ""
    hint: str = ""
    exit_code: int = 1


@dataclass(frozen=True)
class Diagnosis:
    """All checks, and where they were made; None where that could not be told. `calls`: all, and the mutating ones."""

    stack: str | None
    env: str
    account: str | None
    region: str | None
    checks: tuple[Check, ...]
    calls: tuple[int, int] = (0, 0)

    @property
    def state(self) -> Verdict:
        """The worst of all."""
        return worst(check.state for check in self.checks)

    @property
    def exit_code(self) -> int:
        """0 without a problem; 2 where the config is one, 3 where the credentials are, 1 for any other."""
        codes = [check.exit_code for check in self.checks if check.state is Verdict.PROBLEM]
        return next((code for code in codes if code != 1), 1) if codes else 0


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of some verdicts; ok if there are none."""
    return max(verdicts, key=list(Verdict).index, default=Verdict.OK)


def ok(name: str, detail: str) -> Check:
    """All is well."""
    return Check(name, Verdict.OK, detail)


def warning(name: str, detail: str, hint: str) -> Check:
    """Something that may be meant, or that could not be looked at."""
    return Check(name, Verdict.WARNING, detail, hint)


def problem(name: str, detail: str, hint: str) -> Check:
    """Something that keeps the stack from working."""
    return Check(name, Verdict.PROBLEM, detail, hint)


def failed(name: str, error: TaskDeployError) -> Check:
    """An error that a command would have stopped with."""
    code = error.exit_code if isinstance(error, ConfigError | CredentialsError) else 1
    detail = "\n".join(filter(None, (error.summary, error.detail)))
    return Check(name, Verdict.PROBLEM, detail, error.hint, code)


def lock(hold: Hold) -> Check:
    """Who holds the lock of the manifest, or has left it. A dead one's is free where the kernel has let it go."""
    if hold.life is Life.DEAD:
        hint = "The next run takes it over. Where that is refused all the same, `task-deploy unlock` breaks the lock."
        return warning("lock", f"{hold} has ended, and left the lock of this stack", hint)
    return warning("lock", f"{hold} holds the lock of this stack", hold.advice)


def clock(answered: str, now: datetime) -> Check:
    """Compare AWS's clock, told by the Date header of an answer, with this machine's."""
    if not answered:
        return warning("clock", "The answer bears no date, so the clocks cannot be compared.", "")
    seconds = round((now.astimezone(UTC) - parsedate_to_datetime(answered)).total_seconds())
    if abs(seconds) <= _TOLERATED:
        return ok("clock", "as AWS's, within a minute")
    apart = f"This machine's clock is {abs(seconds)} seconds {'ahead of' if seconds > 0 else 'behind'} AWS's."
    hint = "Set the clock; AWS refuses what is signed more than 5 minutes off."
    return problem("clock", apart, hint) if abs(seconds) > _REFUSED else warning("clock", apart, hint)
