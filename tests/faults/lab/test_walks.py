"""A stack whose config changes at random, from one `up` to the next, while AWS is late.

Tasks come and go, and their buckets change the way that events take, their rules and their settings. `FAULT_SEEDS` and
`FAULT_START` say which seeds are run.
"""

import random

import pytest

from tests.faults.lab.conftest import NewLife
from tests.faults.lab.lab import ANSWERED, BEFORE, SENT, Death
from tests.faults.lab.life import UP
from tests.faults.lab.noes import CredentialsEnd, Quota, QuotaOfRules
from tests.faults.lab.others import BucketOfAnother, RoleReplaced
from tests.faults.lab.seeds import alone, chance, rows_of, seeds
from tests.faults.lab.table import ROWS

PASSING = [row for row in ROWS if row not in {BucketOfAnother, CredentialsEnd, Quota, QuotaOfRules, RoleReplaced}]
"""The rows that waiting overcomes, whatever the config is."""

STACK = """
[stack]
name = "{name}"
region = "eu-central-1"
[command_topics.orders]
fifo = true
"""

TASK = """
[tasks.{task}]
source = "src"
callback = "handler:handle"
memory_mb = {memory}
timeout_seconds = {timeout}
failure_queue = {failures}
{topics}
{reserved}
[tasks.{task}.buckets.own]
mode = "Read"
delivery = "{delivery}"
versioning = {versioning}
{expiry}
{events}
"""

ATTACHED = """
[tasks.{task}.buckets.theirs]
mode = "Read"
name = "{name}-theirs"
existing = true
prefix = "{task}/"
delivery = "{delivery}"
{cors}
"""

CORS = 'cors = [{{ allowed_origins = ["https://{task}.example.com"], allowed_methods = ["GET"] }}]'


def config(draw: random.Random, name: str) -> str:
    """A stack of one task or two, each with a bucket of its own, and maybe rules in one of others."""
    tasks = draw.choice([("a",), ("a", "b"), ("b",)])
    return STACK.format(name=name) + "".join(task_table(draw, task, name) for task in tasks)


def task_table(draw: random.Random, task: str, name: str) -> str:
    """One task, with settings as chance has it."""
    own = TASK.format(
        task=task,
        memory=draw.choice([256, 512]),
        timeout=draw.choice([30, 120, 600]),
        failures=draw.choice(["true", "true", "false"]),
        topics=draw.choice(['command_topics = ["orders"]', ""]),
        reserved=draw.choice(["reserved_concurrency = 5", "", ""]),
        delivery=draw.choice(["direct", "direct", "eventbridge", "queue"]),
        versioning=draw.choice(["true", "false"]),
        expiry=draw.choice(["expire_days = 3", "abort_uploads_days = 4", ""]),
        events=draw.choice(['prefix = "in/"', 'events = ["ObjectCreated:Put"]', "events = []", ""]),
    )
    delivery = draw.choice(["direct", "eventbridge", "queue", ""])
    cors = draw.choice([CORS.format(task=task), ""])
    return own + (ATTACHED.format(task=task, name=name, delivery=delivery, cors=cors) if delivery else "")


@pytest.mark.parametrize("seed", seeds(1 / 3))
def test_a_config_changes_while_aws_is_late(new_life: NewLife, seed: int) -> None:
    """Each `up` gets to what is wanted then, also after one that died on the way elsewhere; `down` leaves nothing."""
    draw = chance(seed, "walk")
    with new_life(rows_of(seed, draw.sample(PASSING, draw.randint(1, 3))), alone(seed)) as life:
        written = life.scene.folder / "config" / "task.toml"
        for _ in range(3):
            written.write_text(config(draw, life.scene.name))
            if draw.random() < 0.35:
                life.die(UP, Death(draw.choice((BEFORE, SENT, ANSWERED)), draw.randint(1, 25)))
                if draw.random() < 0.5:
                    written.write_text(config(draw, life.scene.name))
            life.up()
        life.down()
        assert not life.scene.manifest.exists()
