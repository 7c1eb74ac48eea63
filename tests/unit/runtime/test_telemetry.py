import json
import logging
import os
import subprocess
import sys
from typing import Any

import pytest

from task_runtime import PublishCommand, make_handler
from task_runtime.testing import Context, Topics, s3_event, sqs_event
from tests.unit.runtime.samples import failure_of

LAMBDA = """
import logging, sys
logging.basicConfig(format="USER %(levelname)s %(message)s", stream=sys.stdout)
from task_runtime import make_handler
from task_runtime.testing import Context, s3_event

def callback(name, key):
    logging.getLogger("mine").warning("hello %s", key)
    if key == "bad":
        raise LookupError(key)

try:
    make_handler(callback)(s3_event("a\\nb", "bad"), Context(60))
except Exception:
    pass
"""


def _orders(_name: str, key: str) -> list[PublishCommand]:
    if key == "bad":
        raise LookupError(key)
    return [PublishCommand("orders", key, {}), PublishCommand("orders", key, {})]


def _lambda(**environment: str) -> list[str]:
    """Give the lines on stdout of an invocation in what looks like Lambda's sandbox."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LAMBDA],
        env=os.environ | {"AWS_LAMBDA_FUNCTION_NAME": "media-dev-ingest"} | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def _lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [json.loads(record.getMessage()) for record in caplog.records if record.name == "task_runtime"]


def test_each_record_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """A record's line has key, event, outcome, duration, correlation and request ids; a failure's the reason too."""
    topics = Topics()
    handler = make_handler(_orders, topics=topics, sqs=topics)
    failure_of(lambda event, _: handler(event, Context(60, "request-1")), s3_event("a", "bad"))
    good, bad = _lines(caplog)
    assert good.pop("durationMs") >= 0
    assert good == {
        "level": "INFO",
        "outcome": "done",
        "record": "a (ObjectCreated:Put)",
        "event": "ObjectCreated:Put",
        "bucket": "my-bucket",
        "key": "a",
        "correlationId": topics.sent[0].meta["correlationId"],
        "s3RequestId": "D82B88E5F771F645",
        "requestId": "request-1",
        "actions": 2,
        "commands": 2,
    }
    assert (bad["level"], bad["outcome"], bad["error"]) == ("ERROR", "failed", "LookupError: bad")
    assert "raise LookupError(key)" in bad["traceback"]


def test_a_line_names_the_message_that_brought_the_record(caplog: pytest.LogCaptureFixture) -> None:
    """Through SQS a line has the message's id, an unreadable message's too."""
    make_handler(lambda _name, _key: None)(sqs_event(s3_event("a"), "no json"), None)
    assert [line["messageId"] for line in _lines(caplog)] == ["message-1", "message-2"]


def test_in_lambda_lines_are_bare_json_and_the_users_own_are_as_they_were() -> None:
    """The runtime's lines on stdout are JSON objects and no more; the user's logging keeps its format and level."""
    lines = _lambda()
    assert sorted(line for line in lines if not line.startswith("{")) == [
        "USER WARNING hello a",
        "USER WARNING hello bad",
        "b",
    ]
    told = [json.loads(line) for line in lines if line.startswith("{")]
    assert [line.get("key") for line in told] == ["a\nb", "bad", None]
    assert [line.get("outcome") for line in told] == ["done", "failed", None]


def test_metrics_are_one_line_in_the_embedded_format() -> None:
    """One line tells CloudWatch how many records were processed and failed, the commands and the duration."""
    metrics = json.loads(_lambda()[-1])
    assert metrics.pop("Duration") > 0
    assert metrics["_aws"].pop("Timestamp") > 1_700_000_000_000
    assert metrics == {
        "_aws": {
            "CloudWatchMetrics": [
                {
                    "Namespace": "TaskDeploy",
                    "Dimensions": [["service"]],
                    "Metrics": [
                        {"Name": "Processed", "Unit": "Count"},
                        {"Name": "Failed", "Unit": "Count"},
                        {"Name": "Commands", "Unit": "Count"},
                        {"Name": "Duration", "Unit": "Milliseconds"},
                    ],
                }
            ]
        },
        "service": "media-dev-ingest",
        "Processed": 2,
        "Failed": 1,
        "Commands": 0,
    }


def test_metrics_can_be_named_and_turned_off() -> None:
    """TASK_RUNTIME_METRICS_NAMESPACE is the namespace; empty, there is no metrics line."""
    named = json.loads(_lambda(TASK_RUNTIME_METRICS_NAMESPACE="Mine")[-1])
    assert named["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Mine"
    assert not any("_aws" in line for line in _lambda(TASK_RUNTIME_METRICS_NAMESPACE=""))


def test_outside_lambda_there_are_no_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    """A test or a script that runs a handler finds nothing on stdout unless it asks."""
    make_handler(lambda _name, _key: None)(s3_event("a"), None)
    assert capsys.readouterr().out == ""
    make_handler(lambda _name, _key: None, metrics_namespace="Mine")(s3_event("a"), None)
    assert json.loads(capsys.readouterr().out)["Processed"] == 1


def test_log_level_hides_the_good_records() -> None:
    """With LOG_LEVEL=ERROR the lines are those of failures, and the metrics."""
    assert [json.loads(line).get("outcome") for line in _lambda(LOG_LEVEL="ERROR") if line[0] == "{"] == [
        "failed",
        None,
    ]


def test_a_handler_that_the_user_gave_the_logger_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has set up the runtime's logger keeps it as it is, in Lambda too."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "media-dev-ingest")
    log = logging.getLogger("task_runtime")
    own = logging.NullHandler()
    log.addHandler(own)
    try:
        make_handler(lambda _name, _key: None)
        assert own in log.handlers
        assert not any("BareLines" in type(handler).__name__ for handler in log.handlers)
        assert log.propagate
    finally:
        log.removeHandler(own)
