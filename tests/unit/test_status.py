from dataclasses import replace

import pytest

from task_deployer.conflicts import Unreadable
from task_deployer.errors import ResourceError
from task_deployer.plan import Action
from task_deployer.records import Origin, Record, Status
from task_deployer.resources.base import Address, AnyResource
from task_deployer.status import Standing, State, compare, worst
from tests.builders import LINEAGE, recorded
from tests.toys.kinds import Chest, Toy
from tests.toys.world import SeenToy

pytestmark = pytest.mark.usefixtures("toys")

A = Toy("a")
THERE, REFUSED = SeenToy(1, {}), Unreadable(ResourceError("the read was refused", code="AccessDenied"))
BEGUN = {A.address: replace(recorded(A)[A.address], status=Status.UPDATING)}


def standing(desired: tuple[AnyResource, ...], seen: object, records: dict[Address, Record]) -> Standing:
    """How one resource fares."""
    address = desired[0].address if desired else next(iter(records))
    (one,) = compare(desired, {address: seen}, records, LINEAGE)
    return one


@pytest.mark.parametrize(
    ("seen", "records", "state", "action"),
    [
        (THERE, recorded(A), State.OK, Action.KEEP),
        (SeenToy(9, {}), recorded(A), State.DRIFTED, Action.UPDATE),
        (None, recorded(A), State.MISSING, Action.CREATE),
        (None, {}, State.MISSING, Action.CREATE),
        (THERE, {}, State.MISSING, Action.KEEP),
        (REFUSED, recorded(A), State.UNKNOWN, Action.KEEP),
        (THERE, BEGUN, State.INTERRUPTED, Action.KEEP),
        (SeenToy(9, {}), BEGUN, State.INTERRUPTED, Action.UPDATE),
        (None, BEGUN, State.INTERRUPTED, Action.CREATE),
    ],
)
def test_a_wanted_thing(seen: object, records: dict[Address, Record], state: State, action: Action) -> None:
    """What is wanted has the state that record and sight give it, and the change that `up` would make."""
    found = standing((A,), seen, records)
    assert (found.state, found.change.action) == (state, action)


def test_drift_is_named() -> None:
    """A drifted thing says what differs; a refused read says why nothing is known."""
    assert [d.path for d in standing((A,), SeenToy(9, {}), recorded(A)).change.differences] == ["Value"]
    assert standing((A,), REFUSED, recorded(A)).change.reason == "the read was refused"


def test_a_name_that_is_taken_is_told() -> None:
    """What exists under our name without a record is not ours: ours is missing, and the reason says so."""
    assert standing((A,), THERE, {}).change.reason == "exists, but is not in the manifest"


@pytest.mark.parametrize(("seen", "state"), [(SeenToy(5, {"o": "x"}), State.OK), (None, State.MISSING)])
def test_an_existing_thing_is_there_or_not(seen: object, state: State) -> None:
    """What is somebody else's never drifts, and is never ours to make."""
    found = standing((Chest("c", existing=True),), seen, {})
    assert (found.state, found.change.action) == (state, Action.KEEP)


@pytest.mark.parametrize(
    ("seen", "records", "state"),
    [
        (THERE, recorded(A), State.OK),
        (None, recorded(A), State.MISSING),
        (REFUSED, recorded(A), State.UNKNOWN),
        (THERE, BEGUN, State.INTERRUPTED),
    ],
)
def test_without_a_config(seen: object, records: dict[Address, Record], state: State) -> None:
    """With the manifest alone what is there counts as ok: nothing says how it should be."""
    found = standing((), seen, records)
    assert (found.state, found.change.action) == (state, Action.KEEP)


def test_what_the_config_dropped() -> None:
    """What the config no longer names is what `up` would delete; what was adopted it would only forget."""
    theirs = {Address("chest.c"): Record("chest", Chest("c").identity, origin=Origin.ADOPTED)}
    records = {**recorded(Toy("old")), **theirs}
    found = compare((A,), {A.address: THERE, Address("toy.old"): THERE, Address("chest.c"): THERE}, records, LINEAGE)
    assert {one.change.address: one.change.action for one in found[1:]} == {
        "toy.old": Action.DELETE,
        "chest.c": Action.KEEP,
    }


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], State.OK),
        ([State.OK, State.UNKNOWN], State.UNKNOWN),
        ([State.DRIFTED, State.UNKNOWN], State.DRIFTED),
        ([State.INTERRUPTED, State.DRIFTED], State.INTERRUPTED),
        ([State.MISSING, State.INTERRUPTED, State.OK], State.MISSING),
    ],
)
def test_the_worst_state(states: list[State], expected: State) -> None:
    """The whole is as bad as its worst part."""
    change = standing((A,), THERE, recorded(A)).change
    assert worst([Standing(change, state) for state in states]) is expected
