"""`doctor` as a user runs it: before the first `up`, after it, and where config or credentials are the problem."""

from dataclasses import replace
from typing import TypedDict

import pytest

from task_deployer.lock_holder import this_process
from tests.integration.account import Account
from tests.integration.project import Project, Ran
from tests.lock_holders import another_process


class Checked(TypedDict):
    """One check."""

    name: str
    state: str
    detail: str
    hint: str


def checks(ran: Ran) -> dict[str, Checked]:
    """The checks of the document by their names, where the names are single."""
    found: list[Checked] = ran.document["checks"]  # type: ignore[typeddict-item]  # doctor's own document
    return {check["name"]: check for check in found}


def test_before_and_after_the_first_up(project: Project, account: Account) -> None:
    """A project that is well has no problem, before it is deployed and after; nothing changes, at AWS or on disk."""
    before = project.files(), account.listing()
    ran = project.succeed("doctor", "--json")
    assert before == (project.files(), account.listing())
    assert set(ran.document) == {
        "schema",
        "command",
        "stack",
        "env",
        "account",
        "region",
        "state",
        "checks",
        "api_calls",
    }
    assert ("doctor", "media", "dev", "123456789012", "eu-central-1") == tuple(
        ran.document[key] for key in ("command", "stack", "env", "account", "region")
    )
    assert "nothing is deployed yet" in checks(ran)["manifest"]["detail"]
    assert "`up` would change" in checks(ran)["plan"]["detail"]
    project.succeed("up")
    before = project.files(), account.listing()
    ran = project.succeed("doctor", "--json")
    assert before == (project.files(), account.listing())
    assert "lock" not in checks(ran)
    assert "ok" == checks(ran)["ingest.events.uploads"]["state"]
    assert 0 == ran.document["api_calls"]["mutating"]


def test_what_is_broken_is_told_with_what_to_do(project: Project, account: Account) -> None:
    """A part that somebody removed is a problem of its link: exit 1, in words with what to do next."""
    project.succeed("up")
    account.lambda_.remove_permission(FunctionName="media-dev-ingest", StatementId="AllowS3Invoke-uploads")
    ran = project.run("doctor", "--no-color")
    assert 1 == ran.code
    lines = ran.out.splitlines()
    told = lines.index("  problem  ingest.events.uploads: permission.ingest.uploads is missing")
    assert "Next: `task-deploy up`" in lines[told + 1]
    assert lines[-1].startswith("Doctor: 1 problem, ")


def test_a_broken_config_hides_nothing_else(project: Project) -> None:
    """With mistakes in the config everything that does not need it is checked all the same: exit 2."""
    project.succeed("up")
    project.edit("config/task.toml", 'mode = "Read"', 'mode = "Reed"')
    ran = project.run("doctor", "--json", AWS_REGION="eu-central-1")
    assert 2 == ran.code
    found = checks(ran)
    assert "config/task.toml:" in found["config"]["detail"]
    assert ("problem", "ok", "ok", "ok") == tuple(
        found[name]["state"] for name in ("config", "credentials", "clock", "ingest.function")
    )


def test_without_credentials(project: Project) -> None:
    """Without credentials the files are checked all the same, and it is said what was not: exit 3."""
    ran = project.run("doctor", "--json", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert 3 == ran.code
    found = checks(ran)
    assert ("problem", "warning", "ok") == tuple(
        found[name]["state"] for name in ("credentials", "aws", "package.ingest")
    )


def test_with_settings_that_cannot_be_read(project: Project) -> None:
    """A broken ~/.aws/config is a problem of the credentials, and the files are checked all the same: exit 3."""
    project.write("aws", "[profile work\n")
    ran = project.run("doctor", "--json", AWS_CONFIG_FILE=str(project.root / "aws"))
    assert 3 == ran.code
    assert ("problem", "ok") == tuple(checks(ran)[name]["state"] for name in ("credentials", "package.ingest"))


def test_a_task_that_cannot_be_packed(project: Project) -> None:
    """A package that cannot be made is a problem of that task: what is recorded is looked at without it."""
    project.succeed("up")
    project.write("src/requirements.txt", "numpy==9999.0\n")
    ran = project.run("doctor", "--json")
    assert 2 == ran.code
    assert ("problem", "ok") == tuple(checks(ran)[name]["state"] for name in ("package.ingest", "ingest.function"))


def test_in_an_empty_folder(project: Project) -> None:
    """Without a config and a manifest that is what is told."""
    (project.root / "config" / "task.toml").unlink()
    ran = project.run("doctor", "--json", AWS_REGION="eu-central-1")
    assert 2 == ran.code
    assert "neither a config" in checks(ran)["config"]["detail"]


def test_without_a_config(project: Project) -> None:
    """The manifest alone is enough to look at what is recorded."""
    project.succeed("up")
    (project.root / "config" / "task.toml").unlink()
    found = checks(project.succeed("doctor", "--json"))
    assert "only what is recorded" in found["config"]["detail"]
    assert "ok" == found["topic.orders"]["state"]


@pytest.mark.parametrize(
    ("guard", "edit", "name"),
    [('account = "999999999999"\n', None, "account"), ("", ("123456789012", "999999999999"), "manifest")],
)
def test_another_account(project: Project, guard: str, edit: tuple[str, str] | None, name: str) -> None:
    """Where the config or the manifest is for another account, that is told, and this one is not looked into."""
    project.succeed("up")
    project.edit("config/task.toml", "[stack]\n", f"[stack]\n{guard}")
    if edit is not None:
        project.manifest.write_text(project.manifest.read_text().replace(*edit))
    ran = project.run("doctor", "--json")
    assert 1 == ran.code
    assert "999999999999" in checks(ran)[name]["detail"]
    assert "ingest.function" not in checks(ran)


def test_a_broken_manifest(project: Project) -> None:
    """A manifest that cannot be read is a problem, and never taken for none."""
    project.succeed("up")
    project.manifest.write_text("{")
    ran = project.run("doctor", "--json")
    assert 1 == ran.code
    assert "cannot be read" in checks(ran)["manifest"]["detail"]


def test_a_lock_of_another_machine(project: Project) -> None:
    """A lock that another machine has left is told before the first `up` and after, with `unlock` as the way out."""
    elsewhere = replace(this_process(), host="elsewhere", pid=7).dumps()
    for command in ("plan", "up"):
        project.succeed(command)
        project.write(".task-deploy/media.dev.json.lock", elsewhere)
        check = checks(project.succeed("doctor", "--json"))["lock"]
        assert "process 7 on elsewhere" in check["detail"]
        assert "`task-deploy unlock`" in check["hint"]
        project.succeed("unlock", "--yes")


def test_the_lock_of_the_dead(project: Project) -> None:
    """A lock that a killed process left is told with what takes it over, and `unlock` where that does not do."""
    project.succeed("up")
    with another_process(project.manifest) as process:
        assert "kill" in checks(project.succeed("doctor", "--json"))["lock"]["hint"]
        process.kill()
    check = checks(project.succeed("doctor", "--json"))["lock"]
    assert f"process {process.pid} on" in check["detail"]
    assert "has ended" in check["detail"]
    assert "`task-deploy unlock`" in check["hint"]
    project.succeed("up")
    assert "lock" not in checks(project.succeed("doctor", "--json"))


def test_an_endpoint_that_is_away(project: Project) -> None:
    """An endpoint that nobody answers at is told by its address."""
    ran = project.run("doctor", "--json", AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_MAX_ATTEMPTS="1")
    assert 1 == ran.code
    assert "http://127.0.0.1:9" in checks(ran)["connection"]["detail"]
