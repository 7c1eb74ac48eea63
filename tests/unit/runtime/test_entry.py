import os
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = """
def handle_event(name, key):
    print("called with", name, key)
"""

INVOKE = """
import logging, sys
logging.basicConfig()
sys.path.insert(0, sys.argv[1])
from task_runtime.entry import handler
print(handler({"Records": []}, None))
"""


def _python(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a Python of its own, as Lambda does."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", script, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_importing_the_runtime_loads_no_boto3() -> None:
    """Importing task_runtime, and an invocation that publishes nothing, load neither boto3 nor anything of the tool."""
    done = _python("""
import sys
import task_runtime
task_runtime.make_handler(lambda name, key: None)({"Records": []}, None)
print(sorted({name.partition(".")[0] for name in sys.modules} & {"boto3", "botocore", "task_deployer"}))
""")
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_the_configured_handler_runs_the_configured_callback(tmp_path: Path) -> None:
    """`task_runtime.entry.handler` is a Lambda handler for the function that TASK_DEPLOY_CALLBACK names."""
    (tmp_path / "tasks.py").write_text(GOOD)
    done = _python(INVOKE, str(tmp_path), TASK_DEPLOY_CALLBACK="tasks:handle_event")
    assert (done.stdout, done.stderr) == ("{'records': 0, 'commands': 0}\n", "")


@pytest.mark.parametrize(
    ("source", "callback", "told"),
    [
        (GOOD, "tasks:handle_evnt", "tasks has no handle_evnt; did you mean handle_event?"),
        (GOOD, "task:handle_event", "importing task failed: ModuleNotFoundError: No module named 'task'"),
        (GOOD, "tasks", "TASK_DEPLOY_CALLBACK is 'tasks', not module:function"),
        (GOOD, "", "TASK_DEPLOY_CALLBACK is '', not module:function"),
        ("import nowhere_to_be_found", "tasks:handle_event", "No module named 'nowhere_to_be_found'"),
        ("def handle_event(:", "tasks:handle_event", "SyntaxError"),
        ("config = {}['missing']", "tasks:handle_event", "KeyError: 'missing'"),
        ("handle_event = 1", "tasks:handle_event", "is no function but int"),
        (
            "def handle_event(): ...",
            "tasks:handle_event",
            "tasks.handle_event() cannot be called with (event_name, key)",
        ),
    ],
)
def test_a_callback_that_cannot_be_had_is_told_at_the_start(
    source: str, callback: str, told: str, tmp_path: Path
) -> None:
    """What is wrong with the callback ends the import of the entry point with a CallbackError that says it."""
    (tmp_path / "tasks.py").write_text(source)
    done = _python(INVOKE, str(tmp_path), TASK_DEPLOY_CALLBACK=callback)
    last_line = done.stderr.splitlines()[-1]
    assert done.returncode == 1
    assert last_line.startswith("task_runtime.actions.CallbackError: ")
    assert told in last_line


def test_the_users_own_traceback_is_logged(tmp_path: Path) -> None:
    """An import that fails logs the traceback into the user's file, because Lambda reports the last exception alone."""
    (tmp_path / "tasks.py").write_text("price = 1 / 0")
    done = _python(INVOKE, str(tmp_path), TASK_DEPLOY_CALLBACK="tasks:handle_event")
    logged = done.stderr.partition("ERROR:task_runtime:the import of tasks failed")[2]
    assert 'tasks.py", line 1' in logged.partition("CallbackError")[0]
