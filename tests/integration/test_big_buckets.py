"""Buckets with very many versions: the calls that their emptying takes, its memory, and what ends it half way.

100,000 versions take minutes, because moto walks through all of them for each page: `make big` empties those.
"""

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.latency import Call, slowed
from tests.integration.account import Account
from tests.integration.project import CONFIG, HANDLER, REGION, Project, ended
from tests.integration.seeded_moto import seeded_moto
from tests.integration.warm import Running

BUCKET = f"media-dev-ingest-uploads-123456789012-{REGION}"
VERSIONS = int(os.environ.get("TASK_DEPLOY_TEST_VERSIONS", "10000"))
SECONDS = 60
FULL = ("down", "--yes", "--empty-buckets")


@dataclass(frozen=True)
class Big:
    """A project whose bucket can be filled, and its account."""

    project: Project
    account: Account
    fill: Callable[[int], None]

    @property
    def left(self) -> bool:
        """Whether anything is still in the bucket."""
        page = self.account.s3.list_object_versions(Bucket=BUCKET, MaxKeys=1)
        return bool(page.get("Versions") or page.get("DeleteMarkers"))


@pytest.fixture
def big(tmp_path: Path) -> Iterator[Big]:
    """A deployed project, on a server that can fill its bucket."""
    with seeded_moto() as (endpoint_url, seed):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path / "home"),
            "AWS_ENDPOINT_URL": endpoint_url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        project = Project(tmp_path / "work", environment)
        project.configure(CONFIG.replace('"Read"', '"Read"\nversioning = true'))
        project.write("src/handler.py", HANDLER)
        project.succeed("up")
        account = Account(endpoint_url)
        yield Big(project, account, lambda number: seed(BUCKET, number))
        account.close()


def listings(calls: tuple[Call, ...]) -> int:
    """How many pages of versions were asked for."""
    return sum(call.what.startswith(f"GET /{BUCKET}?versions") for call in calls)


def deletions(calls: tuple[Call, ...]) -> int:
    """How many batches were deleted."""
    return sum(call.what == f"POST /{BUCKET}?delete" for call in calls)


def test_emptying(big: Big) -> None:
    """It takes a page and a batch for each thousand versions and one look at the end, and memory stays as it is.

    Counting stops at ten pages. How much is gone is told in lines that grow to all of it.
    """
    big.fill(VERSIONS)
    with slowed(big.project.environment["AWS_ENDPOINT_URL"], 0) as proxy:
        refusal = big.project.refused("down", "--yes", code=5, AWS_ENDPOINT_URL=proxy.endpoint_url)
        assert 10 == listings(proxy.log.calls)
        proxy.log.clear()
        told, highest = measured(big.project.start(*FULL, AWS_ENDPOINT_URL=proxy.endpoint_url))
        calls = proxy.log.calls
    half = "5,000 object versions and 5,000 delete markers"
    assert (f"at least {half}" if VERSIONS > 10_000 else f": {half}") in refusal["detail"]
    assert (10 + VERSIONS // 1000 + 1, VERSIONS // 1000) == (listings(calls), deletions(calls))
    lines = re.findall(r"bucket\.ingest\.uploads: ([\d,]+)( of [\d,]+)? removed", told)
    numbers = [int(number.replace(",", "")) for number, _ in lines]
    assert sorted(numbers) == numbers
    assert (f"{VERSIONS:,}", f" of {VERSIONS:,}") == lines[-1]
    assert highest < 150_000, "KiB; ten thousand and a hundred thousand versions both take about 90,000"
    assert {} == big.account.listing()


def measured(process: Running) -> tuple[str, int]:
    """Wait for the end of a process, which has to be a good one; returns its standard error and its memory's peak.

    Linux keeps the peak for as long as the process lives, so it is read at each line. (Its resource usage would tell
    the peak of this process too, from which it was forked.)
    """
    told, highest = "", 0
    with process.stdout, process.stderr:
        for line in process.stderr:
            told += line
            highest = max(highest, peak(process.pid))
    assert 0 == process.wait(SECONDS), told
    assert highest > 0
    return told, highest


def peak(pid: int) -> int:
    """The most KiB that a living process has had in memory; 0 of one that has ended."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) if found else 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_ended_in_the_middle(big: Big, number: signal.Signals) -> None:
    """Ctrl-C ends the emptying between two batches, a kill anywhere: the next `down` finishes."""
    big.fill(10_000)
    with slowed(big.project.environment["AWS_ENDPOINT_URL"], 0.1) as proxy:
        running = big.project.start(*FULL, "--json", AWS_ENDPOINT_URL=proxy.endpoint_url)
        assert proxy.log.wait_for(lambda call: call.what == f"POST /{BUCKET}?delete", SECONDS)
        running.send_signal(number)
        ran = ended(running)
        begun = deletions(proxy.log.calls)
    assert (130 if number is signal.SIGINT else -signal.SIGKILL) == ran.code
    assert begun < 10
    assert big.left
    assert "deleting" == json.loads(big.project.manifest.read_text())["resources"]["bucket.ingest.uploads"]["status"]
    big.project.succeed(*FULL)
    assert {} == big.account.listing()
    assert not big.project.manifest.exists()
