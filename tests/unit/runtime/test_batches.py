from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_runtime import PublishCommand, PutObject, make_handler
from task_runtime.outcomes import Failure
from task_runtime.testing import Bucket, Context, Topics, run, s3_event, sqs_event
from tests.unit.runtime.samples import MAILS, ORDERS, TOPICS, Queues, failure_of, patient

MIB = 1_048_576


class _ClientError(Exception):
    """An exception with the shape of botocore's ClientError."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code}}


def _many(count: int, topic: str = "orders", content: str = "") -> list[PublishCommand]:
    return [PublishCommand(topic, f"{n:05}", content) for n in range(count)]


def _send(queues: Queues, *lists: Sequence[object], context: object = None) -> list[float]:
    """Send what the callbacks of so many records return; give the pauses that were made."""
    pauses: list[float] = []

    def callback(_name: str, key: str) -> object:
        return lists[int(key)]

    handler = make_handler(callback, topics=TOPICS, sqs=queues, s3=Bucket(), sleep=pauses.append)
    handler(s3_event(*map(str, range(len(lists)))), context)
    return pauses


def test_ten_thousand_commands_are_a_thousand_calls() -> None:
    """10,000 commands of one record cost 1,000 calls of SQS, and arrive in order."""
    queues = Queues()
    _send(queues, _many(10_000))
    assert [len(call) for call in queues.calls] == [10] * 1_000
    assert queues.ids == [f"{n:05}" for n in range(10_000)]


def test_records_share_batches() -> None:
    """Consecutive commands of different records travel together: 100 records with one command each are ten calls."""
    queues = Queues()
    _send(queues, *([PublishCommand("orders", f"{n}", {})] for n in range(100)))
    assert [len(call) for call in queues.calls] == [10] * 10
    assert queues.ids == [f"{n}" for n in range(100)]


def test_another_topic_begins_a_batch() -> None:
    """Only consecutive commands for one topic share a call, so that order holds between topics too."""
    queues = Queues()
    _send(
        queues, [PublishCommand(topic, str(n), {}) for n, topic in enumerate(["orders", "orders", "mails", "orders"])]
    )
    assert queues.calls == [["0", "1"], ["2"], ["3"]]
    assert [sent["QueueUrl"] for sent in queues.sent] == [ORDERS, ORDERS, MAILS, ORDERS]


def test_a_batch_is_at_most_one_mebibyte_of_utf8() -> None:
    """Bodies are counted in UTF-8 bytes: two of 600,000 bytes in 300,000 characters do not share a call."""
    queues = Queues()
    _send(queues, _many(3, content="ü" * 300_000), _many(1))
    assert queues.calls == [["00000"], ["00001"], ["00002", "00000"]]


@patient
@given(st.lists(st.tuples(st.sampled_from(["orders", "mails"]), st.integers(1, 500_000)), max_size=25))
def test_no_batch_is_over_a_limit(sizes: list[tuple[str, int]]) -> None:
    """Whatever the sizes and topics, a batch has at most ten entries, 1 MiB, one queue, and all arrive in order."""
    totals: list[int] = []

    class Counting(Queues):
        def send_message_batch(self, **request: Any) -> Any:  # noqa: ANN401 - handed on as it is
            totals.append(sum(len(entry["MessageBody"].encode()) for entry in request["Entries"]))
            return super().send_message_batch(**request)

    queues = Counting()
    _send(queues, [PublishCommand(topic, str(n), "x" * size) for n, (topic, size) in enumerate(sizes)])
    assert all(total <= MIB for total in totals)
    assert all(len(call) <= 10 for call in queues.calls)
    assert queues.ids == [str(n) for n in range(len(sizes))]


def test_what_failed_at_aws_is_sent_again_alone() -> None:
    """Entries that fail on AWS's side are sent again one by one, before the next batch, with growing pauses."""
    queues = Queues(faults=[{2, 5}, {0}])
    pauses = _send(queues, _many(12))
    assert queues.calls[1:] == [["00002"], ["00002"], ["00005"], ["00010", "00011"]]
    assert pauses == [0.1, 0.4, 0.1]
    assert sorted(queues.ids) == [f"{n:05}" for n in range(12)]


def test_nothing_later_of_a_group_overtakes() -> None:
    """The batch after one with a failed entry leaves only when that entry is taken, so no later batch overtakes it."""
    queues = Queues(faults=[{9}, {0}, {0}])
    _send(queues, [PublishCommand("orders", "one group", n) for n in range(11)])
    assert [sent["MessageBody"][-3:] for sent in queues.sent[-2:]] == [":9}", "10}"]


def test_what_keeps_failing_fails_its_record_alone() -> None:
    """An entry that AWS does not take four times fails its record: the rest of that is not sent, other records are."""
    queues = Queues(faults=[{0}, {0}, {0}, {0}])
    failed = failure_of_lists(queues, _many(11), [PublishCommand("orders", "other", {})])
    assert [failure.record for failure in failed] == ["0 (ObjectCreated:Put)"]
    assert "action 1 of 11, the command for 'orders', was not sent" in str(failed[0])
    assert "InternalError: sorry" in str(failed[0])
    assert queues.ids == [*(f"{n:05}" for n in range(1, 10)), "other"]


