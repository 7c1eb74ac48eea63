"""Credentials that are refreshed while a run goes on: of the same account, of another one, or not to be had."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from task_deployer.aws import Aws, connect
from task_deployer.errors import AccountChangedError, CredentialsError
from task_deployer.events import Event, Started
from task_deployer.manifest import read
from task_deployer.records import Status
from task_deployer.refusals import explain
from task_deployer.retry import Patience
from task_deployer.session import Access
from tests.aws import REGION, clients, new_name, watched
from tests.faults.scene import Scene, set_up
from tests.invariants import assert_all_recorded

pytestmark = pytest.mark.faults

OURS, THEIRS = "000000000000", "111111111111"


class Sts(BaseHTTPRequestHandler):
    """An STS that knows two accounts; the local AWS knows one. Theirs is where the key says so."""

    def do_POST(self) -> None:
        """Tell whose key has signed."""
        account = THEIRS if "THEIRS" in self.headers["Authorization"] else OURS
        arn = f"arn:aws:sts::{account}:assumed-role/Somebody/session"
        told = f"<Arn>{arn}</Arn><UserId>user</UserId><Account>{account}</Account>"
        name = "GetCallerIdentity"
        body = f"<{name}Response><{name}Result>{told}</{name}Result></{name}Response>".encode()
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody listens."""


@dataclass(frozen=True)
class Login:
    """What a profile's `credential_process` prints: whoever is logged in now. botocore refreshes it at each call."""

    file: Path

    def put(self, key: str) -> None:
        """Log in with this access key."""
        soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()  # nearer than ten minutes is refreshed at once
        given = {"Version": 1, "AccessKeyId": key, "SecretAccessKey": "secret", "Expiration": soon}
        whole = self.file.with_suffix(".new")
        whole.write_text(json.dumps(given))
        whole.replace(self.file)

    def out(self) -> None:
        """Log out: the process fails."""
        self.file.unlink()


@pytest.fixture
def sts_url() -> Iterator[str]:
    """Where that STS is."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Sts) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def login(endpoint_url: str, sts_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Login:
    """A profile whose credentials may change at any time, logged in to our account."""
    made = Login(tmp_path / "credentials.json")
    made.put("AKIAFIRST")
    (tmp_path / "aws").write_text(f"[profile moving]\ncredential_process = cat {made.file}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint_url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts_url)
    return made


@pytest.fixture
def moving(login: Login) -> Iterator[Aws]:
    """The tool's clients on that profile."""
    assert login.file.exists()
    aws = connect(Access(profile="moving"), REGION)
    yield aws
    for client in clients(aws):
        client.close()


@pytest.fixture
def scene(aws: Aws, moving: Aws, tmp_path: Path) -> Scene:
    """A project that is about to be deployed with them, beside what others have."""
    name = new_name()
    return replace(set_up(aws, tmp_path / name, name), aws=moving.waiting_with(Patience(sleep=lambda _: None)))


def test_the_same_credentials_are_asked_about_once(moving: Aws) -> None:
    """Where nothing changes, STS is asked at the beginning alone."""
    moving.s3.list_buckets()
    moving.lambda_.list_functions()
    assert 3 == moving.calls.total


def test_new_credentials_of_the_same_account_go_on(login: Login, moving: Aws) -> None:
    """Another access key costs one question, however many clients use it at once."""
    login.put("AKIASECOND")
    asking = [threading.Thread(target=moving.s3.list_buckets) for _ in range(4)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert 1 + 1 + 4 == moving.calls.total


def test_nothing_reaches_another_account(login: Login, moving: Aws) -> None:
    """The first call that another account's key would sign is refused before it is sent, and so is each after it."""
    login.put("ASIATHEIRS")
    for _ in range(2):
        with pytest.raises(AccountChangedError) as caught:
            moving.sqs.create_queue(QueueName=new_name())
        assert OURS in caught.value.detail
        assert THEIRS in caught.value.summary
    login.put("AKIAFIRST")
    moving.sqs.list_queues()


def test_up_stops_at_another_account_and_goes_on_at_home(scene: Scene, login: Login) -> None:
    """The run ends with exit 5; what it was at stays recorded as begun, and the next run at home finishes it."""

    def report(event: Event) -> None:
        if isinstance(event, Started) and event.change.kind == "function":
            login.put("ASIATHEIRS")

    with pytest.raises(AccountChangedError) as caught:
        replace(scene, report=report).up(workers=1)
    assert (5, "function.ingest") == (caught.value.exit_code, caught.value.address)
    recorded = read(scene.manifest)
    assert recorded is not None
    assert Status.CREATING is recorded.records["function.ingest"].status  # type: ignore[index]  # an address
    login.put("AKIAFIRST")
    scene.up(workers=4)
    assert_all_recorded(scene.manifest)
    with watched(scene.aws) as asked:
        scene.up()
    assert [] == asked.mutating
    scene.down()


def test_down_stops_at_another_account(scene: Scene, login: Login) -> None:
    """Nothing of another account is taken for gone: `down` stops, and the next one at home ends it."""
    scene.up(workers=4)

    def report(event: Event) -> None:
        if isinstance(event, Started) and event.change.kind == "function":
            login.put("ASIATHEIRS")

    with pytest.raises(AccountChangedError):
        replace(scene, report=report).down(workers=4)
    recorded = read(scene.manifest)
    assert recorded is not None
    assert "function.ingest" in recorded.records
    login.put("AKIAFIRST")
    scene.down()
    assert not scene.manifest.exists()


def test_credentials_that_cannot_be_refreshed_are_told(login: Login, moving: Aws) -> None:
    """A process that gives none any more is a matter of credentials, not of accounts."""
    login.out()
    with pytest.raises(Exception, match="custom-process") as caught:
        moving.s3.list_buckets()
    assert isinstance(explain(caught.value), CredentialsError)
