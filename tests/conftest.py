"""No test speaks to a real account: the credentials are fakes, and no address but this machine's own can be reached."""

import os
import socket
from collections.abc import Iterator
from functools import cache
from pathlib import Path

for _name in [name for name in os.environ if name.startswith(("AWS_", "TASK_DEPLOY_"))]:
    del os.environ[_name]
os.environ |= {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}

import botocore.session  # noqa: E402 - nothing is imported before the environment is safe
import hypothesis  # noqa: E402 - same
import pytest  # noqa: E402 - same

from tests.toys.kinds import toys_registered  # noqa: E402 - same

TESTS = Path(__file__).parent
MARKED = {"integration", "local", "faults"}

hypothesis.settings.register_profile(
    "loaded machine", max_examples=50, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("loaded machine")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test of a folder that has a marker of its name, and begin with those that wait.

    A worker that waits leaves the processors to the others, who then take over its remaining tests; at the end there
    would be nothing left to do beside it.
    """
    for item in items:
        inside = item.path.relative_to(TESTS).parts[:1] if item.path.is_relative_to(TESTS) else ()
        for folder in MARKED.intersection(inside):
            item.add_marker(folder)
    items.sort(key=lambda item: item.get_closest_marker("waits") is None)


@pytest.fixture(scope="module")
def toys() -> Iterator[None]:
    """Let the registry know the toy kinds."""
    with toys_registered():
        yield


@pytest.fixture
def manifest_path(tmp_path: Path) -> Path:
    """Where a project in the test's own folder keeps its manifest."""
    return tmp_path / ".task-deploy" / "media.dev.json"


@pytest.fixture(scope="session", autouse=True)
def nothing_leaves_this_machine() -> Iterator[None]:
    """Fail the test that opens a connection to an address that is not loopback."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def check(address: object) -> None:
        host = str(address[0]) if isinstance(address, tuple) else "localhost"  # a path is a Unix socket's
        if not host.startswith("127.") and host not in {"localhost", "::1"}:
            pytest.fail(f"a test reached out to {host}")

    def checked_connect(self: socket.socket, address: tuple[str, int]) -> None:
        check(address)
        connect(self, address)

    def checked_connect_ex(self: socket.socket, address: tuple[str, int]) -> int:
        check(address)
        return connect_ex(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", checked_connect)
        patch.setattr(socket.socket, "connect_ex", checked_connect_ex)
        yield


@pytest.fixture(scope="session", autouse=True)
def models_read_once() -> Iterator[None]:
    """Many tests make clients of their own; the models of the services are the same for all of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", cache(botocore.session.create_loader))
        yield
