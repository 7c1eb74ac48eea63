"""`task-deploy local`: start, stop and look at the local AWS of a project; and the demo, which has one of its own."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import typer

from task_deployer.cli_options import Settings
from task_deployer.local import process
from task_deployer.local.process import LocalAws
from task_deployer.project import Project
from task_deployer.render import json

T = TypeVar("T")


def start(settings: Settings, port: int) -> None:
    """Start it, and say how any AWS tool reaches it."""
    running = _aloud(settings, process.STARTING, lambda: process.start(_project(settings).root, port=port))
    _tell(settings, "start", running, f"The local AWS is at {running.endpoint_url} (process {running.pid}).")


def stop(settings: Settings) -> None:
    """Stop it; it is no error if it was not running."""
    stopped = _aloud(settings, "the local AWS to end", lambda: process.stop(_project(settings).root))
    _tell(settings, "stop", None, "Stopped." if stopped else "It was not running.")


def status(settings: Settings) -> None:
    """Say where it is."""
    running = process.find(_project(settings).root)
    words = (
        f"Running at {running.endpoint_url} since {running.started} (process {running.pid})."
        if running
        else "Not running."
    )
    _tell(settings, "status", running, words)


def demo(settings: Settings) -> None:
    """Play the demo; with --json the story goes to stderr, and stdout gets one document."""
    from task_deployer import demo as story  # noqa: PLC0415 - it loads boto3, which the others do not need
    from task_deployer.render.rich import Terminal  # noqa: PLC0415 - same

    terminal = Terminal(colour=not settings.no_color)
    write = terminal.say if settings.json else terminal.result
    seconds = story.run(lambda line: None if settings.quiet else write([line]))
    if settings.json:
        typer.echo(json.dumps({"schema": json.SCHEMA, "command": "demo", "seconds": round(seconds, 1)}))


def _aloud(settings: Settings, reason: str, job: Callable[[], T]) -> T:
    """Do the job, and tell what it waits for if that takes long."""
    from task_deployer.render.rich import Terminal  # noqa: PLC0415 - `local status` does not need it
    from task_deployer.unanswered import lookout  # noqa: PLC0415 - same

    terminal = Terminal(colour=not settings.no_color, quiet=settings.quiet or settings.json)
    with terminal.progress() as report:
        return lookout(report).wait_for("local", reason, job)


def _project(settings: Settings) -> Project:
    return Project(settings.config or Path("config"))


def _tell(settings: Settings, command: str, running: LocalAws | None, words: str) -> None:
    if not settings.json:
        typer.echo(words)
        if running and not settings.quiet:
            typer.echo(f"  export AWS_ENDPOINT_URL={running.endpoint_url}")
            typer.echo(f"  export AWS_ACCESS_KEY_ID={process.ACCESS_KEY} AWS_SECRET_ACCESS_KEY={process.SECRET_KEY}")
        return
    document: dict[str, object] = {"schema": json.SCHEMA, "command": f"local {command}", "running": running is not None}
    if running:
        document |= {"endpoint_url": running.endpoint_url, "account": running.account, "pid": running.pid}
    typer.echo(json.dumps(document))
