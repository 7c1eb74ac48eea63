import json
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from task_deployer.aws import Aws
from task_deployer.conflicts import Unreadable
from task_deployer.errors import CredentialsError, ManifestError, ResourceError, SafetyError, UnsureError
from task_deployer.events import Event, Failed, Skipped
from task_deployer.observe import observe_all
from tests.toys.kinds import Board, Chest, Part, Toy
from tests.toys.runs import down, means, up
from tests.toys.world import Hook, SeenToy, World

A, ALONE = Toy("a"), Toy("alone")
B = Toy("b", (A,))
C = Toy("c", (B,))
THEIRS = SeenToy(5, {})


def refusing(at: tuple[str, str], make: Callable[[], BaseException]) -> Hook:
    """Raise when this verb meets this name."""

    def refuse(verb: str, name: str, _aws: Aws) -> None:
        if (verb, name) == at:
            raise make()

    return refuse


def forbidden() -> ClientError:
    """AWS's answer to a call that is not allowed."""
    return ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "MakeToy")


def statuses(path: Path) -> dict[str, str]:
    """The status of each record on the disk."""
    resources = json.loads(path.read_text(encoding="utf-8"))["resources"]
    return {address: record["status"] for address, record in resources.items()}


def test_a_failure_skips_what_depends_on_it_alone(manifest_path: Path, world: World) -> None:
    """One failed change stops its dependents, near and far, and each is told why; all other branches go on."""
    world.before, events = refusing(("create", "a"), forbidden), list[Event]()
    _, outcome = up(manifest_path, world, (A, B, C, ALONE), means(world, events))
    assert outcome.done == ("toy.alone",)
    assert outcome.skipped == ("toy.b", "toy.c")
    assert [(event.change.address, event.because) for event in events if isinstance(event, Skipped)] == [
        ("toy.b", "toy.a failed"),
        ("toy.c", "toy.a failed"),
    ]


def test_a_refusal_is_explained(manifest_path: Path, world: World) -> None:
    """AWS's refusal becomes an error of ours with its code and address, and stays its cause."""
    world.before = refusing(("create", "a"), forbidden)
    _, outcome = up(manifest_path, world, (A,))
    (failed,) = outcome.failed
    assert isinstance(failed.error, ResourceError)
    assert (failed.error.code, failed.error.address) == ("AccessDenied", "toy.a")
    assert isinstance(failed.error.__cause__, ClientError)


def test_a_failure_leaves_its_promise(manifest_path: Path, world: World) -> None:
    """What failed half-way may be at AWS: its record says that it was begun, and the next run goes on from there."""
    world.after = refusing(("create", "a"), forbidden)
    up(manifest_path, world, (A, B))
    assert statuses(manifest_path) == {"toy.a": "creating"}
    world.after = lambda _verb, _name, _aws: None
    up(manifest_path, world, (A, B))
    assert statuses(manifest_path) == {"toy.a": "ready", "toy.b": "ready"}


def test_nothing_is_deleted_after_a_failure(manifest_path: Path, world: World) -> None:
    """What the config dropped goes only if all that it wants went well; until then it is told as skipped."""
    up(manifest_path, world, (ALONE, Chest("chest", existing=False)))
    world.before, events = refusing(("create", "a"), forbidden), list[Event]()
    _, outcome = up(manifest_path, world, (A,), means(world, events))
    assert outcome.skipped == ("toy.alone", "chest.chest")
    assert {event.because for event in events if isinstance(event, Skipped)} == {"something else failed before it"}
    assert set(world.toys) == {"alone", "chest"}


def test_what_was_to_be_forgotten_is_not_told_as_skipped(manifest_path: Path, world: World) -> None:
    """After a failure only changes at AWS are told as skipped: to forget somebody else's thing is none."""
    world.toys["theirs"] = THEIRS
    up(manifest_path, world, (Chest("theirs", existing=True),))
    world.before = refusing(("create", "a"), forbidden)
    _, outcome = up(manifest_path, world, (A,))
    assert outcome.skipped == ()


def test_a_bug_is_loud(manifest_path: Path, world: World) -> None:
    """What is no expected failure propagates, with its promise on record."""
    world.before = refusing(("create", "a"), lambda: ZeroDivisionError("a bug"))
    with pytest.raises(ZeroDivisionError, match="a bug"):
        up(manifest_path, world, (A, B))
    assert statuses(manifest_path) == {"toy.a": "creating"}


