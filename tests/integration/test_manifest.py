"""The manifest guards what it records: locked, broken, newer, or of another place, it stops every command."""

import json

import pytest

from bench.latency import slowed
from tests.integration.account import Account
from tests.integration.project import CONFIG, Project, ended
from tests.lock_holders import another_process

SECONDS = 60


def altered(project: Project, **values: object) -> None:
    """Change the manifest's own keys."""
    document = json.loads(project.manifest.read_text(encoding="utf-8"))
    project.manifest.write_text(json.dumps(document | values), encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "commands", "advice"),
    [
        ("", ("up",), "earlier copy"),
        ('{"version": 1, "serial"', ("plan",), "earlier copy"),
        ("[]", ("status",), "earlier copy"),
        ('{"version": 2}', ("up", "down"), "Upgrade"),
    ],
    ids=["empty", "cut", "list", "newer"],
)
def test_broken_or_newer(project: Project, text: str, commands: tuple[str, ...], advice: str) -> None:
    """A manifest that cannot be read is exit 4 with advice; it is left as it is, and never taken for empty."""
    project.write(".task-deploy/media.dev.json", text)
    before = project.files()
    for command in commands:
        error = project.refused(command, "--yes", code=4)
        assert "media.dev.json" in error["summary"]
        assert advice in error["hint"]
    assert before == project.files()


def test_of_another_place(project: Project, account: Account) -> None:
    """With another region or account than the manifest's each command is refused with 5, and nothing changes."""
    project.succeed("up")
    before = account.listing()

    for words in (("up",), ("down", "--yes")):
        refusal = project.refused(*words, "--region", "us-east-1", code=5)
        assert "eu-central-1" in refusal["summary"]
        assert "us-east-1" in refusal["summary"]

    altered(project, account="999999999999")
    for words in (("plan",), ("status",)):
        refusal = project.refused(*words, code=5)
        assert "999999999999" in refusal["summary"]
        assert "123456789012" in refusal["summary"]
    assert before == account.listing()


def test_of_another_stack(project: Project) -> None:
    """A manifest under another stack's name is exit 4."""
    project.succeed("up")
    project.manifest.rename(project.manifest.with_name("other.dev.json"))
    project.configure(CONFIG.replace('"media"', '"other"'))
    assert "'media'" in project.refused("plan", code=4)["detail"]


def test_locked(project: Project, account: Account) -> None:
    """While one `up` is at work a second run is refused with 4; the first one ends well."""
    with slowed(project.environment["AWS_ENDPOINT_URL"], 0.3) as proxy:
        first = project.start("up", "--json", AWS_ENDPOINT_URL=proxy.endpoint_url)
        assert proxy.log.wait_for(lambda call: call.what == "CreateRole", SECONDS)
        refusal = project.refused("up", code=4)
        assert str(first.pid) in refusal["detail"]
        assert ended(first).code == 0
    assert project.succeed("plan", "--json").differing == {}
    assert "function media-dev-ingest" in account.listing()


def test_holds_no_secret(project: Project) -> None:
    """The manifest records names, and no value of the function's environment nor any credential."""
    project.edit("config/task.toml", '"src"', '"src"\nenvironment = { PASSWORD = "very-secret" }')
    project.succeed("up", AWS_SECRET_ACCESS_KEY="also-secret")
    text = project.manifest.read_text(encoding="utf-8")
    assert "secret" not in text
    document = json.loads(text)
    assert {"version", "serial", "lineage", "stack", "env", "account", "region", "partition", "resources"} == set(
        document
    )
    assert {"ready"} == {record["status"] for record in document["resources"].values()}


def test_several_manifests(project: Project) -> None:
    """Without a config several manifests of an environment need --manifest; with it `status` reads that one."""
    project.succeed("up")
    project.configure(CONFIG.replace('"media"', '"other"'))
    project.succeed("up")
    (project.root / "config" / "task.toml").unlink()
    assert "--manifest" in project.refused("status", code=4)["hint"]
    chosen = project.succeed("status", "--json", "--manifest", ".task-deploy/other.dev.json").document
    assert chosen["stack"] == "other"