def failure_of_lists(queues: Queues, *lists: Sequence[object], context: object = None) -> Sequence[Failure]:
    """Send lists of which some must fail, and give the failures."""
    handler = make_handler(
        lambda _name, key: lists[int(key)], topics=TOPICS, sqs=queues, s3=Bucket(), sleep=lambda _pause: None
    )
    given_event = s3_event(*map(str, range(len(lists))))
    return failure_of(lambda event, _context: handler(event, context), given_event).failures


def test_our_own_mistake_is_not_repeated() -> None:
    """An entry that SQS calls the sender's fault, such as one over the queue's own limit, is not sent again."""
    queues = Queues(refused="refused")
    failed = failure_of_lists(queues, [PublishCommand("orders", "a", "refused")], _many(2))
    assert len(queues.calls) == 1
    assert "Refused: not wanted" in str(failed[0])
    assert queues.ids == ["00000", "00001"]


def test_one_entry_that_spoils_the_call_fails_alone() -> None:
    """Where SQS refuses a whole call for what one entry holds, each goes alone and that one's record fails."""
    queues = Queues(refused="refused", faults=[_ClientError("InvalidMessageContents")])
    failed = failure_of_lists(
        queues,
        [PublishCommand("orders", "a", {})],
        [PublishCommand("orders", "b", "refused")],
        [PublishCommand("orders", "c", {})],
    )
    assert queues.calls == [["a", "b", "c"], ["a"], ["b"], ["c"]]
    assert [str(failure).partition(" ")[0] for failure in failed] == ["1"]


@pytest.mark.parametrize("error", [_ClientError("AccessDenied"), ConnectionError("no network")])
def test_a_call_that_fails_fails_its_records(error: Exception) -> None:
    """A call that fails as a whole (boto3 has tried again by then) fails its records; later batches go on."""
    queues = Queues(faults=[error])
    lists = [[PublishCommand("orders", f"{n}", {})] for n in range(12)]
    failed = failure_of_lists(queues, *lists)
    assert len(failed) == 10
    assert str(error) in str(failed[0])
    assert queues.ids == ["10", "11"]


def test_nothing_is_sent_when_no_time_is_left() -> None:
    """With the function's time used up no batch is begun, and the records fail in words that say so."""
    queues = Queues()
    failed = failure_of_lists(queues, _many(1), context=Context(0.2))
    assert "no time was left for its actions, so none was begun" in str(failed[0])
    assert queues.calls == []


def test_pauses_end_with_the_time() -> None:
    """An entry is not sent again where the pause before it would use up the time."""
    queues = Queues(faults=[{0}, {0}])
    failed = failure_of_lists(queues, _many(1), context=Context(0.6))
    assert 1 < len(queues.calls) < 4
    assert "InternalError" in str(failed[0])


def test_other_actions_hold_their_place_between_commands() -> None:
    """An object that is put between two commands is put after the first is sent and before the second."""
    seen: list[str] = []

    class Watching(Bucket):
        def put_object(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - handed on as it is
            seen.extend(queues.ids)
            return super().put_object(**request)

    queues = Queues()
    actions = [PublishCommand("orders", "1", {}), PutObject("out", b""), PublishCommand("orders", "2", {})]
    make_handler(lambda _name, _key: actions, topics=TOPICS, sqs=queues, s3=Watching())(s3_event("a"), None)
    assert (seen, queues.ids) == (["1"], ["1", "2"])


def test_a_retry_is_dropped_by_a_fifo_topic() -> None:
    """The retry of an event of which a part had failed sends the same ids, so a FIFO topic has each command once."""
    topics = Topics()
    broken = {"b"}

    def callback(_name: str, key: str) -> list[PublishCommand]:
        if key in broken:
            raise LookupError(key)
        return [PublishCommand("orders", key, {})]

    handler = make_handler(callback, topics=topics, sqs=topics)
    event = s3_event("a", "b", "c")
    assert len(failure_of(handler, event).failures) == 1
    broken.clear()
    assert handler(event, None) == {"records": 3, "commands": 3}
    assert sorted(sent.id for sent in topics.sent) == ["a", "b", "c"]


def test_a_fifo_sources_groups_are_not_batched_together() -> None:
    """Where one message's command fails, the next message of its FIFO group is not carried out, another group's is."""
    done = run(
        lambda _name, key: [PublishCommand("orders" if key != "a1" else "nobody", key, {})],
        sqs_event(s3_event("a1"), s3_event("a2"), s3_event("b1"), fifo_groups=("a", "a", "b")),
        topics=["orders"],
    )
    assert done.answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}, {"itemIdentifier": "message-2"}]}
    assert [sent.id for sent in done.commands] == ["b1"]


def test_a_refused_command_holds_its_fifo_group() -> None:
    """Where SQS refuses the command of a FIFO queue's message, the next message of that group sends nothing."""
    queues = Queues(refused="a1")
    handler = make_handler(lambda _name, key: [PublishCommand("orders", key, {})], topics=TOPICS, sqs=queues)
    event = sqs_event(s3_event("a1"), s3_event("a2"), s3_event("b1"), fifo_groups=("a", "a", "b"))
    assert [item["itemIdentifier"] for item in handler(event, None)["batchItemFailures"]] == ["message-1", "message-2"]
    assert queues.ids == ["b1"]
