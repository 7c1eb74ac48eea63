"""Puts of documents that others write too, whose answer is lost or late: nobody's part is written over unseen."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from botocore.exceptions import ClientError

from task_deployer.aws import Aws
from task_deployer.care import Care, Remark
from task_deployer.resources import Notifications
from task_deployer.resources.cors import Cors, CorsRule
from task_deployer.resources.notification_document import QUEUE, entries_in
from task_deployer.resources.notification_write import read
from task_deployer.resources.other_writers import OTHERS_TURN
from task_deployer.retry import Patience
from task_deployer.throttle import Pace, persistently
from tests.aws import Fault, answering, losing_the_answer, new_name, watched
from tests.contract.bucket_samples import ARCHIVE, lifecycle_of, put_lifecycle
from tests.contract.samples import notifications_beside_others, sample
from tests.contract.wishes import bucket
from tests.faults.scene import Scene
from tests.invariants import assert_in_sync

pytestmark = pytest.mark.faults

PUT, PUT_CORS = "PutBucketNotificationConfiguration", "PutBucketCors"
PUT_LIFECYCLE = "PutBucketLifecycleConfiguration"
BROKEN = Fault(500, "InternalError", "We encountered an internal error. Please try again.")


@dataclass
class Watch:
    """A clock of its own, which a sleep moves on, and what verbs told."""

    now: float = 0.0
    told: list[Remark] = field(default_factory=list)

    def on(self, aws: Aws) -> Aws:
        """The same clients, that live by it."""
        return aws.caring_with(Care(tell=self.told.append)).waiting_with(Patience(self.sleep, now=lambda: self.now))

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@pytest.fixture
def wanted(aws: Aws) -> Notifications:
    """One entry of ours, wanted in somebody else's bucket, in which a queue of others is told of restored objects."""
    return notifications_beside_others(aws)


def add_late_entry(aws: Aws, name: str) -> None:
    """Another deployment reads, puts its entry beside what is there, and is content."""
    document = read(aws, name)
    rows = document[QUEUE]
    assert isinstance(rows, list)
    added = {**rows[0], "Id": "late", "Events": ["s3:ObjectTagging:*"]}
    aws.s3.put_bucket_notification_configuration(
        Bucket=name,
        NotificationConfiguration={**document, QUEUE: [*rows, added]},  # type: ignore[typeddict-item]  # a document
    )


def ids(aws: Aws, name: str) -> set[str]:
    """The ids of all entries."""
    return {entry.id for entry in entries_in(read(aws, name))}


def shared_cors(aws: Aws) -> Cors:
    """A rule of ours, wanted on somebody else's bucket that has one."""
    name = new_name()
    bucket(name).create(aws)
    put_rules(aws, name, "theirs")
    rule = CorsRule(f"{name}-1", ("https://app.example.com",), ("GET",))
    return Cors(name, bucket(name, existing=True), (rule,), shared=True)


def put_rules(aws: Aws, name: str, *added: str) -> None:
    """Somebody adds rules with these ids to what is there."""
    try:
        there = aws.s3.get_bucket_cors(Bucket=name)["CORSRules"]
    except ClientError:
        there = []
    rules = [*there, *({"ID": one, "AllowedMethods": ["GET"], "AllowedOrigins": ["https://b"]} for one in added)]
    aws.s3.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": rules})  # type: ignore[typeddict-item]  # rules


def rules_of(aws: Aws, name: str) -> list[str | None]:
    """The ids of all rules."""
    return [rule.get("ID") for rule in aws.s3.get_bucket_cors(Bucket=name)["CORSRules"]]


def test_an_entry_that_came_while_the_answer_was_lost_stays(aws: Aws, wanted: Notifications) -> None:
    """Where S3 took our put and its answer is lost, nothing is put again over what another has put meanwhile."""
    name, watch = wanted.bucket.name, Watch()

    def act() -> None:
        add_late_entry(aws, name)

    with losing_the_answer(aws, PUT, act), watched(aws) as asked:
        wanted.create(watch.on(aws))
    assert 2 == asked.count(PUT)  # the other's is one of them
    assert {wanted.entries[0].id, "theirs", "late"} == ids(aws, name)
    assert_in_sync(aws, wanted)


