from pathlib import Path

import pytest

from tests.faults.command.wide import Wide, set_up
from tests.integration.account import Account
from tests.integration.conftest import _account, account, endpoint_url, environment

__all__ = ["_account", "account", "endpoint_url"]


@pytest.fixture
def wide(account: Account, endpoint_url: str, tmp_path: Path) -> Wide:
    """A project that uses every kind, about to be deployed beside things of others."""
    return set_up(account, tmp_path / "work", environment(endpoint_url, tmp_path))
