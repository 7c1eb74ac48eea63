"""Invoke: answers, errors, logs, sandboxes."""

import base64
import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.local.conftest import Event, Lab


# One function with many behaviours, so that the tests below share one cold start.
BEHAVIOURS = """
import json, logging, os, pathlib, sys, time

calls = 0

def handle(event, context):
    global calls
    calls += 1
    match event["do"]:
        case "count":
            return {"calls": calls, "pid": os.getpid()}
        case "print":
            print("printed")
            print("to stderr", file=sys.stderr)
            logging.getLogger().error("logged")
            return "said"
        case "raise":
            raise ValueError("it broke")
        case "exit":
            os._exit(3)
        case "sleep":
            print("before", flush=True)
            time.sleep(60)
        case "environment":
            return dict(os.environ)
        case "context":
            names = ["function_name", "function_version", "memory_limit_in_mb"]
            names += ["invoked_function_arn", "log_group_name"]
            return {name: getattr(context, name) for name in names} | {"left": context.get_remaining_time_in_millis()}
        case "import":
            __import__(event["module"])
        case "meet":
            pathlib.Path(event["at"], str(os.getpid())).touch()
            while len(os.listdir(event["at"])) < event["others"]:
                time.sleep(0.01)
            return os.getpid()
"""


@pytest.fixture(scope="module")
def function(lab: "Lab") -> str:
    """The function of many behaviours."""
    return lab.function(BEHAVIOURS, environment={"MINE": "yes"})


def logged(lab: "Lab", function: str) -> list[str]:
    """All log events of a function, in order."""
    events = lab.logs.filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
    return [event["message"] for event in events]


def test_a_raised_error_comes_back_as_lambda_tells_it(lab: "Lab", function: str) -> None:
    """FunctionError is Unhandled, and the payload has message, type and trace."""
    answer = lab.lambda_.invoke(FunctionName=function, Payload=b'{"do": "raise"}')
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    payload = json.loads(answer["Payload"].read())
    assert (payload["errorType"], payload["errorMessage"]) == ("ValueError", "it broke")
    assert payload["stackTrace"]
    assert "handler.py" in payload["stackTrace"][-1]


def test_a_raised_error_leaves_the_sandbox_warm_and_an_exit_does_not(lab: "Lab", function: str) -> None:
    """The next invocation after an error meets the same process; after a crash it meets a new one."""
    before = cast("Event", lab.invoke(function, {"do": "count"}))
    lab.invoke(function, {"do": "raise"})
    after = cast("Event", lab.invoke(function, {"do": "count"}))
    assert (after["pid"], after["calls"]) == (before["pid"], cast("int", before["calls"]) + 2)
    crash = cast("Event", lab.invoke(function, {"do": "exit"}))
    assert crash["errorType"] == "Runtime.ExitError"
    assert str(crash["errorMessage"]).endswith("Error: Runtime exited with error: exit status 3")
    fresh = cast("Event", lab.invoke(function, {"do": "count"}))
    assert fresh["calls"] == 1
    assert fresh["pid"] != before["pid"]


def test_a_handler_that_takes_too_long_is_stopped(lab: "Lab") -> None:
    """The timeout ends the sandbox, says so in the payload and in the log, and keeps what was printed before."""
    function = lab.function(BEHAVIOURS, timeout=1)
    payload = cast("Event", lab.invoke(function, {"do": "sleep"}))
    assert payload["errorType"] == "Sandbox.Timedout"
    assert str(payload["errorMessage"]).endswith("Error: Task timed out after 1.00 seconds")
    lines = logged(lab, function)
    assert "before\n" in lines
    assert any("Task timed out after 1.00 seconds" in line for line in lines)


def test_the_log_holds_start_output_end_and_report_and_the_tail_is_the_same(lab: "Lab", function: str) -> None:
    """Prints, stderr and logger lines are log events between START and END, there when the answer is."""
    answer = lab.lambda_.invoke(FunctionName=function, Payload=b'{"do": "print"}', LogType="Tail")
    tail = base64.b64decode(answer["LogResult"]).decode()
    request_id = answer["ResponseMetadata"]["RequestId"]
    lines = logged(lab, function)
    start = lines.index(f"START RequestId: {request_id} Version: $LATEST\n")
    *body, end, report = lines[start + 1 : start + 6]
    assert body[:2] == ["printed\n", "to stderr\n"]
    assert body[2].startswith("[ERROR]\t")
    assert body[2].endswith(f"Z\t{request_id}\tlogged\n")
    assert end == f"END RequestId: {request_id}\n"
    assert report.startswith(f"REPORT RequestId: {request_id}\tDuration: ")
    assert tail == "".join(lines[start : start + 6])


def test_log_streams_are_named_as_lambda_names_them(lab: "Lab", function: str) -> None:
    """A stream is day, version in brackets and 32 hexadecimal digits."""
    lab.invoke(function, {"do": "count"})
    streams = lab.logs.describe_log_streams(logGroupName=f"/aws/lambda/{function}")["logStreams"]
    assert streams
    for stream in streams:
        day, _, sandbox = stream["logStreamName"].rpartition("/[$LATEST]")
        assert len(day.split("/")) == 3
        assert len(bytes.fromhex(sandbox)) == 16


