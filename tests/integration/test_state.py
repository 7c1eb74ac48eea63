"""`state list|show|forget` and `unlock`: what is recorded, looked at and mended without AWS and without credentials."""

import json
import socket

import pytest

from tests.integration.account import Account
from tests.integration.project import CONFIG, REGION, Project
from tests.lock_holders import another_process

BUCKET = f"media-dev-ingest-uploads-123456789012-{REGION}"
ADDRESS = "bucket.ingest.uploads"
PARTS = ("bucket_tags", "cors", "lifecycle", "public_access_block", "versioning")
HEAD = {"schema", "command", "stack", "env", "account", "region", "manifest", "lineage", "serial"}


@pytest.fixture
def deployed(project: Project) -> Project:
    """The project after `up`, with a user who has neither credentials nor a way to AWS."""
    project.succeed("up")
    kept = {key: value for key, value in project.environment.items() if not key.startswith("AWS_")}
    return Project(project.root, {**kept, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"})


def recorded(project: Project) -> dict[str, dict[str, object]]:
    """The records on the disk."""
    found: dict[str, dict[str, object]] = json.loads(project.manifest.read_text(encoding="utf-8"))["resources"]
    return found


def document(project: Project, *words: str) -> dict[str, object]:
    """What the command prints with --json."""
    printed: dict[str, object] = json.loads(project.succeed(*words, "--json").out)
    return printed


def test_list(deployed: Project) -> None:
    """`state list` shows every record with kind, identity and status, and so does its document."""
    told = deployed.succeed("state", "list").out.splitlines()
    (line,) = [line for line in told if line.startswith(f"{ADDRESS} ")]
    assert ["bucket", "ready", "created", f"bucket={BUCKET}"] == line.split()[1:]
    assert len(recorded(deployed)) + 2 == len(told), "where it is, the head, and a line for each"

    listed = document(deployed, "state", "list")
    assert HEAD | {"resources"} == set(listed)
    assert ("state list", "media", "dev", "123456789012") == tuple(
        listed[key] for key in ("command", "stack", "env", "account")
    )
    resources = listed["resources"]
    assert isinstance(resources, list)
    assert recorded(deployed) == {one.pop("address"): one for one in resources}


def test_nothing_recorded(project: Project) -> None:
    """Before the first `up` the list is empty, exit 0; there is no address to show or to forget, exit 2."""
    before = project.files()
    assert "Nothing is recorded" in project.succeed("state", "list").out
    assert [] == document(project, "state", "list")["resources"]
    for verb in ("show", "forget"):
        assert ADDRESS in project.refused("state", verb, ADDRESS, "--yes", code=2)["summary"]
    assert before == project.files()


def test_show(deployed: Project) -> None:
    """`state show` prints the record, the ARN of its thing, and who depends on it."""
    shown = document(deployed, "state", "show", ADDRESS)
    resource = shown["resource"]
    assert isinstance(resource, dict)
    assert f"arn:aws:s3:::{BUCKET}" == resource["arn"]
    assert {**recorded(deployed)[ADDRESS], "address": ADDRESS} == {
        key: value for key, value in resource.items() if key not in ("arn", "dependents", "parts", "feeds")
    }
    assert "cors.ingest.uploads" in resource["dependents"]
    told = deployed.succeed("state", "show", ADDRESS).out
    assert f"arn:aws:s3:::{BUCKET}" in told
    assert "needed by" in told


@pytest.mark.parametrize("verb", ["show", "forget"])
def test_an_unknown_address_names_the_nearest(deployed: Project, verb: str) -> None:
    """An address that is not recorded is exit 2, names those that are most like it, and no more; nothing is changed."""
    before = deployed.files()
    hint = deployed.refused("state", verb, "bucket.ingest.upload", "--yes", code=2)["hint"]
    close, _, rest = hint.partition("? ")
    assert ADDRESS == close.removeprefix("Did you mean ").split(" or ")[0]
    assert (3, "`task-deploy state list` shows all that is recorded.") == (len(close.split(" or ")), rest)
    assert rest == deployed.refused("state", verb, "nope", "--yes", code=2)["hint"]
    assert before == deployed.files()


def test_forget(deployed: Project, project: Project, account: Account) -> None:
    """`state forget` takes a bucket and its parts out; it stays at AWS as it is, whatever comes."""
    project.edit("config/task.toml", 'mode = "Read"', 'mode = "Read"\nversioning = true\nexpire_days = 3')
    project.succeed("up")
    before, lineage = recorded(deployed), document(deployed, "state", "list")["lineage"]
    bucket = account.listing()[f"bucket {BUCKET}"]
    assert isinstance(bucket, dict)
    forgotten = document(deployed, "state", "forget", ADDRESS, "--yes")
    resource = forgotten["resource"]
    assert isinstance(resource, dict)
    assert {f"{kind}.ingest.uploads" for kind in PARTS} == set(resource["parts"])
    assert set(before) - {ADDRESS, *resource["parts"]} == set(recorded(deployed))
    assert lineage == forgotten["lineage"]

    project.succeed("down", "--yes")
    left = account.listing()
    assert [f"bucket {BUCKET}"] == list(left)
    assert {**bucket, "notifications": {}} == left[f"bucket {BUCKET}"]


def test_a_forgotten_bucket_is_used_as_it_is(deployed: Project, project: Project, account: Account) -> None:
    """What is forgotten and then attached to with `existing` keeps its settings and tags, also after `down`."""
    bucket = account.listing()[f"bucket {BUCKET}"]
    deployed.succeed("state", "forget", ADDRESS, "--yes")
    project.edit("config/task.toml", 'mode = "Read"', f'mode = "Read"\nname = "{BUCKET}"\nexisting = true')
    project.succeed("up", "--yes")
    assert bucket == account.listing()[f"bucket {BUCKET}"]
    project.succeed("down", "--yes")
    assert isinstance(bucket, dict)
    assert {**bucket, "notifications": {}} == account.listing()[f"bucket {BUCKET}"]


def test_forgotten_entries_are_told_to_go(deployed: Project, project: Project, account: Account) -> None:
    """Who forgets notification entries is told, asked or not, what a `down` does with them; `up` records them again."""
    address = f"notifications.{BUCKET}"
    words = ("Its entries still go to function.ingest", "takes them out all the same", "`up` records them again")
    asked = deployed.run("state", "forget", address)
    assert 2 == asked.code
    assert all(word in asked.err for word in words)
    told = deployed.succeed("state", "forget", address, "--yes").out
    assert all(word in told for word in words)
    project.succeed("up")
    project.succeed("down", "--yes")
    assert {} == account.listing()


def test_forget_asks(deployed: Project) -> None:
    """Without a terminal and without --yes `state forget` is refused with 2, says what stays, and changes nothing."""
    before = deployed.files()
    told = deployed.run("state", "forget", ADDRESS)
    assert (2, "") == (told.code, told.out)
    assert f"arn:aws:s3:::{BUCKET} stays at AWS" in told.err
    assert "cors.ingest.uploads" in told.err
    assert before == deployed.files()


def test_forgetting_all_keeps_the_lineage(deployed: Project, project: Project) -> None:
    """The manifest that records nothing any more stays, with its lineage; a `down` removes it."""
    lineage = document(deployed, "state", "list")["lineage"]
    while left := list(recorded(deployed)):
        deployed.succeed("state", "forget", left[0], "--yes")
    assert {"resources": [], "lineage": lineage} == {
        key: value for key, value in document(deployed, "state", "list").items() if key in ("resources", "lineage")
    }
    project.succeed("down", "--yes")
    assert not project.manifest.parent.exists()


def test_with_a_spoilt_config(deployed: Project) -> None:
    """A config with mistakes, or none at all, does not keep the user from what is recorded."""
    deployed.configure(CONFIG + "memory_mb = 7\n")
    assert ADDRESS in deployed.succeed("state", "list").out
    (deployed.root / "config" / "task.toml").unlink()
    assert ADDRESS in deployed.succeed("state", "list").out


def test_while_another_run_is_at_work(project: Project) -> None:
    """What only reads needs no lock; `up` and `state forget` are refused with 4, `unlock` too; all name the process."""
    project.succeed("up")
    with another_process(project.manifest) as process:
        project.succeed("plan")
        project.succeed("status")
        project.succeed("state", "list")
        for words in (("up",), ("state", "forget", "role.ingest"), ("unlock",)):
            error = project.refused(*words, "--yes", code=4)
            assert f"process {process.pid} on {socket.gethostname()}, since 20" in error["detail"]


def test_unlock_by_force(project: Project) -> None:
    """--force breaks the lock of a process that is alive, asks before, and says whose it was."""
    with another_process(project.manifest) as process:
        question = project.run("unlock", "--force")
        assert (2, "") == (question.code, question.out)
        assert "is alive" in question.err
        broken = document(project, "unlock", "--force", "--yes")
        holder = broken["holder"]
        assert isinstance(holder, dict)
        assert (True, process.pid, "living") == (broken["broken"], holder["pid"], holder["life"])
        project.succeed("up")


def test_unlock_of_another_machine(project: Project) -> None:
    """What a process of another machine left stops `up` with 4; `unlock` shows it, asks, and lets the next run go."""
    lock = project.manifest.with_name("media.dev.json.lock")
    holder = {"host": "elsewhere", "pid": 7, "started": "", "user": "ana", "command": "task-deploy up", "since": "now"}
    project.write(".task-deploy/media.dev.json.lock", json.dumps(holder))
    error = project.refused("up", code=4)
    assert "process 7 on elsewhere, since now (`task-deploy up`, run by ana)" in error["detail"]
    assert "unlock" in error["hint"]
    assert "cannot be told from here" in project.refused("unlock", code=2)["detail"]
    assert lock.exists()
    assert "process 7 on elsewhere" in project.succeed("unlock", "--yes").out
    project.succeed("up")


def test_unlock_where_nobody_holds_it(project: Project) -> None:
    """Without a holder there is nothing to break: exit 0, no question, nothing written."""
    before = project.files()
    assert "Nobody holds the lock" in project.succeed("unlock").out
    assert (False, None) == (document(project, "unlock")["broken"], document(project, "unlock")["holder"])
    assert before == project.files()
    project.succeed("up")
    assert "Nobody holds the lock" in project.succeed("unlock").out
    (project.root / "config" / "task.toml").unlink()
    assert "Nobody holds the lock" in project.succeed("unlock").out


def test_unlock_of_what(project: Project) -> None:
    """With neither config nor manifest nothing says which lock is meant: exit 2."""
    (project.root / "config" / "task.toml").unlink()
    assert "--manifest" in project.refused("unlock", code=2)["hint"]
