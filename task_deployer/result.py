"""What a command has to say at its end, whoever prints it. Pure."""

from dataclasses import dataclass, field

from task_deployer.events import Outcome
from task_deployer.outputs import Outputs
from task_deployer.plan import Plan
from task_deployer.status import Standing, State
from task_deployer.warnings import Warning  # noqa: A004 - the contract's word


@dataclass(frozen=True)
class Result:
    """What a command has to say. `account` and `region` are None where AWS did not have to be asked."""

    command: str
    stack: str | None
    env: str
    account: str | None
    region: str | None
    plan: Plan = field(default_factory=Plan)
    outcome: Outcome = field(default_factory=Outcome)
    outputs: Outputs | None = None
    warnings: tuple[Warning, ...] = ()
    standings: tuple[Standing, ...] = ()
    state: State | None = None
    calls: tuple[int, int] = (0, 0)
    """All API calls, and the mutating ones among them."""
