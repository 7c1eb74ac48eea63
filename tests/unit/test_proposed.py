"""Commands that are proposed are about the stack of the run that proposes them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from task_deployer import cli
from task_deployer.cli_options import Settings
from task_deployer.errors import SafetyError
from task_deployer.proposed import complete, completed, completed_in
from task_deployer.render.rich import Terminal
from task_deployer.render.text import Line
from tests.architecture.imports import PACKAGE

PROD = {"--env": "--env prod"}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Run `task-deploy up` again.", "Run `task-deploy up --env prod` again."),
        (
            "`task-deploy state list` and `task-deploy up`",
            "`task-deploy state list --env prod` and `task-deploy up --env prod`",
        ),
        ("`task-deploy down --env other`", "`task-deploy down --env other`"),
        ("`task-deploy --help` lists what there is.", "`task-deploy --help` lists what there is."),
        ("`up` goes on; task-deploy is at work", "`up` goes on; task-deploy is at work"),
    ],
)
def test_a_command_says_which_stack_it_is_about(said: str, told: str) -> None:
    """What the run was told of its stack is added to each command that does not say it, and to nothing else."""
    assert told == completed(said, PROD)
    assert told == completed(told, PROD), "what is complete stays as it is"


def test_without_options_nothing_is_added() -> None:
    """Whoever is told nothing works with the defaults, and is proposed just that."""
    assert completed("`task-deploy up`", Settings().naming) == "`task-deploy up`"


def test_all_options_that_name_a_stack_are_said() -> None:
    """Environment, config, manifest, endpoint, region and profile are said as a shell takes them, and nothing else."""
    given = {
        "env": "prod",
        "config": Path("my config"),
        "manifest": Path("m.json"),
        "local": True,
        "profile": "me & you",
        "region": "eu-central-1",
        "endpoint_url": "http://localhost:5000",
        "yes": True,
        "workers": 3,
    }
    naming = Settings(**given, given=frozenset(given)).naming  # type: ignore[arg-type]  # one value a field
    assert completed("`task-deploy up`", naming) == (
        "`task-deploy up --env prod --config 'my config' --manifest m.json --local --profile 'me & you' "
        "--region eu-central-1 --endpoint-url http://localhost:5000`"
    )


def test_a_default_that_was_given_is_said() -> None:
    """`--env dev` is said where it was given: a variable may name another environment for the next command."""
    assert Settings(given=frozenset({"env"})).naming == {"--env": "--env dev"}
    assert Settings(local=False, given=frozenset({"local"})).naming == {}


def test_all_parts_of_an_error_are_completed() -> None:
    """Summary, detail and hint are completed alike."""
    error = SafetyError("`task-deploy a`", detail="`task-deploy b`", hint="`task-deploy c`")
    complete(error, PROD)
    assert (error.summary, error.detail, error.hint) == tuple(f"`task-deploy {x} --env prod`" for x in "abc")


def test_all_texts_of_a_document_are_completed() -> None:
    """In the document of --json each text is completed, however deep, and all else stays as it is."""
    document = {"warnings": [{"message": "`task-deploy up`"}], "done": 3, "state": None, "list": ("`task-deploy up`",)}
    assert completed_in(document, PROD) == {
        "warnings": [{"message": "`task-deploy up --env prod`"}],
        "done": 3,
        "state": None,
        "list": ["`task-deploy up --env prod`"],
    }


def test_all_that_the_terminal_prints_is_completed(capsys: pytest.CaptureFixture[str]) -> None:
    """Results and what is said besides are completed alike."""
    terminal = Terminal(naming=PROD)
    terminal.result([Line("`task-deploy up`")])
    terminal.say([Line("`task-deploy down`")])
    assert ("`task-deploy up --env prod`\n", "`task-deploy down --env prod`\n") == capsys.readouterr()


def texts(path: Path) -> Iterator[str]:
    """All that a module says: its strings but the docstrings, an f-string as one with what is put into it left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    skipped |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.value


COMMANDS = "|".join(
    str(command.name or command.callback.__name__) for command in cli.app.registered_commands if command.callback
)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_command_is_proposed_in_one_way(path: Path) -> None:
    """Every command in a text stands between backticks, where it is found and completed; the demo's titles are none."""
    bare = [text for text in texts(path) if re.search(rf"(?<!`)\btask-deploy ({COMMANDS})\b", text)]
    assert [text for text in bare if not text.startswith("$ ")] == []
