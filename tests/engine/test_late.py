from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Event as Flag
from types import MappingProxyType

import pytest

from task_deployer.aws import Aws
from task_deployer.conflicts import Unreadable
from task_deployer.errors import ResourceError
from task_deployer.events import Event, Waiting
from task_deployer.ghosts import let_ghosts_pass
from task_deployer.hidden import let_new_show
from task_deployer.observe import until_gone, until_shown
from task_deployer.records import Record, Status, with_status
from task_deployer.resources.base import Address
from task_deployer.tags import tags_of
from task_deployer.walk import Means, Waits
from tests.builders import recorded
from tests.toys.kinds import Chest, Part, Toy
from tests.toys.world import SeenToy, World

OURS, LOST = tags_of("media", "dev", "new", {}), tags_of("media", "dev", "old", {})
CHEST, TOY = Chest("c", tags=OURS), Toy("a", tags=OURS)
AS_WRITTEN, BEFORE = SeenToy(1, OURS), SeenToy(2, OURS)


class Box(Chest):
    """A chest that is shown for a while when it is gone, but never with what it held."""

    lingers = False


class Hurried(Flag):
    """A stop that nobody asks for, and on which the time passes at once."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0

    def wait(self, timeout: float | None = None) -> bool:
        """Let the time pass."""
        self.passed += timeout or 0
        return self.is_set()


@dataclass
class Scene:
    """A world that shows a chest as told, one look after the other and the last for ever."""

    world: World
    events: list[Event] = field(default_factory=list)
    flag: Hurried = field(default_factory=Hurried)
    looks: int = 0

    @property
    def means(self) -> Means:
        """The means to look with."""
        aws = self.world.aws()
        patient = aws.waiting_with(replace(aws.patience, now=lambda: self.flag.passed))
        return Means(patient, self.events.append, 1, self.flag)

    @property
    def worker(self) -> Aws:
        """The clients as a worker has them: they wait for the flag."""
        return Waits(self.means).do(CHEST.address, lambda aws: aws)

    @property
    def reasons(self) -> set[str]:
        """What was waited for."""
        return {event.reason for event in self.events if isinstance(event, Waiting)}

    def showing(self, *seen: SeenToy | None) -> "Scene":
        """Show this."""

        def show(verb: str, name: str, _aws: Aws) -> None:
            if (verb, name) == ("observe", "c"):
                found = seen[min(self.looks, len(seen) - 1)]
                self.looks += 1
                self.world.toys = {} if found is None else {"c": found}

        self.world.before = show
        return self


@pytest.fixture
def scene(world: World) -> Scene:
    """A scene."""
    return Scene(world)


def test_what_is_shown_at_once_is_looked_at_once(scene: Scene) -> None:
    """One look is enough where it shows what was written, and nothing is waited for."""
    shown = until_shown(scene.showing(AS_WRITTEN).means, [CHEST], {})
    assert (1, set(), ()) == (scene.looks, scene.reasons, shown.late)
    assert {CHEST.address: AS_WRITTEN} == shown.seen


@pytest.mark.parametrize(
    ("seen", "looks"),
    [
        ((BEFORE, AS_WRITTEN), 3),
        ((None, None, AS_WRITTEN), 4),
        ((BEFORE, AS_WRITTEN, BEFORE, AS_WRITTEN), 5),
    ],
)
def test_what_is_shown_late_is_waited_for(scene: Scene, seen: tuple[SeenToy | None, ...], looks: int) -> None:
    """After a look that shows something else, two in a row have to show what was written: looks go back and forth."""
    shown = until_shown(scene.showing(*seen).means, [CHEST], {})
    assert (looks, ()) == (scene.looks, shown.late)
    assert {"AWS to show what was written"} == scene.reasons


@pytest.mark.parametrize("before", [BEFORE, None], ids=["an update", "a creation"])
def test_what_is_never_shown_is_told(scene: Scene, before: SeenToy | None) -> None:
    """After two minutes it is told that AWS still shows what was there before; that is no failure."""
    shown = until_shown(scene.showing(before).means, [CHEST], {CHEST.address: before})
    assert ((CHEST.address,), {}) == (shown.late, shown.changed)
    assert 120 <= scene.flag.passed < 130


def test_what_is_shown_in_part_is_late(scene: Scene) -> None:
    """Where a part of the change shows and the rest is as before, AWS is late: nobody else wrote."""
    before = SeenToy(2, {})
    shown = until_shown(scene.showing(SeenToy(1, {})).means, [CHEST], {CHEST.address: before})
    assert ((CHEST.address,), {}) == (shown.late, shown.changed)


@pytest.mark.parametrize(
    ("before", "seen", "paths"),
    [(BEFORE, SeenToy(3, OURS), ("Value",)), (None, SeenToy(3, OURS), ("Value",)), (BEFORE, None, ())],
    ids=["changed", "changed after its creation", "gone"],
)
def test_what_others_wrote_over_is_told_as_theirs(
    scene: Scene, before: SeenToy | None, seen: SeenToy | None, paths: tuple[str, ...]
) -> None:
    """What is neither as written nor as it was before is no delay of AWS's: told apart, with what differs."""
    shown = until_shown(scene.showing(seen).means, [CHEST], {CHEST.address: before})
    assert ((), {CHEST.address: paths}) == (shown.late, shown.changed)


