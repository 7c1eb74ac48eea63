"""What others had in a bucket's notifications before we wrote them can be put back."""

import shlex
from typing import TYPE_CHECKING, Final, TypedDict, cast

import pytest

from tests.integration.account import Account
from tests.integration.project import CONFIG, Project, Ran

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import NotificationConfigurationTypeDef

SHARED: Final = "everybodys-bucket"
ATTACHED: Final = CONFIG + f'name = "{SHARED}"\nexisting = true\nprefix = "in/"\n'
COMMAND: Final = ("restore-notifications", SHARED)


class Put(TypedDict):
    """One line of what was put back."""

    id: str
    action: str


@pytest.fixture
def queue(project: Project, account: Account) -> str:
    """A queue of others that is told of two sorts of events in their bucket, to which our stack is attached."""
    account.bucket(SHARED)
    queue = account.queue("theirs")
    put(account, entry(queue, "one", "s3:ObjectRestore:*"), entry(queue, "two", "s3:ObjectTagging:*"))
    project.configure(ATTACHED)
    project.succeed("up")
    return queue


def entry(queue: str, name: str, event: str) -> dict[str, object]:
    """An entry of others."""
    return {"Id": name, "QueueArn": queue, "Events": [event]}


def put(account: Account, *theirs: dict[str, object]) -> None:
    """Others write their entries, and leave ours as they are."""
    found = account.s3.get_bucket_notification_configuration(Bucket=SHARED)
    document = {key: value for key, value in found.items() if key == "LambdaFunctionConfigurations"}
    wanted = {**document, "QueueConfigurations": [*theirs]}
    account.s3.put_bucket_notification_configuration(
        Bucket=SHARED, NotificationConfiguration=cast("NotificationConfigurationTypeDef", wanted)
    )


def events(account: Account) -> dict[str, list[str]]:
    """The events of each entry to a queue."""
    found = account.s3.get_bucket_notification_configuration(Bucket=SHARED).get("QueueConfigurations", [])
    return {str(one.get("Id")): [str(event) for event in one["Events"]] for one in found}


def actions(ran: Ran) -> dict[str, str]:
    """What was done with which entry."""
    changes = cast("list[Put]", ran.document["changes"])
    return {change["id"]: change["action"] for change in changes}


def test_what_is_gone_or_changed_is_put_back(project: Project, account: Account, queue: str) -> None:
    """An entry that is gone comes back, a changed one is as it was, one that appeared since stays, and so do ours."""
    ours = account.s3.get_bucket_notification_configuration(Bucket=SHARED)["LambdaFunctionConfigurations"]
    put(account, entry(queue, "two", "s3:ObjectAcl:Put"), entry(queue, "new", "s3:LifecycleTransition"))
    ran = project.succeed(*COMMAND, "--yes", "--json")
    assert {"one": "create", "two": "update", "new": "keep"} == actions(ran)
    assert {
        "one": ["s3:ObjectRestore:*"],
        "two": ["s3:ObjectTagging:*"],
        "new": ["s3:LifecycleTransition"],
    } == events(account)
    assert ours == account.s3.get_bucket_notification_configuration(Bucket=SHARED)["LambdaFunctionConfigurations"]
    assert project.succeed("plan", "--json").differing == {}


def test_what_appeared_since_goes_only_if_told(project: Project, account: Account, queue: str) -> None:
    """With --drop-new the bucket has what was kept, and our entries, and nothing else."""
    put(account, entry(queue, "new", "s3:LifecycleTransition"))
    ran = project.succeed(*COMMAND, "--drop-new", "--yes", "--json")
    assert {"one": "create", "two": "create", "new": "delete"} == actions(ran)
    assert {"one", "two"} == set(events(account))
    assert project.succeed("plan", "--json").differing == {}


def test_after_down_too(project: Project, account: Account, queue: str) -> None:
    """What was kept of a bucket of others outlives `down`, and needs neither manifest nor config."""
    project.succeed("down", "--yes")
    assert not project.manifest.exists()
    put(account, entry(queue, "two", "s3:ObjectTagging:*"))
    for path in (project.root / "config").iterdir():
        path.unlink()
    assert {"one": "create"} == actions(project.succeed(*COMMAND, "--yes", "--json"))
    assert "LambdaFunctionConfigurations" not in account.s3.get_bucket_notification_configuration(Bucket=SHARED)


