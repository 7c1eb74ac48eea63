"""The options that all commands share, said once: `shared` puts them into a command's signature."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Annotated, Concatenate, ParamSpec, get_type_hints

import typer

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
class Settings:
    """What the shared options say."""

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


def shared(command: Callable[Concatenate[Settings, P], None]) -> Callable[..., None]:
    """Make a command that takes `Settings` first take each of the shared options instead, after its own."""
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    hints = get_type_hints(Settings, include_extras=True)
    ours = [
        inspect.Parameter(item.name, inspect.Parameter.KEYWORD_ONLY, default=item.default, annotation=hints[item.name])
        for item in fields(Settings)
    ]

    @wraps(command)
    def wrapper(**given: object) -> None:
        settings = Settings(**{item.name: given.pop(item.name) for item in fields(Settings)})  # type: ignore[arg-type]  # Typer has converted them
        command(settings, **given)  # type: ignore[call-arg, arg-type]  # the command's own options

    keyword_only = [item.replace(kind=inspect.Parameter.KEYWORD_ONLY) for item in own]
    wrapper.__signature__ = inspect.Signature([*keyword_only, *ours])  # type: ignore[attr-defined]  # what Typer reads
    wrapper.__annotations__ = {item.name: item.annotation for item in [*keyword_only, *ours]}
    return wrapper
