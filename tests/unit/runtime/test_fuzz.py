import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from task_runtime import PublishCommand, RecordsFailed, make_handler
from task_runtime.events import EventError
from task_runtime.testing import (
    Topics,
    batch_event,
    dead_letter,
    eventbridge_event,
    failure_record,
    s3_event,
    s3_record,
    s3_test_event,
    sns_event,
    sqs_event,
)
from tests.unit.runtime.samples import patient

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["aws:s3", "aws:sqs", "%zz"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
# The words by which the runtime tells one kind of event from another, so that arbitrary JSON gets past the first door.
WORDS = [
    *("Records", "Messages", "Body", "Type", "Message", "requestPayload", "detail-type", "source", "detail", "Event"),
    *("eventSource", "body", "messageId", "s3", "invocationSchemaVersion", "invocationId", "tasks", "job"),
]
marks = st.recursive(
    json_values,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=12,
)

DEEP: list[object] = []
for _ in range(5_000):
    DEEP = [DEEP]

NOTIFIED = s3_event("a", "b", s3_record("a", sequencer="01"), s3_record("c", version_id="v1"))
REAL = [
    NOTIFIED,
    eventbridge_event("a"),
    sqs_event(NOTIFIED, s3_event("d")),
    sqs_event(s3_event("a"), s3_event("b"), fifo_groups=("x", "x")),
    sns_event(NOTIFIED),
    sqs_event(sns_event(NOTIFIED)["Records"][0]["Sns"]),
    failure_record(NOTIFIED),
    dead_letter(NOTIFIED),
    batch_event("a", "b"),
    batch_event("a", "b", schema="2.0"),
    s3_test_event(),
]


def _three(_name: str, key: str) -> list[PublishCommand]:
    """Ask for three commands; of a key with an `x`, the last cannot be sent."""
    last = "nobody" if "x" in key else "orders"
    return [PublishCommand(topic, "id", n) for n, topic in enumerate(["orders", "orders", last])]


def _invoke(event: object) -> Counter[str]:
    """Invoke with anything; it answers in JSON or fails clearly. Give the number of commands per S3 event."""
    topics = Topics(["orders"])
    try:
        json.dumps(make_handler(_three, topics=topics, sqs=topics)(event, None))
    except (EventError, RecordsFailed) as told:
        if not str(told):
            raise AssertionError("the error says nothing") from told
    return Counter(sent.meta["correlationId"] for sent in topics.sent)


def _held(value: object) -> object:
    """Give the JSON object in a text, None where there is none."""
    try:
        return json.loads(value) if isinstance(value, str) and value.startswith("{") else None
    except ValueError:
        return None


def _paths(value: object, here: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Give the way to everything in a JSON value; into texts that are JSON, too."""
    inner: list[tuple[object, object]] = []
    if isinstance(value, dict):
        inner = [*value.items()]
    elif isinstance(value, list):
        inner = [*enumerate(value)]
    elif (held := _held(value)) is not None:
        return [here, *_paths(held, (*here, "json"))]
    return [here, *(path for name, one in inner for path in _paths(one, (*here, name)))]


def _changed(value: Any, path: tuple[Any, ...], new: object) -> Any:  # noqa: ANN401 - JSON
    """Give a JSON value with another value at the end of a way."""
    if not path:
        return new
    if path[0] == "json" and isinstance(value, str):
        return json.dumps(_changed(json.loads(value), path[1:], new))
    copy = value.copy()
    copy[path[0]] = _changed(copy[path[0]], path[1:], new)
    return copy


@st.composite
def mutated(draw: st.DrawFn) -> object:
    """Take a real event of any source and put something else into one to four places of it."""
    event: Any = draw(st.sampled_from(REAL))
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(_paths(event)))
        event = _changed(event, path, draw(json_values | marks | st.just([event])))
        if not isinstance(event, dict):
            return event
    return event


@patient
@given(json_values | marks)
@example({"Records": [{"eventSource": "aws:sqs", "messageId": "1", "body": "[" * 100_000}]})
@example({"Body": "[" * 100_000})
@example({"Records": [{"eventSource": ["aws:s3"]}]})
@example({"invocationSchemaVersion": "1.0", "invocationId": "i", "tasks": [{"taskId": "t", "s3BucketArn": ":"}]})
def test_any_json_gives_an_answer_or_a_clear_error(event: object) -> None:
    """Whatever JSON comes, the handler answers, or raises EventError or RecordsFailed; nothing else, and no hang."""
    _invoke(event)


@patient
@given(mutated())
def test_a_damaged_event_never_leaves_a_list_half_done(event: object) -> None:
    """Real events of every source with damage anywhere: each record's three commands are all sent, or none is."""
    assert set(_invoke(event).values()) <= {3}


@patient
@given(st.text(), st.binary())
def test_a_damaged_key_never_leaves_a_list_half_done(text: str, content: bytes) -> None:
    """Whatever stands for a key, its record is done whole or not at all, and its neighbours are done."""
    records = [s3_record("good"), s3_record("bad"), s3_record("also good")]
    records[1]["s3"]["object"]["key"] = text + content.decode("latin-1")
    counts = _invoke(s3_event(*records))
    assert set(counts.values()) == {3}
    assert len(counts) in {2, 3}


@pytest.mark.parametrize(
    "event",
    [
        DEEP,
        {"Records": DEEP},
        {"Records": [{"eventSource": "aws:s3", "eventName": DEEP, "s3": {"object": {"key": DEEP}}}]},
        {"requestPayload": DEEP},
        {"detail-type": DEEP, "source": DEEP},
        batch_event("a") | {"tasks": DEEP},
    ],
    ids=["all", "records", "name and key", "payload", "detail-type", "tasks"],
)
def test_a_deep_event_is_told_as_shortly_as_any(event: object) -> None:
    """An event thousands of levels deep is a clear error like any other, and its message is short."""
    with pytest.raises((EventError, RecordsFailed)) as told:
        make_handler(_three)(event, None)
    assert len(str(told.value)) < 500
