"""What a stack has in buckets of others and its manifest does not know: an older copy of it, or one made anew."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from botocore.exceptions import ClientError
from botocore.model import OperationModel

from task_deployer.aws import Aws
from task_deployer.errors import SafetyError
from task_deployer.plan import Action
from task_deployer.resources.notification_document import Entry, merge
from task_deployer.result import Result
from tests.aws import Crash, Fault, answering, crashing, new_name, watched
from tests.faults.scene import Scene, set_up
from tests.invariants import entries_of_ours, everything

pytestmark = pytest.mark.faults

STACK: Final = '[stack]\nname = "{name}"\nregion = "eu-central-1"\n'
TASK: Final = '[tasks.a]\nsource = "src"\ncallback = "handler:handle"\n'
FORBIDDEN: Final = Fault(403, "AccessDenied", "Access Denied")


def attached(key: str, bucket: str = "theirs", *settings: str) -> str:
    """A bucket of others that the task listens to, and to which it adds a CORS rule."""
    head = f'[tasks.a.buckets.{key}]\nmode = "Read"\nname = "{{name}}-{bucket}"\nexisting = true\n'
    rule = 'cors = [{{ allowed_origins = ["https://a.example.com"], allowed_methods = ["GET"] }}]'
    return "\n".join([head + rule, *settings, ""])


def names(key: str) -> list[str]:
    """The ids of what a key makes in a bucket of others, without what the stack's begin with."""
    return [f"a-{key}-Created", f"a-{key}-Deleted", f"a-{key}-1"]


@dataclass(frozen=True)
class Life:
    """A stack whose config and manifest change without each other."""

    scene: Scene

    def configure(self, *tables: str) -> None:
        """Write the config."""
        text = "".join((STACK, *tables)).format(name=self.scene.name)
        (self.scene.folder / "config" / "task.toml").write_text(text)

    def up(self, *tables: str) -> None:
        """`up` with these tables goes well."""
        self.configure(*tables)
        assert () == self.scene.up().outcome.failed

    def ours(self, bucket: str = "theirs") -> list[str]:
        """The ids of what is ours in a bucket of others, without what the stack's begin with."""
        found = entries_of_ours(self.scene.aws, f"{self.scene.name}-{bucket}")
        ids = [str(one["Id"] if isinstance(one, Mapping) else one) for one in found]
        return [one.removeprefix(f"{self.scene.name}-dev-") for one in ids]

    def assert_nothing_left(self) -> None:
        """Nothing of the stack is at AWS or on record any more."""
        assert [] == [t for t in everything(self.scene.aws) if self.scene.name in t and not t.endswith("-theirs")]
        assert [[], []] == [self.ours(), self.ours("later-theirs")]
        assert not self.scene.manifest.exists()

    def reasons(self, result: Result) -> dict[str, str]:
        """Why each change was made, without the stack's name."""
        return {c.address.replace(f"{self.scene.name}-", ""): c.reason for c in result.plan.changes}


@pytest.fixture
def life(aws: Aws, tmp_path: Path) -> Life:
    """A stack beside two buckets of others."""
    name = new_name()
    scene = set_up(aws, tmp_path / name, name, STACK)
    later = f"{name}-later-theirs"
    aws.s3.create_bucket(Bucket=later, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    rule = {"ID": "theirs", "AllowedMethods": ["PUT"], "AllowedOrigins": ["*"]}
    aws.s3.put_bucket_cors(Bucket=later, CORSConfiguration={"CORSRules": [rule]})  # type: ignore[list-item]  # a rule
    return Life(scene)


@pytest.fixture
def outdated(life: Life) -> Life:
    """A manifest and a config from before another bucket of others was attached to."""
    life.up(TASK, attached("x"))
    older = life.scene.manifest.read_bytes()
    life.up(TASK, attached("x"), attached("y", "later-theirs"))
    life.configure(TASK, attached("x"))
    life.scene.manifest.write_bytes(older)
    return life


@pytest.fixture
def renamed(life: Life) -> Life:
    """The manifest was lost, and the key of the bucket was renamed since the last `up`."""
    life.up(TASK, attached("x"))
    life.scene.manifest.unlink()
    life.configure(TASK, attached("y"))
    return life


@contextmanager
def refusing_later(life: Life, *operations: str) -> Iterator[None]:
    """S3 forbids these calls on the bucket that no record names."""

    def refuse(params: Mapping[str, str], model: OperationModel, **_: object) -> None:
        if params["Bucket"].endswith("-later-theirs"):
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "Access Denied"}}, model.name)

    events = life.scene.aws.s3.meta.events
    for name in operations:
        events.register(f"before-parameter-build.s3.{name}", refuse)
    yield
    for name in operations:
        events.unregister(f"before-parameter-build.s3.{name}", refuse)


