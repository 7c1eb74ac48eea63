"""What bears this stack's tags can be taken over when its manifest was lost."""

import json
from typing import Final

from tests.integration.account import ID, Account
from tests.integration.project import CONFIG, REGION, SECOND_TASK, Project

BUCKET: Final = f"media-dev-ingest-uploads-{ID}-{REGION}"
SHARED: Final = "everybodys-bucket"
ATTACHED: Final = (
    CONFIG
    + f'[tasks.ingest.buckets.theirs]\nmode = "Read"\nname = "{SHARED}"\nexisting = true\nprefix = "in/"\n'
    + 'cors = [{ allowed_origins = ["*"], allowed_methods = ["GET"] }]\n'
)


def lose(project: Project) -> str:
    """Lose the manifest; returns its text without the serial number, which counts how often it was written."""
    text = project.manifest.read_text()
    project.manifest.unlink()
    return without_serial(text)


def without_serial(text: str) -> str:
    """A manifest's text without its serial number."""
    return json.dumps({**json.loads(text), "serial": 0})


def test_a_lost_manifest_is_rebuilt(project: Project, account: Account) -> None:
    """`adopt` writes the lost manifest and changes nothing at AWS; `up` has nothing to do, `down` removes all."""
    account.bucket(SHARED)
    before = account.listing()
    project.configure(ATTACHED)
    project.succeed("up")
    deployed, lost = account.listing(), lose(project)

    ran = project.succeed("adopt", "--yes", "--json")
    assert deployed == account.listing()
    assert lost == without_serial(project.manifest.read_text())
    assert ran.document["api_calls"]["mutating"] == 0
    assert set(ran.actions.values()) == {"keep"}
    assert ran.document["outputs"] == project.succeed("status", "--json").document["outputs"]

    up = project.succeed("up", "--json")
    assert (up.differing, up.document["api_calls"]["mutating"]) == ({}, 0)
    project.succeed("down", "--yes")
    assert before == account.listing()


def test_up_says_that_it_can_be_taken_over(project: Project, account: Account) -> None:
    """Where a manifest was lost `up` says how many things of this stack are there, and what to do: once, and it works.

    A CORS rule of ours in a bucket of others is one of them.
    """
    account.bucket(SHARED)
    project.configure(ATTACHED)
    project.succeed("up")
    lose(project)
    deployed = account.listing()
    refusal = project.refused("up", code=5)
    assert "Refused: 7 things of this stack are at AWS already, and not in the manifest" == refusal["summary"]
    assert "If nobody else deploys this stack, run `task-deploy adopt`" == refusal["hint"].partition(":")[0]
    assert "`task-deploy adopt`" not in refusal["detail"]
    assert "'media-dev-ingest-theirs-1'" in refusal["detail"]
    words = project.run("up", "--no-color").err.splitlines()
    assert [f"Next: {refusal['hint']}"] == [line for line in words if "adopt" in line]
    assert deployed == account.listing()
    project.succeed("adopt", "--yes")
    assert {} == project.succeed("up", "--json").differing


def test_drift_is_told_and_left(project: Project, account: Account) -> None:
    """What differs from the config is taken over as it is and named; the next `up` brings it in line."""
    project.succeed("up")
    lose(project)
    project.edit("config/task.toml", 'command_topics = ["orders"]', 'command_topics = ["orders"]\nmemory_mb = 256')
    ran = project.succeed("adopt", "--yes", "--json")
    changed = {change["address"]: change["differences"] for change in ran.document["changes"] if change["differences"]}
    assert changed == {"function.ingest": [{"path": "MemorySize", "wanted": 256, "found": 512}]}
    assert account.lambda_.get_function_configuration(FunctionName="media-dev-ingest")["MemorySize"] == 512
    assert project.succeed("up", "--json").differing == {"function.ingest": {"MemorySize"}}


def test_what_is_missing_is_made_by_up(project: Project, account: Account) -> None:
    """What somebody deleted meanwhile is not recorded; `up` makes it again with the tags of its neighbours."""
    project.succeed("up")
    lose(project)
    account.s3.delete_bucket(Bucket=BUCKET)
    assert "bucket.ingest.uploads" not in project.succeed("adopt", "--yes", "--json").actions
    assert project.succeed("up", "--json").actions["bucket.ingest.uploads"] == "create"
    tags = account.lambda_.get_function(FunctionName="media-dev-ingest")["Tags"]
    assert account.tags_of_bucket(BUCKET)["task-deployer:manifest"] == tags["task-deployer:manifest"]


