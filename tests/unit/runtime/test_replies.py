import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_runtime import ObjectEvent, PublishCommand, RecordsFailed, make_handler
from task_runtime.testing import batch_event, run, s3_event, sns_event, sqs_event
from tests.unit.runtime.samples import patient


def _fails_on_bad(_name: str, key: str) -> list[PublishCommand]:
    if key.startswith("bad"):
        raise LookupError(key)
    return [PublishCommand("orders", key, {})]


def _failed(done: Any) -> list[str]:  # noqa: ANN401 - a Run
    return [item["itemIdentifier"] for item in done.answer["batchItemFailures"]]


def test_sqs_is_told_the_failed_messages_alone() -> None:
    """Of four messages, one with a bad record among good ones and one unreadable fail; nothing is raised."""
    done = run(_fails_on_bad, sqs_event(s3_event("a"), s3_event("b", "bad", "c"), "no json", s3_event("d")))
    assert _failed(done) == ["message-2", "message-3"]
    assert [sent.id for sent in done.commands] == ["a", "b", "c", "d"]


@patient
@given(st.lists(st.tuples(st.sampled_from("xyz"), st.booleans()), min_size=1, max_size=10))
def test_a_fifo_queue_is_told_everything_after_a_groups_first_failure(messages: list[tuple[str, bool]]) -> None:
    """Of each group the first failed message and all after it are failed, and only the commands before it are sent."""
    bodies = [s3_event(f"{'ok' if good else 'bad'}{n}") for n, (_, good) in enumerate(messages)]
    done = run(_fails_on_bad, sqs_event(*bodies, fifo_groups=tuple(group for group, _ in messages)))
    held: set[str] = set()
    expected, sent = [], []
    for number, (group, good) in enumerate(messages):
        if not good:
            held.add(group)
        if group in held:
            expected.append(f"message-{number + 1}")
        else:
            sent.append(f"ok{number}")
    assert _failed(done) == expected
    assert [one.id for one in done.commands] == sent


def test_an_unreadable_message_holds_its_fifo_group() -> None:
    """After a message of a FIFO group that is no JSON the group's next one is not carried out either."""
    done = run(_fails_on_bad, sqs_event("no json", s3_event("a"), s3_event("b"), fifo_groups=("x", "x", "y")))
    assert _failed(done) == ["message-1", "message-2"]
    assert [sent.id for sent in done.commands] == ["b"]


def test_the_group_of_a_standard_queue_holds_nothing() -> None:
    """On a standard queue a group is for fair shares, so a failure does not hold the group's others."""
    event = sqs_event(s3_event("bad"), s3_event("a"), fifo_groups=("x", "x"))
    for record in event["Records"]:
        record["eventSourceARN"] = record["eventSourceARN"].removesuffix(".fifo")
    assert _failed(run(_fails_on_bad, event)) == ["message-1"]


@pytest.mark.parametrize("schema", ["1.0", "2.0"])
def test_a_job_is_told_each_task(schema: str) -> None:
    """Each task has its own result; the call's ids are handed back; nothing is raised."""
    answer = run(_fails_on_bad, batch_event("a b", "bad", "c", schema=schema)).answer
    assert answer is not None
    assert (answer["invocationSchemaVersion"], answer["treatMissingKeysAs"]) == (schema, "PermanentFailure")
    assert answer["invocationId"] == "YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo"
    assert answer["results"] == [
        {"taskId": "task-1", "resultCode": "Succeeded", "resultString": "done, commands: 1"},
        {"taskId": "task-2", "resultCode": "TemporaryFailure", "resultString": "LookupError: bad"},
        {"taskId": "task-3", "resultCode": "Succeeded", "resultString": "done, commands: 1"},
    ]
    json.dumps(answer)


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        ({"no": "list"}, "returned dict"),
        ([PublishCommand("nobody", "x", {})], "there is no topic 'nobody'"),
        ([PublishCommand("orders", "", {})], "id must be a string"),
    ],
)
def test_what_a_retry_cannot_mend_is_permanent(returned: object, told: str) -> None:
    """A wrong return and a command with a mistake are permanent failures, which the job does not try again."""
    (result,) = (run(lambda _name, _key: returned, batch_event("a"), topics=["orders"]).answer or {})["results"]
    assert result["resultCode"] == "PermanentFailure"
    assert told in result["resultString"]


def test_a_jobs_key_that_cannot_be_decoded_is_permanent() -> None:
    """A task with a malformed key fails alone, for good."""
    event = batch_event("a", "b")
    event["tasks"][0]["s3Key"] = "%zz"
    results = (run(_fails_on_bad, event).answer or {})["results"]
    assert [result["resultCode"] for result in results] == ["PermanentFailure", "Succeeded"]


def test_a_result_is_short() -> None:
    """The reason in a result has at most the 1,024 characters that the job's report keeps."""

    def callback(_name: str, _key: str) -> None:
        raise LookupError("x" * 5000)

    (result,) = (run(callback, batch_event("a")).answer or {})["results"]
    assert len(result["resultString"]) == 1024


def test_a_jobs_commands_are_the_same_in_a_retry() -> None:
    """A task that comes again, in another call of the same job, gives the same bytes; another job's gives others."""
    first, again, other = batch_event("a"), batch_event("a"), batch_event("a")
    again["invocationId"], again["tasks"][0]["taskId"] = "another call", "another task"
    other["job"]["id"] = "another job"
    sent = [run(_fails_on_bad, event).commands[0] for event in (first, again, other)]
    assert sent[0].meta == sent[1].meta
    assert sent[0].meta["msgId"] != sent[2].meta["msgId"]
    assert "time" not in sent[0].meta


def test_tasks_without_ids_of_their_own_cannot_be_answered() -> None:
    """Two tasks with one id are an error of the whole call: there is no way to answer for each."""
    event = batch_event("a", "b")
    event["tasks"][1]["taskId"] = "task-1"
    with pytest.raises(ValueError, match="do not have ids of their own"):
        run(_fails_on_bad, event)


@pytest.mark.parametrize("event", [s3_event("a", "bad"), sns_event(s3_event("a", "bad"))])
def test_others_are_told_by_an_exception(event: dict[str, Any]) -> None:
    """S3 and SNS take no single results: the invocation fails, naming the record, after the good ones are done."""
    with pytest.raises(RecordsFailed, match=r"bad \(ObjectCreated:Put\): LookupError: bad"):
        run(_fails_on_bad, event)
    assert [sent.id for sent in run(_fails_on_bad, event, check=False).commands] == ["a"]


def test_the_failures_message_stays_small() -> None:
    """With thousands of failures, long keys and long reasons, the message fits into what Lambda hands on."""

    def callback(_name: str, _key: str, _event: ObjectEvent) -> None:
        raise LookupError("reason " * 1000)

    handler = make_handler(callback)
    with pytest.raises(RecordsFailed) as failed:
        handler(s3_event(*(f"{n}{'k' * 1000}" for n in range(300))), None)
    assert len(failed.value.failures) == 300
    assert len(str(failed.value)) < 200_000
    assert str(failed.value).endswith("and 200 more, which the log names")


def test_a_message_without_records_waits_for_its_fifo_group() -> None:
    """After a failure of its group even a message that has nothing to do is told as failed, as AWS asks."""
    event = sqs_event(s3_event("bad"), s3_event(), s3_event(), fifo_groups=("x", "x", "y"))
    assert _failed(run(_fails_on_bad, event)) == ["message-1", "message-2"]
