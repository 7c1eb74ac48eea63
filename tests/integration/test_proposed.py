"""What the installed command proposes, typed as it is printed, is about the same stack."""

import re
import shlex

from tests.integration.account import Account
from tests.integration.project import CONFIG, Project

EXISTING = '[tasks.ingest.buckets.uploads]\nname = "en-prod-data"\n'


def proposed(text: str) -> list[list[str]]:
    """The words of each command that is proposed."""
    return [shlex.split(one) for one in re.findall(r"`task-deploy ([^`]*)`", text)]


def test_a_refusal_proposes_for_its_environment(project: Project, account: Account) -> None:
    """What a refused `up --env prod` proposes is about prod, in words and in --json, and leaves dev alone."""
    project.configure(EXISTING, "prod")
    project.succeed("up")
    project.succeed("up", "--env", "prod")
    project.configure(f"{EXISTING}existing = true\n", "prod")
    ran = project.run("up", "--env", "prod")
    hint = project.refused("up", "--env", "prod", code=5)["hint"]
    forget = ["state", "forget", "bucket.ingest.uploads", "--env", "prod"]
    assert [forget] == proposed(hint) == proposed(ran.err)
    project.succeed(*forget, "--yes")
    assert "\nbucket.ingest.uploads" in project.succeed("state", "list").out
    assert "\nbucket.ingest.uploads" not in project.succeed("state", "list", "--env", "prod").out
    assert "bucket en-prod-data" in account.listing()
    project.succeed("up", "--env", "prod")


def test_a_lock_is_broken_where_it_was_met(project: Project) -> None:
    """The `unlock` that a held lock proposes is the one of that environment, however it was named."""
    holder = '{"host": "ci-runner", "pid": 7, "started": "", "user": "u", "command": "up", "since": "today"}'
    for env in ("dev", "prod"):
        project.write(f".task-deploy/media.{env}.json.lock", holder)
    assert [["unlock", "--env", "prod"]] == proposed(project.refused("up", code=4, TASK_DEPLOY_ENV="prod")["hint"])
    (command,) = proposed(project.run("up", "--env", "prod").err)
    project.succeed(*command, "--yes")
    assert (project.root / ".task-deploy" / "media.dev.json.lock").exists()
    assert not (project.root / ".task-deploy" / "media.prod.json.lock").exists()


def test_results_and_warnings_propose_for_their_stack(project: Project) -> None:
    """What a result says, also of a folder whose name has a space, can be typed as it is printed."""
    project.write("my config/task.toml", CONFIG)
    said = project.succeed("status", "--config", "my config")
    assert [["up", "--config", "my config"]] == proposed(said.out)
    warned = project.succeed("down", "--manifest", "a b.json", "--config", "my config", "--json").document["warnings"]
    options = ["--config", "my config", "--manifest", "a b.json"]
    assert [["adopt", *options], ["down", *options]] == proposed(warned[0]["message"])