def test_an_entry_that_came_while_the_answer_of_a_removal_was_lost_stays(aws: Aws, wanted: Notifications) -> None:
    """A removal whose answer is lost is not put again either: ours are out, and what came meanwhile is in."""
    name, watch = wanted.bucket.name, Watch()
    wanted.create(aws)
    with losing_the_answer(aws, PUT, lambda: add_late_entry(aws, name)):
        wanted.take_out(watch.on(aws), wanted.identity, None, beside_others=True)
    assert {"theirs", "late"} == ids(aws, name)


def test_a_put_that_s3_did_not_take_is_done_again_from_its_read(aws: Aws, wanted: Notifications) -> None:
    """An error of S3's own after which the former document stays ends the verb; done again, it begins with a read."""
    name, watch = wanted.bucket.name, Watch()
    live = watch.on(aws)
    with answering(aws, PUT, BROKEN), watched(aws) as asked, pytest.raises(ClientError, match="InternalError"):
        wanted.create(live)
    assert 1 == asked.count(PUT)
    add_late_entry(aws, name)
    with answering(aws, PUT, BROKEN):
        persistently(live.patience, Pace(), "s3", lambda: wanted.create(live))
    assert {wanted.entries[0].id, "theirs", "late"} == ids(aws, name)


def test_what_surely_was_not_taken_is_not_looked_for(aws: Aws, wanted: Notifications) -> None:
    """A request that S3 has no time for did nothing: that is said at once, and nobody's turn is waited for."""
    watch = Watch()
    busy = Fault(503, "SlowDown", "Please reduce your request rate.")
    with answering(aws, PUT, busy), pytest.raises(ClientError, match="SlowDown"):
        wanted.create(watch.on(aws))
    assert 0 == watch.now


def test_a_document_of_our_own_is_written_again_without_a_wait(aws: Aws) -> None:
    """In a bucket of ours without entries of others the verb is simply done again: there is nobody to wait for."""
    wanted, watch = sample(aws, "notifications").wanted, Watch()
    with losing_the_answer(aws, PUT), pytest.raises(ClientError):
        wanted.create(watch.on(aws))
    wanted.create(watch.on(aws))
    assert 0 == watch.now
    assert_in_sync(aws, wanted)


@pytest.mark.parametrize("leaving", [False, True])
def test_a_slow_put_is_told_whichever_way_it_goes(aws: Aws, wanted: Notifications, leaving: bool) -> None:  # noqa: FBT001 - the case
    """A put that S3 takes longer for than a turn may have written over others': that is told, of a removal too."""
    watch = Watch()
    if leaving:
        wanted.create(aws)
    with losing_the_answer(aws, PUT, lambda: watch.sleep(OTHERS_TURN + 1)):
        if leaving:
            wanted.take_out(watch.on(aws), wanted.identity, None, beside_others=True)
        else:
            wanted.create(watch.on(aws))
    assert [("slow-write", wanted.address)] == [(remark.code, remark.address) for remark in watch.told]


def test_a_rule_that_came_while_the_answer_was_lost_stays(aws: Aws) -> None:
    """CORS rules of others that come while the answer to our put is lost stay too, and a slow put of ours is told."""
    wanted, watch = shared_cors(aws), Watch()
    name = wanted.bucket.name

    def act() -> None:
        put_rules(aws, name, "late")
        watch.sleep(OTHERS_TURN + 1)

    with losing_the_answer(aws, PUT_CORS, act):
        wanted.create(watch.on(aws))
    assert ["theirs", f"{name}-1", "late"] == rules_of(aws, name)
    assert [("slow-write", wanted.address)] == [(remark.code, remark.address) for remark in watch.told]


