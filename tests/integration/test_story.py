from tests.integration.account import Account
from tests.integration.project import HANDLER, Project

FUNCTION, POLICY = "function.ingest", "role_policy.ingest"


def test_the_life_of_a_stack(project: Project, account: Account) -> None:
    """From the first `up` to `down`, each plan names exactly what differs, each `up` does that and nothing more."""
    account.bucket("somebody-elses")
    account.queue("somebody-elses")
    before = account.listing()

    made = project.succeed("up", "--json").document
    assert made["outcome"] == {"done": len(made["changes"]), "failed": [], "skipped": []}
    assert {"create"} == {change["action"] for change in made["changes"]}
    changes_nothing(project)

    project.write("src/handler.py", HANDLER.replace("[]", "None"))
    changes_exactly(project, {FUNCTION: {"CodeSha256"}})
    changes_nothing(project)

    project.edit("config/task.toml", '"Read"', '"ReadWrite"')
    changes_exactly(project, {POLICY: {"Statement.allowLambdaWriteS3"}})
    changes_nothing(project)

    status = project.succeed("status", "--json")
    assert status.document["state"] == "ok"
    assert set(status.states.values()) == {"ok"}

    project.succeed("down", "--yes")
    assert account.listing() == before
    assert not project.manifest.parent.exists()
    assert project.succeed("status", "--json").document["state"] == "absent"


def changes_nothing(project: Project) -> None:
    """An `up` keeps everything, without a call that may change anything."""
    ran = project.succeed("up", "--json")
    assert ran.differing == {}
    assert ran.document["outcome"]["done"] == 0
    assert ran.document["api_calls"]["mutating"] == 0


def changes_exactly(project: Project, expected: dict[str, set[str]]) -> None:
    """Both `plan` and the `up` after it name exactly these differences, and `up` does them."""
    assert project.succeed("plan", "--json").differing == expected
    ran = project.succeed("up", "--json")
    assert ran.differing == expected
    assert ran.document["outcome"]["done"] == len(expected)