def test_it_asks(project: Project) -> None:
    """Without --yes, and without anybody to ask, nothing is recorded: exit 2."""
    project.succeed("up")
    lose(project)
    assert "This records" in project.refused("adopt", code=2)["detail"]
    assert not project.manifest.exists()


def test_a_kept_bucket_comes_back(project: Project, account: Account) -> None:
    """After `down --keep-buckets` the bucket is taken over with its objects, and `up` makes the rest around it."""
    project.succeed("up")
    account.s3.put_object(Bucket=BUCKET, Key="kept", Body=b"")
    project.succeed("down", "--yes", "--keep-buckets")
    assert "task-deploy adopt" in project.refused("up", code=5)["hint"]
    project.succeed("adopt", "--yes")
    project.succeed("up")
    assert [one["Key"] for one in account.s3.list_objects_v2(Bucket=BUCKET)["Contents"]] == ["kept"]


def test_a_bucket_that_up_kept_comes_back(project: Project) -> None:
    """To a manifest that records the rest of the stack, a bucket of its own that was kept is added."""
    project.configure(CONFIG + SECOND_TASK)
    project.succeed("up")
    project.configure(CONFIG)
    project.succeed("up", "--keep-buckets", "--yes")
    project.configure(CONFIG + SECOND_TASK)
    before = json.loads(project.manifest.read_text())["resources"]
    ran = project.succeed("adopt", "--yes", "--json")
    assert "bucket.resize.images" in ran.actions
    assert before.items() <= json.loads(project.manifest.read_text())["resources"].items()
    project.succeed("up")


def test_a_living_manifest_is_left_alone(project: Project) -> None:
    """Where the manifest records all there is, `adopt` refuses with exit 5, whatever lineage is asked for."""
    project.succeed("up")
    text = project.manifest.read_text()
    for words in ((), ("--lineage", "another")):
        assert str(project.manifest) in project.refused("adopt", "--yes", *words, code=5)["detail"]
    assert text == project.manifest.read_text()


def test_a_broken_manifest_is_left_alone(project: Project) -> None:
    """A manifest that cannot be read is not written over: exit 4."""
    project.succeed("up")
    project.manifest.write_text("{")
    project.refused("adopt", "--yes", code=4)
    assert project.manifest.read_text() == "{"


def test_nothing_to_take_over(project: Project, account: Account) -> None:
    """Where nothing bears this stack's tags there is nothing to do, and nothing is left on the disk."""
    before = project.files()
    ran = project.succeed("adopt", "--yes")
    assert "nothing to take over" in ran.out
    assert before == project.files()
    assert account.listing() == {}


def test_two_lineages(project: Project, account: Account) -> None:
    """Things of two manifests are listed; `--lineage` takes those of one over, and tells of the other's."""
    project.succeed("up")
    lineage = json.loads(lose(project))["lineage"]
    tags = {**account.tags_of_bucket(BUCKET), "task-deployer:manifest": "older"}
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    account.s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": pairs})  # type: ignore[typeddict-item]  # pairs
    detail = project.refused("adopt", "--yes", code=5)["detail"]
    assert "older: bucket.ingest.uploads" in detail
    assert f"{lineage}: " in detail

    ran = project.succeed("adopt", "--yes", "--lineage", lineage, "--json")
    assert "bucket.ingest.uploads" not in ran.actions
    assert ("other-lineage", "bucket.ingest.uploads") in [(w["code"], w["address"]) for w in ran.document["warnings"]]


def test_things_of_others(project: Project, account: Account) -> None:
    """A bucket of our name without our tags is somebody's: nothing is taken over, and its tags are shown."""
    account.bucket(BUCKET)
    assert BUCKET in project.refused("adopt", "--yes", code=5)["detail"]
    assert not project.manifest.exists()


def test_what_the_config_no_longer_names(project: Project) -> None:
    """Functions, queues and buckets of the lineage that the config dropped meanwhile are told by their ARNs."""
    project.configure(CONFIG + SECOND_TASK)
    project.succeed("up")
    lose(project)
    project.configure(CONFIG)
    warnings = project.succeed("adopt", "--yes", "--json").document["warnings"]
    told = [warning["address"] for warning in warnings if warning["code"] == "left-over"]
    assert f"arn:aws:lambda:{REGION}:{ID}:function:media-dev-resize" in told
    assert not [arn for arn in told if "ingest" in arn or "orders" in arn]
