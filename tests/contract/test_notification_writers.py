"""Our part of a bucket's notifications beside other writers: what is kept, waited for, repaired and told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from task_deployer.aws import Aws
from task_deployer.care import Care, Former, Remark
from task_deployer.errors import ResourceError, SafetyError
from task_deployer.local.notifications import parse, render
from task_deployer.resources import Notifications
from task_deployer.resources.notification_document import QUEUE, Entry, entries_in, merge
from task_deployer.resources.other_writers import OTHERS_TURN
from task_deployer.retry import Patience
from tests.aws import REGION, Given, answering, new_name, watched
from tests.contract.samples import notifications_beside_others, sample
from tests.contract.wishes import notifications
from tests.invariants import assert_in_sync

PUT = "PutBucketNotificationConfiguration"
GET = "GetBucketNotificationConfiguration"
EMPTY = '<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'


@dataclass
class Watcher:
    """What verbs kept, told and slept."""

    kept: list[Former] = field(default_factory=list)
    told: list[Remark] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def on(self, aws: Aws) -> Aws:
        """The same clients, with this one watching."""
        return aws.caring_with(Care(self._keep, self.told.append)).waiting_with(Patience(self.slept.append))

    def _keep(self, former: Former) -> str:
        self.kept.append(former)
        return f"place {len(self.kept)}"


@pytest.fixture
def wanted(aws: Aws) -> Notifications:
    """One entry of ours, wanted in somebody else's bucket, in which a queue of others is told of restored objects."""
    return notifications_beside_others(aws)


@contextmanager
def after_each_put(aws: Aws, times: int, change: Callable[[], object]) -> Iterator[None]:
    """Somebody else acts right after our next puts."""
    left, events = [change] * times, aws.s3.meta.events

    def act(**_: object) -> None:
        if left:
            events.unregister(f"after-call.s3.{PUT}", act)
            left.pop()()
            events.register(f"after-call.s3.{PUT}", act)

    events.register(f"after-call.s3.{PUT}", act)
    yield
    events.unregister(f"after-call.s3.{PUT}", act)
    assert not left


def putting(aws: Aws, wanted: Notifications, document: object) -> Callable[[], object]:
    """Somebody's put of a whole document."""
    return lambda: aws.s3.put_bucket_notification_configuration(
        Bucket=wanted.bucket.name,
        NotificationConfiguration=document,  # type: ignore[arg-type]  # a document
    )


def read(aws: Aws, wanted: Notifications) -> dict[str, object]:
    """The document at S3."""
    found = aws.s3.get_bucket_notification_configuration(Bucket=wanted.bucket.name)
    return {key: value for key, value in found.items() if key != "ResponseMetadata"}


def test_an_older_copy_of_another_writer_is_merged_into_again(aws: Aws, wanted: Notifications) -> None:
    """Another who read before our put and puts after it takes ours out: they are put again, beside what he has."""
    watcher, before = Watcher(), read(aws, wanted)
    theirs = before[QUEUE]
    assert isinstance(theirs, list)
    later = {**theirs[0], "Id": "later", "Events": ["s3:ObjectTagging:*"]}
    with after_each_put(aws, 1, putting(aws, wanted, {**before, QUEUE: [*theirs, later]})):
        wanted.create(watcher.on(aws))
    assert_in_sync(aws, wanted)
    assert ["theirs", "later"] == [entry["Id"] for entry in read(aws, wanted)[QUEUE]]  # type: ignore[attr-defined]  # a list
    assert [] == watcher.told


def test_what_its_owner_removed_in_the_same_moment_stays_out_and_is_told(aws: Aws, wanted: Notifications) -> None:
    """An entry that another writer takes out while we write is not put back; it is told with the place and the way."""
    watcher = Watcher()
    with after_each_put(aws, 1, putting(aws, wanted, {})):
        wanted.create(watcher.on(aws))
    assert_in_sync(aws, wanted)
    assert QUEUE not in read(aws, wanted)
    (told,) = watcher.told
    assert ("foreign-entries-changed", wanted.address) == (told.code, told.address)
    for word in ("theirs (", "EventBridge", f"restore-notifications {wanted.bucket.name} --from 'place 1'"):
        assert word in told.message


