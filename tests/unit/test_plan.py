from dataclasses import replace

import pytest

from task_deployer.conflicts import Unreadable
from task_deployer.errors import ResourceError
from task_deployer.plan import Action, Change, Plan, emptying, keeping, plan_down, plan_up
from task_deployer.records import Origin, Record, Status
from task_deployer.resources import Bucket, BucketTags, Cors, Notifications
from task_deployer.resources.base import Address, AnyResource, Difference
from task_deployer.resources.bucket import SeenBucket
from task_deployer.resources.cors import SeenCors
from task_deployer.resources.cors_document import CorsRule
from task_deployer.resources.notification_document import Entry
from task_deployer.status import State, compare
from task_deployer.tags import tags_of
from tests.builders import LINEAGE, recorded
from tests.seen import as_wanted
from tests.toys.kinds import Board, Chest, Part, SeenBoard, Toy
from tests.toys.world import SeenToy

pytestmark = pytest.mark.usefixtures("toys")

A = Toy("a")
P, CHEST = Part("p", A), Chest("c")
THERE = SeenToy(1, {})
ANOTHERS = SeenToy(1, {"task-deployer:manifest": "another"})
Records = dict[Address, Record]
Seen = dict[Address, object]


def seen(**things: object) -> Seen:
    """What was seen, as toy__a=..."""
    return {Address(name.replace("__", ".")): value for name, value in things.items()}


def only(plan: Plan) -> Change:
    """The one change of a plan."""
    (change,) = plan.changes
    return change


def with_status(status: Status, *resources: AnyResource) -> Records:
    """Records in this place of their life."""
    return {address: replace(record, status=status) for address, record in recorded(*resources).items()}


def test_what_is_absent_is_created() -> None:
    """A thing that is neither there nor recorded is created, without much ado."""
    assert only(plan_up([A], seen(toy__a=None), {}, LINEAGE)) == Change(A.address, "toy", Action.CREATE)


def test_what_is_as_wanted_is_kept() -> None:
    """A recorded thing that is as wanted is kept."""
    assert only(plan_up([A], seen(toy__a=THERE), recorded(A), LINEAGE)) == Change(A.address, "toy", Action.KEEP)


def test_what_differs_is_updated() -> None:
    """A difference makes an update that tells what is wanted and what was found."""
    change = only(plan_up([Toy("a", value=2)], seen(toy__a=THERE), recorded(A), LINEAGE))
    assert (change.action, change.differences) == (Action.UPDATE, (Difference("Value", 2, 1),))


def test_what_vanished_is_made_again() -> None:
    """A recorded thing that is gone is created, and the plan says that it was recorded."""
    change = only(plan_up([A], seen(toy__a=None), recorded(A), LINEAGE))
    assert (change.action, change.reason) == (Action.CREATE, "recorded, but not at AWS")


@pytest.mark.parametrize("status", [Status.CREATING, Status.UPDATING, Status.DELETING])
@pytest.mark.parametrize(
    ("found", "action"), [(None, Action.CREATE), (THERE, Action.KEEP), (SeenToy(9, {}), Action.UPDATE)]
)
def test_an_interrupted_thing_is_carried_on(status: Status, found: SeenToy | None, action: Action) -> None:
    """Whatever an earlier run was about to do, what is there now decides; the plan says that it was interrupted."""
    change = only(plan_up([A], seen(toy__a=found), with_status(status, A), LINEAGE))
    assert (change.action, change.reason) == (action, "an earlier run did not finish this")


@pytest.mark.parametrize("status", [Status.CREATING, Status.UPDATING, Status.DELETING])
def test_an_interrupted_thing_is_written_where_aws_may_be_late(status: Status) -> None:
    """What shows as wanted may be from before the write of a run that died: it is written, nothing too; then kept."""
    whole = Bucket("ingest.uploads", "uploads", "eu-central-1", tags_of("media", "dev", LINEAGE, {}))
    for rules, found in (((CorsRule("1", ("*",), ("GET",)),), True), ((), False)):
        wanted = Cors("ingest.uploads", whole, rules)
        late = {whole.address: as_wanted(whole), wanted.address: as_wanted(wanted) if found else None}
        (change,) = plan_up([whole, wanted], late, recorded(whole) | with_status(status, wanted), LINEAGE).pending
        told = (change.address, change.action, change.differences, change.reason)
        assert (wanted.address, Action.UPDATE, (), "an earlier run did not finish this") == told
        assert () == plan_up([whole, wanted], late, recorded(whole, wanted), LINEAGE).pending


