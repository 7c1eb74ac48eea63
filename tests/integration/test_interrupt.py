"""Ctrl-C to the real process, at a moment that the proxy sees."""

import json
import signal

import pytest

from bench.latency import slowed
from tests.integration.account import Account
from tests.integration.project import Project, ended

SECONDS = 60
SLOW = 0.3


@pytest.mark.parametrize("reached", ["CreateRole", "POST /2015-03-31/functions"], ids=["first-writes", "function"])
def test_up(project: Project, account: Account, endpoint_url: str, reached: str) -> None:
    """`up` ends what is under way, says how to go on and exits 130; from its manifest the next one goes on."""
    with slowed(endpoint_url, SLOW) as proxy:
        running = project.start("up", AWS_ENDPOINT_URL=proxy.endpoint_url)
        assert proxy.log.wait_for(lambda call: call.what == reached, SECONDS)
        running.send_signal(signal.SIGINT)
        ran = ended(running)
        assert all(call.end is not None for call in proxy.log.calls)
    assert (130, "") == (ran.code, ran.out)
    assert "Run the same command again" in ran.err
    assert "Traceback" not in ran.err

    records = json.loads(project.manifest.read_text(encoding="utf-8"))["resources"]
    assert "role.ingest" in records
    assert "notifications" not in str(list(records))

    project.succeed("up")
    assert project.succeed("plan", "--json").differing == {}
    project.succeed("down", "--yes")
    assert account.listing() == {}


def test_down(project: Project, account: Account, endpoint_url: str) -> None:
    """An interrupted `down` leaves on record what is still there, and the next one removes it."""
    project.succeed("up")
    with slowed(endpoint_url, SLOW) as proxy:
        running = project.start("down", "--yes", AWS_ENDPOINT_URL=proxy.endpoint_url)
        assert proxy.log.wait_for(lambda call: call.what == "DeleteRolePolicy", SECONDS)
        running.send_signal(signal.SIGINT)
        assert ended(running).code == 130
    assert "role.ingest" in project.manifest.read_text(encoding="utf-8")
    project.succeed("down", "--yes")
    assert account.listing() == {}
    assert not project.manifest.exists()


def test_while_reading(project: Project, account: Account, endpoint_url: str) -> None:
    """Ctrl-C before the first write changes nothing at all, and is 130 with one document under --json."""
    before = project.files()
    with slowed(endpoint_url, SLOW) as proxy:
        running = project.start("up", "--json", AWS_ENDPOINT_URL=proxy.endpoint_url)
        assert proxy.log.wait_for(lambda call: call.what == "GetRole", SECONDS)
        running.send_signal(signal.SIGINT)
        ran = ended(running)
    assert ran.code == 130
    assert ran.document["error"]["code"] == 130
    assert before == project.files()
    assert account.listing() == {}
