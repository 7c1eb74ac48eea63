"""The commands about what is recorded and kept: `state`, `unlock`, `adopt`, `restore-notifications`.

As in cli.py, nothing that `--help` does not need is imported at the top.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from task_deployer.cli_options import Settings, SkipDeadForeign, shared

if TYPE_CHECKING:
    from task_deployer.cli_session import Session
    from task_deployer.render.text import Line

state_app = typer.Typer(help="What is recorded in the manifest. Asks AWS nothing.", no_args_is_help=True)

Lineage = Annotated[
    str | None, typer.Option("--lineage", help="Whose things to take over, where there are those of several manifests.")
]
At = Annotated[str, typer.Argument(metavar="ADDRESS", help="As `state list` shows it: bucket.ingest.uploads.")]


@state_app.command("list")
@shared
def list_(settings: Settings) -> None:
    """List all that is recorded: address, kind, status, origin and what finds it at AWS."""
    from task_deployer import recorded  # noqa: PLC0415 - see the module's docstring
    from task_deployer.render import records  # noqa: PLC0415 - same

    session = _session(settings)
    journal = recorded.read(session.project)
    _tell(session, settings, records.list_lines(journal), lambda: records.list_document(journal, settings.env))


@state_app.command("show")
@shared
def show(settings: Settings, *, address: At) -> None:
    """Show one record, and the ARN of what it is about."""
    from task_deployer import recorded  # noqa: PLC0415 - see the module's docstring
    from task_deployer.render import records  # noqa: PLC0415 - same

    session = _session(settings)
    journal, entry = recorded.show(session.project, address)
    lines = records.show_lines(journal, entry)
    _tell(session, settings, lines, lambda: records.entry_document("state show", journal, entry))


@state_app.command("forget")
@shared
def forget(settings: Settings, *, address: At) -> None:
    """Take one record and its parts out of the manifest. What they are about stays at AWS, no longer ours. Asks."""
    from task_deployer import recorded  # noqa: PLC0415 - see the module's docstring
    from task_deployer.render import records  # noqa: PLC0415 - same

    session = _session(settings)
    journal, entry = recorded.forget(session.project, address, session.confirm)
    lines = records.forget_lines(entry)
    _tell(session, settings, lines, lambda: records.forget_document(journal, entry))


@shared
def unlock(
    settings: Settings,
    *,
    force: Annotated[bool, typer.Option("--force", help="Break the lock of a process that is alive, too.")] = False,
) -> None:
    """Break the lock of the manifest, if anybody holds it. Shows who that is, and asks."""
    from task_deployer import recorded  # noqa: PLC0415 - see the module's docstring
    from task_deployer.render import records  # noqa: PLC0415 - same

    session = _session(settings)
    unlocked = recorded.unlock(session.project, session.confirm, force=force)
    _tell(session, settings, records.unlock_lines(unlocked), lambda: records.unlock_document(unlocked))


@shared
def restore_notifications(
    settings: Settings,
    *,
    bucket: Annotated[str, typer.Argument(help="The bucket's name.")],
    file: Annotated[
        Path | None,
        typer.Option("--from", help="The kept file; without it, the last one of this bucket but undo copies."),
    ] = None,
    drop_new: Annotated[
        bool, typer.Option("--drop-new", help="Also remove entries that others have added since.")
    ] = False,
    skip_dead_foreign: SkipDeadForeign = False,
) -> None:
    """Put back what others had in a bucket's notifications before this project wrote them. Shows, then asks."""
    from task_deployer.cli_session import Session  # noqa: PLC0415 - boto3 is loaded by what needs it alone
    from task_deployer.restore import Choice  # noqa: PLC0415 - the same

    Session(settings).restore_notifications(Choice(bucket, file, drop_new, skip_dead_foreign))


@shared
def adopt(settings: Settings, *, lineage: Lineage = None) -> None:
    """Record what bears this stack's tags: the way back when the manifest was lost. Changes nothing at AWS."""
    from task_deployer.cli_session import Session  # noqa: PLC0415 - see the module's docstring

    Session(settings).adopt(lineage=lineage)


def _session(settings: Settings) -> "Session":
    from task_deployer.cli_session import Session  # noqa: PLC0415 - see the module's docstring

    return Session(settings)


def _tell(
    session: "Session", settings: Settings, lines: "Iterable[Line]", document: Callable[[], dict[str, object]]
) -> None:
    if settings.json:
        session.document(document())
    else:
        session.terminal.result(lines)
