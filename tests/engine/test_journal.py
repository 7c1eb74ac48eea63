import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from task_deployer import manifest
from task_deployer.aws import Aws
from task_deployer.engine import execute
from task_deployer.errors import SafetyError
from task_deployer.events import Event, Finished, Started
from task_deployer.plan import Action, Change, Plan, emptying, keeping, plan_down, plan_up
from task_deployer.records import Origin, Record, Status
from task_deployer.resources.base import Address
from tests.builders import ACCOUNT
from tests.toys.kinds import Board, Chest, Part, Toy
from tests.toys.runs import down, means, observe, up
from tests.toys.world import SeenToy, World

Journal = list[tuple[str, str, object]]
A = Toy("a")


@pytest.fixture
def journal(manifest_path: Path, world: World) -> Journal:
    """At each verb, what the manifest on the disk says then of the thing that it is about."""
    seen: Journal = []

    def look(verb: str, name: str, _aws: Aws) -> None:
        if verb != "observe":
            resources = json.loads(manifest_path.read_text(encoding="utf-8"))["resources"]
            record = next(r for address, r in resources.items() if address.endswith(f".{name}"))
            seen.append((verb, record["status"], record["identity"]))

    world.before = look
    return seen


def on_disk(path: Path) -> dict[str, Mapping[str, object]]:
    """The records on the disk."""
    records: dict[str, Mapping[str, object]] = json.loads(path.read_text(encoding="utf-8"))["resources"]
    return records


def test_the_intent_is_on_disk_before_each_call(manifest_path: Path, world: World, journal: Journal) -> None:
    """Before each verb the file says what it is about to do: creating, updating, deleting."""
    up(manifest_path, world, (A,))
    up(manifest_path, world, (Toy("a", value=2),))
    down(manifest_path, world)
    assert [(verb, status) for verb, status, _ in journal] == [
        ("create", "creating"),
        ("update", "updating"),
        ("delete", "deleting"),
    ]


def test_the_outcome_is_on_disk_before_it_is_told(manifest_path: Path, world: World) -> None:
    """When a change is reported as finished, the file says so; when it is reported as started, it is promised."""
    told: list[tuple[str, object]] = []

    def listen(event: Event) -> None:
        if isinstance(event, Started | Finished):
            told.append((type(event).__name__, on_disk(manifest_path)["toy.a"]["status"]))

    with manifest.opened(manifest_path, "media", "dev", ACCOUNT) as journal:
        plan = Plan((Change(A.address, "toy", Action.CREATE),))
        given = means(world)
        execute(plan, {A.address: A}, {}, journal, type(given)(given.aws, listen, 1))
    assert told == [("Started", "creating"), ("Finished", "ready")]


def test_a_change_that_may_show_late_stays_begun(manifest_path: Path, world: World) -> None:
    """A change of what AWS shows late is done when AWS was seen to show it; a creation, and other kinds, at once."""
    up(manifest_path, world, (A, Chest("c")))
    assert [on_disk(manifest_path)[address]["status"] for address in ("toy.a", "chest.c")] == ["ready", "ready"]
    wanted = {toy.address: toy for toy in (Toy("a", value=2), Chest("c", value=2))}
    with manifest.opened(manifest_path, "media", "dev", ACCOUNT) as journal:
        observed = observe(world, tuple(wanted.values()), journal)
        plan = plan_up(tuple(wanted.values()), observed, journal.records, journal.lineage)
        execute(plan, wanted, observed, journal, means(world))
        assert [on_disk(manifest_path)[address]["status"] for address in wanted] == ["ready", "updating"]
        journal.finish([Chest("c").address, Address("chest.forgotten")])
    assert on_disk(manifest_path)["chest.c"]["status"] == "ready"


def test_a_record_says_what_teardown_needs(manifest_path: Path, world: World) -> None:
    """A record holds kind, identity, the addresses that it depends on, origin and status, and nothing of the wish."""
    up(manifest_path, world, (A, Part("p", A, value=7)))
    assert on_disk(manifest_path)["part.p"] == {
        "kind": "part",
        "identity": {"toy": "a", "part": "p"},
        "depends_on": ["toy.a"],
        "origin": "created",
        "status": "ready",
    }


def test_a_shared_document_is_promised_with_old_and_new(manifest_path: Path, world: World, journal: Journal) -> None:
    """While our notes are exchanged either may be at AWS, so the record names both; afterwards the new ones."""
    up(manifest_path, world, (Board("board", (("old", "ours"),)),))
    up(manifest_path, world, (Board("board", (("new", "ours"),)),))
    assert journal[-1] == ("write", "updating", {"board": "board", "entries": "new old"})
    assert on_disk(manifest_path)["board.board"]["identity"] == {"board": "board", "entries": "new"}
    assert world.boards == {"board": {"new": "ours"}}


def test_edges_to_what_a_run_is_not_about_stay(manifest_path: Path, world: World) -> None:
    """A run for one task keeps the edges that others have in a document they share; a full run tidies them up."""
    other = Toy("other")
    up(manifest_path, world, (A, other, Board("board", (("n", "ours"),), (A, other))))
    with manifest.opened(manifest_path, "media", "dev", ACCOUNT) as journal:
        board = Board("board", (("n", "changed"),), (A,))
        seen = observe(world, (board,), journal)
        plan = Plan((Change(A.address, "toy", Action.KEEP), Change(board.address, "board", Action.UPDATE)))
        execute(plan, {A.address: A, board.address: board}, seen, journal, means(world))
    assert on_disk(manifest_path)["board.board"]["depends_on"] == ["toy.a", "toy.other"]
    up(manifest_path, world, (A, board))
    assert on_disk(manifest_path)["board.board"]["depends_on"] == ["toy.a"]


