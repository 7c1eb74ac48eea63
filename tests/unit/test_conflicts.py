from dataclasses import replace
from pathlib import Path

import pytest

from task_deployer.conflicts import Unreadable
from task_deployer.errors import ConfigError, ResourceError, SafetyError
from task_deployer.plan import Action, plan_up
from task_deployer.records import Origin, Record
from task_deployer.resources import Bucket, Cors, LogGroup
from task_deployer.resources.base import Address, AnyResource
from task_deployer.resources.bucket import SeenBucket
from task_deployer.resources.cors import CorsRule, SeenCors
from task_deployer.resources.log_group import SeenLogGroup
from task_deployer.resources.seen_function import SeenFunction
from tests.builders import LINEAGE, recorded, resources_of
from tests.seen import as_wanted
from tests.toys.kinds import Board, Chest, SeenBoard, Toy
from tests.toys.world import SeenToy

pytestmark = pytest.mark.usefixtures("toys")

TAGS = {"task-deployer:stack": "media", "task-deployer:env": "dev", "task-deployer:manifest": LINEAGE}
A = Toy("a", tags=TAGS)
OWN = (
    "left to others or kept by an earlier `down --keep-buckets`, or the manifest was lost, or somebody else deploys a "
    "stack of this name with a manifest of his own."
)
ADOPT = (
    "If nobody else deploys this stack, run `task-deploy adopt`: it records all that bears these tags, and changes "
    "nothing at AWS. If somebody does, use his manifest, or another `stack.name`."
)
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


def test_what_is_this_stacks_own_without_a_record_is_told() -> None:
    """What bears this stack's own tags without a record was kept, or its manifest was lost; and what can be done."""
    error = refusal([A], {"toy.a": SeenToy(1, {**TAGS, "task-deployer:manifest": "older"})})
    assert OWN in error.detail
    assert error.summary == "Refused: one thing of this stack is at AWS already, and not in the manifest"
    assert error.hint == ADOPT


def test_a_lost_manifest_is_one_refusal() -> None:
    """All that a lost manifest recorded is told in one refusal: each thing by name, why once, one thing to do."""
    older = {**TAGS, "task-deployer:manifest": "older"}
    rule = CorsRule("media-dev-ingest-uploads-1", ("*",), ("GET",))
    theirs = Bucket("ingest.uploads", "theirs", "eu-central-1", existing=True)
    shared = Cors("ingest.uploads", theirs, (rule,), shared=True)
    error = refusal(
        [A, Chest("c", tags=TAGS), shared],
        {"toy.a": SeenToy(1, older), "chest.c": SeenToy(1, older), shared.address: SeenCors((rule.render(),))},
    )
    assert error.summary == "Refused: 3 things of this stack are at AWS already, and not in the manifest"
    assert error.detail.splitlines() == [
        "toy.a: name a exists already",
        "chest.c: name c exists already",
        f"cors.ingest.uploads: the bucket theirs has a CORS rule {rule.id!r} already, which is not recorded as ours",
        f"The tags say stack 'media', environment 'dev', lineage older: {OWN}",
        "Nothing was changed.",
    ]
    assert error.hint == ADOPT


def test_a_living_stack_of_somebody_else_is_told(tmp_path: Path) -> None:
    """Where a function of this stack is there, it is told when it was last changed: a colleague may be deploying it."""
    wish = resources_of(tmp_path)["function.ingest"]
    seen = as_wanted(wish)
    assert isinstance(seen, SeenFunction)
    seen = replace(seen, changed="2026-11-23T14:31:09.000+0000")
    assert (
        "with a manifest of his own. function.ingest was last changed at 2026-11-23T14:31:09.000+0000."
        in refusal([wish], {wish.address: seen}).detail
    )


def test_several_lost_manifests_have_one_hint() -> None:
    """Things of two lineages are told apart, and `adopt`, which lets one choose, is the hint for both."""
    older, oldest = ({**TAGS, "task-deployer:manifest": one} for one in ("older", "oldest"))
    error = refusal([A, Toy("b", tags=TAGS)], {"toy.a": SeenToy(1, older), "toy.b": SeenToy(1, oldest)})
    said = [line.partition("lineage ")[2].partition(":")[0] for line in error.detail.splitlines()]
    assert ["", "older", "", "oldest", ""] == said
    assert "`task-deploy adopt`" in error.hint


def test_a_lost_manifest_hides_no_conflict() -> None:
    """What is somebody else's is told beside what is ours, each with its own advice, said once."""
    older = {**TAGS, "task-deployer:manifest": "older"}
    wishes = [Toy(name, tags=TAGS) for name in "abc"]
    error = refusal(
        [*wishes], {"toy.a": SeenToy(1, older), "toy.b": SeenToy(1, older), "toy.c": SeenToy(1, {"Name": "theirs"})}
    )
    assert error.summary == "Refused: 3 things cannot be made as wanted"
    assert [line for line in error.detail.splitlines() if line.startswith("    ")] == [
        f"    The tags say stack 'media', environment 'dev', lineage older: {OWN}",
        f"    {ADOPT}",
        "    Choose another name, or remove that one if it is yours to remove.",
    ]


