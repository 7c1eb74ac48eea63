"""An endpoint that does not answer: the command says so, and what for."""

import threading

import pytest

from bench.proxy import Exchange, Proxy, pass_on
from tests.integration.project import Project
from tests.integration.test_terminal import SECONDS, terminal


class Held:
    """Holds the answers to one operation back until they are let go."""

    def __init__(self, what: str) -> None:
        self._what = what
        self.go = threading.Event()

    def __call__(self, exchange: Exchange) -> None:
        """Treat one request."""
        if exchange.what == self._what:
            self.go.wait(SECONDS)
        pass_on(exchange)


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("GetCallerIdentity", "credentials: waiting for an answer of STS to GetCallerIdentity, 3 s"),
        ("GetRole", "role.ingest: waiting for an answer of IAM to GetRole, 3 s"),
    ],
)
def test_a_call_without_an_answer_is_told(project: Project, endpoint_url: str, what: str, told: str) -> None:
    """`plan` says which answer it waits for, under the address that it is about, and goes on when it comes."""
    held = Held(what)
    with (proxy := Proxy(endpoint_url, held)).serving():
        process = project.start("plan", "--endpoint-url", proxy.endpoint_url)
        with process:
            assert told == process.stderr.readline().strip()
            held.go.set()
            out, err = process.communicate(timeout=SECONDS)
    assert (0, "") == (process.returncode, "".join(line for line in err.splitlines() if "waiting" in line))
    assert "Plan: " in out


def test_a_terminal_shows_it_as_long_as_it_lasts(project: Project, endpoint_url: str) -> None:
    """At a terminal the first call is shown while it lasts, and nothing of that is left when the plan comes."""
    held = Held("GetCallerIdentity")
    with (proxy := Proxy(endpoint_url, held)).serving():
        with terminal(project, "plan", "--endpoint-url", proxy.endpoint_url) as (screen, process):
            screen.wait_for("waiting for an answer of STS to GetCallerIdentity")
            held.go.set()
        assert 0 == process.returncode
    assert "waiting" not in screen.text.rpartition("\x1b[?25h")[2]
    assert "+ bucket.ingest.uploads" in screen.text