@pytest.mark.parametrize("status", [Status.READY, Status.CREATING, Status.UPDATING])
@pytest.mark.parametrize(("seen", "looks"), [((BEFORE,), 1), ((None, None, BEFORE), 3)])
def test_what_is_new_is_looked_for(scene: Scene, seen: tuple[SeenToy | None, ...], looks: int, status: Status) -> None:
    """What was recorded or begun a moment ago and is not shown is looked for until it is there, whatever it is like."""
    records = {CHEST.address: with_status(recorded(CHEST)[CHEST.address], status)}
    found = let_new_show(scene.showing(*seen).means, records, {CHEST.address: None}, age=1)
    assert ({CHEST.address: BEFORE}, looks) == (found, scene.looks)


def test_what_stays_away_is_gone(scene: Scene) -> None:
    """Half a minute after it was recorded what is not there is gone; why that took so long is told."""
    records = recorded(CHEST)
    assert {CHEST.address: None} == let_new_show(scene.showing(None).means, records, {CHEST.address: None}, age=10)
    assert {"AWS to show what was made a moment ago"} == scene.reasons
    assert 20 <= scene.flag.passed < 26


def test_what_is_not_new_is_not_looked_for(scene: Scene) -> None:
    """Neither what was recorded long ago, nor what was being deleted, nor what is there is looked at again."""
    made = recorded(CHEST)[CHEST.address]
    going = with_status(made, Status.DELETING)
    for record, seen, age in ((made, None, 31), (going, None, 1), (made, BEFORE, 1)):
        found = let_new_show(scene.showing(BEFORE).means, {CHEST.address: record}, {CHEST.address: seen}, age)
        assert ({CHEST.address: seen}, 0) == (found, scene.looks)


def test_what_never_lags_is_not_looked_at(scene: Scene) -> None:
    """A kind that AWS shows at once is not read again."""
    assert {} == until_shown(scene.means, [TOY], {}).seen


def test_a_stop_ends_the_looking(scene: Scene) -> None:
    """All is done and recorded by then, so a stop is no error."""
    scene.flag.set()
    assert {} == until_shown(scene.showing(BEFORE).means, [CHEST], {}).seen


def test_what_went_is_waited_for(scene: Scene) -> None:
    """What AWS still shows of what was removed is waited for."""
    assert not until_gone(scene.showing(AS_WRITTEN, AS_WRITTEN, None).worker, "chest", CHEST.identity)
    assert 3 == scene.looks


def test_what_does_not_go_is_told(scene: Scene) -> None:
    """After two minutes whoever removed it is told that it is still shown."""
    assert until_gone(scene.showing(AS_WRITTEN).worker, "chest", CHEST.identity)


def _ghosts(
    scene: Scene, observed: Mapping[Address, object], records: Mapping[Address, Record] = MappingProxyType({})
) -> dict[Address, object]:
    return let_ghosts_pass(scene.means, [CHEST, TOY], records, observed)


def test_a_ghost_is_waited_out(scene: Scene) -> None:
    """What AWS still shows of this stack after its `down` is looked at until it is gone."""
    observed = {CHEST.address: SeenToy(1, LOST), TOY.address: None}
    scene.showing(SeenToy(1, LOST), SeenToy(1, LOST), None)
    assert {CHEST.address: None, TOY.address: None} == _ghosts(scene, observed)
    assert {"AWS to forget what was deleted a moment ago"} == scene.reasons


