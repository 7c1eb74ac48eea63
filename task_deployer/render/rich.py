"""The terminal: colours, and a live view of what is at work. The only module that knows rich."""

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from task_deployer.events import Come, Emptying, Event, Failed, Finished, Reporter, Started, Waiting
from task_deployer.proposed import Naming, completed
from task_deployer.render import progress
from task_deployer.render.text import GLYPHS, Line, Style

_COLOURS = {
    Style.PLAIN: "",
    Style.TITLE: "bold",
    Style.CREATE: "green",
    Style.UPDATE: "yellow",
    Style.DELETE: "red",
    Style.QUIET: "dim",
    Style.GOOD: "green",
    Style.WARN: "yellow",
    Style.BAD: "bold red",
}


_NOTHING: Naming = {}


class Terminal:
    """Writes results to stdout and everything else to stderr; plain words where there is no terminal.

    `naming` completes the commands that are proposed.
    """

    def __init__(
        self, *, colour: bool = True, quiet: bool = False, verbose: bool = False, naming: Naming = _NOTHING
    ) -> None:
        self._out = _console(sys.stdout, colour=colour)
        self._err = _console(sys.stderr, colour=colour)
        self._quiet, self._verbose, self._naming = quiet, verbose, naming

    def result(self, lines: Iterable[Line]) -> None:
        """Write a result to stdout."""
        for line in lines:
            self._out.print(self._text(line))

    def say(self, lines: Iterable[Line]) -> None:
        """Write to stderr, also when quiet."""
        for line in lines:
            self._err.print(self._text(line))

    @contextmanager
    def progress(self) -> Iterator[Reporter]:
        """Give a reporter that shows the work while it goes on. Safe between threads."""
        if self._quiet:
            yield lambda _: None
        elif self._err.is_terminal:
            with _Running(self._err) as running:
                plain = self._lines()

                def report(event: Event) -> None:
                    running.take(event)
                    if not running.shows(event):
                        plain(event)

                yield _one_at_a_time(report)
        else:
            yield _one_at_a_time(self._lines())

    def _lines(self) -> Reporter:
        return progress.reporter(lambda line: self._err.print(self._text(line)), verbose=self._verbose)

    def _text(self, line: Line) -> Text:
        return Text(completed(line.text, self._naming), style=_COLOURS[line.style])


def _one_at_a_time(report: Reporter) -> Reporter:
    lock = Lock()

    def locked(event: Event) -> None:
        with lock:
            report(event)

    return locked


class _Running:
    """What is at work now: a spinner, the address, since when, what it waits for, or how far it is.

    Before the first change a question may be due, which the live view would cover: until then it is there only while
    something is waited for, and leaves nothing behind.
    """

    def __init__(self, console: Console) -> None:
        self._live = Live(self, console=console, transient=True, refresh_per_second=8)
        self._since: dict[str, float] = {}
        self._glyphs: dict[str, str] = {}
        self._says: dict[str, str] = {}
        self._waits: dict[str, float] = {}
        self._has_begun = False
        self._spinner = Spinner("dots")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def take(self, event: Event) -> None:
        """Keep in mind what the event says."""
        match event:
            case Started():
                self._has_begun = True
                self._live.start()
                self._since[event.change.address] = time.monotonic()
                self._glyphs[event.change.address] = GLYPHS[event.change.action]
            case Waiting() if self.shows(event):
                self._says[event.address] = f"waiting for {event.reason}"
                self._waits.setdefault(event.address, time.monotonic() - event.seconds)
                self._live.start(refresh=True)
            case Come() if self._says.get(event.address) == f"waiting for {event.reason}":
                self._forget(event.address)
            case Emptying():
                self._says[event.address] = progress.how_far(event)
            case Finished() | Failed():
                self._since.pop(event.change.address, None)
                self._forget(event.change.address)
            case _:
                pass

    def shows(self, event: Event) -> bool:
        """Whether this is shown here, and not told in a line. Nothing is drawn where somebody may ask the user."""
        return isinstance(event, Emptying | Come) or (isinstance(event, Waiting) and not event.may_ask)

    def _forget(self, address: str) -> None:
        """Say no more of it, and leave the terminal as it was where nothing is shown and a question may be due."""
        self._says.pop(address, None)
        self._waits.pop(address, None)
        if not (self._waits or self._has_begun):
            self._live.stop()

    def __rich__(self) -> RenderableType:
        now = time.monotonic()
        table = Table.grid(padding=(0, 1))
        for address, since in {**self._waits, **self._since}.items():
            says, glyph = Text(self._says.get(address, ""), "dim"), self._glyphs.get(address, " ")
            table.add_row(self._spinner, glyph, address, f"{now - since:.0f} s", says)
        return table


def _console(file: object, *, colour: bool) -> Console:
    return Console(
        file=file,  # type: ignore[arg-type]  # one of the two standard streams
        no_color=not colour or None,
        highlight=False,
        soft_wrap=True,
        emoji=False,
    )
