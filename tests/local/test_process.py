"""The server as a process: one a project, found, stopped, and nothing left behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

import task_deployer
from task_deployer.errors import TaskDeployError
from task_deployer.local import process
from task_deployer.local.place import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local.conftest import Event, Lab

SPAWNING = """
import os, subprocess

def handle(event, context):
    child = subprocess.Popen(["sleep", "600"])
    return {"pid": os.getpid(), "child": child.pid, "home": os.environ["HOME"]}
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Iterator[Path]":
    """A project root whose local AWS, if a test starts one, is stopped in the end."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    project = tmp_path / "project"
    project.mkdir()
    yield project
    process.stop(project)


def state_of(pid: int) -> str:
    """What `ps` says of a process: D waits for the disk, Z only waits to be collected; nothing if it is not there."""
    found = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout  # noqa: S607 - wherever ps is
    return found.strip()


def runs(pid: int) -> bool:
    """True if the process is there and is no zombie."""
    state = state_of(pid)
    return bool(state) and not state.startswith("Z")


def wait_until_gone(*pids: int) -> None:
    """Waits for processes to end."""
    patience = time.monotonic() + 120
    while any(map(runs, pids)):
        assert time.monotonic() < patience, f"still there: {[(pid, state_of(pid)) for pid in pids]}"
        time.sleep(0.05)


def left_behind(root: Path) -> list[Path]:
    """What is in the state folder, this project's and all others'."""
    return list(Place.of(root).folder.parent.iterdir())


def test_a_project_has_one_server_until_it_is_stopped(root: Path) -> None:
    """Start is idempotent, find tells of it, and after stop nothing is found and nothing listens."""
    assert process.find(root) is None
    started = process.start(root)
    assert process.start(root) == started
    assert process.find(root) == started
    assert started.account == "000000000000"
    assert runs(started.pid)
    assert process.stop(root) is True
    assert process.find(root) is None
    assert process.stop(root) is False
    wait_until_gone(started.pid)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(started.endpoint_url.rpartition(":")[2])), timeout=5)
    assert left_behind(root) == []
    assert list(root.iterdir()) == []


def test_starts_at_the_same_moment_give_one_server(root: Path) -> None:
    """However many start it, there is one."""
    with ThreadPoolExecutor(4) as pool:
        started = set(pool.map(process.start, [root] * 4))
    assert len(started) == 1


def test_starting_and_stopping_at_once_comes_to_one_end(root: Path) -> None:
    """Whatever order they take, each start returns a server that answered, and after a last stop nothing is there."""
    with ThreadPoolExecutor(6) as pool:
        starts = [pool.submit(process.start, root) for _ in range(3)]
        stops = [pool.submit(process.stop, root) for _ in range(3)]
        pids = {start.result().pid for start in starts}
        assert {stop.result() for stop in stops} <= {True, False}
    process.stop(root)
    wait_until_gone(*pids)
    assert left_behind(root) == []


def test_two_projects_have_two_servers(root: Path) -> None:
    """What one project makes is not in the other's local AWS."""
    other = root.parent / "other"
    other.mkdir()
    try:
        assert process.start(root).endpoint_url != process.start(other).endpoint_url
        process.stop(other)
        assert process.find(root) is not None
    finally:
        process.stop(other)


def test_it_listens_on_loopback_alone(root: Path) -> None:
    """No other address of the machine answers, not even another loopback one."""
    port = int(process.start(root).endpoint_url.rpartition(":")[2])
    with pytest.raises(OSError, match=r"refused|unreachable|timed out|assign"):
        socket.create_connection(("127.0.0.2", port), timeout=2)


def deploy_and_invoke(lab: "Lab") -> "Event":
    """Runs a handler that starts a process of its own; gives both ids and the sandbox's home."""
    return cast("Event", lab.invoke(lab.function(SPAWNING)))


def test_stop_ends_sandboxes_and_what_they_started(root: Path, new_lab: "type[Lab]") -> None:
    """After stop neither a sandbox nor a child of a handler runs, and the sandbox's folder is gone."""
    lab = new_lab(root, process.start(root))
    answer = deploy_and_invoke(lab)
    lab.close()
    assert process.stop(root)
    wait_until_gone(cast("int", answer["pid"]), cast("int", answer["child"]))
    assert not Path(str(answer["home"])).exists()
    assert left_behind(root) == []


def test_a_killed_server_takes_its_sandboxes_along(root: Path, new_lab: "type[Lab]") -> None:
    """Even after SIGKILL no sandbox survives; find cleans up, and the next start works."""
    started = process.start(root)
    lab = new_lab(root, started)
    answer = deploy_and_invoke(lab)
    lab.close()
    os.kill(started.pid, signal.SIGKILL)
    wait_until_gone(started.pid, cast("int", answer["pid"]), cast("int", answer["child"]))
    assert process.find(root) is None
    assert left_behind(root) == []
    assert process.start(root).pid != started.pid


def test_a_server_that_does_not_listen_to_reason_is_killed(root: Path) -> None:
    """A stopped process cannot obey SIGTERM; stop ends it all the same."""
    started = process.start(root)
    os.kill(started.pid, signal.SIGSTOP)
    assert process.stop(root, timeout=0.2) is True
    wait_until_gone(started.pid)


def test_the_server_does_not_hold_its_starters_pipes(root: Path) -> None:
    """A command that starts it ends for whoever reads its output, while the server goes on."""
    code = "from pathlib import Path\nfrom task_deployer.local import process\n"
    said = run_apart(f"{code}print(process.start(Path({str(root)!r})).pid)")
    found = process.find(root)
    assert found is not None
    assert found.pid == int(said)


def test_a_port_that_is_taken_is_told_with_the_servers_own_words(root: Path) -> None:
    """If the server cannot come up, the error has the end of its log."""
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(TaskDeployError) as caught:
        process.start(root, port=taken.getsockname()[1])
    assert "did not come up" in caught.value.summary
    assert "already in use" in caught.value.detail
    assert caught.value.hint


def test_a_wanted_port_is_taken_again_after_a_restart(root: Path) -> None:
    """Stop and start on one port work without a pause."""
    port = int(process.start(root).endpoint_url.rpartition(":")[2])
    process.stop(root)
    assert process.start(root, port=port).endpoint_url == f"http://127.0.0.1:{port}"


def run_apart(code: str, *options: str) -> str:
    """What a fresh interpreter prints."""
    folder = str(Path(task_deployer.__file__).parents[1])
    code = f"import sys; sys.path.insert(0, {folder!r})\n{code}"
    command = [sys.executable, *options, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def test_without_the_extra_the_error_says_what_to_install(root: Path) -> None:
    """An interpreter without the packages gets an expected error with the command that helps."""
    code = f"""
from pathlib import Path
from task_deployer.errors import TaskDeployError
from task_deployer.local import process
from task_deployer.local.place import Place
try:
    process.start(Path({str(root)!r}))
except TaskDeployError as error:
    print(error.summary, "|", error.hint)
"""
    said = run_apart(code, "-S")  # -S: no installed packages
    assert said == "the embedded local AWS is not installed | pip install 'task-deploy[local]'\n"


def test_finding_out_loads_no_heavy_package() -> None:
    """What the command line imports of the local AWS is the standard library alone."""
    code = "import task_deployer.local.process\nprint({'moto', 'boto3', 'werkzeug', 'flask'} & set(sys.modules))"
    assert run_apart(code) == "set()\n"
