"""What a verb that writes into a document of others keeps before it, may do, and has to tell besides its outcome.

Verbs run on workers, which know neither the project's disk nor the console: they are handed these means. Pure.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Former:
    """A bucket's notification document as it is just before it is written over.

    `ours` are the keys of this stack's entries, those in it and those about to be: everything else is somebody else's.
    """

    bucket: str
    document: Mapping[str, object]
    ours: tuple[str, ...]
    owner: str | None = None
    """The account that owns the bucket, where that is another one."""
    undone: bool = False
    """Whether it is what a restoration writes over: nothing that anybody would want back without naming it."""


@dataclass(frozen=True)
class Remark:
    """What somebody should know, although the change was made. `code` is stable, for scripts."""

    code: str
    address: str
    message: str


class Statements(Protocol):
    """Where the statements of others in a function's policy are kept while the function is made anew."""

    def keep(self, function: str, statements: Sequence[Mapping[str, object]]) -> str:
        """Keep those of others among these and nothing else; returns the place, empty where nothing is kept."""

    def kept(self, function: str) -> Sequence[Mapping[str, object]]:
        """What is kept of a function."""


class _Nowhere:
    def keep(self, _function: str, _statements: Sequence[Mapping[str, object]]) -> str:
        return ""

    def kept(self, _function: str) -> Sequence[Mapping[str, object]]:
        return ()


def _keep_nothing(_: Former) -> str:
    return ""


def _tell_nobody(_: Remark) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Care:
    """How a former document is kept (returns the place, for people; nowhere: empty), and whom to tell what.

    `statements`: where those of others are while a function is made anew.
    `skip_dead_foreign`: where S3 refuses a document because of destinations of others alone, put it unchecked.
    """

    keep: Callable[[Former], str] = _keep_nothing
    tell: Callable[[Remark], None] = _tell_nobody
    skip_dead_foreign: bool = False
    statements: Statements = field(default_factory=_Nowhere)
    rules: dict[tuple[str, str], object] = field(default_factory=dict)
    """What this run has made of its rules in documents of others, by bucket and id; None where it took one out."""