def test_a_role_without_logging_rights_gets_no_log(lab: "Lab") -> None:
    """What the role may not write is dropped, as on AWS; the answer comes all the same."""
    function = lab.function(BEHAVIOURS, allow=["sqs:SendMessage"])
    assert lab.invoke(function, {"do": "print"}) == "said"
    assert lab.logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{function}")["logGroups"] == []


def test_nothing_of_the_hosts_environment_reaches_the_handler(lab: "Lab", function: str) -> None:
    """The environment is Lambda's own names and the function's; no variable and no home of the user's."""
    assert "HOST_SECRET" in os.environ
    found = cast("dict[str, str]", lab.invoke(function, {"do": "environment"}))
    ours = {"PATH", "LANG", "TZ", "HOME", "TMPDIR", "LC_CTYPE", "MINE", "_HANDLER", "LAMBDA_TASK_ROOT"}
    assert all(name in ours or name.startswith(("AWS_", "_X_AMZN")) for name in found), sorted(found)
    assert found["MINE"] == "yes"
    assert found["AWS_ENDPOINT_URL"] == lab.aws.endpoint_url
    assert found["AWS_LAMBDA_FUNCTION_NAME"] == function
    assert found["AWS_REGION"] == found["AWS_DEFAULT_REGION"] == "eu-central-1"
    assert found["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert found["HOME"] != os.environ.get("HOME")


def test_the_context_tells_the_function_about_itself(lab: "Lab", function: str) -> None:
    """Name, version, memory, ARN, log group and the time left are those of the function."""
    found = cast("Event", lab.invoke(function, {"do": "context"}))
    left = cast("int", found.pop("left"))
    assert 0 < left <= 20_000
    assert found == {
        "function_name": function,
        "function_version": "$LATEST",
        "memory_limit_in_mb": "128",
        "invoked_function_arn": lab.arn(function),
        "log_group_name": f"/aws/lambda/{function}",
    }


@pytest.mark.parametrize("module", ["pytest", "moto", "task_deployer", "task_runtime"])
def test_only_what_lambda_has_can_be_imported(lab: "Lab", function: str, module: str) -> None:
    """A package that is installed beside the tool but not in the zip is missing, as it would be on AWS."""
    assert cast("Event", lab.invoke(function, {"do": "import", "module": module}))["errorType"] == "ModuleNotFoundError"


def test_a_handler_that_cannot_be_loaded_is_told_as_an_import_error(lab: "Lab") -> None:
    """A module missing in the zip is Runtime.ImportModuleError, naming it."""
    payload = cast("Event", lab.invoke(lab.function("import no_such_module")))
    assert payload["errorType"] == "Runtime.ImportModuleError"
    assert "No module named 'no_such_module'" in str(payload["errorMessage"])


def test_new_code_and_new_configuration_take_effect_at_once(lab: "Lab", package: "Callable[[str], bytes]") -> None:
    """The first invocation after an update runs the new code, and the new environment."""
    source = "import os\n\ndef handle(event, context):\n    return [VERSION, os.environ.get('STAGE')]\n"
    function = lab.function(source.replace("VERSION", "1"), environment={"STAGE": "a"})
    assert lab.invoke(function) == [1, "a"]
    lab.lambda_.update_function_code(FunctionName=function, ZipFile=package(source.replace("VERSION", "2")))
    assert lab.invoke(function) == [2, "a"]
    lab.lambda_.update_function_configuration(FunctionName=function, Environment={"Variables": {"STAGE": "b"}})
    assert lab.invoke(function) == [2, "b"]


def test_concurrent_invocations_run_side_by_side(lab: "Lab", function: str, tmp_path: "Path") -> None:
    """Each execution at one moment has a process of its own: none of these ends before all have begun."""
    with ThreadPoolExecutor(4) as pool:
        meeting = {"do": "meet", "at": str(tmp_path), "others": 4}
        pids = list(pool.map(lambda _: lab.invoke(function, meeting), range(4)))
    assert len(set(pids)) == 4


def test_an_event_invocation_is_accepted_and_a_dry_run_runs_nothing(lab: "Lab", forwarding: tuple[str, str]) -> None:
    """Event answers 202 and runs later; DryRun answers 204 and never runs."""
    function, queue = forwarding
    dry = lab.lambda_.invoke(FunctionName=function, InvocationType="DryRun", Payload=b'"dry"')
    assert dry["StatusCode"] == 204
    accepted = lab.lambda_.invoke(FunctionName=function, InvocationType="Event", Payload=b'{"n": 1}')
    assert accepted["StatusCode"] == 202
    assert lab.receive(queue) == {"n": 1}
    assert "Messages" not in lab.sqs.receive_message(QueueUrl=queue)


def test_a_function_that_is_not_there_is_not_found(lab: "Lab") -> None:
    """Invoke of an unknown name is ResourceNotFoundException, with the ARN it would have."""
    with pytest.raises(lab.lambda_.exceptions.ResourceNotFoundException, match=":function:no-such-function"):
        lab.lambda_.invoke(FunctionName="no-such-function")


def test_a_payload_that_is_no_json_is_refused(lab: "Lab", function: str) -> None:
    """Lambda takes JSON alone."""
    with pytest.raises(lab.lambda_.exceptions.InvalidRequestContentException):
        lab.lambda_.invoke(FunctionName=function, Payload=b"not json")