@pytest.mark.parametrize("make", [lambda: CredentialsError("expired"), NoCredentialsError])
def test_without_credentials_nothing_else_is_tried(
    manifest_path: Path, world: World, make: Callable[[], Exception]
) -> None:
    """Credentials that end stop everything: no other call can succeed."""
    world.before = refusing(("create", "a"), make)
    _, outcome = up(manifest_path, world, (A, ALONE))
    assert [type(failed.error) for failed in outcome.failed] == [CredentialsError]
    assert (outcome.done, outcome.skipped, outcome.stopped) == ((), ("toy.alone",), True)
    assert world.calls == []


def test_what_turns_out_to_be_anothers_is_not_recorded(manifest_path: Path, world: World) -> None:
    """A name that somebody took while we worked leaves no record: `down` must never delete theirs."""
    world.before = refusing(("create", "a"), lambda: SafetyError("not ours"))
    _, outcome = up(manifest_path, world, (A, ALONE))
    assert [failed.error.address for failed in outcome.failed] == ["toy.a"]
    assert statuses(manifest_path) == {"toy.alone": "ready"}


def test_what_may_be_ours_after_all_stays_recorded(manifest_path: Path, world: World) -> None:
    """What AWS answered that it made, and shows as another's, is still promised: the next run goes on with it."""
    world.before = refusing(("create", "a"), lambda: UnsureError("not ours, it seems"))
    up(manifest_path, world, (A,))
    assert statuses(manifest_path) == {"toy.a": "creating"}


def test_a_refused_update_keeps_its_record(manifest_path: Path, world: World) -> None:
    """What was recorded before the refusal stays recorded: it is still ours."""
    up(manifest_path, world, (A,))
    world.before = refusing(("update", "a"), lambda: SafetyError("not now"))
    up(manifest_path, world, (Toy("a", value=2),))
    assert statuses(manifest_path) == {"toy.a": "updating"}


def test_a_manifest_that_cannot_be_written_stops_the_run(manifest_path: Path, world: World) -> None:
    """Without a journal nothing may be done: the error propagates, and what follows is not begun."""

    def fill_the_disk(verb: str, name: str, _aws: Aws) -> None:
        if (verb, name) == ("create", "a"):
            (manifest_path.parent / ".media.dev.json.new").mkdir()

    world.before = fill_the_disk
    with pytest.raises(ManifestError, match="cannot be written"):
        up(manifest_path, world, (A, B, ALONE))
    assert statuses(manifest_path) == {"toy.a": "creating"}
    assert world.calls == [("create", "a")]


def test_a_deletion_that_fails_keeps_the_records_of_the_parts(manifest_path: Path, world: World) -> None:
    """What goes with a thing is forgotten only when that thing is gone, so a later run still finds it."""
    desired = (A, Part("p", A), Board("board", (("n", "ours"),), (A,)))
    up(manifest_path, world, desired)
    world.before, events = refusing(("delete", "a"), forbidden), list[Event]()
    _, outcome = down(manifest_path, world, means(world, events))
    assert (outcome.done, outcome.skipped) == (("board.board",), ("part.p",))
    assert [event.because for event in events if isinstance(event, Skipped)] == ["toy.a failed"]
    assert statuses(manifest_path) == {"part.p": "ready", "toy.a": "deleting"}
    world.before = lambda _verb, _name, _aws: None
    _, outcome = up(manifest_path, world, (A,))
    assert (outcome.done, world.parts) == (("part.p",), {})


def test_a_refused_read_is_no_absence(world: World) -> None:
    """A read that AWS refuses is told as unreadable, with its address; the others are read all the same."""
    world.toys["alone"] = THEIRS
    world.before = refusing(("observe", "a"), forbidden)
    things = {toy.address: ("toy", toy.identity) for toy in (A, ALONE)}
    seen = observe_all(means(world), things)
    refused = seen[A.address]
    assert isinstance(refused, Unreadable)
    assert (refused.error.code, refused.error.address) == ("AccessDenied", "toy.a")
    assert seen[ALONE.address] == THEIRS


def test_a_read_without_credentials_ends_the_command(world: World) -> None:
    """Credentials that AWS does not accept are no refusal of one read: they end the command."""
    world.before = refusing(("observe", "a"), NoCredentialsError)
    with pytest.raises(CredentialsError):
        observe_all(means(world), {A.address: ("toy", A.identity)})


def test_failures_are_reported_as_they_come(manifest_path: Path, world: World) -> None:
    """The user hears of each failure, with the change that it is about."""
    world.before, events = refusing(("create", "b"), forbidden), list[Event]()
    _, outcome = up(manifest_path, world, (A, B), means(world, events))
    assert tuple(event for event in events if isinstance(event, Failed)) == outcome.failed
    assert [failed.change.address for failed in outcome.failed] == ["toy.b"]