def test_what_bears_no_lineage_is_not_offered_to_adopt() -> None:
    """Without the tag that tells its manifest `adopt` would not take a thing over, so it is not offered."""
    known = {key: value for key, value in TAGS.items() if key != "task-deployer:manifest"}
    assert (
        "Put the manifest back; or delete that one if nothing needs it."
        == refusal([A], {"toy.a": SeenToy(1, known)}).hint
    )


def test_adopting_is_offered_where_it_works() -> None:
    """A manifest that records something takes over what is of its own lineage alone, and only that is offered."""
    ours, older = SeenToy(1, TAGS), SeenToy(1, {**TAGS, "task-deployer:manifest": "older"})
    known = recorded(Toy("b"))
    assert "`task-deploy adopt`" in refusal([A], {"toy.a": ours}, known).hint
    error = refusal([A], {"toy.a": older}, known)
    assert "Put the manifest back; or delete that one if nothing needs it." == error.hint
    assert f"lineage older: {OWN} The manifest here is of lineage {LINEAGE}." in error.detail


def test_a_thing_of_a_kind_that_can_be_used_is_offered_so() -> None:
    """Where such a thing could be somebody else's too, the advice says how to use it as it is."""
    wish = Chest("c", tags=TAGS)
    assert "`existing = true`" in refusal([wish], {"chest.c": SeenToy(1, TAGS)}).hint


def test_what_is_taken_over_without_tags_is_refused_with_anothers() -> None:
    """A log group of our name is taken over without tags and with this stack's own; any others are somebody's."""
    wish = LogGroup("ingest", "/aws/lambda/media-dev-ingest", 30, TAGS)
    for tags in ({}, {**TAGS, "task-deployer:manifest": "older"}):
        plan = plan_up([wish], {wish.address: SeenLogGroup(None, tags)}, {}, LINEAGE)
        assert plan.changes[0].action is Action.UPDATE
    for tags in ({**TAGS, "task-deployer:stack": "other"}, {"owner": "audit"}):
        error = refusal([wish], {wish.address: SeenLogGroup(30, tags)})
        assert "exists already and is not in the manifest" in error.detail


def test_what_somebody_made_anew_is_a_conflict() -> None:
    """A recorded name that now bears another owner's tags is not touched."""
    error = refusal([A], {"toy.a": SeenToy(1, {"Name": "theirs"})}, recorded(A))
    assert "toy.a: name a is recorded as ours, but its tags are Name=theirs" in error.detail


def test_tags_that_a_bucket_shed_are_no_conflict() -> None:
    """A recorded bucket whose tag set was replaced is ours while rules of ours are in it; another lineage's is not."""
    wish = Bucket("ingest.uploads", "uploads", "eu-central-1", TAGS)
    signs = ("media-dev-ingest-uploads-1",)
    plan = plan_up([wish], {wish.address: SeenBucket("eu-central-1", {"cost": "1"}, signs)}, recorded(wish), LINEAGE)
    assert plan.changes[0].action is Action.KEEP
    anothers = {**TAGS, "task-deployer:manifest": "another"}
    error = refusal([wish], {wish.address: SeenBucket("eu-central-1", anothers, signs)}, recorded(wish))
    assert "is recorded as ours" in error.detail


@pytest.mark.parametrize(("tags", "told"), [({}, "it bears no tags"), ({"team": "x"}, "its tags are team=x")])
def test_a_bucket_without_a_trace_of_ours_is_a_conflict(tags: dict[str, str], told: str) -> None:
    """A recorded bucket with neither our tags nor an entry of ours is refused, with both ways to go on."""
    wish = Bucket("ingest.uploads", "uploads", "eu-central-1", TAGS)
    error = refusal([wish], {wish.address: SeenBucket("eu-central-1", tags)}, recorded(wish))
    assert f"bucket.ingest.uploads: bucket uploads is recorded as ours, but {told}" in error.detail
    assert "`task-deploy state forget bucket.ingest.uploads`" in error.hint
    assert f"task-deployer:manifest={LINEAGE}" in error.hint


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
    error = refusal([Chest("c")], {"chest.c": SeenToy(1, {})}, records)
    assert "is recorded as not ours" in error.detail
    assert "--keep-buckets" not in error.hint, "it would leave what nobody can take over then"
    assert "Put the old setting back" in error.hint