def test_what_is_dropped_of_a_shared_document_is_taken_out_though_it_does_not_show() -> None:
    """Where more is recorded of a document of others than is wanted, it is written, whatever a look shows of ours."""
    theirs = Bucket("ingest.theirs", "theirs", "eu-central-1", {}, existing=True)
    rules = tuple(CorsRule(one, ("*",), ("GET",)) for one in "12")
    both, wanted = (Cors("ingest.theirs", theirs, some, shared=True) for some in (rules, rules[:1]))
    records = {**recorded(both), theirs.address: replace(recorded(theirs)[theirs.address], origin=Origin.ADOPTED)}
    bucket = {theirs.address: SeenBucket("eu-central-1", {})}
    for shown in ((), rules[:1], rules):
        found = SeenCors(tuple({**one.render()} for one in shown))
        (change,) = plan_up([theirs, wanted], {**bucket, wanted.address: found}, records, LINEAGE).pending
        assert (wanted.address, Action.UPDATE) == (change.address, change.action)
    (change,) = plan_up([theirs, both], {**bucket, both.address: SeenCors(())}, records, LINEAGE).pending
    assert Action.CREATE == change.action


def test_what_nobody_recorded_is_written_where_aws_may_be_late() -> None:
    """What shows as wanted without a record may have been taken out a moment ago, unless AWS shows that at once."""
    whole = Bucket("ingest.uploads", "uploads", "eu-central-1", tags_of("media", "dev", LINEAGE, {}))
    rules = Cors("ingest.uploads", whole, (CorsRule("1", ("*",), ("GET",)),))
    late = {whole.address: as_wanted(whole), rules.address: as_wanted(rules)}
    actions = {
        change.address: change.action for change in plan_up([whole, rules], late, recorded(whole), LINEAGE).changes
    }
    assert {whole.address: Action.KEEP, rules.address: Action.UPDATE} == actions
    both = plan_up([whole, rules], late, recorded(whole, rules), LINEAGE)
    assert () == both.pending


def test_an_existing_thing_is_kept_whatever_it_looks_like() -> None:
    """What is somebody else's is never changed, though it differs from any wish."""
    change = only(plan_up([Chest("c", value=5, existing=True)], seen(chest__c=ANOTHERS), {}, LINEAGE))
    assert (change.action, change.reason) == (Action.KEEP, "not ours: used, never changed")


def test_a_shared_document_without_ours_is_created() -> None:
    """A document that is there, but with nothing of ours in it, is absent to us."""
    board = Board("b", (("n", "text"),))
    change = only(plan_up([board], seen(board__b=SeenBoard({"foreign": "x"}, {})), {}, LINEAGE))
    assert change.action is Action.CREATE


def test_what_is_wanted_no_longer_goes_behind_the_rest() -> None:
    """What the config dropped is deleted after all that it wants, dependents first."""
    b = Toy("b", (A,))
    plan = plan_up([Toy("new")], seen(toy__new=None, toy__a=THERE, toy__b=THERE), recorded(A, b), LINEAGE)
    assert [(c.address, c.action) for c in plan.changes] == [
        ("toy.new", Action.CREATE),
        ("toy.b", Action.DELETE),
        ("toy.a", Action.DELETE),
    ]
    assert {c.reason for c in plan.of(Action.DELETE)} == {"no longer in the config"}
    assert plan.pending == plan.changes


def test_down_goes_backwards() -> None:
    """`down` deletes all that is recorded, each before what it depends on."""
    b = Toy("b", (A,))
    d = Toy("d", (b, A))
    plan = plan_down(recorded(A, b, d), seen(toy__a=THERE, toy__b=THERE, toy__d=THERE), LINEAGE)
    assert [c.address for c in plan.changes] == ["toy.d", "toy.b", "toy.a"]


def test_what_is_gone_already_says_so() -> None:
    """What is not at AWS any more is deleted all the same: a promise may have been kept after the read."""
    change = only(plan_down(recorded(A), seen(toy__a=None), LINEAGE))
    assert (change.action, change.reason, change.gone) == (Action.DELETE, "gone already", True)


@pytest.mark.parametrize("found", [1, None])
def test_a_part_goes_with_its_whole(found: int | None) -> None:
    """A part of a thing that is deleted needs no call, whether it was seen or not."""
    plan = plan_down(recorded(A, P), seen(toy__a=THERE, part__p=found), LINEAGE)
    assert {c.address: c.goes_with for c in plan.changes} == {"part.p": "toy.a", "toy.a": None}


