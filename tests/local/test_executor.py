"""Sandboxes over time: warm, outdated, idle, ended. Without moto: the executor's own two doors are plain functions."""

import io
import json
import os
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from task_deployer.local.async_events import AsyncEvent, AsyncEvents
from task_deployer.local.executor import Executor
from task_deployer.local.function import Answer, AsyncConfig, Function
from task_deployer.local.runtime_packages import lay_out
from task_deployer.local.sandbox import Credentials, Host

Build = Callable[[str], Function]
OWN_PID = "import os\n\ndef handle(event, context):\n    return os.getpid()\n"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A place for sandboxes."""
    folder = tmp_path / "sandboxes"
    return Host(folder, lay_out(folder / "runtime", client="loop"), "http://127.0.0.1:9")


@pytest.fixture
def executor(host: Host) -> Iterator[Executor]:
    """An executor whose sandboxes are closed when idle for a moment."""
    made = executor_on(host, idle_seconds=0.5)
    yield made
    made.close()


def executor_on(host: Host, *, idle_seconds: float) -> Executor:
    """An executor that gives fake credentials and drops the logs."""
    return Executor(
        host,
        assume=lambda _function, session: Credentials(f"key-{session}-{time.monotonic_ns()}", "secret", "token"),
        publish=lambda _function, _stream, _events: None,
        idle_seconds=idle_seconds,
    )


def pid_of(answer: Answer) -> int:
    """The process that answered."""
    return int(answer.payload)


def wait_until(settled: Callable[[], bool]) -> None:
    """Waits until something is so."""
    patience = time.monotonic() + 120
    while not settled():
        assert time.monotonic() < patience
        time.sleep(0.02)


def has_ended(pid: int) -> bool:
    """True if there is no such process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_an_idle_sandbox_is_closed_after_a_while(executor: Executor, host: Host, function_with: Build) -> None:
    """Its process and its folder go; the next invocation starts a new one."""
    first = pid_of(executor.run(function_with(OWN_PID), b"{}", "1"))
    wait_until(lambda: [path.name for path in host.folder.iterdir()] == ["runtime"])
    assert has_ended(first)
    assert pid_of(executor.run(function_with(OWN_PID), b"{}", "2")) != first


def test_a_changed_function_gets_a_new_sandbox(host: Host, function_with: Build) -> None:
    """A sandbox serves the revision it was started with; an outdated one is ended."""
    executor = executor_on(host, idle_seconds=300)
    function = function_with(OWN_PID)
    first = pid_of(executor.run(function, b"{}", "1"))
    assert pid_of(executor.run(function, b"{}", "2")) == first
    changed = replace(function, environment=(("STAGE", "b"),))
    assert pid_of(executor.run(changed, b"{}", "3")) != first
    wait_until(lambda: has_ended(first))
    executor.close()
    assert [path.name for path in host.folder.iterdir()] == ["runtime"]


def test_a_sandbox_that_died_while_idle_is_not_used(host: Host, function_with: Build, tmp_path: Path) -> None:
    """What a handler leaves running may end the process between two events; the next event does not notice."""
    executor = executor_on(host, idle_seconds=300)
    end = tmp_path / "end"
    function = function_with(f"""
        import os, pathlib, threading, time

        def die_at_the_end():
            while not pathlib.Path({str(end)!r}).exists():
                time.sleep(0.01)
            os._exit(1)

        def handle(event, context):
            threading.Thread(target=die_at_the_end, daemon=True).start()
            return os.getpid()
    """)
    first = pid_of(executor.run(function, b"{}", "1"))
    end.touch()
    wait_until(lambda: has_ended(first))
    end.unlink()
    answer = executor.run(function, b"{}", "2")
    assert answer.error is None
    assert pid_of(answer) != first
    executor.close()