def test_somebody_elses_can_be_exchanged() -> None:
    """What was only used may be exchanged for another one of others', or for one of our own."""
    old = {Chest("c").address: Record("chest", {"name": "old"}, origin=Origin.ADOPTED)}
    used = plan_up([Chest("c", existing=True)], {Chest("c").address: SeenToy(1, {})}, old, LINEAGE)
    made = plan_up([Chest("c")], {Chest("c").address: None}, old, LINEAGE)
    assert [(c.action, c.reason) for c in (*used.changes, *made.changes)] == [
        (Action.KEEP, "not ours: used, never changed"),
        (Action.CREATE, ""),
    ]


def test_an_exchange_takes_no_name_of_others() -> None:
    """The record of what was used before does not make a thing ours that exists already under the new name."""
    old = {Chest("c").address: Record("chest", {"name": "old"}, origin=Origin.ADOPTED)}
    error = refusal([Chest("c", tags=TAGS)], {"chest.c": SeenToy(1, {"Name": "theirs"})}, old)
    assert "exists already and is not in the manifest" in error.detail


def test_our_rules_are_not_left_behind_in_the_old_bucket() -> None:
    """Another bucket of others' under one key, with rules of ours in the old one, is refused with a way that works."""
    rule = CorsRule("media-dev-ingest-uploads-1", ("*",), ("GET",))
    old, new = (
        Cors("ingest.uploads", Bucket("ingest.uploads", name, "eu-central-1", existing=True), (rule,), shared=True)
        for name in ("x", "y")
    )
    error = refusal([new], {new.address: None}, recorded(old))
    assert "cors.ingest.uploads: is recorded as bucket x, and the config makes it bucket y" in error.detail
    assert "`cors = []`" in error.hint


def test_a_cors_rule_with_our_id_is_somebody_elses_unless_recorded() -> None:
    """A rule bears no owner: on somebody else's bucket one with our id is refused by name, and ours if on record."""
    rule = CorsRule("media-dev-ingest-uploads-1", ("*",), ("GET",))
    wish = Cors("ingest.uploads", Bucket("ingest.uploads", "x", "eu-central-1", existing=True), (rule,), shared=True)
    error = refusal([wish], {wish.address: SeenCors((rule.render(),))})
    assert "CORS rule 'media-dev-ingest-uploads-1' already, which is not recorded as ours" in error.detail
    assert plan_up([wish], {wish.address: SeenCors((rule.render(),))}, recorded(wish), LINEAGE).pending == ()


def test_somebody_elses_that_cannot_be_used_is_a_config_error() -> None:
    """A bucket of another region is a mistake of the config that names both regions, before anything is made."""
    wish = Bucket("ingest.uploads", "theirs", "eu-central-1", existing=True)
    with pytest.raises(ConfigError) as caught:
        plan_up([wish], {wish.address: SeenBucket("us-west-2", {})}, {}, LINEAGE)
    assert caught.value.detail == (
        "bucket.ingest.uploads: bucket theirs has Region 'us-west-2', and this stack needs 'eu-central-1'"
    )


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
        [A, Toy("b", tags=TAGS), Toy("c", value=100)],
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
    assert (sum(line.startswith("    ") for line in lines), error.hint) == (4, ""), "three ways, and one reason"


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


def test_a_bucket_of_others_that_s3_sends_elsewhere_is_a_config_error() -> None:
    """301 on what is declared as somebody else's says that it is in another region: the read's own words, exit 2."""
    elsewhere = Unreadable(ResourceError("in another region: us-west-2", code="301", detail="we are in eu-central-1"))
    wish = Chest("c", existing=True)
    with pytest.raises(ConfigError) as caught:
        plan_up([wish], {wish.address: elsewhere}, {}, LINEAGE)
    assert (caught.value.summary, caught.value.detail) == (
        "in another region: us-west-2",
        "chest.c: we are in eu-central-1",
    )


def test_a_log_group_beside_others_of_its_lineage_was_not_kept() -> None:
    """Where another manifest's things are there still its log group is not taken over, but told with them."""
    older = {**TAGS, "task-deployer:manifest": "older"}
    wish = LogGroup("ingest", "/aws/lambda/media-dev-ingest", 30, TAGS)
    error = refusal([wish, A], {wish.address: SeenLogGroup(30, older), "toy.a": SeenToy(1, older)})
    assert "log_group.ingest: name /aws/lambda/media-dev-ingest exists already" in error.detail.splitlines()
    assert error.hint == ADOPT


def test_a_log_group_of_others_keeps_no_bucket_from_being_used() -> None:
    """What is offered for a thing that can be used is offered also where a log group of its lineage is beside it."""
    older = {**TAGS, "task-deployer:manifest": "older"}
    wish, chest = LogGroup("ingest", "/aws/lambda/media-dev-ingest", 30, TAGS), Chest("c", tags=TAGS)
    error = refusal([wish, chest], {wish.address: SeenLogGroup(30, older), "chest.c": SeenToy(1, older)})
    assert "`existing = true`" in error.hint