def test_a_part_of_what_stays_goes_by_itself() -> None:
    """A part that the config dropped is deleted with a call of its own where its whole stays."""
    plan = plan_up([A], seen(toy__a=THERE, part__p=1), recorded(A, P), LINEAGE)
    assert [(c.address, c.action, c.goes_with) for c in plan.changes] == [
        ("toy.a", Action.KEEP, None),
        ("part.p", Action.DELETE, None),
    ]


@pytest.mark.parametrize("origin", [None, Origin.ADOPTED])
def test_a_part_of_what_is_not_ours_is_left(origin: Origin | None) -> None:
    """What lies in a thing that was forgotten, or is used as somebody else's, stays in it and leaves the manifest."""
    records = recorded(P)
    if origin is not None:
        records |= {A.address: replace(recorded(A)[A.address], origin=origin)}
    plan = plan_down(records, seen(toy__a=THERE, part__p=1), LINEAGE)
    change = next(change for change in plan.changes if change.address == P.address)
    assert (change.action, change.forgets) == (Action.KEEP, True)
    assert change.reason == "left: toy.a is not recorded as made by us"


def test_what_is_adopted_is_forgotten() -> None:
    """What was somebody else's all along is left as it is, and its record goes."""
    records = {CHEST.address: Record("chest", CHEST.identity, origin=Origin.ADOPTED)}
    change = only(plan_down(records, seen(chest__c=ANOTHERS), LINEAGE))
    assert (change.action, change.forgets, change.reason) == (Action.KEEP, True, "not ours: left as it is")


@pytest.mark.parametrize("found", [1, None])
def test_what_somebody_made_anew_is_left_with_all_its_parts(found: int | None) -> None:
    """What we recorded and now bears another's tags is left, and so is what lies in it, seen or not."""
    plan = plan_down(recorded(A, P, CHEST), seen(toy__a=ANOTHERS, part__p=found, chest__c=THERE), LINEAGE)
    assert {c.address: (c.action, c.forgets) for c in plan.changes} == {
        "part.p": (Action.KEEP, True),
        "toy.a": (Action.KEEP, True),
        "chest.c": (Action.DELETE, False),
    }
    assert {c.reason for c in plan.of(Action.KEEP)} == {
        "left: its tags do not say that it is ours; if it is, remove it by hand"
    }


def test_what_depends_on_a_thing_that_is_left_goes_all_the_same() -> None:
    """Only what lies in a thing shares its fate; what merely refers to it is ours, and goes."""
    plan = plan_down(recorded(A, Toy("b", (A,))), seen(toy__a=ANOTHERS, toy__b=THERE), LINEAGE)
    assert [(c.address, c.action) for c in plan.changes] == [("toy.b", Action.DELETE), ("toy.a", Action.KEEP)]


def test_down_takes_no_refused_read_for_absence() -> None:
    """A read that AWS refused stops `down`: unknown is never absent."""
    error = ResourceError("no", code="AccessDenied")
    with pytest.raises(ResourceError) as caught:
        plan_down(recorded(A), seen(toy__a=Unreadable(error)), LINEAGE)
    assert caught.value is error


def test_down_takes_no_notice_of_a_refused_read_of_what_stays() -> None:
    """A refused read of a kept kind, or of what goes with it, stops nothing: both stay, and are forgotten."""
    refused = Unreadable(ResourceError("no", code="403"))
    records, kept = recorded(A, P, CHEST), frozenset({"toy"})
    plan = plan_down(records, seen(toy__a=refused, part__p=refused, chest__c=THERE), LINEAGE, kept)
    assert {c.address: (c.action, c.forgets) for c in plan.changes} == {
        "part.p": (Action.KEEP, True),
        "toy.a": (Action.KEEP, True),
        "chest.c": (Action.DELETE, False),
    }
    with pytest.raises(ResourceError):
        plan_down(records, seen(toy__a=THERE, part__p=1, chest__c=refused), LINEAGE, kept)


