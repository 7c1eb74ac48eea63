"""Output that nobody reads any more: the command goes on with its work, and says nothing about it."""

import fcntl
import os
import subprocess
from pathlib import Path
from typing import IO

import pytest

from tests.integration.account import Account
from tests.integration.project import COMMAND, Project


def start(project: Project, *words: str, stdout: "IO[bytes] | int", stderr: "IO[bytes] | int") -> subprocess.Popen[str]:
    """Start the command with these two streams."""
    command, environment = [str(COMMAND), *words], {**project.environment}
    return subprocess.Popen(command, cwd=project.root, env=environment, stdout=stdout, stderr=stderr, text=True)


def unread() -> "IO[bytes]":
    """The writing end of a pipe whose reading end is closed."""
    reading, writing = os.pipe()
    os.close(reading)
    return os.fdopen(writing, "wb")


@pytest.mark.parametrize(
    "words", [("state", "list"), ("state", "list", "--json"), ("status",), ("--help",), ("schema",)]
)
def test_results(project: Project, words: tuple[str, ...]) -> None:
    """A result that nobody reads is no failure: exit 0, and not a word on stderr."""
    project.succeed("up")
    with unread() as stdout, start(project, *words, stdout=stdout, stderr=subprocess.PIPE) as process:
        assert "" == process.communicate(timeout=120)[1]
    assert process.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no disk that is always full")
@pytest.mark.parametrize("words", [("state", "list"), ("state", "list", "--json"), ("--help",)])
def test_a_full_disk_is_an_error(project: Project, words: tuple[str, ...]) -> None:
    """A result that cannot be written is exit 1, told in words on stderr, with --json too, and once."""
    with Path("/dev/full").open("wb") as full, start(project, *words, stdout=full, stderr=subprocess.PIPE) as process:
        told = process.communicate(timeout=120)[1].splitlines()
    assert (1, "Error: The output cannot be written", 2) == (process.returncode, told[0], len(told))


def test_what_was_read_is_there(project: Project) -> None:
    """What the reader took before he left has come whole; what waits in the pipe then ends the command no less well."""
    whole = project.succeed("schema").out
    with start(project, "schema", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        fcntl.fcntl(process.stdout, getattr(fcntl, "F_SETPIPE_SZ", fcntl.F_GETFD), 4096)  # less than there is to say
        assert whole.splitlines()[:2] == [process.stdout.readline().rstrip("\n") for _ in range(2)]
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_the_exit_code_is_that_of_the_work(project: Project) -> None:
    """An error and a difference have their exit codes, whether anybody reads of them or not."""
    with unread() as nobody:
        for words, code in ((("plan", "--exit-code"), 6), (("plan", "--config", "nowhere"), 2), (("nonsense",), 2)):
            with start(project, *words, stdout=nobody, stderr=nobody) as process:
                assert code == process.wait(120)


def test_up_goes_on(project: Project, account: Account) -> None:
    """`up 2>&1 | head -1` makes all that it was asked for: whoever stops looking has not asked it to stop."""
    with unread() as nobody, start(project, "up", stdout=nobody, stderr=nobody) as process:
        assert process.wait(120) == 0
    assert "function media-dev-ingest" in account.names()
    assert {} == project.succeed("plan", "--json").differing


def test_the_other_stream_is_whole(project: Project) -> None:
    """Where nobody reads stderr the result on stdout comes all the same."""
    result = project.succeed("up").out.splitlines()[0]
    with unread() as nobody, start(project, "down", "--yes", stdout=subprocess.PIPE, stderr=nobody) as process:
        out, _ = process.communicate(timeout=120)
    assert (0, [result]) == (process.returncode, out.splitlines()[:1])
    assert out.splitlines()[-1].startswith("Done: ")
