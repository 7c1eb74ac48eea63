"""Removals from documents that others share, where a read shows what was there before ours came."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from task_deployer.aws import Aws
from task_deployer.resources import Cors, Notifications
from task_deployer.resources.base import is_absent, joined
from task_deployer.resources.cors import SeenCors
from task_deployer.resources.cors_document import CorsRule
from task_deployer.resources.notifications import SeenNotifications
from task_deployer.resources.other_writers import STALE_SECONDS
from task_deployer.retry import Patience
from tests.aws import Fault, Given, answering, watched
from tests.contract.samples import notifications_beside_others, sample
from tests.invariants import assert_absent, assert_in_sync

OLD = {
    "GetBucketNotificationConfiguration": Given(200, body="<NotificationConfiguration/>"),
    "GetBucketCors": Fault(404, "NoSuchCORSConfiguration", "The CORS configuration does not exist"),
}
"""The documents as they were before ours came, and those of others."""


@dataclass
class Clock:
    """Time that a sleep moves on, and what was waited for."""

    now: float = 0.0
    reason: str = ""

    def on(self, aws: Aws) -> Aws:
        """The same clients, that live by it."""
        return aws.waiting_with(Patience(self.sleep, self.tell, lambda: self.now))

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def tell(self, reason: str) -> None:
        """Note it."""
        self.reason = reason


@pytest.fixture(params=OLD)
def read(request: pytest.FixtureRequest) -> str:
    """The operation that reads the document."""
    return str(request.param)


@pytest.fixture
def made(aws: Aws, read: str) -> Notifications | Cors:
    """What is ours in a document of others."""
    if read == "GetBucketNotificationConfiguration":
        notifications = notifications_beside_others(aws)
        notifications.create(aws)
        return notifications
    life = sample(aws, "cors, on another's bucket")
    assert life.foreign
    assert isinstance(life.wanted, Cors)
    life.foreign.put()
    life.wanted.create(aws)
    return life.wanted


def renamed(made: Notifications | Cors) -> Notifications | Cors:
    """The same wish under another id."""
    if isinstance(made, Notifications):
        return replace(made, entries=tuple(replace(entry, id=f"{entry.id}-anew") for entry in made.entries))
    return replace(made, rules=tuple(replace(rule, id=f"{rule.id}-anew") for rule in made.rules))


def test_what_was_seen_is_taken_out_of_a_document_that_shows_it(
    aws: Aws, made: Notifications | Cors, read: str
) -> None:
    """Reads without ours are not believed, nor written back: what came before ours of others would be lost."""
    clock, seen = Clock(), made.observe(aws, made.identity)
    theirs = getattr(seen, "foreign", None)
    with answering(aws, read, OLD[read], OLD[read]):
        made.take_out(clock.on(aws), made.identity, seen, beside_others=True)
    assert_absent(aws, made)
    left = made.observe(aws, made.identity)
    assert theirs == 1 == getattr(left, "foreign", None)


def test_what_others_took_out_meanwhile_is_looked_for_no_longer_than_a_minute(
    aws: Aws, made: Notifications | Cors
) -> None:
    """Where what was seen never shows again, somebody else has taken it out: nothing is put, and the wait is told."""
    clock, seen = Clock(), made.observe(aws, made.identity)
    made.delete(aws, made.identity)
    with watched(aws) as asked:
        made.take_out(clock.on(aws), made.identity, seen, beside_others=True)
    assert [] == asked.mutating
    assert STALE_SECONDS <= clock.now < STALE_SECONDS + 10
    assert "S3 to show what this stack has there" == clock.reason


def test_what_is_dropped_goes_though_it_was_not_seen(aws: Aws, made: Notifications | Cors, read: str) -> None:
    """An update takes out all that is on record and not wanted, also where the look before it showed none of ours."""
    wanted = renamed(made)
    identity = joined(wanted.identity, made.identity)
    with answering(aws, read, OLD[read]):
        seen = made.observe(aws, identity)
    assert is_absent(seen)
    assert isinstance(seen, SeenNotifications | SeenCors)
    wanted.update(Clock().on(aws), seen)  # type: ignore[arg-type]  # each its own
    assert_absent(aws, made)
    assert_in_sync(aws, wanted)


@pytest.mark.parametrize("read", ["GetBucketCors"])
def test_what_another_task_put_is_not_lost_by_an_old_read(aws: Aws, made: Cors, read: str) -> None:
    """Of two tasks with CORS rules in one bucket the second one's put holds the first one's, however late reads are."""
    rules = tuple(replace(rule, id=f"{rule.id}-second") for rule in made.rules)
    second = replace(made, scope="second", rules=rules, after=made)
    clocked = Clock().on(aws)
    made.update(clocked, None)
    with answering(aws, read, OLD[read], OLD[read]):
        second.create(clocked)
    assert_in_sync(aws, second)
    assert_in_sync(aws, made)
    left = made.observe(aws, joined(made.identity, second.identity))
    assert 1 == getattr(left, "foreign", None)


@pytest.mark.parametrize("read", ["GetBucketCors"])
def test_what_another_task_took_out_is_not_put_back_by_an_old_read(aws: Aws, made: Cors, read: str) -> None:
    """Of two tasks whose rules go from one bucket the second one's put brings the first one's back in no case."""
    rules = tuple(replace(rule, id=f"{rule.id}-second") for rule in made.rules)
    second = replace(made, scope="second", rules=rules, after=made)
    second.create(aws)
    seen = {one.scope: one.observe(aws, one.identity) for one in (made, second)}
    former = Given(200, body=in_xml([*made.rules, *second.rules]))
    clocked = Clock().on(aws)
    made.take_out(clocked, made.identity, seen[made.scope], beside_others=True)
    with answering(aws, read, former, former):
        second.take_out(clocked, second.identity, seen["second"], beside_others=True)
    left = made.observe(aws, joined(made.identity, second.identity))
    assert (True, 1) == (is_absent(left), getattr(left, "foreign", None))


def in_xml(rules: Sequence[CorsRule]) -> str:
    """A document of these rules as S3 gives it."""
    told = (
        f"<CORSRule><ID>{rule.id}</ID>"
        + "".join(f"<AllowedMethod>{method}</AllowedMethod>" for method in rule.allowed_methods)
        + "".join(f"<AllowedOrigin>{origin}</AllowedOrigin>" for origin in rule.allowed_origins)
        + "</CORSRule>"
        for rule in rules
    )
    return f"<CORSConfiguration>{''.join(told)}</CORSConfiguration>"


def test_what_was_not_seen_is_not_looked_for(aws: Aws, made: Notifications | Cors, read: str) -> None:
    """A removal of what was seen to be gone looks once, and puts nothing."""
    made.delete(aws, made.identity)
    seen, clock = made.observe(aws, made.identity), Clock()
    with watched(aws) as asked:
        made.take_out(clock.on(aws), made.identity, seen, beside_others=True)
    assert ([read], 0) == (asked.operations, clock.now)
