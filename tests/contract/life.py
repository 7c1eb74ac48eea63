"""What the test of a kind works with: one as wanted, a drift, and what others put on or beside it."""

from collections.abc import Callable
from dataclasses import dataclass

from task_deployer.aws import Aws
from task_deployer.resources.base import AnyResource


@dataclass(frozen=True)
class Foreign:
    """Something of others' on or beside a resource: how to put it there, and how to read it."""

    put: Callable[[], object]
    read: Callable[[], object]


@dataclass(frozen=True)
class Sample:
    """One resource with its surroundings. `drifted` is the path that its drift shows; None: it goes absent."""

    wanted: AnyResource
    drift: Callable[[], object] | None = None
    drifted: str | None = None
    foreign: Foreign | None = None

    def prepare(self, aws: Aws) -> None:
        """Make all that it refers to, what is referred to first."""
        for parent in self.wanted.depends_on:
            Sample(parent).prepare(aws)
            if parent.observe(aws, parent.identity) is None:
                parent.create(aws)
