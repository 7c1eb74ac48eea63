"""Ctrl-C and SIGTERM in the middle of the installed command's requests: once stops in order, twice at once."""

import signal
import threading
from collections.abc import Callable

import pytest

from bench.proxy import Exchange, Proxy, Treatment, pass_on
from tests.faults.command.strikes import SECONDS, Moment, Victim, at_mutating, run_through
from tests.faults.command.wide import Wide
from tests.integration.project import ended

INTERRUPTED = 130


def signalled(number: signal.Signals, moment: Moment) -> Callable[[Victim], Treatment]:
    """Send the command this signal in the middle of its twelfth mutating request, which goes on as ever."""

    def of(victim: Victim) -> Treatment:
        def treat(exchange: Exchange) -> None:
            if moment is Moment.UNSENT:
                victim.get(number)
            answer = exchange.forward()
            if moment is Moment.UNANSWERED:
                victim.get(number)
            exchange.answer(answer)

        return at_mutating(11, treat)

    return of


@pytest.mark.parametrize(
    ("number", "moment", "words"),
    [(signal.SIGINT, Moment.UNANSWERED, "up"), (signal.SIGTERM, Moment.UNSENT, "down")],
    ids=["SIGINT-up", "SIGTERM-down"],
)
def test_once(wide: Wide, endpoint_url: str, number: signal.Signals, moment: Moment, words: str) -> None:
    """The first signal is exit 130 with all calls in flight recorded, and the same command goes on to the end."""
    if words == "down":
        wide.up()
    stopped = run_through(wide.project, endpoint_url, signalled(number, moment), words, "--yes")
    assert INTERRUPTED == stopped.code, stopped
    assert "Run the same command again" in stopped.err
    wide.assert_recorded()
    assert wide.begun() == set()
    if words == "up":
        wide.up()
        wide.assert_converged()
    wide.down()
    wide.assert_gone()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_twice(wide: Wide, endpoint_url: str, number: signal.Signals) -> None:
    """The second signal ends the process at once, with a request under way; the next `down` still leaves nothing."""
    reached, over = threading.Event(), threading.Event()

    def hold(exchange: Exchange) -> None:
        reached.set()
        over.wait(SECONDS)
        pass_on(exchange)

    with (proxy := Proxy(endpoint_url, at_mutating(11, hold))).serving():
        process = wide.project.start("up", "--workers", "8", "--endpoint-url", proxy.endpoint_url)
        assert reached.wait(SECONDS)
        process.send_signal(number)
        while "Once more stops at once" not in (line := process.stderr.readline()):
            assert line, "it ended without a word"
        process.send_signal(number)
        assert -number == process.wait(SECONDS)
        over.set()
        ended(process)
    wide.assert_recorded()
    wide.down()
    wide.assert_gone()
