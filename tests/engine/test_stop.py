import threading
from dataclasses import replace
from pathlib import Path

import pytest

from task_deployer import manifest
from task_deployer.aws import Aws
from task_deployer.errors import Interrupted
from task_deployer.events import Emptying, Event, Skipped, Waiting
from task_deployer.in_flight import Lookout
from task_deployer.observe import observe_all
from task_deployer.records import Status
from task_deployer.walk import Means
from tests.toys.kinds import Toy
from tests.toys.runs import down, means, up
from tests.toys.world import World

A, OTHER = Toy("a"), Toy("other")
NEXT = Toy("next", (A,))


def status(path: Path) -> dict[str, Status]:
    """The status of each record on the disk."""
    found = manifest.read(path)
    return {address: record.status for address, record in found.records.items()} if found else {}


def test_what_runs_ends_and_nothing_begins(manifest_path: Path, world: World) -> None:
    """After the flag is set the calls in flight end and are recorded; what was ready or waiting is skipped."""
    events: list[Event] = []
    given, both_run = means(world, events, workers=2), threading.Barrier(2, timeout=60)

    def stop_in_flight(verb: str, name: str, _aws: Aws) -> None:
        if verb == "create":
            both_run.wait()
            if name == "a":
                given.stop.set()

    world.before = stop_in_flight
    _, outcome = up(manifest_path, world, (A, OTHER, NEXT, Toy("third")), given)
    assert (set(outcome.done), outcome.stopped) == ({"toy.a", "toy.other"}, True)
    assert set(outcome.skipped) == {"toy.next", "toy.third"}
    assert status(manifest_path) == {"toy.a": Status.READY, "toy.other": Status.READY}
    assert {event.because for event in events if isinstance(event, Skipped)} == {"stopped"}


def test_a_stop_wakes_what_waits(manifest_path: Path, world: World) -> None:
    """A change that waits for AWS to settle ends at once; it is no failure, and its promise stays on record."""
    events: list[Event] = []
    given, asleep = means(world, events, workers=2), threading.Event()

    def wait_or_stop(verb: str, name: str, aws: Aws) -> None:
        if (verb, name) == ("create", "a"):
            aws.patience.tell("the role to reach Lambda")
            asleep.set()
            aws.patience.sleep(3600)
        if (verb, name) == ("create", "other"):
            assert asleep.wait(60)
            given.stop.set()

    world.before = wait_or_stop
    _, outcome = up(manifest_path, world, (A, OTHER), given)
    assert (outcome.done, outcome.failed, outcome.skipped) == (("toy.other",), (), ("toy.a",))
    assert status(manifest_path) == {"toy.a": Status.CREATING, "toy.other": Status.READY}
    assert Waiting(A.address, "the role to reach Lambda") in events


def test_a_verb_of_many_calls_notices_a_stop(manifest_path: Path, world: World) -> None:
    """A verb that tells how far it is ends where the user has asked to stop; what it told before is reported."""
    events: list[Event] = []
    given = means(world, events)

    def empty(verb: str, _name: str, aws: Aws) -> None:
        if verb == "create":
            aws.patience.progress(1000, None)
            given.stop.set()
            aws.patience.progress(2000, 2000)

    world.before = empty
    _, outcome = up(manifest_path, world, (A,), given)
    assert (outcome.done, outcome.failed, outcome.skipped, outcome.stopped) == ((), (), ("toy.a",), True)
    assert [Emptying(A.address, 1000, None)] == [event for event in events if isinstance(event, Emptying)]


def test_a_stop_before_the_deletions_keeps_them(manifest_path: Path, world: World) -> None:
    """A stop while things are made leaves what was to be deleted, and says so."""
    up(manifest_path, world, (OTHER,))
    events: list[Event] = []
    given = means(world, events)

    def stop(verb: str, _name: str, _aws: Aws) -> None:
        if verb == "create":
            given.stop.set()

    world.before = stop
    _, outcome = up(manifest_path, world, (A,), given)
    assert (outcome.done, outcome.skipped) == (("toy.a",), ("toy.other",))
    assert [event.because for event in events if isinstance(event, Skipped)] == ["stopped"]


def test_a_stopped_run_goes_on(manifest_path: Path, world: World) -> None:
    """The same command run again finishes what was stopped, and makes nothing twice."""
    given = means(world)

    def stop(verb: str, _name: str, _aws: Aws) -> None:
        if verb == "create":
            given.stop.set()

    world.before = stop
    up(manifest_path, world, (A, NEXT), given)
    _, outcome = up(manifest_path, world, (A, NEXT))
    assert (outcome.done, outcome.stopped) == (("toy.next",), False)


def test_down_can_be_stopped_and_resumed(manifest_path: Path, world: World) -> None:
    """A stopped `down` keeps the records of what it did not reach, and the next one removes the rest."""
    up(manifest_path, world, (A, NEXT))
    given = means(world)

    def stop(verb: str, _name: str, _aws: Aws) -> None:
        if verb == "delete":
            given.stop.set()

    world.before = stop
    down(manifest_path, world, given)
    assert status(manifest_path) == {"toy.a": Status.READY}
    world.before = lambda _verb, _name, _aws: None
    down(manifest_path, world)
    assert (world.toys, manifest_path.exists()) == ({}, False)


def test_reading_can_be_stopped(world: World) -> None:
    """A stop while AWS is read raises `Interrupted`, and what was not begun is not read."""
    stop, read = threading.Event(), list[str]()

    def note(_verb: str, name: str, _aws: Aws) -> None:
        read.append(name)
        stop.set()

    world.before = note
    things = {Toy(name).address: ("toy", Toy(name).identity) for name in "abcdefgh"}
    with pytest.raises(Interrupted):
        observe_all(Means(world.aws(), lambda _: None, 1, stop), things)
    assert read


def test_what_is_under_way_at_a_stop_is_told_until_it_ends(world: World) -> None:
    """After a stop the calls under way are let end, and whoever waits for them goes on hearing of them."""
    stop, heard, beats = threading.Event(), threading.Event(), list[None]()

    def beat() -> None:
        beats.extend([None] * stop.is_set())
        if len(beats) > 2:
            heard.set()

    def go_on_after_the_stop(_verb: str, _name: str, _aws: Aws) -> None:
        stop.set()
        assert heard.wait(60)

    world.before = go_on_after_the_stop
    aws = replace(world.aws(), lookout=Lookout(tell=beat))
    toy = Toy("a")
    with pytest.raises(Interrupted):
        observe_all(Means(aws, lambda _: None, 1, stop), {toy.address: ("toy", toy.identity)})
    assert heard.is_set()
