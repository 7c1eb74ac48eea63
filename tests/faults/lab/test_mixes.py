"""Several rows at once, as chance has it; and a process that dies among them.

`FAULT_SEEDS` says how many seeds are run, `FAULT_START` which is the first. A seed gives the same run each time.
"""

import random
from collections.abc import Sequence

import pytest

from tests.faults.lab.conftest import NewLife
from tests.faults.lab.lab import ANSWERED, BEFORE, SENT, Death
from tests.faults.lab.life import CHANGE, UP
from tests.faults.lab.row import DOWN, Row
from tests.faults.lab.seeds import alone, chance, rows_of, seeds
from tests.faults.lab.table import ROWS

MOST_CALLS = {UP: 24, CHANGE: 12, DOWN: 14}
"""About how many mutating calls each deed makes; a number beyond them is a process that lives."""


def mixed(chance: random.Random, seed: int) -> Sequence[Row]:
    """Two to seven rows."""
    return rows_of(seed, chance.sample(ROWS, chance.randint(2, 7)))


@pytest.mark.parametrize("seed", seeds(1))
def test_a_stack_lives_with_many_rows(new_life: NewLife, seed: int) -> None:
    """With any mix of rows each command gets there, or says what is in its way and gets there once that is over."""
    draw = chance(seed, "mix")
    with new_life(mixed(draw, seed), alone(seed)) as life:
        life.up()
        life.look()
        if draw.random() < 0.5:
            life.drift()
        if draw.random() < 0.5:
            life.change()
        life.down()
        if draw.random() < 0.3:
            life.up_anew()
            life.down()


@pytest.mark.parametrize("seed", seeds(1 / 3))
def test_a_process_dies_among_faults(new_life: NewLife, seed: int) -> None:
    """A process that dies anywhere, whatever AWS does meanwhile, is gone on from: by `up`, or by `down` at once."""
    draw = chance(seed, "crash")
    deed = draw.choice(list(MOST_CALLS))
    death = Death(draw.choice((BEFORE, SENT, ANSWERED)), draw.randint(1, MOST_CALLS[deed]))
    with new_life(mixed(draw, seed), alone(seed)) as life:
        if deed != UP:
            life.up()
        life.die(deed, death)
        if draw.random() < 0.5:
            life.up()
        life.down()
