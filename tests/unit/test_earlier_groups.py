"""A log group that was there before its function is taken over, and the plan says what that comes to."""

from pathlib import Path

import pytest

from task_deployer.earlier_groups import taking_over
from task_deployer.plan import Action, plan_up
from task_deployer.resources import Function, LogGroup
from task_deployer.resources.base import Address
from task_deployer.resources.log_group import SeenLogGroup
from task_deployer.tags import tags_of
from tests.builders import LINEAGE, recorded, resources_of
from tests.seen import as_wanted

GROUP = Address("log_group.ingest")
LATER = "`down` deletes it with all that is in it, unless --keep-logs"


def reason(root: Path, seen: SeenLogGroup, *recorded_kinds: type) -> str:
    """What the plan says of the group, where all of these kinds is recorded and there."""
    desired = tuple(resources_of(root).values())
    known = [resource for resource in desired if isinstance(resource, recorded_kinds)]
    observed = {resource.address: as_wanted(resource) for resource in known} | {GROUP: seen}
    records = recorded(*known)
    plan = taking_over(plan_up(desired, observed, records, LINEAGE), desired, observed, records)
    (change,) = (change for change in plan.changes if change.address == GROUP)
    assert change.action in (Action.UPDATE, Action.KEEP)
    return change.reason


@pytest.mark.parametrize("days", [None, 365])
def test_what_goes_of_an_earlier_group(tmp_path: Path, days: int | None) -> None:
    """Where the config keeps events for less long than the group does, the plan says which of them go."""
    assert reason(tmp_path, SeenLogGroup(days, {})) == (
        "it was there before the function, without tags, as Lambda makes one, and is taken over: "
        f"events older than 30 days go now, and {LATER}"
    )


@pytest.mark.parametrize("days", [7, 30])
def test_a_group_that_keeps_less_loses_nothing(tmp_path: Path, days: int) -> None:
    """Where the group keeps events for no longer than the config does, none are said to go."""
    assert reason(tmp_path, SeenLogGroup(days, {})).endswith(f"is taken over: {LATER}")


def test_whose_an_earlier_group_may_be(tmp_path: Path) -> None:
    """A group that bears this stack's tags is told with its lineage."""
    older = SeenLogGroup(30, tags_of("media", "dev", "older", {}))
    assert "of the lineage older, as `down --keep-logs` leaves one" in reason(tmp_path, older)
    ours = SeenLogGroup(30, tags_of("media", "dev", LINEAGE, {}))
    assert "with this manifest's tags" in reason(tmp_path, ours)


def test_a_group_beside_its_function_or_on_record_is_no_news(tmp_path: Path) -> None:
    """Beside our function the group is Lambda's doing, and one on record was told before: nothing is said of them."""
    assert reason(tmp_path, SeenLogGroup(None, {}), Function) == ""
    assert reason(tmp_path, SeenLogGroup(365, tags_of("media", "dev", LINEAGE, {})), LogGroup) == ""
