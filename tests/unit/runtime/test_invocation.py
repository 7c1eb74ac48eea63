import json
import logging

import pytest

from task_runtime import ObjectEvent, PublishCommand, make_handler
from task_runtime.events import EventError
from tests.unit.runtime.samples import TOPICS, Queues, event, failure_of, record


def _one_order(_name: str, key: str) -> list[PublishCommand]:
    return [PublishCommand("orders", key, {})]


def _nothing(_name: str, _key: str) -> None:
    return None


def test_the_same_event_sends_the_same_messages() -> None:
    """A retry of the whole event, even with its records in another order, sends byte for byte the same messages."""
    queues = Queues()
    handler = make_handler(_one_order, topics=TOPICS, service="ingest", sqs=queues)
    records = [record("a"), record("b"), record("b", name="ObjectRemoved:Delete")]
    handler(event(*records), None)
    handler(event(*reversed(records)), None)
    first, again = ([request | {"Id": ""} for request in part] for part in (queues.sent[:3], queues.sent[:2:-1]))
    assert first == again
    assert len({request["MessageDeduplicationId"] for request in queues.sent}) == 3


def test_the_failure_tells_each_record_and_why() -> None:
    """What Lambda shows names every failed record by key and event name with its reason, and chains the first cause."""

    def callback(name: str, key: str) -> None:
        if name.startswith("ObjectRemoved") or key == "b":
            raise LookupError(f"no room for {key}")

    removal = record("a b", name="ObjectRemoved:Delete")
    failed = failure_of(make_handler(callback), event(removal, record("ok"), record("b"), record(encoded_key="%zz")))
    assert str(failed).splitlines() == [
        "3 of 4 records failed:",
        "a b (ObjectRemoved:Delete): LookupError: no room for a b",
        "b (ObjectCreated:Put): LookupError: no room for b",
        "%zz (ObjectCreated:Put): EventError: the key '%zz' has no two hex digits after the % at position 0",
    ]
    assert isinstance(failed.__cause__, LookupError)


def test_the_log_has_the_traceback_of_each_failure(caplog: pytest.LogCaptureFixture) -> None:
    """Each failure is one ERROR line of JSON with the traceback into the callback; a good record is one INFO line."""

    def callback(_name: str, key: str) -> list[PublishCommand]:
        if key != "good":
            raise LookupError(key)
        return [PublishCommand("orders", key, {})]

    handler = make_handler(callback, topics=TOPICS, sqs=Queues())
    failure_of(handler, event(record("bad"), record("good"), record("worse")))
    lines = [(line.levelname, json.loads(line.getMessage())) for line in caplog.records]
    assert [(level, f"{said['outcome']} {said['key']} {said.get('error')}") for level, said in lines] == [
        ("ERROR", "failed bad LookupError: bad"),
        ("INFO", "done good None"),
        ("ERROR", "failed worse LookupError: worse"),
    ]
    assert sum("raise LookupError(key)" in said.get("traceback", "") for _, said in lines) == 2


@pytest.mark.parametrize(
    ("given_event", "told"),
    [
        ({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "my-bucket"}, "s3:TestEvent"),
        ({"hello": "world"}, "without Records, {'hello': 'world'}"),
        ({}, "without Records"),
    ],
)
def test_an_event_without_records_is_nothing_to_do(
    given_event: dict[str, object], told: str, caplog: pytest.LogCaptureFixture
) -> None:
    """S3's test event, and any other JSON object without records, calls nothing and says so in the log."""
    assert make_handler(_one_order)(given_event, None) == {"records": 0, "commands": 0}
    assert told in caplog.text


def test_no_records_are_no_failure() -> None:
    """An empty list of records ends well."""
    assert make_handler(_one_order)(event(), None) == {"records": 0, "commands": 0}


@pytest.mark.parametrize("given_event", [None, [], "text", 7, {"Records": {}}, {"Records": None}])
def test_what_is_no_event_is_an_error(given_event: object) -> None:
    """What is no JSON object, or has Records that are no list, is refused and shown."""
    with pytest.raises(EventError, match=r"no JSON object|no list"):
        make_handler(_nothing)(given_event, None)


def test_records_of_other_sources_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """A record that is not S3's is no failure and is not given to the callback; the log names its source."""
    queues = Queues()
    foreign = {"eventSource": "aws:dynamodb"}
    summary = make_handler(_one_order, topics=TOPICS, sqs=queues)(event(foreign, record("a"), {}), None)
    assert summary == {"records": 1, "commands": 1}
    assert queues.ids == ["a"]
    assert "aws:dynamodb" in caplog.text
    assert "an unnamed source" in caplog.text


@pytest.mark.parametrize("broken", ["text", None, 7, {"eventSource": "aws:s3"}])
def test_a_record_that_is_none_fails_alone(broken: object) -> None:
    """What stands among the records and is none fails by itself; the others are worked on."""
    queues = Queues()
    failed = failure_of(make_handler(_one_order, topics=TOPICS, sqs=queues), event(broken, record("a")))
    assert len(failed.failures) == 1
    assert queues.ids == ["a"]


@pytest.mark.parametrize(
    ("function_name", "service", "expected"),
    [("media-dev-ingest", None, "media-dev-ingest"), ("media-dev-ingest", "mine", "mine"), ("", None, "local")],
)
def test_the_service_is_the_functions_name(
    function_name: str, service: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`meta.service` is what the caller says, else the Lambda function's name, else `local`."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", function_name)
    queues = Queues()
    make_handler(_one_order, topics=TOPICS, service=service, sqs=queues)(event(record()), None)
    assert json.loads(queues.sent[0]["MessageBody"])["meta"]["service"] == expected


@pytest.mark.parametrize(
    ("text", "level"),
    [(None, logging.INFO), ("DEBUG", logging.DEBUG), ("error", logging.ERROR), ("chatty", logging.INFO)],
)
def test_log_level_is_that_of_the_environment(text: str | None, level: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runtime logs from INFO up, or as LOG_LEVEL says where it names a level; the root logger is left alone."""
    if text:
        monkeypatch.setenv("LOG_LEVEL", text)
    root_level = logging.getLogger().level
    make_handler(_nothing)
    assert logging.getLogger("task_runtime").level == level
    assert logging.getLogger().level == root_level


def test_a_level_set_by_the_user_stays() -> None:
    """Who has set the level of the runtime's logger keeps it."""
    logging.getLogger("task_runtime").setLevel(logging.CRITICAL)
    make_handler(_nothing)
    assert logging.getLogger("task_runtime").level == logging.CRITICAL


def test_a_three_argument_callback_in_the_readme_style() -> None:
    """A callback annotated as the contract shows it runs, and its commands carry the event's own ids."""

    async def handle_event(event_name: str, key: str, event: ObjectEvent) -> list[PublishCommand]:
        return [PublishCommand("orders", key, {"bucket": event.bucket_name, "what": event_name}) for _ in range(2)]

    queues = Queues()
    make_handler(handle_event, topics=TOPICS, sqs=queues)(event(record()), None)
    first, second = (json.loads(request["MessageBody"]) for request in queues.sent)
    assert first["command"] == {"bucket": "my-bucket", "what": "ObjectCreated:Put"}
    assert first["meta"]["correlationId"] == second["meta"]["correlationId"]
    assert first["meta"]["msgId"] != second["meta"]["msgId"]
    assert first["meta"]["causationId"] == "D82B88E5F771F645"
