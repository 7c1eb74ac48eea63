"""A machine of hypothesis' drives whole runs over toy kinds, with crashes and other people's doings between them."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from task_deployer import manifest
from task_deployer.aws import Aws
from task_deployer.errors import SafetyError
from task_deployer.events import Outcome
from task_deployer.manifest import Manifest
from task_deployer.records import interrupted
from task_deployer.resources.base import AnyResource, entries_of
from task_deployer.walk import Means
from tests.builders import MEMORY
from tests.toys.kinds import Board, Chest, Part, Toy
from tests.toys.runs import down, means, up
from tests.toys.world import SeenToy, World

NAMES = ("a", "b", "c", "chest")
ANOTHERS = SeenToy(7, {"task-deployer:manifest": "another"})
names = st.sampled_from(NAMES)


class Crash(BaseException):
    """The process dies. Nothing that catches exceptions lives through it."""


@dataclass(frozen=True)
class Wish:
    """What a config may want: which toys, of what value, and which notes on the board."""

    toys: frozenset[str]
    value: int
    notes: frozenset[str]

    def resources(self) -> tuple[AnyResource, ...]:
        """Toys that need those before them, a part in each but the chest, and a board that needs them all."""
        toys: list[Toy] = []
        for name in filter(self.toys.__contains__, NAMES):
            toys.append(Chest(name) if name == "chest" else Toy(name, tuple(toys), self.value))
        parts = [Part(f"in-{toy.scope}", toy, self.value) for toy in toys if toy.kind == "toy"]
        notes = tuple((note, f"{note}{self.value}") for note in sorted(self.notes))
        return (*toys, *parts, *([Board("board", notes, tuple(toys))] if notes else []))


wishes = st.builds(Wish, st.frozensets(names), st.integers(1, 3), st.frozensets(st.sampled_from(["m", "n"])))


@dataclass
class Countdown:
    """Lets `left` steps pass and then ends the process."""

    left: int

    def step(self) -> None:
        """Take one step."""
        if self.left == 0:
            raise Crash
        self.left -= 1


class AnyOrder(RuleBasedStateMachine):
    """Runs, crashes, drift and foreign doings in any order; the invariants hold after each."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(dir=MEMORY)
        self.path = Path(self._folder.name) / ".task-deploy" / "media.dev.json"
        self.world = World(boards={"board": {"foreign": "x"}})
        self.usurped: set[str] = set()
        self.foreign_note = "x"

    def teardown(self) -> None:
        """However all went before, one `down` leaves nothing of ours."""
        self.down()
        self._folder.cleanup()

    @rule(wish=wishes)
    def up(self, wish: Wish) -> None:
        """A run that is not disturbed makes the world as wanted, and changes nothing where it is refused."""
        before = self._snapshot()
        if wish.toys & self.usurped:
            with pytest.raises(SafetyError):
                up(self.path, self.world, wish.resources())
            assert self._snapshot() == before
            return
        _, outcome = up(self.path, self.world, wish.resources())
        self._is_as(wish, outcome)
        self.world.calls.clear()
        _, outcome = up(self.path, self.world, wish.resources())
        assert (self.world.calls, outcome) == ([], Outcome())

    @rule()
    def down(self) -> None:
        """A `down` that is not disturbed leaves what others made, and no manifest."""
        _, outcome = down(self.path, self.world)
        assert (outcome.failed, outcome.skipped) == ((), ())
        self._is_as(Wish(frozenset(), 1, frozenset()), outcome)
        assert not self.path.parent.exists()

    @rule(wish=wishes, steps=st.integers(0, 12), where=st.sampled_from(["before", "after", "report"]))
    def crash_in_up(self, wish: Wish, steps: int, where: str) -> None:
        """A process that dies before or after a call, or before or after a write of the manifest."""
        self._dying(steps, where, lambda given: up(self.path, self.world, wish.resources(), given))

    @rule(steps=st.integers(0, 8), where=st.sampled_from(["before", "after", "report"]))
    def crash_in_down(self, steps: int, where: str) -> None:
        """The same while things are deleted."""
        self._dying(steps, where, lambda given: down(self.path, self.world, given))

    @rule(name=names)
    def vanish(self, name: str) -> None:
        """Somebody deletes a thing of ours by hand."""
        if name not in self.usurped:
            self.world.toys.pop(name, None)
            self._drop_parts(name)

    @rule(name=names)
    def drift(self, name: str) -> None:
        """Somebody changes a thing of ours by hand."""
        if name in self.world.toys and name not in self.usurped:
            self.world.toys[name] = SeenToy(9, {})

    @rule(name=names)
    def usurp(self, name: str) -> None:
        """Somebody makes a thing of their own under a name that may be ours."""
        self._drop_parts(name)
        self.world.toys[name] = ANOTHERS
        self.usurped.add(name)

    @precondition(lambda self: self.usurped)
    @rule()
    def withdraw(self) -> None:
        """Whoever took our names gives one back."""
        name = min(self.usurped)
        self.usurped.remove(name)
        del self.world.toys[name]

    @rule(text=st.sampled_from("xyz"))
    def edit_the_board(self, text: str) -> None:
        """Somebody writes on the board that we share."""
        self.world.boards["board"]["foreign"] = text
        self.foreign_note = text

    @invariant()
    def what_others_made_is_there(self) -> None:
        """Nothing of others is ever changed or deleted."""
        assert {name: self.world.toys.get(name) for name in self.usurped} == dict.fromkeys(self.usurped, ANOTHERS)
        assert self.world.boards["board"]["foreign"] == self.foreign_note

    @invariant()
    def nothing_of_ours_is_orphaned(self) -> None:
        """Whatever of ours is there is on record, so a `down` can find it."""
        journal = manifest.read(self.path) or Manifest(self.path, "", "", self.world.aws().account)
        recorded = [record.identity for record in journal.records.values()]
        notes = {note for identity in recorded for note in entries_of(identity)}
        assert self.world.toys.keys() - self.usurped <= {identity.get("name") for identity in recorded}
        assert self.world.parts.keys() <= {(identity.get("toy"), identity.get("part")) for identity in recorded}
        assert self.world.boards["board"].keys() - {"foreign"} <= notes

    def _dying(self, steps: int, where: str, run: Callable[[Means], object]) -> None:
        countdown, given = Countdown(steps), means(self.world)

        def hook(verb: str, _name: str, _aws: Aws) -> None:
            if verb != "observe":
                countdown.step()

        if where == "report":
            given = Means(given.aws, lambda _event: countdown.step(), 1)
        else:
            setattr(self.world, where, hook)
        try:
            run(given)
        except (Crash, SafetyError):
            pass
        finally:
            self.world.before = self.world.after = _pass

    def _is_as(self, wish: Wish, outcome: Outcome) -> None:
        assert (outcome.failed, outcome.skipped, outcome.stopped) == ((), (), False)
        value = wish.value
        toys = {name: SeenToy(1 if name == "chest" else value, {}) for name in wish.toys}
        assert self.world.toys == {**toys, **dict.fromkeys(self.usurped, ANOTHERS)}
        assert self.world.parts == {(name, f"in-{name}"): value for name in wish.toys - {"chest"}}
        assert self.world.boards["board"] == {
            "foreign": self.foreign_note,
            **{note: f"{note}{value}" for note in wish.notes},
        }
        journal = manifest.read(self.path)
        assert journal is None or not any(interrupted(record) for record in journal.records.values())

    def _snapshot(self) -> object:
        return dict(self.world.toys), dict(self.world.parts), dict(self.world.boards["board"])

    def _drop_parts(self, name: str) -> None:
        self.world.parts = {key: value for key, value in self.world.parts.items() if key[0] != name}


def _pass(verb: str, name: str, aws: Aws) -> None:
    """Let it pass."""


@pytest.mark.usefixtures("toys")
def test_runs_converge_in_any_order() -> None:
    """Up, crash, drift, foreign edits and down in any order: each clean run converges, and nothing is orphaned."""
    run_state_machine_as_test(AnyOrder, settings=settings(max_examples=60, stateful_step_count=15))
