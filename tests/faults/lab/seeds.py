"""Which seeds are run: FAULT_SEEDS says how many mixes of rows, FAULT_START which seed is the first."""

import os
import random
from collections.abc import Sequence

from tests.faults.lab.row import Row

_START = int(os.environ.get("FAULT_START", "0"))
_MIXES = int(os.environ.get("FAULT_SEEDS", "12"))


def seeds(share: float) -> list[int]:
    """The seeds of this run for one test: its share of all, and one at least."""
    return list(range(_START, _START + max(1, round(_MIXES * share))))


def chance(seed: int, what: str) -> random.Random:
    """Chance that follows from the seed and from what it is for alone."""
    return random.Random(f"{seed} {what}")  # noqa: S311 - it plays AWS, and guards nothing


def rows_of(seed: int, kinds: Sequence[type[Row]]) -> list[Row]:
    """These rows, each with chance of its own: what one does depends on no other."""
    return [kind(chance(seed, kind.__name__)) for kind in kinds]


def alone(seed: int) -> str:
    """The words before a command that let it run this seed alone."""
    return f"FAULT_SEEDS=1 FAULT_START={seed}"
