from dataclasses import replace

import pytest

from task_deployer.errors import ConfigError, Mistake, SafetyError, UsageError
from task_deployer.events import (
    Emptying,
    Event,
    Failed,
    Finished,
    Observing,
    Outcome,
    Planned,
    Skipped,
    Started,
    Waiting,
)
from task_deployer.plan import Action, Plan
from task_deployer.render import progress, text
from task_deployer.render.rich import Terminal
from task_deployer.render.text import Line, Style
from task_deployer.resources.base import Address
from tests.render.golden import golden
from tests.render.samples import CORS, FUNCTION, GONE, KEPT, PLAN, QUEUE, REFUSED, RESULTS, THUMBS, change

EVENTS: list[Event] = [
    Observing(13),
    Planned(PLAN),
    Started(QUEUE),
    Waiting(Address("queue.orders"), "the queue's name to be free"),
    Waiting(Address("queue.orders"), "the queue's name to be free", 2.1),
    Waiting(Address("queue.orders"), "the queue's name to be free", 7.2),
    Waiting(Address("queue.orders"), "the queue's name to be free", 11.0),
    Waiting(Address("queue.orders"), "the queue's name to be free", 15.3),
    Finished(QUEUE, 1.26),
    Started(FUNCTION),
    Failed(FUNCTION, REFUSED),
    Skipped(THUMBS, "something else failed before it"),
    Finished(CORS, 0.04),
]

ERRORS = [
    SafetyError(
        "2 buckets to be deleted still hold objects",
        detail="bucket.ingest.uploads (uploads): 4 object versions and delete markers\nNothing was changed.",
        hint="--empty-buckets deletes them all first, for good.",
    ),
    ConfigError(
        "The configuration has 2 mistakes",
        mistakes=(
            Mistake("config/task.toml", 13, "tasks.ingest.buckets.uploads.mode", "is required", 'Write mode = "Read".'),
            Mistake("config/dev.toml", 2, "tasks.ingest.memory_mb", "1 is too small"),
        ),
    ),
    UsageError("There is no task 'absent' in the config"),
]


def told(events: list[Event], *, verbose: bool = False) -> list[Line]:
    """The lines that these events become."""
    lines: list[Line] = []
    report = progress.reporter(lines.append, verbose=verbose)
    for event in events:
        report(event)
    return lines


def joined(lines: list[Line]) -> str:
    """The lines as they are printed without colour."""
    return "".join(f"{line.text}\n" for line in lines)


@pytest.mark.parametrize("name", RESULTS)
def test_result(name: str) -> None:
    """A result says where it was, what it did or would do, what differs, and what others can use."""
    assert golden(f"{name}.txt") == joined(list(text.result_lines(RESULTS[name])))


@pytest.mark.parametrize("name", ["plan", "status", "up"])
def test_verbose_result(name: str) -> None:
    """--verbose adds what is kept or in order, and the number of calls."""
    assert golden(f"{name}-verbose.txt") == joined(list(text.result_lines(RESULTS[name], verbose=True)))


def test_warnings() -> None:
    """A warning names its address."""
    (line,) = text.warning_lines(RESULTS["plan"].warnings)
    assert line == Line("Warning: bucket.ingest.uploads: the task may run itself without end.", Style.WARN)


def test_errors() -> None:
    """An error says what happened, where and why, and what to do next, if there is anything."""
    assert golden("errors.txt") == joined([line for error in ERRORS for line in text.error_lines(error)])


def test_progress() -> None:
    """Progress shows the plan, what is done with its seconds, what failed and is skipped; a wait now and again."""
    assert golden("progress.txt") == joined(told(EVENTS))


def test_verbose_progress() -> None:
    """--verbose adds the reading, what is kept, and each beginning."""
    assert golden("progress-verbose.txt") == joined(told(EVENTS, verbose=True))


def test_what_was_gone_is_told_as_such() -> None:
    """What was gone before is in plan and progress as gone, and not as deleted by us."""
    assert ["  - queue.orders  (gone already)", "Plan: 1 gone already.", "  - queue.orders gone already"] == [
        line.text for line in told([Planned(Plan((GONE,))), Finished(GONE, 0.1)])
    ]


def test_how_far_an_emptying_is() -> None:
    """Twice a second at the most it is told how far the emptying is, of whichever resource; its end in any case."""
    clock = [0.0]
    lines: list[Line] = []
    report = progress.reporter(lines.append, now=lambda: clock[0])
    one, other = Address("bucket.a.b"), Address("bucket.a.c")
    for clock[0], event in (
        (0.0, Emptying(one, 1000, None)),
        (0.2, Emptying(other, 1000, None)),
        (0.49, Emptying(one, 2000, None)),
        (0.5, Emptying(one, 34000, 100000)),
        (0.6, Emptying(one, 35000, 100000)),
        (0.7, Emptying(one, 100000, 100000)),
    ):
        report(event)
    assert [
        "  bucket.a.b: 1,000 removed",
        "  bucket.a.b: 34,000 of 100,000 removed",
        "  bucket.a.b: 100,000 of 100,000 removed",
    ] == [line.text for line in lines]


def test_no_plan_where_nothing_changes() -> None:
    """Progress is silent about a plan that changes nothing: the result says so."""
    assert told([Planned(KEPT)]) == []


def test_actions_by_style() -> None:
    """Creating, changing, deleting and keeping are told apart by style and by glyph."""
    lines = [line for line in text.plan_lines(PLAN, all_kept=True) if line.text[2] in "+~-="]
    glyphs = {line.text[2]: line.style for line in lines}
    assert glyphs == {"+": Style.CREATE, "~": Style.UPDATE, "-": Style.DELETE, "=": Style.QUIET}


def test_streams(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal the result is on stdout, everything else on stderr: plain, and never wrapped at any width."""
    monkeypatch.setenv("COLUMNS", "40")
    terminal = Terminal()
    with terminal.progress() as report:
        report(Finished(QUEUE, 1.26))
    terminal.result(text.result_lines(RESULTS["plan"]))
    terminal.say(text.error_lines(ERRORS[0]))
    out, err = capsys.readouterr()
    assert golden("plan.txt") == out
    assert err == "  + queue.orders created (1.3 s)\n" + joined(list(text.error_lines(ERRORS[0])))


def test_markup_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    """What looks like rich's own markup or emoji codes, in a name or a value, is printed as it is."""
    Terminal().result([Line("name [bold]x[/bold] :smile: [tasks.ingest]")])
    assert capsys.readouterr().out == "name [bold]x[/bold] :smile: [tasks.ingest]\n"


def test_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    """--quiet silences progress, and neither results nor errors."""
    terminal = Terminal(quiet=True)
    with terminal.progress() as report:
        report(Finished(QUEUE, 1.26))
    terminal.say([Line("Error: it failed")])
    terminal.result([Line("Done")])
    out, err = capsys.readouterr()
    assert (out, err) == ("Done\n", "Error: it failed\n")


def test_when_events_begin() -> None:
    """An `up` that wrote notifications says that S3 takes its time with them; any other result says nothing of it."""
    written = change("notifications.b", Action.UPDATE)
    result = replace(RESULTS["up"], plan=Plan((written,)), outcome=Outcome((written.address,)))
    assert "five minutes" in joined(list(text.delay_lines(result)))
    for silent in (RESULTS["up"], replace(result, outcome=Outcome()), replace(result, command="down")):
        assert not list(text.delay_lines(silent))
