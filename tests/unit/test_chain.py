from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from task_deployer.chain import Scene, links
from task_deployer.checks import Check, Verdict
from task_deployer.conflicts import Unreadable
from task_deployer.errors import ResourceError
from task_deployer.plan import Desired
from task_deployer.records import Status, with_status
from task_deployer.resources.base import Address
from task_deployer.resources.notifications import SeenNotifications
from task_deployer.resources.queue import SeenQueue
from task_deployer.resources.seen_function import SeenFunction
from task_deployer.status import compare
from tests.builders import INGEST, LINEAGE, recorded, resources_of
from tests.seen import as_wanted

BUCKET = "media-dev-ingest-uploads-123456789012-eu-central-1"
RULES = Address(f"notifications.{BUCKET}")
NAMES = [
    "ingest.bucket.uploads",
    "ingest.events.uploads",
    "ingest.function",
    "ingest.role",
    "ingest.failures",
    "topic.orders",
]


@pytest.fixture
def wanted(tmp_path: Path) -> Mapping[str, Desired]:
    """A stack of one task."""
    return resources_of(tmp_path)


def found(wanted: Mapping[str, Desired], **changed: object) -> dict[str, Check]:
    """The checks where all is as wanted but for what is changed: an address with `_` for each dot, and what is seen."""
    seen = {resource.address: as_wanted(resource) for resource in wanted.values()}
    seen |= {address: changed[name] for address in seen if (name := address.replace(".", "_")) in changed}
    records = recorded(*wanted.values())
    desired = tuple(wanted.values())
    return {one.name: one for one in links(Scene(desired, records, seen, compare(desired, seen, records, LINEAGE)))}


def test_a_chain_in_order(wanted: Mapping[str, Desired]) -> None:
    """Each task's links come in the order that an event takes, then the topics; where all is well, all are ok."""
    checks = found(wanted)
    assert list(checks) == NAMES
    assert {check.state for check in checks.values()} == {Verdict.OK}


def test_without_a_config(wanted: Mapping[str, Desired]) -> None:
    """With the manifest alone the same links are told."""
    seen = {resource.address: as_wanted(resource) for resource in wanted.values()}
    records = recorded(*wanted.values())
    checks = list(links(Scene((), records, seen, compare((), seen, records, LINEAGE))))
    assert [check.name for check in checks] == NAMES
    assert {check.detail for check in checks} == {"there"}


@pytest.mark.parametrize(
    ("delivery", "parts"),
    [
        ("eventbridge", ["event_rule_ingest_uploads", "permission_ingest_uploads_events"]),
        ("queue", ["event_source_ingest_uploads", "queue_ingest_uploads_events"]),
    ],
)
def test_every_way_is_the_events_link(tmp_path: Path, delivery: str, parts: list[str]) -> None:
    """By whichever delivery, what brings a bucket's events is one link, which breaks with each of its parts."""
    made = resources_of(tmp_path, INGEST + f'delivery = "{delivery}"\n')
    assert list(found(made)) == NAMES
    for part in parts:
        broken = [name for name, check in found(made, **{part: None}).items() if check.state is Verdict.PROBLEM]
        assert broken == ["ingest.events.uploads"]


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("bucket_ingest_uploads", "ingest.bucket.uploads"),
        ("permission_ingest_uploads", "ingest.events.uploads"),
        ("function_ingest", "ingest.function"),
        ("role_ingest", "ingest.role"),
        ("role_policy_ingest", "ingest.role"),
        ("queue_ingest_failures", "ingest.failures"),
        ("queue_orders", "topic.orders"),
    ],
)
def test_a_missing_part_breaks_its_link(wanted: Mapping[str, Desired], address: str, link: str) -> None:
    """What is recorded and not there is a problem of the link that it belongs to, and of no other."""
    checks = found(wanted, **{address: None})
    assert [link] == [name for name, check in checks.items() if check.state is Verdict.PROBLEM]
    assert "is missing" in checks[link].detail
    assert "`task-deploy up`" in checks[link].hint


