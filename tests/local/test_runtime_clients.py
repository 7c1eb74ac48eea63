"""One sandbox by itself, with AWS's runtime client and with the loop that stands in for it: they must not differ."""

import json
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import pytest

from task_deployer.local.function import Function
from task_deployer.local.runtime_api import Invocation
from task_deployer.local.runtime_packages import lay_out
from task_deployer.local.sandbox import Credentials, Host, Outcome, Sandbox

Client = Literal["ric", "loop"]
Start = Callable[[str], Sandbox]
ARN = "arn:aws:lambda:eu-central-1:000000000000:function:f"
without_ric = pytest.mark.skipif(find_spec("awslambdaric") is None, reason="AWS's client has Linux wheels only")


@pytest.fixture(params=[pytest.param("ric", marks=without_ric), "loop"])
def start(request: pytest.FixtureRequest, tmp_path: Path, function_with: Callable[[str], Function]) -> Iterator[Start]:
    """Starts sandboxes for a source text; they are closed in the end."""
    client: Client = request.param
    host = Host(tmp_path, lay_out(tmp_path / "runtime", client=client), "http://127.0.0.1:9")
    started: list[Sandbox] = []

    def start_one(source: str) -> Sandbox:
        sandbox = Sandbox(function_with(source), host, str(len(started)), Credentials("key", "secret", "token"))
        started.append(sandbox)
        return sandbox

    yield start_one
    for sandbox in started:
        sandbox.close()


def run(sandbox: Sandbox, event: object, request_id: str = "request-1") -> Outcome:
    """What becomes of one event."""
    return sandbox.run(Invocation(request_id, ARN, json.dumps(event).encode(), 30))


def test_events_go_in_and_answers_come_out_one_after_the_other(start: Start) -> None:
    """A handler gets event and context, and its return value is the answer, also the next time."""
    sandbox = start("def handle(event, context):\n    return [event['n'], context.aws_request_id]\n")
    assert sandbox.wait_until_ready() is None
    for number in range(3):
        outcome = run(sandbox, {"n": number}, f"request-{number}")
        assert json.loads(outcome.payload) == [number, f"request-{number}"]
        assert (outcome.failed, outcome.reusable) == (False, True)


def test_an_exception_becomes_lambdas_error_document(start: Start) -> None:
    """Message, type, request id and a trace that begins in the handler."""
    sandbox = start("def handle(event, context):\n    raise KeyError('gone')\n")
    sandbox.wait_until_ready()
    outcome = run(sandbox, {})
    error = json.loads(outcome.payload)
    trace = error.pop("stackTrace")
    assert error == {"errorMessage": "'gone'", "errorType": "KeyError", "requestId": "request-1"}
    assert len(trace) == 1
    assert "handler.py" in trace[0]
    assert (outcome.failed, outcome.reusable) == (True, True)
    log = sandbox.new_output()
    assert log.startswith("[ERROR] KeyError: 'gone'\rTraceback (most recent call last):\r")
    assert log.count("\n") == 1, "a traceback is one log event"


def test_prints_and_log_records_are_in_the_output_when_the_answer_is_there(start: Start) -> None:
    """Output is complete with the answer, log records in Lambda's format with the request's id."""
    source = """
        import logging, sys

        logging.getLogger().setLevel("INFO")

        def handle(event, context):
            print("one")
            print("two", file=sys.stderr)
            logging.info("three")
    """
    sandbox = start(source)
    sandbox.wait_until_ready()
    run(sandbox, {})
    one, two, three = sandbox.new_output().splitlines()
    assert (one, two) == ("one", "two")
    level, moment, request_id, message = three.split("\t")
    assert (level, request_id, message) == ("[INFO]", "request-1", "three")
    assert moment.endswith("Z")
    assert sandbox.new_output() == ""


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("import no_such_module", "Runtime.ImportModuleError", "No module named 'no_such_module'"),
        ("def handle(", "Runtime.UserCodeSyntaxError", "Syntax error in module 'handler'"),
        ("other = 1", "Runtime.HandlerNotFound", "Handler 'handle' missing on module 'handler'"),
        ("raise ValueError('at import')", "ValueError", "at import"),
    ],
)
def test_a_handler_that_cannot_be_loaded_is_told_by_its_own_error(
    start: Start, source: str, kind: str, message: str
) -> None:
    """Each way to fail at load time has Lambda's error type."""
    outcome = start(source).wait_until_ready()
    assert outcome is not None
    error = json.loads(outcome.payload)
    assert error["errorType"] == kind
    assert message in error["errorMessage"]
    assert (outcome.failed, outcome.reusable) == (True, False)


def test_an_answer_that_is_no_json_is_an_error(start: Start) -> None:
    """What cannot be written as JSON fails the invocation, not the sandbox."""
    sandbox = start("def handle(event, context):\n    return object()\n")
    sandbox.wait_until_ready()
    outcome = run(sandbox, {})
    assert outcome.failed
    assert outcome.reusable


def test_a_signal_that_ends_the_process_is_named(start: Start) -> None:
    """A killed runtime is Runtime.ExitError with the signal's name."""
    sandbox = start("import os, signal\n\ndef handle(event, context):\n    os.kill(os.getpid(), signal.SIGKILL)\n")
    sandbox.wait_until_ready()
    outcome = run(sandbox, {})
    error = json.loads(outcome.payload)
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"] == "RequestId: request-1 Error: Runtime exited with error: signal: killed"
    assert not outcome.reusable
    assert not sandbox.is_alive


def test_boto3_is_there_and_the_tool_is_not(start: Start) -> None:
    """A sandbox imports what Lambda brings along, and nothing else that happens to be installed."""
    source = """
        import boto3
        from importlib.util import find_spec

        def handle(event, context):
            return [name for name in event if find_spec(name)]
    """
    sandbox = start(source)
    assert sandbox.wait_until_ready() is None
    outcome = run(sandbox, ["boto3", "botocore", "moto", "pytest", "typer", "task_deployer", "task_runtime"])
    assert json.loads(outcome.payload) == ["boto3", "botocore"]
