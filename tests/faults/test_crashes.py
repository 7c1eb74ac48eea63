"""The process dies before or after any one of its mutating calls; then a plain `up` or `down` sets all right.

SQLite's way: die at the n-th call, n = 0, 1, 2, ... until a run comes through unharmed. Reads need no death of their
own: they leave AWS and the manifest as the call before them did. Every call is gone on from in both ways: by `up` where
it died before an even call or after an odd one, by `down` otherwise. The numbers are dealt to lanes for the workers.
"""

import itertools
from collections.abc import Callable

import pytest

from tests.aws import Crash, crashing, watched
from tests.faults.scene import Scene
from tests.invariants import assert_all_recorded, assert_nothing_left, read_foreign

LANES = 3
BEFORE, AFTER = "before-call", "after-call"

pytestmark = [
    pytest.mark.faults,
    pytest.mark.parametrize("when", [BEFORE, AFTER]),
    pytest.mark.parametrize("lane", range(LANES)),
]


def test_a_first_up_that_died_is_gone_on_from(new_scene_of_any_sort: Callable[[], Scene], when: str, lane: int) -> None:
    """After a first `up` that died, `up` makes the rest and nothing twice, and `down` removes all that was made."""
    _die_everywhere(new_scene_of_any_sort, when, lane, Scene.up)


def test_an_update_that_died_is_gone_on_from(new_scene_of_any_sort: Callable[[], Scene], when: str, lane: int) -> None:
    """After an `up` that died while it made, changed and removed, `up` finishes all three and `down` removes all."""

    def about_to_change() -> Scene:
        scene = _deployed(new_scene_of_any_sort)
        scene.change()
        return scene

    _die_everywhere(about_to_change, when, lane, Scene.up)


def test_a_down_that_died_is_gone_on_from(new_scene_of_any_sort: Callable[[], Scene], when: str, lane: int) -> None:
    """After a `down` that died, `down` removes the rest, and `up` is as good as a first one."""
    _die_everywhere(lambda: _deployed(new_scene_of_any_sort), when, lane, Scene.down)


def _deployed(make: Callable[[], Scene]) -> Scene:
    scene = make()
    scene.up()
    return scene


def _die_everywhere(make: Callable[[], Scene], when: str, lane: int, deed: Callable[[Scene], object]) -> None:
    """Let the deed die at every call of the lane until it comes through; at least one has to die."""
    for number in itertools.count(lane, LANES):
        scene = make()
        calls = _die(scene, when, number, deed)
        if calls is None:
            assert number > lane
            return
        go_on = _up_converges if (number % 2 == 0) is (when == BEFORE) else _down_leaves_nothing
        try:
            go_on(scene)
        except BaseException as error:
            error.add_note(f"It had died, {when}, at the last of these: {', '.join(calls)}")
            raise


def _die(scene: Scene, when: str, number: int, deed: Callable[[Scene], object]) -> list[str] | None:
    """Do the deed and die at that call; None if it came through."""
    with crashing(scene.aws, when, number) as calls:
        try:
            deed(scene)
        except Crash:
            return calls
    return None


def _up_converges(scene: Scene) -> None:
    outcome = scene.up().outcome
    assert () == outcome.failed
    assert () == outcome.skipped
    assert_all_recorded(scene.manifest)
    with watched(scene.aws) as asked:
        again = scene.up()
    assert [] == asked.mutating
    assert () == again.plan.pending
    assert scene.foreign == read_foreign(scene.aws, scene.name)


def _down_leaves_nothing(scene: Scene) -> None:
    assert () == scene.down().outcome.failed
    assert_nothing_left(scene.aws, scene.name, scene.folder)
    assert scene.foreign == read_foreign(scene.aws, scene.name)
