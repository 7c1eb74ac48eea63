"""The command line: options in, one call to commands, exit code out.

Nothing that is not needed for `--help` is imported at the top: boto3 alone costs 0.15 s.
"""

import errno
import os
import sys
from typing import Annotated, NoReturn

import typer

from task_deployer import __version__, cli_state
from task_deployer.cli_options import Settings, SkipDeadForeign, shared
from task_deployer.cli_streams import outlive_readers
from task_deployer.errors import Interrupted, TaskDeployError, UsageError

CHANGED = 6
"""The exit code that says that there are changes or drift, for those who ask with --exit-code."""

_TRUE = ("1", "true", "t", "yes", "y", "on")  # what Typer takes for true in an environment variable
_FULL = (errno.ENOSPC, errno.EIO)

app = typer.Typer(
    name="task-deploy",
    help="Files in S3 run your Python and become commands on SQS.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
local_app = typer.Typer(help="The local AWS on this machine: no account, no Docker.", no_args_is_help=True)
app.add_typer(local_app, name="local")
app.add_typer(cli_state.state_app, name="state")

Only = Annotated[str | None, typer.Option("--only", help="This task and the topics it names, and nothing else.")]
Strict = Annotated[bool, typer.Option("--strict", help="Refuse where there is a warning.")]
ExitCode = Annotated[bool, typer.Option("--exit-code", help="Exit with 6 where there are changes or drift.")]
EmptyBuckets = Annotated[
    bool, typer.Option("--empty-buckets", help="Delete all objects of the buckets that go, all versions, for good.")
]
KeepBuckets = Annotated[bool, typer.Option("--keep-buckets", help="Leave the buckets that would go, and forget them.")]


@app.callback(invoke_without_command=True)
def _root(
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    if version:
        typer.echo(f"task-deploy {__version__}")
        raise typer.Exit


@app.command()
@shared
def up(  # noqa: PLR0913 - one parameter for each option
    settings: Settings,
    *,
    only: Only = None,
    strict: Strict = False,
    empty_buckets: EmptyBuckets = False,
    keep_buckets: KeepBuckets = False,
    skip_dead_foreign: SkipDeadForeign = False,
) -> None:
    """Make AWS match the config. Shows the plan first; asks only before it deletes what cannot be had back."""
    from task_deployer.cli_session import Session  # noqa: PLC0415 - see the module's docstring

    session, dead = Session(settings), skip_dead_foreign
    session.up(only=only, strict=strict, empty_buckets=empty_buckets, keep_buckets=keep_buckets, skip_dead_foreign=dead)


@app.command()
@shared
def plan(  # noqa: PLR0913 - one parameter for each option
    settings: Settings,
    *,
    only: Only = None,
    strict: Strict = False,
    exit_code: ExitCode = False,
    empty_buckets: EmptyBuckets = False,
    keep_buckets: KeepBuckets = False,
    skip_dead_foreign: SkipDeadForeign = False,
) -> None:
    """Say what `up` would do, and refuse what it would refuse. Writes nothing, nowhere."""
    from task_deployer.cli_session import Session  # noqa: PLC0415 - see the module's docstring

    buckets = {"empty_buckets": empty_buckets, "keep_buckets": keep_buckets}
    changes = Session(settings).plan(only=only, strict=strict, skip_dead_foreign=skip_dead_foreign, **buckets)
    if exit_code and changes:
        raise typer.Exit(CHANGED)


@app.command()
@shared
def status(settings: Settings, *, exit_code: ExitCode = False) -> None:
    """Compare what was made with what is there. Needs no config where there is a manifest."""
    from task_deployer.cli_session import Session  # noqa: PLC0415 - see the module's docstring

    drifted = Session(settings).status()
    if exit_code and drifted:
        raise typer.Exit(CHANGED)


@app.command()
@shared
def down(
    settings: Settings,
    *,
    empty_buckets: EmptyBuckets = False,
    keep_buckets: KeepBuckets = False,
    keep_logs: Annotated[bool, typer.Option("--keep-logs", help="Leave the log groups, and forget them.")] = False,
    skip_dead_foreign: SkipDeadForeign = False,
) -> None:
    """Remove all that was made, and nothing else. Needs the manifest alone."""
    from task_deployer.cli_session import Session  # noqa: PLC0415 - see the module's docstring

    session, dead = Session(settings), skip_dead_foreign
    session.down(empty_buckets=empty_buckets, keep_buckets=keep_buckets, keep_logs=keep_logs, skip_dead_foreign=dead)


app.command()(cli_state.unlock)
app.command("deploy", hidden=True)(up)
app.command("destroy", hidden=True)(down)
app.command()(cli_state.adopt)
app.command("restore-notifications")(cli_state.restore_notifications)


@app.command()
@shared
def schema(_settings: Settings) -> None:
    """Print the JSON Schema of the configuration."""
    import json  # noqa: PLC0415 - see the module's docstring

    from task_deployer.config import json_schema  # noqa: PLC0415 - see the module's docstring

    typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


@app.command()
@shared
def policy(
    settings: Settings,
    *,
    deployer: Annotated[
        bool, typer.Option("--deployer", help="What whoever runs this tool must be allowed to do, for each command.")
    ] = False,
    bucket_owner: Annotated[
        bool,
        typer.Option("--bucket-owner", help="What owners of buckets of other accounts have to allow."),
    ] = False,
) -> None:
    """Print the IAM policy of each task's role, as JSON."""
    from task_deployer.cli_session import Session  # noqa: PLC0415 - see the module's docstring

    Session(settings).policy(deployer=deployer, bucket_owner=bucket_owner)


@app.command()
@shared
def doctor(settings: Settings) -> None:
    """Look for what is wrong, or would be: config, credentials, rights, and each task's chain. Reads only."""
    from task_deployer.cli_session import Session  # noqa: PLC0415 - see the module's docstring

    raise typer.Exit(Session(settings).doctor())


@app.command()
@shared
def demo(settings: Settings) -> None:
    """See the main job on this machine: a file becomes commands, and all is removed again."""
    from task_deployer import cli_local  # noqa: PLC0415 - see the module's docstring

    cli_local.demo(settings)


@local_app.command("start")
@shared
def local_start(settings: Settings, *, port: Annotated[int, typer.Option(help="0 takes a free one.")] = 0) -> None:
    """Start the local AWS of this project, if it is not running."""
    from task_deployer import cli_local  # noqa: PLC0415 - see the module's docstring

    cli_local.start(settings, port)


@local_app.command("stop")
@shared
def local_stop(settings: Settings) -> None:
    """Stop the local AWS of this project. All that is in it is gone."""
    from task_deployer import cli_local  # noqa: PLC0415 - see the module's docstring

    cli_local.stop(settings)


@local_app.command("status")
@shared
def local_status(settings: Settings) -> None:
    """Say whether the local AWS of this project is running, and where."""
    from task_deployer import cli_local  # noqa: PLC0415 - see the module's docstring

    cli_local.status(settings)


def main() -> NoReturn:
    """Run the command line, and turn every expected error into words and its exit code."""
    outlive_readers()
    try:
        code = app(standalone_mode=False)
    except TaskDeployError as error:
        code = _tell(error)
    except (KeyboardInterrupt, typer.Abort):
        code = _tell(Interrupted("Stopped", detail="Nothing was begun after that."))
    except Exception as error:  # noqa: BLE001 - the one place that tells a bug from an expected error
        code = _tell_unexpected(error)
    sys.exit(code if isinstance(code, int) else 0)


def _tell_unexpected(error: Exception) -> int:
    """Tell a wrong command line, which Typer's class of errors says in words, from a bug, which keeps its traceback."""
    wording = getattr(error, "format_message", None)
    if callable(wording):
        if type(error).__name__ == "NoArgsIsHelpError":  # Typer has printed the help already
            return UsageError.exit_code
        return _tell(UsageError(str(wording()), hint="`task-deploy --help` lists what there is."))
    if isinstance(error, OSError) and error.errno in _FULL:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the flush at exit says nothing
        return _say(TaskDeployError("The output cannot be written", detail=str(error.strerror)))
    sys.excepthook(type(error), error, error.__traceback__)
    return 255


def _tell(error: TaskDeployError) -> int:
    if "--json" in sys.argv or os.environ.get("TASK_DEPLOY_JSON", "").lower() in _TRUE:
        from task_deployer.render import json  # noqa: PLC0415 - see the module's docstring

        typer.echo(json.dumps(json.error_document(error)))
        return error.exit_code
    return _say(error)


def _say(error: TaskDeployError) -> int:
    from task_deployer.render import rich, text  # noqa: PLC0415 - see the module's docstring

    rich.Terminal(colour="--no-color" not in sys.argv).say(text.error_lines(error))
    return error.exit_code


if __name__ == "__main__":
    main()
