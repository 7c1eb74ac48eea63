import threading
from pathlib import Path

import pytest

from task_deployer.aws import Aws
from task_deployer.observe import observe_all
from tests.toys.kinds import Board, Part, Toy
from tests.toys.runs import down, means, up
from tests.toys.world import World

A = Toy("a")
B, C = Toy("b", (A,)), Toy("c", (A,))
D = Toy("d", (B, C))
DIAMOND = (A, B, C, D)


@pytest.mark.parametrize("workers", [1, 8])
def test_what_others_depend_on_comes_first(manifest_path: Path, world: World, workers: int) -> None:
    """A thing is made when all that it refers to is there, whatever the number of workers."""
    _, outcome = up(manifest_path, world, DIAMOND, means(world, workers=workers))
    assert {"toy.a", "toy.b", "toy.c", "toy.d"} == set(outcome.done)
    names = [name for _, name in world.calls]
    assert (names[0], names[-1]) == ("a", "d")


@pytest.mark.parametrize("workers", [1, 8])
def test_what_depends_on_others_goes_first(manifest_path: Path, world: World, workers: int) -> None:
    """A thing is deleted when all that refers to it is gone, whatever the number of workers."""
    up(manifest_path, world, DIAMOND)
    world.calls.clear()
    down(manifest_path, world, means(world, workers=workers))
    names = [name for _, name in world.calls]
    assert (names[0], names[-1], len(names)) == ("d", "a", 4)
    assert world.toys == {}


def test_independent_changes_overlap(manifest_path: Path, world: World) -> None:
    """Changes that do not depend on each other are under way at the same time."""
    together = threading.Barrier(4, timeout=60)

    def meet(verb: str, _name: str, _aws: Aws) -> None:
        if verb == "create":
            together.wait()

    world.before = meet
    four = tuple(Toy(name) for name in "abcd")
    _, outcome = up(manifest_path, world, four, means(world, workers=4))
    assert len(outcome.done) == 4


def test_reads_overlap(world: World) -> None:
    """All is read at the same time, as far as there are workers."""
    together = threading.Barrier(4, timeout=60)
    world.before = lambda _verb, _name, _aws: _wait(together)
    things = {Toy(name).address: ("toy", Toy(name).identity) for name in "abcd"}
    assert observe_all(means(world, workers=4), things) == dict.fromkeys(things)


def _wait(barrier: threading.Barrier) -> None:
    barrier.wait()


def test_one_worker_does_one_thing_at_a_time(manifest_path: Path, world: World) -> None:
    """With one worker no two changes are under way at once."""
    busy = threading.Lock()

    def enter(verb: str, _name: str, _aws: Aws) -> None:
        if verb == "create":
            assert busy.acquire(blocking=False)

    world.before, world.after = enter, lambda _verb, _name, _aws: busy.release()
    _, outcome = up(manifest_path, world, tuple(Toy(name) for name in "abcd"))
    assert len(outcome.done) == 4


def test_the_graph_is_as_wide_as_its_references(manifest_path: Path, world: World) -> None:
    """A change does not wait for others that merely stand before it in the plan: no stage, no barrier."""
    slow_is_running, chain_is_done = threading.Event(), threading.Event()

    def hold(verb: str, name: str, _aws: Aws) -> None:
        if (verb, name) == ("create", "slow"):
            slow_is_running.set()
            assert chain_is_done.wait(60)
        if (verb, name) == ("create", "last"):
            assert slow_is_running.wait(60)
            chain_is_done.set()

    world.before = hold
    first = Toy("first")
    desired = (Toy("slow"), first, Toy("last", (first,)))
    _, outcome = up(manifest_path, world, desired, means(world, workers=2))
    assert set(outcome.done) == {"toy.slow", "toy.first", "toy.last"}


def test_a_second_up_makes_no_call(manifest_path: Path, world: World) -> None:
    """What is as wanted is kept, and the manifest's text stays the same to the byte."""
    desired = (A, Part("p", A), Board("board", (("n", "ours"),), (A,)))
    up(manifest_path, world, desired)
    world.calls.clear()
    before = manifest_path.read_bytes()
    _, outcome = up(manifest_path, world, desired)
    assert (world.calls, outcome.done, manifest_path.read_bytes()) == ([], (), before)


def test_what_is_wanted_no_longer_goes_last(manifest_path: Path, world: World) -> None:
    """Deletions begin when all that is wanted has been made."""
    up(manifest_path, world, (A, B))
    world.calls.clear()
    _, outcome = up(manifest_path, world, (A, Toy("new")))
    assert [("create", "new"), ("delete", "b")] == world.calls
    assert outcome.done == ("toy.new", "toy.b")


def test_a_part_goes_with_its_whole(manifest_path: Path, world: World) -> None:
    """What AWS takes along needs no call of its own, and is done when its whole is."""
    up(manifest_path, world, (A, Part("p", A)))
    world.calls.clear()
    _, outcome = down(manifest_path, world)
    assert (world.calls, set(outcome.done)) == ([("delete", "a")], {"part.p", "toy.a"})
    assert (world.parts, manifest_path.exists()) == ({}, False)
