"""Whatever is renamed in a config, what it still uses is not deleted."""

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from task_deployer.conflicts import is_existing
from task_deployer.errors import ConfigError, SafetyError
from task_deployer.plan import Action, Desired, plan_up
from task_deployer.readdress import readdressed, refuse_divided
from task_deployer.records import Origin, Record, in_order
from task_deployer.resources import KINDS
from task_deployer.resources.base import ENTRIES, Address, Identity, entries_of
from tests.builders import ACCOUNT, LINEAGE, MEMORY, TASK, recorded, resources_of
from tests.seen import as_wanted

TASKS, KEYS = ["a", "a-b", "c"], ["x", "b-x", "y"]
NAMES = ["data-one", "data-two", ""]
DELIVERIES = ["direct", "queue", "eventbridge"]
THINGS = {"bucket", "queue", "function", "role", "log_group", "event_rule"}
"""The kinds that are known by their ARN; all others are parts of those."""


@st.composite
def stacks(draw: st.DrawFn) -> str:
    """A stack whose tasks, keys, topics and bucket names are drawn from so few that they are often met again."""
    tables = [draw(st.sampled_from(["", *(_topic(topic) for topic in ("orders", "a-failures"))]))]
    tables.append(draw(st.sampled_from(["", "[command_topics.buys]\nqueue = 'media-dev-orders.fifo'\n"])))
    names = draw(st.permutations(NAMES))
    for task in draw(st.lists(st.sampled_from(TASKS), unique=True, min_size=1, max_size=2)):
        failures = draw(st.booleans())
        tables.append(f"[tasks.{task}]\n{TASK}failure_queue = {str(failures).lower()}\n")
        for key in draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=2)):
            tables.append(f'[tasks.{task}.buckets.{key}]\nmode = "Read"\n')
            name = names.pop() if names else ""
            tables.append(f'name = "{name}"\n' if name else "")
            tables.append("existing = true\n" if name and draw(st.integers(0, 3)) == 0 else "")
            tables.append(f'delivery = "{draw(st.sampled_from(DELIVERIES))}"\nprefix = "{task}/"\n')
            tables.append(draw(st.sampled_from(["", "cors = []\n"])))
    return "".join(tables)


def _topic(name: str) -> str:
    return f"[command_topics.{name}]\nfifo = {str(name == 'orders').lower()}\n"


def resources(tables: str) -> tuple[Desired, ...]:
    """What these tables want; nothing if they contradict themselves."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as root:
        try:
            return tuple(resources_of(Path(root), tables).values())
        except ConfigError:
            return ()


def manifest_of(made: tuple[Desired, ...]) -> dict[Address, Record]:
    """What is recorded after an `up`."""
    records = recorded(*made)
    for resource in filter(is_existing, made):
        records[resource.address] = Record(resource.kind, resource.identity, origin=Origin.ADOPTED)
    return {r.address: records[r.address] for r in made if not r.wants_nothing}


def at_aws(made: tuple[Desired, ...], wanted: tuple[Desired, ...]) -> Mapping[Address, object]:
    """What is seen of all that is made or wanted: what was made is there, and so is what is somebody else's."""
    there = {(r.kind, *sorted(r.identity.items())): as_wanted(r) for r in made}
    seen = {r.address: as_wanted(r) for r in made}
    for r in wanted:
        found = there.get((r.kind, *sorted(r.identity.items())))
        seen[r.address] = as_wanted(r) if found is None and is_existing(r) else found
    return seen


def marks(kind: str, identity: Identity) -> set[tuple[str, ...]]:
    """What a resource is at AWS: a thing by its ARN, a part by what it lies in, our entries one by one."""
    if kind in THINGS:
        return {(kind, KINDS[kind].arns(ACCOUNT, identity)[0])}
    rest = {key: value for key, value in identity.items() if key not in (ENTRIES, "owner")}
    entries = entries_of(identity) if ENTRIES in identity else ("",)
    return {(kind, entry, *sorted(rest.values())) for entry in entries}


@given(stacks(), stacks())
@settings(max_examples=150)
def test_nothing_that_is_wanted_is_deleted(before: str, after: str) -> None:
    """Of two configs in a row, the second's plan refuses, or deletes nothing that is wanted or referred to."""
    made, wanted = resources(before), resources(after)
    moved = readdressed(wanted, manifest_of(made))
    try:
        plan = plan_up(wanted, at_aws(made, wanted), moved.records, LINEAGE)
    except (SafetyError, ConfigError):
        return
    used = set().union(*(marks(r.kind, r.identity) for r in wanted))
    for change in plan.of(Action.DELETE):
        identity = moved.records[change.address].identity
        gone = {**identity, ENTRIES: " ".join(change.entries)} if ENTRIES in identity else identity
        assert set() == marks(change.kind, gone) & used, change.address


@given(stacks(), stacks())
@settings(max_examples=60)
def test_a_refusal_is_for_what_is_ours_and_to_be_used_as_somebody_elses(before: str, after: str) -> None:
    """Where the second config refers to nothing of ours as somebody else's, all that it still uses moves."""
    made, wanted = resources(before), resources(after)
    ours = {mark for r in made if not is_existing(r) for mark in marks(r.kind, r.identity)}
    referred = {mark for r in wanted if is_existing(r) for mark in marks(r.kind, r.identity)}
    records = readdressed(wanted, manifest_of(made)).records
    if not ours & referred and not any(r.origin is Origin.ADOPTED for r in records.values()):
        refuse_divided(wanted, records)
        there = {mark for r in wanted if r.kind in THINGS for mark in marks(r.kind, r.identity) & ours}
        kept = {m for r in wanted if r.address in records for m in marks(r.kind, records[r.address].identity)}
        assert there <= kept


@given(stacks(), stacks())
@settings(max_examples=60)
def test_moving_loses_no_record(before: str, after: str) -> None:
    """What is recorded after a move is what was recorded before it, each once, in an order that can be taken down."""
    records = manifest_of(resources(before))
    moved = readdressed(resources(after), records)
    assert Counter(_things(records)) == Counter(_things(moved.records))
    assert set(moved.records) == set(in_order(moved.records))
    assert moved.records == readdressed(resources(after), moved.records).records, "a second time nothing moves"


def _things(records: Mapping[Address, Record]) -> Iterator[tuple[object, ...]]:
    for record in records.values():
        yield record.kind, record.origin, *sorted(record.identity.items())
