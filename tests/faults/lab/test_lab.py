"""The lab itself: the same seed gives the same run, its table is whole, and it plays what it says."""

import ast
from pathlib import Path

import pytest

from tests.faults.lab.conftest import NewLife
from tests.faults.lab.noes import OPERATIONS, Denied
from tests.faults.lab.row import Row
from tests.faults.lab.seeds import chance, rows_of
from tests.faults.lab.table import ROWS, TABLE, Elsewhere

ROOT = Path(__file__).parents[3]


def test_the_table_has_every_behaviour() -> None:
    """All 34 rows of the reference are in the table, none of them left out, and behind them what was met since."""
    assert list(range(1, 37)) == list(TABLE)


@pytest.mark.parametrize("number", TABLE)
def test_each_behaviour_is_dealt_with(number: int) -> None:
    """Each is played by the lab, tested elsewhere, or excused with a reason."""
    played = [kind for kind in ROWS if kind.number == number]
    assert played or TABLE[number].beside is not None


@pytest.mark.parametrize("kind", ROWS, ids=lambda kind: kind.__name__)
def test_each_row_is_in_the_table(kind: type[Row]) -> None:
    """What the lab plays has a number of the table and a name of its own."""
    assert kind.number in TABLE
    assert 1 == [other.name for other in ROWS].count(kind.name)


@pytest.mark.parametrize("number", TABLE)
def test_what_is_tested_elsewhere_is_there(number: int) -> None:
    """The tests that the table names exist."""
    beside = TABLE[number].beside
    for name in beside.tests if isinstance(beside, Elsewhere) else ():
        path, _, test = name.partition("::")
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert test in [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)], name


def test_a_seed_gives_one_run(new_life: NewLife) -> None:
    """Two runs of a seed meet the same faults at the same moments of the lab's time."""

    def run(seed: int) -> list[str]:
        with new_life(rows_of(seed, [kind for kind in ROWS[::4] if not kind.empties]), "") as life:
            life.up()
            life.down()
            return life.lab.log

    assert run(3) == run(3)
    assert run(3) != run(4)


def test_a_life_asks_for_all_that_may_be_denied(new_life: NewLife) -> None:
    """The operations that are denied in turn are all that a whole life asks for."""
    none = Denied(chance(0, "none"))
    none.operation = "none"
    with new_life([none], "") as life:
        life.up()
        life.change()
        life.down()
        assert set(OPERATIONS) == life.lab.ever_asked
