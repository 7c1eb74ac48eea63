"""The installed command is killed in the middle of a request; then a plain run sets all right.

Each seed is one death; nine are every deed at every moment. `DEATHS=100` runs so many; a failure prints the command
that runs its seed alone.
"""

import os
import random
import signal
from dataclasses import dataclass
from typing import Final

import pytest

from bench.proxy import Treatment
from tests.faults.command.strikes import Moment, Victim, at_mutating, run_through, striking
from tests.faults.command.wide import Wide

DEEDS: Final = {"up": 44, "update": 33, "down": 24}
"""What the command does when it dies, and how many mutating requests that makes at the least."""

SEEDS: Final = int(os.environ.get("DEATHS", "9"))


@dataclass(frozen=True)
class Death:
    """One death: in which deed, at which of its mutating requests and when in it, and what is run after it."""

    deed: str
    moment: Moment
    number: int
    then: str

    @classmethod
    def of(cls, seed: int) -> "Death":
        """The death of a seed. The first nine are every deed at every moment."""
        chance = random.Random(seed)  # noqa: S311 - where to die is no secret
        deed = tuple(DEEDS)[seed % len(DEEDS)]
        moment = tuple(Moment)[seed // len(DEEDS) % len(Moment)]
        return cls(deed, moment, chance.randrange(DEEDS[deed]), chance.choice(["up", "down"]))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_died_is_gone_on_from(wide: Wide, endpoint_url: str, seed: int) -> None:
    """Killed at any request, the manifest tells the truth; `up` finishes, twice is once, and `down` leaves nothing."""
    death = Death.of(seed)
    _prepare(wide, death.deed)
    print(f"{death.deed} dies at its mutating request {death.number}, {death.moment.value}; then {death.then}")  # noqa: T201 - shown if it fails
    print(f"To run this alone: DEATHS={seed + 1} .venv/bin/python -m pytest '{__file__}' -k '[{seed}]'")  # noqa: T201 - shown if it fails

    def dying(victim: Victim) -> Treatment:
        return at_mutating(death.number, striking(lambda: victim.get(signal.SIGKILL), death.moment))

    ran = run_through(wide.project, endpoint_url, dying, *_words(death.deed))
    assert -signal.SIGKILL == ran.code, ran
    wide.assert_recorded()
    if death.then == "up":
        wide.up()
        wide.assert_converged()
    wide.down()
    wide.assert_gone()


def _prepare(wide: Wide, deed: str) -> None:
    """Make what the deed needs to be there."""
    if deed == "up":
        return
    wide.up()
    wide.fill()
    if deed == "update":
        wide.change()


def _words(deed: str) -> tuple[str, ...]:
    return ("down" if deed == "down" else "up", "--yes", "--empty-buckets")
