"""Progress in words, from events: what is told while a command works. A printer takes the lines."""

import time
from collections.abc import Callable, Iterator

from task_deployer.events import (
    Come,
    Emptying,
    Event,
    Failed,
    Finished,
    Observing,
    Planned,
    Reporter,
    Skipped,
    Started,
    TakingOver,
    Waiting,
)
from task_deployer.plan import Action
from task_deployer.render.text import GLYPHS, Line, Style, change_lines, plan_lines

_DONE = {Action.CREATE: "created", Action.UPDATE: "changed", Action.DELETE: "deleted", Action.KEEP: "kept"}
_AGAIN = 5.0  # seconds
_STYLES = {Action.CREATE: Style.CREATE, Action.UPDATE: Style.UPDATE, Action.DELETE: Style.DELETE}
_PAUSE = 0.5  # seconds between two lines about how far the emptying is, of whichever resource


def reporter(
    write: Callable[[Line], None], *, verbose: bool = False, now: Callable[[], float] = time.monotonic
) -> Reporter:
    """A reporter that writes lines. A reason to wait is told at once, and again when it has doubled from 5 seconds.

    How far an emptying is is told twice a second at the most, and at its end.
    """
    tell_emptying, tell_wait, tell = _seldom(write, now), _ever_less(write), _each(write, verbose=verbose)

    def report(event: Event) -> None:
        match event:
            case Emptying():
                tell_emptying(event)
            case Waiting() | Come():
                tell_wait(event)
            case _:
                tell(event)

    return report


def _seldom(write: Callable[[Line], None], now: Callable[[], float]) -> Callable[[Emptying], None]:
    due = now()

    def report(event: Emptying) -> None:
        nonlocal due
        if event.removed == event.total or now() >= due:
            due = now() + _PAUSE
            write(Line(f"  {event.address}: {how_far(event)}", Style.QUIET))

    return report


def _ever_less(write: Callable[[Line], None]) -> Callable[[Waiting | Come], None]:
    due: dict[tuple[str, str], float] = {}

    def report(event: Waiting | Come) -> None:
        key = event.address, event.reason
        if isinstance(event, Come):
            due.pop(key, None)
        elif event.seconds >= due.get(key, 0):
            due[key] = max(_AGAIN, event.seconds * 2)
            write(Line(waiting_text(event), Style.QUIET))

    return report


def _each(write: Callable[[Line], None], *, verbose: bool) -> Reporter:
    def report(event: Event) -> None:
        match event:
            case Observing() if verbose:
                write(Line(f"Reading {event.resources} resources at AWS", Style.QUIET))
            case Planned() | TakingOver():
                for line in _intended(event, verbose=verbose):
                    write(line)
            case Started() if verbose:
                write(Line(f"  {GLYPHS[event.change.action]} {event.change.address} ...", Style.QUIET))
            case Finished():
                write(finished_line(event))
            case Failed():
                write(Line(f"  ! {event.change.address} failed: {event.error.summary}", Style.BAD))
            case Skipped():
                write(Line(f"  . {event.change.address} skipped: {event.because}", Style.WARN))
            case _:
                pass

    return report


def waiting_text(event: Waiting) -> str:
    """What a resource waits for, and for how long already."""
    waited = f", {event.seconds:.0f} s" if event.seconds >= 1 else ""
    return f"  {event.address}: waiting for {event.reason}{waited}"


def how_far(event: Emptying) -> str:
    """How far an emptying is."""
    of = "" if event.total is None else f" of {event.total:,}"
    return f"{event.removed:,}{of} removed"


def _intended(event: Planned | TakingOver, *, verbose: bool) -> Iterator[Line]:
    """What is about to be done. A plan that does nothing is told at the end."""
    if isinstance(event, TakingOver):
        for change in event.plan.changes:
            yield from change_lines(change)
    elif event.plan.pending:
        yield from plan_lines(event.plan, all_kept=verbose)


def finished_line(event: Finished) -> Line:
    """One change that is done."""
    change = event.change
    if change.gone:
        return Line(f"  {GLYPHS[change.action]} {change.address} {change.reason}", Style.QUIET)
    text = f"  {GLYPHS[change.action]} {change.address} {_DONE[change.action]} ({event.seconds:.1f} s)"
    return Line(text, _STYLES.get(change.action, Style.QUIET))