def test_the_last_rules_that_go_leave_room_for_one_that_came(aws: Aws) -> None:
    """S3 takes the whole document away where nothing is left in it: that call is not repeated over a new one either."""
    wanted, watch = shared_cors(aws), Watch()
    name = wanted.bucket.name
    aws.s3.delete_bucket_cors(Bucket=name)
    wanted.create(aws)
    with losing_the_answer(aws, "DeleteBucketCors", lambda: put_rules(aws, name, "late")):
        wanted.delete(watch.on(aws), wanted.identity)
    assert ["late"] == rules_of(aws, name)


def test_rules_that_s3_did_not_take_are_put_again_from_a_read(aws: Aws) -> None:
    """The CORS verb too ends with the error of a put that was not taken, and is done again from its read."""
    wanted, watch = shared_cors(aws), Watch()
    live = watch.on(aws)
    with answering(aws, PUT_CORS, BROKEN), watched(aws) as asked:
        persistently(live.patience, Pace(), "s3", lambda: wanted.create(live))
    assert 2 == asked.count(PUT_CORS)
    assert ["theirs", f"{wanted.bucket.name}-1"] == rules_of(aws, wanted.bucket.name)


@pytest.mark.parametrize("leaving", [False, True])
def test_a_lifecycle_rule_that_came_while_the_answer_was_lost_stays(aws: Aws, leaving: bool) -> None:  # noqa: FBT001 - the case
    """Beside lifecycle rules of others a lost answer is looked after too: nothing is put again, and theirs stay."""
    life, watch = sample(aws, "lifecycle"), Watch()
    assert life.foreign
    life.foreign.put()
    if leaving:
        life.wanted.create(aws)
    name = life.wanted.identity["bucket"]
    late = {"ID": "late", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 400}}
    with (
        losing_the_answer(aws, PUT_LIFECYCLE, lambda: put_lifecycle(aws, name, *lifecycle_of(aws, name), late)),
        watched(aws) as asked,
    ):
        if leaving:
            life.wanted.delete(watch.on(aws), life.wanted.identity)
        else:
            life.wanted.create(watch.on(aws))
    assert 2 == asked.count(PUT_LIFECYCLE)  # the other's is one of them
    ours = [] if leaving else [f"{name}-expire", f"{name}-abort"]
    assert [ARCHIVE["ID"], *ours, "late"] == [rule["ID"] for rule in lifecycle_of(aws, name)]


def test_an_older_copy_that_comes_after_a_removal_is_taken_out_again(aws: Aws, new_scene: Callable[[], Scene]) -> None:
    """`down` waits for the others' turn where the document was its own alone too: ours are out before the function."""
    scene = new_scene()
    name = f"{scene.name}-theirs"
    aws.s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration={})
    scene.up()
    before, events = read(aws, name), aws.s3.meta.events

    def put_back(**_: object) -> None:
        events.unregister(f"after-call.s3.{PUT}", put_back)
        aws.s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=before)  # type: ignore[arg-type]  # as read

    def on_theirs(params: dict[str, object], **_: object) -> None:
        if params["Bucket"] == name:
            events.unregister(f"provide-client-params.s3.{PUT}", on_theirs)
            events.register(f"after-call.s3.{PUT}", put_back)

    events.register(f"provide-client-params.s3.{PUT}", on_theirs)
    scene.down()
    assert set() == ids(aws, name)
    assert not scene.manifest.exists()


def test_a_restoration_whose_answer_is_lost_is_done(aws: Aws, new_scene: Callable[[], Scene]) -> None:
    """`restore-notifications` looks what became of a put without an answer: its own is not taken for others'."""
    scene = new_scene()
    name = f"{scene.name}-theirs"
    scene.up()
    scene.down()
    aws.s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration={})
    with losing_the_answer(aws, PUT):
        scene.restore()
    assert {"theirs"} == ids(aws, name)
    aws.s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration={})
    with answering(aws, PUT, BROKEN):
        scene.restore()
    assert {"theirs"} == ids(aws, name)