def test_a_part_of_our_entries_goes_and_the_rest_stays_on_record(manifest_path: Path, world: World) -> None:
    """A deletion that is about some entries of a shared document leaves the others, there and in the record."""
    up(manifest_path, world, (A, Toy("b"), Board("board", (("a", "1"), ("b", "2")), (A, Toy("b")))))
    with manifest.opened(manifest_path, "media", "dev", ACCOUNT) as journal:
        changes = (Change(Address("board.board"), "board", Action.DELETE, entries=("a",)),)
        execute(Plan((*changes, Change(A.address, "toy", Action.DELETE))), {}, {}, journal, means(world))
    assert (world.boards, [name for _, name in world.calls][-2:]) == ({"board": {"b": "2"}}, ["board", "a"])
    left = on_disk(manifest_path)["board.board"]
    assert left["identity"] == {"board": "board", "entries": "b"}
    assert (left["depends_on"], left["status"]) == (["toy.b"], "ready")


def test_entries_that_a_run_is_not_about_stay_on_record(manifest_path: Path, world: World) -> None:
    """A run that writes some entries of a shared document keeps those on record that its change does not name."""
    up(manifest_path, world, (Board("board", (("a", "1"), ("b", "2"))),))
    with manifest.opened(manifest_path, "media", "dev", ACCOUNT) as journal:
        board = Board("board", (("new", "3"),))
        plan = Plan((Change(board.address, "board", Action.CREATE, entries=("a",)),))
        execute(plan, {board.address: board}, {}, journal, means(world))
    assert on_disk(manifest_path)["board.board"]["identity"] == {"board": "board", "entries": "b new"}


def test_a_promise_that_is_taken_back_leaves_what_was_true(manifest_path: Path, world: World) -> None:
    """Where the new thing in the place of somebody else's turns out to be taken, the old record stands again."""
    with manifest.opened(manifest_path, "media", "dev", ACCOUNT) as journal:
        journal.put(Address("chest.c"), Record("chest", {"name": "old"}, origin=Origin.ADOPTED))

    def refuse(verb: str, _name: str, _aws: Aws) -> None:
        if verb == "create":
            raise SafetyError("taken")

    world.before = refuse
    _, outcome = up(manifest_path, world, (Chest("c"),))
    assert ["chest.c"] == [failure.change.address for failure in outcome.failed]
    left = on_disk(manifest_path)["chest.c"]
    assert (left["identity"], left["origin"], left["status"]) == ({"name": "old"}, "adopted", "ready")


def test_what_is_somebody_elses_is_recorded_as_adopted(manifest_path: Path, world: World) -> None:
    """An existing thing is recorded as adopted, and `down` forgets it without a call."""
    world.toys["theirs"] = SeenToy(5, {"owner": "them"})
    up(manifest_path, world, (Chest("theirs", existing=True),))
    assert on_disk(manifest_path)["chest.theirs"]["origin"] == "adopted"
    _, outcome = down(manifest_path, world)
    assert (world.calls, outcome.done, manifest_path.exists()) == ([], (), False)
    assert world.toys == {"theirs": SeenToy(5, {"owner": "them"})}


def test_a_chest_is_emptied_before_it_goes(manifest_path: Path, world: World) -> None:
    """Where the user said so, what holds data is emptied under the same promise, then deleted."""
    up(manifest_path, world, (Chest("chest"),))
    world.filled.add("chest")
    world.calls.clear()
    with manifest.opened(manifest_path, "media", "dev", ACCOUNT) as journal:
        seen = observe(world, (), journal)
        execute(emptying(plan_down(journal.records, seen, journal.lineage)), {}, seen, journal, means(world))
    assert world.calls == [("empty", "chest"), ("delete", "chest")]


def test_what_is_kept_on_purpose_is_forgotten(manifest_path: Path, world: World) -> None:
    """A chest that is left at AWS loses its record, and everything else goes."""
    chest = Chest("chest")
    up(manifest_path, world, (chest, Toy("a", (chest,))))
    with manifest.opened(manifest_path, "media", "dev", ACCOUNT) as journal:
        seen = observe(world, (), journal)
        plan = keeping(plan_down(journal.records, seen, journal.lineage), frozenset({"chest"}))
        outcome = execute(plan, {}, seen, journal, means(world))
    assert (set(world.toys), outcome.done, manifest_path.exists()) == ({"chest"}, ("toy.a",), False)


def test_an_interrupted_thing_that_is_as_wanted_becomes_ready(manifest_path: Path, world: World) -> None:
    """A promise that turns out to be kept already is settled without a call."""
    up(manifest_path, world, (A,))
    with manifest.opened(manifest_path, "media", "dev", ACCOUNT) as journal:
        journal.put(Address("toy.a"), Record("toy", A.identity, status=Status.UPDATING))
    world.calls.clear()
    up(manifest_path, world, (A,))
    assert (world.calls, on_disk(manifest_path)["toy.a"]["status"]) == ([], "ready")
