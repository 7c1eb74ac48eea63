"""What a terminal shows of waits: a line that is there as long as somebody waits, and nothing after that."""

import io
from collections.abc import Callable

import pytest

from task_deployer.events import Come, Event, Finished, Planned, Started, Waiting
from task_deployer.render.rich import Terminal
from task_deployer.resources.base import Address
from tests.render.samples import CORS, PLAN, QUEUE

WHO = Address("credentials")
ANSWER = "an answer of STS to GetCallerIdentity"
SHOWN = Waiting(WHO, ANSWER, 4.2)
HIDE_CURSOR, SHOW_CURSOR, ERASE_LINE = "\x1b[?25l", "\x1b[?25h", "\x1b[2K"


Written = Callable[..., str]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Written:
    """What events have made a terminal write by the last of them; a terminal by what it is told of itself."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")

    def write(*events: Event, quiet: bool = False) -> str:
        monkeypatch.setattr("sys.stderr", screen := io.StringIO())
        with Terminal(colour=False, quiet=quiet).progress() as report:
            for event in events:
                report(event)
            return screen.getvalue()

    return write


def test_a_wait_is_shown_before_the_first_change(written: Written) -> None:
    """While AWS is read nothing is at work, and yet is shown what is waited for, and for how long already."""
    text = written(SHOWN)
    assert f"waiting for {ANSWER}" in text
    assert "credentials" in text
    assert "4 s" in text


def test_nothing_covers_a_question(written: Written) -> None:
    """Before the first change the view ends with its last wait: the line is erased, and the cursor is back."""
    other = Waiting(Address("role.ingest"), "AWS to show role.ingest", 1)
    text = written(SHOWN, other, Come(WHO, ANSWER), Come(other.address, other.reason))
    assert (1, 1) == (text.count(HIDE_CURSOR), text.count(SHOW_CURSOR))
    after = text[text.rindex(SHOW_CURSOR) :]
    assert ERASE_LINE in after
    assert "waiting" not in after


def test_another_wait_of_the_same_address_stays(written: Written) -> None:
    """What has come takes its own words away, not those of what is waited for by now."""
    now = Waiting(WHO, "an answer of S3 to HeadBucket", 3)
    assert SHOW_CURSOR not in written(SHOWN, now, Come(WHO, ANSWER))


def test_a_wait_after_the_last_change_is_shown(written: Written) -> None:
    """What is waited for at the end of an `up`, when no change is at work any more, is shown too."""
    late = Waiting(QUEUE.address, "AWS to show what was written", 8)
    text = written(Planned(PLAN), Started(QUEUE), Finished(QUEUE, 1.2), late, Finished(CORS, 0.1))
    assert "waiting for AWS to show what was written" in text.partition("(0.1 s)")[2]


def test_nothing_is_drawn_over_who_may_ask(written: Written) -> None:
    """Credentials may be waiting for the user's code: that is told in a line of its own, and no view is drawn."""
    text = written(Waiting(WHO, "AWS credentials", 10, may_ask=True))
    assert "  credentials: waiting for AWS credentials, 10 s" in text
    assert HIDE_CURSOR not in text


def test_without_waits_nothing_is_drawn(written: Written) -> None:
    """What waits for nothing long writes no control codes before the first change."""
    assert HIDE_CURSOR not in written(Planned(PLAN))


def test_quiet_tells_no_wait(written: Written) -> None:
    """--quiet, and --json with it, tells no wait."""
    assert "" == written(SHOWN, quiet=True)
