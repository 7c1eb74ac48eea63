"""Whole runs on the toy world, made of the real parts: the manifest on the disk, the plan, the engine."""

from pathlib import Path

from task_deployer import manifest
from task_deployer.engine import execute
from task_deployer.events import Event, Outcome
from task_deployer.manifest import Manifest
from task_deployer.observe import observe_all, until_shown
from task_deployer.plan import Plan, plan_down, plan_up
from task_deployer.resources.base import Address, AnyResource, joined, same_thing
from task_deployer.walk import Means
from tests.builders import ACCOUNT
from tests.toys.world import World


def observe(world: World, desired: tuple[AnyResource, ...], journal: Manifest) -> dict[Address, object]:
    """Read all that is wanted or recorded, in a shared document the entries of either."""
    things = {address: (record.kind, record.identity) for address, record in journal.records.items()}
    for resource in desired:
        _, old = things.get(resource.address, ("", resource.identity))
        both = joined(resource.identity, old) if same_thing(resource.identity, old) else resource.identity
        things[resource.address] = (resource.kind, both)
    return observe_all(Means(world.aws(), lambda _: None, 1), things)


def means(world: World, events: list[Event] | None = None, workers: int = 1) -> Means:
    """The means to work with: this world, and a list that takes what is reported."""
    return Means(world.aws(), (events if events is not None else []).append, workers)


def up(path: Path, world: World, desired: tuple[AnyResource, ...], with_: Means | None = None) -> tuple[Plan, Outcome]:
    """Make the world as wanted, and see that it shows it."""
    with manifest.opened(path, "media", "dev", ACCOUNT) as journal:
        observed = observe(world, desired, journal)
        plan = plan_up(desired, observed, journal.records, journal.lineage)
        by_address = {resource.address: resource for resource in desired}
        given = with_ or means(world)
        outcome = execute(plan, by_address, observed, journal, given)
        done = [resource for resource in desired if resource.address in outcome.done]
        journal.finish(until_shown(given, done, observed).seen)
        return plan, outcome


def down(path: Path, world: World, with_: Means | None = None) -> tuple[Plan, Outcome]:
    """Remove all that is recorded."""
    with manifest.opened(path, "media", "dev", ACCOUNT) as journal:
        observed = observe(world, (), journal)
        plan = plan_down(journal.records, observed, journal.lineage)
        return plan, execute(plan, {}, observed, journal, with_ or means(world))