def test_a_retired_function_keeps_no_sandbox(host: Host, function_with: Build, tmp_path: Path) -> None:
    """What is idle ends at once, what is busy answers first and ends then; other functions' sandboxes stay warm."""
    executor = executor_on(host, idle_seconds=300)
    begun, go = tmp_path / "begun", tmp_path / "go"
    function = function_with(f"""
        import os, pathlib, time

        def handle(event, context):
            if event == "busy":
                pathlib.Path({str(begun)!r}).touch()
                while not pathlib.Path({str(go)!r}).exists():
                    time.sleep(0.01)
            return os.getpid()
    """)
    other = replace(function_with(OWN_PID), arn="other")
    others = pid_of(executor.run(other, b"{}", "1"))
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(executor.run, function, b'"busy"', "2")
        wait_until(begun.exists)
        idle = pid_of(executor.run(function, b"{}", "3"))
        executor.retire(function.arn)
        assert has_ended(idle)
        go.touch()
        busy = pid_of(answer.result())
    assert has_ended(busy)
    assert pid_of(executor.run(function, b"{}", "4")) not in {idle, busy}
    assert pid_of(executor.run(other, b"{}", "5")) == others
    executor.close()


def test_code_that_is_no_zip_leaves_nothing_behind(executor: Executor, host: Host, function_with: Build) -> None:
    """The error is the zip's, and no folder stays."""
    with pytest.raises(zipfile.BadZipFile):
        executor.run(replace(function_with(OWN_PID), code=b"no zip"), b"{}", "1")
    assert [path.name for path in host.folder.iterdir()] == ["runtime"]


def test_files_keep_the_modes_they_have_in_the_zip(executor: Executor, function_with: Build) -> None:
    """A program in the package can be run, as on Lambda."""
    buffer = io.BytesIO()
    program = zipfile.ZipInfo("program")
    program.external_attr = 0o100755 << 16
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(program, "#!/bin/sh\nexit 7\n")
        archive.writestr(
            "handler.py",
            "import subprocess\n\ndef handle(event, context):\n    return subprocess.run(['./program']).returncode\n",
        )
    answer = executor.run(replace(function_with(OWN_PID), code=buffer.getvalue()), b"{}", "1")
    assert json.loads(answer.payload) == 7


def test_many_at_once_are_all_answered_and_all_ended(host: Host, function_with: Build, tmp_path: Path) -> None:
    """Concurrent executions share nothing, and closing ends them all."""
    executor = executor_on(host, idle_seconds=300)
    met = tmp_path / "met"
    met.mkdir()
    function = function_with(f"""
        import os, pathlib, time

        def handle(event, context):
            pathlib.Path({str(met)!r}, str(os.getpid())).touch()
            while len(os.listdir({str(met)!r})) < 8:
                time.sleep(0.01)
            return os.getpid()
    """)
    with ThreadPoolExecutor(8) as pool:
        pids = {pid_of(answer) for answer in pool.map(lambda n: executor.run(function, b"{}", str(n)), range(8))}
    assert len(pids) == 8
    executor.close()
    assert all(map(has_ended, pids))


def test_an_event_for_a_deleted_function_vanishes_and_a_retry_meets_the_newest(
    host: Host, function_with: Build
) -> None:
    """Each try looks the function up again; where there is none, the event is gone without a record."""
    executor = executor_on(host, idle_seconds=300)
    failing = replace(function_with("def handle(event, context):\n    raise ValueError\n"), asynchronous=AsyncConfig(1))
    found: list[Function | None] = [None, failing, failing, failing, function_with(OWN_PID)]
    records: list[str] = []
    events = AsyncEvents(
        find=lambda _region, _name: found.pop(0),
        run=executor.run,
        send_failure=lambda _function, record: records.append(record),
        waits=(0.01,),
    )

    events.accept(AsyncEvent("eu-central-1", "f", b'"deleted"', "1"))
    wait_until(lambda: len(found) == 4)
    events.accept(AsyncEvent("eu-central-1", "f", b'"failing"', "2"))
    wait_until(lambda: len(records) == 1)
    events.accept(AsyncEvent("eu-central-1", "f", b'"mended"', "3"))
    wait_until(lambda: not found)
    events.close()
    executor.close()
    assert [json.loads(record)["requestPayload"] for record in records] == ["failing"]
