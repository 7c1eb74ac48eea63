"""The command line itself: options, their variables, what it prints where, and what it does not load."""

import json
import subprocess
import sys
import tomllib

import jsonschema  # type: ignore[import-untyped]  # there are no stubs for it
import pytest

from tests.integration.account import ID, Account
from tests.integration.project import CONFIG, REGION, Project

HEAVY = {"boto3", "botocore", "moto", "pydantic"}


def loaded_by(project: Project, *words: str) -> set[str]:
    """Which of the heavy packages a run of the command loads, by Python's own account of its imports."""
    command = [sys.executable, "-X", "importtime", "-m", "task_deployer.cli", *words]
    ran = subprocess.run(
        command, cwd=project.root, env=project.environment, capture_output=True, text=True, check=False
    )
    modules = {line.rpartition("|")[2].strip().partition(".")[0] for line in ran.stderr.splitlines() if "|" in line}
    assert "task_deployer" in modules
    return modules & HEAVY


def test_loads_no_more_than_it_needs(project: Project) -> None:
    """--help loads none of the heavy packages; `schema` and a config error no boto3; nothing but --local loads moto."""
    assert loaded_by(project, "--help") == set()
    assert loaded_by(project, "schema") <= {"pydantic"}
    assert {"boto3", "botocore", "pydantic"} == loaded_by(project, "plan")
    project.configure("[stack")
    assert "boto3" not in loaded_by(project, "plan")


def test_help(project: Project) -> None:
    """--help and each command's own list what there is on stdout; the aliases are hidden."""
    told = project.succeed("--help").out
    for command in ("up", "plan", "status", "down", "schema", "policy", "state", "unlock"):
        assert f" {command} " in told
    assert "destroy" not in told
    assert "--empty-buckets" in project.succeed("down", "-h").out
    assert project.succeed("--version").out.startswith("task-deploy ")


def test_schema(project: Project) -> None:
    """`schema` prints a JSON Schema, which takes the project's config and refuses a wrong one."""
    schema = json.loads(project.succeed("schema").out)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(tomllib.loads(CONFIG), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(CONFIG.replace('"Read"', '"read"')), schema)


def test_policy(project: Project, account: Account) -> None:
    """`policy` prints what `up` gives the role; --deployer prints a document for each command that speaks to AWS."""
    printed = json.loads(project.succeed("policy").out)
    project.succeed("up")
    assert list(account.statements("ingest").values()) == printed["ingest"]["Statement"]

    deployer = json.loads(project.succeed("policy", "--deployer").out)
    commands = {"up", "plan", "status", "down", "policy", "doctor", "adopt", "restore-notifications"}
    assert commands == set(deployer)
    actions = {action for one in deployer["up"]["Statement"] for action in listed(one["Action"])}
    assert {"iam:PassRole", "lambda:CreateFunction", "s3:PutBucketNotification"} <= actions
    reads = {action for one in deployer["plan"]["Statement"] for action in listed(one["Action"])}
    assert all(action.split(":")[1].startswith(("Get", "List", "Describe")) for action in reads)


def test_policy_for_what_the_config_dropped(project: Project) -> None:
    """--deployer also prints, for `up`, the rights to remove what is recorded and no longer in the config."""
    project.succeed("up")
    project.edit("config/task.toml", '[tasks.ingest.buckets.uploads]\nmode = "Read"\n', "")
    kept, dropped = f"media-dev-ingest-{REGION}", f"arn:aws:s3:::media-dev-ingest-uploads-{ID}-{REGION}"
    statements = json.loads(project.succeed("policy", "--deployer").out)["up"]["Statement"]
    about = {one["Sid"]: one for one in statements if dropped in listed(one["Resource"])}
    assert "s3:DeleteBucket" in about["DroppedBucket"]["Action"]
    assert "s3:PutBucketNotification" in about["DroppedNotifications"]["Action"]
    assert not [one for one in statements if "iam:DeleteRole" in one["Action"] and kept in str(one["Resource"])]


def test_policy_beside_another_accounts_manifest(project: Project) -> None:
    """A manifest of another account is refused, as by `up`: its things could not be removed from here."""
    project.succeed("up")
    project.manifest.write_text(project.manifest.read_text().replace(ID, "210987654321"))
    project.refused("policy", "--deployer", code=5)


def listed(actions: str | list[str]) -> list[str]:
    """One action or several, as a list."""
    return [actions] if isinstance(actions, str) else actions


