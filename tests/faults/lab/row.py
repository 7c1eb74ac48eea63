"""What every row of the lab has: a number, a name, chance, and four moments in the life of a call."""

import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from task_deployer.errors import TaskDeployError

if TYPE_CHECKING:
    from tests.faults.lab.call import Answer, Call
    from tests.faults.lab.lab import Lab
    from tests.faults.scene import Scene


DRIFT, DOWN = "drift", "down"
"""The stages of a life before which others are at work: between two runs of `up`, and before `down`."""


@dataclass(frozen=True)
class Ending:
    """How a command may end because of a row: the class of the error, and what it says."""

    error: type[TaskDeployError]
    text: str

    def matches(self, error: TaskDeployError) -> bool:
        """Whether the error is this one. It has to say what to do next, too."""
        told = f"{getattr(error, 'code', '')} {error.summary} {error.detail}"
        return isinstance(error, self.error) and re.search(self.text, told) is not None


class Row:
    """One behaviour of AWS, or of somebody else at work on it. What it does follows from `chance` alone.

    A call goes by: `meet` may answer in AWS's place; `sending` is told that it goes to AWS, `done` that AWS did it;
    `answered` may change what the tool gets to see of the answer, or raise what botocore raises when it sees none.
    Between commands, `disturb` lets somebody else work, and `relieve` takes away what made the tool stop.
    """

    number: ClassVar[int]
    name: ClassVar[str]
    endings: ClassVar[tuple[Ending, ...]] = ()
    delivers: ClassVar[bool] = False
    """Whether it is about the ways by EventBridge and by a queue: its stack takes both, and no other."""
    outlives: ClassVar[bool] = False
    """Whether it goes on after `down`, so that an `up` right after it meets it."""
    empties: ClassVar[bool] = False
    """Whether `down` has to be asked to empty buckets. That has threads of its own: there a seed gives no exact run."""
    settles: ClassVar[float] = 0
    """Seconds after which reads are to be relied on, where no number of good reads tells that."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.acted = False
        self.over = False

    def meet(self, call: "Call", lab: "Lab") -> "Answer | None":  # noqa: ARG002 - the rows' own
        """What the tool is answered in AWS's place; None lets the call through."""
        return None

    def sending(self, call: "Call", lab: "Lab") -> None:
        """The call is about to be sent to AWS."""

    def done(self, call: "Call", lab: "Lab") -> None:
        """AWS did what the call asked."""

    def answered(self, call: "Call", answer: "Answer", lab: "Lab") -> "Answer":  # noqa: ARG002 - the rows' own
        """What the tool sees of AWS's answer."""
        return answer

    def disturb(self, stage: str, scene: "Scene", lab: "Lab") -> bool:  # noqa: ARG002 - the rows' own
        """Do what somebody else does before a stage of a life; whether that makes it differ from the config."""
        return False

    def relieve(self, scene: "Scene", lab: "Lab") -> None:
        """Take away what the tool has stopped at; the row is over."""

    def check(self, scene: "Scene", lab: "Lab") -> None:
        """Hold what must be true after a good `up`, beyond what is true after any."""

    def seconds(self, low: float, high: float, tail: float) -> float:
        """How long something lasts: mostly as it typically does, now and then as long as has been seen."""
        return self.chance.uniform(high, tail) if self.chance.random() < _TAIL else self.chance.uniform(low, high)


_TAIL = 0.15