def test_our_entries_go_whoever_owns_the_document() -> None:
    """Entries in a document of a bucket that is another's now are ours one by one: they go, and the bucket is left."""
    bucket = Bucket("ingest.uploads", "uploads", "eu-central-1")
    entry = Entry("media-dev-ingest-uploads-Created", "arn:f", ("s3:ObjectCreated:*",))
    tags, entries = BucketTags("ingest.uploads", bucket), Notifications("uploads", bucket, (entry,))
    observed: Seen = {bucket.address: SeenBucket("eu-central-1", {"task-deployer:manifest": "another"})}
    plan = plan_down(recorded(bucket, tags, entries), observed, LINEAGE)
    assert {c.address: c.action for c in plan.changes} == {
        "notifications.uploads": Action.DELETE,
        "bucket_tags.ingest.uploads": Action.KEEP,
        "bucket.ingest.uploads": Action.KEEP,
    }


@pytest.mark.parametrize("existing", [True, False])
def test_what_stays_in_a_document_of_others_is_told(existing: bool) -> None:  # noqa: FBT001 - a row's field
    """EventBridge stays on in somebody else's bucket, and the plan's line says so; ours goes with its bucket."""
    bucket = Bucket("ingest.uploads", "uploads", "eu-central-1", existing=existing)
    wanted = Notifications("uploads", bucket, (), eventbridge=True)
    records = recorded(bucket, wanted)
    if existing:
        records[bucket.address] = replace(records[bucket.address], origin=Origin.ADOPTED)
    observed: Seen = {bucket.address: SeenBucket("eu-central-1", {}), wanted.address: as_wanted(wanted)}
    plan = plan_down(records, observed, LINEAGE)
    (reason,) = (change.reason for change in plan.changes if change.address == wanted.address)
    assert ("EventBridge stays on: others may rely on it" if existing else "") == reason


def test_a_bucket_that_shed_its_tags_goes() -> None:
    """A recorded bucket whose tags were replaced is still deleted where rules of ours are in it; else it is left."""
    bucket = Bucket("ingest.uploads", "uploads", "eu-central-1")
    shed = SeenBucket("eu-central-1", {"cost": "1"})
    ours: Seen = {bucket.address: replace(shed, signs=("media-dev-ingest-uploads-1",))}
    assert only(plan_down(recorded(bucket), ours, LINEAGE)).action is Action.DELETE
    left = only(plan_down(recorded(bucket), {bucket.address: shed}, LINEAGE))
    assert (left.action, left.forgets) == (Action.KEEP, True)


@pytest.mark.parametrize("records", [True, False])
def test_absence_can_be_as_wanted(records: bool) -> None:  # noqa: FBT001 - a row's field
    """Where the wish is that nothing be there, absence is kept, and what is there is an update."""
    cors = Cors("ingest.uploads", Bucket("ingest.uploads", "uploads", "eu-central-1"), ())
    known = recorded(cors) if records else {}
    there = SeenCors(({"ID": "theirs", "AllowedMethods": ["GET"], "AllowedOrigins": ["*"]},))
    assert only(plan_up([cors], {cors.address: None}, known, LINEAGE)).action is Action.KEEP
    assert only(plan_up([cors], {cors.address: there}, known, LINEAGE)).action is Action.UPDATE
    assert compare([cors], {cors.address: None}, known, LINEAGE)[0].state is State.OK


def test_kept_kinds_stay_and_are_forgotten() -> None:
    """What the user keeps stays with its parts and is forgotten; everything else of the plan is as it was."""
    other = Chest("other")
    plan = plan_down(recorded(A, P, other), seen(toy__a=THERE, part__p=1, chest__other=THERE), LINEAGE)
    kept = {c.address: (c.action, c.forgets, c.goes_with) for c in keeping(plan, frozenset({"toy"})).changes}
    assert kept == {
        "part.p": (Action.KEEP, True, None),
        "toy.a": (Action.KEEP, True, None),
        "chest.other": (Action.DELETE, False, None),
    }
    assert keeping(plan, frozenset()) == plan


def test_keeping_is_about_deletions_alone() -> None:
    """A kind that is kept is created and updated as ever."""
    plan = plan_up([A, CHEST], seen(toy__a=None, chest__c=SeenToy(7, {})), recorded(CHEST), LINEAGE)
    assert keeping(plan, frozenset({"toy", "chest"})) == plan


def test_emptying_marks_deletions_alone() -> None:
    """Only what is deleted is emptied, never what is kept or made."""
    plan = plan_up([A], seen(toy__a=None, chest__c=THERE), recorded(CHEST), LINEAGE)
    assert {c.address: c.empties for c in emptying(plan).changes} == {"toy.a": False, "chest.c": True}
