"""The options that all commands share, said once: `shared` puts them into a command's signature."""

import inspect
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Annotated, Concatenate, ParamSpec, TypedDict, get_type_hints

import typer

from task_deployer.errors import TaskDeployError
from task_deployer.proposed import Naming, complete

P = ParamSpec("P")


def _option(*names: str, text: str, least: int | None = None) -> object:
    """One option, with its environment variable: TASK_DEPLOY_ and its long name."""
    variable = "TASK_DEPLOY_" + names[0].strip("-").replace("-", "_").upper()
    return typer.Option(*names, help=text, envvar=variable, show_envvar=False, min=least)


SkipDeadForeign = Annotated[
    bool,
    typer.Option("--skip-dead-foreign", help="Let S3 check no destination where it refuses those of others alone."),
]


@dataclass(frozen=True)
class Options:
    """The shared options."""

    env: Annotated[str, _option("--env", "-e", text="The environment: which overlay, which names.")] = "dev"
    config: Annotated[Path | None, _option("--config", "-c", text="The folder with task.toml (config).")] = None
    profile: Annotated[str | None, _option("--profile", text="The AWS profile.")] = None
    region: Annotated[str | None, _option("--region", text="The AWS region.")] = None
    endpoint_url: Annotated[str | None, _option("--endpoint-url", text="Another endpoint for all services.")] = None
    local: Annotated[
        bool, _option("--local", text="Use the local AWS on this machine, and start it if it is not running.")
    ] = False
    manifest: Annotated[
        Path | None, _option("--manifest", text="The manifest file, instead of .task-deploy/STACK.ENV.json.")
    ] = None
    workers: Annotated[int, _option("--workers", text="How many AWS calls may run at once.", least=1)] = 16
    json: Annotated[bool, _option("--json", text="Print one JSON document on stdout.")] = False
    quiet: Annotated[bool, _option("--quiet", "-q", text="No progress.")] = False
    verbose: Annotated[
        bool, _option("--verbose", "-v", text="Tell more: what is kept, what begins, how many calls.")
    ] = False
    no_color: Annotated[bool, _option("--no-color", text="No colours. NO_COLOR does the same.")] = False
    yes: Annotated[bool, _option("--yes", "-y", text="Answer every question with yes.")] = False


@dataclass(frozen=True)
class Settings(Options):
    """What the shared options say. `given` are those that the user gave, `typed` those that no variable gave."""

    given: frozenset[str] = frozenset()
    typed: frozenset[str] = frozenset()

    @property
    def naming(self) -> Naming:
        """The options that this run was told its stack by, so that another command is about the same one."""
        words = {}
        for name in _NAMING:
            option, value = f"--{name.replace('_', '-')}", getattr(self, name)
            if name in self.given and value:
                words[option] = option if value is True else f"{option} {shlex.quote(str(value))}"
        return words


_NAMING = ("env", "config", "manifest", "local", "profile", "region", "endpoint_url")


def shared(command: Callable[Concatenate[Settings, P], None]) -> Callable[..., None]:
    """Make a command that takes `Settings` first take each of the shared options instead, after its own."""
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    hints = get_type_hints(Options, include_extras=True)
    ours = [
        inspect.Parameter(item.name, inspect.Parameter.KEYWORD_ONLY, default=item.default, annotation=hints[item.name])
        for item in fields(Options)
    ]

    @wraps(command)
    def wrapper(context: typer.Context, **given: object) -> None:
        values = {item.name: given.pop(item.name) for item in fields(Options)}
        settings = Settings(**values, **_sources(context, values))  # type: ignore[arg-type]  # Typer has converted them
        try:
            command(settings, **given)  # type: ignore[call-arg, arg-type]  # the command's own options
        except TaskDeployError as error:
            complete(error, settings.naming)
            raise

    asked = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    keyword_only = [asked, *(item.replace(kind=inspect.Parameter.KEYWORD_ONLY) for item in own)]
    wrapper.__signature__ = inspect.Signature([*keyword_only, *ours])  # type: ignore[attr-defined]  # what Typer reads
    wrapper.__annotations__ = {item.name: item.annotation for item in [*keyword_only, *ours]}
    return wrapper


class _Sources(TypedDict):
    given: frozenset[str]
    typed: frozenset[str]


def _sources(context: typer.Context, names: Iterable[str]) -> _Sources:
    """Which options were given, and which of them on the command line."""
    told = {name: getattr(context.get_parameter_source(name), "name", "") for name in names}
    typed = frozenset(name for name, source in told.items() if source == "COMMANDLINE")
    return _Sources(given=typed | {name for name, source in told.items() if source == "ENVIRONMENT"}, typed=typed)
