import logging
from typing import Any

import pytest

from task_runtime import ObjectEvent, PublishCommand, make_handler
from task_runtime.events import EventError
from task_runtime.testing import (
    Bucket,
    Run,
    batch_event,
    dead_letter,
    eventbridge_event,
    failure_record,
    run,
    s3_event,
    s3_record,
    s3_test_event,
    sns_event,
    sqs_event,
)


def _commands(_name: str, key: str) -> list[PublishCommand]:
    return [PublishCommand("orders", key, {})]


def _ids(done: Run) -> list[str]:
    return [sent.id for sent in done.commands]


NOTIFIED = s3_event("in/a b.csv")


@pytest.mark.parametrize(
    "event",
    [
        NOTIFIED,
        sqs_event(NOTIFIED),
        sns_event(NOTIFIED),
        sqs_event(sns_event(NOTIFIED)["Records"][0]["Sns"]),
        failure_record(NOTIFIED),
        failure_record(sns_event(NOTIFIED)),
        sqs_event(failure_record(NOTIFIED)),
        dead_letter(NOTIFIED),
        {"Messages": [dead_letter(NOTIFIED)]},
        sqs_event(NOTIFIED | {"more": 1}),
        sqs_event(dead_letter(NOTIFIED)["Body"]),
        eventbridge_event("in/a b.csv"),
        sqs_event(eventbridge_event("in/a b.csv")),
        sns_event(eventbridge_event("in/a b.csv")),
    ],
)
def test_one_event_is_the_same_on_every_way(event: dict[str, Any]) -> None:
    """However an event comes, wrapped once or more, the callback sees the same and its commands bear the same ids."""
    (direct,) = run(_commands, NOTIFIED).commands
    (sent,) = run(_commands, event).commands
    assert (sent.id, sent.deduplication_id, sent.meta) == (direct.id, direct.deduplication_id, direct.meta)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_any_number_of_records(count: int) -> None:
    """0, 1 and n records are so many calls, in order."""
    assert _ids(run(_commands, s3_event(*map(str, range(count))))) == [*map(str, range(count))]


@pytest.mark.parametrize("event", [s3_test_event(), sqs_event(s3_test_event()), sns_event(s3_test_event())])
def test_the_test_event_is_nothing_to_do(event: dict[str, Any]) -> None:
    """S3's test event, on whichever way, calls nothing and is no failure."""
    done = run(_commands, event)
    assert done.answer in ({"records": 0, "commands": 0}, {"batchItemFailures": []})


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.6", "2.99"])
def test_minor_versions_are_taken(version: str) -> None:
    """Any event version 2.x is read, and unknown fields are ignored."""
    record = s3_record("a") | {"eventVersion": version, "glacierEventData": {"new": []}}
    assert _ids(run(_commands, s3_event(record))) == ["a"]


def test_another_major_version_is_refused() -> None:
    """A record of event version 3 may mean something else, and fails."""
    done = run(_commands, s3_event(s3_record("a") | {"eventVersion": "3.0"}, "b"), check=False)
    assert "eventVersion is '3.0'" in str(done.failures[0])
    assert _ids(done) == ["b"]


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({"source": "aws.ec2", "detail-type": "EC2 Instance State-change Notification"}, r"not of S3 but of 'aws.ec2'"),
        (eventbridge_event("a") | {"detail-type": "Object Forgotten"}, "'Object Forgotten', which this runtime"),
        (
            {"Records": [{"eventSource": "aws:dynamodb"}, {"eventSource": "aws:kinesis"}]},
            "of aws:dynamodb, aws:kinesis",
        ),
        ({"Records": [{}]}, "of an unnamed source"),
        ({"Records": "many"}, "no list but str: 'many'"),
        ({"Messages": 7}, "no list but int: 7"),
        ({"Body": "no json"}, "'no json' is no JSON"),
        ({"Body": "{}"}, "it holds no S3 event: {}"),
        ({"Type": "Notification", "Message": 1}, "no text but int: 1"),
        ({"requestPayload": [1]}, r"no JSON object but list: \[1\]"),
        (batch_event("a") | {"invocationSchemaVersion": "9.0"}, "is '9.0'; this runtime knows 1.0 and 2.0"),
        (batch_event("a") | {"tasks": None}, "tasks are no list but NoneType"),
        (batch_event("a") | {"tasks": [{}]}, "no taskId"),
        (batch_event("a") | {"invocationId": ""}, "no invocationId"),
        ({"Records": [{"eventSource": "aws:sqs", "body": "{}"}]}, "no messageId"),
    ],
)
def test_what_is_no_s3_event_is_named(event: dict[str, Any], told: str) -> None:
    """An event that the runtime does not know is an error that shows what came, and calls nothing."""
    with pytest.raises((EventError, Exception), match=told) as refused:
        run(lambda _name, _key: pytest.fail("called"), event)
    assert type(refused.value).__name__ in {"EventError", "RecordsFailed"}


def test_wrapping_has_an_end() -> None:
    """An event that is wrapped without end fails, rather than the whole sandbox."""
    event: dict[str, Any] = NOTIFIED
    for _ in range(12):
        event = {"requestPayload": event}
    with pytest.raises(EventError, match="wrapped more than 10 times"):
        run(_commands, event)


def test_a_message_without_an_s3_event_fails_alone() -> None:
    """Of three SNS messages one is unreadable: it alone fails, the others' records run."""
    done = run(_commands, sns_event(s3_event("a"), "no json", s3_event("b")), check=False)
    assert _ids(done) == ["a", "b"]
    assert [failure.record for failure in done.failures] == ["an SNS message"]


def test_a_foreign_record_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """Among S3's records, one of another source is no failure, and a log line names its source."""
    with caplog.at_level(logging.WARNING):
        assert _ids(run(_commands, {"Records": [{"eventSource": "aws:codecommit"}, s3_record("a")]})) == ["a"]
    assert "aws:codecommit" in caplog.text


def test_the_object_is_read_at_the_events_version() -> None:
    """`open` and `lines` read the version that the event tells of, though a later one is current."""
    s3 = Bucket()
    s3.put_object(Bucket="my-bucket", Key="a", Body=b"first\r\nline")
    s3.put_object(Bucket="my-bucket", Key="a", Body=b"second")
    seen: list[object] = []

    def callback(_name: str, _key: str, event: ObjectEvent) -> None:
        with event.open() as content:
            seen.append(content.read())
        seen.extend(event.lines())

    make_handler(callback, s3=s3)(s3_event(s3_record("a", version_id="v1")), None)
    assert seen == [b"first\r\nline", "first\r\n", "line"]
