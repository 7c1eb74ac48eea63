import hashlib
import json
import re
import string
from dataclasses import replace
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_runtime import PublishCommand
from task_runtime.actions import JSON
from task_runtime.events import parse
from task_runtime.ids import correlation_id, group_id, message_id
from task_runtime.messages import CommandError, Entry, message
from tests.unit.runtime.samples import TOPICS, patient, record

NAMESPACE = UUID("cf652149-4d02-4f2d-954e-c2cecf15aebf")
EVENT = parse(record())
ALLOWED_IN_GROUP_IDS = string.ascii_letters + string.digits + string.punctuation  # SQS API reference, SendMessage

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
texts = st.text(min_size=1)


def _made(command: PublishCommand, position: int = 0) -> Entry:
    return message(command, position, EVENT, topics=TOPICS, service="media-dev-ingest").entry


def test_the_body_is_fixed_to_the_byte() -> None:
    """The body is the compact JSON of id, meta and command, in that order, with nothing of the clock or of chance."""
    command = PublishCommand("orders", "o-1", {"type": "Grüße", "n": 1}, headers={"tenant": "a"})
    msg_id = uuid5(NAMESPACE, '["my-bucket","in/a.csv","0A1B2C3D4E5F678901","ObjectCreated:Put",2]')
    chain = uuid5(NAMESPACE, '["my-bucket","in/a.csv","0A1B2C3D4E5F678901","ObjectCreated:Put"]')
    assert _made(command, 2)["MessageBody"] == (
        '{"id":"o-1","meta":{"service":"media-dev-ingest","time":"2026-11-23T09:15:30.123Z",'
        f'"msgId":"{msg_id}","correlationId":"{chain}","causationId":"D82B88E5F771F645","headers":{{"tenant":"a"}}}},'
        '"command":{"type":"Grüße","n":1}}'
    )


def test_a_fifo_queue_gets_group_and_deduplication() -> None:
    """A message for a FIFO queue is grouped by the command's id, deduplicated by its msgId, and never delayed."""
    request = _made(PublishCommand("orders", "o-1", {}))
    msg_id = json.loads(request["MessageBody"])["meta"]["msgId"]
    assert request == {
        "Id": "0",
        "MessageBody": request["MessageBody"],
        "MessageGroupId": "o-1",
        "MessageDeduplicationId": msg_id,
    }


def test_a_standard_queue_gets_neither() -> None:
    """A message for a standard queue has its body alone, and a delay only where one is asked for."""
    at_once = _made(PublishCommand("mails", "m-1", {}))
    later = _made(PublishCommand("mails", "m-1", {}, delay_seconds=900))
    assert at_once == {"Id": "0", "MessageBody": at_once["MessageBody"]}
    assert later == {**at_once, "DelaySeconds": 900}


def test_what_is_not_known_is_left_out_of_meta() -> None:
    """Without S3's request id there is no causationId, and without headers there are none, not even empty ones."""
    unasked = replace(EVENT, request_id=None)
    request = message(PublishCommand("orders", "o-1", {}, headers={}), 0, unasked, topics=TOPICS, service="s").entry
    assert list(json.loads(request["MessageBody"])["meta"]) == ["service", "time", "msgId", "correlationId"]


@patient
@given(key=texts, command_id=texts, content=json_values, position=st.integers(0, 10_000))
def test_the_same_event_gives_the_same_message(key: str, command_id: str, content: JSON, position: int) -> None:
    """However often S3's event comes, the message for a position is the same, and its body says what was asked."""
    command = PublishCommand("orders", command_id, content)
    first, second = (
        message(command, position, parse(record(key)), topics=TOPICS, service="media-dev-ingest") for _ in range(2)
    )
    assert first == second
    said = json.loads(first.entry["MessageBody"])
    assert (said["id"], said["command"]) == (command_id, content)


@patient
@given(content=st.text(alphabet="aß\U0001f600\0\x1f\x7f\ud7ff\ud800\udfff\ue000\ufffd\ufffe\uffff\U0010ffff"))
def test_the_body_holds_no_character_that_sqs_refuses(content: str) -> None:
    """A command may hold any text, lone surrogates too: the body has only code points that SQS takes, and means it."""
    sent = _made(PublishCommand("orders", "o-1", content))["MessageBody"]
    assert re.fullmatch("[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*", sent)
    as_utf16 = content.encode("utf-16", "surrogatepass")  # to JSON, two surrogates in a row are one character
    assert json.loads(sent)["command"] == as_utf16.decode("utf-16", "surrogatepass")


occurrences = st.tuples(
    texts, st.sampled_from(["01", "0100", "02"]), st.sampled_from(["ObjectCreated:Put", "ObjectRemoved:Delete"])
)


@patient
@given(occurrences, occurrences, st.integers(0, 30), st.integers(0, 30))
def test_different_commands_have_different_ids(
    one: tuple[str, str, str], other: tuple[str, str, str], position: int, other_position: int
) -> None:
    """Two msgIds are equal where key, sequencer, name and position are; two chains where the first three are."""
    event, other_event = (parse(record(key, sequencer=at, name=name)) for key, at, name in (one, other))
    same_command = (one, position) == (other, other_position)
    assert (message_id(event, position) == message_id(other_event, other_position)) == same_command
    assert (correlation_id(event) == correlation_id(other_event)) == (one == other)
    assert correlation_id(event) != message_id(event, position)