def test_adopt_takes_what_bears_a_former_key(renamed: Life) -> None:
    """Entries and CORS rules of ours under a former key are taken over and named; the next `up` renames them."""
    with watched(renamed.scene.aws) as asked:
        told = renamed.reasons(renamed.scene.adopt())
    assert [] == asked.mutating
    base = f"{renamed.scene.name}-dev"
    ids = f"{base}-a-x-Created, {base}-a-x-Deleted"
    assert f"taken over; this stack's own, and was not recorded: {ids}" == told["notifications.theirs"]
    assert f"this stack's own, and was not recorded: {base}-a-x-1" == told["cors.a.x"]
    assert () == renamed.scene.up().outcome.failed
    assert names("y") == renamed.ours()
    assert () == renamed.scene.up().plan.pending
    with pytest.raises(SafetyError, match="nothing of its lineage that it does not record"):
        renamed.scene.adopt()


def test_down_after_such_an_adopt_leaves_nothing(renamed: Life) -> None:
    """What `adopt` has taken over goes with `down`, also where no `up` was between."""
    renamed.scene.adopt()
    renamed.scene.down()
    renamed.assert_nothing_left()


def test_down_takes_out_what_no_record_names(outdated: Life) -> None:
    """Entries and CORS rules of ours in a bucket that only the function's policy names go before the function does."""
    assert names("y") == outdated.ours("later-theirs")
    result = outdated.scene.down()
    assert [] == outdated.ours("later-theirs")
    assert ((), ()) == (result.outcome.failed, result.warnings)
    base = f"{outdated.scene.name}-dev"
    ids = f"{base}-a-y-Created, {base}-a-y-Deleted"
    assert f"this stack's own, and was not recorded: {ids}" in outdated.reasons(result)["notifications.later-theirs"]
    outdated.assert_nothing_left()


def test_it_takes_few_calls(outdated: Life) -> None:
    """To look for them takes one call for the function and one for a bucket that no record names."""
    aws = outdated.scene.aws
    with watched(aws) as asked:
        outdated.scene.down()
    recorded_permission, recorded_documents = 1, 1
    assert 1 + recorded_permission == asked.count("GetPolicy")
    put = asked.operations.index("PutBucketNotificationConfiguration")
    looked = asked.operations[:put].count("GetBucketNotificationConfiguration")
    assert 1 + recorded_documents + 1 == looked  # the last one is read again just before it is written


def test_a_second_up_looks_for_none(life: Life) -> None:
    """An `up` that deletes no function and no queue asks nothing for it."""
    life.up(TASK, attached("x"))
    with watched(life.scene.aws) as asked:
        life.scene.up()
    assert 1 == asked.count("GetPolicy")
    assert 1 == asked.count("GetBucketNotificationConfiguration")


@pytest.mark.parametrize("number", range(6))
def test_a_death_leaves_no_dead_entry(outdated: Life, number: int) -> None:
    """Wherever a `down` dies, the next one leaves nothing of ours in any bucket."""
    with crashing(outdated.scene.aws, "after-call", number), pytest.raises(Crash):
        outdated.scene.down()
    outdated.scene.down()
    outdated.assert_nothing_left()


