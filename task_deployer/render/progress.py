"""Progress in words, from events: what is told while a command works. Pure; a printer takes the lines."""

from collections.abc import Callable

from task_deployer.events import Event, Failed, Finished, Observing, Planned, Reporter, Skipped, Started, Waiting
from task_deployer.plan import Action
from task_deployer.render.text import GLYPHS, Line, Style, plan_lines

_DONE = {Action.CREATE: "created", Action.UPDATE: "changed", Action.DELETE: "deleted", Action.KEEP: "kept"}
_STYLES = {Action.CREATE: Style.CREATE, Action.UPDATE: Style.UPDATE, Action.DELETE: Style.DELETE}


def reporter(write: Callable[[Line], None], *, verbose: bool = False) -> Reporter:
    """A reporter that writes lines. Each reason to wait is told once for each resource."""
    told: set[tuple[str, str]] = set()

    def report(event: Event) -> None:
        match event:
            case Observing() if verbose:
                write(Line(f"Reading {event.resources} resources at AWS", Style.QUIET))
            case Planned() if event.plan.pending:
                for line in plan_lines(event.plan, all_kept=verbose):
                    write(line)
            case Started() if verbose:
                write(Line(f"  {GLYPHS[event.change.action]} {event.change.address} ...", Style.QUIET))
            case Waiting() if (event.address, event.reason) not in told:
                told.add((event.address, event.reason))
                write(Line(f"  {event.address} waits for {event.reason}", Style.QUIET))
            case Finished():
                write(finished_line(event))
            case Failed():
                write(Line(f"  ! {event.change.address} failed: {event.error.summary}", Style.BAD))
            case Skipped():
                write(Line(f"  . {event.change.address} skipped: {event.because}", Style.WARN))
            case _:
                pass

    return report


def finished_line(event: Finished) -> Line:
    """One change that is done."""
    change = event.change
    text = f"  {GLYPHS[change.action]} {change.address} {_DONE[change.action]} ({event.seconds:.1f} s)"
    return Line(text, _STYLES.get(change.action, Style.QUIET))
