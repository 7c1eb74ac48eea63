"""The network fails the installed command in the middle of an `up`: it retries, or stops and goes on the next time."""

from bench.proxy import Answer, Exchange
from tests.faults.command.strikes import Outage, hang_up, run_through
from tests.faults.command.wide import Wide

PAGE = b"<!DOCTYPE html><html><body><h1>Please log in</h1></body></html>"


def show_a_page(exchange: Exchange) -> None:
    """Answer as a login page does that stands between the command and AWS."""
    exchange.answer(Answer(200, PAGE, {"Content-Type": "text/html"}))


def test_a_short_interruption_is_waited_out(wide: Wide, endpoint_url: str) -> None:
    """Connections that are closed for a while show in nothing: all is made, once."""
    ran = run_through(wide.project, endpoint_url, lambda _: Outage(hang_up, 12), "up")
    assert 0 == ran.code, ran
    wide.assert_converged()
    wide.down()
    wide.assert_gone()


def test_an_answer_that_is_not_awss_is_gone_on_from(wide: Wide, endpoint_url: str) -> None:
    """A page in place of AWS's answers is exit 1 that says so for each change it met; the next `up` finishes."""
    ran = run_through(wide.project, endpoint_url, lambda _: Outage(show_a_page), "up", "--json")
    assert 1 == ran.code, ran
    failed = ran.document["outcome"]["failed"]
    assert failed
    assert all("an answer that is not AWS's" in failure["message"] for failure in failed), failed
    wide.assert_recorded()
    wide.up()
    wide.assert_converged()
    wide.down()
    wide.assert_gone()