def test_json_and_streams(project: Project) -> None:
    """--json gives one document on stdout and nothing else; without it results go to stdout, progress to stderr."""
    document = project.succeed("plan", "--json")
    assert document.err == ""
    keys = ["schema", "command", "stack", "env", "account", "region", "changes", "outcome", "outputs", "warnings"]
    assert [*keys, "api_calls"] == list(document.document)
    made = project.succeed("up", "--json")
    assert made.err == ""
    assert document.document["outputs"] == made.document["outputs"]
    assert document.actions == made.actions

    project.edit("src/handler.py", "[]", "None")
    told = project.succeed("up")
    assert "~ function.ingest changed" in told.err
    assert "media/dev in account 123456789012, eu-central-1" in told.out
    assert "changed" not in told.out
    quiet = project.succeed("down", "--yes", "--quiet")
    assert (quiet.err, quiet.out.count("\n")) == ("", 2)
    assert "\x1b" not in told.out + told.err + quiet.out


def test_outputs(project: Project) -> None:
    """The outputs name what was made, by task, bucket and topic, as the contract has them."""
    outputs = project.succeed("up", "--json").document["outputs"]
    ingest = outputs["tasks"]["ingest"]
    assert {"function", "role", "log_group", "failure_queue", "buckets"} == set(ingest)
    bucket = "media-dev-ingest-uploads-123456789012-eu-central-1"
    assert ingest["buckets"] == {"uploads": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"}}
    assert ingest["log_group"] == "/aws/lambda/media-dev-ingest"
    queue = {
        "name": "media-dev-orders.fifo",
        "arn": "arn:aws:sqs:eu-central-1:123456789012:media-dev-orders.fifo",
        "url": "https://sqs.eu-central-1.amazonaws.com/123456789012/media-dev-orders.fifo",
    }
    assert outputs["command_topics"] == {"orders": queue}
    assert project.succeed("status", "--json").document["outputs"] == outputs


def test_options_from_the_environment(project: Project, account: Account, endpoint_url: str) -> None:
    """Each shared option has a variable TASK_DEPLOY_<NAME>; a flag wins over it."""
    moved = project.root / "settings"
    (project.root / "config").rename(moved)
    elsewhere = {name: value for name, value in project.environment.items() if name != "AWS_ENDPOINT_URL"}
    given = {
        "TASK_DEPLOY_CONFIG": "settings",
        "TASK_DEPLOY_ENV": "test",
        "TASK_DEPLOY_REGION": "eu-west-1",
        "TASK_DEPLOY_ENDPOINT_URL": endpoint_url,
        "TASK_DEPLOY_MANIFEST": "here.json",
        "TASK_DEPLOY_JSON": "1",
        "TASK_DEPLOY_WORKERS": "2",
        "TASK_DEPLOY_YES": "true",
    }
    user = Project(project.root, elsewhere | given)
    made = user.succeed("up").document
    assert ("test", "eu-west-1") == (made["env"], made["region"])
    assert (project.root / "here.json").is_file()
    assert user.succeed("plan", "--env", "other", "--manifest", "there.json").document["env"] == "other"
    assert user.succeed("down").document["outcome"]["failed"] == []
    assert account.listing() == {}


def test_region(project: Project) -> None:
    """The region is the config's, else AWS_REGION, else AWS_DEFAULT_REGION; it must be one."""
    both = {"AWS_REGION": "eu-west-2", "AWS_DEFAULT_REGION": "eu-west-3"}
    assert project.succeed("plan", "--json", **both).document["region"] == "eu-central-1"
    project.edit("config/task.toml", 'region = "eu-central-1"\n', "")
    assert project.succeed("plan", "--json", **both).document["region"] == "eu-west-2"
    assert project.succeed("plan", "--json", AWS_DEFAULT_REGION="eu-west-3").document["region"] == "eu-west-3"
    assert "region" in project.refused("plan", code=2)["summary"]


def test_config_elsewhere(project: Project, account: Account) -> None:
    """With --config the project root is the folder that holds that one, wherever the command is run."""
    outside = Project(project.root.parent, project.environment)
    outside.succeed("up", "--config", "work/config")
    assert project.manifest.is_file()
    outside.succeed("down", "-c", "work/config", "-y")
    assert account.listing() == {}


def test_aliases(project: Project, account: Account) -> None:
    """`deploy` and `destroy` do what `up` and `down` do."""
    assert project.succeed("deploy", "--json").document["command"] == "up"
    assert project.succeed("destroy", "--yes", "--json").document["command"] == "down"
    assert account.listing() == {}
