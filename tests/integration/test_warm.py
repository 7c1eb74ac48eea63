"""The command in an interpreter that was started ahead is the command as a user starts it."""

import subprocess

import pytest

from tests.integration.project import COMMAND, Project, Ran


def cold(project: Project, *words: str) -> Ran:
    """Run the installed script as a user's shell does."""
    ended = subprocess.run(
        [COMMAND, *words],
        cwd=project.root,
        env=project.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return Ran(ended.returncode, ended.stdout, ended.stderr)


@pytest.mark.parametrize(
    "words", [("plan", "--json"), ("plan",), ("down",), ("--help",), ("no-such-command",)], ids=" ".join
)
def test_it_is_the_installed_command(project: Project, words: tuple[str, ...]) -> None:
    """Started ahead or from nothing it says the same, on the same streams, and ends with the same code."""
    assert cold(project, *words) == project.run(*words)