def warned(result: Result, life: Life) -> list[tuple[str, str]]:
    """The codes and addresses of the warnings, without the stack's name."""
    return [(one.code, one.address.replace(f"{life.scene.name}-", "")) for one in result.warnings]


def test_a_bucket_that_may_not_be_read_is_told(outdated: Life) -> None:
    """Where nobody may look whether an entry of ours is there, `down` does the rest, and says what may be left dead."""
    with refusing_later(outdated, "GetBucketNotificationConfiguration"):
        result = outdated.scene.down()
    assert () == result.outcome.failed
    assert [("left-dead", "notifications.later-theirs")] == warned(result, outdated)
    assert "s3:GetBucketNotification" in result.warnings[0].message
    assert names("y") == outdated.ours("later-theirs")


def test_a_bucket_that_may_not_be_written_is_told(outdated: Life) -> None:
    """Where what is ours and on no record may not be taken out, `down` does the rest, and names what is left."""
    with refusing_later(outdated, "PutBucketNotificationConfiguration", "PutBucketCors", "DeleteBucketCors"):
        result = outdated.scene.down()
    assert () == result.outcome.failed
    told = {("left-dead", "notifications.later-theirs"), ("left-over", "cors.a.y")}
    assert told == set(warned(result, outdated))
    (dead,) = (one.message for one in result.warnings if one.code == "left-dead")
    assert f"{outdated.scene.name}-dev-a-y-Created" in dead
    assert "ask the bucket's owner" in dead
    assert not outdated.scene.manifest.exists()


def test_a_policy_that_may_not_be_read_is_told(life: Life) -> None:
    """Where it is unknown which buckets send to a function, `down` does the rest, and says so."""
    life.up(TASK, attached("x", "theirs", 'delivery = "queue"'))
    with answering(life.scene.aws, "GetPolicy", FORBIDDEN):
        result = life.scene.down()
    assert () == result.outcome.failed
    assert [("left-dead", "function.a")] == warned(result, life)
    assert [] == life.ours()


def test_up_takes_out_what_goes_to_what_it_deletes(outdated: Life) -> None:
    """An `up` that drops a task takes out the entries that go to it, also those on no record; `plan` says so."""
    outdated.configure(TASK.replace("tasks.a", "tasks.b"))
    actions = {c.address.replace(f"{outdated.scene.name}-", ""): c.action for c in outdated.scene.plan().plan.changes}
    assert Action.DELETE is actions["notifications.later-theirs"]
    assert () == outdated.scene.up().outcome.failed
    assert [[], []] == [outdated.ours(), outdated.ours("later-theirs")]
    assert () == outdated.scene.up().plan.pending


def test_entries_of_a_queue_go_with_it(life: Life) -> None:
    """An entry that goes to an event queue of ours is told by the queue's name, and goes before the queue does."""
    queued = attached("x", "theirs", 'delivery = "queue"', 'prefix = "in/"')
    life.up(TASK, queued)
    queue = life.scene.aws.account.arn("sqs", f"{life.scene.name}-dev-a-x-events")
    stray = Entry(f"{life.scene.name}-dev-a-x-Deleted", queue, ("s3:ObjectRemoved:*",), "in/")
    older = life.scene.manifest.read_text().replace(f" {stray.key}", "")
    life.scene.manifest.write_text(older)
    assert stray.key not in older
    assert () == life.scene.down().warnings
    life.assert_nothing_left()


