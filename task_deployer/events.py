"""What happened, told as frozen values. Whoever wants to know takes a `Reporter`."""

from collections.abc import Callable
from dataclasses import dataclass

from task_deployer.errors import TaskDeployError
from task_deployer.plan import Change, Plan
from task_deployer.resources.base import Address


@dataclass(frozen=True)
class Observing:
    """AWS is being read: this many resources."""

    resources: int


@dataclass(frozen=True)
class Planned:
    """The plan that is about to be executed."""

    plan: Plan


@dataclass(frozen=True)
class TakingOver:
    """What is about to be recorded as ours, as it is at AWS."""

    plan: Plan


@dataclass(frozen=True)
class Started:
    """A change has begun."""

    change: Change


@dataclass(frozen=True)
class Waiting:
    """A resource waits for AWS to settle, or for its answer: why, and for how many seconds it has already.

    `may_ask`: whoever is waited for may be asking the user at the terminal, so nothing may be drawn over that.
    """

    address: Address
    reason: str
    seconds: float = 0
    may_ask: bool = False


@dataclass(frozen=True)
class Come:
    """What was told to be waited for has come, or is waited for no more."""

    address: Address
    reason: str


@dataclass(frozen=True)
class Emptying:
    """What a thing holds is being removed: so much is gone, of `total`, which is None until all of it is found."""

    address: Address
    removed: int
    total: int | None


@dataclass(frozen=True)
class Finished:
    """A change is done and recorded. `seconds` is what it took."""

    change: Change
    seconds: float


@dataclass(frozen=True)
class Failed:
    """A change failed; what depends on it will be skipped, other branches go on."""

    change: Change
    error: TaskDeployError


@dataclass(frozen=True)
class Skipped:
    """A change was not begun, because of another one, or because the user asked to stop."""

    change: Change
    because: str


Event = Observing | Planned | TakingOver | Started | Waiting | Come | Emptying | Finished | Failed | Skipped
Reporter = Callable[[Event], None]


@dataclass(frozen=True)
class Outcome:
    """How the execution of a plan ended. `done` are the changes made; what was kept is not among them."""

    done: tuple[Address, ...] = ()
    failed: tuple[Failed, ...] = ()
    skipped: tuple[Address, ...] = ()
    stopped: bool = False
