"""Every failure the tool expects: what happened, where, why, and what to do next.

An error of this family is printed as prose, without a traceback, and ends the command with the exit code of its
class. Anything else that escapes is a bug: it keeps its traceback and exits 255.
"""

from dataclasses import dataclass
from typing import ClassVar


class TaskDeployError(Exception):
    """One expected failure, told in four parts.

    `summary` is one line without a full stop; `detail` says where and why; `hint` is the next thing to do;
    `address` is the resource it is about, if it is about one.
    """

    exit_code: ClassVar[int] = 1
    word: ClassVar[str] = "Error: "
    """What people are shown before the summary."""

    def __init__(self, summary: str, *, detail: str = "", hint: str = "", address: str | None = None) -> None:
        super().__init__(summary)
        self.summary = summary
        self.detail = detail
        self.hint = hint
        self.address = address


class UsageError(TaskDeployError):
    """The command line asks for something that cannot be done as asked."""

    exit_code = 2


@dataclass(frozen=True, order=True)
class Mistake:
    """One mistake in the configuration files: where it is, what is wrong, what would be right."""

    file: str
    line: int
    key: str
    problem: str
    advice: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: {self.key}: {self.problem}"
        return f"{where}\n    {self.advice}" if self.advice else where


class ConfigError(TaskDeployError):
    """The configuration cannot be used. All mistakes are told at once."""

    exit_code = 2

    def __init__(self, summary: str, *, mistakes: tuple[Mistake, ...] = (), detail: str = "", hint: str = "") -> None:
        super().__init__(summary, detail=detail or "\n".join(map(str, mistakes)), hint=hint)
        self.mistakes = mistakes


class CredentialsError(TaskDeployError):
    """There are no credentials, or AWS does not accept them."""

    exit_code = 3


class ManifestError(TaskDeployError):
    """The manifest is locked, broken, too new, or cannot be written."""

    exit_code = 4


class SafetyError(TaskDeployError):
    """Refused, so that nothing of others, and nothing that cannot be had back, is lost."""

    exit_code = 5


class AccountChangedError(SafetyError):
    """The credentials became another account's while the run went on: nothing more of it can be done with them."""


class UnsureError(SafetyError):
    """Refused because it seems to be another's, although AWS answered our creation of it: its record stays."""


class ResourceError(TaskDeployError):
    """AWS refused one call. `code` is AWS's error code; the client's error is the cause (`raise ... from`)."""

    def __init__(
        self, summary: str, *, code: str, detail: str = "", hint: str = "", address: str | None = None
    ) -> None:
        super().__init__(summary, detail=detail, hint=hint, address=address)
        self.code = code


class Interrupted(TaskDeployError):  # noqa: N818 - the user's Ctrl-C is no error of anybody's
    """The user pressed Ctrl-C; what was in flight has ended and is recorded."""

    exit_code = 130
    word = ""