def test_what_others_send_to_our_function_stays_and_is_told(life: Life) -> None:
    """An entry of another form, in a bucket that only the policy names, is not taken for ours: it is told and stays."""
    life.up(TASK, attached("x"))
    aws, function = life.scene.aws, f"{life.scene.name}-dev-a"
    later = f"{life.scene.name}-later-theirs"
    aws.lambda_.add_permission(
        FunctionName=function,
        StatementId="theirs",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn=aws.account.bucket_arn(later),
    )
    manual = Entry("theirs-by-hand", aws.account.arn("lambda", f"function:{function}"), ("s3:ObjectCreated:*",))
    document = merge({}, [manual], ())
    aws.s3.put_bucket_notification_configuration(Bucket=later, NotificationConfiguration=document)  # type: ignore[arg-type]  # a document
    result = life.scene.down()
    assert [("left-dead", "notifications.later-theirs")] == warned(result, life)
    assert ["theirs-by-hand"] == life.ours("later-theirs")


def test_up_says_whose_the_entry_in_its_way_is(outdated: Life) -> None:
    """An entry of ours that is on no record and overlaps is told as such; the advice is `adopt`, and it works."""
    outdated.configure(TASK, attached("x"), attached("z", "later-theirs"))
    with watched(outdated.scene.aws) as asked, pytest.raises(SafetyError) as caught:
        outdated.scene.up()
    assert [] == asked.mutating
    assert f"this stack's own, not recorded: {outdated.scene.name}-dev-a-y-Created" in caught.value.detail
    assert "Run `task-deploy adopt`" in caught.value.hint
    assert "prefix" not in caught.value.hint
    outdated.scene.adopt()
    assert () == outdated.scene.up().outcome.failed
    assert names("z") == outdated.ours("later-theirs")
    assert names("x") == outdated.ours()


def test_only_says_that_the_other_is_recorded(life: Life) -> None:
    """An entry of a task that was renamed, which `--only` spares, is told with the true advice: `up` without it."""
    life.up(TASK, attached("x"))
    life.configure(TASK.replace("tasks.a", "tasks.b"), attached("x").replace("tasks.a", "tasks.b"))
    with watched(life.scene.aws) as asked, pytest.raises(SafetyError) as caught:
        life.scene.up(only="b")
    assert [] == asked.mutating
    assert f"{life.scene.name}-dev-a-x-Created" in caught.value.detail
    assert "run `up` without --only" in caught.value.hint
    assert "prefix" not in caught.value.hint
    assert () == life.scene.up().outcome.failed
    assert [one.replace("a-", "b-", 1) for one in names("x")] == life.ours()


def test_only_leaves_what_the_config_dropped(life: Life) -> None:
    """`--only` leaves recorded entries of a dropped task as they are, at AWS and on record, where nothing overlaps."""
    life.up(TASK, attached("x", "theirs", 'prefix = "in/"'))
    other = attached("x", "theirs", 'prefix = "out/"').replace("tasks.a", "tasks.b")
    life.configure(TASK.replace("tasks.a", "tasks.b"), other)
    assert () == life.scene.up(only="b").outcome.failed
    both = [f"{task}-x-{which}" for task in "ab" for which in ("Created", "Deleted")]
    assert {*both, "a-x-1", "b-x-1"} == set(life.ours())
    assert () == life.scene.up(only="b").plan.pending
    life.scene.down()
    life.assert_nothing_left()


def test_only_offers_the_bucket_where_it_is_recorded(life: Life) -> None:
    """After a task was renamed, `--only` shows the bucket with the new name alone; the former queue waits for `up`."""
    queued = '[tasks.a.buckets.x]\nmode = "Read"\nname = "{name}-data"\ndelivery = "queue"\n'
    life.up(TASK, queued)
    bridged = queued.replace('"queue"', '"eventbridge"')
    life.configure(*(table.replace("tasks.a", "tasks.b") for table in (TASK, bridged)))
    result = life.scene.up(only="b")
    assert () == result.outcome.failed
    assert result.outputs is not None
    tasks = result.outputs["tasks"]
    assert "buckets" not in tasks["a"]
    data = f"{life.scene.name}-data"
    assert {"x": {"name": data, "arn": f"arn:aws:s3:::{data}"}} == tasks["b"]["buckets"]
    assert () == life.scene.up().outcome.failed
    after = life.scene.status().outputs
    assert after is not None
    assert {"b"} == after["tasks"].keys()