def test_a_ghost_beside_what_is_recorded_is_waited_out(scene: Scene) -> None:
    """That something else is on record does not tell that the thing is there: it was deleted by another run."""
    observed = {CHEST.address: SeenToy(1, LOST), TOY.address: SeenToy(1, OURS)}
    scene.showing(SeenToy(1, LOST), None)
    assert {**observed, CHEST.address: None} == _ghosts(scene, observed, recorded(TOY))


def test_what_is_still_there_after_the_wait_is_believed(scene: Scene) -> None:
    """After seventy seconds it is no ghost, and the plan refuses it."""
    observed = {CHEST.address: SeenToy(1, LOST), TOY.address: None}
    scene.showing(SeenToy(1, LOST))
    assert observed == _ghosts(scene, observed)
    assert 70 <= scene.flag.passed < 80


def test_the_parts_of_what_is_absent_are_absent(scene: Scene) -> None:
    """A part goes with its thing, whatever AWS still shows of it; only what could not be read stays unknown."""
    shown, unread = Part("shown", TOY), Part("unread", TOY)
    refused = Unreadable(ResourceError("no", code="AccessDenied"))
    observed = {TOY.address: None, shown.address: 1, unread.address: refused}
    found = let_ghosts_pass(scene.means, [TOY, shown, unread], {}, observed)
    assert {TOY.address: None, shown.address: None, unread.address: refused} == found


@pytest.mark.parametrize(
    "change",
    [
        lambda seen: seen | {TOY.address: SeenToy(1, LOST)},
        lambda seen: seen | {CHEST.address: SeenToy(1, {"owner": "another"})},
        lambda seen: seen | {CHEST.address: None},
    ],
    ids=["the manifest was lost", "it is another's", "nothing is there"],
)
def test_what_is_no_ghost_is_believed(
    scene: Scene, change: Callable[[dict[Address, object]], dict[Address, object]]
) -> None:
    """Nothing is waited for where the manifest was lost, where the thing is another's, and where nothing is there."""
    observed = change({CHEST.address: SeenToy(1, LOST), TOY.address: None})
    assert observed == _ghosts(scene, observed)
    assert 0 == scene.looks


def test_what_is_recorded_is_no_ghost(scene: Scene) -> None:
    """What the manifest records is there because we made it."""
    observed: dict[Address, object] = {CHEST.address: SeenToy(1, OURS), TOY.address: None}
    assert observed == _ghosts(scene, observed, recorded(CHEST))
    assert 0 == scene.looks


def test_what_was_about_to_be_deleted_may_be_a_ghost(scene: Scene) -> None:
    """Where a run was interrupted while it deleted something, it may be gone, whatever AWS shows: it is looked at."""
    records = {address: with_status(record, Status.DELETING) for address, record in recorded(CHEST).items()}
    observed: dict[Address, object] = {CHEST.address: SeenToy(1, OURS), TOY.address: None}
    scene.showing(SeenToy(1, OURS), None)
    assert {CHEST.address: None, TOY.address: None} == _ghosts(scene, observed, records)


def test_what_is_certainly_there_is_no_ghost(scene: Scene) -> None:
    """What was about to be deleted is there if it holds something, or is of a kind that is shown while it is there."""
    box = Box("c", tags=OURS)
    scene.world.filled.add(box.scope)
    records = {address: with_status(record, Status.DELETING) for address, record in recorded(box, TOY).items()}
    observed: dict[Address, object] = {box.address: SeenToy(1, OURS), TOY.address: SeenToy(1, OURS)}
    assert observed == let_ghosts_pass(scene.means, [box, TOY], records, observed)
    assert set() == scene.reasons
    scene.world.filled.clear()
    found = let_ghosts_pass(scene.showing(None).means, [box, TOY], records, observed)
    assert {**observed, box.address: None} == found


def test_what_was_about_to_be_deleted_long_ago_is_no_ghost(scene: Scene) -> None:
    """Five minutes after the last record AWS shows nothing more of what is gone: what it shows is there."""
    records = {address: with_status(record, Status.DELETING) for address, record in recorded(CHEST).items()}
    observed: dict[Address, object] = {CHEST.address: SeenToy(1, OURS)}
    assert observed == let_ghosts_pass(scene.means, [CHEST], records, observed, 300)
    assert set() == scene.reasons


def test_things_of_others_are_no_ghosts(scene: Scene) -> None:
    """What the config only refers to bears no tags of ours: it is taken as it is seen, and not waited for."""
    theirs = Chest("c", existing=True)
    observed = {theirs.address: SeenToy(1, {})}
    assert observed == let_ghosts_pass(scene.means, [theirs], {}, observed)
    assert set() == scene.reasons