def test_a_change_that_was_made_knowing_ours_is_nobodys_loss(aws: Aws, wanted: Notifications) -> None:
    """Another who reads after our put and adds his entry is left alone: no second put, nothing told."""
    watcher = Watcher()

    def add() -> None:
        now = read(aws, wanted)
        theirs = now[QUEUE]
        assert isinstance(theirs, list)
        putting(aws, wanted, {**now, QUEUE: [*theirs, {**theirs[0], "Id": "new", "Events": ["s3:ObjectAcl:Put"]}]})()

    with after_each_put(aws, 1, add), watched(aws) as asked:
        wanted.create(watcher.on(aws))
    assert 2 == asked.count(PUT)  # theirs is one of them
    assert [] == watcher.told


def test_two_losses_are_an_error_that_names_the_former_document(aws: Aws, wanted: Notifications) -> None:
    """Another who takes ours out twice is not fought any longer: the error names ours, and where the former one is."""
    watcher = Watcher()
    with after_each_put(aws, 2, putting(aws, wanted, {})), pytest.raises(ResourceError) as caught:
        wanted.create(watcher.on(aws))
    assert "NotificationsContended" == caught.value.code
    assert wanted.entries[0].id in caught.value.detail
    assert "place" in caught.value.detail


def test_an_entry_with_an_id_of_ours_that_comes_after_our_write(aws: Aws, wanted: Notifications) -> None:
    """Once ours were put a refusal would forget them, so it is a failure instead: the record stays, and they can go."""
    entry = wanted.entries[0]
    second = replace(entry, id=f"{entry.id}-2", prefix="second/")
    both, watcher, before = replace(wanted, entries=(entry, second)), Watcher(), read(aws, wanted)
    theirs = before[QUEUE]
    assert isinstance(theirs, list)
    taken = {**theirs[0], "Id": second.id, "Events": ["s3:ObjectTagging:*"]}
    change = putting(aws, wanted, {**merge(before, [entry], ()), QUEUE: [*theirs, taken]})
    with after_each_put(aws, 1, change), watched(aws) as asked, pytest.raises(ResourceError) as caught:
        both.create(watcher.on(aws))
    assert "NotificationsContended" == caught.value.code
    assert second.id in caught.value.detail
    assert 2 == asked.count(PUT)  # the other's is one of them
    assert {entry.id, second.id, "theirs"} == {one.id for one in entries_in(read(aws, wanted))}
    both.delete(aws, both.identity)
    assert {second.id, "theirs"} == {one.id for one in entries_in(read(aws, wanted))}


def test_a_stale_read_back_is_waited_out(aws: Aws) -> None:
    """A read that still shows the former document is no loss: no second put, no error, however often it comes."""
    wanted = notifications(aws, new_name())
    for parent in (*wanted.permissions[0].depends_on[0].depends_on, *wanted.permissions[0].depends_on):
        parent.create(aws)
    for parent in wanted.depends_on:
        parent.create(aws)
    stale, watcher = Given(200, body=EMPTY), Watcher()
    with answering(aws, GET, stale, stale, stale, stale), watched(aws) as asked:
        wanted.create(watcher.on(aws))
    assert 1 == asked.count(PUT)
    assert [] == watcher.told
    assert_in_sync(aws, wanted)


def test_reads_that_flap_are_no_other_writer(aws: Aws, wanted: Notifications) -> None:
    """Another document that is read once, and then ours again, was an old one: nothing is put twice."""
    before = aws.s3.get_bucket_notification_configuration(Bucket=wanted.bucket.name)
    entry = Entry("old", before["QueueConfigurations"][0]["QueueArn"], ("s3:ObjectTagging:*",))
    older = _body([entry])
    watcher = Watcher()
    with answering(aws, GET, Given(200, body=_body_of(aws, wanted)), Given(200, body=older)), watched(aws) as asked:
        wanted.create(watcher.on(aws))
    assert 1 == asked.count(PUT)
    assert_in_sync(aws, wanted)


def _body(entries: list[Entry]) -> str:
    rows = "".join(
        f"<QueueConfiguration><Id>{e.id}</Id><Queue>{e.destination}</Queue><Event>{e.events[0]}</Event>"
        "</QueueConfiguration>"
        for e in entries
    )
    return EMPTY.replace("/>", f">{rows}</NotificationConfiguration>")


