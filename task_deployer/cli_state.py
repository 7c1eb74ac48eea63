"""The commands about what is recorded and kept: options in, one call, exit code out."""

from pathlib import Path
from typing import Annotated

import typer

from task_deployer.cli_options import Settings, SkipDeadForeign, shared


@shared
def restore_notifications(
    settings: Settings,
    *,
    bucket: Annotated[str, typer.Argument(help="The bucket's name.")],
    file: Annotated[
        Path | None, typer.Option("--from", help="The kept file; without it, the last one of this bucket.")
    ] = None,
    drop_new: Annotated[bool, typer.Option("--drop-new", help="Also remove what others have added since.")] = False,
    skip_dead_foreign: SkipDeadForeign = False,
) -> None:
    """Put back what others had in a bucket's notifications before this project wrote them. Shows, then asks."""
    from task_deployer.cli_session import Session  # noqa: PLC0415 - boto3 is loaded by what needs it alone
    from task_deployer.restore import Choice  # noqa: PLC0415 - the same

    Session(settings).restore_notifications(Choice(bucket, file, drop_new, skip_dead_foreign))
