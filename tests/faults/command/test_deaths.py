"""The installed command is killed in the middle of a request; then a plain run sets all right.

Each seed is one death. `DEATHS=100` runs so many seeds; a failure prints the command that runs its seed alone.
"""

import os
import random
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pytest

from bench.proxy import Exchange, Treatment, pass_on
from tests.faults.command.strikes import Moment, Victim, at_mutating, run_through, striking
from tests.faults.command.wide import Wide, set_up
from tests.integration.account import Account
from tests.integration.conftest import environment
from tests.integration.moto_process import reset

DEEDS: Final = ("up", "update", "down")
SEEDS: Final = int(os.environ.get("DEATHS", "12"))


@dataclass(frozen=True)
class Death:
    """One death: in which deed, where in its requests (a share of them), at which moment, and what is run after it."""

    deed: str
    moment: Moment
    share: float
    then: str

    @classmethod
    def of(cls, seed: int) -> "Death":
        """The death of a seed. The first nine are every deed at every moment."""
        chance = random.Random(seed)  # noqa: S311 - where to die is no secret
        moment = tuple(Moment)[seed // len(DEEDS) % len(Moment)]
        return cls(DEEDS[seed % len(DEEDS)], moment, chance.random(), chance.choice(["up", "down"]))


@pytest.fixture(scope="session")
def requests(_account: Account, endpoint_url: str, tmp_path_factory: pytest.TempPathFactory) -> Counter[str]:
    """How many mutating requests each deed makes where it lives."""
    reset(endpoint_url)
    folder = tmp_path_factory.mktemp("unharmed")
    wide = set_up(_account, folder / "work", environment(endpoint_url, folder))
    count: Counter[str] = Counter()
    for deed in DEEDS:
        if deed == "update":
            wide.change()
        ran = run_through(wide.project, endpoint_url, _counting(count, deed), *_words(deed))
        assert ran.code == 0, ran
    return count


@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_died_is_gone_on_from(wide: Wide, endpoint_url: str, requests: Counter[str], seed: int) -> None:
    """Killed at any request, the manifest tells the truth; `up` finishes, twice is once, and `down` leaves nothing."""
    death = Death.of(seed)
    _prepare(wide, death.deed)
    number = int(death.share * requests[death.deed])
    print(f"{death.deed} dies at its mutating request {number}, {death.moment.value}; then {death.then}")  # noqa: T201 - shown if it fails
    print(f"To run this alone: DEATHS={seed + 1} .venv/bin/python -m pytest '{__file__}' -k '[{seed}]'")  # noqa: T201 - shown if it fails

    def dying(victim: Victim) -> Treatment:
        return at_mutating(number, striking(lambda: victim.get(signal.SIGKILL), death.moment))

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


def _counting(count: Counter[str], deed: str) -> Callable[[Victim], Treatment]:
    def treat(exchange: Exchange) -> None:
        count[deed] += exchange.is_mutating
        pass_on(exchange)

    return lambda _: treat
