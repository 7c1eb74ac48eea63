"""A world that is a dict, in the place of AWS."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

from task_deployer.aws import Aws
from tests.builders import ACCOUNT

Hook = Callable[[str, str, Aws], None]
"""Called with a verb, a name and the clients. What it raises, AWS answers."""


def _nothing(verb: str, name: str, aws: Aws) -> None:
    """Let the verb pass."""


@dataclass(frozen=True)
class SeenToy:
    """A toy as it is."""

    value: int
    tags: Mapping[str, str]


@dataclass
class World:
    """All that is there. `before` is called on the worker before each verb acts, `after` behind it."""

    toys: dict[str, SeenToy] = field(default_factory=dict)
    parts: dict[tuple[str, str], int] = field(default_factory=dict)
    boards: dict[str, dict[str, str]] = field(default_factory=dict)
    filled: set[str] = field(default_factory=set)
    before: Hook = _nothing
    after: Hook = _nothing
    calls: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def aws(self) -> Aws:
        """The world in the place of the clients."""
        return Aws(ACCOUNT, *(self,) * 6)  # type: ignore[arg-type]  # the toys speak to the world alone


@contextmanager
def acting(verb: str, name: str, aws: Aws) -> Iterator[World]:
    """Write in the world, between the hooks."""
    world = cast("World", aws.s3)
    world.before(verb, name, aws)
    with world.lock:
        world.calls.append((verb, name))
        yield world
    world.after(verb, name, aws)


@contextmanager
def reading(name: str, aws: Aws) -> Iterator[World]:
    """Read from the world. Reads are not counted as calls."""
    world = cast("World", aws.s3)
    world.before("observe", name, aws)
    with world.lock:
        yield world