def test_env_is_a_name_not_a_pattern(project: Project, account: Account) -> None:
    """Without a config too --env is one environment's name: a pattern is exit 2, and takes no other one's manifest."""
    project.succeed("up")
    (project.root / "config" / "task.toml").unlink()
    before = project.files(), account.listing()
    for command, env in (("status", "?ev"), ("down", "*")):
        assert env in project.refused(command, "--yes", "--env", env, code=2)["summary"]
    assert before == (project.files(), account.listing())


def test_refused_leaves_no_folder(project: Project, account: Account) -> None:
    """An `up` that is refused leaves no folder behind that it made for its manifest."""
    project.configure(CONFIG + 'name = "taken"\n')
    account.bucket("taken")
    before = project.files()
    project.refused("up", "--manifest", "new/folder/media.json", code=5)
    assert before == project.files()


def test_a_spoilt_config_takes_no_other_stack_down(project: Project, account: Account) -> None:
    """`down` with another stack's broken config, or a folder that is not there, never takes this stack's manifest."""
    project.succeed("up")
    project.write("confb/task.toml", CONFIG.replace('"media"', '"beta"') + "modes = 7\n")
    project.write("confc/task.toml", "[stack\n")
    before = account.listing()
    assert project.succeed("down", "-c", "confb", "--yes", "--json").document["changes"] == []
    for folder in ("confc", "is-not-there"):
        project.refused("down", "-c", folder, "--yes", code=2)
    assert before == account.listing()


def test_down_with_a_spoilt_config(project: Project) -> None:
    """A config with mistakes that says its stack's name does not stand in the way of its own `down`."""
    project.succeed("up")
    project.configure(CONFIG + "memory_mb = 7\n")
    assert project.succeed("down", "--yes", "--json").document["outcome"]["done"] > 0
    assert not project.manifest.exists()


def test_the_root_is_the_configs_parent(project: Project) -> None:
    """The manifest lies beside the config folder also where that is named as `..`."""
    project.write("config/sub/x", "")
    inside = Project(project.root / "config" / "sub", project.environment)
    inside.succeed("up", "-c", "..")
    assert project.manifest.exists()


def test_a_record_that_lacks_its_identity(project: Project) -> None:
    """A record without what finds its thing is exit 4 that names what is missing."""
    project.succeed("up")
    document = json.loads(project.manifest.read_text(encoding="utf-8"))
    document["resources"]["queue.ingest.failures"]["identity"] = {"url": "u"}
    project.manifest.write_text(json.dumps(document), encoding="utf-8")
    assert "arn" in project.refused("status", code=4)["detail"]


def test_a_manifest_in_a_folder_of_any_name(project: Project) -> None:
    """A manifest that the user has named may lie anywhere and have any name."""
    for command in (("up",), ("status",), ("up",), ("down", "--yes")):
        project.succeed(*command, "--manifest", "local/mine.json")


def test_behind_a_link(project: Project, account: Account) -> None:
    """A manifest behind a link is written where it is, locked by every name, and gone after `down` with the link."""
    project.succeed("up")
    shared = project.root / "shared" / "state.json"
    shared.parent.mkdir()
    project.manifest.rename(shared)
    project.manifest.symlink_to("../shared/state.json")
    project.edit("config/task.toml", '"src"', '"src"\nmemory_mb = 256')
    with another_process(project.manifest) as process:
        for words in (("up",), ("down", "--manifest", "shared/state.json")):
            assert f"process {process.pid}" in project.refused(*words, "--yes", code=4)["detail"]
    project.succeed("up")
    assert project.manifest.is_symlink()
    assert project.succeed("plan", "--json").differing == {}
    project.succeed("down", "--yes")
    assert (False, False) == (shared.exists(), project.manifest.is_symlink())
    assert [] == [line for line in account.listing() if "media" in line]
    project.manifest.parent.mkdir(exist_ok=True)
    project.manifest.symlink_to("../shared/state.json")
    before = project.files()
    for command in ("up", "plan", "status", "down"):
        assert "nowhere" in project.refused(command, "--yes", code=4)["summary"]
    assert before == project.files()
