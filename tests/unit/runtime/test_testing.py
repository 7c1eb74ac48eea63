import json
import threading

import pytest

from task_runtime import CopyObject, ObjectEvent, PublishCommand, PutObject, RecordsFailed
from task_runtime.testing import (
    Bucket,
    Context,
    Topics,
    batch_event,
    dead_letter,
    eventbridge_event,
    failure_record,
    run,
    s3_event,
    s3_record,
    sns_event,
    sqs_event,
)


def _rows(_name: str, key: str, event: ObjectEvent) -> list[PublishCommand]:
    return [PublishCommand("imports", line.strip(), {"from": key}) for line in event.lines()]


def test_a_callback_is_tested_in_three_lines() -> None:
    """A callback, an event and the object's content are enough to see the commands."""
    done = run(_rows, s3_event("in/a b.csv"), objects={"in/a b.csv": b"A-1\nA-2\n"})
    assert [(sent.topic, sent.id, sent.command) for sent in done.commands] == [
        ("imports", "A-1", {"from": "in/a b.csv"}),
        ("imports", "A-2", {"from": "in/a b.csv"}),
    ]
    assert done.answer == {"records": 1, "commands": 2}


def test_a_failed_record_fails_the_test_unless_it_is_wanted() -> None:
    """`run` raises as Lambda would see it; with check=False it gives the failures beside what was done."""
    event = s3_event("missing", "there")
    with pytest.raises(RecordsFailed, match="NoSuchKey: my-bucket/missing"):
        run(_rows, event, objects={"there": b"A-1"})
    done = run(_rows, event, objects={"there": b"A-1"}, check=False)
    assert [failure.record for failure in done.failures] == ["missing (ObjectCreated:Put)"]
    assert [sent.id for sent in done.commands] == ["A-1"]


def test_topics_are_any_or_those_named() -> None:
    """Without topics every name is one; named, another is the error it would be; a delay needs a standard one."""

    def callback(_name: str, _key: str) -> list[PublishCommand]:
        return [PublishCommand("mails", "m", {}, delay_seconds=5)]

    assert run(callback, s3_event("a"), standard=["mails"]).commands[0].delay_seconds == 5
    with pytest.raises(RecordsFailed, match="a FIFO queue delays no single message"):
        run(callback, s3_event("a"))
    with pytest.raises(RecordsFailed, match="known: orders"):
        run(callback, s3_event("a"), topics=["orders"])


def test_topics_say_what_they_are() -> None:
    """Topics are a mapping of names to queue URLs, as the deployed function's are."""
    topics = Topics(["orders"], standard=["mails"])
    assert dict(topics) == {"orders": "memory://orders.fifo", "mails": "memory://mails"}
    assert len(topics) == 2
    with pytest.raises(KeyError):
        topics["nobody"]


def test_a_bucket_keeps_versions() -> None:
    """Each put is a version; a removed object is gone, its versions are not; options of a put can be seen."""
    s3 = Bucket()
    version = s3.put_object(Bucket="b", Key="k", Body=b"1", ContentType="text/plain")["VersionId"]
    s3.put_object(Bucket="b", Key="k", Body=b"2")
    s3.delete_object(Bucket="b", Key="k")
    assert s3.contents("b") == {}
    assert s3.get_object(Bucket="b", Key="k", VersionId=version)["Body"].read() == b"1"
    with pytest.raises(KeyError, match="NoSuchKey: b/k"):
        s3.get_object(Bucket="b", Key="k")


def test_options_of_a_put_can_be_seen() -> None:
    """What a PutObject asks for beside its content is kept."""
    done = run(lambda _name, _key: [PutObject("k", b"", content_type="text/csv", metadata={"a": "1"})], s3_event("a"))
    assert done.buckets.options["my-bucket", "k"] == {"ContentType": "text/csv", "Metadata": {"a": "1"}}


def test_a_version_is_copied() -> None:
    """A copy of a named version is of that version, in memory as at AWS."""
    done = run(
        lambda _name, _key: [PutObject("a", b"new"), CopyObject("b", "a", source_version_id="v1")],
        s3_event("a"),
        objects={"a": b"old"},
    )
    assert done.objects() == {"a": b"new", "b": b"old"}


@pytest.mark.parametrize(
    "event",
    [
        s3_event("a"),
        eventbridge_event("a"),
        eventbridge_event(s3_record("a", name="ObjectRemoved:Delete")),
        sqs_event(s3_event("a")),
        sns_event(s3_event("a")),
        failure_record(s3_event("a")),
        dead_letter(s3_event("a")),
        batch_event("a", schema="2.0"),
    ],
)
def test_every_builder_makes_json_that_is_read(event: dict[str, object]) -> None:
    """What a builder makes is JSON, and one record that a callback is given."""
    keys: list[str] = []
    run(lambda _name, key: keys.append(key), json.loads(json.dumps(event)))
    assert keys == ["a"]


def test_a_context_has_an_end() -> None:
    """With a context the deadline is tried as in Lambda."""
    release = threading.Event()

    def callback(_name: str, _key: str) -> None:
        release.wait(60)

    try:
        with pytest.raises(RecordsFailed, match="had not ended"):
            run(callback, s3_event("a"), context=Context(0.5))
    finally:
        release.set()
