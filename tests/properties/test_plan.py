import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from task_deployer.conflicts import is_existing
from task_deployer.plan import Action, emptying, keeping, plan_down, plan_up
from task_deployer.records import Origin, Record, Status, container_of
from task_deployer.resources.base import Address
from task_deployer.status import State, compare, worst
from tests.builders import LINEAGE, MEMORY, TASK, recorded, resources_of
from tests.seen import as_wanted
from tests.toys.kinds import Chest, Part, Toy
from tests.toys.world import SeenToy

pytestmark = pytest.mark.usefixtures("toys")

EVENTS = ["ObjectCreated", "ObjectRemoved:Delete", "LifecycleExpiration"]


@st.composite
def bucket_tables(draw: st.DrawFn, task: str, key: str) -> str:
    """A bucket's table, with any of its settings."""
    lines = [f"[tasks.{task}.buckets.{key}]", f'mode = "{draw(st.sampled_from(["Read", "Write", "ReadWrite"]))}"']
    lines.append(f"events = {draw(st.lists(st.sampled_from(EVENTS), unique=True))}")
    lines += draw(st.lists(st.sampled_from([f'prefix = "{task}-{key}/"', "cors = []"]), unique=True))
    if draw(st.booleans()):
        return "\n".join([*lines, "existing = true", 'name = "theirs"', f'suffix = "{task}{key}"', ""])
    ours = ["versioning = true", "expire_days = 3", "abort_uploads_days = 7"]
    return "\n".join([*lines, *draw(st.lists(st.sampled_from(ours), unique=True)), ""])


@st.composite
def stacks(draw: st.DrawFn) -> str:
    """The tables of a stack with one or two tasks."""
    tables = ["[command_topics.orders]\n[command_topics.theirs]\nqueue = 'billing'\n"]
    for task in draw(st.sampled_from([["one"], ["one", "two"]])):
        topics = draw(st.lists(st.sampled_from(["orders", "theirs"]), unique=True))
        tables.append(f"[tasks.{task}]\n{TASK}command_topics = {topics}\n")
        extra = ["failure_queue = false", "reserved_concurrency = 0", 'role_path = "/apps/"', "memory_mb = 128"]
        tables.append("\n".join([*draw(st.lists(st.sampled_from(extra), unique=True)), ""]))
        tables += [draw(bucket_tables(task, key)) for key in draw(st.lists(st.sampled_from("xy"), unique=True))]
    return "".join(tables)


@given(stacks())
@settings(max_examples=60)
def test_what_is_as_wanted_is_all_kept(tables: str) -> None:
    """Where AWS is as the config wants it, the plan keeps everything and the status is ok, whatever the config."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as root:
        desired = list(resources_of(Path(root), tables).values())
    seen = {resource.address: as_wanted(resource) for resource in desired}
    records = recorded(*desired)
    for resource in filter(is_existing, desired):
        records[resource.address] = replace(records[resource.address], origin=Origin.ADOPTED)
    plan = plan_up(desired, seen, records, LINEAGE)
    assert plan.pending == ()
    assert [change.address for change in plan.changes] == [resource.address for resource in desired]
    assert worst(compare(desired, seen, records, LINEAGE)) is State.OK


@given(stacks())
@settings(max_examples=30)
def test_the_first_up_creates_what_is_not_somebody_elses(tables: str) -> None:
    """On an empty account everything is created, but what the config declares as existing, and wishes for nothing."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as root:
        desired = list(resources_of(Path(root), tables).values())
    existing = {resource.address for resource in filter(is_existing, desired)}
    seen = {resource.address: as_wanted(resource) if resource.address in existing else None for resource in desired}
    plan = plan_up(desired, seen, {}, LINEAGE)
    nothing = {resource.address for resource in desired if resource.wants_nothing}
    assert {change.address for change in plan.pending} == {r.address for r in desired} - existing - nothing
    assert {change.action for change in plan.pending} <= {Action.CREATE}


A = Toy("a")
THINGS = {toy.address: toy for toy in (A, Toy("b", (A,)), Chest("c", (A,)), Part("p", A), Part("q", Toy("b")))}
seen_toys = st.sampled_from([None, SeenToy(1, {}), SeenToy(1, {"task-deployer:manifest": "another"})])


@st.composite
def situations(draw: st.DrawFn) -> tuple[dict[Address, Record], dict[Address, object]]:
    """Some of the toys, recorded in any way and seen in any way."""
    records: dict[Address, Record] = {}
    seen: dict[Address, object] = {}
    for address in draw(st.lists(st.sampled_from(sorted(THINGS)), unique=True)):
        thing = THINGS[address]
        origin, status = draw(st.sampled_from(Origin)), draw(st.sampled_from(Status))
        edges = tuple(parent.address for parent in thing.depends_on)
        records[address] = Record(thing.kind, thing.identity, edges, origin, status)
        seen[address] = draw(st.sampled_from([None, 1])) if thing.kind == "part" else draw(seen_toys)
    return records, seen


@given(situations(), st.frozensets(st.sampled_from(["toy", "chest", "part"])))
def test_only_what_we_made_is_ever_deleted(
    situation: tuple[dict[Address, Record], dict[Address, object]], kept: frozenset[str]
) -> None:
    """Whatever is recorded and seen, a deletion is of a thing recorded as created that bears nobody else's tags."""
    records, seen = situation
    for plan in (plan_down(records, seen, LINEAGE), plan_up([], seen, records, LINEAGE)):
        for change in emptying(keeping(plan, kept)).of(Action.DELETE):
            assert records[change.address].origin is Origin.CREATED
            assert seen[change.address] != SeenToy(1, {"task-deployer:manifest": "another"})
            assert change.kind not in kept
            whole = container_of(records[change.address])
            assert whole is None or records[whole].origin is Origin.CREATED


@given(situations())
def test_down_speaks_of_everything_once(situation: tuple[dict[Address, Record], dict[Address, object]]) -> None:
    """Every record is in the plan of `down` once, before what it depends on, and each leaves the manifest."""
    records, seen = situation
    plan = plan_down(records, seen, LINEAGE)
    order = [change.address for change in plan.changes]
    assert sorted(order) == sorted(records)
    for address, record in records.items():
        assert all(order.index(address) < order.index(edge) for edge in record.depends_on if edge in records)
    assert all(change.action is Action.DELETE or change.forgets for change in plan.changes)