def test_twice_is_once(project: Project, account: Account, queue: str) -> None:
    """A second run has nothing to do: what the first one wrote over is put back only by --from."""
    folder = project.manifest.parent / "notifications"
    put(account, entry(queue, "one", "s3:ObjectRestore:*"), entry(queue, "two", "s3:ObjectAcl:Put"))
    before = set(folder.iterdir())
    project.succeed(*COMMAND, "--yes")
    assert "Nothing to do" in project.succeed(*COMMAND, "--yes").out
    assert ["s3:ObjectTagging:*"] == events(account)["two"]
    (undo,) = set(folder.iterdir()) - before
    assert {"two": "update"} == actions(project.succeed(*COMMAND, "--from", str(undo), "--yes", "--json"))
    assert ["s3:ObjectAcl:Put"] == events(account)["two"]
    for path in before:
        path.unlink()
    assert f"--from {undo.parent}" in project.refused(*COMMAND, code=2)["hint"]
    elsewhere = f"my folder/notifications/{undo.name}"
    project.write(elsewhere, next(folder.iterdir()).read_text())
    hint = project.refused(*COMMAND, "--manifest", "my folder/m.json", code=2)["hint"]
    assert shlex.split(hint.partition("add ")[2]) == ["--from", elsewhere], "as a shell takes it"


def test_nothing_to_do(project: Project, account: Account, queue: str) -> None:
    """Where all that was kept is there nothing is asked and nothing put, also if it is run again."""
    assert queue
    before = account.listing()
    assert "Nothing to do" in project.succeed(*COMMAND).out
    assert before == account.listing()


def test_a_question_nobody_can_answer(project: Project, account: Account, queue: str) -> None:
    """Without a terminal and without --yes nothing is put: exit code 2. What differs is shown."""
    put(account, entry(queue, "two", "s3:ObjectTagging:*"))
    ran = project.run(*COMMAND)
    assert ran.code == 2
    assert "+ one" in ran.err
    assert {"two"} == set(events(account))
    assert project.refused(*COMMAND, code=2)["summary"].startswith("A question is due")


def test_nothing_kept(project: Project, account: Account) -> None:
    """A bucket that nothing was kept of is an error that names those that something was kept of."""
    account.bucket("another")
    error = project.refused("restore-notifications", "another", code=2)
    assert "another" in error["summary"]
    assert "none" in error["detail"]


def test_what_overlaps_is_refused_by_name(project: Project, account: Account, queue: str) -> None:
    """What S3 would not take beside what is there now is refused before anything is put; both are named."""
    put(account, entry(queue, "two", "s3:ObjectTagging:*"), entry(queue, "new", "s3:ObjectRestore:Post"))
    error = project.refused(*COMMAND, "--yes", code=5)
    assert "one (" in error["detail"]
    assert "new (" in error["detail"]
    assert {"two", "new"} == set(events(account))


def test_what_was_kept_of_our_bucket_goes_with_it(project: Project, account: Account) -> None:
    """Others' entries in a bucket of ours are kept too, until `down` removes the bucket: then nothing is left."""
    project.succeed("up")
    bucket = next(bucket["Name"] for bucket in account.s3.list_buckets()["Buckets"])
    found = account.s3.get_bucket_notification_configuration(Bucket=bucket)["LambdaFunctionConfigurations"]
    theirs = entry(account.queue("theirs"), "one", "s3:ObjectRestore:*")
    document = {"LambdaFunctionConfigurations": found, "QueueConfigurations": [theirs]}
    account.s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration=cast("NotificationConfigurationTypeDef", document)
    )
    project.edit("config/task.toml", 'mode = "Read"\n', 'mode = "Read"\nprefix = "in/"\n')
    project.succeed("up")
    assert 1 == len(list((project.manifest.parent / "notifications").glob(f"{bucket}.*.json")))
    project.succeed("down", "--yes")
    assert not project.manifest.parent.exists()
