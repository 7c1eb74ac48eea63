"""Whole lives of a stack whose tasks, keys and topics are renamed: what keeps its name at AWS lives on."""

import itertools
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from task_deployer.aws import Aws
from task_deployer.manifest import read
from task_deployer.plan import Action
from task_deployer.records import Status
from task_deployer.resources.base import Address
from tests.aws import Crash, crashing, new_name, watched
from tests.faults.scene import Scene, set_up
from tests.invariants import assert_all_recorded, assert_nothing_left

pytestmark = pytest.mark.faults

STACK: Final = '[stack]\nname = "{name}"\nregion = "eu-central-1"\n'
STEPS: Final = 4
TASKS, KEYS, BUCKETS = ("a", "a-b", "c"), ("x", "b-x", "y"), ("one", "two", "three")


@dataclass(frozen=True)
class Life:
    """A stack whose config is written anew again and again. Its buckets are full, so that none can go unnoticed."""

    scene: Scene

    def configure(self, tables: str) -> None:
        """Write the config."""
        text = (STACK + tables).replace("{name}", self.scene.name)
        (self.scene.folder / "config" / "task.toml").write_text(text)

    def fill(self, *buckets: str) -> None:
        """Put something into these buckets."""
        for bucket in buckets:
            self.scene.aws.s3.put_object(Bucket=f"{self.scene.name}-{bucket}", Key="precious", Body=b"x")

    def empty(self, *buckets: str) -> None:
        """See that it is still there, and take it out."""
        for bucket in buckets:
            self.scene.aws.s3.get_object(Bucket=f"{self.scene.name}-{bucket}", Key="precious")
            self.scene.aws.s3.delete_object(Bucket=f"{self.scene.name}-{bucket}", Key="precious")

    def up(self) -> Mapping[Address, Action]:
        """`up` gets there, and a second one has nothing to do; what the first one did."""
        result = self.scene.up()
        assert () == result.outcome.failed
        assert_all_recorded(self.scene.manifest)
        with watched(self.scene.aws) as asked:
            assert () == self.scene.up().plan.pending
        assert [] == asked.mutating
        return {change.address: change.action for change in result.plan.changes}


@pytest.fixture
def new_life(aws: Aws, tmp_path: Path) -> Callable[[], Life]:
    """Make one more stack."""

    def new() -> Life:
        name = new_name()
        return Life(set_up(aws, tmp_path / name, name, STACK))

    return new


def job(task: str, *settings: str) -> str:
    """A task without a bucket."""
    return "\n".join([f'[tasks.{task}]\nsource = "src"\ncallback = "handler:handle"', *settings, ""])


def bucket(task: str, key: str, name: str, *settings: str) -> str:
    """A bucket of the task that has this name at AWS."""
    head = f'[tasks.{task}.buckets.{key}]\nmode = "Read"\nname = "{{name}}-{name}"'
    return "\n".join([head, *settings, ""])


@pytest.mark.parametrize("seed", range(3))
def test_no_bucket_is_lost_however_often_it_is_renamed(new_life: Callable[[], Life], seed: int) -> None:
    """Three full buckets move between tasks and keys, and none is ever deleted or emptied."""
    chance, life = random.Random(seed), new_life()  # noqa: S311 - it is to be the same each time
    for step in range(STEPS):
        tasks = chance.sample(TASKS, 2)
        places = chance.sample([(task, key) for task in tasks for key in KEYS], len(BUCKETS))
        options = ["versioning = true", "expire_days = 3", "cors = []", 'delivery = "queue"', "events = []"]
        tables = [bucket(*place, name, *chance.sample(options, 2)) for place, name in zip(places, BUCKETS, strict=True)]
        life.configure("".join([*map(job, tasks), *tables]))
        done = life.up()
        assert not [a for a, action in done.items() if a.startswith("bucket.") and action is Action.DELETE]
        if step == 0:
            life.fill(*BUCKETS)
    life.empty(*BUCKETS)


def test_two_buckets_change_places(new_life: Callable[[], Life]) -> None:
    """Two keys that exchange their buckets exchange their records, and nothing is made or deleted."""
    life = new_life()
    life.configure(job("t") + bucket("t", "a", "one") + bucket("t", "b", "two", "versioning = true"))
    life.up()
    life.configure(job("t") + bucket("t", "b", "one") + bucket("t", "a", "two", "versioning = true"))
    done = life.up()
    assert {Action.KEEP, Action.UPDATE} == set(done.values())
    assert Action.KEEP is done[Address("versioning.t.a")]


