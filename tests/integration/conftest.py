import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.account import Account
from tests.integration.moto_process import moto_server, reset
from tests.integration.project import CONFIG, HANDLER, Project


@pytest.fixture(scope="session")
def endpoint_url() -> Iterator[str]:
    """One server for all tests of a worker."""
    with moto_server() as endpoint_url:
        yield endpoint_url


@pytest.fixture(scope="session")
def _account(endpoint_url: str) -> Iterator[Account]:
    account = Account(endpoint_url)
    yield account
    account.close()


@pytest.fixture
def account(_account: Account, endpoint_url: str) -> Account:
    """An empty account."""
    reset(endpoint_url)
    return _account


def environment(endpoint_url: str, home: Path) -> dict[str, str]:
    """The environment of a user who may work on the account."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.fixture
def project(account: Account, endpoint_url: str, tmp_path: Path) -> Project:  # noqa: ARG001 - an account to work with
    """A project with one task, one bucket and one command topic, and a user who may work on an empty account."""
    made = Project(tmp_path / "work", environment(endpoint_url, tmp_path / "home"))
    made.configure(CONFIG)
    made.write("src/handler.py", HANDLER)
    return made
