"""Every row alone: the stack comes, is changed and goes, whatever AWS does of this one sort."""

from dataclasses import replace

import pytest

from task_deployer.events import Event, Finished, Started
from tests.faults.lab.call import Answer, Call, forbidden
from tests.faults.lab.conftest import NewLife
from tests.faults.lab.lab import ANSWERED, Death, Lab
from tests.faults.lab.latecomers import GhostGroup
from tests.faults.lab.life import UP
from tests.faults.lab.memory import BucketNotThereYet, NotFoundAfterCreate
from tests.faults.lab.noes import OPERATIONS, Denied
from tests.faults.lab.row import Row
from tests.faults.lab.seeds import alone, chance, rows_of, seeds
from tests.faults.lab.table import ROWS
from tests.invariants import assert_nothing_left

EACH_KIND = pytest.mark.parametrize("kind", ROWS, ids=lambda kind: f"{kind.number}-{kind.__name__}")


@pytest.mark.parametrize("seed", seeds(1 / 60))
@EACH_KIND
def test_a_stack_lives_with_each_row(new_life: NewLife, kind: type[Row], seed: int) -> None:
    """Each command gets there, or says what is in its way and gets there once that is over; others' things stay."""
    with new_life(rows_of(seed, [kind]), alone(seed)) as life:
        life.up()
        life.look()
        life.drift()
        life.change()
        life.down()
        if kind.outlives:
            life.up_anew()
            life.down()


@pytest.mark.parametrize("seed", seeds(1 / 10))
@pytest.mark.parametrize("kind", [NotFoundAfterCreate, BucketNotThereYet])
def test_what_was_just_made_is_removed(new_life: NewLife, kind: type[Row], seed: int) -> None:
    """`down` at once after an `up` that died removes also what AWS does not show yet."""
    with new_life(rows_of(seed, [kind]), alone(seed)) as life:
        life.die(UP, Death(ANSWERED, chance(seed, kind.__name__).randint(6, 24)))
        life.down()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_denied_operation_is_told(new_life: NewLife, operation: str) -> None:
    """A right that is missing is told as such; once it is given, the same command goes on."""
    denied = Denied(chance(0, operation))
    denied.operation = operation
    with new_life([denied], "") as life:
        life.up()
        life.change()
        life.down()
    assert denied.acted, f"{operation} is not asked for"


def test_one_statement_is_added_at_a_time(new_life: NewLife) -> None:
    """However many workers there are, the next statement of a function is begun when the one before it is done."""
    under_way: list[str] = []

    def note(event: Event) -> None:
        match event:
            case Started(change) if change.kind == "permission":
                assert [] == under_way
                under_way.append(change.address)
            case Finished(change) if change.kind == "permission":
                under_way.remove(change.address)
            case _:
                pass

    with new_life([], "") as life:
        scene = replace(life.scene, report=note)
        assert {"permission.ingest.uploads", "permission.ingest.theirs"} <= set(scene.up(workers=8).outcome.done)
        assert () == scene.down(workers=8).outcome.failed


def test_a_log_group_that_comes_back_is_deleted_and_told(new_life: NewLife) -> None:
    """`down` looks once more for its log groups: one that a late log line made again goes, and the user hears of it."""
    with new_life(rows_of(0, [GhostGroup]), "") as life:
        life.up()
        result = life.scene.down()
        (warning,) = [one for one in result.warnings if one.code == "log-group-came-back"]
        assert "log_group.ingest" == warning.address
        assert f"--log-group-name /aws/lambda/{life.scene.name}-dev-ingest " in warning.message
        assert "was deleted once more" in warning.message
        assert_nothing_left(life.lab.behind.aws, life.scene.name, life.scene.folder)


def test_a_log_group_that_comes_back_fails_no_down(new_life: NewLife) -> None:
    """Where the group that came back cannot be deleted, `down` is done all the same, and says what to do."""
    with new_life(rows_of(0, [GhostGroup, _SecondDeletionDenied]), "") as life:
        life.up()
        result = life.scene.down()
        assert () == result.outcome.failed
        (warning,) = [one for one in result.warnings if one.code == "log-group-came-back"]
        assert "could not be deleted once more" in warning.message
        assert "aws logs delete-log-group" in warning.message


class _SecondDeletionDenied(Row):
    number = 16
    name = "a log group can be deleted once"
    deletions = 0

    def meet(self, call: Call, lab: Lab) -> Answer | None:  # noqa: ARG002 - always
        """Once, and no more."""
        self.deletions += call.operation == "DeleteLogGroup"
        return forbidden(call) if call.operation == "DeleteLogGroup" and self.deletions > 1 else None
