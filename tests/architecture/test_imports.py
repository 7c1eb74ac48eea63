import subprocess
import sys
from collections.abc import Iterable

import pytest

from tests.architecture.imports import RUNTIME, imports, modules

MODULES = {name.removeprefix("task_deployer."): path for name, path in modules().items()}
PURE = {
    *(
        "adoption",
        "attached",
        "bucket_owner",
        "buckets",
        "bystanders",
        "chain",
        "checks",
        "conflicts",
        "encryption",
        "errors",
    ),
    *(
        "events",
        "forbidden",
        "names",
        "one_task",
        "outputs",
        "plan",
        "policy",
        "result",
        "rights_checks",
        "stack",
        "status",
    ),
    *("left", "readdress", "subscriptions", "tags", "task_policy", "warnings"),
    *("resources.base", "resources.cors_document", "resources.held", "resources.notification_document"),
    *("care", "resources.notification_overlap", "resources.notification_restoration"),
    *("deliveries", "event_pattern"),
}
TOUCHES_THE_WORLD = {"os", "pathlib", "socket", "subprocess", "time", "random", "threading", "concurrent", "shutil"}
KNOWS_BOTOCORE = {
    *(
        "aws",
        "once",
        "pages",
        "reach",
        "refusals",
        "retry",
        "engine",
        "session",
        "upload_turns",
        "uploads",
        "unknown_credentials",
        "walk",
    ),
}
STARTS_THE_LOCAL_AWS = {"cli_local", "demo", "project"}
COMMANDS = {
    *("adopt", "cli", "cli_local", "cli_options", "cli_session", "cli_state", "commands", "data_loss", "demo"),
    *("doctor", "look", "policies", "project", "recorded", "restore"),
}


def belongs(name: str, packages: Iterable[str]) -> bool:
    """Whether a module is one of these, or inside one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def offenders(names: Iterable[str], forbidden: Iterable[str], *, at_the_top: bool = False) -> dict[str, set[str]]:
    """Which of these modules import what they must not, at their top or anywhere."""
    banned = tuple(forbidden)
    found = {
        name: {
            one.name for one in imports(MODULES[name]) if belongs(one.name, banned) and not (at_the_top and one.lazy)
        }
        for name in names
    }
    return {name: what for name, what in found.items() if what}


def outside(*packages: str) -> set[str]:
    """The modules that are not in these."""
    return {name for name in MODULES if not belongs(name, packages)}


def test_pure_modules_touch_nothing() -> None:
    """A module of the pure core imports nothing that reads a disk, a clock, a network or chance."""
    assert offenders(PURE, TOUCHES_THE_WORLD) == {}


def test_few_modules_know_botocore() -> None:
    """Only the border to AWS knows botocore; everybody else knows our own errors."""
    assert offenders(outside("resources", "local", *KNOWS_BOTOCORE), ("botocore", "boto3")) == {}


def test_boto3_is_loaded_where_it_is_used() -> None:
    """No module loads boto3 at its top: that costs a fifth of a second, also for `--help`."""
    assert offenders(outside("local"), ("boto3",), at_the_top=True) == {}


def test_few_modules_know_the_local_aws() -> None:
    """Only what starts the local AWS imports it: an installation without that extra works all the same."""
    assert offenders(outside("local", *STARTS_THE_LOCAL_AWS), ("task_deployer.local", "moto", "werkzeug")) == {}


def test_the_command_line_alone_knows_typer() -> None:
    """Only the command line knows Typer."""
    assert offenders(outside("cli", "cli_local", "cli_options", "cli_session", "cli_state"), ("typer", "click")) == {}


def test_the_renderer_alone_knows_rich() -> None:
    """Only what prints for people knows rich."""
    assert offenders(outside("render", "demo", "cli_session"), ("rich",)) == {}


def test_imports_point_one_way() -> None:
    """What is behind the commands knows neither them nor who prints for them."""
    above = [f"task_deployer.{name}" for name in (*COMMANDS, "render")]
    assert offenders(outside("local", "render", *COMMANDS), above) == {}


def test_kinds_know_no_engine() -> None:
    """A kind knows neither plan nor engine nor manifest nor config: a new one changes nothing in them."""
    above = ("config", "conflicts", "engine", "events", "manifest", "plan", "records", "stack", "status", "walk")
    kinds = {name for name in MODULES if belongs(name, ("resources",))}
    assert len(kinds) > 10
    assert offenders(kinds, [f"task_deployer.{name}" for name in above]) == {}


def test_the_runtime_stands_alone() -> None:
    """What runs inside Lambda imports the standard library and boto3, and nothing of the tool."""
    allowed = {*sys.stdlib_module_names, "task_runtime", "boto3", "botocore"}
    found = {one.name.split(".")[0] for path in modules(RUNTIME).values() for one in imports(path)}
    assert found - allowed == set()


@pytest.mark.parametrize("module", ["task_deployer.cli", "task_deployer.config"])
def test_what_needs_no_aws_loads_none(module: str) -> None:
    """Help, a mistake in the config and the schema load neither boto3 nor moto."""
    script = f"import sys, {module}; print(*sorted(m for m in ('boto3', 'botocore', 'moto') if m in sys.modules))"
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert printed.stdout.split() == []