def _body_of(aws: Aws, wanted: Notifications) -> str:
    """The document as S3 would answer it now."""
    found = aws.s3.get_bucket_notification_configuration(Bucket=wanted.bucket.name)
    (entry,) = found["QueueConfigurations"]
    (rule,) = entry["Filter"]["Key"]["FilterRules"]
    filters = (
        f"<Filter><S3Key><FilterRule><Name>Prefix</Name><Value>{rule['Value']}</Value></FilterRule></S3Key></Filter>"
    )
    body = _body([Entry("theirs", entry["QueueArn"], tuple(entry["Events"]))])
    body = body.replace("</QueueConfiguration>", f"{filters}</QueueConfiguration><EventBridgeConfiguration/>")
    return render(parse(body.encode(), region=REGION)).decode()


def test_others_have_their_turn_where_there_are_others(aws: Aws, wanted: Notifications) -> None:
    """A bucket of others is looked at again when those who read before our put must have put; one of ours, at once."""
    watcher = Watcher()
    wanted.create(watcher.on(aws))
    assert [OTHERS_TURN] == watcher.slept
    own, alone = sample(aws, "notifications").wanted, Watcher()
    own.create(alone.on(aws))
    own.delete(alone.on(aws), own.identity)
    assert [] == alone.slept


def test_what_is_not_ours_is_kept_before_it_is_written_over(aws: Aws, wanted: Notifications) -> None:
    """The whole former document is kept before the put, with what of it is ours; a bucket of our own alone is not."""
    watcher, before = Watcher(), read(aws, wanted)
    wanted.create(watcher.on(aws))
    ours = tuple(entry.key for entry in wanted.entries)
    assert [Former(wanted.bucket.name, before, ours)] == watcher.kept
    own, alone = sample(aws, "notifications").wanted, Watcher()
    own.create(alone.on(aws))
    assert [] == alone.kept


def test_what_cannot_be_kept_is_not_written_over(aws: Aws, wanted: Notifications) -> None:
    """Where the former document cannot be kept, nothing is put."""

    def refuse(_: Former) -> str:
        raise SafetyError("the disk is full")

    with watched(aws) as asked, pytest.raises(SafetyError):
        wanted.create(aws.caring_with(Care(keep=refuse)))
    assert [] == asked.mutating


def test_what_is_out_already_is_not_put(aws: Aws, wanted: Notifications) -> None:
    """A deletion that finds nothing of ours, after a run that died or another one, puts nothing."""
    wanted.create(aws)
    with watched(aws) as asked:
        wanted.delete(aws, {**wanted.identity, "entries": "another=arn:aws:lambda:r:1:function:f"})
    assert [] == asked.mutating


def test_what_is_wanted_is_put_whatever_a_look_shows(aws: Aws, wanted: Notifications) -> None:
    """A write may follow our own deletion, which the next look does not show yet: it puts, and nothing is lost."""
    wanted.create(aws)
    seen = wanted.observe(aws, wanted.identity)
    assert seen is not None
    for write in (wanted.create, lambda clients: wanted.update(clients, seen)):
        with watched(aws) as asked:
            write(aws)
        assert ["PutBucketNotificationConfiguration"] == asked.mutating


def test_an_overlap_that_appeared_after_the_plan_is_refused_by_name(aws: Aws, wanted: Notifications) -> None:
    """The verb looks again before it puts: what has come to overlap ours meanwhile is a refusal, and nothing is put."""
    seen = wanted.observe(aws, wanted.identity)
    assert seen is not None
    assert () == wanted.refusals(seen, ())
    before = read(aws, wanted)
    theirs = before[QUEUE]
    assert isinstance(theirs, list)
    putting(aws, wanted, {QUEUE: [{**theirs[0], "Id": "late", "Filter": {"Key": {"FilterRules": []}}}]})()
    with watched(aws) as asked, pytest.raises(SafetyError) as caught:
        wanted.create(aws)
    assert [] == asked.mutating
    assert "late (" in caught.value.detail
    assert "'in/example.csv'" in caught.value.detail
