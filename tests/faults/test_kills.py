"""A process with eight workers is killed for real, or its disk fills; then a plain run sets all right."""

import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from task_deployer.errors import ManifestError
from tests.aws import watched
from tests.faults.scene import Scene
from tests.invariants import assert_all_recorded, assert_nothing_left, read_foreign

SEEDS = range(4)
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("seed", SEEDS)
def test_a_killed_up_and_a_killed_down_are_gone_on_from(
    new_scene: Callable[[], Scene], endpoint_url: str, seed: int
) -> None:
    """Killed at any call of `up`, the next `up` finishes; killed at any of `down`, the next `down` does."""
    chance = random.Random(seed)  # noqa: S311 - where to die is no secret
    scene = new_scene()
    event = chance.choice(["before-call", "after-call"])
    first, last = chance.randrange(18), chance.randrange(11)  # `up` makes 18 mutating calls, `down` 11
    print(f"seed {seed}: {event} number {first} of up, {last} of down")  # noqa: T201 - shown if it fails
    assert -signal.SIGKILL == _run("up", scene, endpoint_url, event, first).returncode
    _assert_up_converges(scene)
    assert -signal.SIGKILL == _run("down", scene, endpoint_url, event, last).returncode
    assert () == scene.down(workers=8).outcome.failed
    assert_nothing_left(scene.aws, scene.name, scene.folder)
    assert scene.foreign == read_foreign(scene.aws, scene.name)


@pytest.mark.parametrize("size", [100, 2000, 5000])
def test_a_disk_that_fills_is_gone_on_from(new_scene: Callable[[], Scene], endpoint_url: str, size: int) -> None:
    """Where the manifest cannot be written nothing more is begun, exit code 4 says so, and the next `up` finishes."""
    scene = new_scene()
    ended = _run("up", scene, endpoint_url, "full-disk", size)
    assert ManifestError.exit_code == ended.returncode, ended.stdout
    assert "cannot be written" in ended.stdout
    _assert_up_converges(scene)


def _run(deed: str, scene: Scene, endpoint_url: str, event: str, number: int) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tests.faults.dying", deed, str(scene.folder), scene.name]
    return subprocess.run(
        [*command, endpoint_url, event, str(number)], cwd=ROOT, check=False, capture_output=True, text=True, timeout=120
    )


def _assert_up_converges(scene: Scene) -> None:
    outcome = scene.up(workers=8).outcome
    assert () == outcome.failed
    assert_all_recorded(scene.manifest)
    with watched(scene.aws) as asked:
        scene.up(workers=8)
    assert [] == asked.mutating
    assert scene.foreign == read_foreign(scene.aws, scene.name)
