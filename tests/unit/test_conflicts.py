import pytest

from task_deployer.conflicts import Unreadable
from task_deployer.errors import ConfigError, ResourceError, SafetyError
from task_deployer.manifest import Origin, Record
from task_deployer.plan import plan_up
from task_deployer.resources.base import Address, AnyResource
from tests.builders import LINEAGE, recorded
from tests.toys.kinds import Board, Chest, SeenBoard, Toy
from tests.toys.world import SeenToy

pytestmark = pytest.mark.usefixtures("toys")

TAGS = {"task-deployer:stack": "media", "task-deployer:env": "dev", "task-deployer:manifest": LINEAGE}
A = Toy("a", tags=TAGS)
FORBIDDEN = Unreadable(ResourceError("refused", code="403", detail="why", hint="what next"))


def refusal(
    desired: list[AnyResource], observed: dict[str, object], records: dict[Address, Record] | None = None
) -> SafetyError:
    """The refusal of a plan."""
    with pytest.raises(SafetyError) as caught:
        plan_up(desired, {Address(a): seen for a, seen in observed.items()}, records or {}, LINEAGE)
    return caught.value


def test_what_exists_without_a_record_is_a_conflict() -> None:
    """A name that is taken is refused, and the message shows whose tags it bears."""
    error = refusal([A], {"toy.a": SeenToy(1, {"task-deployer:stack": "other", "task-deployer:env": "prod"})})
    assert error.summary == "Refused: one thing cannot be made as wanted"
    assert error.detail == (
        "toy.a: name a exists already and is not in the manifest; its tags say stack 'other', environment 'prod'\n"
        "Nothing was changed."
    )
    assert (error.address, error.exit_code) == ("toy.a", 5)


def test_a_lost_manifest_is_recognised() -> None:
    """What bears this stack's own tags without a record tells of a lost manifest, and of `adopt`."""
    assert "`adopt`" in refusal([A], {"toy.a": SeenToy(1, {**TAGS, "task-deployer:manifest": "older"})}).hint


def test_what_somebody_made_anew_is_a_conflict() -> None:
    """A recorded name that now bears another owner's tags is not touched."""
    error = refusal([A], {"toy.a": SeenToy(1, {"Name": "theirs"})}, recorded(A))
    assert "toy.a: name a is recorded as ours, but its tags are Name=theirs" in error.detail


def test_stripped_tags_are_no_conflict() -> None:
    """A recorded thing without any tags is still ours, and gets them again."""
    plan = plan_up([A], {A.address: SeenToy(1, {})}, recorded(A), LINEAGE)
    assert {d.path for d in plan.changes[0].differences} == set(TAGS)


def test_a_thing_that_was_renamed_is_a_conflict() -> None:
    """A record of another name than the config's is refused: the old thing would be left behind."""
    records = {A.address: Record("toy", {"name": "old"})}
    error = refusal([A], {"toy.a": None}, records)
    assert "toy.a: is recorded as name old, and the config makes it name a" in error.detail


def test_other_entries_in_a_document_are_no_renaming() -> None:
    """A document with other notes of ours than recorded is the same document."""
    board, old = Board("b", (("new", "x"),)), Board("b", (("old", "x"),))
    seen = SeenBoard({"old": "x"}, {"old": "x"})
    plan = plan_up([board], {board.address: seen}, recorded(old), LINEAGE)
    assert {d.path for d in plan.changes[0].differences} == {"old", "new"}


def test_ours_cannot_become_somebody_elses() -> None:
    """What we made cannot be declared as existing: it would never be deleted."""
    error = refusal([Chest("c", existing=True)], {"chest.c": SeenToy(1, {})}, recorded(Chest("c")))
    assert "was made by us, and the config says it is somebody else's" in error.detail


def test_somebody_elses_cannot_become_ours() -> None:
    """What is recorded as adopted cannot be declared as ours: it would be deleted."""
    records = {Chest("c").address: Record("chest", Chest("c").identity, origin=Origin.ADOPTED)}
    assert "is recorded as not ours" in refusal([Chest("c")], {"chest.c": SeenToy(1, {})}, records).detail


def test_what_cannot_be_changed_in_place_is_a_conflict() -> None:
    """A difference that AWS cannot change is refused with both values, never replaced in silence."""
    error = refusal([Toy("a", value=100)], {"toy.a": SeenToy(1, {})}, recorded(Toy("a")))
    assert "toy.a: has Value 1, and the config wants 100" in error.detail
    assert error.hint.startswith("AWS cannot change that in place.")


@pytest.mark.parametrize("records", [{}, recorded(Board("b", (("n", "text"),)))])
def test_an_overlap_with_somebody_elses_is_a_conflict(records: dict[Address, Record]) -> None:
    """A note that overlaps a foreign one is refused by name, recorded or not."""
    board = Board("b", (("n", "text"),))
    error = refusal([board], {"board.b": SeenBoard({"f": "their"}, {})}, records)
    assert "board.b: text overlaps their" in error.detail


def test_all_conflicts_are_told_at_once() -> None:
    """Several conflicts are told together, each with its own advice where that differs."""
    error = refusal(
        [A, Toy("b"), Toy("c", value=100)],
        {"toy.a": SeenToy(1, TAGS), "toy.b": SeenToy(1, {}), "toy.c": SeenToy(1, {})},
        recorded(Toy("c")),
    )
    assert error.summary == "Refused: 3 things cannot be made as wanted"
    lines = error.detail.splitlines()
    assert [line.split(":")[0] for line in lines if not line.startswith(" ")] == [
        "toy.a",
        "toy.b",
        "toy.c",
        "Nothing was changed.",
    ]
    assert (sum(line.startswith("    ") for line in lines), error.hint) == (3, "")


def test_references_to_nothing_are_told_at_once() -> None:
    """Existing things that do not exist are config errors, all of them in one."""
    wishes = [Chest("c", existing=True), Chest("d", existing=True)]
    with pytest.raises(ConfigError) as caught:
        plan_up(wishes, {wish.address: None for wish in wishes}, {}, LINEAGE)
    assert caught.value.detail == "chest.c: there is no name c\nchest.d: there is no name d"
    assert caught.value.exit_code == 2


def test_a_refused_read_stops_everything() -> None:
    """A read that was refused is raised as it is, whatever else was seen."""
    with pytest.raises(ResourceError) as caught:
        plan_up([Toy("a")], {Address("toy.a"): None, Address("toy.z"): FORBIDDEN}, {}, LINEAGE)
    assert caught.value is FORBIDDEN.error


def test_a_name_that_is_forbidden_to_us_is_somebody_elses() -> None:
    """403 on a name that we want and never made says that it is taken: refused by safety, with the read's own words."""
    error = refusal([A], {"toy.a": FORBIDDEN})
    assert (error.summary, error.detail, error.hint) == ("refused", "why", "what next")


@pytest.mark.parametrize(
    ("wish", "records"), [(A, recorded(A)), (Chest("c", existing=True), {})], ids=["recorded", "existing"]
)
def test_a_forbidden_read_of_what_is_known_is_a_missing_right(
    wish: AnyResource, records: dict[Address, Record]
) -> None:
    """403 on what we made, or on what is declared as somebody else's, is a right that is missing: no conflict."""
    with pytest.raises(ResourceError) as caught:
        plan_up([wish], {wish.address: FORBIDDEN}, records, LINEAGE)
    assert caught.value.exit_code == 1