@pytest.mark.parametrize(
    ("version_id", "sequencer", "occurrence"),
    [
        ("v1", "0A", "v1"),
        ("v1", None, "v1 2026-11-23T09:15:30.123Z D82B88E5F771F645"),
        (None, "0A", "0A"),
        ("null", "0A", "0A"),  # versioning suspended: every overwrite has this version
        (None, None, "2026-11-23T09:15:30.123Z D82B88E5F771F645"),
    ],
)
def test_an_event_is_known_by_version_then_sequencer_then_time(
    version_id: str | None, sequencer: str | None, occurrence: str
) -> None:
    """Two events of one key are told apart by version or sequencer; without a sequencer also by time and request."""
    event = parse(record(version_id=version_id, sequencer=sequencer))
    assert correlation_id(event) == str(
        uuid5(NAMESPACE, f'["my-bucket","in/a.csv","{occurrence}","ObjectCreated:Put"]')
    )


@patient
@given(st.text(alphabet=ALLOWED_IN_GROUP_IDS, min_size=1, max_size=128))
def test_an_id_that_sqs_allows_is_the_group(command_id: str) -> None:
    """An id of 1 to 128 letters, digits and punctuation is its own group."""
    assert group_id(command_id) == command_id


@pytest.mark.parametrize("command_id", ["a b", "ü", "x" * 129, "a\n", "\t", "\ud800"])
def test_any_other_id_is_hashed(command_id: str) -> None:
    """An id that SQS does not allow as a group gives the SHA-256 of its UTF-8, so distinct ids stay distinct groups."""
    assert group_id(command_id) == hashlib.sha256(command_id.encode("utf-8", "surrogatepass")).hexdigest()


def test_the_largest_message_is_one_mebibyte_of_utf8() -> None:
    """A body of 1,048,576 bytes is taken; with one more, or with as many characters that take two, it is refused."""
    frame = len(_made(PublishCommand("mails", "m-1", ""))["MessageBody"])
    room = 1_048_576 - frame
    assert len(_made(PublishCommand("mails", "m-1", "x" * room))["MessageBody"]) == 1_048_576
    with pytest.raises(CommandError, match="1048577 bytes"):
        _made(PublishCommand("mails", "m-1", "x" * (room + 1)))
    with pytest.raises(CommandError, match="1048576"):
        _made(PublishCommand("mails", "m-1", "ü" * (room // 2 + 1)))


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (PublishCommand("nobody", "n-1", {}), r"'nobody'.*known: mails, orders.*command_topics"),
        (PublishCommand("orders", "", {}), "its id must be a string that is not empty"),
        (PublishCommand("orders", 7, {}), "its id must be.*not 7"),  # type: ignore[arg-type]  # the mistake in question
        (PublishCommand("orders", None, {}), "its id must be"),  # type: ignore[arg-type]  # the mistake in question
        (PublishCommand("orders", "o-1", {}, delay_seconds=5), "delay_seconds is 5, but a FIFO queue"),
        (PublishCommand("mails", "m-1", {}, delay_seconds=901), "from 0 to 900, not 901"),
        (PublishCommand("mails", "m-1", {}, delay_seconds=-1), "not -1"),
        (PublishCommand("mails", "m-1", {}, delay_seconds=True), "not True"),
        (PublishCommand("mails", "m-1", {}, delay_seconds=1.5), "not 1.5"),  # type: ignore[arg-type]  # the same
        (PublishCommand("orders", "o-1", {1, 2}), "no JSON: .*set"),  # type: ignore[arg-type]  # the same
        (PublishCommand("orders", "o-1", float("nan")), "no JSON: .*nan|no JSON: Out of range"),
        (PublishCommand("orders", "o-1", {}, headers={"n": 1}), "headers must map strings"),  # type: ignore[dict-item]  # the same
        (PublishCommand("orders", "o-1", {}, traceparent="00-ab-cd-01"), "traceparent is not of the W3C's form"),
        (PublishCommand("orders", "o-1", {}, headers="x"), "headers must map strings"),  # type: ignore[arg-type]  # the same
    ],
)
def test_a_command_that_cannot_be_sent_is_refused(command: PublishCommand, told: str) -> None:
    """A command with a mistake is refused before any call, in words that name the mistake."""
    with pytest.raises(CommandError, match=told):
        _made(command)


def test_headers_are_a_copy() -> None:
    """A command keeps the headers it was made with: the caller's dict may change, the command's cannot."""
    headers = {"tenant": "a"}
    command = PublishCommand("orders", "o-1", {}, headers=headers)
    headers["tenant"] = "b"
    assert command.headers == {"tenant": "a"}
    with pytest.raises(TypeError):
        command.headers["tenant"] = "c"  # type: ignore[index]  # the mistake in question


def test_a_trace_is_handed_on() -> None:
    """A W3C traceparent that the callback gives stands in the message's meta."""
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    sent = _made(PublishCommand("orders", "o-1", {}, traceparent=trace))
    assert json.loads(sent["MessageBody"])["meta"]["traceparent"] == trace