def test_what_is_wanted_no_longer_goes_under_the_new_address(new_life: Callable[[], Life]) -> None:
    """A setting that the renamed bucket had and shall not have any more is taken away, and nothing else of it.

    Its CORS rules get the ids of the new address.
    """
    life = new_life()
    life.configure(job("old") + bucket("old", "x", "one", "versioning = true"))
    life.up()
    life.configure(job("new") + bucket("new", "x", "one"))
    done = life.up()
    assert Action.DELETE is done[Address("versioning.new.x")]
    assert {Action.KEEP} == {done[Address(f"{kind}.new.x")] for kind in ("bucket", "bucket_tags")}
    assert Action.UPDATE is done[Address("cors.new.x")]


def test_a_name_that_coincides_moves(new_life: Callable[[], Life]) -> None:
    """A topic that comes by the name of a failure queue takes the queue over, with what is in it."""
    life = new_life()
    aws, name = life.scene.aws, life.scene.name
    life.configure(job("t") + bucket("t", "x", "one"))
    life.up()
    url = aws.account.queue_url(f"{name}-dev-t-failures")
    aws.sqs.send_message(QueueUrl=url, MessageBody="precious")
    life.configure(
        job("t", "failure_queue = false") + bucket("t", "x", "one") + "[command_topics.t-failures]\nfifo = false\n"
    )
    assert Action.DELETE not in life.up().values()
    assert "precious" == aws.sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"]


def test_what_was_recorded_twice_is_recorded_once(new_life: Callable[[], Life]) -> None:
    """A manifest that has one bucket under two addresses loses that which is wanted no longer, and not the bucket."""
    life = new_life()
    life.configure(job("old") + bucket("old", "x", "one"))
    life.up()
    life.fill("one")
    once = json.loads(life.scene.manifest.read_text())["resources"]
    life.configure(job("new") + bucket("new", "x", "one"))
    life.up()
    twice = json.loads(life.scene.manifest.read_text())
    twice["resources"] |= {address: record for address, record in once.items() if address.endswith(".old.x")}
    life.scene.manifest.write_text(json.dumps(twice))
    assert Action.DELETE not in {action for a, action in life.up().items() if not a.startswith("permission.")}
    assert "bucket.old.x" not in life.scene.manifest.read_text()
    life.empty("one")


def test_one_task_alone_takes_over_what_another_had(new_life: Callable[[], Life]) -> None:
    """`--only` of the task that has the bucket now moves its record as well."""
    life = new_life()
    life.configure(job("old") + bucket("old", "x", "one", "events = []"))
    life.up()
    life.configure(job("new") + bucket("new", "x", "one", "events = []"))
    done = {change.address: change.action for change in life.scene.up(only="new").plan.changes}
    assert Action.KEEP is done[Address("bucket.new.x")]
    recorded = read(life.scene.manifest)
    assert recorded
    assert {"bucket.new.x", "function.old", "function.new"} < set(recorded.records)
    assert "bucket.old.x" not in recorded.records


@pytest.mark.parametrize("when", ["before-call", "after-call"])
def test_a_renaming_that_died_is_gone_on_from(new_life: Callable[[], Life], when: str) -> None:
    """Wherever an `up` that renames dies, the bucket is on record once, and the next `up` or `down` finishes."""
    for number in itertools.count(0, 3):
        life = new_life()
        life.configure(job("old") + bucket("old", "x", "one"))
        life.up()
        life.configure(job("new") + bucket("new", "y", "one"))
        with crashing(life.scene.aws, when, number):
            try:
                life.scene.up()
            except Crash:
                died = True
            else:
                died = False
        if not died:
            assert number > 0
            return
        recorded = read(life.scene.manifest)
        assert recorded
        assert {"bucket.new.y": Status.READY} == {
            address: record.status for address, record in recorded.records.items() if record.kind == "bucket"
        }
        if number % 2:
            assert () == life.scene.down().outcome.failed
            assert_nothing_left(life.scene.aws, life.scene.name, life.scene.folder)
        else:
            life.up()