def test_drift_at_a_gate_is_a_problem(wanted: Mapping[str, Desired]) -> None:
    """Drift that can keep events from getting through is a problem; any other is a warning. Both name what differs."""
    permission = wanted["permission.ingest.uploads"]
    checks = found(
        wanted,
        permission_ingest_uploads={**as_wanted(permission), "SourceArn": "arn:aws:s3:::other"},  # type: ignore[dict-item]  # a flat statement
        queue_orders=replace(_queue(wanted["queue.orders"]), tags={}),
    )
    assert (checks["ingest.events.uploads"].state, checks["topic.orders"].state) == (Verdict.PROBLEM, Verdict.WARNING)
    assert "is drifted (SourceArn)" in checks["ingest.events.uploads"].detail


def test_an_unknown_part_is_a_warning(wanted: Mapping[str, Desired]) -> None:
    """A part that may not be read is told with the reason, and with what prints the rights."""
    check = found(wanted, role_ingest=Unreadable(ResourceError("GetRole is forbidden", code="AccessDenied")))[
        "ingest.role"
    ]
    assert check.state is Verdict.WARNING
    assert "role.ingest is unknown (GetRole is forbidden)" in check.detail
    assert "policy --deployer" in check.hint


def test_a_function_that_lambda_gave_up(wanted: Mapping[str, Desired]) -> None:
    """A function whose last change failed is a problem, also where no config says what is wanted."""
    function = wanted["function.ingest"]
    seen = as_wanted(function)
    assert isinstance(seen, SeenFunction)
    records = recorded(function)
    observed = {function.address: replace(seen, status="Failed")}
    (check,) = links(Scene((), records, observed, compare((), observed, records, LINEAGE)))
    assert (check.state, check.detail) == (Verdict.PROBLEM, "Lambda says of the function: Failed")


def test_an_interrupted_part_is_a_problem(wanted: Mapping[str, Desired]) -> None:
    """What a run did not finish keeps its link from being whole."""
    group = wanted["log_group.ingest"]
    records = {a: with_status(r, Status.CREATING) for a, r in recorded(group).items()}
    observed = {group.address: as_wanted(group)}
    (check,) = links(Scene((group,), records, observed, compare((group,), observed, records, LINEAGE)))
    assert (check.name, check.state) == ("ingest.function", Verdict.PROBLEM)
    assert check.detail == "log_group.ingest is interrupted"


def test_failed_events_are_counted(wanted: Mapping[str, Desired]) -> None:
    """Messages in a failure queue are events that failed; in a topic they are only commands on their way."""
    waiting = {"ApproximateNumberOfMessages": "2", "ApproximateNumberOfMessagesNotVisible": "1"}
    failures, orders = (_queue(wanted[one], **waiting) for one in ("queue.ingest.failures", "queue.orders"))
    checks = found(wanted, queue_ingest_failures=failures, queue_orders=orders)
    assert ["ingest.failed"] == [name for name, check in checks.items() if check.state is not Verdict.OK]
    assert checks["ingest.failed"].detail == "3 failed events wait in media-dev-ingest-failures"
    single = _queue(wanted["queue.ingest.failures"], ApproximateNumberOfMessages="1")
    assert found(wanted, queue_ingest_failures=single)["ingest.failed"].detail.startswith("1 failed event waits in")


@pytest.mark.parametrize(
    ("key", "warned"), [("arn:aws:kms:eu-central-1:123456789012:key/1", True), ("alias/aws/sqs", False)]
)
def test_a_key_that_the_role_may_not_use(wanted: Mapping[str, Desired], key: str, *, warned: bool) -> None:
    """A queue with a key of somebody's own is told with the tasks that send there; SQS's own key needs no right."""
    checks = found(wanted, queue_orders=_queue(wanted["queue.orders"], KmsMasterKeyId=key))
    assert warned == ("ingest.key" in checks)
    assert not warned or key in checks["ingest.key"].detail


def test_who_else_is_told(wanted: Mapping[str, Desired]) -> None:
    """That EventBridge gets the bucket's events, too, is said where they are."""
    seen = as_wanted(wanted[RULES])
    assert isinstance(seen, SeenNotifications)
    also = replace(seen, document={**seen.document, "EventBridgeConfiguration": {}})
    checks = found(wanted, **{RULES.replace(".", "_"): also})
    assert checks["ingest.events.uploads"].detail == "as wanted; EventBridge is told, too"


def _queue(queue: Desired, **attributes: str) -> SeenQueue:
    """A queue as wanted, with these attributes as well."""
    seen = as_wanted(queue)
    assert isinstance(seen, SeenQueue)
    return replace(seen, attributes={**seen.attributes, "QueueArn": queue.identity["arn"], **attributes})
