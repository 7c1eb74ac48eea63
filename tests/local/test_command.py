"""`--local` and `task-deploy local`, as a user types them."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.project import COMMAND, grow_old

REPOSITORY = Path(__file__).parents[2]


class Project:
    """The example project in a folder of its own, for a user without any AWS account."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root, self._home = root, home
        for part in ("config/task.toml", "lambda_src/handler.py"):
            (root / part).parent.mkdir()
            shutil.copyfile(REPOSITORY / part, root / part)

    def run(self, *words: str, code: int = 0) -> str:
        """Run the command, which has to end with this code; returns its stdout."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self._home), "AWS_PROFILE": "is-not-there"}
        ended = subprocess.run(
            [COMMAND, *words],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == code, ended.stderr
        return ended.stdout


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project, whose local AWS is stopped at the end."""
    made = Project(tmp_path / "project", tmp_path / "home")
    yield made
    made.run("local", "stop")


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path) -> None:
    for name in ("project", "home"):
        (tmp_path / name).mkdir()


def test_a_stack_without_an_account(project: Project) -> None:
    """`--local` needs no AWS settings, starts the local AWS by itself, and keeps its manifest apart from real ones."""
    project.run("up", "--local")
    assert ["demo.dev.json"] == [path.name for path in (project.root / ".task-deploy").rglob("*.json")]
    assert (project.root / ".task-deploy" / "local" / "demo.dev.json").exists()
    assert json.loads(project.run("status", "--local", "--json"))["account"] == "000000000000"
    project.run("down", "--local", "--yes")
    assert not (project.root / ".task-deploy").exists()


def test_start_status_stop(project: Project) -> None:
    """`local start` says where it is, twice the same; `local stop` ends it, and twice is no error."""
    started = json.loads(project.run("local", "start", "--json"))
    assert json.loads(project.run("local", "start", "--json"))["pid"] == started["pid"]
    assert started["endpoint_url"] in project.run("local", "status")
    assert "Stopped." in project.run("local", "stop")
    assert "not running" in project.run("local", "stop")
    assert json.loads(project.run("local", "status", "--json"))["running"] is False


def test_a_stack_outlives_its_aws(project: Project) -> None:
    """What was in a stopped local AWS is missing, `up` makes it again, and `down` finds nothing to trip over."""
    project.run("up", "--local")
    project.run("local", "stop")
    assert json.loads(project.run("status", "--local", "--json"))["state"] == "missing"
    project.run("up", "--local")
    project.run("local", "stop")
    grow_old(project.root / ".task-deploy" / "local" / "demo.dev.json")
    project.run("down", "--local", "--yes")
    assert not (project.root / ".task-deploy").exists()
